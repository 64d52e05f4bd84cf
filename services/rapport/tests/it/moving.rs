//! A shop moves in from another system: what its members had there comes in once, whole, and adds up, however often the command is killed.

use std::fmt::Write as _;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use testkit::{Promise, count};

use crate::chance::Chance;
use crate::home::{Home, Suite, text};

const CLOCK: [&str; 5] = ["up", "--members", "0", "--clock", "manual:2026-01-10T00:00:00Z"];
const PROGRAMME: &str = r#"{ "display_name": "Club", "effective_time": "2025-01-01T00:00:00Z", "zone": "Asia/Taipei",
    "earn_rates": [{ "currency": "TWD", "points": 1, "per_minor": 50 }],
    "expiry": { "after": { "months": 12, "to_month_end": true } },
    "ladder": { "currency": "TWD", "window": { "rolling_months": 12 }, "tiers": [
        { "code": "member", "display_name": "Member", "enter_minor": 0 },
        { "code": "silver", "display_name": "Silver", "enter_minor": 10000, "keep_minor": 8000 },
        { "code": "gold", "display_name": "Gold", "enter_minor": 30000, "keep_minor": 24000 }] },
    "wallets": [{ "code": "stamps", "display_name": "Stamps", "expiry": "never",
        "earn_rates": [{ "currency": "TWD", "points": 0, "per_minor": 100 }] }] }"#;

const CAMPAIGN: &str = r#"{ "code": "ten-off", "display_name": "Ten off", "currency": "TWD", "gives": { "amount_off": { "minor": 10 } } }"#;

fn asked(home: &Home, suite: &Suite, words: &[&str]) -> Output {
    home.run(&[words, &["--tenant", "club", "--address", &suite.address]].concat())
}

fn told(home: &Home, suite: &Suite, words: &[&str]) -> String {
    let output = asked(home, suite, words);
    assert!(output.status.success(), "{words:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {}", text(&output.stderr)))
}

fn open_shop(home: &Home, suite: &Suite) {
    let programme = home.folder.join("programme.json");
    std::fs::write(&programme, PROGRAMME).expect("the state folder is there");
    let programme = programme.display().to_string();
    let open = ["tenant", "open", "club", "--zone", "Asia/Taipei", "--currency", "TWD", "--address", &suite.address];
    let done = home.run(&open);
    assert!(done.status.success(), "{}", text(&done.stderr));
    told(home, suite, &["programme", "apply", &programme, "--yes"]);
}

/// Lots of some members: every tenth is owed, every fifth is of stamps, and keeps for ever.
fn lots(members: u32) -> String {
    let mut file = "no,customer,lot,points,earned,last-day,wallet\n".to_owned();
    for number in 0..members * 5 {
        let (member, points) = (number % members, 10 + i64::from(number % 90));
        let (points, day, wallet) = match number % 10 {
            0 => (-points, "", ""),
            5 => (points, "", "stamps"),
            1..=4 => (points, "2026-06-30", ""),
            _ => (points, "2026-12-31", ""),
        };
        writeln!(file, "{number},C{member:05}.0,L-{number},{points},2025-03-{:02},{day},{wallet}", 1 + number % 28)
            .expect("it fits");
    }
    file.replace(".0,", ",")
}

const BAD: &str = "x1,C00001,L-1,11,2025-03-02,2026-06-30,\nx2,C00001,B-2,0,2025-03-02,2026-06-30,\n\
    x3,C00001,B-3,30,2025-03-02,2026-01-09,\nx4,,B-4,30,2025-03-02,2026-06-30,\n\
    x5,C00001,B-5,30,yesterday,2026-06-30,\nx6,C00001,B-6,30,2025-03-02,2026-06-30,tokens\n\
    x7,C00001,\"B 7\",30,2025-03-02,2026-06-30,\n";

fn import<'a>(file: &'a str, rejects: &'a str) -> Vec<&'a str> {
    let columns = ["--column", "member=customer", "--column", "reference=lot", "--source", "old", "--never-lapses"];
    [&["import", "balances", file, "--rejects", rejects, "--json"][..], &columns].concat()
}

/// Sums of a group: in the file, booked, here already.
fn group(told: &Value, name: &str) -> (i64, i64, i64) {
    let groups = told["groups"].as_array().expect("a list");
    let group = groups.iter().find(|group| group["group"] == name).unwrap_or_else(|| panic!("no {name}: {told}"));
    let amount = |what: &str| group[what]["amount"].as_i64().expect("a number");
    (amount("file"), amount("taken"), amount("there"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_members_had_comes_in_once_and_adds_up_however_often_it_is_killed() {
    let (home, mut chance) = (Home::empty("moving").await, Chance::drawn());
    let suite = home.serve(&CLOCK);
    open_shop(&home, &suite);
    let (good, members) = (lots(400), 400);
    let path = |name: &str| home.folder.join(name).display().to_string();
    let (with_bad, all_good, rejects) = (path("bad.csv"), path("good.csv"), path("rejects.csv"));
    std::fs::write(&with_bad, format!("{good}{BAD}")).expect("written");
    std::fs::write(&all_good, &good).expect("written");

    let words = import(&with_bad, &rejects);
    let tried = asked(&home, &suite, &[&words[..], &["--dry-run"]].concat());
    assert_eq!(tried.status.code(), Some(4), "{}", text(&tried.stderr));
    assert_eq!(json(&tried)["members"]["new"], members, "{}", text(&tried.stdout));
    let outstanding = || -> i64 {
        let report: Value = serde_json::from_str(&told(&home, &suite, &["report", "--json"])).expect("JSON");
        report["points"]["outstanding"].as_i64().expect("told") - report["points"]["deficit"].as_i64().expect("told")
    };
    assert_eq!(outstanding(), 0, "a dry run writes nothing");

    for _ in 0..count(Promise::Kills).min(5) {
        let here = ["--tenant", "club", "--address", &suite.address];
        let mut command = home.command(&[&words[..], &here].concat());
        let mut importing = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(100 + chance.below(2_500)));
        importing.kill().expect("it can be ended");
        importing.wait().expect("it is gone");
    }
    let done = asked(&home, &suite, &words);
    assert_eq!(done.status.code(), Some(4), "what is rejected is not here: {}", text(&done.stderr));
    let ended = json(&done);
    let sum =
        |which: fn(u32) -> bool| -> i64 { (0..2_000).filter(|n| which(*n)).map(|n| 10 + i64::from(n % 90)).sum() };
    let (june, december) = (sum(|n| (1..=4).contains(&(n % 10))), sum(|n| n % 10 > 5));
    let (owed, stamps) = (-sum(|n| n % 10 == 0), sum(|n| n % 10 == 5));
    assert_eq!(group(&ended, "points 2026-12"), (december, december, 0));
    assert_eq!(group(&ended, "points owed"), (owed, owed, 0));
    assert_eq!(group(&ended, "stamps never"), (stamps, stamps, 0));
    assert_eq!(group(&ended, "points 2026-06"), (june + 11 + 30, june, 0), "a line twice, and one of odd letters");
    assert_eq!(ended["rejected"], 7, "{ended}");
    let given_back = std::fs::read_to_string(&rejects).expect("there");
    for why in [
        "the same stands in line 3 already",
        "points is 0",
        "refused: OPENING_OVER",
        "member is empty",
        "earned \"\"yesterday\"\" is no day and time",
        "refused: WALLET_NOT_FOUND",
        "reference must be ASCII letters",
    ] {
        assert!(given_back.contains(why), "{why}: {given_back}");
    }
    assert_eq!(outstanding(), june + december + owed);

    let again = json(&asked(&home, &suite, &words));
    assert_eq!(again["groups"], ended["groups"], "said again, it answers the same");
    // A wallet that was missing when it was imported, and is there now.
    let mended: String = PROGRAMME.replace("\"Stamps\"", "\"Tokens\"").replace("\"stamps\"", "\"tokens\"");
    let wallet = |text: &str| -> Value {
        let programme: Value = serde_json::from_str(text).expect("JSON");
        programme["wallets"][0].clone()
    };
    let mut programme: Value = serde_json::from_str(PROGRAMME).expect("JSON");
    programme["wallets"].as_array_mut().expect("a list").push(wallet(&mended));
    let tokens = path("tokens.json");
    std::fs::write(&tokens, programme.to_string()).expect("written");
    told(&home, &suite, &["programme", "apply", &tokens, "--yes"]);
    let retried = json(&asked(&home, &suite, &words));
    assert_eq!((group(&retried, "tokens 2026-06"), &retried["rejected"]), ((30, 30, 0), &6.into()), "{retried}");
    let mended = asked(&home, &suite, &import(&all_good, &rejects));
    assert!(mended.status.success(), "{}{}", text(&mended.stdout), text(&mended.stderr));
    assert_eq!(group(&json(&mended), "points 2026-06"), (june, 0, june), "another file finds them here already");
    assert!(!std::path::Path::new(&rejects).exists(), "nothing is rejected any more");
    assert_eq!(outstanding(), june + december + owed);
    let audited = home.run(&["ledger", "audit", "--address", &suite.address]);
    assert!(audited.status.success(), "{}{}", text(&audited.stdout), text(&audited.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn members_stand_where_they_stood_and_every_tier_is_counted() {
    let home = Home::empty("moving-tiers").await;
    let suite = home.serve(&CLOCK);
    open_shop(&home, &suite);
    let path = |name: &str| home.folder.join(name).display().to_string();
    let (file, mended, rejects) = (path("tiers.csv"), path("mended.csv"), path("rejects.csv"));
    let good: String = (0..30)
        .map(|number| {
            let (name, progress) = [("VIP", "24,000"), ("REGULAR", "3000"), ("NEW", "")][number % 3];
            format!("C{number:05},{name},2025-06-01,2026-05-31,\"{progress}\"\n")
        })
        .collect();
    let heading = "customer,level,since,last-day,progress\n";
    let bad = "C00001,VIP,2025-06-01,2026-05-31,\nC90001,black,2025-06-01,2026-05-31,\n\
        C90002,VIP,2025-06-01,2026-01-09,\nC90003,VIP,2025-06-01,,many\n";
    std::fs::write(&file, format!("{heading}{good}{bad}")).expect("written");
    std::fs::write(&mended, format!("{heading}{good}")).expect("written");
    let names =
        ["--column", "member=customer", "--column", "tier=level", "--tier", "VIP=gold", "--tier", "REGULAR=silver"];
    let names = [&names[..], &["--tier", "NEW=member", "--source", "old", "--rejects", &rejects, "--json"]].concat();
    let import =
        |file: &str, more: &[&str]| asked(&home, &suite, &[&["import", "tiers", file], &names[..], more].concat());

    let tried = import(&mended, &["--dry-run"]);
    assert!(tried.status.success(), "{}{}", text(&tried.stdout), text(&tried.stderr));
    let ended = import(&file, &[]);
    assert_eq!(ended.status.code(), Some(4), "{}", text(&ended.stderr));
    let ended = json(&ended);
    assert_eq!(group(&ended, "main silver"), (10, 10, 0), "{ended}");
    assert_eq!(group(&ended, "main gold"), (12, 10, 0), "one again, one whose term is over");
    assert_eq!(ended["rejected"], 4);
    let given_back = std::fs::read_to_string(&rejects).expect("there");
    for why in ["the same stands in line 3 already", "refused: TIER_NOT_FOUND", "refused: OPENING_OVER", "is no amount"]
    {
        assert!(given_back.contains(why), "{why}: {given_back}");
    }
    let again = import(&mended, &[]);
    assert!(again.status.success(), "{}{}", text(&again.stdout), text(&again.stderr));
    assert_eq!(group(&json(&again), "main gold"), (10, 0, 10), "another file finds them here already");
    let report: Value = serde_json::from_str(&told(&home, &suite, &["report", "--json"])).expect("JSON");
    let held: Vec<i64> = report["tiers"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|tier| tier["members"].as_i64().expect("told"))
        .collect();
    assert_eq!(held[1..], [10, 10], "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn coupons_that_are_held_come_in_with_the_time_they_have() {
    let home = Home::empty("moving-coupons").await;
    let suite = home.serve(&CLOCK);
    open_shop(&home, &suite);
    let path = |name: &str| home.folder.join(name).display().to_string();
    let (campaign, file, rejects) = (path("campaign.json"), path("coupons.csv"), path("rejects.csv"));
    std::fs::write(&campaign, CAMPAIGN).expect("written");
    told(&home, &suite, &["coupons", "put", &campaign]);
    let good: String = (0..12).map(|number| format!("C{:05},K-{number},2026-06-30,\n", number % 5)).collect();
    let heading = "member,reference,last-day,campaign\n";
    let bad = "C00001,K-1,2026-06-30,\nC00001,K-20,2026-01-09,\nC00001,K-21,,\nC00001,K-22,2026-06-30,none\n";
    std::fs::write(&file, format!("{heading}{good}{bad}")).expect("written");
    let words =
        ["import", "coupons", &file, "--campaign", "ten-off", "--source", "old", "--rejects", &rejects, "--json"];
    let ended = asked(&home, &suite, &words);
    assert_eq!(ended.status.code(), Some(4), "{}", text(&ended.stderr));
    assert_eq!(group(&json(&ended), "ten-off"), (14, 12, 0), "{}", text(&ended.stdout));
    std::fs::write(&file, format!("{heading}{good}")).expect("written");
    let again = asked(&home, &suite, &words);
    assert!(again.status.success(), "{}{}", text(&again.stdout), text(&again.stderr));
    assert_eq!(group(&json(&again), "ten-off"), (12, 0, 12), "another file finds them here already");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_says_what_it_lacks() {
    let home = Home::empty("moving-lacks").await;
    let suite = home.serve(&CLOCK);
    open_shop(&home, &suite);
    let file = home.folder.join("lots.csv").display().to_string();
    std::fs::write(&file, "customer,points\nC1,10\n").expect("written");
    for (words, says) in [
        (vec!["import", "balances", &file], "\"member\" (member)"),
        (vec!["import", "balances", &file, "--column", "who=customer"], "--column who: this list has the columns"),
        (vec!["import", "balances", "none.csv"], "none.csv"),
    ] {
        let done = asked(&home, &suite, &words);
        assert_eq!(done.status.code(), Some(2), "{words:?}");
        assert!(text(&done.stderr).contains(says), "{words:?}: {}", text(&done.stderr));
    }
}
