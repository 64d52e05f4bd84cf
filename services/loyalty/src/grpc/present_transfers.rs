//! Transfers as the wire tells them.

use proto::loyalty::v1;
use tonic::Response;
use wire::{Keys, Language};

use super::present::redeemed;
use crate::account::{Receipt, TransferReceipt};
use crate::programme::transfers::{Allowed, Transfers};

fn told(receipt: &Receipt) -> TransferReceipt {
    receipt.transfer.as_deref().cloned().unwrap_or_default()
}

fn text(id: Option<impl ToString>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

pub(super) fn transferred(keys: &Keys, language: Language, receipt: Receipt) -> Response<v1::TransferPointsResponse> {
    let transfer = told(&receipt);
    let given = redeemed(keys, language, receipt);
    Response::new(v1::TransferPointsResponse {
        transfer: text(transfer.transfer),
        entry: given.entry,
        to_entry: text(transfer.to_entry),
        fee: transfer.fee,
        spendable: given.spendable,
        draws: given.draws,
        freshness: given.freshness,
        decision: given.decision,
    })
}

pub(super) fn reversed(keys: &Keys, language: Language, receipt: Receipt) -> Response<v1::ReverseTransferResponse> {
    let transfer = told(&receipt);
    let given = redeemed(keys, language, receipt);
    Response::new(v1::ReverseTransferResponse {
        entry: given.entry,
        to_entry: text(transfer.to_entry),
        points: transfer.points,
        kept: transfer.kept,
        fee: transfer.fee,
        spendable: given.spendable,
        freshness: given.freshness,
        decision: given.decision,
    })
}

pub(super) fn policy(policy: Transfers) -> v1::TransferPolicy {
    let allowed = match policy.allowed {
        Allowed::Anybody => v1::TransferScope::Anybody,
    };
    v1::TransferPolicy {
        allowed: allowed.into(),
        fee_points: policy.fee_points,
        fee_basis_points: i32::try_from(policy.fee_basis_points).unwrap_or(i32::MAX),
        least_points: policy.least,
        most_points: policy.most.unwrap_or(0),
        most_points_day: policy.most_day.unwrap_or(0),
        most_points_month: policy.most_month.unwrap_or(0),
        most_points_year: policy.most_year.unwrap_or(0),
        least_days_left: policy.least_days_left,
    }
}
