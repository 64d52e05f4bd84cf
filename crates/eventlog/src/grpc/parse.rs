//! Reading requests about logs.

use std::collections::BTreeMap;

use kernel::Shard;
use proto::eventlog::v1 as wire_log;
use tonic::Status;
use uuid::Uuid;
use wire::{PageToken, Violations};

use crate::Log;
use crate::locate::Readers;
use crate::place::Reader;

type Logs = BTreeMap<&'static str, Log>;

/// A log of this process and a reader's cursors in it.
pub(super) fn readers(logs: &Logs, source: &str, cursors: &[wire_log::Cursor]) -> Result<(Log, Readers), Status> {
    let mut bad = Violations::new();
    let log = logs.get(source).cloned();
    if log.is_none() {
        bad.add("source", "must be a service of this process");
    }
    bad.count("cursors", cursors.len(), 1..=Shard::COUNT);
    let mut readers = Readers::new();
    for (place, cursor) in cursors.iter().take(Shard::COUNT).enumerate() {
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
                if readers.insert(shard, Reader { epoch, position, mark: cursor.mark }).is_some() {
                    bad.add(format!("cursors[{place}].partition"), "is listed twice");
                }
            }
            (None, ..) => bad.add(format!("cursors[{place}].partition"), "must be from 0 to 255"),
            (Some(_), ..) => {}
        }
    }
    bad.settle(log.map(|log| (log, readers)))
}

/// Where a page of parked events begins.
pub(super) fn place(token: &PageToken) -> (String, i16, i64) {
    match token.0.as_slice() {
        [source, shard, position] => {
            (source.clone(), shard.parse().unwrap_or_default(), position.parse().unwrap_or_default())
        }
        _ => (String::new(), 0, 0),
    }
}
