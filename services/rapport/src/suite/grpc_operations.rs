//! The operations service: how each service of this process is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use eventlog::{Consumer, Log};
use futures::future::{join, try_join_all};
use proto::operations::v1::operations_service_client::OperationsServiceClient;
use proto::operations::v1::operations_service_server::OperationsService;
use proto::operations::v1::{GetStatusRequest, GetStatusResponse, Lag, Rewound, ServiceStatus};
use server::{Behalf, Peers};
use store::StoreError;
use tokio::time::timeout;
use tonic::{Request, Response, Status};
use wire::{Audience, Caller, Violations, failure};

use super::moved::behind;
use super::standing::{Standing, pending};

/// How long another process is waited for; less than whoever asks has patience, who is to be told of this one all the same.
const OTHERS_ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// The services of this process.
pub(super) struct Operations {
    services: Arc<[Standing]>,
    logs: Arc<BTreeMap<&'static str, Log>>,
    peers: Peers,
}

impl Operations {
    pub(super) const fn new(services: Arc<[Standing]>, logs: Arc<BTreeMap<&'static str, Log>>, peers: Peers) -> Self {
        Self { services, logs, peers }
    }

    fn asked(&self, source: &str) -> Result<Vec<Standing>, Status> {
        let found: Vec<Standing> = self
            .services
            .iter()
            .filter(|standing| source.is_empty() || standing.service.name() == source)
            .cloned()
            .collect();
        let mut bad = Violations::new();
        if found.is_empty() {
            bad.add("source", "must be a service of this process, or empty");
        }
        bad.finish().map(|()| found)
    }

    async fn status(&self, standing: &Standing, elsewhere: bool, locate: bool) -> Result<ServiceStatus, Status> {
        let mut status = ServiceStatus { source: standing.service.name().to_owned(), ..ServiceStatus::default() };
        match standing.drift().await {
            Err(missing) => status.waiting_for = missing,
            Ok(drift) => {
                status.waiting_for = pending(&drift).unwrap_or_default();
                (status.pending_migrations, status.foreign_migrations) = (drift.pending, drift.foreign);
            }
        }
        if !status.waiting_for.is_empty() {
            return Ok(status);
        }
        status.ready = true;
        status.events_written = written(&standing.log).await.map_err(failure)?;
        if let Some(clockwork) = &standing.clockwork {
            status.timers_due = clockwork.count_due().await.map_err(failure)?;
            status.next_due_time = clockwork.next_due().await.map_err(failure)?.map(proto::timestamp);
        }
        if let Some(courier) = &standing.courier {
            status.open_calls = courier.count_open().await.map_err(failure)?;
            status.stuck_calls = i64::try_from(courier.count_stuck()).unwrap_or(i64::MAX);
        }
        if let Some(consumer) = &standing.consumer {
            status.parked_events = consumer.parked().await.map_err(failure)?;
            let heard = consumer.sources().map(|source| self.heard(consumer, source, elsewhere, locate));
            for (lag, rewound) in try_join_all(heard).await? {
                status.lags.extend(lag);
                status.rewound.extend(rewound);
            }
        }
        Ok(status)
    }

    /// How far a service is behind a log, and whether that log refuses it.
    async fn heard(
        &self,
        consumer: &Consumer,
        source: &'static str,
        elsewhere: bool,
        locate: bool,
    ) -> Result<(Option<Lag>, Option<Rewound>), Status> {
        let trouble = consumer.trouble(source);
        let lag = self.lag(consumer, source, elsewhere);
        let rewound = async { if locate { self.rewound(consumer, source, elsewhere).await } else { None } };
        let (events, rewound) = join(lag, rewound).await;
        let events = events?;
        // How many there are is not known where the producer is away.
        let lag = (events.is_some() || trouble.is_some()).then(|| {
            let (events, trouble) = (events.unwrap_or_default(), trouble.unwrap_or_default());
            Lag { source: source.to_owned(), events, trouble }
        });
        Ok((lag, rewound))
    }

    /// Whether a log refuses a service; none too where that cannot be known now.
    async fn rewound(&self, consumer: &Consumer, source: &'static str, elsewhere: bool) -> Option<Rewound> {
        if !elsewhere && !self.logs.contains_key(source) {
            return None;
        }
        let lost = timeout(OTHERS_ANSWER_WITHIN, consumer.lost(source)).await.ok()?;
        let lost = lost.ok().filter(|lost| !lost.is_empty())?;
        let count = |lost: usize| i32::try_from(lost).unwrap_or(i32::MAX);
        Some(Rewound {
            source: source.to_owned(),
            partitions: count(lost.len()),
            gone: lost.iter().map(|one| one.gone).sum(),
            unknown_partitions: count(lost.iter().filter(|one| one.unknown).count()),
        })
    }

    /// How far a service is behind a log, here or in another process; none where that cannot be known now.
    async fn lag(&self, consumer: &Consumer, source: &'static str, elsewhere: bool) -> Result<Option<i64>, Status> {
        if let Some(log) = self.logs.get(source) {
            return behind(consumer, log).await.map(Some).map_err(failure);
        }
        if !elsewhere {
            return Ok(None);
        }
        let Ok(way) = self.peers.reach(source, Behalf::of_process("rapport").needing("operations.read")) else {
            return Ok(None);
        };
        let ask = GetStatusRequest { source: source.to_owned(), locate_cursors: false };
        let mut other = OperationsServiceClient::new(way);
        let Ok(Ok(answer)) = timeout(OTHERS_ANSWER_WITHIN, other.get_status(ask)).await else { return Ok(None) };
        let written: i64 = answer.into_inner().services.iter().map(|status| status.events_written).sum();
        let applied: i64 = consumer.cursors(source).await.map_err(failure)?.values().sum();
        Ok(Some((written - applied).max(0)))
    }
}

#[tonic::async_trait]
impl OperationsService for Operations {
    async fn get_status(&self, call: Request<GetStatusRequest>) -> Result<Response<GetStatusResponse>, Status> {
        // A process that is asked by another one does not ask a third: two that hear each other would never end.
        let elsewhere = match Caller::of(call.extensions())?.audience {
            Audience::External => true,
            Audience::Internal => false,
        };
        let GetStatusRequest { source, locate_cursors } = call.into_inner();
        let asked = self.asked(&source)?;
        let looks = asked.iter().map(|standing| self.status(standing, elsewhere, locate_cursors));
        let services = try_join_all(looks).await?;
        Ok(Response::new(GetStatusResponse { services, version: env!("CARGO_PKG_VERSION").to_owned() }))
    }
}

async fn written(log: &Log) -> Result<i64, StoreError> {
    let (heads, _) = log.heads().await?;
    Ok(heads.values().map(|head| head.position).sum())
}
