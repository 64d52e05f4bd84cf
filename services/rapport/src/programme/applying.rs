//! A file becomes the terms that rule: what that changes is told before anybody is asked.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use jiff::{SignedDuration, Timestamp};
use proto::clock::v1::GetClockRequest;
use proto::loyalty::v1::PutProgrammeRequest;
use serde_json::{Value, json};

use super::difference::{Difference, differences};
use super::{Apply, Diff, Terms, named, ruling};
use crate::client::{CliError, Suite, new_request_id};
use crate::say::{say, say_all};
use crate::table::{Side, Table, Tone};
use crate::words::{self, Words};

/// The machine's clock goes on while a call is under way, and terms never rule the past.
const AHEAD: SignedDuration = SignedDuration::from_secs(10);

/// A change that was thought through.
struct Plan {
    terms: Terms,
    /// The version it follows; none where it is the first programme.
    follows: Option<i32>,
    from: Timestamp,
    /// The file's own instant, where that is over.
    over: Option<Timestamp>,
    differences: Vec<Difference>,
}

pub(super) async fn apply(ask: Apply) -> Result<(), CliError> {
    let mut terms = named(&ask.file)?;
    if ask.from.is_some() {
        terms.effective_time = ask.from;
    }
    let suite = ask.call.reach.suite().await?;
    let plan = plan(&suite, terms, ask.from.is_some()).await?;
    let json = ask.call.reach.json;
    let words = suite.words().await?;
    if plan.follows.is_some() && plan.differences.is_empty() {
        if json {
            say!("{}", told(&plan, None, ask.dry_run));
        } else {
            say!("  nothing to change: \"{}\" says the same", plan.terms.display_name);
        }
        return Ok(());
    }
    if !json {
        say_all!("{}", described(&plan, &words));
    }
    let request = |request_id, validate_only| PutProgrammeRequest {
        request_id,
        programme: Some(Terms { effective_time: Some(plan.from), ..plan.terms.clone() }.into()),
        validate_only,
    };
    // Wrong fields are told before anybody is asked.
    let mut version = suite.loyalty().put_programme(request(new_request_id(), true)).await?.into_inner().version;
    if !ask.dry_run {
        if !ask.yes {
            confirm(json)?;
        }
        version = suite.loyalty().put_programme(request(ask.call.request_id()?, false)).await?.into_inner().version;
    }
    if json {
        say!("{}", told(&plan, Some(version), ask.dry_run));
    } else if ask.dry_run {
        say!("  could rule from {}; nothing was put into force", words.time(plan.from));
    } else {
        say!("  \"{}\" rules from {}, as version {version}", plan.terms.display_name, words.time(plan.from));
    }
    Ok(())
}

pub(super) async fn diff(ask: Diff) -> Result<(), CliError> {
    let after = named(&ask.file)?;
    let suite = ask.reach.suite().await?;
    let before = ruling(&suite, ask.against).await?;
    let version = before.version.unwrap_or_default();
    let found = differences(before, after);
    if ask.reach.json {
        say!("{}", json!({ "version": version, "differences": found.iter().map(as_json).collect::<Vec<_>>() }));
        return Ok(());
    }
    match found.len() {
        0 => say!("  {} says the same as version {version}", ask.file),
        many => {
            let words = suite.words().await?;
            say_all!("{}", table(&found, &words));
            let many = words::counted(i64::try_from(many).unwrap_or(i64::MAX), "difference", "differences");
            say!("  {many} between version {version} and {}", ask.file);
        }
    }
    Ok(())
}

/// What a file changes, and from when on.
async fn plan(suite: &Suite, terms: Terms, told: bool) -> Result<Plan, CliError> {
    let clock = suite.clock().get_clock(GetClockRequest {}).await?.into_inner();
    let now = clock.now.as_ref().and_then(|now| proto::instant(now).ok());
    let now = now.ok_or_else(|| CliError::odd("the suite told no time"))?;
    let soonest = if clock.manual { now } else { now.saturating_add(AHEAD).unwrap_or(now) };
    let before = match ruling(suite, 0).await {
        Ok(before) => Some(before),
        Err(CliError::Refused { reason, .. }) if reason == "PROGRAMME_NOT_FOUND" => None,
        Err(error) => return Err(error),
    };
    let own = terms.effective_time;
    let follows = before.as_ref().map(|before| before.version.unwrap_or_default());
    // The first programme may rule the past. Of another, the instant in its file was that of an earlier change: unless it
    // was asked for by name, what follows rules from now on.
    let over = own.filter(|own| follows.is_some() && !told && *own < soonest);
    let from = if over.is_some() { soonest } else { own.unwrap_or(soonest) };
    let differences = before.map_or_else(Vec::new, |before| differences(before, terms.clone()));
    Ok(Plan { terms, follows, from, over, differences })
}

fn described(plan: &Plan, words: &Words) -> String {
    let Some(version) = plan.follows else {
        let name = &plan.terms.display_name;
        return format!("  \"{name}\" would be the first programme, from {}\n", words.time(plan.from));
    };
    let many = i64::try_from(plan.differences.len()).unwrap_or(i64::MAX);
    let mut text = table(&plan.differences, words);
    let many = words::counted(many, "difference", "differences");
    text.push_str(&format!("  {many} from version {version}, from {}", words.time(plan.from)));
    if let Some(over) = plan.over {
        text.push_str(&format!(" (the file says {}, which is over)", words.time(over)));
    }
    text + "\n"
}

fn table(found: &[Difference], words: &Words) -> String {
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Left]);
    for one in found {
        let (before, after) = one.sides(words);
        let (tone, sign, value) = match (&one.before, &one.after) {
            (None, _) => (Tone::Good, "+", after),
            (_, None) => (Tone::Bad, "-", before),
            (Some(_), Some(_)) => (Tone::Plain, "~", format!("{before} -> {after}")),
        };
        table.toned(tone, [sign.to_owned(), one.what.clone(), value]);
    }
    table.to_string()
}

fn told(plan: &Plan, version: Option<i32>, dry_run: bool) -> Value {
    json!({
        "follows": plan.follows,
        "version": version,
        "effective_time": plan.from.to_string(),
        "dry_run": dry_run,
        "differences": plan.differences.iter().map(as_json).collect::<Vec<_>>(),
    })
}

fn as_json(one: &Difference) -> Value {
    json!({ "path": one.path, "before": one.before, "after": one.after })
}

/// Asks whether to go on. Who cannot be asked has to say so before.
fn confirm(json: bool) -> Result<(), CliError> {
    if json || !io::stdin().is_terminal() {
        return Err(CliError::Asked("nobody can be asked here: give --yes, or --dry-run to look".to_owned()));
    }
    eprint!("  put it into force? [y/N] ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match read {
        Ok(_) if matches!(answer.trim(), "y" | "Y" | "yes") => Ok(()),
        Ok(_) | Err(_) => Err(CliError::Stopped("nothing was put into force".to_owned())),
    }
}
