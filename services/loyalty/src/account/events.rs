//! What the outside hears of an account.

use eventlog::NewEvent;
use kernel::Shard;
use proto::loyalty::events::v1::{PointsActivated, PointsPosted, QualificationGranted, TierAtRisk, TierDecided};

use super::books::Books;
use super::holdings::{Activation, AtRisk, Credit, EntryKind, Posting, TierChange, TierChangeKind};
use super::reviewing::gifts;
use crate::account::wallet::Owner;

/// Everything a batch has decided, member by member in the order it happened.
pub(super) fn said(books: &Books) -> Vec<NewEvent> {
    let mut events = Vec::new();
    for (owner, holdings) in books {
        let mut activations = holdings.activations.iter().peekable();
        for posting in &holdings.postings {
            while let Some(earlier) = activations.next_if(|one| one.entries < posting.number) {
                events.push(activated(owner, earlier));
            }
            events.push(posted(owner, posting));
        }
        events.extend(activations.map(|one| activated(owner, one)));
        events.extend(holdings.credits.iter().filter(|credit| credit.touched).map(|one| qualified(owner, one)));
        let mut changes = holdings.changes.iter().peekable();
        for risk in &holdings.at_risk {
            while let Some(earlier) = changes.next_if(|change| change.occurred_at <= risk.occurred_at) {
                events.push(decided(owner, earlier));
            }
            events.push(at_risk(owner, risk));
        }
        events.extend(changes.map(|change| decided(owner, change)));
    }
    events
}

fn posted(Owner { tenant, member, wallet }: &Owner, posting: &Posting) -> NewEvent {
    let payload = PointsPosted {
        entry: posting.id.to_string(),
        member: member.to_string(),
        kind: entry_kind(posting.kind).to_owned(),
        points: posting.points,
        balance_after: posting.balance_after,
        cause: named(&posting.cause),
        occur_time: Some(proto::timestamp(posting.occurred_at)),
        historic: posting.historic,
        wallet: wallet.to_string(),
    };
    NewEvent::new(*tenant, Shard::of_member(*member), member, posting.occurred_at, &payload)
}

fn activated(Owner { tenant, member, wallet }: &Owner, activation: &Activation) -> NewEvent {
    let payload = PointsActivated {
        lot: activation.lot.to_string(),
        member: member.to_string(),
        points: activation.points,
        cause: activation.origin.clone(),
        occur_time: Some(proto::timestamp(activation.occurred_at)),
        historic: activation.historic,
        wallet: wallet.to_string(),
    };
    NewEvent::new(*tenant, Shard::of_member(*member), member, activation.occurred_at, &payload)
}

fn decided(Owner { tenant, member, .. }: &Owner, change: &TierChange) -> NewEvent {
    let kind = match change.kind {
        TierChangeKind::Promoted => "PROMOTED",
        TierChangeKind::Retained => "RETAINED",
        TierChangeKind::Demoted => "DEMOTED",
        TierChangeKind::Renewed => "RENEWED",
        TierChangeKind::Assigned => "ASSIGNED",
        TierChangeKind::Released => "RELEASED",
        TierChangeKind::Shortened => "SHORTENED",
        TierChangeKind::Imported => "IMPORTED",
    };
    let payload = TierDecided {
        member: member.to_string(),
        kind: kind.to_owned(),
        from_tier: change.from.clone(),
        to_tier: change.to.clone(),
        cause: change.cause.clone(),
        occur_time: Some(proto::timestamp(change.occurred_at)),
        historic: change.historic,
        ladder: change.ladder.clone(),
    };
    NewEvent::new(*tenant, Shard::of_member(*member), member, change.occurred_at, &payload)
}

fn qualified(Owner { tenant, member, .. }: &Owner, credit: &Credit) -> NewEvent {
    let payload = QualificationGranted {
        member: member.to_string(),
        ladder: credit.ladder.clone(),
        cause: credit.cause.clone(),
        units: credit.units,
        occur_time: Some(proto::timestamp(credit.occurred_at)),
    };
    NewEvent::new(*tenant, Shard::of_member(*member), member, credit.occurred_at, &payload)
}

fn at_risk(Owner { tenant, member, .. }: &Owner, risk: &AtRisk) -> NewEvent {
    let payload = TierAtRisk {
        member: member.to_string(),
        ladder: risk.ladder.clone(),
        tier: risk.tier.clone(),
        missing_minor: risk.missing_minor,
        currency_code: risk.currency.map(|currency| currency.to_string()).unwrap_or_default(),
        review_time: Some(proto::timestamp(risk.review_at)),
        occur_time: Some(proto::timestamp(risk.occurred_at)),
        historic: risk.historic,
    };
    NewEvent::new(*tenant, Shard::of_member(*member), member, risk.occurred_at, &payload)
}

/// What points were spent on is said to the member, not to the suite: only ids are passed on.
fn named(cause: &str) -> String {
    let is_id = kernel::OrderId::parse(cause).is_ok()
        || kernel::ReturnId::parse(cause).is_ok()
        || kernel::EntryId::parse(cause).is_ok()
        || kernel::TransferId::parse(cause).is_ok()
        || super::granting::is_cause(cause)
        || gifts::is_cause(cause);
    if is_id { cause.to_owned() } else { String::new() }
}

const fn entry_kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Earn => "EARN",
        EntryKind::EarnReversal => "EARN_REVERSAL",
        EntryKind::Redemption => "REDEMPTION",
        EntryKind::RedemptionReversal => "REDEMPTION_REVERSAL",
        EntryKind::Lapse => "LAPSE",
        EntryKind::Adjustment => "ADJUSTMENT",
        EntryKind::TransferOut => "TRANSFER_OUT",
        EntryKind::TransferIn => "TRANSFER_IN",
    }
}
