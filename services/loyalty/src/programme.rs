//! The programme: what members are promised, version after version.
//!
//! 1. A version is written once. A change is a new version with a later effective time; an older one keeps ruling its
//!    own time, and every decision names the version that made it.
//! 2. What a programme says is a pure value; [`terms`] holds it, [`expiry`] its calendar, [`ladder`] its tiers, [`rules`] what is earned beyond
//!    the base rate, [`occasions`] what is earned without an order, [`wallets`] what is earned beside points, [`transfers`]
//!    what members may pass on, [`words`] what conditions of rules may ask.

mod events;
pub mod expiry;
pub mod ladder;
pub mod occasions;
pub mod rules;
pub mod terms;
pub mod transfers;
pub mod wallets;
pub mod words;

#[cfg(test)]
pub(crate) mod example;

use ::store::Store;
use ::terms::Book;
use kernel::{Clock, Shard, TenantId};
use timers::Timer;

pub use self::terms::{Programme, Terms, Versions};

/// The programmes of all tenants.
pub type Programmes = Book<Programme>;

/// The kind of timer that rings when birthdays begin or end; its subject is the tenant.
pub(crate) const BIRTHDAYS: &str = "birthdays";

/// On the service's database.
pub(crate) fn open(store: Store, clock: Clock) -> Programmes {
    Book::new(store, clock, events::put).waking(wake)
}

/// Terms with rules for birthdays are looked at as soon as they rule.
fn wake(tenant: TenantId, terms: &Terms) -> Option<Timer> {
    let due_at = Some(terms.effective_at).filter(|_| terms.keeps_birthdays());
    due_at.map(|_| Timer { tenant, shard: Shard::of_tenant(tenant), subject: tenant.uuid(), kind: BIRTHDAYS, due_at })
}
