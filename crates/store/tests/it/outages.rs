//! A database that goes away in the middle of a batch neither loses nor doubles what was asked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use kernel::Shard;
use store::{Settings, Store, StoreError, Writer};
use testkit::{Database, Promise, count, until};
use uuid::Uuid;

use crate::cable::{Cable, Lost};
use crate::desk::{Ask, Book, hand_in};
use crate::ledger::{SERVICE, database, enter, entries, tenant};

/// Ends the service's connections, or those only that are inside a transaction and wait.
async fn kill(database: &Database, waiting_only: bool) -> usize {
    let killed: Vec<bool> = sqlx::query_scalar(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = $1
           AND (NOT $2 OR state LIKE 'idle in transaction%')",
    )
    .bind(SERVICE)
    .bind(waiting_only)
    .fetch_all(&mut database.look().await)
    .await
    .expect("they can be ended");
    killed.len()
}

async fn written_once(database: &Database, asks: &[Ask]) {
    let there = entries(database).await;
    let ids: BTreeSet<Uuid> = asks.iter().map(Ask::id).collect();
    assert_eq!(there.iter().copied().collect::<BTreeSet<_>>(), ids, "something is lost");
    assert_eq!(there.len(), ids.len(), "something is doubled");
}

#[tokio::test]
async fn a_connection_killed_under_a_batch_is_replaced() {
    let (database, book) = (database().await, Book::held_up());
    let writer = Writer::start(database.store(SERVICE).await, Arc::clone(&book));
    let asks: Vec<Ask> = (1..65).map(Ask::of).collect();
    let answers = hand_in(&writer, &asks);
    until("the batch is at the desk", || async { book.works() == 1 }).await;
    assert_eq!(kill(&database, true).await, 1);
    book.let_go();
    for (answer, ask) in answers.await.expect("they are answered").into_iter().zip(&asks) {
        assert_eq!(answer.expect("it is done"), ask.id());
    }
    written_once(&database, &asks).await;
}

#[tokio::test]
async fn a_connection_that_died_while_its_writer_rested_is_replaced() {
    let database = database().await;
    let writer = Writer::start(database.store(SERVICE).await, Book::open());
    let asks: Vec<Ask> = (1..3).map(Ask::of).collect();
    assert_eq!(writer.write(asks[0].clone()).await.expect("it is done"), asks[0].id());
    assert_eq!(kill(&database, true).await, 1, "the writer has begun its next transaction");
    assert_eq!(writer.write(asks[1].clone()).await.expect("it is done"), asks[1].id());
    written_once(&database, &asks).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_killed_under_load_lose_and_double_nothing() {
    let database = database().await;
    let (writer, mut all) = (Writer::start(database.store(SERVICE).await, Book::open()), Vec::new());
    for _ in 0..count(Promise::CutConnections) {
        let asks: Vec<Ask> = (1..300).map(Ask::of).collect();
        let callers = asks.iter().map(|ask| {
            let (writer, ask) = (writer.clone(), ask.clone());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(ask.amount.unsigned_abs())).await;
                // A caller keeps its request id until it has an answer.
                while let Err(error) = writer.write(ask.clone()).await {
                    assert!(error.may_retry(), "{error:?}");
                }
            })
        });
        let callers: Vec<_> = callers.collect();
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            kill(&database, false).await;
        }
        for caller in join_all(callers).await {
            caller.expect("it is answered in the end");
        }
        all.extend(asks);
        written_once(&database, &all).await;
    }
}

#[tokio::test]
async fn a_commit_without_an_answer_is_looked_up() {
    for ways in [&[Lost::Answer][..], &[Lost::Commit], &[Lost::Answer, Lost::Commit, Lost::Answer]] {
        let (database, book) = (database().await, Book::open());
        let cable = Cable::lay(&database).await;
        let store = Store::open(&Settings::new(cable.url(), SERVICE)).await.expect("it opens");
        let writer = Writer::start(store, Arc::clone(&book));
        cable.breaks_at_commits(ways.iter().copied());
        let asks: Vec<Ask> = (1..65).map(Ask::of).collect();
        for (answer, ask) in hand_in(&writer, &asks).await.expect("they are answered").into_iter().zip(&asks) {
            assert_eq!(answer.expect("it is done"), ask.id());
        }
        assert!(cable.has_broken());
        written_once(&database, &asks).await;
    }
}

#[tokio::test]
async fn a_commit_without_an_answer_is_told_as_unknown() {
    for (way, written) in [(Lost::Answer, 1), (Lost::Commit, 0)] {
        let (database, ours) = (database().await, tenant());
        let cable = Cable::lay(&database).await;
        let store = Store::open(&Settings::new(cable.url(), SERVICE)).await.expect("it opens");
        let mut tx = store.begin(ours, [Shard::from(7)]).await.expect("it begins");
        enter(tx.connection(), ours, Shard::from(7), 1).await.expect("it writes");
        cable.breaks_at_commits([way]);
        let told = tx.commit().await.expect_err("nobody answers");
        assert!(matches!(told, StoreError::OutcomeUnknown(_)) && told.may_retry(), "{told:?}");
        // Whoever locks the head next knows.
        store.begin(ours, [Shard::from(7)]).await.expect("the pool goes on").commit().await.expect("it commits");
        assert_eq!(entries(&database).await.len(), written, "{way:?}");
    }
}
