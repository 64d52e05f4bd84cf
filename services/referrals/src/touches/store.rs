//! The rows of touches.

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::TenantId;
use sqlx::PgConnection;

use super::{Touch, shard_of};
use crate::codes::Code;

pub(super) async fn insert(connection: &mut PgConnection, tenant: TenantId, touch: &Touch) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO touch (tenant, shard, visitor, touched_at, code) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        tenant.uuid(),
        shard_of(tenant, &touch.visitor).number(),
        touch.visitor,
        SqlTimestamp::from(touch.touched_at) as SqlTimestamp,
        touch.code.text(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The last touch of each code by a visitor since a moment, latest first.
pub(super) async fn since(
    connection: &mut PgConnection,
    tenant: TenantId,
    visitor: &str,
    since: Timestamp,
) -> Result<Vec<Touch>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT code, max(touched_at) AS "touched_at!" FROM touch
           WHERE tenant = $1 AND shard = $2 AND visitor = $3 AND touched_at >= $4
           GROUP BY code ORDER BY max(touched_at) DESC, code LIMIT 100"#,
        tenant.uuid(),
        shard_of(tenant, visitor).number(),
        visitor,
        SqlTimestamp::from(since) as SqlTimestamp,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let code = Code::parse(&row.code).map_err(StoreError::unreadable)?;
            Ok(Touch { visitor: visitor.to_owned(), code, touched_at: row.touched_at.into() })
        })
        .collect()
}
