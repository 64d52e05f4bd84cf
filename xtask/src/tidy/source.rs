//! Reading Rust sources without understanding them: what is code, what is text, and which paths the code names.

/// A source file taken apart. Line numbers and column positions stay those of the file.
#[derive(Debug)]
pub(super) struct Source {
    /// The code, with comments, the contents of strings, and test modules blanked.
    pub(super) code: String,
    /// The contents of strings outside test modules, with the line each begins on.
    pub(super) strings: Vec<(usize, String)>,
}

/// A path the code names, such as `crate::points::store`, and its line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) line: usize,
    pub(super) path: String,
}

impl Source {
    /// Takes a file apart.
    pub(super) fn parse(text: &str) -> Self {
        let (mut code, strings) = masked(text);
        let tests = test_modules(&code);
        for (start, end) in &tests {
            blank(&mut code, *start, *end);
        }
        let outside = |at: &usize| !tests.iter().any(|(start, end)| (start..end).contains(&at));
        let strings = strings.into_iter().filter(|(at, _)| outside(at));
        let strings = strings.map(|(at, string)| (line_at(text, at), string)).collect();
        Self { code, strings }
    }

    /// Every path in the code: those of `use` declarations with their braces resolved, and those used in place.
    pub(super) fn paths(&self) -> Vec<Named> {
        let mut code = self.code.clone();
        let mut named = Vec::new();
        for at in word_positions(&self.code, "use") {
            let rest = &self.code[at + 3..];
            // `impl Trait + use<'a>` is no declaration.
            let Some(end) = rest.find(';').filter(|_| rest.starts_with(char::is_whitespace)) else { continue };
            spread(&self.code, "", at + 3, at + 3 + end, &mut named);
            blank(&mut code, at, at + 3 + end);
        }
        in_place(&code, &mut named);
        named.sort_by_key(|one| one.line);
        named
    }

    /// The lines on which the code contains this as a word of its own.
    pub(super) fn lines_with_word(&self, word: &str) -> Vec<usize> {
        word_positions(&self.code, word).into_iter().map(|at| line_at(&self.code, at)).collect()
    }
}

/// The line a position is on, counted from one.
pub(super) fn line_at(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Where a word stands alone in a text.
pub(super) fn word_positions(text: &str, word: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let alone = |at: usize| !bytes.get(at).is_some_and(|byte| is_name(*byte));
    let starts = |at: usize| at == 0 || alone(at - 1);
    text.match_indices(word).map(|(at, _)| at).filter(|at| starts(*at) && alone(*at + word.len())).collect()
}

/// The position after the bracket that closes the one at `open`.
pub(super) fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn blank(code: &mut String, start: usize, end: usize) {
    let spaces: String = code[start..end].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    code.replace_range(start..end, &spaces);
}

/// The text with comments and the contents of strings blanked byte for byte, and the strings with their positions.
fn masked(text: &str) -> (String, Vec<(usize, String)>) {
    let mut code = text.to_owned();
    let mut strings = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let end = at
            + match Piece::at(text, at) {
                Piece::Comment(length) | Piece::Character(length) => {
                    blank(&mut code, at, at + length);
                    length
                }
                Piece::Text { length, open, close } => {
                    // A string that is not closed ends with the file.
                    let end = (at + length).saturating_sub(close).max(at + open).min(text.len());
                    strings.push((at, text.get(at + open..end).unwrap_or_default().to_owned()));
                    blank(&mut code, at, at + length);
                    length
                }
                Piece::Code => rest.chars().next().map_or(1, char::len_utf8),
            };
        at = end;
    }
    (code, strings)
}

/// What begins at a position, and how many bytes it takes.
enum Piece {
    Code,
    Comment(usize),
    /// `open` and `close` are the lengths of the marks around it.
    Text {
        length: usize,
        open: usize,
        close: usize,
    },
    Character(usize),
}

impl Piece {
    fn at(text: &str, at: usize) -> Self {
        let rest = &text[at..];
        let inside_a_name = at > 0 && is_name(text.as_bytes()[at - 1]);
        if rest.starts_with("//") {
            return Self::Comment(rest.find('\n').unwrap_or(rest.len()));
        }
        if rest.starts_with("/*") {
            return Self::Comment(block_comment(rest));
        }
        if rest.starts_with('"') {
            return Self::Text { length: quoted(rest), open: 1, close: 1 };
        }
        if !inside_a_name && let Some(raw) = raw_string(rest) {
            return raw;
        }
        character(rest).map_or(Self::Code, Self::Character)
    }
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// `r#"..."#` and its kin.
fn raw_string(rest: &str) -> Option<Piece> {
    let start = ["r", "br", "cr"]
        .into_iter()
        .find(|start| rest.strip_prefix(*start).is_some_and(|after| after.trim_start_matches('#').starts_with('"')))?;
    let hashes = rest[start.len()..].len() - rest[start.len()..].trim_start_matches('#').len();
    let open = start.len() + hashes + 1;
    let mark = format!("\"{}", "#".repeat(hashes));
    let length = rest[open..].find(&mark).map_or(rest.len(), |end| open + end + mark.len());
    Some(Piece::Text { length, open, close: mark.len() })
}

/// The length of a character in quotes; `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if let Some(escaped) = inner.strip_prefix('\\') {
        let after = 2 + escaped.chars().next()?.len_utf8();
        return rest[after..].find('\'').map(|end| after + end + 1);
    }
    let first = inner.chars().next()?.len_utf8();
    inner[first..].starts_with('\'').then_some(first + 2)
}

/// Where `#[cfg(test)]` items begin and end.
fn test_modules(code: &str) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    for (at, mark) in code.match_indices("#[cfg(test)]") {
        let rest = &code[at + mark.len()..];
        let Some(end) = rest.find([';', '{']) else { continue };
        let end = at + mark.len() + end;
        ranges.push((at, if code.as_bytes()[end] == b';' { end + 1 } else { closing(code, end) }));
    }
    ranges
}

/// Resolves one branch of a `use` tree between two positions.
fn spread(code: &str, prefix: &str, start: usize, end: usize, named: &mut Vec<Named>) {
    let Some(open) = code[start..end].find('{').map(|open| start + open) else {
        let branch = &code[start..end];
        let written = branch.split(" as ").next().unwrap_or(branch);
        let path: String = written.chars().filter(|c| !c.is_whitespace()).collect();
        if !path.is_empty() {
            let first = start + branch.len() - branch.trim_start().len();
            named.push(Named { line: line_at(code, first), path: format!("{prefix}{path}") });
        }
        return;
    };
    let stem: String = code[start..open].chars().filter(|c| !c.is_whitespace()).collect();
    let prefix = format!("{prefix}{stem}");
    let (mut depth, mut from) = (0usize, open + 1);
    for (at, byte) in code.bytes().enumerate().take(end).skip(open + 1) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b',' | b'}' if depth == 0 => {
                spread(code, &prefix, from, at, named);
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// Paths such as `tonic::Status` outside of `use`.
fn in_place(code: &str, named: &mut Vec<Named>) {
    let bytes = code.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !is_name(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        let goes_on = |at: usize| {
            bytes.get(at).is_some_and(|byte| is_name(*byte))
                || (bytes.get(at) == Some(&b':') && (bytes.get(at + 1) == Some(&b':') || bytes[at - 1] == b':'))
        };
        while goes_on(at) {
            at += 1;
        }
        let path = &code[start..at];
        let continues_another = start >= 2 && &bytes[start - 2..start] == b"::";
        if path.contains("::") && !continues_another {
            named.push(Named { line: line_at(code, start), path: path.to_owned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_characters_are_no_code() {
        let text =
            "let a = \"tonic::x\"; // sqlx::y\n/* redis /* :: */ */ let b = '\"'; let c: &'static str = r#\"q\"x\"#;\n";
        let source = Source::parse(text);
        assert_eq!(source.code.len(), text.len());
        for word in ["tonic", "sqlx", "redis", "q"] {
            assert_eq!(source.lines_with_word(word), [0usize; 0], "{word}");
        }
        assert_eq!(source.lines_with_word("static"), [2]);
        assert_eq!(source.strings, [(1, "tonic::x".to_owned()), (2, "q\"x".to_owned())]);
    }

    #[test]
    fn test_modules_are_left_out() {
        let text =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    use sqlx::Row;\n    const S: &str = \"now()\";\n}\nfn b() {}\n";
        let source = Source::parse(text);
        assert_eq!(source.lines_with_word("sqlx"), [0usize; 0]);
        assert_eq!(source.lines_with_word("b"), [7]);
        assert!(source.strings.is_empty());
    }

    #[test]
    fn use_trees_are_spread_out() {
        let text = "use std::{fmt, io::{self, Read as R}};\nuse crate::points::\n    store;\nfn f() -> tonic::Status { a::b::<u8>() }";
        let paths: Vec<(usize, String)> = Source::parse(text).paths().into_iter().map(|n| (n.line, n.path)).collect();
        let expected = [
            (1, "std::fmt"),
            (1, "std::io::self"),
            (1, "std::io::Read"),
            (2, "crate::points::store"),
            (4, "tonic::Status"),
            (4, "a::b::"),
        ];
        assert_eq!(paths, expected.map(|(line, path)| (line, path.to_owned())));
    }
}
