//! `rapport clock`: what time it is for the programme, and moving a manual clock.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proto::clock::v1::{AdvanceClockRequest, GetClockRequest};
use serde_json::json;

use crate::client::{CliError, Reach, long_call};
use crate::say::say;
use crate::words;

/// What `rapport clock` is told.
#[derive(Args, Clone, Debug)]
pub struct Ask {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Tells the time
    Show,
    /// Moves a manual clock forward; what falls due on the way happens, in its order
    Advance {
        /// Where to: 2011-12-10T00:00:00Z, or a day (its beginning in UTC)
        #[arg(long, value_name = "INSTANT", value_parser = moment)]
        to: Timestamp,
        /// Seconds of due work that may be done in one step; 1 is exact
        #[arg(long, default_value_t = 3_600, value_name = "SECONDS")]
        step: i32,
    },
}

/// Shows or moves.
///
/// # Errors
/// The suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    let suite = ask.reach.operator().await?;
    match ask.what {
        What::Show => {
            let clock = suite.clock().get_clock(GetClockRequest {}).await?.into_inner();
            let now = instant(clock.now.as_ref())?;
            if ask.reach.json {
                say!("{}", json!({ "now": now.to_string(), "manual": clock.manual }));
            } else {
                say!("{now} ({})", if clock.manual { "moved by hand" } else { "the machine's" });
            }
        }
        What::Advance { to, step } => {
            let asked = AdvanceClockRequest { to: Some(proto::timestamp(to)), step_seconds: step };
            let done = suite.movable_clock()?.advance_clock(long_call(asked)).await?.into_inner();
            let now = instant(done.now.as_ref())?;
            if ask.reach.json {
                say!("{}", json!({ "now": now.to_string(), "timers": done.timers_fired, "steps": done.steps }));
            } else {
                let timers = words::counted(done.timers_fired, "timer rang", "timers rang");
                say!("{now} · {timers} · {}", words::counted(done.steps, "step", "steps"));
            }
        }
    }
    Ok(())
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|begin| begin.timestamp());
    text.parse().ok().or_else(day).ok_or_else(|| "is no instant: 2011-12-10T00:00:00Z, or 2011-12-10".to_owned())
}

fn instant(wire: Option<&prost_types::Timestamp>) -> Result<Timestamp, CliError> {
    wire.and_then(|wire| proto::instant(wire).ok()).ok_or_else(|| CliError::odd("the suite told no time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_beginning() {
        assert_eq!(moment("2011-12-10"), moment("2011-12-10T00:00:00Z"));
        assert!(moment("tomorrow").is_err());
    }
}
