//! What the command line of an import says.

use std::path::PathBuf;

use clap::Args;

use crate::client::Reach;

use super::opening::Encoding;

/// What `rapport import orders` is told.
#[derive(Args, Clone, Debug)]
pub struct OrdersArgs {
    /// The file: CSV with one line of headings, plain, .gz or .zst
    pub file: PathBuf,
    /// A shipped mapping (uci), or a file of name = "value" lines
    #[arg(long, value_name = "NAME|FILE")]
    pub map: Option<String>,
    /// A column and its heading in the file, such as invoice=InvoiceNo; may be repeated
    #[arg(long, value_name = "NAME=HEADING")]
    pub column: Vec<String>,
    /// How the file writes its characters
    #[arg(long, value_enum, default_value = "auto")]
    pub encoding: Encoding,
    /// What stands between columns
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<String>,
    /// Zone of times without an offset; the tenant's where not told
    #[arg(long, value_name = "IANA")]
    pub zone: Option<String>,
    /// How times are written, where not as 2010-12-01 08:26, in strptime's letters
    #[arg(long, value_name = "FORMAT")]
    pub time_format: Option<String>,
    /// Currency of the prices; the tenant's where not told
    #[arg(long, value_name = "ISO4217")]
    pub currency: Option<String>,
    /// The system these orders are known under for ever; importing under another name doubles them
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Channel of lines that name none
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Option<String>,
    /// What the customer column holds: external, phone, email, card, line, tax-id
    #[arg(long, value_name = "KIND")]
    pub customer_kind: Option<String>,
    /// Who gives the customer numbers out; the source where not told
    #[arg(long, value_name = "NAME")]
    pub issuer: Option<String>,
    /// Invoices that begin so are credits
    #[arg(long, value_name = "TEXT")]
    pub credit_prefix: Option<String>,
    /// Invoices that begin so are no purchases
    #[arg(long, value_name = "TEXT")]
    pub adjustment_prefix: Option<String>,
    /// What a negative line on an ordinary invoice is: credit or adjustment
    #[arg(long, value_name = "KIND")]
    pub negative: Option<String>,
    /// A history: applied as if the shop had always been here, without notices
    #[arg(long)]
    pub historic: bool,
    /// Leave the products' names as they are
    #[arg(long)]
    pub keep_products: bool,
    /// Where rejected lines go; beside the file's name in this folder where not told
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Read and sort out, tell the suite nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not wait until points and tiers have followed
    #[arg(long)]
    pub no_wait: bool,
    #[command(flatten)]
    pub(super) reach: Reach,
}
