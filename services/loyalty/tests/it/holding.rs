//! Points held back: nobody else spends them, and nothing is written until they are spent.

use futures::future::join_all;
use jiff::SignedDuration;
use kernel::MemberId;
use proto::loyalty::v1::*;
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::shop::Shop;

async fn with_fifty_points(shop: &Shop) -> MemberId {
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 2_500).await;
    shop.account(member, &fresh).await;
    member
}

async fn hold(shop: &Shop, member: MemberId, points: i64) -> Result<HoldPointsResponse, Status> {
    let request =
        HoldPointsRequest { request_id: shop.request_id(), ..crate::repeat::hold(member.to_string(), points, 1) };
    shop.client().hold_points(request).await.map(tonic::Response::into_inner)
}

fn capture(shop: &Shop, member: MemberId, hold: &str, points: i64) -> CaptureHoldRequest {
    let (request_id, member, hold) = (shop.request_id(), member.to_string(), hold.to_owned());
    CaptureHoldRequest { request_id, member, hold, points, ..Default::default() }
}

fn release(shop: &Shop, member: MemberId, hold: &str) -> ReleaseHoldRequest {
    let (request_id, member, hold) = (shop.request_id(), member.to_string(), hold.to_owned());
    ReleaseHoldRequest { request_id, member, hold, validate_only: false }
}

async fn proved(shop: &Shop, member: MemberId) {
    let request = VerifyMemberRequest { member: member.to_string(), at_least_as_fresh: String::new() };
    let told = shop.client().verify_member(request).await.expect("a statement can be proved").into_inner();
    assert_eq!((told.holds, told.divergence), (true, None));
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().expect("a reason").reason
}

#[tokio::test(flavor = "multi_thread")]
async fn held_points_are_in_the_balance_and_are_spent_by_their_hold_alone() {
    let shop = Shop::open().await;
    let member = with_fifty_points(&shop).await;
    let held = hold(&shop, member, 30).await.expect("there are 50");
    let expires = shop.clock.now() + SignedDuration::from_mins(15);
    assert_eq!((held.spendable, held.expire_time), (20, Some(proto::timestamp(expires))));
    let account = shop.account(member, "").await;
    assert_eq!((account.balance, account.spendable, account.held), (50, 20, 30));
    assert_eq!((account.lots[0].left, account.lots[0].held), (50, 30));
    let told = &account.holds[0];
    assert_eq!((told.id.as_str(), told.points, told.spent_on.as_str()), (held.hold.as_str(), 30, "dinner 1"));
    assert_eq!(shop.statement(member).await.len(), 1, "holding is no entry");
    proved(&shop, member).await;
    let overview = shop.client().get_overview(GetOverviewRequest::default()).await.expect("it is read").into_inner();
    assert_eq!((overview.outstanding, overview.held), (20, 30));

    let refused = shop.redeem(member, 21).await.expect_err("the others are held");
    assert_eq!(refused.get_details_error_info().expect("a reason").metadata["spendable"], "20");
    assert_eq!(reason(&hold(&shop, member, 21).await.expect_err("likewise")), "INSUFFICIENT_POINTS");
    let too_many = shop.client().capture_hold(capture(&shop, member, &held.hold, 31)).await.expect_err("30 are held");
    assert_eq!(reason(&too_many), "HOLD_EXCEEDED");

    let kept = CaptureHoldRequest { keep_rest: true, explain: true, ..capture(&shop, member, &held.hold, 10) };
    let spent = shop.client().capture_hold(kept).await.expect("30 are held").into_inner();
    assert_eq!((spent.spendable, spent.held, spent.draws[0].points), (20, 20, -10));
    let decision = spent.decision.expect("it was asked for");
    assert!(decision.facts.iter().any(|fact| fact.name == "hold" && fact.value == held.hold), "{decision:?}");
    proved(&shop, member).await;
    let spent = shop.client().capture_hold(capture(&shop, member, &held.hold, 5)).await.expect("20 are held");
    assert_eq!((spent.get_ref().spendable, spent.get_ref().held), (35, 0));
    let ended = shop.client().capture_hold(capture(&shop, member, &held.hold, 0)).await.expect_err("it has ended");
    assert_eq!(reason(&ended), "HOLD_ENDED");
    let ended = shop.client().release_hold(release(&shop, member, &held.hold)).await.expect_err("it has ended");
    assert_eq!(reason(&ended), "HOLD_ENDED");
    let points: Vec<i64> = shop.statement(member).await.iter().map(|entry| entry.points).collect();
    assert_eq!(points, [50, -10, -5]);
    proved(&shop, member).await;

    let reverse = ReverseRedemptionRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        entry: spent.into_inner().entry,
        ..Default::default()
    };
    let given = shop.client().reverse_redemption(reverse).await.expect("it was spent").into_inner();
    assert_eq!(given.spendable, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_let_go_by_its_owner_by_time_and_by_whoever_comes_next() {
    let shop = Shop::open().await;
    let member = with_fifty_points(&shop).await;
    let by_call = hold(&shop, member, 50).await.expect("there are 50");
    let other = with_fifty_points(&shop).await;
    let foreign = shop.client().release_hold(release(&shop, other, &by_call.hold)).await.expect_err("not theirs");
    assert_eq!(reason(&foreign), "HOLD_NOT_FOUND");
    let only = ReleaseHoldRequest { validate_only: true, ..release(&shop, member, &by_call.hold) };
    let would = shop.client().release_hold(only).await.expect("it could be").into_inner();
    assert_eq!((would.points, would.spendable), (50, 50));
    assert_eq!(shop.account(member, "").await.held, 50, "nothing was written");
    let let_go = shop.client().release_hold(release(&shop, member, &by_call.hold)).await.expect("it is open");
    assert_eq!((let_go.get_ref().points, let_go.get_ref().spendable), (50, 50));

    // By the next call at its instant, though no timer has rung.
    hold(&shop, member, 50).await.expect("there are 50");
    let end = shop.clock.now() + SignedDuration::from_mins(15);
    shop.clock.move_to(end - SignedDuration::from_micros(1)).expect("forward");
    shop.redeem(member, 1).await.expect_err("they are held");
    shop.clock.move_to(end).expect("forward");
    assert_eq!(shop.account(member, "").await.held, 0);
    let overview = shop.client().get_overview(GetOverviewRequest::default()).await.expect("it is read").into_inner();
    assert_eq!((overview.outstanding, overview.held), (100, 0));
    let spent = shop.redeem(member, 50).await.expect("they are let go");
    let reverse = ReverseRedemptionRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        entry: spent.entry,
        ..Default::default()
    };
    shop.client().reverse_redemption(reverse).await.expect("it was spent");

    // By its timer.
    let held = hold(&shop, member, 50).await.expect("there are 50");
    shop.days_pass(1).await;
    let mut look = shop.database.look().await;
    let open: i64 = sqlx::query_scalar("SELECT sum(held)::bigint FROM loyalty.hold")
        .fetch_one(&mut look)
        .await
        .expect("holds can be counted");
    assert_eq!(open, 0);
    let ended = shop.client().capture_hold(capture(&shop, member, &held.hold, 0)).await.expect_err("it has ended");
    assert_eq!(reason(&ended), "HOLD_ENDED");
    proved(&shop, member).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_is_held_or_spent_once_however_many_want_it() {
    let shop = Shop::open().await;
    let member = with_fifty_points(&shop).await;
    let holding = async { join_all((0..24).map(|_| hold(&shop, member, 20))).await };
    let spending = async { join_all((0..24).map(|_| shop.redeem(member, 20))).await };
    let (held, spent) = tokio::join!(holding, spending);
    let held: Vec<String> = held.into_iter().flatten().map(|held| held.hold).collect();
    assert_eq!(held.len() + spent.iter().filter(|spent| spent.is_ok()).count(), 2);
    // Whoever captures and whoever lets go: one of them.
    for id in &held {
        let capturing = async {
            join_all((0..8).map(|_| async { shop.client().capture_hold(capture(&shop, member, id, 0)).await.is_ok() }))
                .await
        };
        let releasing = async {
            join_all((0..8).map(|_| async { shop.client().release_hold(release(&shop, member, id)).await.is_ok() }))
                .await
        };
        let (captured, released) = tokio::join!(capturing, releasing);
        assert_eq!(captured.iter().chain(&released).filter(|done| **done).count(), 1);
    }
    assert_eq!(shop.account(member, "").await.held, 0);
    proved(&shop, member).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_lapse_waits_and_comes_back_with_the_grace() {
    let shop = Shop::open().await;
    let member = with_fifty_points(&shop).await;
    // They lapse with the end of January 2027.
    shop.clock.move_to(testkit::instant("2027-01-30T02:00:00Z")).expect("forward");
    let request = HoldPointsRequest {
        request_id: shop.request_id(),
        lifetime_seconds: 10 * 24 * 60 * 60,
        ..crate::repeat::hold(member.to_string(), 30, 1)
    };
    shop.client().hold_points(request).await.expect("there are 50");
    shop.days_pass(5).await;
    let account = shop.account(member, "").await;
    assert_eq!((account.balance, account.spendable, account.held, account.lapsed), (30, 0, 30, 20));
    let past = GetBalanceRequest {
        member: member.to_string(),
        as_of: Some(proto::timestamp(shop.clock.now())),
        ..Default::default()
    };
    let told = shop.client().get_balance(past.clone()).await.expect("it can be told").into_inner();
    assert_eq!(told.balance, 30, "what is held has not lapsed");
    let grant =
        GrantPointsRequest { request_id: shop.request_id(), ..crate::repeat::grant(member.to_string(), 1, "gift") };
    assert_eq!(shop.client().grant_points(grant).await.expect("given").into_inner().spendable, 7);
    proved(&shop, member).await;
    shop.days_pass(5).await;
    let account = shop.account(member, "").await;
    assert_eq!((account.balance, account.spendable, account.held, account.lapsed), (37, 37, 0, 20));
    let lapses: Vec<_> = account.lots.iter().map(|lot| (lot.left, lot.lapse_time)).collect();
    let at = |moment| Some(proto::timestamp(testkit::instant(moment)));
    assert_eq!(lapses, [(30, at("2027-02-23T16:00:00Z")), (7, at("2028-02-29T16:00:00Z"))]);
    let told = shop.client().get_balance(past).await.expect("it can be told").into_inner();
    assert_eq!(told.balance, 37, "what was held then is not forgotten; the gift came at that instant");
    let kinds: Vec<EntryKind> = shop.statement(member).await.iter().map(Entry::kind).collect();
    use EntryKind::{Earn, Lapse, Redemption, RedemptionReversal};
    assert_eq!(kinds, [Earn, Lapse, Earn, Redemption, RedemptionReversal]);
    proved(&shop, member).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_are_held_against_account_and_lots() {
    let shop = Shop::open().await;
    let member = with_fifty_points(&shop).await;
    hold(&shop, member, 30).await.expect("there are 50");
    proved(&shop, member).await;
    let mut owner = shop.database.look().await;
    let changes =
        [("UPDATE loyalty.hold SET held = held - 10", (30, 20)), ("UPDATE loyalty.lot SET held = held - 10", (20, 30))];
    for (change, expected) in changes {
        sqlx::query(change).execute(&mut owner).await.expect("changed");
        let request = VerifyMemberRequest { member: member.to_string(), at_least_as_fresh: String::new() };
        let told = shop.client().verify_member(request).await.expect("answered").into_inner();
        let found = told.divergence.expect("it is found");
        assert_eq!((found.kind(), found.expected, found.found), (DivergenceKind::Lots, expected.0, expected.1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_checked() {
    let shop = Shop::open().await;
    let member = with_fifty_points(&shop).await.to_string();
    let good = HoldPointsRequest { request_id: shop.request_id(), ..crate::repeat::hold(member, 30, 1) };
    let bad = [
        HoldPointsRequest { points: 0, ..good.clone() },
        HoldPointsRequest { lifetime_seconds: 30 * 24 * 60 * 60 + 1, ..good.clone() },
        HoldPointsRequest { lifetime_seconds: -1, ..good.clone() },
        HoldPointsRequest { spent_on: String::new(), ..good.clone() },
    ];
    for request in bad {
        let refused = shop.client().hold_points(request).await.expect_err("that is no hold");
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    }
    let only = HoldPointsRequest { validate_only: true, ..good.clone() };
    let would = shop.client().hold_points(only).await.expect("there are 50").into_inner();
    assert_eq!((would.hold.as_str(), would.spendable), ("", 20));
    let longest = HoldPointsRequest { lifetime_seconds: 30 * 24 * 60 * 60, ..good };
    let held = shop.client().hold_points(longest).await.expect("there are 50").into_inner();
    assert_eq!(held.expire_time, Some(proto::timestamp(shop.clock.now() + SignedDuration::from_hours(30 * 24))));
}
