//! `rapport points transfer` and `take-back`: points that a member passes on to another.

use clap::Args;
use proto::loyalty::v1::{ReverseTransferRequest, TransferPointsRequest};
use serde_json::json;

use crate::client::{Call, CliError};
use crate::explain;
use crate::member::Who;
use crate::say::{say, say_all};
use crate::words;

/// What `rapport points transfer` is told.
#[derive(Args, Clone, Debug)]
pub struct Transfer {
    #[command(flatten)]
    who: Who,
    /// Who gets them: the member's id, member_…
    #[arg(long, value_name = "ID", required_unless_present = "to_phone", conflicts_with = "to_phone")]
    to: Option<String>,
    /// Who gets them: their phone number, in any usual form
    #[arg(long, value_name = "NUMBER")]
    to_phone: Option<String>,
    /// How many they get; a fee comes on top
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    points: i64,
    /// Why; both members read it
    #[arg(long, default_value = "passed on", value_name = "TEXT")]
    reason: String,
    /// Code of the wallet; points where not said
    #[arg(long, default_value = "", hide_default_value = true, value_name = "CODE")]
    wallet: String,
    /// Decide, and pass nothing on
    #[arg(long)]
    dry_run: bool,
    /// Tell why, too
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport points take-back` is told.
#[derive(Args, Clone, Debug)]
pub struct TakeBack {
    #[command(flatten)]
    who: Who,
    /// The transfer, transfer_…
    #[arg(long, value_name = "ID")]
    transfer: String,
    /// Why; both members read it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Decide, and take nothing back
    #[arg(long)]
    dry_run: bool,
    /// Tell why, too
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    call: Call,
}

pub(super) async fn transfer(ask: Transfer) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = TransferPointsRequest {
        request_id: ask.call.request_id()?,
        member: ask.who.member_id(&suite).await?,
        to_member: Who::other(ask.to, ask.to_phone).member_id(&suite).await?,
        points: ask.points,
        reason: ask.reason,
        validate_only: ask.dry_run,
        explain: ask.explain,
        wallet: ask.wallet,
    };
    let done = suite.loyalty().transfer_points(request).await?.into_inner();
    if ask.call.reach.json {
        let mut told = json!({
            "transfer": done.transfer, "entry": done.entry, "to_entry": done.to_entry, "points": ask.points,
            "fee": done.fee, "spendable": done.spendable, "freshness": done.freshness,
        });
        if let Some(decision) = &done.decision {
            told["decision"] = explain::decision_json(decision);
        }
        say!("{told}");
        return Ok(());
    }
    let points = words::counted(ask.points, "point", "points");
    let fee = if done.fee > 0 { format!(" for a fee of {}", words::count(done.fee)) } else { String::new() };
    let left = words::count(done.spendable);
    if ask.dry_run {
        say!("{points} could be passed on{fee} · {left} would be left to spend");
    } else {
        say!("{points} passed on{fee} · {left} left to spend   {}", done.transfer);
    }
    if let Some(decision) = &done.decision {
        say_all!("{}", explain::told(decision, &suite.words().await?));
    }
    Ok(())
}

pub(super) async fn take_back(ask: TakeBack) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = ReverseTransferRequest {
        request_id: ask.call.request_id()?,
        member: ask.who.member_id(&suite).await?,
        transfer: ask.transfer,
        reason: ask.reason,
        validate_only: ask.dry_run,
        explain: ask.explain,
    };
    let done = suite.loyalty().reverse_transfer(request).await?.into_inner();
    if ask.call.reach.json {
        let mut told = json!({
            "entry": done.entry, "to_entry": done.to_entry, "points": done.points, "kept": done.kept, "fee": done.fee,
            "spendable": done.spendable, "freshness": done.freshness,
        });
        if let Some(decision) = &done.decision {
            told["decision"] = explain::decision_json(decision);
        }
        say!("{told}");
        return Ok(());
    }
    let points = words::counted(done.points, "point", "points");
    let what = if ask.dry_run { "would return" } else { "returned" };
    let fee = if done.fee > 0 { format!(", and {} of the fee", words::count(done.fee)) } else { String::new() };
    let kept = if done.kept > 0 {
        format!(" · {} stay with the other, spent or gone", words::count(done.kept))
    } else {
        String::new()
    };
    say!("{points} {what}{fee}{kept} · {} left to spend", words::count(done.spendable));
    if let Some(decision) = &done.decision {
        say_all!("{}", explain::told(decision, &suite.words().await?));
    }
    Ok(())
}
