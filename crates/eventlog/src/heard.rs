//! Events as a listener receives them, and the one statement that makes applying them exactly once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::{Shard, TenantId};
use prost::{Message, Name};
use proto::eventlog::v1 as wire_log;
use store::{Place, StoreError, Tx};
use uuid::Uuid;

use crate::parked;

/// An event of another service.
#[derive(Clone, Debug, PartialEq)]
pub struct HeardEvent {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its partition: the shard of the member it is about.
    pub shard: Shard,
    /// Its position there.
    pub position: i64,
    /// What it is about.
    pub subject: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    pub(crate) wire: wire_log::Event,
}

/// Why an event could not be applied; tried again, then parked with this text. No personal data.
#[derive(Debug, thiserror::Error)]
pub enum CannotApply {
    /// The event makes no sense to the listener.
    #[error("{0}")]
    Event(String),
    /// The database failed or somebody else was first.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl HeardEvent {
    pub(crate) fn read(wire: wire_log::Event) -> Option<Self> {
        Some(Self {
            tenant: TenantId::parse(&wire.tenant).ok()?,
            shard: Shard::from_number(i64::from(wire.partition))?,
            position: wire.position,
            subject: wire.subject.clone(),
            occurred_at: proto::instant(wire.occur_time.as_ref()?).ok()?,
            wire,
        })
    }

    /// The payload, where the event is of that type.
    pub fn payload<P: Message + Name + Default>(&self) -> Option<Result<P, CannotApply>> {
        (self.wire.r#type == P::full_name()).then(|| {
            P::decode(self.wire.payload.as_slice())
                .map_err(|_| CannotApply::Event(format!("the payload of {} cannot be read", self.wire.r#type)))
        })
    }

    /// When it was written down; when it happened, where that is not told.
    pub fn recorded_at(&self) -> Timestamp {
        self.wire.record_time.as_ref().and_then(|at| proto::instant(at).ok()).unwrap_or(self.occurred_at)
    }

    pub(crate) const fn mark(&self) -> i64 {
        self.wire.mark
    }

    /// Full name of the payload's type.
    pub fn kind(&self) -> &str {
        &self.wire.r#type
    }
}

/// A move of a cursor, which succeeds only from where it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub from: i64,
    pub to: i64,
    pub epoch: Uuid,
    /// Of the event at `to`; 0 where that is the place it comes from.
    pub mark: i64,
}

/// Some events of one producer, to be applied in one transaction together with [`Heard::settle`].
#[derive(Clone, Debug)]
pub struct Heard {
    /// The producer.
    pub source: &'static str,
    /// To be applied, in order within each partition.
    pub events: Vec<HeardEvent>,
    pub(crate) aside: Vec<(HeardEvent, String, i32)>,
    pub(crate) moves: BTreeMap<Shard, Move>,
    /// Parked events that `events` holds again because somebody asked for a retry.
    pub(crate) retried: bool,
}

impl Heard {
    /// Whose rows and which shards applying it touches at least.
    pub fn place(&self) -> Place {
        let tenants = self.events.iter().chain(self.aside.iter().map(|(event, ..)| event)).map(|event| event.tenant);
        let shards = self.events.iter().map(|event| event.shard).chain(self.moves.keys().copied());
        Place { tenants: tenants.collect(), shards: shards.collect() }
    }

    /// Moves the cursors and parks what was set aside, in the transaction that applies the events.
    ///
    /// Fails with `CursorMoved` where another reader was first, or an operator put the cursor elsewhere; the whole
    /// transaction must then be rolled back.
    pub async fn settle(&self, tx: &mut Tx, recorded_at: Timestamp) -> Result<(), StoreError> {
        if self.retried {
            return parked::release(tx, self.source, &self.events).await;
        }
        parked::park(tx, self.source, &self.aside, recorded_at).await?;
        let shards: Vec<i16> = self.moves.keys().map(|shard| shard.number()).collect();
        let from: Vec<i64> = self.moves.values().map(|step| step.from).collect();
        let to: Vec<i64> = self.moves.values().map(|step| step.to).collect();
        let marks: Vec<i64> = self.moves.values().map(|step| step.mark).collect();
        let epochs: Vec<Uuid> = self.moves.values().map(|step| step.epoch).collect();
        let moved = sqlx::query(
            "INSERT INTO cursor AS mine (source, shard, epoch, position, mark)
             SELECT $1, step.shard, step.epoch, step.target, step.mark
             FROM unnest($2::smallint[], $3::bigint[], $4::bigint[], $5::uuid[], $6::bigint[])
                  AS step (shard, origin, target, epoch, mark)
             WHERE step.origin = 0
                OR EXISTS (SELECT FROM cursor AS known WHERE known.source = $1 AND known.shard = step.shard)
             ORDER BY step.shard
             ON CONFLICT (source, shard) DO UPDATE
             SET position = excluded.position,
                 mark = CASE WHEN excluded.position > mine.position THEN excluded.mark ELSE mine.mark END
             WHERE mine.epoch = excluded.epoch
               AND (mine.shard, mine.position) IN (SELECT * FROM unnest($2::smallint[], $3::bigint[]))",
        )
        .bind(self.source)
        .bind(&shards)
        .bind(&from)
        .bind(&to)
        .bind(&epochs)
        .bind(&marks)
        .execute(tx.connection())
        .await?
        .rows_affected();
        if usize::try_from(moved).ok() == Some(self.moves.len()) { Ok(()) } else { Err(StoreError::CursorMoved) }
    }
}
