//! What every service tells of everybody, in the words of the script.

use std::collections::BTreeMap;
use std::fmt::Debug;

use proto::activity::v1::{GetOverviewRequest as Journal, ListOrdersRequest};
use proto::loyalty::v1::{
    Account, Entry, GetAccountRequest, GetOverviewRequest as Points, ListEntriesRequest, ListTierChangesRequest, Lot,
};
use proto::portrait::v1::{GetPortraitRequest, Portrait};
use proto::referrals::v1::{GetOverviewRequest as Invitations, GetReferralOfRequest, ListInvitationsRequest};
use proto::registry::v1::GetMemberRequest;
use proto::segmentation::v1::{
    GetCohortsRequest, GetInsightRequest, GetOverviewRequest as Groups, GetSnapshotRequest, ListChangesRequest,
    ListMembersRequest,
};
use proto::subscriptions::v1::{GetSubscriptionRequest, ListChargesRequest, ListSubscriptionsRequest};
use rapport::suite::Service;
use tonic::{Code, Response, Status};

use super::life::{Life, Person};
use crate::stage::Stage;

/// Lines by what they are about, sorted: things of one instant have no order.
pub type Told = BTreeMap<String, Vec<String>>;

const MOST: i32 = 1_000;
/// Characters of an id after its prefix.
const ID: usize = 26;

/// Makes a request with what it asks for and nothing else.
macro_rules! ask {
    ($message:ident { $($field:ident: $value:expr),* }) => {
        $message { $($field: $value,)* ..$message::default() }
    };
}

pub async fn told(stage: &Stage, life: &Life) -> Told {
    let mut teller = Teller { names: &life.names, told: Told::new() };
    teller.add("answers", life.answers.clone());
    for person in &life.people {
        teller.account(life, person).await;
        teller.groups(life, person).await;
        teller.others(life, person).await;
        teller.subscriptions(life, person).await;
    }
    teller.sums(life).await;
    for service in Service::ALL {
        teller.rows(stage, service.name()).await;
    }
    teller.told
}

struct Teller<'a> {
    names: &'a BTreeMap<String, String>,
    told: Told,
}

impl Teller<'_> {
    fn add(&mut self, about: &str, all: impl IntoIterator<Item = impl Debug>) {
        let lines = all.into_iter().map(|one| named(&format!("{one:?}"), self.names));
        let known = self.told.entry(about.to_owned()).or_default();
        known.extend(lines);
        known.sort_unstable();
    }

    async fn account(&mut self, life: &Life, person: &Person) {
        let (name, member) = (&person.name, || person.id.clone());
        let mut loyalty = life.shop.loyalty();
        let account = loyalty.get_account(ask!(GetAccountRequest { member: member() })).await;
        self.add(&format!("{name}: account"), answered(account).and_then(|told| told.account).map(without_ties));
        let entries = loyalty.list_entries(ask!(ListEntriesRequest { member: member(), page_size: MOST })).await;
        let entries = answered(entries).into_iter().flat_map(|told| told.entries);
        self.add(&format!("{name}: entries"), entries.map(|entry| Entry { draws: Vec::new(), ..entry }));
        let tiers = loyalty.list_tier_changes(ask!(ListTierChangesRequest { member: member() })).await;
        self.add(&format!("{name}: tiers"), answered(tiers).into_iter().flat_map(|told| told.changes));
    }

    async fn groups(&mut self, life: &Life, person: &Person) {
        let (name, member) = (&person.name, || person.id.clone());
        let mut segmentation = life.shop.segmentation();
        let insight = segmentation.get_insight(ask!(GetInsightRequest { member: member() })).await;
        self.add(&format!("{name}: insight"), answered(insight));
        let changes = segmentation.list_changes(ask!(ListChangesRequest { member: member(), page_size: MOST })).await;
        self.add(&format!("{name}: changes"), answered(changes).into_iter().flat_map(|told| told.changes));
    }

    async fn others(&mut self, life: &Life, person: &Person) {
        let (name, member, shop) = (&person.name, || person.id.clone(), &life.shop);
        let profile = shop.registry().get_member(ask!(GetMemberRequest { member: member() })).await;
        self.add(&format!("{name}: profile"), answered(profile).and_then(|told| told.member));
        let orders = shop.activity().list_orders(ask!(ListOrdersRequest { member: member(), page_size: MOST })).await;
        self.add(&format!("{name}: orders"), answered(orders).into_iter().flat_map(|told| told.orders));
        let came = shop.referrals().get_referral_of(ask!(GetReferralOfRequest { invitee: member() })).await;
        self.add(&format!("{name}: referral"), answered(came));
        let asked = ask!(ListInvitationsRequest { inviter: member(), page_size: MOST });
        let invited = shop.referrals().list_invitations(asked).await;
        self.add(&format!("{name}: invitations"), answered(invited).into_iter().flat_map(|told| told.referrals));
        let portrait = shop.portraits().get_portrait(ask!(GetPortraitRequest { member: member() })).await;
        let mut portrait = answered(portrait).and_then(|told| told.portrait).expect("they are a member");
        without_freshness(&mut portrait);
        let part = portrait.account.as_mut().expect("every part is told");
        part.account = part.account.take().map(without_ties);
        self.add(&format!("{name}: portrait"), [portrait]);
    }

    async fn subscriptions(&mut self, life: &Life, person: &Person) {
        let (name, mut service) = (&person.name, life.shop.subscriptions());
        let asked = ask!(ListSubscriptionsRequest { member: person.id.clone(), page_size: MOST });
        let held = answered(service.list_subscriptions(asked).await).expect("a list").subscriptions;
        for one in held {
            let charges = ask!(ListChargesRequest { subscription: one.id.clone(), page_size: MOST });
            let charges = answered(service.list_charges(charges).await).expect("it is there").charges;
            self.add(&format!("{name}: charges"), charges);
            let whole = service.get_subscription(ask!(GetSubscriptionRequest { subscription: one.id })).await;
            self.add(&format!("{name}: subscription"), answered(whole));
        }
    }

    async fn sums(&mut self, life: &Life) {
        let (shop, mut segmentation) = (&life.shop, life.shop.segmentation());
        self.add("journal", answered(shop.activity().get_overview(ask!(Journal {})).await));
        self.add("points", answered(shop.loyalty().get_overview(ask!(Points {})).await));
        self.add("referrals", answered(shop.referrals().get_overview(ask!(Invitations {})).await));
        self.add("groups", answered(segmentation.get_overview(ask!(Groups {})).await));
        self.add("cohorts", answered(segmentation.get_cohorts(ask!(GetCohortsRequest {})).await));
        self.add("snapshot", answered(segmentation.get_snapshot(ask!(GetSnapshotRequest {})).await));
        let members = segmentation.list_members(ask!(ListMembersRequest { page_size: MOST })).await;
        self.add("members", answered(members).into_iter().flat_map(|told| told.members));
    }

    /// How many rows each table has, and how many events were said. A shard has its head with its first event, and which
    /// shards there are follows from the ids.
    async fn rows(&mut self, stage: &Stage, service: &str) {
        let mut rows = stage.database.rows_of(service).await;
        rows.remove("head");
        rows.remove("cursor");
        self.add(&format!("rows of {service}"), rows);
        self.add(&format!("events of {service}"), [stage.database.events_of(service).await]);
    }
}

/// How lately something was heard is another thing each time, and who hears over a line that holds things back never knows.
fn without_freshness(portrait: &mut Portrait) {
    let parts = [
        portrait.account.as_mut().map(|part| &mut part.freshness),
        portrait.insight.as_mut().map(|part| &mut part.freshness),
        portrait.orders.as_mut().map(|part| &mut part.freshness),
        portrait.referrals.as_mut().map(|part| &mut part.freshness),
        portrait.subscriptions.as_mut().map(|part| &mut part.freshness),
    ];
    for freshness in parts {
        freshness.expect("every part is told").take();
    }
}

/// Lots of one instant and one end are spent in the order of their ids, which are new each time: which of them a
/// redemption draws from, and so what is left of each, is equal for all of them together alone.
fn without_ties(account: Account) -> Account {
    let mut lots: BTreeMap<(i64, i64), Lot> = BTreeMap::new();
    for lot in account.lots {
        let second = |moment: Option<prost_types::Timestamp>| moment.map_or(i64::MAX, |moment| moment.seconds);
        let (lapse_time, earn_time) = (lot.lapse_time, lot.earn_time);
        let tied = lots.entry((second(lapse_time), second(earn_time)));
        tied.or_insert(Lot { lapse_time, earn_time, ..Lot::default() }).left += lot.left;
    }
    Account { lots: lots.into_values().collect(), ..account }
}

/// What was answered; nothing where there is nothing.
fn answered<T>(told: Result<Response<T>, Status>) -> Option<T> {
    match told {
        Ok(told) => Some(told.into_inner()),
        Err(refused) => {
            assert_eq!(refused.code(), Code::NotFound, "{refused:?}");
            None
        }
    }
}

/// Ids by what the script calls them, others by their kind alone.
fn named(text: &str, names: &BTreeMap<String, String>) -> String {
    let mut told = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find(|letter: char| letter.is_ascii_alphanumeric()) {
        told += &rest[..begin];
        let word = &rest[begin..];
        let end = word.find(|letter: char| !letter.is_ascii_alphanumeric() && !"_-".contains(letter));
        let (word, after) = word.split_at(end.unwrap_or(word.len()));
        told += &name_of(word, names);
        rest = after;
    }
    told + rest
}

fn name_of(word: &str, names: &BTreeMap<String, String>) -> String {
    if let Some(name) = names.get(word) {
        return name.clone();
    }
    let is_id =
        |id: &str| id.len() == ID && id.chars().all(|letter| letter.is_ascii_digit() || letter.is_ascii_lowercase());
    match word.rsplit_once('_') {
        Some((kind, id)) if is_id(id) => format!("{kind}_…"),
        Some(_) | None => word.to_owned(),
    }
}
