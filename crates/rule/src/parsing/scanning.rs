//! What is seen of a text before it is parsed: how long it is, how deep, and which of its signs no rule has.
//!
//! One pass over the letters, without recursion. After it, every list has at most so many values, every text is
//! closed, and brackets are closed in the order they were opened.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::fault::{Fault, Foreign, Hint, Limit, Position, Trouble, Unreadable};
use crate::limits;

struct Scan<'a> {
    source: &'a str,
    letters: Peekable<CharIndices<'a>>,
    faults: &'a mut Vec<Fault>,
    /// Where each open bracket is, which one, and how many commas it has seen.
    open: Vec<(usize, char, usize)>,
    tokens: usize,
    last: Last,
    /// Whether the parser may see the text.
    sound: bool,
}

/// What the last word or sign was, as far as the next one's meaning hangs on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// After it an operator can come: `-` takes away.
    Operand,
    /// A sign before an operand.
    Unary(char),
    Other,
}

/// Whether the parser may see the text. It may see some that have faults.
pub(super) fn scan(source: &str, faults: &mut Vec<Fault>) -> bool {
    if source.len() > limits::SOURCE_BYTES {
        faults.push(Trouble::TooMuch(Limit::Bytes).at(Position { line: 1, column: 1 }));
        return false;
    }
    let mut scan = Scan {
        source,
        letters: source.char_indices().peekable(),
        faults,
        open: Vec::new(),
        tokens: 0,
        last: Last::Other,
        sound: true,
    };
    while let Some((at, letter)) = scan.letters.next() {
        scan.letter(at, letter);
        if scan.tokens > limits::TOKENS {
            scan.stop(at, Trouble::TooMuch(Limit::Tokens));
        }
        if !scan.sound && (scan.tokens > limits::TOKENS || scan.faults.len() >= limits::FAULTS) {
            break;
        }
    }
    if let Some((at, bracket, _)) = scan.open.first().copied().filter(|_| scan.sound) {
        scan.stop(at, Trouble::Syntax(Unreadable::NotClosed(bracket)));
    }
    scan.sound
}

impl Scan<'_> {
    fn tell(&mut self, at: usize, what: Trouble) {
        self.faults.push(what.at(Position::of_byte(self.source, at)));
    }

    /// Tells a fault after which the parser would only be confused, or overrun.
    fn stop(&mut self, at: usize, what: Trouble) {
        self.sound = false;
        self.tell(at, what);
    }

    fn not_for_rules(&mut self, at: usize, what: Foreign) {
        self.stop(at, Trouble::NotForRules(what));
    }

    fn next_is(&mut self, wanted: char) -> bool {
        self.letters.next_if(|(_, letter)| *letter == wanted).is_some()
    }

    fn letter(&mut self, at: usize, letter: char) {
        if matches!(letter, ' ' | '\n' | '\r' | '\t') {
            return;
        }
        self.tokens = self.tokens.saturating_add(1);
        let before = std::mem::replace(&mut self.last, Last::Other);
        match letter {
            '(' | '[' => self.opened(at, letter),
            ')' | ']' => self.closed(at, letter),
            ',' => self.comma(at),
            '"' | '\'' => self.text(at, letter),
            '0'..='9' => self.number(at),
            'a'..='z' | 'A'..='Z' | '_' => self.word(at),
            '.' => {
                if self.letters.peek().is_some_and(|(_, next)| next.is_ascii_digit()) {
                    self.not_for_rules(at, Foreign::Decimal);
                }
            }
            '!' if self.next_is('=') => {}
            '!' => self.unary(at, '!', before),
            '-' if before == Last::Operand => {}
            '-' => self.unary(at, '-', before),
            '+' | '*' => {}
            '<' | '>' => {
                self.next_is('=');
            }
            '=' | '&' | '|' => self.doubled(at, letter),
            '?' => self.not_for_rules(at, Foreign::Ternary),
            ':' => {}
            '/' if self.next_is('/') => self.comment(at),
            '/' | '%' => {
                // The parser understands division: what else is wrong can be told, too.
                self.tell(at, Trouble::NotForRules(Foreign::Division));
            }
            '}' if !self.sound => {}
            '{' | '}' => self.not_for_rules(at, Foreign::Map),
            _ => {
                let hint = if letter.is_ascii() { Hint::NoSuchSign } else { Hint::Quotes };
                self.stop(at, Trouble::Letter { found: letter, hint });
            }
        }
    }

    fn opened(&mut self, at: usize, bracket: char) {
        self.open.push((at, bracket, 0));
        if self.open.len() == limits::BRACKETS.saturating_add(1) {
            self.stop(at, Trouble::TooMuch(Limit::Brackets));
        }
    }

    fn closed(&mut self, at: usize, bracket: char) {
        self.last = Last::Operand;
        let wanted = if bracket == ')' { '(' } else { '[' };
        if self.open.pop().is_none_or(|(_, opened, _)| opened != wanted) && self.sound {
            self.stop(at, Trouble::Syntax(Unreadable::ClosesNothing(bracket)));
        }
    }

    fn comma(&mut self, at: usize) {
        let Some((_, _, commas)) = self.open.last_mut() else { return };
        *commas = commas.saturating_add(1);
        if *commas == limits::LIST {
            self.stop(at, Trouble::TooMuch(Limit::ListValues));
        }
    }

    fn unary(&mut self, at: usize, sign: char, before: Last) {
        self.last = Last::Unary(sign);
        if before == Last::Unary(sign) {
            self.not_for_rules(at, if sign == '!' { Foreign::DoubleNot } else { Foreign::DoubleMinus });
        }
    }

    fn doubled(&mut self, at: usize, sign: char) {
        if self.next_is(sign) {
            return;
        }
        let hint = match sign {
            '=' => Hint::Equal,
            '&' => Hint::And,
            _ => Hint::Or,
        };
        self.stop(at, Trouble::Letter { found: sign, hint });
    }

    fn comment(&mut self, at: usize) {
        self.not_for_rules(at, Foreign::Comment);
        while self.letters.next_if(|(_, letter)| *letter != '\n').is_some() {}
    }

    fn text(&mut self, at: usize, quote: char) {
        self.last = Last::Operand;
        loop {
            match self.letters.next() {
                None | Some((_, '\n' | '\r')) => return self.stop(at, Trouble::OpenText),
                Some((inside, '\\')) => self.escape(inside),
                Some((_, letter)) if letter == quote => break,
                Some((inside, letter)) if letter.is_control() => {
                    self.stop(inside, Trouble::Letter { found: letter, hint: Hint::Control });
                }
                Some(_) => {}
            }
        }
        if self.letters.peek().is_some_and(|(_, next)| *next == quote) {
            self.not_for_rules(at, Foreign::TripleQuotes);
            let mut row = 0_usize;
            while row < 4
                && let Some((_, letter)) = self.letters.next()
            {
                // The quote that opens it is the first of four: one more, and three that close it.
                row = if letter == quote || row == 0 { row.saturating_add(1) } else { 1 };
            }
        }
    }

    /// What stands behind a `\`.
    fn escape(&mut self, at: usize) {
        let hint = Hint::Escape;
        match self.letters.next() {
            Some((_, '\\' | '"' | '\'' | 'n' | 'r' | 't')) | None => {}
            Some((_, 'u')) => {
                let digits = (0..4).filter(|_| self.letters.next_if(|(_, next)| next.is_ascii_hexdigit()).is_some());
                if digits.count() < 4 {
                    self.stop(at, Trouble::Letter { found: 'u', hint });
                }
            }
            Some((inside, found)) => self.stop(inside, Trouble::Letter { found, hint }),
        }
    }

    fn number(&mut self, at: usize) {
        self.last = Last::Operand;
        let mut decimal = false;
        while let Some((inside, letter)) =
            self.letters.next_if(|(_, next)| next.is_ascii_alphanumeric() || *next == '.')
        {
            decimal |= letter == '.';
            if !letter.is_ascii_digit() && letter != '.' && !decimal {
                self.stop(inside, Trouble::Letter { found: letter, hint: Hint::Digits });
                decimal = true;
                break;
            }
        }
        if decimal && self.sound {
            self.not_for_rules(at, Foreign::Decimal);
        }
        while self.letters.next_if(|(_, next)| next.is_ascii_alphanumeric() || *next == '.').is_some() {}
    }

    fn word(&mut self, at: usize) {
        let mut end = at.saturating_add(1);
        while let Some((inside, _)) = self.letters.next_if(|(_, next)| next.is_ascii_alphanumeric() || *next == '_') {
            end = inside.saturating_add(1);
        }
        // `in` is an operator: a `-` after it is a sign.
        let is_in = self.source.get(at..end) == Some("in");
        self.last = if is_in { Last::Other } else { Last::Operand };
        if !is_in && self.letters.peek().is_some_and(|(_, next)| matches!(next, '"' | '\'')) {
            self.not_for_rules(at, Foreign::PrefixedText);
        }
    }
}
