//! Up to when birthdays were looked at.

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use sqlx::PgConnection;

pub(super) async fn looked_at(
    connection: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query!(
        "SELECT looked_at FROM birthday_look WHERE tenant = $1 AND shard = $2",
        tenant.uuid(),
        Shard::of_tenant(tenant).number(),
    );
    Ok(row.fetch_optional(connection).await?.map(|row| row.looked_at.into()))
}

/// The tenant's shard is locked.
pub(super) async fn look(connection: &mut PgConnection, tenant: TenantId, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO birthday_look (tenant, shard, looked_at) VALUES ($1, $2, $3)
         ON CONFLICT (tenant, shard) DO UPDATE SET looked_at = greatest(birthday_look.looked_at, excluded.looked_at)",
        tenant.uuid(),
        Shard::of_tenant(tenant).number(),
        SqlTimestamp::from(at) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}
