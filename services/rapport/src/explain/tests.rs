//! What a clerk reads, for one decision of each kind.

use proto::common::v1::{NearestFlip, Step};

use super::*;

fn words() -> Words {
    Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0)
}

fn facts(told: &[(&str, &str)]) -> Vec<Fact> {
    told.iter().map(|(name, value)| Fact { name: (*name).to_owned(), value: (*value).to_owned() }).collect()
}

fn step(name: &str, detail: &str, contribution: i64, figures: &[(&str, &str)]) -> Step {
    Step { name: name.to_owned(), detail: detail.to_owned(), contribution, figures: facts(figures) }
}

fn flip(fact: &str, change: i64, outcome: &str) -> Option<NearestFlip> {
    Some(NearestFlip { fact: fact.to_owned(), change, outcome: outcome.to_owned() })
}

fn entry(kind: EntryKind, points: i64, cause: &str) -> Entry {
    let moment = proto::timestamp("2026-11-12T03:00:00Z".parse().expect("an instant"));
    Entry { kind: kind.into(), points, cause: cause.to_owned(), occur_time: Some(moment), ..Default::default() }
}

fn reads(told: &str, expected: &str) {
    let expected: Vec<&str> = expected.trim_end().lines().map(|line| line.trim_start_matches([' ', '|'])).collect();
    let told: Vec<&str> = told.lines().map(str::trim).collect();
    assert_eq!(told, expected);
}

fn earned(currency: &str) -> Decision {
    Decision {
        rule_version: "programme/7".to_owned(),
        facts: facts(&[
            ("basis_minor", "1980"),
            ("currency", currency),
            ("tier", "gold"),
            ("multiplier_percent", "150"),
            ("lapse_time", "2027-12-31T16:00:00Z"),
        ]),
        steps: vec![
            step("base", "so many points for so much money", 39, &[("points", "1"), ("per_minor", "50")]),
            step("Gold", "x 1.5", 20, &[]),
        ],
        nearest_flip: flip("basis_minor", 20, "60"),
        ..Default::default()
    }
}

#[test]
fn an_earn_tells_the_rate_in_money() {
    reads(
        &entry_told(&entry(EntryKind::Earn, 59, "order_1"), &earned("TWD"), &words()),
        "|59 points earned with order_1 on 2026-11-12 11:00, programme version 7
         |basis         NT$ 1,980
         |tier          gold
         |good until    31 Dec 2027
         |base          1 point per NT$ 50                       39
         |Gold          x 1.5                                    20
         |nearest flip  NT$ 20 more would have earned 60 points",
    );
}

#[test]
fn amounts_are_of_the_decisions_currency_and_not_of_the_tenants() {
    let told = entry_told(&entry(EntryKind::Earn, 59, "order_1"), &earned("GBP"), &words());
    assert!(told.contains("1 point per £ 0.50") && told.contains("£ 0.20 more"), "{told}");
}

#[test]
fn a_reversal_tells_what_came_back() {
    let decision = Decision {
        rule_version: "programme/7".to_owned(),
        facts: facts(&[("order_earned", "65"), ("returned_minor", "1630"), ("net_minor", "3260"), ("currency", "TWD")]),
        steps: vec![
            step("proportion", "of what the order earned, as of what came back of it so far", -32, &[]),
            step("taken before", "by earlier returns of the same order", 10, &[]),
        ],
        ..Default::default()
    };
    reads(
        &entry_told(&entry(EntryKind::EarnReversal, -22, "return_1"), &decision, &words()),
        "|22 points taken back with return_1 on 2026-11-12 11:00, programme version 7
         |order earned  65
         |returned      NT$ 1,630
         |net           NT$ 3,260
         |proportion    of what the order earned, as of what came back of it so far  -32
         |taken before  by earlier returns of the same order                          10",
    );
}

#[test]
fn a_redemption_tells_the_lots_it_drew() {
    let decision = Decision {
        facts: facts(&[("spendable", "1284"), ("asked", "50")]),
        steps: vec![step("lot_1", "lapses first", -50, &[("lapse_time", "2026-12-31T16:00:00Z")])],
        ..Default::default()
    };
    reads(
        &entry_told(&entry(EntryKind::Redemption, -50, "一杯烏龍茶"), &decision, &words()),
        "|50 points spent on 一杯烏龍茶 on 2026-11-12 11:00
         |spendable  1,284
         |asked      50
         |lot_1      good until 31 Dec 2026  -50",
    );
}

#[test]
fn a_lapse_tells_the_last_day() {
    let detail = "points that were not spent by the last day they were promised for";
    let decision = Decision {
        facts: facts(&[("lapse_time", "2026-10-31T16:00:00Z"), ("lots", "2")]),
        steps: vec![step("lapse", detail, -474, &[])],
        ..Default::default()
    };
    reads(
        &entry_told(&entry(EntryKind::Lapse, -474, ""), &decision, &words()),
        "|474 points lapsed on 2026-11-12 11:00
         |good until  31 Oct 2026
         |lots        2
         |lapse       points that were not spent by the last day they were promised for  -474",
    );
}

#[test]
fn a_tier_tells_its_thresholds_in_money() {
    let moment = |text: &str| Some(proto::timestamp(text.parse().expect("an instant")));
    let tier = TierStanding {
        tier: "silver".to_owned(),
        display_name: "Silver".to_owned(),
        since_time: moment("2026-06-01T00:00:00Z"),
        next_tier: "gold".to_owned(),
        next_display_name: "Gold".to_owned(),
        missing_to_next_minor: 16_740,
        currency_code: "TWD".to_owned(),
        ..Default::default()
    };
    let rung =
        |code: &str, name: &str, enter: &str, met: &str| step(name, met, 0, &[("tier", code), ("enter_minor", enter)]);
    let decision = Decision {
        facts: facts(&[
            ("window", "the last 12 months"),
            ("progress_minor", "13260"),
            ("currency", "TWD"),
            ("review_time", "2027-06-01T16:00:00Z"),
        ]),
        steps: vec![
            rung("silver", "Silver", "10000", "reached"),
            rung("gold", "Gold", "30000", "not reached"),
            step("keep", "more is needed", 0, &[("keep_minor", "8000"), ("missing_minor", "4320")]),
            step("keep", "enough", 0, &[("keep_minor", "8000"), ("missing_minor", "0")]),
        ],
        nearest_flip: flip("progress_minor", 16_740, "gold"),
        ..Default::default()
    };
    reads(
        &tier_told(&tier, None, &decision, &words()),
        "|Silver since 2026-06-01 · NT$ 16,740 reaches Gold
         |window        the last 12 months
         |progress      NT$ 13,260
         |reviewed      2027-06-02
         |Silver        from NT$ 10,000 on, reached
         |Gold          from NT$ 30,000 on, not reached
         |keep          NT$ 8,000 in the window at the review, NT$ 4,320 more by then
         |keep          NT$ 8,000 in the window at the review, reached
         |nearest flip  NT$ 16,740 more reaches Gold",
    );
}

#[test]
fn a_step_in_short_names_its_multiplier() {
    let told: Vec<String> = earned("TWD").steps.iter().map(in_short).collect();
    assert_eq!(told, ["39 base", "20 Gold x 1.5"]);
}

#[test]
fn programs_keep_every_number() {
    let told = decision_json(&earned("TWD"));
    assert_eq!(told["steps"][0]["figures"][1], json!({ "name": "per_minor", "value": "50" }));
    assert_eq!(told["facts"][3], json!({ "name": "multiplier_percent", "value": "150" }));
}

#[test]
fn a_change_of_tier_names_its_cause() {
    let change = TierChange {
        kind: TierChangeKind::Promoted.into(),
        from_tier: "silver".to_owned(),
        to_tier: "gold".to_owned(),
        cause: "order_1".to_owned(),
        progress_minor: 30_120,
        occur_time: Some(proto::timestamp("2025-06-18T04:00:00Z".parse().expect("an instant"))),
        ..Default::default()
    };
    let tier = TierStanding { currency_code: "TWD".to_owned(), ..Default::default() };
    let text = last_change(&change, &tier, &words());
    assert_eq!(text, "promoted 2025-06-18, silver to gold, by order_1, with NT$ 30,120 in the window");
}
