//! `rapport draws`: prize draws, put from a file, shown, closed and verified.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use proto::loyalty::v1::{
    CloseDrawRequest, GetDrawRequest, GetDrawResponse, PrizeDraw, PutDrawRequest, VerifyDrawRequest,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Call, CliError, Reach};
use crate::say::{say, say_all};
use crate::table::{Side, Table};
use crate::words;

/// What `rapport draws` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Puts a draw, and tells what it commits to
    Put(Put),
    /// Shows a draw and what is left of its prizes
    Show(Named),
    /// Closes a draw for ever, and reveals its seed
    Close(Close),
    /// Works all tickets of a draw out again
    Verify(Named),
}

/// What `rapport draws put` is told.
#[derive(Args, Clone, Debug)]
pub struct Put {
    /// A file of a draw in JSON
    file: PathBuf,
    /// Check, and put nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    call: Call,
}

/// Which draw.
#[derive(Args, Clone, Debug)]
pub struct Named {
    /// Its code
    code: String,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport draws close` is told.
#[derive(Args, Clone, Debug)]
pub struct Close {
    /// Its code
    code: String,
    #[command(flatten)]
    call: Call,
}

/// A draw as people write it into a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draw {
    /// Names it for ever.
    pub code: String,
    /// What members read.
    pub display_name: String,
    /// What is to be won.
    pub prizes: Vec<Prize>,
    /// Tickets of one member; no limit where 0.
    #[serde(default)]
    pub most_per_member: i64,
    /// Tickets of one member on one day; no limit where 0.
    #[serde(default)]
    pub most_per_member_a_day: i64,
    /// Tickets of all members on one day; no limit where 0.
    #[serde(default)]
    pub most_a_day: i64,
    /// Points that all prizes may give; no limit where 0.
    #[serde(default)]
    pub budget_points: i64,
    /// From then on.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Until then.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// What is to be won.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prize {
    /// Unique in the draw.
    pub code: String,
    /// What members read.
    pub display_name: String,
    /// Odds of a ticket.
    pub odds_millionths: i32,
    /// How many there are.
    pub stock: i64,
    /// Points of it.
    #[serde(default)]
    pub points: i64,
    /// A coupon of this campaign.
    #[serde(default)]
    pub campaign: String,
}

impl From<Draw> for PrizeDraw {
    fn from(draw: Draw) -> Self {
        let prizes = draw.prizes.into_iter().map(|prize| proto::loyalty::v1::Prize {
            code: prize.code,
            display_name: prize.display_name,
            odds_millionths: prize.odds_millionths,
            stock: prize.stock,
            points: prize.points,
            campaign: prize.campaign,
        });
        Self {
            code: draw.code,
            display_name: draw.display_name,
            prizes: prizes.collect(),
            most_per_member: draw.most_per_member,
            most_per_member_a_day: draw.most_per_member_a_day,
            most_a_day: draw.most_a_day,
            budget_points: draw.budget_points,
            from_time: draw.from.map(proto::timestamp),
            until_time: draw.until.map(proto::timestamp),
        }
    }
}

/// Puts, shows, closes or verifies.
///
/// # Errors
/// The file cannot be used, the suite refuses or does not answer, or a ticket is not what it should be.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Put(ask) => put(ask).await,
        Ask::Show(ask) => show(ask).await,
        Ask::Close(ask) => close(ask).await,
        Ask::Verify(ask) => verify(ask).await,
    }
}

async fn put(ask: Put) -> Result<(), CliError> {
    let text = std::fs::read_to_string(&ask.file).map_err(|error| CliError::file(&ask.file, error))?;
    let read = serde_json::from_str::<Draw>(&text);
    let draw = read.map_err(|error| CliError::Asked(format!("{} is no draw: {error}", ask.file.display())))?;
    let suite = ask.call.reach.suite().await?;
    let name = draw.display_name.clone();
    let request =
        PutDrawRequest { request_id: ask.call.request_id()?, draw: Some(draw.into()), validate_only: ask.dry_run };
    let commitment = suite.draws().put_draw(request).await?.into_inner().commitment;
    if ask.call.reach.json {
        say!("{}", json!({ "commitment": commitment, "dry_run": ask.dry_run }));
    } else if ask.dry_run {
        say!("  \"{name}\" could be put; nothing was");
    } else {
        say!("  \"{name}\" is put; publish what it commits to:\n  {commitment}");
    }
    Ok(())
}

async fn show(ask: Named) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = GetDrawRequest { draw: ask.code, ..GetDrawRequest::default() };
    let found = suite.draws().get_draw(request).await?.into_inner();
    if ask.reach.json {
        let prizes = found.prizes.iter().map(|one| json!({ "prize": one.prize, "left": one.left, "won": one.won }));
        let (prizes, closed) = (prizes.collect::<Vec<_>>(), found.close_time.is_some());
        let (commitment, seed, tickets) = (&found.commitment, &found.seed, found.tickets);
        let told = json!({
            "commitment": commitment, "seed": seed, "tickets": tickets, "closed": closed, "prizes": prizes,
        });
        say!("{told}");
        return Ok(());
    }
    say_all!("{}", described(&found));
    Ok(())
}

fn described(found: &GetDrawResponse) -> String {
    let draw = found.draw.clone().unwrap_or_default();
    let state = if found.close_time.is_some() { "closed" } else { "open" };
    let tickets = words::counted(found.tickets, "ticket", "tickets");
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Right, Side::Right, Side::Right]);
    table.heading(["prize", "name", "odds in a million", "won", "left"]);
    for (prize, left) in draw.prizes.iter().zip(&found.prizes) {
        let odds = words::count(prize.odds_millionths);
        let (won, left) = (words::count(left.won), words::count(left.left));
        table.row([prize.code.clone(), prize.display_name.clone(), odds, won, left]);
    }
    let seed = if found.seed.is_empty() { String::new() } else { format!("  seed {}\n", found.seed) };
    let name = &draw.display_name;
    format!("\"{name}\", {state} · {tickets}\n  committed to {}\n{seed}{table}", found.commitment)
}

async fn close(ask: Close) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = CloseDrawRequest { request_id: ask.call.request_id()?, draw: ask.code, validate_only: false };
    let closed = suite.draws().close_draw(request).await?.into_inner();
    if ask.call.reach.json {
        say!("{}", json!({ "seed": closed.seed }));
    } else {
        say!("  closed; its seed:\n  {}", closed.seed);
    }
    Ok(())
}

async fn verify(ask: Named) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = VerifyDrawRequest { draw: ask.code, ..VerifyDrawRequest::default() };
    let told = suite.draws().verify_draw(request).await?.into_inner();
    let (proved, tickets, differs, what) = (told.proved, told.tickets, told.differs, &told.what);
    if ask.reach.json {
        say!("{}", json!({ "proved": proved, "tickets": tickets, "differs": differs, "what": what }));
    } else {
        say!("  {} worked out again", words::counted(tickets, "ticket", "tickets"));
    }
    if proved {
        return Ok(());
    }
    Err(CliError::Differs(match differs {
        0 => format!("the {what} of the draw"),
        number => format!("the {what} of ticket {number}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_becomes_a_draw() {
        let text = r#"{"code": "spring", "display_name": "Spring", "budget_points": 500, "until": "2027-01-01T00:00:00Z",
                       "prizes": [{"code": "cup", "display_name": "A cup", "odds_millionths": 1000, "stock": 3}]}"#;
        let read: Draw = serde_json::from_str(text).expect("it can be read");
        let draw = PrizeDraw::from(read);
        assert_eq!((draw.prizes[0].odds_millionths, draw.prizes[0].stock, draw.budget_points), (1_000, 3, 500));
        assert!(draw.from_time.is_none() && draw.until_time.is_some());
        assert!(serde_json::from_str::<Draw>(r#"{"code": "spring"}"#).is_err());
    }
}
