//! What came of a rehearsal, for people and for programs.

use proto::common::v1::Money;
use proto::loyalty::v1::{Comparison, MemberDifference, Outcome, OutcomeMonth, PlanningWarning, PointFlow, Simulation};
use serde_json::{Value, json};

use crate::programme::Terms;
use crate::table::{Side, Table, Tone};
use crate::words::{self, Words};
use crate::worth::{money, percent};

/// Months that are shown; JSON has them all.
const MONTHS: usize = 12;

pub(super) fn told(simulation: &Simulation, terms: &Terms, words: &Words) -> String {
    let Some(draft) = &simulation.draft else { return String::new() };
    let baseline = simulation.baseline.as_ref();
    let mut text = heading(simulation, terms, words);
    text.push_str(&sums(baseline, draft, words));
    text.push_str(&months(baseline, draft, words));
    text.push_str(&tiers(baseline, draft));
    if let Some(comparison) = &simulation.comparison {
        text.push_str(&members(comparison));
    }
    text.push_str(&warned(&simulation.warnings));
    text
}

/// What a row is called, and what it tells.
type Row<T> = (&'static str, fn(&T) -> i64);

fn heading(simulation: &Simulation, terms: &Terms, words: &Words) -> String {
    let instant = |at: Option<&prost_types::Timestamp>| at.and_then(|at| proto::instant(at).ok());
    let day = |at: Option<&prost_types::Timestamp>| instant(at).map_or_else(|| "?".to_owned(), |at| words.day(at));
    let counted = |number, one, many| words::counted(number, one, many);
    let revenue: Vec<String> =
        simulation.revenue.iter().map(|sum| words.money(sum.minor, &sum.currency_code)).collect();
    let span = match simulation.history_from {
        Some(_) => format!("{} to {}", day(simulation.history_from.as_ref()), day(simulation.as_of.as_ref())),
        None => "no history yet".to_owned(),
    };
    format!(
        "\"{}\" rehearsed, {span}\n  {} · {} · {} · {} · {}\n\n",
        terms.display_name,
        counted(simulation.orders, "order", "orders"),
        counted(simulation.order_lines, "line", "lines"),
        counted(simulation.returns, "return", "returns"),
        counted(simulation.members, "member", "members"),
        if revenue.is_empty() { "nothing bought".to_owned() } else { revenue.join(" + ") },
    )
}

fn sums(baseline: Option<&Outcome>, draft: &Outcome, words: &Words) -> String {
    let mut table = Table::new(&[Side::Left, Side::Right, Side::Right, Side::Right]);
    heads(&mut table, "points", baseline.is_some());
    let flow = |side: &Outcome| side.flow.unwrap_or_default();
    let rows: [Row<PointFlow>; 7] = [
        ("earned", |flow| flow.earned),
        ("taken back", |flow| flow.earn_reversed),
        ("spent", |flow| flow.redeemed),
        ("given back", |flow| flow.redemption_reversed),
        ("lapsed", |flow| flow.lapsed),
        ("by hand", |flow| flow.adjusted),
        ("fees of transfers", |flow| flow.transferred),
    ];
    for (what, read) in rows {
        row(&mut table, what, baseline.map(|side| read(&flow(side))), read(&flow(draft)));
    }
    let ends: [Row<Outcome>; 4] = [
        ("outstanding", |side| side.outstanding),
        ("waiting", |side| side.pending),
        ("owed by members", |side| side.deficit),
        ("spent, but not there", |side| side.unmet),
    ];
    for (what, read) in ends {
        if read(draft) != 0 || baseline.is_some_and(|side| read(side) != 0) || what == "outstanding" {
            row(&mut table, what, baseline.map(read), read(draft));
        }
    }
    if draft.liability.is_some() {
        let worth = |side: Option<&Outcome>| money(side.and_then(|side| side.liability.as_ref()), words);
        table.row(["liability".to_owned(), worth(baseline), worth(Some(draft))]);
    }
    if let Some(ppm) = draft.share_of_revenue_ppm {
        let before = baseline.and_then(|side| side.share_of_revenue_ppm).map(percent);
        table.row(["earned, of revenue".to_owned(), before.unwrap_or_default(), percent(ppm)]);
    }
    format!("{table}\n")
}

fn heads(table: &mut Table, what: &str, compares: bool) {
    table.heading([what, if compares { "baseline" } else { "" }, "draft", if compares { "difference" } else { "" }]);
}

fn row(table: &mut Table, what: &str, before: Option<i64>, after: i64) {
    let before_text = before.map(words::count).unwrap_or_default();
    let difference = before.map(|before| signed(after.saturating_sub(before))).unwrap_or_default();
    table.row([what.to_owned(), before_text, words::count(after), difference]);
}

fn signed(number: i64) -> String {
    match number {
        0 => "=".to_owned(),
        1.. => format!("+{}", words::count(number)),
        _ => words::count(number),
    }
}

fn months(baseline: Option<&Outcome>, draft: &Outcome, words: &Words) -> String {
    if draft.months.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[Side::Left, Side::Right, Side::Right, Side::Right, Side::Right, Side::Right]);
    let compares = if baseline.is_some() { "baseline" } else { "" };
    table.heading(["month", "earned", "lapsed", "balance", compares, "liability"]);
    let first = draft.months.len().saturating_sub(MONTHS);
    for month in &draft.months[first..] {
        let flow = month.flow.unwrap_or_default();
        let before = baseline.and_then(|side| balance_at(&side.months, &month.month)).map(words::count);
        table.row([
            month.month.clone(),
            words::count(flow.earned.saturating_sub(flow.earn_reversed)),
            words::count(flow.lapsed),
            words::count(month.balance),
            before.unwrap_or_default(),
            money(month.liability.as_ref(), words),
        ]);
    }
    let left_out = match first {
        0 => String::new(),
        many => format!("  {} before, with --json\n", words::counted(many as i64, "month", "months")),
    };
    format!("{table}{left_out}\n")
}

/// A month in which nothing moved ends as the one before it.
fn balance_at(months: &[OutcomeMonth], month: &str) -> Option<i64> {
    months.iter().rev().find(|known| known.month.as_str() <= month).map(|known| known.balance)
}

fn tiers(baseline: Option<&Outcome>, draft: &Outcome) -> String {
    if draft.tiers.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[Side::Left, Side::Right, Side::Right, Side::Right]);
    heads(&mut table, "members in", baseline.is_some());
    let before = |code: &str| {
        baseline.map(|side| side.tiers.iter().find(|tier| tier.tier == code).map_or(0, |tier| tier.members))
    };
    for tier in &draft.tiers {
        let name = match (tier.display_name.as_str(), tier.tier.as_str()) {
            ("", "") => "no tier",
            ("", code) => code,
            (name, _) => name,
        };
        row(&mut table, name, before(&tier.tier), tier.members);
    }
    let known = |code: &str| draft.tiers.iter().any(|tier| tier.tier == code);
    for gone in baseline.iter().flat_map(|side| &side.tiers).filter(|tier| !known(&tier.tier)) {
        row(&mut table, &gone.tier, Some(gone.members), 0);
    }
    format!("{table}\n")
}

fn members(comparison: &Comparison) -> String {
    let counted = |number| words::counted(number, "member", "members");
    let mut text = format!(
        "  {} earn more ({} points) · {} less (-{}) · {} the same\n",
        counted(comparison.gaining),
        signed(comparison.points_gained),
        words::count(comparison.losing),
        words::count(comparison.points_lost),
        words::count(comparison.same),
    );
    if comparison.rise != 0 || comparison.fall != 0 {
        let moves = comparison.moves.iter().map(|step| {
            let of = |code: &str| if code.is_empty() { "none".to_owned() } else { code.to_owned() };
            format!("{} to {} {}", of(&step.from_tier), of(&step.to_tier), words::count(step.members))
        });
        let moves = moves.collect::<Vec<_>>().join(", ");
        text.push_str(&format!("  {} stand higher, {} lower: {moves}\n", comparison.rise, comparison.fall));
    }
    let deciles: Vec<String> = comparison.deciles.iter().map(|points| signed(*points)).collect();
    text.push_str(&format!("  by tenths, least to most: {}\n", deciles.join("  ")));
    for (what, named) in [("gain most", &comparison.most_gained), ("lose most", &comparison.most_lost)] {
        if named.is_empty() {
            continue;
        }
        let mut table = Table::new(&[Side::Left, Side::Right, Side::Right, Side::Right, Side::Left]);
        table.heading([what, "baseline", "draft", "difference", "tier"]);
        named.iter().for_each(|one| table.row(difference(one)));
        text.push_str(&table.to_string());
    }
    text + "\n"
}

fn difference(one: &MemberDifference) -> [String; 5] {
    let tier = if one.baseline_tier == one.draft_tier {
        one.draft_tier.clone()
    } else {
        format!("{} -> {}", one.baseline_tier, one.draft_tier)
    };
    let points = signed(one.draft_points.saturating_sub(one.baseline_points));
    [one.member.clone(), words::count(one.baseline_points), words::count(one.draft_points), points, tier]
}

fn warned(warnings: &[PlanningWarning]) -> String {
    let sentence = |warning: &PlanningWarning| {
        let told = warning.message.as_ref().map(|message| message.message.clone());
        format!("  {}\n", Tone::Bad.of(&format!("! {}", told.unwrap_or_else(|| kind(warning)))))
    };
    warnings.iter().map(sentence).collect()
}

fn kind(warning: &PlanningWarning) -> String {
    warning.kind().as_str_name().trim_start_matches("PLANNING_WARNING_KIND_").to_owned()
}

pub(super) fn as_json(simulation: &Simulation) -> Value {
    let instant =
        |at: Option<&prost_types::Timestamp>| at.and_then(|at| proto::instant(at).ok()).map(|at| at.to_string());
    json!({
        "as_of": instant(simulation.as_of.as_ref()),
        "history_from": instant(simulation.history_from.as_ref()),
        "orders": simulation.orders,
        "order_lines": simulation.order_lines,
        "returns": simulation.returns,
        "members": simulation.members,
        "orders_unseen": simulation.orders_unseen,
        "revenue": simulation.revenue.iter().map(|sum| amount(Some(sum))).collect::<Vec<_>>(),
        "baseline": simulation.baseline.as_ref().map(outcome),
        "draft": simulation.draft.as_ref().map(outcome),
        "comparison": simulation.comparison.as_ref().map(comparison),
        "warnings": simulation.warnings.iter().map(|warning| json!({
            "kind": kind(warning),
            "message": warning.message.as_ref().map(|message| &message.message),
            "tier": warning.tier,
            "observed": warning.observed,
            "threshold": warning.threshold,
        })).collect::<Vec<_>>(),
    })
}

fn amount(told: Option<&Money>) -> Value {
    told.map_or(Value::Null, |money| json!({ "currency": money.currency_code, "minor": money.minor }))
}

fn flow(flow: Option<PointFlow>) -> Value {
    let flow = flow.unwrap_or_default();
    let PointFlow { earned, earn_reversed, redeemed, redemption_reversed, lapsed, adjusted, transferred } = flow;
    json!({
        "earned": earned, "earn_reversed": earn_reversed, "redeemed": redeemed,
        "redemption_reversed": redemption_reversed, "lapsed": lapsed, "adjusted": adjusted, "transferred": transferred,
    })
}

fn outcome(side: &Outcome) -> Value {
    json!({
        "flow": flow(side.flow),
        "outstanding": side.outstanding,
        "pending": side.pending,
        "deficit": side.deficit,
        "liability": amount(side.liability.as_ref()),
        "months": side.months.iter().map(|month| json!({
            "month": month.month,
            "flow": flow(month.flow),
            "balance": month.balance,
            "liability": amount(month.liability.as_ref()),
            "revenue_minor": month.revenue_minor,
        })).collect::<Vec<_>>(),
        "tiers": side.tiers.iter().map(|tier| json!({
            "tier": tier.tier, "members": tier.members, "promotions": tier.promotions, "demotions": tier.demotions,
        })).collect::<Vec<_>>(),
        "unmet": side.unmet,
        "share_of_revenue_ppm": side.share_of_revenue_ppm,
        "returns_unmatched": side.returns_unmatched,
    })
}

fn comparison(told: &Comparison) -> Value {
    let named = |named: &[MemberDifference]| {
        let one = |one: &MemberDifference| {
            json!({
                "member": one.member, "baseline_points": one.baseline_points, "draft_points": one.draft_points,
                "baseline_tier": one.baseline_tier, "draft_tier": one.draft_tier,
            })
        };
        named.iter().map(one).collect::<Vec<_>>()
    };
    json!({
        "gaining": told.gaining,
        "losing": told.losing,
        "same": told.same,
        "points_gained": told.points_gained,
        "points_lost": told.points_lost,
        "deciles": told.deciles,
        "most_gained": named(&told.most_gained),
        "most_lost": named(&told.most_lost),
        "moves": told.moves.iter().map(|step| json!({
            "from": step.from_tier, "to": step.to_tier, "members": step.members,
        })).collect::<Vec<_>>(),
        "rise": told.rise,
        "fall": told.fall,
    })
}
