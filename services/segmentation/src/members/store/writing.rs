//! Writing what a batch has decided: one statement for each table.

use std::collections::BTreeSet;

use ::store::{SqlTimestamp, StoreError, Tx};
use jiff::{SignedDuration, Timestamp};
use kernel::{OrderId, Shard, TenantId};
use serde_json::Value;
use timers::Timer;
use uuid::Uuid;

use super::{Keys, cycle_source, group, lifecycle};
use crate::members::desk::{People, Shops, Whose};
use crate::members::person::{Change, Moved, Person, Summary};
use crate::members::purchase::{Purchase, Return};
use crate::members::snapshot;

/// The timer of a member: the next instant at which they stand elsewhere by themselves.
pub(in crate::members) const MEMBER: &str = "member";
/// The timer of a tenant: the next snapshot.
pub(in crate::members) const SNAPSHOT: &str = "snapshot";
/// The timer of a tenant: everybody is to be looked at again.
pub(in crate::members) const SWEEP: &str = "sweep";

/// A history that is being loaded comes in order of its own time: what falls due within it is settled by its own next
/// order, and the clock waits this long for that before it settles the rest.
const HISTORY_REST: SignedDuration = SignedDuration::from_mins(10);

/// Numbers of kinds in the database. They never change their meaning.
pub(in crate::members) const GROUP_CHANGED: i16 = 1;
const LIFECYCLE_CHANGED: i16 = 2;

/// Writes everything that changed.
pub(in crate::members) async fn write(
    tx: &mut Tx,
    people: &People,
    shops: &Shops,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed: Vec<(&Whose, &Person)> = people.iter().filter(|(_, person)| person.touched).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let dues: Vec<Option<Timestamp>> =
        changed.iter().map(|((tenant, _), person)| person.next_due(shops.get(tenant)?)).collect();
    write_people(tx, &changed, &dues, shops).await?;
    write_purchases(tx, &changed, now).await?;
    write_returns(tx, &changed, now).await?;
    write_changes(tx, &changed, now).await?;
    let timers: Vec<Timer> = changed.iter().zip(&dues).map(|(one, due)| timer(*one, *due, now)).collect();
    timers::set(tx, &timers).await
}

fn timer(((tenant, member), person): (&Whose, &Person), due: Option<Timestamp>, now: Timestamp) -> Timer {
    // What is overdue in a history that is being loaded waits for the rest of it.
    let loading = person.history_until == Some(now);
    let due_at =
        due.map(|due| if loading && due <= now { now.saturating_add(HISTORY_REST).unwrap_or(now) } else { due });
    Timer { tenant: *tenant, shard: Shard::of_member(*member), subject: member.uuid(), kind: MEMBER, due_at }
}

/// What is heard of a tenant may change how its members compare: the next snapshot is due at the next midnight.
pub(in crate::members) async fn bring_snapshots_forward(
    tx: &mut Tx,
    tenants: &BTreeSet<TenantId>,
    shops: &Shops,
    now: Timestamp,
) -> Result<(), StoreError> {
    let told = shops.iter().filter(|(tenant, _)| tenants.contains(*tenant));
    let timers: Vec<Timer> = told
        .map(|(tenant, shop)| Timer {
            tenant: *tenant,
            shard: Shard::of_tenant(*tenant),
            subject: tenant.uuid(),
            kind: SNAPSHOT,
            due_at: snapshot::next_due(now, &shop.frame(0).zone, None),
        })
        .collect();
    timers::bring_forward(tx, &timers).await
}

fn instant(moment: Timestamp) -> SqlTimestamp {
    moment.into()
}

async fn write_people(
    tx: &mut Tx,
    changed: &[(&Whose, &Person)],
    dues: &[Option<Timestamp>],
    shops: &Shops,
) -> Result<(), StoreError> {
    let keys = Keys::of(changed.iter().map(|(whose, _)| *whose));
    let summaries = changed
        .iter()
        .map(|((tenant, _), person)| shops.get(tenant).map(|shop| person.summary(shop)))
        .collect::<Option<Vec<Summary>>>()
        .ok_or_else(|| StoreError::unreadable("a member's tenant"))?;
    let moment = |read: fn(&Person) -> Option<Timestamp>| {
        changed.iter().map(|(_, person)| read(person).map(instant)).collect::<Vec<Option<SqlTimestamp>>>()
    };
    let number = |read: fn(&Person) -> i64| changed.iter().map(|(_, person)| read(person)).collect::<Vec<i64>>();
    let code = |read: fn(&Person) -> i16| changed.iter().map(|(_, person)| read(person)).collect::<Vec<i16>>();
    let bought = |read: fn((Timestamp, Timestamp)) -> Timestamp| {
        summaries.iter().map(|one| one.first_and_last.map(read).map(instant)).collect::<Vec<Option<SqlTimestamp>>>()
    };
    let sum = |read: fn(&Summary) -> i64| summaries.iter().map(read).collect::<Vec<i64>>();
    let sources: Vec<i16> = summaries.iter().map(|one| cycle_source(one.cycle.source)).collect();
    let dues: Vec<Option<SqlTimestamp>> = dues.iter().map(|due| due.map(instant)).collect();
    sqlx::query!(
        "INSERT INTO person (tenant, shard, member, joined_at, rfm_group, group_since, lifecycle, lifecycle_since, labels,
             first_purchase_at, last_purchase_at, purchases, total_minor, cycle_days, cycle_source, snapshot, changes,
             settled_until, history_until, next_change_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::timestamptz[]),
                unnest($5::smallint[]), unnest($6::timestamptz[]), unnest($7::smallint[]), unnest($8::timestamptz[]),
                unnest($9::smallint[]), unnest($10::timestamptz[]), unnest($11::timestamptz[]), unnest($12::bigint[]),
                unnest($13::bigint[]), unnest($14::bigint[]), unnest($15::smallint[]), unnest($16::bigint[]),
                unnest($17::bigint[]), unnest($18::timestamptz[]), unnest($19::timestamptz[]), unnest($20::timestamptz[])
         ON CONFLICT (tenant, shard, member) DO UPDATE SET
             joined_at = excluded.joined_at, rfm_group = excluded.rfm_group, group_since = excluded.group_since,
             lifecycle = excluded.lifecycle, lifecycle_since = excluded.lifecycle_since, labels = excluded.labels,
             first_purchase_at = excluded.first_purchase_at, last_purchase_at = excluded.last_purchase_at,
             purchases = excluded.purchases, total_minor = excluded.total_minor, cycle_days = excluded.cycle_days,
             cycle_source = excluded.cycle_source, snapshot = excluded.snapshot, changes = excluded.changes,
             settled_until = excluded.settled_until, history_until = excluded.history_until,
             next_change_at = excluded.next_change_at",
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &moment(|person| person.joined_at) as &[Option<SqlTimestamp>],
        &code(|person| group(person.standing.group)),
        &moment(|person| person.group_since) as &[Option<SqlTimestamp>],
        &code(|person| lifecycle(person.standing.lifecycle)),
        &moment(|person| person.lifecycle_since) as &[Option<SqlTimestamp>],
        &code(|person| i16::from(person.standing.labels.0)),
        &bought(|(first, _)| first) as &[Option<SqlTimestamp>],
        &bought(|(_, last)| last) as &[Option<SqlTimestamp>],
        &sum(|one| one.purchases),
        &sum(|one| one.total_minor),
        &sum(|one| one.cycle.days),
        &sources,
        &number(|person| person.snapshot),
        &number(|person| person.changes),
        &moment(|person| person.settled_until) as &[Option<SqlTimestamp>],
        &moment(|person| person.history_until) as &[Option<SqlTimestamp>],
        &dues as &[Option<SqlTimestamp>],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn write_purchases(tx: &mut Tx, changed: &[(&Whose, &Person)], now: Timestamp) -> Result<(), StoreError> {
    let rows: Vec<(&Whose, &Purchase)> =
        changed.iter().flat_map(|(whose, person)| person.bought.iter().map(move |one| (*whose, one))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let keys = Keys::of(rows.iter().map(|(whose, _)| *whose));
    let orders: Vec<Uuid> = rows.iter().map(|(_, one)| one.order.uuid()).collect();
    let occurred: Vec<SqlTimestamp> = rows.iter().map(|(_, one)| instant(one.occurred_at)).collect();
    let currencies: Vec<String> = rows.iter().map(|(_, one)| one.currency.to_string()).collect();
    let net: Vec<i64> = rows.iter().map(|(_, one)| one.net_minor).collect();
    let cost: Vec<Option<i64>> = rows.iter().map(|(_, one)| one.cost_minor).collect();
    let channels: Vec<String> = rows.iter().map(|(_, one)| one.channel.clone()).collect();
    let json = |one: &Purchase| serde_json::to_value(&one.categories).map_err(StoreError::unreadable);
    let categories = rows.iter().map(|(_, one)| json(one)).collect::<Result<Vec<Value>, _>>()?;
    sqlx::query!(
        "INSERT INTO purchase (tenant, shard, member, purchase, occurred_at, currency, net_minor, cost_minor, channel,
             categories, recorded_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]),
                unnest($5::timestamptz[]), unnest($6::text[]), unnest($7::bigint[]), unnest($8::bigint[]),
                unnest($9::text[]), unnest($10::jsonb[]), $11::timestamptz",
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &orders,
        &occurred as &[SqlTimestamp],
        &currencies,
        &net,
        &cost as &[Option<i64>],
        &channels,
        &categories,
        instant(now) as SqlTimestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn write_returns(tx: &mut Tx, changed: &[(&Whose, &Person)], now: Timestamp) -> Result<(), StoreError> {
    let rows: Vec<(&Whose, &(OrderId, Return))> =
        changed.iter().flat_map(|(whose, person)| person.returned.iter().map(move |one| (*whose, one))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let keys = Keys::of(rows.iter().map(|(whose, _)| *whose));
    let orders: Vec<Uuid> = rows.iter().map(|(_, (order, _))| order.uuid()).collect();
    let causes: Vec<String> = rows.iter().map(|(_, (_, back))| back.cause.clone()).collect();
    let occurred: Vec<SqlTimestamp> = rows.iter().map(|(_, (_, back))| instant(back.occurred_at)).collect();
    let net: Vec<i64> = rows.iter().map(|(_, (_, back))| back.net_minor).collect();
    let cost: Vec<Option<i64>> = rows.iter().map(|(_, (_, back))| back.cost_minor).collect();
    let whole: Vec<bool> = rows.iter().map(|(_, (_, back))| back.whole).collect();
    sqlx::query!(
        "INSERT INTO purchase_return (tenant, shard, member, purchase, cause, occurred_at, net_minor, cost_minor, whole,
             recorded_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]), unnest($5::text[]),
                unnest($6::timestamptz[]), unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::boolean[]),
                $10::timestamptz",
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &orders,
        &causes,
        &occurred as &[SqlTimestamp],
        &net,
        &cost as &[Option<i64>],
        &whole,
        instant(now) as SqlTimestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn write_changes(tx: &mut Tx, changed: &[(&Whose, &Person)], now: Timestamp) -> Result<(), StoreError> {
    let rows: Vec<(&Whose, &Change)> =
        changed.iter().flat_map(|(whose, person)| person.fresh.iter().map(move |one| (*whose, one))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let keys = Keys::of(rows.iter().map(|(whose, _)| *whose));
    let coded: Vec<(i16, i16, i16)> = rows
        .iter()
        .map(|(_, change)| match change.moved {
            Moved::Group(from, to) => (GROUP_CHANGED, group(from), group(to)),
            Moved::Lifecycle(from, to) => (LIFECYCLE_CHANGED, lifecycle(from), lifecycle(to)),
        })
        .collect();
    let numbers: Vec<i64> = rows.iter().map(|(_, change)| change.number).collect();
    let kinds: Vec<i16> = coded.iter().map(|(kind, ..)| *kind).collect();
    let before: Vec<i16> = coded.iter().map(|(_, before, _)| *before).collect();
    let after: Vec<i16> = coded.iter().map(|(.., after)| *after).collect();
    let labels: Vec<i16> = rows.iter().map(|(_, change)| i16::from(change.standing.labels.0)).collect();
    let causes: Vec<String> = rows.iter().map(|(_, change)| change.cause.clone()).collect();
    let snapshots: Vec<i64> = rows.iter().map(|(_, change)| change.snapshot).collect();
    let occurred: Vec<SqlTimestamp> = rows.iter().map(|(_, change)| instant(change.occurred_at)).collect();
    sqlx::query!(
        "INSERT INTO change (tenant, shard, member, number, kind, before, after, labels, cause, snapshot, occurred_at,
             recorded_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::bigint[]),
                unnest($5::smallint[]), unnest($6::smallint[]), unnest($7::smallint[]), unnest($8::smallint[]),
                unnest($9::text[]), unnest($10::bigint[]), unnest($11::timestamptz[]), $12::timestamptz",
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &numbers,
        &kinds,
        &before,
        &after,
        &labels,
        &causes,
        &snapshots,
        &occurred as &[SqlTimestamp],
        instant(now) as SqlTimestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
