//! `rapport explain`: why an entry has the points it has, and why a member has their tier.

mod reasons;

use clap::Args;
use proto::common::v1::{Decision, Fact};
use proto::loyalty::v1::{
    Entry, EntryKind, ExplainEntryRequest, ExplainTierRequest, TierChange, TierChangeKind, TierStanding,
};
use serde_json::{Value, json};

use crate::client::{CliError, Reach};
use crate::member::{instant, shown, standing, units};
use crate::say::{say, say_all};
use crate::table::{Table, Tone};
use crate::words::{self, Words};

pub(crate) use reasons::in_short;
use reasons::reasons;

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
    say_all!("{}", entry_told(&entry, &decision, &words));
    Ok(())
}

async fn tier(ask: &Ask) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = ExplainTierRequest { member: ask.what.clone(), ..ExplainTierRequest::default() };
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
    say_all!("{}", tier_told(&tier, answer.last_change.as_ref(), &decision, &suite.words().await?));
    Ok(())
}

fn entry_told(entry: &Entry, decision: &Decision, words: &Words) -> String {
    format!("{}{}", headline(entry, decision, words), told(decision, words))
}

/// Why points are as they are, without the entry they stand in.
pub(crate) fn told(decision: &Decision, words: &Words) -> Table {
    let reached = |points: &str| {
        let points = points.parse::<i64>().map_or(points.to_owned(), |many| words::counted(many, "point", "points"));
        format!("would have earned {points}")
    };
    reasons(decision, words, reached)
}

fn tier_told(tier: &TierStanding, change: Option<&TierChange>, decision: &Decision, words: &Words) -> String {
    let reached = |code: &str| {
        let known = code == tier.next_tier && !tier.next_display_name.is_empty();
        format!("reaches {}", if known { &tier.next_display_name } else { code })
    };
    let change = change.map_or(String::new(), |change| format!("  {}\n", last_change(change, tier, words)));
    format!("{}\n{change}{}", standing(tier, words), reasons(decision, words, reached))
}

fn headline(entry: &Entry, decision: &Decision, words: &Words) -> String {
    let moment =
        instant(entry.occur_time.as_ref()).map_or(String::new(), |moment| format!(" on {}", words.time(moment)));
    let rule = match decision.rule_version.strip_prefix("programme/") {
        Some(version) => format!(", programme version {version}"),
        None => String::new(),
    };
    // The verb tells the direction, but for a change by hand.
    let by_hand = entry.kind() == EntryKind::Adjustment;
    let points = if by_hand { entry.points } else { entry.points.saturating_abs() };
    let points = Tone::Strong.of(&words::counted(points, "point", "points"));
    let cause = if entry.cause.is_empty() { String::new() } else { format!(" {}", entry.cause) };
    format!("{points} {}{cause}{moment}{rule}\n", kind(entry.kind()))
}

const fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Earn => "earned with",
        EntryKind::EarnReversal => "taken back with",
        EntryKind::Redemption => "spent on",
        EntryKind::RedemptionReversal => "given back for",
        EntryKind::Lapse => "lapsed",
        EntryKind::Adjustment => "changed by hand:",
        EntryKind::TransferOut => "gone with",
        EntryKind::TransferIn => "come with",
        EntryKind::Unspecified => "for",
    }
}

const fn changed(kind: TierChangeKind) -> &'static str {
    match kind {
        TierChangeKind::Promoted => "promoted",
        TierChangeKind::Retained => "retained",
        TierChangeKind::Demoted => "demoted",
        TierChangeKind::Renewed => "renewed",
        TierChangeKind::Assigned => "assigned",
        TierChangeKind::Released => "released",
        TierChangeKind::Shortened => "renewal undone",
        TierChangeKind::Imported => "brought along",
        TierChangeKind::Unspecified => "changed",
    }
}

fn last_change(change: &TierChange, tier: &TierStanding, words: &Words) -> String {
    let day = instant(change.occur_time.as_ref()).map_or(String::new(), |moment| words.day(moment));
    let cause = match (change.cause.as_str(), change.reason.as_str()) {
        ("", "") => "by time".to_owned(),
        ("", reason) => format!("by hand ({reason})"),
        (cause, _) => format!("by {cause}"),
    };
    let spent = units(tier, change.progress_minor, words);
    let way = if change.from_tier == change.to_tier {
        change.to_tier.clone()
    } else {
        format!("{} to {}", change.from_tier, change.to_tier)
    };
    format!("{} {day}, {way}, {cause}, with {spent} in the window", changed(change.kind()))
}

fn facts_json(facts: &[Fact]) -> Vec<Value> {
    facts.iter().map(|fact| json!({ "name": fact.name, "value": fact.value })).collect()
}

pub(crate) fn decision_json(decision: &Decision) -> Value {
    let message = decision.message.as_ref().map(|message| &message.message);
    json!({
        "outcome": decision.outcome, "message": message, "rule_version": decision.rule_version,
        "decided_for": shown(decision.decided_for.as_ref()),
        "facts": facts_json(&decision.facts),
        "steps": decision.steps.iter().map(|step| json!({
            "name": step.name, "detail": step.detail, "contribution": step.contribution,
            "figures": facts_json(&step.figures),
        })).collect::<Vec<_>>(),
        "nearest_flip": decision.nearest_flip.as_ref().map(|flip| json!({
            "fact": flip.fact, "change": flip.change, "outcome": flip.outcome,
        })),
    })
}

#[cfg(test)]
mod tests;
