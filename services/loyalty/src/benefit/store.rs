//! The rows of benefits and their uses.

mod uses;

pub(super) use uses::{bind, cancel, insert, of_order, savings, sums, take_back, uses_of};

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::TenantId;
use sqlx::PgConnection;

use super::{Put, Standing, shard_of};

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
