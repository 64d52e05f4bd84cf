//! Benefits as the wire tells them.

use kernel::Currency;
use proto::loyalty::v1::{self, benefit::Kind as WireKind};
use tonic::Response;
use wire::{Keys, Language, PageToken};

use super::parse_benefit::LIST;
use super::parse_page::Page;
use super::present_coupons::money;
use super::wording_benefits::{in_the_way, issue, obstacle, warned};
use super::wording_rewards::needs;
use crate::benefit::checking::{Blocked, Obstacle, Saved};
use crate::benefit::terms::{Goods, Issue, Kind, Price, Terms};
use crate::benefit::{Booked, Checked, Looked, PutReceipt, Receipt, Standing, Use};
use crate::programme::rules::LimitPeriod;
use crate::reservation::applying::Cart;

pub(super) fn put(
    keys: &Keys,
    language: Language,
    currency: Currency,
    (receipt, issues): (PutReceipt, Vec<Issue>),
) -> Response<v1::PutBenefitResponse> {
    let warnings = issues.into_iter().map(|why| v1::BenefitWarning {
        issue: issue(why).into(),
        forgone: match why {
            Issue::NormallySold { forgone_minor } => Some(money(currency, forgone_minor)),
            Issue::HiddenConditions | Issue::WorthNothing => None,
        },
        message: warned(language, why, currency),
    });
    Response::new(v1::PutBenefitResponse {
        version: receipt.version,
        warnings: warnings.collect(),
        freshness: receipt.reached.freshness().seal(keys),
    })
}

pub(super) fn page(keys: &Keys, ask: &Page, page: Vec<(Standing, Use)>) -> Response<v1::ListBenefitsResponse> {
    let is_full = i64::try_from(page.len()).is_ok_and(|shown| shown == ask.limit);
    let last = page.last().filter(|_| is_full).map(|(last, _)| last.benefit.clone());
    Response::new(v1::ListBenefitsResponse {
        next_page_token: last.map_or_else(String::new, |last| PageToken(vec![last]).seal(keys, &[LIST])),
        benefits: page.into_iter().map(listed).collect(),
    })
}

fn listed((standing, sum): (Standing, Use)) -> v1::ListedBenefit {
    let currency = standing.terms.currency;
    let left = standing.terms.max_uses.map(|most| most.saturating_sub(standing.used).max(0));
    v1::ListedBenefit {
        version: standing.version,
        r#use: Some(v1::BenefitUse {
            uses: sum.uses,
            saved: Some(money(currency, sum.saved_minor)),
            cost: Some(money(currency, sum.cost_minor)),
            forgone: Some(money(currency, sum.forgone_minor)),
            left,
        }),
        record_time: Some(proto::timestamp(standing.recorded_at)),
        benefit: Some(terms(standing.benefit, standing.terms)),
    }
}

fn terms(code: String, terms: Terms) -> v1::Benefit {
    let period = match terms.period {
        LimitPeriod::Order => v1::LimitPeriod::Order,
        LimitPeriod::Day => v1::LimitPeriod::Day,
        LimitPeriod::Week => v1::LimitPeriod::Week,
        LimitPeriod::Month => v1::LimitPeriod::Month,
        LimitPeriod::Year => v1::LimitPeriod::Year,
        LimitPeriod::Ever => v1::LimitPeriod::Ever,
    };
    v1::Benefit {
        code,
        display_name: terms.display_name,
        description: terms.description,
        audience: terms.audience.text().to_owned(),
        kind: Some(kind(terms.kind)),
        currency_code: terms.currency.to_string(),
        worth_minor: terms.worth_minor,
        normally_sold: terms.normally_sold,
        cost_minor: terms.cost_minor,
        max_uses: terms.max_uses.unwrap_or(0),
        max_per_member: terms.max_per_member.unwrap_or(0),
        period: period.into(),
        from_time: terms.from.map(proto::timestamp),
        until_time: terms.until.map(proto::timestamp),
    }
}

fn goods(goods: Goods) -> Option<v1::Goods> {
    let (products, categories) = (goods.products.into_iter().collect(), goods.categories.into_iter().collect());
    Some(v1::Goods { products, categories })
}

fn kind(kind: Kind) -> WireKind {
    match kind {
        Kind::MemberPrice { goods: which, price } => WireKind::MemberPrice(v1::MemberPrice {
            goods: goods(which),
            price: Some(match price {
                Price::PercentOff(percent) => {
                    v1::member_price::Price::PercentOff(i32::try_from(percent).unwrap_or(i32::MAX))
                }
                Price::Unit(minor) => v1::member_price::Price::UnitMinor(minor),
            }),
        }),
        Kind::MemberOnly { goods: which } => WireKind::MemberOnly(v1::MemberOnly { goods: goods(which) }),
        Kind::EarlyAccess { goods: which, members_from, everybody_from } => WireKind::EarlyAccess(v1::EarlyAccess {
            goods: goods(which),
            members_from_time: Some(proto::timestamp(members_from)),
            everybody_from_time: Some(proto::timestamp(everybody_from)),
        }),
        Kind::Delivery { most_minor } => {
            WireKind::MemberDelivery(v1::MemberDelivery { most_minor: most_minor.unwrap_or(0) })
        }
        Kind::Tasting { product } => WireKind::Tasting(v1::Tasting { product }),
        Kind::EventSeat { event_at } => {
            WireKind::EventSeat(v1::EventSeat { event_time: Some(proto::timestamp(event_at)) })
        }
        Kind::Service => WireKind::ExclusiveService(v1::ExclusiveService {}),
        Kind::Charity { cause, minor } => WireKind::CharityGift(v1::CharityGift { cause, minor }),
    }
}

pub(super) fn looked(language: Language, cart: &Cart, looked: Looked) -> Response<v1::CheckBenefitsResponse> {
    let saved = looked.all.iter().filter_map(|one| one.outcome.as_ref().ok());
    let saved = saved.fold(0_i64, |sum, one| sum.saturating_add(one.minor));
    let blocked = looked.blocked.iter().map(|one| shut(cart, &looked.all, one)).collect();
    let (next_tier, missing) = looked.next_tier.unwrap_or_default();
    Response::new(v1::CheckBenefitsResponse {
        blocked,
        saved: Some(money(cart.currency, saved)),
        next_tier,
        missing_to_next_tier_minor: missing,
        benefits: looked.all.into_iter().map(|one| checked(language, cart.currency, one)).collect(),
    })
}

fn shut(cart: &Cart, all: &[Checked], blocked: &Blocked) -> v1::BlockedLine {
    let by = all.get(blocked.by).map(|one| one.standing.benefit.clone());
    let product = cart.lines.get(blocked.line).map(|line| line.product.clone());
    v1::BlockedLine {
        line: i32::try_from(blocked.line).unwrap_or(i32::MAX),
        product: product.unwrap_or_default(),
        benefit: by.unwrap_or_default(),
        open_time: blocked.opens_at.map(proto::timestamp),
        needed: needs(blocked.needed.clone()),
        next_tier_opens: blocked.next_tier_opens,
    }
}

fn checked(language: Language, currency: Currency, one: Checked) -> v1::BenefitCheck {
    let (saved, why) = match one.outcome {
        Ok(saved) => (saved, None),
        Err(why) => (Saved::default(), Some(why)),
    };
    v1::BenefitCheck {
        benefit: one.standing.benefit,
        version: one.standing.version,
        display_name: one.standing.terms.display_name,
        applies: why.is_none(),
        saved: Some(money(currency, saved.minor)),
        line_minor: saved.line_minor,
        delivery_minor: saved.delivery_minor,
        obstacle: why.map(|why| in_way(language, why)),
    }
}

fn in_way(language: Language, why: Obstacle) -> v1::BenefitObstacle {
    let (kind, message) = (obstacle(&why).into(), in_the_way(language, &why));
    let (time, needed, next_tier_opens) = match why {
        Obstacle::NotYet { from } => (Some(from), Vec::new(), false),
        Obstacle::Over { until } => (Some(until), Vec::new(), false),
        Obstacle::NotMet { needed, next_tier_opens } => (None, needed, next_tier_opens),
        Obstacle::OtherCurrency
        | Obstacle::NothingCounts
        | Obstacle::SavesNothing
        | Obstacle::Outbid
        | Obstacle::UsedUp
        | Obstacle::MemberUsedUp => (None, Vec::new(), false),
    };
    v1::BenefitObstacle { kind, time: time.map(proto::timestamp), needed: needs(needed), next_tier_opens, message }
}

fn one(booked: Booked) -> v1::BookedBenefit {
    let told = |minor| Some(money(booked.currency, minor));
    v1::BookedBenefit {
        saved: told(booked.saved_minor),
        cost: told(booked.cost_minor),
        forgone: told(booked.forgone_minor),
        benefit: booked.benefit,
        version: booked.version,
    }
}

pub(super) fn booked(keys: &Keys, receipt: Receipt) -> Response<v1::UseBenefitsResponse> {
    let saved = receipt.booked.iter().fold(0_i64, |sum, one| sum.saturating_add(one.saved_minor));
    Response::new(v1::UseBenefitsResponse {
        saved: Some(money(receipt.currency, saved)),
        freshness: receipt.reached.freshness().seal(keys),
        booked: receipt.booked.into_iter().map(one).collect(),
    })
}

pub(super) fn given_up(keys: &Keys, receipt: Receipt) -> Response<v1::CancelBenefitsResponse> {
    let freshness = receipt.reached.freshness().seal(keys);
    Response::new(v1::CancelBenefitsResponse { given_up: receipt.booked.into_iter().map(one).collect(), freshness })
}
