//! `rapport doctor --repair`: lets services go on after a log they hear was restored.

use proto::eventlog::v1::{RepairCursorsRequest, RepairCursorsResponse, RepairedCursor};
use serde_json::{Value, json};

use crate::client::{CliError, Suite, new_request_id};
use crate::say::{say, say_all};
use crate::table::{Side, Table, Tone};
use crate::words;

/// Repairs whatever is refused now of those that answer, and tells what was done; of the silent ones the doctor tells
/// afterwards.
///
/// # Errors
/// What went wrong first, when all others were repaired.
pub(super) async fn run(suite: &Suite, accept_unknown: bool, as_json: bool) -> Result<(), CliError> {
    let (status, _) = suite.status_of_each(super::thorough()).await;
    let mut outcome = Ok(());
    for service in &status.services {
        for rewound in &service.rewound {
            let repaired = one(suite, &service.source, &rewound.source, accept_unknown).await;
            match repaired {
                Ok(cursors) if as_json => say!("{}", json(&service.source, &rewound.source, &cursors)),
                Ok(cursors) => say_all!("{}", text(&service.source, &rewound.source, &cursors)),
                Err(why) => outcome = outcome.and(Err(why)),
            }
        }
    }
    outcome
}

async fn one(
    suite: &Suite,
    consumer: &str,
    source: &str,
    accept_unknown: bool,
) -> Result<Vec<RepairedCursor>, CliError> {
    let (consumer, source) = (consumer.to_owned(), source.to_owned());
    let mut logs = suite.event_logs(&consumer);
    let asked = RepairCursorsRequest { request_id: new_request_id(), consumer, source, accept_unknown };
    let RepairCursorsResponse { cursors } = logs.repair_cursors(asked).await?.into_inner();
    Ok(cursors)
}

fn text(consumer: &str, source: &str, cursors: &[RepairedCursor]) -> String {
    let sum = |count: fn(&RepairedCursor) -> i64| cursors.iter().map(count).sum::<i64>();
    let moved = cursors.iter().filter(|cursor| !cursor.left).count();
    let moved = words::counted(i64::try_from(moved).unwrap_or(i64::MAX), "partition", "partitions");
    let mut text = format!("{consumer} goes on with {source} in {moved}\n");
    let mut table = Table::new(&[Side::Right, Side::Right, Side::Right, Side::Right, Side::Right, Side::Left]);
    table.heading(["partition", "stood at", "goes on from", "gone", "gone parked", ""]);
    let worth_telling = |cursor: &&RepairedCursor| cursor.gone > 0 || cursor.gone_parked > 0 || cursor.unknown;
    for cursor in cursors.iter().filter(worth_telling) {
        let (tone, note) = match (cursor.left, cursor.unknown) {
            (true, _) => (Tone::Bad, "left: what was applied cannot be known"),
            (false, true) => (Tone::Bad, "events may be missing"),
            (false, false) => (Tone::Plain, ""),
        };
        let numbers = [cursor.position, cursor.next_position, cursor.gone, cursor.gone_parked].map(words::count);
        let [position, next, gone, parked] = numbers;
        table.toned(tone, [cursor.partition.to_string(), position, next, gone, parked, note.to_owned()]);
    }
    if cursors.iter().any(|cursor| worth_telling(&cursor)) {
        text.push_str(&table.to_string());
    }
    let gone = sum(|cursor| cursor.gone);
    if gone > 0 {
        text.push_str(&format!(
            "  {} applied by {consumer} {} gone from {source}: their effects stay; docs/errors/LOG_REWOUND.md\n",
            words::counted(gone, "event", "events"),
            if gone == 1 { "is" } else { "are" },
        ));
    }
    text
}

fn json(consumer: &str, source: &str, cursors: &[RepairedCursor]) -> Value {
    let each = cursors.iter().map(|cursor| {
        json!({
            "partition": cursor.partition,
            "position": cursor.position,
            "next_position": cursor.next_position,
            "gone": cursor.gone,
            "gone_parked": cursor.gone_parked,
            "unknown": cursor.unknown,
            "left": cursor.left,
        })
    });
    json!({ "repaired": consumer, "source": source, "cursors": each.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_counted_for_each_partition() {
        let plain = RepairedCursor { partition: 1, position: 7, next_position: 7, ..RepairedCursor::default() };
        let beyond = RepairedCursor { partition: 17, position: 120, next_position: 98, gone: 22, ..plain };
        let told = text("loyalty", "activity", &[plain, beyond]);
        assert!(told.starts_with("loyalty goes on with activity in 2 partitions\n"), "{told}");
        assert!(told.contains("17") && told.contains("120") && told.contains("98"), "{told}");
        assert!(told.contains("22 events applied by loyalty are gone from activity"), "{told}");
        let left = RepairedCursor { unknown: true, left: true, ..beyond };
        assert!(text("loyalty", "activity", &[left]).contains("left: what was applied cannot be known"));
    }
}
