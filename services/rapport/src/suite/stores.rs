//! The databases of the services that live here.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use store::{Settings, Store};
use uuid::Uuid;

use super::{CannotOpen, Service};

/// One open store for each service.
#[derive(Debug)]
pub struct Stores {
    each: BTreeMap<Service, Store>,
    epoch: Option<Uuid>,
}

impl Stores {
    /// Connects to all of them, and reads from each that its tables are there.
    ///
    /// # Errors
    /// A database does not answer, or was never migrated.
    pub async fn open(urls: &BTreeMap<Service, String>, connections: u32) -> Result<Self, CannotOpen> {
        let opened = try_join_all(urls.iter().map(|(service, url)| async {
            let settings = Settings { connections, ..Settings::new(url.clone(), service.name()) };
            let failed = |source| CannotOpen::Store { service: *service, source };
            let store = Store::open(&settings).await.map_err(failed)?;
            let (heads, _) = eventlog::Log::new(store.clone()).heads().await.map_err(failed)?;
            Ok((*service, store, heads.into_values().next().map(|head| head.epoch)))
        }))
        .await?;
        let epoch = opened.first().and_then(|(.., epoch)| *epoch);
        Ok(Self { each: opened.into_iter().map(|(service, store, _)| (service, store)).collect(), epoch })
    }

    /// Tells these databases from others that were at the same place before or will be after: the epoch of a log.
    #[must_use]
    pub const fn epoch(&self) -> Option<Uuid> {
        self.epoch
    }

    pub(super) fn into_each(self) -> impl Iterator<Item = (Service, Store)> {
        self.each.into_iter()
    }
}
