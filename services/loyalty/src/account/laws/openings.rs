//! What members bring along from another system, as statements of account.

use super::*;
use crate::account::opening::{Opening, open};
use crate::programme::terms::{DeficitPolicy, Expiry, Slide};

impl Shop {
    /// `bring L 100 since 2025-03-01 [from 2026-03-01] [until 2026-06-30]`, `owe D 30 since 2025-03-01`.
    pub(super) fn say_of_openings(&mut self, words: &[&str]) -> String {
        let after = |name: &str| words.iter().position(|word| *word == name).map(|place| words[place + 1]);
        let sign = if words[0] == "owe" { -1 } else { 1 };
        let day_after = |day: &str| {
            let day: Date = day.parse().expect("a day");
            kernel::calendar::end_of(day, example::signature().zone.rules()).expect("in range")
        };
        let opening = Opening {
            reference: words[1].to_owned(),
            points: sign * words[2].parse::<i64>().expect("a number"),
            earned_at: morning(after("since").expect("since when")),
            usable_from: after("from").map(morning),
            lapses_at: after("until").map(day_after),
        };
        let terms = self.versions.at(self.now).expect("a programme").clone();
        match open(&mut self.holdings, &self.versions, &terms, (&opening, "old card"), self.now) {
            Ok(entry) => {
                self.redemptions.insert(words[1].to_owned(), entry);
                String::new()
            }
            Err(error) => format!("refused: {error}"),
        }
    }
}

#[test]
fn a_lot_keeps_exactly_what_it_kept_elsewhere_and_is_spent_among_the_others() {
    statement(
        example::signature(),
        "on  2026-01-10
         buy A 2500                                    -> +50
         bring L 100 since 2025-03-01 until 2026-06-30 -> +100
         bring M 30 since 2025-04-01                   -> +30
         lots                                          -> 100 until 2026-06-30, 50 until 2027-01-31, 30 until ever
         redeem 120                                    -> -120
         lots                                          -> 30 until 2027-01-31, 30 until ever
         on  2027-02-01                                -> -30
         missing                                       -> member, 0 to keep, 10000 to silver",
    );
}

#[test]
fn what_is_left_of_it_lapses_with_its_last_day() {
    statement(
        example::signature(),
        "bring L 100 since 2025-03-01 until 2026-06-30 -> +100
         redeem 40                                     -> -40
         on  2026-06-30
         left                                          -> 60 left, 0 owed
         on  2026-07-01                                -> -60
         give-back 40                                  -> +40
         lots                                          -> 40 until 2026-07-15",
    );
}

#[test]
fn what_is_over_or_has_not_begun_is_not_taken_over() {
    statement(
        example::signature(),
        "on  2026-01-10
         bring L 100 since 2025-03-01 until 2026-01-09 -> refused: it has lapsed since 2026-01-09T16:00:00Z
         bring L 100 since 2026-01-11                  -> refused: it is earned only at 2026-01-11T02:00:00Z
         bring L 100 since 2026-01-10 until 2026-01-10 -> +100
         on  2026-01-11                                -> -100",
    );
}

#[test]
fn points_that_wait_go_on_waiting() {
    statement(
        example::signature(),
        "on  2026-01-10
         bring L 100 since 2026-01-01 from 2026-02-01 until 2026-06-30 -> +100
         bring M 20 since 2026-01-01 from 2026-01-09 until 2026-06-30  -> +20
         left                                                          -> 20 left, 0 owed
         redeem 21                                                     -> refused: short by 1
         on  2026-02-01                                                -> 100 usable
         left                                                          -> 120 left, 0 owed",
    );
}

#[test]
fn what_is_owed_takes_what_is_there_and_is_filled_by_the_next_points() {
    statement(
        example::signature(),
        "bring L 40 since 2025-03-01                   -> +40
         owe D 100 since 2025-05-01                    -> -100
         left                                          -> 0 left, 60 owed
         bring M 50 since 2025-06-01 until 2026-06-30  -> +50
         left                                          -> 0 left, 10 owed
         buy A 2500                                    -> +50
         left                                          -> 40 left, 0 owed",
    );
}

#[test]
fn what_was_owed_is_owed_whatever_the_programme_says_of_owing() {
    let mut terms = example::signature();
    terms.deficit = DeficitPolicy::WithinBalance;
    statement(
        terms,
        "owe D 100 since 2025-05-01                    -> -100
         left                                          -> 0 left, 100 owed",
    );
}

#[test]
fn what_was_brought_by_mistake_is_taken_back_like_a_grant() {
    statement(
        example::signature(),
        "bring L 100 since 2025-03-01 until 2026-06-30 -> +100
         bring M 50 since 2025-03-01 until 2026-03-31  -> +50
         redeem 70                                     -> -70
         revoke L                                      -> -100
         left                                          -> 0 left, 20 owed",
    );
}

#[test]
fn where_points_keep_as_long_as_their_member_comes_by_so_do_these_and_bringing_them_is_not_coming_by() {
    let mut terms = example::signature();
    terms.terms.expiry = Expiry::Inactivity(Slide { months: 6, days: 0 });
    statement(
        terms,
        "on  2026-01-10
         buy A 2500                                    -> +50
         on  2026-03-10
         bring L 100 since 2025-03-01 until 2026-06-30 -> +100
         lots                                          -> 100 until 2026-06-30, 50 until 2026-07-10
         buy B 50                                      -> +1
         lots                                          -> 100 until 2026-09-10, 50 until 2026-09-10, 1 until 2026-09-10",
    );
}

#[test]
fn a_tier_that_was_brought_along_is_reviewed_at_the_end_of_the_term_it_had() {
    statement(
        example::signature(),
        "on  2026-01-10
         stand silver since 2025-12-01 until 2026-03-31 with 3000 on 2025-12-20 -> stands in silver
         missing                       -> silver, 5000 to keep, 27000 to gold
         buy A 1000                    -> +24
         on  2026-04-01                -> falls to member
         buy B 6000                    -> +120 promoted to silver",
    );
    statement(
        example::signature(),
        "on  2026-01-10
         stand silver since 2025-12-01 until 2026-03-31 with 3000 on 2025-12-20 -> stands in silver
         buy A 5000                    -> +120
         on  2026-04-01                -> keeps silver
         on  2027-04-01                -> -120 falls to member",
    );
}

#[test]
fn what_is_brought_along_promotes_nobody_and_the_next_thing_that_counts_does() {
    statement(
        example::signature(),
        "on  2026-01-10
         stand silver since 2025-12-01 with 40000 -> stands in silver
         missing                       -> silver, 0 to keep, 1 to gold
         buy A 50                      -> +1 promoted to gold
         return A 50 whole             -> -1",
    );
}

#[test]
fn a_tier_is_brought_along_once_and_not_under_one_that_is_reached() {
    statement(
        example::signature(),
        "on  2026-01-10
         stand silver since 2026-01-11 -> refused: NotBegun { field: \"since_time\", at: 2026-01-11T02:00:00Z }
         stand silver since 2025-12-01 until 2026-01-09 -> refused: Over { field: \"review_time\", at: 2026-01-09T16:00:00Z }
         stand jade since 2025-12-01   -> refused: TierNotFound { ladder: \"main\", tier: \"jade\" }
         stand silver since 2025-12-01 with 100 -> stands in silver
         stand silver since 2025-12-01 with 100 -> refused: AlreadyBrought { ladder: \"main\" }
         stand silver since 2025-12-01 with 99 -> refused: BroughtDiffers { ladder: \"main\", field: \"progress_minor\" }
         stand gold since 2025-12-01 with 100 -> refused: BroughtDiffers { ladder: \"main\", field: \"tier\" }",
    );
    statement(
        example::signature(),
        "buy A 10000                   -> +200 promoted to silver
         stand silver since 2025-12-01 -> refused: Reached { ladder: \"main\", tier: \"silver\" }
         stand gold since 2025-12-01   -> stands in gold
         return A 10000 whole          -> -200
         missing                       -> gold, 24000 to keep, the top",
    );
}

#[test]
fn nobody_falls_out_of_the_lowest_and_what_counts_there_counts() {
    statement(
        example::signature(),
        "on  2026-01-10
         stand member since 2025-12-01 until 2026-03-31 with 9000 on 2025-12-20 -> stands in member
         on  2026-04-01
         buy A 1000                    -> +20 promoted to silver",
    );
}
