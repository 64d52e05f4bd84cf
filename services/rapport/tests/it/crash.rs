//! `kill -9` of the whole process at random moments of an import: begun again, it ends as if nothing had happened.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use testkit::{Promise, count};

use crate::history;
use crate::home::{Home, text};
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

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_of_the_real_file_ends_as_if_nothing_had_happened() {
    let expected = undisturbed().await;
    for round in 0..count(Promise::Kills) {
        let home = Home::empty(&format!("crash-{round}")).await;
        let mut suite = home.serve(&CLOCK);
        open_shop(&home, &suite);
        let (file, rejects) = (part(&home), home.folder.join("rejects.csv").display().to_string());
        let words = import(&file, &suite.address, &rejects);
        let mut importing =
            home.command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        // Another moment each round; an import of this size takes a few seconds.
        let moment = Duration::from_millis(300 + u64::from(round) * 377 % 3_000);
        tokio::time::sleep(moment).await;
        suite.signal("-9");
        suite.process.wait().expect("it is gone");
        importing.kill().expect("it can be ended");
        importing.wait().expect("it is gone");

        let suite = home.serve(&CLOCK);
        let done = home.run(&import(&file, &suite.address, &rejects));
        assert!(done.status.success(), "killed after {moment:?}: {}{}", text(&done.stdout), text(&done.stderr));
        assert_eq!(report(&home, &suite.address), expected, "killed after {moment:?}");
    }
}
