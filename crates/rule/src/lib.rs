//! The condition language of the suite: who earns, who may use a coupon, who belongs to a segment.
//!
//! A rule is a text in the syntax of CEL, such as `member.tier in ["gold"] && order.net_minor >= 30000`. It is checked
//! against a [`Schema`] of typed facts, and becomes a small tree of our own. What is stored is the text, never the tree.
//!
//! 1. **Pure.** A rule reads the facts it is given and nothing else: no clock, no network, no memory of its own.
//! 2. **Whole.** There are no fractions. What does not fit into 64 bits, or into the time there is, is never a wrong
//!    number: it leaves its comparison undecided.
//! 3. **Three-valued.** A fact may be unknown; whatever hangs on it is *undecided*. `!` keeps that, `&&` is false with
//!    one false part and `||` true with one true part, whatever else is undecided and in whatever order. A rule that is
//!    undecided does not hold, and says why.
//! 4. **Bounded.** No text can make parsing, evaluating or explaining run long or deep: see [`limits`].
//! 5. **Explained.** [`Rule::prove`] says what each part was, [`Rule::nearest_flip`] what would have altered the
//!    result, [`Rule::next_change`] when time alone will. The last two are tried out before they are told.
//!
//! # The language
//!
//! | | |
//! |---|---|
//! | values | `true`, `42`, `"text"`, `duration("1h30m")`, `timestamp("2026-01-31T00:00:00+08:00")`, facts by name |
//! | conditions | `&&`, <code>\|\|</code>, `!`, brackets, facts of type bool |
//! | comparisons | `==`, `!=` of equal types; `<`, `<=`, `>`, `>=` of ints, instants, durations |
//! | lists | `x in ["a", "b"]`, `x in [1, 2]`; of facts, which are sets: `"coffee" in order.categories`, `size(order.categories)` |
//! | texts | `x.startsWith("TW-")` |
//! | arithmetic | `+`, `-`, `*` of ints; `+`, `-` of durations; instant ± duration; instant - instant |
//! | unknown | `has(x)`, for facts that are optional |
//!
//! Read on in this order: [`Schema`], [`Facts`], [`Rule`], then `tree` and `evaluating`.

#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::wildcard_enum_match_arm)]

mod bounds;
mod checking;
mod evaluating;
mod facts;
mod fault;
mod flipping;
pub mod limits;
mod parsing;
mod passing;
mod printing;
mod proving;
mod schema;
mod tree;

use std::fmt;

use jiff::Timestamp;

pub use facts::{FactError, Facts, Value};
pub use fault::{Fault, Position, Trouble};
pub use flipping::Flip;
pub use proving::{Outcome, Proof, Step, Undecided, Used};
pub use schema::{Fact, Schema, SchemaError, Slot, Type};

use tree::Condition;

/// A rule: a condition on the facts of one schema.
///
/// Two rules of one schema are equal where their trees are: brackets, spaces and the order of lists do not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    condition: Condition,
    schema: Schema,
    used: Vec<Slot>,
}

impl Rule {
    /// Reads a rule.
    ///
    /// Cost: some hundred microseconds for a usual rule, up to a tenth of a second for the largest there may be. Parse
    /// once, keep the rule. The parser has a thread of its own with its own stack: less than a mebibyte of the caller's is used,
    /// whatever the text. The caller's thread waits: a server does it off the threads that serve others.
    ///
    /// # Errors
    /// Everything that is wrong with the text, in the order of the places, at most [`limits::FAULTS`] of it. Where the
    /// text is no expression at all, only that; what names and types are wrong shows once it is one.
    pub fn parse(source: &str, schema: &Schema) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let syntax = parsing::parse(source, &mut faults);
        let condition = syntax.and_then(|syntax| checking::check(&syntax, schema, &mut faults));
        if let Some(condition) = condition.filter(|_| faults.is_empty()) {
            let rule = Self { used: condition.facts(), condition, schema: schema.clone() };
            if rule.to_string().len() <= limits::SOURCE_BYTES {
                return Ok(rule);
            }
            let what = Trouble::TooMuch { what: "bytes in its canonical form", limit: limits::SOURCE_BYTES };
            faults.push(what.at(Position { line: 1, column: 1 }));
        }
        faults.sort_by_key(|fault| fault.at);
        faults.dedup();
        faults.truncate(limits::FAULTS);
        Err(faults)
    }

    /// Whether it holds. What is undecided does not.
    ///
    /// Cost: allocates nothing; some nanoseconds for each comparison, and a binary search for each list.
    pub fn holds(&self, facts: &Facts) -> bool {
        self.decide(facts) == Some(true)
    }

    /// Whether it holds; none where that is undecided. Costs what [`Rule::holds`] costs.
    pub fn decide(&self, facts: &Facts) -> Option<bool> {
        evaluating::condition(&self.condition, &facts.of(&self.schema))
    }

    /// Why it holds or does not: each part with its text, its value and the facts it used.
    ///
    /// The proof repeats values of facts: keep it where they may be kept, and out of logs.
    ///
    /// Cost: allocates for each part; some microseconds for a usual rule, at most a few megabytes for the largest.
    pub fn prove(&self, facts: &Facts) -> Proof {
        proving::prove(&self.condition, &self.schema, &facts.of(&self.schema))
    }

    /// The smallest change of one fact that would alter whether the rule holds. Tried out before it is told.
    ///
    /// *Smallest*, by the type of the fact, and types in this order:
    ///
    /// 1. **int**: the smallest difference in proportion to the value, so that 30 of 2,970 is less than 1 of 2.
    ///    The proportion is that to the value as it is, or to 1 where it is 0. No smaller difference of that fact
    ///    alters the result. At equal differences of one fact upwards is told, and of two facts the first of the schema.
    /// 2. **instant** and **duration**: the smallest difference in whole microseconds. Equals as above.
    /// 3. **bool**: the other value; the first fact of the schema.
    /// 4. **text**: any other text counts alike. Tried are the texts the rule names, the values of other facts it
    ///    names, and the empty text, in the order of their bytes; told is the first of them, of the first fact.
    ///
    /// So an int is told where changing one helps, however far it is. Not searched: the moment of asking (that is
    /// [`Rule::next_change`]), lists, facts that are unknown, making a fact unknown, two facts at once, texts the rule does
    /// not name, and ints whose factors are so large that 128 bits do not hold them. Nothing is known here of which
    /// values make sense: an int may be told to be negative. A change to where a number no longer fits counts, as the
    /// rule is undecided there.
    ///
    /// Cost: some evaluations for each place at which a fact stands, about ten microseconds for a usual rule. The
    /// most hostile ones, with hundreds of facts in long sums, took a third of a second.
    pub fn nearest_flip(&self, facts: &Facts) -> Option<Flip> {
        flipping::nearest(&self.condition, &self.schema, &self.used, &facts.of(&self.schema))
    }

    /// The first instant after `now` at which the result is another than at `now`, by time alone: every fact that is the
    /// moment of asking moves, all others stay. None where that never happens.
    ///
    /// Instants are whole microseconds, as those of `kernel::Clock` are: the answer is the first of them at which
    /// the result differs, and at the one before it, or at `now` if that is later, it does not. What would happen
    /// only between two microseconds does not happen. What `facts` says of the moment of asking does not matter.
    ///
    /// A change to where time itself ends counts: `now + duration("1h") > x` is undecided in the last hour there is.
    ///
    /// Cost: some evaluations for each place at which time stands.
    pub fn next_change(&self, facts: &Facts, now: Timestamp) -> Option<Timestamp> {
        passing::next_change(&self.condition, &self.schema, &self.used, &facts.of(&self.schema), now)
    }

    /// The facts it names, in the order of the schema, each once.
    pub fn facts_used(&self) -> impl Iterator<Item = (Slot, &Fact)> {
        self.used.iter().filter_map(|slot| self.schema.fact(*slot).map(|fact| (*slot, fact)))
    }

    /// Whether it names the moment of asking, and so can change by time alone. A fact that moves with time by itself, such
    /// as an age or a count of the last ninety days, is like any other here: whoever keeps it knows when it moves.
    pub fn hangs_on_time(&self) -> bool {
        self.facts_used().any(|(_, fact)| fact.is_now)
    }
}

/// The canonical source. It parses to an equal rule, and is within [`limits::SOURCE_BYTES`] itself.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        printing::Printed(&self.condition, &self.schema).fmt(f)
    }
}
