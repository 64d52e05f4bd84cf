//! What events mean to missions: orders with their lines, and what comes back of each.

use eventlog::{CannotApply, HeardEvent};
use jiff::Timestamp;
use kernel::{Currency, OrderId};
use proto::activity::events::v1::{OrderRecorded, OrderReturned, ReturnedLine};

use super::{instant, read_id, unreadable};
use crate::mission::facts::{Back, Line, Order};
use crate::mission::{Deed, DeedKind};

pub(super) fn of_missions(event: &HeardEvent) -> Result<Vec<Deed>, CannotApply> {
    let (member, kinds) = if let Some(order) = event.payload::<OrderRecorded>() {
        let order = order?;
        let bought = bought(&order)?;
        let (id, whole) = (bought.order, false);
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
