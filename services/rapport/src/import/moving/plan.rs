//! How one list is taken over: what the command line says, and what the tenant's settings fill in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::super::enrolling::Known;
use super::super::opening::Encoding;
use super::super::plan::{asked, delimiter, known, zone};
use super::args::MovingArgs;
use crate::client::CliError;
use crate::words::Words;

/// How one list is taken over.
#[derive(Debug)]
pub struct Plan {
    /// The file.
    pub file: PathBuf,
    /// Where rejected lines go.
    pub rejects: PathBuf,
    /// As the command line says.
    pub encoding: Encoding,
    /// Headings of columns, by their names.
    pub headings: BTreeMap<String, String>,
    /// What stands between columns.
    pub delimiter: u8,
    /// Zone of its days and times.
    pub zone: TimeZone,
    /// How its times are written.
    pub time_format: Option<String>,
    /// The system it comes from.
    pub source: String,
    /// How its members are known; nothing where it names them by their ids.
    pub known: Option<Known>,
    /// Nothing is written.
    pub dry_run: bool,
}

impl Plan {
    /// From the command line and the tenant's settings.
    pub fn of(args: &MovingArgs, tenant: &Words) -> Result<Self, CliError> {
        let mut headings = BTreeMap::new();
        for pair in &args.column {
            let (name, heading) =
                pair.split_once('=').ok_or_else(|| asked("--column is NAME=HEADING: member=CustomerID"))?;
            headings.insert(name.trim().to_owned(), heading.trim().to_owned());
        }
        let file_name = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self {
            file: args.file.clone(),
            rejects: args.rejects.clone().unwrap_or_else(|| PathBuf::from(format!("{file_name}.rejects.csv"))),
            encoding: args.encoding,
            headings,
            delimiter: delimiter(args.delimiter.as_deref())?,
            zone: args.zone.as_deref().map_or_else(|| Ok(tenant.zone().clone()), zone)?,
            time_format: args.time_format.clone(),
            source: args.source.clone(),
            known: match args.customer_kind.as_deref() {
                Some("id") => None,
                kind => Some(known(kind, args.issuer.as_deref(), &args.source)?),
            },
            dry_run: args.dry_run,
        })
    }

    /// All that decides how the file is told: part of what an import is known by.
    pub fn telling(&self, encoding: Encoding) -> String {
        let Self { headings, delimiter, source, time_format, .. } = self;
        let zone = self.zone.iana_name().unwrap_or_default();
        let known = self.known.as_ref().map(|known| (known.kind.as_str_name(), known.issuer.as_str()));
        format!("{headings:?} {delimiter} {zone} {time_format:?} {source} {known:?} {encoding:?}")
    }
}
