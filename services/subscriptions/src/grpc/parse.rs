//! Calls about subscriptions, read: every wrong field is told at once.

use jiff::Timestamp;
use jiff::civil::DateTime;
use kernel::{MemberId, SubscriptionId, TenantId};
use proto::subscriptions::v1;
use tonic::{Request, Status};
use wire::{Freshness, Keys, PageToken, Violations, open, page_size};

use super::parse_plan::{read_cadence, read_local};
use super::present::{state_name, wire_state};
use crate::plan::cadence::{Cadence, Zone};
use crate::subscription::Filter;
use crate::subscription::standing::State;

/// A look at one subscription.
pub(super) struct Look {
    pub tenant: TenantId,
    pub subscription: SubscriptionId,
    pub freshness: Freshness,
}

/// A page of subscriptions.
pub(super) struct PageLook {
    pub tenant: TenantId,
    pub filter: Filter,
    pub after: Option<(Timestamp, SubscriptionId)>,
    pub limit: i64,
    pub freshness: Freshness,
}

impl PageLook {
    /// What selects and orders the list: a token of one is none of another.
    pub(super) fn selection(&self) -> [String; 4] {
        selection(&self.filter)
    }
}

fn selection(filter: &Filter) -> [String; 4] {
    let member = filter.member.map(|member| member.to_string()).unwrap_or_default();
    let state = filter.state.map(state_name).unwrap_or_default();
    ["subscriptions".to_owned(), member, filter.plan.clone(), state]
}

/// A page of charges.
pub(super) struct ChargesLook {
    pub tenant: TenantId,
    pub subscription: SubscriptionId,
    pub after: Option<(i64, i16, i32)>,
    pub limit: i64,
    pub freshness: Freshness,
}

/// Whose occurrences to tell.
pub(super) enum Whose {
    Subscription(SubscriptionId),
    Plan { code: String, cadence: Option<Cadence>, anchor: Option<DateTime>, zone: Option<Zone> },
}

/// A look ahead.
pub(super) struct PreviewLook {
    pub tenant: TenantId,
    pub whose: Whose,
    pub count: usize,
    pub freshness: Freshness,
}

/// A question at the gate.
pub(super) struct GateLook {
    pub tenant: TenantId,
    pub member: MemberId,
    pub entitlement: String,
    pub explain: bool,
    pub freshness: Freshness,
}

/// A look at what is expected.
pub(super) struct ForecastLook {
    pub tenant: TenantId,
    pub months: i32,
    pub freshness: Freshness,
}

pub(super) type Asked<T> = Result<T, Status>;

pub(super) fn look(keys: &Keys, call: Request<v1::GetSubscriptionRequest>) -> Asked<Look> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let subscription = bad.take("subscription", SubscriptionId::parse(&ask.subscription));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (subscription, freshness) = bad.settle(subscription.zip(freshness))?;
    Ok(Look { tenant: envelope.tenant, subscription, freshness })
}

pub(super) fn page(keys: &Keys, call: Request<v1::ListSubscriptionsRequest>) -> Asked<PageLook> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = match ask.member.as_str() {
        "" => None,
        text => bad.take("member", MemberId::parse(text)),
    };
    let plan = match ask.plan.as_str() {
        "" => Some(String::new()),
        text => bad.code("plan", text, 1..=40),
    };
    let state = read_state(&mut bad, ask.state);
    let limit = page_size(&mut bad, ask.page_size);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let filter = Filter { member, plan: plan.unwrap_or_default(), state };
    let selected = selection(&filter);
    let token = PageToken::open(&mut bad, keys, &ask.page_token, &selected.each_ref().map(String::as_str));
    let after = token.flatten().and_then(|token| match token.0.as_slice() {
        [since, id] => Some((since.parse().ok()?, SubscriptionId::parse(id).ok()?)),
        _ => None,
    });
    Ok(PageLook { tenant: envelope.tenant, filter, after, limit, freshness: bad.settle(freshness)? })
}

fn read_state(bad: &mut Violations, state: i32) -> Option<State> {
    match v1::SubscriptionState::try_from(state) {
        Ok(v1::SubscriptionState::Unspecified) => None,
        Ok(named) => [State::Active, State::Paused, State::PastDue, State::Cancelled, State::Ended]
            .into_iter()
            .find(|state| wire_state(*state) == named),
        Err(_) => {
            bad.add("state", "is not one of the values of its enum");
            None
        }
    }
}

pub(super) fn charges(keys: &Keys, call: Request<v1::ListChargesRequest>) -> Asked<ChargesLook> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let subscription = bad.take("subscription", SubscriptionId::parse(&ask.subscription));
    let limit = page_size(&mut bad, ask.page_size);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let token =
        subscription.and_then(|ours| PageToken::open(&mut bad, keys, &ask.page_token, &["charges", &ours.to_string()]));
    let after = token.flatten().and_then(|token| match token.0.as_slice() {
        [number, kind, attempt] => Some((number.parse().ok()?, kind.parse().ok()?, attempt.parse().ok()?)),
        _ => None,
    });
    let (subscription, freshness) = bad.settle(subscription.zip(freshness))?;
    Ok(ChargesLook { tenant: envelope.tenant, subscription, after, limit, freshness })
}

pub(super) fn preview(keys: &Keys, call: Request<v1::PreviewOccurrencesRequest>) -> Asked<PreviewLook> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let count = match ask.count {
        0 => Some(10),
        count => bad.number("count", i64::from(count), 1..=100).and_then(|count| usize::try_from(count).ok()),
    };
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let whose = match (ask.subscription.as_str(), ask.plan.as_str()) {
        (id, "") => bad.take("subscription", SubscriptionId::parse(id)).map(Whose::Subscription),
        ("", code) => {
            let code = bad.code("plan", code, 1..=40);
            let cadence = match &ask.cadence {
                None => Some(None),
                Some(cadence) => read_cadence(&mut bad, "cadence", cadence).map(Some),
            };
            let anchor = read_local(&mut bad, "anchor", ask.anchor.as_ref());
            let zone = read_zone(&mut bad, &ask.zone);
            code.zip(cadence).zip(anchor.zip(zone)).map(|((code, cadence), (anchor, zone))| Whose::Plan {
                code,
                cadence,
                anchor,
                zone,
            })
        }
        (_, _) => {
            bad.add("plan", "must be empty where a subscription is named");
            None
        }
    };
    let ((whose, count), freshness) = bad.settle(whose.zip(count).zip(freshness))?;
    Ok(PreviewLook { tenant: envelope.tenant, whose, count, freshness })
}

#[expect(clippy::option_option, reason = "wrong and unset are two answers, as in PageToken::open")]
pub(super) fn read_zone(bad: &mut Violations, zone: &str) -> Option<Option<Zone>> {
    if zone.is_empty() { Some(None) } else { bad.take("zone", Zone::parse(zone)).map(Some) }
}

pub(super) fn gate(keys: &Keys, call: Request<v1::CheckEntitlementRequest>) -> Asked<GateLook> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = bad.take("member", MemberId::parse(&ask.member));
    let entitlement = bad.code("entitlement", &ask.entitlement, 1..=40);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let ((member, entitlement), freshness) = bad.settle(member.zip(entitlement).zip(freshness))?;
    Ok(GateLook { tenant: envelope.tenant, member, entitlement, explain: ask.explain, freshness })
}

pub(super) fn forecast(keys: &Keys, call: Request<v1::GetForecastRequest>) -> Asked<ForecastLook> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let months = if ask.months == 0 { 12 } else { ask.months };
    let months = bad.number("months", i64::from(months), 1..=24).map(|_| months);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (months, freshness) = bad.settle(months.zip(freshness))?;
    Ok(ForecastLook { tenant: envelope.tenant, months, freshness })
}
