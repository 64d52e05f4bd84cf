//! One question to one service: asked with as much of the token as can lead there, and once more without it where waiting took
//! too long.

use std::time::Duration;

use proto::portrait::v1::PartState;
use server::{Behalf, Deadline, Outbound, Peers};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;
use wire::{Freshness, Keys};

/// A token speaks of six services at most, and each can be left out once.
const MOST_TRIES: usize = 7;
/// Of what the caller gives; the rest is for asking again, and for the way back.
const WAITING: (u32, u32) = (3, 4);
/// For a question that waits for nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// A service to ask on somebody's behalf.
pub(super) struct Peer<'a> {
    peers: &'a Peers,
    keys: &'a Keys,
    name: &'static str,
    behalf: Behalf,
    fresh: Freshness,
}

/// What came of a question.
pub(super) enum Reading<T> {
    /// Everything it waited for is in it; none where the service knows nothing of the member.
    Fresh(Option<T>),
    /// It waited in vain.
    Stale(Option<T>),
    /// No answer, and why.
    Unavailable(String),
}

impl<T> Reading<T> {
    pub(super) const fn state(&self) -> PartState {
        match self {
            Self::Fresh(_) => PartState::Fresh,
            Self::Stale(_) => PartState::Stale,
            Self::Unavailable(_) => PartState::Unavailable,
        }
    }

    pub(super) fn trouble(&self) -> String {
        match self {
            Self::Fresh(_) => String::new(),
            Self::Stale(_) => "what the token speaks of was not heard in time".to_owned(),
            Self::Unavailable(why) => why.clone(),
        }
    }

    /// Both in one: as fresh as the less fresh, and nothing where either is missing.
    pub(super) fn and<U>(self, other: Reading<U>) -> Reading<(Option<T>, Option<U>)> {
        match (self, other) {
            (Self::Unavailable(why), _) | (_, Reading::Unavailable(why)) => Reading::Unavailable(why),
            (Self::Fresh(one), Reading::Fresh(other)) => Reading::Fresh(Some((one, other))),
            (Self::Stale(one), Reading::Fresh(other) | Reading::Stale(other))
            | (Self::Fresh(one), Reading::Stale(other)) => Reading::Stale(Some((one, other))),
        }
    }

    pub(super) fn answer(self) -> Option<T> {
        match self {
            Self::Fresh(answer) | Self::Stale(answer) => answer,
            Self::Unavailable(_) => None,
        }
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
                Ok(answer) => return Reading::Fresh(answer),
                Err(status) => match origin_out_of_reach(&status) {
                    Some(origin) => token = token.without(&origin),
                    None if status.code() == Code::DeadlineExceeded && !token.is_empty() => {
                        let soon = Deadline::after(left / WAITING.1);
                        let known = self.once(&question, &Freshness::default(), soon).await;
                        return known.map_or_else(|status| self.unavailable(&status), Reading::Stale);
                    }
                    None => return self.unavailable(&status),
                },
            }
        }
        Reading::Unavailable(format!("{} refuses every part of the token", self.name))
    }

    async fn once<T, F>(
        &self,
        question: &impl Fn(Outbound, String) -> F,
        token: &Freshness,
        deadline: Deadline,
    ) -> Result<Option<T>, Status>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let behalf = self.behalf.clone().until(deadline);
        let way = self.peers.reach(self.name, behalf).map_err(|error| Status::unavailable(error.to_string()))?;
        match tokio::time::timeout_at(deadline.at(), question(way, token.seal(self.keys))).await {
            Ok(Ok(answer)) => Ok(Some(answer.into_inner())),
            // Nothing is known of the member, or no terms rule: an answer, too.
            Ok(Err(status)) if is_nothing(&status) => Ok(None),
            Ok(Err(status)) => Err(status),
            Err(_) => Err(wire::status::deadline_exceeded()),
        }
    }

    fn unavailable<T>(&self, status: &Status) -> Reading<T> {
        tracing::warn!(peer = self.name, code = ?status.code(), "a part of a portrait is missing");
        Reading::Unavailable(format!("{} does not answer", self.name))
    }
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
        let fresh = || Reading::Fresh(Some(1));
        let stale = || Reading::Stale(Some(2));
        let away = || Reading::<i32>::Unavailable("away".to_owned());
        assert_eq!(fresh().and(fresh()).state(), PartState::Fresh);
        assert_eq!(fresh().and(stale()).state(), PartState::Stale);
        assert_eq!(stale().and(fresh()).state(), PartState::Stale);
        assert_eq!(fresh().and(away()).trouble(), "away");
        assert_eq!(away().and(stale()).state(), PartState::Unavailable);
        assert_eq!(fresh().and(stale()).answer(), Some((Some(1), Some(2))));
    }
}
