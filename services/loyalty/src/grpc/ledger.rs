//! The ledger's side of the contract, for operators: the same three moves.

use std::error::Error;
use std::pin::Pin;

use futures::{Stream, StreamExt as _};
use kernel::Shard;
use proto::loyalty::v1::ledger_service_server::LedgerService;
use proto::loyalty::v1::*;
use store::StoreError;
use tonic::{Request, Response, Status};

use super::{parse_ledger, present_ledger};
use crate::account::{Accounts, Audit};

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
            async move { told(shard, accounts.audit(shard, &known).await) }
        });
        Ok(Response::new(Box::pin(audits)))
    }
}

/// A shard that cannot be read hides no other.
fn told(shard: Shard, audit: Result<Audit, StoreError>) -> Result<AuditLedgerResponse, Status> {
    match audit {
        Ok(audit) => Ok(present_ledger::audit(audit)),
        Err(error) if error.is_about_what_is_there() => {
            tracing::error!(
                shard = shard.number(),
                error = &error as &dyn Error,
                "a shard of the ledger cannot be read"
            );
            Ok(present_ledger::unreadable(shard))
        }
        Err(error) => Err(server::noted(wire::failure(error))),
    }
}
