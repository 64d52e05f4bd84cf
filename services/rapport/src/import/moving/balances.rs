//! `rapport import balances FILE`: points by lots, each with the time it keeps; or what is owed.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::calendar::day_of;
use proto::loyalty::v1::{ImportOpeningLotsRequest, OpeningLot};
use tonic::Status;

use super::List;
use super::args::BalancesArgs;
use super::plan::Plan;
use super::reckoning::Counted;
use super::sheet::{Column, Row};
use super::taking::{Asked, Outcome};
use crate::client::{Suite, long_call};

/// What a file of lots has, beside whose they are.
const COLUMNS: [Column; 8] = [
    Column { name: "reference", required: true },
    Column { name: "points", required: true },
    Column { name: "earned", required: true },
    Column { name: "last-day", required: false },
    Column { name: "lapse-time", required: false },
    Column { name: "usable", required: false },
    Column { name: "wallet", required: false },
    Column { name: "reason", required: false },
];

/// How lots are read.
#[derive(Debug)]
pub struct Balances {
    wallet: String,
    never_lapses: bool,
    reason: String,
    source: String,
    zone: TimeZone,
}

/// One lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    reference: String,
    wallet: String,
    points: i64,
    earned_at: Timestamp,
    usable_from: Option<Timestamp>,
    lapses_at: Option<Timestamp>,
    reason: String,
}

impl Balances {
    /// As the command line says.
    pub fn of(args: &BalancesArgs, plan: &Plan) -> Self {
        Self {
            wallet: args.wallet.clone(),
            never_lapses: args.never_lapses,
            reason: args.reason.clone().unwrap_or_else(|| format!("brought along from {}", plan.source)),
            source: plan.source.clone(),
            zone: plan.zone.clone(),
        }
    }

    /// The wallet and the month of the last day.
    fn group(&self, wallet: &str, points: i64, lapses_at: Option<Timestamp>) -> String {
        let wallet = if wallet.is_empty() { "points" } else { wallet };
        let last_day = lapses_at.and_then(|at| at.checked_sub(jiff::SignedDuration::from_micros(1)).ok());
        match last_day.map(|at| day_of(at, &self.zone)) {
            _ if points < 0 => format!("{wallet} owed"),
            Some(day) => format!("{wallet} {:04}-{:02}", day.year(), day.month()),
            None => format!("{wallet} never"),
        }
    }
}

impl List for Balances {
    type Item = Lot;

    const NAME: &'static str = "balances";
    const FIELD: &'static str = "lots";
    const UNIT: &'static str = "points";

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn telling(&self) -> String {
        format!("{:?} {} {:?}", self.wallet, self.never_lapses, self.reason)
    }

    fn read(&self, row: &mut Row<'_>) -> Result<Lot, String> {
        let points = row.whole("points")?;
        if points == 0 {
            return Err("points is 0".to_owned());
        }
        let lapses_at = match (row.last_day("last-day")?, row.instant("lapse-time")?) {
            (Some(_), Some(_)) => return Err("last-day and lapse-time are both told".to_owned()),
            (None, None) if points > 0 && !self.never_lapses => {
                return Err(
                    "neither last-day nor lapse-time is told; with --never-lapses such lots keep for ever".to_owned()
                );
            }
            (day, time) => day.or(time),
        };
        Ok(Lot {
            reference: format!("{}:{}", self.source, row.required("reference")?),
            wallet: row.text("wallet")?.unwrap_or(&self.wallet).to_owned(),
            points,
            earned_at: row.instant("earned")?.ok_or("earned is empty")?,
            usable_from: row.instant("usable")?.filter(|_| points > 0),
            lapses_at: lapses_at.filter(|_| points > 0),
            reason: row.text("reason")?.unwrap_or(&self.reason).to_owned(),
        })
    }

    fn key(&self, _who: &str, lot: &Lot) -> String {
        format!("{} {}", lot.wallet, lot.reference)
    }

    fn since(&self, lot: &Lot) -> Option<Timestamp> {
        Some(lot.earned_at)
    }

    fn counted(&self, lot: &Lot) -> Counted {
        Counted { group: self.group(&lot.wallet, lot.points, lot.lapses_at), amount: lot.points }
    }

    async fn tell(&self, suite: &Suite, asks: &[Asked<'_, Lot>]) -> Result<Vec<Outcome>, Status> {
        let lots = asks.iter().map(told).collect();
        let request = long_call(ImportOpeningLotsRequest { lots });
        let answer = suite.openings().import_opening_lots(request).await?.into_inner();
        let outcomes = asks.iter().zip(answer.outcomes).map(|(ask, outcome)| match outcome.receipt {
            Some(receipt) => {
                let lapses_at = receipt.lapse_time.as_ref().and_then(|time| proto::instant(time).ok());
                let group = self.group(&ask.item.wallet, receipt.points, lapses_at);
                Outcome::Taken(Counted { group, amount: receipt.points })
            }
            None => Outcome::refused(&outcome.refusal, &outcome.detail),
        });
        Ok(outcomes.collect())
    }
}

fn told(ask: &Asked<'_, Lot>) -> OpeningLot {
    let Asked { request_id, member, item, validate_only } = ask;
    OpeningLot {
        request_id: request_id.clone(),
        member: (*member).to_owned(),
        wallet: item.wallet.clone(),
        reference: item.reference.clone(),
        points: item.points,
        earn_time: Some(proto::timestamp(item.earned_at)),
        lapse_time: item.lapses_at.map(proto::timestamp),
        usable_time: item.usable_from.map(proto::timestamp),
        reason: item.reason.clone(),
        validate_only: *validate_only,
        explain: false,
    }
}
