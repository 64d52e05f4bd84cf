//! The draws' side of the contract: the same three moves.

use eventlog::Progress;
use proto::loyalty::v1::draw_service_server::{DrawService, DrawServiceServer};
use proto::loyalty::v1::*;
use server::{Behalf, Peers, Services, is_member};
use tonic::{Request, Response, Status};
use wire::Keys;

use super::{parse_draws, present_draws, refuse_draws};
use crate::draw::Draws;

/// The service as tonic calls it.
#[derive(Clone)]
pub(crate) struct Service {
    keys: Keys,
    draws: Draws,
    progress: Progress,
    peers: Peers,
}

impl Service {
    pub(crate) const fn new(keys: Keys, draws: Draws, progress: Progress, peers: Peers) -> Self {
        Self { keys, draws, progress, peers }
    }

    pub(crate) fn mount(self, services: Services) -> Services {
        let progress = self.progress.clone();
        services.with(progress.telling(server::compressed!(DrawServiceServer::new(self))))
    }

    async fn fresh(&self, token: &wire::Freshness) -> Result<(), Status> {
        self.progress.wait_for(token).await.map_err(|unreachable| wire::refuse(unreachable.into()))
    }
}

#[tonic::async_trait]
impl DrawService for Service {
    async fn put_draw(&self, call: Request<PutDrawRequest>) -> Result<Response<PutDrawResponse>, Status> {
        let ask = parse_draws::put(&self.keys, call)?;
        let receipt = self.draws.put(&ask).await.map_err(refuse_draws::draw)?;
        Ok(present_draws::put(&self.keys, &receipt))
    }

    async fn get_draw(&self, call: Request<GetDrawRequest>) -> Result<Response<GetDrawResponse>, Status> {
        let ask = parse_draws::get(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let found = self.draws.get(ask.tenant, ask.draw).await.map_err(refuse_draws::draw)?;
        Ok(present_draws::standing(found))
    }

    async fn draw_prize(&self, call: Request<DrawPrizeRequest>) -> Result<Response<DrawPrizeResponse>, Status> {
        let behalf = Behalf::of(call.extensions())?;
        let mut ask = parse_draws::take(&self.keys, call)?;
        ask.known = is_member(&self.peers, behalf, ask.member).await?;
        let receipt = self.draws.take(&ask).await.map_err(refuse_draws::draw)?;
        Ok(present_draws::taken(&self.keys, (ask.tenant, &ask.draw), receipt))
    }

    async fn close_draw(&self, call: Request<CloseDrawRequest>) -> Result<Response<CloseDrawResponse>, Status> {
        let ask = parse_draws::close(&self.keys, call)?;
        let revealed = self.draws.close(&ask).await.map_err(refuse_draws::draw)?;
        Ok(present_draws::closed(&self.keys, &revealed))
    }

    async fn verify_draw(&self, call: Request<VerifyDrawRequest>) -> Result<Response<VerifyDrawResponse>, Status> {
        let ask = parse_draws::verify(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let found = self.draws.verify(ask.tenant, ask.draw).await.map_err(refuse_draws::draw)?;
        Ok(present_draws::verified(found))
    }

    async fn list_draw_tickets(
        &self,
        call: Request<ListDrawTicketsRequest>,
    ) -> Result<Response<ListDrawTicketsResponse>, Status> {
        let ask = parse_draws::tickets(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.draws.tickets((ask.tenant, &ask.draw), ask.member, ask.after, ask.limit).await;
        Ok(present_draws::tickets(&self.keys, &ask, &page.map_err(refuse_draws::draw)?))
    }
}
