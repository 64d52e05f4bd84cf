//! Points held back, as statements of account.

use kernel::HoldId;

use super::*;
use crate::account::holding::{CannotEnd, capture, hold, release};
use crate::programme::terms::DeficitPolicy;

fn hold_id(name: &str) -> HoldId {
    HoldId::from(Uuid::new_v5(&Uuid::nil(), name.as_bytes()))
}

impl Shop {
    pub(super) fn say_of_holds(&mut self, words: &[&str]) -> String {
        let number = |place: usize| words[place].parse::<i64>().expect("a number");
        let refused = |cannot: CannotEnd| format!("refused: {cannot}");
        let (holdings, versions) = (&mut self.holdings, &self.versions);
        match words[0] {
            "hold" => {
                let until = morning(words[4]).duration_since(self.now);
                match hold(holdings, versions, hold_id(words[1]), (Points(number(2)), "dinner"), until, self.now) {
                    Ok(_) => String::new(),
                    Err(cannot) => format!("refused: {cannot}"),
                }
            }
            "capture" => {
                let points = words.get(2).and_then(|points| points.parse().ok()).map(Points);
                let keep = words.last() == Some(&"keep");
                match capture(holdings, versions, hold_id(words[1]), (points, keep), self.now) {
                    Ok(entry) => {
                        self.redemptions.insert(words[1].to_owned(), entry);
                        String::new()
                    }
                    Err(cannot) => refused(cannot),
                }
            }
            "release" => match release(holdings, versions, hold_id(words[1]), self.now) {
                Ok(points) => format!("{points} let go"),
                Err(cannot) => refused(cannot),
            },
            "holds" => format!("{} held", self.holdings.held()),
            other => panic!("no such line: {other}"),
        }
    }
}

#[test]
fn held_points_are_spent_on_nothing_else_and_are_on_no_statement() {
    statement(
        example::signature(),
        "on  2026-01-10
         buy A 2500                    -> +50
         hold K 30 until 2026-01-20
         left                          -> 20 left, 0 owed
         holds                         -> 30 held
         redeem 21                     -> refused: short by 1
         hold L 21 until 2026-01-20    -> refused: asked for 21, 20 can be spent
         redeem 20                     -> -20
         capture K                     -> -30
         left                          -> 0 left, 0 owed
         capture K                     -> refused: the hold has ended
         release K                     -> refused: the hold has ended
         release M                     -> refused: there is no such hold",
    );
}

#[test]
fn a_hold_takes_the_lot_nearest_to_lapsing() {
    statement(
        example::signature(),
        "on  2026-01-10
         buy A 2500                    -> +50
         on  2026-03-10
         buy B 2500                    -> +50
         hold K 60 until 2026-03-20
         lots                          -> 50 until 2027-01-31, 50 until 2027-03-31
         capture K 55 keep             -> -55
         lots                          -> 45 until 2027-03-31
         holds                         -> 5 held
         release K                     -> 5 let go
         left                          -> 45 left, 0 owed",
    );
}

#[test]
fn what_is_not_captured_is_let_go_unless_it_is_kept() {
    statement(
        example::signature(),
        "buy A 2500                    -> +50
         hold K 30 until 2026-01-20
         capture K 31                  -> refused: asked for 31, 30 are held
         capture K 10 keep             -> -10
         holds                         -> 20 held
         capture K 5                   -> -5
         holds                         -> 0 held
         left                          -> 35 left, 0 owed
         capture K                     -> refused: the hold has ended",
    );
}

#[test]
fn a_hold_ends_by_itself_at_its_instant() {
    statement(
        example::signature(),
        "on  2026-01-10
         buy A 2500                    -> +50
         hold K 30 until 2026-01-12
         on  2026-01-11
         holds                         -> 30 held
         on  2026-01-12
         left                          -> 50 left, 0 owed
         capture K                     -> refused: the hold has ended",
    );
}

#[test]
fn what_would_lapse_waits_for_the_hold_and_comes_back_with_the_grace() {
    statement(
        example::signature(),
        "on  2026-01-10
         buy A 2500                    -> +50
         on  2027-01-30
         hold K 30 until 2027-02-10
         on  2027-02-02                -> -20
         holds                         -> 30 held
         capture K 10 keep             -> -10
         on  2027-02-10                -> -20 +20
         lots                          -> 20 until 2027-02-24
         on  2027-02-25                -> -20
         return A 2500 whole           -> -10
         left                          -> 0 left, 10 owed",
    );
}

#[test]
fn a_captured_hold_is_given_back_as_any_redemption() {
    statement(
        example::signature(),
        "on  2026-01-10
         buy A 2500                    -> +50
         hold K 30 until 2026-01-12
         capture K                     -> -30
         give-back K                   -> +30
         lots                          -> 50 until 2027-01-31",
    );
}

#[test]
fn a_return_leaves_what_is_held_and_what_is_let_go_fills_what_is_owed() {
    statement(
        example::signature(),
        "on  2026-01-10
         buy A 2500                    -> +50
         hold K 30 until 2026-01-12
         return A 2500 whole           -> -50
         left                          -> 0 left, 30 owed
         holds                         -> 30 held
         buy B 500                     -> +10
         left                          -> 0 left, 20 owed
         release K                     -> 30 let go -20 +20
         left                          -> 10 left, 0 owed",
    );
}

#[test]
fn within_balance_nobody_owes_for_what_is_held() {
    let mut terms = example::signature();
    terms.deficit = DeficitPolicy::WithinBalance;
    statement(
        terms,
        "buy A 2500                    -> +50
         hold K 30 until 2026-01-12
         return A 2500 whole           -> -20
         release K                     -> 30 let go
         left                          -> 30 left, 0 owed",
    );
}
