//! Codes that are typed for a coupon: one for everybody, or many that are used once each.
//!
//! 1. A code is a row in the shard of its own text, with a counter: `reserved + redeemed <= most`, checked and taken in one
//!    conditional statement with that shard locked.
//! 2. Generated codes are derived: code `n` of a request is a keyed digest of the request and `n`, so that nobody can work
//!    one out from others, and the same request makes the same codes again, after a break or when it is repeated.
//! 3. No two codes are alike. Where a derived code is somebody's already, the digest of the next attempt is taken; whose it
//!    is stands in its row, so that a repeat finds the same one.
//! 4. A code is born without the lock of its shard: locking all of them for every batch would hold up everybody. Nobody can
//!    know its text before it is committed, and the primary key lets it be written once. The campaign's shard is locked.
//! 5. A text that is mistyped is told apart from one that was never issued: the check character finds it.
//!
//! Cost: generating takes one transaction of some five statements for 2,000 codes.

mod store;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use ::store::{RequestKey, Store, StoreError, Tx};
use jiff::Timestamp;
use kernel::code::Code;
use kernel::{Clock, ReservationId, Shard, TenantId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{Keys, Stop, known, patiently};

pub(crate) use self::store::{give_back, reserve, settle, sweep};
use self::text::told;
pub use self::text::{UniqueCode, is_mistyped, kept, shared};
use crate::campaign::terms::Distribution;
use crate::campaign::{self, Connection};

/// Codes to generate.
#[derive(Clone, Debug)]
pub struct Generate {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Of which campaign.
    pub campaign: String,
    /// How many.
    pub count: u32,
    /// So many have arrived already.
    pub skip: u32,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What is kept of the request: which terms its codes have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    version: i32,
    /// When it began: the codes count as issued then.
    at: Timestamp,
}

/// A code as it stands at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// As it is kept.
    pub code: String,
    /// Its campaign.
    pub campaign: String,
    /// The version whose terms it has; 0 for the last.
    pub version: i32,
    /// How often it can be used.
    pub max_uses: Option<i64>,
    /// Reserved and redeemed.
    pub taken: i64,
    /// When it was made.
    pub issued_at: Timestamp,
}

/// Why no codes were generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodesRefusal {
    /// No campaign has this code.
    CampaignNotFound {
        /// The code.
        campaign: String,
    },
    /// Its codes are not used once each, or it has none.
    NotUnique {
        /// The campaign.
        campaign: String,
    },
    /// Its time is over.
    Over {
        /// The campaign.
        campaign: String,
        /// Since when.
        until: Timestamp,
    },
}

/// What a reservation holds of a code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) code: &'a str,
    pub(crate) reservation: ReservationId,
}

/// Where a code lies, by its text as it is kept.
pub(crate) fn shard_of(tenant: TenantId, code: &str) -> Shard {
    Shard::of_text(tenant, &["coupon code", code])
}

/// Codes as they stand at a moment, by their text as it is kept. What no code has is left out.
pub(crate) async fn within(
    connection: &mut Connection,
    tenant: TenantId,
    asked: &BTreeSet<String>,
    now: Timestamp,
) -> Result<BTreeMap<String, Typed>, StoreError> {
    if asked.is_empty() {
        return Ok(BTreeMap::new());
    }
    store::load(connection, tenant, asked, now).await
}

/// Which campaign has a code.
pub(crate) async fn owner(tx: &mut Tx, tenant: TenantId, code: &str) -> Result<Option<String>, StoreError> {
    store::owner(tx.connection(), tenant, code).await
}

/// Writes the code that everybody types; its shard must be locked.
pub(crate) async fn share(
    tx: &mut Tx,
    tenant: TenantId,
    code: &str,
    campaign: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    store::share(tx.connection(), tenant, code, campaign, at).await
}

/// Code `number` of a request, at an attempt.
fn derived(keys: &Keys, tenant: TenantId, request: Uuid, number: u32, attempt: u8) -> UniqueCode {
    let (tenant, number) = (tenant.uuid(), number.to_be_bytes());
    let digest = keys.digest("coupon code", &[tenant.as_bytes(), request.as_bytes(), &number, &[attempt]]);
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    Code::of_digest(half)
}

/// So many are written in one transaction.
const AT_ONCE: u32 = 2_000;
/// More collisions in a row than chance has ever made.
const ATTEMPTS: u8 = 8;

/// All codes.
#[derive(Clone)]
pub struct Codes {
    store: Store,
    clock: Clock,
    keys: Keys,
}

impl Codes {
    pub(crate) const fn new(store: Store, clock: Clock, keys: Keys) -> Self {
        Self { store, clock, keys }
    }

    /// The codes from a number on, a batch of them, written where they are not yet. None where the last was told, or
    /// nothing is to be written; then the request is decided all the same.
    pub async fn batch(&self, ask: &Generate, from: u32) -> Result<Vec<String>, Stop<CodesRefusal>> {
        let to = ask.count.min(from.saturating_add(AT_ONCE));
        patiently(|| self.try_batch(ask, from..to)).await
    }

    async fn try_batch(
        &self,
        ask: &Generate,
        numbers: std::ops::Range<u32>,
    ) -> Result<Vec<String>, Stop<CodesRefusal>> {
        let (tenant, home) = (ask.tenant, campaign::shard_of(ask.tenant, &ask.campaign));
        let mut tx = self.store.begin(tenant, [home]).await?;
        let now = self.clock.now();
        let before: Option<Begun> = known(tx.recall(tenant, home, &ask.key, now).await?)?;
        // What is written already is told whatever happened since.
        let is_suspended = ::terms::of(&mut tx, tenant).await?.suspended;
        let begun = match before {
            Some(begun) => begun,
            None if is_suspended => return Err(Stop::TenantSuspended),
            None => self.begin(&mut tx, ask, now).await?,
        };
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(Vec::new());
        }
        let (codes, added) = self.place(&mut tx, ask, &begun, numbers).await?;
        if added > 0 {
            if is_suspended {
                return Err(Stop::TenantSuspended);
            }
            campaign::count_codes(&mut tx, tenant, &ask.campaign, added).await?;
        }
        tx.commit().await?;
        Ok(codes)
    }

    async fn begin(&self, tx: &mut Tx, ask: &Generate, now: Timestamp) -> Result<Begun, Stop<CodesRefusal>> {
        let campaign = || ask.campaign.clone();
        let found = campaign::within(tx.connection(), ask.tenant, &BTreeSet::from([(campaign(), 0)]), now).await?;
        let Some(found) = found.into_values().next() else {
            return Err(Stop::Refused(CodesRefusal::CampaignNotFound { campaign: campaign() }));
        };
        if found.terms.distribution != Distribution::UniqueCodes {
            return Err(Stop::Refused(CodesRefusal::NotUnique { campaign: campaign() }));
        }
        if let Some(until) = found.terms.valid_until.filter(|until| *until <= now) {
            return Err(Stop::Refused(CodesRefusal::Over { campaign: campaign(), until }));
        }
        let begun = Begun { version: found.version, at: now };
        tx.remember(ask.tenant, campaign::shard_of(ask.tenant, &ask.campaign), &ask.key, &begun, now)?;
        Ok(begun)
    }

    /// Each number's code, and how many of them were written now.
    async fn place(
        &self,
        tx: &mut Tx,
        ask: &Generate,
        begun: &Begun,
        numbers: std::ops::Range<u32>,
    ) -> Result<(Vec<String>, i64), StoreError> {
        let request = ask.key.id.uuid();
        let mut placed: BTreeMap<u32, UniqueCode> = BTreeMap::new();
        let mut added = 0_i64;
        for attempt in 0..ATTEMPTS {
            let derived: BTreeMap<u32, UniqueCode> = numbers
                .clone()
                .filter(|number| !placed.contains_key(number))
                .map(|number| (number, derived(&self.keys, ask.tenant, request, number, attempt)))
                .collect();
            if derived.is_empty() {
                break;
            }
            let open = derived.iter().map(|(number, code)| (code.text().to_owned(), *number)).collect();
            added = added.saturating_add(store::insert(tx.connection(), ask, begun.version, &open, begun.at).await?);
            let own = store::of_request(tx.connection(), ask.tenant, request, &open).await?;
            placed.extend(derived.into_iter().filter(|(number, _)| own.contains(number)));
        }
        if placed.len() != numbers.len() {
            return Err(StoreError::unreadable("codes collide more often than chance lets them"));
        }
        Ok((placed.values().map(told).collect(), added))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_derived_from_everything_it_is_of() {
        let keys = Keys::new(b"a secret");
        let tenants = [1_u128, 2].map(|number| TenantId::from(Uuid::from_u128(number)));
        let requests = [3_u128, 4].map(Uuid::from_u128);
        let mut seen = std::collections::BTreeSet::new();
        for tenant in tenants {
            for request in requests {
                for number in 0..50 {
                    for attempt in 0..2 {
                        let code = derived(&keys, tenant, request, number, attempt);
                        assert_eq!(UniqueCode::parse(&told(&code)), Ok(code.clone()));
                        assert!(seen.insert(code.text().to_owned()));
                    }
                }
            }
        }
        let other = derived(&Keys::new(b"another"), tenants[0], requests[0], 0, 0);
        assert!(!seen.contains(other.text()));
    }
}
