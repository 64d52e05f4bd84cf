//! Reading the holdings of all members a batch touches.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ::store::{StoreError, Tx};
use jiff::Timestamp;
use kernel::{LotId, MemberId, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::done::done;
use super::{coming_back, holds, purchases, tiers, transfers};
use crate::account::books::{Books, of_member};
use crate::account::chain::Link;
use crate::account::desk::{Ask, Whose};
use crate::account::holdings::{Holdings, Lot, Totals, Unread};
use crate::account::reviewing::gifts;
use crate::account::tally::Done;
use crate::account::wallet::{Owner, WalletCode};
use crate::account::{TransferAsk, TransferDeed};
use crate::programme::terms::Slide;

/// The keys of some members, as columns.
pub(super) struct Keys {
    pub tenants: Vec<Uuid>,
    pub shards: Vec<i16>,
    pub members: Vec<Uuid>,
}

/// The keys of some accounts, as columns.
pub(super) struct OwnerKeys<'a> {
    pub of: Keys,
    pub wallets: Vec<&'a str>,
}

impl<'a> OwnerKeys<'a> {
    pub fn of(all: impl IntoIterator<Item = &'a Owner>) -> Self {
        let all: Vec<&Owner> = all.into_iter().collect();
        let whose: Vec<Whose> = all.iter().map(|owner| owner.whose()).collect();
        Self { of: Keys::of(&whose), wallets: all.iter().map(|owner| owner.wallet.as_str()).collect() }
    }
}

/// The code of a wallet, as it is kept.
pub(in crate::account) fn wallet(text: &str) -> Result<WalletCode, StoreError> {
    WalletCode::parse(text).map_err(StoreError::unreadable)
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
    pub accounts: HashMap<Owner, FoundAccount>,
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
///
/// `sliding` are the tenants in which what is given renews what is there.
pub(in crate::account) async fn load(
    tx: &mut Tx,
    asks: &[&Ask],
    sliding: &BTreeSet<TenantId>,
    now: Timestamp,
) -> Result<Loaded, StoreError> {
    let all: BTreeSet<Whose> = asks.iter().flat_map(|ask| ask.members()).collect();
    let connection = tx.connection();
    let (mut books, in_lots, places) = accounts(connection, &all).await?;

    // A tier review, due or brought about by an order, needs what was bought; a mere redemption does not.
    let looks = |ask: &&&Ask| matches!(ask, Ask::Hear { .. } | Ask::Tiers(_) | Ask::Occasion(_));
    let heard = asks.iter().filter(looks).flat_map(|ask| ask.members());
    let heard: BTreeSet<Whose> = heard.collect();
    let full: BTreeSet<Whose> = heard
        .iter()
        .copied()
        .chain(books.iter().filter(|(_, holdings)| review_is_due(holdings, now)).map(|(owner, _)| owner.whose()))
        .collect();
    purchases::of_points(connection, &full, &mut books).await?;
    purchases::of_wallets(connection, &full, &mut books).await?;
    tiers::standings(connection, &full, &mut books).await?;
    tiers::history(connection, &full, &mut books).await?;
    let done = done(tx, asks, &books).await?;
    let connection = tx.connection();
    let mut wanted = coming_back::lots(connection, asks, &done.spent).await?;
    wanted.extend(books.values().flat_map(gifts::lots));
    wanted.extend(asks.iter().flat_map(|ask| transfers::lots(ask)));
    wanted.extend(done.spent.values().flat_map(|spent| spent.draws.iter().map(|draw| draw.lot)));
    let (given, changed) = addressed(asks, &books);
    let mut read = BTreeSet::new();
    for (owner, holdings) in &mut books {
        let Some(unread) = in_lots.get(owner) else { continue };
        let quiet = rests(holdings, unread, now) && !sliding.contains(&owner.tenant);
        let needed = changed.contains(owner) || (given.contains(owner) && !quiet);
        if needed {
            read.insert(*owner);
        } else {
            holdings.unread = *unread;
        }
    }
    lots(connection, &read, &wanted, &mut books).await?;
    let named = holds::named(asks);
    let held = |owner: &&Owner| in_lots.get(owner).is_some_and(|unread| unread.held > 0);
    let with_holds = read.iter().filter(held).map(Owner::whose).chain(named.iter().map(|(whose, _)| *whose)).collect();
    holds::load(connection, &with_holds, &named, &mut books).await?;
    transfers::named(connection, asks, &mut books).await?;
    let found = found(asks, &books, places);
    Ok(Loaded { books, done, found })
}

/// Which accounts are only given something in a batch, and which are changed in other ways. Those of a member that no
/// request speaks of are neither. The lots of what is only given to are not needed, and may be many.
fn addressed(asks: &[&Ask], books: &Books) -> (BTreeSet<Owner>, BTreeSet<Owner>) {
    let (mut given, mut changed) = (BTreeSet::new(), BTreeSet::new());
    for ask in asks {
        match (ask.owner(), ask) {
            (Some(owner), Ask::Grant(_)) => drop(given.insert(owner)),
            (Some(owner), Ask::Open(ask)) if ask.opening.points > 0 => drop(given.insert(owner)),
            (Some(_), Ask::Transfer(ask)) => transferred(ask, (&mut given, &mut changed)),
            (Some(owner), _) => drop(changed.insert(owner)),
            (None, _) => {
                for whose in ask.members() {
                    changed.extend(of_member(books, whose).map(|(owner, _)| *owner));
                }
            }
        }
    }
    (given, changed)
}

/// Of who gets points that are passed on, the lots are no more needed than of who is granted some; of who has to return them,
/// they are.
fn transferred(ask: &TransferAsk, (given, changed): (&mut BTreeSet<Owner>, &mut BTreeSet<Owner>)) {
    if let Some((from, to)) = ask.accounts() {
        changed.insert(from);
        match ask.what {
            TransferDeed::Make { .. } => given.insert(to),
            TransferDeed::Reverse { .. } => changed.insert(to),
        };
    }
}

fn found(asks: &[&Ask], books: &Books, places: BTreeMap<Owner, String>) -> Found {
    let due = |owner: &Owner| books.get(owner).and_then(Holdings::next_due);
    let accounts =
        places.into_iter().map(|(owner, place)| (owner, FoundAccount { place, due_at: due(&owner) })).collect();
    let lots = books.values().flat_map(|holdings| holdings.lots.iter().map(|lot| lot.id)).collect();
    let rung = asks.iter().filter(|ask| matches!(ask, Ask::Settle { .. })).flat_map(|ask| ask.members()).collect();
    Found { accounts, lots, rung }
}

/// All accounts of one member with everything a look at them needs.
pub(in crate::account) async fn read_member(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
) -> Result<Books, StoreError> {
    let whose = BTreeSet::from([(tenant, member)]);
    let (mut books, in_lots, _) = accounts(connection, &whose).await?;
    if books.is_empty() {
        return Ok(books);
    }
    if in_lots.values().any(|unread| unread.held > 0) {
        holds::load(connection, &whose, &BTreeSet::new(), &mut books).await?;
    }
    purchases::of_points(connection, &whose, &mut books).await?;
    purchases::of_wallets(connection, &whose, &mut books).await?;
    tiers::standings(connection, &whose, &mut books).await?;
    tiers::history(connection, &whose, &mut books).await?;
    let all = books.keys().copied().collect();
    lots(connection, &all, &BTreeSet::new(), &mut books).await?;
    Ok(books)
}

/// Some members' holdings as far as a review of their tiers looks at them: without lots and earlier changes.
pub(in crate::account) async fn read_for_review(
    connection: &mut PgConnection,
    whose: &BTreeSet<Whose>,
) -> Result<Books, StoreError> {
    let (mut books, ..) = accounts(connection, whose).await?;
    purchases::of_points(connection, whose, &mut books).await?;
    tiers::standings(connection, whose, &mut books).await?;
    Ok(books)
}

/// Nothing falls due before points can be given: else lots lapse, and have to be read.
fn rests(holdings: &Holdings, unread: &Unread, now: Timestamp) -> bool {
    let until = now.max(holdings.settled_until);
    !review_is_due(holdings, until) && unread.due_at.is_none_or(|due| due > until)
}

fn review_is_due(holdings: &Holdings, now: Timestamp) -> bool {
    holdings.next_of_tiers().is_some_and(|due| due <= now)
}

/// All accounts of some members without their lots, what lies in those, and where the rows are.
async fn accounts(
    connection: &mut PgConnection,
    all: &BTreeSet<Whose>,
) -> Result<(Books, BTreeMap<Owner, Unread>, BTreeMap<Owner, String>), StoreError> {
    let keys = Keys::of(all);
    let rows = sqlx::query!(
        r#"SELECT account.tenant, account.member, wallet, joined_at, entries, tier_changes, deficit, earned, earn_reversed,
                  redeemed, redemption_reversed, lapsed, adjusted, settled_until, review_at, link, spendable,
                  pending, held, next_lapse_at, transferred,
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
        let owner = Owner { tenant: row.tenant.into(), member, wallet: wallet(&row.wallet)? };
        let due_at = row.next_lapse_at.map(Timestamp::from);
        let unread = Unread { points: row.spendable, pending: row.pending, held: row.held, due_at };
        in_lots.insert(owner, unread);
        places.insert(owner, row.place);
        let mut holdings = Holdings::of(member, owner.wallet, row.joined_at.into());
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
            transferred: row.transferred,
        };
        holdings.tiers_due_at = row.review_at.map(Timestamp::from);
        books.insert(owner, holdings);
    }
    Ok((books, in_lots, places))
}

async fn lots(
    connection: &mut PgConnection,
    read: &BTreeSet<Owner>,
    wanted: &BTreeSet<LotId>,
    books: &mut Books,
) -> Result<(), StoreError> {
    if read.is_empty() {
        return Ok(());
    }
    let OwnerKeys { of: keys, wallets } = OwnerKeys::of(read);
    let wanted: Vec<Uuid> = wanted.iter().map(|lot| lot.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT lot.tenant, lot.member, lot.wallet, lot.lot, origin, amount, remaining, held, lapsed, earned_at,
                  usable_from, lapses_at, slide_months, slide_days
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $5::text[]) AS asked (tenant, shard, member, wallet)
           CROSS JOIN LATERAL (
               SELECT * FROM lot
               WHERE (lot.tenant, lot.shard, lot.member) = (asked.tenant, asked.shard, asked.member)
                 AND lot.wallet = asked.wallet AND (remaining > 0 OR lot.lot = ANY ($4)) OFFSET 0
           ) AS lot"#,
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &wanted,
        &wallets as &[&str]
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let owner = Owner { tenant: row.tenant.into(), member: row.member.into(), wallet: wallet(&row.wallet)? };
        if let Some(holdings) = books.get_mut(&owner) {
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
                slide: row.slide_months.zip(row.slide_days).map(|(months, days)| Slide { months, days }),
                touched: false,
            });
        }
    }
    Ok(())
}
