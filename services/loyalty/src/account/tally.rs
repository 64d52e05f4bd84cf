//! What each request does to the holdings in memory.

pub(super) mod hearing;
mod holds;
mod occasions;
mod openings;
pub(in crate::account) mod tiers;
mod transfers;

use std::collections::HashMap;

use jiff::Timestamp;
use kernel::{ClaimId, EntryId, HoldId, MemberId, OccasionId, TenantId};

use super::books::{Books, of_member};
use super::decision::Explanation;
use super::desk::{Answer, Ask, Receipt, Whose};
use super::granting::{self, Granted};
use super::holdings::{Draw, EntryKind, Holdings, OutOfRange, Posting};
use super::opening::{self, Opened};
use super::redemption::{ByHand, CannotSpend, add_by_hand, redeem, take_by_hand};
use super::reversing::{Redeemed, give_back};
use super::uses::give_all_back;
use super::{AccountRefusal, Adjustment, Grant, Redemption, Reversal, Revocation};
use crate::account::wallet::{Owner, WalletCode};
use crate::programme::terms::{TenantTerms, Versions};

/// An entry that somebody wants reversed, as the statement has it.
#[derive(Clone, Debug)]
pub(super) struct Spent {
    pub wallet: WalletCode,
    pub kind: EntryKind,
    pub cause: String,
    pub points: i64,
    pub draws: Vec<Draw>,
    pub reversed: bool,
}

/// What the other system calls something: of which wallet, by which reference.
pub(super) type Brought = (TenantId, WalletCode, String);

/// What was done before, as far as a batch asks for it.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Entries that somebody wants reversed, by whose they are.
    pub spent: HashMap<(Whose, EntryId), Spent>,
    /// Grants that were made for the same cause.
    pub granted: HashMap<(Owner, String), EntryId>,
    /// What was brought along under the same references, and by whom.
    pub opened: HashMap<Brought, (MemberId, Opened)>,
}

pub(super) struct Tally<'a> {
    pub terms: &'a HashMap<TenantId, TenantTerms>,
    pub done: &'a Done,
    pub now: Timestamp,
}

pub(super) fn only_validates(ask: &Ask) -> bool {
    match ask {
        Ask::Redeem(ask) => ask.validate_only,
        Ask::Reverse(ask) => ask.validate_only,
        Ask::Hold(ask) => ask.validate_only,
        Ask::Capture(ask) => ask.validate_only,
        Ask::Release(ask) => ask.validate_only,
        Ask::Adjust(ask) => ask.validate_only,
        Ask::Grant(ask) => ask.validate_only,
        Ask::Open(ask) => ask.validate_only,
        Ask::Revoke(ask) => ask.validate_only,
        Ask::Tiers(ask) => ask.validate_only,
        Ask::Occasion(ask) => ask.validate_only,
        Ask::Transfer(ask) => ask.validate_only,
        Ask::Hear { .. } | Ask::Settle { .. } => false,
    }
}

impl Tally<'_> {
    pub(super) fn decide(&mut self, books: &mut Books, ask: &Ask) -> Answer {
        match ask {
            Ask::Redeem(one) => {
                self.call(books, ask, |tally, holdings, versions| tally.redeem(holdings, versions, one))
            }
            Ask::Reverse(one) => {
                self.call(books, ask, |tally, holdings, versions| tally.reverse(holdings, versions, one))
            }
            Ask::Hold(one) => {
                self.call(books, ask, |tally, holdings, versions| holds::hold(holdings, versions, one, tally.now))
            }
            Ask::Capture(one) => {
                self.call(books, ask, |tally, holdings, versions| holds::capture(holdings, versions, one, tally.now))
            }
            Ask::Release(one) => {
                self.call(books, ask, |tally, holdings, versions| holds::release(holdings, versions, one, tally.now))
            }
            // Whoever has an account was heard of from registry or activity; points for nobody would be counted and owed.
            Ask::Adjust(one) if !one.known && !is_known(books, one.tenant, one.member) => {
                Answer::Refused(AccountRefusal::MemberNotFound { member: one.member })
            }
            Ask::Adjust(one) => {
                self.call(books, ask, |tally, holdings, versions| tally.adjust(holdings, versions, one))
            }
            Ask::Grant(one) if !one.known && !is_known(books, one.tenant, one.member) => {
                Answer::Refused(AccountRefusal::MemberNotFound { member: one.member })
            }
            Ask::Grant(one) => self.call(books, ask, |tally, holdings, versions| tally.grant(holdings, versions, one)),
            Ask::Open(one) if !one.known && !is_known(books, one.tenant, one.member) => {
                Answer::Refused(AccountRefusal::MemberNotFound { member: one.member })
            }
            Ask::Open(one) => match self.opened(books, one) {
                Some((member, opened)) => Answer::Refused(one.known_as(*member, opened).into()),
                None => self.call(books, ask, |tally, holdings, versions| tally.open(holdings, versions, one)),
            },
            Ask::Revoke(one) => {
                self.call(books, ask, |tally, holdings, versions| tally.revoke(holdings, versions, one))
            }
            Ask::Tiers(one) if !one.known && !is_known(books, one.tenant, one.member) => {
                Answer::Refused(AccountRefusal::MemberNotFound { member: one.member })
            }
            Ask::Tiers(one) => {
                self.call(books, ask, |tally, holdings, versions| tiers::carry_out(holdings, versions, one, tally.now))
            }
            Ask::Occasion(one) => self.record(books, one),
            Ask::Transfer(one) => self.transfer(books, one),
            Ask::Hear { deeds, .. } => self.hear(books, deeds),
            Ask::Settle { tenant, members } => self.settle(books, *tenant, members),
        }
    }

    fn call(
        &self,
        books: &mut Books,
        ask: &Ask,
        rule: impl FnOnce(&Self, &mut Holdings, &Versions) -> Result<Receipt, AccountRefusal>,
    ) -> Answer {
        let Some(owner) = self.owner(books, ask) else { return Answer::Settled };
        let terms = self.terms.get(&owner.tenant).cloned().unwrap_or_default();
        if terms.suspended {
            return Answer::Suspended;
        }
        let Some(versions) = terms.versions.get(owner.wallet) else {
            return Answer::Refused(AccountRefusal::WalletNotFound { wallet: owner.wallet });
        };
        let rules = terms.versions.points().at(self.now);
        if adds(ask) && rules.is_some_and(|rules| !rules.names(owner.wallet)) {
            return Answer::Refused(AccountRefusal::WalletNotFound { wallet: owner.wallet });
        }
        let holdings = books.entry(owner).or_insert_with(|| Holdings::of(owner.member, owner.wallet, self.now));
        // Who only asks is answered by the same rule, applied to a copy.
        let decided = if only_validates(ask) {
            let tried = rule(self, &mut holdings.clone(), versions);
            tried.map(|receipt| Receipt { entry: None, ..receipt })
        } else {
            rule(self, holdings, versions)
        };
        match decided {
            Ok(receipt) => Answer::Done(receipt),
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    /// Whose account a call is about. One that names an entry or a hold is about the wallet that has it.
    fn owner(&self, books: &Books, ask: &Ask) -> Option<Owner> {
        let (tenant, member, _) = ask.key()?;
        let of_entry = |entry: EntryId| {
            let written = self.done.spent.get(&((tenant, member), entry)).map(|spent| spent.wallet);
            let here = |holdings: &Holdings| holdings.postings.iter().any(|posting| posting.id == entry);
            written.or_else(|| with(books, (tenant, member), here))
        };
        let of_hold = |id: HoldId| with(books, (tenant, member), |all| all.holds.iter().any(|hold| hold.id == id));
        let wallet = match ask {
            Ask::Reverse(ask) => of_entry(ask.entry),
            Ask::Revoke(ask) => of_entry(ask.entry),
            Ask::Capture(ask) => of_hold(ask.hold),
            Ask::Release(ask) => of_hold(ask.hold),
            Ask::Redeem(_)
            | Ask::Hold(_)
            | Ask::Adjust(_)
            | Ask::Grant(_)
            | Ask::Open(_)
            | Ask::Tiers(_)
            | Ask::Occasion(_)
            | Ask::Transfer(_)
            | Ask::Hear { .. }
            | Ask::Settle { .. } => ask.owner().map(|owner| owner.wallet),
        };
        Some(Owner { tenant, member, wallet: wallet.unwrap_or_default() })
    }

    fn redeem(
        &self,
        holdings: &mut Holdings,
        versions: &Versions,
        ask: &Redemption,
    ) -> Result<Receipt, AccountRefusal> {
        let entry = redeem(holdings, versions, ask.points, &ask.spent_on, self.now)?;
        Ok(receipt(holdings, entry))
    }

    fn reverse(&self, holdings: &mut Holdings, versions: &Versions, ask: &Reversal) -> Result<Receipt, AccountRefusal> {
        let entry = ask.entry;
        let here = holdings.postings.iter().find(|posting| posting.id == entry);
        let written = self.done.spent.get(&((ask.tenant, ask.member), entry));
        let (kind, draws, spent_on) = match (here, written) {
            (Some(posting), _) => (posting.kind, posting.draws.clone(), &posting.cause),
            (None, Some(spent)) => (spent.kind, spent.draws.clone(), &spent.cause),
            (None, None) => return Err(AccountRefusal::EntryNotFound { entry }),
        };
        if kind != EntryKind::Redemption {
            return Err(AccountRefusal::NotARedemption { entry, kind });
        }
        if let Some(claim) = ClaimId::parse(spent_on).ok().filter(|claim| ask.claim != Some(*claim)) {
            return Err(AccountRefusal::SpentOnClaim { entry, claim });
        }
        let cause = entry.to_string();
        let reversed_here = holdings
            .postings
            .iter()
            .any(|posting| posting.kind == EntryKind::RedemptionReversal && posting.cause == cause);
        if reversed_here || written.is_some_and(|spent| spent.reversed) {
            return Err(AccountRefusal::AlreadyReversed { entry });
        }
        let given = give_back(holdings, versions, &Redeemed { entry, draws }, self.now)?;
        Ok(receipt(holdings, given))
    }

    fn adjust(
        &self,
        holdings: &mut Holdings,
        versions: &Versions,
        ask: &Adjustment,
    ) -> Result<Receipt, AccountRefusal> {
        let by = ByHand { reason: &ask.reason, actor: &ask.actor };
        let entry = if ask.points.is_positive() {
            let terms = versions.at(self.now).ok_or(AccountRefusal::ProgrammeNotFound { at: self.now })?;
            add_by_hand(holdings, versions, terms, ask.points, by, self.now)?
        } else {
            take_by_hand(holdings, versions, ask.points.negated(), by, self.now)?
        };
        Ok(receipt(holdings, entry))
    }

    fn grant(&self, holdings: &mut Holdings, versions: &Versions, ask: &Grant) -> Result<Receipt, AccountRefusal> {
        let here = holdings.postings.iter().find(|one| one.kind == EntryKind::Earn && one.cause == ask.cause);
        let written = self.done.granted.get(&(ask.owner(), ask.cause.clone())).copied();
        if let Some(entry) = here.map(|posting| posting.id).or(written) {
            return Err(AccountRefusal::AlreadyGranted { cause: ask.cause.clone(), entry });
        }
        let terms = versions.at(self.now).ok_or(AccountRefusal::ProgrammeNotFound { at: self.now })?;
        let entry = granting::grant(holdings, versions, terms, ask.points, (&ask.cause, &ask.reason), self.now)?;
        Ok(receipt(holdings, entry))
    }

    fn revoke(
        &self,
        holdings: &mut Holdings,
        versions: &Versions,
        ask: &Revocation,
    ) -> Result<Receipt, AccountRefusal> {
        let entry = ask.entry;
        let here = holdings.postings.iter().find(|posting| posting.id == entry);
        let written = self.done.spent.get(&((ask.tenant, ask.member), entry));
        let (kind, cause, points) = match (here, written) {
            (Some(posting), _) => (posting.kind, posting.cause.clone(), posting.points),
            (None, Some(spent)) => (spent.kind, spent.cause.clone(), spent.points),
            (None, None) => return Err(AccountRefusal::EntryNotFound { entry }),
        };
        if kind != EntryKind::Earn || !(granting::is_cause(&cause) || opening::is_cause(&cause)) {
            return Err(AccountRefusal::NotAGrant { entry, kind });
        }
        let reversal = entry.to_string();
        let reversed_here =
            holdings.postings.iter().any(|one| one.kind == EntryKind::EarnReversal && one.cause == reversal);
        if reversed_here || written.is_some_and(|spent| spent.reversed) {
            return Err(AccountRefusal::AlreadyReversed { entry });
        }
        let granted = Granted { entry, points, cause: &cause };
        let taken = granting::take_grant_back(holdings, versions, &granted, &ask.reason, self.now)?;
        if let Ok(occasion) = OccasionId::parse(&cause) {
            give_all_back(holdings, occasion.uuid());
        }
        Ok(receipt(holdings, taken))
    }
}

/// It puts something into a wallet that was not there before: a wallet that was given up takes nothing more.
fn adds(ask: &Ask) -> bool {
    match ask {
        Ask::Grant(_) => true,
        Ask::Adjust(ask) => ask.points.is_positive(),
        Ask::Open(ask) => ask.opening.points > 0,
        Ask::Redeem(_)
        | Ask::Reverse(_)
        | Ask::Hold(_)
        | Ask::Capture(_)
        | Ask::Release(_)
        | Ask::Revoke(_)
        | Ask::Tiers(_)
        | Ask::Occasion(_)
        | Ask::Transfer(_)
        | Ask::Hear { .. }
        | Ask::Settle { .. } => false,
    }
}

/// The wallet of a member of which something is true.
fn with(books: &Books, whose: Whose, is: impl Fn(&Holdings) -> bool) -> Option<WalletCode> {
    of_member(books, whose).find(|(_, holdings)| is(holdings)).map(|(owner, _)| owner.wallet)
}

/// Something was heard of the member.
fn is_known(books: &Books, tenant: TenantId, member: MemberId) -> bool {
    of_member(books, (tenant, member)).next().is_some()
}

fn receipt(holdings: &Holdings, entry: EntryId) -> Receipt {
    let posting = holdings.postings.iter().rev().find(|posting| posting.id == entry);
    Receipt {
        entry: Some(entry),
        spendable: holdings.spendable(),
        draws: posting.map(|posting| posting.draws.clone()).unwrap_or_default(),
        lapses_at: posting.and_then(|posting| lapse_of(holdings, posting)),
        points: posting.map_or(0, |posting| posting.points),
        hold: None,
        tier: None,
        occasion: None,
        transfer: None,
        mark: None,
        marks_beside: Vec::new(),
        why: posting.map(|posting| {
            let (cause, grounds) = (posting.cause.clone(), posting.grounds.clone());
            Box::new(Explanation { kind: posting.kind, points: posting.points, cause, grounds })
        }),
    }
}

/// When points that an entry added lapse.
fn lapse_of(holdings: &Holdings, posting: &Posting) -> Option<Timestamp> {
    let lot = posting.draws.first().filter(|_| posting.kind == EntryKind::Earn)?.lot;
    holdings.lots.iter().find(|known| known.id == lot)?.lapses_at
}

impl From<CannotSpend> for AccountRefusal {
    fn from(cannot: CannotSpend) -> Self {
        match cannot {
            CannotSpend::Insufficient { asked, spendable } => Self::InsufficientPoints { asked, spendable },
            CannotSpend::OutOfRange(_) => Self::OutOfRange,
        }
    }
}

impl From<OutOfRange> for AccountRefusal {
    fn from(_: OutOfRange) -> Self {
        Self::OutOfRange
    }
}
