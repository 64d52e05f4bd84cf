//! The life of a referral: which happening leads from which state to which.

use serde::{Deserialize, Serialize};

/// Where a referral stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// The member has an inviter.
    Attributed,
    /// An order counts.
    Qualified,
    /// It is waited until the order can hardly come back.
    Held,
    /// Both sides are to be given their points.
    Approved,
    /// Both have them.
    Rewarded,
    /// A person is to look at it.
    Flagged,
    /// Nothing is given.
    Rejected,
    /// The order came back.
    Reversed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Attributed,
        Self::Qualified,
        Self::Held,
        Self::Approved,
        Self::Rewarded,
        Self::Flagged,
        Self::Rejected,
        Self::Reversed,
    ];

    /// As events and refusals say it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Attributed => "ATTRIBUTED",
            Self::Qualified => "QUALIFIED",
            Self::Held => "HELD",
            Self::Approved => "APPROVED",
            Self::Rewarded => "REWARDED",
            Self::Flagged => "FLAGGED",
            Self::Rejected => "REJECTED",
            Self::Reversed => "REVERSED",
        }
    }
}

/// What can happen to a referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// An order came that counts; while one is held, an earlier one.
    Ordered,
    /// The hold began.
    HoldBegan,
    /// The hold ended and nothing speaks against it.
    HoldEnded,
    /// It turned out that nothing may be given.
    Unfounded,
    /// Both sides have their points.
    Granted,
    /// Loyalty would not give points.
    GrantRefused,
    /// It looks suspicious.
    Suspected,
    /// The order came back.
    Returned,
    /// A person let it go on.
    LetGoOn,
    /// A person ended it.
    Ended,
}

/// Where a happening leads; nowhere, where it changes nothing. A flagged referral knows where it was flagged.
pub const fn next(state: State, flagged_from: Option<State>, happening: Happening) -> Option<State> {
    match (state, happening) {
        (State::Attributed | State::Held, Happening::Ordered) => Some(State::Qualified),
        (State::Qualified, Happening::HoldBegan) => Some(State::Held),
        (State::Held, Happening::HoldEnded) => Some(State::Approved),
        (State::Approved, Happening::Granted) => Some(State::Rewarded),
        (State::Attributed | State::Held, Happening::Unfounded) | (State::Flagged, Happening::Ended) => {
            Some(State::Rejected)
        }
        (State::Attributed, Happening::Suspected) | (State::Approved, Happening::GrantRefused) => Some(State::Flagged),
        (State::Flagged, Happening::LetGoOn) => flagged_from,
        (State::Qualified | State::Held | State::Approved | State::Rewarded, Happening::Returned) => {
            Some(State::Reversed)
        }
        (State::Flagged, Happening::Returned) => match flagged_from {
            Some(State::Approved) => Some(State::Reversed),
            Some(_) | None => None,
        },
        (
            State::Attributed
            | State::Qualified
            | State::Held
            | State::Approved
            | State::Rewarded
            | State::Flagged
            | State::Rejected
            | State::Reversed,
            Happening::Ordered
            | Happening::HoldBegan
            | Happening::HoldEnded
            | Happening::Unfounded
            | Happening::Granted
            | Happening::GrantRefused
            | Happening::Suspected
            | Happening::Returned
            | Happening::LetGoOn
            | Happening::Ended,
        ) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HAPPENINGS: [(Happening, &str); 10] = [
        (Happening::Ordered, "ordered"),
        (Happening::HoldBegan, "hold-began"),
        (Happening::HoldEnded, "hold-ended"),
        (Happening::Unfounded, "unfounded"),
        (Happening::Granted, "granted"),
        (Happening::GrantRefused, "refused"),
        (Happening::Suspected, "suspected"),
        (Happening::Returned, "returned"),
        (Happening::LetGoOn, "go-on"),
        (Happening::Ended, "ended"),
    ];

    /// Every state, and every happening that changes it. What is not in the table changes nothing.
    const TABLE: &str = "
        ATTRIBUTED          ordered    QUALIFIED
        ATTRIBUTED          unfounded  REJECTED
        ATTRIBUTED          suspected  FLAGGED
        QUALIFIED           hold-began HELD
        QUALIFIED           returned   REVERSED
        HELD                ordered    QUALIFIED
        HELD                hold-ended APPROVED
        HELD                unfounded  REJECTED
        HELD                returned   REVERSED
        APPROVED            granted    REWARDED
        APPROVED            refused    FLAGGED
        APPROVED            returned   REVERSED
        REWARDED            returned   REVERSED
        FLAGGED/ATTRIBUTED  go-on      ATTRIBUTED
        FLAGGED/ATTRIBUTED  ended      REJECTED
        FLAGGED/APPROVED    go-on      APPROVED
        FLAGGED/APPROVED    ended      REJECTED
        FLAGGED/APPROVED    returned   REVERSED";

    #[test]
    fn every_state_and_every_happening() {
        let rows: Vec<Vec<&str>> = TABLE
            .lines()
            .map(|line| line.split_whitespace().collect())
            .filter(|row: &Vec<_>| !row.is_empty())
            .collect();
        let flagged = [Some(State::Attributed), Some(State::Approved)];
        let mut met = 0;
        for state in State::ALL {
            for from in if state == State::Flagged { flagged.to_vec() } else { vec![None] } {
                let name = from.map_or(state.word().to_owned(), |from| format!("{}/{}", state.word(), from.word()));
                for (happening, word) in HAPPENINGS {
                    let expected = rows.iter().find(|row| row[0] == name && row[1] == word).map(|row| row[2]);
                    met += usize::from(expected.is_some());
                    assert_eq!(next(state, from, happening).map(State::word), expected, "{name} {word}");
                }
            }
        }
        assert_eq!(met, rows.len(), "every row of the table was met");
    }
}
