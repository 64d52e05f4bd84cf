//! How soon one order is seen by each of the other services.

use std::time::Duration;

use backing::postgres::Postgres;

use super::six::Six;
use crate::bench::table::Row;
use crate::bench::{load, pgbench};
use crate::run::Failure;

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
    let shop = |command| [command, six.state.as_str()].into_iter().chain(six.addresses.iter().map(String::as_str));
    load::told(shop("fill"))?;
    pgbench::told(&url, &["ANALYZE"])?;
    std::thread::sleep(SEEN_TO);
    let told = load::told(shop("follow"))?;
    six.stop()?;
    let number = |name: &str, place: usize| load::number(&told, name, place);
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
