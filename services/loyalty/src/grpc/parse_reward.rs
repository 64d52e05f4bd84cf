//! Calls about rewards and claims, read: every wrong field is told at once.

use jiff::Timestamp;
use kernel::{ClaimId, Currency, MemberId, RequestId, TenantId};
use proto::loyalty::v1::reward::Gives as WireGives;
use proto::loyalty::v1::*;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Freshness, Keys, PageToken, Violations, digests, open, page_size};

use super::parse_coupons::{Page, read_page};
use super::parse_page::read_lines;
use super::parse_programme::unknown;
use super::parse_rules::condition;
use crate::reward::terms::{self, Gives, Terms};
use crate::reward::{End, Put, Take};

const MOST: i64 = 1_000_000_000_000;

/// Which reward, and who looks.
pub(super) struct Which {
    pub tenant: TenantId,
    pub reward: String,
    pub version: i32,
    pub member: Option<MemberId>,
    pub freshness: Freshness,
}

/// A page of rewards, and who looks.
pub(super) struct CataloguePage {
    pub tenant: TenantId,
    pub member: Option<MemberId>,
    pub only_claimable: bool,
    pub after: Option<String>,
    pub limit: i64,
    pub freshness: Freshness,
}

pub(super) const LIST: &str = "rewards";
pub(super) const CLAIMS: &str = "claims";

/// Nobody, where none is named.
fn read_looker(bad: &mut Violations, member: &str) -> Option<Option<MemberId>> {
    match member {
        "" => Some(None),
        member => bad.take("member", MemberId::parse(member)).map(Some),
    }
}

pub(super) fn which(keys: &Keys, call: Request<GetRewardRequest>) -> Result<Which, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let reward = bad.code("reward", &ask.reward, 1..=40);
    bad.number("version", i64::from(ask.version), 0..=i64::from(i32::MAX));
    if ask.version > 0 && !ask.member.is_empty() {
        bad.add("version", "must be 0 where a member is named: they can have the last version alone");
    }
    let member = read_looker(&mut bad, &ask.member);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (reward, (member, freshness)) = bad.settle(reward.zip(member.zip(freshness)))?;
    Ok(Which { tenant: envelope.tenant, reward, version: ask.version, member, freshness })
}

pub(super) fn catalogue(keys: &Keys, call: Request<ListRewardsRequest>) -> Result<CataloguePage, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = read_looker(&mut bad, &ask.member);
    if ask.only_claimable && ask.member.is_empty() {
        bad.add("only_claimable", "goes with a member only");
    }
    let limit = page_size(&mut bad, ask.page_size);
    let token = PageToken::open(&mut bad, keys, &ask.page_token, &[LIST, &ask.member]);
    let after = token.flatten().and_then(|token| token.0.into_iter().next());
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (member, freshness) = bad.settle(member.zip(freshness))?;
    let (tenant, only_claimable) = (envelope.tenant, ask.only_claimable);
    Ok(CataloguePage { tenant, member, only_claimable, after, limit, freshness })
}

pub(super) fn claims(keys: &Keys, call: Request<ListClaimsRequest>) -> Result<Page, Status> {
    let (envelope, ask) = open(call)?;
    let said = (&*ask.member, ask.page_size, &*ask.page_token, &*ask.at_least_as_fresh);
    read_page(keys, envelope.tenant, CLAIMS, said)
}

pub(super) fn claim(keys: &Keys, call: Request<ClaimRewardRequest>) -> Result<Take, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let reward = bad.code("reward", &ask.reward, 1..=40);
    let told = bad.number("points", ask.points, 0..=MOST);
    let read = id.zip(member).zip(reward.zip(told)).map(|((id, member), (reward, told))| Take {
        tenant: envelope.tenant,
        member,
        reward,
        told: Some(told).filter(|told| *told > 0),
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "ClaimReward", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn cancel(keys: &Keys, call: Request<CancelClaimRequest>) -> Result<End, Status> {
    let (envelope, ask) = open(call)?;
    let (id, member, claim) = read_end((&ask.request_id, &ask.member, &ask.claim))?;
    let key = RequestKey { rpc: "CancelClaim", id, digests: digests(keys, &ask) };
    Ok(End { tenant: envelope.tenant, member, claim, fulfil: false, validate_only: ask.validate_only, key })
}

pub(super) fn fulfil(keys: &Keys, call: Request<FulfilClaimRequest>) -> Result<End, Status> {
    let (envelope, ask) = open(call)?;
    let (id, member, claim) = read_end((&ask.request_id, &ask.member, &ask.claim))?;
    let key = RequestKey { rpc: "FulfilClaim", id, digests: digests(keys, &ask) };
    Ok(End { tenant: envelope.tenant, member, claim, fulfil: true, validate_only: ask.validate_only, key })
}

fn read_end((id, member, claim): (&String, &String, &String)) -> Result<(RequestId, MemberId, ClaimId), Status> {
    let mut bad = Violations::new();
    let id = bad.request_id(id);
    let member = bad.take("member", MemberId::parse(member));
    let claim = bad.take("claim", ClaimId::parse(claim));
    bad.settle(id.zip(member).zip(claim).map(|((id, member), claim)| (id, member, claim)))
}

pub(super) fn put(keys: &Keys, call: Request<PutRewardRequest>) -> Result<Put, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let read = match &ask.reward {
        Some(reward) => {
            let code = bad.code("reward.code", &reward.code, 1..=40);
            // Both are read, whatever the first comes to: every wrong field is told at once.
            let terms = read_terms(&mut bad, reward);
            code.zip(terms)
        }
        None => {
            bad.add("reward", "is required");
            None
        }
    };
    let read = id.zip(read).map(|(id, (reward, terms))| Put {
        tenant: envelope.tenant,
        reward,
        terms,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "PutReward", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

fn read_terms(bad: &mut Violations, said: &Reward) -> Option<Terms> {
    let display_name = bad.text("reward.display_name", &said.display_name, 1..=100);
    let description = read_lines(bad, "reward.description", &said.description);
    let points = bad.number("reward.points", said.points, 1..=MOST);
    let gives = read_gives(bad, said.gives.as_ref());
    let currency = bad.take("reward.currency_code", Currency::parse(&said.currency_code));
    let co_payment_minor = bad.number("reward.co_payment_minor", said.co_payment_minor, 0..=MOST);
    let worth_minor = bad.number("reward.worth_minor", said.worth_minor, 0..=MOST);
    let cost_minor = bad.number("reward.cost_minor", said.cost_minor, 0..=MOST);
    let max_per_member = bad.number("reward.max_per_member", said.max_per_member, 0..=MOST);
    let audience = condition(bad, "reward.audience", &said.audience);
    let (from, until) = read_window(bad, "reward", said.from_time.as_ref(), said.until_time.as_ref());
    let stock = said.stock.map(|stock| bad.number("reward.stock", stock, 0..=MOST));
    let low_stock = bad.number("reward.low_stock", said.low_stock, 0..=MOST);
    if said.low_stock > 0 && said.stock.is_none() {
        bad.add("reward.low_stock", "goes with a stock only");
    }
    let cancels = match CancelRule::try_from(said.cancel_rule) {
        Ok(CancelRule::Unspecified | CancelRule::UntilFulfilled) => Some(terms::CancelRule::UntilFulfilled),
        Ok(CancelRule::Always) => Some(terms::CancelRule::Always),
        Ok(CancelRule::Never) => Some(terms::CancelRule::Never),
        Err(_) => unknown(bad, "reward.cancel_rule"),
    };
    Some(Terms {
        display_name: display_name?,
        description: description?,
        points: points?,
        gives: gives?,
        currency: currency?,
        co_payment_minor: co_payment_minor?,
        worth_minor: worth_minor?,
        cost_minor: cost_minor?,
        max_per_member: Some(max_per_member?).filter(|most| *most > 0),
        audience: audience?,
        from,
        until,
        stock: match stock {
            Some(stock) => Some(stock?),
            None => None,
        },
        low_stock: low_stock?,
        cancels: cancels?,
    })
}

/// From when until when; none where that is wrong or unset.
pub(super) fn read_window(
    bad: &mut Violations,
    within: &str,
    from: Option<&prost_types::Timestamp>,
    until: Option<&prost_types::Timestamp>,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let from = bad.instant(&format!("{within}.from_time"), from);
    let until = bad.instant(&format!("{within}.until_time"), until);
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        bad.add(format!("{within}.until_time"), "must be later than from_time");
    }
    (from.map(kernel::to_microsecond), until.map(kernel::to_microsecond))
}

fn read_gives(bad: &mut Violations, gives: Option<&WireGives>) -> Option<Gives> {
    match gives {
        None => {
            bad.add("reward.gives", "is required: coupon, goods or charity");
            None
        }
        Some(WireGives::Coupon(coupon)) => {
            let campaign = bad.code("reward.coupon.campaign", &coupon.campaign, 1..=40);
            campaign.map(|campaign| Gives::Coupon { campaign })
        }
        Some(WireGives::Goods(goods)) => {
            let product = bad.text("reward.goods.product", &goods.product, 1..=100);
            product.map(|product| Gives::Goods { product })
        }
        Some(WireGives::Charity(charity)) => {
            bad.code("reward.charity.cause", &charity.cause, 1..=40).map(|cause| Gives::Charity { cause })
        }
    }
}
