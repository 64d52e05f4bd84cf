//! The laws of what is given: tiers by hand, and gifts of tiers.

use super::ladders::terms;
use super::statement;
use crate::programme::terms::{Gift, Ladder, Terms, Tier};

/// With a tier above all others that nobody reaches.
fn with_black(change: impl FnOnce(&mut Ladder)) -> Terms {
    terms(|ladder| {
        let black = Tier {
            code: "black".to_owned(),
            display_name: "Black".to_owned(),
            multiplier_percent: 300,
            invitation_only: true,
            ..Tier::default()
        };
        ladder.tiers.push(black);
        change(ladder);
    })
}

#[test]
fn a_tier_by_invitation_is_reached_by_nothing_and_given_by_hand() {
    statement(
        with_black(|_| {}),
        "buy A 1000000                 -> +20000 promoted to gold
         missing                       -> gold, 24000 to keep, the top
         assign black                  -> put into black
         buy B 100                     -> +6
         missing                       -> black, 24000 to keep, the top
         assign diamond                -> refused: TierNotFound { ladder: \"main\", tier: \"diamond\" }
         let-go                        -> let go to gold
         let-go                        -> refused: NotAssigned { ladder: \"main\" }",
    );
}

#[test]
fn a_tier_given_by_hand_is_a_floor_until_its_time_is_over() {
    statement(
        terms(|_| {}),
        "on  2026-01-10
         assign silver until 2027-06-01 -> put into silver
         buy A 12000                   -> +288
         main                          -> silver until 2027-01-10, 8000 to keep
         buy B 20000                   -> +480 promoted to gold
         on  2027-01-11                -> falls to silver
         on  2027-06-01                -> let go to member
         assign silver until 2027-06-01 -> refused: Over { until: 2027-06-01T02:00:00Z }",
    );
}

#[test]
fn a_promotion_and_a_tier_that_is_kept_bring_their_gifts_once() {
    let gifts = || {
        terms(|ladder| {
            ladder.tiers[1].promotion_gift = Gift { points: 100, ..Gift::default() };
            ladder.tiers[1].retention_gift = Gift { points: 10, ..Gift::default() };
            ladder.tiers[2].promotion_gift = Gift { points: 500, ..Gift::default() };
        })
    };
    statement(
        gifts(),
        "on  2026-01-10
         buy A 12000                   -> +240 +100 promoted to silver
         on  2026-06-01
         buy B 8000                    -> +192
         on  2027-01-11                -> +10 keeps silver
         on  2028-01-11                -> falls to member",
    );
    // What a return undoes is taken back; where a lower tier is won instead, its gift is given.
    statement(
        gifts(),
        "buy A 35000                   -> +700 +500 promoted to gold
         return A 15000                -> -300 -500 +100 falls to silver
         return A 30000                -> -300 -100 falls to member
         left                          -> 100 left, 0 owed",
    );
    // Spent, it is owed.
    statement(
        gifts(),
        "buy A 10000                   -> +200 +100 promoted to silver
         redeem 300                    -> -300
         return A 10000 whole          -> -200 -100 falls to member
         left                          -> 0 left, 300 owed",
    );
}
