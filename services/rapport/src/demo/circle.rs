//! Telling what members do beside buying: codes they pass on, friends who come by them, subscriptions.

use jiff::Timestamp;
use jiff::civil::Date;
use proto::referrals::v1::{AttributeRequest, AttributionPoint, IssueCodeRequest, PutTermsRequest, Terms};
use proto::subscriptions::v1::{
    CancelSubscriptionRequest, GetSubscriptionRequest, LocalTime, PauseSubscriptionRequest, PutPlanRequest,
    ResumeSubscriptionRequest, SkipOccurrenceRequest, SubscribeRequest, SubscriptionState, UpdatePaymentTokenRequest,
};

use crate::client::{CliError, patiently};

use super::Summary;
use super::friends::{Friend, NAMED_WITHIN_HOURS};
use super::subscribers::{Deed, NEW_CARD, PLANS, Subscriber, is_sent, later, plans};
use super::telling::{Circle, Known, PATIENCE, Teller};

/// Goods are charged and sent at this hour.
const MORNING: i32 = 9;

impl Teller {
    /// What can be told of the circle at the end of a history: codes, friends whose first purchase is young, subscriptions that
    /// begin.
    pub(super) async fn circle(
        &self,
        circle: &Circle,
        since: Timestamp,
        known: &Known,
        summary: &mut Summary,
    ) -> Result<(), CliError> {
        self.offers(since).await?;
        let calls = circle.holders.len() + circle.friends.len() + circle.subscribers.len();
        let progress = self.progress("circle", "calls", calls);
        for holder in &circle.holders {
            self.code(*holder, known).await?;
            summary.codes += 1;
            progress.add(1);
        }
        for friend in &circle.friends {
            self.attribute(friend, known).await?;
            summary.friends += 1;
            progress.add(1);
        }
        for subscriber in &circle.subscribers {
            let subscription = self.subscribe(subscriber, known).await?;
            for (_, deed) in &subscriber.deeds {
                self.change(&subscription, subscriber, *deed).await?;
            }
            summary.subscriptions += 1;
            progress.add(1);
        }
        progress.finish();
        Ok(())
    }

    /// Terms of referral, and plans.
    pub(super) async fn offers(&self, since: Timestamp) -> Result<(), CliError> {
        let terms = Terms {
            effective_time: Some(proto::timestamp(since)),
            currency_code: "TWD".to_owned(),
            least_order_minor: Some(500),
            inviter_points: 100,
            invitee_points: 50,
            reason: "好友推薦".to_owned(),
            hold_days: Some(14),
            return_window_days: Some(7),
            checkout_hours: Some(NAMED_WITHIN_HOURS),
            most_per_inviter: 12,
            per_days: 365,
            ..Terms::default()
        };
        let request =
            PutTermsRequest { request_id: self.id("referral terms"), terms: Some(terms), validate_only: false };
        patiently(PATIENCE, || async { self.suite.referrals().put_terms(request.clone()).await }).await?;
        for plan in plans() {
            let request_id = self.id(&format!("plan {}", plan.code));
            let request = PutPlanRequest { request_id, plan: Some(plan), validate_only: false };
            patiently(PATIENCE, || async { self.suite.subscriptions().put_plan(request.clone()).await }).await?;
        }
        Ok(())
    }

    /// The code of a member, who gets one where they have none.
    async fn code(&self, place: u32, known: &Known) -> Result<String, CliError> {
        let request = IssueCodeRequest {
            request_id: self.id(&format!("code {place}")),
            member: known.member(place),
            replace: false,
            validate_only: false,
        };
        let issued = patiently(PATIENCE, || async { self.suite.referrals().issue_code(request.clone()).await }).await?;
        Ok(issued.into_inner().code)
    }

    /// Somebody says who sent them.
    pub(super) async fn attribute(&self, friend: &Friend, known: &Known) -> Result<(), CliError> {
        let point = if friend.at_checkout { AttributionPoint::Checkout } else { AttributionPoint::Enrolment };
        let order = known.orders.get(&friend.purchase).filter(|_| friend.at_checkout);
        let request = AttributeRequest {
            request_id: self.id(&format!("friend {}", friend.invitee)),
            member: known.member(friend.invitee),
            code: self.code(friend.inviter, known).await?,
            point: point.into(),
            order: order.cloned().unwrap_or_default(),
            ..AttributeRequest::default()
        };
        patiently(PATIENCE, || async { self.suite.referrals().attribute(request.clone()).await }).await?;
        Ok(())
    }

    /// Somebody subscribes; answers the subscription's id.
    pub(super) async fn subscribe(&self, subscriber: &Subscriber, known: &Known) -> Result<String, CliError> {
        let request = SubscribeRequest {
            request_id: self.id(&format!("subscribe {}", subscriber.member)),
            member: known.member(subscriber.member),
            plan: PLANS[subscriber.plan].to_owned(),
            payment_token: subscriber.token.to_owned(),
            anchor: is_sent(subscriber.plan).then(|| morning(later(subscriber.day, 1))),
            ..SubscribeRequest::default()
        };
        let begun = patiently(PATIENCE, || async { self.suite.subscriptions().subscribe(request.clone()).await });
        Ok(begun.await?.into_inner().subscription)
    }

    /// A subscriber changes something; nothing is changed of a subscription that is over.
    pub(super) async fn change(&self, subscription: &str, who: &Subscriber, deed: Deed) -> Result<(), CliError> {
        let asked = GetSubscriptionRequest { subscription: subscription.to_owned(), ..Default::default() };
        let read = patiently(PATIENCE, || async { self.suite.subscriptions().get_subscription(asked.clone()).await });
        let read = read.await?.into_inner();
        let state = read.subscription.map_or(SubscriptionState::Unspecified, |ours| ours.state());
        if matches!(state, SubscriptionState::Cancelled | SubscriptionState::Ended) {
            return Ok(());
        }
        let request_id = self.id(&format!("{deed:?} {}", who.member));
        let subscription = subscription.to_owned();
        match deed {
            Deed::Skip => {
                let number = read.next.first().map_or(0, |next| next.number);
                let request = SkipOccurrenceRequest { request_id, subscription, number, validate_only: false };
                patiently(PATIENCE, || async { self.suite.subscriptions().skip_occurrence(request.clone()).await })
                    .await?;
            }
            Deed::Pause => {
                let reason = "away".to_owned();
                let request = PauseSubscriptionRequest { request_id, subscription, reason, validate_only: false };
                patiently(PATIENCE, || async { self.suite.subscriptions().pause_subscription(request.clone()).await })
                    .await?;
            }
            Deed::Resume => {
                let reason = String::new();
                let request = ResumeSubscriptionRequest { request_id, subscription, reason, validate_only: false };
                patiently(PATIENCE, || async { self.suite.subscriptions().resume_subscription(request.clone()).await })
                    .await?;
            }
            Deed::NewCard => {
                let payment_token = NEW_CARD.to_owned();
                let request =
                    UpdatePaymentTokenRequest { request_id, subscription, payment_token, validate_only: false };
                patiently(PATIENCE, || async {
                    self.suite.subscriptions().update_payment_token(request.clone()).await
                })
                .await?;
            }
            Deed::Cancel => {
                let reason = "enough".to_owned();
                let request = CancelSubscriptionRequest {
                    request_id,
                    subscription,
                    reason,
                    at_once: false,
                    validate_only: false,
                };
                patiently(PATIENCE, || async { self.suite.subscriptions().cancel_subscription(request.clone()).await })
                    .await?;
            }
        }
        Ok(())
    }
}

fn morning(day: Date) -> LocalTime {
    LocalTime {
        year: i32::from(day.year()),
        month: i32::from(day.month()),
        day: i32::from(day.day()),
        hour: MORNING,
        minute: 0,
    }
}
