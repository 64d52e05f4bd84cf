//! Answers as the contract writes them.

use std::collections::HashSet;

use kernel::{Money, TenantId};
use proto::activity::v1 as wire_activity;
use tonic::{Response, Status};
use wire::messages::localized;
use wire::{Keys, Language, PageToken, status};

use super::parse::selection;
use crate::journal::{Match, Outcome, Recorded, State};
use crate::orders::{Line, Listing, Order};
use crate::overview::Overview;
use crate::products::{Kept, Product};

type Answer<T> = Result<Response<T>, Status>;

pub(super) fn order(keys: &Keys, recorded: Recorded) -> Answer<wire_activity::RecordOrderResponse> {
    let (freshness, written) = (recorded.freshness().seal(keys), recorded.written);
    match recorded.outcomes.into_iter().next() {
        Some(Outcome::Order { order, member }) => Ok(Response::new(wire_activity::RecordOrderResponse {
            order: if written { order.to_string() } else { String::new() },
            member: member.map(|member| member.to_string()).unwrap_or_default(),
            freshness,
        })),
        other => Err(unexpected(other.as_ref())),
    }
}

pub(super) fn goods(keys: &Keys, recorded: Recorded) -> Answer<wire_activity::RecordReturnResponse> {
    let (freshness, written) = (recorded.freshness().seal(keys), recorded.written);
    match recorded.outcomes.into_iter().next() {
        Some(Outcome::Return { goods, matches, unmatched_minor }) => {
            Ok(Response::new(wire_activity::RecordReturnResponse {
                return_id: if written { goods.to_string() } else { String::new() },
                matches: matches.into_iter().map(said_match).collect(),
                unmatched_minor,
                freshness,
            }))
        }
        other => Err(unexpected(other.as_ref())),
    }
}

pub(super) fn adjustment(keys: &Keys, recorded: Recorded) -> Answer<wire_activity::RecordAdjustmentResponse> {
    let (freshness, written) = (recorded.freshness().seal(keys), recorded.written);
    match recorded.outcomes.into_iter().next() {
        Some(Outcome::Adjustment { adjustment }) => Ok(Response::new(wire_activity::RecordAdjustmentResponse {
            adjustment: if written { adjustment.to_string() } else { String::new() },
            freshness,
        })),
        other => Err(unexpected(other.as_ref())),
    }
}

pub(super) fn entries(
    keys: &Keys,
    language: Language,
    recorded: Recorded,
) -> Answer<wire_activity::RecordEntriesResponse> {
    let freshness = recorded.freshness().seal(keys);
    Ok(Response::new(wire_activity::RecordEntriesResponse { outcomes: outcomes(language, recorded), freshness }))
}

pub(super) fn streamed(
    keys: &Keys,
    language: Language,
    request_id: String,
    recorded: Recorded,
) -> wire_activity::StreamEntriesResponse {
    let freshness = recorded.freshness().seal(keys);
    wire_activity::StreamEntriesResponse { request_id, outcomes: outcomes(language, recorded), freshness }
}

/// An id that was made for a rehearsal names nothing that could ever be read, so it is not told.
fn outcomes(language: Language, recorded: Recorded) -> Vec<wire_activity::EntryOutcome> {
    let written = recorded.written;
    let mut all: Vec<wire_activity::EntryOutcome> =
        recorded.outcomes.into_iter().map(|one| outcome(language, one)).collect();
    if written {
        return all;
    }
    let made = all.iter().filter(|one| one.refusal.is_empty()).map(|one| one.id.clone());
    let made: HashSet<String> = made.collect();
    for one in &mut all {
        let named = one.matches.iter_mut().map(|back| &mut back.order).chain([&mut one.id]);
        named.filter(|id| made.contains(*id)).for_each(String::clear);
    }
    all
}

fn outcome(language: Language, outcome: Outcome) -> wire_activity::EntryOutcome {
    let id = id(&outcome);
    match outcome {
        Outcome::Order { .. } | Outcome::Cancelled { .. } | Outcome::Adjustment { .. } => {
            wire_activity::EntryOutcome { id, ..Default::default() }
        }
        Outcome::Return { matches, unmatched_minor, .. } => wire_activity::EntryOutcome {
            id,
            matches: matches.into_iter().map(said_match).collect(),
            unmatched_minor,
            ..Default::default()
        },
        Outcome::Refused { reason, detail, facts, .. } => {
            let facts = facts.iter().map(|(name, value)| (name.as_str(), value.clone()));
            let message = localized(&reason, language, facts);
            wire_activity::EntryOutcome { id, refusal: reason, detail, message, ..Default::default() }
        }
    }
}

/// The id of what was recorded, or of what is there already.
fn id(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Order { order, .. } | Outcome::Cancelled { order } => order.to_string(),
        Outcome::Adjustment { adjustment } => adjustment.to_string(),
        Outcome::Return { goods, .. } => goods.to_string(),
        Outcome::Refused { id, .. } => id.clone(),
    }
}

fn said_match(one: Match) -> wire_activity::ReturnMatch {
    wire_activity::ReturnMatch {
        position: one.position,
        order: one.order.to_string(),
        order_line: one.order_line,
        quantity: one.quantity,
        amount_minor: one.amount_minor,
    }
}

pub(super) fn cancelled(keys: &Keys, recorded: &Recorded) -> Answer<wire_activity::CancelOrderResponse> {
    Ok(Response::new(wire_activity::CancelOrderResponse { freshness: recorded.freshness().seal(keys) }))
}

pub(super) fn joined(keys: &Keys, recorded: &Recorded) -> Answer<wire_activity::JoinGuestOrdersResponse> {
    let freshness = recorded.freshness().seal(keys);
    let orders = recorded.outcomes.iter().map(id).collect();
    Ok(Response::new(wire_activity::JoinGuestOrdersResponse { orders, freshness }))
}

pub(super) fn found(found: Order) -> Answer<wire_activity::GetOrderResponse> {
    Ok(Response::new(wire_activity::GetOrderResponse { order: Some(said_order(found)) }))
}

pub(super) fn all_found(found: Vec<Order>) -> Answer<wire_activity::FindOrdersResponse> {
    Ok(Response::new(wire_activity::FindOrdersResponse { orders: found.into_iter().map(said_order).collect() }))
}

pub(super) fn page(keys: &Keys, ask: &Listing, page: Vec<Order>) -> Answer<wire_activity::ListOrdersResponse> {
    let full = i64::try_from(page.len()).is_ok_and(|count| count == ask.size);
    let last = page.last().filter(|_| full);
    let next_page_token = last.map_or_else(String::new, |last| {
        let selection = selection(ask.member, ask.order);
        let selection: Vec<&str> = selection.iter().map(String::as_str).collect();
        let place = vec![last.occurred_at.as_microsecond().to_string(), last.order.to_string()];
        PageToken(place).seal(keys, &selection)
    });
    let orders = page.into_iter().map(said_order).collect();
    Ok(Response::new(wire_activity::ListOrdersResponse { orders, next_page_token }))
}

fn said_order(order: Order) -> wire_activity::Order {
    let money = |minor| Some(Money { currency: order.currency, minor }.into());
    wire_activity::Order {
        id: order.order.to_string(),
        net: money(order.net_minor),
        returned: money(order.returned_minor),
        source: order.source,
        external_id: order.external_id,
        member: order.member.map(|member| member.to_string()).unwrap_or_default(),
        channel: order.channel,
        touchpoint: order.touchpoint,
        staff: order.staff,
        invoice_number: order.invoice_number,
        lines: order.lines.into_iter().map(said_line).collect(),
        payments: order
            .payments
            .into_iter()
            .map(|payment| wire_activity::Payment { kind: payment.kind, amount_minor: payment.amount_minor })
            .collect(),
        coupons: order.coupons,
        state: said_state(order.state).into(),
        state_time: Some(proto::timestamp(order.state_at)),
        occur_time: Some(proto::timestamp(order.occurred_at)),
        receive_time: order.received_at.map(proto::timestamp),
        record_time: Some(proto::timestamp(order.recorded_at)),
    }
}

fn said_line(line: Line) -> wire_activity::OrderLine {
    wire_activity::OrderLine {
        number: line.number,
        product: line.product,
        category: line.category,
        quantity: line.quantity,
        unit_price: line.unit_price,
        discount_minor: line.discount_minor,
        tax_minor: line.tax_minor,
        unit_cost: line.unit_cost,
        gross_minor: line.gross_minor,
        net_minor: line.net_minor,
        returned_quantity: line.returned_quantity,
        returned_minor: line.returned_minor,
    }
}

const fn said_state(state: State) -> wire_activity::OrderState {
    match state {
        State::Recorded => wire_activity::OrderState::Recorded,
        State::Returned => wire_activity::OrderState::Returned,
        State::Cancelled => wire_activity::OrderState::Cancelled,
        State::Uncollected => wire_activity::OrderState::Uncollected,
    }
}

pub(super) fn kept(keys: &Keys, tenant: TenantId, kept: &Kept) -> Answer<wire_activity::UpsertProductsResponse> {
    Ok(Response::new(wire_activity::UpsertProductsResponse {
        added: kept.added,
        replaced: kept.replaced,
        freshness: kept.freshness(tenant).seal(keys),
    }))
}

pub(super) fn product(found: Product) -> Answer<wire_activity::GetProductResponse> {
    Ok(Response::new(wire_activity::GetProductResponse {
        product: Some(wire_activity::Product {
            code: found.code,
            display_name: found.display_name,
            category: found.category,
            unit_cost: found.unit_cost,
            update_time: Some(proto::timestamp(found.updated_at)),
        }),
    }))
}

pub(super) fn overview(sums: Overview) -> Answer<wire_activity::GetOverviewResponse> {
    let months = sums.months.into_iter().map(|month| wire_activity::ChannelMonth {
        month: month.month,
        channel: month.channel,
        orders: month.orders,
        net: Some(month.net.into()),
        returned: Some(month.returned.into()),
    });
    let buckets = sums.buckets.into_iter().map(|bucket| wire_activity::JournalBucket {
        name: bucket.name,
        entries: bucket.entries,
        lines: bucket.lines,
        amount: Some(bucket.amount.into()),
    });
    Ok(Response::new(wire_activity::GetOverviewResponse {
        months: months.collect(),
        buckets: buckets.collect(),
        buyers: sums.buyers,
        top_fifth_share_bp: sums.top_fifth_share_bp,
        top_fifth: sums.top_fifth.map(Into::into),
        revenue: sums.revenue.map(Into::into),
    }))
}

fn unexpected(outcome: Option<&Outcome>) -> Status {
    status::internal(format!("a single entry came to {outcome:?}"))
}
