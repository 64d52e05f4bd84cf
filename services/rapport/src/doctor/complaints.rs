//! What needs a hand, and what to do about it.

use proto::operations::v1::{Rewound, ServiceStatus};
use server::Peers;

use crate::client::{CliError, Silent};
use crate::suite::Service;
use crate::words;

/// Something that needs a hand.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    /// What is wrong.
    pub(super) what: String,
    /// What to do.
    pub(super) remedy: String,
}

/// More than a second's work, at the rate a small machine applies events.
const LAG_WORTH_TELLING: i64 = 1_000;

/// Everything, of those that told how they are and of those that did not.
pub(super) fn all(services: &[ServiceStatus], silent: Vec<Silent>) -> Vec<Complaint> {
    let unheard_of = unheard_of(services, &silent);
    silent.into_iter().map(untold).chain(unheard_of).chain(services.iter().flat_map(complaints)).collect()
}

/// Services that nobody spoke of: a suite is well when all of it is. Where the process that was asked about one is
/// silent, that is complaint enough.
fn unheard_of(services: &[ServiceStatus], silent: &[Silent]) -> Vec<Complaint> {
    let told = |service: Service| services.iter().any(|status| status.source == service.name());
    let waited_for = |service: Service| silent.iter().any(|silent| silent.services.contains(&service));
    let missing = Service::ALL.into_iter().filter(|service| !told(*service) && !waited_for(*service));
    let complaints = missing.map(|service| Complaint {
        what: format!("nobody told of {service}"),
        remedy: format!("give the address where all are served, or {}", Peers::variable(service.name())),
    });
    complaints.collect()
}

fn untold(silent: Silent) -> Complaint {
    let answered = silent.has_answered();
    let Silent { place, why, .. } = silent;
    let error = CliError::from(why);
    let text = error.message();
    let (what, remedy) = match error {
        CliError::Away(_) if answered => (
            format!("{place} cannot tell how it is: {text}"),
            "the process is up; its database, or another process that it asks, may be away or stuck: its log says more",
        ),
        CliError::Away(_) => (
            format!("no answer from {place}: {text}"),
            "is the process up, and is that where it listens? The others go on; what they ask of it waits",
        ),
        CliError::NotAllowed(_) => (
            format!("{place} does not tell this caller how it is: {text}"),
            "the process is up: --token must be one that it believes, with the scope operations.read; without --token, \
             --state-dir must be the folder of its development key",
        ),
        CliError::Refused { .. }
        | CliError::Violated { .. }
        | CliError::Failed(_)
        | CliError::Asked(_)
        | CliError::File { .. }
        | CliError::Differs(_)
        | CliError::Stopped(_) => (
            format!("{place} failed to tell how it is: {text}"),
            "the process is up: its log says what went wrong; is it of the same version as this command?",
        ),
    };
    Complaint { what, remedy: remedy.to_owned() }
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
    let is_refused = |source: &str| service.rewound.iter().any(|rewound| rewound.source == source);
    for lag in service.lags.iter().filter(|lag| !lag.trouble.is_empty() && !is_refused(&lag.source)) {
        found.push(Complaint {
            what: format!("{name} hears nothing of {}: {}", lag.source, lag.trouble),
            remedy: format!("is {} up? It is tried again by itself, and what was missed is heard then", lag.source),
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proto::operations::v1::Lag;
    use tonic::Status;

    use super::*;
    use crate::doctor::tests::service;

    #[test]
    fn who_hears_nothing_says_why() {
        let lag = Lag { source: "activity".to_owned(), trouble: "tcp connect error".to_owned(), ..Lag::default() };
        let deaf = ServiceStatus { lags: vec![lag], ..service() };
        assert_eq!(complaints(&deaf)[0].what, "loyalty hears nothing of activity: tcp connect error");
        let rewound = Rewound { source: "activity".to_owned(), partitions: 1, ..Rewound::default() };
        assert_eq!(complaints(&ServiceStatus { rewound: vec![rewound], ..deaf }).len(), 1, "one word of it is enough");
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

    fn silent(place: &str, services: &[Service], why: Status) -> Silent {
        Silent { place: place.to_owned(), services: services.to_vec(), why }
    }

    fn ready(service: Service) -> ServiceStatus {
        ServiceStatus { source: service.name().to_owned(), ready: true, ..ServiceStatus::default() }
    }

    /// As it is made on this side, where no answer comes.
    fn nobody(mut why: Status) -> Status {
        why.set_source(Arc::new(std::io::Error::other("refused")));
        why
    }

    #[test]
    fn who_answers_no_is_up_and_is_not_told_as_away() {
        let told = |why| untold(silent("there", &[Service::Loyalty], why));
        let away = told(nobody(Status::unavailable("tcp connect error")));
        assert_eq!(away.what, "no answer from there: nobody listens there");
        assert!(away.remedy.starts_with("is the process up,"), "{away:?}");
        let frozen = told(nobody(Status::deadline_exceeded("it did not answer in 5 s")));
        assert_eq!(frozen.what, "no answer from there: it did not answer in 5 s");
        let answers = [
            (
                Status::deadline_exceeded("it did not find out"),
                "there cannot tell how it is: it did not find out",
                "log",
            ),
            (Status::unavailable("full"), "there cannot tell how it is: full", "its database"),
            (Status::unauthenticated("no"), "there does not tell this caller how it is: no", "--token"),
            (Status::permission_denied("no"), "there does not tell this caller how it is: no", "operations.read"),
            (Status::internal("oh"), "there failed to tell how it is: oh", "its log says"),
        ];
        for (why, what, remedy) in answers {
            let found = told(why);
            assert_eq!(found.what, what);
            assert!(found.remedy.starts_with("the process is up") && found.remedy.contains(remedy), "{found:?}");
        }
    }

    #[test]
    fn a_service_that_nobody_told_of_is_missed() {
        let everybody = Service::ALL.map(ready);
        assert_eq!(all(&everybody, Vec::new()), []);
        let without_loyalty = [everybody[0].clone(), everybody[1].clone()];
        let found = all(&without_loyalty, Vec::new());
        let missed: Vec<&str> = found.iter().map(|one| one.what.as_str()).collect();
        let names = ["loyalty", "segmentation", "referrals", "subscriptions"];
        assert_eq!(missed, names.map(|name| format!("nobody told of {name}")));
        assert_eq!(found[0].remedy, "give the address where all are served, or RAPPORT_LOYALTY_URL");
    }

    #[test]
    fn a_service_whose_process_is_silent_is_told_once() {
        let registry = [ready(Service::Registry)];
        let away = nobody(Status::unavailable("tcp connect error"));
        let others = &Service::ALL[1..];
        let found = all(&registry, vec![silent("there", others, away)]);
        assert_eq!(found.len(), 1, "{found:?}");
        let found = all(&registry, vec![silent("there", &others[1..], nobody(Status::unavailable("away")))]);
        let told: Vec<&str> = found.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(told, ["no answer from there: away", "nobody told of activity"]);
    }
}
