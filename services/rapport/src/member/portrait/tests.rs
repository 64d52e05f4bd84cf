//! One member, told as in the tour.

use super::*;
use proto::common::v1::{Date, LocalizedMessage, Money, Step};
use proto::loyalty::v1::Lot;
use proto::referrals::v1::{Referral, ReferralState};
use proto::registry::v1::Identity;
use proto::segmentation::v1::{
    Cycle, CycleSource, Features, Group, Insight, Lifecycle, LifecycleStanding, LifetimeValue, Rfm,
};
use proto::subscriptions::v1::{Cadence, CadenceUnit, Subscription, SubscriptionState};

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn wire(text: &str) -> Option<prost_types::Timestamp> {
    Some(proto::timestamp(at(text)))
}

fn twd(minor: i64) -> Option<Money> {
    Some(Money { currency_code: "TWD".to_owned(), minor })
}

fn words() -> Words {
    Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0)
}

fn member() -> Member {
    let identity = |kind: IdentityKind, verified| Identity { kind: kind.into(), verified, ..Default::default() };
    Member {
        id: "member_1".to_owned(),
        name: "王淑芬".to_owned(),
        identities: vec![identity(IdentityKind::Line, false), identity(IdentityKind::Phone, true)],
        birthday: Some(Date { year: 0, month: 11, day: 3 }),
        touchpoint: "台北信義店".to_owned(),
        join_time: wire("2024-03-02T02:00:00Z"),
        ..Default::default()
    }
}

fn account() -> Account {
    let lot = |left, lapses: &str| Lot { left, lapse_time: wire(lapses), ..Default::default() };
    Account {
        spendable: 1_284,
        lots: vec![
            lot(100, "2026-12-31T16:00:00Z"),
            lot(20, "2026-12-31T16:00:00Z"),
            lot(1_164, "2027-12-31T16:00:00Z"),
        ],
        tier: Some(TierStanding {
            tier: "gold".to_owned(),
            display_name: "Gold".to_owned(),
            since_time: wire("2025-06-18T04:00:00Z"),
            review_time: wire("2026-06-18T16:00:00Z"),
            missing_to_keep_minor: 4_320,
            next_tier: "platinum".to_owned(),
            next_display_name: "Platinum".to_owned(),
            missing_to_next_minor: 21_680,
            currency_code: "TWD".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn portrait() -> Portrait {
    let order = |id: &str, channel: &str, net, returned, state: OrderState| Order {
        id: id.to_owned(),
        channel: channel.to_owned(),
        net: twd(net),
        returned: twd(returned),
        state: state.into(),
        occur_time: wire("2026-11-12T03:00:00Z"),
        ..Default::default()
    };
    let entry = Entry { id: "entry_1".to_owned(), points: 59, cause: "order_1".to_owned(), ..Default::default() };
    let step = |name: &str, contribution| Step { name: name.to_owned(), contribution, ..Default::default() };
    let decision = Decision {
        steps: vec![step("base", 39), Step { detail: "x 1.5".to_owned(), ..step("Gold", 20) }, step("limit", 0)],
        ..Default::default()
    };
    let orders = vec![
        order("order_1", "web", 1_980, 0, OrderState::Recorded),
        order("order_2", "store", 580, 80, OrderState::Recorded),
        order("order_3", "line", 300, 300, OrderState::Returned),
    ];
    let whole = v1::Portrait {
        member: Some(member()),
        account: Some(v1::AccountPart { account: Some(account()), freshness: None }),
        orders: Some(v1::OrdersPart { orders, freshness: None }),
        insight: Some(v1::InsightPart { insight: Some(insight()), freshness: None }),
        referrals: Some(referrals()),
        subscriptions: Some(subscriptions()),
        member_freshness: None,
    };
    Portrait { whole, earned: vec![(entry, Some(decision))] }
}

fn insight() -> Insight {
    Insight {
        features: Some(Features {
            last_purchase_time: wire("2026-11-12T03:00:00Z"),
            purchases: 12,
            period_purchases: 9,
            period_total: twd(21_000),
            days_since_last: Some(1),
            ..Default::default()
        }),
        rfm: Some(Rfm {
            recency_high: true,
            frequency_high: true,
            recency_from: wire("2026-10-01T03:00:00Z"),
            frequency_from: 4,
            monetary_from: 30_000,
            group: Group::Promising.into(),
            ..Default::default()
        }),
        lifecycle: Some(LifecycleStanding {
            chosen: Lifecycle::Active.into(),
            within_one: 1,
            within_three: 2,
            older: 9,
            next_change_time: wire("2026-12-06T03:00:00Z"),
            next_lifecycle: Lifecycle::Sleeping.into(),
            ..Default::default()
        }),
        cycle: Some(Cycle { days: 24, source: CycleSource::Own.into(), ..Default::default() }),
        lifetime_value: Some(LifetimeValue { yearly: twd(61_200), ..Default::default() }),
        ..Default::default()
    }
}

fn referrals() -> v1::ReferralsPart {
    let referral = |inviter: &str, state: ReferralState| Referral {
        inviter: inviter.to_owned(),
        state: state.into(),
        state_time: wire("2026-03-02T03:00:00Z"),
        ..Default::default()
    };
    v1::ReferralsPart {
        invited_by: Some(referral("member_9", ReferralState::Rewarded)),
        invitations: [ReferralState::Held, ReferralState::Rewarded, ReferralState::Held]
            .map(|state| referral("member_1", state))
            .to_vec(),
        freshness: Some(lately()),
        decision: Some(Decision {
            message: Some(LocalizedMessage { message: "Both have their points.".to_owned(), ..Default::default() }),
            ..Default::default()
        }),
    }
}

fn lately() -> v1::PartFreshness {
    let lag = |source: &str, nanos| v1::PartLag {
        source: source.to_owned(),
        at_most: Some(prost_types::Duration { seconds: 1, nanos }),
    };
    let lags = vec![lag("registry", 0), lag("activity", 200_000_000)];
    v1::PartFreshness { state: v1::PartState::Fresh.into(), lags, ..Default::default() }
}

fn subscriptions() -> v1::SubscriptionsPart {
    let coffee = Subscription {
        plan: "coffee".to_owned(),
        state: SubscriptionState::PastDue.into(),
        state_reason: "AWAITS_CARD".to_owned(),
        state_time: wire("2026-01-31T03:00:00Z"),
        cadence: Some(Cadence { every: 2, unit: CadenceUnit::Week.into() }),
        amount_minor: 600,
        currency_code: "TWD".to_owned(),
        ..Default::default()
    };
    let late = v1::PartFreshness {
        state: v1::PartState::Stale.into(),
        trouble: "what the token speaks of was not heard in time".to_owned(),
        ..Default::default()
    };
    v1::SubscriptionsPart { subscriptions: vec![coffee], freshness: Some(late) }
}

#[test]
fn a_member_reads_as_in_the_tour() {
    let text = portrait().told(&words(), at("2026-11-13T00:00:00Z"));
    let expected = "\
王淑芬  member_1  joined 2024-03-02 at 台北信義店 · LINE, phone verified · birthday in November
Gold since 2025-06-18, reviewed 2026-06-19 · NT$ 4,320 more by then keeps Gold · NT$ 21,680 reaches Platinum
1,284 points   120 lapse after 31 Dec · 1,164 lapse after 31 Dec 2027
Active · RFM promising (R high, F high, M low) · buys every 24 days, last 1 day ago · LTV NT$ 61,200 a year
invited by member_9 (rewarded since 2026-03-02) · invited 3: 2 held, 1 rewarded
  Both have their points.
why this group
  R high   last bought 2026-11-12, high from 2026-10-01 on
  F high   9 purchases in the period, high from 4
  M low    NT$ 21,000 in the period, high from NT$ 30,000
  cycle C  24 days, from their own purchases
  bought   1 within C, 2 within 3 C, 9 before
  next     sleeping on 2026-12-06 if nothing is bought
subscriptions
  coffee  every 2 weeks  NT$ 600  past due since 2026-01-31: awaits card
last orders
  2026-11-12  web    NT$ 1,980  +59 points  (39 base, 20 Gold x 1.5)                   why: rapport explain entry_1
  2026-11-12  store    NT$ 580                                        NT$ 80 returned
  2026-11-12  line     NT$ 300                                        returned
subscriptions may be old: what the token speaks of was not heard in time
no other part is more than 2 seconds behind the services it hears
";
    assert_eq!(text, expected);
}

#[test]
fn who_has_nothing_yet_is_told_so() {
    let member = Some(Member { id: "member_2".to_owned(), ..Default::default() });
    let portrait = Portrait { whole: v1::Portrait { member, ..Default::default() }, ..Default::default() };
    assert!(portrait.told(&words(), at("2026-11-13T00:00:00Z")).ends_with("no orders yet\n"));
}

#[test]
fn a_program_reads_the_same_facts() {
    let value = portrait().json();
    assert_eq!(value["account"]["tier"]["missing_to_next_minor"], 21_680);
    assert_eq!(value["orders"][0]["entries"][0]["points"], 59);
    assert_eq!(value["orders"][2]["state"], "returned");
    assert_eq!(value["member"]["identities"][1]["kind"], "phone");
    assert_eq!(value["insight"]["lifecycle"]["chosen"], "active");
    assert_eq!(value["referrals"]["invitations"][1]["state"], "rewarded");
    assert_eq!(value["subscriptions"][0]["cadence"], "every 2 weeks");
    assert_eq!(value["freshness"]["referrals"]["behind_ms"]["activity"], 1_200);
    assert_eq!(value["freshness"]["subscriptions"]["state"], "stale");
}
