//! What the others hear when a guest's order becomes a member's.

use eventlog::NewEvent;
use kernel::{MemberId, Shard, TenantId, rounding};
use proto::activity::events::v1 as says;
use terms::Settled;

use crate::orders::{Line, Order};

/// An event for each order, in their order.
pub fn joined(tenant: TenantId, member: MemberId, orders: &[Order], terms: &Settled) -> Vec<NewEvent> {
    orders
        .iter()
        .map(|order| {
            let said = recorded(member, order, terms.digits_of(order.currency));
            NewEvent::new(tenant, Shard::of_member(member), member, order.occurred_at, &said)
        })
        .collect()
}

fn recorded(member: MemberId, order: &Order, digits: u32) -> says::OrderRecorded {
    let back = order.lines.iter().filter(|line| line.returned_quantity > 0 || line.returned_minor > 0);
    says::OrderRecorded {
        order: order.order.to_string(),
        member: member.to_string(),
        source: order.source.clone(),
        external_id: order.external_id.clone(),
        channel: order.channel.clone(),
        touchpoint: order.touchpoint.clone(),
        currency_code: order.currency.to_string(),
        lines: order.lines.iter().map(|line| said_line(line, digits)).collect(),
        points_paid_minor: order.points_paid_minor,
        occur_time: Some(proto::timestamp(order.occurred_at)),
        receive_time: order.received_at.map(proto::timestamp),
        historic: order.historic,
        joined: true,
        returned: back
            .map(|line| says::ReturnedLine {
                number: line.number,
                quantity: line.returned_quantity,
                amount_minor: line.returned_minor,
            })
            .collect(),
    }
}

fn said_line(line: &Line, digits: u32) -> says::Line {
    says::Line {
        number: line.number,
        product: line.product.clone(),
        category: line.category.clone(),
        quantity: line.quantity,
        gross_minor: line.gross_minor,
        discount_minor: line.discount_minor,
        tax_minor: line.tax_minor,
        cost_minor: line.unit_cost.parse().ok().and_then(|cost| rounding::line_minor(cost, line.quantity, digits)),
    }
}
