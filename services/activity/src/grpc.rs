//! How activity is asked for: every rpc parses, calls a door, and presents.

mod buyers;
mod parse;
mod present;
mod refuse;
mod strangers;
mod stream;

use std::collections::BTreeSet;

use eventlog::Progress;
use kernel::{Clock, MemberId};
use proto::activity::v1::activity_service_server::{ActivityService, ActivityServiceServer};
use proto::activity::v1::{self as wire_activity};
use server::{Behalf, Peers, Services};
use tonic::{Request, Response, Status, Streaming};
use wire::{Keys, Language, Stop};

pub use self::strangers::Acquaintances;
use crate::guests::{Guests, Joining};
use crate::journal::{Journal, NewEntry, Recorded, Recording, Refusal};
use crate::orders::Orders;
use crate::overview::Overviews;
use crate::products::Products;

/// A call may bring 20,000 lines with long names.
const MOST_BYTES: usize = 16 << 20;

/// The rpcs of activity.
#[derive(Clone)]
pub struct Service {
    pub(crate) keys: Keys,
    pub(crate) clock: Clock,
    pub(crate) peers: Peers,
    pub(crate) acquaintances: Acquaintances,
    pub(crate) journal: Journal,
    pub(crate) guests: Guests,
    pub(crate) orders: Orders,
    pub(crate) products: Products,
    pub(crate) overviews: Overviews,
}

impl Service {
    /// Adds the service to a server.
    pub fn mount(self, services: Services, progress: &Progress) -> Services {
        let server = ActivityServiceServer::new(self).max_decoding_message_size(MOST_BYTES);
        services.with(progress.telling(server::compressed!(server)))
    }

    /// Records entries: those who told an identity are looked for before, and once more after.
    pub(crate) async fn record(&self, behalf: Behalf, asked: parse::Asked) -> Result<Recorded, Status> {
        let (mut ask, looked_for) = buyers::look(&self.peers, &behalf, asked).await?;
        ask.strangers = self.strangers(&behalf, &ask).await?;
        let recorded = self.journal.record(&ask).await.map_err(refuse::journal)?;
        buyers::look_again(&self.peers, &behalf, &self.guests, ask.tenant, looked_for, &recorded).await?;
        Ok(recorded)
    }

    async fn record_known(&self, behalf: Behalf, mut ask: Recording) -> Result<Recorded, Status> {
        ask.strangers = self.strangers(&behalf, &ask).await?;
        self.journal.record(&ask).await.map_err(refuse::journal)
    }

    async fn strangers(&self, behalf: &Behalf, ask: &Recording) -> Result<BTreeSet<MemberId>, Status> {
        let named = ask.entries.iter().filter_map(NewEntry::member).collect();
        self.acquaintances.strangers(&self.peers, behalf, ask.tenant, named).await
    }

    async fn join(&self, behalf: Behalf, ask: Joining) -> Result<Recorded, Status> {
        let named = BTreeSet::from([ask.member]);
        let strangers = self.acquaintances.strangers(&self.peers, &behalf, ask.tenant, named).await?;
        match strangers.first() {
            Some(member) => Err(refuse::journal(Stop::Refused(Refusal::MemberNotFound { member: *member }))),
            None => self.guests.join(&ask).await.map_err(refuse::journal),
        }
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ActivityService for Service {
    type StreamEntriesStream = stream::Answers;

    async fn record_order(
        &self,
        call: Request<wire_activity::RecordOrderRequest>,
    ) -> Answer<wire_activity::RecordOrderResponse> {
        let behalf = Behalf::of(call.extensions())?;
        let asked = parse::order(&self.keys, &self.clock, call)?;
        let recorded = self.record(behalf, asked).await?;
        present::order(&self.keys, recorded)
    }

    async fn record_return(
        &self,
        call: Request<wire_activity::RecordReturnRequest>,
    ) -> Answer<wire_activity::RecordReturnResponse> {
        let behalf = Behalf::of(call.extensions())?;
        let ask = parse::goods(&self.keys, &self.clock, call)?;
        let recorded = self.record_known(behalf, ask).await?;
        present::goods(&self.keys, recorded)
    }

    async fn record_adjustment(
        &self,
        call: Request<wire_activity::RecordAdjustmentRequest>,
    ) -> Answer<wire_activity::RecordAdjustmentResponse> {
        let behalf = Behalf::of(call.extensions())?;
        let ask = parse::adjustment(&self.keys, &self.clock, call)?;
        let recorded = self.record_known(behalf, ask).await?;
        present::adjustment(&self.keys, recorded)
    }

    async fn record_entries(
        &self,
        call: Request<wire_activity::RecordEntriesRequest>,
    ) -> Answer<wire_activity::RecordEntriesResponse> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let asked = parse::entries(&self.keys, &self.clock, call)?;
        let recorded = self.record(behalf, asked).await?;
        present::entries(&self.keys, language, recorded)
    }

    async fn stream_entries(
        &self,
        call: Request<Streaming<wire_activity::StreamEntriesRequest>>,
    ) -> Answer<Self::StreamEntriesStream> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let (envelope, batches) = wire::open(call)?;
        Ok(Response::new(stream::answers(self.clone(), (behalf, language), envelope, batches)))
    }

    async fn cancel_order(
        &self,
        call: Request<wire_activity::CancelOrderRequest>,
    ) -> Answer<wire_activity::CancelOrderResponse> {
        let ask = parse::cancelling(&self.keys, &self.clock, call)?;
        let recorded = self.journal.cancel(&ask).await.map_err(refuse::journal)?;
        present::cancelled(&self.keys, &recorded)
    }

    async fn join_guest_orders(
        &self,
        call: Request<wire_activity::JoinGuestOrdersRequest>,
    ) -> Answer<wire_activity::JoinGuestOrdersResponse> {
        let behalf = Behalf::of(call.extensions())?;
        let ask = parse::joining(&self.keys, call)?;
        let recorded = self.join(behalf, ask).await?;
        present::joined(&self.keys, &recorded)
    }

    async fn get_order(
        &self,
        call: Request<wire_activity::GetOrderRequest>,
    ) -> Answer<wire_activity::GetOrderResponse> {
        let (tenant, name, fresh) = parse::order_name(&self.keys, call)?;
        let found = self.orders.get(tenant, &name, &fresh).await.map_err(refuse::orders)?;
        present::found(found)
    }

    async fn find_orders(
        &self,
        call: Request<wire_activity::FindOrdersRequest>,
    ) -> Answer<wire_activity::FindOrdersResponse> {
        let (tenant, invoice, fresh) = parse::invoice(&self.keys, call)?;
        let found = self.orders.find(tenant, &invoice, &fresh).await.map_err(refuse::orders)?;
        present::all_found(found)
    }

    async fn list_orders(
        &self,
        call: Request<wire_activity::ListOrdersRequest>,
    ) -> Answer<wire_activity::ListOrdersResponse> {
        let ask = parse::listing(&self.keys, call)?;
        let page = self.orders.list(&ask).await.map_err(refuse::orders)?;
        present::page(&self.keys, &ask, page)
    }

    async fn upsert_products(
        &self,
        call: Request<wire_activity::UpsertProductsRequest>,
    ) -> Answer<wire_activity::UpsertProductsResponse> {
        let ask = parse::products(&self.keys, &self.clock, call)?;
        let kept = self.products.upsert(&ask).await.map_err(refuse::products)?;
        present::kept(&self.keys, ask.tenant, &kept)
    }

    async fn get_product(
        &self,
        call: Request<wire_activity::GetProductRequest>,
    ) -> Answer<wire_activity::GetProductResponse> {
        let (tenant, code, fresh) = parse::product_code(&self.keys, call)?;
        let found = self.products.get(tenant, &code, &fresh).await.map_err(refuse::products)?;
        present::product(found)
    }

    async fn get_overview(
        &self,
        call: Request<wire_activity::GetOverviewRequest>,
    ) -> Answer<wire_activity::GetOverviewResponse> {
        let ask = parse::overview(&self.keys, call)?;
        let sums = self.overviews.sum(&ask).await.map_err(refuse::overview)?;
        present::overview(sums)
    }
}
