//! What an order is worth in points: the base rate, the tier, then the earn rules; nothing is written here.

use kernel::rounding::{share, spread};

use super::earning::OrderFacts;
use super::facing::Buyer;
use super::holdings::OutOfRange;
use super::judging::{Asked, Judged, judge};
use super::uses::RuleUse;
use crate::programme::terms::{EarnBasis, EarnRate, Programme, Tier};

/// What an order is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessed {
    /// What of its money counts.
    pub basis: i64,
    /// Hundredths its tier multiplies by.
    pub multiplier: i64,
    /// Points of the base rate.
    pub base: i64,
    /// The same with the tier.
    pub tiered: i64,
    /// What each rule came to.
    pub judged: Vec<Judged>,
    /// Points in all.
    pub points: i64,
}

/// Assesses an order under a rate.
pub fn assess(
    programme: &Programme,
    rate: &EarnRate,
    order: &OrderFacts,
    buyer: Option<&Buyer>,
    uses: &[RuleUse],
) -> Result<Assessed, OutOfRange> {
    let lines = basis(order, rate.basis).ok_or(OutOfRange)?;
    let basis = lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(*line)).ok_or(OutOfRange)?;
    let multiplier = buyer.and_then(|buyer| best(programme, buyer)).map_or(100, |rung| rung.multiplier_percent);
    let base = points_for(rate, 100, basis).ok_or(OutOfRange)?;
    let tiered = points_for(rate, multiplier, basis).ok_or(OutOfRange)?;
    // Base points exist only where some line counts, so there is something to spread them over.
    let base_lines = spread(base, &lines).unwrap_or_else(|| vec![0; lines.len()]);
    let asked = Asked { order, basis: &lines, base: &base_lines, rounding: rate.rounding, buyer, uses };
    let judged = judge(programme, asked)?;
    let points = judged.iter().try_fold(tiered, |sum, rule| sum.checked_add(rule.points())).ok_or(OutOfRange)?;
    Ok(Assessed { basis, multiplier, base, tiered, judged, points })
}

/// What of each line's money counts. The part paid with points is spread over the lines by what they cost.
fn basis(order: &OrderFacts, basis: EarnBasis) -> Option<Vec<i64>> {
    let net: Vec<i64> =
        order.lines.iter().map(|line| line.gross_minor.checked_sub(line.discount_minor)).collect::<Option<_>>()?;
    let weights: Vec<i64> = net.iter().map(|amount| (*amount).max(0)).collect();
    let paid = order.points_paid_minor.min(weights.iter().try_fold(0_i64, |sum, weight| sum.checked_add(*weight))?);
    let paid = spread(paid.max(0), &weights)?;
    let counts = |((line, net), paid): ((&super::earning::LineFacts, i64), i64)| {
        let counts = match basis {
            EarnBasis::Gross => line.gross_minor,
            EarnBasis::Net => net,
            EarnBasis::NetOfPoints => net.checked_sub(paid)?,
            EarnBasis::NetWithoutTax => net.checked_sub(paid)?.checked_sub(line.tax_minor)?,
        };
        Some(counts.max(0))
    };
    order.lines.iter().zip(net).zip(paid).map(counts).collect()
}

/// Of the tiers that somebody holds, the one that multiplies most; of equals that of the first ladder.
pub fn best<'terms>(programme: &'terms Programme, buyer: &Buyer) -> Option<&'terms Tier> {
    let held = programme.ladders().filter_map(|ladder| {
        let (_, code) = buyer.tiers.iter().find(|(known, _)| *known == ladder.code)?;
        ladder.tiers.iter().find(|tier| tier.code == *code)
    });
    held.reduce(|best, next| if next.multiplier_percent > best.multiplier_percent { next } else { best })
}

/// What the base rate gives, multiplied.
pub fn points_for(rate: &EarnRate, multiplier_percent: i64, basis_minor: i64) -> Option<i64> {
    let numerator = rate.points.checked_mul(multiplier_percent)?;
    let denominator = rate.per_minor.checked_mul(100)?;
    share(basis_minor, numerator, denominator, rate.rounding)
}
