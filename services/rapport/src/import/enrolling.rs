//! The people a file names become members before anything is told of them.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use jiff::Timestamp;
use kernel::RequestId;
use proto::registry::v1::{EnrolMembersRequest, EnrolOutcome, Identity, IdentityKind, NewMember};
use uuid::Uuid;

use crate::client::{CliError, Suite, accused, long_call, patiently};
use crate::progress::Progress;

use super::sending::PATIENCE;

/// What the suite takes at once.
const MOST: usize = 500;

/// How customers are known.
#[derive(Clone, Debug)]
pub struct Known {
    /// What their numbers are.
    pub kind: IdentityKind,
    /// Who gives them out.
    pub issuer: String,
    /// The system they come from.
    pub source: String,
}

/// Somebody a file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person<K> {
    /// What the file's lines know them by.
    pub key: K,
    /// What they are known by.
    pub number: String,
    /// When they are first heard of; now where not told.
    pub since: Option<Timestamp>,
}

/// People who are members now, and those who could not become one, with the reason.
#[derive(Debug)]
pub struct Enrolled<K> {
    /// Ids of members.
    pub members: HashMap<K, String>,
    /// Who was not taken.
    pub refused: HashMap<K, String>,
    /// How many are new.
    pub new: u64,
}

impl<K> Default for Enrolled<K> {
    fn default() -> Self {
        Self { members: HashMap::new(), refused: HashMap::new(), new: 0 }
    }
}

/// Enrols everybody. Who is a member already is found again; who only asks is told who is one, and nobody is enrolled.
pub async fn enrol<K: Clone + Eq + Hash>(
    suite: &Suite,
    (import, validate_only): (Uuid, bool),
    people: &[Person<K>],
    known: &Known,
    progress: &Progress,
) -> Result<Enrolled<K>, CliError> {
    let mut enrolled = Enrolled::default();
    for (number, some) in people.chunks(MOST).enumerate() {
        batch(suite, (import, number, validate_only), known, some, &mut enrolled).await?;
        progress.add(some.len() as u64);
    }
    Ok(enrolled)
}

async fn batch<K: Clone + Eq + Hash>(
    suite: &Suite,
    (import, number, validate_only): (Uuid, usize, bool),
    known: &Known,
    some: &[Person<K>],
    enrolled: &mut Enrolled<K>,
) -> Result<(), CliError> {
    let mut left: Vec<Person<K>> = some.to_vec();
    let what = if validate_only { "members asked for" } else { "members" };
    for attempt in 0.. {
        if left.is_empty() {
            return Ok(());
        }
        let request = EnrolMembersRequest {
            request_id: RequestId::caused_by(import, &format!("{what} {number} {attempt}")).to_string(),
            members: left.iter().map(|person| member(known, person)).collect(),
            validate_only,
        };
        let registry = suite.registry();
        let answer = patiently(PATIENCE, || {
            let (mut registry, request) = (registry.clone(), long_call(request.clone()));
            async move { registry.enrol_members(request).await }
        });
        let status = match answer.await {
            Ok(answer) => return settle(&left, answer.into_inner().outcomes, enrolled),
            Err(status) => status,
        };
        // One number that is no number must not keep the others out.
        let wrong = accused(&status, "members");
        if wrong.is_empty() {
            return Err(status.into());
        }
        without(&mut left, &wrong, enrolled);
    }
    Ok(())
}

fn without<K: Clone + Eq + Hash>(
    left: &mut Vec<Person<K>>,
    wrong: &BTreeMap<usize, String>,
    enrolled: &mut Enrolled<K>,
) {
    let mut place = 0;
    left.retain(|person| {
        let why = wrong.get(&place);
        place += 1;
        if let Some(why) = why {
            enrolled.refused.insert(person.key.clone(), format!("the customer cannot be enrolled: {why}"));
        }
        why.is_none()
    });
}

fn settle<K: Clone + Eq + Hash>(
    left: &[Person<K>],
    outcomes: Vec<EnrolOutcome>,
    enrolled: &mut Enrolled<K>,
) -> Result<(), CliError> {
    if outcomes.len() != left.len() {
        return Err(CliError::odd("the suite answered for another number of members than it was asked"));
    }
    for (person, outcome) in left.iter().zip(outcomes) {
        if outcome.refusal.is_empty() {
            enrolled.new += 1;
        }
        if outcome.refusal.is_empty() || outcome.refusal == "IDENTITY_TAKEN" {
            enrolled.members.insert(person.key.clone(), outcome.member);
        } else {
            enrolled
                .refused
                .insert(person.key.clone(), format!("the customer cannot be enrolled: {}", outcome.refusal));
        }
    }
    Ok(())
}

fn member<K>(known: &Known, person: &Person<K>) -> NewMember {
    NewMember {
        identities: vec![Identity {
            kind: known.kind.into(),
            issuer: known.issuer.clone(),
            value: person.number.clone(),
            verified: false,
        }],
        acquisition_source: format!("import:{}", known.source),
        join_time: person.since.map(proto::timestamp),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::reading::tests::read;

    const FILE: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
        2,A,x,1,2010-12-02 08:28:00,2.55,17850.0,UK\n\
        1,A,x,1,2010-12-01 08:28:00,2.55,17850.0,UK\n\
        3,A,x,1,2010-12-01 09:28:00,2.55,12345.0,UK\n";

    #[test]
    fn members_join_with_their_first_order() {
        let (history, _) = read(FILE);
        let known = Known { kind: IdentityKind::External, issuer: "uci".to_owned(), source: "uci".to_owned() };
        let told: Vec<NewMember> = history.people().iter().map(|person| member(&known, person)).collect();
        assert_eq!((told[0].identities[0].value.as_str(), told[1].identities[0].value.as_str()), ("17850", "12345"));
        assert_eq!(told[0].join_time, Some(proto::timestamp("2010-12-01T08:28:00Z".parse().expect("an instant"))));
        assert_eq!(told[0].acquisition_source, "import:uci");
    }

    #[test]
    fn who_is_known_already_is_found_again_and_who_is_wrong_is_told() {
        let (history, _) = read(FILE);
        let customers = history.people();
        let mut enrolled = Enrolled::default();
        let taken =
            |refusal: &str| EnrolOutcome { member: "member_1".to_owned(), refusal: refusal.to_owned(), message: None };
        settle(&customers, vec![taken(""), taken("IDENTITY_TAKEN")], &mut enrolled).expect("as many as asked");
        assert_eq!((enrolled.members.len(), enrolled.new), (2, 1));
        assert!(settle(&customers, vec![taken("")], &mut enrolled).is_err());

        let mut left = customers.clone();
        without(&mut left, &BTreeMap::from([(0, "identities[0].value is no phone".to_owned())]), &mut enrolled);
        assert_eq!(left, customers[1..]);
        let why = &enrolled.refused[&customers[0].key];
        assert_eq!(why, "the customer cannot be enrolled: identities[0].value is no phone");
    }
}
