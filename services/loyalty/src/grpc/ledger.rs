//! The ledger's side of the contract, for operators: the same three moves.

use std::pin::Pin;

use futures::{Stream, StreamExt as _};
use proto::loyalty::v1::ledger_service_server::LedgerService;
use proto::loyalty::v1::*;
use tonic::{Request, Response, Status};

use super::{parse_ledger, present_ledger};
use crate::account::Accounts;

/// The service as tonic calls it.
pub(super) struct Service {
    accounts: Accounts,
}

impl Service {
    pub(super) const fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }
}

#[tonic::async_trait]
impl LedgerService for Service {
    type AuditLedgerStream = Pin<Box<dyn Stream<Item = Result<AuditLedgerResponse, Status>> + Send>>;

    async fn list_seals(&self, call: Request<ListSealsRequest>) -> Result<Response<ListSealsResponse>, Status> {
        parse_ledger::seals(&call)?;
        let seals = self.accounts.seals().await.map_err(wire::failure)?;
        Ok(present_ledger::seals(&seals))
    }

    async fn audit_ledger(
        &self,
        call: Request<AuditLedgerRequest>,
    ) -> Result<Response<Self::AuditLedgerStream>, Status> {
        let (shards, known) = parse_ledger::audit(call)?;
        let accounts = self.accounts.clone();
        let audits = futures::stream::iter(shards).then(move |shard| {
            let (accounts, known) = (accounts.clone(), known.clone());
            async move { accounts.audit(shard, &known).await.map(present_ledger::audit).map_err(broke_off) }
        });
        Ok(Response::new(Box::pin(audits)))
    }
}

fn broke_off(error: store::StoreError) -> Status {
    server::noted(wire::failure(error))
}
