//! The laws of where a member stands, as tables.

mod groups;
mod stages;
mod values;
mod windows;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kernel::{Currency, OrderId};
use uuid::Uuid;

use super::frame::Frame;
use super::purchase::{CategoryPart, Purchase};
use crate::scheme::terms::Scheme;

/// The noon everything is counted back from.
pub(super) fn noon() -> Timestamp {
    "2026-06-15T12:00:00Z".parse().expect("an instant")
}

/// So many days before noon.
pub(super) fn days_ago(days: i64) -> Timestamp {
    noon() - SignedDuration::from_hours(24 * days)
}

pub(super) fn twd() -> Currency {
    Currency::parse("TWD").expect("listed")
}

pub(super) fn frame(scheme: Scheme) -> Frame {
    Frame::new(1, scheme, Some(twd()), TimeZone::UTC)
}

/// A purchase of so much, of one category.
pub(super) fn bought(number: u128, occurred_at: Timestamp, net_minor: i64, category: &str) -> Purchase {
    Purchase {
        order: OrderId::from(Uuid::from_u128(number)),
        occurred_at,
        currency: twd(),
        net_minor,
        cost_minor: Some(net_minor / 2),
        channel: "web".to_owned(),
        categories: vec![CategoryPart { name: category.to_owned(), net_minor, cost_minor: None, quantity: 1 }],
        returns: Vec::new(),
    }
}

/// Purchases of 100 so many days ago.
pub(super) fn bought_days_ago(days: &[i64]) -> Vec<Purchase> {
    let numbered = days.iter().zip(1_u128..);
    numbered.map(|(days, number)| bought(number, days_ago(*days), 100, "coffee")).collect()
}
