//! Reading orders with their lines and what came back of them.

use std::collections::HashMap;

use jiff_sqlx::ToSqlx as _;
use kernel::{Currency, OrderId, Shard, TenantId};
use sqlx::PgConnection;
use store::{SqlTimestamp, StoreError};
use uuid::Uuid;
use wire::Direction;

use super::{Line, Listing, Order};
use crate::journal::{State, shard_of_order};

pub(super) async fn by_id(
    connection: &mut PgConnection,
    tenant: TenantId,
    orders: &[OrderId],
) -> Result<Vec<Order>, StoreError> {
    let (shards, ids): (Vec<i16>, Vec<Uuid>) =
        orders.iter().map(|order| (shard_of_order(*order).number(), order.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT o.order_id, o.source, o.external_id, o.member, o.channel, o.touchpoint, o.staff, o.invoice_number,
                  o.currency, o.payments, o.points_paid_minor, o.coupons, o.net_minor, o.returned_minor, o.state,
                  o.state_at, o.occurred_at, o.received_at, o.recorded_at, o.historic
           FROM unnest($2::smallint[], $3::uuid[]) AS asked (shard, order_id)
           CROSS JOIN LATERAL (
               SELECT * FROM journal_order AS there
               WHERE there.tenant = $1 AND there.shard = asked.shard AND there.order_id = asked.order_id OFFSET 0
           ) AS o
           ORDER BY o.occurred_at DESC, o.order_id DESC",
        tenant.uuid(),
        &shards,
        &ids,
    )
    .fetch_all(&mut *connection)
    .await?;
    whole(connection, tenant, rows).await
}

pub(super) async fn by_key(
    connection: &mut PgConnection,
    tenant: TenantId,
    source: &str,
    external_id: &str,
) -> Result<Vec<Order>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT order_id, source, external_id, member, channel, touchpoint, staff, invoice_number, currency, payments,
                points_paid_minor, coupons, net_minor, returned_minor, state, state_at, occurred_at, received_at,
                recorded_at, historic
         FROM journal_order WHERE tenant = $1 AND shard = $2 AND source = $3 AND external_id = $4",
        tenant.uuid(),
        Shard::of_text(tenant, &[source, external_id]).number(),
        source,
        external_id,
    )
    .fetch_all(&mut *connection)
    .await?;
    whole(connection, tenant, rows).await
}

pub(super) async fn by_invoice(
    connection: &mut PgConnection,
    tenant: TenantId,
    invoice: &str,
    limit: i64,
) -> Result<Vec<Order>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT order_id, source, external_id, member, channel, touchpoint, staff, invoice_number, currency, payments,
                points_paid_minor, coupons, net_minor, returned_minor, state, state_at, occurred_at, received_at,
                recorded_at, historic
         FROM journal_order WHERE tenant = $1 AND invoice_number = $2 AND invoice_number <> ''
         ORDER BY occurred_at DESC, order_id DESC LIMIT $3",
        tenant.uuid(),
        invoice,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    whole(connection, tenant, rows).await
}

/// A page of a member's orders. Each direction is a statement of its own, so that both go along the index.
pub(super) async fn by_member(connection: &mut PgConnection, ask: &Listing) -> Result<Vec<Order>, StoreError> {
    // A first page begins beyond every instant the database keeps, where the id does not matter any more.
    let moment: Option<SqlTimestamp> = ask.after.map(|(moment, _)| moment.to_sqlx());
    let order = ask.after.map_or(Uuid::nil(), |(_, order)| order.uuid());
    let rows = match ask.order {
        Direction::Descending => {
            sqlx::query_as!(
                Row,
                "SELECT order_id, source, external_id, member, channel, touchpoint, staff, invoice_number, currency,
                        payments, points_paid_minor, coupons, net_minor, returned_minor, state, state_at, occurred_at,
                        received_at, recorded_at, historic
                 FROM journal_order
                 WHERE tenant = $1 AND member = $2
                   AND (occurred_at, order_id) < (coalesce($3::timestamptz, 'infinity'), $4::uuid)
                 ORDER BY occurred_at DESC, order_id DESC LIMIT $5",
                ask.tenant.uuid(),
                ask.member.uuid(),
                moment as _,
                order,
                ask.size,
            )
            .fetch_all(&mut *connection)
            .await?
        }
        Direction::Ascending => {
            sqlx::query_as!(
                Row,
                "SELECT order_id, source, external_id, member, channel, touchpoint, staff, invoice_number, currency,
                        payments, points_paid_minor, coupons, net_minor, returned_minor, state, state_at, occurred_at,
                        received_at, recorded_at, historic
                 FROM journal_order
                 WHERE tenant = $1 AND member = $2
                   AND (occurred_at, order_id) > (coalesce($3::timestamptz, '-infinity'), $4::uuid)
                 ORDER BY occurred_at, order_id LIMIT $5",
                ask.tenant.uuid(),
                ask.member.uuid(),
                moment as _,
                order,
                ask.size,
            )
            .fetch_all(&mut *connection)
            .await?
        }
    };
    whole(connection, ask.tenant, rows).await
}

struct Row {
    order_id: Uuid,
    source: String,
    external_id: String,
    member: Option<Uuid>,
    channel: String,
    touchpoint: String,
    staff: String,
    invoice_number: String,
    currency: String,
    payments: serde_json::Value,
    points_paid_minor: i64,
    coupons: serde_json::Value,
    net_minor: i64,
    returned_minor: i64,
    state: i16,
    state_at: SqlTimestamp,
    occurred_at: SqlTimestamp,
    received_at: Option<SqlTimestamp>,
    recorded_at: SqlTimestamp,
    historic: bool,
}

impl TryFrom<Row> for Order {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            order: row.order_id.into(),
            source: row.source,
            external_id: row.external_id,
            member: row.member.map(Into::into),
            channel: row.channel,
            touchpoint: row.touchpoint,
            staff: row.staff,
            invoice_number: row.invoice_number,
            currency: Currency::parse(&row.currency).map_err(StoreError::unreadable)?,
            payments: serde_json::from_value(row.payments).map_err(StoreError::unreadable)?,
            points_paid_minor: row.points_paid_minor,
            coupons: serde_json::from_value(row.coupons).map_err(StoreError::unreadable)?,
            net_minor: row.net_minor,
            returned_minor: row.returned_minor,
            state: State::from_number(row.state).ok_or_else(|| StoreError::unreadable("an order's state"))?,
            state_at: row.state_at.to_jiff(),
            occurred_at: row.occurred_at.to_jiff(),
            received_at: row.received_at.map(SqlTimestamp::to_jiff),
            recorded_at: row.recorded_at.to_jiff(),
            historic: row.historic,
            lines: Vec::new(),
        })
    }
}

/// Adds lines and returns to the orders found, in their order.
async fn whole(connection: &mut PgConnection, tenant: TenantId, rows: Vec<Row>) -> Result<Vec<Order>, StoreError> {
    let mut orders = rows.into_iter().map(Order::try_from).collect::<Result<Vec<_>, _>>()?;
    if orders.is_empty() {
        return Ok(orders);
    }
    let (shards, ids): (Vec<i16>, Vec<Uuid>) =
        orders.iter().map(|order| (order.shard().number(), order.order.uuid())).unzip();
    let lines = sqlx::query!(
        "SELECT found.* FROM unnest($2::smallint[], $3::uuid[]) AS asked (shard, order_id)
         CROSS JOIN LATERAL (
             SELECT l.order_id, l.number, l.product, l.category, l.quantity, l.unit_price, l.discount_minor,
                    l.tax_minor, l.unit_cost, l.gross_minor, l.net_minor
             FROM order_line AS l
             WHERE l.tenant = $1 AND l.shard = asked.shard AND l.order_id = asked.order_id ORDER BY l.number OFFSET 0
         ) AS found",
        tenant.uuid(),
        &shards,
        &ids,
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut back = returned(connection, tenant, &shards, &ids).await?;
    let places: HashMap<Uuid, usize> =
        orders.iter().enumerate().map(|(place, order)| (order.order.uuid(), place)).collect();
    for row in lines {
        let Some(place) = places.get(&row.order_id) else { continue };
        let (returned_quantity, returned_minor) = back.remove(&(row.order_id, row.number)).unwrap_or_default();
        orders[*place].lines.push(Line {
            number: row.number,
            product: row.product,
            category: row.category,
            quantity: row.quantity,
            unit_price: row.unit_price,
            discount_minor: row.discount_minor,
            tax_minor: row.tax_minor,
            unit_cost: row.unit_cost,
            gross_minor: row.gross_minor,
            net_minor: row.net_minor,
            returned_quantity,
            returned_minor,
        });
    }
    Ok(orders)
}

/// Units and money that came back, by order and line.
async fn returned(
    connection: &mut PgConnection,
    tenant: TenantId,
    shards: &[i16],
    ids: &[Uuid],
) -> Result<HashMap<(Uuid, i32), (i64, i64)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT found.order_id, found.number, found.units AS "units!", found.money AS "money!"
           FROM unnest($2::smallint[], $3::uuid[]) AS asked (shard, order_id)
           CROSS JOIN LATERAL (
               SELECT m.order_id, m.number, sum(m.quantity)::bigint AS units, sum(m.amount_minor)::bigint AS money
               FROM return_match AS m
               WHERE m.tenant = $1 AND m.shard = asked.shard AND m.order_id = asked.order_id
               GROUP BY m.order_id, m.number
           ) AS found"#,
        tenant.uuid(),
        shards,
        ids,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| ((row.order_id, row.number), (row.units, row.money))).collect())
}
