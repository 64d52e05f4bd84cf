//! `rapport doctor`: how the running suite is, and what to do where something is wrong.

mod complaints;
mod repair;

use clap::Args;
use futures::future::join;
use proto::clock::v1::{GetClockRequest, GetClockResponse};
use proto::operations::v1::{GetStatusRequest, GetStatusResponse, ServiceStatus};
use serde_json::{Value, json};
use tokio::time::timeout;
use tonic::Response;

use crate::client::{ANSWER_WITHIN, CliError, Reach, Silent};
use crate::say::{say, say_all};
use crate::table::{Side, Table, Tone};
use crate::words;
use complaints::Complaint;

/// What `rapport doctor` is told.
#[derive(Args, Clone, Debug)]
pub struct Ask {
    /// Let services go on that a restored log refuses; tells what is gone
    #[arg(long)]
    repair: bool,
    /// With --repair: go on from the present end where it cannot be known what was applied; events may be missing
    #[arg(long, requires = "repair")]
    accept_unknown: bool,
    #[command(flatten)]
    reach: Reach,
}

/// Looks and tells; ends with an error where something needs a hand.
///
/// # Errors
/// The suite does not answer, or is not well.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    let suite = ask.reach.operator().await?;
    let repaired = if ask.repair { repair::run(&suite, ask.accept_unknown, ask.reach.json).await } else { Ok(()) };
    // Registry tells the clock, and may be the one that is frozen.
    let clock = async { suite.clock().get_clock(GetClockRequest {}).await.ok().map(Response::into_inner) };
    let ((status, mut silent), clock) = join(suite.status_of_each(thorough()), timeout(ANSWER_WITHIN, clock)).await;
    if status.services.is_empty()
        && silent.len() == 1
        && let Some(Silent { why, .. }) = silent.pop()
    {
        return Err(why.into());
    }
    let (clock, complaints) = (clock.ok().flatten(), complaints::all(&status.services, silent));
    if ask.reach.json {
        say!("{}", as_json(&status, clock.as_ref(), &complaints));
    } else {
        say_all!("{}", as_text(&ask.reach.address, &status, clock.as_ref(), &complaints));
    }
    repaired?;
    match complaints.len() {
        0 => Ok(()),
        count => Err(CliError::Differs(words::counted(
            i64::try_from(count).unwrap_or(i64::MAX),
            "thing needs a hand",
            "things need a hand",
        ))),
    }
}

/// Of everything, and with a look at every cursor: the doctor is asked seldom and believed.
fn thorough() -> GetStatusRequest {
    GetStatusRequest { source: String::new(), locate_cursors: true }
}

fn as_text(
    address: &str,
    status: &GetStatusResponse,
    clock: Option<&GetClockResponse>,
    complaints: &[Complaint],
) -> String {
    let mut table =
        Table::new(&[Side::Left, Side::Left, Side::Right, Side::Left, Side::Right, Side::Right, Side::Right]);
    table.heading(["service", "state", "events", "behind", "parked", "timers due", "calls open"]);
    for service in &status.services {
        let lags: Vec<String> =
            service.lags.iter().map(|lag| format!("{} {}", lag.source, words::count(lag.events))).collect();
        let (tone, state) = if service.ready { (Tone::Plain, "ready") } else { (Tone::Bad, "not ready") };
        let behind = if lags.is_empty() { "-".to_owned() } else { lags.join(", ") };
        let [events, parked, due, calls] =
            [service.events_written, service.parked_events, service.timers_due, service.open_calls].map(words::count);
        table.toned(tone, [service.source.clone(), state.to_owned(), events, behind, parked, due, calls]);
    }
    let version = if status.version.is_empty() { "of no known version" } else { &status.version };
    let mut text = format!("Rapport {version} at {address}\n{table}");
    if let Some(clock) = clock {
        let now = clock.now.as_ref().and_then(|now| proto::instant(now).ok()).map(|now| now.to_string());
        let how = if clock.manual { "moved by hand" } else { "the machine's" };
        text.push_str(&format!("  clock {} ({how})\n", now.unwrap_or_default()));
    }
    for complaint in complaints {
        text.push_str(&format!("  {}\n    {}\n", Tone::Bad.of(&complaint.what), complaint.remedy));
    }
    if complaints.is_empty() {
        text.push_str(&format!("  {}\n", Tone::Good.of("all is well")));
    }
    text
}

fn as_json(status: &GetStatusResponse, clock: Option<&GetClockResponse>, complaints: &[Complaint]) -> Value {
    let instant = |wire: &Option<_>| wire.as_ref().and_then(|wire| proto::instant(wire).ok()).map(|at| at.to_string());
    let services: Vec<Value> = status
        .services
        .iter()
        .map(|service| {
            let lags: Vec<Value> =
                service.lags.iter().map(|lag| json!({ "source": lag.source, "events": lag.events })).collect();
            json!({
                "service": service.source,
                "ready": service.ready,
                "waiting_for": service.waiting_for,
                "events": service.events_written,
                "behind": lags,
                "parked": service.parked_events,
                "timers_due": service.timers_due,
                "calls_open": service.open_calls,
                "calls_stuck": service.stuck_calls,
                "next_due": instant(&service.next_due_time),
                "rewound": rewound(service),
                "pending_migrations": service.pending_migrations,
                "foreign_migrations": service.foreign_migrations,
            })
        })
        .collect();
    let told: Vec<Value> = complaints.iter().map(|one| json!({ "what": one.what, "remedy": one.remedy })).collect();
    json!({
        "well": complaints.is_empty(),
        "version": status.version,
        "clock": clock.map(|clock| json!({ "now": instant(&clock.now), "manual": clock.manual })),
        "services": services,
        "complaints": told,
    })
}

fn rewound(service: &ServiceStatus) -> Vec<Value> {
    let each = service.rewound.iter().map(|one| {
        json!({
            "source": one.source,
            "partitions": one.partitions,
            "gone": one.gone,
            "unknown_partitions": one.unknown_partitions,
        })
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use proto::operations::v1::Lag;

    use super::*;

    /// Loyalty, ready and a little behind activity.
    pub(super) fn service() -> ServiceStatus {
        let lags = vec![Lag { source: "activity".to_owned(), events: 12, ..Lag::default() }];
        ServiceStatus { source: "loyalty".to_owned(), ready: true, lags, ..ServiceStatus::default() }
    }

    #[test]
    fn one_look_tells_all() {
        let status = GetStatusResponse { services: vec![service()], version: "0.1.0".to_owned() };
        let clock = GetClockResponse { now: Some(prost_now()), manual: true };
        let text = as_text("127.0.0.1:50051", &status, Some(&clock), &[]);
        assert_eq!(
            text,
            "Rapport 0.1.0 at 127.0.0.1:50051\n\
             \x20 service  state  events  behind       parked  timers due  calls open\n\
             \x20 loyalty  ready       0  activity 12       0           0           0\n\
             \x20 clock 2011-12-10T00:00:00Z (moved by hand)\n  all is well\n"
        );
    }

    fn prost_now() -> prost_types::Timestamp {
        proto::timestamp("2011-12-10T00:00:00Z".parse().expect("an instant"))
    }
}
