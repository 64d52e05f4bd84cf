//! Planning: what a programme would have come to, what it will come to, and whether what was booked is what happened.
//!
//! 1. Nothing here writes.
//! 2. A rehearsal lives every member's recorded history by the rules that book ([`crate::account::replaying`]), once under the
//!    baseline and once under the draft, and [`weighing`] adds up what came of it. Members are assumed to buy the same.
//! 3. Orders and returns come from activity's log, from its first event on, some shards at a time: that bounds the memory.
//!    Spendings, grants and changes by hand come from the statements. [`matching`] compares the first with what is booked.
//! 4. Points are looked at, not the wallets beside them.
//! 5. A forecast rests on lots that have ended, says on how many, and is none where there were too few ([`forecasting`]).
//!
//! Cost: a simulation or a reconciliation reads the tenant's whole history; two of them run at once in a process.

pub mod forecasting;
pub mod matching;
pub mod warning;
pub mod weighing;

#[cfg(test)]
mod laws;

use std::collections::BTreeMap;
use std::sync::Arc;

use ::store::StoreError;
use ::terms::TermsRefusal;
use jiff::Timestamp;
use kernel::rounding::share;
use kernel::{Clock, Currency, MemberId, Rounding, Shard, TenantId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wire::Stop;

use self::forecasting::{Forecast, forecast};
use self::matching::{Matched, match_orders};
use self::weighing::Weighing;
use crate::account::replaying::{Happened, Life, Recorded};
use crate::account::{Accounts, Deed, DeedKind};
use crate::programme::{Programme, Programmes, Terms, Versions};

/// Simulations and reconciliations that run at once in a process: each keeps a core busy that others want.
const AT_ONCE: usize = 2;
/// Shards looked at together: a thirty-second of the members.
const TOGETHER: usize = 8;

/// What so many points are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointValue {
    /// In which currency.
    pub currency: Currency,
    /// So many minor units …
    pub minor: i64,
    /// … for so many points.
    pub points: i64,
}

impl PointValue {
    /// What points are worth; what does not fit is as much as fits.
    pub fn of(&self, points: i64) -> i64 {
        share(points, self.minor, self.points, Rounding::HalfEven).unwrap_or(i64::MAX)
    }
}

/// What a draft is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// What rules now, as if it always had.
    InForce,
    /// Every version in its own time.
    AsRuled,
    /// Nothing.
    None,
}

/// What to rehearse.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// Whose history.
    pub tenant: TenantId,
    /// What it might promise.
    pub draft: Programme,
    /// From when on; always where none is told.
    pub effective_at: Option<Timestamp>,
    /// What it is compared with.
    pub baseline: Baseline,
    /// What points are worth.
    pub value: Option<PointValue>,
}

/// A rehearsal that can begin.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Whose history.
    pub tenant: TenantId,
    /// Terms to compare with.
    pub baseline: Option<Arc<Versions>>,
    /// What of them rules now.
    pub baseline_rules: Option<Arc<Programme>>,
    /// Terms to try.
    pub draft: Arc<Versions>,
    /// What they say, from when they rule.
    pub draft_rules: Arc<Programme>,
    /// Orders that are booked.
    pub orders_known: i64,
    /// The moment up to which everything is lived.
    pub until: Timestamp,
    /// What points are worth.
    pub value: Option<PointValue>,
}

/// What activity told of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who.
    pub member: MemberId,
    /// What, and when it was written down.
    pub recorded: Recorded,
}

impl Told {
    /// A deed of a member of this tenant, told at a moment; none where it is about nobody, or no order.
    pub fn of(deed: Deed, known_at: Timestamp) -> Option<Self> {
        let what = match deed.kind {
            DeedKind::Bought { order, back } => Happened::Bought { order, back },
            DeedKind::Returned(back) => Happened::Returned(back),
            DeedKind::Joined { .. } | DeedKind::TenantSettled(_) => return None,
        };
        Some(Self { member: deed.member?, recorded: Recorded { known_at, what } })
    }
}

/// Looks ahead and back.
#[derive(Clone)]
pub struct Planning {
    accounts: Accounts,
    programmes: Programmes,
    clock: Clock,
    seats: Arc<Semaphore>,
}

impl Planning {
    pub(crate) fn new(accounts: Accounts, programmes: Programmes, clock: Clock) -> Self {
        Self { accounts, programmes, clock, seats: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// A seat for as long as it is held; none where all are taken.
    pub fn seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.seats).try_acquire_owned().ok()
    }

    /// The parts that the members are looked at in.
    pub fn parts() -> Vec<Vec<Shard>> {
        let all: Vec<Shard> = Shard::all().collect();
        all.chunks(TOGETHER).map(<[Shard]>::to_vec).collect()
    }

    /// Finds the terms a rehearsal is about.
    pub async fn prepare(&self, ask: Rehearsal) -> Result<Prepared, Stop<TermsRefusal>> {
        let until = self.clock.now();
        let held = self.programmes.of(ask.tenant).await?;
        let ruling = held.versions.at(until).cloned();
        let baseline_rules = ruling.as_ref().map(|ruling| Arc::new(ruling.terms.clone()));
        let baseline_rules = baseline_rules.filter(|_| ask.baseline != Baseline::None);
        let draft_rules = Arc::new(ask.draft.clone());
        let always = |terms: Programme, number| Terms { number, effective_at: Timestamp::MIN, terms };
        let baseline = match (ask.baseline, ruling) {
            (Baseline::None, _) => None,
            (Baseline::InForce | Baseline::AsRuled, None) => {
                return Err(Stop::Refused(TermsRefusal::NotFound { at: until }));
            }
            (Baseline::AsRuled, Some(_)) => Some(Arc::clone(&held.versions)),
            (Baseline::InForce, Some(ruling)) => Some(Arc::new(Versions::new(vec![always(ruling.terms, 1)]))),
        };
        let draft = match (ask.effective_at, &baseline) {
            (Some(effective_at), Some(before)) => {
                let last = before.last().map_or(0, |last| last.number);
                let next = Terms { number: last.saturating_add(1), effective_at, terms: ask.draft };
                Versions::new(
                    before.iter().filter(|one| one.effective_at < effective_at).cloned().chain([next]).collect(),
                )
            }
            (Some(_) | None, _) => Versions::new(vec![always(ask.draft, 1)]),
        };
        let orders_known = self.accounts.orders_known(ask.tenant).await?;
        Ok(Prepared {
            tenant: ask.tenant,
            baseline,
            baseline_rules,
            draft: Arc::new(draft),
            draft_rules,
            orders_known,
            until,
            value: ask.value,
        })
    }

    /// The lives of all members in some shards, with what activity told of them.
    pub async fn lives(&self, tenant: TenantId, shards: &[Shard], told: Vec<Told>) -> Result<Vec<Life>, StoreError> {
        let mut lives = self.accounts.lives(tenant, shards).await?;
        let mut orders: BTreeMap<MemberId, Vec<Recorded>> = BTreeMap::new();
        for one in told {
            orders.entry(one.member).or_default().push(one.recorded);
        }
        for (member, mut recorded) in orders {
            let first = recorded.iter().map(|one| one.known_at).min().unwrap_or_default();
            let life = lives.entry(member).or_insert_with(|| Life { member, joined_at: first, recorded: Vec::new() });
            // At one instant, what was bought is there before it is spent.
            recorded.append(&mut life.recorded);
            recorded.sort_by_key(|one| one.known_at);
            life.recorded = recorded;
        }
        Ok(lives.into_values().collect())
    }

    /// Lives some members' histories once more and adds up what came of them, off the threads that serve.
    pub async fn rehearse(prepared: Prepared, mut weighing: Weighing, lives: Vec<Life>) -> Result<Weighing, Rehearsed> {
        let lived = tokio::task::spawn_blocking(move || {
            for life in &lives {
                weighing.add(life, prepared.baseline.as_deref(), &prepared.draft, prepared.until)?;
            }
            Ok(weighing)
        });
        lived.await.unwrap_or_else(|error| Err(Rehearsed::Failed(StoreError::unreadable(error))))
    }

    /// Compares what activity told of some shards with what is booked.
    pub async fn compare(&self, tenant: TenantId, shards: &[Shard], told: Vec<Told>) -> Result<Matched, StoreError> {
        let booked = self.accounts.booked(tenant, shards).await?;
        Ok(match_orders(told, &booked))
    }

    /// When what is outstanding lapses, and how much of it will.
    pub async fn forecast(&self, tenant: TenantId) -> Result<Forecast, Stop<TermsRefusal>> {
        let now = self.clock.now();
        let held = self.programmes.of(tenant).await?;
        let terms = held.versions.at(now).ok_or(Stop::Refused(TermsRefusal::NotFound { at: now }))?;
        let (months, deficit) = self.accounts.lots_by_month(tenant, terms.zone.name(), now).await?;
        Ok(forecast(&months, deficit, now, terms.zone.rules()))
    }
}

/// Why a rehearsal ended early.
#[derive(Debug)]
pub enum Rehearsed {
    /// Points would leave their range.
    OutOfRange,
    /// The database or the machine failed.
    Failed(StoreError),
}

impl From<crate::account::holdings::OutOfRange> for Rehearsed {
    fn from(_: crate::account::holdings::OutOfRange) -> Self {
        Self::OutOfRange
    }
}
