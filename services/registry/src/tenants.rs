//! Tenants: the programmes that share an installation and never see each other.
//!
//! # Laws
//!
//! 1. A code is one tenant's in the installation, for ever; it belongs to the nil tenant, in the shard of its text.
//! 2. Tenants are opened, suspended, resumed and listed by operators, whose tokens name no tenant. A tenant's own people
//!    read and settle their own, and learn nothing of any other, not even whether it exists.
//! 3. A suspended tenant is read and not written, in every service: the others hear of it and follow.
//! 4. Settings change by versions that count up.
//!
//! # Life cycle
//!
//! ```text
//! open -> Open <--suspend / resume--> Suspended
//! ```
//!
//! # Cost
//!
//! A mutation is seven round trips. Other doors ask for a tenant's settings with every number that is written without a
//! prefix, so these are kept in memory and follow the log ([`crate::hot`]).

use ::store::{Head, RequestKey, Store, StoreError, Tenants as Visible, Tx};
use eventlog::{Progress, Unreachable};
use jiff::Timestamp;
use kernel::{Clock, Shard, TenantId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{Freshness, Stop, known};

use crate::receipt::{Attempts, Reached};

mod events;
mod settings;
mod store;

pub use settings::{Settings, SettingsChange, usual_digits};

/// What registry says no to about tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody opened it, or the caller may not know of it.
    NotFound(String),
    /// Another tenant has the code.
    CodeTaken(String),
    /// The read's token cannot be honoured here.
    Unreachable(Unreachable),
    /// The settings changed since they were read.
    EtagMismatch {
        /// What the change was based on.
        etag: String,
        /// What it would have to be based on.
        current: i64,
    },
}

/// One programme's home.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    /// For ever.
    pub id: TenantId,
    /// What operators type.
    pub code: String,
    /// How it is settled.
    pub settings: Settings,
    /// Whether it may write.
    pub standing: Standing,
    /// Since when.
    pub state_at: Timestamp,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Counts the changes.
    pub version: i64,
}

/// Whether a tenant may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It reads and writes.
    Open,
    /// It reads.
    Suspended,
}

/// Who asks: an operator of the installation, or one tenant's people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// About any tenant.
    Operator,
    /// About this one.
    Own(TenantId),
}

/// How a tenant is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By its id.
    Id(TenantId),
    /// By its code.
    Code(String),
}

/// A tenant to open.
#[derive(Clone, Debug)]
pub struct Opening {
    /// What makes it repeat-safe.
    pub key: RequestKey,
    /// What operators type.
    pub code: String,
    /// How it is settled.
    pub settings: Settings,
}

/// A change of a tenant.
#[derive(Clone, Debug)]
pub struct ChangeAsk {
    /// Who asks.
    pub asking: Asking,
    /// What makes it repeat-safe.
    pub key: RequestKey,
    /// Which tenant.
    pub tenant: Named,
    /// What it is based on; unchecked where empty.
    pub etag: String,
    /// What to change.
    pub change: Change,
}

/// What is changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// How it is settled.
    Settings(SettingsChange),
    /// Whether it may write.
    Standing(Standing),
}

/// That it was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Which tenant.
    pub tenant: TenantId,
    /// Of the settings after it.
    pub version: i64,
    /// Where a reader sees it.
    pub reached: Reached,
}

/// The door.
#[derive(Clone, Debug)]
pub struct Tenants {
    store: Store,
    clock: Clock,
    progress: Progress,
}

/// What belongs to the installation and to no tenant.
fn installation() -> TenantId {
    TenantId::from(Uuid::nil())
}

fn shard_of_code(code: &str) -> Shard {
    Shard::of_text(installation(), &["code", code])
}

impl Tenants {
    /// Tenants in this store.
    pub const fn new(store: Store, clock: Clock, progress: Progress) -> Self {
        Self { store, clock, progress }
    }

    /// Opens a tenant.
    pub async fn open(&self, ask: Opening) -> Result<Receipt, Stop<Refusal>> {
        let mut attempts = Attempts::default();
        loop {
            let done = self.try_open(&ask).await;
            if !attempts.again(&done).await {
                return done;
            }
        }
    }

    async fn try_open(&self, ask: &Opening) -> Result<Receipt, Stop<Refusal>> {
        let now = self.clock.now();
        let id = TenantId::new_at(now);
        let (home, of_code) = (Shard::of_tenant(id), shard_of_code(&ask.code));
        // Said again it would be about another id, so it is remembered where only its own id leads.
        let remembered_in = Shard::of_text(installation(), &["request", &ask.key.id.to_string()]);
        let visible: Visible = [installation(), id].into_iter().collect();
        let mut tx = self.store.begin(visible, [home, of_code, remembered_in]).await?;
        if let Some(receipt) = known(tx.recall(installation(), remembered_in, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        if store::holder(&mut tx, &ask.code).await?.is_some() {
            return Err(Stop::Refused(Refusal::CodeTaken(ask.code.clone())));
        }
        let tenant = Tenant {
            id,
            code: ask.code.clone(),
            settings: ask.settings.clone(),
            standing: Standing::Open,
            state_at: now,
            created_at: now,
            version: 1,
        };
        store::insert(&mut tx, &tenant).await?;
        eventlog::append(&mut tx, [events::settled(&tenant, now)], now)?;
        let receipt = Receipt { tenant: id, version: 1, reached: Reached::of(&tx, [home]) };
        tx.remember(installation(), remembered_in, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// Changes a tenant.
    pub async fn change(&self, ask: ChangeAsk) -> Result<Receipt, Stop<Refusal>> {
        let mut attempts = Attempts::default();
        loop {
            let done = self.try_change(&ask).await;
            if !attempts.again(&done).await {
                return done;
            }
        }
    }

    async fn try_change(&self, ask: &ChangeAsk) -> Result<Receipt, Stop<Refusal>> {
        let now = self.clock.now();
        let id = self.named(ask.asking, &ask.tenant).await?;
        let home = Shard::of_tenant(id);
        let mut tx = self.store.begin(id, [home]).await?;
        if let Some(receipt) = known(tx.recall(id, home, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        let tenant = store::find(&mut tx, id).await?.ok_or_else(|| not_found(&ask.tenant))?;
        if !ask.etag.is_empty() && ask.etag != tenant.version.to_string() {
            let refusal = Refusal::EtagMismatch { etag: ask.etag.clone(), current: tenant.version };
            return Err(Stop::Refused(refusal));
        }
        if tenant.standing == Standing::Suspended && ask.asking != Asking::Operator {
            return Err(Stop::TenantSuspended);
        }
        let after = tenant.clone().changed(&ask.change, now);
        if after != tenant {
            store::update(&mut tx, &after).await?;
            eventlog::append(&mut tx, [events::settled(&after, now)], now)?;
        }
        let receipt = Receipt { tenant: id, version: after.version, reached: Reached::of(&tx, [home]) };
        tx.remember(id, home, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// Reads a tenant.
    pub async fn get(&self, asking: Asking, named: &Named, fresh: &Freshness) -> Result<Tenant, Stop<Refusal>> {
        self.reached(fresh).await?;
        let id = self.named(asking, named).await?;
        self.read(id).await?.1.ok_or_else(|| not_found(named))
    }

    /// So many tenants after a place, in the order they were opened. For operators.
    pub async fn page(
        &self,
        after: Option<(Timestamp, TenantId)>,
        limit: i64,
        fresh: &Freshness,
    ) -> Result<Vec<Tenant>, Stop<Refusal>> {
        self.reached(fresh).await?;
        Ok(store::page(&mut self.store.read(Visible::Every).await?, after, limit).await?)
    }

    /// A tenant, or none, and where its shard stood in the snapshot it was read from.
    pub(crate) async fn read(&self, tenant: TenantId) -> Result<(Head, Option<Tenant>), StoreError> {
        store::read(&mut self.store.read(tenant).await?, tenant).await
    }

    async fn reached(&self, fresh: &Freshness) -> Result<(), Stop<Refusal>> {
        self.progress.wait_for(fresh).await.map_err(|unreachable| Stop::Refused(Refusal::Unreachable(unreachable)))
    }

    /// Whose code it is never changes, so it need not be asked again inside the transaction.
    async fn named(&self, asking: Asking, named: &Named) -> Result<TenantId, Stop<Refusal>> {
        let id = match named {
            Named::Id(id) => Some(*id),
            Named::Code(code) => store::holder_of(&mut self.store.read(installation()).await?, code).await?,
        };
        let known = id.filter(|id| match asking {
            Asking::Operator => true,
            Asking::Own(own) => own == *id,
        });
        known.ok_or_else(|| not_found(named))
    }
}

fn not_found(named: &Named) -> Stop<Refusal> {
    Stop::Refused(Refusal::NotFound(match named {
        Named::Id(id) => id.to_string(),
        Named::Code(code) => code.clone(),
    }))
}

/// Whether a tenant may write, as a transaction of another door sees it; none where nobody opened it.
pub(crate) async fn standing(tx: &mut Tx, tenant: TenantId) -> Result<Option<Standing>, StoreError> {
    store::standing(tx, tenant).await
}

impl Tenant {
    fn changed(mut self, change: &Change, at: Timestamp) -> Self {
        let before = self.clone();
        match change {
            Change::Settings(change) => self.settings.apply(change),
            Change::Standing(standing) if *standing == self.standing => {}
            Change::Standing(standing) => {
                self.standing = *standing;
                self.state_at = at;
            }
        }
        if self != before {
            self.version = self.version.saturating_add(1);
        }
        self
    }
}
