//! Writes are batches, and nobody notices but by their speed.

use std::sync::Arc;

use futures::FutureExt as _;
use store::{Recall, Store, StoreError, Writer};
use testkit::{Database, Promise, count, until};
use uuid::Uuid;

use crate::desk::{Ask, Book, FRESH, PANICS, UNAVAILABLE, hand_in};
use crate::ledger::{SERVICE, clock, database, entries};

async fn writer(book: &Arc<Book>) -> (Database, Store, Writer<Book>) {
    let database = database().await;
    let store = database.store(SERVICE).await;
    let writer = Writer::start(store.clone(), Arc::clone(book));
    (database, store, writer)
}

fn asks(amounts: std::ops::Range<i64>) -> Vec<Ask> {
    amounts.map(Ask::of).collect()
}

fn ids(asks: &[Ask]) -> Vec<Uuid> {
    asks.iter().map(Ask::id).collect()
}

/// Has one ask at the desk, which is held up; others then gather behind it.
async fn busy(
    book: &Arc<Book>,
    writer: &Writer<Book>,
) -> (Ask, tokio::task::JoinHandle<Vec<Result<Uuid, StoreError>>>) {
    let first = Ask::of(1);
    let answer = hand_in(writer, std::slice::from_ref(&first));
    until("a batch is at the desk", || async { book.works() == 1 }).await;
    (first, answer)
}

#[tokio::test]
async fn what_arrives_during_a_commit_forms_the_next_batch() {
    let book = Book::held_up();
    let (database, _store, writer) = writer(&book).await;
    let (first, answer) = busy(&book, &writer).await;
    let others = asks(2..202);
    let answers = hand_in(&writer, &others);
    until("all are in line", || async { format!("{writer:?}").contains("200") }).await;
    book.let_go();
    assert_eq!(answer.await.expect("it is answered").remove(0).expect("it is done"), first.id());
    let answers: Vec<Uuid> =
        answers.await.expect("they are answered").into_iter().map(|one| one.expect("it is done")).collect();
    assert_eq!(answers, ids(&others), "each has its own answer");
    assert_eq!(book.works(), 2, "200 share one commit");
    let expected: Vec<Uuid> = [first.id()].into_iter().chain(ids(&others)).collect();
    assert_eq!(entries(&database).await, expected, "they are worked on in the order they came in");
}

#[tokio::test]
async fn a_lone_ask_does_not_wait() {
    let book = Book::open();
    let (database, _store, writer) = writer(&book).await;
    for ask in asks(1..11) {
        assert_eq!(writer.write(ask.clone()).await.expect("it is done"), ask.id());
    }
    assert_eq!((book.works(), entries(&database).await.len()), (10, 10));
}

async fn waits_inside_a_transaction(database: &Database) -> bool {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1
                        AND state LIKE 'idle in transaction%')",
    )
    .bind(SERVICE)
    .fetch_one(&mut database.look().await)
    .await
    .expect("the server lists its processes")
}

#[tokio::test]
async fn a_writer_with_nothing_to_do_gives_its_connection_back() {
    let (database, _store, writer) = writer(&Book::open()).await;
    writer.write(Ask::of(1)).await.expect("it is done");
    assert!(waits_inside_a_transaction(&database).await, "the next transaction has begun with the commit");
    until("the connection is given back", || async { !waits_inside_a_transaction(&database).await }).await;
    writer.write(Ask::of(2)).await.expect("it is done");
    assert_eq!(entries(&database).await.len(), 2);
}

#[tokio::test]
async fn a_store_closes_although_a_writer_has_kept_a_connection() {
    let (_database, store, writer) = writer(&Book::open()).await;
    writer.write(Ask::of(1)).await.expect("it is done");
    store.close().await;
    assert!(writer.write(Ask::of(2)).await.is_err(), "nothing is written any more");
}

/// One ask among 64 is wrong: it alone hears of it, and the others are done once and in order.
async fn one_culprit(amount: i64, told: impl Fn(&StoreError) -> bool) {
    for place in [17, 63] {
        let book = Book::held_up();
        let (database, _store, writer) = writer(&book).await;
        let (first, _answer) = busy(&book, &writer).await;
        let mut all = asks(2..66);
        all[place].amount = amount;
        let answers = hand_in(&writer, &all);
        until("all are in line", || async { format!("{writer:?}").contains("64") }).await;
        book.let_go();
        for (number, answer) in answers.await.expect("they are answered").into_iter().enumerate() {
            match answer {
                Ok(id) => assert!(number != place && id == all[number].id(), "{number} of {place}"),
                Err(error) => assert!(number == place && told(&error), "{number} of {place}: {error:?}"),
            }
        }
        let mut expected = vec![first.id()];
        expected.extend(ids(&all));
        expected.remove(place + 1);
        assert_eq!(entries(&database).await, expected);
        let after = Ask::of(3);
        assert_eq!(writer.write(after.clone()).await.expect("the writer goes on"), after.id());
    }
}

#[tokio::test]
async fn a_broken_law_is_told_to_the_culprit_alone() {
    one_culprit(0, |error| error.constraint() == Some("amount_is_positive")).await;
}

#[tokio::test]
async fn a_panic_is_told_to_the_culprit_alone() {
    one_culprit(PANICS, |error| !error.may_retry()).await;
}

#[tokio::test]
async fn a_database_that_is_away_is_told_to_all_without_trying_each() {
    let book = Book::held_up();
    let (database, _store, writer) = writer(&book).await;
    let (first, _answer) = busy(&book, &writer).await;
    let mut all = asks(2..66);
    all[17].amount = UNAVAILABLE;
    let answers = hand_in(&writer, &all);
    until("all are in line", || async { format!("{writer:?}").contains("64") }).await;
    book.let_go();
    for answer in answers.await.expect("they are answered") {
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    }
    assert!(book.works() < 12, "the desk was tried {} times for one outage", book.works());
    assert_eq!(entries(&database).await, [first.id()]);
}

#[tokio::test]
async fn a_caller_that_went_away_in_line_is_skipped_and_at_the_desk_is_not() {
    let book = Book::held_up();
    let (database, _store, writer) = writer(&book).await;
    let (at_the_desk, answer) = busy(&book, &writer).await;
    answer.abort();
    let (in_line, last) = (Ask::of(2), Ask::of(3));
    let mut gone = Box::pin(writer.write(in_line));
    assert!((&mut gone).now_or_never().is_none(), "it waits in line");
    drop(gone);
    let answers = hand_in(&writer, std::slice::from_ref(&last));
    until("it is in line", || async { format!("{writer:?}").contains("2") }).await;
    book.let_go();
    assert_eq!(answers.await.expect("it is answered").remove(0).expect("it is done"), last.id());
    assert_eq!(entries(&database).await, [at_the_desk.id(), last.id()]);
}

#[tokio::test]
async fn twins_in_one_batch_have_one_effect() {
    let book = Book::held_up();
    let (database, _store, writer) = writer(&book).await;
    let (first, _answer) = busy(&book, &writer).await;
    let twin = Ask::of(2);
    let answers = hand_in(&writer, &vec![twin.clone(); count(Promise::Twins) as usize]);
    until("all are in line", || async { format!("{writer:?}").contains(&count(Promise::Twins).to_string()) }).await;
    book.let_go();
    for answer in answers.await.expect("they are answered") {
        assert_eq!(answer.expect("it is done"), twin.id());
    }
    assert_eq!(entries(&database).await, [first.id(), twin.id()]);
}

#[tokio::test]
async fn what_is_presumed_to_be_new_and_is_not_is_done_once() {
    let book = Book::open();
    let (database, store, writer) = writer(&book).await;
    let before = asks(FRESH..FRESH + 20);
    hand_in(&writer, &before).await.expect("it is answered");
    let batches = book.works();
    for round in 1..=3 {
        let new = asks(FRESH + 20 * round..FRESH + 20 * (round + 1));
        let mixed: Vec<Ask> = new.iter().zip(&before).flat_map(|(new, old)| [old.clone(), new.clone()]).collect();
        let answers = hand_in(&writer, &mixed).await.expect("they are answered");
        assert_eq!(answers.into_iter().map(|one| one.expect("it is done")).collect::<Vec<_>>(), ids(&mixed));
    }
    assert!(book.works() > batches, "they are worked off");
    let there = entries(&database).await;
    assert_eq!(there.len(), 80, "each once");
    // What nobody looked up was written down all the same.
    let mut tx = store.begin(before[0].tenant, [before[0].shard]).await.expect("it begins");
    let known = tx.recall::<serde_json::Value>(before[0].tenant, before[0].shard, &before[0].key, clock().now()).await;
    assert_eq!(known.expect("it reads"), Recall::Done(serde_json::Value::Null));
}

#[tokio::test]
async fn a_culprit_among_what_is_presumed_to_be_new_is_told_alone() {
    let book = Book::open();
    let (database, _store, writer) = writer(&book).await;
    let mut all = asks(FRESH..FRESH + 20);
    all[7].amount = PANICS;
    let answers = hand_in(&writer, &all).await.expect("they are answered");
    let failed: Vec<usize> = (0..20).filter(|place| answers[*place].is_err()).collect();
    assert_eq!(failed, [7]);
    assert_eq!(entries(&database).await.len(), 19);
}

#[tokio::test]
async fn a_full_queue_says_so_and_keeps_what_it_took() {
    let book = Book::held_up();
    let (database, _store, writer) = writer(&book).await;
    let (first, _answer) = busy(&book, &writer).await;
    // All the same request, so that only the queue has work.
    let again = vec![first.clone(); 9_000];
    let answers = hand_in(&writer, &again);
    until("it is full", || async { format!("{writer:?}").contains("8192") }).await;
    book.let_go();
    let (done, refused): (Vec<_>, Vec<_>) =
        answers.await.expect("they are answered").into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), refused.len()), (8_192, 9_000 - 8_192));
    assert!(refused.iter().all(|answer| matches!(answer, Err(StoreError::Full))));
    assert_eq!(entries(&database).await, [first.id()]);
}

#[tokio::test]
async fn what_was_taken_is_done_after_the_last_handle_is_gone() {
    let book = Book::held_up();
    let (database, _store, writer) = writer(&book).await;
    let (first, _answer) = busy(&book, &writer).await;
    let others = asks(2..12);
    let answers = hand_in(&writer, &others);
    until("all are in line", || async { format!("{writer:?}").contains("10") }).await;
    drop(writer);
    book.let_go();
    assert!(answers.await.expect("they are answered").iter().all(Result::is_ok));
    assert_eq!(entries(&database).await.len(), 1 + others.len());
    assert_eq!(entries(&database).await[0], first.id());
    until("the desk is closed", || async { Arc::strong_count(&book) == 1 }).await;
}
