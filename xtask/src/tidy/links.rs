//! Law 14: links between files of the repository lead somewhere.

use super::Found;
use super::tree::Tree;

pub(super) fn check(tree: &Tree, found: &mut Found) {
    for (path, text) in tree.ending(".md") {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut fenced = false;
        for (index, line) in text.lines().enumerate() {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            if fenced || fence {
                continue;
            }
            for link in links_in(line) {
                let leads = resolved(folder, link).is_some_and(|target| tree.has(&target));
                if !leads {
                    found.add(14, path, index + 1, format!("{link} leads nowhere"));
                }
            }
        }
    }
}

/// The targets of a line's links that name files, without their anchors: `[text](target)` and `[text]: target`.
fn links_in(line: &str) -> Vec<&str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target.trim());
    let targets = inline.chain(definition).map(|target| target.split('#').next().unwrap_or_default());
    targets.filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")).collect()
}

/// A link's path from the root; `None` if it leaves the repository.
fn resolved(folder: &str, link: &str) -> Option<String> {
    let (start, link) = link.strip_prefix('/').map_or((folder, link), |from_root| ("", from_root));
    let mut parts: Vec<&str> = start.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::found_by;
    use super::check;

    #[test]
    fn law_14_links_lead_somewhere() {
        let text = "See [the map](../ARCHITECTURE.md#laws), [the web](https://example.org) and [here](#here).\n\
                    ```\n[not](a-link.md)\n```\n[services]: ../services/\n[gone](gone.md) and [out](../../x)\n";
        let files = [("docs/style.md", text), ("ARCHITECTURE.md", ""), ("services/loyalty/README.md", "")];
        assert_eq!(
            found_by(check, &files),
            ["docs/style.md:6: law 14: ../../x leads nowhere", "docs/style.md:6: law 14: gone.md leads nowhere"]
        );
    }
}
