//! A benefit as people write it into a file.

use jiff::Timestamp;
use proto::loyalty::v1 as wire;
use proto::loyalty::v1::benefit::Kind as WireKind;
use serde::{Deserialize, Serialize};

use crate::basket::Which;
use crate::programme::Period;

/// A benefit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benefit {
    /// Names it for ever.
    pub code: String,
    /// What members read.
    pub display_name: String,
    /// What they read about it.
    #[serde(default)]
    pub description: String,
    /// For whom and when, as a condition.
    #[serde(default)]
    pub audience: String,
    /// What it is.
    pub kind: Kind,
    /// ISO 4217.
    pub currency: String,
    /// What one use would cost the member otherwise.
    #[serde(default)]
    pub worth_minor: i64,
    /// The shop sells it otherwise.
    #[serde(default)]
    pub normally_sold: bool,
    /// What one use costs the shop.
    #[serde(default)]
    pub cost_minor: i64,
    /// How often all members can use it.
    #[serde(default)]
    pub max_uses: i64,
    /// How often a member can, in each period.
    #[serde(default)]
    pub max_per_member: i64,
    /// Which.
    #[serde(default)]
    pub period: Option<Period>,
    /// From when on.
    #[serde(default)]
    pub from_time: Option<Timestamp>,
    /// Until when.
    #[serde(default)]
    pub until_time: Option<Timestamp>,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// Goods for so many percent less.
    PercentOff {
        /// How many.
        percent: i32,
        /// Which.
        #[serde(default)]
        goods: Which,
    },
    /// Goods for so much a unit.
    UnitPrice {
        /// How much.
        minor: i64,
        /// Which.
        #[serde(default)]
        goods: Which,
    },
    /// Goods that nobody else can buy.
    MemberOnly {
        /// Which.
        goods: Which,
    },
    /// Goods that can be bought earlier.
    EarlyAccess {
        /// Which.
        goods: Which,
        /// From when on by those for whom it is.
        members_from: Timestamp,
        /// From when on by everybody.
        everybody_from: Timestamp,
    },
    /// Delivery for nothing.
    FreeDelivery {
        /// At most so much.
        #[serde(default)]
        most_minor: i64,
    },
    /// Something to try.
    Tasting {
        /// Which product.
        product: String,
    },
    /// A seat at an event.
    EventSeat {
        /// When it begins.
        event_time: Timestamp,
    },
    /// A service others do not have.
    Service {},
    /// The shop gives to a good cause.
    Charity {
        /// Which.
        cause: String,
        /// How much.
        minor: i64,
    },
}

impl From<Kind> for WireKind {
    fn from(kind: Kind) -> Self {
        use wire::member_price::Price;
        match kind {
            Kind::PercentOff { percent, goods } => {
                let price = Some(Price::PercentOff(percent));
                Self::MemberPrice(wire::MemberPrice { goods: Some(goods.into()), price })
            }
            Kind::UnitPrice { minor, goods } => {
                let price = Some(Price::UnitMinor(minor));
                Self::MemberPrice(wire::MemberPrice { goods: Some(goods.into()), price })
            }
            Kind::MemberOnly { goods } => Self::MemberOnly(wire::MemberOnly { goods: Some(goods.into()) }),
            Kind::EarlyAccess { goods, members_from, everybody_from } => Self::EarlyAccess(wire::EarlyAccess {
                goods: Some(goods.into()),
                members_from_time: Some(proto::timestamp(members_from)),
                everybody_from_time: Some(proto::timestamp(everybody_from)),
            }),
            Kind::FreeDelivery { most_minor } => Self::MemberDelivery(wire::MemberDelivery { most_minor }),
            Kind::Tasting { product } => Self::Tasting(wire::Tasting { product }),
            Kind::EventSeat { event_time } => {
                Self::EventSeat(wire::EventSeat { event_time: Some(proto::timestamp(event_time)) })
            }
            Kind::Service {} => Self::ExclusiveService(wire::ExclusiveService {}),
            Kind::Charity { cause, minor } => Self::CharityGift(wire::CharityGift { cause, minor }),
        }
    }
}

impl From<Benefit> for wire::Benefit {
    fn from(said: Benefit) -> Self {
        Self {
            code: said.code,
            display_name: said.display_name,
            description: said.description,
            audience: said.audience,
            kind: Some(said.kind.into()),
            currency_code: said.currency,
            worth_minor: said.worth_minor,
            normally_sold: said.normally_sold,
            cost_minor: said.cost_minor,
            max_uses: said.max_uses,
            max_per_member: said.max_per_member,
            period: said.period.map_or(wire::LimitPeriod::Ever, Period::wire).into(),
            from_time: said.from_time.map(proto::timestamp),
            until_time: said.until_time.map(proto::timestamp),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_benefit_is_written_in_a_few_lines() {
        let kinds = [
            r#"{"percent_off":{"percent":10,"goods":{"products":["tea"]}}}"#,
            r#"{"unit_price":{"minor":80}}"#,
            r#"{"member_only":{"goods":{"categories":["rare"]}}}"#,
            r#"{"free_delivery":{}}"#,
            r#"{"event_seat":{"event_time":"2026-12-24T10:00:00Z"}}"#,
            r#"{"service":{}}"#,
            r#"{"charity":{"cause":"trees","minor":5}}"#,
        ];
        for kind in kinds {
            let text = format!(r#"{{"code":"a","display_name":"A","currency":"TWD","kind":{kind},"period":"month"}}"#);
            let read: Benefit = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{kind}: {error}"));
            assert!(wire::Benefit::from(read).kind.is_some());
        }
    }
}
