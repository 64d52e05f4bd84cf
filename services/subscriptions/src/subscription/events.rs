//! What the outside hears of a subscription. Every event is about its member: that is whose entitlements it may change.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use proto::subscriptions::events::v1 as said;
use proto::timestamp as wall;

use super::answering::decline_name;
use super::standing::{News, Standing};

/// Everything a transaction has decided, in order.
pub(super) fn all(tenant: TenantId, ours: &Standing) -> Vec<NewEvent> {
    ours.news.iter().map(|(at, news)| tell(tenant, ours, *at, news)).collect()
}

fn tell(tenant: TenantId, ours: &Standing, at: Timestamp, news: &News) -> NewEvent {
    // Every message begins with the member and the subscription.
    macro_rules! event {
        ($message:ident { $($field:ident: $value:expr),* }) => {{
            let (member, subscription) = (ours.member.to_string(), ours.id.to_string());
            let payload = said::$message { member, subscription, $($field: $value),* };
            NewEvent::new(tenant, Shard::of_member(ours.member), ours.member, at, &payload)
        }};
    }
    let opens = || ours.plan.entitlements().to_vec();
    let paid_until = || ours.membership.as_ref().map(|membership| wall(membership.until));
    let entitled_until = || ours.membership.as_ref().map(|membership| wall(membership.entitled_until));
    let currency = || ours.plan.currency.to_string();
    match news {
        News::Started => event!(SubscriptionStarted { plan: ours.plan.code.clone(), plan_version: ours.plan.version }),
        News::Due { number, due_at } => event!(OccurrenceDue { number: *number, due_time: Some(wall(*due_at)) }),
        News::Charged { number, attempt } => event!(ChargeSucceeded {
            number: *number,
            attempt: *attempt,
            amount_minor: ours.amount(),
            currency_code: currency()
        }),
        News::Declined { number, attempt, class, again_at } => event!(ChargeFailed {
            number: *number,
            attempt: *attempt,
            class: decline_name(*class).to_owned(),
            next_try_time: again_at.map(wall)
        }),
        News::Recovered { number } => event!(ChargeRecovered { number: *number }),
        News::Skipped { number } => event!(OccurrenceSkipped { number: *number }),
        News::Unskipped { number } => event!(OccurrenceUnskipped { number: *number }),
        News::Paused => event!(SubscriptionPaused {}),
        News::Resumed => event!(SubscriptionResumed {}),
        News::Cancelled { reason } => event!(SubscriptionCancelled { reason: reason.clone() }),
        News::Ended { reason } => event!(SubscriptionEnded { reason: reason.clone() }),
        News::Changed { what } => event!(SubscriptionChanged { what: (*what).to_owned() }),
        News::MembershipStarted => event!(MembershipStarted {
            entitlements: opens(),
            paid_until: paid_until(),
            entitled_until: entitled_until()
        }),
        News::MembershipRenewed { runs_on } => event!(MembershipRenewed {
            entitlements: opens(),
            paid_until: paid_until(),
            entitled_until: entitled_until(),
            runs_on: *runs_on
        }),
        News::MembershipEnded => event!(MembershipEnded { entitlements: opens() }),
        News::RefundAsked { number, refund_minor } => event!(MembershipRefundRequested {
            number: *number,
            refund_minor: *refund_minor,
            currency_code: currency()
        }),
        News::RefundDeclined { number, refund_minor, class } => event!(MembershipRefundFailed {
            number: *number,
            refund_minor: *refund_minor,
            currency_code: currency(),
            class: decline_name(*class).to_owned()
        }),
        News::Refunded { number, refund_minor } => {
            event!(MembershipRefunded { number: *number, refund_minor: *refund_minor, currency_code: currency() })
        }
        News::Ordered { number, order, refusal } => event!(OrderPlaced {
            number: *number,
            order: order.map(|order| order.to_string()).unwrap_or_default(),
            refusal: refusal.clone()
        }),
    }
}
