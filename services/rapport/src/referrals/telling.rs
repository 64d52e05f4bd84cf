//! Referrals as a person or a program reads them.

use proto::common::v1::{Decision, Fact};
use proto::referrals::v1::{AttributeResponse, AttributionPoint, GetOverviewResponse, Move, Referral, ReferralState};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::Promise;
use super::at;
use crate::explain;
use crate::member::shown;
use crate::table::{Side, Table, Tone};
use crate::words::{self, Words};

/// What a referral's state is called.
pub(crate) const fn state(state: ReferralState) -> &'static str {
    match state {
        ReferralState::Attributed => "not bought yet",
        ReferralState::Qualified => "qualified",
        ReferralState::Held => "held",
        ReferralState::Approved => "approved",
        ReferralState::Rewarded => "rewarded",
        ReferralState::Flagged => "to be looked at",
        ReferralState::Rejected => "rejected",
        ReferralState::Reversed => "reversed",
        ReferralState::Unspecified => "unknown",
    }
}

const fn point(point: AttributionPoint) -> &'static str {
    match point {
        AttributionPoint::Enrolment => "at enrolment",
        AttributionPoint::Checkout => "at checkout",
        AttributionPoint::Unspecified => "",
    }
}

/// The decision's sentence; nothing where it has none.
fn sentence(decision: &Decision) -> String {
    decision.message.as_ref().map_or_else(String::new, |told| told.message.clone())
}

pub(super) fn promise(terms: &Promise, words: &Words) -> String {
    let mut text = format!("terms of referral version {}", terms.version.unwrap_or(0));
    if let Some(from) = terms.effective_time {
        text.push_str(&format!(", since {}", words.time(from)));
    }
    let (inviter, invitee) = (terms.inviter_points, terms.invitee_points);
    let mut lines = vec![format!(
        "{} for who invites, {} for who is invited",
        words::counted(inviter, "point", "points"),
        words::count(invitee)
    )];
    if let Some(least) = terms.least_order_minor {
        lines.push(format!("for a first order of {} or more", words.money(least, &terms.currency)));
    }
    if let Some(days) = terms.hold_days.max(terms.return_window_days) {
        lines.push(format!("given {} after it", words::counted(days, "day", "days")));
    }
    if let Some(days) = terms.touch_days {
        lines.push(format!("a followed link counts for {}", words::counted(days, "day", "days")));
    }
    match terms.checkout_hours {
        Some(0) => lines.push("an order named at checkout counts only if bought since".to_owned()),
        Some(hours) => {
            let hours = words::counted(hours, "hour", "hours");
            lines.push(format!("an order named at checkout counts if bought at most {hours} before"));
        }
        None => {}
    }
    if terms.most_per_inviter > 0 {
        let within = match terms.per_days {
            0 => "ever".to_owned(),
            days => format!("in {}", words::counted(days, "day", "days")),
        };
        lines.push(format!("{} of one inviter at most {within}", words::count(terms.most_per_inviter)));
    }
    if terms.only_new_members == Some(true) {
        lines.push("only for who never bought before".to_owned());
    }
    if terms.enrolled_at_most_days > 0 {
        let days = words::counted(terms.enrolled_at_most_days, "day", "days");
        lines.push(format!("only for who joined at most {days} before"));
    }
    if terms.flag_per_hour > 0 {
        let many = words::count(terms.flag_per_hour);
        lines.push(format!("more than {many} of one code within an hour wait for a person"));
    }
    text.push('\n');
    lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    text
}

pub(super) fn attributed(done: &AttributeResponse, dry_run: bool) -> String {
    let why = done.decision.as_ref().map_or_else(String::new, sentence);
    if dry_run {
        return format!("would come by {}: {why}\n", done.inviter);
    }
    format!("came by {} · {}: {why}\n", done.inviter, state(done.state()))
        + &format!("  why: rapport referrals show {}\n", done.referral)
}

pub(super) fn attributed_json(done: &AttributeResponse) -> Value {
    json!({
        "referral": done.referral, "inviter": done.inviter, "state": state(done.state()), "freshness": done.freshness,
        "decision": done.decision.as_ref().map(explain::decision_json),
    })
}

pub(super) fn life(referral: &Referral, moves: &[Move], decision: &Decision, words: &Words) -> String {
    let mut text = format!(
        "{} · {}\n{}\n",
        Tone::Strong.of(state(referral.state())),
        sentence(decision),
        [
            format!("  {} invited {}", referral.inviter, referral.invitee),
            format!("by code {} {}", referral.code, point(referral.point())),
            format!("under terms {}", referral.terms_version),
        ]
        .join(" · ")
    );
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Left, Side::Left]);
    for step in moves {
        let evidence = evidence(&step.evidence, words);
        let why = step.reason.to_lowercase().replace('_', " ");
        table.row([at(step.occur_time.as_ref(), words), state(step.to_state()).to_owned(), why, evidence]);
    }
    text.push_str(&table.to_string());
    if let Some(flip) = &decision.nearest_flip {
        let change = match flip.fact.as_str() {
            "best_net_minor" => format!("an order of {} more than the best so far", {
                let currency = decision.facts.iter().find(|fact| fact.name == "currency");
                words.money(flip.change, currency.map_or("", |fact| fact.value.as_str()))
            }),
            fact => format!("{} by {}", fact.replace('_', " "), words::count(flip.change)),
        };
        text.push_str(&format!("  nearest flip  {change}\n"));
    }
    text
}

/// What a move rests on, in a line: amounts and instants as the tenant writes them.
fn evidence(facts: &[Fact], words: &Words) -> String {
    let currency = facts.iter().find(|fact| fact.name == "currency").map_or("", |fact| fact.value.as_str());
    let told = facts.iter().filter(|fact| fact.name != "currency").map(|fact| {
        let name = fact.name.trim_end_matches("_minor").trim_end_matches("_time").replace('_', " ");
        let value = match fact.value.parse::<i64>() {
            Ok(minor) if fact.name.ends_with("_minor") => words.money(minor, currency),
            Ok(number) => words::count(number),
            Err(_) => fact.value.parse().map_or_else(|_| fact.value.clone(), |moment| words.time(moment)),
        };
        format!("{name} {value}")
    });
    told.collect::<Vec<_>>().join(", ")
}

pub(super) fn life_json(referral: &Referral, moves: &[Move], decision: &Decision) -> Value {
    let steps = moves.iter().map(|step| {
        json!({
            "number": step.number, "state": state(step.to_state()), "reason": step.reason,
            "occurred": shown(step.occur_time.as_ref()), "recorded": shown(step.record_time.as_ref()),
            "evidence": step.evidence.iter().map(|fact| json!({ "name": fact.name, "value": fact.value })).collect::<Vec<_>>(),
        })
    });
    let mut told = referral_json(referral);
    told["moves"] = steps.collect();
    told["decision"] = explain::decision_json(decision);
    told
}

pub(super) fn referral_json(referral: &Referral) -> Value {
    json!({
        "referral": referral.id, "inviter": referral.inviter, "invitee": referral.invitee, "code": referral.code,
        "state": state(referral.state()), "since": shown(referral.state_time.as_ref()), "order": referral.order,
        "hold_end": shown(referral.hold_end_time.as_ref()), "inviter_points": referral.inviter_points,
        "invitee_points": referral.invitee_points, "terms_version": referral.terms_version,
    })
}

pub(super) fn invitations(referrals: &[Referral], words: &Words) -> Table {
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Left, Side::Right, Side::Left]);
    if !referrals.is_empty() {
        table.heading(["invited", "stands at", "since", "points", "referral"]);
    }
    for one in referrals {
        table.row([
            one.invitee.clone(),
            state(one.state()).to_owned(),
            at(one.state_time.as_ref(), words),
            words::count(one.inviter_points),
            one.id.clone(),
        ]);
    }
    table
}

pub(super) fn overview(sums: &GetOverviewResponse) -> String {
    let mut table = Table::new(&[Side::Left, Side::Right]);
    for one in sums.states.iter().filter(|one| one.referrals > 0) {
        table.row([state(one.state()).to_owned(), words::count(one.referrals)]);
    }
    if table.is_empty() {
        return "  nobody was invited yet\n".to_owned();
    }
    table.toned(Tone::Strong, ["referrals".to_owned(), words::count(sums.referrals)]);
    table.row(["points to inviters".to_owned(), words::count(sums.inviter_points)]);
    table.row(["points to invitees".to_owned(), words::count(sums.invitee_points)]);
    if let Ok(rate) = sums.rewarded_rate.parse::<Decimal>() {
        table.row(["rewarded of all".to_owned(), format!("{} %", words::exact(rate * Decimal::ONE_HUNDRED, 1))]);
    }
    table.to_string()
}

pub(super) fn overview_json(sums: &GetOverviewResponse) -> Value {
    let states = sums.states.iter().map(|one| (state(one.state()).to_owned(), json!(one.referrals)));
    json!({
        "states": states.collect::<serde_json::Map<String, Value>>(), "referrals": sums.referrals,
        "inviter_points": sums.inviter_points, "invitee_points": sums.invitee_points, "rewarded_rate": sums.rewarded_rate,
    })
}

#[cfg(test)]
mod tests {
    use proto::common::v1::{LocalizedMessage, NearestFlip};
    use proto::referrals::v1::StateCount;

    use super::*;

    fn words() -> Words {
        Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0)
    }

    #[test]
    fn a_life_is_told_with_its_evidence_and_what_is_missing() {
        let moment = Some(proto::timestamp("2026-11-12T03:00:00Z".parse().expect("an instant")));
        let referral = Referral {
            inviter: "member_a".to_owned(),
            invitee: "member_b".to_owned(),
            code: "K7M2".to_owned(),
            state: ReferralState::Attributed.into(),
            point: AttributionPoint::Enrolment.into(),
            terms_version: 3,
            ..Referral::default()
        };
        let fact = |name: &str, value: &str| Fact { name: name.to_owned(), value: value.to_owned() };
        let begun = Move {
            to_state: ReferralState::Attributed.into(),
            reason: "CODE".to_owned(),
            evidence: vec![
                fact("code", "K7M2"),
                fact("touch_time", "2026-11-12T02:00:00.25Z"),
                fact("least_order_minor", "500"),
                fact("currency", "TWD"),
            ],
            occur_time: moment,
            ..Move::default()
        };
        let message = LocalizedMessage { locale: "en".to_owned(), message: "An order is to come.".to_owned() };
        let flip = NearestFlip { fact: "best_net_minor".to_owned(), change: 500, outcome: "HELD".to_owned() };
        let decision = Decision {
            facts: vec![fact("currency", "TWD")],
            nearest_flip: Some(flip),
            message: Some(message),
            ..Decision::default()
        };
        let expected = "not bought yet · An order is to come.\n\
            \x20 member_a invited member_b · by code K7M2 at enrolment · under terms 3\n\
            \x20 2026-11-12 11:00  not bought yet  code  code K7M2, touch 2026-11-12 10:00, least order NT$ 500\n\
            \x20 nearest flip  an order of NT$ 500 more than the best so far\n";
        assert_eq!(life(&referral, &[begun], &decision, &words()), expected);
    }

    #[test]
    fn terms_are_read_out() {
        let text = r#"{"version":2,"effective_time":"2026-01-01T00:00:00Z","currency":"TWD","least_order_minor":500,
            "inviter_points":100,"invitee_points":50,"hold_days":14,"return_window_days":7,"touch_days":30,
            "checkout_hours":48,"most_per_inviter":10,"per_days":365}"#;
        let terms: Promise = serde_json::from_str(text).expect("it reads");
        let expected = "terms of referral version 2, since 2026-01-01 08:00\n\
            \x20 100 points for who invites, 50 for who is invited\n\
            \x20 for a first order of NT$ 500 or more\n\
            \x20 given 14 days after it\n\
            \x20 a followed link counts for 30 days\n\
            \x20 an order named at checkout counts if bought at most 48 hours before\n\
            \x20 10 of one inviter at most in 365 days\n";
        assert_eq!(promise(&terms, &words()), expected);
        let none = promise(&Promise { checkout_hours: Some(0), ..terms.clone() }, &words());
        assert!(none.contains("  an order named at checkout counts only if bought since\n"), "{none}");
        let unsaid = promise(&Promise { checkout_hours: None, ..terms }, &words());
        assert!(!unsaid.contains("checkout"), "{unsaid}");
    }

    #[test]
    fn sums_leave_out_what_nobody_is_in() {
        let count = |state: ReferralState, referrals| StateCount { state: state.into(), referrals };
        let sums = GetOverviewResponse {
            states: vec![count(ReferralState::Held, 3), count(ReferralState::Flagged, 0)],
            referrals: 3,
            rewarded_rate: "0.2500".to_owned(),
            ..GetOverviewResponse::default()
        };
        let told = overview(&sums);
        assert!(told.contains("held") && !told.contains("to be looked at"), "{told}");
        assert!(told.contains("25.0 %"), "{told}");
        assert_eq!(overview(&GetOverviewResponse::default()), "  nobody was invited yet\n");
    }
}
