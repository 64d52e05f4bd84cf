//! The rows of codes.

use ::store::{SqlTimestamp, StoreError};
use jiff::Timestamp;
use kernel::{MemberId, Shard, TenantId};
use sqlx::PgConnection;

use super::alphabet::Code;
use super::{Issued, shard_of};

pub(super) async fn find(
    connection: &mut PgConnection,
    tenant: TenantId,
    code: &Code,
) -> Result<Option<Issued>, StoreError> {
    let row = sqlx::query!(
        "SELECT member, issued_at, retired_at FROM referral_code WHERE tenant = $1 AND shard = $2 AND code = $3",
        tenant.uuid(),
        shard_of(tenant, code).number(),
        code.text(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Issued {
        code: code.clone(),
        member: row.member.into(),
        issued_at: row.issued_at.into(),
        retired_at: row.retired_at.map(Timestamp::from),
    }))
}

/// The live code of a member.
pub(super) async fn live_of(
    connection: &mut PgConnection,
    tenant: TenantId,
    member: MemberId,
) -> Result<Option<Issued>, StoreError> {
    let row = sqlx::query!(
        "SELECT code, issued_at FROM referral_code WHERE tenant = $1 AND member = $2 AND retired_at IS NULL",
        tenant.uuid(),
        member.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let code = Code::parse(&row.code).map_err(StoreError::unreadable)?;
        Ok(Issued { code, member, issued_at: row.issued_at.into(), retired_at: None })
    })
    .transpose()
}

pub(super) async fn insert(connection: &mut PgConnection, tenant: TenantId, issued: &Issued) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO referral_code (tenant, shard, code, member, issued_at) VALUES ($1, $2, $3, $4, $5)",
        tenant.uuid(),
        shard_of(tenant, &issued.code).number(),
        issued.code.text(),
        issued.member.uuid(),
        SqlTimestamp::from(issued.issued_at) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn retire(
    connection: &mut PgConnection,
    tenant: TenantId,
    code: &Code,
    at: Timestamp,
) -> Result<(), StoreError> {
    let shard: Shard = shard_of(tenant, code);
    sqlx::query!(
        "UPDATE referral_code SET retired_at = $4 WHERE tenant = $1 AND shard = $2 AND code = $3 AND retired_at IS NULL",
        tenant.uuid(),
        shard.number(),
        code.text(),
        SqlTimestamp::from(at) as SqlTimestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}
