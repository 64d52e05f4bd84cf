//! Members: what they bought, and where they stand.
//!
//! 1. Everything follows from a member's purchases and the last snapshot of the shop, by pure rules: a look works it out
//!    anew, and what is stored is kept for lists, counts and history.
//! 2. A purchase is an order that was not wholly returned, at the time it was bought. A late order counts as if it had come
//!    in time.
//! 3. A snapshot is written once. Members are compared with the last one until the next.
//! 4. A change is written once, with the instant it happened at, whatever caused it: an order, a return, a snapshot, time.
//! 5. What changes by itself has a timer for its instant. Everything that changes a member goes through the desk.
//! 6. A snapshot is written under the lock of the tenant's shard, and commits before anybody is told to be looked at again;
//!    that is done under the lock of the members' shards. So whoever was written under the snapshot before is seen.
//!
//! Cost of a batch, whatever its size: begin 2, settings and scheme 1, people 3, snapshots 1, writes at most 7, commit 1
//! round trips.

mod cut;
mod cycle;
pub mod decision;
mod desk;
pub mod evaluation;
mod events;
pub mod frame;
pub mod insight;
mod lifecycle;
pub mod person;
pub mod purchase;
mod reading;
pub mod report;
mod rfm;
pub mod snapshot;
mod store;
mod value;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod walk;

use std::sync::Arc;

use ::store::{RequestKey, Store, StoreError, Writer};
use ::terms::{NewTerms, TermsPut, TermsRefusal};
use eventlog::{CannotApply, Heard};
use jiff::Timestamp;
use kernel::{Clock, MemberId, TenantId};
use wire::Stop;

pub use self::cycle::{Cycle, CycleSource};
use self::desk::MemberDesk;
pub use self::desk::{Answer, Ask, Deed, DeedKind};
pub use self::insight::{Features, Insight, Window};
pub use self::lifecycle::{Labels, Lifecycle, Windows};
pub use self::reading::{ChangeView, CohortsView, MemberRow, OverviewView, Page, Wanted};
pub use self::rfm::{Group, Letters};
pub(crate) use self::snapshot::Taking;
pub use self::value::LifetimeValue;
use crate::scheme::Schemes;
use crate::scheme::terms::Scheme;

/// What falls due, in the order in which it is done at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rung {
    /// A snapshot of a tenant.
    Snapshot,
    /// Everybody of a tenant is to be looked at again.
    Sweep,
    /// A member stands elsewhere.
    Member,
}

impl Rung {
    /// By the kind of its timer.
    pub(crate) fn of(kind: &str) -> Self {
        match kind {
            store::SNAPSHOT => Self::Snapshot,
            store::SWEEP => Self::Sweep,
            _ => Self::Member,
        }
    }
}

/// Asks for a snapshot.
#[derive(Clone, Debug)]
pub struct NewSnapshot {
    /// Whose.
    pub tenant: TenantId,
    /// What makes it repeat-safe.
    pub key: RequestKey,
    /// Work it out and write nothing.
    pub validate_only: bool,
}

/// Why something was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberRefusal {
    /// No snapshot has this number; zero where none was taken.
    SnapshotNotFound {
        /// The number.
        number: i64,
    },
}

/// All members.
#[derive(Clone)]
pub struct Members {
    store: Store,
    clock: Clock,
    schemes: Schemes,
    writer: Writer<MemberDesk>,
}

impl Members {
    pub(crate) fn open(store: Store, clock: Clock, schemes: Schemes) -> Self {
        let desk = Arc::new(MemberDesk::new(clock.clone(), schemes.clone()));
        let writer = Writer::start(store.clone(), desk);
        Self { store, clock, schemes, writer }
    }

    /// Puts a new scheme in force. When it begins to rule, a snapshot is taken.
    ///
    /// Where the process ends between the two, the next midnight's snapshot takes the scheme up, and so does saying the
    /// call again.
    pub async fn put_scheme(&self, ask: NewTerms<Scheme>) -> Result<TermsPut, Stop<TermsRefusal>> {
        let (tenant, validate_only) = (ask.tenant, ask.validate_only);
        let put = self.schemes.put(ask).await?;
        if !validate_only {
            self.set_next_snapshot(tenant).await?;
        }
        Ok(put)
    }

    /// Applies what was heard, together with the cursors of who said it.
    pub(crate) async fn hear(&self, heard: Arc<Heard>, deeds: Vec<Deed>) -> Result<(), CannotApply> {
        match self.writer.write(Ask::Hear { heard, deeds }).await? {
            Answer::Done => Ok(()),
            Answer::CannotApply(cause) => Err(CannotApply::Event(cause)),
        }
    }

    /// Does what has fallen due for some members of a tenant, each until a moment.
    pub(crate) async fn settle(&self, tenant: TenantId, members: Vec<(MemberId, Timestamp)>) -> Result<(), StoreError> {
        self.writer.write(Ask::Settle { tenant, members }).await.map(|_| ())
    }
}
