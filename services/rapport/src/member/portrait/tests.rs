//! One member, told as in the tour.

use super::*;
use proto::common::v1::{Date, Money, Step};
use proto::loyalty::v1::Lot;
use proto::registry::v1::Identity;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn wire(text: &str) -> Option<prost_types::Timestamp> {
    Some(proto::timestamp(at(text)))
}

fn twd(minor: i64) -> Option<Money> {
    Some(Money { currency_code: "TWD".to_owned(), minor })
}

fn words() -> Words {
    Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0)
}

fn member() -> Member {
    let identity = |kind: IdentityKind, verified| Identity { kind: kind.into(), verified, ..Default::default() };
    Member {
        id: "member_1".to_owned(),
        name: "王淑芬".to_owned(),
        identities: vec![identity(IdentityKind::Line, false), identity(IdentityKind::Phone, true)],
        birthday: Some(Date { year: 0, month: 11, day: 3 }),
        touchpoint: "台北信義店".to_owned(),
        join_time: wire("2024-03-02T02:00:00Z"),
        ..Default::default()
    }
}

fn account() -> Account {
    let lot = |left, lapses: &str| Lot { left, lapse_time: wire(lapses), ..Default::default() };
    Account {
        spendable: 1_284,
        lots: vec![
            lot(100, "2026-12-31T16:00:00Z"),
            lot(20, "2026-12-31T16:00:00Z"),
            lot(1_164, "2027-12-31T16:00:00Z"),
        ],
        tier: Some(TierStanding {
            tier: "gold".to_owned(),
            display_name: "Gold".to_owned(),
            since_time: wire("2025-06-18T04:00:00Z"),
            review_time: wire("2026-06-18T16:00:00Z"),
            missing_to_keep_minor: 4_320,
            next_tier: "platinum".to_owned(),
            next_display_name: "Platinum".to_owned(),
            missing_to_next_minor: 21_680,
            currency_code: "TWD".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn portrait() -> Portrait {
    let order = |id: &str, channel: &str, net, returned, state: OrderState| Order {
        id: id.to_owned(),
        channel: channel.to_owned(),
        net: twd(net),
        returned: twd(returned),
        state: state.into(),
        occur_time: wire("2026-11-12T03:00:00Z"),
        ..Default::default()
    };
    let entry = Entry { id: "entry_1".to_owned(), points: 59, cause: "order_1".to_owned(), ..Default::default() };
    let step = |name: &str, contribution| Step { name: name.to_owned(), contribution, ..Default::default() };
    let decision = Decision {
        steps: vec![step("base", 39), Step { detail: "x 1.5".to_owned(), ..step("Gold", 20) }, step("limit", 0)],
        ..Default::default()
    };
    Portrait {
        member: member(),
        account: Some(account()),
        orders: vec![
            order("order_1", "web", 1_980, 0, OrderState::Recorded),
            order("order_2", "store", 580, 80, OrderState::Recorded),
            order("order_3", "line", 300, 300, OrderState::Returned),
        ],
        earned: vec![(entry, Some(decision))],
    }
}

#[test]
fn a_member_reads_as_in_the_tour() {
    let text = portrait().told(&words(), at("2026-11-13T00:00:00Z"));
    let expected = "\
王淑芬  member_1  joined 2024-03-02 at 台北信義店 · LINE, phone verified · birthday in November
Gold since 2025-06-18, reviewed 2026-06-19 · NT$ 4,320 more by then keeps Gold · NT$ 21,680 reaches Platinum
1,284 points   120 lapse after 31 Dec · 1,164 lapse after 31 Dec 2027
last orders
  2026-11-12  web    NT$ 1,980  +59 points  (39 base, 20 Gold x 1.5)                   why: rapport explain entry_1
  2026-11-12  store    NT$ 580                                        NT$ 80 returned
  2026-11-12  line     NT$ 300                                        returned
";
    assert_eq!(text, expected);
}

#[test]
fn who_has_nothing_yet_is_told_so() {
    let portrait =
        Portrait { member: Member { id: "member_2".to_owned(), ..Default::default() }, ..Default::default() };
    assert!(portrait.told(&words(), at("2026-11-13T00:00:00Z")).ends_with("no orders yet\n"));
}

#[test]
fn a_program_reads_the_same_facts() {
    let value = portrait().json();
    assert_eq!(value["account"]["tier"]["missing_to_next_minor"], 21_680);
    assert_eq!(value["orders"][0]["entries"][0]["points"], 59);
    assert_eq!(value["orders"][2]["state"], "returned");
    assert_eq!(value["member"]["identities"][1]["kind"], "phone");
}
