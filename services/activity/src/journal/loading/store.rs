//! Reading what a call has to see. Every look-up goes row by row of what is asked (`LATERAL`), so that its cost follows
//! the question and not the size of the journal.

use std::collections::BTreeMap;

use kernel::{Currency, OrderId, Shard, TenantId};
use sqlx::PgConnection;
use store::StoreError;
use uuid::Uuid;

use super::super::book::{Kind, Known};
use super::super::held::{HeldLine, HeldOrder, State};
use super::super::shard_of_order;
use super::super::wanted::Wanted;

/// Everything a call has to see.
pub(in super::super) async fn load(
    connection: &mut PgConnection,
    tenant: TenantId,
    wanted: &Wanted<'_>,
) -> Result<Known, StoreError> {
    if wanted.looks_round() {
        take_stock(connection).await?;
    }
    let mut keys = Vec::new();
    for kind in [Kind::Order, Kind::Return, Kind::Adjustment] {
        keys.extend(taken_keys(connection, tenant, kind, wanted).await?);
    }
    let (named, invoices) = named(connection, tenant, wanted).await?;
    let mut orders: BTreeMap<OrderId, HeldOrder> = named;
    let lines = whole_lines(connection, tenant, &orders).await?;
    fill(&mut orders, lines);
    if !wanted.matched.is_empty() {
        let candidates = candidate_lines(connection, tenant, wanted).await?;
        let more: Vec<OrderId> = candidates.iter().map(|(order, _)| *order).collect();
        let headers = headers(connection, tenant, &more).await?;
        let fresh: BTreeMap<_, _> = headers.into_iter().filter(|(order, _)| !orders.contains_key(order)).collect();
        let lines = candidates.into_iter().filter(|(order, _)| fresh.contains_key(order)).collect();
        orders.extend(fresh);
        fill(&mut orders, lines);
    }
    subtract_returned(connection, tenant, &mut orders).await?;
    Ok(Known { keys, orders: orders.into_values().collect(), invoices })
}

/// The orders a call names, without their lines, and which invoice number stands for which.
pub(in super::super) async fn named(
    connection: &mut PgConnection,
    tenant: TenantId,
    wanted: &Wanted<'_>,
) -> Result<(BTreeMap<OrderId, HeldOrder>, Vec<(String, OrderId)>), StoreError> {
    let mut ids: Vec<OrderId> = wanted.orders.iter().copied().collect();
    let mut invoices = Vec::new();
    if !wanted.invoices.is_empty() {
        let asked: Vec<&str> = wanted.invoices.iter().copied().collect();
        let rows = sqlx::query!(
            r#"SELECT asked.invoice AS "invoice!", found.order_id
               FROM unnest($2::text[]) AS asked (invoice)
               CROSS JOIN LATERAL (
                   SELECT order_id FROM journal_order AS o
                   WHERE o.tenant = $1 AND o.invoice_number = asked.invoice AND o.invoice_number <> ''
                   ORDER BY o.occurred_at DESC, o.order_id DESC LIMIT 1
               ) AS found"#,
            tenant.uuid(),
            &asked as &[&str],
        )
        .fetch_all(&mut *connection)
        .await?;
        invoices.extend(rows.into_iter().map(|row| (row.invoice, OrderId::from(row.order_id))));
        ids.extend(invoices.iter().map(|(_, order)| *order));
    }
    Ok((headers(connection, tenant, &ids).await?, invoices))
}

/// Lets the planner know the journal as large as it is now, where it has outgrown what is known: each time it has become
/// four times larger.
async fn take_stock(connection: &mut PgConnection) -> Result<(), StoreError> {
    let outgrown =
        sqlx::query_scalar!(r#"SELECT has_outgrown_stock() AS "outgrown!""#).fetch_one(&mut *connection).await?;
    if outgrown {
        sqlx::query!("SELECT take_stock()").fetch_one(connection).await?;
    }
    Ok(())
}

type Lines = Vec<(OrderId, HeldLine)>;

fn fill(orders: &mut BTreeMap<OrderId, HeldOrder>, lines: Lines) {
    for (order, line) in lines {
        if let Some(held) = orders.get_mut(&order) {
            held.lines.push(line);
        }
    }
}

async fn taken_keys(
    connection: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    wanted: &Wanted<'_>,
) -> Result<Vec<(Kind, String, String, String)>, StoreError> {
    let asked: Vec<_> = wanted.keys.iter().filter(|(of, ..)| *of == kind).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let shards: Vec<i16> = asked.iter().map(|(_, shard, ..)| shard.number()).collect();
    let sources: Vec<&str> = asked.iter().map(|(.., source, _)| *source).collect();
    let numbers: Vec<&str> = asked.iter().map(|(.., number)| *number).collect();
    // The three tables have the same key, and each statement must be written out to be checked.
    macro_rules! taken {
        ($statement:literal) => {
            sqlx::query_as!(TakenKey, $statement, tenant.uuid(), &shards, &sources as &[&str], &numbers as &[&str])
                .fetch_all(&mut *connection)
                .await?
        };
    }
    let rows = match kind {
        Kind::Order => taken!(
            r#"SELECT asked.source AS "source!", asked.number AS "number!", found.order_id AS "id!"
               FROM unnest($2::smallint[], $3::text[], $4::text[]) AS asked (shard, source, number)
               CROSS JOIN LATERAL (
                   SELECT order_id FROM journal_order AS there WHERE there.tenant = $1 AND there.shard = asked.shard
                   AND there.source = asked.source AND there.external_id = asked.number LIMIT 1
               ) AS found"#
        ),
        Kind::Return => taken!(
            r#"SELECT asked.source AS "source!", asked.number AS "number!", found.return_id AS "id!"
               FROM unnest($2::smallint[], $3::text[], $4::text[]) AS asked (shard, source, number)
               CROSS JOIN LATERAL (
                   SELECT return_id FROM journal_return AS there WHERE there.tenant = $1 AND there.shard = asked.shard
                   AND there.source = asked.source AND there.external_id = asked.number LIMIT 1
               ) AS found"#
        ),
        Kind::Adjustment => taken!(
            r#"SELECT asked.source AS "source!", asked.number AS "number!", found.adjustment_id AS "id!"
               FROM unnest($2::smallint[], $3::text[], $4::text[]) AS asked (shard, source, number)
               CROSS JOIN LATERAL (
                   SELECT adjustment_id FROM adjustment AS there WHERE there.tenant = $1 AND there.shard = asked.shard
                   AND there.source = asked.source AND there.external_id = asked.number LIMIT 1
               ) AS found"#
        ),
    };
    Ok(rows.into_iter().map(|row| (kind, row.source, row.number, kind.id_text(row.id))).collect())
}

struct TakenKey {
    source: String,
    number: String,
    id: Uuid,
}

impl Kind {
    fn id_text(self, id: Uuid) -> String {
        match self {
            Self::Order => OrderId::from(id).to_string(),
            Self::Return => kernel::ReturnId::from(id).to_string(),
            Self::Adjustment => kernel::AdjustmentId::from(id).to_string(),
        }
    }
}

/// Places of orders, as the statements ask for them.
fn places(orders: impl IntoIterator<Item = OrderId>) -> (Vec<i16>, Vec<Uuid>) {
    let mut ids: Vec<OrderId> = orders.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|order| (shard_of_order(order).number(), order.uuid())).unzip()
}

async fn headers(
    connection: &mut PgConnection,
    tenant: TenantId,
    orders: &[OrderId],
) -> Result<BTreeMap<OrderId, HeldOrder>, StoreError> {
    if orders.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (shards, ids) = places(orders.iter().copied());
    let rows = sqlx::query!(
        "SELECT found.* FROM unnest($2::smallint[], $3::uuid[]) AS asked (shard, order_id)
         CROSS JOIN LATERAL (
             SELECT o.shard, o.order_id, o.subject, o.member, o.currency, o.state, o.state_at, o.occurred_at, o.units,
                    o.returned_units, o.net_minor, o.returned_minor
             FROM journal_order AS o
             WHERE o.tenant = $1 AND o.shard = asked.shard AND o.order_id = asked.order_id LIMIT 1
         ) AS found",
        tenant.uuid(),
        &shards,
        &ids,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let held = HeldOrder {
                order: row.order_id.into(),
                shard: shard(row.shard)?,
                subject: shard(row.subject)?,
                member: row.member.map(Into::into),
                currency: Currency::parse(&row.currency).map_err(StoreError::unreadable)?,
                state: State::from_number(row.state).ok_or_else(|| StoreError::unreadable("an order's state"))?,
                state_at: row.state_at.to_jiff(),
                occurred_at: row.occurred_at.to_jiff(),
                units: row.units,
                returned_units: row.returned_units,
                net_minor: row.net_minor,
                returned_minor: row.returned_minor,
                lines: Vec::new(),
            };
            Ok((held.order, held))
        })
        .collect()
}

async fn whole_lines(
    connection: &mut PgConnection,
    tenant: TenantId,
    orders: &BTreeMap<OrderId, HeldOrder>,
) -> Result<Lines, StoreError> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let (shards, ids) = places(orders.keys().copied());
    let rows = sqlx::query!(
        "SELECT found.* FROM unnest($2::smallint[], $3::uuid[]) AS asked (shard, order_id)
         CROSS JOIN LATERAL (
             SELECT l.order_id, l.number, l.product, l.quantity, l.net_minor FROM order_line AS l
             WHERE l.tenant = $1 AND l.shard = asked.shard AND l.order_id = asked.order_id ORDER BY l.number OFFSET 0
         ) AS found",
        tenant.uuid(),
        &shards,
        &ids,
    )
    .fetch_all(connection)
    .await?;
    let line = |number, product, quantity, net_minor| HeldLine {
        number,
        product,
        quantity,
        net_minor,
        back_units: 0,
        back_with_units: 0,
        back_alone: 0,
    };
    Ok(rows
        .into_iter()
        .map(|row| (row.order_id.into(), line(row.number, row.product, row.quantity, row.net_minor)))
        .collect())
}

/// Between the products sought for a member; no code holds a control character.
const BETWEEN: &str = "\u{1f}";

/// Lines of the asked products in all earlier orders of their members. Each line is compared with what is sought for its
/// own member only: as a join over all members' products the planner may compare every line with every product.
async fn candidate_lines(
    connection: &mut PgConnection,
    tenant: TenantId,
    wanted: &Wanted<'_>,
) -> Result<Lines, StoreError> {
    let members: Vec<Uuid> = wanted.matched.keys().map(|member| member.uuid()).collect();
    let until: Vec<store::SqlTimestamp> = wanted.matched.values().map(|(until, _)| (*until).into()).collect();
    let products = wanted.matched.values().map(|(_, products)| products.iter().copied().collect::<Vec<_>>());
    let products: Vec<String> = products.map(|products| products.join(BETWEEN)).collect();
    let rows = sqlx::query!(
        "SELECT l.order_id, l.number, l.product, l.quantity, l.net_minor
         FROM unnest($2::uuid[], $3::timestamptz[], $4::text[]) AS asked (member, until, products)
         CROSS JOIN LATERAL (SELECT string_to_array(asked.products, $5::text) AS products OFFSET 0) AS sought
         CROSS JOIN LATERAL (
             SELECT o.shard, o.order_id FROM journal_order AS o
             WHERE o.tenant = $1 AND o.member = asked.member AND o.occurred_at <= asked.until OFFSET 0
         ) AS o
         CROSS JOIN LATERAL (
             SELECT l.order_id, l.number, l.product, l.quantity, l.net_minor FROM order_line AS l
             WHERE l.tenant = $1 AND l.shard = o.shard AND l.order_id = o.order_id AND l.product = ANY (sought.products)
             ORDER BY l.number OFFSET 0
         ) AS l",
        tenant.uuid(),
        &members,
        &until as &[store::SqlTimestamp],
        &products,
        BETWEEN,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let line = HeldLine {
                number: row.number,
                product: row.product,
                quantity: row.quantity,
                net_minor: row.net_minor,
                back_units: 0,
                back_with_units: 0,
                back_alone: 0,
            };
            (row.order_id.into(), line)
        })
        .collect())
}

async fn subtract_returned(
    connection: &mut PgConnection,
    tenant: TenantId,
    orders: &mut BTreeMap<OrderId, HeldOrder>,
) -> Result<(), StoreError> {
    // Most orders never see a return.
    let touched = orders.values().filter(|held| held.returned_units > 0 || held.returned_minor > 0);
    let (shards, ids) = places(touched.map(|held| held.order));
    if ids.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query!(
        r#"SELECT found.order_id, found.number, found.units AS "units!", found.with_units AS "with_units!",
                  found.alone AS "alone!"
           FROM unnest($2::smallint[], $3::uuid[]) AS asked (shard, order_id)
           CROSS JOIN LATERAL (
               SELECT m.order_id, m.number, sum(m.quantity)::bigint AS units,
                      coalesce(sum(m.amount_minor) FILTER (WHERE m.quantity > 0), 0)::bigint AS with_units,
                      coalesce(sum(m.amount_minor) FILTER (WHERE m.quantity = 0), 0)::bigint AS alone
               FROM return_match AS m
               WHERE m.tenant = $1 AND m.shard = asked.shard AND m.order_id = asked.order_id
               GROUP BY m.order_id, m.number
           ) AS found"#,
        tenant.uuid(),
        &shards,
        &ids,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let held = orders.get_mut(&OrderId::from(row.order_id));
        let line = held.and_then(|held| held.lines.iter_mut().find(|line| line.number == row.number));
        if let Some(line) = line {
            (line.back_units, line.back_with_units, line.back_alone) = (row.units, row.with_units, row.alone);
        }
    }
    Ok(())
}

fn shard(number: i16) -> Result<Shard, StoreError> {
    Shard::from_number(i64::from(number)).ok_or_else(|| StoreError::unreadable("a shard"))
}
