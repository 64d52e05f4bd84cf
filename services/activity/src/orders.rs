//! Orders as they stand: what was bought and what came back of it so far.
//!
//! 1. Reading never waits for a writer and takes no lock.
//! 2. A read with a freshness token waits until everything the token speaks of is reflected here; where no path leads
//!    from its source, it says so at once.
//! 3. Lists go by a key, newest first unless asked otherwise, and never skip or repeat what does not change meanwhile.
//!
//! Cost: one statement that finds, and two for lines and returns of all orders found.

mod store;

use ::store::{Reading, Store, StoreError};
use eventlog::Progress;
use jiff::Timestamp;
use kernel::{Currency, MemberId, OrderId, Shard, TenantId};
use wire::{Direction, Freshness, Stop};

use crate::journal::{Payment, State};

/// An order as it stands.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its id.
    pub order: OrderId,
    /// The system that reported it.
    pub source: String,
    /// The shop's own number.
    pub external_id: String,
    /// Whose it is.
    pub member: Option<MemberId>,
    /// Where it was sold.
    pub channel: String,
    /// Store, page or device.
    pub touchpoint: String,
    /// Who served.
    pub staff: String,
    /// Look-up key.
    pub invoice_number: String,
    /// What it was paid in.
    pub currency: Currency,
    /// How it was paid.
    pub payments: Vec<Payment>,
    /// What of it was paid with points.
    pub points_paid_minor: i64,
    /// Coupons used.
    pub coupons: Vec<String>,
    /// Net of discounts.
    pub net_minor: i64,
    /// What came back of that.
    pub returned_minor: i64,
    /// What became of it.
    pub state: State,
    /// When it entered that state.
    pub state_at: Timestamp,
    /// When it was bought.
    pub occurred_at: Timestamp,
    /// When the buyer had it.
    pub received_at: Option<Timestamp>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Part of a history that was loaded.
    pub historic: bool,
    /// By number.
    pub lines: Vec<Line>,
}

/// A line of an order as it stands.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number.
    pub number: i32,
    /// The shop's code.
    pub product: String,
    /// At the time of sale.
    pub category: String,
    /// Units.
    pub quantity: i64,
    /// As it was written.
    pub unit_price: String,
    /// Taken off.
    pub discount_minor: i64,
    /// Contained.
    pub tax_minor: i64,
    /// As it was written; may be empty.
    pub unit_cost: String,
    /// Before the discount.
    pub gross_minor: i64,
    /// After it.
    pub net_minor: i64,
    /// Units that came back.
    pub returned_quantity: i64,
    /// Money that came back.
    pub returned_minor: i64,
}

/// How an order is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// By its id.
    Id(OrderId),
    /// By source and the shop's own number.
    Key(String, String),
}

/// A page of a member's orders.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Whose rows.
    pub tenant: TenantId,
    /// Whose orders.
    pub member: MemberId,
    /// By when they were bought.
    pub order: Direction,
    /// The last one of the page before.
    pub after: Option<(Timestamp, OrderId)>,
    /// How many at most.
    pub size: i64,
    /// What must be visible.
    pub fresh: Freshness,
}

/// Why orders are not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// There is none by this name.
    #[error("there is no order {0}")]
    NotFound(String),
    /// The token cannot be honoured.
    #[error(transparent)]
    Unreachable(#[from] eventlog::Unreachable),
}

/// Reads orders.
#[derive(Clone, Debug)]
pub struct Orders {
    store: Store,
    progress: Progress,
}

/// How many orders an invoice number may find.
const MOST_FOUND: i64 = 20;

impl Orders {
    /// On the service's database.
    pub const fn new(store: Store, progress: Progress) -> Self {
        Self { store, progress }
    }

    /// Reads one order.
    pub async fn get(&self, tenant: TenantId, name: &Name, fresh: &Freshness) -> Result<Order, Stop<Unread>> {
        let mut reading = self.open(tenant, fresh).await?;
        let found = match name {
            Name::Id(order) => store::by_id(reading.connection(), tenant, &[*order]).await?,
            Name::Key(source, number) => store::by_key(reading.connection(), tenant, source, number).await?,
        };
        found.into_iter().next().ok_or_else(|| Stop::Refused(Unread::NotFound(name.to_string())))
    }

    /// Finds the orders with an invoice number, newest first.
    pub async fn find(&self, tenant: TenantId, invoice: &str, fresh: &Freshness) -> Result<Vec<Order>, Stop<Unread>> {
        let mut reading = self.open(tenant, fresh).await?;
        let found = store::by_invoice(reading.connection(), tenant, invoice, MOST_FOUND).await?;
        if found.is_empty() {
            return Err(Stop::Refused(Unread::NotFound(invoice.to_owned())));
        }
        Ok(found)
    }

    /// Lists a member's orders.
    pub async fn list(&self, ask: &Listing) -> Result<Vec<Order>, Stop<Unread>> {
        let mut reading = self.open(ask.tenant, &ask.fresh).await?;
        Ok(store::by_member(reading.connection(), ask).await?)
    }

    async fn open(&self, tenant: TenantId, fresh: &Freshness) -> Result<Reading, Stop<Unread>> {
        self.progress.wait_for(fresh).await.map_err(|wrong| Stop::Refused(wrong.into()))?;
        Ok(self.store.read(tenant).await?)
    }
}

/// Reads orders whole, inside a transaction.
pub async fn within(tx: &mut ::store::Tx, tenant: TenantId, orders: &[OrderId]) -> Result<Vec<Order>, StoreError> {
    store::by_id(tx.connection(), tenant, orders).await
}

impl Order {
    /// The shard its rows lie in.
    pub fn shard(&self) -> Shard {
        crate::journal::shard_of_order(self.order)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(order) => write!(out, "{order}"),
            Self::Key(source, number) => write!(out, "{source}/{number}"),
        }
    }
}
