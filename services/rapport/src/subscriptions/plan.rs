//! A plan as people write it into a file, and as the wire carries it.

use proto::subscriptions::v1 as wire;
use serde::{Deserialize, Serialize};

use super::Rhythm;

/// What can be subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Names the plan for ever.
    pub code: String,
    /// Which version this is; said by the suite, never asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// What members read.
    pub display_name: String,
    /// ISO 4217 of all amounts.
    pub currency: String,
    /// `1 month`, `2 weeks`.
    pub every: Rhythm,
    /// What it is about.
    pub what: What,
    /// Days after the first attempt on which a charge is tried again; none at all where the list is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_days: Option<Vec<i32>>,
    /// Whether all occurrences that fell due in an outage are charged, instead of the latest.
    #[serde(default)]
    pub catch_up_all: bool,
    /// Days from the occurrence to its charge.
    #[serde(default)]
    pub charge_offset_days: i32,
    /// So many unpaid occurrences in a row end the subscription; never where 0.
    #[serde(default)]
    pub end_after_unpaid: i32,
}

/// Goods, or a membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// Each paid occurrence becomes an order.
    Goods {
        /// What one occurrence holds.
        lines: Vec<Line>,
    },
    /// Each paid occurrence extends it by a term.
    Membership {
        /// What one term costs, in minor units.
        fee_minor: i64,
        /// What it opens.
        entitlements: Vec<String>,
        /// Days after its term in which it still opens that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grace_days: Option<i32>,
        /// Months after its term within which a payment runs on from the old date.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        renew_within_months: Option<i32>,
    },
}

/// One product of an occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The shop's product code.
    pub product: String,
    /// The product's own where not said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// How many.
    pub quantity: i64,
    /// Price of one in minor units.
    pub unit_price_minor: i64,
}

impl From<Plan> for wire::Plan {
    fn from(file: Plan) -> Self {
        let catch_up = if file.catch_up_all { wire::CatchUp::All } else { wire::CatchUp::Latest };
        let plan = Self {
            code: file.code,
            display_name: file.display_name,
            currency_code: file.currency,
            cadence: Some(file.every.cadence()),
            no_retries: file.retry_days.as_ref().is_some_and(Vec::is_empty),
            retry_days: file.retry_days.unwrap_or_default(),
            catch_up: catch_up.into(),
            charge_offset_days: file.charge_offset_days,
            end_after_unpaid: file.end_after_unpaid,
            ..Self::default()
        };
        match file.what {
            What::Goods { lines } => Self {
                kind: wire::PlanKind::Goods.into(),
                lines: lines.into_iter().map(wire::PlanLine::from).collect(),
                ..plan
            },
            What::Membership { fee_minor, entitlements, grace_days, renew_within_months } => Self {
                kind: wire::PlanKind::Membership.into(),
                fee_minor,
                entitlements,
                grace_days,
                renew_within_months,
                ..plan
            },
        }
    }
}

impl From<wire::Plan> for Plan {
    fn from(wire: wire::Plan) -> Self {
        let what = match wire.kind() {
            wire::PlanKind::Membership => What::Membership {
                fee_minor: wire.fee_minor,
                entitlements: wire.entitlements.clone(),
                grace_days: wire.grace_days,
                renew_within_months: wire.renew_within_months,
            },
            wire::PlanKind::Goods | wire::PlanKind::Unspecified => {
                What::Goods { lines: wire.lines.iter().cloned().map(Line::from).collect() }
            }
        };
        Self {
            what,
            version: Some(wire.version),
            retry_days: Some(if wire.no_retries { Vec::new() } else { wire.retry_days.clone() }),
            catch_up_all: wire.catch_up() == wire::CatchUp::All,
            every: wire.cadence.unwrap_or_default().into(),
            code: wire.code,
            display_name: wire.display_name,
            currency: wire.currency_code,
            charge_offset_days: wire.charge_offset_days,
            end_after_unpaid: wire.end_after_unpaid,
        }
    }
}

impl From<Line> for wire::PlanLine {
    fn from(line: Line) -> Self {
        let Line { product, category, quantity, unit_price_minor } = line;
        Self { product, category, quantity, unit_price_minor }
    }
}

impl From<wire::PlanLine> for Line {
    fn from(line: wire::PlanLine) -> Self {
        let wire::PlanLine { product, category, quantity, unit_price_minor } = line;
        Self { product, category, quantity, unit_price_minor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_to_the_wire_and_back_unchanged() {
        for text in [
            r#"{"code":"beans","display_name":"每月咖啡","currency":"TWD","every":"1 month","retry_days":[1,3],
                "what":{"goods":{"lines":[{"product":"beans-250","quantity":2,"unit_price_minor":420}]}}}"#,
            r#"{"code":"plus","display_name":"Plus","currency":"TWD","every":"1 year","retry_days":[],
                "what":{"membership":{"fee_minor":1200,"entitlements":["tasting"],"grace_days":14}}}"#,
        ] {
            let file: Plan = serde_json::from_str(text).expect("it reads");
            let back = Plan::from(wire::Plan::from(file.clone()));
            assert_eq!(Plan { version: None, ..back }, file);
            let printed = serde_json::to_string(&file).expect("it prints");
            assert_eq!(serde_json::from_str::<Plan>(&printed).expect("what is printed reads"), file);
        }
    }

    #[test]
    fn what_makes_no_plan_is_said() {
        let says = |text: &str| serde_json::from_str::<Plan>(text).expect_err("it is none").to_string();
        let rhythm =
            r#"{"code":"a","display_name":"A","currency":"TWD","every":"often","what":{"goods":{"lines":[]}}}"#;
        assert!(says(rhythm).contains("is no rhythm"), "{}", says(rhythm));
        let kind = r#"{"code":"a","display_name":"A","currency":"TWD","every":"1 day","what":{"raffle":{}}}"#;
        assert!(says(kind).contains("raffle"), "{}", says(kind));
    }
}
