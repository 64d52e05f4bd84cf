//! Every mutation is repeat-safe, by the harness that walks the contract.

use std::future::Future;

use kernel::RequestId;
use proto::subscriptions::v1::subscriptions_service_client::SubscriptionsServiceClient;
use proto::subscriptions::v1::*;
use testkit::{Examples, Spoken};

use crate::shop::{Shop, monthly};

/// Who makes subscriptions for the examples.
#[derive(Clone)]
struct Maker {
    client: SubscriptionsServiceClient<Spoken>,
    clock: kernel::Clock,
    member: String,
    coffee: Plan,
    gold: Plan,
    service: subscriptions::Subscriptions,
    journal: crate::journal::Journal,
}

impl Maker {
    fn of(shop: &Shop, member: String) -> Self {
        let (coffee, gold) = (shop.coffee(), shop.gold());
        let (client, clock, service) = (shop.client(), shop.clock.clone(), shop.service.clone());
        Self { client, clock, member, coffee, gold, service, journal: shop.journal.clone() }
    }

    fn id(&self) -> String {
        RequestId::new_at(self.clock.now()).to_string()
    }

    fn asking(&self, plan: &str, token: &str) -> SubscribeRequest {
        SubscribeRequest {
            request_id: self.id(),
            member: self.member.clone(),
            plan: plan.to_owned(),
            payment_token: token.to_owned(),
            ..SubscribeRequest::default()
        }
    }

    /// A subscription of its own; what follows from it is done.
    async fn made(mut self, plan: &str, token: &str) -> String {
        let asking = self.asking(plan, token);
        let id = self.client.subscribe(asking).await.expect("it can be subscribed to").into_inner().subscription;
        quiet(&self.service).await;
        id
    }

    /// A paid membership of a plan of its own.
    async fn paid(mut self, n: u32) -> String {
        let plan = Plan { code: format!("gold-{n}"), ..self.gold.clone() };
        let request = PutPlanRequest { request_id: self.id(), plan: Some(plan), validate_only: false };
        self.client.put_plan(request).await.expect("it is valid");
        self.made(&format!("gold-{n}"), "sandbox_ok").await
    }

    async fn skipped(mut self) -> String {
        let subscription = self.clone().made("coffee", "sandbox_ok").await;
        let request = SkipOccurrenceRequest {
            request_id: self.id(),
            subscription: subscription.clone(),
            number: 1,
            validate_only: false,
        };
        self.client.skip_occurrence(request).await.expect("it is ahead");
        subscription
    }

    async fn paused(mut self) -> String {
        let subscription = self.clone().made("coffee", "sandbox_ok").await;
        let request = PauseSubscriptionRequest {
            request_id: self.id(),
            subscription: subscription.clone(),
            ..PauseSubscriptionRequest::default()
        };
        self.client.pause_subscription(request).await.expect("it is live");
        subscription
    }

    async fn refused(self) -> String {
        self.journal.0.lock().expect("nobody panics").refuses = Some("ORDER_CLOSED");
        let journal = self.journal.clone();
        let subscription = self.made("coffee", "sandbox_ok").await;
        journal.0.lock().expect("nobody panics").refuses = None;
        subscription
    }
}

async fn quiet(service: &subscriptions::Subscriptions) {
    let courier = service.courier().expect("it has one");
    testkit::until("everything is said", || async { courier.count_open().await.expect("counted") == 0 }).await;
}

fn make<M, F, G>(maker: &Maker, how: G) -> impl Fn(u32) -> F + Send + Sync + 'static
where
    F: Future<Output = M> + Send + 'static,
    G: Fn(Maker, u32) -> F + Send + Sync + 'static,
{
    let maker = maker.clone();
    move |n| how(maker.clone(), n)
}

/// Valid requests for every rpc of the service.
pub async fn examples(shop: &Shop) -> Examples {
    let maker = Maker::of(shop, shop.enrolled().await.to_string());
    let known = maker.clone().made("coffee", "sandbox_ok").await;
    reads(shop, &maker, &known).and(putting(shop, &maker)).and(changing(shop, &maker)).and(money(shop, &maker))
}

fn reads(shop: &Shop, maker: &Maker, known: &str) -> Examples {
    let (a, b, c, member) = (known.to_owned(), known.to_owned(), known.to_owned(), maker.member.clone());
    Examples::new(&shop.clock)
        .with(|_| async { GetPlanRequest { code: "coffee".to_owned(), ..Default::default() } })
        .with(|_| async { ListPlansRequest::default() })
        .with(move |_| {
            let subscription = a.clone();
            async move { GetSubscriptionRequest { subscription, ..Default::default() } }
        })
        .with(|_| async { ListSubscriptionsRequest::default() })
        .with(move |_| {
            let subscription = b.clone();
            async move { PreviewOccurrencesRequest { subscription, ..Default::default() } }
        })
        .with(move |_| {
            let subscription = c.clone();
            async move { ListChargesRequest { subscription, ..Default::default() } }
        })
        .with(move |_| {
            let member = member.clone();
            async move { CheckEntitlementRequest { member, entitlement: "gate".to_owned(), ..Default::default() } }
        })
        .with(|_| async { GetForecastRequest::default() })
}

fn putting(shop: &Shop, maker: &Maker) -> Examples {
    Examples::new(&shop.clock)
        .with_other(
            make(maker, |maker, n| async move {
                let plan = Plan { code: format!("plan-{n}"), ..maker.coffee };
                PutPlanRequest { plan: Some(plan), ..Default::default() }
            }),
            |request: &mut PutPlanRequest| request.plan.as_mut().expect("there").display_name.push('!'),
        )
        .with_other(
            make(maker, |maker, _| async move { maker.asking("coffee", "sandbox_ok") }),
            |request: &mut SubscribeRequest| request.payment_token.push('!'),
        )
}

fn changing(shop: &Shop, maker: &Maker) -> Examples {
    Examples::new(&shop.clock)
        .with_other(
            make(maker, |maker, _| async move {
                let subscription = maker.made("coffee", "sandbox_ok").await;
                SkipOccurrenceRequest { subscription, number: 1, ..Default::default() }
            }),
            |request: &mut SkipOccurrenceRequest| request.number += 1,
        )
        .with_other(
            make(maker, |maker, _| async move {
                UnskipOccurrenceRequest { subscription: maker.skipped().await, number: 1, ..Default::default() }
            }),
            |request: &mut UnskipOccurrenceRequest| request.number += 1,
        )
        .with_other(
            make(maker, |maker, _| async move {
                let subscription = maker.made("coffee", "sandbox_ok").await;
                PauseSubscriptionRequest { subscription, ..Default::default() }
            }),
            |request: &mut PauseSubscriptionRequest| request.reason.push('x'),
        )
        .with_other(
            make(maker, |maker, _| async move {
                ResumeSubscriptionRequest { subscription: maker.paused().await, ..Default::default() }
            }),
            |request: &mut ResumeSubscriptionRequest| request.reason.push('x'),
        )
        .with_other(
            make(maker, |maker, _| async move {
                let subscription = maker.made("coffee", "sandbox_ok").await;
                CancelSubscriptionRequest { subscription, ..Default::default() }
            }),
            |request: &mut CancelSubscriptionRequest| request.reason.push('x'),
        )
        .with_other(
            make(maker, |maker, _| async move {
                let subscription = maker.made("coffee", "sandbox_ok").await;
                ChangeCadenceRequest { subscription, cadence: Some(monthly()), ..Default::default() }
            }),
            |request: &mut ChangeCadenceRequest| request.cadence.as_mut().expect("there").every += 1,
        )
}

fn money(shop: &Shop, maker: &Maker) -> Examples {
    Examples::new(&shop.clock)
        .with_other(
            make(maker, |maker, _| async move {
                let subscription = maker.made("coffee", "sandbox_ok").await;
                let payment_token = "sandbox_ok_2".to_owned();
                UpdatePaymentTokenRequest { subscription, payment_token, ..Default::default() }
            }),
            |request: &mut UpdatePaymentTokenRequest| request.payment_token.push('!'),
        )
        .with_other(
            make(maker, |maker, n| async move {
                RefundMembershipRequest { subscription: maker.paid(n).await, ..Default::default() }
            }),
            |request: &mut RefundMembershipRequest| request.reason.push('x'),
        )
        .with_other(
            make(maker, |maker, n| async move {
                let payment_token = format!("sandbox_itself_{n}");
                maker.made("coffee", &payment_token).await;
                let day = Some(proto::common::v1::Date { year: 2026, month: 1, day: 31 });
                let outcome = ChargeOutcome::Succeeded.into();
                ReportChargeRequest { payment_token, day, outcome, ..Default::default() }
            }),
            |request: &mut ReportChargeRequest| request.reference.push('x'),
        )
        .with_other(
            make(maker, |maker, _| async move {
                RetryOrderRequest { subscription: maker.refused().await, number: 0, ..Default::default() }
            }),
            |request: &mut RetryOrderRequest| request.number += 1,
        )
}

/// The service's own: the event log's are proved with the whole suite.
pub fn methods() -> impl Iterator<Item = &'static proto::Method> {
    proto::methods().iter().filter(|method| method.path.starts_with("/rapport.subscriptions.v1."))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mutation_can_be_said_again() {
    let shop = Shop::open().await;
    let examples = examples(&shop).await;
    let channel = shop.served.channel_for_everything(shop.tenant);
    let (database, service) = (&shop.database, &shop.service);
    let effects = |_| async {
        quiet(service).await;
        database.effects_of(subscriptions::SERVICE).await
    };
    testkit::repeat::holds(methods(), &channel, &examples, effects).await;
}
