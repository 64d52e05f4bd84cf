//! `rapport points`: spent, held back, given back, changed by hand, quoted, and listed.

mod holds;
mod quote;
mod transfers;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use proto::common::v1::Decision;
use proto::loyalty::v1::{
    AdjustPointsRequest, Entry, EntryKind, GetBalanceRequest, ListEntriesRequest, RedeemPointsRequest,
    ReverseRedemptionRequest,
};
use serde_json::{Value, json};

use crate::client::{Call, CliError, Reach, Suite};
use crate::explain;
use crate::member::{Who, account, account_json, instant, now, points, shown, standing};
use crate::say::{say, say_all};
use crate::table::{Side, Table};
use crate::words::{self, Words};

/// What `rapport points` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Spends points; those nearest to lapsing go first
    Redeem(Redeem),
    /// Gives spent points back
    Reverse(Reverse),
    /// Holds points back for something that is yet to be paid
    Hold(holds::Hold),
    /// Spends held points, all or some
    Capture(holds::Capture),
    /// Lets held points go
    Release(holds::Release),
    /// Passes points on to another member
    Transfer(Box<transfers::Transfer>),
    /// Takes back what was passed on, as far as it is still there
    TakeBack(transfers::TakeBack),
    /// Adds or takes points by hand
    Adjust(Adjust),
    /// Says what an order would earn, were it bought now
    Quote(quote::Quote),
    /// Lists what happened to a member's points, newest first
    Entries(Entries),
    /// Shows a member's points and tier, now or at a past moment
    Balance(Balance),
}

/// What `rapport points redeem` is told.
#[derive(Args, Clone, Debug)]
pub struct Redeem {
    #[command(flatten)]
    who: Who,
    /// How many
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    points: i64,
    /// What they are spent on; the member reads it
    #[arg(long = "for", default_value = "redeemed at the till", value_name = "TEXT")]
    spent_on: String,
    /// Decide, and spend nothing
    #[arg(long)]
    dry_run: bool,
    /// Tell why, too
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport points reverse` is told.
#[derive(Args, Clone, Debug)]
pub struct Reverse {
    #[command(flatten)]
    who: Who,
    /// The entry in which they were spent, entry_…
    #[arg(long, value_name = "ID")]
    entry: String,
    /// Tell why, too
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport points adjust` is told.
#[derive(Args, Clone, Debug)]
pub struct Adjust {
    #[command(flatten)]
    who: Who,
    /// How many; negative to take
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    points: i64,
    /// Why; the member reads it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Tell why, too
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport points entries` is told.
#[derive(Args, Clone, Debug)]
pub struct Entries {
    #[command(flatten)]
    who: Who,
    /// How many
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=1_000))]
    last: i32,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport points balance` is told.
#[derive(Args, Clone, Debug)]
pub struct Balance {
    #[command(flatten)]
    who: Who,
    /// What was known at this instant
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<Timestamp>,
    /// What was true at this instant, as known now
    #[arg(long, value_name = "INSTANT")]
    as_of_occurred: Option<Timestamp>,
    #[command(flatten)]
    reach: Reach,
}

/// Spends, gives back, changes or lists.
///
/// # Errors
/// The suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Redeem(ask) => redeem(ask).await,
        Ask::Reverse(ask) => reverse(ask).await,
        Ask::Hold(ask) => holds::hold(ask).await,
        Ask::Capture(ask) => holds::capture(ask).await,
        Ask::Release(ask) => holds::release(ask).await,
        Ask::Transfer(ask) => transfers::transfer(*ask).await,
        Ask::TakeBack(ask) => transfers::take_back(ask).await,
        Ask::Adjust(ask) => adjust(ask).await,
        Ask::Quote(ask) => quote::quote(ask).await,
        Ask::Entries(ask) => entries(ask).await,
        Ask::Balance(ask) => balance(ask).await,
    }
}

async fn redeem(ask: Redeem) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = RedeemPointsRequest {
        request_id: ask.call.request_id()?,
        member: ask.who.member_id(&suite).await?,
        points: ask.points,
        spent_on: ask.spent_on,
        validate_only: ask.dry_run,
        explain: ask.explain,
        wallet: String::new(),
    };
    let done = suite.loyalty().redeem_points(request).await?.into_inner();
    let what = if ask.dry_run { "could be spent" } else { "spent" };
    let done = Done { entry: done.entry, spendable: done.spendable, freshness: done.freshness, why: done.decision };
    tell(&suite, &ask.call.reach, what, ask.points, done).await
}

async fn reverse(ask: Reverse) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let member = ask.who.member_id(&suite).await?;
    let request = ReverseRedemptionRequest {
        request_id: ask.call.request_id()?,
        member: member.clone(),
        entry: ask.entry,
        validate_only: false,
        explain: ask.explain,
    };
    let done = suite.loyalty().reverse_redemption(request).await?.into_inner();
    let asked =
        ListEntriesRequest { member, page_size: 100, at_least_as_fresh: done.freshness.clone(), ..Default::default() };
    let entries = suite.loyalty().list_entries(asked).await?.into_inner().entries;
    let given = entries.iter().find(|entry| entry.id == done.entry).map_or(0, |entry| entry.points);
    let done = Done { entry: done.entry, spendable: done.spendable, freshness: done.freshness, why: done.decision };
    tell(&suite, &ask.call.reach, "given back", given, done).await
}

async fn adjust(ask: Adjust) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = AdjustPointsRequest {
        request_id: ask.call.request_id()?,
        member: ask.who.member_id(&suite).await?,
        points: ask.points,
        reason: ask.reason,
        validate_only: false,
        explain: ask.explain,
        wallet: String::new(),
    };
    let done = suite.loyalty().adjust_points(request).await?.into_inner();
    let what = if ask.points < 0 { "taken" } else { "added" };
    let done = Done { entry: done.entry, spendable: done.spendable, freshness: done.freshness, why: done.decision };
    tell(&suite, &ask.call.reach, what, ask.points.saturating_abs(), done).await
}

/// What every change of points is answered with.
struct Done {
    entry: String,
    spendable: i64,
    freshness: String,
    why: Option<Decision>,
}

async fn tell(suite: &Suite, reach: &Reach, what: &str, points: i64, done: Done) -> Result<(), CliError> {
    if reach.json {
        say!("{}", done_json(points, &done));
        return Ok(());
    }
    let points = words::counted(points, "point", "points");
    let left = words::count(done.spendable);
    let told_here = done.entry.is_empty() || done.why.is_some();
    let why = if told_here { String::new() } else { format!("   why: rapport explain {}", done.entry) };
    say!("{points} {what} · {left} left to spend{why}");
    if let Some(decision) = &done.why {
        say_all!("{}", explain::told(decision, &suite.words().await?));
    }
    Ok(())
}

fn done_json(points: i64, done: &Done) -> Value {
    let mut told = json!({
        "entry": done.entry, "points": points, "spendable": done.spendable, "freshness": done.freshness,
    });
    if let Some(decision) = &done.why {
        told["decision"] = explain::decision_json(decision);
    }
    told
}

async fn entries(ask: Entries) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let member = ask.who.member_id(&suite).await?;
    let request = ListEntriesRequest { member, page_size: ask.last, ..Default::default() };
    let answer = suite.loyalty().list_entries(request).await?.into_inner();
    if ask.reach.json {
        say!("{}", json!({ "entries": answer.entries.iter().map(entry_json).collect::<Vec<_>>() }));
        return Ok(());
    }
    if answer.entries.is_empty() {
        say!("  no entries yet");
    }
    say_all!("{}", statement(&answer.entries, &suite.words().await?));
    if !answer.next_page_token.is_empty() {
        say!("  there are older ones: --last {}", ask.last.saturating_mul(5).min(1_000));
    }
    Ok(())
}

async fn balance(ask: Balance) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let member = ask.who.member_id(&suite).await?;
    if ask.as_of.is_none() && ask.as_of_occurred.is_none() {
        let account = account(&suite, &member).await?;
        let account =
            account.ok_or_else(|| CliError::Asked("no programme rules yet: `rapport programme apply`".to_owned()))?;
        if ask.reach.json {
            say!("{}", account_json(&account));
            return Ok(());
        }
        let words = suite.words().await?;
        if let Some(tier) = &account.tier {
            say!("{}", standing(tier, &words));
        }
        say!("{}", points(&account, &words, now(&suite).await));
        return Ok(());
    }
    let request = GetBalanceRequest {
        member,
        as_of: ask.as_of.map(proto::timestamp),
        as_of_occurred: ask.as_of_occurred.map(proto::timestamp),
        at_least_as_fresh: String::new(),
        wallet: String::new(),
    };
    let balance = suite.loyalty().get_balance(request).await?.into_inner().balance;
    if ask.reach.json {
        say!("{}", json!({ "balance": balance }));
    } else {
        say!("{}", words::counted(balance, "point", "points"));
    }
    Ok(())
}

fn statement(entries: &[Entry], words: &Words) -> Table {
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Right, Side::Right, Side::Left, Side::Left]);
    if !entries.is_empty() {
        table.heading(["when", "what", "points", "balance", "for", "entry"]);
    }
    for entry in entries {
        let moment = instant(entry.occur_time.as_ref()).map_or(String::new(), |moment| words.time(moment));
        let balance = words::count(entry.balance_after);
        let sign = if entry.points > 0 { "+" } else { "" };
        let points = format!("{sign}{}", words::count(entry.points));
        table.row([moment, what(entry.kind()).to_owned(), points, balance, entry.cause.clone(), entry.id.clone()]);
    }
    table
}

const fn what(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Earn => "earned",
        EntryKind::EarnReversal => "taken back",
        EntryKind::Redemption => "redeemed",
        EntryKind::RedemptionReversal => "given back",
        EntryKind::Lapse => "lapsed",
        EntryKind::Adjustment => "by hand",
        EntryKind::TransferOut => "passed on",
        EntryKind::TransferIn => "received",
        EntryKind::Unspecified => "",
    }
}

fn entry_json(entry: &Entry) -> Value {
    json!({
        "id": entry.id, "kind": what(entry.kind()), "points": entry.points, "balance_after": entry.balance_after,
        "cause": entry.cause, "occurred": shown(entry.occur_time.as_ref()), "recorded": shown(entry.record_time.as_ref()),
        "programme_version": entry.programme_version,
        "draws": entry.draws.iter().map(|draw| json!({ "lot": draw.lot, "points": draw.points })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_tells_programs_why_where_they_asked() {
        let decision = Decision { outcome: "redeem".to_owned(), ..Default::default() };
        let done = |why| Done { entry: "entry_1".to_owned(), spendable: 30, freshness: "token".to_owned(), why };
        let plain = json!({ "entry": "entry_1", "points": 20, "spendable": 30, "freshness": "token" });
        assert_eq!(done_json(20, &done(None)), plain);
        let told = done_json(20, &done(Some(decision)));
        assert_eq!((&told["spendable"], &told["decision"]["outcome"]), (&json!(30), &json!("redeem")));
    }

    #[test]
    fn a_statement_lines_up() {
        let entry = |kind: EntryKind, points, balance_after, cause: &str| Entry {
            id: "entry_1".to_owned(),
            kind: kind.into(),
            points,
            balance_after,
            cause: cause.to_owned(),
            occur_time: Some(proto::timestamp("2026-11-12T03:00:00Z".parse().expect("an instant"))),
            ..Default::default()
        };
        let words = Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0);
        let entries =
            [entry(EntryKind::Redemption, -200, 1_084, "咖啡券"), entry(EntryKind::Earn, 59, 1_284, "order_1")];
        let expected = "  when              what      points  balance  for      entry\n\
            \x20 2026-11-12 11:00  redeemed    -200    1,084  咖啡券   entry_1\n\
            \x20 2026-11-12 11:00  earned       +59    1,284  order_1  entry_1\n";
        assert_eq!(statement(&entries, &words).to_string(), expected);
    }
}
