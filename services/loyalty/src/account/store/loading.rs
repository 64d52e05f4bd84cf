//! Reading the holdings of all members a batch touches.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ::store::{StoreError, Tx};
use jiff::Timestamp;
use kernel::{Currency, LotId, MemberId, OrderId, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::done::done;
use super::{coming_back, holds, tiers};
use crate::account::chain::Link;
use crate::account::desk::{Ask, Books, Whose};
use crate::account::holdings::{Holdings, Lot, Purchase, Totals, Unread};
use crate::account::reviewing::gifts;
use crate::account::tally::Done;

/// The keys of some members, as columns.
pub(super) struct Keys {
    pub tenants: Vec<Uuid>,
    pub shards: Vec<i16>,
    pub members: Vec<Uuid>,
}

impl Keys {
    pub fn of<'a>(all: impl IntoIterator<Item = &'a Whose>) -> Self {
        let mut keys = Self { tenants: Vec::new(), shards: Vec::new(), members: Vec::new() };
        for (tenant, member) in all {
            keys.tenants.push(tenant.uuid());
            keys.shards.push(Shard::of_member(*member).number());
            keys.members.push(member.uuid());
        }
        keys
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

/// What a batch begins with.
pub(in crate::account) struct Loaded {
    pub books: Books,
    pub done: Done,
    pub found: Found,
}

/// How the rows were found, for whoever writes them: they stay where they are while their shard is locked.
#[derive(Default)]
pub(in crate::account) struct Found {
    pub accounts: HashMap<Whose, FoundAccount>,
    pub lots: HashSet<LotId>,
    /// Whose timer has rung: it is set again, even where nothing was due.
    pub rung: BTreeSet<Whose>,
}

/// Where an account's row lies, and when its timer rings.
pub(in crate::account) struct FoundAccount {
    pub place: String,
    pub due_at: Option<Timestamp>,
}

/// Everything the open requests of a batch need, after the shards are locked.
pub(in crate::account) async fn load(tx: &mut Tx, asks: &[&Ask], now: Timestamp) -> Result<Loaded, StoreError> {
    let all: BTreeSet<Whose> = asks.iter().flat_map(|ask| ask.members()).collect();
    let connection = tx.connection();
    let (mut books, in_lots, places) = accounts(connection, &all).await?;

    // A tier review, due or brought about by an order, needs what was bought; a mere redemption does not.
    let full: BTreeSet<Whose> = asks
        .iter()
        .filter(|ask| matches!(ask, Ask::Hear { .. } | Ask::Tiers(_)))
        .flat_map(|ask| ask.members())
        .chain(books.iter().filter(|(_, holdings)| review_is_due(holdings, now)).map(|(whose, _)| *whose))
        .filter(|whose| books.contains_key(whose))
        .collect();
    purchases(connection, &full, &mut books).await?;
    tiers::standings(connection, &full, &mut books).await?;
    tiers::history(connection, &full, &mut books).await?;
    let done = done(connection, asks).await?;
    let mut wanted = coming_back::lots(connection, asks, &done.spent).await?;
    wanted.extend(books.values().flat_map(gifts::lots));
    wanted.extend(done.spent.values().flat_map(|spent| spent.draws.iter().map(|draw| draw.lot)));
    let given = only_given(asks);
    let mut read = BTreeSet::new();
    for (whose, holdings) in &mut books {
        match in_lots.get(whose).filter(|unread| given.contains(whose) && rests(holdings, unread, now)) {
            Some(unread) => holdings.unread = *unread,
            None => drop(read.insert(*whose)),
        }
    }
    lots(connection, &read, &wanted, &mut books).await?;
    let named = holds::named(asks);
    let held = |whose: &&Whose| in_lots.get(whose).is_some_and(|unread| unread.held > 0);
    let with_holds = read.iter().filter(held).chain(named.iter().map(|(whose, _)| whose)).copied().collect();
    holds::load(connection, &with_holds, &named, &mut books).await?;
    let found = found(asks, &books, places);
    Ok(Loaded { books, done, found })
}

fn found(asks: &[&Ask], books: &Books, places: BTreeMap<Whose, String>) -> Found {
    let due = |whose: &Whose| books.get(whose).and_then(Holdings::next_due);
    let accounts =
        places.into_iter().map(|(whose, place)| (whose, FoundAccount { place, due_at: due(&whose) })).collect();
    let lots = books.values().flat_map(|holdings| holdings.lots.iter().map(|lot| lot.id)).collect();
    let rung = asks.iter().filter(|ask| matches!(ask, Ask::Settle { .. })).flat_map(|ask| ask.members()).collect();
    Found { accounts, lots, rung }
}

/// One member's holdings with everything a look at them needs.
pub(in crate::account) async fn read_one(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
) -> Result<Option<Holdings>, StoreError> {
    let whose = BTreeSet::from([(tenant, member)]);
    let (mut books, in_lots, _) = accounts(connection, &whose).await?;
    if books.is_empty() {
        return Ok(None);
    }
    let with_holds = in_lots.iter().filter(|(_, unread)| unread.held > 0).map(|(whose, _)| *whose).collect();
    holds::load(connection, &with_holds, &BTreeSet::new(), &mut books).await?;
    purchases(connection, &whose, &mut books).await?;
    tiers::standings(connection, &whose, &mut books).await?;
    tiers::history(connection, &whose, &mut books).await?;
    lots(connection, &whose, &BTreeSet::new(), &mut books).await?;
    Ok(books.remove(&(tenant, member)))
}

/// Some members' holdings as far as a review of their tiers looks at them: without lots and earlier changes.
pub(in crate::account) async fn read_for_review(
    connection: &mut PgConnection,
    whose: &BTreeSet<Whose>,
) -> Result<Books, StoreError> {
    let (mut books, ..) = accounts(connection, whose).await?;
    purchases(connection, whose, &mut books).await?;
    tiers::standings(connection, whose, &mut books).await?;
    Ok(books)
}

/// Those who are only given points in a batch: their lots are not needed, and may be many.
fn only_given(asks: &[&Ask]) -> BTreeSet<Whose> {
    let (given, others): (Vec<&Ask>, Vec<&Ask>) = asks.iter().copied().partition(|ask| matches!(ask, Ask::Grant(_)));
    let mut given: BTreeSet<Whose> = given.into_iter().flat_map(Ask::members).collect();
    for whose in others.into_iter().flat_map(Ask::members) {
        given.remove(&whose);
    }
    given
}

/// Nothing falls due before points can be given: else lots lapse, and have to be read.
fn rests(holdings: &Holdings, unread: &Unread, now: Timestamp) -> bool {
    let until = now.max(holdings.settled_until);
    !review_is_due(holdings, until) && unread.due_at.is_none_or(|due| due > until)
}

fn review_is_due(holdings: &Holdings, now: Timestamp) -> bool {
    holdings.next_of_tiers().is_some_and(|due| due <= now)
}

/// Accounts without their lots, what lies in those, and where the rows are.
async fn accounts(
    connection: &mut PgConnection,
    all: &BTreeSet<Whose>,
) -> Result<(Books, BTreeMap<Whose, Unread>, BTreeMap<Whose, String>), StoreError> {
    let keys = Keys::of(all);
    let rows = sqlx::query!(
        r#"SELECT account.tenant, account.member, joined_at, entries, tier_changes, deficit, earned, earn_reversed,
                  redeemed, redemption_reversed, lapsed, adjusted, settled_until, review_at, link,
                  spendable, pending, held, next_lapse_at,
                  account.place AS "place!"
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, member)
           CROSS JOIN LATERAL (
               SELECT *, ctid::text AS place FROM account
               WHERE (account.tenant, account.shard, account.member)
                   = (asked.tenant, asked.shard, asked.member) OFFSET 0
           ) AS account"#,
        &keys.tenants,
        &keys.shards,
        &keys.members
    )
    .fetch_all(connection)
    .await?;
    let (mut books, mut in_lots, mut places) = (Books::new(), BTreeMap::new(), BTreeMap::new());
    for row in rows {
        let member = MemberId::from(row.member);
        let due_at = row.next_lapse_at.map(Timestamp::from);
        let unread = Unread { points: row.spendable, pending: row.pending, held: row.held, due_at };
        in_lots.insert((row.tenant.into(), member), unread);
        places.insert((row.tenant.into(), member), row.place);
        let mut holdings = Holdings::new(member, row.joined_at.into());
        holdings.entries = row.entries;
        holdings.link = Link::read(&row.link).ok_or_else(|| StoreError::unreadable("the link of an account"))?;
        holdings.tier_changes = row.tier_changes;
        holdings.deficit = row.deficit;
        holdings.settled_until = row.settled_until.into();
        holdings.totals = Totals {
            earned: row.earned,
            earn_reversed: row.earn_reversed,
            redeemed: row.redeemed,
            redemption_reversed: row.redemption_reversed,
            lapsed: row.lapsed,
            adjusted: row.adjusted,
        };
        holdings.tiers_due_at = row.review_at.map(Timestamp::from);
        books.insert((row.tenant.into(), member), holdings);
    }
    Ok((books, in_lots, places))
}

async fn lots(
    connection: &mut PgConnection,
    read: &BTreeSet<Whose>,
    wanted: &BTreeSet<LotId>,
    books: &mut Books,
) -> Result<(), StoreError> {
    let keys = Keys::of(read);
    if keys.is_empty() {
        return Ok(());
    }
    let wanted: Vec<Uuid> = wanted.iter().map(|lot| lot.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT lot.tenant, lot.member, lot.lot, origin, amount, remaining, held, lapsed, earned_at, usable_from,
                  lapses_at
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, member)
           CROSS JOIN LATERAL (
               SELECT * FROM lot
               WHERE (lot.tenant, lot.shard, lot.member) = (asked.tenant, asked.shard, asked.member)
                 AND (remaining > 0 OR lot.lot = ANY ($4)) OFFSET 0
           ) AS lot"#,
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &wanted
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        if let Some(holdings) = books.get_mut(&(row.tenant.into(), row.member.into())) {
            holdings.lots.push(Lot {
                id: row.lot.into(),
                origin: row.origin,
                amount: row.amount,
                left: row.remaining,
                held: row.held,
                lapsed: row.lapsed,
                earned_at: row.earned_at.into(),
                usable_from: row.usable_from.map(Timestamp::from),
                lapses_at: row.lapses_at.map(Timestamp::from),
                touched: false,
            });
        }
    }
    Ok(())
}

async fn purchases(connection: &mut PgConnection, full: &BTreeSet<Whose>, books: &mut Books) -> Result<(), StoreError> {
    let keys = Keys::of(full);
    if keys.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query!(
        r#"SELECT purchase.tenant, purchase.member, purchase, currency, net_minor, returned_minor, earned, reversed, lot,
                  occurred_at
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, member)
           CROSS JOIN LATERAL (
               SELECT * FROM purchase
               WHERE (purchase.tenant, purchase.shard, purchase.member)
                   = (asked.tenant, asked.shard, asked.member) OFFSET 0
           ) AS purchase"#,
        &keys.tenants,
        &keys.shards,
        &keys.members
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let order = OrderId::from(row.purchase);
        if let Some(holdings) = books.get_mut(&(row.tenant.into(), row.member.into())) {
            let purchase = Purchase {
                order,
                currency: Currency::parse(&row.currency).map_err(StoreError::unreadable)?,
                net_minor: row.net_minor,
                returned_minor: row.returned_minor,
                earned: row.earned,
                reversed: row.reversed,
                lot: row.lot.map(LotId::from),
                occurred_at: row.occurred_at.into(),
                touched: false,
            };
            holdings.purchases.insert(order, purchase);
        }
    }
    Ok(())
}
