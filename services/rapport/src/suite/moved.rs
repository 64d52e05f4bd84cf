//! A service as the coordinator of a manual clock sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use eventlog::{Consumer, Log};
use jiff::Timestamp;
use outbox::Courier;
use store::StoreError;
use timers::{Clockwork, Moved};

use super::standing::Standing;

/// Rings one service's timers, and tells whether it has heard everything that is said in this process.
pub(super) struct Mover {
    consumer: Option<Consumer>,
    clockwork: Option<Clockwork>,
    courier: Option<Courier>,
    logs: Arc<BTreeMap<&'static str, Log>>,
}

impl Mover {
    pub(super) fn of(standing: &Standing, logs: &Arc<BTreeMap<&'static str, Log>>) -> Self {
        let (consumer, clockwork) = (standing.consumer.clone(), standing.clockwork.clone());
        Self { consumer, clockwork, courier: standing.courier.clone(), logs: Arc::clone(logs) }
    }
}

#[async_trait]
impl Moved for Mover {
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        match &self.clockwork {
            Some(clockwork) => clockwork.next_due().await,
            None => Ok(None),
        }
    }

    async fn drain(&self, as_of: Timestamp) -> Result<u64, StoreError> {
        match &self.clockwork {
            Some(clockwork) => clockwork.drain(as_of).await,
            None => Ok(0),
        }
    }

    async fn is_behind(&self) -> Result<bool, StoreError> {
        if let Some(courier) = &self.courier
            && courier.is_behind().await?
        {
            return Ok(true);
        }
        let Some(consumer) = &self.consumer else { return Ok(false) };
        for log in consumer.sources().filter_map(|source| self.logs.get(source)) {
            if behind(consumer, log).await? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// How many events of a log a consumer has not applied or parked.
pub(super) async fn behind(consumer: &Consumer, log: &Log) -> Result<i64, StoreError> {
    let (heads, _) = log.heads().await?;
    let cursors = consumer.cursors(log.source()).await?;
    let missing = heads.iter().map(|(shard, head)| head.position - cursors.get(shard).copied().unwrap_or(0));
    Ok(missing.map(|events| events.max(0)).sum())
}
