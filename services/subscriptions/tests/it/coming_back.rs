//! Who comes back to a membership, or renews it before its time: what they run on from, and what is open meanwhile.

use proto::subscriptions::v1::*;

use crate::shop::Shop;

/// A member who paid on 31 January 2026 for a year, cancelled on 1 March, and subscribed again at once.
async fn back_at_once(shop: &Shop, token: &str) -> (kernel::MemberId, String, String) {
    let member = shop.enrolled().await;
    let first = shop.subscribe(member, "gold", "sandbox_ok").await;
    shop.until("2026-03-01T02:00:00Z").await;
    shop.cancel(&first, false).await;
    let second = shop.subscribe(member, "gold", token).await;
    assert!(is_open(shop, member).await, "the first is paid");
    (member, first, second)
}

/// Whether the gate is open, asked with all that was written.
async fn is_open(shop: &Shop, member: kernel::MemberId) -> bool {
    shop.check(member, "gate", &head(shop, member).await).await.entitled
}

/// A token for all that was written about a member: that of one more subscription which comes to nothing.
async fn head(shop: &Shop, member: kernel::MemberId) -> String {
    let told = shop.try_subscribe(member, "coffee", "sandbox_never").await.expect("it can be subscribed to");
    shop.said().await;
    shop.cancel(&told.subscription, true).await.freshness
}

async fn paid(shop: &Shop, id: &str) -> Option<(String, String)> {
    let membership = shop.look(id).await.subscription.expect("there").membership?;
    let text = |moment: Option<prost_types::Timestamp>| {
        proto::instant(&moment.expect("it is told")).expect("in range").to_string()
    };
    Some((text(membership.paid_from), text(membership.paid_until)))
}

fn term(from: &str, until: &str) -> Option<(String, String)> {
    Some((from.to_owned(), until.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_paid_opens_nothing() {
    let shop = Shop::open().await;
    let (member, first, second) = back_at_once(&shop, "sandbox_card").await;
    assert_eq!(paid(&shop, &second).await, None, "nothing was paid here");
    shop.refund(&first).await.expect("it is paid");
    assert!(!is_open(&shop, member).await, "what was given back is closed");
    shop.until("2026-08-01T02:00:00Z").await;
    assert!(!is_open(&shop, member).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_term_paid_ahead_opens_with_its_first_instant() {
    let shop = Shop::open().await;
    let (member, first, second) = back_at_once(&shop, "sandbox_ok").await;
    assert_eq!(paid(&shop, &second).await, term("2027-01-31T02:00:00Z", "2028-01-31T02:00:00Z"));
    shop.refund(&first).await.expect("it is paid");
    assert!(!is_open(&shop, member).await, "the year that was given back is closed");
    shop.until("2027-01-31T01:59:59Z").await;
    assert!(!is_open(&shop, member).await);
    shop.until("2027-01-31T02:00:00Z").await;
    assert!(is_open(&shop, member).await, "the year that was paid is open");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_meanwhile_is_not_run_on_from() {
    for at_once in [false, true] {
        let shop = Shop::open().await;
        let (member, first, second) = back_at_once(&shop, "sandbox_card").await;
        if at_once {
            shop.cancel(&first, true).await;
        } else {
            shop.refund(&first).await.expect("it is paid");
        }
        assert!(!is_open(&shop, member).await);
        shop.pay_with(&second, "sandbox_ok").await;
        assert_eq!(paid(&shop, &second).await, term("2026-03-01T02:00:00Z", "2027-03-01T02:00:00Z"));
        assert!(is_open(&shop, member).await);
        shop.until("2027-03-02T02:00:00Z").await;
        assert!(is_open(&shop, member).await, "charged when the term ended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_pays_in_time_is_never_locked_out() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let first = shop.subscribe(member, "gold", "sandbox_ok").await;
    shop.cancel(&first, false).await;
    shop.until("2027-03-20T02:00:00Z").await;
    assert!(!is_open(&shop, member).await, "the term is over");
    let second = shop.subscribe(member, "gold", "sandbox_ok").await;
    assert_eq!(paid(&shop, &second).await, term("2027-01-31T02:00:00Z", "2028-01-31T02:00:00Z"));
    for year in ["2028", "2029"] {
        for day in ["01-31T01:59:59Z", "01-31T02:00:00Z", "02-20T02:00:00Z", "03-20T01:59:59Z", "03-20T02:00:00Z"] {
            shop.until(&format!("{year}-{day}")).await;
            let gate = shop.check(member, "gate", &head(&shop, member).await).await;
            assert_eq!(gate.state(), EntitlementState::Active, "{year}-{day}");
        }
    }
    assert_eq!(shop.told(&second).await, "ACTIVE 0:PAID 1:PAID 2:PAID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_before_its_time_leaves_the_gate_open() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    // Declined on the first day, paid on the second: the next charge comes a day before the term ends.
    let id = shop.subscribe(member, "gold", "sandbox_later_1").await;
    shop.until("2026-02-01T02:00:00Z").await;
    shop.pay_with(&id, "sandbox_ok").await;
    shop.until("2027-01-31T12:00:00Z").await;
    assert_eq!(paid(&shop, &id).await, term("2027-02-01T02:00:00Z", "2028-02-01T02:00:00Z"));
    assert!(is_open(&shop, member).await, "the term before is not over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skipped_month_is_not_paid_for_later() {
    let shop = Shop::open().await;
    let pass = Plan { code: "pass".to_owned(), cadence: Some(crate::shop::monthly()), ..shop.gold() };
    shop.put(pass).await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "pass", "sandbox_ok").await;
    let skip = SkipOccurrenceRequest {
        request_id: shop.request_id(),
        subscription: id.clone(),
        number: 1,
        validate_only: false,
    };
    shop.client().skip_occurrence(skip).await.expect("it is ahead");
    shop.until("2026-03-31T02:00:00Z").await;
    assert_eq!(paid(&shop, &id).await, term("2026-03-31T02:00:00Z", "2026-04-30T02:00:00Z"));
    shop.until("2026-04-20T02:00:00Z").await;
    assert!(is_open(&shop, member).await, "this month is paid");
}
