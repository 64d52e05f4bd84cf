//! Who becomes a member: whoever has no name that is somebody's already.

use std::collections::HashMap;

use kernel::MemberId;
use serde::{Deserialize, Serialize};

use super::Refusal;
use super::identity::{Kind, Name};
use super::record::Member;

/// What became of one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// They are a member.
    Enrolled(MemberId),
    /// Somebody else is known by one of their names.
    Taken {
        /// Of the name.
        kind: Kind,
        /// Of the name, among theirs.
        position: usize,
        /// Who has it.
        holder: MemberId,
    },
}

/// What becomes of each, given who has which of their names. Whoever is earlier in the request has the name.
pub(super) fn decide(records: &[Member], mut holders: HashMap<Name, MemberId>) -> Vec<Outcome> {
    let each = records.iter().map(|record| {
        let names = record.identities.iter().map(|known| &known.name);
        let taken = names.clone().enumerate().find_map(|(position, name)| {
            holders.get(name).map(|holder| Outcome::Taken { kind: name.kind, position, holder: *holder })
        });
        taken.unwrap_or_else(|| {
            holders.extend(names.map(|name| (name.clone(), record.id)));
            Outcome::Enrolled(record.id)
        })
    });
    each.collect()
}

/// The refusal of a call that enrols nobody else.
pub(crate) fn taken(outcome: &Outcome) -> Option<Refusal> {
    match outcome {
        Outcome::Enrolled(_) => None,
        Outcome::Taken { kind, position, holder } => {
            Some(Refusal::IdentityTaken { kind: *kind, position: *position, holder: *holder })
        }
    }
}

/// Whether they are a member now.
pub(super) const fn is_in(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Enrolled(_))
}
