//! The event log service: one for all services of a process, dispatched by source.

mod parse;
mod refuse;
mod telling;
mod watch;

use std::collections::BTreeMap;
use std::pin::Pin;

use futures::Stream;
use kernel::Shard;
use proto::eventlog::v1::{self as wire_log, event_log_service_server::EventLogService};
use store::RequestKey;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use wire::{Audience, Caller, Keys, PageToken, Violations, failure, refuse as refused, stopped};

use crate::log::Places;
use crate::repair::Repaired;
use crate::retry::Drop;
use crate::{Consumer, Log, parked};

pub use telling::Telling;

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
        let began = Instant::now();
        let caller = Caller::of(call.extensions())?;
        let (tenants, of_the_suite) = (parked::tenants_of(caller.tenant), is_the_suite(caller));
        let asked = call.into_inner();
        let to_the_end = asked.until_caught_up;
        let (log, readers) = parse::readers(&self.logs, &asked.source, &asked.cursors)?;
        if let Some(astray) = log.astray(&readers, of_the_suite).await.map_err(failure)?.first() {
            return Err(refused(refuse::rewound(log.source(), &astray.lost())));
        }
        let looked = Instant::now();
        let (heads, upstream) = log.heads().await.map_err(failure)?;
        // A reader that begins is held to the epoch it begins in, so that it hears of a restore during its first watch.
        let places: Places = readers
            .iter()
            .map(|(shard, reader)| {
                let epoch = reader.epoch.or(heads.get(shard).map(|head| head.epoch));
                (*shard, (epoch, reader.position))
            })
            .collect();
        if to_the_end {
            let (answers, stream) = mpsc::channel(1);
            tokio::spawn(watch::read_out(log, places, heads, tenants, answers));
            return Ok(Response::new(Box::pin(ReceiverStream::new(stream))));
        }
        let mut reached = watch::reached(&places, &heads, &upstream);
        if let Some(consumer) = self.consumers.get(log.source()) {
            watch::tell_what_is_heard(&mut reached, consumer);
        }
        let caught_up = watch::caught_up(&places, &heads, looked.checked_duration_since(began));
        let first = wire_log::WatchResponse { events: Vec::new(), reached, caught_up };
        let (answers, stream) = mpsc::channel(4);
        // The channel has room for its first message.
        let _ = answers.send(Ok(first)).await;
        tokio::spawn(watch::follow(log, places, tenants, began, answers));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn locate_cursors(
        &self,
        call: Request<wire_log::LocateCursorsRequest>,
    ) -> Result<Response<wire_log::LocateCursorsResponse>, Status> {
        let of_the_suite = is_the_suite(Caller::of(call.extensions())?);
        let asked = call.into_inner();
        let (log, readers) = parse::readers(&self.logs, &asked.source, &asked.cursors)?;
        let astray = log.astray(&readers, of_the_suite).await.map_err(failure)?;
        let lost = astray.iter().map(crate::locate::Astray::told).collect();
        Ok(Response::new(wire_log::LocateCursorsResponse { lost }))
    }

    async fn repair_cursors(
        &self,
        call: Request<wire_log::RepairCursorsRequest>,
    ) -> Result<Response<wire_log::RepairCursorsResponse>, Status> {
        Caller::of(call.extensions())?.require_operator()?;
        let asked = call.into_inner();
        let digests = wire::digests(&self.keys, &asked);
        let mut bad = Violations::new();
        let id = bad.request_id(&asked.request_id);
        let consumer = self.consumers.get(asked.consumer.as_str());
        match consumer {
            None => bad.add("consumer", "must be a service of this process that listens to others"),
            Some(consumer) if consumer.listening(&asked.source).is_none() => {
                bad.add("source", "must be a service that the consumer listens to in this process");
            }
            Some(_) => {}
        }
        let (id, consumer) = bad.settle(id.zip(consumer))?;
        let key = RequestKey { rpc: "RepairCursors", id, digests };
        let done = consumer.repair(&key, &asked.source, asked.accept_unknown).await.map_err(refuse::repair)?;
        let cursors = done.into_iter().map(told).collect();
        Ok(Response::new(wire_log::RepairCursorsResponse { cursors }))
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
        let place = parse::place(&after);
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
        let tenant = Caller::of(call.extensions())?.tenant;
        let asked = call.into_inner();
        let mut bad = Violations::new();
        let id = bad.request_id(&asked.request_id);
        let subject = bad.text("subject", &asked.subject, 1..=200);
        let consumer = self.consumer(&asked.consumer)?;
        let (id, subject) = bad.settle(id.zip(subject))?;
        let key = RequestKey { rpc: "RetryParkedEvents", id, digests: wire::digests(&self.keys, &asked) };
        let retried = consumer.retry_parked(&key, tenant, &subject).await.map_err(|stop| stopped(stop, |told| told))?;
        let (applied, parked) = (retried.applied, retried.parked);
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        Ok(Response::new(wire_log::RetryParkedEventsResponse { applied: count(applied), parked: count(parked) }))
    }

    async fn drop_parked_event(
        &self,
        call: Request<wire_log::DropParkedEventRequest>,
    ) -> Result<Response<wire_log::DropParkedEventResponse>, Status> {
        let tenant = Caller::of(call.extensions())?.tenant;
        let asked = call.into_inner();
        let mut bad = Violations::new();
        let id = bad.request_id(&asked.request_id);
        let source = bad.text("source", &asked.source, 1..=63);
        let reason = bad.text("reason", &asked.reason, 1..=500);
        let shard = Shard::from_number(i64::from(asked.partition));
        if shard.is_none() {
            bad.add("partition", "must be from 0 to 255");
        }
        let consumer = self.consumer(&asked.consumer)?;
        let (((id, source), reason), shard) = bad.settle(id.zip(source).zip(reason).zip(shard))?;
        let key = RequestKey { rpc: "DropParkedEvent", id, digests: wire::digests(&self.keys, &asked) };
        let drop = Drop { source: &source, shard, position: asked.position, reason: &reason };
        let dropped = consumer.drop_parked(&key, tenant, drop).await.map_err(|stop| stopped(stop, |told| told))?;
        if dropped {
            Ok(Response::new(wire_log::DropParkedEventResponse {}))
        } else {
            Err(refused(refuse::not_parked(&asked)))
        }
    }
}

/// Whether a service of the suite asks for itself, whose word about its cursors counts.
fn is_the_suite(caller: &Caller) -> bool {
    caller.audience == Audience::Internal && caller.tenant.is_none()
}

fn told(repaired: Repaired) -> wire_log::RepairedCursor {
    let Repaired { partition, position, next_position, gone, gone_parked, unknown, left } = repaired;
    wire_log::RepairedCursor { partition, position, next_position, gone, gone_parked, unknown, left }
}
