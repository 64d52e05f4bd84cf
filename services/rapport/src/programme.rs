//! `rapport programme`: the terms, compared with a file, put into force from it, written into one, and shown.

mod applying;
mod difference;
mod ladders;
mod rules;
mod settled;
mod simulating;
mod terms;
mod transfers;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use proto::loyalty::v1::GetProgrammeRequest;
use serde_json::json;

use crate::client::{Call, CliError, Reach, Suite};
use crate::say::{say, say_all};
use crate::words::{self, Words};

pub use terms::{
    Award, Basis, Counted, Deficit, Demotion, EarnRate, EarnRule, Expiry, Gift, Ladder, Limit, Metric, Over, Period,
    Renewal, Rounding, Terms, Tier,
};

/// What `rapport programme` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Makes a file the terms that rule: tells what changes, asks, and puts it into force
    Apply(Apply),
    /// Tells how a file differs from the terms that rule, and changes nothing
    Diff(Diff),
    /// Lives the recorded history once more under a file's terms, and says what would have come of it
    Simulate(simulating::Simulate),
    /// Writes the terms as a file that `apply` takes
    Export(Export),
    /// Shows the terms that rule
    Show(Show),
}

/// What `rapport programme apply` is told.
#[derive(Args, Clone, Debug)]
pub struct Apply {
    /// A file of terms in JSON, or one shipped: signature, uci, free-points, free-tiers, paid-points, paid-tiers
    file: String,
    /// From when they rule, instead of what the file says
    #[arg(long, value_name = "INSTANT")]
    from: Option<Timestamp>,
    /// Tell what would change, check it, and put nothing into force
    #[arg(long)]
    dry_run: bool,
    /// Ask nothing
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport programme diff` is told.
#[derive(Args, Clone, Debug)]
pub struct Diff {
    /// A file of terms in JSON, or one shipped: signature, uci, free-points, free-tiers, paid-points, paid-tiers
    file: String,
    /// The version it is compared with; the one that rules now where not said
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "VERSION")]
    against: i32,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport programme export` is told.
#[derive(Args, Clone, Debug)]
pub struct Export {
    /// Number of the version; the one that rules now where not said
    #[arg(default_value_t = 0, hide_default_value = true, value_name = "VERSION")]
    number: i32,
    /// Where to; standard output where not said
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport programme show` is told.
#[derive(Args, Clone, Debug)]
pub struct Show {
    /// Number of the version; the one that rules now where not said
    #[arg(default_value_t = 0, hide_default_value = true, value_name = "VERSION")]
    number: i32,
    #[command(flatten)]
    reach: Reach,
}

/// What is shipped: the demo's and the real shop's programme, and one of each sort to begin with.
pub const SHIPPED: [(&str, &str); 6] = [
    ("signature", include_str!("../programmes/signature.json")),
    ("uci", include_str!("../programmes/uci.json")),
    ("free-points", include_str!("../programmes/free-points.json")),
    ("free-tiers", include_str!("../programmes/free-tiers.json")),
    ("paid-points", include_str!("../programmes/paid-points.json")),
    ("paid-tiers", include_str!("../programmes/paid-tiers.json")),
];

/// The terms shipped under a name.
pub fn shipped(name: &str) -> Option<Terms> {
    let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name)?;
    serde_json::from_str(text).ok()
}

/// Compares, puts, writes or shows.
///
/// # Errors
/// The file cannot be used, or the suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Apply(ask) => applying::apply(ask).await,
        Ask::Diff(ask) => applying::diff(ask).await,
        Ask::Simulate(ask) => simulating::simulate(ask).await,
        Ask::Export(ask) => export(ask).await,
        Ask::Show(ask) => show(ask).await,
    }
}

/// The terms a person names: shipped ones, or a file's.
fn named(file: &str) -> Result<Terms, CliError> {
    match shipped(file) {
        Some(terms) => Ok(terms),
        None => read(file),
    }
}

fn read(file: &str) -> Result<Terms, CliError> {
    let path = PathBuf::from(file);
    let text = std::fs::read_to_string(&path).map_err(|error| CliError::file(&path, error))?;
    serde_json::from_str(&text).map_err(|error| CliError::Asked(format!("{file} is no programme: {error}")))
}

/// The terms of a version; of the one that rules now where it is 0.
async fn ruling(suite: &Suite, version: i32) -> Result<Terms, CliError> {
    let request = GetProgrammeRequest { version, ..GetProgrammeRequest::default() };
    let programme = suite.loyalty().get_programme(request).await?.into_inner().programme;
    Terms::try_from(programme.ok_or_else(|| CliError::odd("the suite gave no programme"))?)
}

async fn export(ask: Export) -> Result<(), CliError> {
    let terms = Terms { version: None, ..ruling(&ask.reach.suite().await?, ask.number).await? };
    let text = serde_json::to_string_pretty(&terms).map_err(|_| CliError::odd("the terms cannot be written"))?;
    match &ask.out {
        None => say!("{text}"),
        Some(path) => {
            std::fs::write(path, format!("{text}\n")).map_err(|error| CliError::file(path, error))?;
            say!("  \"{}\" is in {}", terms.display_name, path.display());
        }
    }
    Ok(())
}

async fn show(ask: Show) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let terms = ruling(&suite, ask.number).await?;
    if ask.reach.json {
        say!("{}", json!(terms));
    } else {
        say_all!("{}", described(&terms, &suite.words().await?));
    }
    Ok(())
}

/// The terms as a person reads them out.
fn described(terms: &Terms, words: &Words) -> String {
    let mut text = format!("\"{}\"", terms.display_name);
    if let Some(version) = terms.version {
        text.push_str(&format!(" version {version}"));
    }
    if let Some(from) = terms.effective_time {
        text.push_str(&format!(", since {}", words.time(from)));
    }
    text.push_str(&format!(" ({})\n", terms.zone));
    for rate in &terms.earn_rates {
        let points = words::counted(rate.points, "point", "points");
        text.push_str(&format!("  {points} for {}\n", words.money(rate.per_minor, &rate.currency)));
    }
    terms.earn_rules.iter().for_each(|rule| text.push_str(&format!("  {}\n", rules::described(rule, words))));
    let occasions = terms.occasion_rules.iter().map(|rule| rules::occasion(rule, &terms.birthdays, words));
    occasions.for_each(|told| text.push_str(&format!("  {told}\n")));
    text.push_str(&format!("  {}\n", keeps("points", &terms.expiry)));
    if let Some(policy) = &terms.transfers {
        text.push_str(&format!("  {}\n", transfers::described("points", policy)));
    }
    for wallet in &terms.wallets {
        for rate in wallet.earn_rates.iter().filter(|rate| rate.points > 0) {
            let (name, for_money) = (&wallet.display_name, words.money(rate.per_minor, &rate.currency));
            text.push_str(&format!("  {name}: {} for {for_money}\n", rate.points));
        }
        text.push_str(&format!("  {}\n", keeps(&wallet.display_name, &wallet.expiry)));
        if let Some(policy) = &wallet.transfers {
            text.push_str(&format!("  {}\n", transfers::described(&wallet.display_name, policy)));
        }
    }
    for ladder in terms.ladder.iter().chain(&terms.further_ladders) {
        text.push_str(&ladders::described(ladder, words));
    }
    text
}

fn keeps(what: &str, expiry: &Expiry) -> String {
    match expiry {
        Expiry::Never => format!("{what} never lapse"),
        Expiry::After { months, days, to_month_end } => {
            let end = if *to_month_end { ", to the end of that month" } else { "" };
            format!("{what} keep for {}{end}", so_long(*months, *days))
        }
        Expiry::Inactivity { months, days } => {
            format!("{what} keep for {} after something was last earned or spent", so_long(*months, *days))
        }
        Expiry::PeriodEnd { last_month, years_after } => {
            let month = words::month_name(if *last_month == 0 { 12 } else { *last_month });
            match years_after {
                0 => format!("{what} keep until the end of {month}"),
                years => {
                    format!("{what} keep until the end of {month}, {} later", words::counted(*years, "year", "years"))
                }
            }
        }
    }
}

fn so_long(months: i32, days: i32) -> String {
    let mut parts = Vec::new();
    if months > 0 {
        parts.push(words::counted(months, "month", "months"));
    }
    if days > 0 {
        parts.push(words::counted(days, "day", "days"));
    }
    parts.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_programme_reads_well() {
        let words = Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0);
        let terms = shipped("signature").expect("shipped");
        let text = described(&Terms { version: Some(7), ..terms }, &words);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "\"日常選品 Signature\" version 7, since 2020-01-01 00:00 (Asia/Taipei)");
        assert_eq!(lines[1], "  1 point for NT$ 50");
        assert_eq!(lines[2], "  points keep until the end of December, 1 year later");
        assert_eq!(lines[6], "  Silver    NT$ 10,000   NT$ 8,000  x 1.20");
    }

    #[test]
    fn only_what_is_shipped_is_shipped() {
        assert!(SHIPPED.iter().all(|(name, _)| shipped(name).is_some()) && shipped("other").is_none());
    }

    #[test]
    fn a_paid_ladder_above_a_free_one_reads_well() {
        let words = Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0);
        let text = described(&shipped("paid-tiers").expect("shipped"), &words);
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let from = lines.iter().position(|line| line.contains("\"plus\"")).expect("it is told");
        assert_eq!(
            &lines[from..],
            [
                "  on \"plus\", tiers count what is granted since joining",
                "  tier  to reach       to keep  points",
                "  Free                          x 1.00",
                "  Plus  by invitation           x 2.00  free-delivery, members-day",
            ]
        );
    }
}
