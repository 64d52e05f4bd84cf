//! One order, and how soon after its answer each service shows what came of it.

use std::time::Duration;

use futures::future::try_join4;
use proto::activity::v1::ListOrdersRequest;
use proto::loyalty::v1::GetBalanceRequest;
use proto::portrait::v1::{GetPortraitRequest, PartState};
use proto::referrals::v1::{GetReferralOfRequest, ReferralState};
use proto::segmentation::v1::GetInsightRequest;
use proto::subscriptions::v1::SubscribeRequest;
use tokio::time::Instant;

use crate::Failed;
use crate::numbers::Times;
use crate::shop::{POINTS, Shop};
use crate::suite::request_id;

/// How often activity is asked for an order that nobody gave a token for.
const LOOK: Duration = Duration::from_millis(1);

/// The times of all probes under one load.
#[derive(Debug, Default)]
pub struct Probed {
    recorded: Times,
    loyalty: Times,
    segmentation: Times,
    referrals: Times,
    registry: Times,
    subscriptions: Times,
}

impl Probed {
    /// Somebody who was invited buys for the first time, and every service is asked at once for what came of it.
    pub async fn probe(&mut self, shop: &Shop, member: &str) -> Result<(), Failed> {
        let began = Instant::now();
        let fresh = shop.sell(member, &format!("probe-{member}")).await?;
        let answered = Instant::now();
        let (loyalty, segmentation, referrals, registry) = try_join4(
            seen(answered, "loyalty", in_loyalty(shop, member, &fresh)),
            seen(answered, "segmentation", in_segmentation(shop, member, &fresh)),
            seen(answered, "referrals", in_referrals(shop, member, &fresh)),
            seen(answered, "registry", in_a_portrait(shop, member, &fresh)),
        )
        .await?;
        self.recorded.add(answered - began);
        self.loyalty.add(loyalty);
        self.segmentation.add(segmentation);
        self.referrals.add(referrals);
        self.registry.add(registry);
        Ok(())
    }

    /// Somebody subscribes, and their first occurrence is charged and becomes an order.
    pub async fn subscribe(&mut self, shop: &Shop, member: &str) -> Result<(), Failed> {
        let ask = SubscribeRequest {
            request_id: request_id(),
            member: member.to_owned(),
            plan: "coffee".to_owned(),
            payment_token: "sandbox_ok".to_owned(),
            ..SubscribeRequest::default()
        };
        shop.suite.subscriptions().subscribe(ask).await?;
        let answered = Instant::now();
        loop {
            let ask = ListOrdersRequest { member: member.to_owned(), ..ListOrdersRequest::default() };
            if !shop.suite.activity().list_orders(ask).await?.into_inner().orders.is_empty() {
                self.subscriptions.add(answered.elapsed());
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    pub fn tell(self, load: &str) {
        self.recorded.tell(&format!("recorded.{load}"));
        self.loyalty.tell(&format!("loyalty.{load}"));
        self.segmentation.tell(&format!("segmentation.{load}"));
        self.referrals.tell(&format!("referrals.{load}"));
        self.registry.tell(&format!("registry.{load}"));
        self.subscriptions.tell(&format!("subscriptions.{load}"));
    }
}

/// When a question was answered rightly, counted from the answer to the order.
async fn seen(
    answered: Instant,
    service: &str,
    question: impl Future<Output = Result<bool, Failed>>,
) -> Result<Duration, Failed> {
    match question.await {
        Ok(true) => Ok(answered.elapsed()),
        Ok(false) => Err(format!("a fresh answer of {service} does not show the order").into()),
        Err(error) => Err(format!("{service}: {error}").into()),
    }
}

async fn in_loyalty(shop: &Shop, member: &str, fresh: &str) -> Result<bool, Failed> {
    let ask =
        GetBalanceRequest { member: member.to_owned(), at_least_as_fresh: fresh.to_owned(), ..Default::default() };
    Ok(shop.suite.loyalty().get_balance(ask).await?.into_inner().balance == POINTS)
}

async fn in_segmentation(shop: &Shop, member: &str, fresh: &str) -> Result<bool, Failed> {
    let ask =
        GetInsightRequest { member: member.to_owned(), at_least_as_fresh: fresh.to_owned(), ..Default::default() };
    let insight = shop.suite.segmentation().get_insight(ask).await?.into_inner().insight;
    Ok(insight.and_then(|insight| insight.features).is_some_and(|features| features.purchases == 1))
}

async fn in_referrals(shop: &Shop, member: &str, fresh: &str) -> Result<bool, Failed> {
    let ask =
        GetReferralOfRequest { invitee: member.to_owned(), at_least_as_fresh: fresh.to_owned(), ..Default::default() };
    let referral = shop.suite.referrals().get_referral_of(ask).await?.into_inner().referral;
    Ok(referral.is_some_and(|referral| referral.state() == ReferralState::Held))
}

/// A part that was not heard in time says that it is older: then the portrait is asked for again.
async fn in_a_portrait(shop: &Shop, member: &str, fresh: &str) -> Result<bool, Failed> {
    loop {
        let ask = GetPortraitRequest {
            member: member.to_owned(),
            at_least_as_fresh: fresh.to_owned(),
            ..GetPortraitRequest::default()
        };
        let portrait = shop.suite.portraits().get_portrait(ask).await?.into_inner().portrait.unwrap_or_default();
        let parts = [
            portrait.account.as_ref().and_then(|part| part.freshness.as_ref()),
            portrait.insight.as_ref().and_then(|part| part.freshness.as_ref()),
            portrait.orders.as_ref().and_then(|part| part.freshness.as_ref()),
            portrait.referrals.as_ref().and_then(|part| part.freshness.as_ref()),
            portrait.subscriptions.as_ref().and_then(|part| part.freshness.as_ref()),
        ];
        if parts.iter().all(|part| part.is_some_and(|part| part.state() == PartState::Fresh)) {
            let balance = portrait.account.and_then(|part| part.account).map(|account| account.balance);
            return Ok(balance == Some(POINTS));
        }
    }
}
