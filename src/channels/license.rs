//! SPDX expressions in the form that Homebrew takes them: <https://docs.brew.sh/License-Guidelines>.

use std::iter::Peekable;

use super::text;

/// The argument of `license` in a formula: `"MIT"`, `any_of: ["MIT", "Apache-2.0"]`, `"A" => { with: "B" }`.
/// `None` if the text is not an SPDX expression of licenses that are on SPDX's list (SPDX 2.3, annex D).
pub(super) fn ruby(text: &str) -> Option<String> {
    parse(text).map(|expression| expression.ruby(true))
}

/// The page of a license. An expression of several has none.
pub(super) fn page(text: &str) -> Option<String> {
    match parse(text)? {
        Expression::License(name) => Some(format!("https://spdx.org/licenses/{name}")),
        _ => None,
    }
}

fn parse(text: &str) -> Option<Expression> {
    let text = text.replace('(', " ( ").replace(')', " ) ");
    let mut words = text.split_whitespace().peekable();
    let expression = any_of(&mut words, 0)?;
    words.peek().is_none().then_some(expression)
}

/// Deeper expressions are refused.
const DEPTH: usize = 8;

enum Expression {
    License(String),
    With(String, String),
    List(&'static str, Vec<Expression>),
}

type Words<'t, 'w> = &'w mut Peekable<std::str::SplitWhitespace<'t>>;

fn any_of(words: Words<'_, '_>, depth: usize) -> Option<Expression> {
    list(words, "OR", "any_of", |words| list(words, "AND", "all_of", |words| one(words, depth)))
}

fn list(
    words: Words<'_, '_>,
    between: &str,
    name: &'static str,
    part: impl Fn(Words<'_, '_>) -> Option<Expression>,
) -> Option<Expression> {
    let mut all = vec![part(words)?];
    while words.next_if(|word| word.eq_ignore_ascii_case(between)).is_some() {
        match part(words)? {
            Expression::List(inner, parts) if inner == name => all.extend(parts),
            other => all.push(other),
        }
    }
    if all.len() == 1 { all.pop() } else { Some(Expression::List(name, all)) }
}

fn one(words: Words<'_, '_>, depth: usize) -> Option<Expression> {
    let word = words.next()?;
    if word == "(" {
        let inner = any_of(words, (depth < DEPTH).then_some(depth + 1)?)?;
        return (words.next()? == ")").then_some(inner);
    }
    let license = identifier(word)?;
    match words.next_if(|word| word.eq_ignore_ascii_case("WITH")) {
        Some(_) => Some(Expression::With(license, identifier(words.next()?)?)),
        None => Some(Expression::License(license)),
    }
}

fn identifier(word: &str) -> Option<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-.+".contains(c);
    let is_operator = ["OR", "AND", "WITH"].iter().any(|operator| word.eq_ignore_ascii_case(operator));
    // The text of such a license is in the project alone.
    let is_own = word.starts_with("LicenseRef-");
    (!is_operator && !is_own && word.chars().all(good)).then(|| word.to_owned())
}

impl Expression {
    fn ruby(&self, is_whole: bool) -> String {
        match self {
            Expression::License(name) => text::ruby(name),
            inner if !is_whole => format!("{{ {} }}", inner.ruby(true)),
            Expression::With(name, exception) => {
                format!("{} => {{ with: {} }}", text::ruby(name), text::ruby(exception))
            }
            Expression::List(name, parts) => {
                let parts: Vec<String> = parts.iter().map(|part| part.ruby(false)).collect();
                format!("{name}: [{}]", parts.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_become_rubys() {
        for (text, expected) in [
            ("MIT", r#""MIT""#),
            ("MIT OR Apache-2.0", r#"any_of: ["MIT", "Apache-2.0"]"#),
            ("MIT and BSD-3-Clause", r#"all_of: ["MIT", "BSD-3-Clause"]"#),
            ("Apache-2.0 WITH LLVM-exception", r#""Apache-2.0" => { with: "LLVM-exception" }"#),
            (
                "Apache-2.0 WITH LLVM-exception OR (MIT AND (BSD-2-Clause OR ISC)) OR MPL-2.0",
                r#"any_of: [{ "Apache-2.0" => { with: "LLVM-exception" } }, { all_of: ["MIT", { any_of: ["BSD-2-Clause", "ISC"] }] }, "MPL-2.0"]"#,
            ),
            ("(MIT)", r#""MIT""#),
        ] {
            assert_eq!(ruby(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_license_alone_has_a_page() {
        let at = |name: &str| Some(format!("https://spdx.org/licenses/{name}"));
        for (text, expected) in [
            ("0BSD", at("0BSD")),
            ("(MIT)", at("MIT")),
            ("GPL-3.0+", at("GPL-3.0+")),
            ("MIT OR ISC", None),
            ("Apache-2.0 WITH LLVM-exception", None),
            ("LicenseRef-Acme", None),
            ("see LICENSE", None),
        ] {
            assert_eq!(page(text), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_licence() {
        let deep = format!("{}MIT{}", "(".repeat(100), ")".repeat(100));
        for text in [
            "",
            "MIT OR",
            "OR MIT",
            "(MIT",
            "MIT)",
            "see LICENSE",
            "MIT\" #{x}",
            "MIT WITH",
            "MIT/ISC",
            "LicenseRef-Acme",
            "MIT OR LicenseRef-Acme",
            &deep,
        ] {
            assert_eq!(ruby(text), None, "{text}");
        }
    }
}
