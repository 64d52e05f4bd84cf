//! The rows of benefits and their uses.

use std::collections::BTreeMap;

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{Currency, MemberId, Money, OrderId, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::reading::Uses;
use super::terms::Sort;
use super::{Booked, Booking, Put, Saving, Standing, Use, shard_of};
use crate::reservation::life::OrderKey;

/// Numbers of sorts in the database. They never change their meaning.
const fn sort(sort: Sort) -> i16 {
    match sort {
        Sort::Price => 1,
        Sort::Delivery => 2,
        Sort::Extra => 3,
    }
}

struct Row {
    benefit: String,
    version: i32,
    terms: serde_json::Value,
    used: i64,
    recorded_at: SqlTimestamp,
}

impl Row {
    fn read(self) -> Result<Standing, StoreError> {
        Ok(Standing {
            benefit: self.benefit,
            version: self.version,
            terms: serde_json::from_value(self.terms).map_err(StoreError::unreadable)?,
            used: self.used,
            recorded_at: self.recorded_at.into(),
        })
    }
}

/// Benefits by their code.
pub(super) async fn page(
    connection: &mut PgConnection,
    tenant: TenantId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Standing>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        // By bytes, as codes are ordered in memory.
        r#"SELECT b.benefit, b.version, known.terms, b.used, known.recorded_at
           FROM benefit AS b
           JOIN benefit_version AS known ON known.tenant = b.tenant AND known.shard = b.shard
                AND known.benefit = b.benefit AND known.version = b.version
           WHERE b.tenant = $1 AND b.benefit COLLATE "C" > $2 ORDER BY b.benefit COLLATE "C" LIMIT $3"#,
        tenant.uuid(),
        after.unwrap_or_default(),
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Those that are named, by their code; what there is not is left out.
pub(super) async fn named(
    connection: &mut PgConnection,
    tenant: TenantId,
    codes: &[String],
) -> Result<Vec<Standing>, StoreError> {
    let shards: Vec<i16> = codes.iter().map(|code| shard_of(tenant, code).number()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT b.benefit, b.version, known.terms, b.used, known.recorded_at
           FROM unnest($2::smallint[], $3::text[]) AS asked (shard, benefit)
           JOIN benefit AS b ON b.tenant = $1 AND b.shard = asked.shard AND b.benefit = asked.benefit
           JOIN benefit_version AS known ON known.tenant = $1 AND known.shard = b.shard
                AND known.benefit = b.benefit AND known.version = b.version
           ORDER BY b.benefit COLLATE "C""#,
        tenant.uuid(),
        &shards,
        codes,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

pub(super) async fn put(
    connection: &mut PgConnection,
    ask: &Put,
    version: i32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let shard = shard_of(ask.tenant, &ask.benefit).number();
    sqlx::query!(
        "INSERT INTO benefit (tenant, shard, benefit, version, max_uses, used) VALUES ($1, $2, $3, $4, $5, 0)
         ON CONFLICT (tenant, shard, benefit) DO UPDATE SET version = excluded.version, max_uses = excluded.max_uses",
        ask.tenant.uuid(),
        shard,
        ask.benefit,
        version,
        ask.terms.max_uses,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO benefit_version (tenant, shard, benefit, version, terms, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        ask.tenant.uuid(),
        shard,
        ask.benefit,
        version,
        serde_json::to_value(&ask.terms).map_err(StoreError::unreadable)?,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts a use more, or one less; its shard must be locked. False where the limit does not hold it.
pub(super) async fn count(
    connection: &mut PgConnection,
    tenant: TenantId,
    benefit: &str,
    more: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE benefit SET used = used + $4::bigint
         WHERE tenant = $1 AND shard = $2 AND benefit = $3
           AND ($4::bigint < 0 OR max_uses IS NULL OR used + $4::bigint <= max_uses)",
        tenant.uuid(),
        shard_of(tenant, benefit).number(),
        benefit,
        more,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What all uses of benefits come to.
pub(super) async fn sums(
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
pub(super) async fn uses_of(
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
pub(super) struct OfOrder {
    pub(super) asked: Vec<u8>,
    pub(super) booked: Vec<Booked>,
    /// It was given up.
    pub(super) cancelled: bool,
    /// It was neither given up nor did it come back.
    pub(super) stands: bool,
}

pub(super) async fn of_order(
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

pub(super) async fn insert(
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

pub(super) async fn cancel(
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
pub(super) async fn bind(
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
pub(super) async fn take_back(
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
pub(super) async fn savings(
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
