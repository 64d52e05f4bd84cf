//! Under batches of grants PostgreSQL is stopped with `immediate` and connections are ended in the middle of what they do.
//! Whoever repeats a batch until it is answered has given everything once, and the ledger proves itself afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::{ReferralId, Shard};
use proto::loyalty::v1::ledger_service_client::LedgerServiceClient;
use proto::loyalty::v1::{
    AuditLedgerRequest, EntryKind, GrantPointsBatchRequest, GrantPointsRequest, ListEntriesRequest, VerifyMemberRequest,
};
use testkit::{OwnPostgres, Promise, count};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::block_in_place;
use tonic::Code;

use crate::labour::{Labour, Worker};
use crate::stage::{Shop, Stage};

const GIVERS: usize = 8;
/// Fewer than givers, so that batches meet on the same accounts.
const MEMBERS: usize = 5;
const PER_BATCH: usize = 25;
/// Batches of each giver between two disturbances.
const BATCHES: u64 = 3;
const POINTS: i64 = 7;

/// A grant that was acknowledged: to whom, and the entry it was answered with.
type Given = (String, String);

struct Giver {
    shop: Shop,
    members: Arc<Vec<String>>,
}

impl Giver {
    fn batch(&self, number: usize) -> GrantPointsBatchRequest {
        let grant = |place: usize| GrantPointsRequest {
            request_id: self.shop.request_id(),
            member: self.members[(number * PER_BATCH + place * place) % MEMBERS].clone(),
            points: POINTS,
            cause: ReferralId::new_at(self.shop.clock.now()).to_string(),
            reason: "a friend came".to_owned(),
            ..GrantPointsRequest::default()
        };
        GrantPointsBatchRequest { grants: (0..PER_BATCH).map(grant).collect() }
    }

    /// The same batch until all of it is acknowledged.
    async fn give(&self, batch: &GrantPointsBatchRequest) -> Vec<Given> {
        loop {
            match self.shop.loyalty().grant_points_batch(batch.clone()).await {
                Ok(answer) => {
                    let outcomes = answer.into_inner().outcomes;
                    assert_eq!(outcomes.len(), batch.grants.len());
                    let entry = |(outcome, grant): (_, &GrantPointsRequest)| {
                        let proto::loyalty::v1::GrantOutcome { receipt, refusal, .. } = outcome;
                        (grant.member.clone(), receipt.unwrap_or_else(|| panic!("refused: {refusal}")).entry)
                    };
                    return outcomes.into_iter().zip(&batch.grants).map(entry).collect();
                }
                Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn give_all(self, given: UnboundedSender<Given>, worker: Worker) {
        for number in 0.. {
            if !worker.goes_on() {
                return;
            }
            for one in self.give(&self.batch(number)).await {
                given.send(one).expect("somebody writes them down");
            }
            worker.done();
        }
    }
}

/// Ends every connection of loyalty's that is inside a transaction, or waits in one.
async fn end_connections(stage: &Stage) {
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = $1 AND state <> 'idle'",
    )
    .bind(loyalty::SERVICE)
    .execute(&mut stage.database.look().await)
    .await
    .expect("they can be ended");
}

async fn disturb(stage: &Stage, postgres: &mut OwnPostgres, labour: &mut Labour) {
    let readiness = stage.served.readiness();
    for round in 0..count(Promise::DatabaseStops) {
        for cut in 0..count(Promise::CutConnections).div_ceil(count(Promise::DatabaseStops)) {
            labour.goes_on(1, &format!("before cut {cut} of round {round}")).await;
            end_connections(stage).await;
        }
        labour.goes_on(BATCHES, &format!("with PostgreSQL, round {round}")).await;
        block_in_place(|| {
            postgres.crash();
            postgres.start_again();
        });
        testkit::until("the suite is ready again", || async { readiness.is_ready() }).await;
    }
    labour.goes_on(BATCHES, "when all is over").await;
}

/// What a member's statement says: entry by entry, with its points.
async fn statement(shop: &Shop, member: &str) -> Vec<(String, i64)> {
    let (mut entries, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = ListEntriesRequest {
            member: member.to_owned(),
            page_size: 1_000,
            page_token,
            ..ListEntriesRequest::default()
        };
        let page = shop.loyalty().list_entries(asked).await.expect("answered").into_inner();
        assert!(page.entries.iter().all(|entry| entry.kind() == EntryKind::Earn));
        entries.extend(page.entries.into_iter().map(|entry| (entry.id, entry.points)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return entries;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_of_grants_are_given_once_and_the_ledger_proves_itself_whatever_is_stopped_under_them() {
    let mut postgres = OwnPostgres::start("disturbed");
    let stage = Stage::on_server(postgres.url(), "2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let mut members = Vec::new();
    for number in 0..MEMBERS {
        members.push(shop.enrol(&format!("0912-{number:06}")).await);
    }
    let (members, (sender, mut receiver)) = (Arc::new(members), tokio::sync::mpsc::unbounded_channel());
    let mut labour = Labour::new();
    for _ in 0..GIVERS {
        let giver = Giver { shop: shop.clone(), members: Arc::clone(&members) };
        labour.employ(|worker| giver.give_all(sender.clone(), worker));
    }
    drop(sender);
    disturb(&stage, &mut postgres, &mut labour).await;
    labour.end().await;

    let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while let Some((member, entry)) = receiver.recv().await {
        given.entry(member).or_default().push(entry);
    }
    stage.suite.coordinator().quiet().await.expect("it comes to rest");
    let mut all = 0;
    for (member, mut acknowledged) in given {
        let mut entries = statement(&shop, &member).await;
        assert!(entries.iter().all(|(_, points)| *points == POINTS));
        entries.sort();
        acknowledged.sort();
        let found: Vec<String> = entries.into_iter().map(|(entry, _)| entry).collect();
        assert_eq!(found, acknowledged, "each that was acknowledged is there once, and nothing else is");
        all += found.len();
        let asked = VerifyMemberRequest { member, ..VerifyMemberRequest::default() };
        let proved = shop.loyalty().verify_member(asked).await.expect("answered").into_inner();
        assert_eq!(proved.divergence, None);
    }
    let mut audited = 0;
    let mut shards = LedgerServiceClient::new(stage.operator())
        .audit_ledger(AuditLedgerRequest::default())
        .await
        .expect("it begins")
        .into_inner();
    let mut seen = 0;
    while let Some(shard) = shards.message().await.expect("it goes on") {
        assert_eq!((shard.diverging, &shard.seal, shard.unreadable), (0, &None, false), "shard {}", shard.shard);
        (audited, seen) = (audited + usize::try_from(shard.entries).expect("a few"), seen + 1);
    }
    assert_eq!((audited, seen), (all, Shard::all().count()));
    stage.stop().await;
}
