//! `rapport serve`: one service or all of them, until told to stop.
//!
//! A stop is graceful: health says so first, calls under way are answered, listeners and clockworks finish what they
//! hold, and the databases are let go. It has an end: after half a minute, or at a second Ctrl-C, the process goes.

mod running;

use std::io::Write as _;

use clap::{Args, ValueEnum};
use server::stop_wanted;

use crate::client::CliError;
use crate::config::Settings;
use crate::say::say_all;
use crate::suite::Service;

pub use running::Running;

/// What `rapport serve` is told.
#[derive(Args, Clone, Debug)]
pub struct Ask {
    /// Which services
    #[arg(value_enum)]
    which: Which,
    #[command(flatten)]
    settings: Settings,
}

/// Which services a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Who the members are
    Registry,
    /// What they did
    Activity,
    /// What they earned
    Loyalty,
    /// Which group a member belongs to
    Segmentation,
    /// Whom members invited
    Referrals,
    /// What members subscribed to
    Subscriptions,
    /// The whole suite
    All,
}

impl Which {
    /// The services meant.
    #[must_use]
    pub fn services(self) -> Vec<Service> {
        match self {
            Self::Registry => vec![Service::Registry],
            Self::Activity => vec![Service::Activity],
            Self::Loyalty => vec![Service::Loyalty],
            Self::Segmentation => vec![Service::Segmentation],
            Self::Referrals => vec![Service::Referrals],
            Self::Subscriptions => vec![Service::Subscriptions],
            Self::All => Service::ALL.to_vec(),
        }
    }
}

/// Serves until told to stop.
///
/// # Errors
/// A setting cannot be used, or the server cannot run.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    if ask.settings.print_config {
        say_all!("{}", ask.settings.redacted());
        return Ok(());
    }
    let running = Running::start(&ask.settings, &ask.which.services()).await?;
    tell(&running.ready_line());
    wait_and_stop(running).await
}

/// Waits for the operator, or for the server's own end, and stops everything.
///
/// # Errors
/// The server failed.
pub async fn wait_and_stop(mut running: Running) -> Result<(), CliError> {
    tokio::select! {
        wanted = stop_wanted() => wanted.map_err(|error| CliError::Failed(format!("signals cannot be listened to: {error}")))?,
        () = running.ended() => {}
    }
    stop(running).await
}

/// Stops everything; a second signal cuts it short.
///
/// # Errors
/// The server failed, or did not end in time.
pub async fn stop(running: Running) -> Result<(), CliError> {
    tokio::select! {
        stopped = running.stop() => {
            stopped?;
            tell(&said("rapport", "stopped; every call was answered"));
            Ok(())
        }
        _ = stop_wanted() => Err(CliError::Failed("cut off by a second signal; what was acknowledged is safe".to_owned())),
    }
}

/// One line about one step, in the columns that `cargo xtask up` uses too.
#[must_use]
pub fn said(what: &str, how: &str) -> String {
    format!("  {what:<18} {how}")
}

/// Prints a line. Nobody reading any more is no reason for a serving process to fail.
pub fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
