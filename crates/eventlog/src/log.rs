//! Reading a service's own log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kernel::{Shard, TenantId};
use proto::eventlog::v1 as wire_log;
use sqlx::Row as _;
use store::{Head, SqlTimestamp, Store, StoreError, Tenants};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use uuid::Uuid;

use crate::mark;

/// Where a reader stands that the log cannot serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The partition.
    pub partition: Shard,
    /// The position the reader claims to have reached.
    pub position: i64,
    /// Where the log ends.
    pub head: i64,
}

/// A reader's place in some partitions; no epoch before the first read.
pub(crate) type Places = BTreeMap<Shard, (Option<Uuid>, i64)>;

/// What of other logs is reflected in each partition.
pub(crate) type Reflected = BTreeMap<Shard, Vec<wire_log::Upstream>>;

/// Where all partitions stand, and what of other logs they reflect.
pub(crate) type Heads = (BTreeMap<Shard, Head>, Reflected);

/// The heads with when reading them began: everything committed by then is below them.
pub(crate) type Look = (Arc<Heads>, Instant);

/// One service's log. Clones share what they last read of its heads.
#[derive(Clone, Debug)]
pub struct Log {
    store: Store,
    seen: Arc<Mutex<Option<Seen>>>,
}

/// The heads as they were read once for all who follow the log.
#[derive(Debug)]
struct Seen {
    commits: u64,
    at: Instant,
    heads: Arc<Heads>,
}

/// What another process may have committed is looked for this often, however many follow the log.
const LATELY: Duration = Duration::from_millis(20);

/// As many events as are read at once, and about as many bytes of them.
const ROWS: i64 = 2_000;
const BYTES: usize = 1 << 20;

impl Log {
    /// The log of a service's own database.
    pub fn new(store: Store) -> Self {
        Self { store, seen: Arc::default() }
    }

    /// The service.
    pub fn source(&self) -> &'static str {
        self.store.service()
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// Changes whenever this process has committed events.
    pub(crate) fn committed(&self) -> watch::Receiver<u64> {
        self.store.committed()
    }

    /// How often this process has committed to this log's database: while it stays the same, nothing was written from here.
    #[must_use]
    pub fn commits(&self) -> u64 {
        *self.committed().borrow()
    }

    /// The last position of each partition.
    ///
    /// # Errors
    /// The database fails.
    pub async fn ends(&self) -> Result<BTreeMap<Shard, i64>, StoreError> {
        let mut reading = self.store.read(Tenants::Every).await?;
        let heads = sqlx::query("SELECT shard, position FROM head").fetch_all(reading.connection()).await?;
        heads.into_iter().map(|row| Ok((shard_of(row.try_get(0)?)?, row.try_get(1)?))).collect()
    }

    /// Where all partitions stand, and what of other logs they reflect.
    ///
    /// The cursors are read before the heads: whatever had been applied by then lies below the heads read after.
    pub async fn heads(&self) -> Result<Heads, StoreError> {
        let mut reading = self.store.read(Tenants::Every).await?;
        let cursors = sqlx::query("SELECT shard, source, epoch, position FROM cursor ORDER BY shard, source")
            .fetch_all(reading.connection())
            .await?;
        let mut upstream = Reflected::new();
        for row in cursors {
            let epoch: Uuid = row.try_get(2)?;
            let one =
                wire_log::Upstream { source: row.try_get(1)?, epoch: epoch.to_string(), position: row.try_get(3)? };
            upstream.entry(shard_of(row.try_get(0)?)?).or_default().push(one);
        }
        let heads = sqlx::query("SELECT shard, epoch, position FROM head")
            .fetch_all(reading.connection())
            .await?
            .into_iter()
            .map(|row| Ok((shard_of(row.try_get(0)?)?, Head { epoch: row.try_get(1)?, position: row.try_get(2)? })))
            .collect::<Result<BTreeMap<_, _>, StoreError>>()?;
        Ok((heads, upstream))
    }

    /// The same for somebody who follows the log: read once for all of them after a commit of this process, and again
    /// when the reading is older than a moment. All that this process had committed before the call is in it.
    pub(crate) async fn heads_lately(&self) -> Result<Look, StoreError> {
        let mut seen = self.seen.lock().await;
        // Looked at first: what is committed during the reading makes the next one another.
        let (commits, at) = (self.commits(), Instant::now());
        if let Some(known) = seen.as_ref().filter(|known| known.commits == commits && known.at.elapsed() < LATELY) {
            return Ok((Arc::clone(&known.heads), known.at));
        }
        let heads = Arc::new(self.heads().await?);
        *seen = Some(Seen { commits, at, heads: Arc::clone(&heads) });
        Ok((heads, at))
    }

    /// The first place that this log cannot serve: of another epoch, or beyond the head.
    pub(crate) fn lost(places: &Places, heads: &BTreeMap<Shard, Head>) -> Option<Lost> {
        places.iter().find_map(|(partition, (epoch, position))| {
            let head = heads.get(partition)?;
            let other_epoch = epoch.is_some_and(|epoch| epoch != head.epoch);
            (other_epoch || *position > head.position).then_some(Lost {
                partition: *partition,
                position: *position,
                head: head.position,
            })
        })
    }

    /// The next events after the places of those partitions whose heads are further on, in order within each.
    pub(crate) async fn read(
        &self,
        places: &Places,
        heads: &BTreeMap<Shard, Head>,
        tenants: Tenants,
    ) -> Result<Vec<wire_log::Event>, StoreError> {
        let behind: Vec<(i16, i64)> = places
            .iter()
            .filter(|(shard, (_, position))| heads.get(shard).is_some_and(|head| head.position > *position))
            .map(|(shard, (_, position))| (shard.number(), *position))
            .collect();
        if behind.is_empty() {
            return Ok(Vec::new());
        }
        let (shards, after): (Vec<i16>, Vec<i64>) = behind.into_iter().unzip();
        let each = (ROWS / i64::try_from(shards.len()).unwrap_or(ROWS)).max(16);
        let mut reading = self.store.read(tenants).await?;
        let rows = sqlx::query(
            "SELECT found.* FROM unnest($1::smallint[], $2::bigint[]) AS place (shard, after)
             CROSS JOIN LATERAL (
                 SELECT event.shard, event.position, event.tenant, event.subject, event.type, event.occurred_at,
                        event.recorded_at, event.payload
                 FROM event WHERE event.shard = place.shard AND event.position > place.after
                 ORDER BY event.position LIMIT $3
             ) AS found",
        )
        .bind(&shards)
        .bind(&after)
        .bind(each)
        .fetch_all(reading.connection())
        .await?;

        let (mut events, mut bytes) = (Vec::with_capacity(rows.len()), 0);
        for row in rows {
            let event = self.event(&row)?;
            bytes += event.payload.len();
            if bytes > BYTES && !events.is_empty() {
                break;
            }
            events.push(event);
        }
        Ok(events)
    }

    pub(crate) fn event(&self, row: &sqlx::postgres::PgRow) -> Result<wire_log::Event, StoreError> {
        let shard = shard_of(row.try_get(0)?)?;
        let tenant: Uuid = row.try_get(2)?;
        let occurred_at: SqlTimestamp = row.try_get(5)?;
        let recorded_at: SqlTimestamp = row.try_get(6)?;
        let mut event = wire_log::Event {
            source: self.source().to_owned(),
            partition: u32::try_from(shard.number()).map_err(StoreError::unreadable)?,
            position: row.try_get(1)?,
            tenant: TenantId::from(tenant).to_string(),
            subject: row.try_get(3)?,
            r#type: row.try_get(4)?,
            occur_time: Some(proto::timestamp(Timestamp::from(occurred_at))),
            record_time: Some(proto::timestamp(Timestamp::from(recorded_at))),
            payload: row.try_get(7)?,
            mark: 0,
        };
        event.mark = mark::of(&event);
        Ok(event)
    }
}

pub(crate) fn shard_of(number: i16) -> Result<Shard, StoreError> {
    Shard::from_number(i64::from(number)).ok_or_else(|| StoreError::unreadable("a shard"))
}
