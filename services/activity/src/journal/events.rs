//! What the others hear of the journal.

use std::collections::BTreeMap;

use eventlog::NewEvent;
use kernel::TenantId;
use proto::activity::events::v1 as says;

use super::outcome::Match;
use super::valuation::{ValuedLine, ValuedOrder};
use super::written::{Fact, Returned};

/// The events of some facts, in their order.
pub fn of(tenant: TenantId, facts: &[Fact<'_>], historic: bool) -> Vec<NewEvent> {
    facts.iter().map(|fact| event(tenant, fact, historic)).collect()
}

fn event(tenant: TenantId, fact: &Fact<'_>, historic: bool) -> NewEvent {
    match fact {
        Fact::Recorded { order, subject, member, valued } => {
            let about = member.map_or_else(|| order.to_string(), |member| member.to_string());
            let said = recorded(order.to_string(), member.map(|member| member.to_string()), valued, historic);
            NewEvent::new(tenant, *subject, about, valued.order.occurred_at, &said)
        }
        Fact::Returned(returned) => {
            let about = returned.member.map_or_else(|| returned.order.to_string(), |member| member.to_string());
            NewEvent::new(tenant, returned.subject, about, returned.occurred_at, &came_back(returned, historic))
        }
        Fact::Unmatched { goods, subject, member, amount_minor, valued } => {
            let said = says::CreditUnmatched {
                return_id: goods.to_string(),
                member: text(*member),
                currency_code: text(valued.currency),
                amount_minor: *amount_minor,
                occur_time: Some(proto::timestamp(valued.goods.occurred_at)),
                historic,
            };
            let about = member.map_or_else(|| goods.to_string(), |member| member.to_string());
            NewEvent::new(tenant, *subject, about, valued.goods.occurred_at, &said)
        }
        Fact::Adjusted { adjustment, subject, valued } => {
            let told = valued.adjustment;
            let said = says::AdjustmentRecorded {
                adjustment: adjustment.to_string(),
                member: text(told.member),
                kind: told.kind.clone(),
                currency_code: valued.currency.to_string(),
                amount_minor: told.amount_minor,
                occur_time: Some(proto::timestamp(told.occurred_at)),
                historic,
            };
            let about = told.member.map_or_else(|| adjustment.to_string(), |member| member.to_string());
            NewEvent::new(tenant, *subject, about, told.occurred_at, &said)
        }
    }
}

fn recorded(order: String, member: Option<String>, valued: &ValuedOrder<'_>, historic: bool) -> says::OrderRecorded {
    let told = valued.order;
    says::OrderRecorded {
        order,
        member: member.unwrap_or_default(),
        source: told.source.clone(),
        external_id: told.external_id.clone(),
        channel: told.channel.clone(),
        touchpoint: told.touchpoint.clone(),
        currency_code: valued.currency.to_string(),
        lines: valued.lines.iter().map(line).collect(),
        points_paid_minor: valued.points_paid_minor,
        occur_time: Some(proto::timestamp(told.occurred_at)),
        receive_time: told.received_at.map(proto::timestamp),
        historic,
        joined: false,
        returned: Vec::new(),
    }
}

fn line(valued: &ValuedLine<'_>) -> says::Line {
    says::Line {
        number: valued.line.number,
        product: valued.line.product.clone(),
        category: valued.category.to_owned(),
        quantity: valued.line.quantity,
        gross_minor: valued.gross_minor,
        discount_minor: valued.line.discount_minor,
        tax_minor: valued.line.tax_minor,
        cost_minor: valued.cost_minor,
    }
}

fn came_back(returned: &Returned, historic: bool) -> says::OrderReturned {
    says::OrderReturned {
        return_id: returned.goods.clone(),
        order: returned.order.to_string(),
        member: text(returned.member),
        lines: by_line(&returned.taken),
        returned_minor: returned.returned_minor,
        net_minor: returned.net_minor,
        whole: returned.whole,
        occur_time: Some(proto::timestamp(returned.occurred_at)),
        historic,
        // Nobody tells activity yet why money went back.
        avoids_chargeback: false,
    }
}

/// One entry for each line of the order, however often the return names it.
fn by_line(taken: &[Match]) -> Vec<says::ReturnedLine> {
    let mut lines: BTreeMap<i32, says::ReturnedLine> = BTreeMap::new();
    for one in taken {
        let line = lines.entry(one.order_line).or_default();
        line.number = one.order_line;
        line.quantity = line.quantity.saturating_add(one.quantity);
        line.amount_minor = line.amount_minor.saturating_add(one.amount_minor);
    }
    lines.into_values().collect()
}

fn text<T: ToString>(one: Option<T>) -> String {
    one.map(|one| one.to_string()).unwrap_or_default()
}
