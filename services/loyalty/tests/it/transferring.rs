//! Points passed on: what one gives the other gets, nothing keeps longer for it, and what is taken back is what still lies there.

use futures::future::join_all;
use kernel::MemberId;
use proto::loyalty::v1::*;
use testkit::instant;
use testkit::registry::NOBODY;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::ledger::proved;
use crate::repeat::pass_on;
use crate::shop::Shop;

fn reason(status: &Status) -> String {
    status.get_details_error_info().expect("a reason").reason
}

fn fact(status: &Status, name: &str) -> String {
    status.get_details_error_info().expect("a reason").metadata[name].clone()
}

/// Two members, the first with fifty points.
async fn two(shop: &Shop) -> (MemberId, MemberId) {
    let (ann, bob) = (shop.enrolled().await, shop.enrolled().await);
    let (_, fresh) = shop.buys(ann, 2_500).await;
    shop.account(ann, &fresh).await;
    (ann, bob)
}

fn ask(shop: &Shop, from: MemberId, to: MemberId, points: i64) -> TransferPointsRequest {
    TransferPointsRequest { request_id: shop.request_id(), ..pass_on(from.to_string(), to.to_string(), points, 1) }
}

async fn give(shop: &Shop, from: MemberId, to: MemberId, points: i64) -> Result<TransferPointsResponse, Status> {
    shop.client().transfer_points(ask(shop, from, to, points)).await.map(tonic::Response::into_inner)
}

fn undoing(shop: &Shop, member: MemberId, transfer: &str) -> ReverseTransferRequest {
    ReverseTransferRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        transfer: transfer.to_owned(),
        reason: "by mistake".to_owned(),
        ..ReverseTransferRequest::default()
    }
}

async fn undo(shop: &Shop, member: MemberId, transfer: &str) -> Result<ReverseTransferResponse, Status> {
    shop.client().reverse_transfer(undoing(shop, member, transfer)).await.map(tonic::Response::into_inner)
}

/// Puts terms with a policy in force from now on.
async fn under(shop: &Shop, policy: Option<TransferPolicy>) {
    let mut request = shop.programme();
    let programme = request.programme.as_mut().expect("there is one");
    programme.effective_time = Some(proto::timestamp(shop.clock.now()));
    programme.transfers = policy;
    shop.client().put_programme(request).await.expect("it follows");
}

fn anybody() -> TransferPolicy {
    TransferPolicy { allowed: TransferScope::Anybody.into(), ..TransferPolicy::default() }
}

async fn points(shop: &Shop, member: MemberId) -> Vec<i64> {
    shop.statement(member).await.iter().map(|entry| entry.points).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_gives_the_other_gets_with_its_expiry() {
    let shop = Shop::open().await;
    let (ann, bob) = two(&shop).await;
    shop.days_pass(60).await;
    let (_, fresh) = shop.buys(ann, 2_500).await;
    let before = shop.account(ann, &fresh).await;
    let asked = TransferPointsRequest { explain: true, ..ask(&shop, ann, bob, 60) };
    let done = shop.client().transfer_points(asked.clone()).await.expect("there are 100").into_inner();
    assert_eq!((done.spendable, done.fee), (40, 0));
    let decision = done.decision.clone().expect("it was asked for");
    let message = decision.message.expect("in words").message;
    assert_eq!(message, "60 points passed on to another member, 0 of them as the fee: a present 1.");
    let again = shop.client().transfer_points(asked).await.expect("likewise").into_inner();
    assert_eq!(
        (again.transfer.clone(), again.entry, again.to_entry),
        (done.transfer.clone(), done.entry.clone(), done.to_entry.clone())
    );

    // One token shows both.
    let (giver, receiver) = (shop.account(ann, &done.freshness).await, shop.account(bob, &done.freshness).await);
    assert_eq!((giver.balance, giver.transferred), (40, -60));
    assert_eq!((receiver.balance, receiver.transferred, receiver.earned), (60, 60, 0));
    let of = |account: &Account| {
        let lots = account.lots.iter();
        lots.map(|lot| (lot.left, lot.lapse_time.expect("they lapse").seconds)).collect::<Vec<_>>()
    };
    let (first, second) = (of(&before)[0].1, of(&before)[1].1);
    assert_eq!((of(&giver), of(&receiver)), (vec![(40, second)], vec![(50, first), (10, second)]));
    assert!(receiver.lots.iter().all(|lot| lot.origin == done.transfer));
    let entry = shop.statement(bob).await.remove(0);
    assert_eq!(
        (entry.kind(), entry.cause.as_str(), entry.id),
        (EntryKind::TransferIn, done.transfer.as_str(), done.to_entry.clone())
    );
    let entry = shop.statement(ann).await.pop().expect("it is there");
    assert_eq!((entry.kind(), entry.cause), (EntryKind::TransferOut, done.transfer.clone()));

    let told = ExplainEntryRequest { entry: done.to_entry, ..Default::default() };
    let told = shop.client().explain_entry(told).await.expect("it is there").into_inner().decision.expect("told");
    assert_eq!(told.message.expect("in words").message, "60 points came from another member: a present 1.");
    let from = told.facts.iter().find(|fact| fact.name == "from").map(|fact| fact.value.clone());
    assert_eq!(from, Some(ann.to_string()));
    for member in [ann, bob] {
        assert!(proved(&shop, member).await.holds);
    }
    let sums = shop.client().get_overview(GetOverviewRequest::default()).await.expect("told").into_inner();
    assert_eq!((sums.transferred, sums.outstanding, sums.entries), (0, 100, 4));
    shop.clock.move_to(instant("2027-02-01T02:00:00Z")).expect("forward");
    assert_eq!(shop.account(bob, "").await.balance, 10, "they lapse when they would have");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_balance_knows_what_came_and_went() {
    let shop = Shop::open().await;
    let (ann, bob) = two(&shop).await;
    let before = shop.clock.now();
    shop.days_pass(3).await;
    let done = give(&shop, ann, bob, 30).await.expect("there are 50");
    let between = shop.clock.now();
    shop.days_pass(3).await;
    shop.redeem(bob, 10).await.expect("there are 30");
    undo(&shop, ann, &done.transfer).await.expect("it was made");
    let balance = async |member: MemberId, at| {
        let (member, as_of) = (member.to_string(), Some(proto::timestamp(at)));
        let request = GetBalanceRequest { member, as_of, ..GetBalanceRequest::default() };
        shop.client().get_balance(request).await.expect("it is read").into_inner().balance
    };
    for (at, of_ann, of_bob) in [(before, 50, 0), (between, 20, 30), (shop.clock.now(), 40, 0)] {
        assert_eq!((balance(ann, at).await, balance(bob, at).await), (of_ann, of_bob), "at {at}");
    }
    // Long after all has lapsed, the past is what it was.
    shop.days_pass(500).await;
    assert_eq!((balance(ann, between).await, balance(bob, between).await), (20, 30));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_pass_on_what_is_the_programmes_to_say() {
    let shop = Shop::open().await;
    let (ann, bob) = two(&shop).await;
    let self_ask = ask(&shop, ann, ann, 1);
    let refused = shop.client().transfer_points(self_ask).await.expect_err("to oneself");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let nobody = NOBODY.parse().expect("an id");
    let stranger = give(&shop, ann, nobody, 1).await.expect_err("nobody knows them");
    assert_eq!(reason(&stranger), "MEMBER_NOT_FOUND");
    let poor = give(&shop, bob, ann, 1).await.expect_err("there are none");
    assert_eq!((reason(&poor), fact(&poor, "short_by")), ("INSUFFICIENT_POINTS".to_owned(), "1".to_owned()));
    let other = TransferPointsRequest { wallet: "stamps".to_owned(), ..ask(&shop, ann, bob, 1) };
    assert_eq!(reason(&shop.client().transfer_points(other).await.expect_err("no such wallet")), "WALLET_NOT_FOUND");

    shop.days_pass(1).await;
    under(&shop, None).await;
    let refused = give(&shop, ann, bob, 1).await.expect_err("nobody may");
    assert_eq!((reason(&refused), fact(&refused, "why")), ("TRANSFER_NOT_ALLOWED".to_owned(), "NOBODY_MAY".to_owned()));

    shop.days_pass(1).await;
    let limited = TransferPolicy {
        fee_points: 1,
        fee_basis_points: 1_000,
        least_points: 5,
        most_points: 20,
        most_points_day: 25,
        most_points_month: 30,
        ..anybody()
    };
    under(&shop, Some(limited)).await;
    let limit = async |points, limit: &str, left: &str| {
        let refused = give(&shop, ann, bob, points).await.expect_err("a limit is reached");
        assert_eq!(reason(&refused), "TRANSFER_LIMIT_REACHED");
        assert_eq!((fact(&refused, "limit").as_str(), fact(&refused, "left").as_str()), (limit, left));
    };
    limit(4, "LEAST", "5").await;
    limit(21, "MOST", "20").await;
    let only = TransferPointsRequest { validate_only: true, ..ask(&shop, ann, bob, 20) };
    let would = shop.client().transfer_points(only).await.expect("it could be").into_inner();
    assert_eq!((would.transfer, would.entry, would.fee, would.spendable), (String::new(), String::new(), 3, 27));
    assert_eq!(points(&shop, ann).await, [50], "nothing was written");
    let first = give(&shop, ann, bob, 20).await.expect("it is within all limits");
    assert_eq!(first.fee, 3);
    limit(6, "DAY", "5").await;
    // What was taken back is free again.
    let back = undo(&shop, ann, &first.transfer).await.expect("it was made");
    assert_eq!((back.points, back.kept, back.fee, back.spendable), (20, 0, 3, 50));
    give(&shop, ann, bob, 20).await.expect("the day is free again");
    shop.days_pass(1).await;
    limit(11, "MONTH", "10").await;
    give(&shop, ann, bob, 10).await.expect("ten are left of the month");
    shop.clock.move_to(instant("2026-02-01T02:00:00Z")).expect("forward");
    let poor = give(&shop, ann, bob, 15).await.expect_err("a new month, and too few");
    assert_eq!((reason(&poor), fact(&poor, "asked")), ("INSUFFICIENT_POINTS".to_owned(), "17".to_owned()));
    assert_eq!(points(&shop, ann).await, [50, -23, 23, -23, -12]);
    let sums = shop.client().get_overview(GetOverviewRequest::default()).await.expect("told").into_inner();
    assert_eq!((sums.transferred, sums.outstanding), (-5, 45), "fees are gone");
    for member in [ann, bob] {
        assert!(proved(&shop, member).await.holds);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_is_what_still_lies_there() {
    let shop = Shop::open().await;
    let (ann, bob) = two(&shop).await;
    let done = give(&shop, ann, bob, 40).await.expect("there are 50");
    shop.redeem(bob, 15).await.expect("there are 40");
    let unknown = undo(&shop, bob, &done.transfer).await.expect_err("it was not Bob who gave");
    assert_eq!(reason(&unknown), "TRANSFER_NOT_FOUND");
    let only = ReverseTransferRequest { validate_only: true, ..undoing(&shop, ann, &done.transfer) };
    let would = shop.client().reverse_transfer(only).await.expect("it could be").into_inner();
    assert_eq!((would.entry.as_str(), would.points, would.kept, would.spendable), ("", 25, 15, 35));
    let asked = ReverseTransferRequest { explain: true, ..undoing(&shop, ann, &done.transfer) };
    let told = shop.client().reverse_transfer(asked.clone()).await.expect("it was made").into_inner();
    assert_eq!((told.points, told.kept, told.fee, told.spendable), (25, 15, 0, 35));
    let message = told.decision.clone().expect("asked for").message.expect("in words").message;
    assert_eq!(message, "A transfer was taken back; 25 points returned: by mistake.");
    let again = shop.client().reverse_transfer(asked).await.expect("likewise").into_inner();
    assert_eq!((again.entry, again.to_entry, again.kept), (told.entry, told.to_entry, 15));
    let twice = undo(&shop, ann, &done.transfer).await.expect_err("it was taken back");
    assert_eq!((reason(&twice), fact(&twice, "entry")), ("ALREADY_REVERSED".to_owned(), done.entry));
    assert_eq!((points(&shop, ann).await, points(&shop, bob).await), (vec![50, -40, 25], vec![40, -15, -25]));
    // Entries of transfers are no redemptions, and no grants.
    let redemption = ReverseRedemptionRequest {
        request_id: shop.request_id(),
        member: bob.to_string(),
        entry: done.to_entry.clone(),
        ..Default::default()
    };
    let refused = shop.client().reverse_redemption(redemption).await.expect_err("it is none");
    assert_eq!((reason(&refused), fact(&refused, "kind")), ("NOT_A_REDEMPTION".to_owned(), "TRANSFER_IN".to_owned()));
    for member in [ann, bob] {
        assert!(proved(&shop, member).await.holds);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_point_is_passed_on_once_however_many_want_it() {
    let shop = Shop::open().await;
    let (ann, bob) = two(&shop).await;
    let outcomes = join_all((0..64).map(|_| give(&shop, ann, bob, 50))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(refused.map(reason).all(|reason| reason == "INSUFFICIENT_POINTS"));
    assert_eq!((shop.account(ann, "").await.balance, shop.account(bob, "").await.balance), (0, 50));
    assert_eq!((points(&shop, ann).await.len(), points(&shop, bob).await.len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_to_and_fro_at_once_keep_every_sum() {
    let shop = Shop::open().await;
    let (ann, bob) = two(&shop).await;
    let (_, fresh) = shop.buys(bob, 2_500).await;
    shop.account(bob, &fresh).await;
    let carol = shop.enrolled().await;
    let pairs = [(ann, bob), (bob, ann), (bob, carol), (carol, ann), (ann, carol)];
    let all = (0..60).map(|turn| {
        let (from, to) = pairs[turn % pairs.len()];
        give(&shop, from, to, 1 + i64::try_from(turn).expect("small") % 7)
    });
    let outcomes = join_all(all).await;
    assert!(outcomes.iter().any(Result::is_ok));
    let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(refused.map(reason).all(|reason| reason == "INSUFFICIENT_POINTS"), "nobody is told of a deadlock");
    let mut sum = 0;
    for member in [ann, bob, carol] {
        let account = shop.account(member, "").await;
        assert!(account.spendable >= 0 && proved(&shop, member).await.holds);
        sum += account.balance;
    }
    assert_eq!(sum, 100);
    let made: Vec<String> = outcomes.into_iter().filter_map(Result::ok).map(|done| done.transfer).collect();
    let mut backs = Vec::new();
    for member in [ann, bob, carol] {
        let backs_of = join_all(made.iter().map(|transfer| undo(&shop, member, transfer))).await;
        backs.extend(backs_of.into_iter().filter_map(Result::ok));
    }
    assert_eq!(backs.len(), made.len(), "each is taken back by who gave it");
    let mut sum = 0;
    for member in [ann, bob, carol] {
        assert!(proved(&shop, member).await.holds);
        sum += shop.account(member, "").await.balance;
    }
    assert_eq!(sum, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forecast_counts_passed_on_points_once() {
    let shop = Shop::open().await;
    let (ann, bob) = two(&shop).await;
    let served = || shop.served.channel_for_everything(shop.tenant);
    let forecast = async || {
        let mut planning = planning_service_client::PlanningServiceClient::new(served());
        planning.forecast_liability(ForecastLiabilityRequest::default()).await.expect("told").into_inner()
    };
    let before = forecast().await;
    give(&shop, ann, bob, 30).await.expect("there are 50");
    let after = forecast().await;
    let sums = |told: &ForecastLiabilityResponse| {
        told.months.iter().map(|month| (month.month.clone(), month.points, month.issued)).collect::<Vec<_>>()
    };
    assert_eq!((before.outstanding, sums(&before)), (after.outstanding, sums(&after)));
}
