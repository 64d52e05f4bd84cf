//! People: what was heard of members, as far as a referral is judged by it.
//!
//! 1. When they joined, every identity they were ever known by (as keyed digests), what they bought and what came back.
//! 2. Nothing is forgotten: an identity that was taken off a member still tells that two members are one person.
//! 3. What is heard twice, or in another order, leaves the same rows.
//!
//! Cost: one statement for each table and batch of events.

pub mod facts;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use ::store::{Reading, StoreError, Tx};
use jiff::Timestamp;
use kernel::{MemberId, OrderId, TenantId};

use self::facts::{Bought, OrderNews};

/// One member, in one tenant.
pub type Whose = (TenantId, MemberId);

/// What some events told, put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Members, and when they joined, where that was told.
    pub members: BTreeMap<Whose, Option<Timestamp>>,
    /// Identities they are known by.
    pub identities: BTreeSet<(Whose, String)>,
    /// What they bought and what came back.
    pub orders: BTreeMap<(Whose, OrderId), OrderNews>,
}

impl News {
    /// A member was told of.
    pub fn member(&mut self, whose: Whose, joined_at: Option<Timestamp>) {
        let known = self.members.entry(whose).or_default();
        *known = match (*known, joined_at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    /// An order was told of, or what came back of it.
    pub fn order(&mut self, whose: Whose, news: OrderNews) {
        self.member(whose, None);
        let key = (whose, news.order);
        let both = match self.orders.remove(&key) {
            Some(known) => known.and(news),
            None => news,
        };
        self.orders.insert(key, both);
    }
}

/// Keeps what was heard, with the members' shards locked.
pub(crate) async fn keep(tx: &mut Tx, news: &News) -> Result<(), StoreError> {
    store::keep(tx.connection(), news).await
}

/// Whether anything was heard of a member.
pub(crate) async fn is_known(tx: &mut Tx, tenant: TenantId, member: MemberId) -> Result<bool, StoreError> {
    Ok(store::member(tx.connection(), tenant, member).await?.is_some())
}

/// When a member joined, as far as it was heard.
pub(crate) async fn joined_at(
    tx: &mut Tx,
    tenant: TenantId,
    member: MemberId,
) -> Result<Option<Timestamp>, StoreError> {
    Ok(store::member(tx.connection(), tenant, member).await?.flatten())
}

/// An identity two members were ever known by, as a keyed digest.
pub(crate) async fn shared_identity(
    tx: &mut Tx,
    tenant: TenantId,
    one: MemberId,
    other: MemberId,
) -> Result<Option<String>, StoreError> {
    store::shared_identity(tx.connection(), tenant, one, other).await
}

/// What some members bought, earliest first.
pub(crate) async fn bought(tx: &mut Tx, all: &[Whose]) -> Result<BTreeMap<Whose, Vec<Bought>>, StoreError> {
    store::bought(tx.connection(), all).await
}

/// The same outside of any transaction.
pub(crate) async fn read(reading: &mut Reading, all: &[Whose]) -> Result<BTreeMap<Whose, Vec<Bought>>, StoreError> {
    store::bought(reading.connection(), all).await
}
