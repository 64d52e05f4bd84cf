//! What of the journal a call has to see before it can be decided, and which shards it locks for that.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kernel::{MemberId, OrderId, Shard, TenantId};

use super::book::Kind;
use super::entry::{Buyer, Goods, NewEntry, Origin};

/// So many keys are found quickly, however badly it is done.
const FEW: usize = 20;

/// What a call has to see.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// Keys that must not be there yet, with the shard they lie in.
    pub keys: Vec<(Kind, Shard, &'a str, &'a str)>,
    /// Orders named by id.
    pub orders: BTreeSet<OrderId>,
    /// Orders named by invoice number.
    pub invoices: BTreeSet<&'a str>,
    /// Members whose orders are looked through: for these products, up to this time.
    pub matched: BTreeMap<MemberId, (Timestamp, BTreeSet<&'a str>)>,
    /// Members whose orders are written.
    pub members: BTreeSet<MemberId>,
}

impl<'a> Wanted<'a> {
    /// What these entries have to see.
    pub fn by(tenant: TenantId, entries: &'a [NewEntry]) -> Self {
        let mut wanted = Self::default();
        for entry in entries {
            let (source, external_id) = entry.key();
            let shard = Shard::of_text(tenant, &[source, external_id]);
            let kind = match entry {
                NewEntry::Order(order) => {
                    if let Buyer::Member(member) = &order.buyer {
                        wanted.members.insert(*member);
                    }
                    Kind::Order
                }
                NewEntry::Return(goods) => {
                    wanted.by_origin(&goods.origin, &goods.goods, goods.occurred_at);
                    Kind::Return
                }
                NewEntry::Adjustment(adjustment) => {
                    wanted.members.extend(adjustment.member);
                    Kind::Adjustment
                }
            };
            wanted.keys.push((kind, shard, source, external_id));
        }
        wanted
    }

    /// What a cancellation has to see.
    pub fn order(order: OrderId) -> Self {
        Self { orders: BTreeSet::from([order]), ..Self::default() }
    }

    /// True where an order is named whose shard is not known from the call itself.
    pub fn names_orders(&self) -> bool {
        !self.orders.is_empty() || !self.invoices.is_empty()
    }

    /// True where the journal is searched for more than a few keys.
    pub fn looks_round(&self) -> bool {
        self.keys.len() > FEW || self.names_orders() || !self.matched.is_empty()
    }

    /// The shards known from the call itself.
    pub fn shards(&self) -> BTreeSet<Shard> {
        let keys = self.keys.iter().map(|(_, shard, ..)| *shard);
        keys.chain(self.members.iter().map(|member| Shard::of_member(*member))).collect()
    }

    fn by_origin(&mut self, origin: &'a Origin, goods: &'a Goods, occurred_at: Timestamp) {
        match origin {
            Origin::Order(order) => {
                self.orders.insert(*order);
            }
            Origin::Invoice(invoice) => {
                self.invoices.insert(invoice);
            }
            Origin::Member(member) => {
                self.members.insert(*member);
                if let Goods::Lines(lines) = goods {
                    let (until, products) =
                        self.matched.entry(*member).or_insert_with(|| (occurred_at, BTreeSet::new()));
                    *until = (*until).max(occurred_at);
                    products.extend(lines.iter().map(|line| line.product.as_str()));
                }
            }
            Origin::Guest => {}
        }
    }
}
