//! What segmentation has said, read as anybody may read it: a watch of its log with a token of the tenant.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::{MemberId, Shard};
use prost_types::Any;
use proto::eventlog::v1::event_log_service_client::EventLogServiceClient;
use proto::eventlog::v1::{Cursor, Event, LocateCursorsRequest, WatchRequest};
use proto::segmentation::events::v1::{GroupChanged, LifecycleChanged, SnapshotTaken, TermsPut};

use crate::shop::{Shop, when};

/// A log that is never read to its end fails the test, and does not hang it.
const PATIENCE: Duration = Duration::from_secs(30);

impl Shop {
    /// Everything said of a member so far, in the order of the log, a line each:
    /// "2026-01-10T02:00:00Z GroupChanged VIP > KEEP under 2 by order_…".
    pub async fn said_of(&self, member: MemberId) -> Vec<String> {
        self.said(Shard::of_member(member), &member.to_string()).await
    }

    /// The same of the tenant itself.
    pub async fn said_of_tenant(&self) -> Vec<String> {
        self.said(Shard::of_tenant(self.tenant), &self.tenant.to_string()).await
    }

    async fn said(&self, shard: Shard, subject: &str) -> Vec<String> {
        let log = tokio::time::timeout(PATIENCE, self.log()).await.expect("the log is read to its end");
        let about = log.iter().filter(|event| event.subject == subject);
        about
            .map(|event| {
                assert_eq!(i64::from(event.partition), i64::from(shard.number()), "it lies where its subject does");
                line(event)
            })
            .collect()
    }

    /// All events up to where the log ends now, each partition in its order.
    async fn log(&self) -> Vec<Event> {
        let mut client = EventLogServiceClient::new(self.served.channel(self.tenant, &["events.watch"]));
        let source = segmentation::SERVICE.to_owned();
        // A cursor beyond every end is told where it may go on: at the end.
        let located = LocateCursorsRequest { source: source.clone(), cursors: cursors(i64::MAX) };
        let lost = client.locate_cursors(located).await.expect("it is served").into_inner().lost;
        let ends = lost.into_iter().filter_map(|lost| lost.next).map(|next| (next.partition, next.position));
        let mut ends: BTreeMap<u32, i64> = ends.filter(|(_, end)| *end > 0).collect();
        let request = WatchRequest { source: source.clone(), cursors: cursors(0), ..WatchRequest::default() };
        let mut watch = client.watch(request).await.expect("it is served").into_inner();
        let mut events: Vec<Event> = Vec::new();
        while !ends.is_empty() {
            let message = watch.message().await.expect("it goes on").expect("it does not end");
            events.extend(message.events);
            for reached in message.reached {
                ends.retain(|partition, end| *partition != reached.partition || *end > reached.position);
            }
        }
        let ours = self.tenant.to_string();
        assert!(events.iter().all(|event| event.tenant == ours && event.source == source), "{events:?}");
        events
    }
}

fn cursors(position: i64) -> Vec<Cursor> {
    (0..=u32::from(u8::MAX)).map(|partition| Cursor { partition, position, ..Cursor::default() }).collect()
}

/// An event in one line: when it happened, its kind, from where to where, and why.
fn line(event: &Event) -> String {
    let payload = Any { type_url: format!("/{}", event.r#type), value: event.payload.clone() };
    let (subject, occur_time, told) = if let Ok(one) = payload.to_msg::<LifecycleChanged>() {
        let labels = one.labels.join(" ");
        let told =
            format!("LifecycleChanged {} > {} [{labels}]{}", one.from, one.to, grounds(&one.cause, one.historic));
        (one.member, one.occur_time, told)
    } else if let Ok(one) = payload.to_msg::<GroupChanged>() {
        let (snapshot, why) = (one.snapshot, grounds(&one.cause, one.historic));
        (one.member, one.occur_time, format!("GroupChanged {} > {} under {snapshot}{why}", one.from, one.to))
    } else if let Ok(one) = payload.to_msg::<SnapshotTaken>() {
        (one.tenant, one.take_time, format!("SnapshotTaken {}", one.number))
    } else {
        let one = payload.to_msg::<TermsPut>().unwrap_or_else(|_| panic!("segmentation says no {}", event.r#type));
        (one.tenant, event.occur_time, format!("TermsPut {} from {}", one.version, when(one.effective_time)))
    };
    assert_eq!((&subject, &occur_time), (&event.subject, &event.occur_time), "event and payload agree: {told}");
    format!("{} {told}", when(occur_time))
}

fn grounds(cause: &str, historic: bool) -> String {
    let by = if cause.is_empty() { String::new() } else { format!(" by {cause}") };
    by + if historic { " (historic)" } else { "" }
}
