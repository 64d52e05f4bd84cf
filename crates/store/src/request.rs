//! The request log: what was carried out, so that saying it again answers the same.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use kernel::{RequestId, Shard, TenantId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::Row as _;
use uuid::Uuid;

use crate::{StoreError, Tx};

/// A keyed digest for each top-level field of a request, by the field's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digests(pub BTreeMap<String, String>);

impl Digests {
    /// The name of the first field in which two requests differ.
    pub fn first_difference<'a>(&'a self, other: &'a Self) -> Option<&'a str> {
        let fields = self.0.keys().chain(other.0.keys());
        fields.map(String::as_str).find(|field| self.0.get(*field) != other.0.get(*field))
    }
}

/// What makes a mutation repeat-safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Which rpc: a request id is known for one rpc only.
    pub rpc: &'static str,
    /// Made by the caller.
    pub id: RequestId,
    /// What the request said.
    pub digests: Digests,
}

/// What the log knows of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recall<R> {
    /// Nothing: carry it out.
    New,
    /// It was carried out with this receipt.
    Done(R),
    /// The id was used for something else; this field differs.
    Reused {
        /// Name of the first field that differs.
        field: String,
    },
    /// Nothing, and it was made longer ago than the log remembers: whether it was carried out cannot be told.
    TooOld {
        /// How long the log remembers.
        kept_days: u16,
    },
}

/// The primary key of the log: tenant, shard, rpc, request id.
type Written = (Uuid, i16, String, Uuid);

struct Kept {
    said: Digests,
    receipt: Value,
}

impl<R> Recall<R> {
    /// Carries out also what is too old to be remembered: for mutations whose facts have names of their own, by which
    /// what was done before is refused for ever.
    #[must_use]
    pub fn or_by_name(self) -> Self {
        match self {
            Self::TooOld { .. } => Self::New,
            known @ (Self::New | Self::Done(_) | Self::Reused { .. }) => known,
        }
    }

    fn map<S>(self, change: impl FnOnce(R) -> Result<S, StoreError>) -> Result<Recall<S>, StoreError> {
        Ok(match self {
            Self::New => Recall::New,
            Self::Done(receipt) => Recall::Done(change(receipt)?),
            Self::Reused { field } => Recall::Reused { field },
            Self::TooOld { kept_days } => Recall::TooOld { kept_days },
        })
    }
}

impl Tx {
    /// What the log knows of a request, by the clock. Ask after the shard's lock is held: a twin waits there.
    pub async fn recall<R: DeserializeOwned>(
        &mut self,
        tenant: TenantId,
        shard: Shard,
        key: &RequestKey,
        now: Timestamp,
    ) -> Result<Recall<R>, StoreError> {
        let known = self.recall_all(&[(tenant, shard, key)], now).await?.pop().unwrap_or(Recall::New);
        known.map(|receipt| serde_json::from_value(receipt).map_err(StoreError::unreadable))
    }

    /// The same for many requests, in one statement; answers in their order. Where they are presumed to be new, none is
    /// made, but for ids that are older than the log remembers.
    pub async fn recall_all(
        &mut self,
        asked: &[(TenantId, Shard, &RequestKey)],
        now: Timestamp,
    ) -> Result<Vec<Recall<Value>>, StoreError> {
        let retention = self.retention();
        let outlived = |key: &RequestKey| key.id.made_at().and_then(|made_at| retention.outlived_by(made_at, now));
        if asked.is_empty() || (self.presumes_new() && asked.iter().all(|(.., key)| outlived(key).is_none())) {
            return Ok(asked.iter().map(|_| Recall::New).collect());
        }
        let tenants: Vec<Uuid> = asked.iter().map(|(tenant, ..)| tenant.uuid()).collect();
        let shards: Vec<i16> = asked.iter().map(|(_, shard, _)| shard.number()).collect();
        let rpcs: Vec<&str> = asked.iter().map(|(.., key)| key.rpc).collect();
        let ids: Vec<Uuid> = asked.iter().map(|(.., key)| key.id.uuid()).collect();
        let rows = sqlx::query(
            "SELECT request.tenant, request.shard, request.rpc, request.request_id, request.digests, request.receipt
             FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::uuid[]) AS asked (tenant, shard, rpc, request_id)
             CROSS JOIN LATERAL (
                 SELECT * FROM request
                 WHERE (request.tenant, request.shard, request.rpc, request.request_id)
                     = (asked.tenant, asked.shard, asked.rpc, asked.request_id) OFFSET 0
             ) AS request",
        )
        .bind(&tenants)
        .bind(&shards)
        .bind(&rpcs)
        .bind(&ids)
        .fetch_all(self.connection())
        .await?;

        let mut known: HashMap<Written, Kept> = HashMap::new();
        for row in rows {
            let digests: sqlx::types::Json<BTreeMap<String, String>> = row.try_get(4)?;
            let kept = Kept { said: Digests(digests.0), receipt: row.try_get(5)? };
            known.insert((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?), kept);
        }
        Ok(asked
            .iter()
            .map(|(tenant, shard, key)| {
                let place = (tenant.uuid(), shard.number(), key.rpc.to_owned(), key.id.uuid());
                match known.get(&place) {
                    None => match outlived(key) {
                        Some(kept_days) => Recall::TooOld { kept_days },
                        None => Recall::New,
                    },
                    Some(kept) => match kept.said.first_difference(&key.digests) {
                        None => Recall::Done(kept.receipt.clone()),
                        Some(field) => Recall::Reused { field: field.to_owned() },
                    },
                }
            })
            .collect())
    }

    /// Writes a request down with its receipt, when the transaction is committed.
    ///
    /// # Errors
    /// The receipt cannot be written as JSON.
    pub fn remember<R: Serialize>(
        &mut self,
        tenant: TenantId,
        shard: Shard,
        key: &RequestKey,
        receipt: &R,
        recorded_at: Timestamp,
    ) -> Result<(), StoreError> {
        let receipt = serde_json::to_value(receipt).map_err(StoreError::unreadable)?;
        self.note((tenant, shard), key, receipt, recorded_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_that_differs_is_named() {
        let fields = [("member".to_owned(), "a".to_owned()), ("points".to_owned(), "b".to_owned())];
        let said = Digests(BTreeMap::from(fields));
        let mut says = said.clone();
        assert_eq!(said.first_difference(&says), None);
        says.0.insert("points".to_owned(), "c".to_owned());
        assert_eq!(said.first_difference(&says), Some("points"));
        says.0.insert("points".to_owned(), "b".to_owned());
        says.0.insert("spent_on".to_owned(), "d".to_owned());
        assert_eq!(said.first_difference(&says), Some("spent_on"));
    }
}
