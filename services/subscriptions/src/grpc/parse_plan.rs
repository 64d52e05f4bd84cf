//! Plans and rhythms, read.

use jiff::Timestamp;
use jiff::civil::DateTime;
use kernel::{Currency, TenantId};
use proto::subscriptions::v1;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Freshness, Keys, PageToken, Violations, digests, open, page_size};

use crate::plan::NewPlan;
use crate::plan::cadence::{Cadence, Unit};
use crate::plan::terms::{CatchUp, Kind, Line, Plan};

/// Which plan to look at.
pub(super) struct PlanLook {
    pub tenant: TenantId,
    pub code: String,
    pub version: Option<i32>,
    pub freshness: Freshness,
}

/// A page of plans.
pub(super) struct PlansLook {
    pub tenant: TenantId,
    pub after: String,
    pub limit: i64,
    pub freshness: Freshness,
}

const MOST: i64 = 1_000_000_000_000;
const CODE: std::ops::RangeInclusive<usize> = 1..=40;

pub(super) fn plan(keys: &Keys, call: Request<v1::GetPlanRequest>) -> Result<PlanLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let code = bad.code("code", &ask.code, CODE);
    bad.number("version", i64::from(ask.version), 0..=i64::from(i32::MAX));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (code, freshness) = bad.settle(code.zip(freshness))?;
    let version = Some(ask.version).filter(|version| *version > 0);
    Ok(PlanLook { tenant: envelope.tenant, code, version, freshness })
}

pub(super) fn plans(keys: &Keys, call: Request<v1::ListPlansRequest>) -> Result<PlansLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let limit = page_size(&mut bad, ask.page_size);
    let token = PageToken::open(&mut bad, keys, &ask.page_token, &["plans"]);
    let after = token.flatten().and_then(|token| token.0.first().cloned()).unwrap_or_default();
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    Ok(PlansLook { tenant: envelope.tenant, after, limit, freshness: bad.settle(freshness)? })
}

pub(super) fn new_plan(keys: &Keys, call: Request<v1::PutPlanRequest>) -> Result<NewPlan, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let plan = match &ask.plan {
        Some(plan) => read_plan(&mut bad, plan),
        None => {
            bad.add("plan", "is required");
            None
        }
    };
    let read = id.zip(plan).map(|(id, plan)| NewPlan {
        tenant: envelope.tenant,
        key: RequestKey { rpc: "PutPlan", id, digests: digests(keys, &ask) },
        plan,
        validate_only: ask.validate_only,
    });
    bad.settle(read)
}

fn read_plan(bad: &mut Violations, plan: &v1::Plan) -> Option<Plan> {
    let code = bad.code("plan.code", &plan.code, CODE);
    let display_name = bad.text("plan.display_name", &plan.display_name, 1..=100);
    let currency = bad.take("plan.currency_code", Currency::parse(&plan.currency_code));
    let cadence = required_cadence(bad, "plan.cadence", plan.cadence.as_ref());
    let kind = read_kind(bad, plan);
    let retry_days = read_retries(bad, plan);
    let catch_up = match v1::CatchUp::try_from(plan.catch_up) {
        Ok(v1::CatchUp::Unspecified | v1::CatchUp::Latest) => Some(CatchUp::Latest),
        Ok(v1::CatchUp::All) => Some(CatchUp::All),
        Err(_) => unknown(bad, "plan.catch_up"),
    };
    let offset = bad.number("plan.charge_offset_days", i64::from(plan.charge_offset_days), 0..=60);
    let end_after = bad.number("plan.end_after_unpaid", i64::from(plan.end_after_unpaid), 0..=100);
    let read = Plan {
        code: code?,
        version: 0,
        display_name: display_name?,
        kind: kind?,
        currency: currency?,
        cadence: cadence?,
        retry_days: retry_days?,
        catch_up: catch_up?,
        charge_offset_days: offset.map(|_| plan.charge_offset_days)?,
        end_after_unpaid: end_after.map(|_| plan.end_after_unpaid)?,
        recorded_at: Timestamp::UNIX_EPOCH,
    };
    match read.amount() {
        Some(amount) if (1..=MOST).contains(&amount) => Some(read),
        Some(_) | None => {
            bad.add("plan.lines", format!("must cost more than nothing and at most {MOST} together"));
            None
        }
    }
}

fn unknown<T>(bad: &mut Violations, field: &str) -> Option<T> {
    bad.add(field, "is not one of the values of its enum");
    None
}

fn read_kind(bad: &mut Violations, plan: &v1::Plan) -> Option<Kind> {
    match v1::PlanKind::try_from(plan.kind) {
        Ok(v1::PlanKind::Goods) => {
            bad.count("plan.entitlements", plan.entitlements.len(), 0..=0);
            bad.number("plan.fee_minor", plan.fee_minor, 0..=0);
            read_lines(bad, &plan.lines).map(|lines| Kind::Goods { lines })
        }
        Ok(v1::PlanKind::Membership) => read_membership(bad, plan),
        Ok(v1::PlanKind::Unspecified) => {
            bad.add("plan.kind", "is required");
            None
        }
        Err(_) => unknown(bad, "plan.kind"),
    }
}

fn read_lines(bad: &mut Violations, lines: &[v1::PlanLine]) -> Option<Vec<Line>> {
    let mut complete = bad.count("plan.lines", lines.len(), 1..=100);
    let mut read = Vec::with_capacity(lines.len().min(100));
    for (place, line) in lines.iter().enumerate().take(100) {
        let field = |name: &str| format!("plan.lines[{place}].{name}");
        let product = bad.text(&field("product"), &line.product, 1..=100);
        let category = bad.text(&field("category"), &line.category, 0..=200);
        let quantity = bad.number(&field("quantity"), line.quantity, 1..=10_000);
        let price = bad.number(&field("unit_price_minor"), line.unit_price_minor, 0..=MOST);
        match (product, category, quantity, price) {
            (Some(product), Some(category), Some(quantity), Some(unit_price_minor)) => {
                read.push(Line { product, category, quantity, unit_price_minor });
            }
            _ => complete = false,
        }
    }
    complete.then_some(read)
}

fn read_membership(bad: &mut Violations, plan: &v1::Plan) -> Option<Kind> {
    bad.count("plan.lines", plan.lines.len(), 0..=0);
    let fee = bad.number("plan.fee_minor", plan.fee_minor, 1..=MOST);
    let grace_days = plan.grace_days.unwrap_or(14);
    let grace = bad.number("plan.grace_days", i64::from(grace_days), 0..=366);
    let renew_within_months = plan.renew_within_months.unwrap_or(2);
    let renew = bad.number("plan.renew_within_months", i64::from(renew_within_months), 0..=24);
    let mut complete = bad.count("plan.entitlements", plan.entitlements.len(), 1..=20);
    let mut entitlements = Vec::with_capacity(plan.entitlements.len().min(20));
    for (place, code) in plan.entitlements.iter().enumerate().take(20) {
        let field = format!("plan.entitlements[{place}]");
        match bad.code(&field, code, CODE) {
            Some(code) if entitlements.contains(&code) => bad.add(field, "is named twice"),
            Some(code) => entitlements.push(code),
            None => complete = false,
        }
    }
    grace.zip(renew)?;
    let fee_minor = fee.filter(|_| complete)?;
    Some(Kind::Membership { fee_minor, entitlements, grace_days, renew_within_months })
}

fn read_retries(bad: &mut Violations, plan: &v1::Plan) -> Option<Vec<i32>> {
    if plan.no_retries {
        return Some(Vec::new());
    }
    if plan.retry_days.is_empty() {
        return Some(vec![1, 3, 5, 7]);
    }
    if !bad.count("plan.retry_days", plan.retry_days.len(), 0..=10) {
        return None;
    }
    for (place, days) in plan.retry_days.iter().enumerate() {
        bad.number(&format!("plan.retry_days[{place}]"), i64::from(*days), 1..=60);
    }
    if !plan.retry_days.is_sorted_by(|earlier, later| earlier < later) {
        bad.add("plan.retry_days", "must be rising");
    }
    Some(plan.retry_days.clone())
}

pub(super) fn required_cadence(bad: &mut Violations, field: &str, cadence: Option<&v1::Cadence>) -> Option<Cadence> {
    if cadence.is_none() {
        bad.add(field, "is required");
    }
    cadence.and_then(|cadence| read_cadence(bad, field, cadence))
}

pub(super) fn read_cadence(bad: &mut Violations, field: &str, cadence: &v1::Cadence) -> Option<Cadence> {
    let (unit, most) = match v1::CadenceUnit::try_from(cadence.unit) {
        Ok(v1::CadenceUnit::Day) => (Unit::Day, 366),
        Ok(v1::CadenceUnit::Week) => (Unit::Week, 104),
        Ok(v1::CadenceUnit::Month) => (Unit::Month, 120),
        Ok(v1::CadenceUnit::Year) => (Unit::Year, 10),
        Ok(v1::CadenceUnit::Unspecified) => {
            bad.add(format!("{field}.unit"), "is required");
            return None;
        }
        Err(_) => return unknown(bad, &format!("{field}.unit")),
    };
    bad.number(&format!("{field}.every"), i64::from(cadence.every), 1..=most)?;
    Some(Cadence { every: cadence.every, unit })
}

/// A day and time of a wall; the outer none is one that is wrong, the inner one that is unset.
#[expect(clippy::option_option, reason = "wrong and unset are two answers, as in PageToken::open")]
pub(super) fn read_local(bad: &mut Violations, field: &str, local: Option<&v1::LocalTime>) -> Option<Option<DateTime>> {
    let Some(local) = local else { return Some(None) };
    let read = || {
        let (year, month) = (i16::try_from(local.year).ok()?, i8::try_from(local.month).ok()?);
        let (day, hour) = (i8::try_from(local.day).ok()?, i8::try_from(local.hour).ok()?);
        let minute = i8::try_from(local.minute).ok()?;
        DateTime::new(year, month, day, hour, minute, 0, 0).ok().filter(|read| (1..=9_990).contains(&read.year()))
    };
    let found = read();
    if found.is_none() {
        bad.add(field, "must be a day of the calendar and a time of day");
    }
    found.map(Some)
}
