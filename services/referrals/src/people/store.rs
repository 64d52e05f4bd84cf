//! The rows of what is known of members.

use std::collections::BTreeMap;

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{Currency, MemberId, Shard, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::facts::Bought;
use super::{News, Whose};

struct Keys {
    tenants: Vec<Uuid>,
    shards: Vec<i16>,
    members: Vec<Uuid>,
}

fn keys<'a>(all: impl Iterator<Item = &'a Whose>) -> Keys {
    let mut keys = Keys { tenants: Vec::new(), shards: Vec::new(), members: Vec::new() };
    for (tenant, member) in all {
        keys.tenants.push(tenant.uuid());
        keys.shards.push(Shard::of_member(*member).number());
        keys.members.push(member.uuid());
    }
    keys
}

/// Writes down what was heard; what was heard before stays as it was.
pub(super) async fn keep(connection: &mut PgConnection, news: &News) -> Result<(), StoreError> {
    keep_members(connection, news).await?;
    keep_identities(connection, news).await?;
    keep_orders(connection, news).await
}

async fn keep_members(connection: &mut PgConnection, news: &News) -> Result<(), StoreError> {
    if news.members.is_empty() {
        return Ok(());
    }
    let keys = keys(news.members.keys());
    let joined: Vec<Option<SqlTimestamp>> = news.members.values().map(|at| at.map(SqlTimestamp::from)).collect();
    sqlx::query!(
        "INSERT INTO known_member AS known (tenant, shard, member, joined_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::timestamptz[])
         ON CONFLICT (tenant, shard, member) DO UPDATE SET joined_at = least(known.joined_at, excluded.joined_at)
         WHERE excluded.joined_at IS NOT NULL",
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &joined as &[Option<SqlTimestamp>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn keep_identities(connection: &mut PgConnection, news: &News) -> Result<(), StoreError> {
    if news.identities.is_empty() {
        return Ok(());
    }
    let keys = keys(news.identities.iter().map(|(whose, _)| whose));
    let identities: Vec<String> = news.identities.iter().map(|(_, key)| key.clone()).collect();
    sqlx::query!(
        "INSERT INTO known_identity (tenant, shard, member, identity_key)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::text[])
         ON CONFLICT DO NOTHING",
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &identities,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn keep_orders(connection: &mut PgConnection, news: &News) -> Result<(), StoreError> {
    if news.orders.is_empty() {
        return Ok(());
    }
    let keys = keys(news.orders.keys().map(|(whose, _)| whose));
    let orders: Vec<Uuid> = news.orders.values().map(|one| one.order.uuid()).collect();
    let currencies: Vec<Option<String>> =
        news.orders.values().map(|one| one.told.map(|told| told.currency.to_string())).collect();
    let net: Vec<i64> = news.orders.values().map(|one| one.net_minor).collect();
    let returned: Vec<i64> = news.orders.values().map(|one| one.returned_minor).collect();
    let before: Vec<i64> =
        news.orders.values().map(|one| one.told.map_or(0, |told| told.returned_before_minor)).collect();
    let instants = |read: &dyn Fn(&super::facts::OrderNews) -> Option<Timestamp>| {
        news.orders.values().map(|one| read(one).map(SqlTimestamp::from)).collect::<Vec<Option<SqlTimestamp>>>()
    };
    sqlx::query!(
        "INSERT INTO bought AS known (tenant, shard, member, order_id, currency, net_minor, returned_minor, occurred_at,
             received_at, returned_at, returned_before_minor)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::uuid[]), unnest($4::uuid[]), unnest($5::text[]),
                unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::timestamptz[]), unnest($9::timestamptz[]),
                unnest($10::timestamptz[]), unnest($11::bigint[])
         ON CONFLICT (tenant, shard, member, order_id) DO UPDATE SET
             currency = coalesce(known.currency, excluded.currency),
             occurred_at = coalesce(known.occurred_at, excluded.occurred_at),
             received_at = coalesce(known.received_at, excluded.received_at),
             returned_at = CASE WHEN excluded.returned_minor > known.returned_minor THEN excluded.returned_at
                                ELSE known.returned_at END,
             returned_minor = greatest(known.returned_minor, excluded.returned_minor),
             returned_before_minor = greatest(known.returned_before_minor, excluded.returned_before_minor)",
        &keys.tenants,
        &keys.shards,
        &keys.members,
        &orders,
        &currencies as &[Option<String>],
        &net,
        &returned,
        &instants(&|one| one.told.map(|told| told.occurred_at)) as &[Option<SqlTimestamp>],
        &instants(&|one| one.told.and_then(|told| told.received_at)) as &[Option<SqlTimestamp>],
        &instants(&|one| one.returned_at) as &[Option<SqlTimestamp>],
        &before,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// When a member joined, as far as it was heard; none where nothing was heard of them.
pub(super) async fn member(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
) -> Result<Option<Option<Timestamp>>, StoreError> {
    let row = sqlx::query!(
        "SELECT joined_at FROM known_member WHERE tenant = $1 AND shard = $2 AND member = $3",
        tenant.uuid(),
        Shard::of_member(member).number(),
        member.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| row.joined_at.map(Timestamp::from)))
}

/// An identity both were ever known by.
pub(super) async fn shared_identity(
    connection: &mut PgConnection,
    tenant: TenantId,
    one: MemberId,
    other: MemberId,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT one.identity_key FROM known_identity AS one
         JOIN known_identity AS other ON other.tenant = one.tenant AND other.shard = $4 AND other.member = $5
              AND other.identity_key = one.identity_key
         WHERE one.tenant = $1 AND one.shard = $2 AND one.member = $3
         ORDER BY one.identity_key LIMIT 1",
        tenant.uuid(),
        Shard::of_member(one).number(),
        one.uuid(),
        Shard::of_member(other).number(),
        other.uuid(),
    )
    .fetch_optional(connection)
    .await?)
}

/// What some members bought, earliest first. Orders of which only a return was heard are left out.
pub(super) async fn bought(
    connection: &mut PgConnection,
    all: &[Whose],
) -> Result<BTreeMap<Whose, Vec<Bought>>, StoreError> {
    let keys = keys(all.iter());
    let rows = sqlx::query!(
        r#"SELECT bought.tenant, bought.member, order_id, currency AS "currency!", net_minor, returned_before_minor,
                  returned_minor, occurred_at AS "occurred_at!", received_at, returned_at
           FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked (tenant, shard, member)
           CROSS JOIN LATERAL (
               SELECT * FROM bought
               WHERE (bought.tenant, bought.shard, bought.member) = (asked.tenant, asked.shard, asked.member)
                 AND occurred_at IS NOT NULL AND currency IS NOT NULL OFFSET 0
           ) AS bought
           ORDER BY occurred_at, order_id"#,
        &keys.tenants,
        &keys.shards,
        &keys.members,
    )
    .fetch_all(connection)
    .await?;
    let mut found: BTreeMap<Whose, Vec<Bought>> = BTreeMap::new();
    for row in rows {
        found.entry((row.tenant.into(), row.member.into())).or_default().push(Bought {
            order: row.order_id.into(),
            currency: Currency::parse(&row.currency).map_err(StoreError::unreadable)?,
            net_minor: row.net_minor,
            returned_before_minor: row.returned_before_minor,
            returned_minor: row.returned_minor,
            occurred_at: row.occurred_at.into(),
            received_at: row.received_at.map(Timestamp::from),
            returned_at: row.returned_at.map(Timestamp::from),
        });
    }
    Ok(found)
}
