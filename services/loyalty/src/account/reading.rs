//! Looking at accounts. What has fallen due and is not written yet is settled in memory first: a look is exact to the
//! second, however late the clockwork is. All of an account is read as it stood at one instant.

mod past;
mod store;
mod tiers;
mod views;
mod wallets;

use std::collections::{BTreeMap, BTreeSet};

use ::store::StoreError;
use jiff::Timestamp;
use kernel::{Currency, EntryId, MemberId, TenantId};
use wire::Stop;

pub use self::tiers::{Qualifications, TierThen};
pub use self::views::{AccountView, Bought, EntryView, Overview, TierView};
pub use self::wallets::WalletView;
use super::books::Books;
use super::earning::OrderFacts;
use super::holding::Hold;
use super::holdings::{Holdings, Lot, OutOfRange, TierChange};
use super::quoting::{Quote, quote};
use super::settling::{Until, settle};
use super::standing::{standing, standings};
use super::store as rows;
use super::uses;
use super::{AccountRefusal, Accounts};
use crate::account::wallet::{Owner, WalletCode};
use crate::programme::Versions;
use crate::programme::terms::has_limits;
use crate::programme::wallets::ByWallet;
use tiers::Held;

impl Accounts {
    /// How members have bought since a moment, in a currency, and how many of their orders came to an amount.
    ///
    /// Cost: one reading of the tenant's purchases.
    pub async fn habits(
        &self,
        tenant: TenantId,
        currency: Currency,
        since: Timestamp,
        at_least_minor: i64,
    ) -> Result<Bought, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        store::habits(reading.connection(), tenant, currency, since, at_least_minor).await
    }

    /// One of a member's wallets now, and the tier. A member without any entry has an empty account.
    pub async fn account(
        &self,
        tenant: TenantId,
        member: MemberId,
        wallet: WalletCode,
    ) -> Result<AccountView, Stop<AccountRefusal>> {
        let mut settled = self.settled(tenant, member).await?;
        let (versions, now) = (settled.versions.clone(), settled.now);
        let points = settled.get(WalletCode::POINTS).cloned();
        let standings = match versions.points().at(now).zip(points) {
            Some((terms, points)) => standings(&points, terms, now).map_err(StoreError::unreadable)?,
            None => Vec::new(),
        };
        let others = wallets::others(&settled, wallet);
        let holdings = settled.take(wallet);
        let open = holdings.lots.iter().filter(|lot| lot.left > 0).cloned();
        let (mut pending_lots, mut lots): (Vec<Lot>, Vec<Lot>) = open.partition(Lot::waits);
        lots.sort_by_key(Lot::spending_order);
        pending_lots.sort_by_key(|lot| (lot.usable_from, lot.spending_order()));
        let mut holds: Vec<Hold> = holdings.holds.iter().filter(|hold| hold.held() > 0).cloned().collect();
        holds.sort_by_key(|hold| (hold.expires_at, hold.id));
        Ok(AccountView {
            member,
            wallet,
            balance: holdings.balance(),
            spendable: holdings.spendable(),
            deficit: holdings.deficit,
            lots,
            pending: holdings.pending(),
            pending_lots,
            held: holdings.held(),
            holds,
            totals: holdings.totals,
            standings: standings.into_iter().map(|(view, _)| view).collect(),
            others,
        })
    }

    /// A member's balance: now, as known at a moment, as true at a moment. A look at that moment would have settled what
    /// had fallen due, so this counts it as lapsed too, whenever that was written.
    pub async fn balance(
        &self,
        owner: Owner,
        as_of: Option<Timestamp>,
        as_of_occurred: Option<Timestamp>,
    ) -> Result<i64, Stop<AccountRefusal>> {
        if as_of.is_none() && as_of_occurred.is_none() {
            let mut settled = self.settled(owner.tenant, owner.member).await?;
            return Ok(settled.take(owner.wallet).balance());
        }
        let mut reading = self.store.read(owner.tenant).await?;
        let known = as_of.unwrap_or(Timestamp::MAX);
        let happened = as_of_occurred.unwrap_or(Timestamp::MAX);
        let entries = store::past_entries(reading.connection(), &owner, known, happened).await?;
        let moment = known.min(happened).min(self.clock.now());
        let lapsed = store::lapsed_lots(reading.connection(), &owner, (known, happened), moment).await?;
        Ok(past::balance(&entries, &lapsed))
    }

    /// A page of a wallet's entries, newest first.
    pub async fn entries(
        &self,
        owner: Owner,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<EntryView>, Stop<AccountRefusal>> {
        let mut reading = self.store.read(owner.tenant).await?;
        Ok(store::entries(reading.connection(), &owner, before.unwrap_or(i64::MAX), limit).await?)
    }

    /// One entry, with the grounds of its decision.
    pub async fn entry(
        &self,
        tenant: TenantId,
        member: Option<MemberId>,
        entry: EntryId,
    ) -> Result<EntryView, Stop<AccountRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let found = store::entry(reading.connection(), tenant, member, entry).await?;
        found.ok_or(Stop::Refused(AccountRefusal::EntryNotFound { entry }))
    }

    /// Why a member has the tier they have on a ladder: the first where none is named.
    pub async fn explain_tier(
        &self,
        tenant: TenantId,
        member: MemberId,
        ladder: Option<&str>,
    ) -> Result<TierView, Stop<AccountRefusal>> {
        let mut settled = self.settled(tenant, member).await?;
        let (holdings, now) = (settled.take(WalletCode::POINTS), settled.now);
        let versions = settled.versions.points();
        let on = tiers::ladder_of(versions.at(now), ladder, now).map_err(Stop::Refused)?;
        let code = &on.ladder.code;
        let found = standing(&holdings, on.terms, Some(code), now).map_err(StoreError::unreadable)?;
        let (standing, decision) = found.ok_or(Stop::Refused(AccountRefusal::ProgrammeNotFound { at: now }))?;
        let last_change = holdings.history.iter().rev().find(|change| change.ladder == *code).cloned();
        Ok(TierView { standing, decision, last_change })
    }

    /// What counts for a member on a ladder, newest first: so many behind so many.
    pub async fn qualifications(
        &self,
        tenant: TenantId,
        member: MemberId,
        ladder: Option<&str>,
        (behind, limit): (i64, i64),
    ) -> Result<Qualifications, Stop<AccountRefusal>> {
        let mut settled = self.settled(tenant, member).await?;
        let (holdings, now) = (settled.take(WalletCode::POINTS), settled.now);
        let versions = settled.versions.points();
        let on = tiers::ladder_of(versions.at(now), ladder, now).map_err(Stop::Refused)?;
        Ok(tiers::counted(&holdings, on, (behind, limit), now).map_err(StoreError::unreadable)?)
    }

    /// A page of the changes of a member's tiers, newest first: those that are due and not written yet too.
    pub async fn tier_changes(
        &self,
        tenant: TenantId,
        member: MemberId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<TierChange>, Stop<AccountRefusal>> {
        let holdings = self.settled(tenant, member).await?.take(WalletCode::POINTS);
        let earlier =
            holdings.history.into_iter().rev().filter(|change| before.is_none_or(|before| change.number < before));
        Ok(earlier.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }

    /// The tiers a member held at a moment, as it is known now: on each ladder of the programme that ruled then.
    pub async fn tiers_at(
        &self,
        tenant: TenantId,
        member: MemberId,
        at: Option<Timestamp>,
    ) -> Result<Vec<TierThen>, Stop<AccountRefusal>> {
        let mut settled = self.settled(tenant, member).await?;
        let (holdings, now) = (settled.take(WalletCode::POINTS), settled.now);
        let versions = settled.versions.points();
        let at = at.unwrap_or(now).min(now);
        let terms = versions.at(at).ok_or(Stop::Refused(AccountRefusal::ProgrammeNotFound { at }))?;
        Ok(tiers::then(&holdings, terms, at))
    }

    /// Sums over one wallet of a programme, and over its tiers with points, exact to the second: what has fallen due and is not written yet is counted as if it were, and
    /// what a hold lets go as if it could be spent, whatever becomes of it when that is written.
    /// All of it is read as it stood at one instant.
    ///
    /// Cost: one reading of the tenant's accounts, lots and purchases. Lapses that are due are summed along the way. For
    /// every 200 members whose review is due, three statements by index and a review in memory: none in a shop at work,
    /// and after a history was loaded, for ten minutes, as many as it left overdue.
    pub async fn overview(&self, tenant: TenantId, wallet: WalletCode) -> Result<Overview, Stop<AccountRefusal>> {
        let terms = self.programmes.of(tenant).await?;
        let mut reading = self.store.read(tenant).await?;
        let mut snapshot = store::snapshot(reading.connection()).await?;
        let now = self.clock.now();
        let current = terms.versions.at(now).or_else(|| terms.versions.last());
        let zone = current.map_or("UTC", |terms| terms.zone.name());
        let mut overview = store::overview(&mut snapshot, tenant, wallet, (zone, now)).await?;
        if !wallet.is_points() {
            return Ok(overview);
        }
        if let Some(ladder) = current.and_then(|terms| terms.ladder.as_ref()) {
            let mut counts = store::tiers(&mut snapshot, tenant, &ladder.code).await?;
            let unbegun = overview.accounts.saturating_sub(counts.values().sum());
            tiers::count(&mut counts, Held::default(), unbegun);
            self.review(&mut snapshot, tenant, &terms.versions, (&ladder.code, now), &mut counts).await?;
            if terms.versions.at(now).is_none() {
                // Nobody stands anywhere before the first terms are in force.
                counts.remove(&Held::default());
            }
            overview.tiers = tiers::by_rank(ladder, &counts);
        }
        overview.spend = store::spend(&mut snapshot, tenant).await?;
        Ok(overview)
    }

    /// Moves everybody whose review is due to where it leads.
    async fn review(
        &self,
        snapshot: &mut store::Snapshot<'_>,
        tenant: TenantId,
        versions: &Versions,
        (ladder, now): (&str, Timestamp),
        counts: &mut BTreeMap<Held, i64>,
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let due = store::reviews_due(snapshot, tenant, now, after).await?;
            let Some(last) = due.last() else { return Ok(()) };
            after = Some(*last);
            let whose: BTreeSet<_> = due.iter().map(|review| (tenant, review.member)).collect();
            for mut holdings in rows::read_for_review(snapshot, &whose).await?.into_values() {
                let before = tiers::held(&holdings, ladder);
                settle(&mut holdings, versions, Until::Including(now)).map_err(StoreError::unreadable)?;
                tiers::count(counts, before, -1);
                tiers::count(counts, tiers::held(&holdings, ladder), 1);
            }
        }
    }

    /// What an order would earn if it were bought now. Nothing is written.
    ///
    /// Cost: of a member what a look at an account costs, and one statement more where rules are limited over a time; of
    /// a guest the terms alone.
    pub async fn quote(
        &self,
        tenant: TenantId,
        member: Option<MemberId>,
        order: OrderFacts,
    ) -> Result<Quote, Stop<AccountRefusal>> {
        let mut settled = match member {
            Some(member) => self.read_settled(tenant, member, true).await?,
            None => {
                let (held, now) = (self.programmes.of(tenant).await?, self.clock.now());
                let points = Owner::of_points(tenant, MemberId::new_at(now));
                let books = Books::from([(points, Holdings::new(points.member, now))]);
                Settled { points, books, versions: ByWallet::of(held.versions), now }
            }
        };
        let (versions, now) = (settled.versions.clone(), settled.now);
        let terms = versions.points().at(now).ok_or(Stop::Refused(AccountRefusal::ProgrammeNotFound { at: now }))?;
        let order = OrderFacts { occurred_at: now, ..order };
        let beside = wallets::beside(&settled);
        let points = settled.take(WalletCode::POINTS);
        let quoted = quote(points, versions.points(), terms, &order, member.is_some(), &beside);
        quoted.map_err(|OutOfRange| Stop::Refused(AccountRefusal::OutOfRange))
    }

    pub(super) async fn settled(&self, tenant: TenantId, member: MemberId) -> Result<Settled, Stop<AccountRefusal>> {
        self.read_settled(tenant, member, false).await
    }

    /// With what was earned by limited rules, where that is wanted and the programme has such rules.
    async fn read_settled(
        &self,
        tenant: TenantId,
        member: MemberId,
        with_uses: bool,
    ) -> Result<Settled, Stop<AccountRefusal>> {
        let versions = ByWallet::of(self.programmes.of(tenant).await?.versions);
        let mut reading = self.store.read(tenant).await?;
        // Totals stand in one table and lots in another: read one after the other, a batch could be seen in half.
        let mut snapshot = store::snapshot(reading.connection()).await?;
        let now = self.clock.now();
        let points = Owner::of_points(tenant, member);
        let mut books = rows::read_member(&mut snapshot, tenant, member).await?;
        books.entry(points).or_insert_with(|| Holdings::new(member, now));
        if with_uses && has_limits(versions.points()) {
            uses::store::load(&mut snapshot, &BTreeSet::from([(tenant, member)]), &mut books).await?;
        }
        for (owner, holdings) in &mut books {
            if let Some(versions) = versions.get(owner.wallet) {
                settle(holdings, versions, Until::Including(now)).map_err(StoreError::unreadable)?;
            }
        }
        Ok(Settled { points, books, versions, now })
    }
}

/// All wallets of a member as they stand at a moment, and all terms there are.
pub(super) struct Settled {
    points: Owner,
    books: Books,
    pub(super) versions: ByWallet,
    pub(super) now: Timestamp,
}

impl Settled {
    fn get(&self, wallet: WalletCode) -> Option<&Holdings> {
        self.books.get(&Owner { wallet, ..self.points })
    }

    /// Points, and the moment.
    pub(super) fn into_points(mut self) -> (Holdings, Timestamp) {
        (self.take(WalletCode::POINTS), self.now)
    }

    /// One of them; empty where nothing ever lay in it.
    pub(super) fn take(&mut self, wallet: WalletCode) -> Holdings {
        let known = self.books.remove(&Owner { wallet, ..self.points });
        known.unwrap_or_else(|| Holdings::of(self.points.member, wallet, self.now))
    }
}
