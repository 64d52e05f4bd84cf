//! Rewards and claims as the wire tells them.

use proto::loyalty::v1::{self, reward::Gives as WireGives};
use tonic::Response;
use wire::{Keys, Language, PageToken};

use super::parse_coupons::Page;
use super::parse_reward::{CLAIMS, CataloguePage, LIST};
use super::present_coupons::money;
use super::wording_rewards::{in_the_way, needs, obstacle};
use crate::reward::judging::Obstacle;
use crate::reward::life::{Claim, State};
use crate::reward::terms::{CancelRule, Gives, Terms};
use crate::reward::{Catalogue, Offer, PutReceipt, Receipt, Standing};

pub(super) fn put(keys: &Keys, receipt: &PutReceipt) -> Response<v1::PutRewardResponse> {
    let freshness = receipt.reached.freshness().seal(keys);
    Response::new(v1::PutRewardResponse { version: receipt.version, freshness })
}

pub(super) fn offer(language: Language, offer: Offer) -> v1::GetRewardResponse {
    let can_claim = offer.obstacles.as_ref().is_some_and(Vec::is_empty);
    let obstacles = offer.obstacles.into_iter().flatten().map(|why| told(language, why)).collect();
    let standing = offer.standing;
    v1::GetRewardResponse {
        version: standing.version,
        r#use: Some(used(&standing)),
        record_time: Some(proto::timestamp(standing.recorded_at)),
        reward: Some(terms(standing.reward, standing.terms)),
        can_claim,
        obstacles,
    }
}

fn told(language: Language, why: Obstacle) -> v1::RewardObstacle {
    let (kind, message) = (obstacle(&why).into(), in_the_way(language, &why));
    let (missing_points, time, needed) = match why {
        Obstacle::NotYet { from } => (0, Some(from), Vec::new()),
        Obstacle::Over { until } => (0, Some(until), Vec::new()),
        Obstacle::LimitReached { .. } | Obstacle::OutOfStock { .. } => (0, None, Vec::new()),
        Obstacle::NotForMember { needed } => (0, None, needed),
        Obstacle::PointsMissing { asked, spendable, enough_at } => {
            (asked.saturating_sub(spendable), enough_at, Vec::new())
        }
    };
    let (time, needed) = (time.map(proto::timestamp), needs(needed));
    v1::RewardObstacle { kind, missing_points, time, needed, message }
}

fn used(standing: &Standing) -> v1::RewardUse {
    let (taken, left) = (standing.taken, standing.left());
    v1::RewardUse {
        claims: taken.standing(),
        fulfilled: taken.fulfilled,
        cancelled: taken.cancelled,
        points: taken.points,
        cost: Some(money(standing.terms.currency, taken.cost_minor)),
        left,
        low: standing.terms.is_low(left),
    }
}

fn terms(code: String, terms: Terms) -> v1::Reward {
    let gives = match terms.gives {
        Gives::Coupon { campaign } => WireGives::Coupon(v1::RewardCoupon { campaign }),
        Gives::Goods { product } => WireGives::Goods(v1::RewardGoods { product }),
        Gives::Charity { cause } => WireGives::Charity(v1::RewardCharity { cause }),
    };
    let cancel_rule = match terms.cancels {
        CancelRule::UntilFulfilled => v1::CancelRule::UntilFulfilled,
        CancelRule::Always => v1::CancelRule::Always,
        CancelRule::Never => v1::CancelRule::Never,
    };
    v1::Reward {
        code,
        display_name: terms.display_name,
        description: terms.description,
        points: terms.points,
        gives: Some(gives),
        currency_code: terms.currency.to_string(),
        co_payment_minor: terms.co_payment_minor,
        worth_minor: terms.worth_minor,
        cost_minor: terms.cost_minor,
        max_per_member: terms.max_per_member.unwrap_or(0),
        audience: terms.audience.text().to_owned(),
        from_time: terms.from.map(proto::timestamp),
        until_time: terms.until.map(proto::timestamp),
        stock: terms.stock,
        low_stock: terms.low_stock,
        cancel_rule: cancel_rule.into(),
    }
}

pub(super) fn catalogue(
    keys: &Keys,
    language: Language,
    ask: &CataloguePage,
    page: Catalogue,
) -> Response<v1::ListRewardsResponse> {
    let is_full = i64::try_from(page.offers.len()).is_ok_and(|shown| shown == ask.limit);
    let last = page.offers.last().filter(|_| is_full).map(|last| last.standing.reward.clone());
    let whose = ask.member.map(|member| member.to_string()).unwrap_or_default();
    let rewards = page.offers.into_iter().map(|one| offer(language, one));
    Response::new(v1::ListRewardsResponse {
        rewards: rewards.filter(|one| one.can_claim || !ask.only_claimable).collect(),
        next_page_token: last.map_or_else(String::new, |last| PageToken(vec![last]).seal(keys, &[LIST, &whose])),
        spendable: page.spendable.unwrap_or(0),
    })
}

fn claim(claim: Claim) -> v1::Claim {
    let state = match claim.state {
        State::Claimed => v1::ClaimState::Claimed,
        State::Fulfilled => v1::ClaimState::Fulfilled,
        State::Cancelled => v1::ClaimState::Cancelled,
    };
    let (product, charity_cause) = match claim.gives {
        Gives::Goods { product } => (product, String::new()),
        Gives::Charity { cause } => (String::new(), cause),
        Gives::Coupon { .. } => (String::new(), String::new()),
    };
    v1::Claim {
        id: claim.id.map(|id| id.to_string()).unwrap_or_default(),
        member: claim.member.to_string(),
        reward: claim.reward,
        display_name: claim.display_name,
        version: claim.version,
        state: state.into(),
        state_time: Some(proto::timestamp(claim.state_at)),
        points: claim.points,
        entry: claim.entry.map(|entry| entry.to_string()).unwrap_or_default(),
        coupon: claim.coupon.map(|coupon| coupon.to_string()).unwrap_or_default(),
        product,
        charity_cause,
        co_payment: Some(money(claim.currency, claim.co_payment_minor)),
        claim_time: Some(proto::timestamp(claim.claimed_at)),
        reversal: claim.reversal.map(|entry| entry.to_string()).unwrap_or_default(),
    }
}

pub(super) fn claimed(keys: &Keys, receipt: Receipt) -> Response<v1::ClaimRewardResponse> {
    let (freshness, spendable) = (receipt.reached.freshness().seal(keys), receipt.spendable);
    Response::new(v1::ClaimRewardResponse { claim: Some(claim(receipt.claim)), spendable, freshness })
}

pub(super) fn cancelled(keys: &Keys, receipt: Receipt) -> Response<v1::CancelClaimResponse> {
    let freshness = receipt.reached.freshness().seal(keys);
    Response::new(v1::CancelClaimResponse { claim: Some(claim(receipt.claim)), freshness })
}

pub(super) fn fulfilled(keys: &Keys, receipt: Receipt) -> Response<v1::FulfilClaimResponse> {
    let freshness = receipt.reached.freshness().seal(keys);
    Response::new(v1::FulfilClaimResponse { claim: Some(claim(receipt.claim)), freshness })
}

pub(super) fn claims(keys: &Keys, ask: &Page, page: Vec<Claim>) -> Response<v1::ListClaimsResponse> {
    let is_full = i64::try_from(page.len()).is_ok_and(|shown| shown == ask.limit);
    let last = page.last().map(|last| last.number).filter(|last| is_full && *last > 1);
    let next_page_token = last.map_or_else(String::new, |last| {
        PageToken(vec![last.to_string()]).seal(keys, &[CLAIMS, &ask.member.to_string()])
    });
    Response::new(v1::ListClaimsResponse { claims: page.into_iter().map(claim).collect(), next_page_token })
}
