//! Going on after a producer's database was restored: cursors are put where they may go on, and what is gone is told.
//!
//! Where the producer vouches for every cursor and nothing is gone, as after the promotion of a standby that had kept up,
//! there is nothing to decide and the consumer goes on by itself. Where something is gone in one partition, all of them
//! wait for an operator: a consumer that is restored instead must not have applied anything since.
//!
//! The producer is asked first and the cursors are moved then, by compare-and-set from where they were when it was asked:
//! whatever moved in between, by a listener or a twin of this call, makes it begin again.

use std::sync::LazyLock;

use kernel::{Shard, TenantId};
use proto::eventlog::v1 as wire_log;
use serde::{Deserialize, Serialize};
use store::{RequestKey, StoreError, Tenants, Tx};
use telemetry::metrics::{self, IntCounterVec};
use tonic::Status;
use uuid::Uuid;
use wire::{Stop, known};

use crate::{Consumer, parked};

/// What became of one cursor; the receipt of a repair is a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Repaired {
    pub partition: u32,
    pub position: i64,
    pub next_position: i64,
    pub gone: i64,
    pub gone_parked: i64,
    pub unknown: bool,
    pub left: bool,
}

/// Requests of operators belong to the installation and to no tenant.
pub(crate) fn installation() -> TenantId {
    TenantId::from(Uuid::nil())
}

/// Where a request is remembered that is about no one member: where only its own id leads.
pub(crate) fn remembered_in(owner: TenantId, key: &RequestKey) -> Shard {
    Shard::of_text(owner, &["request", &key.id.to_string()])
}

static CONTINUED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Cursors that a consumer took into a new epoch by itself, because nothing was gone.";
    metrics::counter("rapport_cursors_continued_total", help, &["consumer", "producer"])
});

impl Consumer {
    /// Takes all cursors that a producer refuses into its present epoch, where it vouches for them and nothing is gone;
    /// false where there is nothing to do, or somebody has to decide.
    pub(crate) async fn continue_alone(&self, source: &'static str) -> Result<bool, Status> {
        let lost = self.lost(source).await?;
        let harmless = |one: &wire_log::LostCursor| one.certain && !one.unknown && one.gone == 0;
        if lost.is_empty() || !lost.iter().all(harmless) {
            return Ok(false);
        }
        match self.take_over(source, &lost).await {
            Ok(()) => {}
            // A twin was first: where they are now is read again.
            Err(StoreError::CursorMoved) => return Ok(true),
            Err(error) => return Err(wire::failure(error)),
        }
        let cursors = lost.len();
        CONTINUED.with_label_values(&[self.service(), source]).inc_by(u64::try_from(cursors).unwrap_or(u64::MAX));
        tracing::warn!(
            consumer = self.service(),
            producer = source,
            cursors,
            "the producer's log began a new epoch and nothing is gone: its consumer goes on by itself"
        );
        Ok(true)
    }

    async fn take_over(&self, source: &str, lost: &[wire_log::LostCursor]) -> Result<(), StoreError> {
        let mut tx = self.store().begin(Tenants::Every, Shard::all()).await?;
        for one in lost {
            move_one(&mut tx, source, one, false).await?;
        }
        tx.commit().await
    }

    /// The cursors that a producer refuses, by its own word.
    ///
    /// # Errors
    /// The producer does not answer, or the database does not.
    pub async fn lost(&self, source: &str) -> Result<Vec<wire_log::LostCursor>, Status> {
        let Some(listening) = self.listening(source) else { return Ok(Vec::new()) };
        let known = parked::cursors(self.store(), source).await.map_err(wire::failure)?;
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let cursors = known.iter().map(parked::Cursor::told).collect();
        let asked = wire_log::LocateCursorsRequest { source: source.to_owned(), cursors };
        Ok(listening.producer.locate(asked).await?.lost)
    }

    /// Puts the cursors that a producer refuses where they may go on.
    pub(crate) async fn repair(
        &self,
        key: &RequestKey,
        source: &str,
        accept_unknown: bool,
    ) -> Result<Vec<Repaired>, Stop<Status>> {
        const ATTEMPTS: u32 = 5;
        let mut attempt = 1;
        loop {
            let lost = self.lost(source).await.map_err(Stop::Refused)?;
            match self.move_cursors(key, source, &lost, accept_unknown).await {
                Err(Stop::Failed(error))
                    if attempt < ATTEMPTS && (error.may_retry() || matches!(error, StoreError::CursorMoved)) =>
                {
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn move_cursors(
        &self,
        key: &RequestKey,
        source: &str,
        lost: &[wire_log::LostCursor],
        accept_unknown: bool,
    ) -> Result<Vec<Repaired>, Stop<Status>> {
        let mut tx = self.store().begin(Tenants::Every, Shard::all()).await?;
        let home = remembered_in(installation(), key);
        if let Some(receipt) = known(tx.recall(installation(), home, key, self.clock().now()).await?)? {
            return Ok(receipt);
        }
        let mut receipt = Vec::with_capacity(lost.len());
        for one in lost {
            receipt.push(move_one(&mut tx, source, one, accept_unknown).await?);
        }
        tx.remember(installation(), home, key, &receipt, self.clock().now())?;
        tx.commit().await?;
        for one in &receipt {
            tracing::warn!(
                consumer = self.service(),
                producer = source,
                partition = one.partition,
                position = one.position,
                next_position = one.next_position,
                gone = one.gone,
                unknown = one.unknown,
                left = one.left,
                "a cursor was repaired after the producer was restored"
            );
        }
        Ok(receipt)
    }
}

async fn move_one(
    tx: &mut Tx,
    source: &str,
    lost: &wire_log::LostCursor,
    accept_unknown: bool,
) -> Result<Repaired, StoreError> {
    let unreadable = || StoreError::unreadable("a producer's answer about a cursor");
    let (from, to) = (lost.cursor.clone().ok_or_else(unreadable)?, lost.next.clone().ok_or_else(unreadable)?);
    let shard = i16::try_from(from.partition).map_err(|_| unreadable())?;
    let epoch = |text: &str| Uuid::try_parse(text).map_err(|_| unreadable());
    let left = lost.unknown && !accept_unknown;
    let mut repaired = Repaired {
        partition: from.partition,
        position: from.position,
        next_position: if left { from.position } else { to.position },
        gone: lost.gone,
        gone_parked: 0,
        unknown: lost.unknown,
        left,
    };
    if left {
        return Ok(repaired);
    }
    let moved = sqlx::query(
        "UPDATE cursor SET epoch = $5, position = $6, mark = $7
         WHERE source = $1 AND shard = $2 AND epoch = $3 AND position = $4",
    )
    .bind(source)
    .bind(shard)
    .bind(epoch(&from.epoch)?)
    .bind(from.position)
    .bind(epoch(&to.epoch)?)
    .bind(to.position)
    .bind(to.mark)
    .execute(tx.connection())
    .await?
    .rows_affected();
    if moved != 1 {
        return Err(StoreError::CursorMoved);
    }
    // Their places are given out again: an event that comes to stand at one would be taken for the one put aside.
    let gone = sqlx::query("DELETE FROM parked WHERE source = $1 AND shard = $2 AND position > $3")
        .bind(source)
        .bind(shard)
        .bind(to.position)
        .execute(tx.connection())
        .await?
        .rows_affected();
    repaired.gone_parked = i64::try_from(gone).map_err(StoreError::unreadable)?;
    Ok(repaired)
}
