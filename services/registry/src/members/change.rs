//! What a change makes of a record: the new record, what others hear of it, and what is refused.
//!
//! A change that changes nothing keeps the version, so that its etag stays good and nobody hears of it. What a member
//! said about a purpose is always written down; it becomes the word that counts unless a later one is known.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Refusal;
use super::birthday::Birthday;
use super::identity::{Identity, Name};
use super::record::{Consent, Member};

/// What a record has a bounded number of, whenever it came: a record is read whole, and must stay small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounded {
    /// Ways the member is known by.
    Identities,
    /// Tags that are on the member.
    Tags,
    /// Purposes the member has said something about. The words themselves are kept without end, outside the record.
    Consents,
}

impl Bounded {
    /// How many one record has at most.
    pub const fn most(self) -> usize {
        match self {
            Self::Identities => 50,
            Self::Tags => 100,
            Self::Consents => 200,
        }
    }

    /// Refuses what would be too many. Who had too many before may still have fewer, or as many.
    fn bound(self, member: &Member, had: usize, would_be: usize) -> Result<(), Refusal> {
        if would_be > self.most() && would_be > had {
            return Err(Refusal::TooMany { member: member.id, of: self, would_be });
        }
        Ok(())
    }
}

/// A change of one member's record.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Of what they tell about themselves.
    Profile(ProfileChange),
    /// Another way they are known by.
    AddIdentity(Identity),
    /// One way less.
    RemoveIdentity(Name),
    /// Tags put on and taken off; none in both.
    Tags {
        /// Put on.
        add: BTreeSet<String>,
        /// Taken off.
        remove: BTreeSet<String>,
    },
    /// What they said, each purpose once.
    Consents(Vec<Consent>),
}

impl Change {
    /// The name it gives or takes.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Self::AddIdentity(identity) => Some(&identity.name),
            Self::RemoveIdentity(name) => Some(name),
            Self::Profile(_) | Self::Tags { .. } | Self::Consents(_) => None,
        }
    }
}

/// The fields to change, with their new values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileChange {
    /// As in the profile.
    pub name: Option<String>,
    /// Taken away where the inner is none.
    pub birthday: Option<Option<Birthday>>,
    /// As in the profile.
    pub gender: Option<String>,
    /// As in the profile.
    pub language: Option<String>,
    /// As in the profile.
    pub touchpoint: Option<String>,
    /// All of them anew.
    pub attributes: Option<BTreeMap<String, String>>,
}

/// What a change came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// The record after it.
    pub member: Member,
    /// The fields that differ now, in the order of the record.
    pub fields: Vec<&'static str>,
    /// Names the member is known by only now.
    pub added: Vec<Name>,
    /// Names the member is no longer known by.
    pub removed: Vec<Name>,
    /// To be kept for ever.
    pub said: Vec<Consent>,
}

/// Decides a change at a moment.
pub fn decide(member: &Member, change: &Change, at: Timestamp) -> Result<Changed, Refusal> {
    let mut changed = Changed {
        member: member.clone(),
        fields: Vec::new(),
        added: Vec::new(),
        removed: Vec::new(),
        said: Vec::new(),
    };
    match change {
        Change::Profile(profile) => changed.profile(profile),
        Change::AddIdentity(identity) => changed.add(identity)?,
        Change::RemoveIdentity(name) => changed.remove(name)?,
        Change::Tags { add, remove } => changed.tags(add, remove)?,
        Change::Consents(said) => changed.say(said)?,
    }
    if !changed.fields.is_empty() {
        changed.member.version = member.version.saturating_add(1);
        changed.member.updated_at = at;
    }
    Ok(changed)
}

impl Changed {
    fn profile(&mut self, change: &ProfileChange) {
        let profile = &mut self.member.profile;
        let fields = [
            set(&mut profile.name, change.name.as_ref(), "name"),
            set(&mut profile.birthday, change.birthday.as_ref(), "birthday"),
            set(&mut profile.gender, change.gender.as_ref(), "gender"),
            set(&mut profile.language, change.language.as_ref(), "language"),
            set(&mut profile.touchpoint, change.touchpoint.as_ref(), "touchpoint"),
            set(&mut profile.attributes, change.attributes.as_ref(), "attributes"),
        ];
        self.fields.extend(fields.into_iter().flatten());
    }

    /// Verified once is verified for good: adding the name again does not take it back.
    fn add(&mut self, identity: &Identity) -> Result<(), Refusal> {
        match self.member.identities.iter_mut().find(|known| known.name == identity.name) {
            Some(known) if known.verified || !identity.verified => {}
            Some(known) => {
                known.verified = true;
                self.fields.push("identities");
            }
            None => {
                let had = self.member.identities.len();
                Bounded::Identities.bound(&self.member, had, had.saturating_add(1))?;
                self.member.identities.push(identity.clone());
                self.added.push(identity.name.clone());
                self.fields.push("identities");
            }
        }
        Ok(())
    }

    fn remove(&mut self, name: &Name) -> Result<(), Refusal> {
        if !self.member.identities.iter().any(|known| known.name == *name) {
            return Err(Refusal::IdentityNotFound { kind: name.kind });
        }
        if self.member.identities.len() == 1 {
            return Err(Refusal::LastIdentity { kind: name.kind });
        }
        self.member.identities.retain(|known| known.name != *name);
        self.removed.push(name.clone());
        self.fields.push("identities");
        Ok(())
    }

    fn tags(&mut self, add: &BTreeSet<String>, remove: &BTreeSet<String>) -> Result<(), Refusal> {
        let after: BTreeSet<String> =
            self.member.tags.union(add).filter(|tag| !remove.contains(*tag)).cloned().collect();
        Bounded::Tags.bound(&self.member, self.member.tags.len(), after.len())?;
        self.fields.extend(set(&mut self.member.tags, Some(&after), "tags"));
        Ok(())
    }

    fn say(&mut self, said: &[Consent]) -> Result<(), Refusal> {
        let had = self.member.consents.len();
        for word in said {
            match self.member.consents.iter_mut().find(|known| known.purpose == word.purpose) {
                Some(known) if known.said_at > word.said_at => {}
                Some(known) => known.clone_from(word),
                None => self.member.consents.push(word.clone()),
            }
        }
        Bounded::Consents.bound(&self.member, had, self.member.consents.len())?;
        self.member.consents.sort_by(|a, b| a.purpose.cmp(&b.purpose));
        self.said.extend_from_slice(said);
        self.fields.push("consents");
        Ok(())
    }
}

fn set<T: Clone + PartialEq>(place: &mut T, value: Option<&T>, field: &'static str) -> Option<&'static str> {
    let value = value.filter(|value| *value != place)?;
    place.clone_from(value);
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::identity::{self, Kind};
    use crate::members::record::{NewMember, Profile};
    use kernel::MemberId;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn name(value: &str) -> Name {
        identity::read(Kind::Card, "gold", value, None).expect("a card")
    }

    fn member() -> Member {
        let joined_at = at("2026-01-01T00:00:00Z");
        let new = NewMember {
            identities: vec![Identity { name: name("1"), verified: false }],
            profile: Profile { name: "王小明".to_owned(), ..Profile::default() },
            tags: BTreeSet::from(["vip".to_owned()]),
            consents: vec![word("sms", true, "2026-01-01T00:00:00Z")],
            acquisition_source: "till".to_owned(),
            joined_at,
        };
        new.begin(MemberId::new_at(joined_at), joined_at)
    }

    fn word(purpose: &str, granted: bool, said_at: &str) -> Consent {
        Consent { purpose: purpose.to_owned(), granted, source: "till".to_owned(), said_at: at(said_at) }
    }

    fn decided(change: &Change) -> Changed {
        decide(&member(), change, at("2026-02-01T00:00:00Z")).expect("nothing is refused")
    }

    #[test]
    fn only_what_differs_is_a_change() {
        let same = ProfileChange { name: Some("王小明".to_owned()), ..ProfileChange::default() };
        let changed = decided(&Change::Profile(same));
        assert_eq!((changed.fields.len(), changed.member.version), (0, 1));

        let other =
            ProfileChange { name: Some("王大明".to_owned()), birthday: Some(None), ..ProfileChange::default() };
        let changed = decided(&Change::Profile(other));
        assert_eq!((changed.fields, changed.member.version), (vec!["name"], 2));
        assert_eq!(changed.member.updated_at, at("2026-02-01T00:00:00Z"));
    }

    #[test]
    fn a_name_that_is_known_is_only_marked_verified() {
        let again = Change::AddIdentity(Identity { name: name("1"), verified: false });
        assert_eq!(decided(&again).fields.len(), 0);
        let verified = decided(&Change::AddIdentity(Identity { name: name("1"), verified: true }));
        assert_eq!((verified.fields, verified.added.len()), (vec!["identities"], 0));
        assert!(verified.member.identities[0].verified);
        let other = decided(&Change::AddIdentity(Identity { name: name("2"), verified: false }));
        assert_eq!(other.added, [name("2")]);
    }

    #[test]
    fn the_last_name_stays() {
        let refused = |value| decide(&member(), &Change::RemoveIdentity(name(value)), member().joined_at);
        assert_eq!(refused("1"), Err(Refusal::LastIdentity { kind: Kind::Card }));
        assert_eq!(refused("2"), Err(Refusal::IdentityNotFound { kind: Kind::Card }));
    }

    #[test]
    fn tags_are_put_on_and_taken_off() {
        let tags = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
        let changed = decided(&Change::Tags { add: tags(&["new", "vip"]), remove: tags(&["gone"]) });
        assert_eq!((changed.member.tags, changed.fields), (tags(&["new", "vip"]), vec!["tags"]));
        let same = decided(&Change::Tags { add: tags(&["vip"]), remove: tags(&["gone"]) });
        assert_eq!(same.fields.len(), 0);
    }

    #[test]
    fn a_member_has_so_many_tags_and_no_more() {
        let numbered = |count: usize| (0..count).map(|number| format!("tag-{number}")).collect::<BTreeSet<_>>();
        let tags = |count, remove: &[&str]| Change::Tags {
            add: numbered(count),
            remove: remove.iter().map(|word| (*word).to_owned()).collect(),
        };
        let most = Bounded::Tags.most();
        // With "vip", which is there.
        assert_eq!(decided(&tags(most - 1, &[])).member.tags.len(), most);
        assert_eq!(decided(&tags(most, &["vip"])).member.tags.len(), most);
        let refused = decide(&member(), &tags(most, &[]), member().joined_at).expect_err("one too many");
        assert!(matches!(refused, Refusal::TooMany { of: Bounded::Tags, would_be: 101, .. }), "{refused:?}");
        let laden = Member { tags: numbered(most + 5), ..member() };
        let fewer = Change::Tags { add: BTreeSet::new(), remove: numbered(2) };
        let fewer = decide(&laden, &fewer, laden.joined_at).expect("fewer is never refused");
        assert_eq!(fewer.member.tags.len(), most + 3);
    }

    #[test]
    fn a_member_has_so_many_names_and_no_more() {
        let most = Bounded::Identities.most();
        let named = |count: usize| {
            let identities = (1..=count).map(|number| Identity { name: name(&number.to_string()), verified: false });
            Member { identities: identities.collect(), ..member() }
        };
        let add = |member: &Member, value: &str, verified| {
            decide(member, &Change::AddIdentity(Identity { name: name(value), verified }), member.joined_at)
        };
        assert_eq!(add(&named(most - 1), "new", false).expect("the last").member.identities.len(), most);
        let refused = add(&named(most), "new", false).expect_err("one too many");
        assert!(matches!(refused, Refusal::TooMany { of: Bounded::Identities, would_be: 51, .. }), "{refused:?}");
        add(&named(most + 3), "1", true).expect("it is known, and only verified");
        let fewer = decide(&named(most + 3), &Change::RemoveIdentity(name("1")), member().joined_at);
        assert_eq!(fewer.expect("fewer is never refused").member.identities.len(), most + 2);
    }

    #[test]
    fn a_member_speaks_of_so_many_purposes_and_no_more() {
        let most = Bounded::Consents.most();
        let words = |purposes: std::ops::Range<usize>| {
            purposes.map(|number| word(&format!("p{number}"), true, "2026-01-01T00:00:00Z")).collect::<Vec<_>>()
        };
        let spoken = |count: usize| Member { consents: words(0..count), ..member() };
        let say = |member: &Member, said| decide(member, &Change::Consents(said), member.joined_at);
        let full = say(&spoken(most - 2), words(most - 2..most)).expect("the last two");
        assert_eq!(full.member.consents.len(), most);
        let refused = say(&spoken(most - 1), words(most - 1..most + 1)).expect_err("one too many");
        assert!(matches!(refused, Refusal::TooMany { of: Bounded::Consents, would_be: 201, .. }), "{refused:?}");
        let again = say(&spoken(most + 3), words(0..20)).expect("another word on what was spoken of");
        assert_eq!((again.said.len(), again.member.consents.len()), (20, most + 3));
    }

    #[test]
    fn the_latest_word_counts_and_all_are_kept() {
        let older = decided(&Change::Consents(vec![word("sms", false, "2025-12-31T00:00:00Z")]));
        assert!(older.member.consents[0].granted, "an older word does not outdo a later one");
        assert_eq!((older.said.len(), older.member.version), (1, 2), "and yet it is kept");
        let later = decided(&Change::Consents(vec![word("sms", false, "2026-01-02T00:00:00Z")]));
        assert!(!later.member.consents[0].granted);
    }
}
