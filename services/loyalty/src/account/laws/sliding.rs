//! Points that keep as long as their member comes by, as statements of account.

use super::*;
use crate::programme::terms::{Expiry, Slide};

fn a_year() -> Terms {
    let mut terms = example::signature();
    terms.ladder = None;
    terms.expiry = Expiry::Inactivity(Slide { months: 12, days: 0 });
    terms
}

#[test]
fn what_is_earned_and_what_is_spent_renews_all_that_is_there() {
    statement(
        a_year(),
        "on  2026-01-10
         buy A 5000                    -> +100
         lots                          -> 100 until 2027-01-10
         on  2026-06-10
         buy B 2500                    -> +50
         lots                          -> 100 until 2027-06-10, 50 until 2027-06-10
         on  2027-03-01
         redeem 30                     -> -30
         lots                          -> 70 until 2028-03-01, 50 until 2028-03-01
         on  2028-03-01
         left                          -> 120 left, 0 owed
         on  2028-03-02                -> -120",
    );
}

#[test]
fn what_earns_nothing_renews_nothing_and_a_late_order_renews_as_of_its_own_day() {
    statement(
        a_year(),
        "on  2026-01-10
         buy A 5000                    -> +100
         on  2026-06-10
         buy B 49
         buy C 500 on 2026-03-10       -> +10
         lots                          -> 100 until 2027-03-10, 10 until 2027-03-10
         buy D 500 on 2026-01-01       -> +10
         lots                          -> 10 until 2027-01-01, 100 until 2027-03-10, 10 until 2027-03-10",
    );
}

#[test]
fn what_is_given_back_in_time_keeps_from_then_on_and_a_return_shortens_nothing() {
    statement(
        a_year(),
        "on  2026-01-10
         buy A 5000                    -> +100
         redeem 100                    -> -100
         on  2026-06-10
         give-back 100                 -> +100
         lots                          -> 100 until 2027-06-10
         buy B 500                     -> +10
         on  2026-07-10
         buy C 500                     -> +10
         return C 500 whole            -> -10
         lots                          -> 100 until 2027-07-10, 10 until 2027-07-10",
    );
}

#[test]
fn what_is_given_back_late_keeps_from_then_on_too() {
    statement(
        a_year(),
        "on  2026-01-10
         buy A 5000                    -> +100
         redeem 100                    -> -100
         on  2027-06-10
         give-back 100                 -> +100
         lots                          -> 100 until 2028-06-10
         buy B 500                     -> +10
         lots                          -> 100 until 2028-06-10, 10 until 2028-06-10",
    );
}
