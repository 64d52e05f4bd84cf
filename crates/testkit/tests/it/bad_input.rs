//! The event log, which every process serves, answers bad input as everything else does.

use server::Services;
use testkit::{Database, Examples, House, Served, Speaker, Spoken, bad_input, clock_at, house_tables};

async fn event_log() -> (Database, Served, Spoken, Examples) {
    let clock = clock_at("2011-12-01T00:00:00Z");
    let database = Database::create("registry", &house_tables()).await;
    let (house, speaker) = (House::new(), Speaker::open(&database, "registry", clock.clone()).await);
    let logs = house.event_logs([speaker.log()], []);
    let served = house.serve(Services::new().with(logs));
    let channel = served.channel(None, &["events.watch", "operations.read", "operations.write"]);
    (database, served, channel, Examples::new(&clock))
}

#[tokio::test]
async fn the_event_log_names_the_field() {
    let (_database, served, channel, examples) = event_log().await;
    bad_input::never_fails(&served, &channel, &examples).await;
}

#[tokio::test]
async fn the_event_log_refuses_what_is_no_message() {
    let (_database, served, channel, examples) = event_log().await;
    bad_input::unreadable_bytes(&served, &channel, &examples).await;
}
