//! What each request does to the holdings in memory.

mod holds;

use std::collections::HashMap;

use jiff::Timestamp;
use kernel::{ClaimId, EntryId, MemberId, TenantId};

use super::decision::Explanation;
use super::desk::{Answer, Ask, Books, Deed, DeedKind, Receipt, Whose};
use super::earning::earn;
use super::granting::{self, Granted};
use super::holdings::{Draw, EntryKind, Holdings, OutOfRange, Posting};
use super::redemption::{ByHand, CannotSpend, add_by_hand, redeem, take_by_hand};
use super::reversing::{Redeemed, give_back, take_back};
use super::reviewing;
use super::settling::{Until, settle};
use super::{AccountRefusal, Adjustment, Grant, Redemption, Reversal, Revocation};
use crate::programme::terms::{TenantTerms, Versions};

/// An entry that somebody wants reversed, as the statement has it.
#[derive(Clone, Debug)]
pub(super) struct Spent {
    pub kind: EntryKind,
    pub cause: String,
    pub points: i64,
    pub draws: Vec<Draw>,
    pub reversed: bool,
}

/// What was done before, as far as a batch asks for it.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Entries that somebody wants reversed, by whose they are.
    pub spent: HashMap<(Whose, EntryId), Spent>,
    /// Grants that were made for the same cause.
    pub granted: HashMap<(Whose, String), EntryId>,
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
        Ask::Revoke(ask) => ask.validate_only,
        Ask::Hear { .. } | Ask::Settle { .. } => false,
    }
}

impl Tally<'_> {
    pub(super) fn decide(&mut self, books: &mut Books, ask: &Ask) -> Answer {
        let only_asks = only_validates(ask);
        match ask {
            Ask::Redeem(ask) => self.call(books, ask.tenant, ask.member, only_asks, |tally, holdings, versions| {
                tally.redeem(holdings, versions, ask)
            }),
            Ask::Reverse(ask) => self.call(books, ask.tenant, ask.member, only_asks, |tally, holdings, versions| {
                tally.reverse(holdings, versions, ask)
            }),
            Ask::Hold(ask) => self.call(books, ask.tenant, ask.member, only_asks, |tally, holdings, versions| {
                holds::hold(holdings, versions, ask, tally.now)
            }),
            Ask::Capture(ask) => self.call(books, ask.tenant, ask.member, only_asks, |tally, holdings, versions| {
                holds::capture(holdings, versions, ask, tally.now)
            }),
            Ask::Release(ask) => self.call(books, ask.tenant, ask.member, only_asks, |tally, holdings, versions| {
                holds::release(holdings, versions, ask, tally.now)
            }),
            // Whoever has an account was heard of from registry or activity; points for nobody would be counted and owed.
            Ask::Adjust(ask) if !ask.known && !books.contains_key(&(ask.tenant, ask.member)) => {
                Answer::Refused(AccountRefusal::MemberNotFound { member: ask.member })
            }
            Ask::Adjust(ask) => self.call(books, ask.tenant, ask.member, only_asks, |tally, holdings, versions| {
                tally.adjust(holdings, versions, ask)
            }),
            Ask::Grant(ask) if !ask.known && !books.contains_key(&(ask.tenant, ask.member)) => {
                Answer::Refused(AccountRefusal::MemberNotFound { member: ask.member })
            }
            Ask::Grant(ask) => self.call(books, ask.tenant, ask.member, only_asks, |tally, holdings, versions| {
                tally.grant(holdings, versions, ask)
            }),
            Ask::Revoke(ask) => self.call(books, ask.tenant, ask.member, only_asks, |tally, holdings, versions| {
                tally.revoke(holdings, versions, ask)
            }),
            Ask::Hear { deeds, .. } => self.hear(books, deeds),
            Ask::Settle { tenant, members } => self.settle(books, *tenant, members),
        }
    }

    fn call(
        &self,
        books: &mut Books,
        tenant: TenantId,
        member: MemberId,
        validate_only: bool,
        rule: impl FnOnce(&Self, &mut Holdings, &Versions) -> Result<Receipt, AccountRefusal>,
    ) -> Answer {
        let terms = self.terms.get(&tenant).cloned().unwrap_or_default();
        if terms.suspended {
            return Answer::Suspended;
        }
        let holdings = books.entry((tenant, member)).or_insert_with(|| Holdings::new(member, self.now));
        // Who only asks is answered by the same rule, applied to a copy.
        let decided = if validate_only {
            let tried = rule(self, &mut holdings.clone(), &terms.versions);
            tried.map(|receipt| Receipt { entry: None, ..receipt })
        } else {
            rule(self, holdings, &terms.versions)
        };
        match decided {
            Ok(receipt) => Answer::Done(receipt),
            Err(refusal) => Answer::Refused(refusal),
        }
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
        let written = self.done.granted.get(&((ask.tenant, ask.member), ask.cause.clone())).copied();
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
        if kind != EntryKind::Earn || !granting::is_cause(&cause) {
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
        Ok(receipt(holdings, taken))
    }

    /// All deeds of one hearing, or none: what one of them had changed is put back when another cannot be applied.
    fn hear(&self, books: &mut Books, deeds: &[Deed]) -> Answer {
        let mut before: HashMap<Whose, Option<Holdings>> = HashMap::new();
        for deed in deeds {
            let Some(member) = deed.member else { continue };
            let whose = (deed.tenant, member);
            before.entry(whose).or_insert_with(|| books.get(&whose).cloned());
            let terms = self.terms.get(&deed.tenant).cloned().unwrap_or_default();
            let holdings = books.entry(whose).or_insert_with(|| Holdings::new(member, opened_at(&deed.kind, self.now)));
            let applied = self.apply(holdings, &terms.versions, &deed.kind);
            holdings.loading = false;
            if let Err(cause) = applied {
                for (whose, holdings) in before {
                    match holdings {
                        Some(holdings) => books.insert(whose, holdings),
                        None => books.remove(&whose),
                    };
                }
                return Answer::CannotApply(cause);
            }
        }
        Answer::Settled
    }

    fn apply(&self, holdings: &mut Holdings, versions: &Versions, kind: &DeedKind) -> Result<(), String> {
        match kind {
            DeedKind::Joined { at } => join(holdings, versions, *at, self.now).map_err(|error| error.to_string()),
            DeedKind::Bought { order, back } => {
                holdings.loading = order.historic;
                earn(holdings, versions, order, back.as_ref(), self.now).map_err(|error| error.to_string())
            }
            DeedKind::Returned(back) => {
                holdings.loading = back.historic;
                take_back(holdings, versions, back, self.now).map_err(|error| error.to_string())
            }
            DeedKind::TenantSettled(_) => Ok(()),
        }
    }

    fn settle(&self, books: &mut Books, tenant: TenantId, members: &[MemberId]) -> Answer {
        let terms = self.terms.get(&tenant).cloned().unwrap_or_default();
        for member in members {
            if let Some(holdings) = books.get_mut(&(tenant, *member)) {
                if settle(holdings, &terms.versions, Until::Including(self.now)).is_err() {
                    return Answer::Refused(AccountRefusal::OutOfRange);
                }
                // The timer is set again from what is due next, even where nothing was.
                holdings.touched = true;
            }
        }
        Answer::Settled
    }
}

/// A member who was known by an order before they were known by name has joined at the earlier of the two.
fn join(holdings: &mut Holdings, versions: &Versions, at: Timestamp, now: Timestamp) -> Result<(), OutOfRange> {
    if at < holdings.joined_at {
        holdings.joined_at = at;
        if let Some(standing) = &mut holdings.standing {
            let never_left_the_lowest = standing.review_at.is_none() && holdings.history.is_empty();
            standing.since = if never_left_the_lowest { at } else { standing.since };
        }
    }
    holdings.touched = true;
    if let Some(terms) = versions.at(at.max(holdings.settled_until)).or_else(|| versions.at(now)) {
        reviewing::begin(holdings, terms, now)?;
    }
    Ok(())
}

fn opened_at(kind: &DeedKind, now: Timestamp) -> Timestamp {
    match kind {
        DeedKind::Joined { at } => *at,
        DeedKind::Bought { order, .. } => order.occurred_at,
        DeedKind::Returned(back) => back.occurred_at,
        DeedKind::TenantSettled(_) => now,
    }
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
        mark: None,
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
