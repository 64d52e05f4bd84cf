//! Points given for something that is no order, as statements of account.

use super::*;

#[test]
fn a_grant_lapses_as_if_earned_now_and_counts_for_no_tier() {
    statement(
        example::signature(),
        "on  2026-01-10
         missing                       -> member, 0 to keep, 10000 to silver
         grant R 20000                 -> +20000
         lots                          -> 20000 until 2027-01-31
         missing                       -> member, 0 to keep, 10000 to silver",
    );
}

#[test]
fn a_grant_fills_what_is_owed_first() {
    statement(
        example::signature(),
        "buy A 2500                    -> +50
         redeem 50                     -> -50
         return A 2500 whole           -> -50
         grant R 80                    -> +80
         left                          -> 30 left, 0 owed",
    );
}

#[test]
fn a_revoked_grant_takes_its_own_lot_then_others_then_owes() {
    statement(
        example::signature(),
        "on  2026-01-10
         grant R 100                   -> +100
         on  2026-03-10
         buy A 2500                    -> +50
         redeem 30                     -> -30
         revoke R                      -> -100
         lots                          -> 20 until 2027-03-31
         grant S 100                   -> +100
         redeem 110                    -> -110
         revoke S                      -> -100
         left                          -> 0 left, 90 owed",
    );
}

#[test]
fn within_balance_a_revoked_grant_leaves_nobody_owing() {
    let mut terms = example::signature();
    terms.deficit = crate::programme::terms::DeficitPolicy::WithinBalance;
    statement(
        terms,
        "grant R 100                   -> +100
         redeem 70                     -> -70
         revoke R                      -> -30
         left                          -> 0 left, 0 owed",
    );
}

#[test]
fn what_lapsed_of_a_grant_is_not_taken_again_and_the_entry_is_written_all_the_same() {
    statement(
        example::signature(),
        "on  2026-01-10
         grant R 100                   -> +100
         on  2027-02-01                -> -100
         revoke R                      -> +0
         left                          -> 0 left, 0 owed",
    );
}
