//! Writing what a batch has decided: one statement for each table.
//!
//! `unnest` stands in the select list, where PostgreSQL takes the arrays apart row by row; in FROM it would first write
//! all of them down.

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::{SignedDuration, Timestamp};
use kernel::{Shard, to_microsecond};
use serde_json::Value;
use timers::Timer;
use uuid::Uuid;

use super::chaining::{Chained, added, batch_of, chained};
use super::{entry_kind, holds, tier_change_kind};
use crate::account::desk::{Books, Whose};
use crate::account::holdings::{Holdings, Posting, Qualified};

/// The one kind of timer: the next instant at which something happens to an account by itself.
const DUE: &str = "account";

/// A history that is being loaded comes in order of its own time: what falls due within it is settled by its own next
/// order, and the clock waits this long for that before it settles the rest.
const HISTORY_REST: SignedDuration = SignedDuration::from_mins(10);

/// Writes everything that changed.
pub(in crate::account) async fn write(tx: &mut Tx, books: &Books, now: Timestamp) -> Result<(), StoreError> {
    let changed: Vec<(&Whose, &Holdings)> = books.iter().filter(|(_, holdings)| holdings.touched).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let statements = chained(changed.iter().copied(), now)?;
    write_accounts(tx, &statements).await?;
    write_lots(tx, &changed).await?;
    holds::write(tx, &changed).await?;
    write_entries(tx, &statements, now).await?;
    write_purchases(tx, &changed).await?;
    write_tier_changes(tx, &changed, now).await?;
    let timers: Vec<Timer> = changed.iter().map(|(whose, holdings)| timer(whose, holdings, now)).collect();
    timers::set(tx, &timers).await
}

fn timer((tenant, member): &Whose, holdings: &Holdings, now: Timestamp) -> Timer {
    // What is overdue although it was just settled belongs to a history that is still being loaded.
    let due_at =
        holdings.next_due().map(|due| if due <= now { now.saturating_add(HISTORY_REST).unwrap_or(now) } else { due });
    Timer { tenant: *tenant, shard: Shard::of_member(*member), subject: member.uuid(), kind: DUE, due_at }
}

fn keys<'a>(rows: impl Iterator<Item = &'a Whose>) -> (Vec<Uuid>, Vec<i16>, Vec<Uuid>) {
    let (mut tenants, mut shards, mut members) = (Vec::new(), Vec::new(), Vec::new());
    for (tenant, member) in rows {
        tenants.push(tenant.uuid());
        shards.push(Shard::of_member(*member).number());
        members.push(member.uuid());
    }
    (tenants, shards, members)
}

fn instant(moment: Timestamp) -> SqlTimestamp {
    moment.into()
}

fn stood_before(statements: &[Chained<'_>]) -> Result<Vec<Option<Value>>, StoreError> {
    statements
        .iter()
        .map(|account| account.holdings.standing.as_ref().and_then(|standing| standing.before.as_ref()))
        .map(|before| before.map(serde_json::to_value).transpose().map_err(StoreError::unreadable))
        .collect()
}

async fn write_accounts(tx: &mut Tx, statements: &[Chained<'_>]) -> Result<(), StoreError> {
    let (tenants, shards, members) = keys(statements.iter().map(|account| account.whose));
    let all: Vec<&Holdings> = statements.iter().map(|account| account.holdings).collect();
    let column = |read: fn(&Holdings) -> i64| all.iter().map(|holdings| read(holdings)).collect::<Vec<i64>>();
    let instants = |read: fn(&Holdings) -> Option<Timestamp>| {
        all.iter().map(|holdings| read(holdings).map(instant)).collect::<Vec<Option<SqlTimestamp>>>()
    };
    let qualified: Vec<Option<Qualified>> = all.iter().map(|one| Some(one.standing.as_ref()?.qualified)).collect();
    let tiers: Vec<Option<&str>> = all.iter().map(|one| Some(one.standing.as_ref()?.tier.as_str())).collect();
    let stood_before = stood_before(statements)?;
    let links: Vec<Vec<u8>> = statements.iter().map(|account| account.link().0.to_vec()).collect();
    sqlx::query!(
        "INSERT INTO account (tenant, shard, member, joined_at, entries, tier_changes, spendable, deficit, earned,
             earn_reversed, redeemed, redemption_reversed, lapsed, adjusted, settled_until, tier, tier_since,
             qualified_at, needed_minor, qualified_by, review_at, stood_before, link, next_lapse_at, pending, held)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::timestamptz[]),
                unnest($5::bigint[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]),
                unnest($9::bigint[]), unnest($10::bigint[]), unnest($11::bigint[]), unnest($12::bigint[]),
                unnest($13::bigint[]), unnest($14::bigint[]), unnest($15::timestamptz[]), unnest($16::text[]),
                unnest($17::timestamptz[]), unnest($18::timestamptz[]), unnest($19::bigint[]), unnest($20::integer[]),
                unnest($21::timestamptz[]), unnest($22::jsonb[]), unnest($23::bytea[]),
                unnest($24::timestamptz[]), unnest($25::bigint[]), unnest($26::bigint[])
         ON CONFLICT (tenant, shard, member) DO UPDATE SET
             joined_at = excluded.joined_at, entries = excluded.entries, tier_changes = excluded.tier_changes,
             spendable = excluded.spendable, deficit = excluded.deficit, earned = excluded.earned,
             earn_reversed = excluded.earn_reversed, redeemed = excluded.redeemed,
             redemption_reversed = excluded.redemption_reversed, lapsed = excluded.lapsed, adjusted = excluded.adjusted,
             settled_until = excluded.settled_until, tier = excluded.tier, tier_since = excluded.tier_since,
             qualified_at = excluded.qualified_at, needed_minor = excluded.needed_minor, held = excluded.held,
             qualified_by = excluded.qualified_by, review_at = excluded.review_at, pending = excluded.pending,
             stood_before = excluded.stood_before, link = excluded.link, next_lapse_at = excluded.next_lapse_at",
        &tenants,
        &shards,
        &members,
        &instants(|holdings| Some(holdings.joined_at)) as &[Option<SqlTimestamp>],
        &column(|holdings| holdings.entries),
        &column(|holdings| holdings.tier_changes),
        &column(Holdings::spendable),
        &column(|holdings| holdings.deficit),
        &column(|holdings| holdings.totals.earned),
        &column(|holdings| holdings.totals.earn_reversed),
        &column(|holdings| holdings.totals.redeemed),
        &column(|holdings| holdings.totals.redemption_reversed),
        &column(|holdings| holdings.totals.lapsed),
        &column(|holdings| holdings.totals.adjusted),
        &instants(|holdings| Some(holdings.settled_until)) as &[Option<SqlTimestamp>],
        &tiers as &[Option<&str>],
        &instants(|holdings| Some(holdings.standing.as_ref()?.since)) as &[Option<SqlTimestamp>],
        &instants(|holdings| Some(holdings.standing.as_ref()?.qualified.at)) as &[Option<SqlTimestamp>],
        &qualified.iter().map(|one| one.and_then(|one| one.needed_minor)).collect::<Vec<_>>() as &[Option<i64>],
        &qualified.iter().map(|one| one.map(|one| one.by_version)).collect::<Vec<_>>() as &[Option<i32>],
        &instants(|holdings| holdings.standing.as_ref()?.review_at) as &[Option<SqlTimestamp>],
        &stood_before as &[Option<Value>],
        &links,
        &instants(Holdings::next_of_lots) as &[Option<SqlTimestamp>],
        &column(Holdings::pending),
        &column(Holdings::held),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn write_lots(tx: &mut Tx, changed: &[(&Whose, &Holdings)]) -> Result<(), StoreError> {
    let rows: Vec<_> = changed
        .iter()
        .flat_map(|(whose, holdings)| holdings.lots.iter().filter(|lot| lot.touched).map(move |lot| (*whose, lot)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (tenants, shards, members) = keys(rows.iter().map(|(whose, _)| *whose));
    let ids: Vec<Uuid> = rows.iter().map(|(_, lot)| lot.id.uuid()).collect();
    let origins: Vec<String> = rows.iter().map(|(_, lot)| lot.origin.clone()).collect();
    let amounts: Vec<i64> = rows.iter().map(|(_, lot)| lot.amount).collect();
    let left: Vec<i64> = rows.iter().map(|(_, lot)| lot.left).collect();
    let lapsed: Vec<i64> = rows.iter().map(|(_, lot)| lot.lapsed).collect();
    let earned: Vec<SqlTimestamp> = rows.iter().map(|(_, lot)| instant(lot.earned_at)).collect();
    let held: Vec<i64> = rows.iter().map(|(_, lot)| lot.held).collect();
    let usable: Vec<Option<SqlTimestamp>> = rows.iter().map(|(_, lot)| lot.usable_from.map(instant)).collect();
    let lapses: Vec<Option<SqlTimestamp>> = rows.iter().map(|(_, lot)| lot.lapses_at.map(instant)).collect();
    sqlx::query!(
        "INSERT INTO lot (tenant, shard, member, lot, origin, amount, remaining, lapsed, earned_at, lapses_at,
             usable_from, held)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]),
                unnest($5::text[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]),
                unnest($9::timestamptz[]), unnest($10::timestamptz[]), unnest($11::timestamptz[]),
                unnest($12::bigint[])
         ON CONFLICT (tenant, shard, member, lot) DO UPDATE SET
             remaining = excluded.remaining, lapsed = excluded.lapsed, usable_from = excluded.usable_from,
             held = excluded.held",
        &tenants,
        &shards,
        &members,
        &ids,
        &origins,
        &amounts,
        &left,
        &lapsed,
        &earned as &[SqlTimestamp],
        &lapses as &[Option<SqlTimestamp>],
        &usable as &[Option<SqlTimestamp>],
        &held,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The entries, and what they add to the seals of their shards.
async fn write_entries(tx: &mut Tx, statements: &[Chained<'_>], now: Timestamp) -> Result<(), StoreError> {
    let rows: Vec<_> =
        statements.iter().flat_map(|account| account.lines.iter().map(move |line| (account.whose, line))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (tenants, shards, members) = keys(rows.iter().map(|(whose, _)| *whose));
    let postings: Vec<&Posting> = rows.iter().map(|(_, line)| line.posting).collect();
    let numbers: Vec<i64> = postings.iter().map(|row| row.number).collect();
    let ids: Vec<Uuid> = postings.iter().map(|row| row.id.uuid()).collect();
    let kinds: Vec<i16> = postings.iter().map(|row| entry_kind(row.kind)).collect();
    let points: Vec<i64> = postings.iter().map(|row| row.points).collect();
    let balances: Vec<i64> = postings.iter().map(|row| row.balance_after).collect();
    let causes: Vec<&str> = postings.iter().map(|row| row.cause.as_str()).collect();
    let versions: Vec<i32> = postings.iter().map(|row| row.grounds.programme_version).collect();
    let draws: Vec<&str> = rows.iter().map(|(_, line)| line.draws.as_str()).collect();
    let grounds: Vec<&str> = rows.iter().map(|(_, line)| line.grounds.as_str()).collect();
    let occurred: Vec<SqlTimestamp> = rows.iter().map(|(_, line)| instant(line.occurred_at)).collect();
    let links: Vec<Vec<u8>> = rows.iter().map(|(_, line)| line.link.0.to_vec()).collect();
    let batch = |(whose, _): &(&Whose, _)| batch_of(tx.heads(), Shard::of_member(whose.1));
    let batches: Vec<i64> = rows.iter().map(batch).collect::<Result<_, _>>()?;
    let added = added(statements, tx.heads())?;
    sqlx::query!(
        "WITH added AS (
             SELECT unnest($17::smallint[]) AS shard, unnest($18::bigint[]) AS batch, unnest($19::bigint[]) AS entries,
                    unnest($20::bytea[]) AS links
         ), sealed AS (
             UPDATE seal SET entries = seal.entries + added.entries, batch = added.batch,
                    link = sha256(seal.link || added.links), recorded_at = $16::timestamptz
             FROM added WHERE seal.shard = added.shard
         )
         INSERT INTO entry (tenant, shard, member, number, entry, kind, points, balance_after, cause, draws, grounds,
             programme_version, occurred_at, link, batch, recorded_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::bigint[]),
                unnest($5::uuid[]), unnest($6::smallint[]), unnest($7::bigint[]), unnest($8::bigint[]),
                unnest($9::text[]), unnest($10::text[])::json, unnest($11::text[])::json, unnest($12::integer[]),
                unnest($13::timestamptz[]), unnest($14::bytea[]), unnest($15::bigint[]), $16::timestamptz",
        &tenants,
        &shards,
        &members,
        &numbers,
        &ids,
        &kinds,
        &points,
        &balances,
        &causes as &[&str],
        &draws as &[&str],
        &grounds as &[&str],
        &versions,
        &occurred as &[SqlTimestamp],
        &links,
        &batches,
        instant(to_microsecond(now)) as SqlTimestamp,
        &added.shards,
        &added.batches,
        &added.entries,
        &added.links,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn write_purchases(tx: &mut Tx, changed: &[(&Whose, &Holdings)]) -> Result<(), StoreError> {
    let rows: Vec<_> = changed
        .iter()
        .flat_map(|(whose, holdings)| {
            holdings.purchases.values().filter(|purchase| purchase.touched).map(move |purchase| (*whose, purchase))
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (tenants, shards, members) = keys(rows.iter().map(|(whose, _)| *whose));
    let orders: Vec<Uuid> = rows.iter().map(|(_, row)| row.order.uuid()).collect();
    let currencies: Vec<String> = rows.iter().map(|(_, row)| row.currency.to_string()).collect();
    let net: Vec<i64> = rows.iter().map(|(_, row)| row.net_minor).collect();
    let returned: Vec<i64> = rows.iter().map(|(_, row)| row.returned_minor).collect();
    let earned: Vec<i64> = rows.iter().map(|(_, row)| row.earned).collect();
    let reversed: Vec<i64> = rows.iter().map(|(_, row)| row.reversed).collect();
    let lots: Vec<Option<Uuid>> = rows.iter().map(|(_, row)| row.lot.map(|lot| lot.uuid())).collect();
    let occurred: Vec<SqlTimestamp> = rows.iter().map(|(_, row)| instant(row.occurred_at)).collect();
    sqlx::query!(
        "INSERT INTO purchase (tenant, shard, member, purchase, currency, net_minor, returned_minor, earned, reversed,
             lot, occurred_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]),
                unnest($5::text[]), unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]),
                unnest($9::bigint[]), unnest($10::uuid[]), unnest($11::timestamptz[])
         ON CONFLICT (tenant, shard, member, purchase)
         DO UPDATE SET returned_minor = excluded.returned_minor, reversed = excluded.reversed",
        &tenants,
        &shards,
        &members,
        &orders,
        &currencies,
        &net,
        &returned,
        &earned,
        &reversed,
        &lots as &[Option<Uuid>],
        &occurred as &[SqlTimestamp],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn write_tier_changes(tx: &mut Tx, changed: &[(&Whose, &Holdings)], now: Timestamp) -> Result<(), StoreError> {
    let rows: Vec<_> = changed
        .iter()
        .flat_map(|(whose, holdings)| holdings.changes.iter().map(move |change| (*whose, change)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (tenants, shards, members) = keys(rows.iter().map(|(whose, _)| *whose));
    let numbers: Vec<i64> = rows.iter().map(|(_, row)| row.number).collect();
    let kinds: Vec<i16> = rows.iter().map(|(_, row)| tier_change_kind(row.kind)).collect();
    let from: Vec<String> = rows.iter().map(|(_, row)| row.from.clone()).collect();
    let to: Vec<String> = rows.iter().map(|(_, row)| row.to.clone()).collect();
    let causes: Vec<String> = rows.iter().map(|(_, row)| row.cause.clone()).collect();
    let progress: Vec<i64> = rows.iter().map(|(_, row)| row.progress_minor).collect();
    let versions: Vec<i32> = rows.iter().map(|(_, row)| row.programme_version).collect();
    let occurred: Vec<SqlTimestamp> = rows.iter().map(|(_, row)| instant(row.occurred_at)).collect();
    sqlx::query!(
        "INSERT INTO tier_change (tenant, shard, member, number, kind, from_tier, to_tier, cause, progress_minor,
             programme_version, occurred_at, recorded_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::bigint[]),
                unnest($5::smallint[]), unnest($6::text[]), unnest($7::text[]), unnest($8::text[]),
                unnest($9::bigint[]), unnest($10::integer[]), unnest($11::timestamptz[]), $12::timestamptz",
        &tenants,
        &shards,
        &members,
        &numbers,
        &kinds,
        &from,
        &to,
        &causes,
        &progress,
        &versions,
        &occurred as &[SqlTimestamp],
        instant(now) as SqlTimestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
