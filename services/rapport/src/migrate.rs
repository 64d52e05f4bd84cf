//! `rapport migrate`: makes and updates the services' schemas.
//!
//! Safe to run at any time and by several processes at once: what is applied stays applied, and the migrator takes a
//! lock. The URL's user must be allowed to create schemas and roles; the services themselves never use that right.

use clap::Args;

use crate::client::CliError;
use crate::config::Settings;
use crate::say::{say, say_all};
use crate::serve::{Which, said};
use crate::suite::Service;

/// What `rapport migrate` is told.
#[derive(Args, Clone, Debug)]
pub struct Ask {
    /// Only this service
    #[arg(long, value_enum, default_value = "all", value_name = "SERVICE")]
    service: Which,
    #[command(flatten)]
    settings: Settings,
}

/// Migrates and tells how many were applied.
///
/// # Errors
/// A database cannot be reached, or a migration fails.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    if ask.settings.print_config {
        say_all!("{}", ask.settings.redacted());
        return Ok(());
    }
    say!("{}", migrated(&ask.settings, &ask.service.services()).await?);
    Ok(())
}

const ANOTHER_BUILD: &str = "go on with the build that made it, or name another DATABASE_URL; a demo shop starts over with \
                             `cargo xtask up --fresh`";

/// Migrates, and answers one line about it.
///
/// # Errors
/// A database cannot be reached, or a migration fails.
pub async fn migrated(settings: &Settings, services: &[Service]) -> Result<String, CliError> {
    let mut applied = Vec::new();
    for (service, url) in settings.databases(services)? {
        let count = service.migrate(&url).await.map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            let of_another_build = matches!(error, store::StoreError::Unreadable(_));
            let advice = if of_another_build { ANOTHER_BUILD } else { crate::config::DATABASE_ADVICE };
            CliError::Failed(format!(
                "the schema of {service} cannot be brought up to date: {error}{cause}\n  {advice}"
            ))
        })?;
        applied.push((service, count));
    }
    Ok(told(&applied))
}

fn told(applied: &[(Service, usize)]) -> String {
    let sum: usize = applied.iter().map(|(_, count)| count).sum();
    let each: Vec<String> = applied.iter().map(|(service, count)| format!("{service} {count}")).collect();
    let how = if sum == 0 {
        let names: Vec<&str> = applied.iter().map(|(service, _)| service.name()).collect();
        format!("{}  (up to date)", names.join("  "))
    } else {
        format!("{}  ({sum} applied)", each.join("  "))
    };
    said("migrate", &how)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_applied_is_told_and_what_was_not_too() {
        let counts = [(Service::Registry, 5), (Service::Loyalty, 6)];
        assert_eq!(told(&counts), "  migrate            registry 5  loyalty 6  (11 applied)");
        assert_eq!(told(&[(Service::Registry, 0)]), "  migrate            registry  (up to date)");
    }
}
