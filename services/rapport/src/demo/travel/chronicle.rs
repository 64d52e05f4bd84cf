//! What happened in a life, by quarter, as the event logs tell it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::calendar::day_of;
use prost::{Message, Name};
use proto::activity::events::v1::{OrderRecorded, OrderReturned};
use proto::eventlog::v1::{Cursor, Event, LocateCursorsRequest, WatchRequest};
use proto::loyalty::events::v1::{PointsPosted, TierDecided};
use proto::referrals::events::v1::ReferralMoved;
use proto::registry::events::v1::MemberEnrolled;
use proto::segmentation::events::v1::LifecycleChanged;
use proto::subscriptions::events::v1 as subscriptions;
use serde_json::{Value, json};

use crate::client::{CliError, Suite};
use crate::member::instant;
use crate::suite::Service;
use crate::table::{Side, Table};
use crate::words;

const PARTITIONS: u32 = 256;

/// What is counted: its name for programs and for people, in the order it is told.
const ROWS: [(&str, &str); 23] = [
    ("joined", "joined"),
    ("orders", "orders"),
    ("returned", "returned"),
    ("cancelled", "cancelled"),
    ("earned", "points earned"),
    ("taken_back", "points taken back"),
    ("spent", "points spent"),
    ("lapsed", "points lapsed"),
    ("promoted", "promoted"),
    ("retained", "tier kept"),
    ("demoted", "demoted"),
    ("fell_asleep", "fell asleep"),
    ("woke", "woke up"),
    ("sent", "sent by a friend"),
    ("held", "referrals held"),
    ("approved", "approved"),
    ("reversed", "reversed"),
    ("subscribed", "subscribed"),
    ("ended", "ended or cancelled"),
    ("charged", "charged"),
    ("declined", "declined"),
    ("recovered", "paid on a retry"),
    ("renewed", "memberships renewed"),
];

/// Counts by quarter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chronicle {
    quarters: BTreeMap<String, BTreeMap<&'static str, i64>>,
}

impl Chronicle {
    /// Reads the logs of all services up to where they end now.
    pub(super) async fn of(suite: &Suite, zone: &TimeZone) -> Result<Self, CliError> {
        let mut chronicle = Self::default();
        for service in Service::ALL {
            chronicle.read(suite, service.name(), zone).await?;
        }
        Ok(chronicle)
    }

    async fn read(&mut self, suite: &Suite, source: &str, zone: &TimeZone) -> Result<(), CliError> {
        let mut ends = ends(suite, source).await?;
        let cursors = (0..PARTITIONS).map(|partition| Cursor { partition, ..Cursor::default() }).collect();
        let request = WatchRequest { source: source.to_owned(), cursors, until_caught_up: false };
        let mut watch = suite.event_logs(source).watch(request).await?.into_inner();
        while !ends.is_empty() {
            let said = watch.message().await?.ok_or_else(|| CliError::odd("a log ended before its end"))?;
            for event in &said.events {
                self.add(event, zone)?;
            }
            for reached in said.reached {
                ends.retain(|partition, end| *partition != reached.partition || *end > reached.position);
            }
        }
        Ok(())
    }

    fn add(&mut self, event: &Event, zone: &TimeZone) -> Result<(), CliError> {
        let at = instant(event.occur_time.as_ref()).ok_or_else(|| CliError::odd("an event without a time"))?;
        let quarter = self.quarters.entry(quarter_of(at, zone)).or_default();
        for (row, more) in counted(event)? {
            *quarter.entry(row).or_default() += more;
        }
        Ok(())
    }

    /// For a person.
    pub(super) fn told(&self) -> Table {
        let mut sides = vec![Side::Left];
        sides.extend(vec![Side::Right; self.quarters.len() + 1]);
        let mut table = Table::new(&sides);
        let quarters = self.quarters.keys().map(String::as_str);
        table.heading([""].into_iter().chain(quarters).chain(["all"]));
        for (row, name) in ROWS {
            let each: Vec<i64> = self.quarters.values().map(|counts| counts.get(row).copied().unwrap_or(0)).collect();
            let cells = [name.to_owned()].into_iter().chain(each.iter().map(|count| words::count(*count)));
            table.row(cells.chain([words::count(each.iter().sum::<i64>())]));
        }
        table
    }

    /// For a program.
    pub(super) fn json(&self) -> Value {
        let quarter = |(name, counts): (&String, &BTreeMap<&'static str, i64>)| {
            let mut told: serde_json::Map<String, Value> =
                ROWS.iter().map(|(row, _)| ((*row).to_owned(), json!(counts.get(row).copied().unwrap_or(0)))).collect();
            told.insert("quarter".to_owned(), json!(name));
            Value::Object(told)
        };
        Value::Array(self.quarters.iter().map(quarter).collect())
    }
}

/// The last position of each partition that has any.
async fn ends(suite: &Suite, source: &str) -> Result<BTreeMap<u32, i64>, CliError> {
    // A cursor beyond every end is told where it may go on: at the end.
    let beyond = |partition| Cursor { partition, position: i64::MAX, ..Cursor::default() };
    let request = LocateCursorsRequest { source: source.to_owned(), cursors: (0..PARTITIONS).map(beyond).collect() };
    let lost = suite.event_logs(source).locate_cursors(request).await?.into_inner().lost;
    let ends = lost.into_iter().filter_map(|lost| lost.next).map(|next| (next.partition, next.position));
    Ok(ends.filter(|(_, end)| *end > 0).collect())
}

fn quarter_of(moment: Timestamp, zone: &TimeZone) -> String {
    let day = day_of(moment, zone);
    format!("{} Q{}", day.year(), (day.month() + 2) / 3)
}

fn read<P: Message + Name + Default>(event: &Event) -> Result<Option<P>, CliError> {
    if event.r#type != P::full_name() {
        return Ok(None);
    }
    P::decode(event.payload.as_slice()).map(Some).map_err(|_| CliError::odd("an event that cannot be read"))
}

fn is<P: Name>(event: &Event) -> bool {
    event.r#type == P::full_name()
}

/// What an event adds to which rows.
fn counted(event: &Event) -> Result<Vec<(&'static str, i64)>, CliError> {
    if let Some(posted) = read::<PointsPosted>(event)? {
        let row = match posted.kind.as_str() {
            "EARN" => "earned",
            "EARN_REVERSAL" => "taken_back",
            "REDEMPTION" => "spent",
            "LAPSE" => "lapsed",
            _ => return Ok(Vec::new()),
        };
        return Ok(vec![(row, posted.points)]);
    }
    if let Some(decided) = read::<TierDecided>(event)? {
        let row = match decided.kind.as_str() {
            "PROMOTED" => "promoted",
            "RETAINED" => "retained",
            _ => "demoted",
        };
        return Ok(vec![(row, 1)]);
    }
    if let Some(returned) = read::<OrderReturned>(event)? {
        // An order that was cancelled is its own return.
        return Ok(vec![(if returned.return_id == returned.order { "cancelled" } else { "returned" }, 1)]);
    }
    if let Some(changed) = read::<LifecycleChanged>(event)? {
        let (was_awake, is_awake) = (awake(&changed.from), awake(&changed.to));
        return Ok(match (was_awake, is_awake) {
            (Some(true), Some(false)) => vec![("fell_asleep", 1)],
            (Some(false), Some(true)) => vec![("woke", 1)],
            (Some(_) | None, Some(_) | None) => Vec::new(),
        });
    }
    if let Some(moved) = read::<ReferralMoved>(event)? {
        let row = match moved.to.as_str() {
            "ATTRIBUTED" => "sent",
            "HELD" => "held",
            "APPROVED" => "approved",
            "REVERSED" => "reversed",
            _ => return Ok(Vec::new()),
        };
        return Ok(vec![(row, 1)]);
    }
    let plain = [
        ("joined", is::<MemberEnrolled>(event)),
        ("orders", is::<OrderRecorded>(event)),
        ("subscribed", is::<subscriptions::SubscriptionStarted>(event)),
        ("ended", is::<subscriptions::SubscriptionCancelled>(event) || is::<subscriptions::SubscriptionEnded>(event)),
        ("charged", is::<subscriptions::ChargeSucceeded>(event)),
        ("declined", is::<subscriptions::ChargeFailed>(event)),
        ("recovered", is::<subscriptions::ChargeRecovered>(event)),
        ("renewed", is::<subscriptions::MembershipRenewed>(event)),
    ];
    Ok(plain.into_iter().filter(|(_, is)| *is).map(|(row, _)| (row, 1)).collect())
}

/// Whether a member with this label comes to the shop; none for those who never bought.
fn awake(label: &str) -> Option<bool> {
    match label {
        "NEW" | "ACTIVE" => Some(true),
        "SLEEPING" | "LOST" | "DEEP" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event<P: Message + Name>(at: &str, payload: &P) -> Event {
        let at: Timestamp = at.parse().expect("an instant");
        Event {
            r#type: P::full_name(),
            occur_time: Some(proto::timestamp(at)),
            payload: payload.encode_to_vec(),
            ..Event::default()
        }
    }

    fn label(from: &str, to: &str) -> LifecycleChanged {
        LifecycleChanged { from: from.to_owned(), to: to.to_owned(), ..Default::default() }
    }

    #[test]
    fn events_are_counted_in_the_quarter_of_the_shops_zone() {
        let zone = kernel::calendar::zone("Asia/Taipei").expect("known");
        let posted = |kind: &str, points| PointsPosted { kind: kind.to_owned(), points, ..Default::default() };
        let back = |id: &str| OrderReturned { return_id: id.to_owned(), order: "o".to_owned(), ..Default::default() };
        let mut chronicle = Chronicle::default();
        for event in [
            // Midnight of Taipei is 16:00 the day before.
            event("2024-09-30T15:59:59Z", &MemberEnrolled::default()),
            event("2024-09-30T16:00:00Z", &MemberEnrolled::default()),
            event("2024-10-01T16:00:00Z", &posted("EARN", 30)),
            event("2024-10-02T16:00:00Z", &posted("EARN", 12)),
            event("2024-10-02T16:00:00Z", &posted("LAPSE", -5)),
            event("2024-10-03T16:00:00Z", &back("r")),
            event("2024-10-03T16:00:00Z", &back("o")),
            event("2024-10-04T16:00:00Z", &label("ACTIVE", "SLEEPING")),
            event("2024-10-05T16:00:00Z", &label("SLEEPING", "DEEP")),
            event("2024-10-06T16:00:00Z", &label("DEEP", "NEW")),
            event("2024-10-06T16:00:00Z", &label("PROSPECT", "NEW")),
        ] {
            chronicle.add(&event, &zone).expect("it can be read");
        }
        let told = |quarter: &str| -> Vec<String> {
            chronicle.quarters[quarter].iter().map(|(row, count)| format!("{row} {count}")).collect()
        };
        assert_eq!(told("2024 Q3"), ["joined 1"]);
        assert_eq!(
            told("2024 Q4"),
            ["cancelled 1", "earned 42", "fell_asleep 1", "joined 1", "lapsed -5", "returned 1", "woke 1"]
        );
    }

    #[test]
    fn every_count_has_its_row() {
        let rows: Vec<&str> = ROWS.iter().map(|(row, _)| *row).collect();
        for kind in ["EARN", "EARN_REVERSAL", "REDEMPTION", "LAPSE", "ADJUSTMENT"] {
            let posted = PointsPosted { kind: kind.to_owned(), ..Default::default() };
            let counted = counted(&event("2024-10-01T16:00:00Z", &posted)).expect("it can be read");
            assert!(counted.iter().all(|(row, _)| rows.contains(row)), "{kind}");
        }
    }
}
