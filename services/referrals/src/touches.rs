//! Touches: who came by which code, before anybody knew them.
//!
//! 1. A visitor is a keyed digest of whatever the shop calls them. Nothing of it can be read back.
//! 2. Only a live code is touched. Whether a touch still counts is decided when somebody is attributed.
//! 3. A touch is written once, in the shard of its visitor, with the code's shard locked.
//!
//! Cost: one transaction over two shards.

mod store;

use ::store::{RequestKey, Store, StoreError, Tx};
use jiff::Timestamp;
use kernel::{Clock, MemberId, Shard, TenantId};
use serde::{Deserialize, Serialize};
use wire::{Stop, known, patiently};

use crate::codes::{self, Code, CodeRefusal};
use crate::receipt::Reached;

/// A touch to record.
#[derive(Clone, Debug)]
pub struct NewTouch {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Digest of who.
    pub visitor: String,
    /// By what.
    pub code: Code,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// Somebody came by a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Digest of who.
    pub visitor: String,
    /// By what.
    pub code: Code,
    /// When.
    pub touched_at: Timestamp,
}

/// What the caller keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchReceipt {
    /// Whose code it is.
    pub inviter: MemberId,
    /// When.
    pub touched_at: Timestamp,
    /// Where the visitor's log stood.
    pub reached: Reached,
}

/// Where a visitor's touches lie.
pub(crate) fn shard_of(tenant: TenantId, visitor: &str) -> Shard {
    Shard::of_text(tenant, &["visitor", visitor])
}

/// The last touch of each code by a visitor since a moment, latest first; a hundred at most.
pub(crate) async fn since(
    tx: &mut Tx,
    tenant: TenantId,
    visitor: &str,
    since: Timestamp,
) -> Result<Vec<Touch>, StoreError> {
    store::since(tx.connection(), tenant, visitor, since).await
}

/// All touches.
#[derive(Clone, Debug)]
pub struct Touches {
    store: Store,
    clock: Clock,
}

impl Touches {
    pub(crate) const fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Notes a touch, now.
    pub async fn record(&self, ask: &NewTouch) -> Result<TouchReceipt, Stop<CodeRefusal>> {
        patiently(|| self.try_record(ask)).await
    }

    async fn try_record(&self, ask: &NewTouch) -> Result<TouchReceipt, Stop<CodeRefusal>> {
        let (tenant, home) = (ask.tenant, shard_of(ask.tenant, &ask.visitor));
        let mut tx = self.store.begin(tenant, [home, codes::shard_of(tenant, &ask.code)]).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, home, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        codes::refuse_suspended(&mut tx, tenant).await?;
        let issued = codes::live(&mut tx, tenant, &ask.code).await?;
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(TouchReceipt { inviter: issued.member, touched_at: now, reached: Reached::default() });
        }
        let touch = Touch { visitor: ask.visitor.clone(), code: ask.code.clone(), touched_at: now };
        store::insert(tx.connection(), tenant, &touch).await?;
        let receipt = TouchReceipt { inviter: issued.member, touched_at: now, reached: Reached::of(&tx, home) };
        tx.remember(tenant, home, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }
}
