//! The overview: the journal summed for a report.
//!
//! 1. Everything is summed in whole minor units; a share is a whole number of hundredths of a percent.
//! 2. Orders count in the month of the tenant's zone in which they were bought; what came back of them counts against
//!    that month, whenever it came back.
//! 3. Buyers are members with at least one order that was not wholly returned. Their revenue is net of returns.
//! 4. Money that came back is negative among the buckets, and what was cancelled counts as come back, so that these sum
//!    to what the shop kept.
//!
//! Cost: reads all orders of the time asked for; meant for reports.

mod best;
mod store;

use ::store::Store;
use eventlog::{Progress, Unreachable};
use jiff::Timestamp;
use kernel::{Currency, Money, TenantId};
use wire::{Freshness, Stop};

/// What to sum.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whose.
    pub tenant: TenantId,
    /// From here on; all if none.
    pub from: Option<Timestamp>,
    /// Before here; all if none.
    pub until: Option<Timestamp>,
    /// What must be visible.
    pub fresh: Freshness,
}

/// The sums.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// By month and channel, oldest first.
    pub months: Vec<ChannelMonth>,
    /// All buckets of the journal.
    pub buckets: Vec<Bucket>,
    /// How many bought.
    pub buyers: i64,
    /// Share of the best fifth, in hundredths of a percent.
    pub top_fifth_share_bp: i32,
    /// Their revenue; none where the journal is empty.
    pub top_fifth: Option<Money>,
    /// Revenue of all buyers.
    pub revenue: Option<Money>,
}

/// Orders of one channel in one month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelMonth {
    /// "2011-11".
    pub month: String,
    /// "web".
    pub channel: String,
    /// How many.
    pub orders: i64,
    /// Before returns.
    pub net: Money,
    /// What came back of them.
    pub returned: Money,
}

/// One bucket of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// "member-orders", "guest-orders", "matched-returns", "cancelled-orders", "unmatched-credits", "adjustments".
    pub name: String,
    /// How many.
    pub entries: i64,
    /// Their lines.
    pub lines: i64,
    /// Their sum.
    pub amount: Money,
}

/// Sums the journal.
#[derive(Clone, Debug)]
pub struct Overviews {
    store: Store,
    progress: Progress,
}

impl Overviews {
    /// On the service's database.
    pub const fn new(store: Store, progress: Progress) -> Self {
        Self { store, progress }
    }

    /// Sums the orders, returns and adjustments of a time.
    pub async fn sum(&self, ask: &Asked) -> Result<Overview, Stop<Unreachable>> {
        self.progress.wait_for(&ask.fresh).await.map_err(Stop::Refused)?;
        let terms = terms::now(&self.store, ask.tenant).await?;
        let mut reading = self.store.read(ask.tenant).await?;
        let connection = reading.connection();
        let months = store::months(connection, ask, terms.zone_name()).await?;
        let buckets = store::buckets(connection, ask).await?;
        let Some(currency) = terms.currency.or_else(|| usual(&buckets)) else {
            return Ok(Overview { months, buckets, ..Overview::default() });
        };
        let best = best::fifth(store::revenues(connection, ask, currency).await?);
        Ok(Overview {
            months,
            buckets,
            buyers: best.buyers,
            top_fifth_share_bp: best.share_bp,
            top_fifth: Some(Money { currency, minor: best.top_minor }),
            revenue: Some(Money { currency, minor: best.all_minor }),
        })
    }
}

/// The currency most entries are in, where registry has not named the tenant's.
fn usual(buckets: &[Bucket]) -> Option<Currency> {
    buckets.iter().max_by_key(|bucket| bucket.entries).map(|bucket| bucket.amount.currency)
}
