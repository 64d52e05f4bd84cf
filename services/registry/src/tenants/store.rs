//! The rows of tenants.

use jiff::Timestamp;
use kernel::{Currency, Shard, TenantId};
use store::{Head, Reading, SqlTimestamp, StoreError, Tx};
use uuid::Uuid;

use super::{Settings, Standing, Tenant, installation, shard_of_code};

struct Row {
    tenant: Uuid,
    code: String,
    display_name: String,
    zone: String,
    currency: String,
    minor_digits: i16,
    phone_region: String,
    suspended: bool,
    state_at: SqlTimestamp,
    created_at: SqlTimestamp,
    version: i64,
}

impl TryFrom<Row> for Tenant {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: TenantId::from(row.tenant),
            code: row.code,
            settings: Settings {
                display_name: row.display_name,
                zone: row.zone,
                currency: Currency::parse(&row.currency).map_err(StoreError::unreadable)?,
                minor_digits: row.minor_digits,
                phone_region: row.phone_region,
            },
            standing: standing_of(row.suspended),
            state_at: row.state_at.into(),
            created_at: row.created_at.into(),
            version: row.version,
        })
    }
}

const fn standing_of(suspended: bool) -> Standing {
    if suspended { Standing::Suspended } else { Standing::Open }
}

/// Where a tenant's shard stands, with its row, in one snapshot.
pub(super) async fn read(reading: &mut Reading, tenant: TenantId) -> Result<(Head, Option<Tenant>), StoreError> {
    let row = sqlx::query!(
        r#"SELECT head.epoch, head.position, code AS "code?", display_name AS "display_name?", zone AS "zone?",
                  currency AS "currency?", minor_digits AS "minor_digits?", phone_region AS "phone_region?",
                  suspended AS "suspended?", state_at AS "state_at?", created_at AS "created_at?", version AS "version?"
           FROM head LEFT JOIN tenant ON tenant.tenant = $1 AND tenant.shard = head.shard
           WHERE head.shard = $2"#,
        tenant.uuid(),
        Shard::of_tenant(tenant).number(),
    )
    .fetch_one(reading.connection())
    .await?;
    let there = (|| {
        Some(Row {
            tenant: tenant.uuid(),
            code: row.code?,
            display_name: row.display_name?,
            zone: row.zone?,
            currency: row.currency?,
            minor_digits: row.minor_digits?,
            phone_region: row.phone_region?,
            suspended: row.suspended?,
            state_at: row.state_at?,
            created_at: row.created_at?,
            version: row.version?,
        })
    })();
    Ok((Head { epoch: row.epoch, position: row.position }, there.map(Tenant::try_from).transpose()?))
}

/// A tenant, inside a transaction that holds its shard.
pub(super) async fn find(tx: &mut Tx, tenant: TenantId) -> Result<Option<Tenant>, StoreError> {
    sqlx::query_as!(
        Row,
        "SELECT tenant, code, display_name, zone, currency, minor_digits, phone_region, suspended, state_at, created_at,
                version
         FROM tenant WHERE tenant = $1 AND shard = $2",
        tenant.uuid(),
        Shard::of_tenant(tenant).number(),
    )
    .fetch_optional(tx.connection())
    .await?
    .map(Tenant::try_from)
    .transpose()
}

/// Whether a tenant may write.
pub(super) async fn standing(tx: &mut Tx, tenant: TenantId) -> Result<Option<Standing>, StoreError> {
    let suspended = sqlx::query_scalar!(
        "SELECT suspended FROM tenant WHERE tenant = $1 AND shard = $2",
        tenant.uuid(),
        Shard::of_tenant(tenant).number(),
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(suspended.map(standing_of))
}

/// A page of tenants in the order they were opened.
pub(super) async fn page(
    reading: &mut Reading,
    after: Option<(Timestamp, TenantId)>,
    limit: i64,
) -> Result<Vec<Tenant>, StoreError> {
    let (created_at, tenant) = after.map_or((Timestamp::UNIX_EPOCH, Uuid::nil()), |(at, tenant)| (at, tenant.uuid()));
    sqlx::query_as!(
        Row,
        "SELECT tenant, code, display_name, zone, currency, minor_digits, phone_region, suspended, state_at, created_at,
                version
         FROM tenant WHERE $1 OR (created_at, tenant) > ($2::timestamptz, $3::uuid)
         ORDER BY created_at, tenant LIMIT $4",
        after.is_none(),
        SqlTimestamp::from(created_at) as _,
        tenant,
        limit,
    )
    .fetch_all(reading.connection())
    .await?
    .into_iter()
    .map(Tenant::try_from)
    .collect()
}

/// Whose code it is, inside a transaction that holds the code's shard.
pub(super) async fn holder(tx: &mut Tx, code: &str) -> Result<Option<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT holder FROM tenant_code WHERE tenant = $1 AND shard = $2 AND code = $3",
        installation().uuid(),
        shard_of_code(code).number(),
        code,
    )
    .fetch_optional(tx.connection())
    .await?)
}

/// Whose code it is.
pub(super) async fn holder_of(reading: &mut Reading, code: &str) -> Result<Option<TenantId>, StoreError> {
    let holder = sqlx::query_scalar!(
        "SELECT holder FROM tenant_code WHERE tenant = $1 AND shard = $2 AND code = $3",
        installation().uuid(),
        shard_of_code(code).number(),
        code,
    )
    .fetch_optional(reading.connection())
    .await?;
    Ok(holder.map(TenantId::from))
}

/// Writes a new tenant and its code.
pub(super) async fn insert(tx: &mut Tx, tenant: &Tenant) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO tenant_code (tenant, shard, code, holder) VALUES ($1, $2, $3, $4)",
        installation().uuid(),
        shard_of_code(&tenant.code).number(),
        tenant.code,
        tenant.id.uuid(),
    )
    .execute(tx.connection())
    .await?;
    let settings = &tenant.settings;
    sqlx::query!(
        "INSERT INTO tenant (tenant, shard, code, display_name, zone, currency, minor_digits, phone_region, suspended,
                             state_at, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        tenant.id.uuid(),
        Shard::of_tenant(tenant.id).number(),
        tenant.code,
        settings.display_name,
        settings.zone,
        settings.currency.to_string(),
        settings.minor_digits,
        settings.phone_region,
        tenant.standing == Standing::Suspended,
        SqlTimestamp::from(tenant.state_at) as _,
        SqlTimestamp::from(tenant.created_at) as _,
        tenant.version,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Writes a changed tenant over the old one.
pub(super) async fn update(tx: &mut Tx, tenant: &Tenant) -> Result<(), StoreError> {
    let settings = &tenant.settings;
    sqlx::query!(
        "UPDATE tenant SET display_name = $3, zone = $4, currency = $5, minor_digits = $6, phone_region = $7,
                           suspended = $8, state_at = $9, version = $10
         WHERE tenant = $1 AND shard = $2",
        tenant.id.uuid(),
        Shard::of_tenant(tenant.id).number(),
        settings.display_name,
        settings.zone,
        settings.currency.to_string(),
        settings.minor_digits,
        settings.phone_region,
        tenant.standing == Standing::Suspended,
        SqlTimestamp::from(tenant.state_at) as _,
        tenant.version,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
