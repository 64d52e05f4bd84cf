//! The request log: what was carried out, so that saying it again answers the same.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use kernel::{RequestId, Shard, TenantId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::Row as _;
use uuid::Uuid;

use crate::{SqlTimestamp, StoreError, Tx};

/// A keyed digest for each top-level field of a request, by the field's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digests(pub BTreeMap<String, String>);

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
}

/// The primary key of the log: tenant, shard, rpc, request id.
type Written = (Uuid, i16, String, Uuid);

struct Kept {
    said: BTreeMap<String, String>,
    receipt: Value,
}

impl<R> Recall<R> {
    fn map<S>(self, change: impl FnOnce(R) -> Result<S, StoreError>) -> Result<Recall<S>, StoreError> {
        Ok(match self {
            Self::New => Recall::New,
            Self::Done(receipt) => Recall::Done(change(receipt)?),
            Self::Reused { field } => Recall::Reused { field },
        })
    }
}

impl Tx {
    /// What the log knows of a request. Ask after the shard's lock is held: a twin waits there.
    pub async fn recall<R: DeserializeOwned>(
        &mut self,
        tenant: TenantId,
        shard: Shard,
        key: &RequestKey,
    ) -> Result<Recall<R>, StoreError> {
        let known = self.recall_all(&[(tenant, shard, key)]).await?.pop().unwrap_or(Recall::New);
        known.map(|receipt| serde_json::from_value(receipt).map_err(StoreError::unreadable))
    }

    /// The same for many requests, in one statement; answers in their order.
    pub async fn recall_all(
        &mut self,
        asked: &[(TenantId, Shard, &RequestKey)],
    ) -> Result<Vec<Recall<Value>>, StoreError> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let tenants: Vec<Uuid> = asked.iter().map(|(tenant, ..)| tenant.uuid()).collect();
        let shards: Vec<i16> = asked.iter().map(|(_, shard, _)| shard.number()).collect();
        let rpcs: Vec<&str> = asked.iter().map(|(.., key)| key.rpc).collect();
        let ids: Vec<Uuid> = asked.iter().map(|(.., key)| key.id.uuid()).collect();
        let rows = sqlx::query(
            "SELECT request.tenant, request.shard, request.rpc, request.request_id, request.digests, request.receipt
             FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::uuid[]) AS asked (tenant, shard, rpc, request_id)
             JOIN request USING (tenant, shard, rpc, request_id)",
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
            let kept = Kept { said: digests.0, receipt: row.try_get(5)? };
            known.insert((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?), kept);
        }
        Ok(asked
            .iter()
            .map(|(tenant, shard, key)| {
                let place = (tenant.uuid(), shard.number(), key.rpc.to_owned(), key.id.uuid());
                match known.get(&place) {
                    None => Recall::New,
                    Some(kept) => match first_difference(&kept.said, &key.digests.0) {
                        None => Recall::Done(kept.receipt.clone()),
                        Some(field) => Recall::Reused { field },
                    },
                }
            })
            .collect())
    }

    /// Writes a request down with its receipt.
    pub async fn remember<R: Serialize>(
        &mut self,
        tenant: TenantId,
        shard: Shard,
        key: &RequestKey,
        receipt: &R,
        recorded_at: Timestamp,
    ) -> Result<(), StoreError> {
        let receipt = serde_json::to_value(receipt).map_err(StoreError::unreadable)?;
        self.remember_all(&[(tenant, shard, key, receipt)], recorded_at).await
    }

    /// The same for many requests, in one statement.
    pub async fn remember_all(
        &mut self,
        done: &[(TenantId, Shard, &RequestKey, Value)],
        recorded_at: Timestamp,
    ) -> Result<(), StoreError> {
        if done.is_empty() {
            return Ok(());
        }
        let tenants: Vec<Uuid> = done.iter().map(|(tenant, ..)| tenant.uuid()).collect();
        let shards: Vec<i16> = done.iter().map(|(_, shard, ..)| shard.number()).collect();
        let rpcs: Vec<&str> = done.iter().map(|(_, _, key, _)| key.rpc).collect();
        let ids: Vec<Uuid> = done.iter().map(|(_, _, key, _)| key.id.uuid()).collect();
        let digests = done
            .iter()
            .map(|(_, _, key, _)| serde_json::to_value(&key.digests.0).map_err(StoreError::unreadable))
            .collect::<Result<Vec<Value>, StoreError>>()?;
        let receipts: Vec<&Value> = done.iter().map(|(.., receipt)| receipt).collect();
        sqlx::query(
            "INSERT INTO request (tenant, shard, rpc, request_id, digests, receipt, recorded_at)
             SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::text[]), unnest($4::uuid[]),
                unnest($5::jsonb[]), unnest($6::jsonb[]), $7::timestamptz",
        )
        .bind(&tenants)
        .bind(&shards)
        .bind(&rpcs)
        .bind(&ids)
        .bind(&digests)
        .bind(&receipts)
        .bind(SqlTimestamp::from(recorded_at))
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

fn first_difference(said: &BTreeMap<String, String>, says: &BTreeMap<String, String>) -> Option<String> {
    said.keys().chain(says.keys()).find(|field| said.get(*field) != says.get(*field)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_that_differs_is_named() {
        let said = BTreeMap::from([("member".to_owned(), "a".to_owned()), ("points".to_owned(), "b".to_owned())]);
        let mut says = said.clone();
        assert_eq!(first_difference(&said, &says), None);
        says.insert("points".to_owned(), "c".to_owned());
        assert_eq!(first_difference(&said, &says), Some("points".to_owned()));
        says.insert("points".to_owned(), "b".to_owned());
        says.insert("spent_on".to_owned(), "d".to_owned());
        assert_eq!(first_difference(&said, &says), Some("spent_on".to_owned()));
    }
}
