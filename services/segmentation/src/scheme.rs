//! The scheme: by what a tenant's members are divided.
//!
//! 1. It is put in versions ([`terms::Book`]); an older one keeps ruling its own time. Where none was put, the built-in one
//!    rules, as version 0.
//! 2. Members are divided under the scheme of the last snapshot. So a scheme takes a snapshot when it begins to rule, and
//!    everybody is looked at again.

mod events;
pub mod terms;

use ::store::Store;
use ::terms::{Book, Held, Versions};
use jiff::Timestamp;
use kernel::Clock;

use self::terms::Scheme;

/// The schemes of all tenants.
pub type Schemes = Book<Scheme>;

/// On the service's database.
pub(crate) fn open(store: Store, clock: Clock) -> Schemes {
    Book::new(store, clock, events::put)
}

/// The scheme that rules at a moment, with its version; the built-in one where none was put.
pub(crate) fn ruling(versions: &Versions<Scheme>, at: Timestamp) -> (i32, Scheme) {
    versions.at(at).map_or_else(|| (0, Scheme::default()), |version| (version.number, version.terms.clone()))
}

/// What holds for a tenant, as the rules are told it.
pub(crate) type HeldScheme = Held<Scheme>;
