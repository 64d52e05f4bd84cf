//! Tables of an older build are brought along.

use std::borrow::Cow;

use kernel::{Shard, TenantId};
use loyalty::programme::Programme;
use sqlx::migrate::Migrator;
use testkit::Database;

/// As the builds before wrote it.
const TERMS: &str = r#"{"version":1,"effective_at":"2020-01-01T00:00:00Z","display_name":"Signature",
    "zone":"Asia/Taipei","rates":[{"currency":"TWD","points":1,"per_minor":50,"rounding":"Floor","basis":"NetOfPoints"}],
    "expiry":"Never","ladder":null,"grace_days":14,"deficit":"Unlimited"}"#;

/// Loyalty's tables as they were before a migration.
fn before(number: i64) -> &'static Migrator {
    let older = loyalty::MIGRATIONS.iter().filter(|one| one.version < number).cloned().collect();
    Box::leak(Box::new(Migrator { migrations: Cow::Owned(older), ..Migrator::DEFAULT }))
}

#[tokio::test]
async fn programmes_and_suspensions_of_an_older_build_rule_on() {
    // Beside the house's tables of that time: the calls and the terms came later.
    let parts = vec![&store::MIGRATIONS, &eventlog::MIGRATIONS, &timers::MIGRATIONS, before(103)];
    let database = Database::create(loyalty::SERVICE, &parts).await;
    let tenant = TenantId::new_at(testkit::instant("2026-01-01T00:00:00Z"));
    let shard = Shard::of_tenant(tenant).number();
    let mut look = database.look().await;
    sqlx::query(
        "INSERT INTO loyalty.programme (tenant, shard, version, effective_at, terms, recorded_at)
         VALUES ($1, $2, 1, '2020-01-01', $3::jsonb, '2026-01-01')",
    )
    .bind(tenant.uuid())
    .bind(shard)
    .bind(TERMS)
    .execute(&mut look)
    .await
    .expect("a programme");
    sqlx::query("INSERT INTO loyalty.tenant_terms (tenant, shard, suspended) VALUES ($1, $2, true)")
        .bind(tenant.uuid())
        .bind(shard)
        .execute(&mut look)
        .await
        .expect("a suspended tenant");

    store::migrate(database.url(), loyalty::SERVICE, &loyalty::migrations()).await.expect("it migrates");
    let store = database.store(loyalty::SERVICE).await;
    let held = terms::Book::<Programme>::new(store, testkit::clock_at("2026-06-01T00:00:00Z"), |tenant, _, at| {
        unreachable!("{tenant} at {at}: nothing is put here")
    });
    let held = held.of(tenant).await.expect("it can be read");
    let rules = held.versions.at(testkit::instant("2026-06-01T00:00:00Z")).expect("it rules");
    assert_eq!((rules.number, rules.zone.name(), rules.rates[0].per_minor), (1, "Asia/Taipei", 50));
    assert!(held.settled.suspended, "who may not write still may not");
}
