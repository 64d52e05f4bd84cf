//! A watch from its first message to its last.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::Shard;
use proto::eventlog::v1 as wire_log;
use store::{Head, Tenants};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::Status;
use uuid::Uuid;
use wire::{failure, refuse};

use super::refuse::rewound;
use crate::log::{Places, Reflected};
use crate::{Consumer, Log};

/// How often the heads are looked at when no commit of this process says so.
const POLL: Duration = Duration::from_millis(200);
/// The least between two messages: what is committed one by one is told together, the first of it at once.
const BREATH: Duration = Duration::from_millis(3);
/// So that a reader knows how far behind it can be.
const HEARTBEAT: Duration = Duration::from_secs(1);
const SHORTEST_WATCH: u64 = 600;
const LONGER_BY: u64 = 1_200;

/// Sends what is new until the reader goes away or the watch has lasted long enough.
pub(super) async fn follow(
    log: Log,
    mut places: Places,
    tenants: Tenants,
    asked: Instant,
    answers: mpsc::Sender<Result<wire_log::WatchResponse, Status>>,
) {
    let mut committed = log.committed();
    // Watches end at different times so that their readers come back spread out.
    let spread = Uuid::new_v4().as_u64_pair().0 % LONGER_BY;
    let end = Instant::now() + Duration::from_secs(SHORTEST_WATCH + spread);
    let mut last_sent = Instant::now();
    // The reader is told of a change in what is reflected even when no event came of it.
    let mut told = Reflected::new();
    while Instant::now() < end {
        committed.mark_unchanged();
        match step(&log, &mut places, &mut told, &tenants, asked).await {
            Ok((answer, true)) => {
                last_sent = Instant::now();
                if answers.send(Ok(answer)).await.is_err() {
                    return;
                }
                tokio::time::sleep(BREATH).await;
            }
            Ok((still_there, false)) => {
                if last_sent.elapsed() >= HEARTBEAT {
                    last_sent = Instant::now();
                    if answers.send(Ok(still_there)).await.is_err() {
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

/// Sends everything up to the heads as they stood when it was asked for, and ends.
pub(super) async fn read_out(
    log: Log,
    mut places: Places,
    heads: BTreeMap<Shard, Head>,
    tenants: Tenants,
    answers: mpsc::Sender<Result<wire_log::WatchResponse, Status>>,
) {
    loop {
        let read = log.read(&places, &heads, tenants.clone()).await;
        let mut events = match read {
            Ok(events) => events,
            Err(error) => {
                // The reader is told if it is still there, and asks again.
                let _ = answers.send(Err(failure(error))).await;
                return;
            }
        };
        for event in &events {
            let place = Shard::from_number(i64::from(event.partition)).and_then(|shard| places.get_mut(&shard));
            place.into_iter().for_each(|place| place.1 = event.position);
        }
        // What was committed since is not asked for.
        let old = |event: &wire_log::Event| {
            let head = Shard::from_number(i64::from(event.partition)).and_then(|shard| heads.get(&shard));
            head.is_none_or(|head| event.position <= head.position)
        };
        let all = events.is_empty();
        events.retain(old);
        let caught_up = all.then(prost_types::Duration::default);
        let message = wire_log::WatchResponse { events, reached: Vec::new(), caught_up };
        if answers.send(Ok(message)).await.is_err() || all {
            return;
        }
    }
}

/// What there is to say now, and whether the reader does not know it yet.
async fn step(
    log: &Log,
    places: &mut Places,
    told: &mut Reflected,
    tenants: &Tenants,
    asked: Instant,
) -> Result<(wire_log::WatchResponse, bool), Status> {
    let (mut seen, mut looked) = log.heads_lately().await.map_err(failure)?;
    if Log::lost(places, &seen.0).is_some() {
        // Who heard of it from another process may be further than what was read lately.
        looked = Instant::now();
        seen = Arc::new(log.heads().await.map_err(failure)?);
    }
    let (heads, upstream) = seen.as_ref();
    if let Some(lost) = Log::lost(places, heads) {
        return Err(refuse(rewound(log.source(), &lost)));
    }
    let before = places.clone();
    let events = log.read(places, heads, tenants.clone()).await.map_err(failure)?;
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
        let Some(now) = upstream.get(shard).filter(|now| told.get(shard) != Some(now)) else { return false };
        told.insert(*shard, now.clone());
        true
    };
    moved.retain(|shard, place| {
        let at_head = heads.get(shard).is_some_and(|head| head.position == place.1);
        let advanced = before.get(shard).map(|old| old.1) != Some(place.1);
        (at_head && reflects_more(shard)) || advanced
    });
    let caught_up = caught_up(places, heads, looked.checked_duration_since(asked));
    Ok((wire_log::WatchResponse { events, reached: reached(&moved, heads, upstream), caught_up }, !moved.is_empty()))
}

/// How long after it was asked for the watch had sent everything, by a look at the heads; none where something is left, or
/// where the look is older than the watch.
pub(super) fn caught_up(
    places: &Places,
    heads: &BTreeMap<Shard, Head>,
    looked: Option<Duration>,
) -> Option<prost_types::Duration> {
    let all_sent = places.iter().all(|(shard, place)| heads.get(shard).is_none_or(|head| head.position <= place.1));
    looked.filter(|_| all_sent)?.try_into().ok()
}

/// How far the reader is told it has come. What upstream positions are reflected may be claimed only at the head.
pub(super) fn reached(places: &Places, heads: &BTreeMap<Shard, Head>, upstream: &Reflected) -> Vec<wire_log::Reached> {
    let told = places.iter().filter_map(|(shard, (_, position))| {
        let head = heads.get(shard)?;
        let through = upstream.get(shard).filter(|_| head.position == *position);
        Some(wire_log::Reached {
            partition: u32::try_from(shard.number()).unwrap_or_default(),
            epoch: head.epoch.to_string(),
            position: *position,
            upstream: through.cloned().unwrap_or_default(),
        })
    });
    told.collect()
}

/// A reader waits for what comes through this service as soon as it knows what may, even where nothing has come yet.
pub(super) fn tell_what_is_heard(reached: &mut [wire_log::Reached], consumer: &Consumer) {
    let Some(first) = reached.first_mut() else { return };
    for source in consumer.sources() {
        if !first.upstream.iter().any(|upstream| upstream.source == source) {
            let nothing_yet = wire_log::Upstream { source: source.to_owned(), epoch: String::new(), position: 0 };
            first.upstream.push(nothing_yet);
        }
    }
}
