//! Whether a member can have a reward, and all that keeps them from it.

use jiff::Timestamp;

use super::terms::Terms;
use crate::audience::facts::{MemberFacts, Needed, kept_out};

/// Why a member cannot have a reward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Its time has not come.
    NotYet {
        /// When it comes.
        from: Timestamp,
    },
    /// Its time is over.
    Over {
        /// Since when.
        until: Timestamp,
    },
    /// The member has as many as they can have.
    LimitReached {
        /// How many they have.
        claimed: i64,
        /// How many they can have.
        most: i64,
    },
    /// It is for others.
    NotForMember {
        /// What would have to be different.
        needed: Vec<Needed>,
    },
    /// None is left.
    OutOfStock {
        /// How many there were.
        stock: i64,
    },
    /// It costs more than can be spent.
    PointsMissing {
        /// What it costs.
        asked: i64,
        /// What can be spent.
        spendable: i64,
        /// When what waits will be enough.
        enough_at: Option<Timestamp>,
    },
}

/// What there is of a reward, and what of it the member has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Claims of anybody, those left out that were cancelled.
    pub by_all: i64,
    /// Of these the member's.
    pub by_member: i64,
}

/// How many are left of a stock.
pub fn left(stock: Option<i64>, taken: i64) -> Option<i64> {
    stock.map(|stock| stock.saturating_sub(taken).max(0))
}

/// All that keeps a member from a reward, in the order in which a claim is refused.
pub fn obstacles(terms: &Terms, taken: Taken, member: &MemberFacts) -> Vec<Obstacle> {
    let now = member.now;
    let not_yet = terms.from.filter(|from| *from > now).map(|from| Obstacle::NotYet { from });
    let over = terms.until.filter(|until| *until <= now).map(|until| Obstacle::Over { until });
    let limit = terms.max_per_member.filter(|most| taken.by_member >= *most);
    let limit = limit.map(|most| Obstacle::LimitReached { claimed: taken.by_member, most });
    let out = kept_out(&terms.audience, member).map(|needed| Obstacle::NotForMember { needed });
    let gone = terms.stock.filter(|stock| taken.by_all >= *stock).map(|stock| Obstacle::OutOfStock { stock });
    let (asked, spendable) = (terms.points, member.points);
    let poor =
        (spendable < asked).then(|| Obstacle::PointsMissing { asked, spendable, enough_at: member.enough_at(asked) });
    [not_yet, over, limit, out, gone, poor].into_iter().flatten().collect()
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows is to fail loudly")]
pub(super) mod tests {
    use super::*;
    use crate::audience::facts::example::member;
    use crate::programme::rules::Condition;
    use crate::reward::terms::{CancelRule, Gives};

    /// Terms of few words: "points 50 stock 2 most 1 for gold from 2026-02-01T00:00:00Z".
    pub(in crate::reward) fn terms(words: &str) -> Terms {
        let mut read = Terms {
            display_name: "Mug".to_owned(),
            description: String::new(),
            points: 50,
            gives: Gives::Goods { product: "mug".to_owned() },
            currency: kernel::Currency::parse("TWD").expect("listed"),
            co_payment_minor: 0,
            worth_minor: 0,
            cost_minor: 0,
            max_per_member: None,
            audience: Condition::default(),
            from: None,
            until: None,
            stock: None,
            low_stock: 0,
            cancels: CancelRule::UntilFulfilled,
        };
        let mut words = words.split_whitespace();
        while let (Some(word), Some(value)) = (words.next(), words.next()) {
            let number = || value.parse::<i64>().expect("a number follows");
            match word {
                "points" => read.points = number(),
                "stock" => read.stock = Some(number()),
                "low" => read.low_stock = number(),
                "most" => read.max_per_member = Some(number()),
                "worth" => read.worth_minor = number(),
                "pay" => read.co_payment_minor = number(),
                "for" => {
                    read.audience = Condition::parse(&format!("member.tier == \"{value}\"")).expect("a condition");
                }
                "from" => read.from = Some(value.parse().expect("an instant")),
                "until" => read.until = Some(value.parse().expect("an instant")),
                "cause" => read.gives = Gives::Charity { cause: value.to_owned() },
                "coupon" => read.gives = Gives::Coupon { campaign: value.to_owned() },
                "cancels" => {
                    read.cancels = match value {
                        "always" => CancelRule::Always,
                        "never" => CancelRule::Never,
                        other => panic!("{other} is no rule"),
                    }
                }
                other => panic!("{other} is no word of terms"),
            }
        }
        read
    }

    fn said(obstacle: &Obstacle) -> String {
        match obstacle {
            Obstacle::NotYet { from } => format!("from {from}"),
            Obstacle::Over { until } => format!("until {until}"),
            Obstacle::LimitReached { claimed, most } => format!("{claimed} of {most}"),
            Obstacle::NotForMember { needed } => {
                format!("needs {}", needed.iter().map(|one| one.fact.as_str()).collect::<Vec<_>>().join(" "))
            }
            Obstacle::OutOfStock { stock } => format!("all {stock} gone"),
            Obstacle::PointsMissing { asked, spendable, enough_at } => {
                let missing = asked - spendable;
                format!("{missing} missing{}", enough_at.map(|at| format!(" until {at}")).unwrap_or_default())
            }
        }
    }

    #[test]
    fn all_that_keeps_a_member_from_a_reward_is_told_in_the_order_of_refusals() {
        let table = [
            ("points 50", "points 50", (0, 0), ""),
            ("points 50", "points 49", (0, 0), "1 missing"),
            ("points 50", "points 20 waiting 30", (0, 0), "30 missing until 2026-01-11T00:00:00Z"),
            ("points 1 stock 2", "points 1", (1, 0), ""),
            ("points 1 stock 2", "points 1", (2, 0), "all 2 gone"),
            ("points 1 stock 0", "points 1", (0, 0), "all 0 gone"),
            ("points 1 stock 2", "points 1", (3, 0), "all 2 gone"),
            ("points 1 most 2", "points 1", (9, 1), ""),
            ("points 1 most 2", "points 1", (9, 2), "2 of 2"),
            ("points 1 for gold", "points 1 tier gold", (0, 0), ""),
            ("points 1 for gold", "points 1 tier silver", (0, 0), "needs member.tier"),
            ("points 1 from 2026-01-10T00:00:00Z until 2026-01-10T00:00:01Z", "points 1", (0, 0), ""),
            ("points 1 until 2026-01-10T00:00:00Z", "points 1", (0, 0), "until 2026-01-10T00:00:00Z"),
            (
                "points 9 from 2026-02-01T00:00:00Z most 1 for gold stock 1",
                "tier silver",
                (1, 1),
                "from 2026-02-01T00:00:00Z; 1 of 1; needs member.tier; all 1 gone; 9 missing",
            ),
        ];
        for (reward, who, (by_all, by_member), expected) in table {
            let told = obstacles(&terms(reward), Taken { by_all, by_member }, &member(who));
            assert_eq!(told.iter().map(said).collect::<Vec<_>>().join("; "), expected, "{reward} for {who}");
        }
    }

    #[test]
    fn goods_save_what_they_are_worth_less_what_is_paid_and_nothing_else_saves() {
        let table =
            [("worth 100", 100), ("worth 100 pay 30", 70), ("worth 10 pay 30", 0), ("worth 100 cause trees", 0)];
        for (words, saved) in table {
            assert_eq!(terms(words).saved_minor(), saved, "{words}");
        }
        assert_eq!(left(Some(3), 2), Some(1));
        assert_eq!(left(Some(1), 2), Some(0));
        assert_eq!(left(None, 2), None);
        assert!(terms("low 1").is_low(Some(1)) && !terms("low 1").is_low(Some(2)) && !terms("low 1").is_low(None));
    }
}
