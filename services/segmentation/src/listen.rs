//! What segmentation hears: orders and returns from activity, enrolments and tenants from registry.
//!
//! An event becomes a deed here, and the desk applies it. Guests' orders, adjustments and unmatched credits say nothing of
//! a member. Loyalty is heard so that a token of it can be waited for.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use eventlog::{CannotApply, Heard, HeardEvent, Listener};
use jiff::Timestamp;
use kernel::{Currency, MemberId, OrderId};
use proto::activity::events::v1::{OrderRecorded, OrderReturned};
use proto::registry::events::v1::MemberEnrolled;

use crate::members::purchase::{CategoryPart, Purchase, Return, cost_share};
use crate::members::{Deed, DeedKind, Members};

/// Listens for members.
pub(crate) struct Ear {
    members: Members,
}

impl Ear {
    pub(crate) const fn new(members: Members) -> Self {
        Self { members }
    }
}

#[async_trait]
impl Listener for Ear {
    async fn hear(&self, heard: Arc<Heard>) -> Result<(), CannotApply> {
        let mut deeds = Vec::with_capacity(heard.events.len());
        for event in &heard.events {
            deeds.extend(deed(event)?.map(|kind| Deed { tenant: event.tenant, kind }));
        }
        self.members.hear(heard, deeds).await
    }
}

fn deed(event: &HeardEvent) -> Result<Option<DeedKind>, CannotApply> {
    if let Some(order) = event.payload::<OrderRecorded>() {
        let order = order?;
        return if order.member.is_empty() { Ok(None) } else { bought(&order).map(Some) };
    }
    if let Some(back) = event.payload::<OrderReturned>() {
        let back = back?;
        return if back.member.is_empty() { Ok(None) } else { returned(back).map(Some) };
    }
    if let Some(enrolled) = event.payload::<MemberEnrolled>() {
        let enrolled = enrolled?;
        let at = instant(enrolled.join_time.as_ref(), event.occurred_at)?;
        return Ok(Some(DeedKind::Joined { member: member(&enrolled.member)?, at }));
    }
    terms::heard(event).map(|settled| Ok(DeedKind::Settled(settled?))).transpose()
}

fn bought(order: &OrderRecorded) -> Result<DeedKind, CannotApply> {
    let occurred_at = instant(order.occur_time.as_ref(), Timestamp::UNIX_EPOCH)?;
    let lines = || order.lines.iter();
    let cost_minor = lines()
        .map(|line| line.cost_minor)
        .try_fold(0_i64, |sum, cost| Some(sum.saturating_add(cost?)))
        .filter(|_| !order.lines.is_empty());
    let net_minor =
        lines().fold(0_i64, |sum, line| sum.saturating_add(line.gross_minor.saturating_sub(line.discount_minor)));
    let mut purchase = Purchase {
        order: OrderId::parse(&order.order).map_err(unreadable)?,
        occurred_at,
        currency: Currency::parse(&order.currency_code).map_err(unreadable)?,
        net_minor,
        cost_minor,
        channel: order.channel.clone(),
        categories: categories(order),
        returns: Vec::new(),
    };
    if !order.returned.is_empty() {
        // When a guest's goods came back is not said: it counts as if they had never been kept.
        let back = order.returned.iter().fold(0_i64, |sum, line| sum.saturating_add(line.amount_minor));
        let bought = lines().fold(0_i64, |sum, line| sum.saturating_add(line.quantity));
        let returned = order.returned.iter().fold(0_i64, |sum, line| sum.saturating_add(line.quantity));
        // As activity decides it: by money, or by units where nothing was paid.
        let whole = if net_minor > 0 { back >= net_minor } else { returned >= bought };
        let cost_minor = cost_share(&purchase, back, whole);
        purchase.returns.push(Return { cause: "joined".to_owned(), occurred_at, net_minor: back, cost_minor, whole });
    }
    Ok(DeedKind::Bought { member: member(&order.member)?, purchase, historic: order.historic })
}

fn categories(order: &OrderRecorded) -> Vec<CategoryPart> {
    let mut parts: BTreeMap<&str, CategoryPart> = BTreeMap::new();
    for line in &order.lines {
        let net_minor = line.gross_minor.saturating_sub(line.discount_minor);
        let nothing = || CategoryPart { name: line.category.clone(), net_minor: 0, cost_minor: Some(0), quantity: 0 };
        let part = parts.entry(&line.category).or_insert_with(nothing);
        part.net_minor = part.net_minor.saturating_add(net_minor);
        part.cost_minor = part.cost_minor.zip(line.cost_minor).map(|(sum, cost)| sum.saturating_add(cost));
        part.quantity = part.quantity.saturating_add(line.quantity);
    }
    parts.into_values().collect()
}

fn returned(back: OrderReturned) -> Result<DeedKind, CannotApply> {
    Ok(DeedKind::Returned {
        member: member(&back.member)?,
        order: OrderId::parse(&back.order).map_err(unreadable)?,
        returned_minor: back.returned_minor,
        whole: back.whole,
        occurred_at: instant(back.occur_time.as_ref(), Timestamp::UNIX_EPOCH)?,
        historic: back.historic,
        cause: back.return_id,
    })
}

fn member(text: &str) -> Result<MemberId, CannotApply> {
    MemberId::parse(text).map_err(unreadable)
}

fn instant(wire: Option<&prost_types::Timestamp>, otherwise: Timestamp) -> Result<Timestamp, CannotApply> {
    wire.map_or(Ok(otherwise), |wire| proto::instant(wire).map_err(unreadable))
}

fn unreadable(error: impl std::fmt::Display) -> CannotApply {
    CannotApply::Event(format!("the event cannot be read: {error}"))
}
