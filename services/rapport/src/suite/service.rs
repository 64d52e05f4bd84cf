//! Which services there are.

use proto::activity::v1::activity_service_server as activity_rpc;
use proto::loyalty::v1::{
    benefit_service_server as benefit_rpc, coupon_service_server as coupon_rpc, ledger_service_server as ledger_rpc,
    loyalty_service_server as loyalty_rpc, reward_service_server as reward_rpc,
};
use proto::portrait::v1::portrait_service_server as portrait_rpc;
use proto::referrals::v1::referrals_service_server as referrals_rpc;
use proto::registry::v1::{registry_service_server as registry_rpc, tenant_service_server as tenant_rpc};
use proto::segmentation::v1::segmentation_service_server as segmentation_rpc;
use proto::subscriptions::v1::subscriptions_service_server as subscriptions_rpc;

/// A service of the suite, in the order in which they hear each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Who the members are.
    Registry,
    /// What they did.
    Activity,
    /// What they earned.
    Loyalty,
    /// Which group they belong to.
    Segmentation,
    /// Whom they invited.
    Referrals,
    /// What they subscribed to.
    Subscriptions,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Registry, Self::Activity, Self::Loyalty, Self::Segmentation, Self::Referrals, Self::Subscriptions];

    /// Its name: its schema, its log, its variables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registry => registry::SERVICE,
            Self::Activity => activity::SERVICE,
            Self::Loyalty => loyalty::SERVICE,
            Self::Segmentation => segmentation::SERVICE,
            Self::Referrals => referrals::SERVICE,
            Self::Subscriptions => subscriptions::SERVICE,
        }
    }

    /// The gRPC services it answers, by full name.
    #[must_use]
    pub const fn rpc_names(self) -> &'static [&'static str] {
        match self {
            Self::Registry => &[registry_rpc::SERVICE_NAME, tenant_rpc::SERVICE_NAME, portrait_rpc::SERVICE_NAME],
            Self::Activity => &[activity_rpc::SERVICE_NAME],
            Self::Loyalty => &[
                loyalty_rpc::SERVICE_NAME,
                ledger_rpc::SERVICE_NAME,
                coupon_rpc::SERVICE_NAME,
                reward_rpc::SERVICE_NAME,
                benefit_rpc::SERVICE_NAME,
            ],
            Self::Segmentation => &[segmentation_rpc::SERVICE_NAME],
            Self::Referrals => &[referrals_rpc::SERVICE_NAME],
            Self::Subscriptions => &[subscriptions_rpc::SERVICE_NAME],
        }
    }

    /// Brings its schema in a database up to date; answers how many migrations were applied.
    ///
    /// # Errors
    /// The database cannot be reached, or a migration fails.
    pub async fn migrate(self, url: &str) -> Result<usize, store::StoreError> {
        store::migrate(url, self.name(), &self.migrations()).await
    }

    /// What its schema is made of, in order.
    #[must_use]
    pub fn migrations(self) -> Vec<&'static store::Migrator> {
        match self {
            Self::Registry => registry::migrations(),
            Self::Activity => activity::migrations(),
            Self::Loyalty => loyalty::migrations(),
            Self::Segmentation => segmentation::migrations(),
            Self::Referrals => referrals::migrations(),
            Self::Subscriptions => subscriptions::migrations(),
        }
    }
}

impl std::fmt::Display for Service {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name())
    }
}
