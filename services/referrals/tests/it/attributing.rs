//! Who invited somebody: one, for ever, and never themselves.

use futures::future::join_all;
use jiff::SignedDuration;
use kernel::MemberId;
use proto::activity::events::v1::OrderRecorded;
use proto::referrals::v1::*;
use tonic::{Code, Status};

use crate::shop::{Shop, fact, reason};

async fn touches(shop: &Shop, code: &str, visitor: &str) -> Result<RecordTouchResponse, Status> {
    let ask = RecordTouchRequest {
        request_id: shop.request_id(),
        code: code.to_owned(),
        visitor: visitor.to_owned(),
        validate_only: false,
    };
    shop.client().record_touch(ask).await.map(tonic::Response::into_inner)
}

fn by_visitor(shop: &Shop, invitee: MemberId, visitor: &str) -> AttributeRequest {
    AttributeRequest { visitor: visitor.to_owned(), ..shop.attribution(invitee, "") }
}

fn at_checkout(shop: &Shop, invitee: MemberId, code: &str, order: &OrderRecorded) -> AttributeRequest {
    AttributeRequest {
        point: AttributionPoint::Checkout.into(),
        order: order.order.clone(),
        ..shop.attribution(invitee, code)
    }
}

/// What one of a decision's steps says.
fn step<'a>(decision: &'a proto::common::v1::Decision, name: &str) -> Option<&'a str> {
    decision.steps.iter().find(|step| step.name == name).map(|step| step.detail.as_str())
}

/// A decision's facts of whose names the beginning is known.
fn facts<'a>(decision: &'a proto::common::v1::Decision, beginning: &str) -> Vec<(&'a str, &'a str)> {
    let named = decision.facts.iter().filter(|fact| fact.name.starts_with(beginning));
    named.map(|fact| (fact.name.as_str(), fact.value.as_str())).collect()
}

#[tokio::test]
async fn the_last_valid_touch_counts() {
    let shop = Shop::open().await;
    let (first, second, third) = (shop.enrolled().await, shop.enrolled().await, shop.enrolled().await);
    let codes = [shop.code_of(first).await, shop.code_of(second).await, shop.code_of(third).await];
    for code in &codes {
        touches(&shop, code, "cookie").await.expect("it is noted");
        shop.days_pass(1).await;
    }
    let ask = RetireCodeRequest { request_id: shop.request_id(), code: codes[2].clone(), validate_only: false };
    shop.client().retire_code(ask).await.expect("it is retired");

    let invitee = shop.enrolled().await;
    let other = by_visitor(&shop, invitee, "another cookie");
    let refused = shop.attributes(other).await.expect_err("they came by no code");
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "NO_VALID_TOUCH".to_owned()));
    let done = shop.attributes(by_visitor(&shop, invitee, "cookie")).await.expect("the second is the last that counts");
    assert_eq!(done.inviter, second.to_string());

    shop.days_pass(30).await;
    let late = shop.enrolled().await;
    let refused = shop.attributes(by_visitor(&shop, late, "cookie")).await.expect_err("it is too long ago");
    assert_eq!(fact(&refused, "days"), "30");
}

#[tokio::test]
async fn a_visitor_is_kept_as_a_digest_only() {
    let shop = Shop::open().await;
    let code = shop.code_of(shop.enrolled().await).await;
    touches(&shop, &code, "wang@example.tw").await.expect("it is noted");
    let mut look = shop.database.look().await;
    let kept: String =
        sqlx::query_scalar("SELECT visitor FROM referrals.touch").fetch_one(&mut look).await.expect("one");
    assert_eq!(kept.len(), 32);
    assert!(!kept.contains("wang"));
}

#[tokio::test]
async fn a_member_has_one_inviter_for_ever() {
    let shop = Shop::open().await;
    let (inviter, invitee) = shop.invited().await;
    let another = shop.enrolled().await;
    let code = shop.code_of(another).await;
    let refused = shop.attributes(shop.attribution(invitee, &code)).await.expect_err("they have one");
    assert_eq!(reason(&refused), (Code::AlreadyExists, "ALREADY_ATTRIBUTED".to_owned()));
    let known = shop.told(invitee).await.referral.expect("it is there");
    assert_eq!((fact(&refused, "inviter"), fact(&refused, "referral")), (inviter.to_string(), known.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_claim_a_member_at_once_one_wins() {
    let shop = Shop::open().await;
    let invitee = shop.enrolled().await;
    let mut codes = Vec::new();
    for _ in 0..8 {
        codes.push(shop.code_of(shop.enrolled().await).await);
    }
    let claims = codes.iter().map(|code| shop.attributes(shop.attribution(invitee, code)));
    let outcomes = join_all(claims).await;
    let won: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    assert_eq!(won.len(), 1);
    for refused in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(reason(refused).1, "ALREADY_ATTRIBUTED");
        assert_eq!(fact(refused, "inviter"), won[0].inviter);
    }
    assert_eq!(shop.life(invitee).await, [ReferralState::Attributed]);
}

#[tokio::test]
async fn nobody_invites_themselves_under_whatever_identity() {
    let shop = Shop::open().await;
    let (one, other) = (shop.member(), shop.member());
    shop.joins(one, &["key of a phone", "key of a card"]).await;
    shop.joins(other, &["key of a mail"]).await;
    let code = shop.code_of(one).await;
    let refused = shop.attributes(shop.attribution(one, &code)).await.expect_err("it is their own");
    assert_eq!((reason(&refused).1.as_str(), fact(&refused, "evidence").as_str()), ("SELF_REFERRAL", "same member"));

    // The card changed hands in registry; both were known by it.
    let updated = proto::registry::events::v1::MemberUpdated {
        member: other.to_string(),
        fields: vec!["identities".to_owned()],
        identity_keys: vec!["key of a card".to_owned()],
    };
    let said = shop.registry.say(shop.tenant, other, &updated).await;
    shop.hears(&said.seal(&shop.keys)).await;
    let refused = shop.attributes(shop.attribution(other, &code)).await.expect_err("they are one person");
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "SELF_REFERRAL".to_owned()));
    assert_eq!(fact(&refused, "evidence"), "shared identity");
    assert_eq!(fact(&refused, "identity_key"), "key of a card");
}

#[tokio::test]
async fn no_ring_closes() {
    let shop = Shop::open().await;
    let members = [shop.enrolled().await, shop.enrolled().await, shop.enrolled().await];
    let mut codes = Vec::new();
    for member in members {
        codes.push(shop.code_of(member).await);
    }
    shop.attributes(shop.attribution(members[1], &codes[0])).await.expect("a invites b");
    let refused = shop.attributes(shop.attribution(members[0], &codes[1])).await.expect_err("b would invite a");
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "RING".to_owned()));
    shop.attributes(shop.attribution(members[2], &codes[1])).await.expect("b invites c");
    let refused = shop.attributes(shop.attribution(members[0], &codes[2])).await.expect_err("c would invite a");
    assert_eq!(fact(&refused, "chain"), format!("{} {} {}", members[2], members[1], members[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_ring_closes_when_all_invite_each_other_at_once() {
    let shop = Shop::open().await;
    for size in [2, 3, 4, 4] {
        let mut members = Vec::new();
        for _ in 0..size {
            let member = shop.enrolled().await;
            members.push((member, shop.code_of(member).await));
        }
        let claims = (0..size).map(|place| {
            let (invitee, code) = (members[place].0, &members[(place + 1) % size].1);
            shop.attributes(shop.attribution(invitee, code))
        });
        let outcomes = join_all(claims).await;
        let refused: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).map(reason).collect();
        assert_eq!(refused, [(Code::FailedPrecondition, "RING".to_owned())], "of {size} one is too many");
    }
}

#[tokio::test]
async fn whoever_bought_before_is_no_invitee() {
    let shop = Shop::open().await;
    let (inviter, invitee) = (shop.enrolled().await, shop.enrolled().await);
    let code = shop.code_of(inviter).await;
    let first = shop.buys(invitee, 20).await;
    shop.days_pass(1).await;
    let refused = shop.attributes(shop.attribution(invitee, &code)).await.expect_err("they are a customer");
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "ALREADY_CUSTOMER".to_owned()));
    assert_eq!(fact(&refused, "because"), "bought");

    // The order that is being paid at checkout is what the invitation is about.
    let ask = at_checkout(&shop, invitee, &code, &first);
    shop.attributes(ask).await.expect("this order does not speak against it");
    let decision = shop.told(invitee).await.decision.expect("it was asked for");
    assert_eq!(facts(&decision, "best_net_minor"), [("best_net_minor", "20")], "it counts, and comes to too little");
    assert_eq!(decision.nearest_flip.map(|flip| flip.change), Some(480));

    // An old one does, whoever names it.
    let customer = shop.enrolled().await;
    let old = shop.buys(customer, 600).await;
    shop.clock.move_to(shop.clock.now() + SignedDuration::from_secs(48 * 3_600 + 1)).expect("forward");
    let ask = at_checkout(&shop, customer, &code, &old);
    let refused = shop.attributes(ask).await.expect_err("they are a customer");
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "ALREADY_CUSTOMER".to_owned()));
}

#[tokio::test]
async fn an_order_paid_at_checkout_counts_at_once_and_the_decision_is_told() {
    let shop = Shop::open().await;
    let (inviter, invitee) = (shop.enrolled().await, shop.enrolled().await);
    let code = shop.code_of(inviter).await;
    let order = shop.buys(invitee, 600).await;
    shop.clock.move_to(shop.clock.now() + SignedDuration::from_mins(5)).expect("forward");
    let ask = AttributeRequest { explain: true, ..at_checkout(&shop, invitee, &code, &order) };
    let tried = shop.attributes(AttributeRequest { validate_only: true, ..ask.clone() }).await.expect("it is valid");
    assert_eq!((tried.state(), tried.freshness.as_str()), (ReferralState::Held, ""));
    let done = shop.attributes(ask).await.expect("nothing speaks against it");
    assert_eq!(done.state(), ReferralState::Held);
    let decision = done.decision.expect("it was asked for");
    assert_eq!((decision.outcome.as_str(), decision.rule_version.as_str()), ("attribute", "terms/1"));
    assert_eq!(step(&decision, "new member"), Some("only the order being paid was bought before the touch"));
    let paid = [("checkout_order", order.order.as_str()), ("checkout_order_time", "2026-01-10T02:00:00Z")];
    assert_eq!(facts(&decision, "checkout_order"), paid);
    let said = testkit::sentence(Some(&decision));
    assert_eq!(said, "An order counts; the points follow once it can hardly come back.");
    let ask = GetReferralOfRequest { invitee: invitee.to_string(), explain: true, ..Default::default() };
    let told = shop.client().get_referral_of(testkit::in_language(ask, "zh-TW")).await.expect("told").into_inner();
    let message = told.decision.and_then(|decision| decision.message).expect("a sentence");
    assert_eq!(message.message, "訂單符合條件,鑑賞期過後發放點數。");
    assert_eq!(shop.told(invitee).await.referral.expect("there").order, order.order);
}

#[tokio::test]
async fn a_decision_says_that_nothing_was_bought_before_the_touch_where_that_is_so() {
    let shop = Shop::open().await;
    let (inviter, newcomer, buyer) = (shop.enrolled().await, shop.enrolled().await, shop.enrolled().await);
    let code = shop.code_of(inviter).await;
    let ask = AttributeRequest { explain: true, ..shop.attribution(newcomer, &code) };
    let nothing_yet = shop.attributes(ask).await.expect("nothing speaks against it");
    // Touched and paid in one moment: the order follows the touch.
    let order = shop.buys(buyer, 600).await;
    let ask = AttributeRequest { explain: true, ..at_checkout(&shop, buyer, &code, &order) };
    let in_time = shop.attributes(ask).await.expect("nothing speaks against it");
    for decision in [nothing_yet, in_time].map(|done| done.decision.expect("it was asked for")) {
        assert_eq!(step(&decision, "new member"), Some("nothing was bought before the touch"));
        assert!(facts(&decision, "checkout_order").is_empty(), "{:?}", decision.facts);
    }

    // Where it does not matter, nothing is said of it; the order that is being paid is told all the same.
    let shop = Shop::with(|terms| terms.only_new_members = Some(false)).await;
    let (inviter, customer) = (shop.enrolled().await, shop.enrolled().await);
    let code = shop.code_of(inviter).await;
    shop.buys(customer, 20).await;
    let order = shop.buys(customer, 600).await;
    shop.clock.move_to(shop.clock.now() + SignedDuration::from_mins(5)).expect("forward");
    let ask = AttributeRequest { explain: true, ..at_checkout(&shop, customer, &code, &order) };
    let decision = shop.attributes(ask).await.expect("customers may be invited").decision.expect("it was asked for");
    assert_eq!(step(&decision, "new member"), None);
    let paid = [("checkout_order", order.order.as_str()), ("checkout_order_time", "2026-01-10T02:00:00Z")];
    assert_eq!(facts(&decision, "checkout_order"), paid);
}

#[tokio::test]
async fn how_old_an_order_may_be_that_is_named_at_checkout_is_said_by_the_terms() {
    let hear = async |shop: &Shop, member: MemberId, order: &OrderRecorded| {
        let said = shop.activity.say(shop.tenant, member, order).await;
        shop.hears(&said.seal(&shop.keys)).await;
    };
    for hours in [0, 72] {
        let shop = Shop::with(|terms| terms.checkout_hours = Some(hours)).await;
        let code = shop.code_of(shop.enrolled().await).await;
        let limit = shop.clock.now() - SignedDuration::from_hours(hours.into());
        for (bought_at, counts) in [(limit, true), (limit - SignedDuration::from_secs(1), false)] {
            let known = shop.enrolled().await;
            let order = shop.order(known, 600, bought_at);
            hear(&shop, known, &order).await;
            let ask = at_checkout(&shop, known, &code, &order);
            let told = shop.attributes(ask).await.map(|done| done.state()).map_err(|refused| reason(&refused).1);
            let expected = if counts { Ok(ReferralState::Held) } else { Err("ALREADY_CUSTOMER".to_owned()) };
            assert_eq!(told, expected, "{hours} hours, bought {bought_at}");

            // Heard of only after the invitation, it counts by the same hours, and is no first order where it is older.
            let unknown = shop.enrolled().await;
            let order = shop.order(unknown, 600, bought_at);
            let ask = at_checkout(&shop, unknown, &code, &order);
            shop.attributes(ask).await.expect("nothing was heard of it yet");
            hear(&shop, unknown, &order).await;
            let expected = if counts { ReferralState::Held } else { ReferralState::Attributed };
            assert_eq!(shop.state(unknown).await, expected, "{hours} hours, bought {bought_at}, heard late");
        }
    }
}

#[tokio::test]
async fn whom_somebody_invited_is_listed_page_by_page() {
    let shop = Shop::open().await;
    let inviter = shop.enrolled().await;
    let code = shop.code_of(inviter).await;
    let mut invited = Vec::new();
    for round in 0..5 {
        let invitee = shop.enrolled().await;
        shop.attributes(shop.attribution(invitee, &code)).await.expect("nothing speaks against it");
        if round == 2 {
            shop.buys(invitee, 600).await;
        }
        invited.push(invitee.to_string());
        shop.days_pass(1).await;
    }
    invited.reverse();
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let ask =
            ListInvitationsRequest { inviter: inviter.to_string(), page_size: 2, page_token, ..Default::default() };
        let page = shop.client().list_invitations(ask).await.expect("a page").into_inner();
        seen.extend(page.referrals.into_iter().map(|referral| referral.invitee));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, invited);
    let states = vec![ReferralState::Held.into()];
    let ask = ListInvitationsRequest { inviter: inviter.to_string(), states, ..Default::default() };
    let held = shop.client().list_invitations(ask).await.expect("a page").into_inner().referrals;
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].invitee, invited[2]);
}
