//! `rapport events`: what could not be applied, and what becomes of it.

use clap::{Args, Subcommand};
use proto::eventlog::v1::{DropParkedEventRequest, ListParkedEventsRequest, ParkedEvent, RetryParkedEventsRequest};
use serde_json::{Value, json};

use crate::client::{CliError, Reach, Suite, new_request_id};
use crate::say::{say, say_all};
use crate::table::{Side, Table};
use crate::words;

/// What `rapport events` is told.
#[derive(Args, Clone, Debug)]
pub struct Ask {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Lists the events a service could not apply, and why
    Parked {
        /// The service that parked them
        consumer: String,
    },
    /// Tries a subject's parked events again, in their order
    Retry {
        /// The service that parked them
        consumer: String,
        /// What the events are about, as `parked` lists it
        subject: String,
    },
    /// Gives one parked event up for good
    Drop {
        /// The service that parked it
        consumer: String,
        /// The event, as `parked` lists it: activity/17/120
        event: String,
        /// Why; kept with it
        #[arg(long)]
        reason: String,
    },
}

/// Lists, retries or drops.
///
/// # Errors
/// The suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    let suite = ask.reach.operator().await?;
    let json = ask.reach.json;
    match ask.what {
        What::Parked { consumer } => {
            let events = parked(&suite, &consumer).await?;
            if json {
                say!("{}", as_json(&events));
            } else {
                say_all!("{}", as_text(&consumer, &events));
            }
        }
        What::Retry { consumer, subject } => {
            let mut logs = suite.event_logs(&consumer);
            let asked = RetryParkedEventsRequest { request_id: new_request_id(), consumer, subject };
            let done = logs.retry_parked_events(asked).await?.into_inner();
            if json {
                say!("{}", json!({ "applied": done.applied, "parked": done.parked }));
            } else {
                say!("applied {} · still parked {}", words::count(done.applied), words::count(done.parked));
            }
        }
        What::Drop { consumer, event, reason } => {
            let (source, partition, position) = place(&event)?;
            let (request_id, mut logs) = (new_request_id(), suite.event_logs(&consumer));
            let asked = DropParkedEventRequest { request_id, consumer, source, partition, position, reason };
            logs.drop_parked_event(asked).await?;
            if json {
                say!("{}", json!({ "dropped": event }));
            } else {
                say!("dropped {event}; it will not be applied");
            }
        }
    }
    Ok(())
}

async fn parked(suite: &Suite, consumer: &str) -> Result<Vec<ParkedEvent>, CliError> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = ListParkedEventsRequest { consumer: consumer.to_owned(), page_size: 1_000, page_token };
        let page = suite.event_logs(consumer).list_parked_events(asked).await?.into_inner();
        all.extend(page.parked_events);
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        page_token = page.next_page_token;
    }
}

/// "activity/17/120".
fn place(event: &str) -> Result<(String, u32, i64), CliError> {
    let mut parts = event.splitn(3, '/');
    let read = || Some((parts.next()?.to_owned(), parts.next()?.parse().ok()?, parts.next()?.parse().ok()?));
    let mut read = read;
    read().ok_or_else(|| {
        CliError::Asked(format!("{event} is no event; `rapport events parked` lists them: activity/17/120"))
    })
}

fn named(event: &ParkedEvent) -> String {
    let event = event.event.clone().unwrap_or_default();
    format!("{}/{}/{}", event.source, event.partition, event.position)
}

fn as_text(consumer: &str, events: &[ParkedEvent]) -> String {
    if events.is_empty() {
        return format!("{consumer} has applied everything it heard\n");
    }
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Left, Side::Right, Side::Left]);
    table.heading(["event", "type", "subject", "tries", "why"]);
    for parked in events {
        let event = parked.event.clone().unwrap_or_default();
        let kind = event.r#type.rsplit('.').next().unwrap_or_default().to_owned();
        table.row([named(parked), kind, event.subject, words::count(parked.attempts), parked.cause.clone()]);
    }
    table.to_string()
}

fn as_json(events: &[ParkedEvent]) -> Value {
    let each = events.iter().map(|parked| {
        let event = parked.event.clone().unwrap_or_default();
        json!({
            "event": named(parked),
            "type": event.r#type,
            "subject": event.subject,
            "attempts": parked.attempts,
            "cause": parked.cause,
        })
    });
    json!({ "parked": each.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_named_by_its_place() {
        assert_eq!(place("activity/17/120").expect("a place"), ("activity".to_owned(), 17, 120));
        assert!(place("activity/17").is_err() && place("activity/x/1").is_err());
    }
}
