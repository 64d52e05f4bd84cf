//! Which column of a shop's file means what, and what the shop's own habits are.
//!
//! A mapping is a short text of `name = "value"` lines. Names are columns (`invoice = "InvoiceNo"`) or settings
//! (`credit-prefix = "C"`). Whatever a command line adds is applied on top, name by name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What one column of the file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Number of the invoice a line belongs to.
    Invoice,
    /// The shop's product code.
    Product,
    /// How many; negative where goods came back.
    Quantity,
    /// Price of one.
    UnitPrice,
    /// When it was bought.
    Time,
    /// Who bought it; empty for a guest.
    Customer,
    /// What people read of the product.
    Description,
    /// The product's category.
    Category,
    /// Cost of one.
    UnitCost,
    /// Taken off the line.
    Discount,
    /// Where it was sold.
    Channel,
    /// Store or page.
    Store,
    /// Who served.
    Staff,
}

impl Column {
    /// Every column, those a file must have first.
    pub const ALL: [Self; 13] = [
        Self::Invoice,
        Self::Product,
        Self::Quantity,
        Self::UnitPrice,
        Self::Time,
        Self::Customer,
        Self::Description,
        Self::Category,
        Self::UnitCost,
        Self::Discount,
        Self::Channel,
        Self::Store,
        Self::Staff,
    ];

    /// As mappings and messages call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Product => "product",
            Self::Quantity => "quantity",
            Self::UnitPrice => "unit-price",
            Self::Time => "time",
            Self::Customer => "customer",
            Self::Description => "description",
            Self::Category => "category",
            Self::UnitCost => "unit-cost",
            Self::Discount => "discount",
            Self::Channel => "channel",
            Self::Store => "store",
            Self::Staff => "staff",
        }
    }

    /// A file without it cannot be imported.
    pub const fn required(self) -> bool {
        matches!(self, Self::Invoice | Self::Product | Self::Quantity | Self::UnitPrice | Self::Time)
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }
}

/// A setting beside the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// The system the orders are known under for ever.
    Source,
    /// Channel of lines that name none.
    Channel,
    /// Who gives the customer numbers out.
    Issuer,
    /// What the customer column holds: `external`, `phone`, `email`, `card`, `line`.
    CustomerKind,
    /// Invoices that begin so are credits.
    CreditPrefix,
    /// Invoices that begin so are no purchases.
    AdjustmentPrefix,
    /// What a negative line on an ordinary invoice is: `credit` or `adjustment`.
    Negative,
    /// Zone of times without an offset.
    Zone,
    /// ISO 4217.
    Currency,
    /// How times are written, in strptime's letters, where they do not begin with the year.
    TimeFormat,
    /// What stands between columns; a comma where not told.
    Delimiter,
}

impl Setting {
    const ALL: [Self; 11] = [
        Self::Source,
        Self::Channel,
        Self::Issuer,
        Self::CustomerKind,
        Self::CreditPrefix,
        Self::AdjustmentPrefix,
        Self::Negative,
        Self::Zone,
        Self::Currency,
        Self::TimeFormat,
        Self::Delimiter,
    ];

    /// As mappings call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Channel => "channel",
            Self::Issuer => "issuer",
            Self::CustomerKind => "customer-kind",
            Self::CreditPrefix => "credit-prefix",
            Self::AdjustmentPrefix => "adjustment-prefix",
            Self::Negative => "negative",
            Self::Zone => "zone",
            Self::Currency => "currency",
            Self::TimeFormat => "time-format",
            Self::Delimiter => "delimiter",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.name() == name)
    }
}

/// Why a mapping cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// A line is no `name = "value"`.
    #[error("line {0} of the mapping is not of the form name = \"value\"")]
    Form(usize),
    /// A name means nothing.
    #[error("\"{name}\" is neither a column ({columns}) nor a setting ({settings})")]
    Unknown {
        /// The name given.
        name: String,
        /// Those there are.
        columns: String,
        /// Those there are.
        settings: String,
    },
}

/// Columns and settings of one shop's files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    columns: BTreeMap<Column, String>,
    settings: BTreeMap<Setting, String>,
}

impl Mapping {
    /// The mapping shipped under a name.
    pub fn shipped(name: &str) -> Option<Self> {
        let text = match name {
            "uci" => include_str!("mapping/uci.map"),
            _ => return None,
        };
        Self::parse(text).ok()
    }

    /// Reads `name = "value"` lines; `#` begins a comment line.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let mut mapping = Self::default();
        for (place, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line.split_once('=').ok_or(MappingError::Form(place + 1))?;
            let value = value.trim();
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            mapping.put(name.trim(), value.ok_or(MappingError::Form(place + 1))?)?;
        }
        Ok(mapping)
    }

    /// Sets a column or a setting by its name.
    pub fn put(&mut self, name: &str, value: &str) -> Result<(), MappingError> {
        if let Some(column) = Column::named(name).filter(|column| *column != Column::Channel) {
            self.columns.insert(column, value.to_owned());
            return Ok(());
        }
        match name {
            // "channel" is the setting; the column that overrides it line by line has a name of its own.
            "channel-column" => {
                self.columns.insert(Column::Channel, value.to_owned());
            }
            name => {
                let setting = Setting::named(name).ok_or_else(|| unknown(name))?;
                self.settings.insert(setting, value.to_owned());
            }
        }
        Ok(())
    }

    /// Sets a column.
    pub fn column(&mut self, name: &str, heading: &str) -> Result<(), MappingError> {
        let column = Column::named(name).ok_or_else(|| unknown(name))?;
        self.columns.insert(column, heading.to_owned());
        Ok(())
    }

    /// Sets a setting, where the command line names it.
    pub fn set(&mut self, setting: Setting, value: Option<&str>) {
        if let Some(value) = value {
            self.settings.insert(setting, value.to_owned());
        }
    }

    /// The heading of a column: the one given, else the column's own name.
    pub fn heading(&self, column: Column) -> &str {
        self.columns.get(&column).map_or(column.name(), String::as_str)
    }

    /// True where the mapping names this column itself.
    pub fn names(&self, column: Column) -> bool {
        self.columns.contains_key(&column)
    }

    /// A setting that is not empty.
    pub fn get(&self, setting: Setting) -> Option<&str> {
        self.settings.get(&setting).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All of it as one text, the same for the same mapping: part of what an import is known by.
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        for (column, heading) in &self.columns {
            // Writing to a String never fails.
            let _ = writeln!(text, "column {} {heading:?}", column.name());
        }
        for (setting, value) in &self.settings {
            let _ = writeln!(text, "setting {} {value:?}", setting.name());
        }
        text
    }
}

fn unknown(name: &str) -> MappingError {
    let columns: Vec<&str> = Column::ALL.into_iter().map(Column::name).collect();
    let settings: Vec<&str> = Setting::ALL.into_iter().map(Setting::name).collect();
    MappingError::Unknown { name: name.to_owned(), columns: columns.join(", "), settings: settings.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_mapping_can_be_read() {
        let uci = Mapping::shipped("uci").expect("shipped");
        assert_eq!(uci.heading(Column::Invoice), "InvoiceNo");
        assert_eq!(uci.get(Setting::CreditPrefix), Some("C"));
        assert_eq!(uci.get(Setting::Channel), Some("web"));
        assert_eq!(uci.heading(Column::Category), "category");
        assert!(!uci.names(Column::Category));
        assert_eq!(Mapping::shipped("other"), None);
    }

    #[test]
    fn the_command_line_comes_on_top() {
        let mut mapping = Mapping::parse("invoice = \"No\"\n# a comment\n\nchannel = \"store\"\n").expect("readable");
        mapping.column("invoice", "發票號碼").expect("a column");
        mapping.column("channel", "通路").expect("a column");
        mapping.set(Setting::Channel, Some("app"));
        mapping.set(Setting::Source, None);
        assert_eq!(mapping.heading(Column::Invoice), "發票號碼");
        assert_eq!(mapping.heading(Column::Channel), "通路");
        assert_eq!(mapping.get(Setting::Channel), Some("app"));
        assert_eq!(mapping.get(Setting::Source), None);
    }

    #[test]
    fn what_means_nothing_is_told() {
        assert_eq!(Mapping::parse("invoice: No"), Err(MappingError::Form(1)));
        assert_eq!(Mapping::parse("\ninvoice = No"), Err(MappingError::Form(2)));
        let error = Mapping::parse("invoce = \"No\"").expect_err("a slip of the pen");
        assert!(error.to_string().starts_with("\"invoce\" is neither a column (invoice, product"), "{error}");
    }

    #[test]
    fn the_same_mapping_has_the_same_text() {
        let one = Mapping::parse("invoice = \"No\"\nsource = \"a\"").expect("readable");
        let other = Mapping::parse("source = \"a\"\ninvoice = \"No\"").expect("readable");
        assert_eq!(one.canonical(), other.canonical());
    }
}
