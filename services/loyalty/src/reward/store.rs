//! The rows of rewards.

use std::collections::BTreeSet;

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::TenantId;
use sqlx::PgConnection;

use super::{Put, Standing, Standings, Use, shard_of};

pub(super) async fn load(
    connection: &mut PgConnection,
    tenant: TenantId,
    asked: &BTreeSet<(String, i32)>,
) -> Result<Standings, StoreError> {
    let rewards: Vec<String> = asked.iter().map(|(reward, _)| reward.clone()).collect();
    let shards: Vec<i16> = rewards.iter().map(|reward| shard_of(tenant, reward).number()).collect();
    let versions: Vec<i32> = asked.iter().map(|(_, version)| *version).collect();
    let rows = sqlx::query!(
        "SELECT asked.reward AS \"reward!\", asked.version AS \"asked!\", known.version, known.terms, known.recorded_at,
                r.stock, r.claimed, r.cancelled, r.fulfilled, r.points, r.cost_minor
         FROM unnest($2::smallint[], $3::text[], $4::integer[]) AS asked (shard, reward, version)
         JOIN reward AS r ON r.tenant = $1 AND r.shard = asked.shard AND r.reward = asked.reward
         JOIN reward_version AS known ON known.tenant = $1 AND known.shard = asked.shard
              AND known.reward = asked.reward
              AND known.version = CASE WHEN asked.version = 0 THEN r.version ELSE asked.version END",
        tenant.uuid(),
        &shards,
        &rewards,
        &versions,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let taken = Use {
                claimed: row.claimed,
                cancelled: row.cancelled,
                fulfilled: row.fulfilled,
                points: row.points,
                cost_minor: row.cost_minor,
            };
            let standing = Standing {
                reward: row.reward.clone(),
                version: row.version,
                terms: serde_json::from_value(row.terms).map_err(StoreError::unreadable)?,
                stock: row.stock,
                taken,
                recorded_at: row.recorded_at.into(),
            };
            Ok(((row.reward, row.asked), standing))
        })
        .collect()
}

pub(super) async fn codes_after(
    connection: &mut PgConnection,
    tenant: TenantId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        // By bytes, as the codes are ordered in memory: a database's own order may pass over hyphens.
        r#"SELECT reward FROM reward
           WHERE tenant = $1 AND reward COLLATE "C" > $2 ORDER BY reward COLLATE "C" LIMIT $3"#,
        tenant.uuid(),
        after.unwrap_or_default(),
        limit,
    )
    .fetch_all(connection)
    .await?)
}

pub(super) async fn put(
    connection: &mut PgConnection,
    ask: &Put,
    version: i32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let shard = shard_of(ask.tenant, &ask.reward).number();
    sqlx::query!(
        "INSERT INTO reward (tenant, shard, reward, version, stock, claimed, cancelled, fulfilled, points, cost_minor)
         VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, 0)
         ON CONFLICT (tenant, shard, reward) DO UPDATE SET version = excluded.version, stock = excluded.stock",
        ask.tenant.uuid(),
        shard,
        ask.reward,
        version,
        ask.terms.stock,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO reward_version (tenant, shard, reward, version, terms, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        ask.tenant.uuid(),
        shard,
        ask.reward,
        version,
        serde_json::to_value(&ask.terms).map_err(StoreError::unreadable)?,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes one; its shard must be locked. False where none is left.
pub(super) async fn take(
    connection: &mut PgConnection,
    (tenant, reward): (TenantId, &str),
    (points, cost_minor): (i64, i64),
    at_once: bool,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE reward SET claimed = claimed + 1, points = points + $4, cost_minor = cost_minor + $5,
                fulfilled = fulfilled + $6
         WHERE tenant = $1 AND shard = $2 AND reward = $3 AND (stock IS NULL OR claimed - cancelled < stock)",
        tenant.uuid(),
        shard_of(tenant, reward).number(),
        reward,
        points,
        cost_minor,
        i64::from(at_once),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts one back; its shard must be locked.
pub(super) async fn put_back(
    connection: &mut PgConnection,
    (tenant, reward): (TenantId, &str),
    (points, cost_minor): (i64, i64),
    was_fulfilled: bool,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE reward SET cancelled = cancelled + 1, points = points - $4, cost_minor = cost_minor - $5,
                fulfilled = fulfilled - $6
         WHERE tenant = $1 AND shard = $2 AND reward = $3",
        tenant.uuid(),
        shard_of(tenant, reward).number(),
        reward,
        points,
        cost_minor,
        i64::from(was_fulfilled),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Says that one was handed over; its shard must be locked.
pub(super) async fn hand_over(connection: &mut PgConnection, tenant: TenantId, reward: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE reward SET fulfilled = fulfilled + 1 WHERE tenant = $1 AND shard = $2 AND reward = $3",
        tenant.uuid(),
        shard_of(tenant, reward).number(),
        reward,
    )
    .execute(connection)
    .await?;
    Ok(())
}
