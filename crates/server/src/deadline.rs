//! When a call must have been answered.
//!
//! tonic answers a passed `grpc-timeout` with `CANCELLED`, which says that the *caller* gave up, and puts no bound on
//! calls that state none. So the bound is ours, and it is set a moment before tonic's own timer and the caller's: the
//! answer then still has time to arrive. Passing bounds the waiting, not the work: a mutation that had begun goes on
//! (see `detach`).
//!
//! A caller that streams its request and states no deadline gets the longest one, for the pace is its own. An answer
//! that streams has only the deadline its caller states.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use proto::Method;
use tokio::time::Instant;
use tonic::Status;

/// How long calls may take.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// For a call that states none.
    pub default: Duration,
    /// For every call, whatever it states.
    pub maximum: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { default: Duration::from_secs(30), maximum: Duration::from_secs(600) }
    }
}

/// The moment a call must have been answered; in the extensions of every call that has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// That far from now.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// The moment itself.
    #[must_use]
    pub fn at(self) -> Instant {
        self.0
    }

    /// What is left; zero when it has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

impl Deadlines {
    pub(crate) fn of(&self, method: &Method, headers: &HeaderMap) -> Result<Option<Deadline>, Status> {
        let stated = headers.get("grpc-timeout").map(parse).transpose()?.map(sooner);
        Ok(match stated {
            Some(timeout) if method.server_streaming => Some(Deadline::after(timeout)),
            Some(timeout) => Some(Deadline::after(timeout.min(self.maximum))),
            None if method.server_streaming => None,
            None if method.client_streaming => Some(Deadline::after(self.maximum)),
            None => Some(Deadline::after(self.default.min(self.maximum))),
        })
    }
}

/// A twentieth earlier, at least 3 ms (timers tick in milliseconds) and at most 20.
fn sooner(stated: Duration) -> Duration {
    stated.saturating_sub((stated / 20).clamp(Duration::from_millis(3), Duration::from_millis(20)))
}

fn parse(value: &HeaderValue) -> Result<Duration, Status> {
    let malformed = || Status::invalid_argument("`grpc-timeout` is at most eight digits and one of H M S m u n");
    let text = value.to_str().map_err(|_| malformed())?;
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(malformed)?;
    if number.is_empty() || number.len() > 8 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed());
    }
    let number: u64 = number.parse().map_err(|_| malformed())?;
    match unit {
        "H" => Ok(Duration::from_secs(number * 3_600)),
        "M" => Ok(Duration::from_secs(number * 60)),
        "S" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_millis(number)),
        "u" => Ok(Duration::from_micros(number)),
        "n" => Ok(Duration::from_nanos(number)),
        _ => Err(malformed()),
    }
}

/// `remaining` as the header says it, in milliseconds while eight digits can hold them.
pub(crate) fn write(remaining: Duration) -> HeaderValue {
    let milliseconds = remaining.as_millis().max(1);
    let text = if milliseconds < 100_000_000 {
        format!("{milliseconds}m")
    } else {
        format!("{}S", remaining.as_secs().min(99_999_999))
    };
    HeaderValue::from_str(&text).expect("digits and one letter are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Duration, Status> {
        parse(&HeaderValue::from_str(text).expect("a header value"))
    }

    #[test]
    fn every_unit_is_read() {
        let units = [
            ("2H", 7_200_000_000_000),
            ("3M", 180_000_000_000),
            ("4S", 4_000_000_000),
            ("5m", 5_000_000),
            ("6u", 6_000),
            ("7n", 7),
        ];
        for (text, nanoseconds) in units {
            assert_eq!(read(text).expect(text), Duration::from_nanos(nanoseconds));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "5", "S", "-1S", "+1S", "1.5S", "123456789S", "1 S", "1x"] {
            assert_eq!(read(text).expect_err(text).code(), tonic::Code::InvalidArgument, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        for remaining in [Duration::ZERO, Duration::from_millis(29_980), Duration::from_secs(864_000)] {
            let read = parse(&write(remaining)).expect("our own header");
            assert!(read >= remaining && read <= remaining + Duration::from_secs(1));
        }
    }
}
