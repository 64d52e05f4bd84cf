//! Occasion rules and calls about occasions, read: every wrong field at once.

use jiff::Timestamp;
use kernel::{MemberId, OccasionId, TenantId};
use proto::loyalty::v1 as wire_v1;
use proto::loyalty::v1::occasion_rule::Award as WireAward;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Freshness, Keys, PageToken, Violations, digests, open, page_size};

use super::parse_programme::unknown;
use super::parse_promise::wallet_code;
use super::parse_rules::{MOST_BYTES_IN_ALL, condition, read_limits};
use crate::account::NewOccasion;
use crate::account::occasion::OccasionFacts;
use crate::programme::occasions::{Birthdays, OccasionAward, OccasionRule, On};
use crate::programme::rules::{LimitPeriod, MOST_RULES};

/// How often something can have happened at once.
const MOST_QUANTITY: i64 = 1_000_000;

/// A page of a member's occasions.
pub(super) struct PageOfOccasions {
    pub tenant: TenantId,
    pub member: MemberId,
    pub before: Option<(Timestamp, OccasionId)>,
    pub limit: i64,
    pub freshness: Freshness,
}

pub(super) const LIST: &str = "occasions";

pub(super) fn read_rules(bad: &mut Violations, programme: &wire_v1::Programme) -> Option<Vec<OccasionRule>> {
    let rules = &programme.occasion_rules;
    let few = bad.count("programme.occasion_rules", rules.len(), 0..=MOST_RULES);
    let bytes = rules.iter().fold(0_usize, |sum, rule| sum.saturating_add(rule.when.len()));
    if bytes > MOST_BYTES_IN_ALL {
        bad.add(
            "programme.occasion_rules",
            format!("must have at most {MOST_BYTES_IN_ALL} bytes of conditions in all"),
        );
    }
    if !few || bytes > MOST_BYTES_IN_ALL {
        return None;
    }
    let mut read: Vec<OccasionRule> = Vec::with_capacity(rules.len());
    let mut complete = true;
    for (place, rule) in rules.iter().enumerate() {
        let within = format!("programme.occasion_rules[{place}]");
        let earlier = rules.iter().take(place).map(|known| &known.code);
        if programme.earn_rules.iter().map(|known| &known.code).chain(earlier).any(|known| *known == rule.code) {
            bad.add(format!("{within}.code"), "is used twice");
        }
        if !rule.wallet.is_empty() && !programme.wallets.iter().any(|wallet| wallet.code == rule.wallet) {
            bad.add(format!("{within}.wallet"), "is none of the programme's wallets");
        }
        match read_rule(bad, &within, rule) {
            Some(rule) => read.push(rule),
            None => complete = false,
        }
    }
    complete.then_some(read)
}

fn read_rule(bad: &mut Violations, within: &str, rule: &wire_v1::OccasionRule) -> Option<OccasionRule> {
    let field = |name: &str| format!("{within}.{name}");
    let code = bad.code(&field("code"), &rule.code, 1..=40);
    let wallet = wallet_code(bad, &field("wallet"), &rule.wallet);
    let display_name = bad.text(&field("display_name"), &rule.display_name, 1..=100);
    let on = read_on(bad, within, rule);
    let when = condition(bad, &field("when"), &rule.when);
    let campaign = match rule.campaign.as_str() {
        "" => Some(None),
        campaign => bad.code(&field("campaign"), campaign, 1..=40).map(Some),
    };
    let award = read_award(bad, within, rule);
    let from = bad.instant(&field("from_time"), rule.from_time.as_ref());
    let until = bad.instant(&field("until_time"), rule.until_time.as_ref());
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        bad.add(field("until_time"), "must be after from_time");
    }
    let limits = read_limits(bad, within, &rule.limits);
    if limits.iter().flatten().any(|limit| limit.per == LimitPeriod::Order) {
        bad.add(field("limits"), "must be of a period longer than an order");
    }
    Some(OccasionRule {
        code: code?,
        wallet: wallet?,
        display_name: display_name?,
        on: on?,
        when: when?,
        award: award?,
        campaign: campaign?,
        from: from.map(kernel::to_microsecond),
        until: until.map(kernel::to_microsecond),
        limits: limits?,
    })
}

fn read_on(bad: &mut Violations, within: &str, rule: &wire_v1::OccasionRule) -> Option<On> {
    let field = |name: &str| format!("{within}.{name}");
    let on = match wire_v1::OccasionKind::try_from(rule.kind) {
        Ok(wire_v1::OccasionKind::Enrolment) => On::Enrolment,
        Ok(wire_v1::OccasionKind::Birthday) => On::Birthday,
        Ok(wire_v1::OccasionKind::Event) => return bad.code(&field("event"), &rule.event, 1..=40).map(On::Event),
        Ok(wire_v1::OccasionKind::Unspecified) => {
            bad.add(field("kind"), "is required");
            return None;
        }
        Err(_) => return unknown(bad, &field("kind")),
    };
    if !rule.event.is_empty() {
        bad.add(field("event"), "is said of events alone");
        return None;
    }
    Some(on)
}

fn read_award(bad: &mut Violations, within: &str, rule: &wire_v1::OccasionRule) -> Option<OccasionAward> {
    let field = |name: &str| format!("{within}.{name}");
    match rule.award {
        Some(WireAward::FixedPoints(points)) => {
            bad.number(&field("fixed_points"), points, 1..=1_000_000_000).map(OccasionAward::Fixed)
        }
        Some(WireAward::PointsEach(points)) => {
            bad.number(&field("points_each"), points, 1..=1_000_000).map(OccasionAward::Each)
        }
        None if rule.campaign.is_empty() => {
            bad.add(within, "needs an award: fixed_points, points_each or a campaign");
            None
        }
        None => Some(OccasionAward::Nothing),
    }
}

pub(super) fn read_birthdays(bad: &mut Violations, said: Option<wire_v1::BirthdayPolicy>) -> Option<Birthdays> {
    let said = said.unwrap_or_default();
    let whole_month = match wire_v1::BirthdayPeriod::try_from(said.period) {
        Ok(wire_v1::BirthdayPeriod::Unspecified | wire_v1::BirthdayPeriod::Day) => Some(false),
        Ok(wire_v1::BirthdayPeriod::Month) => Some(true),
        Err(_) => unknown(bad, "programme.birthdays.period"),
    };
    let leap_day_in_march = match wire_v1::LeapDay::try_from(said.leap_day) {
        Ok(wire_v1::LeapDay::Unspecified | wire_v1::LeapDay::LeapDay28February) => Some(false),
        Ok(wire_v1::LeapDay::LeapDay1March) => Some(true),
        Err(_) => unknown(bad, "programme.birthdays.leap_day"),
    };
    Some(Birthdays { whole_month: whole_month?, leap_day_in_march: leap_day_in_march? })
}

pub(super) fn event(keys: &Keys, call: Request<wire_v1::RecordEventRequest>) -> Result<Vec<NewOccasion>, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let read = read_event(&mut bad, "", keys, envelope.tenant, &ask);
    bad.settle(read).map(|one| vec![one])
}

pub(super) fn events(keys: &Keys, call: Request<wire_v1::RecordEventBatchRequest>) -> Result<Vec<NewOccasion>, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    bad.count("events", ask.events.len(), 1..=1_000);
    let mut all = Vec::with_capacity(ask.events.len());
    for (place, ask) in ask.events.iter().enumerate().take(1_000) {
        all.extend(read_event(&mut bad, &format!("events[{place}]."), keys, envelope.tenant, ask));
    }
    bad.finish()?;
    Ok(all)
}

/// An item is the same request in whatever form it comes, so it carries the name of the form it has alone.
fn read_event(
    bad: &mut Violations,
    within: &str,
    keys: &Keys,
    tenant: TenantId,
    ask: &wire_v1::RecordEventRequest,
) -> Option<NewOccasion> {
    let field = |name: &str| format!("{within}{name}");
    let id = bad.take(&field("request_id"), kernel::RequestId::parse(&ask.request_id));
    let member = bad.take(&field("member"), MemberId::parse(&ask.member));
    let event = bad.code(&field("event"), &ask.event, 1..=40);
    let external_id = bad.text(&field("external_id"), &ask.external_id, 1..=100);
    let channel = bad.text(&field("channel"), &ask.channel, 0..=100);
    let quantity = bad.number(&field("quantity"), ask.quantity, 0..=MOST_QUANTITY);
    // Now, where nothing is said: what lies in the future counts from then.
    let at = bad.instant(&field("occur_time"), ask.occur_time.as_ref()).map_or(Timestamp::MAX, kernel::to_microsecond);
    let (member, event, external_id) = (member?, event?, external_id?);
    let facts = OccasionFacts::event(member, (&event, &external_id), at);
    Some(NewOccasion {
        tenant,
        member,
        facts: OccasionFacts { channel: channel?, quantity: quantity?.max(1), ..facts },
        joined_at: None,
        known: false,
        validate_only: ask.validate_only,
        explain: ask.explain,
        key: RequestKey { rpc: "RecordEvent", id: id?, digests: digests(keys, ask) },
    })
}

pub(super) fn page(keys: &Keys, call: Request<wire_v1::ListOccasionsRequest>) -> Result<PageOfOccasions, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = bad.take("member", MemberId::parse(&ask.member));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let limit = page_size(&mut bad, ask.page_size);
    let token =
        member.and_then(|member| PageToken::open(&mut bad, keys, &ask.page_token, &[LIST, &member.to_string()]));
    let before = token.flatten().and_then(|token| {
        let (at, id) = token.0.first().zip(token.0.get(1))?;
        Some((at.parse().ok()?, OccasionId::parse(id).ok()?))
    });
    let (member, freshness) = bad.settle(member.zip(freshness))?;
    Ok(PageOfOccasions { tenant: envelope.tenant, member, before, limit, freshness })
}
