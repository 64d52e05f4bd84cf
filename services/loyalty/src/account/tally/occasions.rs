//! What happens because of an occasion, in all wallets of a member at once.

use kernel::CouponId;

use super::Tally;
use crate::account::AccountRefusal;
use crate::account::books::{Books, of_member};
use crate::account::decision::Explanation;
use crate::account::desk::{Answer, Receipt};
use crate::account::holdings::{EntryKind, Holdings, OutOfRange};
use crate::account::occasion::{
    NewOccasion, Occasion, OccasionCoupon, OccasionFacts, OccasionReceipt, book, coupons, grounds, judge, stand,
};
use crate::account::uses::RuleUse;
use crate::account::wallet::{Owner, WalletCode};
use crate::programme::occasions::On;
use crate::programme::wallets::ByWallet;

impl Tally<'_> {
    /// Records an occasion that somebody tells.
    pub(super) fn record(&self, books: &mut Books, ask: &NewOccasion) -> Answer {
        let points = Owner::of_points(ask.tenant, ask.member);
        let is_known = of_member(books, points.whose()).next().is_some();
        let terms = self.terms.get(&ask.tenant).cloned().unwrap_or_default();
        if terms.suspended {
            return Answer::Suspended;
        }
        if !is_known && !ask.known {
            return Answer::Refused(AccountRefusal::MemberNotFound { member: ask.member });
        }
        let before: Vec<(Owner, Holdings)> =
            of_member(books, points.whose()).map(|(owner, holdings)| (*owner, holdings.clone())).collect();
        let opened = Holdings::new(ask.member, ask.joined_at.unwrap_or(self.now));
        books.entry(points).or_insert(opened);
        let came = self.occur(books, points, &terms.versions, &ask.facts);
        let spendable = books.get(&points).map_or(0, Holdings::spendable);
        if came.is_err() || ask.validate_only {
            books.retain(|owner, _| owner.whose() != points.whose());
            books.extend(before);
        }
        match came {
            Ok((occasion, repeated)) => Answer::Done(receipt(ask, occasion, repeated, spendable)),
            Err(OutOfRange) => Answer::Refused(AccountRefusal::OutOfRange),
        }
    }

    /// What an occasion brings, and whether it had been recorded before. The account of points is open.
    pub(super) fn occur(
        &self,
        books: &mut Books,
        points: Owner,
        versions: &ByWallet,
        facts: &OccasionFacts,
    ) -> Result<(Occasion, bool), OutOfRange> {
        let Some(holdings) = books.get_mut(&points) else { return Err(OutOfRange) };
        if let Some(known) = holdings.occasions.iter().find(|known| known.facts.id == facts.id) {
            return Ok((known.clone(), true));
        }
        holdings.loading = facts.historic;
        let stood = stand(holdings, versions.points(), facts, self.now);
        holdings.loading = false;
        let (buyer, joined_at) = (stood?, holdings.joined_at);
        let uses: Vec<RuleUse> =
            of_member(books, points.whose()).flat_map(|(_, holdings)| holdings.uses.iter().cloned()).collect();
        let terms = versions.points().at(facts.occurred_at);
        let came = match terms {
            Some(terms) => judge(terms, facts, &buyer, &uses)?,
            None => Vec::new(),
        };
        let mut gifts = Vec::new();
        let wallets = [WalletCode::POINTS].into_iter().chain(versions.others()).filter(|_| !came.is_empty());
        for wallet in wallets {
            let Some(versions) = versions.get(wallet) else { continue };
            let opened = Holdings::of(points.member, wallet, joined_at);
            let holdings = books.entry(Owner { wallet, ..points }).or_insert(opened);
            holdings.loading = facts.historic;
            let booked = book(holdings, versions, facts, (&came, &buyer), self.now);
            holdings.loading = false;
            gifts.extend(booked?);
        }
        let handing = coupons(facts, &came);
        let coupon = |campaign: &str, cause| OccasionCoupon {
            campaign: campaign.to_owned(),
            coupon: Some(CouponId::derived_from(cause, &points.member.to_string())),
        };
        let why = terms.filter(|_| !came.is_empty()).map(|terms| grounds(terms, facts, &buyer, &came, None));
        let occasion = Occasion {
            facts: facts.clone(),
            gifts,
            coupons: handing.iter().map(|one| coupon(&one.campaign, one.cause)).collect(),
            grounds: why,
            who: Some(buyer),
            touched: true,
        };
        // Of a birthday nothing is kept where nothing was given: nobody needs to know it.
        let is_kept = facts.on != On::Birthday || !occasion.gifts.is_empty() || !handing.is_empty();
        if let Some(holdings) = books.get_mut(&points).filter(|_| is_kept) {
            holdings.touched = true;
            holdings.handing.extend(handing);
            holdings.occasions.push(occasion.clone());
        }
        Ok((occasion, false))
    }
}

fn receipt(ask: &NewOccasion, occasion: Occasion, repeated: bool, spendable: i64) -> Receipt {
    let Occasion { facts, mut gifts, mut coupons, grounds, .. } = occasion;
    let written = repeated || !ask.validate_only;
    if !written {
        gifts.iter_mut().for_each(|gift| gift.entry = None);
        coupons.iter_mut().for_each(|one| one.coupon = None);
    }
    let sum = gifts.iter().filter(|gift| gift.wallet.is_empty()).map(|gift| gift.points).next().unwrap_or_default();
    let why = grounds.map(|grounds| {
        Box::new(Explanation { kind: EntryKind::Earn, points: sum, cause: facts.id.to_string(), grounds })
    });
    let occasion = written.then_some(facts.id);
    let receipt = OccasionReceipt { occasion, repeated, gifts, coupons, missions: Vec::new() };
    Receipt { spendable, points: sum, occasion: Some(Box::new(receipt)), why, ..Receipt::default() }
}
