//! What the outside hears of a subscription. Every event is about its member: that is whose entitlements it may change.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use proto::subscriptions::events::v1 as said;
use proto::timestamp as wall;

use super::answering::decline_name;
use super::standing::{News, RefundStep, Standing};

/// Every message begins with the member and the subscription.
macro_rules! event {
    ($of:expr, $message:ident { $($field:ident: $value:expr),* }) => {{
        let (tenant, ours, at): (TenantId, &Standing, Timestamp) = $of;
        let (member, subscription) = (ours.member.to_string(), ours.id.to_string());
        let payload = said::$message { member, subscription, $($field: $value),* };
        NewEvent::new(tenant, Shard::of_member(ours.member), ours.member, at, &payload)
    }};
}

/// Everything a transaction has decided, in order.
pub(super) fn all(tenant: TenantId, ours: &Standing) -> Vec<NewEvent> {
    ours.news.iter().map(|(at, news)| tell(tenant, ours, *at, news)).collect()
}

fn tell(tenant: TenantId, ours: &Standing, at: Timestamp, news: &News) -> NewEvent {
    let opens = || ours.plan.entitlements().to_vec();
    let paid_until = || ours.membership.as_ref().map(|membership| wall(membership.until));
    let entitled_until = || ours.membership.as_ref().map(|membership| wall(membership.entitled_until));
    let currency = || ours.plan.currency.to_string();
    let of = (tenant, ours, at);
    match news {
        News::Started => {
            event!(of, SubscriptionStarted { plan: ours.plan.code.clone(), plan_version: ours.plan.version })
        }
        News::Due { number, due_at } => event!(of, OccurrenceDue { number: *number, due_time: Some(wall(*due_at)) }),
        News::Charged { number, attempt } => event!(
            of,
            ChargeSucceeded {
                number: *number,
                attempt: *attempt,
                amount_minor: ours.amount(),
                currency_code: currency()
            }
        ),
        News::Declined { number, attempt, class, again_at } => event!(
            of,
            ChargeFailed {
                number: *number,
                attempt: *attempt,
                class: decline_name(*class).to_owned(),
                next_try_time: again_at.map(wall)
            }
        ),
        News::Recovered { number } => event!(of, ChargeRecovered { number: *number }),
        News::Skipped { number } => event!(of, OccurrenceSkipped { number: *number }),
        News::Unskipped { number } => event!(of, OccurrenceUnskipped { number: *number }),
        News::Paused => event!(of, SubscriptionPaused {}),
        News::Resumed => event!(of, SubscriptionResumed {}),
        News::Cancelled { reason } => event!(of, SubscriptionCancelled { reason: reason.clone() }),
        News::Ended { reason } => event!(of, SubscriptionEnded { reason: reason.clone() }),
        News::Changed { what } => event!(of, SubscriptionChanged { what: (*what).to_owned() }),
        News::MembershipStarted => event!(
            of,
            MembershipStarted { entitlements: opens(), paid_until: paid_until(), entitled_until: entitled_until() }
        ),
        News::MembershipRenewed { runs_on } => event!(
            of,
            MembershipRenewed {
                entitlements: opens(),
                paid_until: paid_until(),
                entitled_until: entitled_until(),
                runs_on: *runs_on
            }
        ),
        News::MembershipEnded => event!(of, MembershipEnded { entitlements: opens() }),
        News::Refund { number, refund_minor, step } => refund(of, *number, *refund_minor, *step),
        News::Ordered { number, order, refusal } => event!(
            of,
            OrderPlaced {
                number: *number,
                order: order.map(|order| order.to_string()).unwrap_or_default(),
                refusal: refusal.clone()
            }
        ),
    }
}

fn refund(of: (TenantId, &Standing, Timestamp), number: i64, refund_minor: i64, step: RefundStep) -> NewEvent {
    let currency_code = of.1.plan.currency.to_string();
    match step {
        RefundStep::Asked => event!(
            of,
            MembershipRefundRequested { number: number, refund_minor: refund_minor, currency_code: currency_code }
        ),
        RefundStep::Given => {
            event!(of, MembershipRefunded { number: number, refund_minor: refund_minor, currency_code: currency_code })
        }
        RefundStep::Declined(class) => event!(
            of,
            MembershipRefundFailed {
                number: number,
                refund_minor: refund_minor,
                currency_code: currency_code,
                class: decline_name(class).to_owned()
            }
        ),
    }
}
