//! Calls about transfers, read.

use kernel::{MemberId, Points, TransferId};
use proto::loyalty::v1::*;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Keys, Violations, digests, open};

use super::parse_programme::unknown;
use super::parse_promise::wallet_code;
use crate::account::{TransferAsk, TransferDeed};
use crate::programme::transfers::{Allowed, Transfers};

pub(super) fn transfer(keys: &Keys, call: Request<TransferPointsRequest>) -> Result<TransferAsk, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let to = bad.take("to_member", MemberId::parse(&ask.to_member));
    if to.is_some() && member == to {
        bad.add("to_member", "must be another member");
    }
    let points = bad.number("points", ask.points, 1..=Points::MOST.0);
    let wallet = wallet_code(&mut bad, "wallet", &ask.wallet);
    let reason = bad.text("reason", &ask.reason, 1..=200);
    let read = id.zip(member.zip(to)).zip(points.zip(wallet)).zip(reason);
    let read = read.map(|(((id, (member, to)), (points, wallet)), reason)| TransferAsk {
        tenant: envelope.tenant,
        member,
        // The same request makes the same transfer.
        transfer: TransferId::derived_from(member.uuid(), &format!("transfer/{}", id.uuid())),
        reason,
        what: TransferDeed::Make { to, wallet, points: Points(points), known: false },
        validate_only: ask.validate_only,
        explain: ask.explain,
        key: RequestKey { rpc: "TransferPoints", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn reversal(keys: &Keys, call: Request<ReverseTransferRequest>) -> Result<TransferAsk, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let transfer = bad.take("transfer", TransferId::parse(&ask.transfer));
    let reason = bad.text("reason", &ask.reason, 1..=200);
    let read = id.zip(member).zip(transfer).zip(reason).map(|(((id, member), transfer), reason)| TransferAsk {
        tenant: envelope.tenant,
        member,
        transfer,
        reason,
        what: TransferDeed::Reverse { made: None },
        validate_only: ask.validate_only,
        explain: ask.explain,
        key: RequestKey { rpc: "ReverseTransfer", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

/// How members may pass on what lies in a wallet.
pub(super) fn read_policy(bad: &mut Violations, within: &str, policy: &TransferPolicy) -> Option<Transfers> {
    let field = |name: &str| format!("{within}.transfers.{name}");
    let allowed = match TransferScope::try_from(policy.allowed) {
        Ok(TransferScope::Anybody) => Some(Allowed::Anybody),
        Ok(TransferScope::Unspecified) | Err(_) => unknown(bad, &field("allowed")),
    };
    let fee_points = bad.number(&field("fee_points"), policy.fee_points, 0..=1_000_000_000);
    let fee_basis_points = bad.number(&field("fee_basis_points"), i64::from(policy.fee_basis_points), 0..=10_000);
    let mut number = |name: &str, value: i64| bad.number(&field(name), value, 0..=Points::MOST.0);
    let least = number("least_points", policy.least_points);
    let most = number("most_points", policy.most_points);
    let most_day = number("most_points_day", policy.most_points_day);
    let most_month = number("most_points_month", policy.most_points_month);
    let most_year = number("most_points_year", policy.most_points_year);
    if policy.most_points > 0 && policy.least_points > policy.most_points {
        bad.add(field("least_points"), "must not be more than most_points");
    }
    let least_days_left = bad.number(&field("least_days_left"), i64::from(policy.least_days_left), 0..=36_600);
    let limit = |most: i64| Some(most).filter(|most| *most > 0);
    Some(Transfers {
        allowed: allowed?,
        fee_points: fee_points?,
        fee_basis_points: fee_basis_points?,
        least: least?,
        most: limit(most?),
        most_day: limit(most_day?),
        most_month: limit(most_month?),
        most_year: limit(most_year?),
        least_days_left: i32::try_from(least_days_left?).ok()?,
    })
}
