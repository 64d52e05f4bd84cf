//! Subscriptions' rpcs.

use proto::common::v1::Date;
use proto::subscriptions::v1::{
    Cadence, CadenceUnit, CancelSubscriptionRequest, ChangeCadenceRequest, ChargeOutcome, CheckEntitlementRequest,
    GetForecastRequest, GetPlanRequest, GetSubscriptionRequest, ListChargesRequest, ListPlansRequest,
    ListSubscriptionsRequest, PauseSubscriptionRequest, Plan, PlanKind, PlanLine, PreviewOccurrencesRequest,
    PutPlanRequest, RefundMembershipRequest, ReportChargeRequest, ResumeSubscriptionRequest, RetryOrderRequest,
    SkipOccurrenceRequest, SubscribeRequest, UnskipOccurrenceRequest, UpdatePaymentTokenRequest,
};
use testkit::Examples;

use super::{World, make};

fn plan(code: String, membership: bool) -> Plan {
    let cadence = Cadence { every: 1, unit: CadenceUnit::Year.into() };
    let common = Plan {
        code,
        display_name: "Plan".to_owned(),
        currency_code: "TWD".to_owned(),
        cadence: Some(cadence),
        ..Plan::default()
    };
    if membership {
        return Plan {
            kind: PlanKind::Membership.into(),
            fee_minor: 1_200,
            entitlements: vec!["gate".to_owned()],
            ..common
        };
    }
    let line = PlanLine { product: "coffee".to_owned(), quantity: 1, unit_price_minor: 100, ..PlanLine::default() };
    Plan { kind: PlanKind::Goods.into(), lines: vec![line], ..common }
}

async fn put(world: &World, plan: Plan) {
    let request = PutPlanRequest { request_id: world.shop.request_id(), plan: Some(plan), validate_only: false };
    world.shop.subscriptions().put_plan(request).await.expect("the plan is valid");
}

fn asking(world: &World, plan: &str, token: String) -> SubscribeRequest {
    SubscribeRequest {
        request_id: world.shop.request_id(),
        member: world.member.clone(),
        plan: plan.to_owned(),
        payment_token: token,
        ..SubscribeRequest::default()
    }
}

async fn subscribed(world: &World, plan: &str, token: String) -> String {
    let asking = asking(world, plan, token);
    world.shop.subscriptions().subscribe(asking).await.expect("it can be subscribed to").into_inner().subscription
}

/// A subscription to coffee, whose charge may still be under way.
async fn coffee(world: &World) -> String {
    subscribed(world, "coffee", "sandbox_ok".to_owned()).await
}

async fn paid_membership(world: &World, number: u32) -> String {
    let code = format!("gold-{number}");
    put(world, plan(code.clone(), true)).await;
    let subscription = subscribed(world, &code, "sandbox_ok".to_owned()).await;
    testkit::until("the membership is paid", || {
        let (mut client, subscription) = (world.shop.subscriptions(), subscription.clone());
        async move {
            let request = GetSubscriptionRequest { subscription, ..GetSubscriptionRequest::default() };
            let seen = client.get_subscription(request).await.expect("it can be read").into_inner();
            seen.subscription.is_some_and(|ours| ours.membership.is_some())
        }
    })
    .await;
    subscription
}

pub async fn examples(world: &World) -> Examples {
    put(world, plan("coffee".to_owned(), false)).await;
    let known = coffee(world).await;
    reads(world, &known).and(changes(world)).and(money(world))
}

fn reads(world: &World, known: &str) -> Examples {
    let known = known.to_owned();
    Examples::new(&world.shop.clock)
        .with(make!(world, |_world, _n| GetPlanRequest { code: "coffee".to_owned(), ..GetPlanRequest::default() }))
        .with(make!(world, |_world, _n| ListPlansRequest::default()))
        .with(make!(known, |subscription, _n| GetSubscriptionRequest {
            subscription,
            ..GetSubscriptionRequest::default()
        }))
        .with(make!(world, |_world, _n| ListSubscriptionsRequest::default()))
        .with(make!(known, |subscription, _n| PreviewOccurrencesRequest {
            subscription,
            ..PreviewOccurrencesRequest::default()
        }))
        .with(make!(known, |subscription, _n| ListChargesRequest { subscription, ..ListChargesRequest::default() }))
        .with(make!(world, |world, _n| CheckEntitlementRequest {
            member: world.member,
            entitlement: "gate".to_owned(),
            ..CheckEntitlementRequest::default()
        }))
        .with(make!(world, |_world, _n| GetForecastRequest::default()))
}

fn changes(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with_other(
            make!(world, |_world, n| PutPlanRequest {
                plan: Some(plan(format!("plan-{n}"), false)),
                ..PutPlanRequest::default()
            }),
            |request: &mut PutPlanRequest| request.plan.iter_mut().for_each(|plan| plan.display_name.push('!')),
        )
        .with_other(
            make!(world, |world, _n| asking(&world, "coffee", "sandbox_ok".to_owned())),
            |request: &mut SubscribeRequest| request.payment_token.push('!'),
        )
        .with_other(
            make!(world, |world, _n| SkipOccurrenceRequest {
                subscription: coffee(&world).await,
                number: 1,
                ..SkipOccurrenceRequest::default()
            }),
            |request: &mut SkipOccurrenceRequest| request.number += 1,
        )
        .with_other(
            make!(world, |world, _n| {
                let subscription = coffee(&world).await;
                let request_id = world.shop.request_id();
                let skip = SkipOccurrenceRequest {
                    request_id,
                    subscription: subscription.clone(),
                    number: 1,
                    validate_only: false,
                };
                world.shop.subscriptions().skip_occurrence(skip).await.expect("it is ahead");
                UnskipOccurrenceRequest { subscription, number: 1, ..UnskipOccurrenceRequest::default() }
            }),
            |request: &mut UnskipOccurrenceRequest| request.number += 1,
        )
        .with_other(
            make!(world, |world, _n| PauseSubscriptionRequest {
                subscription: coffee(&world).await,
                ..PauseSubscriptionRequest::default()
            }),
            |request: &mut PauseSubscriptionRequest| request.reason.push('x'),
        )
        .with_other(
            make!(world, |world, _n| {
                let subscription = coffee(&world).await;
                let request_id = world.shop.request_id();
                let pause = PauseSubscriptionRequest {
                    request_id,
                    subscription: subscription.clone(),
                    ..PauseSubscriptionRequest::default()
                };
                world.shop.subscriptions().pause_subscription(pause).await.expect("it is live");
                ResumeSubscriptionRequest { subscription, ..ResumeSubscriptionRequest::default() }
            }),
            |request: &mut ResumeSubscriptionRequest| request.reason.push('x'),
        )
        .with_other(
            make!(world, |world, _n| CancelSubscriptionRequest {
                subscription: coffee(&world).await,
                ..CancelSubscriptionRequest::default()
            }),
            |request: &mut CancelSubscriptionRequest| request.reason.push('x'),
        )
        .with_other(
            make!(world, |world, _n| ChangeCadenceRequest {
                subscription: coffee(&world).await,
                cadence: Some(Cadence { every: 2, unit: CadenceUnit::Week.into() }),
                ..ChangeCadenceRequest::default()
            }),
            |request: &mut ChangeCadenceRequest| request.cadence.iter_mut().for_each(|cadence| cadence.every += 1),
        )
}

fn money(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with_other(
            make!(world, |world, _n| UpdatePaymentTokenRequest {
                subscription: coffee(&world).await,
                payment_token: "sandbox_ok_2".to_owned(),
                ..UpdatePaymentTokenRequest::default()
            }),
            |request: &mut UpdatePaymentTokenRequest| request.payment_token.push('!'),
        )
        .with_other(
            make!(world, |world, n| RefundMembershipRequest {
                subscription: paid_membership(&world, n).await,
                ..RefundMembershipRequest::default()
            }),
            |request: &mut RefundMembershipRequest| request.reason.push('x'),
        )
        .with_other(
            make!(world, |world, n| {
                let payment_token = format!("sandbox_itself_{n}");
                subscribed(&world, "coffee", payment_token.clone()).await;
                let zone = kernel::calendar::zone("Asia/Taipei").expect("the shop's own");
                let day = Some(Date::from(kernel::calendar::day_of(world.shop.clock.now(), &zone)));
                let outcome = ChargeOutcome::Succeeded.into();
                ReportChargeRequest { payment_token, day, outcome, ..ReportChargeRequest::default() }
            }),
            |request: &mut ReportChargeRequest| request.reference.push('x'),
        )
        .without::<RetryOrderRequest>("activity refuses no order of a plan; proved in the service with one that does")
}
