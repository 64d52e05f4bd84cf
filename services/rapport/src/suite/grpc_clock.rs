//! The clock service: what time it is and, by hand, what time it shall be.

use jiff::{SignedDuration, Timestamp};
use kernel::ClockError;
use proto::clock::v1::clock_service_server::ClockService;
use proto::clock::v1::{AdvanceClockRequest, AdvanceClockResponse, GetClockRequest, GetClockResponse};
use timers::{Advanced, CannotAdvance, Coordinator};
use tonic::{Request, Response, Status};
use wire::{Refusal, RefusalKind, Violations, failure, refuse};

use super::KeptClock;

const USUAL_STEP_SECONDS: i32 = 3_600;
const LONGEST_STEP_SECONDS: i64 = 86_400;

/// The clock of this process.
pub(super) struct Clocks {
    coordinator: Coordinator,
    kept: Option<KeptClock>,
}

struct Advance {
    to: Timestamp,
    step: SignedDuration,
}

impl Clocks {
    pub(super) const fn new(coordinator: Coordinator, kept: Option<KeptClock>) -> Self {
        Self { coordinator, kept }
    }
}

#[tonic::async_trait]
impl ClockService for Clocks {
    async fn get_clock(&self, _call: Request<GetClockRequest>) -> Result<Response<GetClockResponse>, Status> {
        let clock = self.coordinator.clock();
        Ok(Response::new(GetClockResponse { now: Some(proto::timestamp(clock.now())), manual: clock.is_manual() }))
    }

    async fn advance_clock(
        &self,
        call: Request<AdvanceClockRequest>,
    ) -> Result<Response<AdvanceClockResponse>, Status> {
        let ask = parse(&call.into_inner())?;
        let (coordinator, kept, to) = (self.coordinator.clone(), self.kept.clone(), ask.to);
        // A caller that goes away must not stop the clock between a timer and its effect.
        let moving = tokio::spawn(async move {
            let advanced = coordinator.advance(ask.to, ask.step).await;
            let now = coordinator.clock().now();
            if let Some(Err(error)) = kept.map(|kept| kept.leave_at(now)) {
                tracing::warn!(%error, "the clock's position could not be kept; after a restart it stands where it began");
            }
            advanced
        });
        let advanced = moving.await.map_err(wire::status::internal)?;
        let now = self.coordinator.clock().now();
        advanced.map(|done| Response::new(present(now, done))).map_err(|error| refused(error, now, to))
    }
}

fn parse(asked: &AdvanceClockRequest) -> Result<Advance, Status> {
    let mut bad = Violations::new();
    if asked.to.is_none() {
        bad.add("to", "is required");
    }
    let to = bad.instant("to", asked.to.as_ref());
    let seconds = if asked.step_seconds == 0 { USUAL_STEP_SECONDS } else { asked.step_seconds };
    let step = bad.number("step_seconds", i64::from(seconds), 1..=LONGEST_STEP_SECONDS);
    bad.settle(to.zip(step).map(|(to, seconds)| Advance { to, step: SignedDuration::from_secs(seconds) }))
}

fn present(now: Timestamp, done: Advanced) -> AdvanceClockResponse {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    AdvanceClockResponse {
        now: Some(proto::timestamp(now)),
        timers_fired: count(done.timers),
        steps: count(done.steps),
    }
}

fn refused(error: CannotAdvance, now: Timestamp, asked: Timestamp) -> Status {
    let refusal = |reason, text: &str, facts| {
        refuse(Refusal { reason, kind: RefusalKind::FailedPrecondition, text: text.to_owned(), facts })
    };
    match error {
        CannotAdvance::Clock(ClockError::NotManual) => refusal(
            "CLOCK_NOT_MANUAL",
            "this suite follows the machine's clock; RAPPORT_CLOCK=manual:… gives it one to move",
            Vec::new(),
        ),
        CannotAdvance::Clock(ClockError::MovesForward) => {
            let facts = vec![("now", now.to_string()), ("asked", asked.to_string())];
            refusal("CLOCK_MOVES_FORWARD", "the clock only moves forward", facts)
        }
        // The clock stands where it had got to; the same call goes on from there.
        CannotAdvance::Store(error) => failure(error),
    }
}
