//! Proofs as text, for programmers.

use std::fmt::{self, Formatter};

use super::{Operated, Outcome, Proof, Step, Undecided};
use crate::facts::Value;
use crate::printing;

/// Values in square brackets.
pub(super) struct Listed<'a>(pub(super) &'a [Value]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        printing::list(f, self.0, |f, value| value.fmt(f))
    }
}

impl fmt::Display for Operated {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(value) => value.fmt(f),
            Self::Listed(values) => Listed(values).fmt(f),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::True => "true",
            Self::False => "false",
            Self::Undecided => "undecided",
            Self::Skipped => "skipped",
        })
    }
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFact { name, .. } => write!(f, "unknown fact {name}"),
            Self::OutOfRange(source) => write!(f, "out of range: {source}"),
        }
    }
}

fn told_or_unknown(f: &mut Formatter<'_>, value: Option<&impl fmt::Display>) -> fmt::Result {
    match value {
        Some(value) => value.fmt(f),
        None => f.write_str("?"),
    }
}

impl Step {
    fn told(&self, f: &mut Formatter<'_>, depth: usize) -> fmt::Result {
        let indent = depth.saturating_mul(2);
        write!(f, "{:indent$}{} is {}", "", self.source, self.outcome)?;
        if self.outcome != Outcome::Skipped {
            let sides = self.found.iter().chain(&self.against);
            let mut sign = "; ";
            for side in sides.filter(|side| !side.facts.is_empty()) {
                write!(f, "{sign}{}=", side.source)?;
                told_or_unknown(f, side.value.as_ref())?;
                for used in side.facts.iter().filter(|used| used.name != side.source) {
                    write!(f, ", {}=", used.name)?;
                    told_or_unknown(f, used.value.as_ref())?;
                }
                sign = ", ";
            }
        }
        writeln!(f)?;
        self.parts.iter().try_for_each(|part| part.told(f, depth.saturating_add(1)))
    }
}

/// A line for each part, indented, with what was found.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.told(f, 0)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)?;
        self.undecided.iter().try_for_each(|reason| writeln!(f, "because: {reason}"))
    }
}
