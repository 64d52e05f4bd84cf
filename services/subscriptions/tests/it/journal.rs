//! An activity that records what it is told, refuses what a test wants refused, and can be away.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures::Stream;
use jiff::Timestamp;
use kernel::OrderId;
use proto::activity::v1 as wire_activity;
use proto::activity::v1::activity_service_server::{ActivityService, ActivityServiceServer};
use tonic::{Request, Response, Status, Streaming};
use wire::{Refusal, RefusalKind};

/// What the fake knows and does.
#[derive(Default)]
pub struct Books {
    /// Orders by the shop's number.
    pub orders: BTreeMap<String, (wire_activity::NewOrder, String)>,
    /// How often it was asked.
    pub asked: usize,
    /// Nobody answers.
    pub away: bool,
    /// It records and the answer is lost.
    pub mute: bool,
    /// Every order is refused with this reason.
    pub refuses: Option<&'static str>,
}

#[derive(Clone, Default)]
pub struct Journal(pub Arc<Mutex<Books>>);

impl Journal {
    pub fn serve(&self) -> ActivityServiceServer<Self> {
        ActivityServiceServer::new(self.clone())
    }
}

macro_rules! unused {
    ($($rpc:ident: $ask:ident -> $answer:ident,)*) => {
        #[tonic::async_trait]
        impl ActivityService for Journal {
            type StreamEntriesStream =
                Pin<Box<dyn Stream<Item = Result<wire_activity::StreamEntriesResponse, Status>> + Send>>;

            async fn record_order(
                &self,
                call: Request<wire_activity::RecordOrderRequest>,
            ) -> Result<Response<wire_activity::RecordOrderResponse>, Status> {
                self.record(call.into_inner())
            }

            async fn stream_entries(
                &self,
                _: Request<Streaming<wire_activity::StreamEntriesRequest>>,
            ) -> Result<Response<Self::StreamEntriesStream>, Status> {
                Err(Status::unimplemented("nobody asks for this"))
            }
            $(
                async fn $rpc(
                    &self,
                    _: Request<wire_activity::$ask>,
                ) -> Result<Response<wire_activity::$answer>, Status> {
                    Err(Status::unimplemented("nobody asks for this"))
                }
            )*
        }
    };
}

unused! {
    record_return: RecordReturnRequest -> RecordReturnResponse,
    record_adjustment: RecordAdjustmentRequest -> RecordAdjustmentResponse,
    record_entries: RecordEntriesRequest -> RecordEntriesResponse,
    cancel_order: CancelOrderRequest -> CancelOrderResponse,
    join_guest_orders: JoinGuestOrdersRequest -> JoinGuestOrdersResponse,
    get_order: GetOrderRequest -> GetOrderResponse,
    find_orders: FindOrdersRequest -> FindOrdersResponse,
    list_orders: ListOrdersRequest -> ListOrdersResponse,
    upsert_products: UpsertProductsRequest -> UpsertProductsResponse,
    get_product: GetProductRequest -> GetProductResponse,
    get_overview: GetOverviewRequest -> GetOverviewResponse,
}

impl Journal {
    fn record(
        &self,
        ask: wire_activity::RecordOrderRequest,
    ) -> Result<Response<wire_activity::RecordOrderResponse>, Status> {
        let mut books = self.0.lock().expect("nobody panics with the books");
        books.asked += 1;
        if books.away {
            return Err(Status::unavailable("away"));
        }
        let refused = |reason, kind, facts| wire::refuse(Refusal { reason, kind, text: "no".to_owned(), facts });
        if let Some(reason) = books.refuses {
            return Err(refused(reason, RefusalKind::FailedPrecondition, Vec::new()));
        }
        let order = ask.order.unwrap_or_default();
        if let Some((_, id)) = books.orders.get(&order.external_id) {
            return Err(refused("ALREADY_APPLIED", RefusalKind::AlreadyExists, vec![("id", id.clone())]));
        }
        let id = OrderId::new_at(Timestamp::UNIX_EPOCH).to_string();
        books.orders.insert(order.external_id.clone(), (order, id.clone()));
        if std::mem::take(&mut books.mute) {
            return Err(Status::unavailable("the answer is lost"));
        }
        Ok(Response::new(wire_activity::RecordOrderResponse { order: id, ..Default::default() }))
    }
}
