//! Writing what a batch has decided: one statement for what nearly every batch posts, and one for each of the rest.

mod accounts;
mod entries;
mod lots;
mod post;

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::{SignedDuration, Timestamp};
use kernel::Shard;
use timers::Timer;
use uuid::Uuid;

use super::chaining::{Chained, chained};
use super::loading::Found;
use super::{holds, tiers};
use crate::account::desk::{Books, Whose};
use crate::account::holdings::Holdings;

/// The one kind of timer: the next instant at which something happens to an account by itself.
const DUE: &str = "account";

/// A history that is being loaded comes in order of its own time: what falls due within it is settled by its own next
/// order, and the clock waits this long for that before it settles the rest.
const HISTORY_REST: SignedDuration = SignedDuration::from_mins(10);

/// Writes everything that changed.
pub(in crate::account) async fn write(
    tx: &mut Tx,
    books: &Books,
    found: &Found,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed: Vec<(&Whose, &Holdings)> = books.iter().filter(|(_, holdings)| holdings.touched).collect();
    if !changed.is_empty() {
        let statements = chained(changed.iter().copied(), now)?;
        let new: Vec<&Chained<'_>> =
            statements.iter().filter(|account| !found.accounts.contains_key(account.whose)).collect();
        accounts::insert(tx, &new).await?;
        post::post(tx, &statements, found, now).await?;
        lots::update(tx, &changed, found).await?;
        holds::write(tx, &changed).await?;
        entries::reversed(tx, &changed).await?;
        write_purchases(tx, &changed).await?;
        tiers::write(tx, &changed, now).await?;
    }
    timers::set(tx, &timers(books, found, now)).await
}

/// The timers that have to be set: of those whose next due instant is another now, and of those that have rung.
fn timers(books: &Books, found: &Found, now: Timestamp) -> Vec<Timer> {
    let mut timers = Vec::new();
    for (whose, holdings) in books {
        let next = holdings.next_due();
        let before = found.accounts.get(whose).and_then(|account| account.due_at);
        let stands = next == before && next.is_none_or(|due| due > now) && !found.rung.contains(whose);
        if !stands {
            // What is overdue although it was just settled belongs to a history that is still being loaded.
            let due_at = next.map(|due| if due <= now { now.saturating_add(HISTORY_REST).unwrap_or(now) } else { due });
            let (tenant, member) = *whose;
            timers.push(Timer { tenant, shard: Shard::of_member(member), subject: member.uuid(), kind: DUE, due_at });
        }
    }
    timers
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

/// The place of a row among its batch's accounts, as PostgreSQL counts: from one.
fn place_of(place: usize) -> Result<i32, StoreError> {
    i32::try_from(place.saturating_add(1)).map_err(StoreError::unreadable)
}

fn instant(moment: Timestamp) -> SqlTimestamp {
    moment.into()
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
