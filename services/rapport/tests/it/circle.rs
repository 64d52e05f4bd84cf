//! Referrals and subscriptions from the command line.

use serde_json::Value;

use crate::home::{Home, Suite, text};

const TERMS: &str = r#"{ "currency": "TWD", "least_order_minor": 500, "inviter_points": 100, "invitee_points": 50,
    "effective_time": "2026-01-01T00:00:00Z", "hold_days": 7, "flag_per_hour": 1,
    "checkout_hours": 12 }"#;
const BEANS: &str = r#"{ "code": "beans", "display_name": "每月咖啡", "currency": "TWD", "every": "1 month",
    "what": { "goods": { "lines": [{ "product": "beans-250", "quantity": 2, "unit_price_minor": 420 }] } },
    "retry_days": [1, 3] }"#;
const PLUS: &str = r#"{ "code": "plus", "display_name": "Plus", "currency": "TWD", "every": "1 year",
    "what": { "membership": { "fee_minor": 1200, "entitlements": ["tasting"] } } }"#;

struct Shop {
    home: Home,
    suite: Suite,
}

impl Shop {
    async fn open(name: &str) -> Self {
        let home = Home::empty(name).await;
        let suite = home.serve(&["up", "--members", "0", "--clock", "manual:2026-03-01T01:00:00Z"]);
        let shop = Self { home, suite };
        shop.says(&["tenant", "open", "shop", "--zone", "Asia/Taipei", "--currency", "TWD"]);
        shop.says(&["programme", "apply", "signature", "--yes"]);
        shop
    }

    fn run(&self, words: &[&str]) -> std::process::Output {
        self.home.run(&[words, &["--tenant", "shop", "--address", &self.suite.address]].concat())
    }

    fn says(&self, words: &[&str]) -> String {
        let done = self.run(words);
        assert!(done.status.success(), "{words:?}: {}", text(&done.stderr));
        text(&done.stdout)
    }

    fn tells(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.says(&[words, &["--json"]].concat())).expect("it is JSON")
    }

    fn refuses(&self, words: &[&str]) -> (Option<i32>, String) {
        let done = self.run(words);
        (done.status.code(), text(&done.stderr))
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.home.folder.join(name);
        std::fs::write(&path, content).expect("the state folder is there");
        path.display().to_string()
    }

    fn enrol(&self, phone: &str) -> String {
        let told = self.tells(&["member", "enrol", "--phone", phone]);
        told["member"].as_str().expect("an id").to_owned()
    }

    fn until(&self, moment: &str) {
        self.says(&["clock", "advance", "--to", moment]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_friend_is_invited_from_the_terms_to_the_review() {
    let shop = Shop::open("friends").await;
    let terms = shop.file("terms.json", TERMS);
    let rehearsed = shop.says(&["referrals", "put", &terms, "--dry-run"]);
    assert_eq!(rehearsed, "  these terms could rule from 2026-01-01 08:00; nothing was put into force\n");
    assert!(shop.refuses(&["referrals", "terms"]).1.starts_with("refused: TERMS_NOT_FOUND"));
    shop.says(&["referrals", "put", &terms]);
    assert!(shop.says(&["referrals", "terms"]).contains("100 points for who invites, 50 for who is invited\n"));
    let hours = "  an order named at checkout counts if bought at most 12 hours before\n";
    assert!(shop.says(&["referrals", "terms"]).contains(hours));
    // What is printed for programs can be put again, and says the same but for its number and time.
    let first = shop.tells(&["referrals", "terms"]);
    let again = shop.file("again.json", &first.to_string());
    shop.says(&["referrals", "put", &again, "--from", "2026-04-01T00:00:00Z"]);
    let mut second = shop.tells(&["referrals", "terms", "2"]);
    assert_eq!((&second["version"], &second["checkout_hours"]), (&Value::from(2), &Value::from(12)));
    for name in ["version", "effective_time"] {
        second[name] = first[name].clone();
    }
    assert_eq!(second, first);

    shop.enrol("0912345678");
    let code = shop.tells(&["referrals", "code", "--phone", "0912345678"])["code"].as_str().expect("one").to_owned();
    assert_eq!(shop.says(&["referrals", "code", "--phone", "0912345678"]), format!("{code}\n"));
    let friend = shop.enrol("0922345678");
    let told = shop.says(&["referrals", "attribute", "--phone", "0922345678", "--code", &code]);
    assert!(
        told.contains("not bought yet: The invitation is known; an order that counts is still to come.\n"),
        "{told}"
    );
    let own = shop.refuses(&["referrals", "attribute", "--phone", "0912345678", "--code", &code]);
    assert!(own.0 == Some(1) && own.1.starts_with("refused: SELF_REFERRAL"), "{}", own.1);

    let seen = shop.says(&["referrals", "show", "--of", &friend]);
    assert!(seen.contains("an order of NT$ 500 more than the best so far\n"), "{seen}");
    let second = shop.enrol("0933345678");
    shop.says(&["referrals", "attribute", "--member", &second, "--code", &code]);
    let flagged = shop.tells(&["referrals", "show", "--of", &second]);
    assert_eq!(flagged["state"], "to be looked at");
    let id = flagged["referral"].as_str().expect("an id").to_owned();
    let both = shop.refuses(&["referrals", "review", &id, "--reason", "two brothers"]);
    assert!(both.0 == Some(2) && both.1.contains("--approve"), "a verdict is asked for: {}", both.1);
    let done = shop.says(&["referrals", "review", &id, "--approve", "--reason", "two brothers"]);
    assert_eq!(done, format!("{id} is not bought yet now\n"));
    let invited = shop.says(&["referrals", "invited", "--phone", "0912345678"]);
    assert_eq!(invited.lines().count(), 3, "a heading and two: {invited}");
    assert_eq!(shop.tells(&["referrals", "overview"])["referrals"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_lived_through() {
    let shop = Shop::open("subscriber").await;
    assert_eq!(shop.says(&["subscriptions", "plans"]), "  no plans yet: rapport subscriptions put plan.json\n");
    let misspelt = shop.file("misspelt.json", &BEANS.replace("quantity", "quantty"));
    let wrong = shop.refuses(&["subscriptions", "put", &misspelt]);
    assert!(wrong.0 == Some(2) && wrong.1.contains("quantty"), "{}", wrong.1);
    shop.says(&["subscriptions", "put", &shop.file("beans.json", BEANS)]);
    shop.says(&["subscriptions", "put", &shop.file("plus.json", PLUS)]);
    assert_eq!(shop.says(&["subscriptions", "plans"]).lines().count(), 3);

    shop.enrol("0912345678");
    let who = ["--phone", "0912345678"];
    let words = ["subscriptions", "subscribe", "--plan", "beans", "--payment-token", "sandbox_ok"];
    let told = shop.tells(&[&words[..], &who, &["--from", "2026-03-31T08:00"]].concat());
    let id = told["subscription"].as_str().expect("an id").to_owned();
    let ahead =
        shop.says(&["subscriptions", "preview", "--plan", "beans", "--from", "2026-03-31T08:00", "--count", "3"]);
    assert!(ahead.contains("2026-03-31 08:00") && ahead.contains("2026-04-30 08:00"), "{ahead}");
    let left = shop.says(&["subscriptions", "skip", &id, "1"]);
    assert_eq!(left, "number 1, due 2026-04-30 08:00, is left out\n");
    shop.until("2026-05-31T01:00:00Z");
    let seen = shop.says(&["subscriptions", "show", &id]);
    let lines: Vec<&str> = seen.lines().collect();
    assert!(lines[0].starts_with("active · beans version 1 · every month · NT$ 840"), "{seen}");
    assert_eq!(seen.matches("paid").count(), 2, "the first and the third: {seen}");
    assert!(seen.contains("left out"), "{seen}");
    let orders = shop.tells(&["member", "show", "--phone", "0912345678"])["orders"].clone();
    assert_eq!(orders.as_array().map(Vec::len), Some(2), "each paid one is an order: {orders}");

    let gate = ["subscriptions", "check", "--entitlement", "tasting"];
    let closed = shop.says(&[&gate[..], &who].concat());
    assert_eq!(closed, "Not open: no paid membership has opened this to the member.\n");
    let words = ["subscriptions", "subscribe", "--plan", "plus", "--payment-token", "sandbox_ok"];
    shop.says(&[&words[..], &who].concat());
    shop.until("2026-05-31T02:00:00Z");
    assert!(shop.says(&[&gate[..], &who].concat()).starts_with("Open: the present term is paid. · until 2027-05-31"));
    assert!(shop.says(&["subscriptions", "forecast", "--months", "2"]).contains("NT$ 840"));

    let paused = shop.says(&["subscriptions", "pause", &id, "--reason", "holidays"]);
    assert_eq!(paused, format!("{id} is paused now\n"));
    assert!(shop.says(&["subscriptions", "resume", &id]).contains("is active now · next due 2026-06-30 08:00"));
    assert_eq!(shop.says(&["subscriptions", "cancel", &id]), format!("{id} is cancelled now\n"));
    let over = shop.refuses(&["subscriptions", "resume", &id]);
    assert!(over.0 == Some(1) && over.1.starts_with("refused: SUBSCRIPTION_OVER"), "{}", over.1);
    let listed = shop.tells(&["subscriptions", "list", "--state", "cancelled"]);
    assert_eq!(listed["subscriptions"][0]["subscription"], Value::String(id));
}
