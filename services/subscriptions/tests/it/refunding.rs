//! Money given back: said when it was, and asked for again where the provider would not.

use proto::subscriptions::v1::*;

use crate::shop::{Shop, reason};

fn refunds(seen: &GetSubscriptionResponse) -> Vec<(i32, i64, ChargeOutcome)> {
    let all = seen.charges.iter().rev().filter(|charge| charge.kind() == ChargeKind::Refund);
    all.map(|charge| (charge.attempt, charge.amount_minor, charge.outcome())).collect()
}

async fn occurrence(shop: &Shop, id: &str) -> (OccurrenceState, String) {
    let first = shop.look(id).await.recent.pop().expect("it fell due");
    (first.state(), first.state_reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_is_declined_is_not_lost() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "gold", "sandbox_refund_later_2").await;
    shop.until("2026-08-01T02:00:00Z").await;
    let later = ChargeOutcome::DeclinedLater;
    for times in 1..=2 {
        let told = shop.refund(&id).await.expect("it is owed");
        assert_eq!((told.used_minor, told.refund_minor), (598, 602), "as of the first time");
        assert!(!shop.check(member, "gate", &told.freshness).await.entitled, "it has ended at once");
        shop.said().await;
        assert_eq!(occurrence(&shop, &id).await, (OccurrenceState::Paid, "REFUND_DECLINED".to_owned()));
        let expected: Vec<_> = (0..times).map(|attempt| (attempt, 602, later)).collect();
        assert_eq!(refunds(&shop.look(&id).await), expected);
        shop.until(&format!("2026-08-0{}T02:00:00Z", times + 1)).await;
    }
    let told = shop.refund(&id).await.expect("it is owed still");
    assert_eq!((told.used_minor, told.refund_minor), (598, 602));
    shop.said().await;
    assert_eq!(shop.told(&id).await, "CANCELLED 0:REFUNDED");
    let given = (2, 602, ChargeOutcome::Succeeded);
    assert_eq!(refunds(&shop.look(&id).await), [(0, 602, later), (1, 602, later), given]);
    let refused = shop.refund(&id).await.expect_err("it was given back");
    assert_eq!(reason(&refused), "NOTHING_TO_REFUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_provider_is_asked_nothing_is_given_back_twice() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "gold", "sandbox_ok").await;
    let mut asked = 0;
    for _ in 0..3 {
        asked += usize::from(shop.refund(&id).await.is_ok());
    }
    assert_eq!(asked, 1);
    shop.said().await;
    assert_eq!(refunds(&shop.look(&id).await), [(0, 1_200, ChargeOutcome::Succeeded)]);
}
