//! The rows of what members used.

use std::collections::BTreeMap;

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{Currency, MemberId, Money, OrderId, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::benefit::reading::Uses;
use crate::benefit::terms::Sort;
use crate::benefit::{Booked, Booking, Saving, Use};
use crate::reservation::life::OrderKey;

/// Numbers of sorts in the database. They never change their meaning.
const fn sort(sort: Sort) -> i16 {
    match sort {
        Sort::Price => 1,
        Sort::Delivery => 2,
        Sort::Extra => 3,
    }
}

/// What all uses of benefits come to.
pub(in crate::benefit) async fn sums(
    connection: &mut PgConnection,
    tenant: TenantId,
    codes: &[String],
) -> Result<BTreeMap<String, Use>, StoreError> {
    let rows = sqlx::query!(
        "SELECT benefit, count(*) AS \"uses!\", sum(saved_minor)::bigint AS \"saved!\",
                sum(cost_minor)::bigint AS \"cost!\", sum(forgone_minor)::bigint AS \"forgone!\"
         FROM benefit_use
         WHERE tenant = $1 AND benefit = ANY ($2) AND returned_at IS NULL AND cancelled_at IS NULL
         GROUP BY benefit",
        tenant.uuid(),
        codes,
    )
    .fetch_all(connection)
    .await?;
    let read = rows.into_iter().map(|row| {
        let sum = Use { uses: row.uses, saved_minor: row.saved, cost_minor: row.cost, forgone_minor: row.forgone };
        (row.benefit, sum)
    });
    Ok(read.collect())
}

/// When a member used benefits, those left out that came back or were given up.
pub(in crate::benefit) async fn uses_of(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    codes: &[String],
) -> Result<Uses, StoreError> {
    if codes.is_empty() {
        return Ok(Uses::new());
    }
    let rows = sqlx::query!(
        "SELECT benefit, used_at FROM benefit_use
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND benefit = ANY ($4)
           AND returned_at IS NULL AND cancelled_at IS NULL",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        codes,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.benefit, SqlTimestamp::into(row.used_at))).collect())
}

/// What is booked for an order.
pub(in crate::benefit) struct OfOrder {
    pub(in crate::benefit) asked: Vec<u8>,
    pub(in crate::benefit) booked: Vec<Booked>,
    /// It was given up.
    pub(in crate::benefit) cancelled: bool,
    /// It was neither given up nor did it come back.
    pub(in crate::benefit) stands: bool,
}

pub(in crate::benefit) async fn of_order(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    order: &OrderKey,
) -> Result<Option<OfOrder>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT benefit, version, counted, asked, currency, saved_minor, cost_minor, forgone_minor,
                  returned_at IS NOT NULL AS "returned!", cancelled_at IS NOT NULL AS "cancelled!"
           FROM benefit_use
           WHERE tenant = $1 AND shard = $2 AND member = $3 AND order_source = $4 AND order_number = $5
           ORDER BY benefit COLLATE "C""#,
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        order.source,
        order.number,
    )
    .fetch_all(connection)
    .await?;
    let mut found: Option<OfOrder> = None;
    for row in rows {
        let known = found.get_or_insert_with(|| OfOrder {
            asked: row.asked,
            booked: Vec::new(),
            cancelled: row.cancelled,
            stands: !row.returned && !row.cancelled,
        });
        known.booked.push(Booked {
            benefit: row.benefit,
            version: row.version,
            currency: Currency::parse(&row.currency).map_err(StoreError::unreadable)?,
            saved_minor: row.saved_minor,
            cost_minor: row.cost_minor,
            forgone_minor: row.forgone_minor,
            counted: row.counted,
        });
    }
    Ok(found)
}

pub(in crate::benefit) async fn insert(
    connection: &mut PgConnection,
    ask: &Booking,
    booked: &[(Booked, Sort)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let codes: Vec<String> = booked.iter().map(|(one, _)| one.benefit.clone()).collect();
    let versions: Vec<i32> = booked.iter().map(|(one, _)| one.version).collect();
    let kinds: Vec<i16> = booked.iter().map(|(_, of)| sort(*of)).collect();
    let counted: Vec<bool> = booked.iter().map(|(one, _)| one.counted).collect();
    let saved: Vec<i64> = booked.iter().map(|(one, _)| one.saved_minor).collect();
    let cost: Vec<i64> = booked.iter().map(|(one, _)| one.cost_minor).collect();
    let forgone: Vec<i64> = booked.iter().map(|(one, _)| one.forgone_minor).collect();
    sqlx::query!(
        "INSERT INTO benefit_use (tenant, shard, member, order_source, order_number, benefit, version, kind, counted,
             asked, currency, saved_minor, cost_minor, forgone_minor, used_at)
         SELECT $1, $2, $3, $4, $5, benefit, version, kind, counted, $6, $7, saved, cost, forgone, $8
         FROM unnest($9::text[], $10::integer[], $11::smallint[], $12::boolean[], $13::bigint[], $14::bigint[],
                     $15::bigint[]) AS used (benefit, version, kind, counted, saved, cost, forgone)",
        ask.tenant.uuid(),
        Shard::of_member(ask.member).number(),
        ask.member.uuid(),
        ask.order.source,
        ask.order.number,
        ask.asked,
        ask.cart.currency.to_string(),
        SqlTimestamp::from(now) as SqlTimestamp,
        &codes,
        &versions,
        &kinds,
        &counted,
        &saved,
        &cost,
        &forgone,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(in crate::benefit) async fn cancel(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    order: &OrderKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE benefit_use SET cancelled_at = $6
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND order_source = $4 AND order_number = $5",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        order.source,
        order.number,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes by which ids orders are known from now on.
pub(in crate::benefit) async fn bind(
    connection: &mut PgConnection,
    ordered: &[(TenantId, MemberId, OrderId, &OrderKey)],
) -> Result<(), StoreError> {
    if ordered.is_empty() {
        return Ok(());
    }
    let tenants: Vec<Uuid> = ordered.iter().map(|(tenant, ..)| tenant.uuid()).collect();
    let shards: Vec<i16> = ordered.iter().map(|(_, member, ..)| Shard::of_member(*member).number()).collect();
    let members: Vec<Uuid> = ordered.iter().map(|(_, member, ..)| member.uuid()).collect();
    let orders: Vec<Uuid> = ordered.iter().map(|(_, _, order, _)| order.uuid()).collect();
    let sources: Vec<&str> = ordered.iter().map(|(.., key)| key.source.as_str()).collect();
    let numbers: Vec<&str> = ordered.iter().map(|(.., key)| key.number.as_str()).collect();
    sqlx::query!(
        "UPDATE benefit_use AS used SET purchase = heard.purchase
         FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])
              AS heard (tenant, shard, member, purchase, source, number)
         WHERE used.tenant = heard.tenant AND used.shard = heard.shard AND used.member = heard.member
           AND used.order_source = heard.source AND used.order_number = heard.number",
        &tenants,
        &shards,
        &members,
        &orders,
        &sources as &[&str],
        &numbers as &[&str],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes back what an order saved that came back; answers what that was.
pub(in crate::benefit) async fn take_back(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    order: OrderId,
    now: Timestamp,
) -> Result<Vec<Booked>, StoreError> {
    let rows = sqlx::query!(
        "UPDATE benefit_use SET returned_at = $5
         WHERE tenant = $1 AND shard = $2 AND purchase = $3 AND member = $4
           AND returned_at IS NULL AND cancelled_at IS NULL
         RETURNING benefit, version, counted, currency, saved_minor, cost_minor, forgone_minor",
        tenant.uuid(),
        Shard::of_member(member).number(),
        order.uuid(),
        member.uuid(),
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .fetch_all(connection)
    .await?;
    let read = rows.into_iter().map(|row| {
        Ok(Booked {
            benefit: row.benefit,
            version: row.version,
            currency: Currency::parse(&row.currency).map_err(StoreError::unreadable)?,
            saved_minor: row.saved_minor,
            cost_minor: row.cost_minor,
            forgone_minor: row.forgone_minor,
            counted: row.counted,
        })
    });
    read.collect()
}

/// What a member saved in a time, by sort and currency.
pub(in crate::benefit) async fn savings(
    connection: &mut PgConnection,
    (tenant, member): (TenantId, MemberId),
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Vec<Saving>, StoreError> {
    let rows = sqlx::query!(
        "SELECT kind, currency, count(*) AS \"uses!\", sum(saved_minor)::bigint AS \"minor!\" FROM benefit_use
         WHERE tenant = $1 AND shard = $2 AND member = $3 AND returned_at IS NULL AND cancelled_at IS NULL
           AND saved_minor > 0
           AND ($4::timestamptz IS NULL OR used_at >= $4) AND ($5::timestamptz IS NULL OR used_at < $5)
         GROUP BY kind, currency ORDER BY kind, currency",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
        since.map(SqlTimestamp::from) as Option<SqlTimestamp>,
        until.map(SqlTimestamp::from) as Option<SqlTimestamp>,
    )
    .fetch_all(connection)
    .await?;
    let sorts = [Sort::Price, Sort::Delivery, Sort::Extra];
    let read = rows.into_iter().map(|row| {
        let found = sorts.into_iter().find(|one| sort(*one) == row.kind);
        let currency = Currency::parse(&row.currency).map_err(StoreError::unreadable)?;
        Ok(Saving {
            sort: found.ok_or_else(|| StoreError::unreadable("a sort of benefit"))?,
            uses: row.uses,
            saved: Money { currency, minor: row.minor },
        })
    });
    read.collect()
}
