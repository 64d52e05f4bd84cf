//! What an order would earn, as the wire tells it.

use proto::loyalty::v1;
use rule::{Flip, Lack, Need, Operand, Value};
use tonic::Response;

use super::{present_rules, present_tiers};
use crate::account::judging::{Judged, Verdict};
use crate::account::{Quote, QuotedWallet};

pub(super) fn quote(quote: Quote) -> Response<v1::QuoteOrderResponse> {
    Response::new(v1::QuoteOrderResponse {
        points: quote.points,
        base_points: quote.base,
        tier_points: quote.by_tier,
        tier_display_name: quote.tier,
        rules: quote.rules.iter().map(rule).collect(),
        lapse_time: quote.lapses_at.map(proto::timestamp),
        standing_after: quote.standing_after.map(present_tiers::standing),
        programme_version: quote.programme_version,
        wallets: quote.wallets.iter().map(wallet).collect(),
    })
}

fn wallet(quoted: &QuotedWallet) -> v1::QuotedWallet {
    v1::QuotedWallet {
        wallet: quoted.wallet.to_string(),
        display_name: quoted.display_name.clone(),
        points: quoted.points,
        base_points: quoted.base,
        rules: quoted.rules.iter().map(rule).collect(),
        lapse_time: quoted.lapses_at.map(proto::timestamp),
    }
}

fn rule(judged: &Judged) -> v1::QuotedRule {
    let known = v1::QuotedRule {
        code: judged.code.clone(),
        display_name: judged.display_name.clone(),
        points: judged.points(),
        ..v1::QuotedRule::default()
    };
    let with = |outcome: v1::RuleOutcome| v1::QuotedRule { outcome: outcome.into(), ..known.clone() };
    match &judged.verdict {
        Verdict::Applied { capped: None, .. } => with(v1::RuleOutcome::Applied),
        Verdict::Applied { capped: Some(limit), points } => v1::QuotedRule {
            limit: Some(present_rules::limit(limit)),
            limit_left: *points,
            ..with(v1::RuleOutcome::Capped)
        },
        Verdict::Outbid { points, by } => {
            v1::QuotedRule { would_give: *points, outbid_by: by.clone(), ..with(v1::RuleOutcome::Outbid) }
        }
        Verdict::NotMet { need: needed, unknown } => {
            v1::QuotedRule { need: Some(need(needed)), unknown_facts: unknown.clone(), ..with(v1::RuleOutcome::NotMet) }
        }
        Verdict::NoLine => with(v1::RuleOutcome::NoLine),
        Verdict::TooLittle => with(v1::RuleOutcome::TooLittle),
        Verdict::Limited { limit, points, left } => v1::QuotedRule {
            limit: Some(present_rules::limit(limit)),
            limit_left: *left,
            would_give: *points,
            ..with(v1::RuleOutcome::Limited)
        },
        Verdict::Unreadable => with(v1::RuleOutcome::Unreadable),
    }
}

fn need(needed: &Need) -> v1::RuleNeed {
    let joined = |joint: v1::NeedJoint, needs: &[Need]| v1::RuleNeed {
        joint: joint.into(),
        needs: needs.iter().map(need).collect(),
        part: None,
    };
    match needed {
        Need::All(needs) => joined(v1::NeedJoint::All, needs),
        Need::Any(needs) => joined(v1::NeedJoint::Any, needs),
        Need::Part(lack) => v1::RuleNeed { part: Some(part(lack)), ..v1::RuleNeed::default() },
    }
}

fn part(lack: &Lack) -> v1::FailingPart {
    let told = |side: &Option<Operand>| {
        let value = side.as_ref().and_then(|side| side.value.as_ref());
        value.map(ToString::to_string).unwrap_or_default()
    };
    v1::FailingPart {
        source: lack.step.source.clone(),
        wanted: lack.wanted,
        found: told(&lack.step.found),
        threshold: told(&lack.step.against),
        changes: lack.flips.iter().map(change).collect(),
        at_time: lack.at.map(proto::timestamp),
    }
}

fn change(flip: &Flip) -> v1::FactChange {
    let by = flip.by().and_then(|by| match by {
        Value::Int(by) => Some(by),
        Value::Bool(_) | Value::Text(_) | Value::Instant(_) | Value::Duration(_) | Value::Texts(_) => None,
    });
    v1::FactChange { fact: flip.fact.clone(), from: flip.from.to_string(), to: flip.to.to_string(), change: by }
}
