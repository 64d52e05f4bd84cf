//! What holds for a tenant, as a service knows it: what registry settled, and the versions of the service's own terms.
//!
//! 1. Registry owns a tenant's settings; [`Settled`] is what was last heard of them, kept in the transaction that moves the
//!    cursor. Until something is heard, months are those of UTC and amounts have the usual digits of their currency.
//! 2. A service's own terms ([`Book`]) are written once, version after version. A change is a new version with a later
//!    effective time; an older one keeps ruling its own time, and every decision names the version that made it.
//! 3. The first version of a tenant may be effective in the past, so that a history can be loaded under it. Later ones rule
//!    from now on at the earliest.
//! 4. New terms are told in the tenant's partition, so that a read can wait for them.
//! 5. A suspended tenant reads on and writes nothing. Who writes asks inside the transaction, after a repeated call has had
//!    its answer.
//!
//! Cost: terms are kept in memory; one statement asks, for all tenants of a batch, whether they are still the last.

mod book;
mod settled;
mod statements;
mod versions;

pub use book::{Book, Held, NewTerms, Say, TermsPut, TermsRefusal, Wake};
pub use kernel::{Version, Versions};
pub use settled::{Settled, heard, keep, now, of};

/// The tables of terms. Versions 40 to 49.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
