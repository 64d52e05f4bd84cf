//! How fractions become whole numbers, so that the parts always sum to the whole.

use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// How a fraction becomes a whole number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Rounding {
    /// Down, towards less.
    #[default]
    Floor,
    /// Half and more goes up (四捨五入).
    HalfUp,
    /// Half goes to the even neighbour.
    HalfEven,
}

/// `amount x numerator / denominator`, rounded. `None` when it does not fit, or the denominator is not positive.
pub fn share(amount: i64, numerator: i64, denominator: i64, rounding: Rounding) -> Option<i64> {
    let denominator = i128::from(denominator);
    let product = i128::from(amount).checked_mul(i128::from(numerator))?;
    let down = (denominator > 0).then(|| product.checked_div_euclid(denominator))??;
    let rest = product.checked_rem_euclid(denominator)?.checked_mul(2)?;
    let up = match rounding {
        Rounding::Floor => false,
        Rounding::HalfUp => rest >= denominator,
        Rounding::HalfEven => rest > denominator || (rest == denominator && down.rem_euclid(2) == 1),
    };
    i64::try_from(down.checked_add(i128::from(up))?).ok()
}

/// Splits a whole over weights by largest remainder: every part is its exact share rounded down or up, and the parts
/// sum to the whole. Equal remainders are served in order.
///
/// `None` when a weight is negative, or all are zero while the whole is not.
pub fn spread(whole: i64, weights: &[i64]) -> Option<Vec<i64>> {
    let total: i64 =
        weights.iter().try_fold(0_i64, |sum, weight| (*weight >= 0).then(|| sum.checked_add(*weight))?)?;
    if total == 0 {
        return (whole == 0).then(|| vec![0; weights.len()]);
    }

    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (place, weight) in weights.iter().enumerate() {
        let product = i128::from(whole).checked_mul(i128::from(*weight))?;
        parts.push(i64::try_from(product.checked_div_euclid(i128::from(total))?).ok()?);
        remainders.push((product.checked_rem_euclid(i128::from(total))?, place));
    }

    let given: i64 = parts.iter().try_fold(0_i64, |sum, part| sum.checked_add(*part))?;
    let missing = usize::try_from(whole.checked_sub(given)?).ok()?;
    remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, place) in remainders.into_iter().take(missing) {
        parts[place] = parts[place].checked_add(1)?;
    }
    Some(parts)
}

/// `price x quantity` in minor units, half to even: how a line of an order is valued.
pub fn line_minor(price: Decimal, quantity: i64, minor_digits: u32) -> Option<i64> {
    let scale = Decimal::from(10_i64.checked_pow(minor_digits)?);
    price
        .checked_mul(Decimal::from(quantity))?
        .checked_mul(scale)?
        .round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven)
        .to_i64()
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows is to fail loudly")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_go_where_the_rule_says() {
        let table = [
            (Rounding::Floor, 5, 2),
            (Rounding::HalfUp, 5, 3),
            (Rounding::HalfEven, 5, 2),
            (Rounding::HalfEven, 7, 4),
            (Rounding::Floor, -5, -3),
            (Rounding::HalfUp, -5, -2),
            (Rounding::HalfEven, -5, -2),
        ];
        for (rounding, amount, expected) in table {
            assert_eq!(share(amount, 1, 2, rounding), Some(expected), "{rounding:?} of {amount}/2");
        }
        assert_eq!(share(1, 1, 0, Rounding::Floor), None);
        assert_eq!(share(i64::MAX, 2, 1, Rounding::Floor), None);
    }

    #[test]
    fn the_largest_remainders_are_served_first() {
        assert_eq!(spread(39, &[1_000, 500, 480]), Some(vec![20, 10, 9]));
        assert_eq!(spread(1, &[1, 1, 1]), Some(vec![1, 0, 0]));
        assert_eq!(spread(5, &[0, 0]), None);
        assert_eq!(spread(0, &[0, 0]), Some(vec![0, 0]));
        assert_eq!(spread(5, &[-1, 2]), None);
    }

    #[test]
    fn a_line_is_valued_half_to_even() {
        let price = |text: &str| text.parse::<Decimal>().expect("a decimal");
        assert_eq!(line_minor(price("2.55"), 6, 2), Some(1530));
        assert_eq!(line_minor(price("0.001"), 5, 2), Some(0));
        assert_eq!(line_minor(price("0.005"), 3, 2), Some(2));
        assert_eq!(line_minor(price("79228162514264337593543950335"), 2, 2), None);
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole(whole in 0..1_000_000_i64, weights in proptest::collection::vec(0..100_000_i64, 1..20)) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let parts = spread(whole, &weights).expect("the weights are not all zero");
            prop_assert_eq!(parts.iter().sum::<i64>(), whole);
            let total: i64 = weights.iter().sum();
            for (part, weight) in parts.iter().zip(&weights) {
                let exact = i128::from(whole) * i128::from(*weight);
                prop_assert!((i128::from(*part) * i128::from(total) - exact).abs() < i128::from(total));
            }
        }
    }
}
