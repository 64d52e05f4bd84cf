//! What the outside hears of an account.

use eventlog::NewEvent;
use kernel::Shard;
use proto::loyalty::events::v1::{PointsActivated, PointsPosted, TierDecided};

use super::books::Books;
use super::holdings::{Activation, EntryKind, Posting, TierChange, TierChangeKind};
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
        events.extend(holdings.changes.iter().map(|change| decided(owner, change)));
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
    };
    let payload = TierDecided {
        member: member.to_string(),
        kind: kind.to_owned(),
        from_tier: change.from.clone(),
        to_tier: change.to.clone(),
        cause: change.cause.clone(),
        occur_time: Some(proto::timestamp(change.occurred_at)),
        historic: change.historic,
    };
    NewEvent::new(*tenant, Shard::of_member(*member), member, change.occurred_at, &payload)
}

/// What points were spent on is said to the member, not to the suite: only ids are passed on.
fn named(cause: &str) -> String {
    let is_id = kernel::OrderId::parse(cause).is_ok()
        || kernel::ReturnId::parse(cause).is_ok()
        || kernel::EntryId::parse(cause).is_ok()
        || super::granting::is_cause(cause);
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
    }
}
