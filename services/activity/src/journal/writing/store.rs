//! Writing what a call has decided: one statement for each table, columns as arrays.
//!
//! `unnest` stands in the select list, where PostgreSQL takes the arrays apart row by row; in FROM it would first write
//! all of them down.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use kernel::TenantId;
use serde_json::Value;
use sqlx::PgConnection;
use store::{SqlTimestamp, StoreError};
use uuid::Uuid;

use super::super::held::HeldOrder;
use super::super::written::{NewMatch, Written, WrittenAdjustment, WrittenLine, WrittenOrder, WrittenReturn};

/// Stores everything a call has written.
pub(in super::super) async fn write(
    connection: &mut PgConnection,
    tenant: TenantId,
    written: &Written<'_>,
    historic: bool,
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    if !written.orders.is_empty() {
        orders(connection, tenant, &written.orders, historic, recorded_at).await?;
        lines(connection, tenant, &written.orders).await?;
    }
    if !written.changed.is_empty() {
        changes(connection, tenant, &written.changed).await?;
    }
    if !written.returns.is_empty() {
        returns(connection, tenant, &written.returns, historic, recorded_at).await?;
        return_lines(connection, tenant, &written.returns).await?;
    }
    if !written.matches.is_empty() {
        matches(connection, tenant, &written.matches, recorded_at).await?;
    }
    if !written.adjustments.is_empty() {
        adjustments(connection, tenant, &written.adjustments, historic, recorded_at).await?;
    }
    Ok(())
}

async fn orders(
    connection: &mut PgConnection,
    tenant: TenantId,
    orders: &[WrittenOrder<'_>],
    historic: bool,
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    let texts = |of: fn(&crate::journal::NewOrder) -> &str| -> Vec<&str> {
        orders.iter().map(|written| of(written.valued.order)).collect()
    };
    let payments = json(orders, |order| serde_json::to_value(&order.valued.order.payments))?;
    let coupons = json(orders, |order| serde_json::to_value(&order.valued.order.coupons))?;
    let counts = orders.iter().map(|order| i32::try_from(order.valued.lines.len()));
    let counts = counts.collect::<Result<Vec<i32>, _>>().map_err(StoreError::unreadable)?;
    let received: Vec<Option<SqlTimestamp>> =
        orders.iter().map(|order| order.valued.order.received_at.map(Into::into)).collect();
    sqlx::query!(
        "INSERT INTO journal_order (
             tenant, shard, order_id, source, external_id, subject, member, guest_key, channel, touchpoint, staff,
             invoice_number, currency, payments, coupons, points_paid_minor, line_count, units, net_minor,
             returned_units, returned_minor, state, state_at, occurred_at, received_at, recorded_at, historic)
         SELECT $1, unnest($4::smallint[]), unnest($5::uuid[]), unnest($6::text[]), unnest($7::text[]),
                unnest($8::smallint[]), unnest($9::uuid[]), unnest($10::text[]), unnest($11::text[]),
                unnest($12::text[]), unnest($13::text[]), unnest($14::text[]), unnest($15::text[]),
                unnest($16::jsonb[]), unnest($17::jsonb[]), unnest($18::bigint[]), unnest($19::integer[]),
                unnest($20::bigint[]), unnest($21::bigint[]), unnest($22::bigint[]), unnest($23::bigint[]),
                unnest($24::smallint[]), unnest($25::timestamptz[]), unnest($26::timestamptz[]),
                unnest($27::timestamptz[]), $2, $3",
        tenant.uuid(),
        recorded_at.to_sqlx() as _,
        historic,
        &column(orders, |order| order.shard.number()),
        &column(orders, |order| order.order.uuid()),
        &texts(|order| &order.source) as &[&str],
        &texts(|order| &order.external_id) as &[&str],
        &column(orders, |order| order.subject.number()),
        &column(orders, |order| order.member.map(|member| member.uuid())) as &[Option<Uuid>],
        &orders.iter().map(|order| order.guest_key).collect::<Vec<_>>() as &[Option<&str>],
        &texts(|order| &order.channel) as &[&str],
        &texts(|order| &order.touchpoint) as &[&str],
        &texts(|order| &order.staff) as &[&str],
        &texts(|order| &order.invoice_number) as &[&str],
        &column(orders, |order| order.valued.currency.to_string()),
        &payments as &[Value],
        &coupons as &[Value],
        &column(orders, |order| order.valued.points_paid_minor),
        &counts,
        &column(orders, |order| order.valued.units),
        &column(orders, |order| order.valued.net_minor),
        &column(orders, |order| order.returned_units),
        &column(orders, |order| order.returned_minor),
        &column(orders, |order| order.state.number()),
        &column(orders, |order| SqlTimestamp::from(order.state_at)) as &[SqlTimestamp],
        &column(orders, |order| SqlTimestamp::from(order.valued.order.occurred_at)) as &[SqlTimestamp],
        &received as &[Option<SqlTimestamp>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn lines(connection: &mut PgConnection, tenant: TenantId, orders: &[WrittenOrder<'_>]) -> Result<(), StoreError> {
    let (mut shards, mut ids, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for order in orders {
        for line in &order.valued.lines {
            shards.push(order.shard.number());
            ids.push(order.order.uuid());
            all.push(line);
        }
    }
    sqlx::query!(
        "INSERT INTO order_line (
             tenant, shard, order_id, number, product, category, quantity, unit_price, discount_minor, tax_minor,
             unit_cost, gross_minor, net_minor)
         SELECT $1, unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::integer[]), unnest($5::text[]),
                unnest($6::text[]), unnest($7::bigint[]), unnest($8::text[]), unnest($9::bigint[]),
                unnest($10::bigint[]), unnest($11::text[]), unnest($12::bigint[]), unnest($13::bigint[])",
        tenant.uuid(),
        &shards,
        &ids,
        &column(&all, |line| line.line.number),
        &column(&all, |line| line.line.product.as_str()) as &[&str],
        &column(&all, |line| line.category) as &[&str],
        &column(&all, |line| line.line.quantity),
        &column(&all, |line| line.line.unit_price.as_str()) as &[&str],
        &column(&all, |line| line.line.discount_minor),
        &column(&all, |line| line.line.tax_minor),
        &column(&all, |line| line.line.unit_cost.as_str()) as &[&str],
        &column(&all, |line| line.gross_minor),
        &column(&all, |line| line.net_minor),
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn changes(connection: &mut PgConnection, tenant: TenantId, changed: &[HeldOrder]) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE journal_order AS o
         SET state = n.state, state_at = n.state_at, returned_units = n.returned_units, returned_minor = n.returned_minor
         FROM unnest($2::smallint[], $3::uuid[], $4::smallint[], $5::timestamptz[], $6::bigint[], $7::bigint[])
              AS n (shard, order_id, state, state_at, returned_units, returned_minor)
         WHERE o.tenant = $1 AND o.shard = n.shard AND o.order_id = n.order_id",
        tenant.uuid(),
        &column(changed, |held| held.shard.number()),
        &column(changed, |held| held.order.uuid()),
        &column(changed, |held| held.state.number()),
        &column(changed, |held| SqlTimestamp::from(held.state_at)) as &[SqlTimestamp],
        &column(changed, |held| held.returned_units),
        &column(changed, |held| held.returned_minor),
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn returns(
    connection: &mut PgConnection,
    tenant: TenantId,
    returns: &[WrittenReturn<'_>],
    historic: bool,
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    let currency = |written: &WrittenReturn<'_>| written.currency.map(|one| one.to_string()).unwrap_or_default();
    sqlx::query!(
        "INSERT INTO journal_return (
             tenant, shard, return_id, source, external_id, member, channel, currency, reason, matched_lines,
             unmatched_lines, matched_minor, unmatched_minor, occurred_at, recorded_at, historic)
         SELECT $1, n.shard, n.return_id, n.source, n.external_id, n.member, n.channel, n.currency, n.reason,
                n.matched_lines, n.unmatched_lines, n.matched_minor, n.unmatched_minor, n.occurred_at, $2, $3
         FROM unnest($4::smallint[], $5::uuid[], $6::text[], $7::text[], $8::uuid[], $9::text[], $10::text[],
                     $11::text[], $12::integer[], $13::integer[], $14::bigint[], $15::bigint[], $16::timestamptz[])
              AS n (shard, return_id, source, external_id, member, channel, currency, reason, matched_lines,
                    unmatched_lines, matched_minor, unmatched_minor, occurred_at)",
        tenant.uuid(),
        recorded_at.to_sqlx() as _,
        historic,
        &column(returns, |goods| goods.shard.number()),
        &column(returns, |goods| goods.goods.uuid()),
        &returns.iter().map(|goods| goods.valued.goods.source.as_str()).collect::<Vec<_>>() as &[&str],
        &returns.iter().map(|goods| goods.valued.goods.external_id.as_str()).collect::<Vec<_>>() as &[&str],
        &column(returns, |goods| goods.member.map(|member| member.uuid())) as &[Option<Uuid>],
        &returns.iter().map(|goods| goods.valued.goods.channel.as_str()).collect::<Vec<_>>() as &[&str],
        &column(returns, currency),
        &returns.iter().map(|goods| goods.valued.goods.reason.as_str()).collect::<Vec<_>>() as &[&str],
        &column(returns, |goods| goods.matched_lines),
        &column(returns, |goods| goods.unmatched_lines),
        &column(returns, |goods| goods.matched_minor),
        &column(returns, |goods| goods.unmatched_minor),
        &column(returns, |goods| SqlTimestamp::from(goods.valued.goods.occurred_at)) as &[SqlTimestamp],
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn return_lines(
    connection: &mut PgConnection,
    tenant: TenantId,
    returns: &[WrittenReturn<'_>],
) -> Result<(), StoreError> {
    let all: Vec<(&WrittenReturn<'_>, &WrittenLine<'_>)> =
        returns.iter().flat_map(|goods| goods.lines.iter().map(move |line| (goods, line))).collect();
    sqlx::query!(
        "INSERT INTO return_line (
             tenant, shard, return_id, position, order_line, product, quantity, unit_price, unmatched_quantity,
             unmatched_minor)
         SELECT $1, unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::integer[]), unnest($5::integer[]),
                unnest($6::text[]), unnest($7::bigint[]), unnest($8::text[]), unnest($9::bigint[]),
                unnest($10::bigint[])",
        tenant.uuid(),
        &column(&all, |(goods, _)| goods.shard.number()),
        &column(&all, |(goods, _)| goods.goods.uuid()),
        &column(&all, |(_, line)| line.position),
        &column(&all, |(_, line)| line.line.order_line),
        &all.iter().map(|(_, line)| line.product.as_str()).collect::<Vec<_>>() as &[&str],
        &column(&all, |(_, line)| line.line.quantity),
        &all.iter().map(|(_, line)| line.line.unit_price.as_str()).collect::<Vec<_>>() as &[&str],
        &column(&all, |(_, line)| line.unmatched_quantity),
        &column(&all, |(_, line)| line.unmatched_minor),
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn matches(
    connection: &mut PgConnection,
    tenant: TenantId,
    matches: &[NewMatch],
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO return_match (
             tenant, shard, order_id, number, return_id, position, quantity, amount_minor, occurred_at, recorded_at)
         SELECT $1, unnest($3::smallint[]), unnest($4::uuid[]), unnest($5::integer[]), unnest($6::uuid[]),
                unnest($7::integer[]), unnest($8::bigint[]), unnest($9::bigint[]), unnest($10::timestamptz[]), $2",
        tenant.uuid(),
        recorded_at.to_sqlx() as _,
        &column(matches, |one| one.shard.number()),
        &column(matches, |one| one.taken.order.uuid()),
        &column(matches, |one| one.taken.order_line),
        &column(matches, |one| one.goods.uuid()),
        &column(matches, |one| one.taken.position),
        &column(matches, |one| one.taken.quantity),
        &column(matches, |one| one.taken.amount_minor),
        &column(matches, |one| SqlTimestamp::from(one.occurred_at)) as &[SqlTimestamp],
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn adjustments(
    connection: &mut PgConnection,
    tenant: TenantId,
    all: &[WrittenAdjustment<'_>],
    historic: bool,
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    let texts = |of: fn(&crate::journal::NewAdjustment) -> &str| -> Vec<&str> {
        all.iter().map(|written| of(written.valued.adjustment)).collect()
    };
    sqlx::query!(
        "INSERT INTO adjustment (
             tenant, shard, adjustment_id, source, external_id, member, kind, currency, amount_minor, product, quantity,
             occurred_at, recorded_at, historic)
         SELECT $1, unnest($4::smallint[]), unnest($5::uuid[]), unnest($6::text[]), unnest($7::text[]),
                unnest($8::uuid[]), unnest($9::text[]), unnest($10::text[]), unnest($11::bigint[]),
                unnest($12::text[]), unnest($13::bigint[]), unnest($14::timestamptz[]), $2, $3",
        tenant.uuid(),
        recorded_at.to_sqlx() as _,
        historic,
        &column(all, |written| written.shard.number()),
        &column(all, |written| written.adjustment.uuid()),
        &texts(|told| &told.source) as &[&str],
        &texts(|told| &told.external_id) as &[&str],
        &column(all, |written| written.valued.adjustment.member.map(|member| member.uuid())) as &[Option<Uuid>],
        &texts(|told| &told.kind) as &[&str],
        &column(all, |written| written.valued.currency.to_string()),
        &column(all, |written| written.valued.adjustment.amount_minor),
        &texts(|told| &told.product) as &[&str],
        &column(all, |written| written.valued.adjustment.quantity),
        &column(all, |written| SqlTimestamp::from(written.valued.adjustment.occurred_at)) as &[SqlTimestamp],
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn column<T, V>(rows: &[T], of: impl Fn(&T) -> V) -> Vec<V> {
    rows.iter().map(of).collect()
}

fn json(
    orders: &[WrittenOrder<'_>],
    of: impl Fn(&WrittenOrder<'_>) -> Result<Value, serde_json::Error>,
) -> Result<Vec<Value>, StoreError> {
    orders.iter().map(of).collect::<Result<_, _>>().map_err(StoreError::unreadable)
}
