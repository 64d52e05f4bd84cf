//! Orders of paid occurrences, recorded by activity.

use async_trait::async_trait;
use kernel::OrderId;
use outbox::NotCarried;
use proto::activity::v1 as wire_activity;
use proto::activity::v1::activity_service_client::ActivityServiceClient;
use server::{Behalf, Peers};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::courier::{Journal, NewOrder};

/// Under which name activity knows where these orders come from.
const SOURCE: &str = "subscriptions";
/// Where they were sold, and how they were paid.
const CHANNEL: &str = "subscription";

/// Activity, as the courier asks it.
pub(crate) struct Activity {
    peers: Peers,
}

impl Activity {
    pub(crate) const fn new(peers: Peers) -> Self {
        Self { peers }
    }
}

#[async_trait]
impl Journal for Activity {
    async fn record(&self, order: NewOrder) -> Result<Result<OrderId, String>, NotCarried> {
        let behalf = Behalf::of_process(crate::SERVICE).for_tenant(order.tenant).needing("activity.write");
        let reached = self.peers.reach("activity", behalf);
        let mut activity =
            ActivityServiceClient::new(reached.map_err(|error| NotCarried::Misunderstood(error.to_string()))?);
        match activity.record_order(request(order)).await {
            Ok(told) => Ok(Ok(read(&told.into_inner().order)?)),
            Err(status) => refused(&status),
        }
    }
}

fn request(order: NewOrder) -> wire_activity::RecordOrderRequest {
    let lines = order.lines.into_iter().zip(1..).map(|((line, unit_price), number)| wire_activity::OrderLine {
        number,
        product: line.product,
        category: line.category,
        quantity: line.quantity,
        unit_price,
        ..wire_activity::OrderLine::default()
    });
    let bought = wire_activity::NewOrder {
        source: SOURCE.to_owned(),
        external_id: order.external_id,
        buyer: Some(wire_activity::new_order::Buyer::Member(order.member.to_string())),
        channel: CHANNEL.to_owned(),
        currency_code: order.currency.to_string(),
        lines: lines.collect(),
        payments: vec![wire_activity::Payment { kind: CHANNEL.to_owned(), amount_minor: order.amount_minor }],
        occur_time: Some(proto::timestamp(order.paid_at)),
        ..wire_activity::NewOrder::default()
    };
    wire_activity::RecordOrderRequest {
        request_id: order.id.to_string(),
        order: Some(bought),
        ..wire_activity::RecordOrderRequest::default()
    }
}

/// A refusal is an answer, unless it will pass: then the call is made again. What is there already is recorded.
fn refused(status: &Status) -> Result<Result<OrderId, String>, NotCarried> {
    let info = status.get_details_error_info();
    let reason = info.as_ref().map(|info| info.reason.clone()).unwrap_or_default();
    if reason == "ALREADY_APPLIED" {
        let id = info.and_then(|info| info.metadata.get("id").cloned()).unwrap_or_default();
        return Ok(Ok(read(&id)?));
    }
    match status.code() {
        // A suspended tenant is resumed one day; until then the order waits.
        Code::FailedPrecondition if reason == "TENANT_SUSPENDED" => Err(NotCarried::Unanswered(reason)),
        Code::NotFound | Code::FailedPrecondition | Code::AlreadyExists | Code::OutOfRange if !reason.is_empty() => {
            Ok(Err(reason))
        }
        Code::InvalidArgument => Ok(Err(if reason.is_empty() { "MALFORMED".to_owned() } else { reason })),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => Err(NotCarried::Unanswered(format!("activity answered {:?}", status.code()))),
    }
}

fn read(order: &str) -> Result<OrderId, NotCarried> {
    OrderId::parse(order).map_err(|error| NotCarried::Misunderstood(format!("the id of an order: {error}")))
}
