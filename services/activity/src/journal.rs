//! The journal: what members did, as their shops reported it.
//!
//! # Laws
//!
//! 1. A fact is named for ever by its kind, its source and the shop's own number. It is recorded once; the same under
//!    another request id is refused as applied already, with the id of what is there.
//! 2. Lines are the truth: an order is worth the sum of its lines, each rounded once. What was recorded is never changed;
//!    of an order only what came back of it, its state and, once, its member.
//! 3. Nothing comes back that was not bought: the returns of an order never exceed it, by units or by money, and any
//!    number of partial returns comes to what one whole return comes to.
//! 4. A return that names no order takes its member's newest earlier lines; the rest is kept as an unmatched credit.
//! 5. Entries of a call are decided in the order given, each seeing those before it. A refused one leaves nothing behind
//!    and keeps no other out. All that was written is stored, and told, in one transaction.
//! 6. Nothing comes back, and no order is cancelled, before it was bought.
//! 7. Whatever changes a member's orders holds the lock of the member's shard; a guest's order is protected by its own.
//!
//! # Life of an order
//!
//! `RECORDED`, then at most once `RETURNED` (all its money came back; or all its units, where it cost nothing),
//! `CANCELLED` or `UNCOLLECTED` (whatever was left came back at once).
//!
//! # Cost
//!
//! Before the transaction one look at the named orders, to know whose shards to lock; then begin, recall, terms, the
//! categories of products whose lines name none, one look-up for each kind of key, and only where something comes back
//! four more; one statement for each table written, one for the events, remember, commit. All
//! of that is once for a call, whether it brings one entry or a thousand.

mod book;
mod crediting;
mod entry;
mod events;
mod held;
mod loading {
    pub(super) mod store;
}
mod matching;
mod outcome;
mod refusal;
mod returning;
mod valuation;
mod wanted;
mod writing {
    pub(super) mod store;
}
mod written;

use std::collections::{BTreeSet, HashMap};

use ::store::{Head, Recall, RequestKey, Store, StoreError, Tx};
use jiff::Timestamp;
use kernel::{Clock, Currency, MemberId, OrderId, Shard, TenantId};
use serde::{Deserialize, Serialize};
use terms::Settled;
use uuid::Uuid;
use wire::{Freshness, Stop, known, patiently};

pub use entry::{
    BackLine, Buyer, Goods, MOST_LINES, NewAdjustment, NewEntry, NewLine, NewOrder, NewReturn, Origin, Payment,
};
pub use held::State;
pub use outcome::{Match, Outcome};
pub use refusal::{Refusal, Wrong};

use crate::products;
use book::{Book, Known};
use valuation::Valued;
use wanted::Wanted;
use written::Written;

/// Entries to record.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Whose.
    pub tenant: TenantId,
    /// What makes the call repeat-safe.
    pub key: RequestKey,
    /// In order.
    pub entries: Vec<NewEntry>,
    /// Part of a history that is being loaded.
    pub historic: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// The call brings this one entry: its refusal is the call's.
    pub single: bool,
    /// Members it names whom registry does not know.
    pub strangers: BTreeSet<MemberId>,
}

/// An order to cancel.
#[derive(Clone, Debug)]
pub struct Cancelling {
    /// Whose.
    pub tenant: TenantId,
    /// What makes the call repeat-safe.
    pub key: RequestKey,
    /// Which.
    pub order: OrderId,
    /// `Cancelled` or `Uncollected`.
    pub as_state: State,
    /// When; now if not told.
    pub occurred_at: Option<Timestamp>,
    /// Decide and write nothing.
    pub validate_only: bool,
}

/// What a call answers, and answers again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// What became of each entry, in their order.
    pub outcomes: Vec<Outcome>,
    moved: Vec<(i16, Uuid, i64)>,
    /// False where the call only asked what would become of it.
    #[serde(skip, default = "always")]
    pub written: bool,
}

const fn always() -> bool {
    true
}

impl Recorded {
    pub(crate) fn new(outcomes: Vec<Outcome>, moved: &[(Shard, Head)]) -> Self {
        let moved = moved.iter().map(|(shard, head)| (shard.number(), head.epoch, head.position)).collect();
        Self { outcomes, moved, written: true }
    }

    /// What would become of the entries: nothing was written.
    pub(crate) fn rehearsed(outcomes: Vec<Outcome>) -> Self {
        Self { written: false, ..Self::new(outcomes, &[]) }
    }

    /// What a read has to wait for that must see the effects.
    pub fn freshness(&self) -> Freshness {
        let moved: Vec<(Shard, Head)> = self
            .moved
            .iter()
            .filter_map(|(shard, epoch, position)| {
                Some((Shard::from_number(i64::from(*shard))?, Head { epoch: *epoch, position: *position }))
            })
            .collect();
        Freshness::of(crate::SERVICE, &moved)
    }
}

/// The journal.
#[derive(Clone, Debug)]
pub struct Journal {
    store: Store,
    clock: Clock,
}

/// Where an attempt ended.
enum Step {
    Done(Recorded),
    /// These shards have to be locked too.
    Wider(BTreeSet<Shard>),
}

/// What a call does once the journal is open before it.
#[derive(Clone, Copy)]
enum Act<'a> {
    Record(&'a Recording),
    Cancel(&'a Cancelling),
}

/// How often the shards of named orders may turn out to have changed before all shards are locked.
const GUESSES: u32 = 3;

impl Journal {
    /// On the service's database.
    pub const fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Records the entries of a call.
    pub async fn record(&self, ask: &Recording) -> Result<Recorded, Stop<Refusal>> {
        let wanted = Wanted::by(ask.tenant, &ask.entries);
        self.settle(ask.tenant, &ask.key, &wanted, Act::Record(ask)).await
    }

    /// Cancels an order.
    pub async fn cancel(&self, ask: &Cancelling) -> Result<Recorded, Stop<Refusal>> {
        let wanted = Wanted::order(ask.order);
        self.settle(ask.tenant, &ask.key, &wanted, Act::Cancel(ask)).await
    }

    async fn settle(
        &self,
        tenant: TenantId,
        key: &RequestKey,
        wanted: &Wanted<'_>,
        act: Act<'_>,
    ) -> Result<Recorded, Stop<Refusal>> {
        patiently(|| async {
            let mut shards = wanted.shards();
            shards.insert(crate::home_of(tenant, key));
            if wanted.names_orders() {
                let mut reading = self.store.read(tenant).await?;
                let (named, _) = loading::store::named(reading.connection(), tenant, wanted).await?;
                shards.extend(named.values().map(|held| held.subject));
            }
            for _ in 0..GUESSES {
                match self.attempt(tenant, key, wanted, act, shards.clone()).await? {
                    Step::Done(recorded) => return Ok(recorded),
                    Step::Wider(more) => shards.extend(more),
                }
            }
            match self.attempt(tenant, key, wanted, act, Shard::all().collect()).await? {
                Step::Done(recorded) => Ok(recorded),
                Step::Wider(_) => Err(StoreError::unreadable("an order in no shard").into()),
            }
        })
        .await
    }

    /// One transaction. What was read before it only said which shards to lock; what counts is read after the lock, and
    /// where an order turns out to lie elsewhere by now, nothing is done.
    async fn attempt(
        &self,
        tenant: TenantId,
        key: &RequestKey,
        wanted: &Wanted<'_>,
        act: Act<'_>,
        shards: BTreeSet<Shard>,
    ) -> Result<Step, Stop<Refusal>> {
        let home = crate::home_of(tenant, key);
        let mut tx = self.store.begin(tenant, shards.iter().copied()).await?;
        let now = self.clock.now();
        if let Some(recorded) = known(act.by_name(tx.recall(tenant, home, key, now).await?))? {
            return Ok(Step::Done(recorded));
        }
        let terms = terms::of(&mut tx, tenant).await?;
        if terms.suspended {
            return Err(Stop::TenantSuspended);
        }
        // Currency, digits and categories may change until the locks are held; what was bought is valued by what counts now.
        let categories = products::categories(&mut tx, tenant, &act.without_category()).await?;
        let valued = act.valued(&terms, &categories).map_err(|wrong| Stop::Refused(Refusal::Malformed(wrong)))?;
        let there = loading::store::load(tx.connection(), tenant, wanted).await?;
        let outside: BTreeSet<Shard> =
            there.orders.iter().map(|held| held.subject).filter(|subject| !shards.contains(subject)).collect();
        if !outside.is_empty() {
            tx.roll_back().await?;
            return Ok(Step::Wider(outside));
        }
        let (outcomes, written) = decide(tenant, now, there, act, &valued)?;
        let Some(historic) = act.writes() else {
            return Ok(Step::Done(Recorded::rehearsed(outcomes)));
        };
        self.write(&mut tx, tenant, &written, historic, now).await?;
        let recorded = Recorded::new(outcomes, &tx.moved());
        tx.remember(tenant, home, key, &recorded, now)?;
        tx.commit().await?;
        Ok(Step::Done(recorded))
    }

    async fn write(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        written: &Written<'_>,
        historic: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        writing::store::write(tx.connection(), tenant, written, historic, now).await?;
        eventlog::append(tx, events::of(tenant, &written.facts, historic), now)
    }
}

impl<'a> Act<'a> {
    /// What is recorded has a name for ever (law 1), so a request that is too old to be remembered is decided by that.
    fn by_name(self, recalled: Recall<Recorded>) -> Recall<Recorded> {
        match self {
            Self::Record(_) => recalled.or_by_name(),
            Self::Cancel(_) => recalled,
        }
    }

    /// Products whose lines name no category.
    fn without_category(self) -> BTreeSet<&'a str> {
        let entries = match self {
            Self::Record(ask) => ask.entries.as_slice(),
            Self::Cancel(_) => &[],
        };
        let orders = entries.iter().filter_map(|entry| match entry {
            NewEntry::Order(order) => Some(order),
            NewEntry::Return(_) | NewEntry::Adjustment(_) => None,
        });
        let lines = orders.flat_map(|order| &order.lines).filter(|line| line.category.is_empty());
        lines.map(|line| line.product.as_str()).collect()
    }

    /// What its entries are worth.
    fn valued<'b>(self, terms: &Settled, categories: &'b HashMap<String, String>) -> Result<Vec<Valued<'b>>, Vec<Wrong>>
    where
        'a: 'b,
    {
        match self {
            Self::Record(ask) => {
                let path = |place| if ask.single { String::new() } else { format!("entries[{place}].") };
                valuation::value(&ask.entries, terms, categories, path)
            }
            Self::Cancel(_) => Ok(Vec::new()),
        }
    }

    /// Whether what is written is part of a history; none where nothing is written at all.
    const fn writes(&self) -> Option<bool> {
        match self {
            Self::Record(ask) if ask.validate_only => None,
            Self::Record(ask) => Some(ask.historic),
            Self::Cancel(ask) if ask.validate_only => None,
            Self::Cancel(_) => Some(false),
        }
    }
}

fn decide<'a>(
    tenant: TenantId,
    now: Timestamp,
    known: Known,
    act: Act<'_>,
    valued: &'a [Valued<'a>],
) -> Result<(Vec<Outcome>, Written<'a>), Stop<Refusal>> {
    let mut book = Book::open(tenant, now, known, new_order_id);
    let outcomes = match (act, valued) {
        (Act::Record(ask), [entry]) if ask.single => vec![one(&mut book, ask, 0, entry).map_err(Stop::Refused)?],
        (Act::Record(ask), entries) => {
            let each = entries.iter().enumerate();
            each.map(|(place, entry)| {
                one(&mut book, ask, place, entry).unwrap_or_else(|refusal| Outcome::from(refusal.of_entry(place)))
            })
            .collect()
        }
        (Act::Cancel(ask), _) => {
            vec![book.cancel(ask.order, ask.as_state, ask.occurred_at).map_err(Stop::Refused)?]
        }
    };
    Ok((outcomes, book.close()))
}

/// One entry; what names a stranger is not recorded.
fn one<'a>(book: &mut Book<'a>, ask: &Recording, place: usize, entry: &'a Valued<'a>) -> Result<Outcome, Refusal> {
    let named = ask.entries.get(place).and_then(NewEntry::member);
    match named.filter(|member| ask.strangers.contains(member)) {
        Some(member) => Err(Refusal::MemberNotFound { member }),
        None => book.record(entry),
    }
}

impl valuation::Digits for Settled {
    fn currency(&self) -> Option<Currency> {
        self.currency
    }

    fn digits_of(&self, currency: Currency) -> u32 {
        self.digits_of(currency)
    }
}

/// An order's id ends with the shard its rows lie in, so that whoever has the id knows where to look.
fn new_order_id(now: Timestamp, shard: Shard) -> OrderId {
    let mut bytes = OrderId::new_at(now).uuid().into_bytes();
    bytes[15] = shard.number().to_le_bytes()[0];
    OrderId::from(Uuid::from_bytes(bytes))
}

/// Where the rows of an order lie.
pub(crate) fn shard_of_order(order: OrderId) -> Shard {
    Shard::from(order.uuid().as_bytes()[15])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_tells_where_it_lies() {
        let now = "2011-12-01T00:00:00Z".parse().expect("an instant");
        for shard in Shard::all() {
            assert_eq!(shard_of_order(new_order_id(now, shard)), shard);
        }
    }
}
