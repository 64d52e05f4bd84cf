//! What is heard, and what happened because time passed, wallet by wallet of a member.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kernel::{MemberId, TenantId};

use super::Tally;
use crate::account::AccountRefusal;
use crate::account::books::{Books, of_member};
use crate::account::desk::{Answer, Deed, DeedKind, Whose};
use crate::account::earning::{OrderFacts, buyer, earn, earn_beside};
use crate::account::holdings::{Holdings, OutOfRange};
use crate::account::occasion::OccasionFacts;
use crate::account::reversing::{CannotReturn, ReturnFacts, take_back, take_points_back};
use crate::account::reviewing;
use crate::account::settling::{Until, settle};
use crate::account::wallet::{Owner, WalletCode};
use crate::programme::terms::Versions;
use crate::programme::wallets::ByWallet;

impl Tally<'_> {
    /// All deeds of one hearing, or none: what one of them had changed is put back when another cannot be applied.
    pub(super) fn hear(&self, books: &mut Books, deeds: &[Deed]) -> Answer {
        let whose: BTreeSet<Whose> = deeds.iter().filter_map(|deed| Some((deed.tenant, deed.member?))).collect();
        let known = whose.iter().flat_map(|one| of_member(books, *one));
        let before: Vec<(Owner, Holdings)> = known.map(|(owner, holdings)| (*owner, holdings.clone())).collect();
        for deed in deeds {
            let Some(member) = deed.member else { continue };
            let terms = self.terms.get(&deed.tenant).cloned().unwrap_or_default();
            if let Err(cause) = self.apply(books, (deed.tenant, member), &terms.versions, &deed.kind) {
                books.retain(|owner, _| !whose.contains(&owner.whose()));
                books.extend(before);
                return Answer::CannotApply(cause);
            }
        }
        Answer::Settled
    }

    fn apply(
        &self,
        books: &mut Books,
        (tenant, member): Whose,
        versions: &ByWallet,
        kind: &DeedKind,
    ) -> Result<(), String> {
        let points = Owner::of_points(tenant, member);
        let opened = Holdings::new(member, opened_at(kind, self.now));
        let holdings = books.entry(points).or_insert(opened);
        match kind {
            DeedKind::Joined { at, channel, historic } => {
                let facts = OccasionFacts::enrolment(member, channel, *at, *historic);
                join(holdings, versions.points(), *at, self.now)
                    .and_then(|()| self.occur(books, points, versions, &facts))
                    .map(|_| ())
                    .map_err(|error| error.to_string())
            }
            DeedKind::Bought { order, back } => {
                self.buy(books, points, versions, (order, back.as_ref())).map_err(|error| error.to_string())
            }
            DeedKind::Returned(back) => {
                self.come_back(books, points, versions, back).map_err(|error| error.to_string())
            }
            DeedKind::TenantSettled(_) => Ok(()),
        }
    }

    /// An order is booked with points first. What the rules of the other wallets are told of the member is how they stood
    /// before that.
    fn buy(
        &self,
        books: &mut Books,
        points: Owner,
        versions: &ByWallet,
        (order, back): (&OrderFacts, Option<&ReturnFacts>),
    ) -> Result<(), CannotReturn> {
        let Some(holdings) = books.get_mut(&points) else { return Ok(()) };
        let wallets: Vec<WalletCode> = versions.others().collect();
        if holdings.purchases.contains_key(&order.order) {
            return Ok(());
        }
        holdings.loading = order.historic;
        let joined_at = holdings.joined_at;
        let buyer = if wallets.is_empty() { None } else { Some(buyer(holdings, versions.points(), order, self.now)?) };
        let booked = earn(holdings, versions.points(), order, back, self.now);
        holdings.loading = false;
        booked?;
        let Some(buyer) = buyer else { return Ok(()) };
        for wallet in wallets {
            let Some(versions) = versions.get(wallet) else { continue };
            let opened = Holdings::of(points.member, wallet, joined_at);
            let holdings = books.entry(Owner { wallet, ..points }).or_insert(opened);
            holdings.loading = order.historic;
            let booked = earn_beside(holdings, versions, (order, back), &buyer, self.now);
            holdings.loading = false;
            booked?;
        }
        Ok(())
    }

    /// What comes back is taken from every wallet that the order earned in.
    fn come_back(
        &self,
        books: &mut Books,
        points: Owner,
        versions: &ByWallet,
        back: &ReturnFacts,
    ) -> Result<(), CannotReturn> {
        let earned: Vec<Owner> = of_member(books, points.whose())
            .filter(|(owner, holdings)| owner.wallet.is_points() || holdings.purchases.contains_key(&back.order))
            .map(|(owner, _)| *owner)
            .collect();
        for owner in earned {
            let (Some(holdings), Some(versions)) = (books.get_mut(&owner), versions.get(owner.wallet)) else {
                continue;
            };
            holdings.loading = back.historic;
            let taken = if owner.wallet.is_points() {
                take_back(holdings, versions, back, self.now)
            } else {
                take_points_back(holdings, versions, back, self.now).map(drop)
            };
            holdings.loading = false;
            taken?;
        }
        Ok(())
    }

    pub(super) fn settle(&self, books: &mut Books, tenant: TenantId, members: &[MemberId]) -> Answer {
        let terms = self.terms.get(&tenant).cloned().unwrap_or_default();
        for member in members {
            let owners: Vec<Owner> = of_member(books, (tenant, *member)).map(|(owner, _)| *owner).collect();
            for owner in owners {
                let (Some(holdings), Some(versions)) = (books.get_mut(&owner), terms.versions.get(owner.wallet)) else {
                    continue;
                };
                if settle(holdings, versions, Until::Including(self.now)).is_err() {
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
pub(in crate::account) fn join(
    holdings: &mut Holdings,
    versions: &Versions,
    at: Timestamp,
    now: Timestamp,
) -> Result<(), OutOfRange> {
    if at < holdings.joined_at {
        holdings.joined_at = at;
        for (ladder, standing) in &mut holdings.standings {
            let moved = holdings.history.iter().any(|change| change.ladder == *ladder);
            let never_left_the_lowest = standing.review_at.is_none() && !moved;
            standing.since = if never_left_the_lowest { at } else { standing.since };
            standing.touched = true;
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
        DeedKind::Joined { at, .. } => *at,
        DeedKind::Bought { order, .. } => order.occurred_at,
        DeedKind::Returned(back) => back.occurred_at,
        DeedKind::TenantSettled(_) => now,
    }
}
