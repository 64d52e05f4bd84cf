//! What a transaction tells beside its rows: events for the log, and receipts of requests. They are kept in memory while it
//! is open, and written by one statement right before its commit, with the heads that they move.

use jiff::Timestamp;
use kernel::{RequestId, Shard, TenantId};
use serde_json::Value;
use uuid::Uuid;

use crate::request::RequestKey;
use crate::{Head, SqlTimestamp, StoreError, Tx};

/// An event as the log keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// In which tenant.
    pub tenant: TenantId,
    /// In which partition.
    pub shard: Shard,
    /// Whom it concerns: the text of an id.
    pub subject: String,
    /// Full name of its message.
    pub kind: String,
    /// When what it tells of happened.
    pub occurred_at: Timestamp,
    /// The message.
    pub payload: Vec<u8>,
}

/// What is yet to be written.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    lines: Vec<(i64, LogLine, Timestamp)>,
    receipts: Vec<Receipt>,
}

#[derive(Debug)]
struct Receipt {
    tenant: TenantId,
    shard: Shard,
    rpc: &'static str,
    id: RequestId,
    digests: Value,
    receipt: Value,
    recorded_at: Timestamp,
}

macro_rules! receipts {
    () => {
        "INSERT INTO request (tenant, shard, rpc, request_id, digests, receipt, recorded_at)
         SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::text[]), unnest($4::uuid[]), unnest($5::jsonb[]),
                unnest($6::jsonb[]), unnest($7::timestamptz[])"
    };
}

const RECEIPTS: &str = receipts!();

/// An index finds the heads: joined to a list of unknown length, their table would be read as a whole.
const ALL: &str = concat!(
    "WITH moved AS (
         UPDATE head SET position = ($9::bigint[])[array_position($8::smallint[], head.shard)] WHERE head.shard = ANY ($8)
     ), told AS (
         INSERT INTO event (shard, position, tenant, subject, type, occurred_at, payload, recorded_at)
         SELECT unnest($10::smallint[]), unnest($11::bigint[]), unnest($12::uuid[]), unnest($13::text[]),
                unnest($14::text[]), unnest($15::timestamptz[]), unnest($16::bytea[]), unnest($17::timestamptz[])
     ) ",
    receipts!()
);

impl Tx {
    /// Appends an event to its partition of the log.
    ///
    /// # Errors
    /// Its shard was not locked by this transaction, or its log is full.
    pub fn tell(&mut self, line: LogLine, recorded_at: Timestamp) -> Result<(), StoreError> {
        let Some(Head { position, .. }) = self.next_position(line.shard) else {
            return Err(StoreError::unreadable("an event's shard was not locked by its transaction"));
        };
        self.journal.lines.push((position, line, recorded_at));
        Ok(())
    }

    pub(crate) fn note(
        &mut self,
        (tenant, shard): (TenantId, Shard),
        key: &RequestKey,
        receipt: Value,
        recorded_at: Timestamp,
    ) -> Result<(), StoreError> {
        let digests = serde_json::to_value(&key.digests.0).map_err(StoreError::unreadable)?;
        self.journal.receipts.push(Receipt { tenant, shard, rpc: key.rpc, id: key.id, digests, receipt, recorded_at });
        Ok(())
    }

    /// Writes what was told since, if anything was.
    pub(crate) async fn write_journal(&mut self) -> Result<(), StoreError> {
        let Journal { lines, receipts } = std::mem::take(&mut self.journal);
        if lines.is_empty() && receipts.is_empty() {
            return Ok(());
        }
        let instants = |all: &mut dyn Iterator<Item = Timestamp>| all.map(SqlTimestamp::from).collect::<Vec<_>>();
        let query = sqlx::query(if lines.is_empty() { RECEIPTS } else { ALL })
            .bind(receipts.iter().map(|receipt| receipt.tenant.uuid()).collect::<Vec<Uuid>>())
            .bind(receipts.iter().map(|receipt| receipt.shard.number()).collect::<Vec<i16>>())
            .bind(receipts.iter().map(|receipt| receipt.rpc).collect::<Vec<&str>>())
            .bind(receipts.iter().map(|receipt| receipt.id.uuid()).collect::<Vec<Uuid>>())
            .bind(receipts.iter().map(|receipt| &receipt.digests).collect::<Vec<&Value>>())
            .bind(receipts.iter().map(|receipt| &receipt.receipt).collect::<Vec<&Value>>())
            .bind(instants(&mut receipts.iter().map(|receipt| receipt.recorded_at)));
        if lines.is_empty() {
            query.execute(self.connection()).await?;
            return Ok(());
        }
        let (moved, reached): (Vec<i16>, Vec<i64>) =
            self.moved().into_iter().map(|(shard, head)| (shard.number(), head.position)).unzip();
        query
            .bind(&moved)
            .bind(&reached)
            .bind(lines.iter().map(|(_, line, _)| line.shard.number()).collect::<Vec<i16>>())
            .bind(lines.iter().map(|(position, ..)| *position).collect::<Vec<i64>>())
            .bind(lines.iter().map(|(_, line, _)| line.tenant.uuid()).collect::<Vec<Uuid>>())
            .bind(lines.iter().map(|(_, line, _)| line.subject.as_str()).collect::<Vec<&str>>())
            .bind(lines.iter().map(|(_, line, _)| line.kind.as_str()).collect::<Vec<&str>>())
            .bind(instants(&mut lines.iter().map(|(_, line, _)| line.occurred_at)))
            .bind(lines.iter().map(|(_, line, _)| line.payload.as_slice()).collect::<Vec<&[u8]>>())
            .bind(instants(&mut lines.iter().map(|(.., recorded_at)| *recorded_at)))
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
