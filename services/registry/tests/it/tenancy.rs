//! Tenants never see each other; a suspended one is read and not written.

use kernel::TenantId;
use proto::registry::v1::tenant_service_client::TenantServiceClient;
use proto::registry::v1::{
    CreateTenantRequest, FindMemberRequest, GetTenantRequest, ListMembersRequest, ListTenantsRequest,
    ResumeTenantRequest, TagMemberRequest, TenantSettings, TenantState, UpdateTenantRequest,
};
use tonic::Code;

use crate::shop::{Operator, Shop, fields, person, phone, reason};

impl Shop {
    /// The tenant's own people, who may do everything that tenants may.
    fn own(&self) -> Operator {
        TenantServiceClient::new(self.served.channel_for_everything(self.tenant))
    }
}

fn about(tenant: impl ToString) -> GetTenantRequest {
    GetTenantRequest { tenant: tenant.to_string(), ..Default::default() }
}

#[tokio::test]
async fn one_phone_number_is_a_member_of_each_tenant() {
    let mut shop = Shop::open().await;
    let ours = shop.enrol_phone("0912345678").await;
    let (_, mut strangers) = shop.another("other").await;
    let find = FindMemberRequest { identity: Some(phone("0912345678")), at_least_as_fresh: String::new() };
    assert_eq!(strangers.find_member(find.clone()).await.expect_err("nobody").code(), Code::NotFound);
    let listed = strangers.list_members(ListMembersRequest::default()).await.expect("a page").into_inner();
    assert_eq!(listed.members.len(), 0);
    let theirs = proto::registry::v1::EnrolMemberRequest {
        request_id: shop.request_id(),
        member: Some(person(&[phone("0912345678")])),
        validate_only: false,
    };
    let theirs = strangers.enrol_member(theirs).await.expect("with them it is free").into_inner().member;
    assert_ne!(theirs, ours.to_string());
    let found = shop.client.find_member(find).await.expect("ours").into_inner().member.expect("one");
    assert_eq!(found.id, ours.to_string());
}

#[tokio::test]
async fn a_tenant_learns_of_itself_only() {
    let mut shop = Shop::open().await;
    let (other, _) = shop.another("other").await;
    let mut own = shop.own();
    for asked in [String::new(), shop.tenant.to_string(), "signature".to_owned()] {
        let tenant = own.get_tenant(about(asked)).await.expect("it is theirs").into_inner().tenant.expect("one");
        assert_eq!((tenant.id, tenant.code.as_str()), (shop.tenant.to_string(), "signature"));
    }
    for asked in [other.to_string(), "other".to_owned(), "nobody".to_owned()] {
        let status = own.get_tenant(about(&asked)).await.expect_err("not theirs");
        assert_eq!(reason(&status, "tenant"), ("TENANT_NOT_FOUND".to_owned(), asked));
    }
    let status = own.list_tenants(ListTenantsRequest::default()).await.expect_err("for operators");
    assert_eq!(status.code(), Code::PermissionDenied);
    let status = own.create_tenant(CreateTenantRequest::default()).await.expect_err("for operators");
    assert_eq!(status.code(), Code::PermissionDenied);
    let mut operator = shop.operator.clone();
    assert_eq!(fields(&operator.get_tenant(about("")).await.expect_err("which?")), ["tenant"]);
}

#[tokio::test]
async fn a_code_is_one_tenants() {
    let mut shop = Shop::open().await;
    let settings = TenantSettings {
        zone: "europe/london".to_owned(),
        currency_code: "GBP".to_owned(),
        ..TenantSettings::default()
    };
    let request = CreateTenantRequest {
        request_id: shop.request_id(),
        code: "signature".to_owned(),
        display_name: "Another".to_owned(),
        settings: Some(settings),
    };
    let status = shop.operator.create_tenant(request.clone()).await.expect_err("the code is taken");
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(reason(&status, "code"), ("TENANT_CODE_TAKEN".to_owned(), "signature".to_owned()));
    let free = CreateTenantRequest { code: "london".to_owned(), ..request };
    let opened = shop.operator.create_tenant(free).await.expect("it is free").into_inner();
    let tenant =
        shop.operator.get_tenant(about(&opened.tenant)).await.expect("there").into_inner().tenant.expect("one");
    assert_eq!((tenant.state(), tenant.etag.as_str()), (TenantState::Open, "1"));
    let settings = tenant.settings.expect("always there");
    assert_eq!((settings.zone.as_str(), settings.minor_digits), ("Europe/London", Some(2)));
}

#[tokio::test]
async fn tenants_are_read_as_fresh_as_a_token_says_or_not_at_all() {
    let mut shop = Shop::open().await;
    let keys = shop.served.keys();
    let head = store::Head { epoch: uuid::Uuid::from_u128(1), position: 1 };
    let elsewhere = wire::Freshness::of("referrals", &[(kernel::Shard::from(1), head)]).seal(&keys);
    let own = wire::Freshness::of("registry", &[(kernel::Shard::from(1), head)]).seal(&keys);
    let get = |at_least_as_fresh: &str| GetTenantRequest {
        tenant: "signature".to_owned(),
        at_least_as_fresh: at_least_as_fresh.to_owned(),
    };
    let list = |at_least_as_fresh: &str| ListTenantsRequest {
        at_least_as_fresh: at_least_as_fresh.to_owned(),
        ..Default::default()
    };
    shop.operator.get_tenant(get(&own)).await.expect("what registry wrote is read from its database");
    shop.operator.list_tenants(list(&own)).await.expect("what registry wrote is read from its database");
    let refused = shop.operator.get_tenant(get(&elsewhere)).await.expect_err("nobody hears referrals");
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    let refused = shop.operator.list_tenants(list(&elsewhere)).await.expect_err("nobody hears referrals");
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
}

#[tokio::test]
async fn operators_list_all_tenants_in_the_order_they_were_opened() {
    let mut shop = Shop::open().await;
    for code in ["b", "a", "c"] {
        shop.another(code).await;
    }
    let (mut codes, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListTenantsRequest { page_size: 2, page_token, ..Default::default() };
        let page = shop.operator.list_tenants(request).await.expect("a page").into_inner();
        codes.extend(page.tenants.into_iter().map(|tenant| tenant.code));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    codes.sort();
    assert_eq!(codes, ["a", "b", "c", "signature"]);
}

#[tokio::test]
async fn settings_change_by_their_mask() {
    let shop = Shop::open().await;
    let mut own = shop.own();
    let request = UpdateTenantRequest {
        request_id: shop.request_id(),
        tenant: String::new(),
        display_name: "ignored".to_owned(),
        settings: Some(TenantSettings { currency_code: "GBP".to_owned(), ..TenantSettings::default() }),
        update_mask: vec!["settings.currency_code".to_owned()],
        etag: "1".to_owned(),
    };
    assert_eq!(own.update_tenant(request.clone()).await.expect("theirs").into_inner().etag, "2");
    let tenant = own.get_tenant(about("")).await.expect("theirs").into_inner().tenant.expect("one");
    let settings = tenant.settings.expect("always there");
    assert_eq!((tenant.display_name.as_str(), settings.zone.as_str()), ("signature", "Asia/Taipei"));
    assert_eq!((settings.currency_code.as_str(), settings.minor_digits), ("GBP", Some(2)));
    let late = UpdateTenantRequest { request_id: shop.request_id(), ..request };
    assert_eq!(reason(&own.update_tenant(late).await.expect_err("somebody was first"), "current").1, "2");
}

#[tokio::test]
async fn another_region_reads_numbers_otherwise() {
    let shop = Shop::open().await;
    let request = UpdateTenantRequest {
        request_id: shop.request_id(),
        settings: Some(TenantSettings { phone_region: "GB".to_owned(), ..TenantSettings::default() }),
        update_mask: vec!["settings.phone_region".to_owned()],
        ..UpdateTenantRequest::default()
    };
    shop.own().update_tenant(request).await.expect("theirs");
    let mut client = shop.client.clone();
    testkit::until("the new region is known", || {
        let request = FindMemberRequest { identity: Some(phone("07911 123456")), at_least_as_fresh: String::new() };
        let mut client = client.clone();
        async move { client.find_member(request).await.is_err_and(|status| status.code() == Code::NotFound) }
    })
    .await;
    let request = FindMemberRequest { identity: Some(phone("0912345678")), at_least_as_fresh: String::new() };
    assert_eq!(fields(&client.find_member(request).await.expect_err("no British number")), ["identity.value"]);
}

#[tokio::test]
async fn a_suspended_tenant_is_read_and_not_written() {
    let mut shop = Shop::open().await;
    let member = shop.enrol_phone("0912345678").await;
    shop.suspend().await;
    let status = shop.enrol(person(&[phone("0912000000")])).await.expect_err("nothing is written");
    assert_eq!((status.code(), reason(&status, "").0), (Code::FailedPrecondition, "TENANT_SUSPENDED".to_owned()));
    let tag = TagMemberRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        add: vec!["vip".to_owned()],
        remove: vec![],
    };
    let status = shop.client.tag_member(tag.clone()).await.expect_err("nothing is written");
    assert_eq!(reason(&status, "").0, "TENANT_SUSPENDED");
    shop.get(member, "").await.expect("reads go on");
    let events = shop.rows("event").await;
    shop.suspend().await;
    assert_eq!(shop.rows("event").await, events, "suspending a suspended tenant changes nothing");

    let resume = ResumeTenantRequest { request_id: shop.request_id(), tenant: "signature".to_owned() };
    shop.operator.resume_tenant(resume).await.expect("the tenant is there");
    shop.client.tag_member(tag).await.expect("it writes again, under the same request id");
    let tenant = shop.operator.get_tenant(about(shop.tenant)).await.expect("there").into_inner().tenant.expect("one");
    assert_eq!(tenant.state(), TenantState::Open);
}

#[tokio::test]
async fn nobody_becomes_a_member_of_a_tenant_that_was_never_opened() {
    let mut shop = Shop::open().await;
    let nowhere = TenantId::new_at(shop.clock.now());
    shop.client = proto::registry::v1::registry_service_client::RegistryServiceClient::new(
        shop.served.channel_for_everything(nowhere),
    );
    let status = shop.enrol(person(&[phone("+886912345678")])).await.expect_err("there is no such tenant");
    assert_eq!(reason(&status, "tenant"), ("TENANT_NOT_FOUND".to_owned(), nowhere.to_string()));
}
