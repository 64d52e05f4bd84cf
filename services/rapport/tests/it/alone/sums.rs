//! What six services know in the end: each thing that was acknowledged is there once, and their sums agree.

use std::collections::BTreeMap;

use proto::activity::v1::{GetOverviewRequest as SalesRequest, ListOrdersRequest};
use proto::loyalty::v1::{EntryKind, GetOverviewRequest as PointsRequest, ListEntriesRequest};
use proto::referrals::v1::{GetOverviewRequest as ReferralsRequest, GetReferralOfRequest, ReferralState};
use proto::segmentation::v1::{GetInsightRequest, GetOverviewRequest as SegmentsRequest};
use proto::subscriptions::v1::{ChargeOutcome, GetSubscriptionRequest, OccurrenceState};

use super::till::{Customer, ORDER_MINOR, PER_MINOR, REDEEMED, Shop};

pub const INVITER_POINTS: i64 = 100;
pub const INVITEE_POINTS: i64 = 50;
/// What an occurrence of the plan comes to.
pub const COFFEE_MINOR: i64 = 100;

/// What is to be found of one customer.
impl Customer {
    /// An order that came back whole is no purchase, and its invitation comes to nothing.
    const fn came_back_whole(&self) -> bool {
        self.returned == 2
    }

    const fn is_rewarded(&self) -> bool {
        self.referral.is_some() && !self.came_back_whole()
    }

    fn coffees(&self) -> i64 {
        i64::from(self.subscription.is_some())
    }

    const fn returned_minor(&self) -> i64 {
        self.returned * ORDER_MINOR / 2
    }

    fn net_minor(&self) -> i64 {
        ORDER_MINOR - self.returned_minor() + self.coffees() * COFFEE_MINOR
    }

    /// Entries by kind: how many, and their points. Whether an invitation was rewarded before its order came back is a matter
    /// of luck: there may be a pair of entries for it, or none.
    fn entries(&self) -> BTreeMap<EntryKind, (usize, i64)> {
        let many = 1 + usize::from(self.subscription.is_some()) + usize::from(self.is_rewarded());
        let given = if self.is_rewarded() { INVITEE_POINTS } else { 0 };
        let earned = (ORDER_MINOR + self.coffees() * COFFEE_MINOR) / PER_MINOR + given;
        let mut entries = BTreeMap::from([(EntryKind::Earn, (many, earned)), (EntryKind::Redemption, (1, -REDEEMED))]);
        if self.returned > 0 {
            entries.insert(EntryKind::EarnReversal, (1, -self.returned_minor() / PER_MINOR));
        }
        entries
    }
}

/// Everything of every customer, in every service.
pub async fn all_is_there_once(shop: &Shop, customers: &[Customer]) {
    for customer in customers {
        orders(shop, customer).await;
        entries(shop, customer).await;
        insight(shop, customer).await;
        if let Some(referral) = &customer.referral {
            invited(shop, customer, referral).await;
        }
        if let Some(subscription) = &customer.subscription {
            paid(shop, customer, subscription).await;
        }
    }
}

async fn order_ids(shop: &Shop, member: &str) -> Vec<String> {
    let asked = ListOrdersRequest { member: member.to_owned(), page_size: 10, ..ListOrdersRequest::default() };
    let listed = shop.activity.activity().list_orders(asked).await.expect("answered").into_inner().orders;
    listed.into_iter().map(|order| order.id).collect()
}

async fn orders(shop: &Shop, customer: &Customer) {
    let listed = order_ids(shop, &customer.member).await;
    assert!(listed.contains(&customer.order), "an acknowledged order is lost: {customer:?}");
    assert_eq!(listed.len(), 1 + usize::from(customer.subscription.is_some()), "{customer:?}: {listed:?}");
}

async fn entries(shop: &Shop, customer: &Customer) {
    let asked = ListEntriesRequest { member: customer.member.clone(), page_size: 20, ..ListEntriesRequest::default() };
    let listed = shop.loyalty.loyalty().list_entries(asked).await.expect("answered").into_inner().entries;
    assert!(listed.iter().any(|entry| entry.id == customer.redemption), "a redemption is lost: {customer:?}");
    let mut found: BTreeMap<EntryKind, (usize, i64)> = BTreeMap::new();
    for entry in &listed {
        let sum = found.entry(entry.kind()).or_default();
        (sum.0, sum.1) = (sum.0 + 1, sum.1 + entry.points);
    }
    let mut expected = customer.entries();
    let given_and_taken =
        customer.came_back_whole() && found.get(&EntryKind::EarnReversal).is_some_and(|sum| sum.0 == 2);
    if given_and_taken {
        for (kind, points) in [(EntryKind::Earn, INVITEE_POINTS), (EntryKind::EarnReversal, -INVITEE_POINTS)] {
            let sum = expected.entry(kind).or_default();
            (sum.0, sum.1) = (sum.0 + 1, sum.1 + points);
        }
    }
    assert_eq!(found, expected, "{customer:?}: {listed:?}");
}

async fn insight(shop: &Shop, customer: &Customer) {
    let asked = GetInsightRequest { member: customer.member.clone(), ..GetInsightRequest::default() };
    let answered = shop.segmentation.segmentation().get_insight(asked).await.expect("answered").into_inner();
    let features = answered.insight.and_then(|insight| insight.features).expect("they are told");
    let purchases = i64::from(!customer.came_back_whole()) + customer.coffees();
    assert_eq!(
        (features.purchases, features.total.map_or(0, |total| total.minor)),
        (purchases, customer.net_minor()),
        "{customer:?}"
    );
}

async fn invited(shop: &Shop, customer: &Customer, referral: &str) {
    let asked = GetReferralOfRequest { invitee: customer.member.clone(), ..GetReferralOfRequest::default() };
    let told = shop.referrals.referrals().get_referral_of(asked).await.expect("answered").into_inner();
    let found = told.referral.expect("a referral");
    assert_eq!(found.id, referral);
    let expected = if customer.is_rewarded() { ReferralState::Rewarded } else { ReferralState::Reversed };
    assert_eq!(found.state(), expected, "{customer:?}: {:?}", told.moves);
}

async fn paid(shop: &Shop, customer: &Customer, subscription: &str) {
    let asked = GetSubscriptionRequest { subscription: subscription.to_owned(), ..GetSubscriptionRequest::default() };
    let seen = shop.subscriptions.subscriptions().get_subscription(asked).await.expect("answered").into_inner();
    let charges: Vec<_> =
        seen.charges.iter().map(|charge| (charge.occurrence, charge.attempt, charge.outcome())).collect();
    let [occurrence] = seen.recent.as_slice() else { panic!("one fell due: {seen:?}") };
    assert_eq!(charges, [(occurrence.number, 1, ChargeOutcome::Succeeded)], "charged once: {customer:?}");
    assert_eq!(occurrence.state(), OccurrenceState::Paid);
    let listed = order_ids(shop, &customer.member).await;
    assert!(
        listed.contains(&occurrence.order) && occurrence.order != customer.order,
        "it became an order: {customer:?}"
    );
}

/// The sums of each service, worked out from what was acknowledged.
pub async fn agree(shop: &Shop, customers: &[Customer], inviters: i64) {
    let sum = |what: fn(&Customer) -> i64| customers.iter().map(what).sum::<i64>();
    let many = i64::try_from(customers.len()).expect("a few");
    let (coffees, rewarded) = (sum(Customer::coffees), sum(|one| i64::from(one.is_rewarded())));

    let sales = shop.activity.activity().get_overview(SalesRequest::default()).await.expect("answered").into_inner();
    let bucket =
        |name: &str| sales.buckets.iter().find(|bucket| bucket.name == name).map_or(0, |bucket| bucket.entries);
    assert_eq!(bucket("member-orders"), many + coffees, "{:?}", sales.buckets);
    assert_eq!(bucket("matched-returns"), sum(|one| i64::from(one.returned > 0)), "{:?}", sales.buckets);

    let points = shop.loyalty.loyalty().get_overview(PointsRequest::default()).await.expect("answered").into_inner();
    let given = INVITER_POINTS + INVITEE_POINTS;
    let (ordered, returned) =
        ((many * ORDER_MINOR + coffees * COFFEE_MINOR) / PER_MINOR, sum(Customer::returned_minor) / PER_MINOR);
    // Both sides of an invitation whose order came back, where they had been given their points before.
    let taken_back = points.earn_reversed - returned;
    assert_eq!(points.earned, ordered + rewarded * given + taken_back, "each invitation was rewarded once");
    let came_back = sum(|one| i64::from(one.referral.is_some() && one.came_back_whole()));
    assert!(taken_back % given == 0 && (0..=came_back * given).contains(&taken_back), "{points:?}");
    assert_eq!(points.redeemed, many * REDEEMED);
    assert_eq!(
        points.spend.first().map(|spend| spend.minor),
        Some(sum(Customer::net_minor)),
        "loyalty counts what activity keeps"
    );
    assert_eq!(sales.revenue.map(|revenue| revenue.minor), points.spend.first().map(|spend| spend.minor));

    let told = shop.segmentation.segmentation().get_overview(SegmentsRequest::default()).await.expect("answered");
    let overview = told.into_inner().overview.expect("told");
    let buyers = sum(|one| i64::from(!one.came_back_whole() || one.subscription.is_some()));
    assert_eq!((overview.members, overview.buyers), (many + inviters, buyers));

    let told =
        shop.referrals.referrals().get_overview(ReferralsRequest::default()).await.expect("answered").into_inner();
    let invited = sum(|one| i64::from(one.referral.is_some()));
    assert_eq!(
        (told.referrals, told.inviter_points, told.invitee_points),
        (invited, rewarded * INVITER_POINTS, rewarded * INVITEE_POINTS)
    );
}
