//! Lines of an order as they are typed: `T-0101:2:1040`, `T-0101:2:1040:100`, and of a return: `1:2`.

use std::str::FromStr;

use proto::activity::v1::{OrderLine, ReturnLine};
use proto::loyalty::v1::QuoteLine;
use rust_decimal::Decimal;

/// What was bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bought {
    product: String,
    quantity: i64,
    unit_price: String,
    discount_minor: i64,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Back {
    order_line: i32,
    quantity: i64,
}

impl Bought {
    /// As the wire has it.
    pub fn line(self, number: i32) -> OrderLine {
        let Self { product, quantity, unit_price, discount_minor } = self;
        OrderLine { number, product, quantity, unit_price, discount_minor, ..Default::default() }
    }
}

impl Bought {
    /// As a quote asks for it, in a currency of so many digits; none where its price is no amount of it.
    pub fn priced(&self, digits: u32) -> Option<QuoteLine> {
        let mut price: Decimal = self.unit_price.parse().ok()?;
        price = price.checked_mul(Decimal::from(self.quantity))?;
        price.rescale(digits);
        let gross_minor = i64::try_from(price.mantissa()).ok()?;
        let (product, quantity, discount_minor) = (self.product.clone(), self.quantity, self.discount_minor);
        Some(QuoteLine { product, quantity, gross_minor, discount_minor, ..QuoteLine::default() })
    }
}

impl Back {
    /// As the wire has it.
    pub fn line(self) -> ReturnLine {
        ReturnLine { order_line: self.order_line, quantity: self.quantity, ..Default::default() }
    }
}

impl FromStr for Bought {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "is PRODUCT:QUANTITY:PRICE or PRODUCT:QUANTITY:PRICE:DISCOUNT, as in T-0101:2:1040".to_owned();
        let parts: Vec<&str> = text.split(':').collect();
        let [product, quantity, unit_price, rest @ ..] = parts.as_slice() else { return Err(wrong()) };
        let discount = match rest {
            [] => "0",
            [discount] => discount,
            [..] => return Err(wrong()),
        };
        Ok(Self {
            product: (*product).to_owned(),
            quantity: quantity.parse().map_err(|_| wrong())?,
            unit_price: (*unit_price).to_owned(),
            discount_minor: discount.parse().map_err(|_| wrong())?,
        })
    }
}

impl FromStr for Back {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "is LINE:QUANTITY, as in 1:2".to_owned();
        let (line, quantity) = text.split_once(':').ok_or_else(wrong)?;
        let (order_line, quantity) = (line.parse().map_err(|_| wrong())?, quantity.parse().map_err(|_| wrong())?);
        Ok(Self { order_line, quantity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_typed_with_colons() {
        let line = "T-0101:2:1040:100".parse::<Bought>().map(|bought| bought.line(1)).expect("well formed");
        assert_eq!(
            (line.product.as_str(), line.quantity, line.unit_price.as_str(), line.discount_minor),
            ("T-0101", 2, "1040", 100)
        );
        assert_eq!("T-0101:2:9.5".parse::<Bought>().map(|bought| bought.discount_minor), Ok(0));
        for wrong in ["T-0101", "T-0101:two:9", "a:1:2:3:4"] {
            assert!(wrong.parse::<Bought>().is_err(), "{wrong}");
        }
        assert_eq!("1:2".parse(), Ok(Back { order_line: 1, quantity: 2 }));
        assert!("1".parse::<Back>().is_err());
    }
}
