//! A desk that writes entries down, and can be watched and held up at its work.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use kernel::{RequestId, Shard, TenantId};
use serde_json::json;
use store::{Desk, Digests, Place, Recall, RequestKey, StoreError, Tx, Writer};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::ledger::{clock, tenant};

/// What the desk is asked: to write one entry.
#[derive(Clone, Debug)]
pub struct Ask {
    pub tenant: TenantId,
    pub shard: Shard,
    pub amount: i64,
    pub key: RequestKey,
}

impl Ask {
    pub fn of(amount: i64) -> Self {
        let key = RequestKey { rpc: "Enter", id: RequestId::new_at(clock().now()), digests: Digests::default() };
        Self { tenant: tenant(), shard: Shard::from((amount % 5).unsigned_abs() as u8), amount, key }
    }

    /// The entry's id: the request's own, so that an effect can be told from another's.
    pub fn id(&self) -> Uuid {
        self.key.id.uuid()
    }
}

/// Writes down what it is asked, once for each request id.
#[derive(Debug)]
pub struct Book {
    works: AtomicU32,
    /// One permit lets one batch through.
    gate: Semaphore,
}

/// More batches than any test has.
const OPEN: usize = 1_000_000;

impl Book {
    pub fn open() -> Arc<Self> {
        Arc::new(Self { works: AtomicU32::new(0), gate: Semaphore::new(OPEN) })
    }

    /// With a gate inside the transaction, behind which each batch waits.
    pub fn held_up() -> Arc<Self> {
        Arc::new(Self { works: AtomicU32::new(0), gate: Semaphore::new(0) })
    }

    pub fn let_go(&self) {
        self.gate.add_permits(OPEN);
    }

    /// How often a batch was worked off or begun to be.
    pub fn works(&self) -> u32 {
        self.works.load(Ordering::SeqCst)
    }
}

/// An amount that makes the desk fail as a wrong rule would.
pub const PANICS: i64 = -1;
/// From this amount on, an ask is presumed to be new.
pub const FRESH: i64 = 1_000;
/// An amount that finds the database away.
pub const UNAVAILABLE: i64 = -2;

impl Desk for Book {
    type Ask = Ask;
    type Answer = Uuid;

    fn place(ask: &Ask) -> Place {
        Place { tenants: BTreeSet::from([ask.tenant]), shards: BTreeSet::from([ask.shard]) }
    }

    fn presumes_new(asks: &[Ask]) -> bool {
        asks.iter().all(|ask| ask.amount >= FRESH)
    }

    fn work<'a>(&'a self, tx: &'a mut Tx, asks: &'a [Ask]) -> BoxFuture<'a, Result<Vec<Uuid>, StoreError>> {
        async move {
            let batch = self.works.fetch_add(1, Ordering::SeqCst);
            self.gate.acquire().await.expect("it is never closed").forget();
            assert!(asks.iter().all(|ask| ask.amount != PANICS), "a rule is wrong");
            if asks.iter().any(|ask| ask.amount == UNAVAILABLE) {
                return Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut));
            }
            write(tx, batch, asks).await?;
            Ok(asks.iter().map(Ask::id).collect())
        }
        .boxed()
    }
}

async fn write(tx: &mut Tx, batch: u32, asks: &[Ask]) -> Result<(), StoreError> {
    let asked: Vec<_> = asks.iter().map(|ask| (ask.tenant, ask.shard, &ask.key)).collect();
    let known = tx.recall_all(&asked, clock().now()).await?;
    let new = asks.iter().zip(known).filter(|(_, known)| *known == Recall::New);
    for (place, (ask, _)) in (0_i64..).zip(new) {
        sqlx::query("INSERT INTO entry (tenant, shard, id, amount, batch, place) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(ask.tenant.uuid())
            .bind(ask.shard.number())
            .bind(ask.id())
            .bind(ask.amount)
            .bind(i64::from(batch))
            .bind(place)
            .execute(tx.connection())
            .await?;
        tx.remember(ask.tenant, ask.shard, &ask.key, &json!(null), clock().now())?;
    }
    Ok(())
}

/// What became of some asks handed in at once, in their order.
pub type Answers = Vec<Result<Uuid, StoreError>>;

/// Hands asks in, in their order, and waits for all answers in the background.
pub fn hand_in(writer: &Writer<Book>, asks: &[Ask]) -> tokio::task::JoinHandle<Answers> {
    let (writer, asks) = (writer.clone(), asks.to_vec());
    tokio::spawn(async move { futures::future::join_all(asks.into_iter().map(|ask| writer.write(ask))).await })
}
