//! `rapport ledger forecast`: when what is outstanding lapses, and how much of it will.

use clap::Args;
use proto::loyalty::v1::{BreakageBasis, ForecastLiabilityRequest, ForecastLiabilityResponse};
use serde_json::{Value, json};

use crate::client::{CliError, Reach};
use crate::say::{say, say_all};
use crate::table::{Side, Table};
use crate::words::{self, Words};
use crate::worth::{Worth, money, percent};

/// What `rapport ledger forecast` is told.
#[derive(Args, Clone, Debug)]
pub struct Forecast {
    #[command(flatten)]
    worth: Worth,
    #[command(flatten)]
    reach: Reach,
}

pub(super) async fn forecast(ask: Forecast) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let words = suite.words().await?;
    let request = ForecastLiabilityRequest { value: ask.worth.value(&words), at_least_as_fresh: String::new() };
    let told = suite.planning().forecast_liability(request).await?.into_inner();
    if ask.reach.json {
        say!("{}", as_json(&told));
    } else {
        say_all!("{}", described(&told, &words));
    }
    Ok(())
}

fn described(told: &ForecastLiabilityResponse, words: &Words) -> String {
    let worth = money(told.liability.as_ref(), words);
    let worth = if worth.is_empty() { worth } else { format!(", worth {worth}") };
    let mut text = format!("{} outstanding{worth}\n", words::counted(told.outstanding, "point", "points"));
    if told.deficit > 0 {
        text.push_str(&format!("  members owe {} on top\n", words::count(told.deficit)));
    }
    let mut table = Table::new(&[Side::Left, Side::Right, Side::Right, Side::Right, Side::Right]);
    table.heading(["lapse by the end of", "points", "lots", "will lapse", "will be spent"]);
    let maybe = |points: Option<i64>| points.map_or_else(|| "?".to_owned(), words::count);
    for month in &told.months {
        let (lapse, spent) = (maybe(month.expected_breakage), maybe(month.expected_redemption));
        table.row([month.month.clone(), words::count(month.points), words::count(month.lots), lapse, spent]);
    }
    if told.never_lapsing > 0 {
        table.row(["never", &words::count(told.never_lapsing)]);
    }
    if !table.is_empty() {
        text.push_str(&table.to_string());
    }
    if let Some(basis) = &told.basis {
        text.push_str(&rests_on(basis));
    }
    if let (Some(lapse), Some(spent)) = (told.expected_breakage, told.expected_redemption) {
        let cost = money(told.expected_cost.as_ref(), words);
        let cost = if cost.is_empty() { cost } else { format!(", at a cost of {cost}") };
        text.push_str(&format!("  expected: {} lapse, {} are spent{cost}\n", words::count(lapse), words::count(spent)));
    }
    text
}

fn rests_on(basis: &BreakageBasis) -> String {
    let lots = words::counted(basis.lots, "lot", "lots");
    let Some(ppm) = basis.breakage_ppm else {
        let needed = words::count(basis.lots_needed);
        return format!("  nothing is expected: {lots} ended in the last 24 months, {needed} are needed to tell\n");
    };
    let range = match (basis.least_ppm, basis.most_ppm) {
        (Some(least), Some(most)) => format!(", {} to {} by month", percent(least), percent(most)),
        (Some(_) | None, _) => String::new(),
    };
    let (lapsed, issued) = (words::count(basis.lapsed), words::count(basis.issued));
    format!(
        "  rests on {lots} that ended in the last 24 months: {lapsed} of {issued} points lapsed, {}{range}\n",
        percent(ppm)
    )
}

fn as_json(told: &ForecastLiabilityResponse) -> Value {
    let amount = |money: &proto::common::v1::Money| json!({ "currency": money.currency_code, "minor": money.minor });
    let as_of = told.as_of.as_ref().and_then(|at| proto::instant(at).ok()).map(|at| at.to_string());
    json!({
        "as_of": as_of,
        "outstanding": told.outstanding,
        "never_lapsing": told.never_lapsing,
        "deficit": told.deficit,
        "liability": told.liability.as_ref().map(amount),
        "expected_breakage": told.expected_breakage,
        "expected_redemption": told.expected_redemption,
        "expected_cost": told.expected_cost.as_ref().map(amount),
        "months": told.months.iter().map(|month| json!({
            "month": month.month, "points": month.points, "issued": month.issued, "lots": month.lots,
            "expected_breakage": month.expected_breakage, "expected_redemption": month.expected_redemption,
        })).collect::<Vec<_>>(),
        "basis": told.basis.as_ref().map(|basis| json!({
            "lots": basis.lots, "lots_needed": basis.lots_needed, "issued": basis.issued, "lapsed": basis.lapsed,
            "breakage_ppm": basis.breakage_ppm, "least_ppm": basis.least_ppm, "most_ppm": basis.most_ppm,
            "months": basis.months.iter().map(|month| json!({
                "month": month.month, "lots": month.lots, "issued": month.issued, "lapsed": month.lapsed,
            })).collect::<Vec<_>>(),
        })),
    })
}
