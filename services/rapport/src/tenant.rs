//! `rapport tenant`: the programmes that share an installation. For operators: a development key, or an operator's token.

use clap::{Args, Subcommand};
use proto::registry::v1::{CreateTenantRequest, ListTenantsRequest, Tenant, TenantSettings, TenantState};
use serde_json::{Value, json};

use crate::client::{Call, CliError, Reach};
use crate::say::{say, say_all};
use crate::table::{Side, Table};

/// What `rapport tenant` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Opens a tenant
    Open(Open),
    /// Lists all tenants
    List(List),
}

/// What `rapport tenant open` is told.
#[derive(Args, Clone, Debug)]
pub struct Open {
    /// What operators type: lower case letters, digits and hyphens
    code: String,
    /// What people read
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Zone in which its days begin and end
    #[arg(long, default_value = "Asia/Taipei", value_name = "IANA")]
    zone: String,
    /// Its main currency
    #[arg(long, default_value = "TWD", value_name = "ISO4217")]
    currency: String,
    /// Country of phone numbers without a prefix
    #[arg(long, default_value = "TW", value_name = "ISO3166")]
    phone_region: String,
    #[command(flatten)]
    call: Call,
}

/// What `rapport tenant list` is told.
#[derive(Args, Clone, Debug)]
pub struct List {
    #[command(flatten)]
    reach: Reach,
}

/// Opens or lists.
///
/// # Errors
/// The suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Open(ask) => open(ask).await,
        Ask::List(ask) => list(ask).await,
    }
}

async fn open(ask: Open) -> Result<(), CliError> {
    let request = CreateTenantRequest {
        request_id: ask.call.request_id()?,
        display_name: ask.name.unwrap_or_else(|| ask.code.clone()),
        code: ask.code.clone(),
        settings: Some(TenantSettings {
            zone: ask.zone,
            currency_code: ask.currency,
            minor_digits: None,
            phone_region: ask.phone_region,
        }),
    };
    let tenant = ask.call.reach.operator().await?.tenants().create_tenant(request).await?.into_inner().tenant;
    if ask.call.reach.json {
        say!("{}", json!({ "tenant": tenant, "code": ask.code }));
    } else {
        say!("{} is open: {tenant}\n  next: rapport programme apply FILE --tenant {}", ask.code, ask.code);
    }
    Ok(())
}

async fn list(ask: List) -> Result<(), CliError> {
    let suite = ask.reach.operator().await?;
    let mut tenants = Vec::new();
    let mut page_token = String::new();
    loop {
        let page = suite
            .tenants()
            .list_tenants(ListTenantsRequest { page_size: 1_000, page_token, ..ListTenantsRequest::default() })
            .await?
            .into_inner();
        tenants.extend(page.tenants);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if ask.reach.json {
        say!("{}", json!({ "tenants": tenants.iter().map(as_json).collect::<Vec<_>>() }));
    } else {
        say_all!("{}", as_table(&tenants));
    }
    Ok(())
}

fn as_table(tenants: &[Tenant]) -> Table {
    let mut table = Table::new(&[Side::Left; 6]);
    for tenant in tenants {
        let settings = tenant.settings.clone().unwrap_or_default();
        let state = if tenant.state() == TenantState::Suspended { "suspended" } else { "" };
        let cells = [&tenant.code, &tenant.display_name, &settings.currency_code, &settings.zone, &tenant.id];
        table.row(cells.into_iter().cloned().chain([state.to_owned()]));
    }
    table
}

fn as_json(tenant: &Tenant) -> Value {
    let settings = tenant.settings.clone().unwrap_or_default();
    json!({
        "id": tenant.id, "code": tenant.code, "display_name": tenant.display_name, "zone": settings.zone,
        "currency": settings.currency_code, "suspended": tenant.state() == TenantState::Suspended,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_line_up() {
        let settings =
            TenantSettings { zone: "Asia/Taipei".to_owned(), currency_code: "TWD".to_owned(), ..Default::default() };
        let tenant = Tenant {
            id: "tenant_1".to_owned(),
            code: "demo".to_owned(),
            display_name: "日常選品".to_owned(),
            settings: Some(settings),
            ..Default::default()
        };
        assert_eq!(as_table(&[tenant]).to_string(), "  demo  日常選品  TWD  Asia/Taipei  tenant_1\n");
    }
}
