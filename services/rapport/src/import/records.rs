//! A file's lines become records, and every line belongs to one.
//!
//! A text in quotes may go on over several lines, so a quote that is opened and never meant to close would swallow whatever follows, up
//! to the next quote or the file's end, and the lines in between would be gone without a word. So a record over several lines is
//! believed only while nothing speaks against it:
//!
//! 1. It closes, within a mebibyte, and has the heading's columns.
//! 2. What closes its text is followed by the next column or the line's end: `12" plate` closes nothing.
//! 3. No line between its first and its last is a whole line by itself, and its first and last are not both whole lines.
//!
//! Otherwise its first line is told to be unclosed, its cells as they stand, and the lines after it are read each for itself.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Read};

use csv::{ByteRecord, Position};

const BUFFER_BYTES: usize = 128 * 1024;
/// More than any till writes about one product.
const LONGEST_RECORD_BYTES: usize = 1024 * 1024;

/// What a record is, beside its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Lines of the file it takes.
    pub lines: u64,
    /// A quote opens in it that nothing closes; it is one line, its cells split without regard to quotes.
    pub unclosed: bool,
}

/// Reads records; each knows the number of its first line.
#[derive(Debug)]
pub struct Records<R> {
    text: Lines<R>,
    ahead: VecDeque<Vec<u8>>,
    delimiter: u8,
    /// Of the heading; none until it was read.
    columns: Option<usize>,
    /// Lines taken so far.
    taken: u64,
    blank: u64,
}

impl<R: Read> Records<R> {
    /// Of a text that begins with its heading.
    pub fn of(text: R, delimiter: u8) -> Self {
        Self {
            text: Lines { text: BufReader::with_capacity(BUFFER_BYTES, text) },
            ahead: VecDeque::new(),
            delimiter,
            columns: None,
            taken: 0,
            blank: 0,
        }
    }

    /// The heading and how many lines it takes; to be read first.
    pub fn heading(&mut self) -> io::Result<(ByteRecord, u64)> {
        let mut heading = ByteRecord::new();
        let extent = self.next(&mut heading)?;
        self.columns = Some(heading.len());
        Ok((heading, extent.map_or(0, |extent| extent.lines)))
    }

    /// What they are read from.
    pub fn text(&self) -> &R {
        self.text.text.get_ref()
    }

    /// Empty lines met so far; they hold nothing and are no records.
    pub const fn blank(&self) -> u64 {
        self.blank
    }

    /// The next record; none at the end.
    pub fn next(&mut self, record: &mut ByteRecord) -> io::Result<Option<Extent>> {
        let mut first = loop {
            match self.line()? {
                None => return Ok(None),
                Some(line) if is_blank(&line) => {
                    self.taken += 1;
                    self.blank += 1;
                }
                Some(line) => break line,
            }
        };
        if self.taken == 0 && first.starts_with(b"\xEF\xBB\xBF") {
            first.drain(..3);
        }
        record.clear();
        let mut position = Position::new();
        position.set_line(self.taken + 1);
        record.set_position(Some(position));
        let mut cells = Cells::new(self.delimiter);
        cells.read(&first, record);
        let more = if cells.is_open() { self.go_on(&first, &mut cells, record)? } else { Some(0) };
        let lines = more.map_or(1, |more| more + 1);
        self.taken += lines;
        if more.is_none() {
            record.truncate(0);
            for cell in without_end(&first).split(|byte| *byte == self.delimiter) {
                record.push_field(cell);
            }
            return Ok(Some(Extent { lines, unclosed: true }));
        }
        cells.finish(record);
        Ok(Some(Extent { lines, unclosed: false }))
    }

    /// Reads on until the text in quotes is closed. Answers how many lines more that takes; none where they are not to be believed, and
    /// then they are read again.
    fn go_on(&mut self, first: &[u8], cells: &mut Cells, record: &mut ByteRecord) -> io::Result<Option<u64>> {
        let (mut behind, mut bytes) = (Vec::new(), first.len());
        while cells.is_open() && bytes <= LONGEST_RECORD_BYTES {
            let Some(line) = self.line()? else { break };
            cells.read(&line, record);
            bytes += line.len();
            behind.push(line);
        }
        let columns = record.len() + 1;
        let closed = !cells.is_open() && cells.tidy && self.columns.is_none_or(|heading| columns >= heading);
        if closed && !self.hold_whole_lines(first, &behind) {
            return Ok(Some(behind.len() as u64));
        }
        for line in behind.into_iter().rev() {
            self.ahead.push_front(line);
        }
        Ok(None)
    }

    /// Whether the lines of a record look like lines that stand for themselves.
    fn hold_whole_lines(&self, first: &[u8], behind: &[Vec<u8>]) -> bool {
        let (Some(heading), Some((last, between))) = (self.columns, behind.split_last()) else { return false };
        let is_whole = |line: &Vec<u8>| {
            let (mut cells, mut record) = (Cells::new(self.delimiter), ByteRecord::new());
            cells.read(line, &mut record);
            !cells.is_open() && record.len() + 1 == heading
        };
        let as_it_stands = first.iter().filter(|byte| **byte == self.delimiter).count() + 1;
        between.iter().any(is_whole) || (as_it_stands >= heading && is_whole(last))
    }

    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.ahead.pop_front().map_or_else(|| self.text.next(), |line| Ok(Some(line)))
    }
}

/// Where in a record the last byte left us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    CellStart,
    Plain,
    Quoted,
    /// Behind a quote within quotes: it closes the text, or it is half of a doubled one.
    Closing,
}

/// Splits the lines of one record into cells.
struct Cells {
    delimiter: u8,
    at: At,
    cell: Vec<u8>,
    /// Every text in quotes ended where its cell ended.
    tidy: bool,
}

impl Cells {
    const fn new(delimiter: u8) -> Self {
        Self { delimiter, at: At::CellStart, cell: Vec::new(), tidy: true }
    }

    /// A text in quotes goes on in the next line.
    fn is_open(&self) -> bool {
        self.at == At::Quoted
    }

    fn read(&mut self, line: &[u8], record: &mut ByteRecord) {
        for byte in line.iter().copied() {
            self.at = match (self.at, byte) {
                (At::CellStart, b'"') => At::Quoted,
                (At::Quoted, b'"') => At::Closing,
                (At::Closing, b'"') => self.keep(byte, At::Quoted),
                (At::Quoted, _) => self.keep(byte, At::Quoted),
                (At::CellStart | At::Plain | At::Closing, b'\r' | b'\n') => return,
                (At::CellStart | At::Plain | At::Closing, _) if byte == self.delimiter => {
                    self.finish(record);
                    At::CellStart
                }
                (At::CellStart | At::Plain, _) => self.keep(byte, At::Plain),
                (At::Closing, _) => {
                    self.tidy = false;
                    self.keep(byte, At::Plain)
                }
            };
        }
    }

    fn keep(&mut self, byte: u8, at: At) -> At {
        self.cell.push(byte);
        at
    }

    /// The cell ends here.
    fn finish(&mut self, record: &mut ByteRecord) {
        record.push_field(&self.cell);
        self.cell.clear();
    }
}

/// Lines with their ends, whichever of the three kinds these are.
#[derive(Debug)]
struct Lines<R> {
    text: BufReader<R>,
}

impl<R: Read> Lines<R> {
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        loop {
            let there = self.text.fill_buf()?;
            if there.is_empty() {
                return Ok((!line.is_empty()).then_some(line));
            }
            if line.last() == Some(&b'\r') {
                if there[0] == b'\n' {
                    line.push(b'\n');
                    self.text.consume(1);
                }
                return Ok(Some(line));
            }
            let end = there.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let taken = end.map_or(there.len(), |end| end + 1);
            line.extend_from_slice(&there[..taken]);
            self.text.consume(taken);
            if line.last() == Some(&b'\n') {
                return Ok(Some(line));
            }
        }
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n'));
    &line[..end.map_or(0, |end| end + 1)]
}

fn is_blank(line: &[u8]) -> bool {
    without_end(line).is_empty()
}

#[cfg(test)]
mod tests;
