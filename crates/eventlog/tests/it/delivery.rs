//! However often events are delivered, and to however many, each is applied once.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use eventlog::{EventLogs, Log};
use futures::stream::{self, Stream, StreamExt as _};
use proto::eventlog::v1 as wire_log;
use proto::eventlog::v1::event_log_service_server::{EventLogService, EventLogServiceServer};
use server::Services;
use testkit::{House, Promise, Speaker, count, until};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::suite::{
    FIRST, Hearer, SECOND, Wrong, applied_once_in_order, clock, database, member, said, tallied, tenant,
};

fn below(end: u64) -> u64 {
    Uuid::new_v4().as_u64_pair().0 % end
}

/// An event log behind a line that says everything one to five times, half of it first, some of it twice in one breath,
/// leaves something out at times, and breaks now and then.
struct Stutter(EventLogs);

type Said = Result<wire_log::WatchResponse, Status>;

/// What is heard when this is said after all that.
fn heard(before: &mut Vec<wire_log::WatchResponse>, mut said: wire_log::WatchResponse) -> Vec<Said> {
    if below(4) == 0 {
        leave_out(&mut said.events);
    }
    if below(2) == 0 {
        said.events.extend(said.events.clone());
    }
    let half = wire_log::WatchResponse {
        events: said.events.iter().take(said.events.len() / 2).cloned().collect(),
        ..wire_log::WatchResponse::default()
    };
    before.push(said.clone());
    let again = (0..below(5)).map(|_| before[below(before.len() as u64) as usize].clone()).collect::<Vec<_>>();
    let mut all: Vec<Said> = [half, said].into_iter().chain(again).map(Ok).collect();
    if below(12) == 0 {
        all.push(Err(Status::unavailable("the line is broken")));
    }
    all
}

/// Loses an event that others of its partition follow.
fn leave_out(events: &mut Vec<wire_log::Event>) {
    let follows = |place: &usize| events[place + 1..].iter().any(|later| later.partition == events[*place].partition);
    if let Some(lost) = (0..events.len()).find(follows) {
        events.remove(lost);
    }
}

#[tonic::async_trait]
impl EventLogService for Stutter {
    type WatchStream = Pin<Box<dyn Stream<Item = Said> + Send>>;

    async fn watch(&self, call: Request<wire_log::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let said = self.0.watch(call).await?.into_inner();
        let all = said.scan(Vec::new(), |before, said| {
            let all = match said {
                Ok(said) => heard(before, said),
                Err(status) => vec![Err(status)],
            };
            futures::future::ready(Some(stream::iter(all)))
        });
        Ok(Response::new(Box::pin(all.flatten())))
    }

    async fn locate_cursors(
        &self,
        call: Request<wire_log::LocateCursorsRequest>,
    ) -> Result<Response<wire_log::LocateCursorsResponse>, Status> {
        self.0.locate_cursors(call).await
    }

    async fn repair_cursors(
        &self,
        call: Request<wire_log::RepairCursorsRequest>,
    ) -> Result<Response<wire_log::RepairCursorsResponse>, Status> {
        self.0.repair_cursors(call).await
    }

    async fn list_parked_events(
        &self,
        call: Request<wire_log::ListParkedEventsRequest>,
    ) -> Result<Response<wire_log::ListParkedEventsResponse>, Status> {
        self.0.list_parked_events(call).await
    }

    async fn retry_parked_events(
        &self,
        call: Request<wire_log::RetryParkedEventsRequest>,
    ) -> Result<Response<wire_log::RetryParkedEventsResponse>, Status> {
        self.0.retry_parked_events(call).await
    }

    async fn drop_parked_event(
        &self,
        call: Request<wire_log::DropParkedEventRequest>,
    ) -> Result<Response<wire_log::DropParkedEventResponse>, Status> {
        self.0.drop_parked_event(call).await
    }
}

/// Hears, is stopped or killed, and begins again, until told to go on to the end.
async fn come_and_go(hearer: Hearer, stay: CancellationToken, stop: CancellationToken) {
    while !stay.is_cancelled() {
        let this_time = CancellationToken::new();
        let hearing = tokio::spawn(hearer.consumer.clone().run(this_time.clone()));
        tokio::time::sleep(Duration::from_millis(5 + below(60))).await;
        if below(2) == 0 {
            this_time.cancel();
        } else {
            hearing.abort();
        }
        // Where it was killed, an error says so.
        let _ = hearing.await;
    }
    hearer.consumer.run(stop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_come_and_go_apply_each_event_once() {
    let (database, house) = (database().await, House::new());
    let speaker = Arc::new(Speaker::open(&database, FIRST, clock()).await);
    let stutter = Stutter(EventLogs::new(house.keys()).with_log(Log::new(database.store(FIRST).await)));
    let peers = house.peers(&[FIRST]);
    let served = house.serve(Services::new().with(EventLogServiceServer::new(stutter)));
    let (ours, members) = (tenant(), [member(), member(), member(), member()]);
    for round in 0..count(Promise::Deliveries) {
        let (stay, stop) = (CancellationToken::new(), CancellationToken::new());
        let mut hearing = Vec::new();
        for _ in 0..2 {
            let hearer = Hearer::open(&database, &peers, (SECOND, false), &[FIRST], &[]).await;
            hearer.tally.refuses(&format!("{round} 7"), Wrong::Event, 2);
            hearing.push(tokio::spawn(come_and_go(hearer, stay.clone(), stop.clone())));
        }
        for number in 0..40 {
            speaker.say(ours, members[below(4) as usize], &said(format!("{round} {number}"))).await;
        }
        stay.cancel();
        let all = 40 * (round as usize + 1);
        until("all is applied", || async { tallied(&database, SECOND).await.len() >= all }).await;
        stop.cancel();
        for hearing in hearing {
            hearing.await.expect("it ends");
        }
        applied_once_in_order(&database, SECOND, FIRST).await;
    }
    served.stop().await;
}
