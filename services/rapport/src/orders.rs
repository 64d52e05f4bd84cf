//! `rapport orders`: an order, a return, a cancellation by hand, as a till would report them, and one order shown.

mod basket;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use proto::activity::v1::{
    CancelKind, CancelOrderRequest, FindOrdersRequest, GetOrderRequest, Guest, NewOrder, NewReturn, Order,
    RecordOrderRequest, RecordReturnRequest, new_order, new_return,
};
use serde_json::json;

use crate::client::{Call, CliError, Reach, Suite};
use crate::member::{now, shown};
use crate::say::{say, say_all};
use crate::table::{Side, Table};
use crate::words::{self, Words};

use basket::Back;
pub use basket::Bought;

/// What `rapport orders` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Records what somebody bought
    Record(Box<Record>),
    /// Records what came back
    Return(Box<Return>),
    /// Cancels an order that was not delivered or never collected
    Cancel(Cancel),
    /// Shows one order with what was returned of it
    Show(Show),
}

/// What `rapport orders record` is told.
#[derive(Args, Clone, Debug)]
pub struct Record {
    #[command(flatten)]
    buyer: Buyer,
    /// Where it was sold: store, web, app, line
    #[arg(long, default_value = "store", value_name = "CHANNEL")]
    channel: String,
    /// Store or page
    #[arg(long, default_value = "", value_name = "PLACE")]
    touchpoint: String,
    /// What was bought: product:quantity:price, with :discount in minor units where there was one; may be repeated
    #[arg(long, required = true, value_name = "PRODUCT:QUANTITY:PRICE")]
    line: Vec<Bought>,
    /// Invoice number, to return or claim it by later
    #[arg(long, default_value = "", value_name = "NUMBER")]
    invoice: String,
    #[command(flatten)]
    report: Report,
    #[command(flatten)]
    call: Call,
}

/// Who bought it.
#[derive(Args, Clone, Debug)]
struct Buyer {
    /// Nobody known
    #[arg(long)]
    guest: bool,
    /// The member's id, member_…
    #[arg(long, conflicts_with = "guest", value_name = "ID")]
    member: Option<String>,
    /// Phone number of somebody who may be a member
    #[arg(long, conflicts_with_all = ["guest", "member"], value_name = "NUMBER")]
    phone: Option<String>,
}

/// What `rapport orders return` is told.
#[derive(Args, Clone, Debug)]
pub struct Return {
    /// The order, order_…
    #[arg(long, value_name = "ID", required_unless_present = "invoice")]
    order: Option<String>,
    /// The invoice number of the order
    #[arg(long, value_name = "NUMBER", conflicts_with = "order")]
    invoice: Option<String>,
    /// What came back: line:quantity; may be repeated
    #[arg(long, value_name = "LINE:QUANTITY", required_unless_present = "amount")]
    line: Vec<Back>,
    /// Money given back without goods, in minor units
    #[arg(long, value_name = "MINOR", conflicts_with = "line")]
    amount: Option<i64>,
    /// Why
    #[arg(long, default_value = "", value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    report: Report,
    #[command(flatten)]
    call: Call,
}

/// What is told of everything a shop reports.
#[derive(Args, Clone, Debug)]
struct Report {
    /// The system that reports it
    #[arg(long, default_value = "till", value_name = "NAME")]
    source: String,
    /// The shop's own number; the request id where not told
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// When it happened; now where not told
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
    /// Decide, and record nothing
    #[arg(long)]
    dry_run: bool,
}

/// What `rapport orders cancel` is told.
#[derive(Args, Clone, Debug)]
pub struct Cancel {
    /// The order, order_…
    order: String,
    /// The buyer never fetched it
    #[arg(long)]
    uncollected: bool,
    #[command(flatten)]
    call: Call,
}

/// What `rapport orders show` is told.
#[derive(Args, Clone, Debug)]
pub struct Show {
    /// order_…, source/number, or an invoice number
    order: String,
    #[command(flatten)]
    reach: Reach,
}

/// Records, cancels or shows.
///
/// # Errors
/// The suite refuses or does not answer.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Record(ask) => record(*ask).await,
        Ask::Return(ask) => take_back(*ask).await,
        Ask::Cancel(ask) => cancel(ask).await,
        Ask::Show(ask) => show(ask).await,
    }
}

impl Buyer {
    fn told(&self) -> Result<new_order::Buyer, CliError> {
        if let Some(member) = &self.member {
            return Ok(new_order::Buyer::Member(member.clone()));
        }
        if let Some(phone) = &self.phone {
            let identity = crate::member::identity(proto::registry::v1::IdentityKind::Phone, "", phone);
            return Ok(new_order::Buyer::Identity(identity));
        }
        if self.guest {
            return Ok(new_order::Buyer::Guest(Guest {}));
        }
        Err(CliError::Asked("who bought it? --member, --phone, or --guest".to_owned()))
    }
}

async fn moment(suite: &Suite, at: Option<Timestamp>) -> Timestamp {
    match at {
        Some(at) => at,
        None => now(suite).await,
    }
}

async fn record(ask: Record) -> Result<(), CliError> {
    let buyer = ask.buyer.told()?;
    let suite = ask.call.reach.suite().await?;
    let id = ask.call.request_id()?;
    let order = NewOrder {
        source: ask.report.source,
        external_id: ask.report.external_id.unwrap_or_else(|| id.clone()),
        buyer: Some(buyer),
        channel: ask.channel,
        touchpoint: ask.touchpoint,
        invoice_number: ask.invoice,
        lines: ask.line.into_iter().zip(1..).map(|(bought, number)| bought.line(number)).collect(),
        occur_time: Some(proto::timestamp(moment(&suite, ask.report.at).await)),
        ..Default::default()
    };
    let request =
        RecordOrderRequest { request_id: id, order: Some(order), historic: false, validate_only: ask.report.dry_run };
    let done = suite.activity().record_order(request).await?.into_inner();
    if ask.call.reach.json {
        say!("{}", json!({ "order": done.order, "member": done.member, "freshness": done.freshness }));
        return Ok(());
    }
    let whose = if done.member.is_empty() { "a guest's".to_owned() } else { done.member };
    let what = if ask.report.dry_run { "could be recorded" } else { "recorded" };
    say!("{} {what}, {whose}", done.order);
    Ok(())
}

async fn take_back(ask: Return) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let id = ask.call.request_id()?;
    let origin = ask.order.map(new_return::Origin::Order).or(ask.invoice.map(new_return::Origin::InvoiceNumber));
    let goods = NewReturn {
        source: ask.report.source,
        external_id: ask.report.external_id.unwrap_or_else(|| id.clone()),
        origin,
        lines: ask.line.into_iter().map(Back::line).collect(),
        amount_minor: ask.amount.unwrap_or(0),
        occur_time: Some(proto::timestamp(moment(&suite, ask.report.at).await)),
        reason: ask.reason,
        ..Default::default()
    };
    let request =
        RecordReturnRequest { request_id: id, goods: Some(goods), historic: false, validate_only: ask.report.dry_run };
    let done = suite.activity().record_return(request).await?.into_inner();
    let back: i64 = done.matches.iter().map(|matched| matched.amount_minor).sum();
    if ask.call.reach.json {
        say!("{}", json!({ "return": done.return_id, "returned_minor": back, "freshness": done.freshness }));
        return Ok(());
    }
    let what = if ask.report.dry_run { "could be taken back" } else { "taken back" };
    say!("{} {}: {}", done.return_id, what, suite.words().await?.money(back, ""));
    Ok(())
}

async fn cancel(ask: Cancel) -> Result<(), CliError> {
    let suite = ask.call.reach.suite().await?;
    let kind = if ask.uncollected { CancelKind::Uncollected } else { CancelKind::Cancelled };
    let request = CancelOrderRequest {
        request_id: ask.call.request_id()?,
        order: ask.order.clone(),
        kind: kind.into(),
        occur_time: None,
        validate_only: false,
    };
    let done = suite.activity().cancel_order(request).await?.into_inner();
    if ask.call.reach.json {
        say!("{}", json!({ "order": ask.order, "freshness": done.freshness }));
    } else {
        say!("{} cancelled; what it earned is taken back", ask.order);
    }
    Ok(())
}

async fn show(ask: Show) -> Result<(), CliError> {
    let suite = ask.reach.suite().await?;
    let by_id = ask.order.starts_with("order_") || ask.order.contains('/');
    let orders = if by_id {
        let request = GetOrderRequest { order: ask.order, at_least_as_fresh: String::new() };
        suite.activity().get_order(request).await?.into_inner().order.into_iter().collect()
    } else {
        let request = FindOrdersRequest { invoice_number: ask.order, at_least_as_fresh: String::new() };
        suite.activity().find_orders(request).await?.into_inner().orders
    };
    if ask.reach.json {
        say!("{}", json!({ "orders": orders.iter().map(as_json).collect::<Vec<_>>() }));
        return Ok(());
    }
    let words = suite.words().await?;
    for order in &orders {
        say_all!("{}", told(order, &words));
    }
    Ok(())
}

fn told(order: &Order, words: &Words) -> String {
    let net = order.net.clone().unwrap_or_default();
    let bought = crate::member::instant(order.occur_time.as_ref()).map_or(String::new(), |moment| words.time(moment));
    let whose = if order.member.is_empty() { "a guest" } else { &order.member };
    let place = if order.touchpoint.is_empty() { String::new() } else { format!(" {}", order.touchpoint) };
    let mut text = format!("{}  {bought}  {}{place}  {whose}\n", order.id, order.channel);
    let mut table = Table::new(&[Side::Right, Side::Left, Side::Right, Side::Right, Side::Right, Side::Left]);
    for line in &order.lines {
        let back = if line.returned_minor == 0 && line.returned_quantity == 0 {
            String::new()
        } else {
            format!(
                "{} returned, {}",
                words::count(line.returned_quantity),
                words.money(line.returned_minor, &net.currency_code)
            )
        };
        table.row([
            line.number.to_string(),
            line.product.clone(),
            words::count(line.quantity),
            line.unit_price.clone(),
            words.money(line.net_minor, &net.currency_code),
            back,
        ]);
    }
    table.row(["", "sum", "", "", &words.money(net.minor, &net.currency_code), ""]);
    text.push_str(&table.to_string());
    text
}

fn as_json(order: &Order) -> serde_json::Value {
    json!({
        "id": order.id, "source": order.source, "external_id": order.external_id, "member": order.member,
        "channel": order.channel, "touchpoint": order.touchpoint, "invoice_number": order.invoice_number,
        "occurred": shown(order.occur_time.as_ref()),
        "state": order.state().as_str_name().trim_start_matches("ORDER_STATE_").to_lowercase(),
        "net_minor": order.net.as_ref().map(|net| net.minor),
        "returned_minor": order.returned.as_ref().map(|returned| returned.minor),
        "lines": order.lines.iter().map(|line| json!({
            "number": line.number, "product": line.product, "quantity": line.quantity, "unit_price": line.unit_price,
            "net_minor": line.net_minor, "returned_quantity": line.returned_quantity,
            "returned_minor": line.returned_minor,
        })).collect::<Vec<_>>(),
    })
}
