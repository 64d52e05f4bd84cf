//! The rows of accounts.

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{instant, keys};
use crate::account::holdings::{Holdings, Qualified};
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
    pub settled_until: Vec<SqlTimestamp>,
    pub tiers: Vec<Option<&'a str>>,
    pub tier_since: Vec<Option<SqlTimestamp>>,
    pub qualified_at: Vec<Option<SqlTimestamp>>,
    pub needed_minor: Vec<Option<i64>>,
    pub qualified_by: Vec<Option<i32>>,
    pub review_at: Vec<Option<SqlTimestamp>>,
    pub stood_before: Vec<Option<Value>>,
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
        let stand = || all.iter().map(|holdings| holdings.standing.as_ref());
        let qualified: Vec<Option<Qualified>> = stand().map(|standing| Some(standing?.qualified)).collect();
        let before = stand().map(|standing| standing?.before.as_ref());
        let before = before.map(|one| one.map(serde_json::to_value).transpose().map_err(StoreError::unreadable));
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
            settled_until: all.iter().map(|holdings| instant(holdings.settled_until)).collect(),
            tiers: stand().map(|standing| Some(standing?.tier.as_str())).collect(),
            tier_since: instants(|holdings| Some(holdings.standing.as_ref()?.since)),
            qualified_at: instants(|holdings| Some(holdings.standing.as_ref()?.qualified.at)),
            needed_minor: qualified.iter().map(|one| one.and_then(|one| one.needed_minor)).collect(),
            qualified_by: qualified.iter().map(|one| one.map(|one| one.by_version)).collect(),
            review_at: instants(|holdings| holdings.standing.as_ref()?.review_at),
            stood_before: before.collect::<Result<_, _>>()?,
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
             earn_reversed, redeemed, redemption_reversed, lapsed, adjusted, settled_until, tier, tier_since,
             qualified_at, needed_minor, qualified_by, review_at, stood_before, link, next_lapse_at, pending, held, wallet)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::timestamptz[]),
                unnest($5::bigint[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]),
                unnest($9::bigint[]), unnest($10::bigint[]), unnest($11::bigint[]), unnest($12::bigint[]),
                unnest($13::bigint[]), unnest($14::bigint[]), unnest($15::timestamptz[]), unnest($16::text[]),
                unnest($17::timestamptz[]), unnest($18::timestamptz[]), unnest($19::bigint[]), unnest($20::integer[]),
                unnest($21::timestamptz[]), unnest($22::jsonb[]), unnest($23::bytea[]), unnest($24::timestamptz[]),
                unnest($25::bigint[]), unnest($26::bigint[]), unnest($27::text[])",
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
        &new.tiers as &[Option<&str>],
        &new.tier_since as &[Option<SqlTimestamp>],
        &new.qualified_at as &[Option<SqlTimestamp>],
        &new.needed_minor as &[Option<i64>],
        &new.qualified_by as &[Option<i32>],
        &new.review_at as &[Option<SqlTimestamp>],
        &new.stood_before as &[Option<Value>],
        &new.links,
        &new.next_lapse_at as &[Option<SqlTimestamp>],
        &new.pending,
        &new.held,
        &new.wallets as &[&str],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
