//! The laws of ladders: what counts on them and until when, days of grace, renewal, what is carried over, tiers by hand,
//! gifts, and several ladders beside one another.

use ::store::{Digests, RequestKey};
use kernel::{RequestId, TenantId};

use super::{Shop, day_before, morning, statement};
use crate::account::holdings::{TierChange, TierChangeKind};
use crate::account::qualification::On;
use crate::account::standing::{counting, standing};
use crate::account::tally::tiers::carry_out;
use crate::account::{AccountRefusal, Brought, TierAsk, TierDeed};
use crate::programme::example;
use crate::programme::terms::{Demotion, Expiry, Ladder, MAIN, Metric, Renewal, Terms, Tier, Window};

/// What a change reads like.
pub(super) fn told(change: &TierChange) -> String {
    let verb = match change.kind {
        TierChangeKind::Promoted => "promoted to",
        TierChangeKind::Retained => "keeps",
        TierChangeKind::Demoted => "falls to",
        TierChangeKind::Renewed => "renews",
        TierChangeKind::Assigned => "put into",
        TierChangeKind::Released => "let go to",
        TierChangeKind::Shortened => "no longer renews",
        TierChangeKind::Imported => "stands in",
    };
    format!("{verb} {}", change.to)
}

/// `stand silver since 2025-03-01 [until 2026-06-30] [with 500 [on 2025-09-01]]`.
fn stood(words: &[&str]) -> Brought {
    let after = |name: &str| words.iter().position(|word| *word == name).map(|place| words[place + 1]);
    let over = |day: &str| {
        let day: jiff::civil::Date = day.parse().expect("a day");
        kernel::calendar::end_of(day, example::signature().zone.rules()).expect("in range")
    };
    Brought {
        tier: words[1].to_owned(),
        since: morning(after("since").expect("since when")),
        review_at: after("until").map(over),
        progress: after("with").map_or(0, |units| units.parse().expect("units")),
        progress_at: after("on").map(morning),
    }
}

impl Shop {
    fn ask(&self, what: TierDeed, ladder: Option<&str>) -> TierAsk {
        TierAsk {
            tenant: TenantId::new_at(self.now),
            member: self.holdings.member,
            ladder: ladder.map(str::to_owned),
            reason: "the shop says so".to_owned(),
            actor: "clerk".to_owned(),
            what,
            known: true,
            validate_only: false,
            key: RequestKey { rpc: "", id: RequestId::new_at(self.now), digests: Digests::default() },
        }
    }

    pub(super) fn say_of_tiers(&mut self, words: &[&str]) -> String {
        let terms = self.versions.at(self.now).expect("a programme").clone();
        let what = match words[0] {
            "count" => {
                let (cause, units) = (words[1].to_owned(), words[2].parse().expect("units"));
                TierDeed::Qualify { cause, units, occurred_at: words.get(4).map(|day| morning(day)) }
            }
            "assign" => TierDeed::Assign { tier: words[1].to_owned(), until: words.get(3).map(|day| morning(day)) },
            "stand" => TierDeed::Bring(stood(words)),
            "let-go" => TierDeed::Release,
            "until" => {
                let ladder = terms.ladder.as_ref().expect("a ladder");
                let all = counting(&self.holdings, On { terms: &terms, ladder }, self.now).expect("in range");
                let until = |at: Option<jiff::Timestamp>| at.map_or("ever".to_owned(), |at| day_before(at).to_string());
                let told: Vec<String> =
                    all.iter().map(|one| format!("{} until {}", one.counted.units, until(one.counts_until))).collect();
                return told.join(", ");
            }
            ladder => {
                let (view, _) =
                    standing(&self.holdings, &terms, Some(ladder), self.now).expect("in range").expect("a ladder");
                let review = view.review_at.map_or("ever".to_owned(), |at| day_before(at).to_string());
                let grace = if view.in_grace { ", in grace" } else { "" };
                return format!("{} until {review}, {} to keep{grace}", view.tier, view.missing_to_keep_minor);
            }
        };
        let ask = self.ask(what, None);
        match carry_out(&mut self.holdings, &self.versions, &ask, self.now) {
            Ok(_) => String::new(),
            Err(AccountRefusal::Tier(refusal)) => format!("refused: {refusal:?}"),
            Err(AccountRefusal::Opening(refusal)) => format!("refused: {refusal:?}"),
            Err(refusal) => panic!("{refusal:?}"),
        }
    }
}

/// Points that never lapse, and a year that rolls.
pub(super) fn terms(change: impl FnOnce(&mut Ladder)) -> Terms {
    let mut terms = example::signature();
    terms.expiry = Expiry::Never;
    change(terms.ladder.as_mut().expect("a ladder"));
    terms
}

#[test]
fn orders_count_where_orders_are_counted() {
    statement(
        terms(|ladder| {
            (ladder.metric, ladder.currency) = (Metric::Orders, None);
            (ladder.tiers[1].enter_minor, ladder.tiers[1].keep_minor) = (2, 1);
            (ladder.tiers[2].enter_minor, ladder.tiers[2].keep_minor) = (3, 3);
        }),
        "buy A 100                     -> +2
         missing                       -> member, 0 to keep, 1 to silver
         buy B 0
         missing                       -> member, 0 to keep, 1 to silver
         buy C 100                     -> +2 promoted to silver
         return A 50                   -> -1
         missing                       -> silver, 1 to keep, 1 to gold
         return A 100 whole            -> -1 falls to member",
    );
}

#[test]
fn points_count_as_earned_whether_or_not_they_are_spent() {
    statement(
        terms(|ladder| {
            (ladder.metric, ladder.currency) = (Metric::PointsEarned, None);
            (ladder.tiers[1].enter_minor, ladder.tiers[1].keep_minor) = (100, 80);
            (ladder.tiers[2].enter_minor, ladder.tiers[2].keep_minor) = (1_000, 800);
        }),
        "grant referral_01h455vb4pex5vsknk084sn02q 500 -> +500
         missing                       -> member, 0 to keep, 100 to silver
         buy A 4000                    -> +80
         redeem 80                     -> -80
         buy B 1000                    -> +20 promoted to silver
         missing                       -> silver, 80 to keep, 900 to gold
         return B 500                  -> -10 falls to member
         missing                       -> member, 0 to keep, 10 to silver",
    );
}

#[test]
fn what_is_granted_counts_and_falls_out_of_the_window() {
    statement(
        terms(|ladder| (ladder.metric, ladder.currency) = (Metric::Granted, None)),
        "on  2026-01-10
         buy A 50000                   -> +1000
         missing                       -> member, 0 to keep, 10000 to silver
         count visit 9000
         count visit 9000              -> refused: AlreadyCounts { cause: \"visit\" }
         on  2026-03-10
         count late 2000 on 2026-02-01 -> promoted to silver
         until                         -> 2000 until 2027-02-01, 9000 until 2027-01-10
         on  2027-01-10
         until                         -> 2000 until 2027-02-01
         count undone -500
         on  2027-03-11                -> falls to member",
    );
}

#[test]
fn what_is_taken_off_moves_whose_tier_rested_on_it() {
    statement(
        terms(|_| {}),
        "buy A 9000                    -> +180
         count gift 1000               -> promoted to silver
         count gift-back -1            -> falls to member
         missing                       -> member, 0 to keep, 1 to silver",
    );
}

#[test]
fn a_members_year_begins_on_the_day_they_joined() {
    // They joined on 1 January; the term ends with the year in which it ends.
    statement(
        terms(|ladder| ladder.window = Window::MemberYear),
        "on  2026-03-01
         buy A 12000                   -> +240 promoted to silver
         main                          -> silver until 2027-12-31, 8000 to keep
         until                         -> 12000 until 2026-12-31
         on  2027-02-01
         buy B 8000                    -> +192
         on  2028-01-01                -> keeps silver
         on  2029-01-01                -> falls to member",
    );
}

#[test]
fn days_of_grace_let_a_tier_be_kept_after_its_term() {
    statement(
        terms(|ladder| ladder.grace_days = 30),
        "on  2026-01-10
         buy A 12000                   -> +240 promoted to silver
         on  2027-01-05
         buy B 5000                    -> +120
         on  2027-01-11
         main                          -> silver until 2027-02-09, 3000 to keep, in grace
         on  2027-02-01
         buy C 2999                    -> +71
         buy D 1                       -> keeps silver
         main                          -> silver until 2028-01-10, 5000 to keep
         return D 1 whole              -> no longer renews silver
         main                          -> silver until 2027-02-09, 1 to keep, in grace
         on  2027-02-10                -> falls to member",
    );
    // Whom the programme lets stay needs none.
    statement(
        terms(|ladder| (ladder.grace_days, ladder.demotion) = (30, Demotion::None)),
        "on  2026-01-10
         buy A 12000                   -> +240 promoted to silver
         on  2027-01-11                -> keeps silver",
    );
}

#[test]
fn those_at_risk_are_told_once_for_each_term() {
    statement(
        terms(|ladder| (ladder.notice_days, ladder.grace_days) = (30, 10)),
        "on  2026-01-10
         buy A 12000                   -> +240 promoted to silver
         on  2026-11-01
         buy B 6000                    -> +144
         on  2026-12-11
         on  2026-12-12                -> silver at risk, 2000 missing
         on  2027-01-05
         buy C 2000                    -> +48
         on  2027-01-11                -> keeps silver
         on  2027-12-12                -> silver at risk, 8000 missing
         on  2028-01-11
         on  2028-01-21                -> falls to member",
    );
}

#[test]
fn a_term_begins_anew_when_the_tier_is_kept_within_it() {
    statement(
        terms(|ladder| ladder.renewal = Renewal::Restarts),
        "on  2026-01-10
         buy A 12000                   -> +240 promoted to silver
         on  2026-05-01
         buy B 7999                    -> +191
         buy C 1                       -> renews silver
         main                          -> silver until 2027-05-01, 8000 to keep
         on  2026-06-01
         buy D 8000                    -> +192 renews silver
         main                          -> silver until 2027-06-01, 8000 to keep
         return C 1 whole
         return D 8000 whole           -> -192 no longer renews silver
         main                          -> silver until 2027-01-10, 1 to keep",
    );
}

#[test]
fn a_term_is_appended_once_when_the_tier_is_kept_within_it() {
    statement(
        terms(|ladder| ladder.renewal = Renewal::Appends),
        "on  2026-01-10
         buy A 12000                   -> +240 promoted to silver
         on  2026-05-01
         buy B 8000                    -> +192 renews silver
         main                          -> silver until 2028-01-10, 8000 to keep
         buy C 9000                    -> +216
         main                          -> silver until 2028-01-10, 8000 to keep",
    );
}

#[test]
fn what_exceeds_the_threshold_counts_for_the_term_where_the_programme_says_so() {
    let carries = |carry_over| terms(|ladder| (ladder.window, ladder.carry_over) = (Window::CalendarYear, carry_over));
    // 5,000 beyond the threshold count in the year that is reviewed, and what is carried over is used up with it.
    statement(
        carries(true),
        "on  2026-03-01
         buy A 15000                   -> +300 promoted to silver
         main                          -> silver until 2027-12-31, 3000 to keep
         on  2027-03-01
         buy B 3000                    -> +72
         missing                       -> silver, 0 to keep, 22000 to gold
         on  2028-01-01                -> keeps silver
         main                          -> silver until 2028-12-31, 8000 to keep",
    );
    // Of goods that came back nothing is carried.
    statement(
        carries(true),
        "on  2026-03-01
         buy A 15000                   -> +300 promoted to silver
         on  2027-03-01
         buy B 3000                    -> +72
         return A 1
         on  2028-01-01                -> falls to member",
    );
    statement(
        carries(false),
        "on  2026-03-01
         buy A 15000                   -> +300 promoted to silver
         main                          -> silver until 2027-12-31, 8000 to keep",
    );
}

#[test]
fn ladders_stand_beside_one_another_and_the_best_tier_multiplies() {
    let mut both = terms(|_| {});
    let paid = |code: &str, multiplier_percent, invitation_only| Tier {
        code: code.to_owned(),
        display_name: code.to_owned(),
        multiplier_percent,
        invitation_only,
        ..Tier::default()
    };
    let mut plus = both.ladder.clone().expect("a ladder");
    (plus.code, plus.metric, plus.currency) = ("plus".to_owned(), Metric::Granted, None);
    plus.tiers = vec![paid("none", 100, false), paid("plus", 200, true)];
    both.further_ladders = vec![plus];
    let mut shop = Shop::open(vec![both]);
    let lines = [
        ("buy A 10000", "+200 promoted to silver"),
        ("plus", "none until ever, 0 to keep"),
        // Silver: 120 hundredths.
        ("buy B 1000", "+24"),
    ];
    for (line, expected) in lines {
        assert_eq!(shop.say(line), expected, "{line}");
    }
    let ask = shop.ask(TierDeed::Assign { tier: "plus".to_owned(), until: None }, Some("plus"));
    let versions = shop.versions.clone();
    carry_out(&mut shop.holdings, &versions, &ask, shop.now).expect("it is assigned");
    // Plus: 200. It is not multiplied by Silver.
    for (line, expected) in
        [("plus", "plus until ever, 0 to keep"), ("buy C 1000", "+40"), ("buy D 19000", "+760 promoted to gold")]
    {
        assert_eq!(shop.say(line), expected, "{line}");
    }
    assert!(shop.holdings.history.iter().any(|change| change.ladder == MAIN && change.to == "gold"));
}

#[test]
fn a_member_who_joined_on_29_february_has_years_of_their_own() {
    use crate::account::qualification::member_year_end;
    let day = |text: &str| text.parse::<jiff::civil::Date>().expect("a day");
    let joined = day("2024-02-29");
    for (inside, last) in [
        ("2024-02-29", "2025-02-27"),
        ("2025-02-27", "2025-02-27"),
        ("2025-02-28", "2026-02-27"),
        ("2027-02-28", "2028-02-28"),
        ("2028-02-28", "2028-02-28"),
        ("2028-02-29", "2029-02-27"),
    ] {
        assert_eq!(member_year_end(joined, day(inside)), Ok(day(last)), "{inside}");
    }
}
