//! The rows of missions. Of what members did, see [`members`].

pub(super) mod members;

use std::collections::BTreeMap;
use std::sync::Arc;

use ::store::{SqlTimestamp, StoreError};
use jiff::{SignedDuration, Timestamp};
use kernel::TenantId;
use sqlx::PgConnection;

use super::judging::Definitions;
use super::terms::Definition;
use super::{Put, Standing, shard_of};

/// So long after its end a mission is still heard of: orders that come late, and returns.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);

/// The last versions of all missions of a tenant that have not been over for long.
pub(super) async fn definitions(
    connection: &mut PgConnection,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Definitions, StoreError> {
    let since = now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
    let rows = sqlx::query!(
        "SELECT m.mission, m.version, m.put_at, v.terms
         FROM mission AS m
         JOIN mission_version AS v ON v.tenant = m.tenant AND v.shard = m.shard AND v.mission = m.mission
              AND v.version = m.version
         WHERE m.tenant = $1 AND (m.until_at IS NULL OR m.until_at > $2)",
        tenant.uuid(),
        SqlTimestamp::from(since) as SqlTimestamp,
    )
    .fetch_all(connection)
    .await?;
    let mut last = BTreeMap::new();
    for row in rows {
        let definition = definition(row.mission, row.version, row.put_at, row.terms)?;
        last.insert(definition.code.clone(), definition);
    }
    Ok(Definitions { last, older: BTreeMap::new() })
}

/// Adds versions that windows were begun with and that are not the last.
pub(super) async fn add_older(
    connection: &mut PgConnection,
    tenant: TenantId,
    definitions: &mut Definitions,
    asked: &[(String, i32)],
) -> Result<(), StoreError> {
    let missing: Vec<&(String, i32)> =
        asked.iter().filter(|(code, version)| definitions.of(code, *version).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let codes: Vec<String> = missing.iter().map(|(code, _)| code.clone()).collect();
    let versions: Vec<i32> = missing.iter().map(|(_, version)| *version).collect();
    let shards: Vec<i16> = codes.iter().map(|code| shard_of(tenant, code).number()).collect();
    let rows = sqlx::query!(
        "SELECT m.mission, v.version, m.put_at, v.terms
         FROM unnest($2::smallint[], $3::text[], $4::integer[]) AS asked (shard, mission, version)
         JOIN mission AS m ON m.tenant = $1 AND m.shard = asked.shard AND m.mission = asked.mission
         JOIN mission_version AS v ON v.tenant = $1 AND v.shard = asked.shard AND v.mission = asked.mission
              AND v.version = asked.version",
        tenant.uuid(),
        &shards,
        &codes,
        &versions,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let definition = definition(row.mission, row.version, row.put_at, row.terms)?;
        definitions.older.insert((definition.code.clone(), definition.version), definition);
    }
    Ok(())
}

fn definition(
    code: String,
    version: i32,
    put_at: SqlTimestamp,
    terms: serde_json::Value,
) -> Result<Definition, StoreError> {
    let terms = Arc::new(serde_json::from_value(terms).map_err(StoreError::unreadable)?);
    Ok(Definition { code, version, put_at: put_at.into(), terms })
}

/// A version of a mission, the last for 0.
pub(super) async fn one(
    connection: &mut PgConnection,
    tenant: TenantId,
    mission: &str,
    version: i32,
) -> Result<Option<Standing>, StoreError> {
    let row = sqlx::query!(
        "SELECT v.version, m.put_at, m.taken, v.terms, v.recorded_at
         FROM mission AS m
         JOIN mission_version AS v ON v.tenant = m.tenant AND v.shard = m.shard AND v.mission = m.mission
              AND v.version = CASE WHEN $4 = 0 THEN m.version ELSE $4 END
         WHERE m.tenant = $1 AND m.shard = $2 AND m.mission = $3",
        tenant.uuid(),
        shard_of(tenant, mission).number(),
        mission,
        version,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let definition = definition(mission.to_owned(), row.version, row.put_at, row.terms)?;
        Ok(Standing { definition, taken: row.taken, recorded_at: row.recorded_at.into() })
    })
    .transpose()
}

pub(super) async fn page(
    connection: &mut PgConnection,
    tenant: TenantId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Standing>, StoreError> {
    let rows = sqlx::query!(
        // By bytes, as codes are ordered in memory: a database's own order may pass over hyphens.
        r#"SELECT m.mission, v.version, m.put_at, m.taken, v.terms, v.recorded_at
           FROM mission AS m
           JOIN mission_version AS v ON v.tenant = m.tenant AND v.shard = m.shard AND v.mission = m.mission
                AND v.version = m.version
           WHERE m.tenant = $1 AND m.mission COLLATE "C" > $2 ORDER BY m.mission COLLATE "C" LIMIT $3"#,
        tenant.uuid(),
        after.unwrap_or_default(),
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let definition = definition(row.mission, row.version, row.put_at, row.terms)?;
            Ok(Standing { definition, taken: row.taken, recorded_at: row.recorded_at.into() })
        })
        .collect()
}

/// How many missions of a tenant are not over.
pub(super) async fn live(connection: &mut PgConnection, tenant: TenantId, now: Timestamp) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT count(*) AS \"live!\" FROM mission WHERE tenant = $1 AND (until_at IS NULL OR until_at > $2)",
        tenant.uuid(),
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .fetch_one(connection)
    .await?)
}

pub(super) async fn put(
    connection: &mut PgConnection,
    ask: &Put,
    version: i32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let shard = shard_of(ask.tenant, &ask.mission).number();
    sqlx::query!(
        "INSERT INTO mission (tenant, shard, mission, version, put_at, until_at, budget, taken)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
         ON CONFLICT (tenant, shard, mission) DO UPDATE
         SET version = excluded.version, until_at = excluded.until_at, budget = excluded.budget",
        ask.tenant.uuid(),
        shard,
        ask.mission,
        version,
        SqlTimestamp::from(now) as SqlTimestamp,
        ask.terms.until.map(SqlTimestamp::from) as Option<SqlTimestamp>,
        ask.terms.budget,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO mission_version (tenant, shard, mission, version, terms, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        ask.tenant.uuid(),
        shard,
        ask.mission,
        version,
        serde_json::to_value(&ask.terms).map_err(StoreError::unreadable)?,
        SqlTimestamp::from(now) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes one reward of the budget, where there is one left. The mission's shard must be locked.
pub(super) async fn take(connection: &mut PgConnection, tenant: TenantId, mission: &str) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE mission SET taken = taken + 1
         WHERE tenant = $1 AND shard = $2 AND mission = $3 AND (budget IS NULL OR taken < budget)",
        tenant.uuid(),
        shard_of(tenant, mission).number(),
        mission,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives one back. The mission's shard must be locked.
pub(super) async fn give_back(
    connection: &mut PgConnection,
    tenant: TenantId,
    mission: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE mission SET taken = taken - 1 WHERE tenant = $1 AND shard = $2 AND mission = $3",
        tenant.uuid(),
        shard_of(tenant, mission).number(),
        mission,
    )
    .execute(connection)
    .await?;
    Ok(())
}
