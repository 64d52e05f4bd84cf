//! One question to one service: asked with as much of the token as can lead there, and once more without it where waiting took
//! too long.

use std::time::Duration;

use proto::portrait::v1::PartState;
use server::{Behalf, Deadline, Outbound, Peers};
use tokio::time::Instant;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;
use wire::{Freshness, Keys};

use super::lag::HeardOut;

/// A token speaks of six services at most, and each can be left out once.
const MOST_TRIES: usize = 7;
/// Of what the caller gives; the rest is for asking again, and for the way back.
const WAITING: (u32, u32) = (3, 4);
/// For a question that waits for nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// An answer, and how far behind it may be.
type Known<T> = (Option<T>, Option<HeardOut>);

/// A service to ask on somebody's behalf.
pub(super) struct Peer<'a> {
    peers: &'a Peers,
    keys: &'a Keys,
    name: &'static str,
    behalf: Behalf,
    fresh: Freshness,
}

/// What came of a question.
#[derive(Debug)]
pub(super) struct Reading<T> {
    /// What may be relied on.
    pub(super) state: PartState,
    /// Why it is not fresh.
    pub(super) trouble: String,
    /// How far its service may be behind those it hears; none where it did not say.
    pub(super) heard: Option<HeardOut>,
    /// None where the service knows nothing of the member, or did not answer.
    pub(super) answer: Option<T>,
}

impl<T> Reading<T> {
    fn new(state: PartState, trouble: String, (answer, heard): Known<T>) -> Self {
        Self { state, trouble, heard, answer }
    }

    fn missing(trouble: String) -> Self {
        Self::new(PartState::Unavailable, trouble, (None, None))
    }

    /// Both in one: as fresh as the less fresh, and nothing where either is missing.
    pub(super) fn and<U>(self, other: Reading<U>) -> Reading<(Option<T>, Option<U>)> {
        // The states are numbered from the best to the worst.
        let (state, trouble) =
            if other.state > self.state { (other.state, other.trouble) } else { (self.state, self.trouble) };
        let answer = (state != PartState::Unavailable).then_some((self.answer, other.answer));
        let heard = self.heard.zip(other.heard).map(|(one, other)| one.worse(other));
        Reading { state, trouble, heard, answer }
    }
}

impl<'a> Peer<'a> {
    pub(super) const fn new(
        peers: &'a Peers,
        keys: &'a Keys,
        name: &'static str,
        behalf: Behalf,
        fresh: Freshness,
    ) -> Self {
        Self { peers, keys, name, behalf, fresh }
    }

    /// Asks; the question is given a way to the service and the token to send.
    pub(super) async fn ask<T, F>(self, question: impl Fn(Outbound, String) -> F) -> Reading<T>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let left = self.behalf.remaining().unwrap_or(PATIENCE);
        let waiting = Deadline::after(left * WAITING.0 / WAITING.1);
        let mut token = self.fresh.clone();
        for _ in 0..MOST_TRIES {
            match self.once(&question, &token, waiting).await {
                Ok(known) => return self.judged(known, &token),
                Err(status) => match origin_out_of_reach(&status) {
                    Some(origin) => token = token.without(&origin),
                    None if status.code() == Code::DeadlineExceeded && !token.is_empty() => {
                        let soon = Deadline::after(left / WAITING.1);
                        let trouble = "what the token speaks of was not heard in time".to_owned();
                        return match self.once(&question, &Freshness::default(), soon).await {
                            Ok(known) => Reading::new(PartState::Stale, trouble, known),
                            Err(status) => self.unavailable(&status),
                        };
                    }
                    None => return self.unavailable(&status),
                },
            }
        }
        Reading::missing(format!("{} refuses every part of the token", self.name))
    }

    /// Whoever waited for what a service has said has seen it; of the others, who may be far behind says so.
    fn judged<T>(&self, known: Known<T>, token: &Freshness) -> Reading<T> {
        let waited_for = |source: &str| token.marks().any(|mark| mark.source == source);
        let trouble = match &known.1 {
            Some(heard) => heard.trouble(self.name, Instant::now(), waited_for),
            None => Some(format!("{} does not say how far behind it may be", self.name)),
        };
        match trouble {
            Some(trouble) => Reading::new(PartState::Stale, trouble, known),
            None => Reading::new(PartState::Fresh, String::new(), known),
        }
    }

    async fn once<T, F>(
        &self,
        question: &impl Fn(Outbound, String) -> F,
        token: &Freshness,
        deadline: Deadline,
    ) -> Result<Known<T>, Status>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let behalf = self.behalf.clone().until(deadline);
        let way = self.peers.reach(self.name, behalf).map_err(|error| Status::unavailable(error.to_string()))?;
        let made = Instant::now();
        match tokio::time::timeout_at(deadline.at(), question(way, token.seal(self.keys))).await {
            Ok(Ok(answer)) => {
                let heard = HeardOut::of(answer.metadata(), made);
                Ok((Some(answer.into_inner()), heard))
            }
            // Nothing is known of the member, or no terms rule: an answer, too.
            Ok(Err(status)) if is_nothing(&status) => Ok((None, HeardOut::of(status.metadata(), made))),
            Ok(Err(status)) => Err(status),
            Err(_) => Err(wire::status::deadline_exceeded()),
        }
    }

    fn unavailable<T>(&self, status: &Status) -> Reading<T> {
        tracing::warn!(peer = self.name, code = ?status.code(), "a part of a portrait is missing");
        Reading::missing(format!("{} {}", self.name, why_not(status)))
    }
}

/// Why there is no answer, for a person; a reason where the service gave one.
fn why_not(status: &Status) -> String {
    let reason = status.get_details_error_info().map(|info| info.reason).filter(|reason| !reason.is_empty());
    if let Some(reason) = reason {
        return format!("refuses: {reason}");
    }
    if status.code() == Code::Unavailable {
        return "does not answer".to_owned();
    }
    if status.code() == Code::DeadlineExceeded {
        return "did not answer in time".to_owned();
    }
    if status.code() == Code::Unimplemented {
        return "is not served where it was looked for".to_owned();
    }
    format!("failed: {}", status.code())
}

fn is_nothing(status: &Status) -> bool {
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    status.code() == Code::NotFound || reason == "PROGRAMME_NOT_FOUND" || reason == "TERMS_NOT_FOUND"
}

/// Whose writes never lead to the service that was asked.
fn origin_out_of_reach(status: &Status) -> Option<String> {
    let info = status.get_details_error_info()?;
    (info.reason == "FRESHNESS_UNREACHABLE").then(|| info.metadata.get("source").cloned())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_readings_are_as_fresh_as_the_less_fresh() {
        let known = || (Some(1), Some(HeardOut::default()));
        let fresh = || Reading::new(PartState::Fresh, String::new(), known());
        let stale = || Reading::new(PartState::Stale, "late".to_owned(), known());
        let away = || Reading::<i32>::missing("away".to_owned());
        assert_eq!(fresh().and(fresh()).state, PartState::Fresh);
        assert_eq!(fresh().and(stale()).state, PartState::Stale);
        assert_eq!(stale().and(fresh()).trouble, "late");
        assert_eq!(fresh().and(away()).trouble, "away");
        assert_eq!(away().and(stale()).state, PartState::Unavailable);
        assert_eq!(away().and(stale()).answer, None);
        assert_eq!(fresh().and(stale()).answer, Some((Some(1), Some(1))));
        let silent = || Reading::new(PartState::Fresh, String::new(), (Some(1), None));
        assert_eq!(fresh().and(silent()).heard, None);
    }

    #[test]
    fn an_answer_that_did_not_come_says_why() {
        let table = [
            (Status::unavailable("no route"), "does not answer"),
            (wire::status::deadline_exceeded(), "did not answer in time"),
            (Status::internal("a secret"), "failed: Internal error"),
        ];
        for (status, expected) in table {
            assert_eq!(why_not(&status), expected);
        }
    }
}
