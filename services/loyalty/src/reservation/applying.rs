//! What one coupon or code takes off a cart, or why it does not.

use jiff::Timestamp;
use jiff::civil::Date;
use kernel::Currency;
use kernel::rounding::{Rounding, share, spread};

use crate::campaign::terms::{Benefit, MinimumBasis, Terms, Window};

/// What somebody is about to buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    /// What it is paid in.
    pub currency: Currency,
    /// Its lines.
    pub lines: Vec<CartLine>,
    /// What delivery costs.
    pub delivery_minor: i64,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartLine {
    /// The shop's product code.
    pub product: String,
    /// Its category.
    pub category: String,
    /// Before discounts.
    pub gross_minor: i64,
    /// What other discounts take off.
    pub discount_minor: i64,
    /// Units.
    pub quantity: i64,
}

/// What is left to pay, coupon after coupon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    lines: Vec<i64>,
    delivery: i64,
}

/// What is taken off.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Discount {
    /// All of it.
    pub saved_minor: i64,
    /// Of each line.
    pub line_minor: Vec<i64>,
    /// Of delivery.
    pub delivery_minor: i64,
    /// The product that is given.
    pub gift: Option<String>,
}

/// Why a coupon or code does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// There is none, or it is another member's.
    Unknown,
    /// The code has a wrong character.
    Mistyped,
    /// It was used, or is put aside for another order.
    NotFree,
    /// Its time has not come.
    NotYet {
        /// When it does.
        from: Timestamp,
    },
    /// Its time is over.
    Over {
        /// Since when.
        until: Timestamp,
    },
    /// Not today.
    ExcludedDay,
    /// The cart is in another currency.
    OtherCurrency,
    /// No line counts.
    NothingCounts,
    /// More has to be spent.
    MinimumNotMet {
        /// How much more.
        missing_minor: i64,
    },
    /// There is nothing to take off.
    SavesNothing,
    /// The campaign or the code has been used as often as it can be.
    UsedUp,
    /// The budget does not hold as much.
    BudgetSpent,
    /// The member has used it as often as they can.
    MemberUsedUp,
}

impl Rest {
    /// Everything, less what other discounts took off.
    pub fn of(cart: &Cart) -> Self {
        let lines = cart.lines.iter().map(|line| line.gross_minor.saturating_sub(line.discount_minor).max(0));
        Self { lines: lines.collect(), delivery: cart.delivery_minor }
    }

    /// What is left after a discount.
    #[must_use]
    pub fn less(&self, discount: &Discount) -> Self {
        let lines = self.lines.iter().zip(&discount.line_minor).map(|(left, off)| left.saturating_sub(*off));
        Self { lines: lines.collect(), delivery: self.delivery.saturating_sub(discount.delivery_minor) }
    }
}

/// Whether its time has come, and today is none of the days without it.
pub fn in_time(terms: &Terms, window: Window, now: Timestamp, today: Date) -> Result<(), Obstacle> {
    if now < window.from {
        return Err(Obstacle::NotYet { from: window.from });
    }
    if let Some(until) = window.until.filter(|until| *until <= now) {
        return Err(Obstacle::Over { until });
    }
    if terms.excludes(today) { Err(Obstacle::ExcludedDay) } else { Ok(()) }
}

/// What it takes off what is left of a cart. Percents are rounded down; what is taken off several lines is spread over them
/// by largest remainder, so that the parts sum to the whole.
pub fn discount(terms: &Terms, cart: &Cart, rest: &Rest) -> Result<Discount, Obstacle> {
    if terms.currency != cart.currency {
        return Err(Obstacle::OtherCurrency);
    }
    let counts: Vec<bool> = cart.lines.iter().map(|line| terms.counts(&line.product, &line.category)).collect();
    if !counts.contains(&true) {
        return Err(Obstacle::NothingCounts);
    }
    let left: Vec<i64> = rest.lines.iter().zip(&counts).map(|(left, counts)| if *counts { *left } else { 0 }).collect();
    let left_minor = sum(left.iter().copied());
    let spent = match terms.basis {
        MinimumBasis::AfterDiscounts => left_minor,
        MinimumBasis::BeforeDiscounts => {
            sum(cart.lines.iter().zip(&counts).filter(|(_, counts)| **counts).map(|(line, _)| line.gross_minor))
        }
    };
    if spent < terms.minimum_minor {
        return Err(Obstacle::MinimumNotMet { missing_minor: terms.minimum_minor.saturating_sub(spent) });
    }
    let nothing = || Discount { line_minor: vec![0; cart.lines.len()], ..Discount::default() };
    match &terms.benefit {
        Benefit::AmountOff { minor } => off_lines((*minor).min(left_minor), &left),
        Benefit::PercentOff { percent, most_minor } => {
            let part = share(left_minor, *percent, 100, Rounding::Floor).unwrap_or(0);
            off_lines(most_minor.map_or(part, |most| part.min(most)), &left)
        }
        Benefit::Gift { product, worth_minor } => {
            Ok(Discount { saved_minor: *worth_minor, gift: Some(product.clone()), ..nothing() })
        }
        Benefit::FreeDelivery { most_minor } => {
            let saved_minor = most_minor.map_or(rest.delivery, |most| rest.delivery.min(most));
            if saved_minor == 0 {
                return Err(Obstacle::SavesNothing);
            }
            Ok(Discount { saved_minor, delivery_minor: saved_minor, ..nothing() })
        }
    }
}

fn off_lines(saved_minor: i64, left: &[i64]) -> Result<Discount, Obstacle> {
    if saved_minor == 0 {
        return Err(Obstacle::SavesNothing);
    }
    let line_minor = spread(saved_minor, left).ok_or(Obstacle::SavesNothing)?;
    Ok(Discount { saved_minor, line_minor, ..Discount::default() })
}

fn sum(amounts: impl Iterator<Item = i64>) -> i64 {
    amounts.fold(0, i64::saturating_add)
}
