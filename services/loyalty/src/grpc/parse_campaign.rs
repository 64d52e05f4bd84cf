//! Calls about campaigns, read: every wrong field is told at once.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use kernel::{Currency, TenantId};
use proto::loyalty::v1::*;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Freshness, Keys, Violations, digests, open};

use super::parse_page::{Page, read_lines, read_page};
use crate::campaign::Put;
use crate::campaign::terms as rules;
use crate::codes;

const MOST: i64 = 1_000_000_000_000;

/// A look at one campaign.
pub(super) struct Which {
    pub tenant: TenantId,
    pub campaign: String,
    pub version: i32,
    pub freshness: Freshness,
}

pub(super) const LIST: &str = "campaigns";

pub(super) fn which(keys: &Keys, call: Request<GetCampaignRequest>) -> Result<Which, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let campaign = bad.code("campaign", &ask.campaign, 1..=40);
    bad.number("version", i64::from(ask.version), 0..=i64::from(i32::MAX));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (campaign, freshness) = bad.settle(campaign.zip(freshness))?;
    Ok(Which { tenant: envelope.tenant, campaign, version: ask.version, freshness })
}

pub(super) fn page(keys: &Keys, call: Request<ListCampaignsRequest>) -> Result<Page, Status> {
    let (envelope, ask) = open(call)?;
    read_page(keys, (envelope.tenant, LIST), (ask.page_size, &ask.page_token), &ask.at_least_as_fresh)
}

pub(super) fn put(keys: &Keys, call: Request<PutCampaignRequest>) -> Result<Put, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let read = match &ask.campaign {
        Some(campaign) => {
            let code = bad.code("campaign.code", &campaign.code, 1..=40);
            // Both are read, whatever the first comes to: every wrong field is told at once.
            let terms = read_terms(&mut bad, campaign);
            code.zip(terms)
        }
        None => {
            bad.add("campaign", "is required");
            None
        }
    };
    let read = id.zip(read).map(|(id, (campaign, terms))| Put {
        tenant: envelope.tenant,
        campaign,
        terms,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "PutCampaign", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

fn read_terms(bad: &mut Violations, said: &Campaign) -> Option<rules::Terms> {
    let display_name = bad.text("campaign.display_name", &said.display_name, 1..=100);
    let benefit = read_benefit(bad, said);
    let currency = bad.take("campaign.currency_code", Currency::parse(&said.currency_code));
    let minimum_minor = bad.number("campaign.minimum_minor", said.minimum_minor, 0..=MOST);
    let products = read_names(bad, "campaign.products", &said.products);
    let categories = read_names(bad, "campaign.categories", &said.categories);
    let validity = read_validity(bad, said);
    let excluded_weekdays = read_weekdays(bad, &said.excluded_weekdays);
    let excluded_dates = read_dates(bad, said);
    let group = match said.stacking_group.as_str() {
        "" => Some(String::new()),
        group => bad.code("campaign.stacking_group", group, 1..=40),
    };
    let (distribution, shared_code) = read_distribution(bad, said);
    let max_uses = read_limit(bad, "campaign.max_uses", said.max_uses);
    let budget_minor = read_limit(bad, "campaign.budget_minor", said.budget_minor);
    let max_uses_per_member = read_limit(bad, "campaign.max_uses_per_member", said.max_uses_per_member);
    let max_held = read_limit(bad, "campaign.max_held_per_member", said.max_held_per_member);
    let basis = match MinimumBasis::try_from(said.minimum_basis) {
        Ok(MinimumBasis::Unspecified | MinimumBasis::BeforeDiscounts) => Some(rules::MinimumBasis::BeforeDiscounts),
        Ok(MinimumBasis::AfterDiscounts) => Some(rules::MinimumBasis::AfterDiscounts),
        Err(_) => unknown(bad, "campaign.minimum_basis"),
    };
    let returns = match ReturnRule::try_from(said.return_rule) {
        Ok(ReturnRule::Unspecified | ReturnRule::ComesBack) => Some(rules::ReturnRule::ComesBack),
        Ok(ReturnRule::StaysUsed) => Some(rules::ReturnRule::StaysUsed),
        Err(_) => unknown(bad, "campaign.return_rule"),
    };
    let conditions = read_lines(bad, "campaign.conditions", &said.conditions);
    Some(rules::Terms {
        display_name: display_name?,
        benefit: benefit?,
        currency: currency?,
        minimum_minor: minimum_minor?,
        basis: basis?,
        products: products?,
        categories: categories?,
        valid_from: validity.from,
        valid_until: validity.until,
        valid_days: Some(validity.days?).filter(|days| *days > 0),
        delay_days: validity.delay_days?,
        excluded_weekdays: excluded_weekdays?,
        excluded_dates: excluded_dates?,
        group: group?,
        exclusive: said.exclusive,
        distribution: distribution?,
        shared_code,
        max_uses: max_uses?,
        budget_minor: budget_minor?,
        max_uses_per_member: max_uses_per_member?,
        max_held: max_held?,
        returns: returns?,
        conditions: conditions?,
    })
}

/// When it can be used; none where that is wrong or, of instants, unset.
struct Validity {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    days: Option<i64>,
    delay_days: Option<i64>,
}

fn read_validity(bad: &mut Violations, said: &Campaign) -> Validity {
    let from = bad.instant("campaign.valid_from_time", said.valid_from_time.as_ref());
    let until = bad.instant("campaign.valid_until_time", said.valid_until_time.as_ref());
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        bad.add("campaign.valid_until_time", "must be later than valid_from_time");
    }
    let days = bad.number("campaign.valid_days", i64::from(said.valid_days), 0..=3_660);
    let delay_days = bad.number("campaign.delay_days", i64::from(said.delay_days), 0..=366);
    if said.valid_days > 0 && said.valid_days <= said.delay_days {
        bad.add("campaign.delay_days", "must be less than valid_days");
    }
    Validity { from, until, days, delay_days }
}

fn unknown<T>(bad: &mut Violations, field: &str) -> Option<T> {
    bad.add(field, "is not one of the values of its enum");
    None
}

/// Zero is no limit.
fn read_limit(bad: &mut Violations, field: &str, limit: i64) -> Option<Option<i64>> {
    bad.number(field, limit, 0..=MOST).map(|limit| Some(limit).filter(|limit| *limit > 0))
}

fn read_benefit(bad: &mut Violations, said: &Campaign) -> Option<rules::Benefit> {
    use campaign::Benefit;
    let capped = |most: i64| Some(most).filter(|most| *most > 0);
    match &said.benefit {
        None => {
            bad.add("campaign.benefit", "is required: amount_off, percent_off, gift or free_delivery");
            None
        }
        Some(Benefit::AmountOff(off)) => {
            let minor = bad.number("campaign.amount_off.minor", off.minor, 1..=MOST);
            minor.map(|minor| rules::Benefit::AmountOff { minor })
        }
        Some(Benefit::PercentOff(off)) => {
            let percent = bad.number("campaign.percent_off.percent", i64::from(off.percent), 1..=100);
            let most = bad.number("campaign.percent_off.most_minor", off.most_minor, 0..=MOST);
            let read = percent.zip(most);
            read.map(|(percent, most)| rules::Benefit::PercentOff { percent, most_minor: capped(most) })
        }
        Some(Benefit::Gift(gift)) => {
            let product = bad.text("campaign.gift.product", &gift.product, 1..=100);
            let worth = bad.number("campaign.gift.worth_minor", gift.worth_minor, 0..=MOST);
            product.zip(worth).map(|(product, worth_minor)| rules::Benefit::Gift { product, worth_minor })
        }
        Some(Benefit::FreeDelivery(free)) => {
            let most = bad.number("campaign.free_delivery.most_minor", free.most_minor, 0..=MOST);
            most.map(|most| rules::Benefit::FreeDelivery { most_minor: capped(most) })
        }
    }
}

pub(super) fn read_names(bad: &mut Violations, field: &str, names: &[String]) -> Option<BTreeSet<String>> {
    bad.count(field, names.len(), 0..=200);
    let read = names.iter().take(200).enumerate();
    read.map(|(place, name)| bad.text(&format!("{field}[{place}]"), name, 1..=100)).collect()
}

fn read_weekdays(bad: &mut Violations, days: &[i32]) -> Option<BTreeSet<i8>> {
    bad.count("campaign.excluded_weekdays", days.len(), 0..=6);
    let mut read = BTreeSet::new();
    for (place, day) in days.iter().enumerate().take(6) {
        let day = bad.number(&format!("campaign.excluded_weekdays[{place}]"), i64::from(*day), 1..=7);
        read.extend(day.and_then(|day| i8::try_from(day).ok()));
    }
    Some(read)
}

fn read_dates(bad: &mut Violations, said: &Campaign) -> Option<BTreeSet<Date>> {
    bad.count("campaign.excluded_dates", said.excluded_dates.len(), 0..=400);
    let mut read = BTreeSet::new();
    for (place, date) in said.excluded_dates.iter().enumerate().take(400) {
        read.extend(bad.take(&format!("campaign.excluded_dates[{place}]"), Date::try_from(date)));
    }
    Some(read)
}

fn read_distribution(bad: &mut Violations, said: &Campaign) -> (Option<rules::Distribution>, Option<String>) {
    let distribution = match Distribution::try_from(said.distribution) {
        Ok(Distribution::Unspecified | Distribution::Members) => Some(rules::Distribution::Members),
        Ok(Distribution::SharedCode) => Some(rules::Distribution::SharedCode),
        Ok(Distribution::UniqueCodes) => Some(rules::Distribution::UniqueCodes),
        Err(_) => unknown(bad, "campaign.distribution"),
    };
    let code = match (distribution, said.shared_code.as_str()) {
        (Some(rules::Distribution::SharedCode), code) => bad.take("campaign.shared_code", codes::shared(code)),
        (Some(rules::Distribution::Members | rules::Distribution::UniqueCodes), "") | (None, _) => None,
        (Some(rules::Distribution::Members | rules::Distribution::UniqueCodes), _) => {
            bad.add("campaign.shared_code", "goes with SHARED_CODE only");
            None
        }
    };
    (distribution, code)
}
