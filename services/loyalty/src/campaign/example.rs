//! Terms for laws: a few words each.

use super::terms::{Benefit, Distribution, MinimumBasis, ReturnRule, Terms};

/// Terms of words such as "percent 10 most 50 min 100 after product tea group a alone".
pub(crate) fn terms(words: &str) -> Terms {
    let mut read = Terms {
        display_name: "Example".to_owned(),
        benefit: Benefit::AmountOff { minor: 0 },
        currency: kernel::Currency::parse("TWD").expect("listed"),
        minimum_minor: 0,
        basis: MinimumBasis::BeforeDiscounts,
        products: Default::default(),
        categories: Default::default(),
        valid_from: None,
        valid_until: None,
        valid_days: None,
        delay_days: 0,
        excluded_weekdays: Default::default(),
        excluded_dates: Default::default(),
        group: String::new(),
        exclusive: false,
        distribution: Distribution::Members,
        shared_code: None,
        max_uses: None,
        budget_minor: None,
        max_uses_per_member: None,
        max_held: None,
        returns: ReturnRule::ComesBack,
        conditions: String::new(),
    };
    let mut words = words.split_whitespace();
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|word| word.parse::<i64>().ok()).expect("a number follows");
        match word {
            "amount" => read.benefit = Benefit::AmountOff { minor: number() },
            "percent" => read.benefit = Benefit::PercentOff { percent: number(), most_minor: None },
            "delivery" => read.benefit = Benefit::FreeDelivery { most_minor: None },
            "gift" => read.benefit = Benefit::Gift { product: "cup".to_owned(), worth_minor: number() },
            "most" => match &mut read.benefit {
                Benefit::PercentOff { most_minor, .. } | Benefit::FreeDelivery { most_minor } => {
                    *most_minor = Some(number());
                }
                Benefit::AmountOff { .. } | Benefit::Gift { .. } => panic!("it has no cap"),
            },
            "min" => read.minimum_minor = number(),
            "after" => read.basis = MinimumBasis::AfterDiscounts,
            "alone" => read.exclusive = true,
            "product" => read.products.extend(words.next().map(str::to_owned)),
            "category" => read.categories.extend(words.next().map(str::to_owned)),
            "group" => read.group = words.next().unwrap_or_default().to_owned(),
            "uses" => read.max_uses = Some(number()),
            "budget" => read.budget_minor = Some(number()),
            other => panic!("{other} is no word of terms"),
        }
    }
    read
}
