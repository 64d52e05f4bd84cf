//! Members a caller named: registry knows whether they are.
//!
//! Who was known once stays known, so an import asks for each member once. Registry is asked before the transaction,
//! never inside.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use kernel::{MemberId, TenantId};
use proto::registry::v1::BatchGetMembersRequest;
use proto::registry::v1::registry_service_client::RegistryServiceClient;
use server::{Behalf, Peers};
use tonic::Status;
use wire::status;

/// How many members are remembered before all are forgotten: 24 bytes each, so some 12 MiB.
const MOST: usize = 500_000;
/// How many registry is asked for at once; it allows a thousand.
const AT_ONCE: usize = 1_000;
/// A member's record is a few hundred bytes, and a thousand of them may come.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Members registry has named before. Clones remember the same.
#[derive(Clone, Debug, Default)]
pub struct Acquaintances(Arc<Mutex<HashSet<(TenantId, MemberId)>>>);

impl Acquaintances {
    /// Those among some members whom registry does not know.
    pub async fn strangers(
        &self,
        peers: &Peers,
        behalf: &Behalf,
        tenant: TenantId,
        members: BTreeSet<MemberId>,
    ) -> Result<BTreeSet<MemberId>, Status> {
        let unknown = self.unknown(tenant, members);
        if unknown.is_empty() {
            return Ok(BTreeSet::new());
        }
        let behalf = behalf.clone().needing("members.read");
        let mut registry = RegistryServiceClient::new(peers.reach("registry", behalf).map_err(status::internal)?)
            .max_decoding_message_size(MOST_BYTES);
        let mut strangers = BTreeSet::new();
        for some in unknown.chunks(AT_ONCE) {
            let members = some.iter().map(MemberId::to_string).collect();
            let ask = BatchGetMembersRequest { members, at_least_as_fresh: String::new() };
            let told = registry
                .batch_get_members(ask)
                .await
                .map_err(|refused| server::unanswered("registry", refused))?
                .into_inner();
            for missing in told.missing {
                strangers.insert(MemberId::parse(&missing).map_err(status::internal)?);
            }
        }
        self.remember(tenant, unknown.iter().filter(|member| !strangers.contains(member)));
        Ok(strangers)
    }

    fn unknown(&self, tenant: TenantId, members: BTreeSet<MemberId>) -> Vec<MemberId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        members.into_iter().filter(|member| !known.contains(&(tenant, *member))).collect()
    }

    fn remember<'a>(&self, tenant: TenantId, members: impl Iterator<Item = &'a MemberId>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > MOST {
            known.clear();
        }
        known.extend(members.map(|member| (tenant, *member)));
    }
}
