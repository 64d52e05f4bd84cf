//! The account: one member's points and tier.
//!
//! 1. `sum(entries) = balance = sum(lots left) - deficit`, after every entry.
//! 2. Entries are written once. What was wrong is put right by another entry.
//! 3. Points are spent from the lot nearest to lapsing. At its lapse instant a point is gone, whether or not the lapse is
//!    written yet: every decision first settles what has fallen due, each as of its own instant.
//! 4. A tier is won at once, kept or lost at the end of its term, and looked back at after a return.
//! 5. Everything that changes an account goes through the desk: calls, events, timers. One batch locks its shards, reads
//!    the holdings of all members it touches, applies the rules to each request in order in memory, and writes what nearly
//!    every batch posts in one statement, and what is rarer in one for each table.
//!
//! Life cycle of points: earned (-> waiting -> usable) (-> held -> let go) -> spent | lapsed | taken back; spent -> given back;
//! usable -> passed on, as points of another member that lapse when they would have.
//! Cost of a batch, whatever its size: begin 1 or 2, recall 1, terms 1, holdings 1 to 8, posting 1, other writes at most 8,
//! commit 1 round trips. A batch of grants makes nine; orders under rules limited over a time read one more and write one more.

pub mod assessing;
mod auditing;
mod books;
pub mod chain;
pub mod decision;
mod desk;
pub mod earning;
mod events;
pub mod facing;
pub mod granting;
pub mod handing;
pub mod holding;
mod holding_asks;
pub mod holdings;
pub mod judging;
pub mod lot;
pub mod occasion;
pub mod opening;
mod opening_asks;
pub mod posting;
pub(crate) mod qualification;
mod quoting;
mod reading;
mod receipts;
pub mod recorded;
pub mod redemption;
mod refusal;
pub mod replaying;
pub mod reversing;
pub(crate) mod reviewing;
pub mod settling;
pub mod sliding;
mod spending_asks;
pub(crate) mod standing;
mod store;
mod tally;
pub mod tier;
mod tier_asks;
mod transfer_asks;
pub mod transferring;
pub mod uses;
pub mod verifying;
pub mod wallet;
pub(crate) mod within;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows is to fail loudly")]
mod laws;
#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows is to fail loudly")]
mod walk;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use ::store::{RequestKey, Store, Writer};
use eventlog::{CannotApply, Heard};
use kernel::{Clock, EntryId, MemberId, Points, TenantId};
use tokio::sync::Semaphore;
use wire::Stop;

pub use self::auditing::{Audit, Proved, Verified};
pub use self::chain::Seal;
use self::desk::{AccountDesk, Whose};
pub use self::desk::{Answer, Ask, Deed, DeedKind, Receipt};
pub use self::holding_asks::{Capture, NewHold, Release};
pub use self::occasion::{NewOccasion, OccasionReceipt, OccasionView};
pub use self::opening_asks::{OpeningAsk, OpeningRefusal};
pub use self::quoting::{Quote, QuotedWallet};
pub use self::reading::{AccountView, Bought, EntryView, Overview, Qualifications, TierThen, TierView, WalletView};
pub use self::receipts::Mark;
pub use self::refusal::AccountRefusal;
pub use self::reviewing::bringing::Brought;
pub use self::spending_asks::{Redemption, Reversal};
pub use self::standing::{AssignedView, QualificationView, StandingView};
pub use self::tier_asks::{TierAsk, TierDeed, TierReceipt, TierRefusal};
pub use self::transfer_asks::{Made, TransferAsk, TransferDeed, TransferLimit, TransferReceipt, TransferRefusal};
use crate::account::wallet::{Owner, WalletCode};
use crate::programme::Programmes;
use crate::{mission, reservation};

/// Points to add or take by hand.
#[derive(Clone, Debug)]
pub struct Adjustment {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose points.
    pub member: MemberId,
    /// In which of their wallets.
    pub wallet: WalletCode,
    /// Signed, not zero.
    pub points: Points,
    /// Why.
    pub reason: String,
    /// Who does it, as their token names them.
    pub actor: String,
    /// Registry knows the member, though nothing was heard of them yet.
    pub known: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// Answer why, too.
    pub explain: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// Points to give for something that is no order.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who is given them.
    pub member: MemberId,
    /// In which of their wallets.
    pub wallet: WalletCode,
    /// How many.
    pub points: Points,
    /// What for: given once for each member.
    pub cause: String,
    /// Why.
    pub reason: String,
    /// Registry knows the member, though nothing was heard of them yet.
    pub known: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

impl Grant {
    pub(crate) const fn owner(&self) -> Owner {
        Owner { tenant: self.tenant, member: self.member, wallet: self.wallet }
    }
}

/// A grant to take back.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose points.
    pub member: MemberId,
    /// The grant's entry.
    pub entry: EntryId,
    /// Why.
    pub reason: String,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// While one batch is committed, another is decided.
const WRITERS: NonZeroUsize = NonZeroUsize::new(2).expect("it is not zero");

/// All accounts.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    clock: Clock,
    programmes: Programmes,
    writer: Writer<AccountDesk>,
    auditing: Arc<Semaphore>,
}

impl Accounts {
    pub(crate) fn open(store: Store, clock: Clock, programmes: Programmes) -> Self {
        let desk = Arc::new(AccountDesk::new(clock.clone(), programmes.clone()));
        let writer = Writer::several(&store, &desk, WRITERS);
        Self { store, clock, programmes, writer, auditing: Arc::new(Semaphore::new(1)) }
    }

    /// Spends points.
    pub async fn redeem(&self, ask: Redemption) -> Result<Receipt, Stop<AccountRefusal>> {
        self.receipt(Ask::Redeem(ask)).await
    }

    /// Spends points of many members; each has its own outcome.
    pub async fn redeem_all(&self, asks: Vec<Redemption>) -> Vec<Result<Receipt, Stop<AccountRefusal>>> {
        let wanted: Vec<Option<Whose>> =
            asks.iter().map(|ask| ask.explain.then_some((ask.tenant, ask.member))).collect();
        let done = asks.into_iter().map(|ask| self.carry_out(Ask::Redeem(ask)));
        self.all_explained(wanted, futures::future::join_all(done).await).await
    }

    /// Gives spent points back.
    pub async fn reverse(&self, ask: Reversal) -> Result<Receipt, Stop<AccountRefusal>> {
        self.receipt(Ask::Reverse(ask)).await
    }

    /// Holds points back.
    pub async fn hold(&self, ask: NewHold) -> Result<Receipt, Stop<AccountRefusal>> {
        self.receipt(Ask::Hold(ask)).await
    }

    /// Spends held points.
    pub async fn capture(&self, ask: Capture) -> Result<Receipt, Stop<AccountRefusal>> {
        self.receipt(Ask::Capture(ask)).await
    }

    /// Lets held points go.
    pub async fn release(&self, ask: Release) -> Result<Receipt, Stop<AccountRefusal>> {
        self.receipt(Ask::Release(ask)).await
    }

    /// Adds or takes points by hand.
    pub async fn adjust(&self, ask: Adjustment) -> Result<Receipt, Stop<AccountRefusal>> {
        self.receipt(Ask::Adjust(ask)).await
    }

    /// Gives points for something that is no order.
    pub async fn grant(&self, ask: Grant) -> Result<Receipt, Stop<AccountRefusal>> {
        self.receipt(Ask::Grant(ask)).await
    }

    /// Gives points to many members; each has its own outcome.
    pub async fn grant_all(&self, asks: Vec<Grant>) -> Vec<Result<Receipt, Stop<AccountRefusal>>> {
        futures::future::join_all(asks.into_iter().map(|ask| self.carry_out(Ask::Grant(ask)))).await
    }

    /// Takes over what many members bring along; each has its own outcome.
    pub async fn open_all(&self, asks: Vec<OpeningAsk>) -> Vec<Result<Receipt, Stop<AccountRefusal>>> {
        let wanted = asks.iter().map(|ask| ask.explain.then_some((ask.tenant, ask.member))).collect();
        let done = self.in_turn(asks.into_iter().map(Ask::Open)).await;
        self.all_explained(wanted, done).await
    }

    /// Records occasions; each has its own outcome. What lies in the future is of now.
    pub async fn occur_all(&self, mut asks: Vec<NewOccasion>) -> Vec<Result<Receipt, Stop<AccountRefusal>>> {
        let now = self.clock.now();
        asks.iter_mut().for_each(|ask| ask.facts.occurred_at = ask.facts.occurred_at.min(now));
        let wanted: Vec<Option<Whose>> =
            asks.iter().map(|ask| ask.explain.then_some((ask.tenant, ask.member))).collect();
        let done = futures::future::join_all(asks.into_iter().map(|ask| self.carry_out(Ask::Occasion(ask)))).await;
        let mut told = Vec::with_capacity(done.len());
        for (wanted, outcome) in wanted.into_iter().zip(done) {
            told.push(match outcome {
                Ok(receipt) => self.explained_occasion(wanted, receipt).await,
                Err(stop) => Err(stop),
            });
        }
        told
    }

    /// Takes a grant back.
    pub async fn revoke(&self, ask: Revocation) -> Result<Receipt, Stop<AccountRefusal>> {
        self.receipt(Ask::Revoke(ask)).await
    }

    /// Lets many members stand where they stood in another system; each has its own outcome.
    pub async fn tiers_all(&self, asks: Vec<TierAsk>) -> Vec<Result<Receipt, Stop<AccountRefusal>>> {
        self.in_turn(asks.into_iter().map(Ask::Tiers)).await
    }

    /// Does something about a tier by hand.
    pub async fn tiers(&self, ask: TierAsk) -> Result<Receipt, Stop<AccountRefusal>> {
        self.receipt(Ask::Tiers(ask)).await
    }

    /// Passes points of one member on to another.
    pub async fn transfer(&self, ask: TransferAsk) -> Result<Receipt, Stop<AccountRefusal>> {
        self.receipt(Ask::Transfer(ask)).await
    }

    /// Takes a transfer back. Whom to lock is read before: it never changes.
    pub async fn reverse_transfer(&self, ask: TransferAsk) -> Result<Receipt, Stop<AccountRefusal>> {
        let mut reading = self.store.read(ask.tenant).await?;
        let made = store::transfers::made(reading.connection(), (ask.tenant, ask.member), ask.transfer).await?;
        drop(reading);
        self.transfer(TransferAsk { what: TransferDeed::Reverse { made }, ..ask }).await
    }

    /// Applies what was heard, together with the cursors of who said it.
    pub(crate) async fn hear(
        &self,
        heard: Arc<Heard>,
        deeds: Vec<Deed>,
        (coupons, missions): (Vec<reservation::Deed>, Vec<mission::Deed>),
    ) -> Result<(), CannotApply> {
        match self.writer.write(Ask::Hear { heard, deeds, coupons, missions }).await? {
            Answer::CannotApply(cause) => Err(CannotApply::Event(cause)),
            Answer::Done(_) | Answer::Settled | Answer::Refused(_) | Answer::Suspended => Ok(()),
            Answer::Reused { .. } | Answer::TooOld { .. } => Ok(()),
        }
    }

    /// Settles what has fallen due for some members of a tenant.
    pub(crate) async fn settle(&self, tenant: TenantId, members: Vec<MemberId>) -> Result<(), ::store::StoreError> {
        self.writer.write(Ask::Settle { tenant, members }).await.map(|_| ())
    }

    async fn receipt(&self, ask: Ask) -> Result<Receipt, Stop<AccountRefusal>> {
        let wanted = ask.key().filter(|_| ask.explain()).map(|(tenant, member, _)| (tenant, member));
        let receipt = self.carry_out(ask).await?;
        self.explained(wanted, receipt).await
    }

    /// The receipt with the reasons, where they are wanted. Whoever asks again is told what the entry was written with.
    async fn explained(&self, wanted: Option<Whose>, receipt: Receipt) -> Result<Receipt, Stop<AccountRefusal>> {
        let why = match (wanted, receipt.why, receipt.entry) {
            (None, ..) => None,
            (Some((tenant, member)), None, Some(entry)) => {
                Some(Box::new(self.entry(tenant, Some(member), entry).await?.explanation()))
            }
            (Some(_), known, _) => known,
        };
        Ok(Receipt { why, ..receipt })
    }

    async fn all_explained(
        &self,
        wanted: Vec<Option<Whose>>,
        done: Vec<Result<Receipt, Stop<AccountRefusal>>>,
    ) -> Vec<Result<Receipt, Stop<AccountRefusal>>> {
        let mut told = Vec::with_capacity(done.len());
        // One after another: a batch that is said again holds one connection, not as many as it has items.
        for (wanted, outcome) in wanted.into_iter().zip(done) {
            told.push(match outcome {
                Ok(receipt) => self.explained(wanted, receipt).await,
                Err(stop) => Err(stop),
            });
        }
        told
    }

    /// The same of an occasion, which may have brought no entry.
    async fn explained_occasion(
        &self,
        wanted: Option<Whose>,
        receipt: Receipt,
    ) -> Result<Receipt, Stop<AccountRefusal>> {
        let known = receipt.occasion.as_ref().and_then(|told| told.occasion);
        let why = match (wanted, &receipt.why, known) {
            (None, ..) => None,
            (Some((tenant, member)), None, Some(known)) => {
                self.occasion(tenant, member, known).await?.and_then(|found| found.explanation()).map(Box::new)
            }
            (Some(_), why, _) => why.clone(),
        };
        Ok(Receipt { why, ..receipt })
    }

    /// Carries out what is asked about one member one after another, and members beside one another: which lot fills what is owed
    /// does not hang on which of two batches is written first.
    async fn in_turn(&self, asks: impl Iterator<Item = Ask>) -> Vec<Result<Receipt, Stop<AccountRefusal>>> {
        let mut by_member: BTreeMap<Vec<Whose>, Vec<(usize, Ask)>> = BTreeMap::new();
        for (place, ask) in asks.enumerate() {
            by_member.entry(ask.members()).or_default().push((place, ask));
        }
        let of_one = async |asks: Vec<(usize, Ask)>| {
            let mut done = Vec::with_capacity(asks.len());
            for (place, ask) in asks {
                done.push((place, self.carry_out(ask).await));
            }
            done
        };
        let done = futures::future::join_all(by_member.into_values().map(of_one)).await;
        let in_order: BTreeMap<usize, _> = done.into_iter().flatten().collect();
        in_order.into_values().collect()
    }

    async fn carry_out(&self, ask: Ask) -> Result<Receipt, Stop<AccountRefusal>> {
        match self.writer.write(ask).await? {
            Answer::Done(receipt) => Ok(receipt),
            Answer::Refused(refusal) => Err(Stop::Refused(refusal)),
            Answer::Reused { field } => Err(Stop::RequestIdReused { field }),
            Answer::TooOld { kept_days } => Err(Stop::RequestIdTooOld { kept_days }),
            Answer::Suspended => Err(Stop::TenantSuspended),
            Answer::Settled | Answer::CannotApply(_) => {
                Err(Stop::Failed(::store::StoreError::unreadable("a call was answered as something else")))
            }
        }
    }
}
