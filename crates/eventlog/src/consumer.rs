//! Hearing another service's log: one watch, a cursor for each partition, events applied exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use kernel::{Clock, Shard};
use proto::eventlog::v1::{self as wire_log, event_log_service_client::EventLogServiceClient};
use store::{Store, StoreError};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, Streaming};
use uuid::Uuid;

use crate::heard::{CannotApply, Heard, HeardEvent};
use crate::incoming::{Arrived, Incoming};
use crate::sorting::{Places, advance, nothing_is_missing, partition, sort_out};
use crate::{Progress, parked};

/// What applies events. It must call [`Heard::settle`] in the transaction of their effects.
#[async_trait]
pub trait Listener: Send + Sync + 'static {
    /// Applies some events in one transaction, or none of them.
    async fn hear(&self, heard: Arc<Heard>) -> Result<(), CannotApply>;
}

/// Where a log is watched: a client of the event log service, in this process or another.
#[async_trait]
pub trait Producer: Send + Sync + 'static {
    /// Opens a watch.
    async fn watch(&self, request: wire_log::WatchRequest) -> Result<Streaming<wire_log::WatchResponse>, Status>;

    /// Asks where cursors stand.
    async fn locate(&self, request: wire_log::LocateCursorsRequest) -> Result<wire_log::LocateCursorsResponse, Status>;
}

#[async_trait]
impl<T> Producer for EventLogServiceClient<T>
where
    T: tonic::client::GrpcService<tonic::body::Body> + Clone + Send + Sync + 'static,
    T::Future: Send,
    T::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    T::ResponseBody: tonic::transport::Body<Data = prost::bytes::Bytes> + Send + 'static,
    <T::ResponseBody as tonic::transport::Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    async fn watch(&self, request: wire_log::WatchRequest) -> Result<Streaming<wire_log::WatchResponse>, Status> {
        let mut client = self.clone();
        Ok(EventLogServiceClient::watch(&mut client, request).await?.into_inner())
    }

    async fn locate(&self, request: wire_log::LocateCursorsRequest) -> Result<wire_log::LocateCursorsResponse, Status> {
        let mut client = self.clone();
        Ok(EventLogServiceClient::locate_cursors(&mut client, request).await?.into_inner())
    }
}

/// One producer and what its events do here.
#[derive(Clone)]
pub struct Listening {
    /// The producer's name.
    pub source: &'static str,
    /// Where its log is watched.
    pub producer: Arc<dyn Producer>,
    /// What applies its events.
    pub listener: Arc<dyn Listener>,
}

/// Everything one service hears. Clones are handles to the same.
#[derive(Clone)]
pub struct Consumer {
    store: Store,
    clock: Clock,
    progress: Progress,
    listening: Arc<[Listening]>,
    retrying: Arc<Mutex<()>>,
}

/// How often an event is tried before it is parked.
const ATTEMPTS: i32 = 3;
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

type Opened = (Incoming, Places);

pub(crate) enum Halt {
    /// Read the cursors again and go on from there.
    Reload,
    /// The database is away.
    Away(StoreError),
    /// The watch has left something out.
    Gap(String),
}

impl Consumer {
    /// Hears nothing until [`Consumer::run`].
    pub fn new(store: Store, clock: Clock, progress: Progress, listening: Vec<Listening>) -> Self {
        progress.hears(listening.iter().map(|listening| listening.source));
        Self { store, clock, progress, listening: listening.into(), retrying: Arc::default() }
    }

    /// The service that hears.
    pub fn service(&self) -> &'static str {
        self.store.service()
    }

    /// Hears all producers until `stop`. What is being applied then is finished.
    pub async fn run(self, stop: CancellationToken) {
        let each = self.listening.iter().map(|listening| self.follow(listening, &stop));
        futures::future::join_all(each).await;
    }

    async fn follow(&self, listening: &Listening, stop: &CancellationToken) {
        let mut pause = PAUSE;
        while !stop.is_cancelled() {
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                opened = self.open(listening) => match opened {
                    Ok(Some((incoming, places))) => self.hear_out(listening, incoming, places, &mut pause, stop).await,
                    Ok(None) => Ok(()),
                    Err(wrong) => Err(wrong),
                },
            };
            match ended {
                Ok(()) => pause = PAUSE,
                Err(wrong) => {
                    tracing::warn!(consumer = self.service(), producer = listening.source, %wrong, "the watch broke off");
                    self.progress.in_trouble(listening.source, wrong);
                    tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(pause) => {} }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Opens a watch; none where the cursors it was opened with have just been taken into a new epoch.
    async fn open(&self, listening: &Listening) -> Result<Option<Opened>, String> {
        let known = parked::cursors(&self.store, listening.source).await.map_err(|error| error.to_string())?;
        let places: Places = known.iter().map(|cursor| (cursor.shard, (cursor.epoch, cursor.position))).collect();
        let new = Shard::all().filter(|shard| !places.contains_key(shard)).map(|shard| wire_log::Cursor {
            partition: u32::try_from(shard.number()).unwrap_or_default(),
            ..wire_log::Cursor::default()
        });
        let cursors = new.chain(known.iter().map(parked::Cursor::told)).collect();
        let request = wire_log::WatchRequest { source: listening.source.to_owned(), cursors, until_caught_up: false };
        let asked = Instant::now();
        match listening.producer.watch(request).await {
            Ok(stream) => Ok(Some((Incoming::new(stream, asked), places))),
            Err(refused) if refused.code() == Code::FailedPrecondition => {
                match self.continue_alone(listening.source).await {
                    Ok(true) => Ok(None),
                    Ok(false) => Err(refused.message().to_owned()),
                    Err(status) => Err(status.message().to_owned()),
                }
            }
            Err(status) => Err(status.message().to_owned()),
        }
    }

    async fn hear_out(
        &self,
        listening: &Listening,
        mut incoming: Incoming,
        mut places: Places,
        pause: &mut Duration,
        stop: &CancellationToken,
    ) -> Result<(), String> {
        let mut any_parked = parked::any(&self.store).await.map_err(|error| error.to_string())?;
        loop {
            let arrived = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                arrived = incoming.next() => arrived?,
            };
            let Some(Arrived { message, heard_out, ended }) = arrived else { return Ok(()) };
            for reached in &message.reached {
                if let (Some(shard), Ok(epoch)) = (partition(reached.partition), Uuid::try_parse(&reached.epoch)) {
                    places.entry(shard).or_insert((epoch, 0));
                }
            }
            let events: Vec<HeardEvent> = message.events.into_iter().filter_map(HeardEvent::read).collect();
            let moved: BTreeSet<Shard> = events.iter().map(|event| event.shard).collect();
            match self.apply(listening, &mut places, events, &mut any_parked).await {
                Ok(()) => {
                    nothing_is_missing(&places, &message.reached)?;
                    if let Some(by) = heard_out {
                        self.progress.heard_out(listening.source, by);
                    }
                    self.note(listening.source, &places, &moved, &message.reached);
                    // Whatever was in the way is not any more.
                    if !moved.is_empty() {
                        *pause = PAUSE;
                    }
                }
                Err(Halt::Reload) => return Ok(()),
                Err(Halt::Away(error)) => return Err(error.to_string()),
                Err(Halt::Gap(told)) => return Err(told),
            }
            if let Some(ended) = ended {
                return ended;
            }
        }
    }

    /// Applies events, halving where one of them cannot be applied, until it stands alone and is parked.
    async fn apply(
        &self,
        listening: &Listening,
        places: &mut Places,
        events: Vec<HeardEvent>,
        any_parked: &mut bool,
    ) -> Result<(), Halt> {
        let mut pieces = vec![events];
        while let Some(mut piece) = pieces.pop() {
            if piece.is_empty() {
                continue;
            }
            let waiting = if *any_parked {
                parked::waiting(&self.store, listening.source, &piece).await.map_err(Halt::Away)?
            } else {
                BTreeSet::new()
            };
            let heard = Arc::new(sort_out(listening.source, places, piece.clone(), &waiting)?);
            let Some(_cause) = attempt(listening, &heard).await? else {
                advance(places, &heard.moves);
                continue;
            };
            if piece.len() > 1 {
                let second = piece.split_off(piece.len() / 2);
                pieces.push(second);
                pieces.push(piece);
            } else {
                self.try_again_or_park(listening, places, piece).await?;
                *any_parked = true;
            }
        }
        Ok(())
    }

    async fn try_again_or_park(
        &self,
        listening: &Listening,
        places: &mut Places,
        piece: Vec<HeardEvent>,
    ) -> Result<(), Halt> {
        let mut cause = String::new();
        for tried in 1..ATTEMPTS {
            tokio::time::sleep(PAUSE * u32::try_from(tried).unwrap_or(1)).await;
            let heard = Arc::new(sort_out(listening.source, places, piece.clone(), &BTreeSet::new())?);
            match attempt(listening, &heard).await? {
                None => {
                    advance(places, &heard.moves);
                    return Ok(());
                }
                Some(wrong) => cause = wrong.to_string(),
            }
        }
        let mut heard = sort_out(listening.source, places, piece, &BTreeSet::new())?;
        for event in std::mem::take(&mut heard.events) {
            tracing::error!(
                consumer = self.service(),
                producer = listening.source,
                partition = event.shard.number(),
                position = event.position,
                kind = event.kind(),
                cause,
                "an event cannot be applied and is parked"
            );
            heard.aside.push((event, cause.clone(), ATTEMPTS));
        }
        self.settle_alone(&heard).await?;
        advance(places, &heard.moves);
        Ok(())
    }

    async fn settle_alone(&self, heard: &Heard) -> Result<(), Halt> {
        let place = heard.place();
        let settled = async {
            let mut tx = self.store.begin(place.tenants.into_iter().collect::<store::Tenants>(), place.shards).await?;
            heard.settle(&mut tx, self.clock.now()).await?;
            tx.commit().await
        };
        settled.await.map_err(|error| match error {
            StoreError::CursorMoved => Halt::Reload,
            other => Halt::Away(other),
        })
    }

    /// Notes for waiting readers what is reflected here now.
    fn note(&self, source: &'static str, places: &Places, moved: &BTreeSet<Shard>, reached: &[wire_log::Reached]) {
        let told = reached.iter().filter_map(|reached| partition(reached.partition));
        let touched: BTreeSet<Shard> = moved.iter().copied().chain(told).collect();
        let own = touched.into_iter().filter_map(|shard| {
            places.get(&shard).map(|(epoch, position)| (source.to_owned(), shard, *epoch, *position))
        });
        let upstream = reached.iter().flat_map(|reached| &reached.upstream);
        let through = reached.iter().flat_map(|reached| {
            let shard = partition(reached.partition)
                .filter(|shard| places.get(shard).is_some_and(|(_, position)| *position >= reached.position));
            reached.upstream.iter().filter_map(move |upstream| {
                Some((upstream.source.clone(), shard?, Uuid::try_parse(&upstream.epoch).ok()?, upstream.position))
            })
        });
        self.progress.reached(source, own.chain(through));
        self.progress.learns(source, upstream.map(|upstream| upstream.source.clone()));
    }

    /// How many events each producer has that were not applied here, by the producers' own word.
    pub async fn cursors(&self, source: &str) -> Result<BTreeMap<Shard, i64>, StoreError> {
        let known = parked::cursors(&self.store, source).await?;
        Ok(known.into_iter().map(|cursor| (cursor.shard, cursor.position)).collect())
    }

    /// What keeps a producer from being heard; none where nothing does.
    pub fn trouble(&self, source: &str) -> Option<String> {
        self.progress.trouble(source)
    }

    /// The producers heard.
    pub fn sources(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.listening.iter().map(|listening| listening.source)
    }

    pub(crate) fn listening(&self, source: &str) -> Option<&Listening> {
        self.listening.iter().find(|listening| listening.source == source)
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn retrying(&self) -> &Mutex<()> {
        &self.retrying
    }

    pub(crate) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How many events are parked here.
    pub async fn parked(&self) -> Result<i64, StoreError> {
        parked::count(&self.store).await
    }
}

/// Has a listener apply something; answers what is wrong with it, if anything is.
pub(crate) async fn attempt(listening: &Listening, heard: &Arc<Heard>) -> Result<Option<CannotApply>, Halt> {
    // A panic is one event's: whoever hears must go on for all the others.
    let hearing = AssertUnwindSafe(listening.listener.hear(Arc::clone(heard))).catch_unwind();
    let heard = hearing.await.unwrap_or_else(|_| Err(CannotApply::Event("the rules panicked over it".to_owned())));
    match heard {
        Ok(()) => Ok(None),
        Err(CannotApply::Store(StoreError::CursorMoved)) => Err(Halt::Reload),
        Err(CannotApply::Store(error))
            if error.may_retry() || matches!(error, StoreError::Full | StoreError::Stopping) =>
        {
            Err(Halt::Away(error))
        }
        Err(wrong) => Ok(Some(wrong)),
    }
}
