//! `rapport missions`: what members are asked to do, put from a file, listed and shown, and how far a member has come.

mod terms;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use proto::loyalty::v1::{
    GetMissionRequest, GetMissionResponse, ListMemberMissionsRequest, ListMissionsRequest, MemberMission, MissionState,
    PutMissionRequest,
};
use serde_json::{Value, json};

use crate::client::{Call, CliError, Reach};
use crate::member::Who;
use crate::say::{say, say_all};
use crate::table::{Side, Table};
use crate::words;

pub use terms::{Count, Counted, DoneBy, Goal, Mission, Stamps, Step, Streak, Unit, Window};

/// What `rapport missions` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Puts a mission, or a new version of one
    Put(Put),
    /// Lists the missions
    List(List),
    /// Shows a mission, as a file that can be put
    Show(Show),
    /// Tells how far a member has come
    Of(Of),
}

/// What `rapport missions put` is told.
#[derive(Args, Clone, Debug)]
pub struct Put {
    /// A file of a mission in JSON
    file: PathBuf,
    /// Check, and put nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport missions list` is told.
#[derive(Args, Clone, Debug)]
pub struct List {
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport missions show` is told.
#[derive(Args, Clone, Debug)]
pub struct Show {
    /// Its code
    code: String,
    /// Number of the version; the last where not said
    #[arg(default_value_t = 0, hide_default_value = true, value_name = "VERSION")]
    number: i32,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport missions of` is told.
#[derive(Args, Clone, Debug)]
pub struct Of {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    reach: Reach,
}

/// Puts, lists or shows.
///
/// # Errors
/// The file cannot be used, or the suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Put(ask) => put(ask).await,
        Ask::List(ask) => list(ask).await,
        Ask::Show(ask) => show(ask).await,
        Ask::Of(ask) => of(ask).await,
    }
}

async fn put(ask: Put) -> Result<(), CliError> {
    let text = std::fs::read_to_string(&ask.file).map_err(|error| CliError::file(&ask.file, error))?;
    let read = serde_json::from_str::<Mission>(&text);
    let mission = read.map_err(|error| CliError::Asked(format!("{} is no mission: {error}", ask.file.display())))?;
    let suite = ask.call.reach.suite().await?;
    let request = PutMissionRequest {
        request_id: ask.call.request_id()?,
        mission: Some(mission.clone().into()),
        validate_only: ask.dry_run,
    };
    let version = suite.missions().put_mission(request).await?.into_inner().version;
    if ask.call.reach.json {
        say!("{}", json!({ "version": version, "dry_run": ask.dry_run }));
    } else if ask.dry_run {
        say!("  \"{}\" could be put; nothing was", mission.display_name);
    } else {
        say!("  \"{}\" is put, as version {version}", mission.display_name);
    }
    Ok(())
}

async fn list(ask: List) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListMissionsRequest { page_size: 1_000, page_token, ..ListMissionsRequest::default() };
        let page = suite.missions().list_missions(request).await?.into_inner();
        all.extend(page.missions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if ask.reach.json {
        say!("{}", json!({ "missions": all.iter().map(listed_json).collect::<Vec<_>>() }));
        return Ok(());
    }
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Right, Side::Right, Side::Right]);
    table.heading(["mission", "name", "version", "rewards", "budget"]);
    for one in &all {
        let mission = one.mission.clone().unwrap_or_default();
        let budget = if mission.budget == 0 { "no limit".to_owned() } else { words::count(mission.budget) };
        let rewards = words::count(one.r#use.unwrap_or_default().rewards);
        table.row([mission.code, mission.display_name, one.version.to_string(), rewards, budget]);
    }
    say_all!("{table}");
    Ok(())
}

fn listed_json(one: &GetMissionResponse) -> Value {
    let mission = one.mission.clone().unwrap_or_default();
    json!({
        "code": mission.code,
        "display_name": mission.display_name,
        "version": one.version,
        "rewards": one.r#use.unwrap_or_default().rewards,
        "budget": mission.budget,
    })
}

async fn show(ask: Show) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let request = GetMissionRequest { mission: ask.code, version: ask.number, ..GetMissionRequest::default() };
    let found = suite.missions().get_mission(request).await?.into_inner();
    let mission = Mission::try_from(found.mission.ok_or_else(|| CliError::odd("the suite gave no mission"))?)?;
    let text = serde_json::to_string_pretty(&mission).map_err(|error| CliError::odd(&error.to_string()))?;
    say_all!("{text}\n");
    Ok(())
}

async fn of(ask: Of) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let member = ask.who.member_id(&suite).await?;
    let request = ListMemberMissionsRequest { member, ..ListMemberMissionsRequest::default() };
    let found = suite.missions().list_member_missions(request).await?.into_inner().missions;
    if ask.reach.json {
        say!("{}", json!({ "missions": found.iter().map(seen_json).collect::<Vec<_>>() }));
        return Ok(());
    }
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Right, Side::Left]);
    table.heading(["mission", "state", "done", "left"]);
    for one in &found {
        let progress = one.progress.clone().unwrap_or_default();
        let left = match progress.days_left {
            0 => String::new(),
            days => words::counted(days, "day", "days"),
        };
        let done = format!("{} of {}", words::count(progress.done), words::count(progress.target));
        let name = one.mission.clone().unwrap_or_default().display_name;
        table.row([name, state(one.state()).to_owned(), done, left]);
    }
    say_all!("{table}");
    Ok(())
}

fn seen_json(one: &MemberMission) -> Value {
    let progress = one.progress.clone().unwrap_or_default();
    json!({
        "code": one.mission.clone().unwrap_or_default().code,
        "state": one.state().as_str_name().trim_start_matches("MISSION_STATE_"),
        "window": progress.window,
        "done": progress.done,
        "target": progress.target,
        "missing": progress.missing,
        "days_left": progress.days_left,
        "completions": progress.completions,
    })
}

const fn state(state: MissionState) -> &'static str {
    match state {
        MissionState::Unspecified => "",
        MissionState::NotYet => "not yet",
        MissionState::NotForMember => "not for this member",
        MissionState::ToAccept => "to be accepted",
        MissionState::Open => "open",
        MissionState::Completed => "completed",
        MissionState::Over => "over",
    }
}
