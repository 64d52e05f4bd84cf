//! Much that changes at once is said to Redis in few round trips.

use std::time::Duration;

use cache::{Far, FarSettings};
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;

use crate::truth::{Row, Truth, row};

async fn connect(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).expect("a URL");
    client.get_multiplexed_async_connection().await.expect("Redis answers")
}

/// How often scripts were called since Redis began.
async fn calls(connection: &mut MultiplexedConnection) -> u64 {
    let told: String = redis::cmd("INFO").arg("commandstats").query_async(connection).await.expect("Redis answers");
    let of = |command: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix(command)?.strip_prefix(":calls="));
        line.and_then(|rest| rest.split(',').next()).map_or(0, |count| count.parse().expect("a number"))
    };
    of("cmdstat_evalsha") + of("cmdstat_eval")
}

const MANY: u32 = 5_000;

#[tokio::test]
async fn a_burst_of_changes_costs_few_round_trips() {
    let Some(redis) = testkit::OwnRedis::start("burst") else { return };
    let settings = FarSettings { time_limit: Duration::from_secs(10), ..FarSettings::new(redis.url(), "t") };
    let far = Far::prepare(settings).expect("the URL can be used");
    let (truth, mut connection) = (Truth::new(), connect(&redis.url()).await);
    let replica = truth.replica(Some(&far));
    let rows: Vec<Row> = (0..MANY).map(|number| row(number.to_le_bytes()[0])).collect();
    let name = |row: &Row| format!("t:rows:{}:{row}", truth.epoch.simple());

    // One of them is known to be newer already, one is older.
    let newer = format!("{:019}1newer", i64::MAX);
    let () = connection.set(name(&rows[7]), &newer).await.expect("Redis writes");
    let () = connection.set(name(&rows[4_000]), format!("{:019}1older", 0)).await.expect("Redis writes");
    let changes: Vec<(Row, i64)> = rows.iter().map(|row| (*row, truth.write(*row))).collect();
    // The last change of a row counts, wherever the earlier one stands.
    let changes: Vec<(Row, i64)> = changes.iter().copied().chain([(rows[9], 1)]).collect();
    let before = calls(&mut connection).await;
    replica.changed(&changes).await;
    let took = calls(&mut connection).await - before;
    assert!((1..=30).contains(&took), "{took} calls for {} changes", changes.len());

    let names: Vec<String> = rows.iter().map(name).collect();
    let held: Vec<String> = connection.mget(&names).await.expect("Redis answers");
    for (place, (held, (_, position))) in held.iter().zip(&changes).enumerate() {
        let expected = if place == 7 { newer.clone() } else { format!("{position:019}0") };
        assert_eq!(*held, expected, "row {place}");
    }
    let left: i64 = connection.pttl(name(&rows[0])).await.expect("Redis answers");
    assert!((1..=60_000).contains(&left), "a tombstone does not stay for ever: {left}");
}
