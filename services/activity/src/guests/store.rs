//! Whose orders are, and making them a member's.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{MemberId, OrderId, Shard, TenantId};
use sqlx::PgConnection;
use store::StoreError;
use uuid::Uuid;

use super::{Claim, Owned};
use crate::journal::shard_of_order;

fn places<'a>(orders: impl IntoIterator<Item = &'a OrderId>) -> (Vec<i16>, Vec<Uuid>) {
    orders.into_iter().map(|order| (shard_of_order(*order).number(), order.uuid())).unzip()
}

pub(super) async fn by_id(
    connection: &mut PgConnection,
    tenant: TenantId,
    orders: &BTreeSet<OrderId>,
) -> Result<Vec<Owned>, StoreError> {
    let (shards, ids) = places(orders);
    let rows = sqlx::query!(
        "SELECT found.order_id, found.member FROM unnest($2::smallint[], $3::uuid[]) AS asked (shard, order_id)
         CROSS JOIN LATERAL (
             SELECT o.order_id, o.member FROM journal_order AS o
             WHERE o.tenant = $1 AND o.shard = asked.shard AND o.order_id = asked.order_id OFFSET 0
         ) AS found",
        tenant.uuid(),
        &shards,
        &ids,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| Owned { order: row.order_id.into(), member: row.member.map(Into::into) }).collect())
}

pub(super) async fn by_invoice(
    connection: &mut PgConnection,
    tenant: TenantId,
    invoices: &BTreeSet<String>,
) -> Result<Vec<(String, Owned)>, StoreError> {
    let asked: Vec<&str> = invoices.iter().map(String::as_str).collect();
    let rows = sqlx::query!(
        "SELECT invoice_number, order_id, member FROM journal_order
         WHERE tenant = $1 AND invoice_number = ANY ($2) AND invoice_number <> '' ORDER BY occurred_at, order_id",
        tenant.uuid(),
        &asked as &[&str],
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.invoice_number, Owned { order: row.order_id.into(), member: row.member.map(Into::into) }))
        .collect())
}

/// Guests' orders that were told one of the claimed identities, by the place of the claim.
pub(super) async fn by_keys(
    connection: &mut PgConnection,
    claims: &[Claim],
) -> Result<BTreeMap<usize, Vec<OrderId>>, StoreError> {
    let (mut tenants, mut keys, mut places) = (Vec::<Uuid>::new(), Vec::<&str>::new(), Vec::<i64>::new());
    for (claim, place) in claims.iter().zip(0_i64..) {
        for key in &claim.keys {
            tenants.push(claim.tenant.uuid());
            keys.push(key);
            places.push(place);
        }
    }
    let rows = sqlx::query!(
        r#"SELECT asked.place AS "place!", found.order_id
           FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS asked (tenant, guest_key, place)
           CROSS JOIN LATERAL (
               SELECT o.order_id, o.occurred_at FROM journal_order AS o
               WHERE o.tenant = asked.tenant AND o.guest_key = asked.guest_key
                 AND o.member IS NULL AND o.guest_key IS NOT NULL OFFSET 0
           ) AS found
           ORDER BY found.occurred_at, found.order_id"#,
        &tenants,
        &keys as &[&str],
        &places,
    )
    .fetch_all(connection)
    .await?;
    let mut found: BTreeMap<usize, Vec<OrderId>> = BTreeMap::new();
    for row in rows {
        let place = usize::try_from(row.place).map_err(StoreError::unreadable)?;
        found.entry(place).or_default().push(row.order_id.into());
    }
    Ok(found)
}

/// Makes orders the member's that are nobody's; answers which.
pub(super) async fn join(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
    orders: &[OrderId],
) -> Result<Vec<OrderId>, StoreError> {
    let (shards, ids) = places(orders);
    let rows = sqlx::query!(
        "UPDATE journal_order AS o SET member = $2, subject = $3
         WHERE o.ctid = ANY (ARRAY(
             SELECT found.ctid FROM unnest($4::smallint[], $5::uuid[]) AS asked (shard, order_id)
             CROSS JOIN LATERAL (
                 SELECT ctid FROM journal_order AS there
                 WHERE there.tenant = $1 AND there.shard = asked.shard AND there.order_id = asked.order_id OFFSET 0
             ) AS found)) AND o.member IS NULL
         RETURNING o.order_id",
        tenant.uuid(),
        member.uuid(),
        Shard::of_member(member).number(),
        &shards,
        &ids,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| row.order_id.into()).collect())
}
