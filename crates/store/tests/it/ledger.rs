//! A service in miniature: a tenant's entries and balances.

use kernel::{Clock, Shard, TenantId};
use sqlx::PgConnection;
use sqlx::migrate::Migrator;
use store::StoreError;
use testkit::Database;
use uuid::Uuid;

/// Its schema; its role is `rapport_ledger`.
pub const SERVICE: &str = "ledger";

static MIGRATIONS: Migrator = sqlx::migrate!("tests/migrations");

/// What it has to migrate.
pub fn migrations() -> Vec<&'static Migrator> {
    vec![&store::MIGRATIONS, &MIGRATIONS]
}

pub async fn database() -> Database {
    Database::create(SERVICE, &migrations()).await
}

pub fn clock() -> Clock {
    testkit::clock_at("2011-12-01T00:00:00Z")
}

pub fn tenant() -> TenantId {
    TenantId::new_at(clock().now())
}

/// Writes one entry down.
pub async fn enter(to: &mut PgConnection, tenant: TenantId, shard: Shard, amount: i64) -> Result<Uuid, StoreError> {
    let id = Uuid::new_v4();
    sqlx::query("INSERT INTO entry (tenant, shard, id, amount, batch, place) VALUES ($1, $2, $3, $4, 0, 0)")
        .bind(tenant.uuid())
        .bind(shard.number())
        .bind(id)
        .bind(amount)
        .execute(to)
        .await?;
    Ok(id)
}

/// All entries there are, in the order of their batches, whoever they belong to.
pub async fn entries(database: &Database) -> Vec<Uuid> {
    let mut look = database.look().await;
    sqlx::query_scalar("SELECT id FROM ledger.entry ORDER BY batch, place").fetch_all(&mut look).await.expect("read")
}

/// Numbers that look random and are the same in every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: usize) -> Self {
        Self(seed as u64 * 2 + 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// One of so many shards.
    pub fn shard(&mut self, of: u8) -> Shard {
        Shard::from_number(self.below(of.into()) as i64).expect("fewer than 256")
    }
}
