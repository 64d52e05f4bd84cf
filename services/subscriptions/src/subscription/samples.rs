//! A plan and a subscription to it, for the tests of the rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kernel::{Currency, MemberId, SubscriptionId};
use uuid::Uuid;

use super::standing::{Standing, State};
use crate::plan::cadence::{Cadence, Schedule, Unit, Zone};
use crate::plan::terms::{CatchUp, Kind, Line, Plan};

/// Coffee for 300 every week, from 10 January 2026 at ten in Taipei.
pub(super) fn coffee() -> Plan {
    let line = Line { product: "coffee".to_owned(), category: String::new(), quantity: 3, unit_price_minor: 100 };
    Plan {
        code: "coffee".to_owned(),
        version: 1,
        display_name: "Coffee".to_owned(),
        kind: Kind::Goods { lines: vec![line] },
        currency: Currency::parse("TWD").expect("it is one"),
        cadence: Cadence { every: 1, unit: Unit::Week },
        retry_days: vec![1, 3],
        catch_up: CatchUp::Latest,
        charge_offset_days: 0,
        end_after_unpaid: 0,
        recorded_at: Timestamp::UNIX_EPOCH,
    }
}

pub(super) fn begun(plan: Plan) -> Standing {
    let started_at = at("2026-01-10T02:00:00Z");
    let zone = Zone::parse("Asia/Taipei").expect("known");
    Standing {
        id: SubscriptionId::from(Uuid::from_u128(1)),
        member: MemberId::from(Uuid::from_u128(2)),
        schedule: Schedule { cadence: plan.cadence, anchor: zone.wall(started_at), zone, base: 0 },
        plan: Arc::new(plan),
        state: State::Active,
        since: started_at,
        reason: String::new(),
        changes: 1,
        next: 0,
        token: "sandbox_ok".to_owned(),
        by_provider: false,
        awaits_card: false,
        unpaid_in_row: 0,
        last_paid: None,
        membership: None,
        former: None,
        started_at,
        occurrences: BTreeMap::new(),
        placed: Vec::new(),
        answered: Vec::new(),
        orders: Vec::new(),
        changed: Vec::new(),
        news: Vec::new(),
    }
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}
