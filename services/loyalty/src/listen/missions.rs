//! What events mean to missions: orders with their lines, and what comes back of each.

use eventlog::{CannotApply, HeardEvent};
use jiff::Timestamp;
use kernel::{Currency, OrderId};
use proto::activity::events::v1::{OrderRecorded, OrderReturned, ReturnedLine};

use super::{instant, is_whole, read_id, unreadable};
use crate::mission::facts::{Back, Line, Order};
use crate::mission::{Deed, DeedKind};

pub(super) fn of_missions(event: &HeardEvent) -> Result<Vec<Deed>, CannotApply> {
    let (member, kinds) = if let Some(order) = event.payload::<OrderRecorded>() {
        let order = order?;
        let bought = bought(&order)?;
        let id = bought.order;
        let whole = came_back_whole(&order);
        let before =
            (!order.returned.is_empty()).then(|| DeedKind::Returned { order: id, lines: back(&order.returned), whole });
        (order.member, [DeedKind::Bought(bought)].into_iter().chain(before).collect::<Vec<_>>())
    } else if let Some(returned) = event.payload::<OrderReturned>() {
        let returned = returned?;
        let order = OrderId::parse(&returned.order).map_err(unreadable)?;
        let kind = DeedKind::Returned { order, lines: back(&returned.lines), whole: returned.whole };
        (returned.member, vec![kind])
    } else {
        return Ok(Vec::new());
    };
    if member.is_empty() {
        return Ok(Vec::new());
    }
    let (tenant, member) = (event.tenant, read_id(&member)?);
    Ok(kinds.into_iter().map(|kind| Deed { tenant, member, kind }).collect())
}

/// Whether all of a guest's order had come back before it joined.
fn came_back_whole(order: &OrderRecorded) -> bool {
    let sum = |amounts: &mut dyn Iterator<Item = i64>| amounts.fold(0_i64, i64::saturating_add);
    let returned = sum(&mut order.returned.iter().map(|line| line.amount_minor));
    let net = sum(&mut order.lines.iter().map(|line| line.gross_minor.saturating_sub(line.discount_minor)));
    !order.returned.is_empty() && is_whole(order, returned, net)
}

fn bought(order: &OrderRecorded) -> Result<Order, CannotApply> {
    let lines = order.lines.iter().map(|line| Line {
        number: line.number,
        product: line.product.clone(),
        category: line.category.clone(),
        quantity: line.quantity,
        gross_minor: line.gross_minor,
        discount_minor: line.discount_minor,
        back_quantity: 0,
        back_minor: 0,
    });
    Ok(Order {
        order: OrderId::parse(&order.order).map_err(unreadable)?,
        at: instant(order.occur_time.as_ref(), Timestamp::UNIX_EPOCH)?,
        currency: Currency::parse(&order.currency_code).map_err(unreadable)?,
        channel: order.channel.clone(),
        touchpoint: order.touchpoint.clone(),
        lines: lines.collect(),
        whole: false,
        who: None,
        touched: false,
    })
}

fn back(lines: &[ReturnedLine]) -> Vec<Back> {
    let read = |line: &ReturnedLine| Back { number: line.number, quantity: line.quantity, minor: line.amount_minor };
    lines.iter().map(read).collect()
}
