//! What a benefit promises.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;
use kernel::Currency;
use rule::{Fact, Schema, Type};
use serde::{Deserialize, Serialize};

use crate::audience::facts::{member_words, schema};
use crate::programme::rules::{Condition, LimitPeriod};
use crate::programme::words::Words;

/// Conditions on a member and a cart, in the order in which `checking` lends the facts.
#[derive(Clone, Copy, Debug)]
pub struct BenefitWords;

static BENEFIT: LazyLock<Schema> = LazyLock::new(|| {
    let mut facts = member_words();
    facts.extend([
        Fact::optional("member.entitlements", Type::Texts),
        Fact::optional("cart.net_minor", Type::Int),
        Fact::optional("cart.gross_minor", Type::Int),
        Fact::known("cart.delivery_minor", Type::Int),
        Fact::known("cart.currency", Type::Text),
        Fact::known("cart.products", Type::Texts),
        Fact::known("cart.categories", Type::Texts),
    ]);
    schema(facts)
});

impl Words for BenefitWords {
    fn schema() -> &'static Schema {
        &BENEFIT
    }
}

/// One version of a benefit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// What members read.
    pub display_name: String,
    /// What they read about it.
    pub description: String,
    /// For whom and when.
    #[serde(default, skip_serializing_if = "Condition::is_empty")]
    pub audience: Condition<BenefitWords>,
    /// What it is.
    pub kind: Kind,
    /// Of its amounts.
    pub currency: Currency,
    /// What one use would cost the member otherwise, of a tasting, a seat or a service.
    pub worth_minor: i64,
    /// The shop sells it otherwise.
    pub normally_sold: bool,
    /// What one use costs the shop.
    pub cost_minor: i64,
    /// How often all members can use it.
    pub max_uses: Option<i64>,
    /// How often a member can, in each period.
    pub max_per_member: Option<i64>,
    /// Which.
    pub period: LimitPeriod,
    /// From when on it holds.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// What a benefit is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Goods for less.
    MemberPrice {
        /// Which.
        goods: Goods,
        /// How much less.
        price: Price,
    },
    /// Goods that nobody else can buy.
    MemberOnly {
        /// Which.
        goods: Goods,
    },
    /// Goods that can be bought before others can buy them.
    EarlyAccess {
        /// Which.
        goods: Goods,
        /// From when on by those for whom it is.
        members_from: Timestamp,
        /// From when on by everybody.
        everybody_from: Timestamp,
    },
    /// Delivery for nothing.
    Delivery {
        /// At most so much.
        most_minor: Option<i64>,
    },
    /// Something to try.
    Tasting {
        /// The shop's product code.
        product: String,
    },
    /// A seat at an event.
    EventSeat {
        /// When it begins.
        event_at: Timestamp,
    },
    /// A service others do not have.
    Service,
    /// The shop gives to a good cause.
    Charity {
        /// What the shop calls it.
        cause: String,
        /// How much.
        minor: i64,
    },
}

/// How much less goods cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Price {
    /// So many percent.
    PercentOff(i64),
    /// What one unit costs.
    Unit(i64),
}

/// Which goods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goods {
    /// Product codes.
    pub products: BTreeSet<String>,
    /// Categories.
    pub categories: BTreeSet<String>,
}

impl Goods {
    /// Whether a line is of them. Where none is named, every line is.
    pub fn count(&self, product: &str, category: &str) -> bool {
        let all = self.products.is_empty() && self.categories.is_empty();
        all || self.products.contains(product) || self.categories.contains(category)
    }
}

/// Sorts of benefits, as savings are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// Goods for less.
    Price,
    /// Delivery for nothing.
    Delivery,
    /// Whatever else.
    Extra,
}

impl Terms {
    /// The sort it is summed under.
    pub const fn sort(&self) -> Sort {
        match self.kind {
            Kind::MemberPrice { .. } => Sort::Price,
            Kind::Delivery { .. } => Sort::Delivery,
            Kind::MemberOnly { .. }
            | Kind::EarlyAccess { .. }
            | Kind::Tasting { .. }
            | Kind::EventSeat { .. }
            | Kind::Service
            | Kind::Charity { .. } => Sort::Extra,
        }
    }

    /// What a use is worth by itself, whatever is in the cart.
    pub const fn fixed_worth(&self) -> i64 {
        match self.kind {
            Kind::Tasting { .. } | Kind::EventSeat { .. } | Kind::Service => self.worth_minor,
            Kind::MemberPrice { .. }
            | Kind::MemberOnly { .. }
            | Kind::EarlyAccess { .. }
            | Kind::Delivery { .. }
            | Kind::Charity { .. } => 0,
        }
    }

    /// What a use costs the shop.
    pub const fn booked_cost(&self) -> i64 {
        match self.kind {
            Kind::Charity { minor, .. } => self.cost_minor.saturating_add(minor),
            Kind::MemberPrice { .. }
            | Kind::MemberOnly { .. }
            | Kind::EarlyAccess { .. }
            | Kind::Delivery { .. }
            | Kind::Tasting { .. }
            | Kind::EventSeat { .. }
            | Kind::Service => self.cost_minor,
        }
    }

    /// What could have been sold instead.
    pub const fn forgone(&self) -> i64 {
        if self.normally_sold { self.fixed_worth() } else { 0 }
    }

    /// Until when it holds: a seat until its event, early access until everybody can buy.
    pub fn ends_at(&self) -> Option<Timestamp> {
        let own = match self.kind {
            Kind::EventSeat { event_at } => Some(event_at),
            Kind::EarlyAccess { everybody_from, .. } => Some(everybody_from),
            Kind::MemberPrice { .. }
            | Kind::MemberOnly { .. }
            | Kind::Delivery { .. }
            | Kind::Tasting { .. }
            | Kind::Service
            | Kind::Charity { .. } => None,
        };
        self.until.into_iter().chain(own).min()
    }

    /// From when on it holds.
    pub fn begins_at(&self) -> Option<Timestamp> {
        let own = match self.kind {
            Kind::EarlyAccess { members_from, .. } => Some(members_from),
            Kind::MemberPrice { .. }
            | Kind::MemberOnly { .. }
            | Kind::Delivery { .. }
            | Kind::Tasting { .. }
            | Kind::EventSeat { .. }
            | Kind::Service
            | Kind::Charity { .. } => None,
        };
        self.from.into_iter().chain(own).max()
    }
}

/// Something to look at before a benefit is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issue {
    /// What is otherwise sold is given away.
    NormallySold {
        /// The price that is forgone with each use.
        forgone_minor: i64,
    },
    /// It has a condition that members are not told of.
    HiddenConditions,
    /// It would cost the member nothing otherwise either.
    WorthNothing,
}

/// What to look at before it is put.
pub fn issues(terms: &Terms) -> Vec<Issue> {
    let sold = terms.normally_sold.then(|| Issue::NormallySold { forgone_minor: terms.forgone() });
    let hidden = (!terms.audience.is_empty() && terms.description.trim().is_empty()).then_some(Issue::HiddenConditions);
    let is_fixed = match terms.kind {
        Kind::Tasting { .. } | Kind::EventSeat { .. } | Kind::Service => true,
        Kind::MemberPrice { .. }
        | Kind::MemberOnly { .. }
        | Kind::EarlyAccess { .. }
        | Kind::Delivery { .. }
        | Kind::Charity { .. } => false,
    };
    let nothing = (is_fixed && terms.worth_minor == 0).then_some(Issue::WorthNothing);
    [sold, hidden, nothing].into_iter().flatten().collect()
}
