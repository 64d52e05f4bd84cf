//! How much money comes back for goods, and which lines money without goods is taken from.
//!
//! A line's money comes back in proportion to its units, counted from the beginning: after k of n units, the k/n-th part
//! of the line has come back, rounded half to even. So any number of partial returns, in any order, comes to exactly
//! what one whole return comes to. Money that came back without goods is off the line before the rest is divided.

use kernel::{Rounding, rounding};

use super::held::HeldLine;

/// More would come back than is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeds {
    /// What would come back.
    pub asked: i64,
    /// What is left.
    pub left: i64,
}

/// The money that comes back with so many units of a line.
pub fn money_for(line: &HeldLine, units: i64) -> Result<i64, Exceeds> {
    let (money_left, units_left) = (line.money_left(), line.units_left());
    if units > units_left {
        return Err(Exceeds { asked: units, left: units_left });
    }
    if units == units_left {
        return Ok(money_left);
    }
    let divided = line.net_minor.saturating_sub(line.back_alone);
    let back = line.back_units.saturating_add(units);
    let due = rounding::share(divided, back, line.quantity, Rounding::HalfEven).unwrap_or(divided);
    Ok(due.saturating_sub(line.back_with_units).clamp(0, money_left))
}

/// Takes units from a line; answers the money that comes back with them.
pub fn take_units(line: &mut HeldLine, units: i64) -> Result<i64, Exceeds> {
    let amount = money_for(line, units)?;
    line.back_units = line.back_units.saturating_add(units);
    line.back_with_units = line.back_with_units.saturating_add(amount);
    Ok(amount)
}

/// Takes money without goods, from all lines by what is left of each; answers the part of each line.
pub fn take_money(lines: &mut [HeldLine], amount: i64) -> Result<Vec<i64>, Exceeds> {
    let weights: Vec<i64> = lines.iter().map(HeldLine::money_left).collect();
    let left = weights.iter().fold(0_i64, |sum, weight| sum.saturating_add(*weight));
    let parts = (amount <= left).then(|| rounding::spread(amount, &weights)).flatten();
    let parts = parts.ok_or(Exceeds { asked: amount, left })?;
    for (line, part) in lines.iter_mut().zip(&parts) {
        line.back_alone = line.back_alone.saturating_add(*part);
    }
    Ok(parts)
}

/// Takes all that is left of a line; answers units and money.
pub fn take_rest(line: &mut HeldLine) -> (i64, i64) {
    let (units, money) = (line.units_left(), line.money_left());
    line.back_units = line.quantity;
    line.back_with_units = line.back_with_units.saturating_add(money);
    (units, money)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(quantity: i64, net_minor: i64) -> HeldLine {
        HeldLine {
            number: 1,
            product: "A".to_owned(),
            quantity,
            net_minor,
            back_units: 0,
            back_with_units: 0,
            back_alone: 0,
        }
    }

    /// Each row: units and worth of a line, then what happens to it and what comes of that.
    #[test]
    fn partial_returns_read_like_a_statement() {
        let table = "
            3 units 100   back 1 33   back 1 34   back 1 33
            3 units 100   back 3 100
            3 units 100   back 2 67   back 1 33
            3 units 100   back 4 refused left 3
            3 units 100   back 1 33   back 3 refused left 2
            7 units 1     back 3 0    back 1 1    back 3 0
            2 units 0     back 1 0    back 1 0
            2 units 100   money 50 50   back 1 25   back 1 25
            2 units 100   back 1 50   money 50 50   back 1 0
            4 units 100   back 3 75   money 25 25   money 1 refused left 0
            4 units 100   back 1 25   money 75 75   back 2 0   back 1 0
            1 units 10    money 11 refused left 10
        ";
        for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
            let mut words = row.split_whitespace();
            let mut number = || -> i64 { words.next().expect("a number").parse().expect("a number") };
            let quantity = number();
            assert_eq!(words.next(), Some("units"));
            let mut held = line(quantity, words.next().expect("a worth").parse().expect("a worth"));
            while let Some(what) = words.next() {
                let asked: i64 = words.next().expect("a number").parse().expect("a number");
                let got = match what {
                    "back" => take_units(&mut held, asked),
                    "money" => take_money(std::slice::from_mut(&mut held), asked).map(|parts| parts[0]),
                    other => panic!("{other} in {row}"),
                };
                let expected = match words.next().expect("an outcome") {
                    "refused" => {
                        assert_eq!(words.next(), Some("left"));
                        Err(Exceeds { asked, left: words.next().expect("left").parse().expect("a number") })
                    }
                    amount => Ok(amount.parse().expect("an amount")),
                };
                assert_eq!(got, expected, "{what} {asked} in {row}");
            }
        }
    }

    #[test]
    fn money_without_goods_is_spread_over_what_is_left() {
        let mut lines = [line(1, 1_000), line(1, 500), line(1, 480)];
        assert_eq!(take_money(&mut lines, 39), Ok(vec![20, 10, 9]));
        assert_eq!(take_units(&mut lines[0], 1), Ok(980));
        assert_eq!(take_money(&mut lines, 961), Ok(vec![0, 490, 471]));
        assert_eq!(take_money(&mut lines, 1), Err(Exceeds { asked: 1, left: 0 }));
    }

    proptest! {
        #[test]
        fn any_parts_sum_to_the_whole(quantity in 1..60_i64, net in 0..10_000_i64, cuts in proptest::collection::vec((1..9_i64, 0..400_i64), 0..40)) {
            let mut held = line(quantity, net);
            let mut back = 0;
            for (units, money) in cuts {
                if let Ok(amount) = take_units(&mut held, units) { back += amount; }
                if let Ok(parts) = take_money(std::slice::from_mut(&mut held), money) { back += parts[0]; }
                prop_assert!(held.units_left() >= 0 && held.money_left() >= 0);
            }
            let (_, rest) = take_rest(&mut held);
            prop_assert_eq!(back + rest, net);
            prop_assert_eq!((held.units_left(), held.money_left()), (0, 0));
        }

        #[test]
        fn goods_alone_stay_within_a_half_of_their_share(quantity in 1..60_i64, net in 0..10_000_i64, cuts in proptest::collection::vec(1..9_i64, 0..40)) {
            let mut held = line(quantity, net);
            for units in cuts {
                let _ = take_units(&mut held, units);
                let exact = net * held.back_units;
                prop_assert!((2 * (held.back_with_units * quantity - exact)).abs() <= quantity);
            }
        }
    }
}
