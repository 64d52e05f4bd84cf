//! A database is a test's own, and gone after it.

use kernel::{MemberId, TenantId};
use proto::registry::events::v1::MemberUpdated;
use testkit::{Database, Speaker, clock_at, house_tables};

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
