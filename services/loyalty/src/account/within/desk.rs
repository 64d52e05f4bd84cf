//! What another noun does to an account within a transaction of its own: by the rules of the desk, and written as it writes.
//!
//! Whoever begins the transaction has locked the member's shard, recalls and remembers the request, and commits. It reads
//! none of the account's tables.

use std::collections::{BTreeSet, HashMap};

use ::store::{StoreError, Tx};
use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use wire::Stop;

use crate::account::books::Books;
use crate::account::desk::{Answer, Ask, Receipt, ruling, sliding};
use crate::account::handing::desk::keep;
use crate::account::holdings::Holdings;
use crate::account::settling::{Until, settle};
use crate::account::standing::standing;
use crate::account::tally::Tally;
use crate::account::wallet::{Owner, WalletCode};
use crate::account::{AccountRefusal, Accounts, events, store};
use crate::audience::facts::MemberFacts;
use crate::programme::Programmes;
use crate::programme::terms::{TenantTerms, Versions};

/// A request that is decided, and not written yet.
pub(crate) struct Decided {
    books: Books,
    found: store::Found,
    receipt: Receipt,
}

/// Decides a request to an account; nothing is written until [`Decided::write`].
pub(crate) async fn decide(
    programmes: &Programmes,
    tx: &mut Tx,
    ask: &Ask,
    now: Timestamp,
) -> Result<Result<Decided, AccountRefusal>, StoreError> {
    let tenants: BTreeSet<TenantId> = ask.members().into_iter().map(|(tenant, _)| tenant).collect();
    let held = programmes.within(tx, &tenants).await?.into_iter();
    let terms: HashMap<TenantId, TenantTerms> = held.map(|(tenant, held)| (tenant, ruling(held))).collect();
    let store::Loaded { mut books, done, found } = store::load(tx, &[ask], &sliding(&terms), now).await?;
    let mut tally = Tally { terms: &terms, done: &done, now };
    match tally.decide(&mut books, ask) {
        Answer::Done(receipt) => Ok(Ok(Decided { books, found, receipt })),
        Answer::Refused(refusal) => Ok(Err(refusal)),
        Answer::Settled
        | Answer::Reused { .. }
        | Answer::TooOld { .. }
        | Answer::Suspended
        | Answer::CannotApply(_) => {
            Err(StoreError::unreadable("an account was asked for what is not its own to decide"))
        }
    }
}

impl Decided {
    /// What came of it.
    pub(crate) const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Writes it, and says it to the log.
    pub(crate) async fn write(&self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        keep(tx, &self.books, &self.found, now).await?;
        eventlog::append(tx, events::said(&self.books), now)
    }
}

/// What is known of a member, in a transaction that has locked their shard, and whether anything was heard of them.
pub(crate) async fn facts(
    programmes: &Programmes,
    tx: &mut Tx,
    (tenant, member): (TenantId, MemberId),
    now: Timestamp,
) -> Result<(MemberFacts, bool), StoreError> {
    let held = programmes.within(tx, &BTreeSet::from([tenant])).await?;
    let versions = held.into_iter().find(|(known, _)| *known == tenant).map(|(_, held)| ruling(held).versions);
    let known = store::read_member(tx.connection(), tenant, member).await?.remove(&Owner::of_points(tenant, member));
    let is_known = known.is_some();
    let holdings = known.unwrap_or_else(|| Holdings::new(member, now));
    Ok((settled_facts(holdings, versions.unwrap_or_default().points(), now)?, is_known))
}

fn settled_facts(mut holdings: Holdings, versions: &Versions, now: Timestamp) -> Result<MemberFacts, StoreError> {
    settle(&mut holdings, versions, Until::Including(now)).map_err(StoreError::unreadable)?;
    let terms = versions.at(now);
    let stands = match terms {
        Some(terms) => standing(&holdings, terms, None, now).map_err(StoreError::unreadable)?.map(|(view, _)| view),
        None => None,
    };
    Ok(MemberFacts::of(&holdings, terms, stands.as_ref(), now))
}

impl Accounts {
    /// What is known of a member now.
    pub(crate) async fn facts(&self, tenant: TenantId, member: MemberId) -> Result<MemberFacts, StoreError> {
        let settled = self.settled(tenant, member).await;
        let mut settled = settled.map_err(|stop| match stop {
            Stop::Failed(error) => error,
            Stop::Refused(_) | Stop::RequestIdReused { .. } | Stop::RequestIdTooOld { .. } | Stop::TenantSuspended => {
                StoreError::unreadable("a look at an account was refused")
            }
        })?;
        let holdings = settled.take(WalletCode::POINTS);
        settled_facts(holdings, settled.versions.points(), settled.now)
    }
}
