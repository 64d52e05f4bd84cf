//! The benefit: what membership brings beside points, and what it saved whom.
//!
//! 1. A version is written once; the last one holds, from when it is put. What was booked stays as it was booked.
//! 2. Looking writes nothing and holds nothing ([`checking`]): what applies, what it saves, and what would make the rest
//!    apply. Goods for members alone, and goods with an early day, are shut for everybody else.
//! 3. A use is booked for an order of a member, and once: saying it again is saying it once. It books what was saved, what
//!    it cost the shop, and what could have been sold instead.
//! 4. `uses <= max_uses` where that is said, checked and taken in one conditional statement with the benefit's shard locked.
//!    Where nothing is limited over all members, nobody waits for anybody.
//! 5. An order that comes back whole takes what was saved back. Seats stay taken until they are given up by a call.
//!
//! Life of a use: booked -> returned | cancelled.
//! Cost of a look: one statement for all benefits of the tenant, and a look at the account.

pub mod checking;
mod desk;
mod events;
#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows is to fail loudly")]
mod laws;
mod reading;
mod store;
pub mod terms;

use ::store::{RequestKey, Store, StoreError, Tx};
use jiff::Timestamp;
use kernel::{Clock, Currency, MemberId, Money, Shard, TenantId};
use rule::Texts;
use serde::{Deserialize, Serialize};
use wire::{Stop, known, patiently};

use self::checking::Obstacle;
pub use self::reading::{Checked, Looked};
use self::terms::{Issue, Sort, Terms, issues};
use crate::account::Accounts;
use crate::programme::Programmes;
use crate::receipt::Reached;
use crate::reservation;
use crate::reservation::applying::Cart;
use crate::reservation::life::OrderKey;

/// A benefit to put.
#[derive(Clone, Debug)]
pub struct Put {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Its code.
    pub benefit: String,
    /// The whole of it.
    pub terms: Terms,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What the caller of `put` keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutReceipt {
    /// The version it has become.
    pub version: i32,
    /// Where the tenant's log stood.
    pub reached: Reached,
}

/// A benefit's last version.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its code.
    pub benefit: String,
    /// The version of the terms.
    pub version: i32,
    /// What it promises.
    pub terms: Terms,
    /// How often it was used, while that is counted.
    pub used: i64,
    /// When the version was put.
    pub recorded_at: Timestamp,
}

/// What a benefit has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Use {
    /// How often it was used.
    pub uses: i64,
    /// What it saved members.
    pub saved_minor: i64,
    /// What it cost the shop.
    pub cost_minor: i64,
    /// What could have been sold instead.
    pub forgone_minor: i64,
}

/// A cart of a member, or of a guest.
#[derive(Clone, Debug)]
pub struct Look {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who is about to buy; none for a guest.
    pub member: Option<MemberId>,
    /// What.
    pub cart: Cart,
    /// What they have paid for.
    pub entitlements: Texts,
}

/// Benefits to book for an order.
#[derive(Clone, Debug)]
pub struct Booking {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose order.
    pub member: MemberId,
    /// Which.
    pub order: OrderKey,
    /// What is bought.
    pub cart: Cart,
    /// What they have paid for.
    pub entitlements: Texts,
    /// Codes, in order.
    pub benefits: Vec<String>,
    /// A digest of all this.
    pub asked: Vec<u8>,
    /// Registry knows the member.
    pub known: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// Benefits of an order to give up.
#[derive(Clone, Debug)]
pub struct Cancel {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose order.
    pub member: MemberId,
    /// Which.
    pub order: OrderKey,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// One benefit of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// Its code.
    pub benefit: String,
    /// The version by which it was used.
    pub version: i32,
    /// Of the amounts.
    pub currency: Currency,
    /// What it saved.
    pub saved_minor: i64,
    /// What it cost the shop.
    pub cost_minor: i64,
    /// What could have been sold instead.
    pub forgone_minor: i64,
    /// It is counted over all members.
    pub counted: bool,
}

/// What the caller keeps of a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Each, by its code.
    pub booked: Vec<Booked>,
    /// What the cart is paid in.
    pub currency: Currency,
    /// Where the member's log stood.
    pub reached: Reached,
}

/// What was saved with one sort of benefits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saving {
    /// Which.
    pub sort: Sort,
    /// How often.
    pub uses: i64,
    /// How much.
    pub saved: Money,
}

/// Why a benefit was not put or used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BenefitRefusal {
    /// None has this code.
    NotFound {
        /// The code.
        benefit: String,
    },
    /// What it is does not change.
    Fixed {
        /// The code.
        benefit: String,
        /// What would change.
        field: &'static str,
    },
    /// Nobody has this id.
    MemberNotFound {
        /// The id.
        member: MemberId,
    },
    /// It does not apply.
    NotApplicable {
        /// The code.
        benefit: String,
        /// Why.
        obstacle: Obstacle,
    },
    /// Something else was booked for the order.
    OrderHas {
        /// The order.
        order: OrderKey,
        /// What was.
        booked: Vec<String>,
    },
    /// Nothing was booked for the order.
    NotBooked {
        /// The order.
        order: OrderKey,
    },
}

/// Where a benefit lies.
fn shard_of(tenant: TenantId, benefit: &str) -> Shard {
    Shard::of_text(tenant, &["benefit", benefit])
}

/// Applies what was heard of orders, within the transaction of whoever hears it; the shards of the members must be locked.
///
/// A return that is heard of an order whose benefits were booked after it was recorded changes nothing.
pub(crate) async fn heard(tx: &mut Tx, deeds: &[reservation::Deed], now: Timestamp) -> Result<(), StoreError> {
    if deeds.is_empty() {
        return Ok(());
    }
    let ordered: Vec<_> = deeds
        .iter()
        .filter_map(|deed| match &deed.kind {
            reservation::DeedKind::Ordered { order, key } => Some((deed.tenant, deed.member, *order, key)),
            reservation::DeedKind::CameBack { .. } => None,
        })
        .collect();
    store::bind(tx.connection(), &ordered).await?;
    for deed in deeds {
        if let reservation::DeedKind::CameBack { order, at } = deed.kind {
            let whose = (deed.tenant, deed.member);
            let back = store::take_back(tx.connection(), whose, order, now).await?;
            let said: Vec<_> = back.iter().map(|booked| events::returned(whose, booked, at)).collect();
            eventlog::append(tx, said, now)?;
        }
    }
    Ok(())
}

/// All benefits.
#[derive(Clone)]
pub struct Benefits {
    store: Store,
    clock: Clock,
    programmes: Programmes,
    accounts: Accounts,
}

impl Benefits {
    pub(crate) const fn new(store: Store, clock: Clock, programmes: Programmes, accounts: Accounts) -> Self {
        Self { store, clock, programmes, accounts }
    }

    /// Puts a benefit, and tells what to look at.
    pub async fn put(&self, ask: &Put) -> Result<(PutReceipt, Vec<Issue>), Stop<BenefitRefusal>> {
        let receipt = patiently(|| self.try_put(ask)).await?;
        Ok((receipt, issues(&ask.terms)))
    }

    async fn try_put(&self, ask: &Put) -> Result<PutReceipt, Stop<BenefitRefusal>> {
        let (tenant, home, tenants) = (ask.tenant, shard_of(ask.tenant, &ask.benefit), Shard::of_tenant(ask.tenant));
        let mut tx = self.store.begin(tenant, [home, tenants]).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, tenants, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        if ::terms::of(&mut tx, tenant).await?.suspended {
            return Err(Stop::TenantSuspended);
        }
        let last = store::named(tx.connection(), tenant, std::slice::from_ref(&ask.benefit)).await?.pop();
        if last.as_ref().is_some_and(|last| last.terms.currency != ask.terms.currency) {
            return Err(Stop::Refused(BenefitRefusal::Fixed { benefit: ask.benefit.clone(), field: "currency_code" }));
        }
        let version = last.map_or(1, |last| last.version.saturating_add(1));
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(PutReceipt { version, reached: Reached::default() });
        }
        store::put(tx.connection(), ask, version, now).await?;
        eventlog::append(&mut tx, [events::put(tenant, &ask.benefit, version, now)], now)?;
        let receipt = PutReceipt { version, reached: Reached::of(&tx, tenants) };
        tx.remember(tenant, tenants, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }
}
