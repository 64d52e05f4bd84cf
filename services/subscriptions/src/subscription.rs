//! Subscriptions: standing orders of members, their charges, and the memberships that are paid for.
//!
//! 1. An occurrence is paid at most once. At most one charge of a subscription is under way, each attempt has an id of its
//!    own for ever, and an index of the database stands behind the rules.
//! 2. When something is due follows from the anchor and the number alone; skipping or pausing moves nothing else.
//! 3. What is due happens as of its instant; whether it is charged is decided as of now. After an outage only the latest of
//!    several is charged, unless the plan says otherwise.
//! 4. Cancelling is one call, in whatever state, and nothing is charged because of it.
//! 5. Everything that changes a subscription (calls, timers, answers of provider and activity) is one transaction of the
//!    same shape: lock the member's shard, recall, load, decide, write, place what has to be said elsewhere, commit.
//!
//! Life of a subscription: active <-> paused, active <-> past due; then cancelled or ended.
//! Cost of a change: begin 2, recall 1, settled 1, load 2 or 3, writes 2 to 8, commit 1 round trips.

pub mod answering;
pub mod charging;
mod desk;
mod events;
pub mod paid;
pub mod proration;
mod reading;
pub mod refunding;
pub mod schedule;
pub mod standing;
mod store;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows is to fail loudly")]
mod laws;
#[cfg(test)]
mod samples;
#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows is to fail loudly")]
mod walk;

use std::sync::Arc;

use ::store::{Head, RequestKey, Store};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use kernel::{Clock, MemberId, Shard, SubscriptionId, TenantId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{Freshness, Stop};

use self::charging::Answer;
pub(crate) use self::desk::{Answered, CHARGE, Deeds, ORDER, REFUND};
use self::proration::Parts;
pub use self::reading::{ChargeView, Filter, Forecast, Glimpse, Grants};
use self::standing::{Occurrence, Standing, State};
use crate::plan::Plans;
use crate::plan::cadence::{Cadence, Zone};
use crate::provider::Provider;

/// What every change of a subscription is asked with.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub subscription: SubscriptionId,
    /// What makes it repeat-safe.
    pub key: RequestKey,
    /// Decide and write nothing.
    pub validate_only: bool,
}

/// Who subscribes to what.
#[derive(Clone, Debug)]
pub struct Subscribing {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who.
    pub member: MemberId,
    /// Code of the plan.
    pub plan: String,
    /// The provider's token.
    pub token: String,
    /// Another rhythm than the plan's.
    pub cadence: Option<Cadence>,
    /// From where to count; now if none.
    pub anchor: Option<DateTime>,
    /// Of the anchor; the tenant's if none.
    pub zone: Option<Zone>,
    /// Registry knows the member, though nothing was heard of them yet.
    pub known: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What a provider did on its own schedule.
#[derive(Clone, Debug)]
pub struct Report {
    /// Whose.
    pub tenant: TenantId,
    /// Which token it charged.
    pub token: String,
    /// The day of the occurrence.
    pub day: Date,
    /// What came of it.
    pub answer: Answer,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// Why a subscription was not changed, or not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody has this id.
    MemberNotFound {
        /// The id.
        member: MemberId,
    },
    /// No plan has this code.
    PlanNotFound {
        /// The code.
        plan: String,
    },
    /// The member has a live one of this membership.
    AlreadySubscribed {
        /// The plan.
        plan: String,
        /// The live one.
        subscription: SubscriptionId,
    },
    /// None has this id.
    SubscriptionNotFound {
        /// The id.
        subscription: SubscriptionId,
    },
    /// It was cancelled or has ended.
    SubscriptionOver {
        /// Which.
        subscription: SubscriptionId,
        /// What it is in.
        state: State,
    },
    /// The occurrence has fallen due, never existed, or lies too far ahead.
    OccurrenceNotAhead {
        /// Of which.
        subscription: SubscriptionId,
        /// The occurrence.
        number: i64,
        /// The first one ahead.
        next: i64,
    },
    /// No occurrence is meant.
    OccurrenceNotFound {
        /// By what.
        what: String,
    },
    /// No term is paid that could be given back.
    NothingToRefund {
        /// Of which.
        subscription: SubscriptionId,
    },
    /// The rhythm of a membership is its term.
    CadenceFixed {
        /// Of which plan.
        plan: String,
    },
    /// Its order was not refused.
    OrderNotRefused {
        /// Of which.
        subscription: SubscriptionId,
        /// The occurrence.
        number: i64,
    },
}

/// What a caller keeps: ids, instants and amounts, nothing personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Which subscription; none where it was only tried.
    pub subscription: Option<SubscriptionId>,
    /// What it is in after it.
    pub state: State,
    /// The version promised.
    pub plan_version: i32,
    /// When the next occurrence is due.
    pub next_due: Option<Timestamp>,
    /// Until when a membership opens what it opens.
    pub entitled_until: Option<Timestamp>,
    /// What one occurrence costs.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// The occurrences it is about.
    pub occurrences: Vec<Occurrence>,
    /// What is given back.
    pub parts: Option<Parts>,
    /// Where the member's partition of the log stood after it: shard, epoch, position.
    pub mark: Option<(i16, Uuid, i64)>,
}

impl Receipt {
    fn of(ours: &Standing) -> Self {
        Self {
            subscription: Some(ours.id),
            state: ours.state,
            plan_version: ours.plan.version,
            next_due: ours.state.runs().then(|| ours.schedule.instant(ours.next)).flatten(),
            entitled_until: ours.membership.as_ref().map(|membership| membership.entitled_until),
            amount_minor: ours.amount(),
            currency: ours.plan.currency.to_string(),
            occurrences: Vec::new(),
            parts: None,
            mark: None,
        }
    }

    fn about(ours: &Standing, number: i64) -> Self {
        Self { occurrences: ours.occurrence(number).into_iter().collect(), ..Self::of(ours) }
    }

    /// What a read has to wait for that must see it.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        let mark = self.mark.and_then(|(shard, epoch, position)| {
            Some((Shard::from_number(i64::from(shard))?, Head { epoch, position }))
        });
        Freshness::of(crate::SERVICE, mark.as_slice())
    }
}

/// All subscriptions. Clones are handles to the same.
#[derive(Clone)]
pub struct StandingOrders {
    store: Store,
    clock: Clock,
    plans: Plans,
    provider: Arc<dyn Provider>,
}

impl StandingOrders {
    pub(crate) fn new(store: Store, clock: Clock, plans: Plans, provider: Arc<dyn Provider>) -> Self {
        Self { store, clock, plans, provider }
    }

    /// Takes one occurrence out.
    ///
    /// # Errors
    /// As [`schedule::skip`], or as every change: the tenant may not write, the request id was used for something else,
    /// there is no such subscription, the database fails.
    pub async fn skip(&self, ask: Mutation, number: i64) -> Result<Receipt, Stop<Refusal>> {
        self.change(&ask, Some(number), |ours, now| {
            schedule::skip(ours, number, now).map(|()| Receipt::about(ours, number))
        })
        .await
    }

    /// Puts it back in.
    ///
    /// # Errors
    /// As [`StandingOrders::skip`].
    pub async fn unskip(&self, ask: Mutation, number: i64) -> Result<Receipt, Stop<Refusal>> {
        self.change(&ask, Some(number), |ours, now| {
            schedule::unskip(ours, number, now).map(|()| Receipt::about(ours, number))
        })
        .await
    }

    /// Pauses.
    ///
    /// # Errors
    /// It is over, or as every change.
    pub async fn pause(&self, ask: Mutation, reason: &str) -> Result<Receipt, Stop<Refusal>> {
        self.change(&ask, None, |ours, now| schedule::pause(ours, reason, now).map(|()| Receipt::of(ours))).await
    }

    /// Resumes.
    ///
    /// # Errors
    /// It is over, or as every change.
    pub async fn resume(&self, ask: Mutation, reason: &str) -> Result<Receipt, Stop<Refusal>> {
        self.change(&ask, None, |ours, now| schedule::resume(ours, reason, now).map(|()| Receipt::of(ours))).await
    }

    /// Cancels, whatever it is in.
    ///
    /// # Errors
    /// As every change.
    pub async fn cancel(&self, ask: Mutation, reason: &str, at_once: bool) -> Result<Receipt, Stop<Refusal>> {
        self.change(&ask, None, |ours, now| {
            schedule::cancel(ours, reason, at_once, now);
            Ok(Receipt::of(ours))
        })
        .await
    }

    /// Gives it another rhythm; the receipt tells the skips that were dropped.
    ///
    /// # Errors
    /// It is over, or as every change.
    pub async fn change_cadence(
        &self,
        ask: Mutation,
        cadence: Cadence,
        anchor: Option<DateTime>,
    ) -> Result<Receipt, Stop<Refusal>> {
        self.change(&ask, None, |ours, now| {
            let anchor = anchor.unwrap_or_else(|| ours.schedule.zone.wall(now));
            let dropped = schedule::change_cadence(ours, cadence, anchor, now)?;
            Ok(Receipt { occurrences: dropped, ..Receipt::of(ours) })
        })
        .await
    }

    /// Takes another token.
    ///
    /// # Errors
    /// It is over, or as every change.
    pub async fn update_token(&self, ask: Mutation, token: &str) -> Result<Receipt, Stop<Refusal>> {
        let by_provider = self.provider.schedules_itself(token);
        self.change(&ask, None, |ours, now| {
            answering::update_token(ours, token, by_provider, now).map(|()| Receipt::of(ours))
        })
        .await
    }

    /// Ends a membership and has what was not used given back; asks again where the provider declined.
    ///
    /// # Errors
    /// No term is paid that could be given back, the provider is being asked, or as every change.
    pub async fn refund(&self, ask: Mutation, reason: &str) -> Result<Receipt, Stop<Refusal>> {
        self.change(&ask, None, |ours, now| {
            let parts = refunding::refund(ours, reason, now)?;
            Ok(Receipt { parts: Some(parts), ..Receipt::of(ours) })
        })
        .await
    }

    /// Has a refused order recorded again.
    ///
    /// # Errors
    /// There is no such occurrence, its order was not refused, or as every change.
    pub async fn retry_order(&self, ask: Mutation, number: i64) -> Result<Receipt, Stop<Refusal>> {
        self.change(&ask, Some(number), |ours, _| {
            answering::retry_order(ours, number).map(|()| Receipt::about(ours, number))
        })
        .await
    }

    /// Takes what a provider did on its own schedule: of several subscriptions with the token, the oldest that waits for it
    /// on that day; money that moved though none does, the oldest that has an occurrence on that day.
    ///
    /// # Errors
    /// None has, or as every change.
    pub async fn report(&self, ask: Report) -> Result<Receipt, Stop<Refusal>> {
        let nothing = Stop::Refused(Refusal::OccurrenceNotFound { what: ask.day.to_string() });
        let on_day = self.on_day(ask.tenant, &ask.token, ask.day).await?;
        let unexpected = on_day.clone().into_iter().map(|found| (true, found));
        for (even_unexpected, (subscription, number)) in
            on_day.into_iter().map(|found| (false, found)).chain(unexpected)
        {
            let (tenant, key, validate_only) = (ask.tenant, ask.key.clone(), ask.validate_only);
            let change = Mutation { tenant, subscription, key, validate_only };
            let told = self.change(&change, Some(number), |ours, now| {
                let told = (ask.answer.clone(), even_unexpected);
                answering::report(ours, number, told, now).map(|()| Receipt::about(ours, number))
            });
            match told.await {
                Err(Stop::Refused(Refusal::OccurrenceNotFound { .. })) => {}
                told => return told,
            }
        }
        Err(nothing)
    }
}
