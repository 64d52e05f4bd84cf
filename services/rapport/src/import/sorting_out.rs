//! What a line of a shop's file is: a purchase, a credit, or a movement that is neither.

use super::rejects::Reason;

/// What a line is. In the order in which things of the same instant are told to the suite: what is bought can be returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Something was bought.
    Purchase,
    /// Something bought earlier was credited.
    Credit,
    /// Money that will not come: a whole invoice that is no purchase.
    BadDebt,
    /// Goods or money set right without a buyer.
    Correction,
}

/// What a negative line on an ordinary invoice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Negative {
    /// Goods came back.
    Credit,
    /// Stock was set right.
    Adjustment,
}

/// A shop's habits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Invoices that begin so are credits.
    pub credit_prefix: Option<String>,
    /// Invoices that begin so are no purchases.
    pub adjustment_prefix: Option<String>,
    /// What a negative line on an ordinary invoice is.
    pub negative: Negative,
}

impl Habits {
    /// Decides what a line is. A price of zero makes no difference: a gift is a purchase.
    pub fn kind(&self, invoice: &str, quantity: i64, negative_price: bool) -> Result<Kind, Reason> {
        let begins = |prefix: &Option<String>| prefix.as_deref().is_some_and(|prefix| invoice.starts_with(prefix));
        if quantity == 0 {
            return Err(Reason::ZeroQuantity);
        }
        if begins(&self.adjustment_prefix) {
            return Ok(Kind::BadDebt);
        }
        if begins(&self.credit_prefix) {
            return if quantity < 0 && !negative_price { Ok(Kind::Credit) } else { Err(Reason::CreditNotNegative) };
        }
        if negative_price {
            return Ok(Kind::Correction);
        }
        if quantity > 0 {
            return Ok(Kind::Purchase);
        }
        Ok(match self.negative {
            Negative::Credit => Kind::Credit,
            Negative::Adjustment => Kind::Correction,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_one_thing() {
        let uci = Habits {
            credit_prefix: Some("C".to_owned()),
            adjustment_prefix: Some("A".to_owned()),
            negative: Negative::Adjustment,
        };
        let till = Habits { credit_prefix: None, adjustment_prefix: None, negative: Negative::Credit };
        let table = [
            // invoice, quantity, negative price, at UCI's shop, at a shop without prefixes
            ("536365", 6, false, Ok(Kind::Purchase), Ok(Kind::Purchase)),
            ("C536379", -1, false, Ok(Kind::Credit), Ok(Kind::Credit)),
            ("C536379", 1, false, Err(Reason::CreditNotNegative), Ok(Kind::Purchase)),
            ("C536379", -1, true, Err(Reason::CreditNotNegative), Ok(Kind::Correction)),
            ("536589", -10, false, Ok(Kind::Correction), Ok(Kind::Credit)),
            ("A563185", 1, false, Ok(Kind::BadDebt), Ok(Kind::Purchase)),
            ("A563186", 1, true, Ok(Kind::BadDebt), Ok(Kind::Correction)),
            ("536365", 0, false, Err(Reason::ZeroQuantity), Err(Reason::ZeroQuantity)),
        ];
        for (invoice, quantity, negative_price, at_uci, at_till) in table {
            assert_eq!(uci.kind(invoice, quantity, negative_price), at_uci, "{invoice} {quantity}");
            assert_eq!(till.kind(invoice, quantity, negative_price), at_till, "{invoice} {quantity}");
        }
    }
}
