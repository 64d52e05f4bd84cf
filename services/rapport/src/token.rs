//! `rapport token`: tokens without an identity provider, for a suite on this machine.

use std::time::Duration;

use clap::{Args, Subcommand};
use kernel::TenantId;
use server::auth::every_scope;

use crate::client::{CliError, Reach};
use crate::say::say;

/// What `rapport token` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Makes a token that a suite on this machine accepts, and prints it
    Dev(Dev),
}

/// What `rapport token dev` is told.
#[derive(Args, Clone, Debug)]
pub struct Dev {
    /// A token without a tenant, as operators have it: for tenants, the clock and operations
    #[arg(long)]
    operator: bool,
    /// What it allows, separated by commas; everything if not said
    #[arg(long, value_delimiter = ',', value_name = "SCOPE")]
    scopes: Vec<String>,
    /// For how many hours
    #[arg(long, default_value_t = 12, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(1..=8_760))]
    hours: u64,
    /// Whom records name
    #[arg(long, default_value = "developer", value_name = "NAME")]
    actor: String,
    #[command(flatten)]
    reach: Reach,
}

/// Prints a token and nothing else.
///
/// # Errors
/// There is no development key here, or the tenant's code cannot be looked up.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    let Ask::Dev(dev) = ask;
    let tenant = if dev.operator { None } else { Some(tenant(&dev.reach).await?) };
    let known = every_scope();
    if let Some(unknown) = dev.scopes.iter().find(|scope| !known.contains(scope.as_str())) {
        let all: Vec<&str> = known.into_iter().collect();
        return Err(CliError::Asked(format!("--scopes {unknown}: no call asks for it; there are {}", all.join(", "))));
    }
    let scopes: Vec<&str> = if dev.scopes.is_empty() {
        known.into_iter().collect()
    } else {
        dev.scopes.iter().map(String::as_str).collect()
    };
    let token = dev.reach.issuer()?.mint(tenant, scopes, &dev.actor, Duration::from_secs(dev.hours * 3_600));
    say!("{token}");
    Ok(())
}

/// An id is taken as it is; a code is looked up in the running suite.
async fn tenant(reach: &Reach) -> Result<TenantId, CliError> {
    if let Ok(id) = TenantId::parse(&reach.tenant) {
        return Ok(id);
    }
    let tenant = reach.entrance()?.tenant(&reach.tenant).await?.own_tenant().await?;
    TenantId::parse(&tenant.id).map_err(|_| CliError::odd("the suite gave a tenant without an id"))
}
