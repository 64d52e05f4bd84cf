//! Tables for a terminal. Columns are as wide as what is seen: a Chinese character takes two places, a colour none.
//!
//! Colour appears on a terminal only, and never where `NO_COLOR` is set.

use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;
use std::sync::OnceLock;

use unicode_width::UnicodeWidthStr as _;

/// How a text stands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Not at all.
    #[default]
    Plain,
    /// What the eye should find first.
    Strong,
    /// What may be overlooked.
    Faint,
    /// All is well.
    Good,
    /// Something needs a look.
    Bad,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\u{1b}[1m",
            Self::Faint => "\u{1b}[2m",
            Self::Good => "\u{1b}[32m",
            Self::Bad => "\u{1b}[31m",
        }
    }

    /// The text in this tone, where standard output is a terminal.
    pub fn of(self, text: &str) -> String {
        painted(text, self, colourful())
    }
}

/// True where standard output shows colours.
fn colourful() -> bool {
    static SHOWS: OnceLock<bool> = OnceLock::new();
    *SHOWS.get_or_init(|| std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none())
}

fn painted(text: &str, tone: Tone, colours: bool) -> String {
    if colours && tone != Tone::Plain { format!("{}{text}\u{1b}[0m", tone.code()) } else { text.to_owned() }
}

/// On which side of its column a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells whose columns line up.
#[derive(Clone, Debug, Default)]
pub struct Table {
    sides: Vec<Side>,
    rows: Vec<(Tone, Vec<String>)>,
    indent: usize,
}

impl Table {
    /// An empty table with a column for each side, set in by two places.
    pub fn new(sides: &[Side]) -> Self {
        Self { sides: sides.to_vec(), rows: Vec::new(), indent: 2 }
    }

    /// Adds a row; cells beyond the columns are left out.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.toned(Tone::Plain, cells);
    }

    /// Adds a row of headings.
    pub fn heading<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.toned(Tone::Faint, cells);
    }

    /// Adds a row in a tone.
    pub fn toned<S: Into<String>>(&mut self, tone: Tone, cells: impl IntoIterator<Item = S>) {
        self.rows.push((tone, cells.into_iter().map(Into::into).take(self.sides.len()).collect()));
    }

    /// True while no row was added.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.sides.len()];
        for (_, cells) in &self.rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.width());
            }
        }
        widths
    }

    fn written(&self, colours: bool) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for (tone, cells) in &self.rows {
            let mut line = " ".repeat(self.indent);
            for (place, (cell, side)) in cells.iter().zip(&self.sides).enumerate() {
                let gap = " ".repeat(widths[place] - cell.width());
                let between = if place == 0 { "" } else { "  " };
                // Writing to a String never fails.
                let _ = match side {
                    Side::Left => write!(line, "{between}{cell}{gap}"),
                    Side::Right => write!(line, "{between}{gap}{cell}"),
                };
            }
            text.push_str(&painted(line.trim_end(), *tone, colours));
            text.push('\n');
        }
        text
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.written(colourful()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_with_chinese_names() {
        let mut table = Table::new(&[Side::Left, Side::Right, Side::Left]);
        table.row(["王淑芬", "1,284", "台北信義店"]);
        table.row(["Wang", "9", ""]);
        assert_eq!(table.written(false), "  王淑芬  1,284  台北信義店\n  Wang        9\n");
    }

    #[test]
    fn colours_take_no_place() {
        let mut table = Table::new(&[Side::Left, Side::Right]);
        table.heading(["tier", "members"]);
        table.row(["Gold", "12"]);
        assert_eq!(table.written(true), "\u{1b}[2m  tier  members\u{1b}[0m\n  Gold       12\n");
    }

    #[test]
    fn a_row_too_long_is_cut_and_one_too_short_is_fine() {
        let mut table = Table::new(&[Side::Left, Side::Left]);
        table.row(["a", "b", "c"]);
        table.row(["d"]);
        assert_eq!(table.written(false), "  a  b\n  d\n");
    }
}
