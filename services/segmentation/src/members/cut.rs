//! Where the line between high and low lies.

use kernel::Rounding;
use kernel::rounding::share;

use crate::scheme::terms::Cut;

/// The least whole value that is high, or none without values.
///
/// Values are whole, so "at least the exact cut" and "at least the exact cut rounded up" decide the same; where a tie is
/// low, the least high value is the first whole one above the cut.
pub fn high_from(rule: Cut, tie_is_high: bool, values: &mut [i64]) -> Option<i64> {
    let count = i128::try_from(values.len()).ok().filter(|count| *count > 0)?;
    values.sort_unstable();
    let (sum, parts) = match rule {
        Cut::Value(value) => (i128::from(value), 1),
        Cut::Mean => (values.iter().map(|value| i128::from(*value)).sum(), count),
        Cut::Median => {
            let (low, high) = middles(values)?;
            (i128::from(low) + i128::from(high), 2)
        }
        Cut::Quantile(permille) => (i128::from(quantile(values, permille)?), 1),
    };
    let down = sum.div_euclid(parts);
    let exact = sum.rem_euclid(parts) == 0;
    let least = if exact && tie_is_high { down } else { down + 1 };
    Some(i64::try_from(least).unwrap_or(i64::MAX))
}

/// The two middle ones of sorted values; the same one twice where their number is odd.
fn middles(sorted: &[i64]) -> Option<(i64, i64)> {
    let half = sorted.len() / 2;
    let high = *sorted.get(half)?;
    if sorted.len() % 2 == 1 { Some((high, high)) } else { Some((*sorted.get(half.checked_sub(1)?)?, high)) }
}

/// The least of sorted values that so many per mille do not exceed.
pub fn quantile(sorted: &[i64], permille: i32) -> Option<i64> {
    let permille = usize::try_from(permille).ok()?;
    let rank = (sorted.len() * permille).div_ceil(1_000).max(1);
    sorted.get(rank - 1).copied()
}

/// The mean of values, half-even; none without values.
pub fn mean(values: &[i64]) -> Option<i64> {
    let count = i128::try_from(values.len()).ok().filter(|count| *count > 0)?;
    half_even(values.iter().map(|value| i128::from(*value)).sum(), count)
}

/// A fraction as a whole number, half-even; none where it does not fit or the divisor is not positive.
pub fn half_even(sum: i128, parts: i128) -> Option<i64> {
    if parts <= 0 {
        return None;
    }
    let (down, rest) = (sum.div_euclid(parts), sum.rem_euclid(parts));
    let up = rest * 2 > parts || (rest * 2 == parts && down.rem_euclid(2) == 1);
    i64::try_from(down + i128::from(up)).ok()
}

/// A share in per mille, half-even; zero where the whole is not positive.
pub fn permille(part: i64, whole: i64) -> i64 {
    share(1_000, part, whole, Rounding::HalfEven).unwrap_or(0)
}
