//! One subscription with everything its rules need, and what they make of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kernel::{ChargeId, MemberId, OrderId, SubscriptionId};
use serde::{Deserialize, Serialize};

use super::charging::{Answer, Decline};
use super::paid::Membership;
use crate::plan::cadence::{Schedule, days_later};
use crate::plan::terms::Plan;

/// What a subscription is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Occurrences fall due.
    Active,
    /// Occurrences are passed over.
    Paused,
    /// The last charge did not succeed.
    PastDue,
    /// Somebody said so: nothing falls due any more.
    Cancelled,
    /// It ended by itself.
    Ended,
}

impl State {
    /// It may still come to something.
    #[must_use]
    pub const fn is_live(self) -> bool {
        match self {
            Self::Active | Self::Paused | Self::PastDue => true,
            Self::Cancelled | Self::Ended => false,
        }
    }

    /// Occurrences fall due.
    #[must_use]
    pub const fn runs(self) -> bool {
        match self {
            Self::Active | Self::PastDue => true,
            Self::Paused | Self::Cancelled | Self::Ended => false,
        }
    }
}

/// What became of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Ahead; it has no row.
    Planned,
    /// Not wanted.
    Skipped,
    /// It fell due; its charge is ahead.
    Due,
    /// The provider is being asked.
    Charging,
    /// Paid, once.
    Paid,
    /// Every attempt was declined.
    Unpaid,
    /// Passed over.
    Passed,
    /// Paid, and given back.
    Refunded,
}

/// One occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// Its name.
    pub number: i64,
    /// What became of it.
    pub stage: Stage,
    /// Since when.
    pub since: Timestamp,
    /// Why, in one word; may be empty.
    pub reason: String,
    /// When it is due.
    pub due_at: Timestamp,
    /// When it is charged, or tried again.
    pub charge_at: Timestamp,
    /// When it was tried first.
    pub first_tried_at: Option<Timestamp>,
    /// Charges tried.
    pub attempts: i32,
    /// What it became.
    pub order: Option<OrderId>,
    /// Why activity refused it; empty where it did not.
    pub order_refusal: String,
    /// It has to be written, or its row taken away.
    #[serde(skip)]
    pub touched: bool,
}

impl Occurrence {
    /// One that is ahead, as a rhythm says; none beyond the calendar.
    #[must_use]
    pub fn planned(schedule: &Schedule, charge_offset_days: i32, number: i64) -> Option<Self> {
        let due_at = schedule.instant(number)?;
        let charge_at = days_later(due_at, charge_offset_days, &schedule.zone)?;
        Some(Self {
            number,
            stage: Stage::Planned,
            since: due_at,
            reason: String::new(),
            due_at,
            charge_at,
            first_tried_at: None,
            attempts: 0,
            order: None,
            order_refusal: String::new(),
            touched: false,
        })
    }
}

/// An attempt that the provider is to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The idempotency key.
    pub id: ChargeId,
    /// The occurrence.
    pub number: i64,
    /// From 1; of refunds from 0.
    pub attempt: i32,
    /// It goes back to the member.
    pub refund: bool,
    /// How much.
    pub amount_minor: i64,
    /// The provider is to be asked; otherwise it has answered already.
    pub ask: bool,
    /// Whom to charge, or to give back to.
    pub token: String,
}

/// What the provider answered to an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The occurrence.
    pub number: i64,
    /// As in [`Placed`].
    pub attempt: i32,
    /// As in [`Placed`].
    pub refund: bool,
    /// What it said.
    pub answer: Answer,
}

/// A change of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// 1 and up.
    pub number: i64,
    /// Before; none for the first.
    pub from: Option<State>,
    /// After.
    pub to: State,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What the outside hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It began.
    Started,
    /// An occurrence fell due.
    Due {
        /// The occurrence.
        number: i64,
        /// When it was due.
        due_at: Timestamp,
    },
    /// It was paid.
    Charged {
        /// The occurrence.
        number: i64,
        /// Which attempt at it.
        attempt: i32,
    },
    /// An attempt was declined.
    Declined {
        /// The occurrence.
        number: i64,
        /// Which attempt at it.
        attempt: i32,
        /// Whether it may ever succeed.
        class: Decline,
        /// When it is tried again, if it is.
        again_at: Option<Timestamp>,
    },
    /// Paid after all.
    Recovered {
        /// The occurrence.
        number: i64,
    },
    /// Taken out.
    Skipped {
        /// The occurrence.
        number: i64,
    },
    /// Put back in.
    Unskipped {
        /// The occurrence.
        number: i64,
    },
    /// Paused.
    Paused,
    /// Resumed.
    Resumed,
    /// Cancelled.
    Cancelled {
        /// Why; may be empty.
        reason: String,
    },
    /// Ended by itself.
    Ended {
        /// Why; may be empty.
        reason: String,
    },
    /// Another rhythm or token.
    Changed {
        /// What is another.
        what: &'static str,
    },
    /// A membership began.
    MembershipStarted,
    /// Another term was paid.
    MembershipRenewed {
        /// From the old date, not from the payment.
        runs_on: bool,
    },
    /// It opens nothing any more.
    MembershipEnded,
    /// Money is to be given back.
    Refund {
        /// The occurrence.
        number: i64,
        /// How much.
        refund_minor: i64,
        /// How far that has come.
        step: RefundStep,
    },
    /// A paid occurrence became an order, or was refused.
    Ordered {
        /// The occurrence.
        number: i64,
        /// The order, where there is one.
        order: Option<OrderId>,
        /// Why not; empty where there is one.
        refusal: String,
    },
}

/// How far money has come on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStep {
    /// The provider is asked.
    Asked,
    /// It was given back.
    Given,
    /// The provider would not.
    Declined(Decline),
}

/// One subscription, and what its rules made of it in one transaction.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its id.
    pub id: SubscriptionId,
    /// Whose.
    pub member: MemberId,
    /// What was promised.
    pub plan: Arc<Plan>,
    /// Its rhythm.
    pub schedule: Schedule,
    /// What it is in.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// Why; may be empty.
    pub reason: String,
    /// Changes of its state so far.
    pub changes: i64,
    /// The first occurrence that has not fallen due.
    pub next: i64,
    /// The provider's token.
    pub token: String,
    /// The provider charges on a schedule of its own.
    pub by_provider: bool,
    /// Nothing is charged before there is another card.
    pub awaits_card: bool,
    /// Unpaid occurrences since the last paid one.
    pub unpaid_in_row: i32,
    /// The last one paid.
    pub last_paid: Option<i64>,
    /// What was paid for; none before the first payment.
    pub membership: Option<Membership>,
    /// Before the first payment: what another subscription of the member paid for, as it stands now.
    pub former: Option<Membership>,
    /// When it was subscribed to.
    pub started_at: Timestamp,
    /// Occurrences a rule may have to look at, and those it made.
    pub occurrences: BTreeMap<i64, Occurrence>,
    /// Attempts placed.
    pub placed: Vec<Placed>,
    /// Answers taken.
    pub answered: Vec<Answered>,
    /// Paid occurrences that become an order, with the moment of their payment.
    pub orders: Vec<(i64, Timestamp)>,
    /// Changes of its state.
    pub changed: Vec<Change>,
    /// What the outside hears, in order.
    pub news: Vec<(Timestamp, News)>,
}

impl Standing {
    /// What one occurrence costs. A plan whose amount does not fit was never put.
    #[must_use]
    pub fn amount(&self) -> i64 {
        self.plan.amount().unwrap_or_default()
    }

    /// Says something.
    pub fn say(&mut self, at: Timestamp, news: News) {
        self.news.push((at, news));
    }

    /// Enters a state; nothing where it is in it already for the same reason.
    pub fn enter(&mut self, state: State, reason: &str, at: Timestamp) {
        if self.state == state && self.reason == reason {
            return;
        }
        self.changes = self.changes.saturating_add(1);
        let (number, from) = (self.changes, Some(self.state));
        self.changed.push(Change { number, from, to: state, reason: reason.to_owned(), at });
        (self.state, self.since) = (state, at);
        reason.clone_into(&mut self.reason);
    }

    /// An occurrence as it stands: its row, or planned as the present rhythm says. None beyond the calendar.
    #[must_use]
    pub fn occurrence(&self, number: i64) -> Option<Occurrence> {
        // A planned one keeps no date: it was put back in under a rhythm that may have changed since.
        if let Some(known) = self.occurrences.get(&number).filter(|known| known.stage != Stage::Planned) {
            return Some(known.clone());
        }
        Occurrence::planned(&self.schedule, self.plan.charge_offset_days, number)
    }

    /// Puts an occurrence into a stage.
    pub fn put(&mut self, mut occurrence: Occurrence, stage: Stage, reason: &str, at: Timestamp) {
        (occurrence.stage, occurrence.since, occurrence.touched) = (stage, at, true);
        reason.clone_into(&mut occurrence.reason);
        self.occurrences.insert(occurrence.number, occurrence);
    }

    /// The occurrence whose charge the provider is being asked for.
    #[must_use]
    pub fn charging(&self) -> Option<&Occurrence> {
        self.occurrences.values().find(|occurrence| occurrence.stage == Stage::Charging)
    }

    /// When something happens by itself next.
    #[must_use]
    pub fn next_instant(&self) -> Option<Timestamp> {
        let next = self.state.runs().then(|| self.schedule.instant(self.next)).flatten();
        let may_charge = !self.by_provider && !self.awaits_card && self.charging().is_none();
        let charges = self.occurrences.values().filter(|occurrence| may_charge && occurrence.stage == Stage::Due);
        let ends = self.membership.iter().filter(|membership| !membership.ended).map(|ours| ours.entitled_until);
        next.into_iter().chain(charges.map(|occurrence| occurrence.charge_at)).chain(ends).min()
    }
}
