//! A cart as it is typed: `--line coffee:400`, `--line tea:300:2`, with what delivery costs.

use std::str::FromStr;

use clap::Args;
use proto::loyalty::v1::{Cart, CartLine, Goods};
use serde::{Deserialize, Serialize};

/// What somebody is about to buy.
#[derive(Args, Clone, Debug)]
pub struct Basket {
    /// A line: product, amount in minor units, units where there are several
    #[arg(long = "line", required = true, value_name = "PRODUCT:AMOUNT[:UNITS]")]
    lines: Vec<Line>,
    /// What delivery costs, in minor units
    #[arg(long, default_value_t = 0, value_name = "AMOUNT")]
    delivery: i64,
    /// The currency, as ISO 4217 has it; the tenant's own where not said
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
}

impl Basket {
    /// As the wire has it.
    pub fn cart(&self, own_currency: &str) -> Cart {
        let currency_code = self.currency.clone().unwrap_or_else(|| own_currency.to_owned());
        Cart { currency_code, lines: self.lines.iter().map(Line::wire).collect(), delivery_minor: self.delivery }
    }
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    product: String,
    gross_minor: i64,
    quantity: i64,
}

impl Line {
    fn wire(&self) -> CartLine {
        let (product, gross_minor, quantity) = (self.product.clone(), self.gross_minor, self.quantity);
        CartLine { product, gross_minor, quantity, ..CartLine::default() }
    }
}

impl FromStr for Line {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "is PRODUCT:AMOUNT or PRODUCT:AMOUNT:UNITS, as in coffee:400:2".to_owned();
        let parts: Vec<&str> = text.split(':').collect();
        let (product, amount, units) = match parts.as_slice() {
            [product, amount] => (product, amount, "1"),
            [product, amount, units] => (product, amount, *units),
            [..] => return Err(wrong()),
        };
        let (gross_minor, quantity) = (amount.parse().map_err(|_| wrong())?, units.parse().map_err(|_| wrong())?);
        Ok(Self { product: (*product).to_owned(), gross_minor, quantity })
    }
}

/// Which goods, as people write them into a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Product codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
    /// Categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
}

impl From<Which> for Goods {
    fn from(which: Which) -> Self {
        Self { products: which.products, categories: which.categories }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_typed_with_colons() {
        let line = |text: &str| text.parse::<Line>().map(|line| (line.product, line.gross_minor, line.quantity));
        assert_eq!(line("coffee:400"), Ok(("coffee".to_owned(), 400, 1)));
        assert_eq!(line("tea:300:2"), Ok(("tea".to_owned(), 300, 2)));
        for wrong in ["tea", "tea:x", "tea:1:y", "tea:1:2:3"] {
            assert!(line(wrong).is_err(), "{wrong}");
        }
    }
}
