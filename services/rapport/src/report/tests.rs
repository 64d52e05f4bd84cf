//! A small shop's report.

use super::*;
use proto::common::v1::Money;
use proto::segmentation::v1::{
    BestFifth, Cohort, CohortMonth, Distribution, Group, GroupCount, Lifecycle, LifecycleCount, Overview, Snapshot,
};

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
        groups: groups(),
    }
}

fn groups() -> Groups {
    let at = |text: &str| Some(proto::timestamp(text.parse().expect("an instant")));
    let snapshot = Snapshot {
        population: 20,
        recency_from: at("2026-09-01T02:00:00Z"),
        frequency_from: 3,
        monetary_from: 600,
        cut_rules: vec!["median".to_owned(); 3],
        shop_cycle_days: 24,
        currency_code: "TWD".to_owned(),
        ..Default::default()
    };
    let overview = Overview {
        members: 40,
        groups: vec![
            GroupCount { group: Group::Vip.into(), members: 8 },
            GroupCount { group: Group::WinBack.into(), members: 0 },
            GroupCount { group: Group::Dormant.into(), members: 12 },
        ],
        lifecycles: vec![
            LifecycleCount { lifecycle: Lifecycle::New.into(), members: 10 },
            LifecycleCount { lifecycle: Lifecycle::Sleeping.into(), members: 30 },
        ],
        snapshot: Some(snapshot),
        waiting: 2,
        buyers: 20,
        repeat_buyers: 9,
        repurchase_permille: 450,
        lifetime_values: Some(Distribution {
            count: 20,
            min: 100,
            p10: 150,
            p25: 200,
            median: 400,
            p75: 600,
            p90: 900,
            max: 1_000,
            mean: 450,
        }),
        by_revenue: Some(BestFifth {
            population: 20,
            members: 4,
            share_minor: 800,
            total_minor: 1_000,
            share_permille: 800,
        }),
        by_profit: Some(BestFifth {
            population: 18,
            members: 4,
            share_minor: 310,
            total_minor: 400,
            share_permille: 775,
        }),
        ..Default::default()
    };
    let later = CohortMonth { month: "2026-11".to_owned(), buyers: 3 };
    let cohorts = vec![
        Cohort { month: "2026-10".to_owned(), members: 12, months: vec![later] },
        Cohort { month: "2026-11".to_owned(), members: 8, months: vec![] },
    ];
    Groups { overview, cohorts }
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

Members by lifecycle (2 members are still to be looked at)
  new       10  25.0 %  ▇▇▇▇▇▇▇▇▇▇
  sleeping  30  75.0 %  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇

Members by RFM group: R high from 2026-09-01 10:00, F from 3, M from NT$ 600; medians of 20 buyers
  VIP      HHH   8  20.0 %  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇
  dormant  LLL  12  30.0 %  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇

Lifetime value, a year
  least    NT$ 100  ▇▇▇
  10 %     NT$ 150  ▇▇▇▇
  25 %     NT$ 200  ▇▇▇▇▇▇
  half     NT$ 400  ▇▇▇▇▇▇▇▇▇▇▇▇
  75 %     NT$ 600  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇
  90 %     NT$ 900  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇
  most   NT$ 1,000  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇
  mean     NT$ 450  ▇▇▇▇▇▇▇▇▇▇▇▇▇

Coming back
  repurchase rate   45.0 %  of 20 buyers bought twice or more
  best fifth        80.0 %  of revenue from the best 4 of 20 buyers of the period: NT$ 800 of NT$ 1,000
  best fifth        77.5 %  of profit from the best 4 of 18 buyers of the period: NT$ 310 of NT$ 400
  usual cycle      24 days  between two purchases

Buyers by month of first purchase, and how many of them bought in the months after
  month    buyers    +1
  2026-10      12  25 %
  2026-11       8

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
    assert!(text.contains("  1 older: --months 0\n") && !text.contains("NT$ 9,000"), "{text}");
}

#[test]
fn an_empty_shop_has_a_report_too() {
    let text = Report::default().told(&words(), 13);
    assert_eq!(text.matches("  nothing yet\n").count(), 10);
}

#[test]
fn a_program_reads_the_same_figures() {
    let value = report().json();
    assert_eq!(value["points"]["outstanding"], 1_205);
    assert_eq!(value["months"][2]["net"]["minor"], 7_000);
    assert_eq!(value["top_fifth_share_bp"], 6_105);
    assert_eq!(value["segments"]["repurchase_permille"], 450);
    assert_eq!(value["segments"]["best_fifth_by_revenue"]["share_permille"], 800);
    let profit = serde_json::json!({
        "population": 18, "members": 4, "share_minor": 310, "total_minor": 400, "share_permille": 775,
    });
    assert_eq!(value["segments"]["best_fifth_by_profit"], profit);
    assert_eq!(value["segments"]["cohorts"][0]["months"][0]["buyers"], 3);
}
