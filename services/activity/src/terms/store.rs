//! The table of terms.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use kernel::{Currency, Shard, TenantId};
use sqlx::PgConnection;
use store::StoreError;

use super::Terms;

pub(super) async fn read(connection: &mut PgConnection, tenant: TenantId) -> Result<Terms, StoreError> {
    let row = sqlx::query!(
        "SELECT currency, minor_digits, zone, suspended FROM tenant_terms WHERE tenant = $1 AND shard = $2",
        tenant.uuid(),
        Shard::of_tenant(tenant).number()
    )
    .fetch_optional(connection)
    .await?;
    row.map_or_else(
        || Ok(Terms::default()),
        |row| {
            Ok(Terms {
                currency: Some(Currency::parse(&row.currency).map_err(StoreError::unreadable)?),
                minor_digits: u32::try_from(row.minor_digits).map_err(StoreError::unreadable)?,
                zone: row.zone,
                suspended: row.suspended,
            })
        },
    )
}

pub(super) async fn write(
    connection: &mut PgConnection,
    tenant: TenantId,
    shard: Shard,
    terms: &Terms,
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO tenant_terms (tenant, shard, currency, minor_digits, zone, suspended, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant, shard) DO UPDATE
         SET currency = excluded.currency, minor_digits = excluded.minor_digits, zone = excluded.zone,
             suspended = excluded.suspended, recorded_at = excluded.recorded_at",
        tenant.uuid(),
        shard.number(),
        terms.currency.map(|currency| currency.to_string()).unwrap_or_default(),
        i16::try_from(terms.minor_digits).map_err(StoreError::unreadable)?,
        terms.zone,
        terms.suspended,
        recorded_at.to_sqlx() as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}
