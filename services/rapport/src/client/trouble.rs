//! What a command says when it did not do what it was asked to: what was wrong, with which value, and what to do.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::words;

/// Facts of refusals in the order a person asks for them; others follow by name.
const FIRST_FACTS: [&str; 6] = ["asked", "spendable", "waiting", "left", "short_by", "state"];

/// Why a command ended early.
#[derive(Debug)]
pub enum CliError {
    /// The suite said no, for a reason it documents.
    Refused {
        /// As in `docs/errors/`.
        reason: String,
        /// One sentence.
        text: String,
        /// What it rests on.
        facts: Vec<(String, String)>,
    },
    /// Fields of the call were wrong.
    Violated {
        /// Field and what is wrong with it.
        fields: Vec<(String, String)>,
    },
    /// The suite did not accept the token.
    NotAllowed(String),
    /// The suite did not answer, or not in time.
    Away(String),
    /// The suite failed.
    Failed(String),
    /// The command was given something it cannot use.
    Asked(String),
    /// A file could not be used.
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The result was printed, and it does not add up.
    Differs(String),
    /// Somebody pressed Ctrl-C.
    Stopped(String),
}

impl CliError {
    /// A file could not be used.
    pub fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    /// The suite answered something its contract does not allow.
    pub fn odd(what: &str) -> Self {
        Self::Failed(what.to_owned())
    }

    /// The same, with the address that did not answer.
    #[must_use]
    pub fn at(self, address: Option<&str>) -> Self {
        match (self, address) {
            (Self::Away(text), Some(address)) => Self::Away(format!("{address}: {text}")),
            (other, _) => other,
        }
    }

    /// What the process ends with: 1 refused, 2 asked wrongly, 3 not answered, 4 does not add up, 130 stopped by hand.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { .. } | Self::Violated { .. } | Self::NotAllowed(_) => 1,
            Self::Asked(_) | Self::File { .. } => 2,
            Self::Away(_) | Self::Failed(_) => 3,
            Self::Differs(_) => 4,
            Self::Stopped(_) => 130,
        }
    }

    /// One sentence, without what stands beside it.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Refused { text, .. }
            | Self::NotAllowed(text)
            | Self::Away(text)
            | Self::Failed(text)
            | Self::Asked(text)
            | Self::Differs(text)
            | Self::Stopped(text) => text.clone(),
            Self::Violated { fields } => {
                let told: Vec<String> = fields.iter().map(|(field, what)| format!("{field} {what}")).collect();
                told.join("; ")
            }
            Self::File { .. } => self.to_string(),
        }
    }

    /// The same for programs: always `kind`, `reason`, `message` and `facts`, whatever went wrong.
    pub fn json(&self) -> Value {
        let (kind, reason, facts) = match self {
            Self::Refused { reason, facts, .. } => ("refused", reason.as_str(), facts.as_slice()),
            Self::Violated { fields } => ("violated", "", fields.as_slice()),
            Self::NotAllowed(_) => ("not-allowed", "", [].as_slice()),
            Self::Away(_) => ("away", "", [].as_slice()),
            Self::Failed(_) => ("failed", "", [].as_slice()),
            Self::Asked(_) | Self::File { .. } => ("asked", "", [].as_slice()),
            Self::Differs(_) => ("differs", "", [].as_slice()),
            Self::Stopped(_) => ("stopped", "", [].as_slice()),
        };
        let facts: BTreeMap<&str, &str> = facts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        json!({ "kind": kind, "reason": reason, "message": self.message(), "facts": facts })
    }
}

impl From<Status> for CliError {
    fn from(status: Status) -> Self {
        let text = status.message().to_owned();
        if let Some(info) = status.get_details_error_info() {
            let mut facts: Vec<(String, String)> = info.metadata.into_iter().collect();
            facts.sort_by_key(|(name, _)| (rank(name), name.clone()));
            return Self::Refused { reason: info.reason, text, facts };
        }
        if let Some(bad) = status.get_details_bad_request() {
            let fields = bad.field_violations.into_iter().map(|one| (one.field, one.description)).collect();
            return Self::Violated { fields };
        }
        match status.code() {
            Code::Unauthenticated | Code::PermissionDenied => Self::NotAllowed(text),
            Code::Unavailable if text == "tcp connect error" => Self::Away("nobody listens there".to_owned()),
            Code::Unavailable if text == "dns error" => Self::Away("no machine is known by that name".to_owned()),
            Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Cancelled => Self::Away(text),
            Code::Unknown => Self::Away("the connection broke".to_owned()),
            Code::Unimplemented => Self::Failed(
                "the process at this address does not answer this call: a command wants an address where all services are \
                 served, or RAPPORT_<SERVICE>_URL of those that run apart, and of this version"
                    .to_owned(),
            ),
            Code::Ok
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
            | Code::Internal
            | Code::DataLoss => Self::Failed(text),
        }
    }
}

impl std::error::Error for CliError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::File { source, .. } = self { Some(source) } else { None }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { reason, text, facts } => {
                writeln!(out, "refused: {reason}")?;
                if facts.is_empty() {
                    writeln!(out, "  {text}")?;
                } else {
                    let told: Vec<String> = facts.iter().map(|(name, value)| told(name, value)).collect();
                    writeln!(out, "  {}", told.join(" · "))?;
                }
                write!(out, "  see docs/errors/{reason}.md")
            }
            Self::Violated { fields } => {
                write!(out, "not understood:")?;
                fields.iter().try_for_each(|(field, what)| write!(out, "\n  {field} {what}"))
            }
            Self::NotAllowed(text) => {
                write!(out, "not allowed: {text}\n  `rapport token dev` makes a token for a local suite")
            }
            Self::Away(text) => write!(
                out,
                "no answer: {text}\n  is the suite up? `cargo xtask up` starts it, `rapport doctor` looks at it; --address names another one"
            ),
            Self::Failed(text) => write!(out, "failed: {text}"),
            Self::Asked(text) | Self::Stopped(text) => out.write_str(text),
            Self::File { path, source } => write!(out, "{}: {source}", path.display()),
            Self::Differs(text) => write!(out, "does not add up: {text}"),
        }
    }
}

fn rank(name: &str) -> usize {
    FIRST_FACTS.iter().position(|first| *first == name).unwrap_or(FIRST_FACTS.len())
}

/// One fact as a person reads it: `short by 4,016`.
fn told(name: &str, value: &str) -> String {
    let value = value.parse::<i64>().map_or_else(|_| value.to_owned(), words::count);
    format!("{} {value}", name.replace('_', " "))
}

/// Which items of a batch the suite found wrong, by their place in the list `list`, with what is wrong.
///
/// Empty where the whole call was wrong, or something else is the matter.
pub(crate) fn accused(status: &Status, list: &str) -> BTreeMap<usize, String> {
    let mut items = BTreeMap::new();
    for violation in status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default() {
        let place = violation.field.strip_prefix(list).and_then(|rest| rest.strip_prefix('['));
        let Some((place, rest)) = place.and_then(|rest| rest.split_once(']')) else { continue };
        let Ok(place) = place.parse() else { continue };
        let field = rest.trim_start_matches('.');
        items.entry(place).or_insert_with(|| format!("{field} {}", violation.description).trim().to_owned());
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use tonic_types::{ErrorDetails, FieldViolation};

    fn refusal() -> CliError {
        let facts = [("short_by", "4016"), ("asked", "5000"), ("spendable", "984")];
        let facts: HashMap<String, String> = facts.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let details = ErrorDetails::with_error_info("INSUFFICIENT_POINTS", "rapport", facts);
        Status::with_error_details(Code::FailedPrecondition, "not enough", details).into()
    }

    #[test]
    fn a_refusal_tells_reason_facts_and_page() {
        assert_eq!(
            refusal().to_string(),
            "refused: INSUFFICIENT_POINTS\n  asked 5,000 · spendable 984 · short by 4,016\n  see docs/errors/INSUFFICIENT_POINTS.md"
        );
        assert_eq!(refusal().exit_code(), 1);
        let facts = json!({ "asked": "5000", "spendable": "984", "short_by": "4016" });
        let told =
            json!({ "kind": "refused", "reason": "INSUFFICIENT_POINTS", "message": "not enough", "facts": facts });
        assert_eq!(refusal().json(), told);
    }

    fn violations() -> Status {
        let fields = vec![
            FieldViolation::new("entries[3].order.lines[0].product", "is required"),
            FieldViolation::new("entries[3].order.channel", "is required"),
            FieldViolation::new("entries[12].goods.lines[2].quantity", "must be from 1 to 10, not 0"),
            FieldViolation::new("historic", "is odd"),
        ];
        Status::with_error_details(Code::InvalidArgument, "wrong", ErrorDetails::with_bad_request(fields))
    }

    #[test]
    fn violations_are_told_all_at_once() {
        let text = CliError::from(violations()).to_string();
        assert!(text.starts_with("not understood:\n  entries[3].order.lines[0].product is required\n"), "{text}");
    }

    #[test]
    fn the_wrong_items_of_a_batch_are_found() {
        let found = accused(&violations(), "entries");
        let expected = [
            (3, "order.lines[0].product is required".to_owned()),
            (12, "goods.lines[2].quantity must be from 1 to 10, not 0".to_owned()),
        ];
        assert_eq!(found, BTreeMap::from(expected));
        assert_eq!(accused(&Status::unavailable("away"), "entries"), BTreeMap::new());
    }

    #[test]
    fn what_has_no_details_still_says_what_to_do() {
        let away = CliError::from(Status::unavailable("tcp connect error"));
        assert_eq!(away.exit_code(), 3);
        assert!(away.to_string().contains("cargo xtask up"), "{away}");
        let away = away.at(Some("127.0.0.1:50051")).to_string();
        assert!(away.starts_with("no answer: 127.0.0.1:50051: nobody listens there\n"), "{away}");
        let other = CliError::Failed("x".to_owned()).at(Some("127.0.0.1:50051"));
        assert_eq!(other.to_string(), "failed: x");
    }
}
