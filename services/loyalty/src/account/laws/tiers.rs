//! The laws of tiers: how one is won, reviewed, kept and lost.

use super::{statement, statement_under};
use crate::programme::example;
use crate::programme::terms::{Demotion, Expiry, Terms, Window};

/// Points that never lapse, so that the statement tells of tiers alone.
fn tiers(window: Window, demotion: Demotion) -> Terms {
    let mut terms = example::signature();
    terms.expiry = Expiry::Never;
    if let Some(ladder) = &mut terms.ladder {
        ladder.window = window;
        ladder.demotion = demotion;
    }
    terms
}

fn rolling(demotion: Demotion) -> Terms {
    tiers(Window::RollingMonths(12), demotion)
}

fn version(number: i32, effective: &str, change: impl FnOnce(&mut Terms)) -> Terms {
    let mut terms = rolling(Demotion::ToWhatIsMet);
    terms.number = number;
    terms.effective_at = super::morning(effective);
    change(&mut terms);
    terms
}

#[test]
fn a_tier_is_won_at_once_and_multiplies_from_the_next_order_on() {
    statement(
        example::signature(),
        "buy A 9999                    -> +199
         missing                       -> member, 0 to keep, 1 to silver
         buy B 1                       -> promoted to silver
         missing                       -> silver, 8000 to keep, 20000 to gold
         buy C 1000                    -> +24
         buy D 50000                   -> +1200 promoted to gold
         missing                       -> gold, 24000 to keep, the top",
    );
}

#[test]
fn a_tier_is_reviewed_at_the_end_of_its_term() {
    statement(
        example::signature(),
        "on  2026-01-10
         buy A 12000                   -> +240 promoted to silver
         missing                       -> silver, 8000 to keep, 18000 to gold
         on  2026-06-01
         buy B 8000                    -> +192
         missing                       -> silver, 0 to keep, 10000 to gold
         on  2027-01-11                -> keeps silver
         on  2028-01-11                -> -240 -192 falls to member",
    );
}

#[test]
fn every_term_ends_on_the_same_day_of_the_year() {
    statement(
        rolling(Demotion::ToWhatIsMet),
        "on  2026-03-01
         buy A 40000                   -> +800 promoted to gold
         on  2027-03-01
         buy B 24000                   -> +720
         on  2027-03-02                -> keeps gold
         on  2028-03-01
         buy C 30000                   -> +900
         on  2028-03-02                -> keeps gold",
    );
}

#[test]
fn a_year_is_reviewed_when_it_is_over() {
    statement(
        tiers(Window::CalendarYear, Demotion::ToWhatIsMet),
        "on  2026-03-01
         buy A 29000                   -> +580 promoted to silver
         missing                       -> silver, 8000 to keep, 1000 to gold
         on  2027-03-02
         missing                       -> silver, 8000 to keep, 30000 to gold
         buy B 8000                    -> +192
         missing                       -> silver, 0 to keep, 22000 to gold
         on  2027-12-31
         on  2028-01-01                -> keeps silver
         missing                       -> silver, 8000 to keep, 30000 to gold
         on  2028-12-31
         buy C 7999                    -> +191
         on  2029-01-01                -> falls to member",
    );
}

#[test]
fn what_counts_since_joining_is_only_lost_by_returns() {
    statement(
        tiers(Window::SinceJoining, Demotion::ToWhatIsMet),
        "buy A 6000                    -> +120
         on  2030-01-01
         buy B 6000                    -> +120 promoted to silver
         on  2031-01-02                -> keeps silver
         on  2032-01-02                -> keeps silver
         return A 4001                 -> -80 falls to member",
    );
}

#[test]
fn who_does_not_keep_a_tier_falls_as_the_programme_says() {
    statement(
        rolling(Demotion::None),
        "buy A 40000                   -> +800 promoted to gold
         on  2027-01-02                -> keeps gold",
    );
    statement(
        rolling(Demotion::OneStep),
        "buy A 40000                   -> +800 promoted to gold
         on  2027-01-02                -> falls to silver
         on  2028-01-02                -> falls to member",
    );
    statement(
        rolling(Demotion::ToWhatIsMet),
        "buy A 40000                   -> +800 promoted to gold
         on  2027-01-02                -> falls to member",
    );
}

#[test]
fn a_return_demotes_nobody_whose_tier_does_not_rest_on_it() {
    // Let stay at the review: no threshold was met, so none can be missed.
    statement(
        rolling(Demotion::None),
        "buy A 12000                   -> +240 promoted to silver
         on  2027-01-02                -> keeps silver
         buy B 500                     -> +12
         return B 100                  -> -2",
    );
    // Fell softly: the step they stand on was never reached by spending.
    statement(
        rolling(Demotion::OneStep),
        "buy A 40000                   -> +800 promoted to gold
         on  2027-01-02                -> falls to silver
         buy B 500                     -> +12
         return B 100                  -> -2",
    );
    // Won under older terms: those keep ruling their own time.
    statement_under(
        vec![
            version(1, "2020-01-01", |_| {}),
            version(2, "2026-02-01", |terms| {
                terms.ladder.as_mut().expect("a ladder").tiers[2].enter_minor = 50_000;
            }),
        ],
        "buy A 35000                   -> +700 promoted to gold
         on  2026-03-01
         buy B 1000                    -> +30
         return B 100                  -> -3
         return A 5000                 -> -100
         return A 5001                 -> falls to silver",
    );
}

#[test]
fn what_was_lost_and_won_again_is_what_the_tier_rests_on() {
    statement(
        rolling(Demotion::ToWhatIsMet),
        "buy A 12000                   -> +240 promoted to silver
         on  2026-06-01
         buy B 12000                   -> +288
         return A 12000 whole          -> -240
         return B 1000                 -> -24
         return B 2001                 -> -24 falls to member",
    );
}

#[test]
fn a_return_leads_to_what_was_met_then_with_the_term_of_then() {
    statement(
        rolling(Demotion::ToWhatIsMet),
        "on  2026-01-10
         buy A 20000                   -> +400 promoted to silver
         buy B 15000                   -> +360 promoted to gold
         on  2027-01-09
         return B 15000 whole          -> -360 falls to silver
         missing                       -> silver, 8000 to keep, 10000 to gold
         on  2027-01-11                -> falls to member",
    );
}

#[test]
fn an_order_of_a_clock_that_runs_ahead_counts_at_once() {
    statement(
        rolling(Demotion::ToWhatIsMet),
        "buy A 12000 on 2026-01-02     -> +240 promoted to silver
         missing                       -> silver, 8000 to keep, 18000 to gold",
    );
}

#[test]
fn what_came_back_before_an_order_joined_never_counted() {
    statement(
        rolling(Demotion::ToWhatIsMet),
        "join A 12000 back 6000        -> +240 -120
         missing                       -> member, 0 to keep, 4000 to silver
         join B 12000 back 2000        -> +240 -40 promoted to silver
         join C 5000 back 5000 whole   -> +120 -120",
    );
}

#[test]
fn a_programme_that_takes_its_tiers_up_again_reviews_again() {
    statement_under(
        vec![
            version(1, "2020-01-01", |_| {}),
            version(2, "2026-06-01", |terms| terms.ladder = None),
            version(3, "2027-06-01", |_| {}),
        ],
        "buy A 12000                   -> +240 promoted to silver
         on  2027-01-02
         on  2027-07-01
         buy B 500                     -> +12
         missing                       -> silver, 8000 to keep, 29500 to gold
         on  2028-07-02                -> falls to member",
    );
}

#[test]
fn an_order_that_came_back_whole_leaves_the_tier_it_found() {
    // Silver was kept with less than it takes to enter it.
    statement(
        rolling(Demotion::ToWhatIsMet),
        "buy A 12000                   -> +240 promoted to silver
         on  2026-06-01
         buy B 8500                    -> +204
         on  2027-01-02                -> keeps silver
         on  2027-02-01
         buy C 40000                   -> +960 promoted to gold
         return C 40000 whole          -> -960 falls to silver
         missing                       -> silver, 8000 to keep, 21500 to gold
         on  2028-01-02                -> falls to member",
    );
    // A part that stayed is worth what it is worth.
    statement(
        rolling(Demotion::ToWhatIsMet),
        "buy A 35000                   -> +700 promoted to gold
         return A 15000                -> -300 falls to silver
         return A 30000                -> -300 falls to member",
    );
}
