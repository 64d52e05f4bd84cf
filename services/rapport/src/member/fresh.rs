//! How fresh the parts of a portrait are.

use proto::portrait::v1::{PartFreshness, PartLag, PartState, Portrait};
use serde_json::{Map, Value, json};

use super::portrait::shown;
use crate::table::Tone;
use crate::words;

/// What a part is called by a program, and by a person.
type Named<'a> = (&'static str, &'static str, Option<&'a PartFreshness>);

fn parts(whole: &Portrait) -> [Named<'_>; 6] {
    let account = whole.account.as_ref().and_then(|part| part.freshness.as_ref());
    let insight = whole.insight.as_ref().and_then(|part| part.freshness.as_ref());
    let orders = whole.orders.as_ref().and_then(|part| part.freshness.as_ref());
    let referrals = whole.referrals.as_ref().and_then(|part| part.freshness.as_ref());
    let subscriptions = whole.subscriptions.as_ref().and_then(|part| part.freshness.as_ref());
    [
        ("member", "the record", whole.member_freshness.as_ref()),
        ("account", "points and tier", account),
        ("insight", "group and lifecycle", insight),
        ("orders", "orders", orders),
        ("referrals", "referrals", referrals),
        ("subscriptions", "subscriptions", subscriptions),
    ]
}

/// A line for each part that is not as fresh as it should be, and one for the rest.
pub(super) fn told(whole: &Portrait) -> Vec<String> {
    let known = || parts(whole).into_iter().filter_map(|(_, name, freshness)| Some((name, freshness?)));
    let mut lines: Vec<String> = known().filter_map(|(name, freshness)| trouble(name, freshness)).collect();
    let rest = if lines.is_empty() { "no part" } else { "no other part" };
    let fresh = known().filter(|(_, freshness)| freshness.state() == PartState::Fresh);
    let lags: Option<Vec<i64>> = fresh.flat_map(|(_, freshness)| &freshness.lags).map(millis).collect();
    // Where one is not known there is no limit to tell.
    if let Some(most) = lags.and_then(|lags| lags.into_iter().max()) {
        // Rounded up: it is a limit.
        let most = words::counted(most.saturating_add(999) / 1_000, "second", "seconds");
        lines.push(Tone::Faint.of(&format!("{rest} is more than {most} behind the services it hears")));
    }
    lines
}

fn millis(lag: &PartLag) -> Option<i64> {
    lag.at_most
        .as_ref()
        .map(|most| most.seconds.saturating_mul(1_000).saturating_add(i64::from(most.nanos) / 1_000_000))
}

fn trouble(what: &str, freshness: &PartFreshness) -> Option<String> {
    let trouble = match freshness.state() {
        PartState::Fresh | PartState::Unspecified => return None,
        PartState::Stale => format!("{what} may be old: {}", freshness.trouble),
        PartState::Unavailable => format!("{what} cannot be shown: {}", freshness.trouble),
    };
    Some(Tone::Bad.of(&trouble))
}

/// For a program.
pub(super) fn as_json(whole: &Portrait) -> Value {
    let each = parts(whole).into_iter().filter_map(|(name, _, freshness)| Some((name.to_owned(), part(freshness?))));
    Value::Object(each.collect())
}

fn part(freshness: &PartFreshness) -> Value {
    let lags: Map<String, Value> = freshness.lags.iter().map(|lag| (lag.source.clone(), json!(millis(lag)))).collect();
    json!({
        "state": freshness.state().as_str_name().trim_start_matches("PART_STATE_").to_lowercase(),
        "read": shown(freshness.read_time.as_ref()), "trouble": freshness.trouble, "behind_ms": lags,
    })
}
