//! A reader that carries a token sees what the token speaks of, however far it has to come.

use std::sync::Mutex;
use std::time::Duration;

use eventlog::{Behind, Consumer, Log, Progress, Unreachable};
use kernel::Shard;
use server::Services;
use sqlx::Executor as _;
use store::Head;
use testkit::{Database, House, Served, Speaker, until};
use tokio::task::JoinHandle;
use uuid::Uuid;
use wire::Freshness;

use crate::scene::{Scene, arrives};
use crate::suite::{FIRST, Hearer, Held, SECOND, THIRD, clock, database, member, said, tenant, texts};

/// The first is heard by the second, and that by the third.
struct Line {
    database: Database,
    speaker: Speaker,
    second: Hearer,
    third: Hearer,
    served: Served,
}

impl Line {
    async fn open(passes_on: bool) -> Self {
        Self::open_with(passes_on, &[SECOND]).await
    }

    /// The third hears these.
    async fn open_with(passes_on: bool, sources: &[&'static str]) -> Self {
        let (database, house) = (database().await, House::new());
        let speaker = Speaker::open(&database, FIRST, clock()).await;
        let peers = house.peers(&[FIRST, SECOND]);
        let second = Hearer::open(&database, &peers, (SECOND, passes_on), &[FIRST], &[]).await;
        let third = Hearer::open(&database, &peers, (THIRD, false), sources, &[FIRST]).await;
        let logs = [speaker.log(), Log::new(second.tally.store.clone())];
        let logs = house.event_logs(logs, [second.consumer.clone(), third.consumer.clone()]);
        let served = house.serve(Services::new().with(logs));
        let line = Self { database, speaker, second, third, served };
        line.hears(&line.second.consumer);
        line.hears(&line.third.consumer);
        line
    }

    fn hears(&self, consumer: &Consumer) -> JoinHandle<()> {
        tokio::spawn(consumer.clone().run(self.served.stopping()))
    }

    async fn say(&self, text: impl ToString) -> Freshness {
        self.speaker.say(tenant(), member(), &said(text)).await
    }
}

/// Checks that a token is not reached, and goes on waiting.
async fn still_waits(progress: &Progress, token: &Freshness) {
    let waited = tokio::time::timeout(Duration::from_millis(300), progress.wait_for(token)).await;
    assert!(waited.is_err(), "what was not applied yet is said to be");
}

/// What is answered without waiting.
async fn at_once(progress: &Progress, token: &Freshness) -> Result<(), Unreachable> {
    tokio::time::timeout(Duration::from_secs(5), progress.wait_for(token)).await.expect("nothing is waited for")
}

#[tokio::test]
async fn what_a_token_speaks_of_is_there_when_the_wait_is_over() {
    let scene = Scene::begin().await;
    for number in 0..30 {
        let token = scene.say(member(), &number.to_string()).await;
        scene.heard(&token).await;
        assert_eq!(scene.texts().await.last(), Some(&number.to_string()));
    }
    scene.hearer.tally.hold_up(Held::Applying);
    let mut token = scene.say(member(), "one").await;
    still_waits(&scene.hearer.progress, &token).await;
    token.merge(scene.say(member(), "another").await);
    scene.hearer.tally.hold_up(Held::Nobody);
    scene.heard(&token).await;
    assert_eq!(scene.texts().await.len(), 32);
}

#[tokio::test]
async fn what_one_in_the_middle_made_of_it_is_there_too() {
    let line = Line::open(true).await;
    for number in 0..20 {
        let token = line.say(number).await;
        arrives(&line.third.progress, &token).await;
        assert_eq!(texts(&line.database, THIRD).await.last(), Some(&number.to_string()));
    }
    // The one in the middle has it and has passed it on, which is not enough.
    line.third.tally.hold_up(Held::Applying);
    let token = line.say("last").await;
    arrives(&line.second.progress, &token).await;
    still_waits(&line.third.progress, &token).await;
    line.third.tally.hold_up(Held::Nobody);
    arrives(&line.third.progress, &token).await;
    assert_eq!(texts(&line.database, THIRD).await.len(), 21);
}

#[tokio::test]
async fn one_in_the_middle_that_makes_nothing_of_it_says_so() {
    let line = Line::open(false).await;
    for number in 0..10 {
        arrives(&line.third.progress, &line.say(number).await).await;
    }
    line.second.tally.hold_up(Held::Applying);
    let token = line.say("last").await;
    still_waits(&line.third.progress, &token).await;
    line.second.tally.hold_up(Held::Nobody);
    arrives(&line.third.progress, &token).await;
    assert_eq!(texts(&line.database, SECOND).await.len(), 11);
    assert!(texts(&line.database, THIRD).await.is_empty());
}

#[tokio::test]
async fn a_process_that_starts_anew_knows_how_far_it_has_come() {
    let line = Line::open(true).await;
    let token = line.say("long ago").await;
    arrives(&line.third.progress, &token).await;
    let anew = Hearer::open(&line.database, &line.served.peers(&[SECOND]), (THIRD, false), &[SECOND], &[FIRST]).await;
    still_waits(&anew.progress, &token).await;
    line.hears(&anew.consumer);
    arrives(&anew.progress, &token).await;
}

#[tokio::test]
async fn one_that_is_far_behind_claims_no_more_than_it_has_applied() {
    let line = Line::open(true).await;
    // So much that it comes in several messages.
    let (texts_said, somebody) = ([1, 2, 3].map(|number| number.to_string().repeat(700_000)), member());
    let mut token = Freshness::default();
    for text in &texts_said {
        token.merge(line.speaker.say(tenant(), somebody, &said(text)).await);
    }
    arrives(&line.third.progress, &token).await;
    line.database.look().await.execute("TRUNCATE loyalty.cursor, loyalty.tally").await.expect("it is done");
    let behind = Hearer::open(&line.database, &line.served.peers(&[SECOND]), (THIRD, false), &[SECOND], &[FIRST]).await;
    line.hears(&behind.consumer);
    arrives(&behind.progress, &token).await;
    assert!(texts(&line.database, THIRD).await == texts_said, "it was told to be there and is not");
}

#[tokio::test]
async fn where_two_paths_lead_both_are_waited_for() {
    let line = Line::open_with(true, &[FIRST, SECOND]).await;
    // From the very first: what the second hears is known before it has heard anything.
    line.second.tally.hold_up(Held::Applying);
    let token = line.say("first").await;
    still_waits(&line.third.progress, &token).await;
    assert_eq!(texts(&line.database, THIRD).await.len(), 1, "the other path is there already");
    line.second.tally.hold_up(Held::Nobody);
    arrives(&line.third.progress, &token).await;
    for (number, slow) in [(1, Held::From(FIRST)), (2, Held::From(SECOND)), (3, Held::From(FIRST))] {
        line.third.tally.hold_up(slow);
        let token = line.say(number).await;
        still_waits(&line.third.progress, &token).await;
        assert_eq!(texts(&line.database, THIRD).await.len(), number * 2 + 1, "the other path is there already");
        line.third.tally.hold_up(Held::Nobody);
        arrives(&line.third.progress, &token).await;
        assert_eq!(texts(&line.database, THIRD).await.len(), number * 2 + 2);
    }
}

#[tokio::test]
async fn one_that_has_not_said_what_it_hears_may_be_on_the_way() {
    let (database, house) = (database().await, House::new());
    let speaker = Speaker::open(&database, FIRST, clock()).await;
    // The second is not up.
    let third = Hearer::open(&database, &house.peers(&[FIRST, SECOND]), (THIRD, false), &[FIRST, SECOND], &[]).await;
    let logs = house.event_logs([speaker.log()], []);
    let served = house.serve(Services::new().with(logs));
    tokio::spawn(third.consumer.clone().run(served.stopping()));
    let token = speaker.say(tenant(), member(), &said("something")).await;
    still_waits(&third.progress, &token).await;
    assert_eq!(texts(&database, THIRD).await, ["something"]);
}

#[tokio::test]
async fn where_no_path_leads_is_refused_and_ones_own_is_there_already() {
    let line = Line::open(false).await;
    let token = line.say("something").await;
    let foreign = Freshness::of("segmentation", &[(Shard::from(7), Head { epoch: Uuid::new_v4(), position: 1 })]);
    let unreachable = Unreachable { origin: "segmentation".to_owned(), service: THIRD };
    assert_eq!(at_once(&line.third.progress, &foreign).await, Err(unreachable.clone()));
    let mut both = token.clone();
    both.merge(foreign);
    assert_eq!(at_once(&line.third.progress, &both).await, Err(unreachable));
    let refusal = at_once(&line.second.progress, &Freshness::of(THIRD, &heads())).await;
    assert_eq!(refusal, Err(Unreachable { origin: THIRD.to_owned(), service: SECOND }));
    assert_eq!(at_once(&line.third.progress, &Freshness::default()).await, Ok(()));
    assert_eq!(at_once(&line.third.progress, &Freshness::of(THIRD, &heads())).await, Ok(()));
}

#[tokio::test]
async fn a_position_of_another_epoch_is_not_the_same_position() {
    let scene = Scene::begin().await;
    let token = scene.say(member(), "something").await;
    scene.heard(&token).await;
    let marks = token.marks().map(|mark| (mark.partition, Head { epoch: Uuid::new_v4(), position: mark.position }));
    let restored = Freshness::of(FIRST, &marks.collect::<Vec<_>>());
    still_waits(&scene.hearer.progress, &restored).await;
}

fn heads() -> [(Shard, Head); 1] {
    [(Shard::from(7), Head { epoch: Uuid::new_v4(), position: 1 })]
}

#[tokio::test]
async fn who_has_heard_everything_says_how_lately() {
    let scene = Scene::begin().await;
    let progress = &scene.hearer.progress;
    let first = [(FIRST.to_owned(), true)];
    until("something is heard out", || async {
        progress.behind().0.into_iter().map(|(source, behind)| (source, behind.is_some())).eq(first.clone())
    })
    .await;
    scene.say(member(), "one").await;
    // The line says once a second that nothing is left: twice is enough to see it fall back.
    falls(progress).await;
    falls(progress).await;

    // While something is not applied it only grows, whatever the line says.
    scene.hearer.tally.hold_up(Held::Applying);
    let before = scene.hearer.tally.calls();
    scene.say(member(), "two").await;
    scene.hearer.tally.called(before).await;
    let mut seen = progress.behind();
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!fell(&mut seen, progress.behind()), "it has not heard {seen}");
    }
    let (_, behind) = &seen.0[0];
    assert!(behind.is_some_and(|behind| behind > Duration::from_secs(2)), "it says so: {seen}");
    scene.hearer.tally.hold_up(Held::Nobody);
    falls(progress).await;
}

/// Waits until a service has caught up once more.
async fn falls(progress: &Progress) {
    let seen = Mutex::new(progress.behind());
    until("it is less far behind", || async { fell(&mut seen.lock().expect("whole"), progress.behind()) }).await;
}

/// Whether it is less far behind than when it was looked at last.
fn fell(seen: &mut Behind, now: Behind) -> bool {
    let before = std::mem::replace(seen, now);
    seen.0.iter().zip(&before.0).any(|((_, now), (_, before))| now < before)
}
