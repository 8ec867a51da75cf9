//! Patterns of paths: `*` and `?` in a name, and `**` for any folders. As in a shell, they do not match a name that begins
//! with a dot.

/// Whether a path is a pattern.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?'])
}

/// Whether a pattern matches a path or a folder above it.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    (1..=path.len()).any(|end| path_matches(&pattern, &path[..end]))
}

fn path_matches(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        (["**", rest @ ..], _) => {
            let one_more =
                |(first, path): (&&str, &[&str])| !first.starts_with('.') && path_matches(pattern, path);
            path_matches(rest, path) || path.split_first().is_some_and(one_more)
        }
        ([first, pattern @ ..], [name, path @ ..]) => {
            let is_hidden = name.starts_with('.') && !first.starts_with('.');
            !is_hidden && name_matches(first, name) && path_matches(pattern, path)
        }
        _ => false,
    }
}

fn name_matches(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    let Some(first) = rest.next() else { return name.is_empty() };
    let rest = rest.as_str();
    let mut after = name.chars();
    match first {
        '*' => name_matches(rest, name) || (after.next().is_some() && name_matches(pattern, after.as_str())),
        '?' => after.next().is_some() && name_matches(rest, after.as_str()),
        _ => after.next() == Some(first) && name_matches(rest, after.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, path) in [
            ("contrib/*.sh", "contrib/a.sh"),
            ("contrib/*", "contrib/deep/file"),
            ("README.*.md", "README.中文.md"),
            ("?.txt", "ä.txt"),
            ("**/*.sh", "a.sh"),
            ("**/*.sh", "a/b/c.sh"),
            ("a/**/c", "a/c"),
            ("a/**", "a/b/c"),
            ("*", "a"),
            (".*", ".hidden"),
            ("man", "man/tool.1"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("contrib/*.sh", "contrib/deep/a.sh"),
            ("*.sh", "a.sh2"),
            ("*", ".hidden"),
            ("**/*", ".git/config"),
            ("?", ""),
            ("man", "manual"),
            ("a/b", "a"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }
}
