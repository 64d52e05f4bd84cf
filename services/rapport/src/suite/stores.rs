//! The databases of the services that live here.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use store::{Retention, Settings, Store};
use uuid::Uuid;

use super::standing::pending;
use super::{CannotOpen, Service};

/// One open store for each service.
#[derive(Debug)]
pub struct Stores {
    each: BTreeMap<Service, Store>,
    missing: BTreeMap<Service, String>,
    epoch: Option<Uuid>,
}

impl Stores {
    /// Connects to all of them, and reads from each that its tables are there. Requests are remembered for so long.
    ///
    /// # Errors
    /// A database does not answer, or was never migrated.
    pub async fn open(
        urls: &BTreeMap<Service, String>,
        connections: u32,
        retention: Retention,
    ) -> Result<Self, CannotOpen> {
        let opened = try_join_all(urls.iter().map(|(service, url)| async {
            let settings = Settings { connections, retention, ..Settings::new(url.clone(), service.name()) };
            let failed = |source| CannotOpen::Store { service: *service, source };
            let store = Store::open(&settings).await.map_err(failed)?;
            let log = eventlog::Log::new(store.clone());
            log.heads().await.map_err(failed)?;
            let epoch = log.first_epoch().await.map_err(failed)?;
            let drift = store.drift(&service.migrations()).await.map_err(failed)?;
            Ok((*service, store, epoch, pending(&drift)))
        }))
        .await?;
        let epoch = opened.first().and_then(|(_, _, epoch, _)| *epoch);
        let missing = opened.iter().filter_map(|(service, .., missing)| Some((*service, missing.clone()?))).collect();
        Ok(Self { each: opened.into_iter().map(|(service, store, ..)| (service, store)).collect(), missing, epoch })
    }

    /// Tells these databases from others that were at the same place before or will be after, and not from what they were
    /// restored from: the epoch a log began with.
    #[must_use]
    pub const fn epoch(&self) -> Option<Uuid> {
        self.epoch
    }

    /// Why a service cannot serve on its database yet.
    pub(super) fn missing(&self, service: Service) -> Option<String> {
        self.missing.get(&service).cloned()
    }

    pub(super) fn into_each(self) -> impl Iterator<Item = (Service, Store)> {
        self.each.into_iter()
    }
}
