//! The rows of accounts.

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::Timestamp;
use uuid::Uuid;

use super::{instant, keys};
use crate::account::holdings::Holdings;
use crate::account::store::chaining::Chained;

/// Accounts as columns.
pub(super) struct Columns<'a> {
    pub tenants: Vec<Uuid>,
    pub shards: Vec<i16>,
    pub members: Vec<Uuid>,
    pub wallets: Vec<&'a str>,
    pub joined_at: Vec<SqlTimestamp>,
    pub entries: Vec<i64>,
    pub tier_changes: Vec<i64>,
    pub spendable: Vec<i64>,
    pub deficit: Vec<i64>,
    pub earned: Vec<i64>,
    pub earn_reversed: Vec<i64>,
    pub redeemed: Vec<i64>,
    pub redemption_reversed: Vec<i64>,
    pub lapsed: Vec<i64>,
    pub adjusted: Vec<i64>,
    pub transferred: Vec<i64>,
    pub settled_until: Vec<SqlTimestamp>,
    pub review_at: Vec<Option<SqlTimestamp>>,
    pub links: Vec<Vec<u8>>,
    pub next_lapse_at: Vec<Option<SqlTimestamp>>,
    pub pending: Vec<i64>,
    pub held: Vec<i64>,
}

impl<'a> Columns<'a> {
    pub fn of(statements: &[&'a Chained<'a>]) -> Result<Self, StoreError> {
        let (tenants, shards, members) = keys(statements.iter().map(|account| account.owner));
        let all: Vec<&Holdings> = statements.iter().map(|account| account.holdings).collect();
        let numbers = |read: fn(&Holdings) -> i64| all.iter().map(|holdings| read(holdings)).collect::<Vec<i64>>();
        let instants = |read: fn(&Holdings) -> Option<Timestamp>| {
            all.iter().map(|holdings| read(holdings).map(instant)).collect::<Vec<Option<SqlTimestamp>>>()
        };
        Ok(Self {
            tenants,
            shards,
            members,
            wallets: statements.iter().map(|account| account.owner.wallet.as_str()).collect(),
            joined_at: all.iter().map(|holdings| instant(holdings.joined_at)).collect(),
            entries: numbers(|holdings| holdings.entries),
            tier_changes: numbers(|holdings| holdings.tier_changes),
            spendable: numbers(Holdings::spendable),
            deficit: numbers(|holdings| holdings.deficit),
            earned: numbers(|holdings| holdings.totals.earned),
            earn_reversed: numbers(|holdings| holdings.totals.earn_reversed),
            redeemed: numbers(|holdings| holdings.totals.redeemed),
            redemption_reversed: numbers(|holdings| holdings.totals.redemption_reversed),
            lapsed: numbers(|holdings| holdings.totals.lapsed),
            adjusted: numbers(|holdings| holdings.totals.adjusted),
            transferred: numbers(|holdings| holdings.totals.transferred),
            settled_until: all.iter().map(|holdings| instant(holdings.settled_until)).collect(),
            review_at: instants(Holdings::next_of_tiers),
            links: statements.iter().map(|account| account.link().0.to_vec()).collect(),
            next_lapse_at: instants(Holdings::next_of_lots),
            pending: numbers(Holdings::pending),
            held: numbers(Holdings::held),
        })
    }
}

/// Writes accounts that were found nowhere.
pub(super) async fn insert(tx: &mut Tx, new: &[&Chained<'_>]) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    let new = Columns::of(new)?;
    sqlx::query!(
        "INSERT INTO account (tenant, shard, member, joined_at, entries, tier_changes, spendable, deficit, earned,
             earn_reversed, redeemed, redemption_reversed, lapsed, adjusted, settled_until, review_at,
             link, next_lapse_at, pending, held, wallet, transferred)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::timestamptz[]),
                unnest($5::bigint[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]),
                unnest($9::bigint[]), unnest($10::bigint[]), unnest($11::bigint[]), unnest($12::bigint[]),
                unnest($13::bigint[]), unnest($14::bigint[]), unnest($15::timestamptz[]), unnest($16::timestamptz[]),
                unnest($17::bytea[]), unnest($18::timestamptz[]), unnest($19::bigint[]), unnest($20::bigint[]),
                unnest($21::text[]), unnest($22::bigint[])",
        &new.tenants,
        &new.shards,
        &new.members,
        &new.joined_at as &[SqlTimestamp],
        &new.entries,
        &new.tier_changes,
        &new.spendable,
        &new.deficit,
        &new.earned,
        &new.earn_reversed,
        &new.redeemed,
        &new.redemption_reversed,
        &new.lapsed,
        &new.adjusted,
        &new.settled_until as &[SqlTimestamp],
        &new.review_at as &[Option<SqlTimestamp>],
        &new.links,
        &new.next_lapse_at as &[Option<SqlTimestamp>],
        &new.pending,
        &new.held,
        &new.wallets as &[&str],
        &new.transferred,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
