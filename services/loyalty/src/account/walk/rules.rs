//! Random earn rules and orders: an order's points are what its decision's steps sum to, all its returns take back
//! exactly that in whatever order they come, and no limit is ever overrun.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kernel::{Currency, MemberId};
use proptest::prelude::*;

use super::{flat, order_id};
use crate::account::earning::{LineFacts, OrderFacts, earn};
use crate::account::holdings::Holdings;
use crate::account::reversing::{ReturnFacts, take_back};
use crate::account::wallet::WalletCode;
use crate::programme::rules::{Award, Condition, Counted, EarnRule, Limit, LimitPeriod, OverLimit};
use crate::programme::terms::{DeficitPolicy, Terms, Versions};

const WHEN: [&str; 5] = [
    "",
    "order.channel == 'app'",
    "order.net_minor >= 1000",
    "member.orders >= 2",
    "!(order.quantity < 2) || member.first_purchase",
];
const LINES: [&str; 3] = ["", "line.category == 'coffee'", "line.net_minor > 500 && line.quantity == 1"];
const PERIODS: [LimitPeriod; 6] =
    [LimitPeriod::Order, LimitPeriod::Day, LimitPeriod::Week, LimitPeriod::Month, LimitPeriod::Year, LimitPeriod::Ever];

fn twd() -> Currency {
    Currency::parse("TWD").expect("listed")
}

fn award() -> impl Strategy<Value = Award> {
    prop_oneof![
        (1..60_i64).prop_map(Award::Fixed),
        (1..5_i64, 1..200_i64).prop_map(|(points, per_minor)| Award::Rate { currency: twd(), points, per_minor }),
        (101..400_i64).prop_map(Award::Multiplied),
    ]
}

fn rules() -> impl Strategy<Value = Vec<EarnRule>> {
    let limit = (0..PERIODS.len(), 1..120_i64, any::<bool>(), any::<bool>()).prop_map(|(per, most, caps, orders)| {
        let orders = orders && PERIODS[per] != LimitPeriod::Order;
        let (most, of) = if orders { (most % 5 + 1, Counted::Orders) } else { (most, Counted::Points) };
        Limit { per: PERIODS[per], most, of, over: if caps { OverLimit::Cap } else { OverLimit::Refuse } }
    });
    let limits = proptest::collection::vec(limit, 0..3);
    let one = (0..WHEN.len(), 0..LINES.len(), award(), 0..3_usize, limits);
    proptest::collection::vec(one, 0..5).prop_map(|all| {
        let rule = |(place, (when, lines, award, group, limits)): (usize, (usize, usize, Award, usize, Vec<Limit>))| {
            EarnRule {
                wallet: WalletCode::POINTS,
                code: format!("rule-{place}"),
                display_name: format!("Rule {place}"),
                when: Condition::parse(WHEN[when]).expect("a condition"),
                lines: Condition::parse(LINES[lines]).expect("a condition"),
                award,
                from: None,
                until: None,
                group: ["", "one", "other"][group].to_owned(),
                limits,
            }
        };
        all.into_iter().enumerate().map(rule).collect()
    })
}

#[derive(Clone, Debug)]
enum Step {
    Wait { hours: i64 },
    Buy { lines: Vec<(bool, i64, i64)>, app: bool, days_ago: i64 },
    Return { which: usize, percent: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let line = (any::<bool>(), 0..3_000_i64, 1..3_i64);
    let lines = || proptest::collection::vec(line.clone(), 1..4);
    prop_oneof![
        (1..400_i64).prop_map(|hours| Step::Wait { hours }),
        (lines(), any::<bool>()).prop_map(|(lines, app)| Step::Buy { lines, app, days_ago: 0 }),
        (lines(), any::<bool>(), 1..60_i64).prop_map(|(lines, app, days_ago)| Step::Buy { lines, app, days_ago }),
        (0..50_usize, 1..=100_i64).prop_map(|(which, percent)| Step::Return { which, percent }),
    ]
}

struct Walk {
    terms: Terms,
    versions: Versions,
    holdings: Holdings,
    now: Timestamp,
    /// Net amount, what came back, what the decision's steps say it earned.
    bought: Vec<(i64, i64, i64)>,
}

impl Walk {
    fn begin(rules: Vec<EarnRule>) -> Self {
        let mut terms = flat(DeficitPolicy::Unlimited, None);
        terms.terms.rules = rules;
        // Points that lapse are not taken twice: that is proved beside this.
        terms.terms.expiry = crate::programme::terms::Expiry::Never;
        let now = "2026-01-01T02:00:00Z".parse().expect("an instant");
        let member = MemberId::parse("member_01h455vb4pex5vsknk084sn02q").expect("an id");
        let versions = Versions::new(vec![terms.clone()]);
        Self { terms, versions, holdings: Holdings::new(member, now), now, bought: Vec::new() }
    }

    fn go(&mut self, step: &Step) {
        self.now += SignedDuration::from_secs(1);
        match step {
            Step::Wait { hours } => self.now += SignedDuration::from_hours(*hours),
            Step::Buy { lines, app, days_ago } => self.buy(lines, *app, *days_ago),
            Step::Return { which, percent } => self.take_back(*which, *percent),
        }
        self.no_limit_is_overrun();
    }

    fn buy(&mut self, lines: &[(bool, i64, i64)], app: bool, days_ago: i64) {
        let line = |(coffee, amount, quantity): &(bool, i64, i64)| LineFacts {
            category: if *coffee { "coffee" } else { "tea" }.to_owned(),
            quantity: *quantity,
            gross_minor: *amount,
            ..LineFacts::default()
        };
        let order = OrderFacts {
            order: order_id(self.bought.len()),
            currency: twd(),
            channel: if app { "app" } else { "web" }.to_owned(),
            touchpoint: String::new(),
            lines: lines.iter().map(line).collect(),
            points_paid_minor: 0,
            occurred_at: self.now - SignedDuration::from_hours(24 * days_ago),
            received_at: None,
            historic: false,
        };
        let before = self.holdings.postings.len();
        earn(&mut self.holdings, &self.versions, &order, None, self.now).expect("in range");
        let posted = self.holdings.postings.get(before);
        let told = posted.map_or(0, |posting| posting.grounds.steps.iter().map(|step| step.contribution).sum());
        assert_eq!(posted.map_or(0, |posting| posting.points), told, "{posted:?}");
        assert_eq!(self.holdings.purchases[&order.order].earned, told);
        self.bought.push((lines.iter().map(|(_, amount, _)| amount).sum(), 0, told));
    }

    fn take_back(&mut self, which: usize, percent: i64) {
        let which = which % self.bought.len().max(1);
        let Some((net, returned, earned)) = self.bought.get_mut(which) else { return };
        *returned += ((*net - *returned) * percent + 99) / 100;
        let whole = returned == net;
        let back = ReturnFacts {
            order: order_id(which),
            cause: format!("return of {which}"),
            returned_minor: *returned,
            whole,
            occurred_at: self.now,
            historic: false,
        };
        take_back(&mut self.holdings, &self.versions, &back, self.now).expect("known");
        let purchase = &self.holdings.purchases[&order_id(which)];
        let wanted = if whole { *earned } else { *earned * *returned / *net };
        assert_eq!(purchase.reversed, wanted, "{which}: {returned} of {net} came back");
        if whole {
            let of_order = self.holdings.uses.iter().filter(|known| known.of == order_id(which).uuid());
            assert!(of_order.into_iter().all(|known| known.back == known.points), "the allowance is whole again");
        }
    }

    /// Worked out anew: of each rule, the points of each period by its calendar days.
    fn no_limit_is_overrun(&self) {
        let zone = self.terms.zone.rules();
        for rule in &self.terms.rules {
            for limit in &rule.limits {
                let mut sums: BTreeMap<String, i64> = BTreeMap::new();
                for known in self.holdings.uses.iter().filter(|known| known.rule == rule.code) {
                    let day = kernel::calendar::day_of(known.used_at, zone);
                    let period = match limit.per {
                        LimitPeriod::Order => known.of.to_string(),
                        LimitPeriod::Day => day.to_string(),
                        LimitPeriod::Week => {
                            let since = i64::from(day.weekday().to_monday_zero_offset());
                            (day - jiff::Span::new().days(since)).to_string()
                        }
                        LimitPeriod::Month => day.strftime("%Y-%m").to_string(),
                        LimitPeriod::Year => day.year().to_string(),
                        LimitPeriod::Ever => String::new(),
                    };
                    *sums.entry(period).or_default() += match limit.of {
                        Counted::Points => known.points - known.back,
                        Counted::Orders => i64::from(known.points > known.back),
                    };
                }
                for (period, sum) in sums {
                    assert!(sum <= limit.most, "{}: {sum} in {period}, {limit:?}", rule.code);
                }
            }
        }
    }

    /// Everything comes back in the end, and then there is nothing.
    fn bring_all_back(&mut self) {
        for which in 0..self.bought.len() {
            self.now += SignedDuration::from_secs(1);
            self.take_back(which, 100);
        }
        assert_eq!(self.holdings.balance(), 0);
        assert!(self.holdings.uses.iter().all(|known| known.back == known.points));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(testkit::count(testkit::Promise::Walks)))]

    #[test]
    fn points_by_rules_add_up_and_come_back_whole(rules in rules(), steps in proptest::collection::vec(step(), 40)) {
        let mut walk = Walk::begin(rules);
        steps.iter().for_each(|step| walk.go(step));
        walk.bring_all_back();
    }
}
