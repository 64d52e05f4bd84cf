//! A request that was carried out answers the same when it is said again, and its id means nothing else.

use jiff::{SignedDuration, Timestamp};
use kernel::{RequestId, Shard, TenantId};
use serde_json::{Value, json};
use store::{Digests, Recall, RequestKey, Retention, Settings, Store, StoreError};
use testkit::{Promise, count};
use uuid::Uuid;

use crate::ledger::{SERVICE, clock, database, enter, entries, tenant};

const SHARD: u8 = 7;

fn key(id: RequestId, said: &[(&str, &str)]) -> RequestKey {
    let digests = said.iter().map(|(field, digest)| ((*field).to_owned(), (*digest).to_owned()));
    RequestKey { rpc: "Enter", id, digests: Digests(digests.collect()) }
}

fn new_id() -> RequestId {
    RequestId::new_at(clock().now())
}

/// Enters a hundred unless that was done before. Answers the receipt.
async fn once(store: &Store, tenant: TenantId, key: &RequestKey) -> Result<Recall<Uuid>, StoreError> {
    let shard = Shard::from(SHARD);
    let mut tx = store.begin(tenant, [shard]).await?;
    let known = tx.recall(tenant, shard, key, clock().now()).await?;
    if known != Recall::New {
        return Ok(known);
    }
    let id = enter(tx.connection(), tenant, shard, 100).await?;
    tx.remember(tenant, shard, key, &id, clock().now())?;
    tx.commit().await?;
    Ok(Recall::Done(id))
}

#[tokio::test]
async fn said_again_it_answers_the_same() {
    let (database, ours) = (database().await, tenant());
    let store = database.store(SERVICE).await;
    let key = key(new_id(), &[("member", "a"), ("points", "b")]);
    let first = once(&store, ours, &key).await.expect("it is done");
    assert!(matches!(first, Recall::Done(_)));
    assert_eq!(once(&store, ours, &key).await.expect("it is known"), first);
    assert_eq!(entries(&database).await.len(), 1);
}

#[tokio::test]
async fn an_id_that_was_used_for_something_else_is_told_by_the_first_field() {
    let (database, ours) = (database().await, tenant());
    let store = database.store(SERVICE).await;
    let id = new_id();
    once(&store, ours, &key(id, &[("member", "a"), ("points", "b"), ("spent_on", "c")])).await.expect("it is done");
    for (said, differs) in [
        (&[("member", "x"), ("points", "b"), ("spent_on", "c")][..], "member"),
        (&[("member", "a"), ("points", "x"), ("spent_on", "x")], "points"),
        (&[("member", "a"), ("points", "b")], "spent_on"),
        (&[("member", "a"), ("points", "b"), ("spent_on", "c"), ("why", "d")], "why"),
        (&[], "member"),
    ] {
        let answer = once(&store, ours, &key(id, said)).await.expect("it is known");
        assert_eq!(answer, Recall::Reused { field: differs.to_owned() }, "{said:?}");
    }
    assert_eq!(entries(&database).await.len(), 1);
}

#[tokio::test]
async fn an_id_is_known_for_its_rpc_and_tenant_only_and_when_it_was_committed() {
    let (database, ours) = (database().await, tenant());
    let store = database.store(SERVICE).await;
    let key = key(new_id(), &[("member", "a")]);
    let shard = Shard::from(SHARD);
    let mut tx = store.begin(ours, [shard]).await.expect("it begins");
    tx.remember(ours, shard, &key, &"nothing", clock().now()).expect("it is noted");
    tx.roll_back().await.expect("it rolls back");
    let other_rpc = RequestKey { rpc: "Leave", ..key.clone() };
    for (tenant, key) in [(ours, &key), (tenant(), &key), (ours, &other_rpc)] {
        let mut tx = store.begin(tenant, [shard]).await.expect("it begins");
        assert_eq!(tx.recall::<Value>(tenant, shard, key, clock().now()).await.expect("it reads"), Recall::New);
        drop(tx);
        once(&store, tenant, key).await.expect("it is done");
    }
    assert_eq!(entries(&database).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twins_at_once_have_one_effect() {
    let (database, ours) = (database().await, tenant());
    let store = database.store(SERVICE).await;
    for round in 0..count(Promise::Repeats) as usize {
        let key = key(new_id(), &[("member", "a")]);
        let twins: Vec<_> = (0..count(Promise::Twins))
            .map(|_| {
                let (store, key) = (store.clone(), key.clone());
                tokio::spawn(async move { once(&store, ours, &key).await })
            })
            .collect();
        let mut answers = Vec::new();
        for twin in twins {
            answers.push(twin.await.expect("it runs").expect("it is done"));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(entries(&database).await.len(), round + 1);
    }
}

#[tokio::test]
async fn many_are_recalled_and_remembered_in_their_order() {
    let (database, ours) = (database().await, tenant());
    let store = database.store(SERVICE).await;
    let keys: Vec<RequestKey> = (0..50).map(|number| key(new_id(), &[("points", &number.to_string())])).collect();
    let place = |number: usize| Shard::from((number % 5) as u8);
    let mut tx = store.begin(ours, Shard::all().take(5)).await.expect("it begins");
    for number in (0..50).step_by(2) {
        tx.remember(ours, place(number), &keys[number], &number, clock().now()).expect("it is noted");
    }
    tx.commit().await.expect("it commits");
    let mut tx = store.begin(ours, Shard::all().take(5)).await.expect("it begins");
    let asked: Vec<_> = (0..50).map(|number| (ours, place(number), &keys[number])).collect();
    let known = tx.recall_all(&asked, clock().now()).await.expect("they are known");
    let expected: Vec<Recall<Value>> =
        (0..50).map(|number| if number % 2 == 0 { Recall::Done(json!(number)) } else { Recall::New }).collect();
    assert_eq!(known, expected);
}

fn days_ago(days: i64) -> Timestamp {
    clock().now() - SignedDuration::from_hours(24 * days)
}

/// Writes requests down that were made and recorded so many days ago.
async fn remembered(store: &Store, tenant: TenantId, all: &[(RequestId, i64)]) {
    let shard = Shard::from(SHARD);
    for (id, recorded) in all {
        let mut tx = store.begin(tenant, [shard]).await.expect("it begins");
        tx.remember(tenant, shard, &key(*id, &[]), &"done", days_ago(*recorded)).expect("it is noted");
        tx.commit().await.expect("it commits");
    }
}

async fn recalled(store: &Store, tenant: TenantId, id: RequestId) -> Recall<String> {
    let shard = Shard::from(SHARD);
    let mut tx = store.begin(tenant, [shard]).await.expect("it begins");
    tx.recall(tenant, shard, &key(id, &[]), clock().now()).await.expect("it reads")
}

#[tokio::test]
async fn what_is_not_remembered_is_told_by_its_age() {
    let (database, ours) = (database().await, tenant());
    let store = database.store(SERVICE).await;
    let cause = Uuid::from_u128(7);
    let (old, known) = (RequestId::new_at(days_ago(401)), RequestId::new_at(days_ago(402)));
    remembered(&store, ours, &[(known, 402)]).await;
    let done = Recall::Done("done".to_owned());
    for (id, recall) in [
        (old, Recall::TooOld { kept_days: 400 }),
        (known, done.clone()),
        (RequestId::new_at(days_ago(399)), Recall::New),
        (RequestId::new_at(days_ago(-9_000)), Recall::New),
        (RequestId::caused_by(cause, "an import"), Recall::New),
        (RequestId::from(Uuid::new_v4()), Recall::New),
    ] {
        assert_eq!(recalled(&store, ours, id).await, recall, "{id}");
    }
    assert_eq!(recalled(&store, ours, old).await.or_by_name(), Recall::New);
    assert_eq!(recalled(&store, ours, known).await.or_by_name(), done);
    // What is remembered of it belongs to one tenant: another one only learns that the id is old.
    assert_eq!(recalled(&store, tenant(), known).await, Recall::TooOld { kept_days: 400 });
}

#[tokio::test]
async fn only_what_would_be_refused_is_forgotten_and_in_bounded_steps() {
    let (database, ours, theirs) = (database().await, tenant(), tenant());
    let store = database.store(SERVICE).await;
    let made = |days| RequestId::new_at(days_ago(days));
    let caused = |what: &str| RequestId::caused_by(Uuid::from_u128(7), what);
    let gone = [(made(500), 500), (made(402), 402), (caused("old"), 402), (made(600), 401 + 1)];
    // Written down long ago by an id of a later time; by an id that is old, only now; and not quite long enough ago.
    let kept = [(made(-100), 500), (made(500), 10), (made(401), 401), (caused("young"), 400), (made(0), 0)];
    remembered(&store, ours, &gone).await;
    remembered(&store, ours, &kept).await;
    remembered(&store, theirs, &gone[..1]).await;
    let now = clock().now();
    let mut steps = Vec::new();
    for _ in 0..4 {
        steps.push(store.forget_requests(now, 2).await.expect("they are forgotten"));
    }
    assert_eq!(steps, [2, 2, 1, 0]);
    for (id, _) in kept {
        assert_eq!(recalled(&store, ours, id).await, Recall::Done("done".to_owned()), "{id}");
    }
    for (id, _) in gone.into_iter().filter(|(id, _)| id.made_at().is_some()) {
        assert_eq!(recalled(&store, ours, id).await, Recall::TooOld { kept_days: 400 }, "{id}");
    }
    assert_eq!(recalled(&store, ours, caused("old")).await, Recall::New);
}

#[tokio::test]
async fn nothing_is_forgotten_where_requests_are_kept_for_ever() {
    let (database, ours) = (database().await, tenant());
    let retention = Retention::FOREVER;
    let settings = Settings { connections: 2, retention, ..Settings::new(database.url(), SERVICE) };
    let store = Store::open(&settings).await.expect("it opens");
    let old = RequestId::new_at(days_ago(9_000));
    assert_eq!(recalled(&store, ours, old).await, Recall::New);
    remembered(&store, ours, &[(old, 9_000)]).await;
    assert_eq!(store.forget_requests(clock().now(), 100).await.expect("there is nothing to do"), 0);
    assert_eq!(recalled(&store, ours, old).await, Recall::Done("done".to_owned()));
}
