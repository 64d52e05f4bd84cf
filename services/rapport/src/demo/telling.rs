//! Telling the suite the history of the demo shop, call by call, each under a request id of its own for ever.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use kernel::RequestId;
use proto::activity::v1::{CancelKind, CancelOrderRequest, EntryOutcome, RecordEntriesRequest, UpsertProductsRequest};
use proto::loyalty::v1::{PutProgrammeRequest, RedeemPointsBatchRequest, RedeemPointsRequest};
use proto::registry::v1::{EnrolMembersRequest, TagMemberRequest};
use uuid::Uuid;

use crate::client::{CliError, Suite, long_call, patiently};
use crate::following;
use crate::programme;
use crate::progress::Progress;

use super::entries::{Fact, entry, facts};
use super::friends::Friend;
use super::history::{Fate, History, Spending};
use super::shelf;
use super::subscribers::Subscriber;
use super::{Summary, WHOLE};

pub(super) const PATIENCE: Duration = Duration::from_secs(60);
const MOST_MEMBERS: usize = 500;
const MOST_ENTRIES: usize = 1_000;

/// Tells the suite.
pub(super) struct Teller {
    pub(super) suite: Suite,
    pub(super) operator: Suite,
    pub(super) cause: Uuid,
    pub(super) shown: bool,
}

/// Ids the suite gave.
pub(super) struct Known {
    /// Of members, by place; empty for those who have not joined yet.
    pub(super) members: Vec<String>,
    /// Of orders that are named again, by place.
    pub(super) orders: HashMap<usize, String>,
    /// Places of the orders that will be named again.
    named: BTreeSet<usize>,
}

impl Known {
    /// Nobody has joined, nothing was bought.
    pub(super) fn nothing(history: &History, friends: &[Friend]) -> Self {
        let cancelled = history.purchases.iter().enumerate();
        let cancelled = cancelled.filter(|(_, purchase)| matches!(purchase.fate, Fate::Cancelled(..)));
        let named = cancelled.map(|(place, _)| place).chain(friends.iter().map(|friend| friend.purchase)).collect();
        Self { members: vec![String::new(); history.people.len()], orders: HashMap::new(), named }
    }

    /// The id of a member who has joined.
    pub(super) fn member(&self, place: u32) -> String {
        self.members.get(place as usize).cloned().unwrap_or_default()
    }
}

/// What the shop's members do beside buying.
pub(super) struct Circle {
    pub(super) friends: Vec<Friend>,
    pub(super) holders: Vec<u32>,
    pub(super) subscribers: Vec<Subscriber>,
}

impl Teller {
    pub(super) async fn tell(&self, history: &History, circle: &Circle, end: Timestamp) -> Result<Summary, CliError> {
        // The terms have ruled since before the first purchase.
        let since = end.checked_sub(jiff::Span::new().hours(3 * 366 * 24)).unwrap_or(Timestamp::MIN);
        self.terms(since).await?;
        self.products().await?;
        let mut known = Known::nothing(history, &circle.friends);
        let mut summary = Summary { members: self.members(history, &mut known).await?, ..Summary::default() };
        self.journal(history, &mut known, &mut summary).await?;
        for (place, purchase) in history.purchases.iter().enumerate() {
            if let Fate::Cancelled(at, uncollected) = purchase.fate {
                summary.cancelled += self.cancel(place, at, uncollected, &known).await?;
            }
        }
        following::until_settled(&self.operator).await?;
        for some in history.spendings.chunks(MOST_ENTRIES) {
            summary.redemptions += self.redeem(some, &known).await?;
        }
        self.circle(circle, since, &known, &mut summary).await?;
        following::until_settled(&self.operator).await?;
        following::until_sorted(&self.suite, &self.operator, self.id("snapshot")).await?;
        self.mark_whole(&known).await?;
        Ok(summary)
    }

    pub(super) fn id(&self, what: &str) -> String {
        RequestId::caused_by(self.cause, what).to_string()
    }

    pub(super) fn progress(&self, label: &str, unit: &str, total: usize) -> Progress {
        if self.shown { Progress::new(label, unit, total as u64) } else { Progress::silent() }
    }

    pub(super) async fn terms(&self, since: Timestamp) -> Result<(), CliError> {
        let terms = programme::shipped("signature");
        let mut terms = terms.ok_or_else(|| CliError::odd("the shipped programme cannot be read"))?;
        terms.effective_time = Some(since);
        let request = PutProgrammeRequest {
            request_id: self.id("programme"),
            programme: Some(terms.into()),
            validate_only: false,
        };
        patiently(PATIENCE, || async { self.suite.loyalty().put_programme(request.clone()).await }).await?;
        Ok(())
    }

    pub(super) async fn products(&self) -> Result<(), CliError> {
        let request = UpsertProductsRequest {
            request_id: self.id("products"),
            products: shelf::products(),
            validate_only: false,
        };
        patiently(PATIENCE, || async { self.suite.activity().upsert_products(request.clone()).await }).await?;
        Ok(())
    }

    async fn members(&self, history: &History, known: &mut Known) -> Result<u64, CliError> {
        let progress = self.progress("members", "members", history.people.len());
        let places: Vec<usize> = (0..history.people.len()).collect();
        for (number, some) in places.chunks(MOST_MEMBERS).enumerate() {
            self.enrol(&format!("members {number}"), some, history, known).await?;
            progress.add(some.len() as u64);
        }
        progress.finish();
        Ok(places.len() as u64)
    }

    /// Members join, by place.
    pub(super) async fn enrol(
        &self,
        name: &str,
        places: &[usize],
        history: &History,
        known: &mut Known,
    ) -> Result<(), CliError> {
        let request = EnrolMembersRequest {
            request_id: self.id(name),
            members: places.iter().map(|place| &history.people[*place]).map(|(who, at)| who.member(*at)).collect(),
            validate_only: false,
        };
        let answer =
            patiently(PATIENCE, || async { self.suite.registry().enrol_members(long_call(request.clone())).await });
        for (place, outcome) in places.iter().zip(answer.await?.into_inner().outcomes) {
            if outcome.member.is_empty() {
                let refusal = outcome.refusal;
                return Err(CliError::Failed(format!("a member of the demo shop was refused: {refusal}")));
            }
            known.members[*place] = outcome.member;
        }
        Ok(())
    }

    /// Tells purchases and returns in the order of time.
    async fn journal(&self, history: &History, known: &mut Known, summary: &mut Summary) -> Result<(), CliError> {
        let facts = facts(history);
        let progress = self.progress("orders", "entries", facts.len());
        for (number, some) in facts.chunks(MOST_ENTRIES).enumerate() {
            let (orders, returns) = self.record(&format!("entries {number}"), some, true, history, known).await?;
            summary.orders += orders;
            summary.returns += returns;
            progress.add(some.len() as u64);
        }
        progress.finish();
        Ok(())
    }

    /// Records some facts; answers how many orders and returns they were.
    pub(super) async fn record(
        &self,
        name: &str,
        facts: &[Fact],
        historic: bool,
        history: &History,
        known: &mut Known,
    ) -> Result<(u64, u64), CliError> {
        let (mut orders, mut returns) = (0, 0);
        for (part, some) in facts.chunks(MOST_ENTRIES).enumerate() {
            let name = if part == 0 { name.to_owned() } else { format!("{name}, part {part}") };
            let request = RecordEntriesRequest {
                request_id: self.id(&name),
                entries: some.iter().map(|fact| entry(history, &known.members, fact)).collect(),
                historic,
                validate_only: false,
            };
            let answer = patiently(PATIENCE, || async {
                self.suite.activity().record_entries(long_call(request.clone())).await
            });
            for (fact, outcome) in some.iter().zip(answer.await?.into_inner().outcomes) {
                booked(fact, outcome, known)?;
                *(if fact.back { &mut returns } else { &mut orders }) += 1;
            }
        }
        Ok((orders, returns))
    }

    /// An order is cancelled, or was never collected; answers how many are.
    pub(super) async fn cancel(
        &self,
        place: usize,
        at: Timestamp,
        uncollected: bool,
        known: &Known,
    ) -> Result<u64, CliError> {
        let Some(order) = known.orders.get(&place) else { return Ok(0) };
        let kind = if uncollected { CancelKind::Uncollected } else { CancelKind::Cancelled };
        let request = CancelOrderRequest {
            request_id: self.id(&format!("cancel {place}")),
            order: order.clone(),
            kind: kind.into(),
            occur_time: Some(proto::timestamp(at)),
            validate_only: false,
        };
        patiently(PATIENCE, || async { self.suite.activity().cancel_order(request.clone()).await }).await?;
        Ok(1)
    }

    /// Who has not enough points after all keeps what there is. Answers how many spent some.
    pub(super) async fn redeem(&self, spendings: &[Spending], known: &Known) -> Result<u64, CliError> {
        let redemptions = spendings.iter().map(|spending| RedeemPointsRequest {
            request_id: self.id(&format!("redeem {}", spending.member)),
            member: known.member(spending.member),
            points: spending.points,
            spent_on: spending.on.to_owned(),
            validate_only: false,
            explain: false,
            wallet: String::new(),
        });
        let request = RedeemPointsBatchRequest { redemptions: redemptions.collect() };
        let answer = patiently(PATIENCE, || async {
            self.suite.loyalty().redeem_points_batch(long_call(request.clone())).await
        });
        let outcomes = answer.await?.into_inner().outcomes;
        Ok(outcomes.iter().filter(|outcome| outcome.refusal.is_empty()).count() as u64)
    }

    async fn mark_whole(&self, known: &Known) -> Result<(), CliError> {
        let Some(member) = known.members.first() else { return Ok(()) };
        let request = TagMemberRequest {
            request_id: self.id("whole"),
            member: member.clone(),
            add: vec![WHOLE.to_owned()],
            remove: Vec::new(),
        };
        patiently(PATIENCE, || async { self.suite.registry().tag_member(request.clone()).await }).await?;
        Ok(())
    }
}

fn booked(fact: &Fact, outcome: EntryOutcome, known: &mut Known) -> Result<(), CliError> {
    let EntryOutcome { id, refusal, detail, .. } = outcome;
    if !refusal.is_empty() && refusal != "ALREADY_APPLIED" {
        let what = if fact.back { "a return" } else { "an order" };
        return Err(CliError::Failed(format!("{what} of the demo shop was refused: {refusal} {detail}")));
    }
    if !fact.back && known.named.contains(&fact.purchase) {
        known.orders.insert(fact.purchase, id);
    }
    Ok(())
}
