//! Laws 9 to 12: names, sizes, leftovers, printing.

use super::Found;
use super::source::{Source, closing, line_at, word_positions};
use super::tree::{Tree, is_test};

/// Names that say how a file is made and not what it decides.
const PATTERN_NAMES: [&str; 10] =
    ["util", "utils", "helper", "helpers", "manager", "common", "types", "impl", "misc", "models"];

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 60;

/// Written in two halves, so that this file does not accuse itself.
const LEFTOVERS: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
];
const WRITTEN_BY_HAND: [&str; 7] = [".rs", ".sql", ".proto", ".toml", ".yaml", ".sh", ".ci/run"];

const PRINTING: [&str; 5] = ["println!", "eprintln!", "print!", "eprint!", "dbg!"];
/// Programs for a person at a terminal.
const COMMAND_LINES: [&str; 2] = ["services/rapport/", "xtask/"];

pub(super) fn check(tree: &Tree, found: &mut Found) {
    for (path, text) in tree.ending(".rs") {
        names(path, found);
        let lines = text.lines().count();
        if lines > LONGEST_FILE {
            found.add(10, path, LONGEST_FILE + 1, format!("{lines} lines; split it by what it decides"));
        }
        if is_test(path) {
            continue;
        }
        let source = Source::parse(text);
        functions(path, &source, found);
        prints(path, &source, found);
    }
    for (path, text) in tree.files().filter(|(path, _)| WRITTEN_BY_HAND.iter().any(|ending| path.ends_with(ending))) {
        for leftover in LEFTOVERS {
            for at in positions(text, leftover) {
                found.add(11, path, line_at(text, at), format!("{leftover}: do it, or leave it out"));
            }
        }
    }
}

fn names(path: &str, found: &mut Found) {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default().trim_end_matches(".rs");
    for name in [Some(file), parts.next()].into_iter().flatten() {
        if PATTERN_NAMES.contains(&name) {
            found.add(9, path, 1, format!("{name}: name it for what it decides or keeps"));
        }
    }
}

fn functions(path: &str, source: &Source, found: &mut Found) {
    let code = &source.code;
    for at in word_positions(code, "fn") {
        // A body opens at the first brace outside the brackets of the signature; a declaration without one ends at `;`.
        let mut end = at;
        let open = loop {
            match code[end..].find(['(', '[', '{', ';']).map(|found| end + found) {
                Some(mark) if code[mark..].starts_with('{') => break Some(mark),
                Some(mark) if code[mark..].starts_with(';') => break None,
                Some(mark) => end = closing(code, mark),
                None => break None,
            }
        };
        let Some(open) = open else { continue };
        let lines = line_at(code, closing(code, open) - 1).saturating_sub(line_at(code, open) + 1);
        if lines > LONGEST_FUNCTION {
            found.add(10, path, line_at(code, at), format!("a function of {lines} lines; it does more than one thing"));
        }
    }
}

fn prints(path: &str, source: &Source, found: &mut Found) {
    let may = COMMAND_LINES.iter().any(|home| path.starts_with(home)) || path.ends_with("/build.rs");
    if may {
        return;
    }
    for call in PRINTING {
        for at in positions(&source.code, call) {
            found.add(12, path, line_at(&source.code, at), format!("{call} is for command lines; use tracing"));
        }
    }
}

/// Where a word begins that is no part of a longer one.
fn positions(text: &str, word: &str) -> Vec<usize> {
    let letters = word.trim_end_matches('!');
    word_positions(text, letters).into_iter().filter(|at| text[*at..].starts_with(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::found_by;
    use super::check;

    #[test]
    fn law_9_names_say_what_a_file_decides() {
        let found = found_by(check, &[("crates/store/src/utils.rs", ""), ("crates/store/src/keyset.rs", "")]);
        assert_eq!(found, ["crates/store/src/utils.rs:1: law 9: utils: name it for what it decides or keeps"]);
        assert_eq!(found_by(check, &[("crates/store/src/helpers/paging.rs", "")]).len(), 1);
    }

    #[test]
    fn law_10_files_and_functions_stay_small() {
        let long = "\n".repeat(401);
        assert_eq!(found_by(check, &[("crates/store/src/keyset.rs", &long)]).len(), 1);
        assert_eq!(found_by(check, &[("crates/store/src/keyset.rs", &long[1..])]).len(), 0);
        let function = |lines: usize| format!("fn f(a: [u8; 2]) -> u8 {{\n{}}}\n", "    g();\n".repeat(lines));
        let found = found_by(check, &[("crates/store/src/keyset.rs", &function(61))]);
        assert_eq!(
            found,
            ["crates/store/src/keyset.rs:1: law 10: a function of 61 lines; it does more than one thing"]
        );
        assert_eq!(found_by(check, &[("crates/store/src/keyset.rs", &function(60))]).len(), 0);
    }

    #[test]
    fn law_11_nothing_is_left_over() {
        let note = format!("// {} later\n", super::LEFTOVERS[0]);
        assert_eq!(found_by(check, &[("proto/rapport/a.proto", &note)]).len(), 1);
        let call = format!("fn f() {{ {}() }}", super::LEFTOVERS[4]);
        assert_eq!(found_by(check, &[("crates/store/src/keyset.rs", &call)]).len(), 1);
        assert_eq!(found_by(check, &[("crates/store/src/keyset.rs", "// method and hackney\n")]).len(), 0);
    }

    #[test]
    fn law_12_libraries_do_not_print() {
        let text = "fn f() {\n    println!(\"x\");\n}\n";
        assert_eq!(found_by(check, &[("services/loyalty/src/points.rs", text)]).len(), 1);
        for home in ["services/rapport/src/up.rs", "xtask/src/main.rs", "services/loyalty/tests/it/main.rs"] {
            assert_eq!(found_by(check, &[(home, text)]).len(), 0, "{home}");
        }
    }
}
