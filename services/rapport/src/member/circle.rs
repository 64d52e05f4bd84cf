//! What the other services add to a member's portrait: where they stand in the shop, whom they brought, what they subscribed to.

use proto::common::v1::Decision;
use proto::portrait::v1::{InsightPart, ReferralsPart, SubscriptionsPart};
use proto::referrals::v1::Referral;
use proto::segmentation::v1::{Cycle, CycleSource, Group, Insight, LifecycleStanding, Rfm};
use proto::subscriptions::v1::Subscription;
use serde_json::{Value, json};

use super::portrait::{instant, shown};
use crate::referrals::state;
use crate::report::{group, lifecycle};
use crate::subscriptions::{every, live};
use crate::table::{Side, Table, Tone};
use crate::words::{self, Words};

/// A portrait holds so many invitations, the newest, as the contract says of ReferralsPart.
const MOST_TOLD: usize = 20;

/// `Active · RFM VIP (R high, F high, M high) · buys every 24 days, last 9 days ago · LTV NT$ 61,200 a year`
pub(super) fn standing(part: &InsightPart, words: &Words) -> Option<String> {
    let insight = part.insight.as_ref()?;
    let mut facts = Vec::new();
    if let Some(standing) = &insight.lifecycle {
        facts.push(Tone::Strong.of(&capitalised(lifecycle(standing.chosen()))));
    }
    if let Some(rfm) = &insight.rfm {
        facts.push(format!("RFM {}{}", group(rfm.group()).0, letters(rfm)));
    }
    if let (Some(cycle), Some(features)) = (&insight.cycle, &insight.features) {
        let last = features.days_since_last.map(|days| match days {
            0 => ", last today".to_owned(),
            days => format!(", last {} ago", words::counted(days, "day", "days")),
        });
        let buys = if features.purchases > 1 { "buys every" } else { "usual cycle" };
        facts.push(format!("{buys} {}{}", words::counted(cycle.days, "day", "days"), last.unwrap_or_default()));
    }
    let yearly = insight.lifetime_value.as_ref().and_then(|value| value.yearly.as_ref());
    if let Some(yearly) = yearly.filter(|yearly| yearly.minor > 0) {
        facts.push(format!("LTV {} a year", words.money(yearly.minor, &yearly.currency_code)));
    }
    Some(facts.join(" · "))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn high(is: bool) -> &'static str {
    if is { "high" } else { "low" }
}

fn letters(rfm: &Rfm) -> String {
    if rfm.recency_from.is_none() {
        return String::new();
    }
    let [recency, frequency, monetary] = [rfm.recency_high, rfm.frequency_high, rfm.monetary_high].map(high);
    format!(" (R {recency}, F {frequency}, M {monetary})")
}

/// Why they stand there: each letter with its cut, the windows of the lifecycle, and what changes by itself.
pub(super) fn reasons(part: &InsightPart, words: &Words) -> Table {
    let mut table = Table::new(&[Side::Left, Side::Left]);
    let Some(insight) = &part.insight else { return table };
    if let Some(rfm) = insight.rfm.as_ref().filter(|rfm| rfm.recency_from.is_some()) {
        cuts(&mut table, insight, rfm, words);
    }
    if let (Some(standing), Some(cycle)) = (&insight.lifecycle, &insight.cycle) {
        let stands_in = insight.rfm.as_ref().map_or(Group::Unspecified, Rfm::group);
        windows(&mut table, standing, cycle, stands_in, words);
    }
    table
}

fn cuts(table: &mut Table, insight: &Insight, rfm: &Rfm, words: &Words) {
    let features = insight.features.clone().unwrap_or_default();
    if let (Some(last), Some(from)) =
        (instant(features.last_purchase_time.as_ref()), instant(rfm.recency_from.as_ref()))
    {
        let told = format!("last bought {}, high from {} on", words.day(last), words.day(from));
        table.row([format!("R {}", high(rfm.recency_high)), told]);
    }
    let bought = words::counted(features.period_purchases, "purchase", "purchases");
    let told = format!("{bought} in the period, high from {}", words::count(rfm.frequency_from));
    table.row([format!("F {}", high(rfm.frequency_high)), told]);
    let spent = features.period_total.unwrap_or_default();
    let money = |minor| words.money(minor, &spent.currency_code);
    let told = format!("{} in the period, high from {}", money(spent.minor), money(rfm.monetary_from));
    table.row([format!("M {}", high(rfm.monetary_high)), told]);
}

fn windows(table: &mut Table, standing: &LifecycleStanding, cycle: &Cycle, stands_in: Group, words: &Words) {
    let days = words::counted(cycle.days, "day", "days");
    table.row(["cycle C".to_owned(), format!("{days}, from {}", source(cycle))]);
    let bought = [
        (standing.within_one, "within C"),
        (standing.within_three, "within 3 C"),
        (standing.within_six, "within 6 C"),
        (standing.older, "before"),
    ];
    let bought: Vec<String> = bought
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, when)| format!("{} {when}", words::count(*count)))
        .collect();
    if !bought.is_empty() {
        table.row(["bought".to_owned(), bought.join(", ")]);
    }
    if let Some(next) = instant(standing.next_change_time.as_ref()) {
        let (then, now) = (standing.next_lifecycle(), standing.chosen());
        let becomes = if then == now { group(standing.next_group()).0 } else { lifecycle(then) };
        // A label that matches and is not chosen may fall away and leave both as they are.
        if then != now || standing.next_group() != stands_in {
            table.row(["next".to_owned(), format!("{becomes} on {} if nothing is bought", words.day(next))]);
        }
    }
}

fn source(cycle: &Cycle) -> String {
    match cycle.source() {
        CycleSource::Own => "their own purchases".to_owned(),
        CycleSource::Category => format!("all purchases of {}", cycle.category),
        CycleSource::Shop => "all purchases of the shop".to_owned(),
        CycleSource::Default | CycleSource::Unspecified => "the scheme: nobody has bought twice".to_owned(),
    }
}

/// `invited by member_… (held since 2026-11-12) · invited 3: 2 rewarded, 1 held`, and below it why the first is so.
pub(super) fn invitations(part: &ReferralsPart, words: &Words) -> Option<String> {
    let mut facts = Vec::new();
    if let Some(own) = &part.invited_by {
        let since = instant(own.state_time.as_ref()).map_or_else(String::new, |at| format!(" since {}", words.day(at)));
        facts.push(format!("invited by {} ({}{since})", own.inviter, state(own.state())));
    }
    if !part.invitations.is_empty() {
        let mut counts: Vec<(&'static str, i64)> = Vec::new();
        for referral in &part.invitations {
            let state = state(referral.state());
            match counts.iter_mut().find(|(known, _)| *known == state) {
                Some((_, count)) => *count += 1,
                None => counts.push((state, 1)),
            }
        }
        let counts: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
        let many = part.invitations.len();
        let told = if many < MOST_TOLD { format!("invited {many}") } else { format!("last {many} invited") };
        facts.push(format!("{told}: {}", counts.join(", ")));
    }
    let why = sentence(part.decision.as_ref()).map_or_else(String::new, |why| format!("\n  {why}"));
    (!facts.is_empty()).then(|| facts.join(" · ") + &why)
}

/// A row for each subscription.
pub(super) fn subscriptions(part: &SubscriptionsPart, words: &Words) -> Table {
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Right, Side::Left, Side::Left]);
    for one in &part.subscriptions {
        let money = words.money(one.amount_minor, &one.currency_code);
        let since = instant(one.state_time.as_ref()).map_or_else(String::new, |at| format!("since {}", words.day(at)));
        let cadence = one.cadence.as_ref().map_or_else(String::new, every);
        let why = match one.state_reason.as_str() {
            "" => String::new(),
            reason => format!(": {}", reason.to_lowercase().replace('_', " ")),
        };
        table.row([one.plan.clone(), cadence, money, format!("{} {since}{why}", live(one.state())), paid(one, words)]);
    }
    table
}

fn paid(one: &Subscription, words: &Words) -> String {
    let until = one.membership.as_ref().and_then(|membership| instant(membership.paid_until.as_ref()));
    until.map_or_else(String::new, |until| format!("paid until {}", words.until(until)))
}

/// A decision in one sentence, where it was told.
fn sentence(decision: Option<&Decision>) -> Option<&str> {
    Some(decision?.message.as_ref()?.message.as_str())
}

/// For a program.
pub(super) fn insight_json(part: &InsightPart) -> Value {
    let Some(insight) = &part.insight else { return Value::Null };
    let features = insight.features.clone().unwrap_or_default();
    let yearly = insight.lifetime_value.as_ref().and_then(|value| value.yearly.as_ref()).map(|yearly| yearly.minor);
    json!({
        "lifecycle": insight.lifecycle.as_ref().map(|standing| json!({
            "chosen": lifecycle(standing.chosen()),
            "labels": standing.labels().map(lifecycle).collect::<Vec<_>>(),
            "next_change": shown(standing.next_change_time.as_ref()), "why": sentence(standing.decision.as_ref()),
        })),
        "rfm": insight.rfm.as_ref().map(|rfm| json!({
            "group": group(rfm.group()).0, "recency_high": rfm.recency_high, "frequency_high": rfm.frequency_high,
            "monetary_high": rfm.monetary_high, "why": sentence(rfm.decision.as_ref()),
        })),
        "cycle_days": insight.cycle.as_ref().map(|cycle| cycle.days),
        "purchases": features.purchases,
        "last_purchase": shown(features.last_purchase_time.as_ref()),
        "ltv_yearly_minor": yearly,
    })
}

/// For a program.
pub(super) fn referrals_json(part: &ReferralsPart) -> Value {
    let one = |referral: &Referral| {
        json!({
            "referral": referral.id, "inviter": referral.inviter, "invitee": referral.invitee, "state": state(referral.state()),
            "since": shown(referral.state_time.as_ref()),
        })
    };
    json!({
        "invited_by": part.invited_by.as_ref().map(one), "why": sentence(part.decision.as_ref()),
        "invitations": part.invitations.iter().map(one).collect::<Vec<_>>(),
    })
}

/// For a program.
pub(super) fn subscriptions_json(part: &SubscriptionsPart) -> Value {
    let each = part.subscriptions.iter().map(|one| {
        json!({
            "subscription": one.id, "plan": one.plan, "state": live(one.state()), "state_reason": one.state_reason,
            "since": shown(one.state_time.as_ref()), "amount_minor": one.amount_minor,
            "cadence": one.cadence.as_ref().map(every),
            "paid_until": one.membership.as_ref().and_then(|membership| shown(membership.paid_until.as_ref())),
        })
    });
    each.collect()
}
