//! The laws of limits: for an order, for a member's time, and what a return frees.

use super::{at_most, by_orders, flat, rule, statement};
use crate::programme::rules::{Award, LimitPeriod, OverLimit};

#[test]
fn limits_of_an_order_cap_or_refuse() {
    let rules = vec![
        at_most(25, LimitPeriod::Order, OverLimit::Cap, rule("capped", "", Award::Multiplied(200))),
        at_most(25, LimitPeriod::Order, OverLimit::Refuse, rule("refused", "", Award::Multiplied(200))),
    ];
    statement(
        vec![flat(rules)],
        "cart A web coffee:1250   -> base +25, capped +25, refused +25
         cart B web coffee:1300   -> base +26, capped +25 capped per order, refused +0 25 left per order",
    );
}

#[test]
fn limits_count_by_the_calendar_of_the_programme() {
    let limited = |code: &str, per| at_most(30, per, OverLimit::Cap, rule(code, "", Award::Fixed(20)));
    let story = |per: LimitPeriod, text: &str| {
        statement(vec![flat(vec![limited("extra", per)])], text);
    };
    story(
        LimitPeriod::Day,
        "on 2026-01-10
         cart A web coffee:50     -> base +1, extra +20
         cart B web coffee:50     -> base +1, extra +10 capped per day
         cart C web coffee:50     -> base +1, extra +0 0 left per day
         on 2026-01-11
         cart D web coffee:50     -> base +1, extra +20",
    );
    // 2026-01-11 is a Sunday.
    story(
        LimitPeriod::Week,
        "on 2026-01-05
         cart A web coffee:50     -> base +1, extra +20
         on 2026-01-11
         cart B web coffee:50     -> base +1, extra +10 capped per week
         on 2026-01-12
         cart C web coffee:50     -> base +1, extra +20",
    );
    story(
        LimitPeriod::Month,
        "on 2026-01-31
         cart A web coffee:50     -> base +1, extra +20
         cart B web coffee:50     -> base +1, extra +10 capped per month
         on 2026-02-01
         cart C web coffee:50     -> base +1, extra +20",
    );
    story(
        LimitPeriod::Year,
        "on 2026-12-31
         cart A web coffee:50     -> base +1, extra +20
         on 2027-01-01
         cart B web coffee:50     -> base +1, extra +20
         on 2027-11-01
         cart C web coffee:50     -> base +1, extra +10 capped per year",
    );
    story(
        LimitPeriod::Ever,
        "on 2026-12-31
         cart A web coffee:50     -> base +1, extra +20
         on 2031-01-01            -> -21
         cart B web coffee:50     -> base +1, extra +10 capped per ever",
    );
}

#[test]
fn several_limits_hold_at_once_and_what_is_refused_uses_nothing() {
    let extra = rule("extra", "", Award::Fixed(20));
    let extra = at_most(30, LimitPeriod::Day, OverLimit::Cap, extra);
    let extra = at_most(45, LimitPeriod::Month, OverLimit::Refuse, extra);
    statement(
        vec![flat(vec![extra])],
        "on 2026-01-10
         cart A web coffee:50     -> base +1, extra +20
         cart B web coffee:50     -> base +1, extra +10 capped per day
         on 2026-01-11
         cart C web coffee:50     -> base +1, extra +0 15 left per month
         on 2026-02-01
         cart D web coffee:50     -> base +1, extra +20",
    );
}

#[test]
fn a_return_gives_the_allowance_back_in_proportion() {
    let rules = vec![at_most(20, LimitPeriod::Month, OverLimit::Cap, rule("extra", "", Award::Fixed(20)))];
    statement(
        vec![flat(rules)],
        "on 2026-01-10
         cart A web coffee:1000   -> base +20, extra +20
         cart B web coffee:50     -> base +1, extra +0 0 left per month
         return A 250             -> -10
         cart C web coffee:50     -> base +1, extra +5 capped per month
         return A 1000 whole      -> -30
         cart D web coffee:50     -> base +1, extra +15 capped per month
         cart E web coffee:50     -> base +1, extra +0 0 left per month",
    );
}

#[test]
fn orders_are_counted_and_one_that_came_back_whole_is_none() {
    let rules = vec![by_orders(2, LimitPeriod::Month, rule("extra", "", Award::Fixed(20)))];
    statement(
        vec![flat(rules)],
        "on 2026-01-10
         cart A web coffee:1000   -> base +20, extra +20
         cart B web coffee:50     -> base +1, extra +20
         cart C web coffee:50     -> base +1, extra +0 0 left per month
         return A 500             -> -20
         cart D web coffee:50     -> base +1, extra +0 0 left per month
         return A 1000 whole      -> -20
         cart E web coffee:50     -> base +1, extra +20
         on 2026-02-01
         cart F web coffee:50     -> base +1, extra +20",
    );
}
