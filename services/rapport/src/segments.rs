//! `rapport segments`: groups and lifecycles, who is in them, and the snapshots they are compared with.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use proto::segmentation::v1::{Group, Lifecycle, ListMembersRequest, MemberStanding, TakeSnapshotRequest};
use serde_json::{Value, json};

use crate::client::{Call, CliError, Reach, Suite, long_call};
use crate::member::{instant, shown};
use crate::report::{Groups, group, lifecycle, told};
use crate::say::{say, say_all};
use crate::table::{Side, Table, Tone};
use crate::words::{self, Words};

/// What `rapport segments` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Members by lifecycle and group, what they are worth, and whether they come back
    Overview(Overview),
    /// Lists the members of a group, of a lifecycle, or both
    Members(Members),
    /// Takes a snapshot of the shop now: the cuts and cycles members are compared with from then on
    Snapshot(Snapshot),
}

/// What `rapport segments overview` is told.
#[derive(Args, Clone, Debug)]
pub struct Overview {
    /// Of a past moment, as known now
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport segments members` is told.
#[derive(Args, Clone, Debug)]
pub struct Members {
    /// Only of this group
    #[arg(long, value_enum)]
    group: Option<GroupName>,
    /// Only of this lifecycle
    #[arg(long, value_enum)]
    lifecycle: Option<LifecycleName>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport segments snapshot` is told.
#[derive(Args, Clone, Debug)]
pub struct Snapshot {
    /// Work it out, and keep nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    call: Call,
}

/// A group as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the groups are told apart where they are defined")]
pub enum GroupName {
    Vip,
    Watched,
    Promising,
    Developing,
    Keep,
    Maintain,
    WinBack,
    Dormant,
    Prospect,
}

/// A lifecycle as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the lifecycles are told apart where they are defined")]
pub enum LifecycleName {
    New,
    Active,
    Sleeping,
    Lost,
    Deep,
    Prospect,
}

/// Sums, lists, or takes a snapshot.
///
/// # Errors
/// The suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Overview(ask) => overview(ask).await,
        Ask::Members(ask) => members(ask).await,
        Ask::Snapshot(ask) => snapshot(ask).await,
    }
}

async fn overview(ask: Overview) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let groups = Groups::of(&suite, ask.at).await?;
    if ask.reach.json {
        say!("{}", groups.json());
    } else {
        say_all!("{}", told(groups.sections(&suite.words().await?)));
    }
    Ok(())
}

async fn members(ask: Members) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let (members, waiting) = listed(&suite, &ask).await?;
    if ask.reach.json {
        say!("{}", json!({ "members": members.iter().map(as_json).collect::<Vec<_>>(), "waiting": waiting }));
        return Ok(());
    }
    let mut table = as_table(&members, &suite.words().await?);
    if waiting > 0 {
        let waiting = words::counted(waiting, "member is", "members are");
        table.toned(Tone::Faint, [format!("{waiting} still to be looked at")]);
    }
    if table.is_empty() {
        say!("  nobody");
    } else {
        say_all!("{table}");
    }
    Ok(())
}

async fn listed(suite: &Suite, ask: &Members) -> Result<(Vec<MemberStanding>, i64), CliError> {
    let (mut members, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListMembersRequest {
            group: ask.group.map_or(Group::Unspecified, GroupName::group).into(),
            lifecycle: ask.lifecycle.map_or(Lifecycle::Unspecified, LifecycleName::lifecycle).into(),
            page_size: i32::try_from((ask.limit - members.len()).min(1_000)).unwrap_or(1_000),
            page_token,
            ..ListMembersRequest::default()
        };
        let page = suite.segmentation().list_members(request).await?.into_inner();
        members.extend(page.members);
        page_token = page.next_page_token;
        if page_token.is_empty() || members.len() >= ask.limit {
            return Ok((members, page.waiting));
        }
    }
}

fn as_table(members: &[MemberStanding], words: &Words) -> Table {
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Left, Side::Right, Side::Left]);
    if !members.is_empty() {
        table.heading(["member", "lifecycle", "group", "so far", "last purchase"]);
    }
    for member in members {
        let last = instant(member.last_purchase_time.as_ref()).map_or_else(String::new, |moment| words.day(moment));
        table.row([
            member.member.clone(),
            lifecycle(member.lifecycle()).to_owned(),
            group(member.group()).0.to_owned(),
            words.money(member.total_minor, words.currency()),
            last,
        ]);
    }
    table
}

fn as_json(member: &MemberStanding) -> Value {
    json!({
        "member": member.member, "group": group(member.group()).0, "group_since": shown(member.group_since.as_ref()),
        "lifecycle": lifecycle(member.lifecycle()), "lifecycle_since": shown(member.lifecycle_since.as_ref()),
        "total_minor": member.total_minor, "last_purchase": shown(member.last_purchase_time.as_ref()),
    })
}

async fn snapshot(ask: Snapshot) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let request = TakeSnapshotRequest { request_id: ask.call.request_id()?, validate_only: ask.dry_run };
    let taken = suite.segmentation().take_snapshot(long_call(request)).await?.into_inner();
    if ask.call.reach.json {
        say!("{}", json!({ "number": taken.number, "population": taken.population, "dry_run": ask.dry_run }));
        return Ok(());
    }
    let buyers = words::counted(taken.population, "buyer", "buyers");
    if ask.dry_run {
        say!("  snapshot {} would be of {buyers}; nothing was kept", taken.number);
    } else {
        say!("  snapshot {} of {buyers} is taken; every member is looked at again", taken.number);
    }
    Ok(())
}

impl GroupName {
    const fn group(self) -> Group {
        match self {
            Self::Vip => Group::Vip,
            Self::Watched => Group::Watched,
            Self::Promising => Group::Promising,
            Self::Developing => Group::Developing,
            Self::Keep => Group::Keep,
            Self::Maintain => Group::Maintain,
            Self::WinBack => Group::WinBack,
            Self::Dormant => Group::Dormant,
            Self::Prospect => Group::Prospect,
        }
    }
}

impl LifecycleName {
    const fn lifecycle(self) -> Lifecycle {
        match self {
            Self::New => Lifecycle::New,
            Self::Active => Lifecycle::Active,
            Self::Sleeping => Lifecycle::Sleeping,
            Self::Lost => Lifecycle::Lost,
            Self::Deep => Lifecycle::Deep,
            Self::Prospect => Lifecycle::Prospect,
        }
    }
}
