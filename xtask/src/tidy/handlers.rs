//! Law 8: a handler is three moves. What it would decide belongs into a rule, what it would check into `parse`.

use super::Found;
use super::source::Source;
use super::tree::Tree;

pub(super) fn check(tree: &Tree, found: &mut Found) {
    for (path, text) in tree.ending("/src/grpc.rs").filter(|(path, _)| path.starts_with("services/")) {
        for line in Source::parse(text).lines_with_word("if") {
            found.add(8, path, line, "a handler parses, calls and presents; it decides nothing");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::found_by;
    use super::check;

    #[test]
    fn law_8_a_handler_decides_nothing() {
        let text = "// if it were so\nasync fn redeem(&self) {\n    let ask = parse::redemption(call)?;\n    if ask.points == 0 {}\n}\n";
        let found =
            found_by(check, &[("services/loyalty/src/grpc.rs", text), ("services/loyalty/src/points.rs", text)]);
        assert_eq!(
            found,
            ["services/loyalty/src/grpc.rs:4: law 8: a handler parses, calls and presents; it decides nothing"]
        );
    }
}
