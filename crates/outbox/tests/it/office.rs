//! A service in miniature that calls another, which answers as a test tells it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use kernel::{RequestId, Shard, TenantId};
use outbox::{Call, Carry, Courier, NotCarried, Open};
use serde_json::json;
use store::{Store, Tx};
use testkit::{Database, house_tables, instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const SERVICE: &str = "loyalty";

pub struct Office {
    pub database: Database,
    pub store: Store,
    pub called: Arc<Called>,
    pub stop: CancellationToken,
}

/// Whoever is called: answers, or does not, and remembers what was said.
#[derive(Default)]
pub struct Called {
    pub said: Mutex<Vec<RequestId>>,
    pub settled: AtomicUsize,
    answers: Mutex<HashMap<RequestId, Vec<Answer>>>,
}

/// How a call is answered, the next time it is made.
#[derive(Clone, Copy)]
pub enum Answer {
    Nothing,
    Nonsense,
    Panic,
}

impl Called {
    /// So is this call answered before it is answered well.
    pub fn answers(&self, id: RequestId, so: &[Answer]) {
        self.answers.lock().expect("whole").insert(id, so.to_vec());
    }

    pub fn said(&self) -> Vec<RequestId> {
        self.said.lock().expect("whole").clone()
    }

    pub fn times(&self, id: RequestId) -> usize {
        self.said().into_iter().filter(|said| *said == id).count()
    }

    fn next(&self, id: RequestId) -> Option<Answer> {
        self.answers.lock().expect("whole").get_mut(&id).and_then(Vec::pop)
    }
}

struct Carrier {
    store: Store,
    called: Arc<Called>,
}

#[async_trait]
impl Carry for Carrier {
    async fn carry(&self, call: Open) -> Result<(), NotCarried> {
        self.called.said.lock().expect("whole").push(call.id);
        match self.called.next(call.id) {
            Some(Answer::Nothing) => return Err(NotCarried::Unanswered("nobody is there".to_owned())),
            Some(Answer::Nonsense) => return Err(NotCarried::Misunderstood("they said blue".to_owned())),
            Some(Answer::Panic) => panic!("a rule is wrong"),
            None => {}
        }
        let mut tx = self.store.begin(call.tenant, [call.shard]).await?;
        if outbox::settle(&mut tx, &call).await? {
            self.called.settled.fetch_add(1, Ordering::SeqCst);
        }
        tx.commit().await?;
        Ok(())
    }
}

impl Office {
    pub async fn open() -> Self {
        let database = Database::for_suite(&[(SERVICE, house_tables())]).await;
        let store = database.store(SERVICE).await;
        Self { database, store, called: Arc::default(), stop: CancellationToken::new() }
    }

    /// A courier of a process of its own.
    pub async fn courier(&self) -> Courier {
        let store = self.database.store(SERVICE).await;
        Courier::new(store.clone(), Arc::new(Carrier { store, called: Arc::clone(&self.called) }))
    }

    /// The same, in this process and already at work.
    pub fn runs(&self) -> Courier {
        let carrier = Carrier { store: self.store.clone(), called: Arc::clone(&self.called) };
        let courier = Courier::new(self.store.clone(), Arc::new(carrier));
        tokio::spawn(courier.clone().run(self.stop.clone()));
        courier
    }

    pub async fn begin(&self, calls: &[Call]) -> Tx {
        let tenants: store::Tenants = calls.iter().map(|call| call.tenant).collect();
        self.store.begin(tenants, calls.iter().map(|call| call.shard)).await.expect("it begins")
    }

    pub async fn place(&self, calls: &[Call]) {
        let mut tx = self.begin(calls).await;
        outbox::place(&mut tx, calls, instant("2026-01-10T02:00:00Z")).await.expect("they are placed");
        tx.commit().await.expect("it commits");
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A call about somebody, that follows from a cause of this name.
pub fn call(subject: Uuid, cause: &str) -> Call {
    Call {
        tenant: TenantId::from(Uuid::from_u128(7)),
        shard: Shard::from(subject.as_bytes()[0]),
        subject,
        id: RequestId::caused_by(subject, cause),
        kind: "grant",
        payload: json!({ "points": 100 }),
    }
}
