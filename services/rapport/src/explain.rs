//! `rapport explain`: why an entry has the points it has, and why a member has their tier.

use clap::Args;
use proto::common::v1::Decision;
use proto::loyalty::v1::{Entry, EntryKind, ExplainEntryRequest, ExplainTierRequest, TierChange, TierChangeKind};
use serde_json::{Value, json};

use crate::client::{CliError, Reach};
use crate::member::{instant, shown, standing};
use crate::say::{say, say_all};
use crate::table::{Side, Table, Tone};
use crate::words::{self, Words};

/// What `rapport explain` is told.
#[derive(Args, Clone, Debug)]
pub struct Ask {
    /// entry_… for points, member_… for a tier
    what: String,
    #[command(flatten)]
    reach: Reach,
}

/// Explains.
///
/// # Errors
/// There is no such entry or member, or the suite does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    if ask.what.starts_with("entry_") {
        return entry(&ask).await;
    }
    if ask.what.starts_with("member_") {
        return tier(&ask).await;
    }
    Err(CliError::Asked(format!("{} is neither an entry (entry_…) nor a member (member_…)", ask.what)))
}

async fn entry(ask: &Ask) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = ExplainEntryRequest { entry: ask.what.clone(), ..ExplainEntryRequest::default() };
    let answer = suite.loyalty().explain_entry(request).await?.into_inner();
    let entry = answer.entry.unwrap_or_default();
    let decision = answer.decision.unwrap_or_default();
    if ask.reach.json {
        let told = json!({
            "id": entry.id, "kind": kind(entry.kind()), "points": entry.points, "cause": entry.cause,
            "occurred": shown(entry.occur_time.as_ref()),
        });
        say!("{}", json!({ "entry": told, "decision": decision_json(&decision) }));
        return Ok(());
    }
    let words = suite.words().await?;
    say_all!("{}{}", headline(&entry, &decision, &words), reasons(&decision, &words));
    Ok(())
}

async fn tier(ask: &Ask) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = ExplainTierRequest { member: ask.what.clone(), at_least_as_fresh: String::new() };
    let answer = suite.loyalty().explain_tier(request).await?.into_inner();
    let decision = answer.decision.unwrap_or_default();
    let tier = answer.standing.unwrap_or_default();
    if ask.reach.json {
        let change = answer.last_change.map(|change| {
            json!({
                "kind": changed(change.kind()), "from": change.from_tier, "to": change.to_tier, "cause": change.cause,
                "occurred": shown(change.occur_time.as_ref()), "progress_minor": change.progress_minor,
            })
        });
        say!("{}", json!({ "tier": tier.tier, "decision": decision_json(&decision), "last_change": change }));
        return Ok(());
    }
    let words = suite.words().await?;
    say!("{}", standing(&tier, &words));
    if let Some(change) = answer.last_change {
        say!("  {}", last_change(&change, &tier.currency_code, &words));
    }
    say_all!("{}", reasons(&decision, &words));
    Ok(())
}

fn headline(entry: &Entry, decision: &Decision, words: &Words) -> String {
    let moment =
        instant(entry.occur_time.as_ref()).map_or(String::new(), |moment| format!(" on {}", words.time(moment)));
    let rule = if decision.rule_version.is_empty() { String::new() } else { format!(", {}", decision.rule_version) };
    let points = Tone::Strong.of(&words::counted(entry.points, "point", "points"));
    format!("{points} {} {}{moment}{rule}\n", kind(entry.kind()), entry.cause)
}

const fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Earn => "earned with",
        EntryKind::EarnReversal => "taken back with",
        EntryKind::Redemption => "spent on",
        EntryKind::RedemptionReversal => "given back for",
        EntryKind::Lapse => "lapsed from",
        EntryKind::Adjustment => "changed by hand:",
        EntryKind::Unspecified => "for",
    }
}

const fn changed(kind: TierChangeKind) -> &'static str {
    match kind {
        TierChangeKind::Promoted => "promoted",
        TierChangeKind::Retained => "retained",
        TierChangeKind::Demoted => "demoted",
        TierChangeKind::Unspecified => "changed",
    }
}

fn last_change(change: &TierChange, currency: &str, words: &Words) -> String {
    let day = instant(change.occur_time.as_ref()).map_or(String::new(), |moment| words.day(moment));
    let cause = if change.cause.is_empty() { "by time".to_owned() } else { format!("by {}", change.cause) };
    let spent = words.money(change.progress_minor, currency);
    let way = if change.from_tier == change.to_tier {
        change.to_tier.clone()
    } else {
        format!("{} to {}", change.from_tier, change.to_tier)
    };
    format!("{} {day}, {way}, {cause}, with {spent} in the window", changed(change.kind()))
}

/// Steps with what each contributed, then the facts, then what would have changed the outcome.
pub(crate) fn reasons(decision: &Decision, words: &Words) -> String {
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Right]);
    for step in &decision.steps {
        let contribution = if step.contribution == 0 { String::new() } else { words::count(step.contribution) };
        table.row([step.name.clone(), step.detail.clone(), contribution]);
    }
    for fact in &decision.facts {
        table.toned(Tone::Faint, [fact.name.replace('_', " "), value(&fact.name, &fact.value, words), String::new()]);
    }
    if let Some(flip) = &decision.nearest_flip {
        let change = value(&flip.fact, &flip.change.to_string(), words);
        let more = if flip.change < 0 { "" } else { "+" };
        table.row([
            "nearest flip".to_owned(),
            format!("{} {more}{change}: {}", flip.fact.replace('_', " "), flip.outcome),
            String::new(),
        ]);
    }
    table.to_string()
}

/// A fact's value as people read it: amounts by their unit, which stands last in the fact's name.
fn value(name: &str, value: &str, words: &Words) -> String {
    match value.parse::<i64>() {
        Ok(minor) if name.ends_with("_minor") => words.money(minor, ""),
        Ok(number) => words::count(number),
        Err(_) => value.parse().map_or_else(|_| value.to_owned(), |moment| words.time(moment)),
    }
}

fn decision_json(decision: &Decision) -> Value {
    json!({
        "outcome": decision.outcome, "rule_version": decision.rule_version,
        "decided_for": shown(decision.decided_for.as_ref()),
        "facts": decision.facts.iter().map(|fact| json!({ "name": fact.name, "value": fact.value })).collect::<Vec<_>>(),
        "steps": decision.steps.iter().map(|step| json!({
            "name": step.name, "detail": step.detail, "contribution": step.contribution,
        })).collect::<Vec<_>>(),
        "nearest_flip": decision.nearest_flip.as_ref().map(|flip| json!({
            "fact": flip.fact, "change": flip.change, "outcome": flip.outcome,
        })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::common::v1::{Fact, NearestFlip, Step};

    fn words() -> Words {
        Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0)
    }

    #[test]
    fn reasons_line_up_and_speak_of_money() {
        let decision = Decision {
            rule_version: "programme/7".to_owned(),
            steps: vec![
                Step { name: "base".to_owned(), detail: "1 point per NT$ 50".to_owned(), contribution: 39 },
                Step { name: "Gold".to_owned(), detail: "x 1.5".to_owned(), contribution: 20 },
            ],
            facts: vec![Fact { name: "net_minor".to_owned(), value: "1980".to_owned() }],
            nearest_flip: Some(NearestFlip {
                fact: "net_minor".to_owned(),
                change: 20,
                outcome: "60 points".to_owned(),
            }),
            ..Default::default()
        };
        let expected = "  base          1 point per NT$ 50            39\n  Gold          x 1.5                         20\n  \
            net minor     NT$ 1,980\n  nearest flip  net minor +NT$ 20: 60 points\n";
        assert_eq!(reasons(&decision, &words()), expected);
        let entry =
            Entry { points: 59, kind: EntryKind::Earn.into(), cause: "order_1".to_owned(), ..Default::default() };
        assert_eq!(headline(&entry, &decision, &words()), "59 points earned with order_1, programme/7\n");
    }

    #[test]
    fn a_change_of_tier_names_its_cause() {
        let change = TierChange {
            kind: TierChangeKind::Promoted.into(),
            from_tier: "silver".to_owned(),
            to_tier: "gold".to_owned(),
            cause: "order_1".to_owned(),
            progress_minor: 30_120,
            occur_time: Some(proto::timestamp("2025-06-18T04:00:00Z".parse().expect("an instant"))),
            ..Default::default()
        };
        let text = last_change(&change, "TWD", &words());
        assert_eq!(text, "promoted 2025-06-18, silver to gold, by order_1, with NT$ 30,120 in the window");
    }
}
