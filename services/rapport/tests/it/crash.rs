//! `kill -9` of the whole process at random moments of an import: begun again, it ends as if nothing had happened.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use testkit::{Promise, count};

use crate::chance::Chance;
use crate::history;
use crate::home::{Home, Suite, text};
use crate::whole_file::{import, open_shop, report};

const LINES: usize = 20_000;
const CLOCK: [&str; 5] = ["up", "--members", "0", "--clock", "manual:2011-12-10T00:00:00Z"];

/// The first lines of the real file, in a home.
fn part(home: &Home) -> String {
    let text = history::text();
    let end = text.match_indices('\n').nth(LINES).map_or(text.len(), |(place, _)| place + 1);
    let path = home.folder.join("part.csv");
    std::fs::write(&path, &text[..end]).expect("the state folder is there");
    path.display().to_string()
}

async fn undisturbed() -> Value {
    let home = Home::empty("undisturbed").await;
    let suite = home.serve(&CLOCK);
    open_shop(&home, &suite);
    let (file, rejects) = (part(&home), home.folder.join("rejects.csv").display().to_string());
    let done = home.run(&import(&file, &suite.address, &rejects));
    assert!(done.status.success(), "{}", text(&done.stderr));
    report(&home, &suite.address)
}

/// So many at most in one import, so that each ends before long.
const KILLS_EACH: u32 = 10;

/// An import of this size takes a few seconds.
fn moment(chance: &mut Chance) -> Duration {
    Duration::from_millis(100 + chance.below(1_400))
}

/// Begins the import and kills the suite in the middle of it; answers whether it was in the middle.
fn kill(home: &Home, mut suite: Suite, file: &str, rejects: &str, moment: Duration) -> bool {
    let words = import(file, &suite.address, rejects);
    let mut importing = home.command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    std::thread::sleep(moment);
    let in_the_middle = importing.try_wait().expect("it can be asked").is_none();
    suite.signal("-9");
    suite.process.wait().expect("it is gone");
    // It would wait for the suite to come back; whoever sits there starts it again instead.
    importing.kill().expect("it can be ended");
    importing.wait().expect("it is gone");
    in_the_middle
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_of_the_real_file_ends_as_if_nothing_had_happened() {
    let (expected, mut chance) = (undisturbed().await, Chance::drawn());
    let (mut killed, mut round) = (0, 0);
    while killed < count(Promise::Kills) {
        let home = Home::empty(&format!("crash-{round}")).await;
        let mut suite = home.serve(&CLOCK);
        open_shop(&home, &suite);
        let (file, rejects) = (part(&home), home.folder.join("rejects.csv").display().to_string());
        let mut after = Vec::new();
        for _ in 0..KILLS_EACH.min(count(Promise::Kills) - killed) {
            after.push(moment(&mut chance));
            let in_the_middle = kill(&home, suite, &file, &rejects, after[after.len() - 1]);
            suite = home.serve(&CLOCK);
            if !in_the_middle {
                break;
            }
            killed += 1;
        }
        let done = home.run(&import(&file, &suite.address, &rejects));
        assert!(done.status.success(), "killed after {after:?}: {}{}", text(&done.stdout), text(&done.stderr));
        assert_eq!(report(&home, &suite.address), expected, "killed after {after:?}");
        round += 1;
    }
}
