//! The tables of the service's schema.

use sqlx::migrate::Migrator;

/// The service's own tables. Versions 100 and up.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// All migrations of the service's schema, the house's first.
pub fn migrations() -> Vec<&'static Migrator> {
    vec![&::store::MIGRATIONS, &eventlog::MIGRATIONS, &timers::MIGRATIONS, &terms::MIGRATIONS, &MIGRATIONS]
}
