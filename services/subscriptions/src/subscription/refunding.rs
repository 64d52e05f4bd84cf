//! Giving back what was not used of a membership. It ends at once; that its money is back is said when the provider has said
//! so. What the provider will not give back stays owed, is told, and may be asked for again.

use jiff::Timestamp;
use kernel::ChargeId;

use super::Refusal;
use super::charging::Answer;
use super::paid::{Membership, Refund};
use super::proration::{Parts, divide};
use super::schedule::{advance, close};
use super::standing::{Answered, News, Placed, RefundStep, Stage, Standing, State};

/// Ends a membership, and asks the provider to give back what was not used of its last paid term. A term that has not begun
/// is given back as a whole, and the one before goes on to its end. What the provider declined is asked for again, as it
/// was divided when the membership ended.
///
/// # Errors
/// No term is paid that could be given back, or the provider is being asked.
pub fn refund(ours: &mut Standing, reason: &str, now: Timestamp) -> Result<Parts, Refusal> {
    let nothing = Refusal::NothingToRefund { subscription: ours.id };
    let owed = ours.membership.as_ref().and_then(|membership| membership.refund);
    match owed {
        Some(owed) if owed.declined => {
            let attempt = owed.attempt.saturating_add(1);
            ask(ours, Refund { attempt, declined: false, ..owed }, now);
            Ok(owed.parts)
        }
        Some(_) => Err(nothing),
        None => end(ours, reason, now).ok_or(nothing),
    }
}

fn end(ours: &mut Standing, reason: &str, now: Timestamp) -> Option<Parts> {
    let number = ours.last_paid?;
    ours.occurrences.get(&number).filter(|known| known.stage == Stage::Paid)?;
    let membership = ours.membership.clone().filter(|ours| !ours.ended && !ours.cut)?;
    let term = (membership.from, membership.until);
    let parts = divide(ours.amount(), term, now, &ours.schedule.zone).filter(|parts| parts.unused_minor > 0)?;
    let until = membership.from.max(now);
    ours.membership = Some(Membership { until, entitled_until: until, cut: true, ..membership });
    ask(ours, Refund { number, attempt: 0, parts, declined: false }, now);
    if ours.state.is_live() {
        close(ours, State::Cancelled, if reason.is_empty() { "REFUNDED" } else { reason }, now);
    }
    advance(ours, now);
    Some(parts)
}

fn ask(ours: &mut Standing, refund: Refund, now: Timestamp) {
    let (number, attempt, refund_minor) = (refund.number, refund.attempt, refund.parts.unused_minor);
    ours.placed.push(Placed {
        id: refund_id(ours, number, attempt),
        number,
        attempt,
        refund: true,
        amount_minor: refund_minor,
        ask: true,
        token: ours.token.clone(),
    });
    owe(ours, Some(refund));
    note(ours, number, "REFUND_ASKED");
    ours.say(now, News::Refund { number, refund_minor, step: RefundStep::Asked });
}

/// Takes what a provider answered to a refund. One that is not waited for is only kept.
pub fn refund_answered(ours: &mut Standing, (number, attempt): (i64, i32), answer: Answer, now: Timestamp) {
    ours.answered.push(Answered { number, attempt, refund: true, answer: answer.clone() });
    let waits = |refund: &Refund| (refund.number, refund.attempt, refund.declined) == (number, attempt, false);
    let Some(refund) = ours.membership.as_ref().and_then(|membership| membership.refund).filter(waits) else { return };
    let refund_minor = refund.parts.unused_minor;
    match answer {
        Answer::Charged { .. } => {
            owe(ours, None);
            if let Some(occurrence) = ours.occurrences.get(&number).cloned() {
                ours.put(occurrence, Stage::Refunded, "", now);
            }
            ours.say(now, News::Refund { number, refund_minor, step: RefundStep::Given });
        }
        Answer::Declined { class, .. } => {
            owe(ours, Some(Refund { declined: true, ..refund }));
            note(ours, number, "REFUND_DECLINED");
            ours.say(now, News::Refund { number, refund_minor, step: RefundStep::Declined(class) });
        }
    }
}

fn owe(ours: &mut Standing, refund: Option<Refund>) {
    if let Some(membership) = ours.membership.as_mut() {
        membership.refund = refund;
    }
}

/// It stays paid, and since when it was.
fn note(ours: &mut Standing, number: i64, reason: &str) {
    if let Some(occurrence) = ours.occurrences.get_mut(&number) {
        reason.clone_into(&mut occurrence.reason);
        occurrence.touched = true;
    }
}

/// The id of an attempt to give back: the same for ever, so that the provider gives back once.
fn refund_id(ours: &Standing, number: i64, attempt: i32) -> ChargeId {
    let name = match attempt {
        0 => format!("refund/{number}"),
        _ => format!("refund/{number}/{attempt}"),
    };
    ChargeId::derived_from(ours.id.uuid(), &name)
}

#[cfg(test)]
mod tests {
    use super::super::answering::answer;
    use super::super::charging::Decline;
    use super::super::samples::{at, begun, coffee};
    use super::*;
    use crate::plan::cadence::{Cadence, Unit};
    use crate::plan::terms::{Kind, Plan};

    fn said(ours: &mut Standing) -> Vec<&'static str> {
        let word = |news: &News| {
            if let News::Refund { step, .. } = news {
                return Some(match step {
                    RefundStep::Asked => "asked",
                    RefundStep::Given => "refunded",
                    RefundStep::Declined(_) => "declined",
                });
            }
            let over = [
                (matches!(news, News::MembershipEnded), "ended"),
                (matches!(news, News::Cancelled { .. }), "cancelled"),
            ];
            over.into_iter().find(|(is, _)| *is).map(|(_, word)| word)
        };
        ours.news.drain(..).filter_map(|(_, news)| word(&news)).collect()
    }

    #[test]
    fn money_is_said_to_be_back_when_it_is() {
        let kind = Kind::Membership { fee_minor: 1_200, entitlements: vec![], grace_days: 14, renew_within_months: 2 };
        let mut ours = begun(Plan { kind, cadence: Cadence { every: 1, unit: Unit::Year }, ..coffee() });
        let (first, later) = (at("2026-01-10T02:00:00Z"), at("2026-07-11T02:00:00Z"));
        let yes = || Answer::Charged { reference: String::new() };
        super::super::schedule::advance(&mut ours, first);
        answer(&mut ours, 0, 1, yes(), first);
        assert!(said(&mut ours).is_empty());
        let parts = refund(&mut ours, "", later).expect("it is paid");
        assert_eq!((parts.used_minor, parts.unused_minor), (598, 602));
        assert_eq!(said(&mut ours), ["asked", "cancelled", "ended"]);
        assert!(refund(&mut ours, "", later).is_err(), "the provider is being asked");
        refund_answered(&mut ours, (0, 0), Answer::Declined { class: Decline::Never, code: String::new() }, later);
        assert_eq!(said(&mut ours), ["declined"]);
        assert_eq!(
            (ours.occurrences[&0].stage, ours.occurrences[&0].reason.as_str()),
            (Stage::Paid, "REFUND_DECLINED")
        );
        assert_eq!(refund(&mut ours, "", at("2026-09-01T02:00:00Z")), Ok(parts), "as it was divided at the end");
        assert_eq!(said(&mut ours), ["asked"]);
        refund_answered(&mut ours, (0, 0), yes(), later);
        assert!(said(&mut ours).is_empty(), "that one was not waited for any more");
        refund_answered(&mut ours, (0, 1), yes(), later);
        assert_eq!(said(&mut ours), ["refunded"]);
        assert_eq!(ours.occurrences[&0].stage, Stage::Refunded);
        assert!(refund(&mut ours, "", later).is_err(), "once");
    }
}
