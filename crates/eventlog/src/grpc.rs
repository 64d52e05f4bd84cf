//! The event log service: one for all services of a process, dispatched by source.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use futures::Stream;
use kernel::Shard;
use proto::eventlog::v1::{self as wire_log, event_log_service_server::EventLogService};
use store::{Head, Tenants};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use uuid::Uuid;
use wire::{Caller, Keys, PageToken, Refusal, RefusalKind, Violations, failure, refuse};

use crate::log::Places;
use crate::{Consumer, Log, Lost, parked};

/// How often the heads are looked at when no commit of this process says so.
const POLL: Duration = Duration::from_millis(200);
const HEARTBEAT: Duration = Duration::from_secs(15);
const SHORTEST_WATCH: u64 = 600;
const LONGER_BY: u64 = 1_200;

/// The logs and consumers of the services in this process.
#[derive(Clone)]
pub struct EventLogs {
    keys: Keys,
    logs: BTreeMap<&'static str, Log>,
    consumers: BTreeMap<&'static str, Consumer>,
}

impl EventLogs {
    /// None yet.
    pub fn new(keys: Keys) -> Self {
        Self { keys, logs: BTreeMap::new(), consumers: BTreeMap::new() }
    }

    /// Adds a service's log.
    #[must_use]
    pub fn with_log(mut self, log: Log) -> Self {
        self.logs.insert(log.source(), log);
        self
    }

    /// Adds what a service hears.
    #[must_use]
    pub fn with_consumer(mut self, consumer: Consumer) -> Self {
        self.consumers.insert(consumer.service(), consumer);
        self
    }

    fn consumer(&self, name: &str) -> Result<&Consumer, Status> {
        let mut bad = Violations::new();
        let found = self.consumers.get(name);
        if found.is_none() {
            bad.add("consumer", "must be a service of this process that listens to others");
        }
        bad.settle(found)
    }
}

#[tonic::async_trait]
impl EventLogService for EventLogs {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<wire_log::WatchResponse, Status>> + Send>>;

    async fn watch(&self, call: Request<wire_log::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let tenants = parked::tenants_of(Caller::of(call.extensions())?.tenant);
        let (log, mut places) = parse_watch(&self.logs, call.into_inner())?;
        let (heads, upstream) = log.heads().await.map_err(failure)?;
        if let Some(lost) = Log::lost(&places, &heads) {
            return Err(refuse(rewound(log.source(), &lost)));
        }
        // A reader that begins is held to the epoch it begins in, so that it hears of a restore during its first watch.
        for (shard, (epoch, _)) in &mut places {
            *epoch = epoch.or(heads.get(shard).map(|head| head.epoch));
        }
        let mut reached = reached(&places, &heads, &upstream);
        if let Some(consumer) = self.consumers.get(log.source()) {
            tell_what_is_heard(&mut reached, consumer);
        }
        let first = wire_log::WatchResponse { events: Vec::new(), reached };
        let (answers, stream) = mpsc::channel(4);
        // The channel has room for its first message.
        let _ = answers.send(Ok(first)).await;
        tokio::spawn(follow(log, places, tenants, answers));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn list_parked_events(
        &self,
        call: Request<wire_log::ListParkedEventsRequest>,
    ) -> Result<Response<wire_log::ListParkedEventsResponse>, Status> {
        let tenants = parked::tenants_of(Caller::of(call.extensions())?.tenant);
        let asked = call.into_inner();
        let consumer = self.consumer(&asked.consumer)?;
        let mut bad = Violations::new();
        let selection = ["parked", asked.consumer.as_str()];
        let limit = wire::page_size(&mut bad, asked.page_size);
        let after = PageToken::open(&mut bad, &self.keys, &asked.page_token, &selection);
        let after = bad.settle(after)?.unwrap_or_default();
        let place = parse_place(&after);
        let rows =
            parked::page(consumer.store(), tenants, (&place.0, place.1, place.2), limit).await.map_err(failure)?;
        let next_page_token = match rows.last() {
            Some(last) if i64::try_from(rows.len()).ok() == Some(limit) => {
                let event = &last.event;
                let place = vec![event.source.clone(), event.partition.to_string(), event.position.to_string()];
                PageToken(place).seal(&self.keys, &selection)
            }
            Some(_) | None => String::new(),
        };
        let parked_events = rows
            .into_iter()
            .map(|row| wire_log::ParkedEvent {
                event: Some(row.event),
                cause: row.cause,
                attempts: row.attempts,
                park_time: Some(proto::timestamp(row.parked_at)),
            })
            .collect();
        Ok(Response::new(wire_log::ListParkedEventsResponse { parked_events, next_page_token }))
    }

    async fn retry_parked_events(
        &self,
        call: Request<wire_log::RetryParkedEventsRequest>,
    ) -> Result<Response<wire_log::RetryParkedEventsResponse>, Status> {
        let tenants = parked::tenants_of(Caller::of(call.extensions())?.tenant);
        let asked = call.into_inner();
        let mut bad = Violations::new();
        bad.request_id(&asked.request_id);
        let subject = bad.text("subject", &asked.subject, 1..=200);
        let consumer = self.consumer(&asked.consumer)?;
        let subject = bad.settle(subject)?;
        let (applied, parked) = consumer.retry_parked(tenants, &subject).await.map_err(failure)?;
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        Ok(Response::new(wire_log::RetryParkedEventsResponse { applied: count(applied), parked: count(parked) }))
    }

    async fn drop_parked_event(
        &self,
        call: Request<wire_log::DropParkedEventRequest>,
    ) -> Result<Response<wire_log::DropParkedEventResponse>, Status> {
        let tenants = parked::tenants_of(Caller::of(call.extensions())?.tenant);
        let asked = call.into_inner();
        let mut bad = Violations::new();
        bad.request_id(&asked.request_id);
        let reason = bad.text("reason", &asked.reason, 1..=500);
        let shard = Shard::from_number(i64::from(asked.partition));
        if shard.is_none() {
            bad.add("partition", "must be from 0 to 255");
        }
        let consumer = self.consumer(&asked.consumer)?;
        let (reason, shard) = bad.settle(reason.zip(shard))?;
        let dropped = parked::drop_one(consumer.store(), tenants, &asked.source, shard, asked.position, &reason)
            .await
            .map_err(failure)?;
        if dropped { Ok(Response::new(wire_log::DropParkedEventResponse {})) } else { Err(refuse(not_parked(&asked))) }
    }
}

fn parse_watch(logs: &BTreeMap<&'static str, Log>, asked: wire_log::WatchRequest) -> Result<(Log, Places), Status> {
    let mut bad = Violations::new();
    let log = logs.get(asked.source.as_str()).cloned();
    if log.is_none() {
        bad.add("source", "must be a service of this process");
    }
    bad.count("cursors", asked.cursors.len(), 1..=Shard::COUNT);
    let mut places = Places::new();
    for (place, cursor) in asked.cursors.iter().take(Shard::COUNT).enumerate() {
        let shard = Shard::from_number(i64::from(cursor.partition));
        let epoch = match cursor.epoch.as_str() {
            "" => Some(None),
            text => bad
                .take(
                    &format!("cursors[{place}].epoch"),
                    Uuid::try_parse(text).map_err(|_| "must be an epoch that the log gave"),
                )
                .map(Some),
        };
        let position = bad.number(&format!("cursors[{place}].position"), cursor.position, 0..=i64::MAX);
        match (shard, epoch, position) {
            (Some(shard), Some(epoch), Some(position)) => {
                if places.insert(shard, (epoch, position)).is_some() {
                    bad.add(format!("cursors[{place}].partition"), "is listed twice");
                }
            }
            (None, ..) => bad.add(format!("cursors[{place}].partition"), "must be from 0 to 255"),
            (Some(_), ..) => {}
        }
    }
    bad.settle(log.map(|log| (log, places)))
}

fn parse_place(token: &PageToken) -> (String, i16, i64) {
    match token.0.as_slice() {
        [source, shard, position] => {
            (source.clone(), shard.parse().unwrap_or_default(), position.parse().unwrap_or_default())
        }
        _ => (String::new(), 0, 0),
    }
}

/// Sends what is new until the reader goes away or the watch has lasted long enough.
async fn follow(
    log: Log,
    mut places: Places,
    tenants: Tenants,
    answers: mpsc::Sender<Result<wire_log::WatchResponse, Status>>,
) {
    let mut committed = log.committed();
    // Watches end at different times so that their readers come back spread out.
    let spread = Uuid::new_v4().as_u64_pair().0 % LONGER_BY;
    let end = Instant::now() + Duration::from_secs(SHORTEST_WATCH + spread);
    let mut last_sent = Instant::now();
    let mut told = Told::new();
    while Instant::now() < end {
        committed.mark_unchanged();
        match step(&log, &mut places, &mut told, &tenants).await {
            Ok(Some(answer)) => {
                last_sent = Instant::now();
                if answers.send(Ok(answer)).await.is_err() {
                    return;
                }
            }
            Ok(None) => {
                if last_sent.elapsed() >= HEARTBEAT {
                    last_sent = Instant::now();
                    if answers.send(Ok(wire_log::WatchResponse::default())).await.is_err() {
                        return;
                    }
                }
                tokio::select! {
                    () = answers.closed() => return,
                    _ = committed.changed() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
            }
            Err(status) => {
                // The reader is told if it is still there, and comes back from its cursor.
                let _ = answers.send(Err(status)).await;
                return;
            }
        }
    }
}

/// What the reader was told of other logs: it is told of a change even when no event came of it.
type Told = BTreeMap<(Shard, String), i64>;

async fn step(
    log: &Log,
    places: &mut Places,
    told: &mut Told,
    tenants: &Tenants,
) -> Result<Option<wire_log::WatchResponse>, Status> {
    let (heads, upstream) = log.heads().await.map_err(failure)?;
    if let Some(lost) = Log::lost(places, &heads) {
        return Err(refuse(rewound(log.source(), &lost)));
    }
    let before = places.clone();
    let events = log.read(places, &heads, tenants.clone()).await.map_err(failure)?;
    for event in &events {
        if let Some(place) = Shard::from_number(i64::from(event.partition)).and_then(|shard| places.get_mut(&shard)) {
            place.1 = event.position;
        }
    }
    if events.is_empty() && *tenants != Tenants::Every {
        // Whatever is left up to the heads belongs to others.
        for (shard, place) in places.iter_mut() {
            place.1 = heads.get(shard).map_or(place.1, |head| head.position);
        }
    }
    let mut moved: Places = places.clone();
    let mut reflects_more = |shard: &Shard| {
        let mut more = false;
        for (_, upstream) in upstream.iter().filter(|(at, _)| at == shard) {
            let known = told.insert((*shard, upstream.source.clone()), upstream.position);
            more |= known != Some(upstream.position);
        }
        more
    };
    moved.retain(|shard, place| {
        let at_head = heads.get(shard).is_some_and(|head| head.position == place.1);
        let advanced = before.get(shard).map(|old| old.1) != Some(place.1);
        (at_head && reflects_more(shard)) || advanced
    });
    if moved.is_empty() {
        return Ok(None);
    }
    Ok(Some(wire_log::WatchResponse { events, reached: reached(&moved, &heads, &upstream) }))
}

/// How far the reader is told it has come. What upstream positions are reflected may be claimed only at the head.
fn reached(
    places: &Places,
    heads: &BTreeMap<Shard, Head>,
    upstream: &[(Shard, wire_log::Upstream)],
) -> Vec<wire_log::Reached> {
    let told = places.iter().filter_map(|(shard, (_, position))| {
        let head = heads.get(shard)?;
        let through = upstream.iter().filter(|(at, _)| at == shard && head.position == *position);
        Some(wire_log::Reached {
            partition: u32::try_from(shard.number()).unwrap_or_default(),
            epoch: head.epoch.to_string(),
            position: *position,
            upstream: through.map(|(_, upstream)| upstream.clone()).collect(),
        })
    });
    told.collect()
}

/// A reader waits for what comes through this service as soon as it knows what may, even where nothing has come yet.
fn tell_what_is_heard(reached: &mut [wire_log::Reached], consumer: &Consumer) {
    let Some(first) = reached.first_mut() else { return };
    for source in consumer.sources() {
        if !first.upstream.iter().any(|upstream| upstream.source == source) {
            let nothing_yet = wire_log::Upstream { source: source.to_owned(), epoch: String::new(), position: 0 };
            first.upstream.push(nothing_yet);
        }
    }
}

fn rewound(source: &str, lost: &Lost) -> Refusal {
    Refusal {
        reason: "LOG_REWOUND",
        kind: RefusalKind::FailedPrecondition,
        text: format!("the log of {source} was restored, or the reader is ahead of it"),
        facts: vec![
            ("source", source.to_owned()),
            ("partition", lost.partition.number().to_string()),
            ("position", lost.position.to_string()),
            ("head", lost.head.to_string()),
        ],
    }
}

fn not_parked(asked: &wire_log::DropParkedEventRequest) -> Refusal {
    Refusal {
        reason: "EVENT_NOT_PARKED",
        kind: RefusalKind::NotFound,
        text: "this event is not parked".to_owned(),
        facts: vec![("event", format!("{}/{}/{}", asked.source, asked.partition, asked.position))],
    }
}

impl From<crate::Unreachable> for Refusal {
    fn from(unreachable: crate::Unreachable) -> Self {
        Self {
            reason: "FRESHNESS_UNREACHABLE",
            kind: RefusalKind::FailedPrecondition,
            text: unreachable.to_string(),
            facts: vec![("source", unreachable.origin), ("service", unreachable.service.to_owned())],
        }
    }
}
