//! `rapport points hold`, `capture` and `release`: points put aside for something that is yet to be paid.

use clap::Args;
use proto::loyalty::v1::{CaptureHoldRequest, HoldPointsRequest, ReleaseHoldRequest};
use serde_json::json;

use super::{Done, tell};
use crate::client::{Call, CliError};
use crate::member::Who;
use crate::say::say;
use crate::words;

/// What `rapport points hold` is told.
#[derive(Args, Clone, Debug)]
pub struct Hold {
    #[command(flatten)]
    who: Who,
    /// How many
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    points: i64,
    /// What they are to be spent on; the member reads it
    #[arg(long = "for", default_value = "put aside at the till", value_name = "TEXT")]
    spent_on: String,
    /// Minutes until they are let go by themselves; 15 where not said
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "MINUTES")]
    minutes: i32,
    /// Decide, and hold nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport points capture` is told.
#[derive(Args, Clone, Debug)]
pub struct Capture {
    #[command(flatten)]
    who: Who,
    /// The hold, hold_…
    #[arg(long, value_name = "ID")]
    hold: String,
    /// How many of them; all where not said
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N", allow_negative_numbers = true)]
    points: i64,
    /// Go on holding the rest
    #[arg(long)]
    keep_rest: bool,
    /// Tell why, too
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport points release` is told.
#[derive(Args, Clone, Debug)]
pub struct Release {
    #[command(flatten)]
    who: Who,
    /// The hold, hold_…
    #[arg(long, value_name = "ID")]
    hold: String,
    #[command(flatten)]
    call: Call,
}

pub(super) async fn hold(ask: Hold) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = HoldPointsRequest {
        request_id: ask.call.request_id()?,
        member: ask.who.member_id(&suite).await?,
        points: ask.points,
        spent_on: ask.spent_on,
        lifetime_seconds: ask.minutes.saturating_mul(60),
        wallet: String::new(),
        validate_only: ask.dry_run,
    };
    let done = suite.loyalty().hold_points(request).await?.into_inner();
    let until = done.expire_time.as_ref().and_then(|until| proto::instant(until).ok());
    if ask.call.reach.json {
        let until = until.map(|until| until.to_string());
        let (hold, freshness) = (done.hold, done.freshness);
        say!(
            "{}",
            json!({ "hold": hold, "points": ask.points, "spendable": done.spendable, "until": until, "freshness": freshness })
        );
        return Ok(());
    }
    let words = suite.words().await?;
    let until = until.map(|until| format!(" until {}", words.time(until))).unwrap_or_default();
    let points = words::counted(ask.points, "point", "points");
    let left = words::count(done.spendable);
    if ask.dry_run {
        say!("{points} could be held{until} · {left} would be left to spend");
    } else {
        say!("{points} held{until} · {left} left to spend   {}", done.hold);
    }
    Ok(())
}

pub(super) async fn capture(ask: Capture) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = CaptureHoldRequest {
        request_id: ask.call.request_id()?,
        member: ask.who.member_id(&suite).await?,
        hold: ask.hold,
        points: ask.points,
        keep_rest: ask.keep_rest,
        validate_only: false,
        explain: ask.explain,
    };
    let done = suite.loyalty().capture_hold(request).await?.into_inner();
    let points = done.draws.iter().fold(0_i64, |sum, draw| sum.saturating_add(draw.points.saturating_abs()));
    let done = Done { entry: done.entry, spendable: done.spendable, freshness: done.freshness, why: done.decision };
    tell(&suite, &ask.call.reach, "spent", points, done).await
}

pub(super) async fn release(ask: Release) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = ReleaseHoldRequest {
        request_id: ask.call.request_id()?,
        member: ask.who.member_id(&suite).await?,
        hold: ask.hold,
        validate_only: false,
    };
    let done = suite.loyalty().release_hold(request).await?.into_inner();
    if ask.call.reach.json {
        let (points, spendable, freshness) = (done.points, done.spendable, done.freshness);
        say!("{}", json!({ "points": points, "spendable": spendable, "freshness": freshness }));
        return Ok(());
    }
    let points = words::counted(done.points, "point", "points");
    say!("{points} let go · {} left to spend", words::count(done.spendable));
    Ok(())
}
