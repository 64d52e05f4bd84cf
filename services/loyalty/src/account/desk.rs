//! The desk: where every change of an account is worked off, batch by batch.
//!
//! The order of the steps is the safety argument: the shards are locked, then requests are recalled, then holdings are
//! read, then rules decide in memory, then everything is written. Nothing is read before the lock, nothing decided after
//! the write.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use ::store::{Desk, Place, Recall, RequestKey, StoreError, Tx};
use eventlog::Heard;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kernel::{Clock, MemberId, OrderId, Shard, TenantId};
use terms::{Held, Settled};

use super::books::Books;
use super::earning::OrderFacts;
use super::handing::desk::keep;
pub use super::receipts::Receipt;
use super::reversing::ReturnFacts;
use super::store::recalling::{self, First};
use super::tally::Tally;
use super::{
    AccountRefusal, Adjustment, Capture, Grant, NewHold, NewOccasion, OpeningAsk, Redemption, Release, Reversal,
    Revocation, TierAsk, TransferAsk, events, occasion, store, uses,
};
use crate::account::wallet::Owner;
use crate::mission::facts::Who;
use crate::programme::terms::{TenantTerms, may_slide};
use crate::programme::wallets::ByWallet;
use crate::programme::{Programme, Programmes};
use crate::{benefit, mission, reservation};

/// One member, in one tenant.
pub(super) type Whose = (TenantId, MemberId);

/// Something that happened to a member, as heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// In which tenant.
    pub tenant: TenantId,
    /// To whom; to the tenant itself where none is named.
    pub member: Option<MemberId>,
    /// What.
    pub kind: DeedKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeedKind {
    /// They joined.
    Joined {
        /// When.
        at: Timestamp,
        /// How they came; empty where not told.
        channel: String,
        /// Part of a history that is being loaded.
        historic: bool,
    },
    /// They bought; a guest's order that joins brings what had come back of it before.
    Bought {
        /// What.
        order: OrderFacts,
        /// What had come back already.
        back: Option<ReturnFacts>,
    },
    /// Something came back.
    Returned(ReturnFacts),
    /// Registry settled something for the tenant.
    TenantSettled(Settled),
}

/// A request to the desk.
#[derive(Debug)]
pub enum Ask {
    /// Spend.
    Redeem(Redemption),
    /// Give back.
    Reverse(Reversal),
    /// Hold back.
    Hold(NewHold),
    /// Spend what is held.
    Capture(Capture),
    /// Let it go.
    Release(Release),
    /// Change by hand.
    Adjust(Adjustment),
    /// Give for something that is no order.
    Grant(Grant),
    /// Take over from another system.
    Open(OpeningAsk),
    /// Take that back.
    Revoke(Revocation),
    /// Do something about a tier by hand.
    Tiers(TierAsk),
    /// Record an occasion.
    Occasion(NewOccasion),
    /// Pass points on to another member, or take that back.
    Transfer(TransferAsk),
    /// Apply what was heard, and move the cursors with it.
    Hear {
        /// The events with their cursors.
        heard: Arc<Heard>,
        /// What they mean here, in their order.
        deeds: Vec<Deed>,
        /// What they mean to coupons that were used for orders.
        coupons: Vec<reservation::Deed>,
        /// What they mean to missions.
        missions: Vec<mission::Deed>,
    },
    /// Settle what has fallen due.
    Settle {
        /// In which tenant.
        tenant: TenantId,
        /// For whom.
        members: Vec<MemberId>,
    },
}

impl Ask {
    pub(super) fn key(&self) -> Option<(TenantId, MemberId, &RequestKey)> {
        match self {
            Self::Redeem(ask) => Some((ask.tenant, ask.member, &ask.key)),
            Self::Reverse(ask) => Some((ask.tenant, ask.member, &ask.key)),
            Self::Hold(ask) => Some((ask.tenant, ask.member, &ask.key)),
            Self::Capture(ask) => Some((ask.tenant, ask.member, &ask.key)),
            Self::Release(ask) => Some((ask.tenant, ask.member, &ask.key)),
            Self::Adjust(ask) => Some((ask.tenant, ask.member, &ask.key)),
            Self::Grant(ask) => Some((ask.tenant, ask.member, &ask.key)),
            Self::Open(ask) => Some((ask.tenant, ask.member, &ask.key)),
            Self::Revoke(ask) => Some((ask.tenant, ask.member, &ask.key)),
            Self::Tiers(ask) => Some((ask.tenant, ask.member, &ask.key)),
            Self::Occasion(ask) => Some((ask.tenant, ask.member, ask.key.as_ref()?)),
            Self::Transfer(ask) => Some((ask.tenant, ask.member, &ask.key)),
            Self::Hear { .. } | Self::Settle { .. } => None,
        }
    }

    /// Which account a call speaks of. What is heard, what is due and an occasion may be about all of a member's; a call
    /// that names an entry or a hold, about any of them.
    pub(super) fn owner(&self) -> Option<Owner> {
        match self {
            Self::Redeem(ask) => Some(Owner { tenant: ask.tenant, member: ask.member, wallet: ask.wallet }),
            Self::Hold(ask) => Some(Owner { tenant: ask.tenant, member: ask.member, wallet: ask.wallet }),
            Self::Adjust(ask) => Some(Owner { tenant: ask.tenant, member: ask.member, wallet: ask.wallet }),
            Self::Grant(ask) => Some(ask.owner()),
            Self::Open(ask) => Some(ask.owner()),
            Self::Tiers(ask) => Some(Owner::of_points(ask.tenant, ask.member)),
            Self::Transfer(ask) => ask.accounts().map(|(from, _)| from),
            Self::Reverse(_)
            | Self::Capture(_)
            | Self::Release(_)
            | Self::Revoke(_)
            | Self::Occasion(_)
            | Self::Hear { .. }
            | Self::Settle { .. } => None,
        }
    }

    /// Whether whoever calls wants to know why.
    pub(super) fn explain(&self) -> bool {
        match self {
            Self::Redeem(ask) => ask.explain,
            Self::Reverse(ask) => ask.explain,
            Self::Adjust(ask) => ask.explain,
            Self::Capture(ask) => ask.explain,
            Self::Open(ask) => ask.explain,
            Self::Occasion(ask) => ask.explain,
            Self::Transfer(ask) => ask.explain,
            Self::Hold(_)
            | Self::Release(_)
            | Self::Grant(_)
            | Self::Revoke(_)
            | Self::Tiers(_)
            | Self::Hear { .. }
            | Self::Settle { .. } => false,
        }
    }

    pub(super) fn members(&self) -> Vec<Whose> {
        match self {
            Self::Hear { deeds, .. } => deeds.iter().filter_map(|deed| Some((deed.tenant, deed.member?))).collect(),
            Self::Occasion(ask) => vec![(ask.tenant, ask.member)],
            Self::Settle { tenant, members } => members.iter().map(|member| (*tenant, *member)).collect(),
            Self::Transfer(ask) => ask.members(),
            Self::Redeem(_)
            | Self::Reverse(_)
            | Self::Hold(_)
            | Self::Capture(_)
            | Self::Release(_)
            | Self::Adjust(_)
            | Self::Grant(_)
            | Self::Open(_)
            | Self::Revoke(_)
            | Self::Tiers(_) => self.key().map(|(tenant, member, _)| (tenant, member)).into_iter().collect(),
        }
    }
}

/// The desk's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Done, with a receipt.
    Done(Receipt),
    /// What was due is settled; what was heard is applied.
    Settled,
    /// The rules say no.
    Refused(AccountRefusal),
    /// The request id was used for something else.
    Reused {
        /// The field that differs.
        field: String,
    },
    /// The request id is older than what is remembered.
    TooOld {
        /// How long that is.
        kept_days: u16,
    },
    /// The tenant may not write.
    Suspended,
    /// What was heard makes no sense here.
    CannotApply(String),
}

pub(crate) struct AccountDesk {
    clock: Clock,
    programmes: Programmes,
}

impl AccountDesk {
    pub(super) fn new(clock: Clock, programmes: Programmes) -> Self {
        Self { clock, programmes }
    }

    async fn work_off(&self, tx: &mut Tx, asks: &[Ask]) -> Result<Vec<Answer>, StoreError> {
        let now = self.clock.now();
        let recalled = recalling::recall(tx, asks, now).await?;
        let tenants: BTreeSet<TenantId> = asks.iter().flat_map(Ask::members).map(|(tenant, _)| tenant).collect();
        let held = self.programmes.within(tx, &tenants).await?.into_iter();
        let terms: HashMap<TenantId, TenantTerms> = held.map(|(tenant, held)| (tenant, ruling(held))).collect();
        let open: Vec<&Ask> =
            asks.iter().zip(&recalled).filter(|(_, known)| matches!(known, Recall::New)).map(|(ask, _)| ask).collect();
        let store::Loaded { mut books, done, found } = store::load(tx, &open, &sliding(&terms), now).await?;
        uses::store::load(tx.connection(), &uses::desk::counted(&open, &terms), &mut books).await?;
        occasion::store::load(tx.connection(), &occasion::desk::named(&open), &mut books).await?;
        store::transfers::of_late(tx.connection(), &open, &terms, &mut books, now).await?;

        let mut tally = Tally { terms: &terms, done: &done, now };
        let mut answers: Vec<Answer> = Vec::with_capacity(asks.len());
        let mut first = First::new();
        for (place, (ask, known)) in asks.iter().zip(recalled).enumerate() {
            let answer = match known {
                Recall::Done(receipt) => Answer::Done(serde_json::from_value(receipt).map_err(StoreError::unreadable)?),
                Recall::Reused { field } => Answer::Reused { field },
                Recall::TooOld { kept_days } => Answer::TooOld { kept_days },
                Recall::New => match recalling::twin(asks, &answers, &mut first, place) {
                    Some(answer) => answer,
                    None => tally.decide(&mut books, ask),
                },
            };
            answers.push(answer);
        }

        if tx.presumes_new() && !all_given(asks, &answers) {
            return Err(StoreError::Presumed);
        }
        // Cursors move for what was applied and for nothing else: what could not be is heard again, alone.
        for (ask, answer) in asks.iter().zip(&answers) {
            if let (Ask::Hear { heard, deeds, coupons, missions }, Answer::Settled) = (ask, answer) {
                heard.settle(tx, now).await?;
                keep_tenants(tx, deeds, now).await?;
                reservation::heard(tx, coupons, now).await?;
                benefit::heard(tx, coupons, now).await?;
                mission::heard(tx, missions, &|deed, order| who(&books, deed, order), now).await?;
            }
        }
        let withheld = keep(tx, &books, &found, now).await?;
        occasion::desk::finish(tx, asks, (&books, &mut answers), &withheld, now).await?;
        eventlog::append(tx, events::said(&books), now)?;
        recalling::remember(tx, asks, &mut answers, &first, now)?;
        Ok(answers)
    }
}

/// Whether every grant of a batch is written: an answer that writes nothing was not compared with what is remembered.
fn all_given(asks: &[Ask], answers: &[Answer]) -> bool {
    asks.iter().zip(answers).all(|(ask, answer)| !matches!(ask, Ask::Grant(_)) || matches!(answer, Answer::Done(_)))
}

/// How a member stood when they bought something that this batch has booked.
fn who(books: &Books, deed: &mission::Deed, order: OrderId) -> Option<Who> {
    let holdings = books.get(&Owner::of_points(deed.tenant, deed.member))?;
    holdings.faced.get(&order).map(|buyer| Who::of(buyer, holdings.joined_at))
}

/// In which tenants what is given renews what is there.
pub(super) fn sliding(terms: &HashMap<TenantId, TenantTerms>) -> BTreeSet<TenantId> {
    terms.iter().filter(|(_, terms)| may_slide(terms.versions.points())).map(|(tenant, _)| *tenant).collect()
}

pub(super) fn ruling(held: Held<Programme>) -> TenantTerms {
    TenantTerms { versions: ByWallet::of(held.versions), suspended: held.settled.suspended }
}

/// What registry settled is kept with the tenant's shard locked: see [`AccountDesk::place`].
async fn keep_tenants(tx: &mut Tx, deeds: &[Deed], now: Timestamp) -> Result<(), StoreError> {
    for deed in deeds {
        if let DeedKind::TenantSettled(settled) = &deed.kind {
            terms::keep(tx, deed.tenant, settled, now).await?;
        }
    }
    Ok(())
}

impl Desk for AccountDesk {
    type Ask = Ask;
    type Answer = Answer;

    fn place(ask: &Ask) -> Place {
        let mut place = match ask {
            Ask::Hear { heard, deeds, .. } => {
                let mut place = heard.place();
                place.shards.extend(
                    deeds
                        .iter()
                        .map(|deed| Shard::of_tenant(deed.tenant))
                        .filter(|_| deeds.iter().any(|deed| matches!(deed.kind, DeedKind::TenantSettled(_)))),
                );
                place
            }
            Ask::Open(ask) => Place { shards: [ask.home()].into(), ..Place::default() },
            Ask::Redeem(_)
            | Ask::Reverse(_)
            | Ask::Hold(_)
            | Ask::Capture(_)
            | Ask::Release(_)
            | Ask::Adjust(_)
            | Ask::Grant(_)
            | Ask::Revoke(_)
            | Ask::Tiers(_)
            | Ask::Occasion(_)
            | Ask::Transfer(_)
            | Ask::Settle { .. } => Place::default(),
        };
        for (tenant, member) in ask.members() {
            place.tenants.insert(tenant);
            place.shards.insert(Shard::of_member(member));
        }
        place
    }

    /// A grant that is made twice breaks the key of its lot, one that is said twice that of its request.
    fn presumes_new(asks: &[Ask]) -> bool {
        asks.iter().all(|ask| match ask {
            Ask::Grant(grant) => !grant.validate_only,
            Ask::Hear { .. } | Ask::Settle { .. } => true,
            Ask::Redeem(_)
            | Ask::Reverse(_)
            | Ask::Hold(_)
            | Ask::Capture(_)
            | Ask::Release(_)
            | Ask::Adjust(_)
            | Ask::Open(_)
            | Ask::Revoke(_)
            | Ask::Tiers(_)
            | Ask::Occasion(_)
            | Ask::Transfer(_) => false,
        })
    }

    fn work<'a>(&'a self, tx: &'a mut Tx, asks: &'a [Ask]) -> BoxFuture<'a, Result<Vec<Answer>, StoreError>> {
        Box::pin(self.work_off(tx, asks))
    }
}
