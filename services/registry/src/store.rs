//! The schema.

use sqlx::migrate::Migrator;

/// Registry's own tables. Versions from 100.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Everything registry's schema is made of, in order.
pub fn migrations() -> Vec<&'static Migrator> {
    vec![&store::MIGRATIONS, &eventlog::MIGRATIONS, &timers::MIGRATIONS, &MIGRATIONS]
}
