//! One member as all services know them: the record, and a part from each of the others, asked side by side.
//!
//! 1. A part sees everything of the caller's token that can lead to its service; what cannot lead there is left out of the
//!    question, since waiting for it would never end.
//! 2. A part waits for three quarters of what the caller gives. What has not come by then is shown as it was known, as stale.
//! 3. A service that does not answer costs its own part and nothing else.

mod asking;
mod lag;

use kernel::{Clock, MemberId};
use proto::activity::v1::ListOrdersRequest;
use proto::activity::v1::activity_service_client::ActivityServiceClient;
use proto::loyalty::v1::GetAccountRequest;
use proto::loyalty::v1::loyalty_service_client::LoyaltyServiceClient;
use proto::portrait::v1::{
    AccountPart, InsightPart, OrdersPart, PartFreshness, PartLag, PartState, Portrait, ReferralsPart, SubscriptionsPart,
};
use proto::referrals::v1::referrals_service_client::ReferralsServiceClient;
use proto::referrals::v1::{GetReferralOfRequest, ListInvitationsRequest};
use proto::registry::v1::Member;
use proto::segmentation::v1::GetInsightRequest;
use proto::segmentation::v1::segmentation_service_client::SegmentationServiceClient;
use proto::subscriptions::v1::ListSubscriptionsRequest;
use proto::subscriptions::v1::subscriptions_service_client::SubscriptionsServiceClient;
use server::{Behalf, Peers};
use tokio::time::Instant;
use wire::{Freshness, Keys};

use asking::{Peer, Reading};
use lag::HeardOut;

/// Invitations and subscriptions shown.
const MOST: i32 = 20;

/// Whose portrait, for whom.
#[derive(Clone, Debug)]
pub(super) struct Sitting {
    pub(super) member: MemberId,
    pub(super) orders: i32,
    pub(super) fresh: Freshness,
    pub(super) behalf: Behalf,
}

/// Asks the other services.
#[derive(Clone, Debug)]
pub(crate) struct Portraits {
    peers: Peers,
    keys: Keys,
    clock: Clock,
}

impl Portraits {
    pub(crate) const fn new(peers: Peers, keys: Keys, clock: Clock) -> Self {
        Self { peers, keys, clock }
    }

    /// The portrait of a member whose record is known.
    pub(super) async fn of(&self, sitting: &Sitting, member: Member) -> Portrait {
        let (account, insight, orders, referrals, subscriptions) = tokio::join!(
            self.account(sitting),
            self.insight(sitting),
            self.orders(sitting),
            self.referrals(sitting),
            self.subscriptions(sitting)
        );
        Portrait {
            member: Some(member),
            account: Some(account),
            insight: Some(insight),
            orders: Some(orders),
            referrals: Some(referrals),
            subscriptions: Some(subscriptions),
            // The record was waited for before anybody else was asked.
            member_freshness: Some(self.told(PartState::Fresh, String::new(), HeardOut::default())),
        }
    }

    async fn account(&self, sitting: &Sitting) -> AccountPart {
        let asked = self.peer("loyalty", "points.read", sitting).ask(|way, token| {
            let request = GetAccountRequest {
                member: sitting.member.to_string(),
                at_least_as_fresh: token,
                wallet: String::new(),
            };
            async move { LoyaltyServiceClient::new(way).get_account(request).await }
        });
        let (freshness, answer) = self.read(asked.await);
        AccountPart { freshness, account: answer.and_then(|answer| answer.account) }
    }

    async fn insight(&self, sitting: &Sitting) -> InsightPart {
        let asked = self.peer("segmentation", "segments.read", sitting).ask(|way, token| {
            let member = sitting.member.to_string();
            let request = GetInsightRequest { member, at_least_as_fresh: token, ..GetInsightRequest::default() };
            async move { SegmentationServiceClient::new(way).get_insight(request).await }
        });
        let (freshness, answer) = self.read(asked.await);
        InsightPart { freshness, insight: answer.and_then(|answer| answer.insight) }
    }

    async fn orders(&self, sitting: &Sitting) -> OrdersPart {
        let asked = self.peer("activity", "activity.read", sitting).ask(|way, token| {
            let request = ListOrdersRequest {
                member: sitting.member.to_string(),
                page_size: sitting.orders,
                at_least_as_fresh: token,
                ..ListOrdersRequest::default()
            };
            async move { ActivityServiceClient::new(way).list_orders(request).await }
        });
        let (freshness, answer) = self.read(asked.await);
        OrdersPart { freshness, orders: answer.map(|answer| answer.orders).unwrap_or_default() }
    }

    /// Two questions side by side; the part is as fresh as the less fresh answer.
    async fn referrals(&self, sitting: &Sitting) -> ReferralsPart {
        let invitations = self.peer("referrals", "referrals.read", sitting).ask(|way, token| {
            let request = ListInvitationsRequest {
                inviter: sitting.member.to_string(),
                page_size: MOST,
                at_least_as_fresh: token,
                ..ListInvitationsRequest::default()
            };
            async move { ReferralsServiceClient::new(way).list_invitations(request).await }
        });
        let own = self.peer("referrals", "referrals.read", sitting).ask(|way, token| {
            let invitee = sitting.member.to_string();
            let request = GetReferralOfRequest { invitee, explain: true, at_least_as_fresh: token };
            async move { ReferralsServiceClient::new(way).get_referral_of(request).await }
        });
        let (invitations, own) = tokio::join!(invitations, own);
        let (freshness, answer) = self.read(invitations.and(own));
        let (invitations, own) = answer.unwrap_or_default();
        let (invited_by, decision) = own.map(|own| (own.referral, own.decision)).unwrap_or_default();
        ReferralsPart {
            freshness,
            invited_by,
            decision,
            invitations: invitations.map(|invitations| invitations.referrals).unwrap_or_default(),
        }
    }

    async fn subscriptions(&self, sitting: &Sitting) -> SubscriptionsPart {
        let asked = self.peer("subscriptions", "subscriptions.read", sitting).ask(|way, token| {
            let request = ListSubscriptionsRequest {
                member: sitting.member.to_string(),
                page_size: MOST,
                at_least_as_fresh: token,
                ..ListSubscriptionsRequest::default()
            };
            async move { SubscriptionsServiceClient::new(way).list_subscriptions(request).await }
        });
        let (freshness, answer) = self.read(asked.await);
        SubscriptionsPart { freshness, subscriptions: answer.map(|answer| answer.subscriptions).unwrap_or_default() }
    }

    fn peer(&self, name: &'static str, scope: &'static str, sitting: &Sitting) -> Peer<'_> {
        Peer::new(&self.peers, &self.keys, name, sitting.behalf.clone().needing(scope), sitting.fresh.clone())
    }

    fn read<T>(&self, reading: Reading<T>) -> (Option<PartFreshness>, Option<T>) {
        let Reading { state, trouble, heard, answer } = reading;
        (Some(self.told(state, trouble, heard.unwrap_or_default())), answer)
    }

    fn told(&self, state: PartState, trouble: String, heard: HeardOut) -> PartFreshness {
        let at_most = |by: Instant| by.elapsed().try_into().ok();
        let lags = heard.0.into_iter().map(|(source, by)| PartLag { source, at_most: by.and_then(at_most) });
        let read_time = Some(proto::timestamp(self.clock.now()));
        PartFreshness { state: state.into(), read_time, trouble, lags: lags.collect() }
    }
}
