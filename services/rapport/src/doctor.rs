//! `rapport doctor`: how the running suite is, and what to do where something is wrong.

mod repair;

use clap::Args;
use proto::clock::v1::{GetClockRequest, GetClockResponse};
use proto::operations::v1::{GetStatusRequest, GetStatusResponse, Rewound, ServiceStatus};
use serde_json::{Value, json};
use tonic::{Response, Status};

use crate::client::{CliError, Reach};
use crate::say::{say, say_all};
use crate::table::{Side, Table, Tone};
use crate::words;

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

/// Something that needs a hand.
#[derive(Debug, PartialEq, Eq)]
struct Complaint {
    /// What is wrong.
    what: String,
    /// What to do.
    remedy: String,
}

/// More than a second's work, at the rate a small machine applies events.
const LAG_WORTH_TELLING: i64 = 1_000;

/// Looks and tells; ends with an error where something needs a hand.
///
/// # Errors
/// The suite does not answer, or is not well.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    let suite = match &ask.reach.token {
        Some(_) => ask.reach.suite().await?,
        None => ask.reach.entrance()?.operator()?,
    };
    if ask.repair {
        repair::run(&suite, ask.accept_unknown, ask.reach.json).await?;
    }
    let (status, mut silent) = suite.status_of_each(thorough()).await;
    if status.services.is_empty()
        && let Some((_, why)) = silent.pop()
    {
        return Err(why.into());
    }
    let clock = suite.clock().get_clock(GetClockRequest {}).await.ok().map(Response::into_inner);
    let quiet = silent.into_iter().map(|(place, why)| no_answer(&place, why));
    let complaints: Vec<Complaint> = quiet.chain(status.services.iter().flat_map(complaints)).collect();
    if ask.reach.json {
        say!("{}", as_json(&status, clock.as_ref(), &complaints));
    } else {
        say_all!("{}", as_text(&ask.reach.address, &status, clock.as_ref(), &complaints));
    }
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

fn no_answer(place: &str, why: Status) -> Complaint {
    Complaint {
        what: format!("no answer from {place}: {}", CliError::from(why).message()),
        remedy: "is the process up, and is that where it listens? The others go on; what they ask of it waits"
            .to_owned(),
    }
}

fn complaints(service: &ServiceStatus) -> Vec<Complaint> {
    let name = &service.source;
    let mut found = Vec::new();
    if !service.ready {
        found.push(Complaint {
            what: format!("{name} is not ready: {}", service.waiting_for),
            remedy: "is PostgreSQL up, and was it migrated? `rapport migrate`".to_owned(),
        });
    }
    if !service.foreign_migrations.is_empty() {
        let versions: Vec<String> = service.foreign_migrations.iter().map(i64::to_string).collect();
        found.push(Complaint {
            what: format!("{name}: its schema has migrations this version does not know: {}", versions.join(", ")),
            remedy: "a newer version migrated it: update this process too".to_owned(),
        });
    }
    found.extend(service.rewound.iter().map(|rewound| refused(name, rewound)));
    if service.parked_events > 0 {
        let count = words::counted(service.parked_events, "event is parked", "events are parked");
        found.push(Complaint {
            what: format!("{name}: {count}"),
            remedy: format!("`rapport events parked {name}` tells why; then `retry` or `drop`"),
        });
    }
    if service.stuck_calls > 0 {
        let count = words::counted(service.stuck_calls, "call is stuck", "calls are stuck");
        found.push(Complaint {
            what: format!("{name}: {count}"),
            remedy:
                "whoever is called does not answer, or answers what makes no sense; the log of this process says which \
                     call and why. They are made again by themselves"
                    .to_owned(),
        });
    }
    for lag in service.lags.iter().filter(|lag| lag.events >= LAG_WORTH_TELLING) {
        found.push(Complaint {
            what: format!("{name} is {} behind {}", words::counted(lag.events, "event", "events"), lag.source),
            remedy: "it catches up by itself after an import; look at its log if the number does not fall".to_owned(),
        });
    }
    found
}

fn refused(name: &str, rewound: &Rewound) -> Complaint {
    let Rewound { source, partitions, gone, unknown_partitions } = rewound;
    let mut what = format!(
        "{name} is refused by {source} in {}: {source} was restored (LOG_REWOUND)",
        words::counted(i64::from(*partitions), "partition", "partitions")
    );
    if *gone > 0 {
        what.push_str(&format!(
            "; {name} applied {} that {source} no longer has",
            words::counted(*gone, "event", "events")
        ));
    }
    let remedy = if *unknown_partitions == 0 {
        format!("`rapport doctor --repair` lets {name} go on; nothing that {source} has is missed")
    } else {
        format!(
            "`rapport doctor --repair` lets {name} go on but for {}, where it cannot be known what was applied: restore \
             {name} from a backup of the same moment, or --accept-unknown; see docs/errors/LOG_REWOUND.md",
            words::counted(i64::from(*unknown_partitions), "partition", "partitions")
        )
    };
    Complaint { what, remedy }
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
    let mut text = format!("Rapport {} at {address}\n{table}", status.version);
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

    fn service() -> ServiceStatus {
        let lags = vec![Lag { source: "activity".to_owned(), events: 12 }];
        ServiceStatus { source: "loyalty".to_owned(), ready: true, lags, ..ServiceStatus::default() }
    }

    #[test]
    fn a_small_lag_is_no_complaint_and_a_parked_event_is() {
        assert_eq!(complaints(&service()), []);
        let parked = complaints(&ServiceStatus { parked_events: 1, ..service() });
        assert_eq!(parked[0].what, "loyalty: 1 event is parked");
        assert!(parked[0].remedy.contains("rapport events parked loyalty"));
    }

    #[test]
    fn a_refused_consumer_is_told_with_its_remedy() {
        let rewound = Rewound { source: "activity".to_owned(), partitions: 2, gone: 3, unknown_partitions: 0 };
        let found = complaints(&ServiceStatus { rewound: vec![rewound.clone()], ..service() });
        assert!(found[0].what.starts_with("loyalty is refused by activity in 2 partitions"), "{found:?}");
        assert!(found[0].what.ends_with("3 events that activity no longer has"), "{found:?}");
        assert!(found[0].remedy.starts_with("`rapport doctor --repair` lets loyalty go on; nothing"), "{found:?}");
        let unknown = Rewound { unknown_partitions: 1, ..rewound };
        let found = complaints(&ServiceStatus { rewound: vec![unknown], ..service() });
        assert!(found[0].remedy.contains("--accept-unknown"), "{found:?}");
    }

    #[test]
    fn a_schema_that_is_newer_than_the_binary_is_told() {
        let found = complaints(&ServiceStatus { foreign_migrations: vec![109, 110], ..service() });
        assert!(found[0].what.ends_with("109, 110"), "{found:?}");
    }

    #[test]
    fn calls_that_are_stuck_are_told() {
        assert_eq!(complaints(&ServiceStatus { open_calls: 7, ..service() }), [], "open ones are answered soon");
        let found = complaints(&ServiceStatus { open_calls: 7, stuck_calls: 2, ..service() });
        assert_eq!(found[0].what, "loyalty: 2 calls are stuck");
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
