//! What a decision says to a person: its reason, and the facts its sentence is filled in with.
//!
//! The sentences themselves stand beside those of refusals, one for each reason and language.

use kernel::OccasionId;
use proto::common::v1::DecisionReason;

use crate::account::StandingView;
use crate::account::decision::{Decision, Explanation, Step};
use crate::account::granting::is_cause;
use crate::account::holdings::EntryKind;
use crate::account::opening;
use crate::account::reviewing::gifts;

/// The facts of one sentence, by the names it knows them by.
pub(super) type Facts<'a> = Vec<(&'a str, String)>;

/// Why an entry has the points it has.
pub(super) fn of_entry(told: &Explanation) -> (DecisionReason, Facts<'_>) {
    let mut facts = written(&told.grounds);
    // The sentence tells the direction.
    facts.push(("points", told.points.unsigned_abs().to_string()));
    if let Some((reason, why)) = of_given(told) {
        facts.push(("why", why));
        return (reason, facts);
    }
    let reason = match told.kind {
        EntryKind::Earn if by_rules(&told.grounds) => {
            let (rules, others): (Vec<&Step>, Vec<&Step>) = told.grounds.steps.iter().partition(|step| is_rule(step));
            let sum = |steps: &[&Step]| steps.iter().fold(0_i64, |sum, step| sum.saturating_add(step.contribution));
            let applied = rules.iter().filter(|step| step.contribution > 0).map(|step| step.name.as_str());
            facts.push(("base", sum(&others).to_string()));
            facts.push(("extra", sum(&rules).to_string()));
            facts.push(("rules", applied.collect::<Vec<_>>().join(", ")));
            DecisionReason::EarnByRules
        }
        EntryKind::Earn => match told.grounds.steps.as_slice() {
            [base, tier, ..] if !is_rule(tier) => {
                facts.push(("base", base.contribution.to_string()));
                facts.push(("tier", tier.name.clone()));
                facts.push(("extra", format!("{:+}", tier.contribution)));
                DecisionReason::EarnMultiplied
            }
            [] | [_] | [_, ..] => DecisionReason::Earn,
        },
        EntryKind::EarnReversal => DecisionReason::EarnReversal,
        EntryKind::Redemption => DecisionReason::Redemption,
        EntryKind::RedemptionReversal => match told.grounds.steps.iter().find(|step| step.name == "grace") {
            Some(grace) => {
                facts.push(("late", grace.contribution.to_string()));
                DecisionReason::RedemptionReversalLate
            }
            None => DecisionReason::RedemptionReversal,
        },
        EntryKind::Lapse => DecisionReason::Lapse,
        EntryKind::TransferOut | EntryKind::TransferIn => {
            let undone = told.grounds.steps.iter().any(|step| step.name == "taken back");
            facts.push(("why", reason_of(told, if undone { "taken back" } else { "passed on" })));
            match (told.kind == EntryKind::TransferOut, undone) {
                (true, false) => DecisionReason::TransferOut,
                (true, true) => DecisionReason::TransferReversedOut,
                (false, false) => DecisionReason::TransferIn,
                (false, true) => DecisionReason::TransferReversedIn,
            }
        }
        EntryKind::Adjustment => {
            facts.push(("why", told.cause.clone()));
            if told.points < 0 { DecisionReason::TakenByHand } else { DecisionReason::AddedByHand }
        }
    };
    (reason, facts)
}

/// What was given for what is no order, or taken back, and why; none of other entries.
fn of_given(told: &Explanation) -> Option<(DecisionReason, String)> {
    match told.kind {
        EntryKind::Earn if OccasionId::parse(&told.cause).is_ok() => {
            let applied = told.grounds.steps.iter().filter(|step| step.detail.starts_with("applied"));
            let named: Vec<&str> = applied.map(|step| step.name.as_str()).collect();
            Some((DecisionReason::Occasion, named.join(", ")))
        }
        EntryKind::Earn if is_cause(&told.cause) || gifts::is_cause(&told.cause) => {
            Some((DecisionReason::Grant, reason_of(told, "granted")))
        }
        EntryKind::Earn if opening::is_cause(&told.cause) => {
            Some((DecisionReason::Opening, reason_of(told, "brought along")))
        }
        EntryKind::EarnReversal if opening::is_cause(&told.cause) => {
            Some((DecisionReason::OpeningOwed, reason_of(told, "owed")))
        }
        EntryKind::EarnReversal if told.grounds.steps.iter().any(|step| step.name == "revoked") => {
            Some((DecisionReason::GrantRevoked, reason_of(told, "revoked")))
        }
        EntryKind::Earn
        | EntryKind::EarnReversal
        | EntryKind::Redemption
        | EntryKind::RedemptionReversal
        | EntryKind::Lapse
        | EntryKind::TransferOut
        | EntryKind::TransferIn
        | EntryKind::Adjustment => None,
    }
}

/// A step of an earn rule names it; those of the base rate and the tier do not.
fn is_rule(step: &Step) -> bool {
    step.figures.iter().any(|(name, _)| name == "rule")
}

/// Whether some rule gave something: those that did not are told in the steps alone.
fn by_rules(grounds: &Decision) -> bool {
    grounds.steps.iter().any(|step| is_rule(step) && step.contribution > 0)
}

/// What was said when points were given or taken back.
fn reason_of(told: &Explanation, step: &str) -> String {
    told.grounds.steps.iter().find(|known| known.name == step).map(|known| known.detail.clone()).unwrap_or_default()
}

/// Why a member has the tier they have.
pub(super) fn of_tier(standing: &StandingView) -> (DecisionReason, Facts<'static>) {
    let tier = ("tier", standing.display_name.clone());
    match &standing.next {
        Some(next) => (DecisionReason::TierHeld, vec![tier, ("next", next.display_name.clone())]),
        None => (DecisionReason::TierHighest, vec![tier]),
    }
}

fn written(grounds: &Decision) -> Facts<'_> {
    // What the sentence knows by another meaning is told by it alone: a tier's code is no name for people.
    let plain = grounds.facts.iter().filter(|(name, _)| name != "tier");
    plain.map(|(name, value)| (name.as_str(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use wire::Language;
    use wire::messages::localized;

    use super::*;
    use crate::account::standing::NextTier;

    fn told(kind: EntryKind, points: i64, grounds: Decision) -> Explanation {
        Explanation { kind, points, cause: "long wait".to_owned(), grounds }
    }

    fn reads((reason, facts): (DecisionReason, Facts<'_>), language: Language) -> String {
        localized(reason.as_str_name(), language, facts).expect("it has a sentence").message
    }

    fn empty() -> Decision {
        Decision::new("", 7, "2026-11-12T03:00:00Z".parse().expect("an instant"))
    }

    /// One of each sort, and what it reads in English.
    fn sorts() -> Vec<(Explanation, &'static str)> {
        let plain = empty().fact("tier", "gold").step("base", "", 59);
        let spent = empty().fact("spendable", 50).fact("asked", 20);
        vec![
            (told(EntryKind::Earn, 59, plain), "The order earned 59 points."),
            (
                told(EntryKind::Earn, 59, empty().fact("tier", "gold").step("base", "", 39).step("Gold", "x 1.5", 20)),
                "The order earned 59 points: 39 for its amount, +20 as Gold.",
            ),
            (
                told(
                    EntryKind::Earn,
                    89,
                    empty()
                        .step("base", "", 39)
                        .step("Gold", "x 1.5", 20)
                        .step("App days", "", 30)
                        .figure("rule", "app"),
                ),
                "The order earned 89 points: 59 for its amount, 30 more by App days.",
            ),
            (
                told(EntryKind::Earn, 39, empty().step("base", "", 39).step("App days", "", 0).figure("rule", "app")),
                "The order earned 39 points.",
            ),
            (
                told(EntryKind::EarnReversal, -20, empty().fact("order_earned", 59)),
                "Of the 59 points the order had earned, 20 were taken back.",
            ),
            (told(EntryKind::Redemption, -20, spent.clone()), "20 of 50 points spent, those nearest to lapsing first."),
            (told(EntryKind::RedemptionReversal, 20, empty().step("back", "", 20)), "20 spent points given back."),
            (
                told(EntryKind::RedemptionReversal, 20, empty().step("back", "", 15).step("grace", "", 5)),
                "20 spent points given back; 5 of them had lapsed meanwhile and are good for a while longer.",
            ),
            (
                Explanation {
                    cause: "referral_01h455vb4pex5vsknk084sn02q".to_owned(),
                    ..told(EntryKind::Earn, 20, empty().step("granted", "a friend came", 20))
                },
                "20 points given: a friend came.",
            ),
            (
                told(EntryKind::EarnReversal, -20, empty().step("revoked", "the friend left", -20)),
                "20 given points taken back: the friend left.",
            ),
            (
                Explanation {
                    cause: "occasion_01h455vb4pex5vsknk084sn02q".to_owned(),
                    ..told(
                        EntryKind::Earn,
                        20,
                        empty().step("Review", "applied", 20).step("In the app", "its condition does not hold", 0),
                    )
                },
                "Other than by an order: 20 points for Review.",
            ),
            (
                Explanation {
                    cause: "tier/gold/3".to_owned(),
                    ..told(EntryKind::Earn, 20, empty().step("granted", "Gold", 20))
                },
                "20 points given: Gold.",
            ),
            (
                Explanation {
                    cause: "opening/L-1".to_owned(),
                    ..told(EntryKind::Earn, 20, empty().step("brought along", "old card", 20))
                },
                "20 points brought along: old card.",
            ),
            (
                Explanation {
                    cause: "opening/L-2".to_owned(),
                    ..told(EntryKind::EarnReversal, -20, empty().step("owed", "old card", -20))
                },
                "20 points that were owed brought along: old card.",
            ),
            (
                told(
                    EntryKind::TransferOut,
                    -21,
                    empty().fact("fee", 1).step("passed on", "for your birthday", -20).step("fee", "", -1),
                ),
                "21 points passed on to another member, 1 of them as the fee: for your birthday.",
            ),
            (
                told(EntryKind::TransferIn, 20, empty().step("passed on", "for your birthday", 20)),
                "20 points came from another member: for your birthday.",
            ),
            (
                told(EntryKind::TransferOut, -20, empty().step("taken back", "by mistake", -20)),
                "A transfer was taken back; 20 points went back to who had given them: by mistake.",
            ),
            (
                told(EntryKind::TransferIn, 20, empty().step("taken back", "by mistake", 20)),
                "A transfer was taken back; 20 points returned: by mistake.",
            ),
            (told(EntryKind::Lapse, -20, empty()), "20 points lapsed: they were not spent by their last day."),
            (told(EntryKind::Adjustment, 20, empty()), "20 points added by hand: long wait."),
            (told(EntryKind::Adjustment, -20, spent), "20 of 50 points taken by hand: long wait."),
        ]
    }

    #[test]
    fn every_sort_of_entry_is_told_with_all_its_facts() {
        for (told, english) in sorts() {
            assert_eq!(reads(of_entry(&told), Language::En), english);
            for language in Language::ALL {
                let text = reads(of_entry(&told), language);
                assert!(text.contains(&told.points.unsigned_abs().to_string()), "{text}");
            }
        }
    }

    #[test]
    fn a_tier_is_told_by_its_name() {
        let mut standing = StandingView {
            tier: "gold".to_owned(),
            display_name: "Gold".to_owned(),
            since: "2026-11-12T03:00:00Z".parse().expect("an instant"),
            review_at: None,
            progress_minor: 0,
            missing_to_keep_minor: 0,
            next: Some(NextTier {
                tier: "jade".to_owned(),
                display_name: "Jade".to_owned(),
                missing_minor: 1,
                by: None,
            }),
            currency: kernel::Currency::parse("TWD").ok(),
            ladder: "main".to_owned(),
            metric: crate::programme::terms::Metric::Spend,
            benefits: Vec::new(),
            carried_minor: 0,
            keep_by: None,
            in_grace: false,
            assigned: None,
        };
        assert_eq!(reads(of_tier(&standing), Language::ZhTw), "目前等級為 Gold,期間內須再消費才能升上 Jade。");
        standing.next = None;
        assert_eq!(reads(of_tier(&standing), Language::ZhCn), "目前等级为 Gold,已是最高等级。");
    }

    #[test]
    fn no_reason_is_never_sent() {
        let mut sent: Vec<i32> = sorts().iter().map(|(told, _)| of_entry(told).0.into()).collect();
        sent.extend([i32::from(DecisionReason::TierHeld), i32::from(DecisionReason::TierHighest)]);
        sent.sort_unstable();
        sent.dedup();
        let known = (1..).map_while(|number| DecisionReason::try_from(number).ok());
        let others = ["GROUP_", "LIFECYCLE_", "ENTITLEMENT_", "REFERRAL_"];
        let is_ours = |reason: &DecisionReason| {
            let name = reason.as_str_name().trim_start_matches("DECISION_REASON_");
            !others.iter().any(|other| name.starts_with(other))
        };
        let ours: Vec<i32> = known.filter(is_ours).map(i32::from).collect();
        assert_eq!(sent, ours, "each reason of points and tiers is some decision's");
    }
}
