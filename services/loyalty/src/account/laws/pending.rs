//! Points that wait, as statements of account.

use super::*;
use crate::programme::terms::{DeficitPolicy, Pending, PendingFrom};

fn waiting(days: i32, from: PendingFrom, deficit: DeficitPolicy) -> Terms {
    let mut terms = example::signature();
    terms.pending = Some(Pending { days, from });
    terms.deficit = deficit;
    terms
}

fn week() -> Terms {
    waiting(7, PendingFrom::Order, DeficitPolicy::Unlimited)
}

#[test]
fn points_wait_out_their_days_and_keep_from_when_they_can_be_spent() {
    statement(
        week(),
        "on  2026-01-28
         buy A 2500                    -> +50
         left                          -> 0 left, 0 owed
         pending                       -> 50 through 2026-02-04
         redeem 1                      -> refused: short by 1
         on  2026-02-04
         redeem 1                      -> refused: short by 1
         on  2026-02-05                -> 50 usable
         lots                          -> 50 until 2027-02-28
         redeem 20                     -> -20
         on  2027-03-01                -> -30",
    );
}

#[test]
fn points_wait_from_when_the_goods_were_received_where_that_is_told() {
    statement(
        waiting(7, PendingFrom::Receipt, DeficitPolicy::Unlimited),
        "on  2026-01-10
         receive A 2500 on 2026-01-13  -> +50
         buy B 500                     -> +10
         pending                       -> 10 through 2026-01-17, 50 through 2026-01-20",
    );
    statement(
        week(),
        "on  2026-01-10
         receive A 2500 on 2026-01-13  -> +50
         pending                       -> 50 through 2026-01-17",
    );
}

#[test]
fn what_is_given_added_or_given_back_does_not_wait() {
    statement(
        week(),
        "on  2026-01-10
         grant R 100                   -> +100
         redeem 60                     -> -60
         give-back 60                  -> +60
         lots                          -> 100 until 2027-01-31",
    );
}

#[test]
fn a_late_order_has_waited_already() {
    statement(
        week(),
        "on  2026-06-01
         buy A 2500 on 2026-05-25      -> +50
         buy B 500 on 2026-03-10       -> +10
         pending                       -> 50 through 2026-06-01
         lots                          -> 10 until 2027-03-31",
    );
}

#[test]
fn a_history_is_booked_with_its_waiting_between() {
    statement(
        week(),
        "on  2026-06-01
         buy A 2500 on 2026-01-10 historic  -> +50
         left                               -> 0 left, 0 owed
         buy B 500 on 2026-01-18 historic   -> +10 50 usable
         left                               -> 50 left, 0 owed
         on  2026-06-02                     -> 10 usable",
    );
}

#[test]
fn a_return_takes_what_waits_of_its_own_then_its_own_then_what_waits_then_the_others_then_owes() {
    statement(
        week(),
        "on  2026-01-10
         buy A 2500                    -> +50
         on  2026-01-18                -> 50 usable
         buy B 1000                    -> +20
         grant R 10                    -> +10
         redeem 40                     -> -40
         lots                          -> 10 until 2027-01-31, 10 until 2027-01-31
         pending                       -> 20 through 2026-01-25
         return A 2500 whole           -> -50
         left                          -> 0 left, 10 owed
         pending",
    );
    statement(
        week(),
        "on  2026-01-10
         buy A 2500                    -> +50
         grant R 100                   -> +100
         return A 500                  -> -10
         pending                       -> 40 through 2026-01-17
         left                          -> 100 left, 0 owed
         return A 2500 whole           -> -40
         left                          -> 100 left, 0 owed
         on  2026-01-18",
    );
}

#[test]
fn only_what_waits_is_taken_where_the_programme_says_so() {
    statement(
        waiting(7, PendingFrom::Order, DeficitPolicy::OnlyPending),
        "on  2026-01-10
         buy A 2500                    -> +50
         buy B 1000                    -> +20
         return A 500                  -> -10
         on  2026-01-18                -> 40 usable 20 usable
         buy C 1000                    -> +20
         return A 2500 whole
         left                          -> 60 left, 0 owed
         return C 1000 whole           -> -20
         pending",
    );
}

#[test]
fn what_waits_fills_what_is_owed_at_once() {
    statement(
        week(),
        "on  2026-01-10
         buy A 2500                    -> +50
         on  2026-01-18                -> 50 usable
         redeem 50                     -> -50
         return A 2500 whole           -> -50
         buy B 4000                    -> +80
         left                          -> 0 left, 0 owed
         pending                       -> 30 through 2026-01-25",
    );
}

#[test]
fn at_one_instant_points_are_taken_back_then_activated_then_earned() {
    let midnight = kernel::calendar::start_of(Date::constant(2026, 1, 18), example::signature().zone.rules());
    let midnight = midnight.expect("in range");
    for (what, expected) in [("return A 500", 0), ("buy B 500", 1), ("redeem 50", 1)] {
        let mut shop = Shop::open(vec![week()]);
        shop.say("on 2026-01-10");
        shop.say("buy A 2500");
        shop.now = midnight;
        assert!(!shop.say(what).starts_with("refused"), "{what}");
        assert_eq!(shop.holdings.activations.len(), expected, "{what}");
    }
}
