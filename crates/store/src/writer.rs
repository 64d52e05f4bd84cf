//! Writes are batches; a batch of one is the ordinary case.
//!
//! Requests that arrive while a commit is under way form the next batch; a lone request never waits. Each request gets
//! an answer of its own. A broken law of the schema or a panic spoils the batch, so the batch is halved until the one
//! culprit stands alone and answers with the failure; its neighbours never notice. A database that is away is told to all.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use kernel::{Shard, TenantId};
use tokio::sync::{mpsc, oneshot};

use crate::tx::Open;
use crate::{Store, StoreError, Tenants, Tx};

/// Where a request writes.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// Whose rows it touches.
    pub tenants: BTreeSet<TenantId>,
    /// Which shards it locks.
    pub shards: BTreeSet<Shard>,
}

/// What works a batch off.
pub trait Desk: Send + Sync + 'static {
    /// A request. It may be worked on more than once, so it is not consumed.
    type Ask: Send + Sync + 'static;
    /// Its answer; a refusal is an answer.
    type Answer: Send + 'static;

    /// Where a request writes.
    fn place(ask: &Self::Ask) -> Place;

    /// Whether a batch is worked off as if none of it was ever done before: requests are recalled as new without a look
    /// ([`Tx::recall_all`]), and what was done before breaks a key where it is written a second time. Then, and where the
    /// desk says [`StoreError::Presumed`], the batch is undone and worked off again, looking. Only for batches in which
    /// whatever is done twice would break a key.
    fn presumes_new(_asks: &[Self::Ask]) -> bool {
        false
    }

    /// Works a batch off in one open transaction: an answer for each request, in their order.
    fn work<'a>(
        &'a self,
        tx: &'a mut Tx,
        asks: &'a [Self::Ask],
    ) -> BoxFuture<'a, Result<Vec<Self::Answer>, StoreError>>;
}

struct Waiting<D: Desk> {
    ask: D::Ask,
    answer: oneshot::Sender<Result<D::Answer, StoreError>>,
}

/// The queues in front of a desk: one for each writer, and each shard always in the same.
pub struct Writer<D: Desk> {
    queues: Arc<[mpsc::Sender<Waiting<D>>]>,
}

impl<D: Desk> Clone for Writer<D> {
    fn clone(&self) -> Self {
        Self { queues: Arc::clone(&self.queues) }
    }
}

impl<D: Desk> std::fmt::Debug for Writer<D> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let waiting: usize = self.queues.iter().map(|queue| queue.max_capacity() - queue.capacity()).sum();
        out.debug_struct("Writer").field("waiting", &waiting).finish()
    }
}

const QUEUE: usize = 8_192;
const BATCH: usize = 1_024;
const ATTEMPTS: u32 = 6;

impl<D: Desk> Writer<D> {
    /// Starts a writer. It ends when the last clone of its handle is dropped, after what was accepted is done.
    pub fn start(store: Store, desk: Arc<D>) -> Self {
        Self::several(&store, &desk, NonZeroUsize::MIN)
    }

    /// The same with several writers, so that one batch is decided and written while another is committed. A request goes
    /// to the writer of its first shard: those of one shard keep their order, those of many wait for the locks of others.
    pub fn several(store: &Store, desk: &Arc<D>, writers: NonZeroUsize) -> Self {
        let queues = (0..writers.get()).map(|_| {
            let (queue, waiting) = mpsc::channel(QUEUE);
            tokio::spawn(run(store.clone(), Arc::clone(desk), waiting));
            queue
        });
        Self { queues: queues.collect() }
    }

    /// Hands a request in and waits for its answer. Once its batch has begun, it is carried out even if nobody waits.
    pub async fn write(&self, ask: D::Ask) -> Result<D::Answer, StoreError> {
        let (answer, answered) = oneshot::channel();
        let shard = D::place(&ask).shards.first().map_or(0, |shard| usize::from(shard.byte()));
        self.queues[shard % self.queues.len()].try_send(Waiting { ask, answer }).map_err(|full| match full {
            mpsc::error::TrySendError::Full(_) => StoreError::Full,
            mpsc::error::TrySendError::Closed(_) => StoreError::Stopping,
        })?;
        answered.await.map_err(|_| StoreError::Stopping)?
    }
}

/// How long a writer with nothing to do keeps its connection.
const KEPT: Duration = Duration::from_secs(1);

/// What a writer keeps from batch to batch: a connection whose next transaction began with the last one's commit. Nothing
/// was read in it yet, so it holds nothing up.
struct Pen<'s> {
    store: &'s Store,
    open: Option<Open>,
    /// How many batches are looked through before one is presumed to be new again.
    wary: u32,
}

/// Whoever says things again seldom says one: after an outage all come back.
const WARY: u32 = 32;

async fn run<D: Desk>(store: Store, desk: Arc<D>, mut waiting: mpsc::Receiver<Waiting<D>>) {
    let mut batch = Vec::new();
    let mut pen = Pen { store: &store, open: None, wary: 0 };
    while next(&mut pen, &mut waiting, &mut batch).await > 0 {
        let (asks, answers): (Vec<_>, Vec<_>) = batch
            .drain(..)
            .filter(|waiting| !waiting.answer.is_closed())
            .map(|waiting| (waiting.ask, waiting.answer))
            .unzip();
        if store.is_closing() {
            pen.open = None;
        }
        let mut results = Vec::with_capacity(asks.len());
        settle(&mut pen, &*desk, &asks, &mut results).await;
        for (answer, result) in answers.into_iter().zip(results) {
            // A caller that went away after its batch had begun has no use for the answer.
            let _ = answer.send(result);
        }
    }
}

/// Waits for the next batch. The connection is given back when nobody comes for a while, or when the store closes.
async fn next<D: Desk>(
    pen: &mut Pen<'_>,
    waiting: &mut mpsc::Receiver<Waiting<D>>,
    batch: &mut Vec<Waiting<D>>,
) -> usize {
    if pen.open.is_some() {
        tokio::select! {
            biased;
            came = waiting.recv_many(batch, BATCH) => return came,
            () = tokio::time::sleep(KEPT) => {}
            () = pen.store.closing() => {}
        }
        pen.open = None;
    }
    waiting.recv_many(batch, BATCH).await
}

/// Works `asks` off, halving on a broken law. Halves stay in order, so the outcome is that of one batch without the
/// culprit.
async fn settle<D: Desk>(
    pen: &mut Pen<'_>,
    desk: &D,
    asks: &[D::Ask],
    results: &mut Vec<Result<D::Answer, StoreError>>,
) {
    let mut pieces = vec![asks];
    while let Some(piece) = pieces.pop() {
        if piece.is_empty() {
            continue;
        }
        match persist(pen, desk, piece).await {
            Ok(answers) => results.extend(answers.into_iter().map(Ok)),
            // Tried often enough, and no request's fault: trying each alone would hold up everybody behind.
            Err(error) if !error.may_be_one_requests() => {
                tracing::warn!(error = &error as &dyn std::error::Error, asks = piece.len(), "a batch was given up");
                results.extend(piece.iter().map(|_| Err(error.told_again())));
            }
            Err(error) if piece.len() == 1 => {
                tracing::error!(error = &error as &dyn std::error::Error, "a request broke its batch");
                results.push(Err(error));
            }
            Err(_) => {
                let (first, second) = piece.split_at(piece.len() / 2);
                pieces.push(second);
                pieces.push(first);
            }
        }
    }
}

async fn persist<D: Desk>(pen: &mut Pen<'_>, desk: &D, asks: &[D::Ask]) -> Result<Vec<D::Answer>, StoreError> {
    let mut presumes_new = pen.wary == 0 && D::presumes_new(asks);
    pen.wary = pen.wary.saturating_sub(1);
    let mut attempt = 1;
    loop {
        match commit(pen, desk, asks, presumes_new).await {
            Err(StoreError::Presumed | StoreError::Constraint { .. }) if presumes_new => {
                (presumes_new, pen.wary) = (false, WARY);
            }
            Err(error) if error.may_retry_at_once() && attempt < ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(5_u64 << attempt)).await;
                attempt += 1;
            }
            other => return other,
        }
    }
}

async fn commit<D: Desk>(
    pen: &mut Pen<'_>,
    desk: &D,
    asks: &[D::Ask],
    presumes_new: bool,
) -> Result<Vec<D::Answer>, StoreError> {
    let (mut tenants, mut shards) = (BTreeSet::new(), BTreeSet::new());
    for ask in asks {
        let place = D::place(ask);
        tenants.extend(place.tenants);
        shards.extend(place.shards);
    }
    let mut tx = pen.store.begin_on(pen.open.take(), &tenants.into_iter().collect::<Tenants>(), shards).await?;
    tx.presume_new(presumes_new);
    // A wrong rule must not end the writer that everybody shares.
    let answers = AssertUnwindSafe(desk.work(&mut tx, asks))
        .catch_unwind()
        .await
        .map_err(|_| StoreError::unreadable("the rules panicked over it"))??;
    if answers.len() != asks.len() {
        return Err(StoreError::unreadable("a desk must answer every request of its batch"));
    }
    pen.open = Some(tx.commit_and_chain().await?);
    Ok(answers)
}
