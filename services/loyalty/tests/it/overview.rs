//! The sums over a programme are the sums over its members, whatever is due and not written yet.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use kernel::MemberId;
use proto::loyalty::v1::*;

use crate::shop::Shop;

/// What both can say, read from the one and summed from the other.
#[derive(Debug, Default, PartialEq)]
struct Sums {
    tiers: BTreeMap<String, i64>,
    months: BTreeMap<String, (i64, i64)>,
    earned: i64,
    redeemed: i64,
    lapsed: i64,
    outstanding: i64,
    pending: i64,
    held: i64,
    deficit: i64,
    accounts: i64,
}

async fn overview(shop: &Shop) -> (Sums, i64) {
    let answer = shop.client().get_overview(GetOverviewRequest::default()).await;
    let told = answer.expect("it can be read").into_inner();
    let sums = Sums {
        tiers: told.tiers.iter().map(|tier| (tier.tier.clone(), tier.members)).collect(),
        months: told.lapse_months.iter().map(|month| (month.month.clone(), (month.points, month.lots))).collect(),
        earned: told.earned - told.earn_reversed,
        redeemed: told.redeemed - told.redemption_reversed,
        lapsed: told.lapsed,
        outstanding: told.outstanding,
        pending: told.pending,
        held: told.held,
        deficit: told.deficit,
        accounts: told.accounts,
    };
    (sums, told.entries)
}

/// Asks for each account, and sums.
async fn summed(shop: &Shop, members: &[MemberId]) -> Sums {
    let zone = TimeZone::get("Asia/Taipei").expect("a zone");
    let tiers = ["member", "silver", "gold"].map(|code| (code.to_owned(), 0));
    let mut sums = Sums { tiers: tiers.into(), ..Sums::default() };
    for member in members {
        let account = shop.account(*member, "").await;
        *sums.tiers.get_mut(&account.tier.expect("a ladder").tier).expect("on the ladder") += 1;
        for lot in account.lots.into_iter().chain(account.pending_lots) {
            let lapses = proto::instant(&lot.lapse_time.expect("it lapses")).expect("an instant");
            let last_day = (lapses - jiff::SignedDuration::from_micros(1)).to_zoned(zone.clone());
            let month = sums.months.entry(last_day.strftime("%Y-%m").to_string()).or_default();
            *month = (month.0 + lot.left, month.1 + 1);
        }
        sums.earned += account.earned;
        sums.redeemed += account.redeemed;
        sums.lapsed += account.lapsed;
        sums.outstanding += account.spendable;
        sums.pending += account.pending;
        sums.held += account.held;
        sums.deficit += account.deficit;
        sums.accounts += 1;
    }
    sums
}

/// A member whose orders of the given days are loaded as a history.
async fn loaded(shop: &Shop, orders: &[(&str, i64)]) -> (MemberId, String) {
    let (member, mut fresh) = (shop.member(), String::new());
    for (day, amount) in orders {
        let mut order = shop.order(member, *amount, testkit::instant(&format!("{day}T02:00:00Z")));
        order.historic = true;
        fresh = shop.seal(&shop.activity.say(shop.tenant, member, &order).await);
    }
    (member, fresh)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_is_the_sum_of_the_accounts_before_and_after_the_timers_ring() {
    let shop = Shop::open().await;
    shop.clock.move_to(testkit::instant("2028-06-01T02:00:00Z")).expect("forward");
    let histories: [&[(&str, i64)]; 5] = [
        // Reviewed once and lost, and all of it lapsed, at two instants.
        &[("2026-01-10", 12_000), ("2026-03-10", 1_000)],
        // Gold, falls to silver by what was bought in between, then further.
        &[("2026-01-10", 31_000), ("2026-11-10", 9_000)],
        // Still silver, with points of both kinds.
        &[("2027-05-20", 5_000), ("2027-09-10", 6_000)],
        // Kept at its review, which nobody has written yet.
        &[("2027-04-10", 12_000), ("2028-03-01", 9_000)],
        &[("2028-05-01", 700)],
    ];
    let mut members = Vec::new();
    for orders in histories {
        let (member, fresh) = loaded(&shop, orders).await;
        shop.account(member, &fresh).await;
        members.push(member);
    }
    // One has joined and no more; one was given points and never bought anything; one owes points.
    let joined = shop.enrolled().await;
    let given = shop.enrolled().await;
    let gift = AdjustPointsRequest {
        request_id: shop.request_id(),
        member: given.to_string(),
        points: 30,
        reason: "an apology".to_owned(),
        validate_only: false,
        explain: false,
        wallet: String::new(),
    };
    shop.client().adjust_points(gift).await.expect("points are given");
    let owing = shop.member();
    let (order, fresh) = shop.buys(owing, 2_500).await;
    shop.account(owing, &fresh).await;
    shop.redeem(owing, 40).await.expect("there are 50");
    let fresh = shop.returns(owing, &order, 2_500, 2_500).await;
    shop.account(owing, &fresh).await;
    members.extend([joined, given, owing]);

    let (before, entries) = overview(&shop).await;
    assert_eq!(before, summed(&shop, &members).await);
    assert!(before.lapsed > 0 && before.deficit > 0 && before.tiers["silver"] > 0, "{before:?}");
    let written = written(&shop, &members).await;
    assert!(written < entries, "some of the {entries} entries are not written yet, of which {written} are");
    ring(&shop).await;
    assert_eq!(overview(&shop).await, (before, entries), "only what was due was written");
    assert_eq!(self::written(&shop, &members).await, entries);
}

#[tokio::test(flavor = "multi_thread")]
async fn points_that_wait_are_summed_before_and_after_the_timers_ring() {
    let shop = Shop::without_programme().await;
    let mut request = shop.programme();
    let pending = PendingPolicy { days: 60, from: PendingFrom::Order.into() };
    request.programme.as_mut().expect("there").pending = Some(pending);
    shop.client().put_programme(request).await.expect("the terms are valid");
    shop.clock.move_to(testkit::instant("2028-06-01T02:00:00Z")).expect("forward");
    let histories: [&[(&str, i64)]; 3] = [
        // Waited and lapsed, waited, and still waiting; nothing of it is written yet but the first.
        &[("2026-01-10", 1_000), ("2027-10-10", 2_000), ("2028-05-20", 3_000)],
        &[("2026-01-10", 4_000)],
        &[("2028-05-30", 5_000)],
    ];
    let mut members = Vec::new();
    for orders in histories {
        let (member, fresh) = loaded(&shop, orders).await;
        shop.account(member, &fresh).await;
        members.push(member);
    }
    let (before, entries) = overview(&shop).await;
    assert_eq!(before, summed(&shop, &members).await);
    assert_eq!((before.outstanding, before.pending, before.lapsed), (40, 160, 100));
    ring(&shop).await;
    assert_eq!(overview(&shop).await, (before, entries), "only what was due was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_reviews_are_due_than_are_looked_through_at_once() {
    let shop = Shop::open().await;
    shop.clock.move_to(testkit::instant("2027-01-10T16:00:00Z")).expect("forward");
    let mut told = Vec::new();
    // All of one day, so that their reviews are due at one instant: this one.
    for number in 0..210_i64 {
        let more = if number % 3 == 0 { 9_000 } else { 0 };
        told.push(loaded(&shop, &[("2026-01-10", 12_000), ("2026-06-10", 500 + more)]).await);
    }
    for (member, fresh) in &told {
        shop.account(*member, fresh).await;
    }
    let members: Vec<MemberId> = told.into_iter().map(|(member, _)| member).collect();
    let (due, entries) = overview(&shop).await;
    assert_eq!((due.tiers["member"], due.tiers["silver"]), (140, 70), "12,000 count no more");
    assert_eq!(due, summed(&shop, &members).await);
    ring(&shop).await;
    assert_eq!(overview(&shop).await, (due, entries));
}

async fn written(shop: &Shop, members: &[MemberId]) -> i64 {
    let mut entries = 0;
    for member in members {
        entries += i64::try_from(shop.statement(*member).await.len()).expect("few");
    }
    entries
}

/// The ten minutes after which the rest of a history is settled pass, and nothing else falls due in them.
async fn ring(shop: &Shop) {
    let later = shop.clock.now() + jiff::SignedDuration::from_mins(11);
    shop.clock.move_to(later).expect("forward");
    shop.service.clockwork().expect("there is one").drain(later).await.expect("due work is done");
    assert_eq!(shop.service.clockwork().expect("there is one").count_due().await.expect("counted"), 0);
}
