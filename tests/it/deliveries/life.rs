//! Two months of a shop: a script of chance from one seed, the same in every run.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use proto::activity::v1::{CancelKind, CancelOrderRequest, NewReturn, new_order};
use proto::loyalty::v1::{AdjustPointsRequest, RedeemPointsRequest};
use proto::referrals::v1::{AttributeRequest, AttributionPoint, IssueCodeRequest};
use proto::registry::v1::{MemberChange, UpdateMemberRequest};
use proto::subscriptions::v1::{
    Cadence, CadenceUnit, CancelSubscriptionRequest, Plan, PlanKind, PlanLine, PutPlanRequest, SkipOccurrenceRequest,
    SubscribeRequest, UpdatePaymentTokenRequest,
};
use testkit::Dice;

use crate::requests::{self, coming_back, giving_back, line, of, order_at, phone, purchase};
use crate::stage::{Shop, Stage};

const SCRIPT: u64 = 20_110_103;
const ROUNDS: u64 = 10;
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const TOKENS: [&str; 3] = ["sandbox_ok", "sandbox_later_2", "sandbox_card"];

/// A shop in the course of its life, and what it remembers.
pub struct Life {
    pub shop: Shop,
    pub people: Vec<Person>,
    /// Ids by what the script calls them.
    pub names: BTreeMap<String, String>,
    /// What calls were answered that may be refused.
    pub answers: Vec<String>,
    dice: Dice,
    orders: usize,
}

pub struct Person {
    pub id: String,
    pub name: String,
    code: String,
    orders: Vec<Bought>,
    subscription: Option<String>,
}

struct Bought {
    id: String,
    /// Units of its first line that did not come back.
    left: i64,
}

impl Life {
    pub async fn lived(stage: &Stage) -> Self {
        let mut life = Self::opened(stage).await;
        for round in 0..ROUNDS {
            life.round(round).await;
            let days = 1 + i64::try_from(life.dice.below(9)).expect("few");
            let to = life.shop.clock.now() + SignedDuration::from_hours(days * 24 + 5);
            stage.suite.coordinator().advance(to, HOUR).await.expect("the clock moves");
        }
        stage.suite.coordinator().quiet().await.expect("all is heard");
        life
    }

    /// Whatever rules is in force, and heard of, before anybody comes: what came before would be decided without it.
    async fn opened(stage: &Stage) -> Self {
        let shop = stage.shop("signature").await;
        let put = requests::offer(shop.request_id());
        shop.referrals().put_terms(put).await.expect("the terms are in force");
        for plan in [coffee(), gold()] {
            let put = PutPlanRequest { request_id: shop.request_id(), plan: Some(plan), validate_only: false };
            shop.subscriptions().put_plan(put).await.expect("it can be subscribed to");
        }
        stage.suite.coordinator().quiet().await.expect("the tenant is heard of");
        let (people, names, answers) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { shop, people, names, answers, dice: Dice::new(SCRIPT), orders: 0 }
    }

    /// Newcomers do several things at once; who is known already does one thing or two of one kind, so that what they do
    /// is decided by what was heard up to the last round.
    async fn round(&mut self, round: u64) {
        let known = self.people.len();
        for _ in 0..1 + self.dice.below(2) * u64::from(round.is_multiple_of(3)) {
            self.somebody_comes().await;
        }
        for place in 0..known {
            match self.dice.below(12) {
                0..4 => self.buys(place, 0).await,
                // At two instants: points of one instant are spent in the order of their lots' ids.
                4 => {
                    self.buys(place, 1).await;
                    self.brings_back(place).await;
                    self.buys(place, 0).await;
                }
                5 => self.brings_back(place).await,
                6 => self.cancels(place).await,
                7 => self.redeems(place).await,
                8 | 9 => self.subscribes(place).await,
                10 => self.has_it_otherwise(place).await,
                _ => self.is_renamed(place).await,
            }
        }
    }

    /// By a friend's code, or just so, and buys at once; or has bought as a guest. Not both: whether the old order joins them
    /// before the new one is recorded is up to who is faster, and decides whether they were invited as a stranger.
    async fn somebody_comes(&mut self) {
        let place = self.people.len();
        let number = format!("0912-000-{place:03}");
        let was_a_guest = self.dice.one_in(3);
        if was_a_guest {
            self.bought(new_order::Buyer::Identity(phone(&number)), 0).await;
        }
        let id = self.shop.enrol(&number).await;
        let name = format!("<member {place}>");
        self.names.insert(id.clone(), name.clone());
        let code = self.code(&id, &name).await;
        let inviter = self.dice.place(place);
        self.people.push(Person { id, name, code, orders: Vec::new(), subscription: None });
        if was_a_guest {
            return;
        }
        if place > 0 && self.dice.one_in(2) {
            self.was_invited(place, inviter).await;
        }
        if !self.dice.one_in(4) {
            self.buys(place, 0).await;
        }
    }

    async fn code(&mut self, id: &str, name: &str) -> String {
        let ask = IssueCodeRequest { request_id: self.shop.request_id(), member: id.to_owned(), ..Default::default() };
        let issued = self.shop.referrals().issue_code(ask).await.expect("registry knows them").into_inner();
        self.names.insert(issued.code.clone(), format!("<code of {name}>"));
        issued.code
    }

    async fn was_invited(&mut self, place: usize, inviter: usize) {
        let ask = AttributeRequest {
            request_id: self.shop.request_id(),
            member: self.people[place].id.clone(),
            code: self.people[inviter].code.clone(),
            point: AttributionPoint::Enrolment.into(),
            ..AttributeRequest::default()
        };
        let told = self.shop.referrals().attribute(ask).await;
        self.noted(place, "was invited", told.map(|told| told.into_inner().state));
    }

    async fn buys(&mut self, place: usize, hours_ago: i64) {
        let buyer = of(&self.people[place].id);
        let bought = self.bought(buyer, hours_ago).await;
        self.people[place].orders.push(bought);
    }

    async fn bought(&mut self, buyer: new_order::Buyer, hours_ago: i64) -> Bought {
        self.orders += 1;
        let left = 1 + i64::try_from(self.dice.below(3)).expect("few");
        let price = (100 + self.dice.below(3_900)).to_string();
        let lines = vec![line(1, "beans", left, &price), line(2, "mug", 1, "250")];
        // Some are reported a day late.
        let late = SignedDuration::from_hours(hours_ago + if self.dice.one_in(6) { 30 } else { 0 });
        let external = format!("order-{}", self.orders);
        let order = order_at(self.shop.clock.now() - late, &external, buyer, lines);
        let recorded = self.shop.activity().record_order(purchase(self.shop.request_id(), order)).await;
        let id = recorded.expect("the order is recorded").into_inner().order;
        self.names.insert(id.clone(), format!("<{external}>"));
        Bought { id, left }
    }

    async fn brings_back(&mut self, place: usize) {
        let Some(bought) = self.people[place].orders.last_mut().filter(|bought| bought.left > 0) else { return };
        bought.left -= 1;
        self.orders += 1;
        let external = format!("return-{}", self.orders);
        let goods = NewReturn {
            occur_time: Some(proto::timestamp(self.shop.clock.now())),
            ..coming_back(&external, &bought.id, 1, 1)
        };
        let told = self.shop.activity().record_return(giving_back(self.shop.request_id(), goods)).await;
        let matched = told.map(|told| told.into_inner().matches.len());
        self.noted(place, "brings back", matched);
    }

    async fn cancels(&mut self, place: usize) {
        let Some(bought) = self.people[place].orders.pop() else { return };
        let ask = CancelOrderRequest {
            request_id: self.shop.request_id(),
            order: bought.id,
            kind: CancelKind::Cancelled.into(),
            ..CancelOrderRequest::default()
        };
        let told = self.shop.activity().cancel_order(ask).await;
        self.noted(place, "cancels", told.map(|_| ()));
    }

    async fn redeems(&mut self, place: usize) {
        let ask = RedeemPointsRequest {
            request_id: self.shop.request_id(),
            member: self.people[place].id.clone(),
            points: 5 + i64::try_from(self.dice.below(60)).expect("few"),
            spent_on: "a bag of beans".to_owned(),
            ..RedeemPointsRequest::default()
        };
        let told = self.shop.loyalty().redeem_points(ask).await;
        self.noted(place, "redeems", told.map(|told| told.into_inner().spendable));
    }

    async fn subscribes(&mut self, place: usize) {
        if self.people[place].subscription.is_some() {
            return self.is_given_points(place).await;
        }
        let token = TOKENS[self.dice.place(TOKENS.len())];
        let ask = SubscribeRequest {
            request_id: self.shop.request_id(),
            member: self.people[place].id.clone(),
            plan: if self.dice.one_in(3) { "gold" } else { "coffee" }.to_owned(),
            payment_token: token.to_owned(),
            ..SubscribeRequest::default()
        };
        let told = self.shop.subscriptions().subscribe(ask).await.expect("registry knows them").into_inner();
        self.names.insert(told.subscription.clone(), format!("<subscription of {}>", self.people[place].name));
        self.people[place].subscription = Some(told.subscription);
    }

    /// Another card, an occurrence that is not wanted, or no more at all.
    async fn has_it_otherwise(&mut self, place: usize) {
        let Some(subscription) = self.people[place].subscription.clone() else { return };
        let (request_id, mut service) = (self.shop.request_id(), self.shop.subscriptions());
        let code = match self.dice.below(4) {
            0 => {
                let ask = CancelSubscriptionRequest { request_id, subscription, ..Default::default() };
                service.cancel_subscription(ask).await.err()
            }
            1 => {
                let ask = SkipOccurrenceRequest { request_id, subscription, number: 4, validate_only: false };
                service.skip_occurrence(ask).await.err()
            }
            _ => {
                let payment_token = "sandbox_ok".to_owned();
                let ask = UpdatePaymentTokenRequest { request_id, subscription, payment_token, validate_only: false };
                service.update_payment_token(ask).await.err()
            }
        };
        self.noted(place, "has it otherwise", code.map_or(Ok(()), Err));
    }

    async fn is_given_points(&mut self, place: usize) {
        let ask = AdjustPointsRequest {
            request_id: self.shop.request_id(),
            member: self.people[place].id.clone(),
            points: 7,
            reason: "for the rain".to_owned(),
            ..AdjustPointsRequest::default()
        };
        let told = self.shop.loyalty().adjust_points(ask).await;
        self.noted(place, "is given points", told.map(|_| ()));
    }

    async fn is_renamed(&mut self, place: usize) {
        let ask = UpdateMemberRequest {
            request_id: self.shop.request_id(),
            member: self.people[place].id.clone(),
            change: Some(MemberChange { name: format!("Number {place}"), ..MemberChange::default() }),
            update_mask: vec!["name".to_owned()],
            ..UpdateMemberRequest::default()
        };
        let told = self.shop.registry().update_member(ask).await;
        self.noted(place, "is renamed", told.map(|_| ()));
    }

    fn noted<T: std::fmt::Debug>(&mut self, place: usize, what: &str, told: Result<T, tonic::Status>) {
        let told = told.map_err(|refused| refused.message().to_owned());
        self.answers.push(format!("{} {what}: {told:?}", self.people[place].name));
    }
}

fn coffee() -> Plan {
    let line =
        PlanLine { product: "coffee".to_owned(), category: "drinks".to_owned(), quantity: 2, unit_price_minor: 300 };
    Plan {
        code: "coffee".to_owned(),
        display_name: "Coffee".to_owned(),
        kind: PlanKind::Goods.into(),
        currency_code: "TWD".to_owned(),
        lines: vec![line],
        cadence: Some(Cadence { every: 1, unit: CadenceUnit::Week.into() }),
        ..Plan::default()
    }
}

fn gold() -> Plan {
    Plan {
        code: "gold".to_owned(),
        display_name: "Gold".to_owned(),
        kind: PlanKind::Membership.into(),
        currency_code: "TWD".to_owned(),
        fee_minor: 1_200,
        cadence: Some(Cadence { every: 1, unit: CadenceUnit::Month.into() }),
        entitlements: vec!["gate".to_owned()],
        ..Plan::default()
    }
}
