//! Calls about holds, read.

use jiff::SignedDuration;
use kernel::{HoldId, MemberId, Points};
use proto::loyalty::v1::*;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Keys, Violations, digests, open};

use super::parse::no_claim;
use super::parse_promise::wallet_code;
use crate::account::{Capture, NewHold, Release};

/// A quarter of an hour, where nothing else is said.
const LIFETIME: i64 = 15 * 60;
/// Thirty days.
const LONGEST: i64 = 30 * 24 * 60 * 60;

pub(super) fn hold(keys: &Keys, call: Request<HoldPointsRequest>) -> Result<NewHold, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let points = bad.number("points", ask.points, 1..=Points::MOST.0);
    let wallet = wallet_code(&mut bad, "wallet", &ask.wallet);
    let spent_on = bad.text("spent_on", &ask.spent_on, 1..=200);
    no_claim(&mut bad, "spent_on", &ask.spent_on);
    let seconds = bad.number("lifetime_seconds", i64::from(ask.lifetime_seconds), 0..=LONGEST);
    let read = id.zip(member.zip(wallet)).zip(points).zip(spent_on).zip(seconds);
    let read = read.map(|((((id, (member, wallet)), points), spent_on), seconds)| NewHold {
        tenant: envelope.tenant,
        member,
        wallet,
        // The same request makes the same hold.
        hold: HoldId::derived_from(member.uuid(), &format!("hold/{}", id.uuid())),
        points: Points(points),
        spent_on,
        lifetime: SignedDuration::from_secs(if seconds == 0 { LIFETIME } else { seconds }),
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "HoldPoints", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn capture(keys: &Keys, call: Request<CaptureHoldRequest>) -> Result<Capture, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let hold = bad.take("hold", HoldId::parse(&ask.hold));
    let points = bad.number("points", ask.points, 0..=Points::MOST.0);
    let read = id.zip(member).zip(hold).zip(points).map(|(((id, member), hold), points)| Capture {
        tenant: envelope.tenant,
        member,
        hold,
        points: Some(Points(points)).filter(|points| points.is_positive()),
        keep_rest: ask.keep_rest,
        validate_only: ask.validate_only,
        explain: ask.explain,
        key: RequestKey { rpc: "CaptureHold", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn release(keys: &Keys, call: Request<ReleaseHoldRequest>) -> Result<Release, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let hold = bad.take("hold", HoldId::parse(&ask.hold));
    let read = id.zip(member).zip(hold).map(|((id, member), hold)| Release {
        tenant: envelope.tenant,
        member,
        hold,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "ReleaseHold", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}
