//! A small shop's report.

use super::*;
use proto::common::v1::Money;

fn twd(minor: i64) -> Option<Money> {
    Some(Money { currency_code: "TWD".to_owned(), minor })
}

fn report() -> Report {
    let tier =
        |name: &str, members| loyalty::TierCount { tier: name.to_lowercase(), display_name: name.to_owned(), members };
    let lapses = |month: &str, points, lots| loyalty::LapseMonth { month: month.to_owned(), points, lots };
    let month = |month: &str, channel: &str, orders, net, returned| activity::ChannelMonth {
        month: month.to_owned(),
        channel: channel.to_owned(),
        orders,
        net: twd(net),
        returned: twd(returned),
    };
    Report {
        loyalty: loyalty::GetOverviewResponse {
            tiers: vec![tier("Member", 1_900), tier("Gold", 100)],
            lapse_months: vec![lapses("2026-12", 1_200, 30), lapses("", 5, 1)],
            earned: 1_500,
            earn_reversed: 95,
            redeemed: 200,
            outstanding: 1_205,
            entries: 40,
            ..Default::default()
        },
        activity: activity::GetOverviewResponse {
            months: vec![
                month("2026-10", "store", 10, 9_000, 0),
                month("2026-11", "store", 20, 18_000, 500),
                month("2026-11", "web", 5, 7_000, 0),
            ],
            buckets: vec![activity::JournalBucket {
                name: "member-orders".to_owned(),
                entries: 35,
                lines: 80,
                amount: twd(34_000),
            }],
            buyers: 30,
            top_fifth_share_bp: 6_105,
            top_fifth: twd(20_451),
            revenue: twd(33_500),
        },
    }
}

fn words() -> Words {
    Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0)
}

#[test]
fn a_report_reads_from_top_to_bottom() {
    let expected = "\
Members by tier
  Member  1,900  95.0 %
  Gold      100   5.0 %

Points
  earned                   1,500
  taken back with returns    -95
  redeemed                  -200
  outstanding              1,205

Points outstanding by the month they lapse in
  2026-12  1,200  30  lots
  never        5   1  lots

Orders by month and channel
  month    store  web  orders         net  returned
  2026-10     10    0      10   NT$ 9,000
  2026-11     20    5      25  NT$ 25,000   NT$ 500

Journal
  member orders  35  entries  80  lines  NT$ 34,000

The best 20 % of 30 buyers brought NT$ 20,451 of NT$ 33,500: 61.05 %
";
    assert_eq!(report().told(&words(), 0), expected);
}

#[test]
fn older_months_are_left_out_and_said_to_be() {
    let text = report().told(&words(), 1);
    assert!(text.contains("  1 older: --months 0\n") && !text.contains("2026-10 "), "{text}");
}

#[test]
fn an_empty_shop_has_a_report_too() {
    let text = Report::default().told(&words(), 13);
    assert_eq!(text.matches("  nothing yet\n").count(), 5);
}

#[test]
fn a_program_reads_the_same_figures() {
    let value = report().json();
    assert_eq!(value["points"]["outstanding"], 1_205);
    assert_eq!(value["months"][2]["net"]["minor"], 7_000);
    assert_eq!(value["top_fifth_share_bp"], 6_105);
}
