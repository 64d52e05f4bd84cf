//! Whose birthday it is, asked of registry.

use async_trait::async_trait;
use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use proto::registry::v1::ListBirthdaysRequest;
use proto::registry::v1::registry_service_client::RegistryServiceClient;
use server::{Behalf, Peers};

use crate::birthday::days::MonthDay;
use crate::birthday::{Celebrant, Register};

/// Members of one page.
const PAGE: i32 = 500;

/// Registry, as it is reached.
pub(crate) struct Registry {
    peers: Peers,
}

impl Registry {
    pub(crate) const fn new(peers: Peers) -> Self {
        Self { peers }
    }
}

#[async_trait]
impl Register for Registry {
    async fn celebrants(
        &self,
        tenant: TenantId,
        (month, day): MonthDay,
        changed_since: Option<Timestamp>,
        page: String,
    ) -> Option<(Vec<Celebrant>, String)> {
        let behalf = Behalf::of_process(crate::SERVICE).for_tenant(tenant).needing("members.read");
        let way = self.peers.reach("registry", behalf).ok()?;
        let ask = ListBirthdaysRequest {
            month: month.into(),
            day: day.into(),
            changed_since: changed_since.map(proto::timestamp),
            page_size: PAGE,
            page_token: page,
            at_least_as_fresh: String::new(),
        };
        let told = RegistryServiceClient::new(way).list_birthdays(ask).await;
        let told = told.inspect_err(|status| tracing::debug!(code = ?status.code(), "registry did not answer")).ok()?;
        let told = told.into_inner();
        let read = |one: proto::registry::v1::Celebrant| {
            let joined_at = proto::instant(one.join_time.as_ref()?).ok()?;
            Some((MemberId::parse(&one.member).ok()?, joined_at))
        };
        Some((told.celebrants.into_iter().filter_map(read).collect(), told.next_page_token))
    }
}
