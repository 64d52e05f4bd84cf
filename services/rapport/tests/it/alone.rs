//! Six services as six processes, each with a schema and a login of its own, over real sockets: killed and started again
//! under load they lose nothing, double nothing, and say truly whether they can work.

mod fleet;
mod sums;
mod till;
mod truth;

use std::time::Duration;

use kernel::TenantId;
use proto::loyalty::v1::{EarnRate, ExpiryPolicy, LapseAfter, Programme, PutProgrammeRequest, expiry_policy};
use proto::operations::v1::GetStatusRequest;
use proto::referrals::v1::{PutTermsRequest, Terms};
use proto::registry::v1::{CreateTenantRequest, ListMembersRequest, TenantSettings};
use proto::subscriptions::v1::{Cadence, CadenceUnit, Plan, PlanKind, PlanLine, PutPlanRequest};
use rapport::client::new_request_id;
use rapport::suite::Service;
use sqlx::{Connection as _, PgConnection};
use testkit::{Promise, count};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Response};

use crate::chance::Chance;
use crate::home::text;
use fleet::Fleet;
use till::{Customer, Shop, Till, patiently};
use truth::{Probe, Said, Watch};

const TILLS: u64 = 4;
/// Whoever was away a while is asked again after pauses that double.
const PATIENCE: Duration = Duration::from_secs(90);
/// A database is looked for every two seconds, and given up after two more.
const NOTICED: Duration = Duration::from_secs(15);

/// A tenant with everything that the tills need.
async fn opened(fleet: &Fleet) -> Shop {
    let settings = TenantSettings {
        zone: "Asia/Taipei".to_owned(),
        currency_code: "TWD".to_owned(),
        minor_digits: Some(0),
        phone_region: "TW".to_owned(),
    };
    let ask = CreateTenantRequest {
        request_id: new_request_id(),
        code: "alone".to_owned(),
        display_name: "Alone".to_owned(),
        settings: Some(settings),
    };
    let operator = fleet.speaks_to(Service::Registry, None);
    let tenant =
        patiently("open a tenant", || async { operator.tenants().create_tenant(ask.clone()).await }).await.tenant;
    let shop = Shop::of(fleet, TenantId::parse(&tenant).expect("an id"));
    put_programme(&shop).await;
    put_terms(&shop).await;
    put_plan(&shop).await;
    shop
}

async fn put_programme(shop: &Shop) {
    let after = LapseAfter { months: 12, ..LapseAfter::default() };
    let rate =
        EarnRate { currency_code: "TWD".to_owned(), points: 1, per_minor: till::PER_MINOR, ..EarnRate::default() };
    let programme = Programme {
        effective_time: Some(proto::timestamp(testkit::instant("2011-01-01T00:00:00Z"))),
        display_name: "Alone".to_owned(),
        zone: "Asia/Taipei".to_owned(),
        earn_rates: vec![rate],
        expiry: Some(ExpiryPolicy { policy: Some(expiry_policy::Policy::After(after)) }),
        ..Programme::default()
    };
    let ask = PutProgrammeRequest { request_id: new_request_id(), programme: Some(programme), validate_only: false };
    patiently("put a programme", || async { shop.loyalty.loyalty().put_programme(ask.clone()).await }).await;
}

/// Both sides are rewarded as soon as the day of the order is over, which it is.
async fn put_terms(shop: &Shop) {
    let terms = Terms {
        effective_time: Some(proto::timestamp(testkit::instant("2011-01-01T00:00:00Z"))),
        currency_code: "TWD".to_owned(),
        least_order_minor: Some(till::ORDER_MINOR / 2),
        inviter_points: sums::INVITER_POINTS,
        invitee_points: sums::INVITEE_POINTS,
        hold_days: Some(0),
        return_window_days: Some(0),
        ..Terms::default()
    };
    let ask = PutTermsRequest { request_id: new_request_id(), terms: Some(terms), validate_only: false };
    patiently("put terms", || async { shop.referrals.referrals().put_terms(ask.clone()).await }).await;
}

async fn put_plan(shop: &Shop) {
    let coffee = PlanLine {
        product: "coffee".to_owned(),
        quantity: 1,
        unit_price_minor: sums::COFFEE_MINOR,
        ..PlanLine::default()
    };
    let plan = Plan {
        code: "coffee".to_owned(),
        display_name: "Coffee".to_owned(),
        currency_code: "TWD".to_owned(),
        cadence: Some(Cadence { every: 1, unit: CadenceUnit::Month.into() }),
        kind: PlanKind::Goods.into(),
        lines: vec![coffee],
        ..Plan::default()
    };
    let ask = PutPlanRequest { request_id: new_request_id(), plan: Some(plan), validate_only: false };
    patiently("put a plan", || async { shop.subscriptions.subscriptions().put_plan(ask.clone()).await }).await;
}

/// Takes a service's database away until the process says so, and gives it back until it says that.
async fn without_its_database(fleet: &Fleet, service: Service) {
    let mut probe = Probe::of(fleet, service);
    fleet.take_database(service).await;
    said(&mut probe, Said::NotReady, &format!("{service} says that its database is away")).await;
    if service == Service::Registry {
        let tenant = TenantId::new_at(kernel::Clock::system().now());
        let asked = fleet.speaks_to(service, Some(tenant));
        let told = asked.registry().list_members(ListMembersRequest::default()).await.expect_err("nobody can know");
        assert_eq!(told.code(), Code::Unavailable, "{told:?}");
    }
    fleet.give_database_back(service).await;
    said(&mut probe, Said::Ready, &format!("{service} says that it is ready again")).await;
    fleet.is_back(service);
}

async fn said(probe: &mut Probe, expected: Said, what: &str) {
    let end = Instant::now() + NOTICED;
    while (probe.page().await, probe.health().await) != (expected, expected) {
        assert!(Instant::now() < end, "waited in vain until {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until no service has anything left to hear, to say or to do.
async fn comes_to_rest(fleet: &Fleet) {
    let operators: Vec<_> = Service::ALL.iter().map(|service| (*service, fleet.speaks_to(*service, None))).collect();
    let end = Instant::now() + PATIENCE;
    let mut quiet = 0;
    // Twice in a row: what one hears last may be what another says next.
    while quiet < 2 {
        let mut busy = Vec::new();
        for (service, operator) in &operators {
            let ask = GetStatusRequest::default();
            let told =
                patiently("ask how it is", || async { operator.status(ask.clone()).await.map(Response::new) }).await;
            for status in told.services {
                let heard = status.lags.iter().all(|lag| lag.events == 0);
                assert_eq!((status.parked_events, status.stuck_calls), (0, 0), "{status:?}");
                if !(status.ready && heard && status.open_calls == 0 && status.timers_due == 0) {
                    busy.push(format!("{service}: {status:?}"));
                }
            }
        }
        assert!(Instant::now() < end, "they do not come to rest: {busy:?}");
        quiet = if busy.is_empty() { quiet + 1 } else { 0 };
        sleep(Duration::from_millis(100)).await;
    }
}

/// Kills some at some moment, while the tills are at work, and starts them again in another order.
async fn round(fleet: &mut Fleet, chance: &mut Chance) {
    sleep(Duration::from_millis(100 + chance.below(500))).await;
    let mut some = chance.some_of(&Service::ALL);
    block_in_place(|| fleet.kill(&some));
    sleep(Duration::from_millis(chance.below(300))).await;
    chance.shuffle(&mut some);
    block_in_place(|| fleet.start(&some));
}

/// Waits until so many customers more were served; those that were, are kept.
async fn served_more(
    customers: &mut UnboundedReceiver<Customer>,
    served: &mut Vec<Customer>,
    more: u64,
    tills: &mut JoinSet<()>,
) {
    for _ in 0..more {
        tokio::select! {
            customer = customers.recv() => served.push(customer.expect("the tills are at work")),
            Some(ended) = tills.join_next() => ended.expect("a till saw something wrong"),
            () = sleep(PATIENCE) => panic!("nobody is served any more"),
        }
    }
}

async fn tills_at_work(shop: &Shop, over: &CancellationToken, customers: &UnboundedSender<Customer>) -> JoinSet<()> {
    let mut tills = JoinSet::new();
    for number in 10..10 + TILLS {
        let till = Till::open(shop.clone(), number).await;
        tills.spawn(till.serve_all(customers.clone(), over.clone()));
    }
    tills
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn six_processes_that_are_killed_and_come_back_lose_and_double_nothing() {
    let (mut fleet, mut chance) = (Fleet::prepared("killed").await, Chance::drawn());
    let mut all = Service::ALL.to_vec();
    chance.shuffle(&mut all);
    block_in_place(|| fleet.start(&all));
    let (shop, over) = (opened(&fleet).await, CancellationToken::new());
    let (sender, mut customers) = unbounded_channel();
    let mut tills = tills_at_work(&shop, &over, &sender).await;
    drop(sender);
    let (watch, mut served) = (Watch::over(&fleet), Vec::new());

    let (rounds, taken) = (count(Promise::KillsApart), count(Promise::DatabaseTaken));
    for number in 0..rounds {
        round(&mut fleet, &mut chance).await;
        if number % (rounds / taken) == 0 {
            let service = chance.some_of(&Service::ALL)[0];
            without_its_database(&fleet, service).await;
        }
        served_more(&mut customers, &mut served, 1, &mut tills).await;
    }
    served_more(&mut customers, &mut served, 2 * TILLS, &mut tills).await;
    over.cancel();
    while let Some(ended) = tills.join_next().await {
        ended.expect("a till saw something wrong");
    }
    while let Some(customer) = customers.recv().await {
        served.push(customer);
    }
    watch.end().await;
    comes_to_rest(&fleet).await;
    println!("{} customers were served", served.len());
    sums::all_is_there_once(&shop, &served).await;
    sums::agree(&shop, &served, i64::try_from(TILLS).expect("a few")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_finds_services_that_run_apart() {
    let mut fleet = Fleet::prepared("commands").await;
    block_in_place(|| fleet.start(&Service::ALL));
    opened(&fleet).await;

    let (code, said, wrong) = asks(&fleet, &["doctor"]);
    assert_eq!(code, Some(0), "{said}{wrong}");
    for service in Service::ALL {
        let rows = said.lines().filter(|line| line.trim_start().starts_with(service.name())).count();
        assert_eq!(rows, 1, "{service} is told once: {said}");
    }
    let tenant = ["--tenant", "alone"];
    let (code, said, wrong) =
        asks(&fleet, &[&["member", "enrol", "--phone", "0912-345-678", "--json"], &tenant[..]].concat());
    assert_eq!(code, Some(0), "{said}{wrong}");
    let show = [&["member", "show", "--phone", "0912-345-678"], &tenant[..]].concat();
    let (code, said, wrong) = asks(&fleet, &show);
    assert_eq!(code, Some(0), "{said}{wrong}");
    let (code, said, wrong) = asks(&fleet, &[&["report"], &tenant[..]].concat());
    assert_eq!(code, Some(0), "{said}{wrong}");
    let (code, said, wrong) = asks(&fleet, &["clock", "advance", "--to", "2036-01-01"]);
    assert_eq!(code, Some(2), "{said}{wrong}");
    assert!(wrong.contains("not moved together"), "{wrong}");
    a_frozen_process_hides_nobody(&mut fleet).await;

    block_in_place(|| fleet.kill(&[Service::Loyalty]));
    let (code, said, wrong) = asks(&fleet, &["doctor"]);
    assert_eq!(code, Some(4), "{said}{wrong}");
    assert!(
        said.contains("no answer from http://") && said.contains("(RAPPORT_LOYALTY_URL): nobody listens"),
        "{said}"
    );
    assert!(said.contains("  segmentation   ready"), "the others are told all the same: {said}");
    let (code, _, wrong) = asks(&fleet, &["points", "balance", "--phone", "0912-345-678", "--tenant", "alone"]);
    assert_eq!(code, Some(3));
    assert!(wrong.contains("nobody listens there") && wrong.contains("RAPPORT_<SERVICE>_URL"), "{wrong}");

    block_in_place(|| fleet.kill(&[Service::Activity]));
    says_by_and_by(
        || asks(&fleet, &show).1,
        |said| {
            said.contains("points and tier cannot be shown: loyalty does not answer\n")
                && said.contains("orders cannot be shown: activity does not answer\n")
                && said.contains("group and lifecycle may be old: segmentation may be ")
                && said.contains(" s behind activity\n")
        },
    )
    .await;
}

/// The one that all others hear, and ask how far behind it they are.
async fn a_frozen_process_hides_nobody(fleet: &mut Fleet) {
    let frozen = Service::Registry;
    fleet.freeze(frozen);
    let (code, said, wrong) = asks(fleet, &["doctor", "--repair"]);
    assert_eq!(code, Some(4), "{said}{wrong}");
    assert!(said.contains("(--address): it did not answer in 5 s\n"), "{said}");
    for service in Service::ALL {
        let row = [service.name(), "ready"];
        let rows = said.lines().filter(|line| line.split_whitespace().take(2).eq(row)).count();
        assert_eq!(rows, usize::from(service != frozen), "{service}: {said}");
    }
    fleet.thaw(frozen);
    says_by_and_by(|| asks(fleet, &["doctor"]).1, |said| said.ends_with("  all is well\n")).await;
}

fn asks(fleet: &Fleet, words: &[&str]) -> (Option<i32>, String, String) {
    let answer = fleet.asked_beside_registry(words);
    (answer.status.code(), text(&answer.stdout), text(&answer.stderr))
}

/// Asks again until the answer is as it should be.
async fn says_by_and_by(ask: impl Fn() -> String, right: impl Fn(&str) -> bool) {
    let end = Instant::now() + NOTICED;
    loop {
        let said = block_in_place(&ask);
        if right(&said) {
            return;
        }
        assert!(Instant::now() < end, "still: {said}");
        sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_alone_cannot_read_what_is_anothers() {
    let fleet = Fleet::prepared("roles").await;
    let mut look = fleet.database().look().await;
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT schemaname::text, tablename::text FROM pg_tables WHERE schemaname = ANY ($1) ORDER BY 1, 2",
    )
    .bind(Service::ALL.map(|service| service.name().to_owned()).to_vec())
    .fetch_all(&mut look)
    .await
    .expect("the server lists its tables");
    for service in Service::ALL {
        let mut own = PgConnection::connect(&fleet.url_of(service)).await.expect("it is let in");
        for (schema, table) in &tables {
            let statement = format!("SELECT count(*) FROM {schema}.{table}");
            let read: Result<i64, _> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&mut own).await;
            let denied = read.as_ref().err().and_then(sqlx::Error::as_database_error).and_then(|told| told.code());
            let expected = (schema.as_str() != service.name()).then_some("42501");
            assert_eq!(denied.as_deref(), expected, "{service} reads {schema}.{table}: {read:?}");
        }
        for other in Service::ALL.iter().filter(|other| **other != service) {
            let role = sqlx::AssertSqlSafe(format!("SET ROLE rapport_{other}"));
            let taken = sqlx::raw_sql(role).execute(&mut own).await;
            let denied = taken.as_ref().err().and_then(sqlx::Error::as_database_error).and_then(|told| told.code());
            assert_eq!(denied.as_deref(), Some("42501"), "{service} works as {other}: {taken:?}");
        }
    }
}
