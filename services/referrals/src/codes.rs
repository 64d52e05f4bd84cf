//! Codes: what members pass on.
//!
//! 1. A code is drawn at random and never derived from anything, so nobody can work another's out. Unique per tenant: it
//!    lies in the shard of its own text, whose lock lets a second drawing of it be seen.
//! 2. A member has one live code. Whoever replaces it retires the old one for ever.
//! 3. A text that is mistyped is told apart from one that was never issued: the check character finds it.
//!
//! Life of a code: issued -> retired.
//! Cost: one transaction over the shards of the member and the code, and of the code it replaces.

pub mod alphabet;
mod events;
mod store;

use std::collections::BTreeSet;
use std::sync::Arc;

use ::store::{RequestKey, Store, StoreError, Tx};
use jiff::Timestamp;
use kernel::{Clock, MemberId, Shard, TenantId};
use serde::{Deserialize, Serialize};
use wire::{Stop, known, patiently};

pub use self::alphabet::{Code, Malformed};
use crate::people;
use crate::receipt::Reached;

/// Where codes come from. A demo that is to be the same twice, and tests, bring their own; nothing else should.
pub trait Draw: Send + Sync + 'static {
    /// Another code; it may have been drawn before.
    ///
    /// # Errors
    /// The machine gives no random bytes.
    fn draw(&self) -> Result<Code, StoreError>;
}

/// Draws from the machine's random bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct AtRandom;

/// The greatest multiple of the alphabet's size that fits into a byte: what lies above would favour some characters.
const FAIR: u8 = 232;

impl Draw for AtRandom {
    fn draw(&self) -> Result<Code, StoreError> {
        let mut numbers = [u8::MAX; 8];
        for number in &mut numbers {
            while *number >= FAIR {
                let mut byte = [0_u8];
                getrandom::fill(&mut byte).map_err(StoreError::unreadable)?;
                *number = byte[0];
            }
        }
        Ok(Code::of(numbers))
    }
}

/// Who is to have a code.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who.
    pub member: MemberId,
    /// Even where they have one.
    pub replace: bool,
    /// Registry knows the member, though nothing was heard of them yet.
    pub known: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// Which code to retire.
#[derive(Clone, Debug)]
pub struct Retire {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Which.
    pub code: Code,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// A code of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Its text.
    pub code: Code,
    /// Whose.
    pub member: MemberId,
    /// Since when.
    pub issued_at: Timestamp,
    /// Until when.
    pub retired_at: Option<Timestamp>,
}

/// What the caller of `issue` keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueReceipt {
    /// The member's code; none where none was to be written.
    pub code: Option<Code>,
    /// It is a new one.
    pub issued: bool,
    /// Where the member's log stood.
    pub reached: Reached,
}

/// What the caller of `retire` keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetireReceipt {
    /// Whose it was.
    pub member: MemberId,
    /// Where the member's log stood.
    pub reached: Reached,
}

/// Why a code was not issued, retired or found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeRefusal {
    /// Nobody has this id.
    MemberNotFound {
        /// The id.
        member: MemberId,
    },
    /// No code has this text.
    NotFound {
        /// The text.
        code: Code,
    },
    /// The member has none.
    NoneOf {
        /// Who.
        member: MemberId,
    },
    /// It attributes no more.
    Retired {
        /// The text.
        code: Code,
    },
}

/// Where a code lies.
pub(crate) fn shard_of(tenant: TenantId, code: &Code) -> Shard {
    Shard::of_text(tenant, &["code", code.text()])
}

/// A code that attributes, inside a transaction.
pub(crate) async fn live(tx: &mut Tx, tenant: TenantId, code: &Code) -> Result<Issued, Stop<CodeRefusal>> {
    match store::find(tx.connection(), tenant, code).await? {
        None => Err(Stop::Refused(CodeRefusal::NotFound { code: code.clone() })),
        Some(issued) if issued.retired_at.is_some() => Err(Stop::Refused(CodeRefusal::Retired { code: code.clone() })),
        Some(issued) => Ok(issued),
    }
}

enum Step<R> {
    Done(R),
    /// These shards have to be locked too.
    Wider(BTreeSet<Shard>),
    /// Somebody has the code that was drawn.
    DrawAgain,
}

/// All codes.
#[derive(Clone)]
pub struct Codes {
    store: Store,
    clock: Clock,
    source: Arc<dyn Draw>,
}

impl Codes {
    pub(crate) fn new(store: Store, clock: Clock, source: Arc<dyn Draw>) -> Self {
        Self { store, clock, source }
    }

    /// Gives a member a code.
    pub async fn issue(&self, ask: &Issue) -> Result<IssueReceipt, Stop<CodeRefusal>> {
        patiently(|| async {
            let mut drawn = self.source.draw()?;
            let mut shards = BTreeSet::from([Shard::of_member(ask.member), shard_of(ask.tenant, &drawn)]);
            loop {
                match self.try_issue(ask, &drawn, &shards).await? {
                    Step::Done(receipt) => return Ok(receipt),
                    Step::Wider(more) => shards.extend(more),
                    Step::DrawAgain => {
                        drawn = self.source.draw()?;
                        shards.insert(shard_of(ask.tenant, &drawn));
                    }
                }
            }
        })
        .await
    }

    async fn try_issue(
        &self,
        ask: &Issue,
        drawn: &Code,
        shards: &BTreeSet<Shard>,
    ) -> Result<Step<IssueReceipt>, Stop<CodeRefusal>> {
        let (tenant, member, home) = (ask.tenant, ask.member, Shard::of_member(ask.member));
        let mut tx = self.store.begin(tenant, shards.iter().copied()).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, home, &ask.key, now).await?)? {
            return Ok(Step::Done(receipt));
        }
        refuse_suspended(&mut tx, tenant).await?;
        if !ask.known && !people::is_known(&mut tx, tenant, member).await? {
            return Err(Stop::Refused(CodeRefusal::MemberNotFound { member }));
        }
        let has = store::live_of(tx.connection(), tenant, member).await?;
        let keeps = has.as_ref().filter(|_| !ask.replace).map(|issued| issued.code.clone());
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(Step::Done(IssueReceipt { issued: keeps.is_none(), code: keeps, reached: Reached::default() }));
        }
        let issued = keeps.is_none();
        if issued {
            let replaced = has.as_ref().map(|issued| shard_of(tenant, &issued.code));
            if let Some(missing) = replaced.filter(|shard| !shards.contains(shard)) {
                tx.roll_back().await?;
                return Ok(Step::Wider(BTreeSet::from([missing])));
            }
            if store::find(tx.connection(), tenant, drawn).await?.is_some() {
                tx.roll_back().await?;
                return Ok(Step::DrawAgain);
            }
            self.replace(&mut tx, ask, has.as_ref(), drawn, now).await?;
        }
        let code = Some(keeps.unwrap_or_else(|| drawn.clone()));
        let receipt = IssueReceipt { code, issued, reached: Reached::of(&tx, home) };
        tx.remember(tenant, home, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(Step::Done(receipt))
    }

    async fn replace(
        &self,
        tx: &mut Tx,
        ask: &Issue,
        has: Option<&Issued>,
        drawn: &Code,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (tenant, member) = (ask.tenant, ask.member);
        let mut said = Vec::new();
        if let Some(old) = has {
            store::retire(tx.connection(), tenant, &old.code, now).await?;
            said.push(events::retired(tenant, member, &old.code, now));
        }
        let issued = Issued { code: drawn.clone(), member, issued_at: now, retired_at: None };
        store::insert(tx.connection(), tenant, &issued).await?;
        said.push(events::issued(tenant, member, drawn, now));
        eventlog::append(tx, said, now)
    }

    /// Retires a code.
    pub async fn retire(&self, ask: &Retire) -> Result<RetireReceipt, Stop<CodeRefusal>> {
        patiently(|| async {
            let mut shards = BTreeSet::from([shard_of(ask.tenant, &ask.code)]);
            loop {
                match self.try_retire(ask, &shards).await? {
                    Step::Done(receipt) => return Ok(receipt),
                    Step::Wider(more) => shards.extend(more),
                    Step::DrawAgain => {}
                }
            }
        })
        .await
    }

    async fn try_retire(
        &self,
        ask: &Retire,
        shards: &BTreeSet<Shard>,
    ) -> Result<Step<RetireReceipt>, Stop<CodeRefusal>> {
        let (tenant, home) = (ask.tenant, shard_of(ask.tenant, &ask.code));
        let mut tx = self.store.begin(tenant, shards.iter().copied()).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, home, &ask.key, now).await?)? {
            return Ok(Step::Done(receipt));
        }
        refuse_suspended(&mut tx, tenant).await?;
        let issued = live(&mut tx, tenant, &ask.code).await?;
        let of_member = Shard::of_member(issued.member);
        if !shards.contains(&of_member) || ask.validate_only {
            tx.roll_back().await?;
            return Ok(if ask.validate_only {
                Step::Done(RetireReceipt { member: issued.member, reached: Reached::default() })
            } else {
                Step::Wider(BTreeSet::from([of_member]))
            });
        }
        store::retire(tx.connection(), tenant, &ask.code, now).await?;
        eventlog::append(&mut tx, [events::retired(tenant, issued.member, &ask.code, now)], now)?;
        let receipt = RetireReceipt { member: issued.member, reached: Reached::of(&tx, of_member) };
        tx.remember(tenant, home, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(Step::Done(receipt))
    }

    /// What is known of a code.
    pub async fn look_up(&self, tenant: TenantId, code: &Code) -> Result<Option<Issued>, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        store::find(reading.connection(), tenant, code).await
    }

    /// A member's live code.
    pub async fn of(&self, tenant: TenantId, member: MemberId) -> Result<Issued, Stop<CodeRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let issued = store::live_of(reading.connection(), tenant, member).await?;
        issued.ok_or(Stop::Refused(CodeRefusal::NoneOf { member }))
    }
}

/// A suspended tenant writes nothing.
pub(crate) async fn refuse_suspended<R>(tx: &mut Tx, tenant: TenantId) -> Result<(), Stop<R>> {
    if terms::of(tx, tenant).await?.suspended { Err(Stop::TenantSuspended) } else { Ok(()) }
}
