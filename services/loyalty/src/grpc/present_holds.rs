//! Holds as the wire tells them.

use proto::loyalty::v1;
use tonic::Response;
use wire::{Keys, Language};

use super::present::{draw, freshness, redeemed, time};
use crate::account::Receipt;
use crate::account::holding::Hold;

pub(super) fn held(keys: &Keys, receipt: Receipt) -> Response<v1::HoldPointsResponse> {
    let freshness = freshness(&receipt).seal(keys);
    let hold = receipt.hold.unwrap_or_default();
    Response::new(v1::HoldPointsResponse {
        hold: hold.hold.map(|hold| hold.to_string()).unwrap_or_default(),
        spendable: receipt.spendable,
        expire_time: hold.expires_at.and_then(time),
        freshness,
    })
}

pub(super) fn captured(keys: &Keys, language: Language, receipt: Receipt) -> Response<v1::CaptureHoldResponse> {
    let held = receipt.hold.unwrap_or_default().held;
    let told = redeemed(keys, language, receipt);
    Response::new(v1::CaptureHoldResponse {
        entry: told.entry,
        spendable: told.spendable,
        draws: told.draws,
        held,
        freshness: told.freshness,
        decision: told.decision,
    })
}

pub(super) fn released(keys: &Keys, receipt: &Receipt) -> Response<v1::ReleaseHoldResponse> {
    Response::new(v1::ReleaseHoldResponse {
        points: receipt.points,
        spendable: receipt.spendable,
        freshness: freshness(receipt).seal(keys),
    })
}

pub(super) fn hold(hold: Hold) -> v1::Hold {
    v1::Hold {
        id: hold.id.to_string(),
        points: hold.held(),
        spent_on: hold.spent_on,
        expire_time: time(hold.expires_at),
        draws: hold.draws.into_iter().map(draw).collect(),
    }
}
