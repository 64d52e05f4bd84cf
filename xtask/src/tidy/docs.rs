//! Law 13: a caller who is refused can read why.

use std::collections::BTreeMap;

use super::Found;
use super::tree::Tree;

const PAGES: &str = "docs/errors/";

pub(super) fn check(tree: &Tree, found: &mut Found) {
    let mut reasons = BTreeMap::new();
    for (path, text) in tree.ending("/error_reason.proto").filter(|(path, _)| path.starts_with("proto/")) {
        for (line, reason) in reasons_in(text) {
            reasons.insert(reason, (path, line));
        }
    }
    for (reason, (path, line)) in &reasons {
        if !tree.has(&format!("{PAGES}{reason}.md")) {
            found.add(13, path, *line, format!("{reason} has no page {PAGES}{reason}.md"));
        }
    }
    for (path, _) in tree.ending(".md") {
        let page = path.strip_prefix(PAGES).and_then(|name| name.strip_suffix(".md"));
        if let Some(page) = page.filter(|page| *page != "README" && !reasons.contains_key(*page)) {
            found.add(13, path, 1, format!("no error_reason.proto knows {page}"));
        }
    }
}

/// The values of the enums in a file, without the prefix that repeats the enum's name, and without the unspecified one.
fn reasons_in(text: &str) -> Vec<(usize, String)> {
    let mut prefix = String::new();
    let mut reasons = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("enum ") {
            let name = rest.split([' ', '{']).next().unwrap_or_default();
            prefix = format!("{}_", upper_snake(name));
            continue;
        }
        let Some(value) = line.split_once('=').map(|(value, _)| value.trim()) else { continue };
        if let Some(reason) = value.strip_prefix(&prefix).filter(|_| !prefix.is_empty())
            && reason != "UNSPECIFIED"
        {
            reasons.push((index + 1, reason.to_owned()));
        }
    }
    reasons
}

/// `ErrorReason` is `ERROR_REASON`.
fn upper_snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::found_by;
    use super::check;

    #[test]
    fn law_13_reasons_and_pages_go_together() {
        let proto = "enum ErrorReason {\n  ERROR_REASON_UNSPECIFIED = 0;\n  // Too few.\n  ERROR_REASON_INSUFFICIENT_POINTS = 1;\n}\n";
        let file = ("proto/rapport/loyalty/v1/error_reason.proto", proto);
        let page = ("docs/errors/INSUFFICIENT_POINTS.md", "# why");
        assert_eq!(found_by(check, &[file, page, ("docs/errors/README.md", "")]).len(), 0);
        assert_eq!(
            found_by(check, &[file]),
            ["proto/rapport/loyalty/v1/error_reason.proto:4: law 13: INSUFFICIENT_POINTS has no page \
              docs/errors/INSUFFICIENT_POINTS.md"]
        );
        assert_eq!(
            found_by(check, &[page]),
            ["docs/errors/INSUFFICIENT_POINTS.md:1: law 13: no error_reason.proto knows INSUFFICIENT_POINTS"]
        );
    }
}
