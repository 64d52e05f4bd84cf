//! A cart as it is typed: `--item coffee:2:400`, with what delivery costs.

use clap::Args;
use proto::loyalty::v1::{Cart, CartLine, Goods, QuoteLine};
use serde::{Deserialize, Serialize};

use crate::client::CliError;
use crate::orders::Bought;
use crate::words::Words;

/// What somebody is about to buy.
#[derive(Args, Clone, Debug)]
pub struct Basket {
    /// What would be bought: product:quantity:price, or with a discount behind it; may be repeated
    #[arg(long = "item", required = true, value_name = "PRODUCT:QUANTITY:PRICE")]
    items: Vec<Bought>,
    /// What delivery costs, in minor units
    #[arg(long, default_value_t = 0, value_name = "AMOUNT")]
    delivery: i64,
    /// The currency, as ISO 4217 has it; the tenant's own where not said
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
}

impl Basket {
    /// As the wire has it.
    pub fn cart(&self, words: &Words) -> Result<Cart, CliError> {
        let currency_code = self.currency.clone().unwrap_or_else(|| words.currency().to_owned());
        let digits = words.digits(&currency_code);
        let lines: Option<Vec<QuoteLine>> = self.items.iter().map(|bought| bought.priced(digits)).collect();
        let lines =
            lines.ok_or_else(|| CliError::Asked("a price of an item is no amount of this currency".to_owned()))?;
        let lines =
            lines.into_iter().map(|QuoteLine { product, category, quantity, gross_minor, discount_minor, .. }| {
                CartLine { product, category, gross_minor, discount_minor, quantity }
            });
        Ok(Cart { currency_code, lines: lines.collect(), delivery_minor: self.delivery })
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
