//! How soon one order is seen by each of the other services.

use std::process::Command;
use std::time::Duration;

use backing::postgres::Postgres;

use super::six::Six;
use super::{LOAD, programs};
use crate::bench::table::Row;
use crate::run::{Failure, output};

/// What `load` calls something, and what it is.
const SEEN: [(&str, &str); 6] = [
    ("recorded", "an order is recorded, from its call to its answer"),
    ("loyalty", "it is seen in loyalty, from its answer to a balance with its points"),
    ("segmentation", "it is seen in segmentation, to an insight with its purchase"),
    ("referrals", "it is seen in referrals, to the invitation it qualifies"),
    ("registry", "it is seen in registry, to a portrait whose five parts are all that fresh"),
    (
        "subscriptions",
        "an order comes out of subscriptions, from a subscription's answer to its paid order in activity",
    ),
];

/// For the services to see that the server knows its tables.
const SEEN_TO: Duration = Duration::from_secs(6);

pub(super) fn rows(server: &Postgres) -> Result<Vec<Row>, Failure> {
    let url = server.ensure_database("suite_following")?;
    let six = Six::start(&url, "following", "system")?;
    // Tables that are not new, and that the server knows: plans are kept then.
    output(Command::new(LOAD).args(["fill", &six.state]).args(&six.addresses))?;
    output(programs()?.command("psql").args(["-q", "-v", "ON_ERROR_STOP=1", "-c", "ANALYZE"]).arg(&url))?;
    std::thread::sleep(SEEN_TO);
    let told = output(Command::new(LOAD).args(["follow", &six.state]).args(&six.addresses))?;
    six.stop()?;
    let number = |name: &str, place: usize| number(&told, name, place);
    let most = number("most", 0)?;
    let behind = number("behind", 0)?;
    let mut rows = vec![
        Row::stated(
            "most orders a second that 64 callers get recorded until everybody has heard them",
            format!("{most:.0}"),
        ),
        Row::stated("events unheard at half of that", format!("{behind:.0}")),
    ];
    for (load, words) in [("idle", "idle"), ("half", "at half of the most")] {
        for (name, what) in SEEN {
            let name = format!("{name}.{load}");
            let (times, half, nearly_all) = (number(&name, 0)?, number(&name, 1)?, number(&name, 2)?);
            rows.push(Row::stated(
                format!("{words}: {what} ({times:.0} times)"),
                format!("p50 {half:.1} ms, p99 {nearly_all:.1} ms"),
            ));
        }
    }
    Ok(rows)
}

/// The numbers behind a name, one line each.
pub(super) fn number(told: &str, name: &str, place: usize) -> Result<f64, Failure> {
    let line = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let number = line.and_then(|numbers| numbers.split(' ').nth(place)?.parse().ok());
    number.ok_or_else(|| Failure::said(format!("load did not tell {name}: {told}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_name() {
        let told = "most 812.5\nloyalty.idle 200 1.5 9.25";
        assert!((number(told, "most", 0).unwrap() - 812.5).abs() < f64::EPSILON);
        assert!((number(told, "loyalty.idle", 2).unwrap() - 9.25).abs() < f64::EPSILON);
        assert!(number(told, "loyalty", 0).is_err());
    }
}
