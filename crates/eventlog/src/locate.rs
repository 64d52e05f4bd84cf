//! Looking up where readers of a log stand ([`crate::place`]).

use std::collections::BTreeMap;

use kernel::Shard;
use proto::eventlog::v1 as wire_log;
use sqlx::Row as _;
use store::{Head, StoreError, Tenants};
use uuid::Uuid;

use crate::log::shard_of;
use crate::place::{Former, Reader, Stand, Way, stand};
use crate::{Log, Lost};

/// A reader's word about all its partitions.
pub(crate) type Readers = BTreeMap<Shard, Reader>;

/// A reader that the log cannot serve in one partition.
pub(crate) struct Astray {
    pub shard: Shard,
    pub reader: Reader,
    pub way: Way,
    /// The present head.
    pub head: Head,
    /// The mark of the event where it may go on.
    pub mark: i64,
}

impl Astray {
    pub(crate) fn lost(&self) -> Lost {
        Lost { partition: self.shard, position: self.reader.position, head: self.head.position }
    }

    pub(crate) fn told(&self) -> wire_log::LostCursor {
        let partition = u32::try_from(self.shard.number()).unwrap_or_default();
        let cursor = |epoch: Option<Uuid>, position, mark| wire_log::Cursor {
            partition,
            epoch: epoch.map(|epoch| epoch.to_string()).unwrap_or_default(),
            position,
            mark,
        };
        wire_log::LostCursor {
            cursor: Some(cursor(self.reader.epoch, self.reader.position, self.reader.mark)),
            next: Some(cursor(Some(self.head.epoch), self.way.from, self.mark)),
            gone: self.way.gone,
            unknown: self.way.unknown,
            certain: self.way.certain,
        }
    }
}

impl Log {
    /// The epoch this database began with, through all restores.
    pub async fn first_epoch(&self) -> Result<Option<Uuid>, StoreError> {
        let mut reading = self.store().read(Tenants::Every).await?;
        let first = sqlx::query_scalar(
            "SELECT coalesce(
                 (SELECT one.epoch FROM former_epoch AS one
                  WHERE one.shard = 0
                    AND NOT EXISTS (SELECT FROM former_epoch AS other
                                    WHERE other.shard = 0 AND other.follower = one.epoch)),
                 (SELECT head.epoch FROM head WHERE head.shard = 0))",
        );
        Ok(first.fetch_one(reading.connection()).await?)
    }

    /// The partitions in which readers are astray, in order.
    ///
    /// One of the suite's own services ahead of the present epoch proves that this database was restored and nobody
    /// noticed: the epoch then ends. A stranger's word ends nothing.
    pub(crate) async fn astray(&self, readers: &Readers, of_the_suite: bool) -> Result<Vec<Astray>, StoreError> {
        let mut found = self.stands(readers).await?;
        let ahead = found.iter().find(|(.., stand)| *stand == Stand::Ahead).map(|(shard, _, head, _)| (*shard, *head));
        if let Some((shard, head)) = ahead.filter(|_| of_the_suite) {
            self.store().end_epoch(shard, head.epoch).await?;
            found = self.stands(readers).await?;
        }
        let mut astray: Vec<Astray> = found
            .into_iter()
            .filter_map(|(shard, reader, head, stand)| {
                let way = match stand {
                    Stand::Served => return None,
                    Stand::Ahead => Way { from: head.position, gone: 0, unknown: true, certain: false },
                    Stand::Lost(way) => way,
                };
                Some(Astray { shard, reader, way, head, mark: 0 })
            })
            .collect();
        let marks = self.marks(astray.iter().map(|one| (one.shard, one.way.from))).await?;
        for one in &mut astray {
            one.mark = marks.get(&one.shard).copied().unwrap_or(0);
        }
        Ok(astray)
    }

    async fn stands(&self, readers: &Readers) -> Result<Vec<(Shard, Reader, Head, Stand)>, StoreError> {
        let (heads, _) = self.heads().await?;
        let former = self.former().await?;
        let marked = readers.iter().filter(|(_, reader)| reader.mark != 0);
        let marks = self.marks(marked.map(|(shard, reader)| (*shard, reader.position))).await?;
        let stands = readers.iter().filter_map(|(shard, reader)| {
            let head = *heads.get(shard)?;
            let former = former.get(shard).map_or(&[][..], Vec::as_slice);
            Some((*shard, *reader, head, stand(*reader, head, former, marks.get(shard).copied())))
        });
        Ok(stands.collect())
    }

    /// The epochs that have ended.
    async fn former(&self) -> Result<BTreeMap<Shard, Vec<Former>>, StoreError> {
        let mut reading = self.store().read(Tenants::Every).await?;
        let rows = sqlx::query("SELECT shard, epoch, position, certain, follower FROM former_epoch")
            .fetch_all(reading.connection())
            .await?;
        let mut former: BTreeMap<Shard, Vec<Former>> = BTreeMap::new();
        for row in rows {
            former.entry(shard_of(row.try_get(0)?)?).or_default().push(Former {
                epoch: row.try_get(1)?,
                position: row.try_get(2)?,
                certain: row.try_get(3)?,
                follower: row.try_get(4)?,
            });
        }
        Ok(former)
    }

    /// The marks of the events at these places.
    async fn marks(&self, places: impl Iterator<Item = (Shard, i64)>) -> Result<BTreeMap<Shard, i64>, StoreError> {
        let (shards, positions): (Vec<i16>, Vec<i64>) =
            places.map(|(shard, position)| (shard.number(), position)).unzip();
        if shards.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut reading = self.store().read(Tenants::Every).await?;
        let rows = sqlx::query(
            "SELECT event.shard, event.position, event.tenant, event.subject, event.type, event.occurred_at,
                    event.recorded_at, event.payload
             FROM unnest($1::smallint[], $2::bigint[]) AS place (shard, position)
             CROSS JOIN LATERAL (
                 SELECT * FROM event WHERE (event.shard, event.position) = (place.shard, place.position) OFFSET 0
             ) AS event",
        )
        .bind(&shards)
        .bind(&positions)
        .fetch_all(reading.connection())
        .await?;
        rows.iter()
            .map(|row| {
                let event = self.event(row)?;
                Ok((shard_of(row.try_get(0)?)?, event.mark))
            })
            .collect()
    }
}
