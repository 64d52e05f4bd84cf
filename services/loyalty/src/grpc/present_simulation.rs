//! What came of a simulation, as the wire tells it.

use std::time::Duration;

use kernel::Rounding;
use kernel::rounding::share;
use proto::common::v1::Money;
use proto::loyalty::v1;
use proto::loyalty::v1::simulate_response::Said;
use wire::Language;

use super::present_planning::money;
use super::wording_planning;
use crate::account::holdings::Totals;
use crate::planning::warning::warnings;
use crate::planning::weighing::{Difference, Side, Weighing, net};
use crate::planning::{PointValue, Prepared};
use crate::programme::Programme;
use crate::programme::terms::Tier;

pub(super) fn progress(weighing: &Weighing, prepared: &Prepared, elapsed: Duration) -> v1::SimulateResponse {
    let progress = v1::SimulationProgress {
        orders: weighing.orders,
        orders_known: prepared.orders_known,
        members: weighing.members,
        elapsed: elapsed.try_into().ok(),
    };
    v1::SimulateResponse { said: Some(Said::Progress(progress)) }
}

pub(super) fn simulation(language: Language, weighing: &Weighing, prepared: &Prepared) -> v1::SimulateResponse {
    let value = prepared.value;
    let (baseline, draft) = (prepared.baseline_rules.as_deref(), prepared.draft_rules.as_ref());
    let unseen = prepared.orders_known.saturating_sub(weighing.orders).max(0);
    let now = weighing.month_of(prepared.until);
    let found = warnings(weighing, (baseline, draft), now, unseen);
    let revenue = weighing
        .revenue
        .keys()
        .map(|currency| Money { currency_code: currency.to_string(), minor: weighing.revenue_in(*currency) });
    let simulation = v1::Simulation {
        as_of: Some(proto::timestamp(prepared.until)),
        history_from: weighing.first.map(proto::timestamp),
        orders: weighing.orders,
        order_lines: weighing.lines,
        returns: weighing.returns,
        members: weighing.members,
        orders_unseen: unseen,
        revenue: revenue.collect(),
        baseline: weighing.baseline.as_ref().map(|side| outcome(side, baseline.unwrap_or(draft), weighing, value)),
        draft: Some(outcome(&weighing.draft, draft, weighing, value)),
        comparison: weighing.baseline.as_ref().map(|_| comparison(weighing)),
        warnings: found.iter().map(|warning| wording_planning::warning(language, warning)).collect(),
    };
    v1::SimulateResponse { said: Some(Said::Simulation(simulation)) }
}

fn outcome(side: &Side, terms: &Programme, weighing: &Weighing, value: Option<PointValue>) -> v1::Outcome {
    let earned = side.flow.earned.saturating_sub(side.flow.earn_reversed);
    let share_of_revenue = value.and_then(|value| {
        let revenue = weighing.revenue_in(value.currency);
        share(value.of(earned), 1_000_000, revenue, Rounding::HalfEven)
    });
    v1::Outcome {
        flow: Some(flow(&side.flow)),
        outstanding: side.outstanding,
        pending: side.pending,
        deficit: side.deficit,
        liability: value.map(|value| money(value, side.outstanding.saturating_add(side.pending))),
        months: months(side, weighing, value),
        tiers: tiers(side, terms),
        unmet: side.unmet,
        share_of_revenue_ppm: share_of_revenue,
        returns_unmatched: side.unmatched,
    }
}

fn months(side: &Side, weighing: &Weighing, value: Option<PointValue>) -> Vec<v1::OutcomeMonth> {
    let revenue = value.and_then(|value| weighing.revenue.get(&value.currency));
    let balances = side.balances();
    let month = |(month, moved): (&(i16, i8), &Totals)| {
        let balance = balances.get(month).copied().unwrap_or_else(|| net(moved));
        v1::OutcomeMonth {
            month: format!("{:04}-{:02}", month.0, month.1),
            flow: Some(flow(moved)),
            balance,
            liability: value.map(|value| money(value, balance)),
            revenue_minor: revenue.and_then(|months| months.get(month)).copied().unwrap_or_default(),
        }
    };
    side.months.iter().map(month).collect()
}

/// From the lowest tier of the ladder; codes that are not on it come after.
fn tiers(side: &Side, terms: &Programme) -> Vec<v1::TierOutcome> {
    let ladder: &[Tier] = terms.ladder.as_ref().map(|ladder| ladder.tiers.as_slice()).unwrap_or_default();
    let told = |tier: &str, display_name: &str| {
        let standers = side.tiers.get(tier).copied().unwrap_or_default();
        v1::TierOutcome {
            tier: tier.to_owned(),
            display_name: display_name.to_owned(),
            members: standers.members,
            promotions: standers.promotions,
            demotions: standers.demotions,
        }
    };
    let others = side.tiers.keys().filter(|code| ladder.iter().all(|tier| tier.code != **code));
    let others = others.map(|code| told(code, ""));
    ladder.iter().map(|tier| told(&tier.code, &tier.display_name)).chain(others).collect()
}

fn flow(flow: &Totals) -> v1::PointFlow {
    let Totals { earned, earn_reversed, redeemed, redemption_reversed, lapsed, adjusted, transferred } = *flow;
    v1::PointFlow { earned, earn_reversed, redeemed, redemption_reversed, lapsed, adjusted, transferred }
}

fn comparison(weighing: &Weighing) -> v1::Comparison {
    let compared = &weighing.comparison;
    let ((gaining, losing, same), (points_gained, points_lost)) = (compared.counts(), compared.sums());
    let moves = compared.moves.iter().map(|((from, to), members)| v1::TierMove {
        from_tier: from.clone(),
        to_tier: to.clone(),
        members: *members,
    });
    v1::Comparison {
        gaining,
        losing,
        same,
        points_gained,
        points_lost,
        deciles: compared.deciles(),
        most_gained: compared.most_gained().map(difference).collect(),
        most_lost: compared.most_lost().map(difference).collect(),
        moves: moves.collect(),
        rise: compared.rise,
        fall: compared.fall,
    }
}

fn difference(of: &Difference) -> v1::MemberDifference {
    v1::MemberDifference {
        member: of.member.to_string(),
        baseline_points: of.baseline,
        draft_points: of.draft,
        baseline_tier: of.baseline_tier.clone(),
        draft_tier: of.draft_tier.clone(),
    }
}
