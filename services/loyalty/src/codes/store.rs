//! The rows of codes.

use std::collections::{BTreeMap, BTreeSet};

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::TenantId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Generate, Hold, Typed, shard_of};

pub(super) async fn load(
    connection: &mut PgConnection,
    tenant: TenantId,
    asked: &BTreeSet<String>,
    now: Timestamp,
) -> Result<BTreeMap<String, Typed>, StoreError> {
    let codes: Vec<String> = asked.iter().cloned().collect();
    let shards: Vec<i16> = asked.iter().map(|code| shard_of(tenant, code).number()).collect();
    let rows = sqlx::query!(
        "SELECT c.code, c.campaign, c.version, c.max_uses, c.issued_at,
                c.reserved_uses + c.redeemed_uses - over.uses AS \"taken!\"
         FROM unnest($2::smallint[], $3::text[]) AS asked (shard, code)
         JOIN coupon_code AS c ON c.tenant = $1 AND c.shard = asked.shard AND c.code = asked.code
         CROSS JOIN LATERAL (
             SELECT coalesce(sum(uses), 0)::bigint AS uses FROM coupon_code_hold AS h
             WHERE h.tenant = $1 AND h.shard = asked.shard AND h.code = asked.code AND h.lapses_at <= $4
         ) AS over",
        tenant.uuid(),
        &shards,
        &codes,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .fetch_all(connection)
    .await?;
    let read = rows.into_iter().map(|row| {
        let typed = Typed {
            code: row.code.clone(),
            campaign: row.campaign,
            version: row.version.unwrap_or(0),
            max_uses: row.max_uses,
            taken: row.taken,
            issued_at: row.issued_at.into(),
        };
        (row.code, typed)
    });
    Ok(read.collect())
}

pub(super) async fn owner(
    connection: &mut PgConnection,
    tenant: TenantId,
    code: &str,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT campaign FROM coupon_code WHERE tenant = $1 AND shard = $2 AND code = $3",
        tenant.uuid(),
        shard_of(tenant, code).number(),
        code,
    )
    .fetch_optional(connection)
    .await?)
}

pub(super) async fn share(
    connection: &mut PgConnection,
    tenant: TenantId,
    code: &str,
    campaign: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO coupon_code (tenant, shard, code, campaign, reserved_uses, redeemed_uses, issued_at)
         VALUES ($1, $2, $3, $4, 0, 0, $5)",
        tenant.uuid(),
        shard_of(tenant, code).number(),
        code,
        campaign,
        SqlTimestamp::from(at) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes the codes nobody has; answers how many those were.
pub(super) async fn insert(
    connection: &mut PgConnection,
    ask: &Generate,
    version: i32,
    codes: &BTreeMap<String, u32>,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let texts: Vec<String> = codes.keys().cloned().collect();
    let shards: Vec<i16> = texts.iter().map(|code| shard_of(ask.tenant, code).number()).collect();
    let numbers = codes.values().map(|number| i32::try_from(*number).map_err(StoreError::unreadable));
    let numbers = numbers.collect::<Result<Vec<i32>, StoreError>>()?;
    let done = sqlx::query!(
        "INSERT INTO coupon_code (tenant, shard, code, campaign, version, max_uses, reserved_uses, redeemed_uses,
             request, number, issued_at)
         SELECT $1, unnest($2::smallint[]), unnest($3::text[]), $4, $5, 1, 0, 0, $6, unnest($7::integer[]), $8
         ON CONFLICT (tenant, shard, code) DO NOTHING",
        ask.tenant.uuid(),
        &shards,
        &texts,
        ask.campaign,
        version,
        ask.key.id.uuid(),
        &numbers,
        SqlTimestamp::from(at) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    i64::try_from(done.rows_affected()).map_err(StoreError::unreadable)
}

/// The numbers of a request whose codes these are.
pub(super) async fn of_request(
    connection: &mut PgConnection,
    tenant: TenantId,
    request: Uuid,
    codes: &BTreeMap<String, u32>,
) -> Result<BTreeSet<u32>, StoreError> {
    let texts: Vec<String> = codes.keys().cloned().collect();
    let shards: Vec<i16> = texts.iter().map(|code| shard_of(tenant, code).number()).collect();
    let rows = sqlx::query!(
        "SELECT c.code, c.number FROM unnest($2::smallint[], $3::text[]) AS asked (shard, code)
         CROSS JOIN LATERAL (
             SELECT * FROM coupon_code AS c
             WHERE c.tenant = $1 AND c.shard = asked.shard AND c.code = asked.code OFFSET 0
         ) AS c
         WHERE c.request = $4",
        tenant.uuid(),
        &shards,
        &texts,
        request,
    )
    .fetch_all(connection)
    .await?;
    let own = rows.into_iter().filter_map(|row| {
        let number = codes.get(&row.code)?;
        (row.number.and_then(|known| u32::try_from(known).ok()) == Some(*number)).then_some(*number)
    });
    Ok(own.collect())
}

/// Frees what is held of a code and whose time is over; its shard must be locked.
pub(crate) async fn sweep(
    connection: &mut PgConnection,
    tenant: TenantId,
    code: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH over AS (
             DELETE FROM coupon_code_hold WHERE tenant = $1 AND shard = $2 AND code = $3 AND lapses_at <= $4
             RETURNING uses
         ), freed AS (SELECT sum(uses)::bigint AS uses FROM over)
         UPDATE coupon_code SET reserved_uses = reserved_uses - freed.uses
         FROM freed WHERE tenant = $1 AND shard = $2 AND code = $3 AND freed.uses > 0",
        tenant.uuid(),
        shard_of(tenant, code).number(),
        code,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a use until an instant, where there is one; false where there is none.
pub(crate) async fn reserve(
    connection: &mut PgConnection,
    hold: Hold<'_>,
    lapses_at: Timestamp,
) -> Result<bool, StoreError> {
    let taken = sqlx::query!(
        "WITH taken AS (
             UPDATE coupon_code SET reserved_uses = reserved_uses + 1
             WHERE tenant = $1 AND shard = $2 AND code = $3
               AND (max_uses IS NULL OR reserved_uses + redeemed_uses + 1 <= max_uses)
             RETURNING code
         )
         INSERT INTO coupon_code_hold (tenant, shard, code, reservation, uses, lapses_at)
         SELECT $1, $2, taken.code, $4, 1, $5 FROM taken",
        hold.tenant.uuid(),
        shard_of(hold.tenant, hold.code).number(),
        hold.code,
        hold.reservation.uuid(),
        SqlTimestamp::from(lapses_at) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Uses what is held, or gives it up; false where nothing is held any more.
pub(crate) async fn settle(connection: &mut PgConnection, hold: Hold<'_>, redeemed: bool) -> Result<bool, StoreError> {
    let settled = sqlx::query!(
        "WITH held AS (
             SELECT uses FROM coupon_code_hold
             WHERE tenant = $1 AND shard = $2 AND code = $3 AND reservation = $4 AND uses > 0
         ), emptied AS (
             UPDATE coupon_code_hold SET uses = 0
             WHERE tenant = $1 AND shard = $2 AND code = $3 AND reservation = $4
         )
         UPDATE coupon_code
         SET reserved_uses = reserved_uses - held.uses,
             redeemed_uses = redeemed_uses + CASE WHEN $5 THEN held.uses ELSE 0 END
         FROM held WHERE tenant = $1 AND shard = $2 AND code = $3",
        hold.tenant.uuid(),
        shard_of(hold.tenant, hold.code).number(),
        hold.code,
        hold.reservation.uuid(),
        redeemed,
    )
    .execute(connection)
    .await?;
    Ok(settled.rows_affected() == 1)
}

/// Gives a use back, where its order came back.
pub(crate) async fn give_back(connection: &mut PgConnection, tenant: TenantId, code: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE coupon_code SET redeemed_uses = redeemed_uses - 1 WHERE tenant = $1 AND shard = $2 AND code = $3",
        tenant.uuid(),
        shard_of(tenant, code).number(),
        code,
    )
    .execute(connection)
    .await?;
    Ok(())
}
