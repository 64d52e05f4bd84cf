//! `rapport reconcile`: whether what is booked is what activity told of orders and returns; every difference by name.

use std::collections::BTreeMap;

use clap::Args;
use proto::loyalty::v1::{LedgerSum, Mismatch, MismatchKind, ReconcileRequest};
use serde_json::{Value, json};

use crate::client::{CliError, Reach, long_call};
use crate::progress::Progress;
use crate::say::{aside, say, say_all};
use crate::table::{Side, Table};
use crate::words::{self, Words};

/// What `rapport reconcile` is told.
#[derive(Args, Clone, Debug)]
pub struct Ask {
    /// Parts to pass over, because they were told before
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "PARTS")]
    skip: i32,
    #[command(flatten)]
    reach: Reach,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    named: Vec<Mismatch>,
    mismatched: i64,
    matched: i64,
    activity: BTreeMap<String, LedgerSum>,
    loyalty: BTreeMap<String, LedgerSum>,
}

/// Compares.
///
/// # Errors
/// The suite refuses or does not answer, or something differs.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let words = suite.words().await?;
    let mut told = suite.planning().reconcile(long_call(ReconcileRequest { skip: ask.skip })).await?.into_inner();
    let (mut found, mut progress, mut last) = (Found::default(), None::<Progress>, (ask.skip, None));
    loop {
        let part = match told.message().await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(status) => {
                aside(format!("  broken off after part {}: go on with --skip {}", last.0, last.0));
                return Err(status.into());
            }
        };
        let all = u64::try_from(part.parts.saturating_sub(ask.skip)).unwrap_or_default();
        progress.get_or_insert_with(|| Progress::new("reconcile", "parts", all)).add(1);
        last = (part.part, Some(part.parts));
        found.mismatched = found.mismatched.saturating_add(part.mismatched);
        found.matched = found.matched.saturating_add(part.matched);
        found.named.extend(part.mismatches);
        add(&mut found.activity, part.activity);
        add(&mut found.loyalty, part.loyalty);
    }
    progress.iter().for_each(|progress| {
        progress.finish();
    });
    if last.1.is_some_and(|all| all != last.0) {
        return Err(CliError::Away(format!("broken off after part {}: go on with --skip {}", last.0, last.0)));
    }
    if ask.reach.json {
        say!("{}", as_json(&found));
    } else {
        say_all!("{}", described(&found, &words));
    }
    match found.mismatched {
        0 => Ok(()),
        many => {
            Err(CliError::Differs(words::counted(many, "order is", "orders are") + " not booked as activity tells"))
        }
    }
}

fn add(sums: &mut BTreeMap<String, LedgerSum>, more: Vec<LedgerSum>) {
    for one in more {
        let sum = sums.entry(one.currency_code.clone()).or_default();
        sum.orders = sum.orders.saturating_add(one.orders);
        sum.net_minor = sum.net_minor.saturating_add(one.net_minor);
        sum.returned_minor = sum.returned_minor.saturating_add(one.returned_minor);
    }
}

fn described(found: &Found, words: &Words) -> String {
    let mut text = String::new();
    if !found.named.is_empty() {
        let mut table = Table::new(&[Side::Left, Side::Left, Side::Left, Side::Right, Side::Right]);
        table.heading(["order", "member", "", "activity", "loyalty"]);
        for one in &found.named {
            let money = |minor| words.money(minor, &one.currency_code);
            let (told, booked) = match one.kind() {
                MismatchKind::NotBooked => (money(one.activity_minor), "-".to_owned()),
                MismatchKind::UnknownToActivity => ("-".to_owned(), money(one.loyalty_minor)),
                MismatchKind::Moment => (String::new(), String::new()),
                MismatchKind::Amount | MismatchKind::Currency | MismatchKind::Return | MismatchKind::Unspecified => {
                    (money(one.activity_minor), money(one.loyalty_minor))
                }
            };
            table.row([one.order.clone(), one.member.clone(), in_words(one.kind()).to_owned(), told, booked]);
        }
        text.push_str(&format!("{table}\n"));
    }
    let mut table = Table::new(&[Side::Left, Side::Right, Side::Right, Side::Right]);
    table.heading(["", "orders", "bought", "came back"]);
    for (who, sums) in [("activity", &found.activity), ("loyalty", &found.loyalty)] {
        for (currency, sum) in sums {
            let money = |minor| words.money(minor, currency);
            table.row([who.to_owned(), words::count(sum.orders), money(sum.net_minor), money(sum.returned_minor)]);
        }
    }
    let left = found.mismatched.saturating_sub(i64::try_from(found.named.len()).unwrap_or(i64::MAX));
    let unnamed = if left > 0 { format!(", {} of them not named here", words::count(left)) } else { String::new() };
    let verdict = match found.mismatched {
        0 => "reconciled".to_owned(),
        many => format!("{}{unnamed}", words::counted(many, "differs", "differ")),
    };
    format!("{text}{table}  {} the same · {verdict}\n", words::counted(found.matched, "order", "orders"))
}

const fn in_words(kind: MismatchKind) -> &'static str {
    match kind {
        MismatchKind::NotBooked => "not booked",
        MismatchKind::UnknownToActivity => "unknown to activity",
        MismatchKind::Amount => "another amount",
        MismatchKind::Currency => "another currency",
        MismatchKind::Return => "what came back",
        MismatchKind::Moment => "another moment",
        MismatchKind::Unspecified => "differs",
    }
}

fn as_json(found: &Found) -> Value {
    let sums = |sums: &BTreeMap<String, LedgerSum>| {
        let sum = |(currency, sum): (&String, &LedgerSum)| {
            json!({
                "currency": currency, "orders": sum.orders, "net_minor": sum.net_minor,
                "returned_minor": sum.returned_minor,
            })
        };
        sums.iter().map(sum).collect::<Vec<_>>()
    };
    json!({
        "matched": found.matched,
        "mismatched": found.mismatched,
        "activity": sums(&found.activity),
        "loyalty": sums(&found.loyalty),
        "mismatches": found.named.iter().map(|one| json!({
            "kind": one.kind().as_str_name().trim_start_matches("MISMATCH_KIND_"),
            "member": one.member,
            "order": one.order,
            "activity_minor": one.activity_minor,
            "loyalty_minor": one.loyalty_minor,
            "currency": one.currency_code,
        })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named_and_the_sums_stand_below() {
        let words = Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0);
        let sum = |orders, net_minor, returned_minor| {
            vec![LedgerSum { currency_code: "TWD".to_owned(), orders, net_minor, returned_minor }]
        };
        let mut found = Found { matched: 1, mismatched: 1, ..Found::default() };
        add(&mut found.activity, sum(1, 500, 0));
        add(&mut found.activity, sum(1, 1_480, 80));
        add(&mut found.loyalty, sum(1, 500, 0));
        found.named.push(Mismatch {
            kind: MismatchKind::NotBooked.into(),
            member: "member_1".to_owned(),
            order: "order_1".to_owned(),
            activity_minor: 1_480,
            loyalty_minor: 0,
            currency_code: "TWD".to_owned(),
        });
        let text = described(&found, &words);
        assert!(text.contains("order_1  member_1  not booked  NT$ 1,480        -"), "{text}");
        assert!(text.contains("activity       2  NT$ 1,980     NT$ 80"), "{text}");
        assert!(text.ends_with("  1 order the same · 1 differs\n"), "{text}");
    }
}
