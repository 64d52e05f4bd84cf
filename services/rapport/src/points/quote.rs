//! `rapport points quote`: what an order would earn, were it bought now, and what kept it from more.

use clap::Args;
use proto::loyalty::v1::{QuoteLine, QuoteOrderRequest, QuoteOrderResponse, QuotedRule, RuleNeed, RuleOutcome};
use serde_json::{Value, json};

use crate::client::{CliError, Reach};
use crate::member::Who;
use crate::orders::Bought;
use crate::say::{say, say_all};
use crate::table::{Side, Table};
use crate::words::{self, Words};

/// What `rapport points quote` is told.
#[derive(Args, Clone, Debug)]
pub struct Quote {
    #[command(flatten)]
    who: Who,
    /// What would be bought: product:quantity:price, or with a discount behind it; may be repeated
    #[arg(long, required = true, value_name = "LINE")]
    line: Vec<Bought>,
    /// Where it would be sold: store, web, app, line
    #[arg(long, default_value = "", hide_default_value = true, value_name = "CHANNEL")]
    channel: String,
    #[command(flatten)]
    reach: Reach,
}

pub(super) async fn quote(ask: Quote) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let words = suite.words().await?;
    let digits = words.digits(words.currency());
    let lines: Option<Vec<QuoteLine>> = ask.line.iter().map(|bought| bought.priced(digits)).collect();
    let request = QuoteOrderRequest {
        member: ask.who.member_id(&suite).await?,
        currency_code: words.currency().to_owned(),
        lines: lines.ok_or_else(|| CliError::Asked("a price of a line is no amount of this currency".to_owned()))?,
        channel: ask.channel,
        ..QuoteOrderRequest::default()
    };
    let told = suite.loyalty().quote_order(request).await?.into_inner();
    if ask.reach.json {
        say!("{}", as_json(&told));
    } else {
        say_all!("{}", described(&told, &words));
    }
    Ok(())
}

fn described(told: &QuoteOrderResponse, words: &Words) -> String {
    let lapse = told.lapse_time.as_ref().and_then(|at| proto::instant(at).ok());
    let lapse = lapse.map(|at| format!(", until {}", words.until(at))).unwrap_or_default();
    let mut text = format!("{} would be earned{lapse}\n", words::counted(told.points, "point", "points"));
    let mut table = Table::new(&[Side::Left, Side::Right, Side::Left]);
    table.row(["base".to_owned(), words::count(told.base_points), String::new()]);
    if told.tier_points != 0 {
        table.row(["tier".to_owned(), words::count(told.tier_points), String::new()]);
    }
    for rule in &told.rules {
        table.row([rule.display_name.clone(), words::count(rule.points), in_words(rule)]);
    }
    text.push_str(&table.to_string());
    text
}

fn in_words(rule: &QuotedRule) -> String {
    let points = |number| words::counted(number, "point", "points");
    match rule.outcome() {
        RuleOutcome::Applied | RuleOutcome::Unspecified => String::new(),
        RuleOutcome::Capped => format!("a limit leaves no more of {}", points(rule.would_give)),
        RuleOutcome::Outbid => format!("{} gives as much or more", rule.outbid_by),
        RuleOutcome::NotMet if rule.unknown_facts.is_empty() => {
            let parts = rule.need.as_ref().map(needed).unwrap_or_default();
            format!("needs {}", parts.join(", "))
        }
        RuleOutcome::NotMet => format!("not known: {}", rule.unknown_facts.join(", ")),
        RuleOutcome::NoLine => "no line counts for it".to_owned(),
        RuleOutcome::TooLittle => "what counts is worth less than a point".to_owned(),
        RuleOutcome::Limited if rule.limit.as_ref().is_some_and(|limit| limit.most_orders > 0) => {
            "as many orders as may have earned by it".to_owned()
        }
        RuleOutcome::Limited => format!("a limit leaves {} of {}", rule.limit_left, points(rule.would_give)),
        RuleOutcome::Unreadable => "its condition cannot be read by this version".to_owned(),
    }
}

/// The parts that stand in the way, as the rule writes them.
fn needed(need: &RuleNeed) -> Vec<String> {
    let own = need.part.iter().map(|part| match part.wanted {
        true => part.source.clone(),
        false => format!("not {}", part.source),
    });
    own.chain(need.needs.iter().flat_map(needed)).collect()
}

fn as_json(told: &QuoteOrderResponse) -> Value {
    let lapse = told.lapse_time.as_ref().and_then(|at| proto::instant(at).ok()).map(|at| at.to_string());
    json!({
        "points": told.points,
        "base_points": told.base_points,
        "tier_points": told.tier_points,
        "lapse_time": lapse,
        "rules": told.rules.iter().map(|rule| json!({
            "code": rule.code,
            "outcome": rule.outcome().as_str_name().trim_start_matches("RULE_OUTCOME_"),
            "points": rule.points,
            "would_give": rule.would_give,
            "outbid_by": rule.outbid_by,
            "unknown_facts": rule.unknown_facts,
        })).collect::<Vec<_>>(),
    })
}
