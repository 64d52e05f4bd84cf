//! What holds for every rpc of the suite holds here.

use std::collections::BTreeMap;
use std::sync::Mutex;

use kernel::RequestId;
use proto::common::v1::Date;
use proto::registry::v1::{
    AddIdentityRequest, BatchGetMembersRequest, Consent, CreateTenantRequest, EnrolMemberRequest, EnrolMembersRequest,
    FindMemberRequest, GetMemberRequest, GetTenantRequest, ListBirthdaysRequest, ListMembersRequest,
    ListTenantsRequest, MemberChange, NewMember, RemoveIdentityRequest, ResumeTenantRequest, SetConsentRequest,
    SuspendTenantRequest, TagMemberRequest, TenantSettings, UpdateMemberRequest, UpdateTenantRequest,
};
use testkit::{Examples, bad_input, repeat, tokens};

use crate::shop::{Client, Operator, Shop, email, person, phone};

fn request_id() -> String {
    RequestId::new_at(testkit::instant(crate::shop::OPENING)).to_string()
}

fn number() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("0912{:06}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Somebody new who tells everything.
fn newcomer() -> NewMember {
    NewMember {
        name: "王小明".to_owned(),
        birthday: Some(Date { year: 1990, month: 5, day: 17 }),
        gender: "男".to_owned(),
        language: "zh-TW".to_owned(),
        attributes: BTreeMap::from([("shoe".to_owned(), "42".to_owned())]),
        tags: vec!["new".to_owned()],
        consents: vec![word()],
        touchpoint: "Da'an".to_owned(),
        ..person(&[phone(&number())])
    }
}

fn word() -> Consent {
    let state_time = Some(proto::timestamp(testkit::instant(crate::shop::OPENING)));
    Consent { purpose: "sms".to_owned(), granted: true, source: "till".to_owned(), state_time }
}

/// Somebody new.
async fn anybody(mut client: Client) -> String {
    let member = Some(person(&[phone(&number()), email(&format!("m{}@example.com", number()))]));
    let request = EnrolMemberRequest { request_id: request_id(), member, validate_only: false };
    client.enrol_member(request).await.expect("they are new").into_inner().member
}

/// The ids of new tenants by their codes: the other way to name them.
static IDS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

fn id_of(code: &str) -> String {
    IDS.lock().expect("nobody panics with it").get(code).cloned().expect("it was made here")
}

/// A new tenant's code.
async fn anywhere(mut operator: Operator) -> String {
    let code = format!("t{}", number());
    let settings = settings("Asia/Taipei");
    let request =
        CreateTenantRequest { request_id: request_id(), code: code.clone(), display_name: code.clone(), settings };
    let opened = operator.create_tenant(request).await.expect("it is new").into_inner();
    IDS.lock().expect("nobody panics with it").insert(code.clone(), opened.tenant);
    code
}

fn settings(zone: &str) -> Option<TenantSettings> {
    let zone = zone.to_owned();
    Some(TenantSettings { zone, currency_code: "TWD".to_owned(), minor_digits: Some(0), phone_region: "TW".to_owned() })
}

fn of_members(shop: &Shop) -> Examples {
    let somebody = {
        let client = shop.client.clone();
        move || anybody(client.clone())
    };
    let (s1, s2, s3, s4, s5) =
        (somebody.clone(), somebody.clone(), somebody.clone(), somebody.clone(), somebody.clone());
    let (r1, r2) = (somebody.clone(), somebody);
    Examples::new(&shop.clock)
        .with_other(
            |_| async { EnrolMemberRequest { member: Some(newcomer()), ..EnrolMemberRequest::default() } },
            |request: &mut EnrolMemberRequest| {
                request.member.get_or_insert_default().name = "李".to_owned();
            },
        )
        .with_other(
            |_| async {
                let members = vec![newcomer(), newcomer()];
                EnrolMembersRequest { members, ..EnrolMembersRequest::default() }
            },
            |request: &mut EnrolMembersRequest| drop(request.members.pop()),
        )
        .with_other(
            move |_| {
                let member = s1();
                async {
                    let change = Some(MemberChange { name: "王".to_owned(), ..MemberChange::default() });
                    let update_mask = vec!["name".to_owned()];
                    UpdateMemberRequest { member: member.await, change, update_mask, ..Default::default() }
                }
            },
            |request: &mut UpdateMemberRequest| request.change.get_or_insert_default().name = "李".to_owned(),
        )
        .with_other(
            move |_| {
                let member = s2();
                async {
                    let identity = Some(phone(&number()));
                    AddIdentityRequest { member: member.await, identity, ..Default::default() }
                }
            },
            |request: &mut AddIdentityRequest| request.identity = Some(phone(&number())),
        )
        .with_other(
            {
                let client = shop.client.clone();
                move |_| {
                    let mut client = client.clone();
                    async move {
                        let known = phone(&number());
                        let member = Some(person(&[known.clone(), email(&format!("r{}@example.com", number()))]));
                        let request = EnrolMemberRequest { request_id: request_id(), member, validate_only: false };
                        let member = client.enrol_member(request).await.expect("new").into_inner().member;
                        RemoveIdentityRequest { member, identity: Some(known), ..Default::default() }
                    }
                }
            },
            |request: &mut RemoveIdentityRequest| request.identity = Some(phone(&number())),
        )
        .with_other(
            move |_| {
                let member = s3();
                async { TagMemberRequest { member: member.await, add: vec!["vip".to_owned()], ..Default::default() } }
            },
            |request: &mut TagMemberRequest| request.add.push("coffee".to_owned()),
        )
        .with_other(
            move |_| {
                let member = s4();
                async { SetConsentRequest { member: member.await, consents: vec![word()], ..Default::default() } }
            },
            |request: &mut SetConsentRequest| request.consents[0].granted = false,
        )
        .with(move |_| {
            let member = s5();
            async { GetMemberRequest { member: member.await, ..Default::default() } }
        })
        .with(move |_| {
            let member = r1();
            async { BatchGetMembersRequest { members: vec![member.await], ..Default::default() } }
        })
        .with(move |_| {
            let member = r2();
            async {
                member.await;
                FindMemberRequest { identity: Some(phone("0912345678")), ..Default::default() }
            }
        })
        .with(|_| async { ListMembersRequest::default() })
        .with(|_| async { ListBirthdaysRequest { month: 2, day: 29, ..Default::default() } })
}

fn of_tenants(shop: &Shop) -> Examples {
    let somewhere = {
        let operator = shop.operator.clone();
        move || anywhere(operator.clone())
    };
    let (s1, s2, s3, s4) = (somewhere.clone(), somewhere.clone(), somewhere.clone(), somewhere);
    Examples::new(&shop.clock)
        .with_other(
            |_| async {
                let (code, settings) = (format!("t{}", number()), settings("Asia/Taipei"));
                CreateTenantRequest { code, display_name: "A shop".to_owned(), settings, ..Default::default() }
            },
            |request: &mut CreateTenantRequest| request.display_name = "Another".to_owned(),
        )
        .with_other(
            move |_| {
                let tenant = s1();
                async {
                    let update_mask = vec!["settings.zone".to_owned()];
                    let settings = settings("Europe/London");
                    UpdateTenantRequest { tenant: tenant.await, settings, update_mask, ..Default::default() }
                }
            },
            |request: &mut UpdateTenantRequest| request.settings = settings("Asia/Tokyo"),
        )
        .with_other(
            move |_| {
                let tenant = s2();
                async { SuspendTenantRequest { tenant: tenant.await, ..Default::default() } }
            },
            |request: &mut SuspendTenantRequest| request.tenant = id_of(&request.tenant),
        )
        .with_other(
            move |_| {
                let tenant = s3();
                async { ResumeTenantRequest { tenant: tenant.await, ..Default::default() } }
            },
            |request: &mut ResumeTenantRequest| request.tenant = id_of(&request.tenant),
        )
        .with(move |_| {
            let tenant = s4();
            async { GetTenantRequest { tenant: tenant.await, ..Default::default() } }
        })
        .with(|_| async { ListTenantsRequest::default() })
}

fn is_about_tenants(method: &&'static proto::Method) -> bool {
    method.path.contains("TenantService")
}

#[tokio::test]
async fn bad_tokens_are_refused_everywhere() {
    let shop = Shop::open().await;
    tokens::refused_everywhere(&shop.served, Some(shop.tenant)).await;
}

#[tokio::test]
async fn bad_input_is_the_callers_to_hear_about() {
    let shop = Shop::open().await;
    let (own, operator) = (shop.served.channel_for_everything(shop.tenant), shop.served.channel_for_everything(None));
    let (tenants, members): (Vec<_>, Vec<_>) = shop.served.methods().partition(is_about_tenants);
    bad_input::never_fails(members.clone(), &own, &of_members(&shop)).await;
    bad_input::never_fails(tenants.clone(), &operator, &of_tenants(&shop)).await;
    bad_input::unreadable_bytes(members, &own, &of_members(&shop)).await;
    bad_input::unreadable_bytes(tenants, &operator, &of_tenants(&shop)).await;
}

#[tokio::test]
async fn saying_it_again_answers_the_same() {
    let shop = Shop::open().await;
    let (own, operator) = (shop.served.channel_for_everything(shop.tenant), shop.served.channel_for_everything(None));
    let (tenants, members): (Vec<_>, Vec<_>) = shop.served.methods().partition(is_about_tenants);
    let effects = |service| {
        let database = &shop.database;
        async move { database.effects_of(service).await }
    };
    repeat::holds(members, &own, &of_members(&shop), effects).await;
    repeat::holds(tenants, &operator, &of_tenants(&shop), effects).await;
}
