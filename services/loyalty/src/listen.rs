//! What loyalty hears: orders and returns from activity, enrolments and tenants from registry.
//!
//! An event becomes a deed here, and the desk applies it. Guests' orders, adjustments and unmatched credits mean
//! nothing to points.

mod missions;

use std::sync::Arc;

use async_trait::async_trait;
use eventlog::{CannotApply, Heard, HeardEvent, Listener};
use jiff::{SignedDuration, Timestamp};
use kernel::{Currency, MemberId, OrderId};
use proto::activity::events::v1::{OrderRecorded, OrderReturned};
use proto::registry::events::v1::MemberEnrolled;

use crate::account::earning::{LineFacts, OrderFacts};
use crate::account::reversing::ReturnFacts;
use crate::account::{Accounts, Deed, DeedKind};
use crate::planning::Told;
use crate::reservation;
use crate::reservation::life::OrderKey;

/// Who joined longer before registry wrote it down than this belongs to a history that is being loaded.
const LATE: SignedDuration = SignedDuration::from_hours(24);

/// Listens for accounts.
pub(crate) struct Ear {
    accounts: Accounts,
}

impl Ear {
    pub(crate) const fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }
}

#[async_trait]
impl Listener for Ear {
    async fn hear(&self, heard: Arc<Heard>) -> Result<(), CannotApply> {
        let (mut deeds, mut coupons, mut missions) = (Vec::with_capacity(heard.events.len()), Vec::new(), Vec::new());
        for event in &heard.events {
            deeds.extend(deed(event)?);
            coupons.extend(of_coupons(event)?);
            missions.extend(missions::of_missions(event)?);
        }
        self.accounts.hear(heard, deeds, (coupons, missions)).await
    }
}

/// What an event of activity means to whoever looks back. What cannot be read was put aside when it was heard.
pub(crate) fn told(event: &HeardEvent) -> Option<Told> {
    Told::of(deed(event).ok()??, event.recorded_at())
}

fn deed(event: &HeardEvent) -> Result<Option<Deed>, CannotApply> {
    if let Some(settled) = terms::heard(event) {
        return Ok(Some(Deed { tenant: event.tenant, member: None, kind: DeedKind::TenantSettled(settled?) }));
    }
    let (member, kind) = if let Some(order) = event.payload::<OrderRecorded>() {
        let order = order?;
        if order.member.is_empty() {
            return Ok(None);
        }
        (read_id(&order.member)?, bought(&order)?)
    } else if let Some(back) = event.payload::<OrderReturned>() {
        let back = back?;
        if back.member.is_empty() {
            return Ok(None);
        }
        (read_id(&back.member)?, DeedKind::Returned(returned(&back)?))
    } else if let Some(enrolled) = event.payload::<MemberEnrolled>() {
        let enrolled = enrolled?;
        let at = instant(enrolled.join_time.as_ref(), event.occurred_at)?;
        let historic = event.recorded_at().duration_since(at) > LATE;
        (read_id(&enrolled.member)?, DeedKind::Joined { at, channel: enrolled.acquisition_source, historic })
    } else {
        return Ok(None);
    };
    Ok(Some(Deed { tenant: event.tenant, member: Some(member), kind }))
}

/// What an event means to coupons that were used for an order.
fn of_coupons(event: &HeardEvent) -> Result<Vec<reservation::Deed>, CannotApply> {
    let (member, kinds) = if let Some(order) = event.payload::<OrderRecorded>() {
        let order = order?;
        let DeedKind::Bought { back, .. } = bought(&order)? else { return Ok(Vec::new()) };
        let id = OrderId::parse(&order.order).map_err(unreadable)?;
        let key = OrderKey { source: order.source, number: order.external_id };
        let came_back = back.filter(|back| back.whole).map(|back| (id, back.occurred_at));
        let came_back = came_back.map(|(order, at)| reservation::DeedKind::CameBack { order, at });
        let ordered = reservation::DeedKind::Ordered { order: id, key };
        (order.member, [ordered].into_iter().chain(came_back).collect())
    } else if let Some(back) = event.payload::<OrderReturned>() {
        let back = back?;
        let facts = returned(&back)?;
        let came_back = reservation::DeedKind::CameBack { order: facts.order, at: facts.occurred_at };
        let counts = back.whole && !back.avoids_chargeback;
        (back.member, counts.then_some(came_back).into_iter().collect::<Vec<_>>())
    } else {
        return Ok(Vec::new());
    };
    if member.is_empty() {
        return Ok(Vec::new());
    }
    let (tenant, member) = (event.tenant, read_id(&member)?);
    Ok(kinds.into_iter().map(|kind| reservation::Deed { tenant, member, kind }).collect())
}

fn bought(order: &OrderRecorded) -> Result<DeedKind, CannotApply> {
    let id = OrderId::parse(&order.order).map_err(unreadable)?;
    let occurred_at = instant(order.occur_time.as_ref(), Timestamp::UNIX_EPOCH)?;
    let facts = OrderFacts {
        order: id,
        currency: Currency::parse(&order.currency_code).map_err(unreadable)?,
        lines: order
            .lines
            .iter()
            .map(|line| LineFacts {
                product: line.product.clone(),
                category: line.category.clone(),
                quantity: line.quantity,
                gross_minor: line.gross_minor,
                discount_minor: line.discount_minor,
                tax_minor: line.tax_minor,
            })
            .collect(),
        channel: order.channel.clone(),
        touchpoint: order.touchpoint.clone(),
        points_paid_minor: order.points_paid_minor,
        occurred_at,
        received_at: order.receive_time.as_ref().map(|at| proto::instant(at).map_err(unreadable)).transpose()?,
        historic: order.historic,
    };
    let returned_minor = order.returned.iter().fold(0_i64, |sum, line| sum.saturating_add(line.amount_minor));
    let net_minor = facts
        .lines
        .iter()
        .fold(0_i64, |sum, line| sum.saturating_add(line.gross_minor.saturating_sub(line.discount_minor)));
    let back = (!order.returned.is_empty()).then(|| ReturnFacts {
        order: id,
        cause: order.order.clone(),
        returned_minor,
        whole: is_whole(order, returned_minor, net_minor),
        occurred_at,
        historic: order.historic,
    });
    Ok(DeedKind::Bought { order: facts, back })
}

/// Whether all of a guest's order had come back: what cost nothing is told by its units.
fn is_whole(order: &OrderRecorded, returned_minor: i64, net_minor: i64) -> bool {
    let back = |line: i32| {
        let units = order.returned.iter().filter(|back| back.number == line).map(|back| back.quantity);
        units.fold(0_i64, i64::saturating_add)
    };
    match net_minor {
        0 => order.lines.iter().all(|line| back(line.number) >= line.quantity),
        _ => returned_minor >= net_minor,
    }
}

fn returned(back: &OrderReturned) -> Result<ReturnFacts, CannotApply> {
    Ok(ReturnFacts {
        order: OrderId::parse(&back.order).map_err(unreadable)?,
        cause: back.return_id.clone(),
        returned_minor: back.returned_minor,
        whole: back.whole,
        occurred_at: instant(back.occur_time.as_ref(), Timestamp::UNIX_EPOCH)?,
        historic: back.historic,
    })
}

fn read_id(text: &str) -> Result<MemberId, CannotApply> {
    MemberId::parse(text).map_err(unreadable)
}

fn instant(wire: Option<&prost_types::Timestamp>, otherwise: Timestamp) -> Result<Timestamp, CannotApply> {
    wire.map_or(Ok(otherwise), |wire| proto::instant(wire).map_err(unreadable))
}

fn unreadable(error: impl std::fmt::Display) -> CannotApply {
    CannotApply::Event(format!("the event cannot be read: {error}"))
}
