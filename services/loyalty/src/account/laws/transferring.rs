//! Points passed on, as statements of account of two members.

use kernel::TransferId;

use super::*;
use crate::account::AccountRefusal;
use crate::account::holdings::PassedOn;
use crate::account::transfer_asks::TransferRefusal;
use crate::account::transferring::{Moved, Passing, pass_on, undo};
use crate::programme::terms::{DeficitPolicy, Expiry, Slide};
use crate::programme::transfers::{Allowed, Transfers};

/// Ann and Bob, each with a statement. A line begins with whose it is, or with what Ann passes on to Bob.
struct Two {
    ann: Shop,
    bob: Shop,
}

fn policy() -> Transfers {
    Transfers {
        allowed: Allowed::Anybody,
        fee_points: 0,
        fee_basis_points: 0,
        least: 0,
        most: None,
        most_day: None,
        most_month: None,
        most_year: None,
        least_days_left: 0,
    }
}

fn with(policy: Transfers) -> Terms {
    let mut terms = example::signature();
    terms.transfers = Some(policy);
    terms
}

fn transfer_id(name: &str) -> TransferId {
    TransferId::from(Uuid::new_v5(&Uuid::nil(), name.as_bytes()))
}

impl Two {
    fn meet(terms: Terms) -> Self {
        let (ann, mut bob) = (Shop::open(vec![terms.clone()]), Shop::open(vec![terms]));
        let member = MemberId::parse("member_01h455vb4pex5vsknk084sn03q").expect("an id");
        bob.holdings = Holdings::new(member, bob.now);
        Self { ann, bob }
    }

    fn say(&mut self, line: &str) -> String {
        let (who, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        match who {
            "ann" => self.ann.say(rest.trim()),
            "bob" => self.bob.say(rest.trim()),
            "both" => {
                let (one, other) = (self.ann.say(rest.trim()), self.bob.say(rest.trim()));
                if one.is_empty() && other.is_empty() { one } else { format!("{one} | {other}") }
            }
            "give" => {
                let (transfer, points) = (transfer_id(words[0]), Points(words[1].parse().expect("a number")));
                let passing = Passing { transfer, points, reason: "a present" };
                self.moved(|giver, receiver, versions, now| pass_on(giver, receiver, versions, &passing, now))
            }
            "undo" => {
                let which = (transfer_id(words[0]), "a mistake");
                self.moved(|giver, receiver, versions, now| undo(giver, receiver, versions, which, now))
            }
            other => panic!("no such line: {other}"),
        }
    }

    /// On copies, as the desk does it: where it is refused, nothing has happened.
    fn moved(
        &mut self,
        rule: impl Fn(&mut Holdings, &mut Holdings, &Versions, Timestamp) -> Result<Moved, AccountRefusal>,
    ) -> String {
        let (mut ann, mut bob) = (self.ann.holdings.clone(), self.bob.holdings.clone());
        let said = match rule(&mut ann, &mut bob, &self.ann.versions, self.ann.now) {
            Ok(moved) => {
                let told = |holdings: &Holdings, before: &Holdings| {
                    let new = holdings.postings[before.postings.len()..].iter();
                    new.map(|posting| format!("{:+}", posting.points)).collect::<Vec<_>>().join(" ")
                };
                let (one, other) = (told(&ann, &self.ann.holdings), told(&bob, &self.bob.holdings));
                (self.ann.holdings, self.bob.holdings) = (ann, bob);
                let kept = if moved.kept > 0 { format!(", {} kept", moved.kept) } else { String::new() };
                format!("ann {one}, bob {other}{kept}")
            }
            Err(AccountRefusal::InsufficientPoints { asked, spendable }) => {
                format!("refused: short by {}", asked.0 - spendable.0)
            }
            Err(AccountRefusal::Transfer(TransferRefusal::LimitReached { limit, left, .. })) => {
                format!("refused: {} leaves {left}", limit.name())
            }
            Err(AccountRefusal::Transfer(TransferRefusal::NobodyMay { .. })) => "refused: nobody may".to_owned(),
            Err(AccountRefusal::AlreadyReversed { .. }) => "refused: before".to_owned(),
            Err(other) => panic!("unexpected: {other:?}"),
        };
        self.ann.assert_sums();
        self.bob.assert_sums();
        said
    }
}

fn statements(terms: Terms, text: &str) {
    let mut two = Two::meet(terms);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (said, expected) = line.split_once("->").unwrap_or((line, ""));
        let told = two.say(said);
        assert_eq!(told.trim(), expected.trim(), "in the line: {line}");
    }
}

#[test]
fn points_lapse_with_whoever_has_them_when_they_would_have_lapsed() {
    statements(
        with(policy()),
        "both on 2026-01-10
         ann buy A 2500                -> +50
         both on 2026-03-10
         ann buy B 2500                -> +50
         bob buy C 500                 -> +10
         give T 60                     -> ann -60, bob +60
         ann lots                      -> 40 until 2027-03-31
         bob lots                      -> 50 until 2027-01-31, 10 until 2027-03-31, 10 until 2027-03-31
         both on 2027-02-01            -> | -50
         bob redeem 21                 -> refused: short by 1",
    );
}

#[test]
fn nobody_passes_on_what_they_do_not_have_or_what_the_programme_keeps() {
    let mut waiting = with(policy());
    waiting.pending =
        Some(crate::programme::terms::Pending { days: 7, from: crate::programme::terms::PendingFrom::Order });
    statements(
        waiting,
        "both on 2026-01-10
         ann buy A 2500                -> +50
         give T 1                      -> refused: short by 1
         both on 2026-01-18            -> 50 usable |
         ann hold K 30 until 2026-01-25
         give T 21                     -> refused: short by 1
         give T 20                     -> ann -20, bob +20
         ann left                      -> 0 left, 0 owed
         ann holds                     -> 30 held",
    );
    statements(example::signature(), "ann buy A 2500 -> +50\n give T 1 -> refused: nobody may");
}

#[test]
fn a_fee_is_taken_beside_what_goes_from_the_lots_behind_it() {
    statements(
        with(Transfers { fee_points: 2, fee_basis_points: 1_000, ..policy() }),
        "both on 2026-01-10
         ann buy A 2500                -> +50
         both on 2026-03-10
         ann buy B 500                 -> +10
         give T 54                     -> refused: short by 1
         give T 50                     -> ann -57, bob +50
         ann lots                      -> 3 until 2027-03-31
         bob lots                      -> 50 until 2027-01-31
         undo T                        -> ann +57, bob -50
         ann lots                      -> 50 until 2027-01-31, 10 until 2027-03-31",
    );
}

#[test]
fn what_is_owed_is_filled_first() {
    statements(
        with(policy()),
        "ann buy A 2500                -> +50
         bob buy B 1000                -> +20
         bob redeem 20                 -> -20
         bob return B 1000 whole       -> -20
         give T 30                     -> ann -30, bob +30
         bob left                      -> 10 left, 0 owed
         undo T                        -> ann +10, bob -10, 20 kept
         bob left                      -> 0 left, 0 owed
         undo T                        -> refused: before",
    );
}

#[test]
fn what_was_spent_of_a_transfer_stays_and_nobody_owes_for_it() {
    statements(
        with(policy()),
        "ann buy A 2500                -> +50
         give T 50                     -> ann -50, bob +50
         bob redeem 30                 -> -30
         bob buy B 5000                -> +100
         undo T                        -> ann +20, bob -20, 30 kept
         bob left                      -> 100 left, 0 owed
         ann left                      -> 20 left, 0 owed",
    );
}

#[test]
fn a_return_of_an_order_whose_points_were_passed_on_is_its_buyers() {
    statements(
        with(policy()),
        "ann buy A 2500                -> +50
         give T 50                     -> ann -50, bob +50
         ann return A 2500 whole       -> -50
         ann left                      -> 0 left, 50 owed
         bob left                      -> 50 left, 0 owed
         undo T                        -> ann +50, bob -50
         ann left                      -> 0 left, 0 owed",
    );
    let mut lenient = with(policy());
    lenient.deficit = DeficitPolicy::WithinBalance;
    statements(
        lenient,
        "ann buy A 2500                -> +50
         give T 50                     -> ann -50, bob +50
         ann return A 2500 whole
         ann left                      -> 0 left, 0 owed",
    );
}

#[test]
fn limits_count_what_goes_and_not_the_fee() {
    statements(
        with(Transfers { fee_points: 5, least: 10, most: Some(40), most_day: Some(50), ..policy() }),
        "ann buy A 10000               -> +200 promoted to silver
         give T 9                      -> refused: LEAST leaves 10
         give T 41                     -> refused: MOST leaves 40
         give T 40                     -> ann -45, bob +40
         give U 11                     -> refused: DAY leaves 10
         give U 10                     -> ann -15, bob +10",
    );
    let late = PassedOn { day: 0, month: 70, year: 100 };
    let mut two =
        Two::meet(with(Transfers { most_day: Some(50), most_month: Some(90), most_year: Some(105), ..policy() }));
    two.say("ann buy A 10000");
    two.ann.holdings.passed_on = late;
    assert_eq!(two.say("give T 21"), "refused: MONTH leaves 20");
    assert_eq!(two.say("give T 6"), "refused: YEAR leaves 5");
    assert_eq!(two.say("give T 5"), "ann -5, bob +5");
}

#[test]
fn what_keeps_too_short_a_while_stays() {
    statements(
        with(Transfers { least_days_left: 30, ..policy() }),
        "both on 2026-01-10
         ann buy A 2500                -> +50
         both on 2026-03-10
         ann buy B 500                 -> +10
         both on 2027-01-02
         give T 11                     -> refused: short by 1
         give T 10                     -> ann -10, bob +10
         ann lots                      -> 50 until 2027-01-31",
    );
}

#[test]
fn passing_points_on_renews_nothing_and_they_go_on_sliding_with_whoever_has_them() {
    let mut terms = with(policy());
    terms.expiry = Expiry::Inactivity(Slide { months: 6, days: 0 });
    statements(
        terms,
        "both on 2026-01-10
         ann buy A 2500                -> +50
         bob buy B 500                 -> +10
         both on 2026-03-10
         give T 20                     -> ann -20, bob +20
         ann lots                      -> 30 until 2026-07-10
         bob lots                      -> 10 until 2026-07-10, 20 until 2026-07-10
         bob redeem 1                  -> -1
         bob lots                      -> 9 until 2026-09-10, 20 until 2026-09-10
         both on 2026-07-11            -> -30 |
         undo T                        -> ann +20, bob -20
         ann lots                      -> 20 until 2027-01-11",
    );
}
