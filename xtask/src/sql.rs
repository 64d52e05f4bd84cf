//! What there is to know about a database URL and a migration file.

use std::path::Path;

/// The URL of another database on the same server; `None` if that is no URL.
pub(crate) fn with_database(url: &str, name: &str) -> Option<String> {
    let (rest, query) = match url.split_once('?') {
        Some((rest, query)) => (rest, format!("?{query}")),
        None => (url, String::new()),
    };
    let (scheme, rest) = rest.split_once("://")?;
    let server = rest.rsplit_once('/').map_or(rest, |(server, _)| server);
    Some(format!("{scheme}://{server}/{name}{query}"))
}

/// Whether a file takes part in building a schema: the way back (`.down.sql`) does not.
pub(crate) fn is_migration(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".sql") && !name.ends_with(".down.sql")
}

/// Whether the migration asks to run outside a transaction, as `CREATE INDEX CONCURRENTLY` must.
pub(crate) fn runs_outside_a_transaction(text: &str) -> bool {
    text.starts_with("-- no-transaction")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced_and_its_settings_stay() {
        let other = |url| with_database(url, "b");
        assert_eq!(
            other("postgres://u:p@h:1/a?sslmode=require").as_deref(),
            Some("postgres://u:p@h:1/b?sslmode=require")
        );
        assert_eq!(other("postgres://u@h").as_deref(), Some("postgres://u@h/b"));
        assert_eq!(other("nonsense"), None);
    }

    #[test]
    fn the_way_back_is_no_migration() {
        assert!(is_migration(Path::new("migrations/0001_member.sql")));
        assert!(!is_migration(Path::new("migrations/0001_member.down.sql")));
        assert!(!is_migration(Path::new("migrations/README.md")));
    }
}
