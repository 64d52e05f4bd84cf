//! What follows from a provider's answer.

use serde::{Deserialize, Serialize};

/// What a provider answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The money moved.
    Charged {
        /// The provider's number of it.
        reference: String,
    },
    /// It did not.
    Declined {
        /// Whether it ever may.
        class: Decline,
        /// The provider's own code.
        code: String,
    },
}

/// Whether a declined charge may succeed another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decline {
    /// It never will.
    Never,
    /// With another card.
    AfterCardUpdate,
    /// Later.
    Later,
}

/// What follows for an occurrence whose charge was answered, and for its subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is paid.
    Paid,
    /// Another attempt, so many days after the first.
    Retry {
        /// Days.
        days: i32,
    },
    /// Another attempt once there is another card.
    AwaitCard,
    /// It stays unpaid; the subscription goes on, past due.
    Unpaid,
    /// It stays unpaid; the subscription is cancelled.
    Stop,
    /// It stays unpaid; the subscription was over before, and stays so.
    Over,
}

/// What follows from an answer to attempt number `attempt`; `live` where the subscription is not over.
#[must_use]
pub fn verdict(answer: &Answer, attempt: i32, retry_days: &[i32], live: bool) -> Verdict {
    match answer {
        Answer::Charged { .. } => Verdict::Paid,
        Answer::Declined { .. } if !live => Verdict::Over,
        Answer::Declined { class: Decline::Never, .. } => Verdict::Stop,
        Answer::Declined { class: Decline::AfterCardUpdate, .. } => Verdict::AwaitCard,
        Answer::Declined { class: Decline::Later, .. } => {
            let tried = usize::try_from(attempt).unwrap_or_default();
            match tried.checked_sub(1).and_then(|place| retry_days.get(place)) {
                Some(days) => Verdict::Retry { days: *days },
                None => Verdict::Unpaid,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_an_answer() {
        let yes = || Answer::Charged { reference: "1".to_owned() };
        let no = |class| Answer::Declined { class, code: String::new() };
        let days = [1, 3];
        let table = [
            (yes(), 1, true, Verdict::Paid),
            (yes(), 3, false, Verdict::Paid),
            (no(Decline::Never), 1, true, Verdict::Stop),
            (no(Decline::Never), 1, false, Verdict::Over),
            (no(Decline::AfterCardUpdate), 1, true, Verdict::AwaitCard),
            (no(Decline::AfterCardUpdate), 2, false, Verdict::Over),
            (no(Decline::Later), 1, true, Verdict::Retry { days: 1 }),
            (no(Decline::Later), 2, true, Verdict::Retry { days: 3 }),
            (no(Decline::Later), 3, true, Verdict::Unpaid),
            (no(Decline::Later), 1, false, Verdict::Over),
        ];
        for (answer, attempt, live, expected) in table {
            assert_eq!(
                verdict(&answer, attempt, &days, live),
                expected,
                "{answer:?} to attempt {attempt}, live {live}"
            );
        }
        assert_eq!(verdict(&no(Decline::Later), 1, &[], true), Verdict::Unpaid);
    }
}
