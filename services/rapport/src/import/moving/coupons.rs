//! `rapport import coupons FILE`: coupons that members hold and have not used, each with the time it has.

use jiff::Timestamp;
use proto::loyalty::v1::{ImportOpeningCouponsRequest, OpeningCoupon};
use tonic::Status;

use super::List;
use super::args::CouponsArgs;
use super::plan::Plan;
use super::reckoning::Counted;
use super::sheet::{Column, Row};
use super::taking::{Asked, Outcome};
use crate::client::{Suite, long_call};

/// What a file of coupons has, beside whose they are.
const COLUMNS: [Column; 6] = [
    Column { name: "reference", required: true },
    Column { name: "campaign", required: false },
    Column { name: "valid-from", required: false },
    Column { name: "last-day", required: false },
    Column { name: "valid-until", required: false },
    Column { name: "reason", required: false },
];

/// How coupons are read.
#[derive(Debug)]
pub struct Coupons {
    campaign: Option<String>,
    never_lapses: bool,
    reason: String,
    source: String,
}

/// One coupon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    reference: String,
    campaign: String,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    reason: String,
}

impl Coupons {
    /// As the command line says.
    pub fn of(args: &CouponsArgs, plan: &Plan) -> Self {
        Self {
            campaign: args.campaign.clone(),
            never_lapses: args.never_lapses,
            reason: args.reason.clone().unwrap_or_else(|| format!("brought along from {}", plan.source)),
            source: plan.source.clone(),
        }
    }
}

impl List for Coupons {
    type Item = Held;

    const NAME: &'static str = "coupons";
    const FIELD: &'static str = "coupons";
    const UNIT: &'static str = "coupons";

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn telling(&self) -> String {
        format!("{:?} {} {:?}", self.campaign, self.never_lapses, self.reason)
    }

    fn read(&self, row: &mut Row<'_>) -> Result<Held, String> {
        let until = match (row.last_day("last-day")?, row.instant("valid-until")?) {
            (Some(_), Some(_)) => return Err("last-day and valid-until are both told".to_owned()),
            (None, None) if !self.never_lapses => {
                return Err("neither last-day nor valid-until is told; with --never-lapses such coupons keep for ever"
                    .to_owned());
            }
            (day, time) => day.or(time),
        };
        let campaign = row.text("campaign")?.or(self.campaign.as_deref());
        Ok(Held {
            reference: format!("{}:{}", self.source, row.required("reference")?),
            campaign: campaign.ok_or("campaign is empty, and no --campaign is told")?.to_owned(),
            from: row.instant("valid-from")?,
            until,
            reason: row.text("reason")?.unwrap_or(&self.reason).to_owned(),
        })
    }

    fn key(&self, who: &str, held: &Held) -> String {
        format!("{} {who}", held.reference)
    }

    /// A coupon does not say since when its member is one: whoever is new joins now.
    fn since(&self, _held: &Held) -> Option<Timestamp> {
        None
    }

    fn counted(&self, held: &Held) -> Counted {
        Counted { group: held.campaign.clone(), amount: 1 }
    }

    async fn tell(&self, suite: &Suite, asks: &[Asked<'_, Held>]) -> Result<Vec<Outcome>, Status> {
        let request = long_call(ImportOpeningCouponsRequest { coupons: asks.iter().map(told).collect() });
        let answer = suite.openings().import_opening_coupons(request).await?.into_inner();
        let outcomes = asks.iter().zip(answer.outcomes).map(|(ask, outcome)| match outcome.receipt {
            Some(_) => Outcome::Taken(self.counted(ask.item)),
            None => Outcome::refused(&outcome.refusal, &outcome.detail),
        });
        Ok(outcomes.collect())
    }
}

fn told(ask: &Asked<'_, Held>) -> OpeningCoupon {
    let Asked { request_id, member, item, validate_only } = ask;
    OpeningCoupon {
        request_id: request_id.clone(),
        member: (*member).to_owned(),
        campaign: item.campaign.clone(),
        reference: item.reference.clone(),
        valid_from_time: item.from.map(proto::timestamp),
        valid_until_time: item.until.map(proto::timestamp),
        reason: item.reason.clone(),
        validate_only: *validate_only,
    }
}
