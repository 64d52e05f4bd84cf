//! The gate opens to who has paid, and to nobody else.

use proto::subscriptions::v1::*;

use crate::shop::{Shop, reason};

fn cancel(shop: &Shop, id: &str, at_once: bool) -> CancelSubscriptionRequest {
    CancelSubscriptionRequest {
        request_id: shop.request_id(),
        subscription: id.to_owned(),
        at_once,
        ..CancelSubscriptionRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_opens_with_the_payment_and_closes_after_the_grace() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let closed = shop.check(member, "gate", "").await;
    assert_eq!((closed.entitled, closed.state(), closed.until), (false, EntitlementState::No, None));
    let said = |told: CheckEntitlementResponse| testkit::sentence(told.decision.as_ref());
    assert_eq!(said(closed), "Not open: no paid membership has opened this to the member.");
    let id = shop.subscribe(member, "gold", "sandbox_ok_from_9").await;
    assert!(!shop.check(member, "gate", "").await.entitled, "declined is not paid");
    let request = UpdatePaymentTokenRequest {
        request_id: shop.request_id(),
        subscription: id.clone(),
        payment_token: "sandbox_ok".to_owned(),
        validate_only: false,
    };
    shop.client().update_payment_token(request).await.expect("it is taken");
    shop.until("2026-02-01T02:00:00Z").await;
    let open = shop.check(member, "gate", &shop.fresh(&id).await).await;
    assert_eq!((open.entitled, open.state()), (true, EntitlementState::Active));
    assert_eq!(open.until, Some(proto::timestamp(testkit::instant("2027-02-01T02:00:00Z"))));
    assert_eq!(open.decision.expect("it was asked for").outcome, "active");
    assert!(!shop.check(member, "lounge", "").await.entitled, "what nobody grants");

    let token = UpdatePaymentTokenRequest {
        request_id: shop.request_id(),
        subscription: id.clone(),
        payment_token: "sandbox_card".to_owned(),
        validate_only: false,
    };
    shop.client().update_payment_token(token).await.expect("it is taken");
    shop.until("2027-02-01T02:00:00Z").await;
    let grace = shop.check(member, "gate", "").await;
    assert_eq!(grace.state(), EntitlementState::Grace);
    assert_eq!(said(grace), "Still open: the term is over and its days of grace are not.");
    shop.until("2027-02-15T01:59:59Z").await;
    assert!(shop.check(member, "gate", "").await.entitled);
    shop.until("2027-02-15T02:00:00Z").await;
    let closed = shop.check(member, "gate", "").await;
    assert_eq!((closed.entitled, closed.state()), (false, EntitlementState::No));
    assert_eq!(said(closed), "Not open: the last paid term and its days of grace are over.");
    let call = CheckEntitlementRequest {
        member: member.to_string(),
        entitlement: "gate".to_owned(),
        explain: true,
        ..CheckEntitlementRequest::default()
    };
    let told = shop.client().check_entitlement(testkit::in_language(call, "zh-TW")).await.expect("it answers");
    let message = told.into_inner().decision.and_then(|decision| decision.message).expect("a sentence");
    assert_eq!(message.message, "無法使用:會期與寬限期都已結束。");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_term_that_is_paid_goes_on_after_it_is_cancelled() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "gold", "sandbox_ok").await;
    let told =
        shop.client().cancel_subscription(cancel(&shop, &id, false)).await.expect("always possible").into_inner();
    let until = proto::timestamp(testkit::instant("2027-01-31T02:00:00Z"));
    assert_eq!(told.entitled_until, Some(until), "without the grace");
    let open = shop.check(member, "gate", &told.freshness).await;
    assert_eq!((open.entitled, open.until), (true, Some(until)));
    shop.until("2027-01-31T02:00:00Z").await;
    assert!(!shop.check(member, "gate", "").await.entitled);
    // Back within two months, it runs on from the old date.
    shop.until("2027-03-01T02:00:00Z").await;
    let id = shop.subscribe(member, "gold", "sandbox_ok").await;
    let seen = shop.look(&id).await.subscription.expect("there").membership.expect("paid");
    assert_eq!(seen.paid_until, Some(proto::timestamp(testkit::instant("2028-01-31T02:00:00Z"))));
    let told = shop.client().cancel_subscription(cancel(&shop, &id, true)).await.expect("always possible").into_inner();
    assert!(!shop.check(member, "gate", &told.freshness).await.entitled, "at once is now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_hears_of_it() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    assert!(!shop.check(member, "gate", "").await.entitled);
    let store = shop.database.store(subscriptions::SERVICE).await;
    let peers = shop.served.peers(&["registry", "activity"]);
    let other = subscriptions::Subscriptions::open(store, shop.clock.clone(), shop.keys.clone(), &peers, None);
    let other = other.expect("its peers are known");
    let house = testkit::House::new().with_keys(shop.keys.clone());
    let served = house.serve(other.mount(server::Services::new()));
    tokio::spawn(other.run(shop.stop.clone()));
    let ask = |fresh: &str| CheckEntitlementRequest {
        member: member.to_string(),
        entitlement: "gate".to_owned(),
        explain: false,
        at_least_as_fresh: fresh.to_owned(),
    };
    let channel = served.channel_for_everything(shop.tenant);
    let mut far = subscriptions_service_client::SubscriptionsServiceClient::new(channel);
    assert!(!far.check_entitlement(ask("")).await.expect("it answers").into_inner().entitled);
    let id = shop.subscribe(member, "gold", "sandbox_ok").await;
    let fresh = shop.fresh(&id).await;
    assert!(far.check_entitlement(ask(&fresh)).await.expect("it answers").into_inner().entitled);
    testkit::until("it is heard without a token", || {
        let (mut far, ask) = (far.clone(), ask(""));
        async move { far.check_entitlement(ask).await.expect("it answers").into_inner().entitled }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_used_is_given_back() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "gold", "sandbox_ok").await;
    shop.until("2026-08-01T02:00:00Z").await;
    let refund = || RefundMembershipRequest {
        request_id: shop.request_id(),
        subscription: id.clone(),
        ..RefundMembershipRequest::default()
    };
    let told = shop.client().refund_membership(refund()).await.expect("it is paid").into_inner();
    assert_eq!((told.used_days, told.term_days), (182, 365));
    assert_eq!((told.used_minor, told.refund_minor), (598, 602));
    assert!(!shop.check(member, "gate", &told.freshness).await.entitled);
    shop.said().await;
    assert_eq!(shop.told(&id).await, "CANCELLED 0:REFUNDED");
    let charges = shop.look(&id).await.charges;
    let back = charges.iter().find(|charge| charge.kind() == ChargeKind::Refund).expect("it is listed");
    assert_eq!((back.amount_minor, back.outcome()), (602, ChargeOutcome::Succeeded));
    let refused = shop.client().refund_membership(refund()).await.expect_err("once");
    assert_eq!(reason(&refused), "NOTHING_TO_REFUND");
}
