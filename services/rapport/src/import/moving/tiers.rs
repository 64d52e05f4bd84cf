//! `rapport import tiers FILE`: where members stood, until the end of the term they had there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proto::loyalty::v1::{
    GetProgrammeRequest, ImportOpeningTiersRequest, OpeningTier, Programme, QualificationMetric, TierLadder,
};
use rust_decimal::Decimal;
use tonic::Status;

use super::super::plan::asked;
use super::List;
use super::args::TiersArgs;
use super::plan::Plan;
use super::reckoning::Counted;
use super::sheet::{Column, Row};
use super::taking::{Asked, Outcome};
use crate::client::{CliError, Suite, long_call};
use crate::words::Words;

/// What a file of tiers has, beside whose they are.
const COLUMNS: [Column; 8] = [
    Column { name: "tier", required: true },
    Column { name: "since", required: true },
    Column { name: "last-day", required: false },
    Column { name: "review-time", required: false },
    Column { name: "progress", required: false },
    Column { name: "progress-time", required: false },
    Column { name: "ladder", required: false },
    Column { name: "reason", required: false },
];

/// How tiers are read.
#[derive(Debug)]
pub struct Tiers {
    ladder: String,
    reason: String,
    /// Codes of tiers by what the file calls them.
    named: BTreeMap<String, String>,
    /// Digits after the point of what counts on each ladder.
    digits: BTreeMap<String, u32>,
}

/// Where somebody stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stood {
    ladder: String,
    tier: String,
    since: Timestamp,
    review_at: Option<Timestamp>,
    progress_minor: i64,
    progress_at: Option<Timestamp>,
    reason: String,
}

/// The programme that rules: its ladders say what counts on them.
///
/// # Errors
/// The suite refuses or does not answer.
pub async fn programme(suite: &Suite) -> Result<Programme, CliError> {
    let answer = suite.loyalty().get_programme(GetProgrammeRequest::default()).await?.into_inner();
    answer.programme.ok_or_else(|| CliError::odd("the suite answered without a programme"))
}

impl Tiers {
    /// As the command line and the programme say.
    pub fn of(args: &TiersArgs, plan: &Plan, programme: &Programme, words: &Words) -> Result<Self, CliError> {
        let mut named = BTreeMap::new();
        for pair in &args.tier {
            let (name, code) = pair.split_once('=').ok_or_else(|| asked("--tier is NAME=CODE: VIP=gold"))?;
            named.insert(name.trim().to_owned(), code.trim().to_owned());
        }
        let ladders = || programme.ladder.iter().chain(&programme.further_ladders);
        let digits = |ladder: &TierLadder| match ladder.metric() {
            QualificationMetric::Unspecified | QualificationMetric::Spend => words.digits(&ladder.currency_code),
            QualificationMetric::Orders | QualificationMetric::PointsEarned | QualificationMetric::Granted => 0,
        };
        let first = ladders().next().map(|ladder| ladder.code.clone());
        let first = first.ok_or_else(|| asked("the programme that rules has no tiers"))?;
        Ok(Self {
            ladder: args.ladder.clone().unwrap_or(first),
            reason: args.reason.clone().unwrap_or_else(|| format!("brought along from {}", plan.source)),
            named,
            digits: ladders().map(|ladder| (ladder.code.clone(), digits(ladder))).collect(),
        })
    }

    /// An amount in what the ladder counts.
    fn progress(&self, row: &Row<'_>, ladder: &str) -> Result<i64, String> {
        let Some(text) = row.text("progress")? else { return Ok(0) };
        let wrong = || format!("progress \"{text}\" is no amount of what counts on the ladder");
        let digits = self.digits.get(ladder).copied().unwrap_or(0);
        let amount: Decimal = text.replace(',', "").parse().map_err(|_| wrong())?;
        let minor = 10_i64.checked_pow(digits).and_then(|unit| amount.checked_mul(Decimal::from(unit)));
        let minor = minor.filter(|minor| minor.fract().is_zero() && !minor.is_sign_negative()).ok_or_else(wrong)?;
        i64::try_from(minor).map_err(|_| wrong())
    }
}

impl List for Tiers {
    type Item = Stood;

    const NAME: &'static str = "tiers";
    const FIELD: &'static str = "tiers";
    const UNIT: &'static str = "members";

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn telling(&self) -> String {
        format!("{} {:?} {:?} {:?}", self.ladder, self.named, self.digits, self.reason)
    }

    fn read(&self, row: &mut Row<'_>) -> Result<Stood, String> {
        let review_at = match (row.last_day("last-day")?, row.instant("review-time")?) {
            (Some(_), Some(_)) => return Err("last-day and review-time are both told".to_owned()),
            (day, time) => day.or(time),
        };
        let ladder = row.text("ladder")?.unwrap_or(&self.ladder).to_owned();
        let tier = row.required("tier")?;
        Ok(Stood {
            tier: self.named.get(tier).map_or(tier, String::as_str).to_owned(),
            since: row.instant("since")?.ok_or("since is empty")?,
            review_at,
            progress_minor: self.progress(row, &ladder)?,
            progress_at: row.instant("progress-time")?,
            reason: row.text("reason")?.unwrap_or(&self.reason).to_owned(),
            ladder,
        })
    }

    fn key(&self, who: &str, stood: &Stood) -> String {
        format!("{} {who}", stood.ladder)
    }

    fn since(&self, stood: &Stood) -> Option<Timestamp> {
        Some(stood.since)
    }

    fn counted(&self, stood: &Stood) -> Counted {
        Counted { group: format!("{} {}", stood.ladder, stood.tier), amount: 1 }
    }

    async fn tell(&self, suite: &Suite, asks: &[Asked<'_, Stood>]) -> Result<Vec<Outcome>, Status> {
        let request = long_call(ImportOpeningTiersRequest { tiers: asks.iter().map(told).collect() });
        let answer = suite.openings().import_opening_tiers(request).await?.into_inner();
        let outcomes = answer.outcomes.into_iter().map(|outcome| match outcome.receipt {
            Some(receipt) => {
                Outcome::Taken(Counted { group: format!("{} {}", receipt.ladder, receipt.to_tier), amount: 1 })
            }
            None => Outcome::refused(&outcome.refusal, &outcome.detail),
        });
        Ok(outcomes.collect())
    }
}

fn told(ask: &Asked<'_, Stood>) -> OpeningTier {
    let Asked { request_id, member, item, validate_only } = ask;
    OpeningTier {
        request_id: request_id.clone(),
        member: (*member).to_owned(),
        ladder: item.ladder.clone(),
        tier: item.tier.clone(),
        since_time: Some(proto::timestamp(item.since)),
        review_time: item.review_at.map(proto::timestamp),
        progress_minor: item.progress_minor,
        progress_time: item.progress_at.map(proto::timestamp),
        reason: item.reason.clone(),
        validate_only: *validate_only,
    }
}
