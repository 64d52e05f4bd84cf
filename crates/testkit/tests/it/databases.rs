//! A database is a test's own, and gone after it.

use kernel::{MemberId, TenantId};
use proto::registry::events::v1::MemberUpdated;
use testkit::{Database, OwnRedis, Speaker, clock_at, house_tables};

#[tokio::test]
async fn two_databases_share_nothing_and_go_with_their_values() {
    let clock = clock_at("2011-12-01T00:00:00Z");
    let (alone, both) = (house_tables(), [("registry", house_tables()), ("activity", house_tables())]);
    let (one, other) = tokio::join!(Database::create("registry", &alone), Database::for_suite(&both));
    let speaker = Speaker::open(&one, "registry", clock.clone()).await;
    let said = MemberUpdated::default();
    speaker.say(TenantId::new_at(clock.now()), MemberId::new_at(clock.now()), &said).await;
    assert_eq!(one.events_of("registry").await, 1);
    assert_eq!((other.events_of("registry").await, other.events_of("activity").await), (0, 0));

    let url = one.url().to_owned();
    drop(one);
    let gone = store::Store::open(&store::Settings::new(url, "registry")).await;
    assert!(gone.is_err(), "the database is still there");
}

/// What lies in the temporary folder under a name of this process.
fn left_over(name: &str) -> usize {
    let name = format!("rapport-testkit-{name}-{}", std::process::id());
    let entries = std::fs::read_dir(std::env::temp_dir()).expect("it can be listed");
    entries.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name() == *name)).count()
}

#[test]
fn a_redis_of_a_tests_own_comes_back_where_it_was_and_goes_with_its_value() {
    let Some(mut redis) = OwnRedis::start("gone") else { return };
    let url = redis.url();
    redis.crash();
    redis.start_again();
    assert_eq!((redis.url(), redis.keys()), (url.clone(), 0));
    redis.stop();
    redis.start_again();
    assert_eq!((redis.url(), left_over("redis-gone")), (url, 1));
    drop(redis);
    assert_eq!(left_over("redis-gone"), 0);
}
