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
//! 5. **Explained.** [`Rule::prove`] says what each part was, [`Rule::flips`] what change of one fact would have altered
//!    the result, [`Rule::needs`] what each failing part lacks, [`Rule::next_change`] when time alone will alter it. What
//!    these tell was tried out before it is told. All of it is data: sentences are made by whoever tells people.
//! 6. **Lent.** Facts are asked for by their place ([`Facts`]) and copied nowhere: a million rows of columns are evaluated
//!    where they lie, and trying a change out replaces one answer.
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
//! Read on in this order: [`Schema`], [`Facts`], [`FactSheet`], [`Rule`], then `tree` and `evaluating`.

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

pub use facts::{FactError, FactSheet, Facts, Known, Texts, Value};
pub use fault::{Advice, Fault, Foreign, Function, Hint, Limit, Needed, Position, Trouble, Unreadable};
pub use flipping::{Flip, Lack, Need};
pub use proving::{Operand, Operated, Operator, Outcome, Proof, Step, Undecided, Used};
pub use schema::{Fact, Schema, SchemaError, Slot, Type};

use facts::Seen;
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
    /// once, keep the rule. The parser works on a thread of its own with its own stack: less than a mebibyte of the caller's is
    /// used, whatever the text. There is one such thread at a time in a process. The caller's thread waits, for its turn
    /// and for the answer: a server does it off the threads that serve others.
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
            faults.push(Trouble::TooMuch(Limit::CanonicalBytes).at(Position { line: 1, column: 1 }));
        }
        faults.sort_by_key(|fault| fault.at);
        faults.dedup();
        faults.truncate(limits::FAULTS);
        Err(faults)
    }

    /// Whether it holds. What is undecided does not.
    ///
    /// Cost: allocates nothing; some nanoseconds for each comparison, and a binary search for each list.
    pub fn holds<F: Facts + ?Sized>(&self, facts: &F) -> bool {
        self.decide(facts) == Some(true)
    }

    /// Whether it holds; none where that is undecided. Costs what [`Rule::holds`] costs.
    pub fn decide<F: Facts + ?Sized>(&self, facts: &F) -> Option<bool> {
        evaluating::condition(&self.condition, &self.seen(facts))
    }

    /// Why it holds or does not: each part with what it asks, what was found, and what came of it.
    ///
    /// The proof repeats values of facts: keep it where they may be kept, and out of logs.
    ///
    /// Cost: allocates for each part; some microseconds for a usual rule, at most a few megabytes for the largest.
    pub fn prove<F: Facts + ?Sized>(&self, facts: &F) -> Proof {
        proving::prove(&self.condition, &self.seen(facts))
    }

    /// For each fact it names, the smallest change of that fact alone that would alter whether the rule holds; facts of
    /// which no change does are left out. In the order of the schema, tried out before they are told.
    ///
    /// *Smallest*, by the type of the fact:
    ///
    /// - **int**: the smallest difference. Of two equal ones upwards is told.
    /// - **instant** and **duration**: the smallest difference in whole microseconds. Equals as above.
    /// - **bool**: the other value.
    /// - **text**: any other text counts alike. Tried are the texts the rule names, the values of other facts it
    ///   names, and the empty text, in the order of their bytes; told is the first of them.
    ///
    /// Not searched: the moment of asking (that is [`Rule::next_change`]), lists, facts that are unknown, making a fact
    /// unknown, texts the rule does not name, and ints whose factors are so large that 128 bits do not hold them. A change
    /// after which the rule would be undecided is none. Nothing is known here of which values make sense: an int may be
    /// told to be negative, and which of several flips is the nearest is for the caller to say, as pieces, points and
    /// minor units have no measure in common.
    ///
    /// Cost: some evaluations for each place at which a fact stands, about ten microseconds for a usual rule. The
    /// most hostile ones, with hundreds of facts in long sums, took a third of a second.
    pub fn flips<F: Facts + ?Sized>(&self, facts: &F) -> Vec<Flip> {
        self.flips_of(facts, &self.used)
    }

    /// [`Rule::flips`] of these facts alone: whoever can only be asked to spend more does not look for more.
    pub fn flips_of<F: Facts + ?Sized>(&self, facts: &F, slots: &[Slot]) -> Vec<Flip> {
        flipping::flips(&self.condition, slots, !self.holds(facts), &self.seen(facts))
    }

    /// What it needs to hold, part by part; none where it holds. Says what is missing where no single fact is enough:
    /// `spend >= 30000 && orders >= 3` with both missing needs all of two parts, one of which lacks 320 of spend.
    ///
    /// Each part is judged alone. A part that no change of one of its facts helps has no flips; whether the time helps, or a
    /// fact of it is unknown, stands beside them.
    ///
    /// Cost: as [`Rule::flips`] and [`Rule::prove`], for the failing parts.
    pub fn needs<F: Facts + ?Sized>(&self, facts: &F) -> Option<Need> {
        flipping::need(&self.condition, true, &self.seen(facts))
    }

    /// The first instant after the moment of asking at which [`Rule::holds`] is another, by time alone: the fact that
    /// [`Schema::now`] names moves, all others stay. A rule that is undecided from then on, as all that could still hold
    /// hangs on an unknown fact, has stopped to hold. None where that never happens, and where that fact is unknown.
    ///
    /// Instants are whole microseconds, as those of `kernel::Clock` are: the answer is the first of them at which
    /// the result differs. What would happen only between two microseconds does not happen. That a number stops to fit where
    /// the calendar ends is no change.
    ///
    /// Cost: some evaluations for each place at which time stands.
    pub fn next_change<F: Facts + ?Sized>(&self, facts: &F) -> Option<Timestamp> {
        passing::turn(&self.condition, &self.seen(facts))
    }

    fn seen<'a, F: Facts + ?Sized>(&'a self, facts: &'a F) -> Seen<'a, F> {
        Seen::new(facts, &self.schema)
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
