//! What the command line of a list that is taken over says.

use std::path::PathBuf;

use clap::Args;

use super::super::opening::Encoding;
use crate::client::Reach;

/// What is said of every list.
#[derive(Args, Clone, Debug)]
pub struct MovingArgs {
    /// The file: CSV with one line of headings, plain, .gz or .zst
    pub file: PathBuf,
    /// A column and its heading in the file, such as member=CustomerID; may be repeated
    #[arg(long, value_name = "NAME=HEADING")]
    pub column: Vec<String>,
    /// How the file writes its characters
    #[arg(long, value_enum, default_value = "auto")]
    pub encoding: Encoding,
    /// What stands between columns
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<String>,
    /// Zone of days, and of times without an offset; the tenant's where not told
    #[arg(long, value_name = "IANA")]
    pub zone: Option<String>,
    /// How times are written, where not as 2010-12-01 08:26, in strptime's letters
    #[arg(long, value_name = "FORMAT")]
    pub time_format: Option<String>,
    /// The system it comes from, for ever: taking it over under another name doubles it
    #[arg(long, value_name = "NAME", default_value = "import")]
    pub source: String,
    /// What the member column holds: id (member_…), external, phone, email, card, line, tax-id
    #[arg(long, value_name = "KIND")]
    pub customer_kind: Option<String>,
    /// Who gives the customer numbers out; the source where not told
    #[arg(long, value_name = "NAME")]
    pub issuer: Option<String>,
    /// Where rejected lines go; beside the file's name in this folder where not told
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Ask the suite what would become of each line, and have nothing written
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub reach: Reach,
}

/// What `rapport import balances` is told.
#[derive(Args, Clone, Debug)]
pub struct BalancesArgs {
    /// Of every list.
    #[command(flatten)]
    pub of: MovingArgs,
    /// Wallet of lines that name none; points where not told
    #[arg(long, value_name = "CODE", default_value = "")]
    pub wallet: String,
    /// Lines without a last day keep for ever
    #[arg(long)]
    pub never_lapses: bool,
    /// What the statement says of lines that give no reason
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// What `rapport import tiers` is told.
#[derive(Args, Clone, Debug)]
pub struct TiersArgs {
    /// Of every list.
    #[command(flatten)]
    pub of: MovingArgs,
    /// Ladder of lines that name none; the programme's first where not told
    #[arg(long, value_name = "CODE")]
    pub ladder: Option<String>,
    /// What the file calls a tier, and its code here, such as VIP=gold; may be repeated
    #[arg(long, value_name = "NAME=CODE")]
    pub tier: Vec<String>,
    /// What the history says of lines that give no reason
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// What `rapport import coupons` is told.
#[derive(Args, Clone, Debug)]
pub struct CouponsArgs {
    /// Of every list.
    #[command(flatten)]
    pub of: MovingArgs,
    /// Campaign of lines that name none
    #[arg(long, value_name = "CODE")]
    pub campaign: Option<String>,
    /// Lines without a last day keep for ever
    #[arg(long)]
    pub never_lapses: bool,
    /// Why members have coupons of lines that give no reason
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}
