//! `rapport up`: everything a newcomer needs, in one process and with one command.
//!
//! It migrates, serves all services, loads the demo shop where nothing is there yet (or goes on with one that was broken
//! off), and shows a first report and where to go from there. What it finds, it keeps: a second start takes as long as
//! opening the databases.

use clap::Args;
use proto::registry::v1::ListTenantsRequest;

use crate::client::{CliError, Entrance};
use crate::config::Settings;
use crate::demo::{self, Shop};
use crate::migrate::migrated;
use crate::report::Report;
use crate::say::say_all;
use crate::serve::{Running, said, stop, tell, wait_and_stop};
use crate::suite::Service;

/// Months of the first report.
const MONTHS: usize = 3;

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
        say_all!("{}", ask.settings.redacted());
        return Ok(());
    }
    tell(&migrated(&ask.settings, &Service::ALL).await?);
    let running = Running::start(&ask.settings, &Service::ALL).await?;
    let Some(entrance) = running.entrance() else {
        tell(&running.ready_line());
        return wait_and_stop(running).await;
    };
    let mut running = running;
    let loaded = tokio::select! {
        loaded = demo_shop(&entrance, ask.members) => loaded,
        // The next start goes on loading.
        _ = server::stop_wanted() => return stop(running).await,
        () = running.ended() => return stop(running).await,
    };
    match loaded {
        Ok(shown) => {
            tell(&running.ready_line());
            if shown {
                tell(&next(&running));
            }
            wait_and_stop(running).await
        }
        Err(error) => running.stop().await.and(Err(error)),
    }
}

/// Loads the demo shop into an empty store; answers whether there is one to look at.
async fn demo_shop(entrance: &Entrance, members: u32) -> Result<bool, CliError> {
    if demo::is_whole(entrance).await? {
        tell(&said("demo shop", "found"));
        return first_report(entrance).await.map(|()| true);
    }
    let asked = ListTenantsRequest { page_size: 2, ..ListTenantsRequest::default() };
    let known = entrance.operator()?.tenants().list_tenants(asked).await?.into_inner().tenants;
    let own = known.iter().any(|tenant| tenant.code != demo::TENANT);
    if own || members == 0 {
        return Ok(false);
    }
    let summary = demo::load(entrance, Shop { members, ..Shop::default() }, true).await?;
    tell(&said("demo shop", &summary.to_string()));
    first_report(entrance).await.map(|()| true)
}

async fn first_report(entrance: &Entrance) -> Result<(), CliError> {
    let suite = entrance.tenant(demo::TENANT).await?;
    let report = Report::of(&suite).await?;
    tell(&format!("\n{}", report.told(&suite.words().await?, MONTHS)));
    Ok(())
}

fn next(running: &Running) -> String {
    let address = running.grpc();
    format!(
        "\n  Try next:   export RAPPORT_TOKEN=$(cargo run -q -p rapport -- token dev)\n              \
         cargo run -q -p rapport -- member show --phone 0912345678\n              \
         grpcurl -plaintext -H \"authorization: Bearer $RAPPORT_TOKEN\" {address} list\n"
    )
}
