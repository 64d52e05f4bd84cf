//! The offer: what members are promised for inviting others, version after version.
//!
//! 1. A version is written once. A referral keeps the version it began under, whatever is put later.
//! 2. What an offer says is a pure value; [`promise`] holds its rules.

mod events;
pub mod promise;

use ::store::Store;
use kernel::Clock;
use terms::Book;

pub use self::promise::Offer;

/// The offers of all tenants.
pub type Offers = Book<Offer>;

/// On the service's database.
pub(crate) fn open(store: Store, clock: Clock) -> Offers {
    Book::new(store, clock, events::put)
}
