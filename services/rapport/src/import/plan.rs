//! How one file is imported: the mapping, what the command line adds, and what the tenant's settings fill in.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use kernel::{Currency, calendar};
use proto::registry::v1::IdentityKind;

use crate::client::CliError;
use crate::words::Words;

use super::args::OrdersArgs;
use super::enrolling::Known;
use super::mapping::{Column, Mapping, Setting};
use super::opening::Encoding;
use super::reading::Ways;
use super::sorting_out::{Habits, Negative};

/// How one file is imported.
#[derive(Debug)]
pub struct Plan {
    /// The file.
    pub file: PathBuf,
    /// Where rejected lines go.
    pub rejects: PathBuf,
    /// As the command line says.
    pub encoding: Encoding,
    /// How its lines are read.
    pub ways: Ways,
    /// ISO 4217.
    pub currency: String,
    /// How results are written.
    pub words: Words,
    /// The system its orders are known under.
    pub source: String,
    /// Channel of lines that name none.
    pub channel: String,
    /// How its customers are known.
    pub known: Known,
}

impl Plan {
    /// From the command line and, where a suite was asked, the tenant's settings.
    pub fn of(args: &OrdersArgs, tenant: Option<Words>) -> Result<Self, CliError> {
        let mapping = mapping_of(args)?;
        let currency = mapping.get(Setting::Currency).map(str::to_owned);
        let currency = currency.or_else(|| tenant.as_ref().map(|words| words.currency().to_owned()));
        let currency = currency.ok_or_else(|| asked("without a suite to ask, --currency must be told"))?;
        let listed = Currency::parse(&currency).map_err(|error| asked(&format!("--currency {currency}: {error}")))?;
        let minor_digits = tenant.as_ref().map_or(listed.usual_minor_digits(), |words| words.digits(&currency));
        let zone = match (mapping.get(Setting::Zone), &tenant) {
            (Some(name), _) => zone(name)?,
            (None, Some(words)) => words.zone().clone(),
            (None, None) => return Err(asked("without a suite to ask, --zone must be told")),
        };
        let source = mapping.get(Setting::Source).unwrap_or("import").to_owned();
        let channel = mapping.get(Setting::Channel).map(str::to_owned);
        let channel = channel.or_else(|| mapping.names(Column::Channel).then(|| "unknown".to_owned()));
        let words = tenant.unwrap_or_else(|| Words::new(zone.clone(), &currency, minor_digits));
        let file_name = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self {
            file: args.file.clone(),
            rejects: args.rejects.clone().unwrap_or_else(|| PathBuf::from(format!("{file_name}.rejects.csv"))),
            encoding: args.encoding,
            known: known(mapping.get(Setting::CustomerKind), mapping.get(Setting::Issuer), &source)?,
            ways: Ways {
                habits: habits(&mapping)?,
                zone,
                minor_digits,
                delimiter: delimiter(mapping.get(Setting::Delimiter))?,
                mapping,
            },
            currency,
            words,
            source,
            channel: channel
                .ok_or_else(|| asked("--channel says where these orders were made: store, web, app, line"))?,
        })
    }
}

impl Plan {
    /// All that decides how the file is told: part of what an import is known by.
    pub fn telling(&self, encoding: Encoding, historic: bool) -> String {
        let mapping = self.ways.mapping.canonical();
        let zone = self.ways.zone.iana_name().unwrap_or_default();
        let Self { currency, source, channel, .. } = self;
        let digits = self.ways.minor_digits;
        format!("{mapping}{currency} {digits} {zone} {source} {channel} {encoding:?} {historic}")
    }
}

fn mapping_of(args: &OrdersArgs) -> Result<Mapping, CliError> {
    let mut mapping = match &args.map {
        None => Mapping::default(),
        Some(name) => match Mapping::shipped(name) {
            Some(shipped) => shipped,
            None => {
                let path = PathBuf::from(name);
                let text = std::fs::read_to_string(&path).map_err(|error| CliError::file(&path, error))?;
                Mapping::parse(&text).map_err(|error| asked(&format!("{name}: {error}")))?
            }
        },
    };
    for pair in &args.column {
        let (name, heading) =
            pair.split_once('=').ok_or_else(|| asked("--column is NAME=HEADING: invoice=InvoiceNo"))?;
        mapping.column(name, heading).map_err(|error| asked(&error.to_string()))?;
    }
    let told = [
        (Setting::Source, &args.source),
        (Setting::Channel, &args.channel),
        (Setting::Issuer, &args.issuer),
        (Setting::CustomerKind, &args.customer_kind),
        (Setting::CreditPrefix, &args.credit_prefix),
        (Setting::AdjustmentPrefix, &args.adjustment_prefix),
        (Setting::Negative, &args.negative),
        (Setting::Zone, &args.zone),
        (Setting::Currency, &args.currency),
        (Setting::TimeFormat, &args.time_format),
        (Setting::Delimiter, &args.delimiter),
    ];
    for (setting, value) in told {
        mapping.set(setting, value.as_deref());
    }
    Ok(mapping)
}

pub fn asked(text: &str) -> CliError {
    CliError::Asked(text.to_owned())
}

pub fn zone(name: &str) -> Result<TimeZone, CliError> {
    calendar::zone(name).map_err(|error| asked(&format!("--zone {name}: {error}")))
}

fn habits(mapping: &Mapping) -> Result<Habits, CliError> {
    let negative = match mapping.get(Setting::Negative) {
        None | Some("credit") => Negative::Credit,
        Some("adjustment") => Negative::Adjustment,
        Some(other) => return Err(asked(&format!("--negative is credit or adjustment, not {other}"))),
    };
    Ok(Habits {
        credit_prefix: mapping.get(Setting::CreditPrefix).map(str::to_owned),
        adjustment_prefix: mapping.get(Setting::AdjustmentPrefix).map(str::to_owned),
        negative,
    })
}

/// How people are known by what a file calls them.
pub fn known(kind: Option<&str>, issuer: Option<&str>, source: &str) -> Result<Known, CliError> {
    let (kind, issued) = match kind {
        None | Some("external") => (IdentityKind::External, true),
        Some("card") => (IdentityKind::Card, true),
        Some("line") => (IdentityKind::Line, true),
        Some("phone") => (IdentityKind::Phone, false),
        Some("email") => (IdentityKind::Email, false),
        Some("tax-id") => (IdentityKind::TaxId, false),
        Some(other) => {
            return Err(asked(&format!(
                "--customer-kind is external, phone, email, card, line or tax-id, not {other}"
            )));
        }
    };
    let issuer = if issued { issuer.unwrap_or(source).to_owned() } else { String::new() };
    Ok(Known { kind, issuer, source: source.to_owned() })
}

/// What stands between columns.
pub fn delimiter(told: Option<&str>) -> Result<u8, CliError> {
    match told.unwrap_or(",") {
        "tab" | "\\t" => Ok(b'\t'),
        one if one.len() == 1 => Ok(one.as_bytes()[0]),
        other => Err(asked(&format!("--delimiter is one character or \"tab\", not {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: OrdersArgs,
    }

    fn plan(words: &[&str], tenant: Option<Words>) -> Result<Plan, String> {
        let line = ["import", "orders.csv"].iter().chain(words);
        let args = Line::try_parse_from(line).expect("as clap reads it").args;
        Plan::of(&args, tenant).map_err(|error| error.to_string())
    }

    fn taipei() -> Words {
        Words::new(zone("Asia/Taipei").expect("known"), "TWD", 0)
    }

    #[test]
    fn the_shipped_mapping_says_everything() {
        let plan = plan(&["--map", "uci"], None).expect("nothing is missing");
        assert_eq!((plan.source.as_str(), plan.currency.as_str(), plan.ways.minor_digits), ("uci", "GBP", 2));
        assert_eq!((plan.known.kind, plan.known.issuer.as_str()), (IdentityKind::External, "uci"));
        assert_eq!(plan.ways.habits.negative, Negative::Adjustment);
        assert_eq!(plan.rejects, PathBuf::from("orders.csv.rejects.csv"));
    }

    #[test]
    fn the_tenant_fills_in_what_is_not_told() {
        let plan =
            plan(&["--channel", "store", "--customer-kind", "phone"], Some(taipei())).expect("nothing is missing");
        assert_eq!((plan.currency.as_str(), plan.ways.minor_digits), ("TWD", 0));
        assert_eq!((plan.source.as_str(), plan.known.issuer.as_str()), ("import", ""));
        assert_eq!(plan.ways.habits.negative, Negative::Credit);
    }

    #[test]
    fn what_nobody_tells_is_asked_for() {
        for (words, tenant, says) in [
            (&["--channel", "web"][..], None, "--currency must be told"),
            (&["--channel", "web", "--currency", "TWD"][..], None, "--zone must be told"),
            (&[][..], Some(taipei()), "--channel says where"),
            (&["--channel", "web", "--customer-kind", "cat"][..], Some(taipei()), "not cat"),
            (&["--channel", "web", "--zone", "Mars"][..], Some(taipei()), "--zone Mars"),
            (&["--channel", "web", "--column", "invoice"][..], Some(taipei()), "NAME=HEADING"),
            (&["--channel", "web", "--delimiter", "::"][..], Some(taipei()), "one character"),
        ] {
            let error = plan(words, tenant).expect_err(says);
            assert!(error.contains(says), "{error}");
        }
    }
}
