//! The laws of looking ahead: a rehearsal under the terms that ruled comes to what was booked, and a draft to what it says.

use jiff::Timestamp;
use kernel::{Currency, EntryId, MemberId, OrderId};
use uuid::Uuid;

use super::warning::{Warning, warnings};
use super::weighing::{Weighing, net};
use crate::account::earning::{LineFacts, OrderFacts};
use crate::account::replaying::{Happened, Life, Recorded, live};
use crate::account::reversing::ReturnFacts;
use crate::programme::terms::Expiry;
use crate::programme::{Terms, Versions, example};

fn at(day: &str) -> Timestamp {
    format!("{day}T02:00:00Z").parse().expect("an instant")
}

fn order_of(name: &str) -> OrderId {
    OrderId::from(Uuid::new_v5(&Uuid::nil(), name.as_bytes()))
}

fn member_of(name: &str) -> MemberId {
    MemberId::from(Uuid::new_v5(&Uuid::nil(), name.as_bytes()))
}

/// A life as a few lines: a day, what happened, and how much.
fn life(name: &str, text: &str) -> Life {
    let entry = |what: &str| EntryId::numbered(member_of(name), what.len() as i64);
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (day, what, which) = (at(words[0]), words[1], words[2]);
        let amount = words.get(3).map_or(0, |word| word.parse().expect("a number"));
        let order = order_of(&format!("{name}/{which}"));
        let happened = match what {
            "buys" => Happened::Bought {
                order: OrderFacts {
                    order,
                    currency: Currency::parse("TWD").expect("listed"),
                    channel: String::new(),
                    touchpoint: String::new(),
                    lines: vec![LineFacts { gross_minor: amount, ..LineFacts::default() }],
                    points_paid_minor: 0,
                    occurred_at: day,
                    received_at: None,
                    historic: false,
                },
                back: None,
            },
            "returns" => Happened::Returned(ReturnFacts {
                order,
                cause: "return".to_owned(),
                returned_minor: amount,
                whole: words.contains(&"whole"),
                occurred_at: day,
                historic: false,
            }),
            "spends" => Happened::Spent { entry: entry(which), points: amount },
            "undoes" => Happened::GivenBack { redemption: entry(which) },
            "gets" => Happened::ByHand { points: amount },
            other => panic!("no such line: {other}"),
        };
        Recorded { known_at: day, what: happened }
    };
    let recorded = text.lines().map(str::trim).filter(|text| !text.is_empty()).map(line).collect();
    Life { member: member_of(name), joined_at: at("2024-01-01"), recorded }
}

fn always(terms: &Terms) -> Versions {
    Versions::new(vec![Terms { number: 1, effective_at: Timestamp::MIN, terms: terms.terms.clone() }])
}

fn weighed(lives: &[Life], baseline: &Terms, draft: &Terms, until: &str) -> Weighing {
    let mut weighing = Weighing::new(draft.zone.rules().clone(), draft.ladder.clone(), true);
    for life in lives {
        weighing.add(life, Some(&always(baseline)), &always(draft), at(until)).expect("in range");
    }
    weighing
}

fn warned(weighing: &Weighing, baseline: &Terms, draft: &Terms, until: &str) -> Vec<Warning> {
    warnings(weighing, (Some(&baseline.terms), &draft.terms), weighing.month_of(at(until)), 0)
}

#[test]
fn a_life_is_lived_again_by_the_rules_that_book() {
    let terms = example::signature();
    let text = "2024-01-10 buys A 12000
                2024-02-10 buys B 1000
                2024-03-01 spends gift 100
                2024-03-02 undoes gift
                2024-03-03 spends gift 60
                2024-04-01 returns B 1000 whole
                2024-05-01 gets hand 5";
    let lived = live(&life("one", text), &always(&terms), at("2024-06-01")).expect("in range");
    // 240 and, from silver on, 24; less 60, less the return, and 5 by hand.
    assert_eq!((lived.holdings.balance(), lived.unmet), (240 - 60 + 5, 0));
    assert_eq!(lived.holdings.standings["main"].tier, "silver");
    let lived = live(&life("one", text), &always(&terms), at("2026-06-01")).expect("in range");
    assert_eq!(lived.holdings.balance(), 0, "what falls due by then has");
    assert_eq!(lived.holdings.standings["main"].tier, "member");
}

#[test]
fn what_was_spent_and_is_not_there_is_told() {
    let (baseline, mut draft) = (example::signature(), example::signature());
    draft.terms.rates[0].per_minor = 100;
    let lives = [life("one", "2024-01-10 buys A 5000\n2024-02-01 spends gift 80\n2024-02-02 undoes gift")];
    let weighing = weighed(&lives, &baseline, &draft, "2024-03-01");
    assert_eq!(weighing.draft.unmet, 30);
    assert_eq!(weighing.draft.outstanding, 50, "what was spent of it came back");
    assert!(warned(&weighing, &baseline, &draft, "2024-03-01").contains(&Warning::SpendingNotCovered { points: 30 }));
}

#[test]
fn sums_months_and_ends_agree() {
    let terms = example::signature();
    let lives = [
        life("one", "2024-01-10 buys A 12000\n2024-03-10 spends gift 30\n2024-05-10 returns A 6000"),
        life("two", "2024-01-20 buys A 2500\n2024-01-21 spends gift 50\n2024-02-10 returns A 2500 whole"),
        life("three", ""),
    ];
    let weighing = weighed(&lives, &terms, &terms, "2026-07-01");
    for side in [&weighing.draft, weighing.baseline.as_ref().expect("there is one")] {
        let balance = side.outstanding + side.pending - side.deficit;
        assert_eq!(net(&side.flow), balance);
        assert_eq!(side.balances().values().next_back(), Some(&balance));
        assert_eq!(side.tiers.values().map(|standers| standers.members).sum::<i64>(), 3);
    }
    assert_eq!(weighing.comparison.counts(), (0, 0, 3));
    assert_eq!(weighing.comparison.deciles(), [0; 11]);
    assert_eq!((weighing.orders, weighing.returns, weighing.members, weighing.buyers), (2, 2, 3, 2));
    assert_eq!(weighing.revenue_in(Currency::parse("TWD").expect("listed")), 6_000);
}

#[test]
fn who_gains_and_who_loses() {
    let (baseline, mut draft) = (example::signature(), example::signature());
    draft.terms.rates[0].per_minor = 100;
    let ladder = draft.terms.ladder.as_mut().expect("it has one");
    ladder.tiers[1].enter_minor = 1_000;
    ladder.tiers[1].multiplier_percent = 300;
    let lives: Vec<Life> = (0..12)
        .map(|n| match n {
            0..3 => life(&n.to_string(), "2024-01-10 buys A 1000\n2024-01-11 buys B 10000"),
            3..8 => life(&n.to_string(), "2024-01-10 buys A 500"),
            _ => life(&n.to_string(), ""),
        })
        .collect();
    let weighing = weighed(&lives, &baseline, &draft, "2024-06-01");
    // 20 + 200 against 10 + 300; 10 against 5.
    assert_eq!(weighing.comparison.counts(), (3, 5, 4));
    assert_eq!(weighing.comparison.sums(), (270, 25));
    assert_eq!(weighing.comparison.deciles(), [-5, -5, -5, -5, -5, 0, 0, 0, 0, 90, 90]);
    assert_eq!(weighing.comparison.most_gained().count(), 3);
    assert_eq!(
        weighing.comparison.most_lost().next().map(|lost| (lost.points, lost.baseline, lost.draft)),
        Some((-5, 10, 5))
    );
    assert_eq!((weighing.comparison.rise, weighing.comparison.fall), (0, 0), "both are silver by then");
    let found = warned(&weighing, &baseline, &draft, "2024-06-01");
    assert!(found.contains(&Warning::MoreLoseThanGain { losing: 5, gaining: 3 }), "{found:?}");
    assert!(found.contains(&Warning::TierOutOfReach { tier: "gold".to_owned(), members: 12 }), "{found:?}");
}

/// What a draft changes.
type Change = fn(&mut Terms);

#[test]
fn more_points_for_the_same_money_and_nothing_else_is_a_race() {
    let baseline = example::signature();
    let race = |change: fn(&mut Terms)| {
        let mut draft = example::signature();
        change(&mut draft);
        let found = warned(&weighed(&[], &baseline, &draft, "2024-06-01"), &baseline, &draft, "2024-06-01");
        found.into_iter().find_map(|one| if let Warning::PointsRace { percent } = one { Some(percent) } else { None })
    };
    let table: [(Change, Option<i64>); 5] = [
        (|draft| draft.rates[0].points = 2, Some(200)),
        (|draft| draft.rates[0].per_minor = 40, Some(125)),
        (|draft| (draft.rates[0].points, draft.display_name) = (2, "Better".to_owned()), Some(200)),
        (|draft| draft.rates[0].per_minor = 100, None),
        (|draft| (draft.rates[0].points, draft.expiry) = (2, Expiry::Never), None),
    ];
    for (change, expected) in table {
        assert_eq!(race(change), expected);
    }
}

#[test]
fn a_liability_that_outgrows_revenue_is_told() {
    let (baseline, mut draft) = (example::signature(), example::signature());
    draft.terms.expiry = Expiry::Never;
    let text: String = (0..30).map(|n| format!("{:04}-{:02}-10 buys n{n} 1000\n", 2024 + n / 12, n % 12 + 1)).collect();
    let lives = [life("one", &text)];
    let weighing = weighed(&lives, &baseline, &draft, "2026-06-20");
    let found = warned(&weighing, &baseline, &draft, "2026-06-20");
    assert!(
        found.iter().any(|warning| matches!(warning, Warning::LiabilityOutgrowsRevenue { revenue: 0, .. })),
        "{found:?}"
    );
    assert!(found.iter().any(|warning| matches!(warning, Warning::PointsNeverLapse { .. })), "{found:?}");
}

#[test]
fn a_tier_that_everybody_reaches_is_told() {
    let (baseline, mut draft) = (example::signature(), example::signature());
    draft.terms.ladder.as_mut().expect("it has one").tiers[1].enter_minor = 100;
    let lives: Vec<Life> = (0..5).map(|n| life(&n.to_string(), "2024-01-10 buys A 200")).collect();
    let weighing = weighed(&lives, &baseline, &draft, "2024-06-01");
    let found = warned(&weighing, &baseline, &draft, "2024-06-01");
    assert!(found.contains(&Warning::TierForEverybody { tier: "silver".to_owned(), permille: 1_000 }), "{found:?}");
    assert_eq!((weighing.comparison.rise, weighing.comparison.fall), (5, 0));
    assert_eq!(weighing.comparison.moves.len(), 1);
}
