//! PostgreSQL is stopped with `immediate` and started again while shops enrol, sell and redeem. Whoever repeats a call
//! until it is answered loses nothing and doubles nothing, and the suite comes back by itself.

use std::time::Duration;

use proto::activity::v1::{GetOverviewRequest as GetSalesRequest, ListOrdersRequest};
use proto::loyalty::v1::{EntryKind, GetAccountRequest, GetBalanceRequest, ListEntriesRequest, RedeemPointsRequest};
use proto::loyalty::v1::{GetOverviewRequest, GetOverviewResponse};
use proto::operations::v1::GetStatusRequest;
use proto::operations::v1::operations_service_client::OperationsServiceClient;
use proto::registry::v1::ListMembersRequest;
use testkit::{OwnPostgres, Promise, count};
use tokio::task::block_in_place;
use tonic::{Code, Response, Status};

use crate::labour::{Labour, Worker};
use crate::requests::{enrolment, line, of, order, purchase};
use crate::stage::{Shop, Stage};

const TILLS: u64 = 4;
/// Customers of each till between two outages.
const CUSTOMERS: u64 = 3;
const EARNED: i64 = 20;
const REDEEMED: i64 = 5;

/// One who joined, bought and redeemed, by the answers that were given.
struct Customer {
    member: String,
    order: String,
    redemption: String,
}

/// Where a till rings up its customers.
#[derive(Clone)]
struct Till {
    number: u64,
    shop: Shop,
}

impl Till {
    /// Makes the same call until it is answered; whatever says that the suite is away must say so.
    async fn patiently<T, F>(what: &str, call: impl Fn() -> F) -> T
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        loop {
            match call().await {
                Ok(answer) => return answer.into_inner(),
                Err(status) if status.code() == Code::Unavailable => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                // A read that waits for what a token speaks of may wait in vain.
                Err(status) if status.code() == Code::DeadlineExceeded && what == "read" => {}
                Err(status) => panic!("{what}: {status:?}"),
            }
        }
    }

    async fn serve(&self, number: u64) -> Customer {
        let shop = &self.shop;
        let joining = enrolment(shop.request_id(), &format!("09{:02}-{number:06}", self.number));
        let joining = || async { shop.registry().enrol_member(joining.clone()).await };
        let member = Self::patiently("enrol", joining).await.member;

        let goods = order(&format!("{}-{number}", self.number), of(&member), vec![line(1, "mug", 1, "1000")]);
        let buying = purchase(shop.request_id(), goods);
        let buying = || async { shop.activity().record_order(buying.clone()).await };
        let bought = Self::patiently("record an order", buying).await;

        let at_least_as_fresh = bought.freshness;
        let asking = GetBalanceRequest { member: member.clone(), at_least_as_fresh, ..GetBalanceRequest::default() };
        let asking = || async { shop.loyalty().get_balance(asking.clone()).await };
        assert_eq!(
            Self::patiently("read", asking).await.balance,
            EARNED,
            "an acknowledged order has earned its points"
        );

        let redeeming = RedeemPointsRequest {
            request_id: shop.request_id(),
            member: member.clone(),
            points: REDEEMED,
            spent_on: "coffee".to_owned(),
            validate_only: false,
            explain: false,
            wallet: String::new(),
        };
        let redeeming = || async { shop.loyalty().redeem_points(redeeming.clone()).await };
        let receipt = Self::patiently("redeem", redeeming).await;
        assert_eq!(receipt.spendable, EARNED - REDEEMED);
        Customer { member, order: bought.order, redemption: receipt.entry }
    }

    async fn serve_all(self, customers: tokio::sync::mpsc::UnboundedSender<Customer>, worker: Worker) {
        for number in 0.. {
            if !worker.goes_on() {
                return;
            }
            customers.send(self.serve(number).await).expect("somebody writes them down");
            worker.done();
        }
    }
}

/// Every effect that was acknowledged is there once.
async fn is_there_once(shop: &Shop, customer: &Customer) {
    let Customer { member, order, redemption } = customer;
    let asked = ListOrdersRequest { member: member.clone(), page_size: 10, ..ListOrdersRequest::default() };
    let orders = shop.activity().list_orders(asked).await.expect("answered").into_inner().orders;
    assert_eq!(orders.iter().map(|order| &order.id).collect::<Vec<_>>(), [order]);

    let asked = ListEntriesRequest { member: member.clone(), page_size: 10, ..ListEntriesRequest::default() };
    let mut entries = shop.loyalty().list_entries(asked).await.expect("answered").into_inner().entries;
    entries.sort_by_key(|entry| entry.kind);
    let posted: Vec<_> = entries.iter().map(|entry| (entry.kind(), entry.points)).collect();
    assert_eq!(posted, [(EntryKind::Earn, EARNED), (EntryKind::Redemption, -REDEEMED)]);
    assert_eq!(&entries[1].id, redemption);

    let asked = GetAccountRequest { member: member.clone(), at_least_as_fresh: String::new(), wallet: String::new() };
    let account = shop.loyalty().get_account(asked).await.expect("answered").into_inner().account.expect("an account");
    assert_eq!(account.balance, entries.iter().map(|entry| entry.points).sum::<i64>(), "the sum of its entries");
}

async fn members(shop: &Shop) -> usize {
    let (mut count, mut page_token) = (0, String::new());
    loop {
        let asked = ListMembersRequest { page_size: 1_000, page_token, ..ListMembersRequest::default() };
        let page = shop.registry().list_members(asked).await.expect("answered").into_inner();
        count += page.members.len();
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return count;
        }
    }
}

async fn overview(shop: &Shop) -> GetOverviewResponse {
    shop.loyalty().get_overview(GetOverviewRequest::default()).await.expect("answered").into_inner()
}

/// The sums agree, over all customers.
async fn sums_agree(shop: &Shop, customers: &[Customer]) {
    let many = i64::try_from(customers.len()).expect("a few");
    assert_eq!(members(shop).await, customers.len());
    let sales = shop.activity().get_overview(GetSalesRequest::default()).await.expect("answered").into_inner();
    let orders = sales.buckets.iter().find(|bucket| bucket.name == "member-orders").expect("a bucket");
    assert_eq!((orders.entries, sales.buyers), (many, many));
    assert_eq!(sales.revenue.expect("an amount").minor, 1_000 * many);
    let points = overview(shop).await;
    assert_eq!((points.accounts, points.entries), (many, 2 * many));
    assert_eq!((points.earned, points.redeemed), (EARNED * many, REDEEMED * many));
    assert_eq!(points.outstanding, (EARNED - REDEEMED) * many);
}

/// No service is behind, and none had to set anything aside.
async fn is_well(stage: &Stage) {
    let asked = GetStatusRequest { source: String::new(), locate_cursors: true };
    let status = OperationsServiceClient::new(stage.operator()).get_status(asked).await.expect("answered").into_inner();
    for service in status.services {
        assert!(service.ready && service.parked_events == 0, "{service:?}");
        assert!(service.lags.iter().all(|lag| lag.events == 0), "{service:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_after_postgres_was_stopped_at_once() {
    let mut postgres = OwnPostgres::start("stopped");
    let stage = Stage::on_server(postgres.url(), "2011-12-02T04:00:00Z").await;
    let (shop, readiness) = (stage.shop("signature").await, stage.served.readiness());
    let (served, mut customers) = tokio::sync::mpsc::unbounded_channel();
    let mut labour = Labour::new();
    for number in 10..10 + TILLS {
        let till = Till { number, shop: shop.clone() };
        labour.employ(|worker| till.serve_all(served.clone(), worker));
    }
    drop(served);

    for round in 0..count(Promise::DatabaseStops) {
        labour.goes_on(CUSTOMERS, &format!("with PostgreSQL, round {round}")).await;
        block_in_place(|| postgres.crash());
        // Every other time it stays away until the suite says so.
        if round % 2 == 0 {
            let told = shop.registry().list_members(ListMembersRequest::default()).await.expect_err("nobody can know");
            assert_eq!(told.code(), Code::Unavailable, "{told:?}");
            testkit::until("the suite says it is not ready", || async { !readiness.is_ready() }).await;
        }
        block_in_place(|| postgres.start_again());
        testkit::until("the suite is ready again", || async { readiness.is_ready() }).await;
    }
    labour.goes_on(CUSTOMERS, "when all is over").await;
    labour.end().await;

    let mut served = Vec::new();
    while let Some(customer) = customers.recv().await {
        served.push(customer);
    }
    stage.suite.coordinator().quiet().await.expect("it comes to rest");
    for customer in &served {
        is_there_once(&shop, customer).await;
    }
    sums_agree(&shop, &served).await;
    is_well(&stage).await;

    // Timers ring as before: the points lapse when their time has come.
    stage.advance("2013-01-01T00:00:00Z").await;
    let (points, left) = (overview(&shop).await, (EARNED - REDEEMED) * i64::try_from(served.len()).expect("a few"));
    assert_eq!((points.lapsed, points.outstanding), (left, 0));
    stage.stop().await;
}
