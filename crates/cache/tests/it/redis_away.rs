//! Redis being away makes reads slower, never wrong and never an error.

use std::time::{Duration, Instant};

use cache::{Far, FarSettings};

use crate::truth::{NO_REDIS, Truth, row};

#[tokio::test]
async fn a_redis_that_is_killed_and_comes_back_empty_is_not_noticed() {
    let mut redis = testkit::OwnRedis::start("cache").expect(NO_REDIS);
    let settings = FarSettings::new(redis.url(), "t");
    let far = Far::prepare(settings).expect("the URL can be used");
    let (truth, rows) = (Truth::new(), [row(1), row(2), row(3)]);
    let (here, there) = (truth.replica(Some(&far)), truth.replica(Some(&far)));
    for round in 0..60 {
        match round {
            20 => redis.stop(),
            40 => redis.start_again(),
            _ => {}
        }
        for row in rows {
            let position = truth.write(row);
            let began = Instant::now();
            for replica in [&here, &there] {
                replica.changed(&[(row, position)]).await;
                replica.caught_up(tokio::time::Instant::now());
                assert_eq!(truth.read(replica, row).await, position);
                assert_eq!(truth.read_at_least(replica, row, Some(position)).await, position);
            }
            assert!(began.elapsed() < Duration::from_secs(2), "round {round} took {:?}", began.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_redis_that_never_was_there_costs_little() {
    // Port 9 discards; nobody listens there.
    let far = Far::prepare(FarSettings::new("redis://127.0.0.1:9", "t")).expect("the URL can be used");
    let truth = Truth::new();
    let cache = truth.replica(Some(&far));
    let began = Instant::now();
    for _ in 0..200 {
        let row = row(1);
        assert_eq!(truth.read(&cache, row).await, 1);
        cache.caught_up(tokio::time::Instant::now());
    }
    assert!(began.elapsed() < Duration::from_secs(1), "it is left alone after a few attempts: {:?}", began.elapsed());
    assert!(Far::prepare(FarSettings::new("http://127.0.0.1", "t")).is_err());
}
