//! Campaigns as the wire tells them.

use proto::loyalty::v1::{self, campaign::Benefit as WireBenefit};
use tonic::Response;
use wire::{Keys, Language, PageToken};

use super::parse_campaign::LIST;
use super::parse_page::Page;
use super::wording_coupons::{issue, warned};
use crate::campaign::fairness::Issue;
use crate::campaign::terms::{Benefit, Distribution, MinimumBasis, ReturnRule, Terms};
use crate::campaign::{PutReceipt, Standing, Use};

pub(super) fn put(
    keys: &Keys,
    language: Language,
    (receipt, issues): (PutReceipt, Vec<Issue>),
) -> Response<v1::PutCampaignResponse> {
    Response::new(v1::PutCampaignResponse {
        version: receipt.version,
        warnings: issues.iter().map(|issue| warning(language, issue)).collect(),
        freshness: receipt.reached.freshness().seal(keys),
    })
}

fn warning(language: Language, why: &Issue) -> v1::FairnessWarning {
    let (observed, figure) = match why {
        Issue::MinimumSeldomMet { baskets, meet } => (*baskets, *meet),
        Issue::ShorterThanCycle { cycle_days, gaps, .. } => (*gaps, *cycle_days),
        Issue::HiddenConditions | Issue::NextTimeOnly { .. } | Issue::ExcludesDays { .. } => (0, 0),
    };
    v1::FairnessWarning { issue: issue(why).into(), message: warned(language, why), observed, figure }
}

pub(super) fn page(keys: &Keys, ask: &Page, page: Vec<Standing>) -> Response<v1::ListCampaignsResponse> {
    let is_full = i64::try_from(page.len()).is_ok_and(|shown| shown == ask.limit);
    let last = page.last().filter(|_| is_full).map(|last| last.campaign.clone());
    Response::new(v1::ListCampaignsResponse {
        next_page_token: last.map_or_else(String::new, |last| PageToken(vec![last]).seal(keys, &[LIST])),
        campaigns: page.into_iter().map(standing).collect(),
    })
}

pub(super) fn standing(found: Standing) -> v1::GetCampaignResponse {
    v1::GetCampaignResponse {
        version: found.version,
        r#use: Some(used(found.taken)),
        record_time: Some(proto::timestamp(found.recorded_at)),
        campaign: Some(terms(found.campaign, found.terms)),
    }
}

const fn used(taken: Use) -> v1::CampaignUse {
    v1::CampaignUse {
        reserved_uses: taken.reserved_uses,
        redeemed_uses: taken.redeemed_uses,
        reserved_minor: taken.reserved_minor,
        redeemed_minor: taken.redeemed_minor,
        codes: taken.codes,
    }
}

fn terms(code: String, terms: Terms) -> v1::Campaign {
    let basis = match terms.basis {
        MinimumBasis::BeforeDiscounts => v1::MinimumBasis::BeforeDiscounts,
        MinimumBasis::AfterDiscounts => v1::MinimumBasis::AfterDiscounts,
    };
    let distribution = match terms.distribution {
        Distribution::Members => v1::Distribution::Members,
        Distribution::SharedCode => v1::Distribution::SharedCode,
        Distribution::UniqueCodes => v1::Distribution::UniqueCodes,
    };
    let return_rule = match terms.returns {
        ReturnRule::ComesBack => v1::ReturnRule::ComesBack,
        ReturnRule::StaysUsed => v1::ReturnRule::StaysUsed,
    };
    let days = |days: i64| i32::try_from(days).unwrap_or(i32::MAX);
    v1::Campaign {
        code,
        display_name: terms.display_name,
        benefit: Some(benefit(terms.benefit)),
        currency_code: terms.currency.to_string(),
        minimum_minor: terms.minimum_minor,
        minimum_basis: basis.into(),
        products: terms.products.into_iter().collect(),
        categories: terms.categories.into_iter().collect(),
        valid_from_time: terms.valid_from.map(proto::timestamp),
        valid_until_time: terms.valid_until.map(proto::timestamp),
        valid_days: days(terms.valid_days.unwrap_or(0)),
        delay_days: days(terms.delay_days),
        excluded_weekdays: terms.excluded_weekdays.into_iter().map(i32::from).collect(),
        excluded_dates: terms.excluded_dates.into_iter().map(Into::into).collect(),
        stacking_group: terms.group,
        exclusive: terms.exclusive,
        distribution: distribution.into(),
        shared_code: terms.shared_code.unwrap_or_default(),
        max_uses: terms.max_uses.unwrap_or(0),
        budget_minor: terms.budget_minor.unwrap_or(0),
        max_uses_per_member: terms.max_uses_per_member.unwrap_or(0),
        max_held_per_member: terms.max_held.unwrap_or(0),
        return_rule: return_rule.into(),
        conditions: terms.conditions,
    }
}

fn benefit(benefit: Benefit) -> WireBenefit {
    match benefit {
        Benefit::AmountOff { minor } => WireBenefit::AmountOff(v1::AmountOff { minor }),
        Benefit::PercentOff { percent, most_minor } => WireBenefit::PercentOff(v1::PercentOff {
            percent: i32::try_from(percent).unwrap_or(i32::MAX),
            most_minor: most_minor.unwrap_or(0),
        }),
        Benefit::Gift { product, worth_minor } => WireBenefit::Gift(v1::Gift { product, worth_minor }),
        Benefit::FreeDelivery { most_minor } => {
            WireBenefit::FreeDelivery(v1::FreeDelivery { most_minor: most_minor.unwrap_or(0) })
        }
    }
}
