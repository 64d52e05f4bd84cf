//! What of a message is new, what has to wait, and whether anything was left out.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Shard;
use proto::eventlog::v1 as wire_log;
use uuid::Uuid;

use crate::consumer::Halt;
use crate::heard::{Heard, HeardEvent, Move};

/// Where each partition stands: its epoch, and the last position applied.
pub(crate) type Places = BTreeMap<Shard, (Uuid, i64)>;

pub(crate) fn partition(number: u32) -> Option<Shard> {
    Shard::from_number(i64::from(number))
}

/// Events to apply, events whose subject has parked ones before them, and how the cursors move past both.
pub(crate) fn sort_out(
    source: &'static str,
    places: &Places,
    events: Vec<HeardEvent>,
    waiting: &BTreeSet<(Shard, i64)>,
) -> Result<Heard, Halt> {
    let mut moves: BTreeMap<Shard, Move> = BTreeMap::new();
    let mut fresh = Vec::with_capacity(events.len());
    for event in events {
        let (epoch, from) = places.get(&event.shard).copied().unwrap_or_default();
        let step = moves.entry(event.shard).or_insert(Move { from, to: from, epoch, mark: 0 });
        // The watch may say things twice, also in one message: what is not beyond the last one was applied or is here.
        if event.position > step.to {
            // A log has no gaps, and who hears all tenants is sent everything: a cursor never passes what it has not seen.
            if event.position != step.to.saturating_add(1) {
                let (shard, before) = (event.shard.number(), step.to);
                let told = format!("partition {shard} was sent {} after {before}: not everything came", event.position);
                return Err(Halt::Gap(told));
            }
            (step.to, step.mark) = (event.position, event.mark());
            fresh.push(event);
        }
    }
    let (aside, events): (Vec<_>, Vec<_>) =
        fresh.into_iter().partition(|event| waiting.contains(&(event.shard, event.position)));
    let aside = aside.into_iter().map(|event| (event, "waits behind an earlier parked event".to_owned(), 0)).collect();
    Ok(Heard { source, events, aside, moves, retried: false })
}

/// A watch says how far it has sent everything; who has not come that far was not sent everything.
pub(crate) fn nothing_is_missing(places: &Places, reached: &[wire_log::Reached]) -> Result<(), String> {
    let short = reached.iter().find(|reached| {
        let place = partition(reached.partition).and_then(|shard| places.get(&shard));
        let is_short = |(epoch, position): &(Uuid, i64)| {
            *position < reached.position && Uuid::try_parse(&reached.epoch).is_ok_and(|of| of == *epoch)
        };
        place.is_some_and(is_short)
    });
    short.map_or(Ok(()), |short| Err(format!("partition {} was not sent up to {}", short.partition, short.position)))
}

pub(crate) fn advance(places: &mut Places, moves: &BTreeMap<Shard, Move>) {
    for (shard, step) in moves {
        places.insert(*shard, (step.epoch, step.to));
    }
}
