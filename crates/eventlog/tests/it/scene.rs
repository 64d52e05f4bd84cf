//! One service speaks, another hears it: what most tests begin with.

use eventlog::Progress;
use kernel::{MemberId, Shard, TenantId};
use proto::eventlog::v1::event_log_service_client::EventLogServiceClient;
use proto::eventlog::v1::{ListParkedEventsRequest, ParkedEvent, RetryParkedEventsRequest};
use server::Services;
use sqlx::AssertSqlSafe;
use testkit::{Database, House, Served, Speaker, Spoken};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::Freshness;

use crate::suite::{FIRST, Hearer, SECOND, clock, database, member, said, tenant, texts};

pub struct Scene {
    pub database: Database,
    pub speaker: Speaker,
    pub hearer: Hearer,
    pub served: Served,
    pub tenant: TenantId,
    hearing: Option<(CancellationToken, JoinHandle<()>)>,
}

impl Scene {
    /// The second service hears the first.
    pub async fn begin() -> Self {
        Self::begin_in(database().await).await
    }

    /// The same in a database of the test's own.
    pub async fn begin_in(database: Database) -> Self {
        let house = House::new();
        let speaker = Speaker::open(&database, FIRST, clock()).await;
        let hearer = Hearer::open(&database, &house.peers(&[FIRST]), (SECOND, false), &[FIRST], &[]).await;
        let logs = house.event_logs([speaker.log()], [hearer.consumer.clone()]);
        let served = house.serve(Services::new().with(logs));
        let mut scene = Self { database, speaker, hearer, served, tenant: tenant(), hearing: None };
        scene.hear_again().await;
        scene
    }

    /// Begins to hear, after it was told to stop.
    pub async fn hear_again(&mut self) {
        self.stop_hearing().await;
        let stop = self.served.stopping().child_token();
        let running = tokio::spawn(self.hearer.consumer.clone().run(stop.clone()));
        self.hearing = Some((stop, running));
    }

    /// Stops hearing as a process does that ends.
    pub async fn stop_hearing(&mut self) {
        if let Some((stop, running)) = self.hearing.take() {
            stop.cancel();
            running.await.expect("it ends");
        }
    }

    pub async fn say(&self, member: MemberId, text: &str) -> Freshness {
        self.speaker.say(self.tenant, member, &said(text)).await
    }

    /// Waits until what a token speaks of is applied or parked.
    pub async fn heard(&self, token: &Freshness) {
        arrives(&self.hearer.progress, token).await;
    }

    /// Everything that was applied, in its order.
    pub async fn texts(&self) -> Vec<String> {
        texts(&self.database, SECOND).await
    }

    /// For an operator, or for somebody of a tenant.
    pub fn operator(&self, tenant: Option<TenantId>) -> EventLogServiceClient<Spoken> {
        EventLogServiceClient::new(self.served.channel(tenant, &["operations.read", "operations.write"]))
    }

    /// All that is parked, for an operator.
    pub async fn parked(&self) -> Vec<ParkedEvent> {
        let asked = ListParkedEventsRequest { consumer: SECOND.to_owned(), ..ListParkedEventsRequest::default() };
        self.operator(None).list_parked_events(asked).await.expect("it lists").into_inner().parked_events
    }

    /// Retries a member's events; answers how many were applied and how many are still parked.
    pub async fn retry(&self, tenant: Option<TenantId>, subject: MemberId) -> (i32, i32) {
        let asked = RetryParkedEventsRequest {
            request_id: Uuid::new_v4().to_string(),
            consumer: SECOND.to_owned(),
            subject: subject.to_string(),
        };
        let answer = self.operator(tenant).retry_parked_events(asked).await.expect("it tries").into_inner();
        (answer.applied, answer.parked)
    }

    /// Does something to the database that no service would.
    pub async fn tamper(&self, statement: impl Into<String>) {
        let mut look = self.database.look().await;
        sqlx::raw_sql(AssertSqlSafe(statement.into())).execute(&mut look).await.expect("it is done");
    }
}

/// Waits for a token, and not for ever.
pub async fn arrives(progress: &Progress, token: &Freshness) {
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), progress.wait_for(token)).await;
    waited.expect("it arrives").expect("there is a path");
}

/// Another member of the same shard.
pub fn beside(one: MemberId) -> MemberId {
    let alike = |other: &MemberId| Shard::of_member(*other) == Shard::of_member(one);
    std::iter::repeat_with(member).find(alike).expect("one in 256 is")
}

/// A member of another shard.
pub fn elsewhere(one: MemberId) -> MemberId {
    std::iter::repeat_with(member).find(|other| Shard::of_member(*other) != Shard::of_member(one)).expect("most are")
}
