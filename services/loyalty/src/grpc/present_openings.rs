//! What members brought along, as the wire tells it.

use proto::loyalty::v1;
use tonic::{Response, Status};
use wire::{Keys, Language};

use super::newcomers::Outcome;
use super::present::{each, redeemed, time};
use crate::account::Receipt;

pub(super) fn lots(
    keys: &Keys,
    language: Language,
    outcomes: Vec<Outcome>,
) -> Result<Response<v1::ImportOpeningLotsResponse>, Status> {
    let done = |receipt| v1::OpeningLotOutcome {
        receipt: Some(lot(keys, language, receipt)),
        ..v1::OpeningLotOutcome::default()
    };
    let refused = |refusal: wire::Refusal| v1::OpeningLotOutcome {
        receipt: None,
        message: refusal.localized(language),
        refusal: refusal.reason.to_owned(),
        detail: refusal.text,
    };
    let (outcomes, all) = each(outcomes, done, refused)?;
    Ok(Response::new(v1::ImportOpeningLotsResponse { outcomes, freshness: all.seal(keys) }))
}

fn lot(keys: &Keys, language: Language, receipt: Receipt) -> v1::OpeningLotReceipt {
    let (points, lapse_time) = (receipt.points, receipt.lapses_at.and_then(time));
    let told = redeemed(keys, language, receipt);
    v1::OpeningLotReceipt {
        entry: told.entry,
        spendable: told.spendable,
        freshness: told.freshness,
        decision: told.decision,
        points,
        lapse_time,
    }
}
