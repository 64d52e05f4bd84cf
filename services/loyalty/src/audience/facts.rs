//! For whom something is: a condition on what is known of a member.

use std::sync::LazyLock;

use jiff::Timestamp;
use rule::{Fact, Known, Need, Schema, Type, Value};

use crate::account::facing::Faced;
use crate::account::holdings::Holdings;
use crate::account::standing::StandingView;
use crate::programme::rules::{Condition, Unreadable};
use crate::programme::terms::Terms;
use crate::programme::words::Words;

/// What is known of a member at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberFacts {
    /// The moment.
    pub now: Timestamp,
    /// Code of their tier; none where there are no tiers.
    pub tier: Option<String>,
    /// How many tiers lie below it.
    pub tier_rank: Option<i64>,
    /// What is still to be spent to the next tier: its code, and how much.
    pub next_tier: Option<(String, i64)>,
    /// Orders, those that came back whole left out.
    pub orders: i64,
    /// Points that can be spent.
    pub points: i64,
    /// Points that wait: from when on they can be spent, and how many.
    pub waiting: Vec<(Timestamp, i64)>,
    /// Whole days since they joined.
    pub days_since_joining: i64,
}

impl MemberFacts {
    /// Of holdings as they stand at a moment: what was due is settled.
    pub fn of(holdings: &Holdings, terms: Option<&Terms>, standing: Option<&StandingView>, now: Timestamp) -> Self {
        let ladder = terms.and_then(|terms| terms.ladder.as_ref());
        let tier = standing.map(|standing| standing.tier.clone());
        let place = ladder.zip(tier.as_ref()).and_then(|(ladder, code)| {
            let place = ladder.tiers.iter().position(|known| known.code == *code)?;
            i64::try_from(place).ok()
        });
        let kept = holdings.purchases.values().filter(|known| known.net_minor > known.returned_minor).count();
        let since = now.duration_since(holdings.joined_at).as_hours().max(0);
        let mut waiting: Vec<(Timestamp, i64)> =
            holdings.lots.iter().filter_map(|lot| Some((lot.usable_from?, lot.left))).collect();
        waiting.sort_unstable();
        Self {
            now,
            tier,
            tier_rank: place,
            next_tier: standing
                .and_then(|standing| standing.next.as_ref())
                .map(|next| (next.tier.clone(), next.missing_minor)),
            orders: i64::try_from(kept).unwrap_or(i64::MAX),
            points: holdings.spendable(),
            waiting,
            days_since_joining: since.checked_div(24).unwrap_or_default(),
        }
    }

    /// When there will be so many points, by what waits now.
    pub fn enough_at(&self, points: i64) -> Option<Timestamp> {
        let mut sum = self.points;
        self.waiting.iter().find_map(|(usable_from, more)| {
            sum = sum.saturating_add(*more);
            (sum >= points).then_some(*usable_from)
        })
    }

    /// In the order of [`member_words`].
    pub(crate) fn known(&self) -> Vec<Option<Known<'_>>> {
        vec![
            Some(Known::Instant(self.now)),
            self.tier.as_deref().map(Known::Text),
            self.tier_rank.map(Known::Int),
            Some(Known::Int(self.orders)),
            Some(Known::Int(self.points)),
            Some(Known::Int(self.days_since_joining)),
        ]
    }
}

/// The words about a member, in the order in which [`MemberFacts`] lends them.
pub(crate) fn member_words() -> Vec<Fact> {
    vec![
        Fact::now("now"),
        Fact::optional("member.tier", Type::Text),
        Fact::optional("member.tier_rank", Type::Int),
        Fact::optional("member.orders", Type::Int),
        Fact::optional("member.points", Type::Int),
        Fact::optional("member.days_since_joining", Type::Int),
    ]
}

/// Conditions on a member alone.
#[derive(Clone, Copy, Debug)]
pub struct MemberWords;

static MEMBER: LazyLock<Schema> = LazyLock::new(|| schema(member_words()));

#[expect(clippy::expect_used, reason = "the names are written in this crate, and tests read them")]
pub(crate) fn schema(facts: Vec<Fact>) -> Schema {
    Schema::new(facts).expect("these are names of facts")
}

impl Words for MemberWords {
    fn schema() -> &'static Schema {
        &MEMBER
    }
}

/// What a fact is, and the nearest it would have to be for a condition to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// Its name; where nothing is known of it, the part of the condition that asks for it.
    pub fact: String,
    /// What it is; empty where it is not known.
    pub found: String,
    /// What it would have to be; empty where that cannot be told.
    pub needed: String,
    /// How much more, of numbers.
    pub more: i64,
}

/// Parts told of a condition that does not hold.
const MOST_NEEDED: usize = 8;

/// What keeps a member out; nothing where the condition holds. A condition that cannot be decided keeps them out.
pub fn kept_out(audience: &Condition<MemberWords>, member: &MemberFacts) -> Option<Vec<Needed>> {
    needed(audience, &Faced::of(MemberWords::schema(), member.known()))
}

/// The same of any condition and facts.
pub(crate) fn needed<W: Words>(condition: &Condition<W>, facts: &Faced<'_>) -> Option<Vec<Needed>> {
    let rule = match condition.rule() {
        Ok(Some(rule)) => rule,
        Ok(None) => return None,
        Err(Unreadable) => return Some(Vec::new()),
    };
    Some(told(&rule.needs(facts)?))
}

fn told(need: &Need) -> Vec<Needed> {
    let mut all = Vec::new();
    for lack in need.lacks() {
        if lack.flips.is_empty() {
            let found = lack.step.found.as_ref().and_then(|found| found.value.as_ref());
            let found = found.map(ToString::to_string).unwrap_or_default();
            all.push(Needed { fact: lack.step.source.clone(), found, needed: String::new(), more: 0 });
        }
        all.extend(lack.flips.iter().map(|flip| Needed {
            fact: flip.fact.clone(),
            found: flip.from.to_string(),
            needed: flip.to.to_string(),
            more: match flip.by() {
                Some(Value::Int(by)) => by,
                Some(Value::Bool(_) | Value::Text(_) | Value::Instant(_) | Value::Duration(_) | Value::Texts(_))
                | None => 0,
            },
        }));
    }
    all.truncate(MOST_NEEDED);
    all
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows is to fail loudly")]
pub(crate) mod example {
    use super::*;

    /// A member of few words: "tier silver rank 1 orders 3 points 40 days 10 waiting 30".
    pub(crate) fn member(words: &str) -> MemberFacts {
        let now: Timestamp = "2026-01-10T00:00:00Z".parse().expect("an instant");
        let mut member = MemberFacts {
            now,
            tier: None,
            tier_rank: None,
            next_tier: None,
            orders: 0,
            points: 0,
            waiting: Vec::new(),
            days_since_joining: 0,
        };
        let mut words = words.split_whitespace();
        while let (Some(word), Some(value)) = (words.next(), words.next()) {
            let number = || value.parse::<i64>().expect("a number follows");
            match word {
                "tier" => member.tier = Some(value.to_owned()),
                "rank" => member.tier_rank = Some(number()),
                "orders" => member.orders = number(),
                "points" => member.points = number(),
                "days" => member.days_since_joining = number(),
                "waiting" => member.waiting.push((now + jiff::SignedDuration::from_hours(24), number())),
                other => panic!("{other} is no word of a member"),
            }
        }
        member
    }
}

#[cfg(test)]
mod tests {
    use super::example::member;
    use super::*;

    #[test]
    fn what_keeps_a_member_out_is_told_with_what_would_let_them_in() {
        let table = [
            ("", "tier silver", None),
            ("member.tier == \"gold\"", "tier gold", None),
            ("member.tier == \"gold\"", "tier silver", Some("member.tier silver gold 0")),
            ("member.tier_rank >= 2", "rank 1", Some("member.tier_rank 1 2 1")),
            ("member.orders >= 3 && member.points >= 50", "orders 1 points 80", Some("member.orders 1 3 2")),
            ("member.days_since_joining < 30", "days 31", Some("member.days_since_joining 31 29 -2")),
            ("member.tier == \"gold\"", "orders 1", Some("member.tier == \"gold\"   0")),
        ];
        for (condition, who, expected) in table {
            let condition = Condition::parse(condition).expect("a condition");
            let out = kept_out(&condition, &member(who));
            let line = out.map(|all| {
                let said = |one: &Needed| {
                    format!(
                        "{} {} {} {}",
                        one.fact,
                        one.found.trim_matches('"'),
                        one.needed.trim_matches('"'),
                        one.more
                    )
                };
                all.iter().map(said).collect::<Vec<_>>().join("; ")
            });
            assert_eq!(line.as_deref(), expected, "{who}");
        }
    }

    #[test]
    fn what_waits_is_counted_when_it_can_be_spent() {
        let who = member("points 40 waiting 30 waiting 10");
        assert_eq!(who.enough_at(60).map(|at| at.to_string()).as_deref(), Some("2026-01-11T00:00:00Z"));
        assert_eq!(who.enough_at(80).map(|at| at.to_string()).as_deref(), Some("2026-01-11T00:00:00Z"));
        assert_eq!(who.enough_at(81), None);
    }
}
