//! The programmes that are shipped can be put into force, and are shown as they were put.

use crate::home::{Home, text};

#[tokio::test(flavor = "multi_thread")]
async fn each_programme_that_is_shipped_is_valid_and_shown() {
    let home = Home::empty("programmes").await;
    let suite = home.serve(&["up", "--members", "0", "--clock", "manual:2026-03-01T01:00:00Z"]);
    let says = |words: &[&str]| {
        let done = home.run(&[words, &["--address", &suite.address]].concat());
        assert!(done.status.success(), "{words:?}: {}", text(&done.stderr));
        text(&done.stdout)
    };
    for (name, told) in [
        ("free-points", "100 points in the month of the birthday"),
        ("free-tiers", "黑 Black     by invitation"),
        ("paid-points", "by invitation"),
        ("paid-tiers", "on \"plus\", tiers count what is granted since joining"),
    ] {
        says(&["tenant", "open", name, "--zone", "Asia/Taipei", "--currency", "TWD"]);
        says(&["programme", "apply", name, "--tenant", name, "--yes"]);
        let shown = says(&["programme", "show", "--tenant", name]);
        assert!(shown.contains(told), "{shown}");
    }
}
