//! Lines become invoices, and invoices a history in the order of time.
//!
//! The lines of an invoice need not follow each other, and may tell different times: the earliest counts. Who bought it is told by any
//! of its lines; a line that names somebody else is rejected. The suite must hear of a member's purchases in the order in which they
//! happened, and a file need not be in that order, so the whole history is gathered before any of it is sent.
//!
//! Memory: 32 bytes a line (up to three times that while the list of them grows), about 100 an invoice, and every distinct text once:
//! for half a million lines of 26,000 invoices some 60 MB at most.

use std::collections::HashMap;
use std::ops::Range;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::enrolling::Person;
use super::lines::Line;
use super::rejects::Reason;
use super::sorting_out::Kind;
use super::texts::{Text, Texts};

/// An order or a return of the suite has so many lines at most; longer invoices become several.
pub const MOST_LINES: usize = 5_000;

/// A line as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    invoice: u32,
    /// Where it begins in the file.
    pub number: u32,
    /// Product code.
    pub product: Text,
    /// Price of one.
    pub price: Text,
    /// Never zero.
    pub quantity: i64,
    /// What few lines have: the place of its category, cost and discount.
    extras: u32,
}

/// What few lines have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Extras {
    /// May be empty.
    pub category: Text,
    /// May be empty.
    pub unit_cost: Text,
    /// Taken off.
    pub discount_minor: i64,
}

/// What belongs together under one number.
#[derive(Clone, Debug)]
pub struct Invoice {
    /// Its number.
    pub number: Text,
    /// What its lines are.
    pub kind: Kind,
    /// Empty for a guest's.
    pub customer: Text,
    /// The earliest of its lines' times.
    pub moment: Timestamp,
    /// As its first line says; may be empty.
    pub channel: Text,
    /// As its first line says; may be empty.
    pub store: Text,
    /// As its first line says; may be empty.
    pub staff: Text,
    /// Lines of other kinds stand under the same number.
    pub mixed: bool,
    first_line: u32,
    lines: Range<usize>,
}

/// A customer of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Their number.
    pub number: Text,
    /// When they are first heard of.
    pub since: Timestamp,
}

/// Gathers lines.
#[derive(Debug, Default)]
pub struct Gathering {
    texts: Texts,
    invoices: Vec<Invoice>,
    by_number: HashMap<(Text, Kind), u32>,
    owners: HashMap<Text, Text>,
    lines: Vec<Kept>,
    extras: Vec<Extras>,
    extras_at: HashMap<Extras, u32>,
    names: HashMap<Text, Text>,
}

impl Gathering {
    /// Takes a line that is of this kind.
    pub fn add(&mut self, line: &Line<'_>, kind: Kind) -> Result<(), Reason> {
        let number = self.texts.keep(line.invoice);
        let customer = self.texts.keep(line.customer);
        if !customer.is_empty() && *self.owners.entry(number).or_insert(customer) != customer {
            return Err(Reason::AnotherCustomer);
        }
        let invoice = self.invoice(number, kind, line);
        let known = &mut self.invoices[invoice as usize];
        known.moment = known.moment.min(line.moment);
        let product = self.texts.keep(line.product);
        if !line.description.is_empty() && kind == Kind::Purchase {
            let name = self.texts.keep(&line.description);
            self.names.insert(product, name);
        }
        let extras = Extras {
            category: self.texts.keep(line.category),
            unit_cost: self.texts.keep(&line.unit_cost),
            discount_minor: line.discount_minor,
        };
        let extras = *self.extras_at.entry(extras).or_insert_with(|| {
            self.extras.push(extras);
            u32::try_from(self.extras.len() - 1).unwrap_or(u32::MAX)
        });
        self.lines.push(Kept {
            invoice,
            number: u32::try_from(line.number).unwrap_or(u32::MAX),
            product,
            price: self.texts.keep(&line.price),
            quantity: line.quantity,
            extras,
        });
        Ok(())
    }

    fn invoice(&mut self, number: Text, kind: Kind, line: &Line<'_>) -> u32 {
        if let Some(known) = self.by_number.get(&(number, kind)) {
            return *known;
        }
        let place = u32::try_from(self.invoices.len()).unwrap_or(u32::MAX);
        self.by_number.insert((number, kind), place);
        self.invoices.push(Invoice {
            number,
            kind,
            customer: Text::default(),
            moment: line.moment,
            channel: self.texts.keep(line.channel),
            store: self.texts.keep(line.store),
            staff: self.texts.keep(line.staff),
            mixed: false,
            first_line: u32::try_from(line.number).unwrap_or(u32::MAX),
            lines: 0..0,
        });
        place
    }

    /// Puts everything into the order of time. What bears the same time follows the order of its kinds, then that of the file.
    pub fn finish(mut self) -> History {
        for (place, invoice) in self.invoices.iter_mut().enumerate() {
            // Until the lines are sorted, their range remembers where the invoice stood.
            invoice.customer = self.owners.get(&invoice.number).copied().unwrap_or_default();
            invoice.lines = place..place;
        }
        let mut kinds: HashMap<Text, u32> = HashMap::new();
        for (number, _) in self.by_number.keys() {
            *kinds.entry(*number).or_default() += 1;
        }
        self.invoices.sort_by_key(|invoice| (invoice.moment, invoice.kind, invoice.first_line));
        let mut rank = vec![0_u32; self.invoices.len()];
        for (new, invoice) in self.invoices.iter_mut().enumerate() {
            rank[invoice.lines.start] = u32::try_from(new).unwrap_or(u32::MAX);
            invoice.mixed = kinds.get(&invoice.number).is_some_and(|kinds| *kinds > 1);
        }
        for line in &mut self.lines {
            line.invoice = rank[line.invoice as usize];
        }
        self.lines.sort_unstable_by_key(|line| (line.invoice, line.number));
        let mut from = 0;
        for (place, invoice) in self.invoices.iter_mut().enumerate() {
            let count = self.lines[from..].iter().take_while(|line| line.invoice as usize == place).count();
            invoice.lines = from..from + count;
            from += count;
        }
        History {
            texts: self.texts.finish(),
            invoices: self.invoices,
            lines: self.lines,
            extras: self.extras,
            names: self.names,
        }
    }
}

/// Everything a file tells, in the order of time.
#[derive(Debug)]
pub struct History {
    texts: Vec<std::sync::Arc<str>>,
    invoices: Vec<Invoice>,
    lines: Vec<Kept>,
    extras: Vec<Extras>,
    names: HashMap<Text, Text>,
}

/// What is told to the suite as one entry: an invoice or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Place of its invoice.
    pub invoice: usize,
    /// 1 and up.
    pub part: usize,
    /// Places of its lines.
    pub lines: Range<usize>,
}

impl History {
    /// A text that was kept.
    pub fn text(&self, text: Text) -> &str {
        text.of(&self.texts)
    }

    /// An invoice by its place.
    pub fn invoice(&self, place: usize) -> &Invoice {
        &self.invoices[place]
    }

    /// Lines by their places.
    pub fn lines(&self, places: Range<usize>) -> &[Kept] {
        &self.lines[places]
    }

    /// What few lines have.
    pub fn extras(&self, line: &Kept) -> Extras {
        self.extras[line.extras as usize]
    }

    /// Quantity times price less discount, exactly.
    pub fn exact(&self, line: &Kept, minor_digits: u32) -> Decimal {
        let price: Decimal = self.text(line.price).parse().unwrap_or_default();
        let discount = i128::from(self.extras(line).discount_minor);
        let discount = Decimal::try_from_i128_with_scale(discount, minor_digits).unwrap_or_default();
        (price * Decimal::from(line.quantity)) - discount
    }

    /// The same in minor units.
    pub fn minor(&self, line: &Kept, minor_digits: u32) -> i64 {
        let price: Decimal = self.text(line.price).parse().unwrap_or_default();
        let gross = kernel::rounding::line_minor(price, line.quantity, minor_digits).unwrap_or_default();
        gross.saturating_sub(self.extras(line).discount_minor)
    }

    /// Everybody who is named, in the order in which they are first heard of.
    pub fn customers(&self) -> Vec<Customer> {
        let mut seen = std::collections::HashSet::new();
        let named = self.invoices.iter().filter(|invoice| !invoice.customer.is_empty());
        named
            .filter(|invoice| seen.insert(invoice.customer))
            .map(|invoice| Customer { number: invoice.customer, since: invoice.moment })
            .collect()
    }

    /// The same as they are enrolled.
    pub fn people(&self) -> Vec<Person<Text>> {
        let person = |customer: Customer| Person {
            key: customer.number,
            number: self.text(customer.number).to_owned(),
            since: Some(customer.since),
        };
        self.customers().into_iter().map(person).collect()
    }

    /// Products and what people read of them, by code; those that were bought and have a name.
    pub fn products(&self) -> Vec<(&str, &str)> {
        let mut products: Vec<(&str, &str)> =
            self.names.iter().map(|(code, name)| (self.text(*code), self.text(*name))).collect();
        products.sort_unstable();
        products
    }

    /// What is told to the suite, entry by entry. A movement that is no purchase is an entry for each of its lines.
    pub fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::with_capacity(self.invoices.len());
        for (place, invoice) in self.invoices.iter().enumerate() {
            let most = match invoice.kind {
                Kind::Purchase | Kind::Credit => MOST_LINES,
                Kind::BadDebt | Kind::Correction => 1,
            };
            let starts = invoice.lines.clone().step_by(most);
            pieces.extend(starts.enumerate().map(|(part, start)| Piece {
                invoice: place,
                part: part + 1,
                lines: start..(start + most).min(invoice.lines.end),
            }));
        }
        pieces
    }
}

#[cfg(test)]
mod tests;
