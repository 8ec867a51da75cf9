//! Reads a `flake.nix` as far as its text shows, and words the lines that add floe to one that another tool or a person
//! wrote.
//!
//! A flake is one literal set, so its inputs and the arguments of `outputs` are found without evaluating it.

use super::template::{self, Filling};

/// The outputs of `mkRelease`. Where a flake has one of them, `//` alone would drop floe's.
const SHARED: [&str; 6] = ["packages", "apps", "checks", "devShells", "formatter", "legacyPackages"];

struct Token<'t> {
    text: &'t str,
    /// Where it is in the file.
    start: usize,
    /// How many brackets and `let`s are open around it.
    depth: usize,
}

impl Token<'_> {
    /// Names of attributes may be quoted.
    fn is(&self, word: &str) -> bool {
        self.text.trim_matches('"') == word
    }
}

/// The arguments of `outputs`.
enum Arguments<'t> {
    Name(&'t str),
    Pattern {
        tokens: &'t [Token<'t>],
        alias: Option<&'t str>,
    },
    /// `outputs` is not a function that the file writes out.
    Unseen,
}

/// The lines that let a flake release the project.
pub(super) fn lines(text: &str, filling: &Filling) -> Vec<String> {
    let tokens = tokens(text);
    let mut lines = Vec::new();
    let has_input = !inputs(&tokens).is_empty();
    let url = filling.floe.input.clone();
    match bindings(&tokens, 1).any(|rest| begins(rest, &["inputs", "=", "{"])) {
        _ if has_input => lines.push("its input `floe` stays; let `outputs` use it:".to_owned()),
        true => lines.extend(["add to `inputs`:".to_owned(), format!("    floe.url = \"{url}\";")]),
        false => {
            lines.extend(["add beside `outputs`:".to_owned(), format!("    inputs.floe.url = \"{url}\";")]);
        }
    }
    let Some(rest) = bindings(&tokens, 1).find(|rest| begins(rest, &["outputs", "="])) else {
        lines.push(
            "the file shows no `outputs`, so where to merge floe's cannot be seen; as its only ones:"
                .to_owned(),
        );
        let arguments = template::arguments(filling, "self");
        lines.push(format!("    outputs = {{ self, floe, ... }}: floe.lib.mkRelease {arguments};"));
        return lines;
    };
    let (arguments, body) = function(&rest[2..]);
    let (head, this, floe) = head(&arguments);
    let release = format!("{floe}.lib.mkRelease {}", template::arguments(filling, &this));
    let is_merged = body.iter().any(|token| SHARED.iter().any(|name| token.is(name)));
    if !is_merged && is_literal(body) && !matches!(arguments, Arguments::Unseen) {
        lines.push("begin `outputs` with this line, up to the bracket that its set begins with:".to_owned());
        lines.push(format!("    outputs = {head}: {release} // {{"));
        return lines;
    }
    let present = match arguments {
        // A function of exact arguments would refuse another one.
        Arguments::Unseen if !has_input => "(…) (builtins.removeAttrs inputs [ \"floe\" ])",
        Arguments::Unseen => "(…) inputs",
        _ => "…",
    };
    let place = match arguments {
        Arguments::Unseen => "the present value of `outputs`, whose arguments cannot be seen in the file,",
        _ => "everything that follows the arguments of `outputs` now",
    };
    lines.push(format!("write `outputs` like this, with {place} in place of `…`:"));
    let merge = [
        format!("outputs = {head}:"),
        "  let".to_owned(),
        format!("    yours = {present};"),
        format!("    release = {release};"),
        "    merge = name: own: release.${name} // builtins.mapAttrs (system: value: release.${name}.${system} or { } // value) own;".to_owned(),
        "  in".to_owned(),
        "  release // yours // builtins.mapAttrs merge (builtins.intersectAttrs release yours);".to_owned(),
    ];
    lines.extend(merge.map(|line| format!("    {line}")));
    let unseen = if is_merged { "" } else { "the file does not show which outputs it has; " };
    lines.push(format!(
        "{unseen}an output that both define, such as `packages.x86_64-linux.default`, stays yours: a release needs floe's `dist` and `gate`"
    ));
    lines
}

/// The range of the text of floe's URL, without its quotes.
pub(super) fn url(text: &str) -> Option<std::ops::Range<usize>> {
    let tokens = tokens(text);
    let value = |rest: &[Token<'_>], at: usize| {
        let token = rest.get(at).filter(|token| token.text.starts_with('"') && token.text.len() > 1)?;
        Some(token.start + 1..token.start + token.text.len() - 1)
    };
    inputs(&tokens).into_iter().find_map(|rest| {
        if begins(rest, &["floe", ".", "url", "="]) {
            return value(rest, 4);
        }
        let inside = set(&rest[1..])?;
        bindings(inside, rest[0].depth + 1)
            .find(|rest| begins(rest, &["url", "="]))
            .and_then(|rest| value(rest, 2))
    })
}

/// The bindings of the input `floe`, each from that word on.
fn inputs<'t>(tokens: &'t [Token<'t>]) -> Vec<&'t [Token<'t>]> {
    let mut found = Vec::new();
    for rest in bindings(tokens, 1) {
        if begins(rest, &["inputs", ".", "floe"]) {
            found.push(&rest[2..]);
        } else if begins(rest, &["inputs", "="])
            && let Some(inside) = set(&rest[1..])
        {
            found.extend(bindings(inside, 2).filter(|rest| begins(rest, &["floe"])));
        }
    }
    found
}

/// The tokens of the set after an equals sign, with its first bracket.
fn set<'t>(tokens: &'t [Token<'t>]) -> Option<&'t [Token<'t>]> {
    begins(tokens, &["=", "{"]).then(|| &tokens[1..=end(&tokens[1..]).unwrap_or(tokens.len() - 2)])
}

/// The position of the bracket that closes the first token.
fn end(tokens: &[Token<'_>]) -> Option<usize> {
    let depth = tokens.first()?.depth;
    tokens.iter().skip(1).position(|token| token.depth == depth).map(|at| at + 1)
}

fn begins(tokens: &[Token<'_>], words: &[&str]) -> bool {
    tokens.len() >= words.len() && tokens.iter().zip(words).all(|(token, word)| token.is(word))
}

/// The rest of the tokens from each binding of a set at this depth on.
fn bindings<'t>(tokens: &'t [Token<'t>], depth: usize) -> impl Iterator<Item = &'t [Token<'t>]> {
    let is_start = move |at: &usize| {
        tokens[*at].depth == depth && matches!(tokens[at - 1].text, "{" | ";") && tokens[*at].text != "}"
    };
    (1..tokens.len()).filter(is_start).map(|at| &tokens[at..])
}

/// The arguments of a function, and its body with everything after it.
fn function<'t>(tokens: &'t [Token<'t>]) -> (Arguments<'t>, &'t [Token<'t>]) {
    let texts = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let is_name = texts(0).starts_with(is_word);
    if is_name && texts(1) == ":" {
        return (Arguments::Name(texts(0)), &tokens[2..]);
    }
    let start = if is_name && texts(1) == "@" { 2 } else { 0 };
    let Some(end) = tokens.get(start..).filter(|rest| begins(rest, &["{"])).and_then(end) else {
        return (Arguments::Unseen, tokens);
    };
    let after = start + end + 1;
    let pattern = &tokens[start..after];
    match (start, texts(after)) {
        (0, ":") => (Arguments::Pattern { tokens: pattern, alias: None }, &tokens[after + 1..]),
        (2, ":") => (Arguments::Pattern { tokens: pattern, alias: Some(texts(0)) }, &tokens[after + 1..]),
        (0, "@") if texts(after + 2) == ":" => {
            (Arguments::Pattern { tokens: pattern, alias: Some(texts(after + 1)) }, &tokens[after + 3..])
        }
        _ => (Arguments::Unseen, tokens),
    }
}

/// The arguments with those that floe needs, and how they reach the flake itself and floe.
fn head(arguments: &Arguments<'_>) -> (String, String, String) {
    let by = |name: &str| (name.to_owned(), format!("{name}.self"), format!("{name}.floe"));
    let (tokens, alias) = match arguments {
        // A name with an underscore says that it is not used.
        Arguments::Name(name) if !name.starts_with('_') => return by(name),
        Arguments::Name(_) | Arguments::Unseen => return by("inputs"),
        Arguments::Pattern { tokens, alias } => (tokens, alias),
    };
    let depth = tokens[0].depth + 1;
    let is_named = |name: &str| {
        let mut pairs = tokens.windows(2);
        pairs.any(|pair| pair[1].is(name) && pair[1].depth == depth && matches!(pair[0].text, "{" | ","))
    };
    let has_rest = tokens.iter().any(|token| token.text == "...");
    let mut added = Vec::new();
    let mut reach = |name: &'static str| match alias {
        _ if is_named(name) => name.to_owned(),
        Some(alias) if has_rest => format!("{alias}.{name}"),
        _ => {
            added.push(name);
            name.to_owned()
        }
    };
    let (this, floe) = (reach("self"), reach("floe"));
    let present = tokens[1..tokens.len() - 1].iter().map(|token| token.text).collect::<Vec<_>>().join(" ");
    let present = present.replace(" ,", ",");
    added.extend((!present.is_empty()).then_some(present.as_str()));
    let alias = alias.map(|alias| format!("@{alias}")).unwrap_or_default();
    (format!("{{ {} }}{alias}", added.join(", ")), this, floe)
}

/// Whether a body is one set that is written out.
fn is_literal(body: &[Token<'_>]) -> bool {
    begins(body, &["{"]) && end(body).is_some_and(|end| body.get(end + 1).is_some_and(|next| next.is(";")))
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    while start < text.len() {
        let token = &text[start..start + length(&text[start..])];
        if matches!(token, "}" | ")" | "]" | "in") {
            depth = depth.saturating_sub(1);
        }
        if !token.starts_with(char::is_whitespace) && !token.starts_with('#') && !token.starts_with("/*") {
            tokens.push(Token { text: token, start, depth });
        }
        if matches!(token, "{" | "(" | "[" | "let") {
            depth += 1;
        }
        start += token.len();
    }
    tokens
}

/// The length of the first token: blanks, a comment, a string, a word or a sign. The text is not empty.
fn length(text: &str) -> usize {
    let until = |end: &str| text.find(end).map_or(text.len(), |at| at + end.len());
    let rest_of_word =
        |character: char| is_word(character) || character.is_ascii_digit() || "-'".contains(character);
    match text.chars().next().unwrap_or_default() {
        blank if blank.is_whitespace() => text.len() - text.trim_start().len(),
        '#' => until("\n"),
        '/' if text.starts_with("/*") => until("*/"),
        '"' => string(text, "\""),
        '\'' if text.starts_with("''") => string(text, "''"),
        '.' if text.starts_with("...") => 3,
        first if is_word(first) => text.find(|character| !rest_of_word(character)).unwrap_or(text.len()),
        sign => sign.len_utf8(),
    }
}

/// The length of a string, with what it interpolates.
fn string(text: &str, quote: &str) -> usize {
    let escapes: &[&str] = if quote == "\"" { &["\\", "$$"] } else { &["'''", "''$", "''\\", "$$"] };
    let mut at = quote.len();
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some(escape) = escapes.iter().find(|escape| rest.starts_with(**escape)) {
            at += escape.len();
            // A backslash also takes the character after it.
            let next = text[at..].chars().next().filter(|_| escape.ends_with('\\'));
            at += next.map_or(0, char::len_utf8);
        } else if rest.starts_with("${") {
            at += 2;
            let mut open = 1;
            while open > 0 && at < text.len() {
                let token = &text[at..at + length(&text[at..])];
                open = if token == "{" {
                    open + 1
                } else if token == "}" {
                    open - 1
                } else {
                    open
                };
                at += token.len();
            }
        } else if rest.starts_with(quote) {
            return at + quote.len();
        } else {
            at += first.len_utf8();
        }
    }
    text.len()
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_floe_is_found_in_every_notation_but_not_in_comments_or_strings() {
        for flake in [
            r#"{ inputs.floe.url = "U"; }"#,
            r#"{ inputs = { nixpkgs.url = "N"; floe.url = "U"; }; }"#,
            r#"{ inputs = { "floe" = { inputs.nixpkgs.url = "N"; url = "U"; }; }; }"#,
            r#"{ inputs.floe = { flake = true; url = "U"; }; }"#,
            "{ inputs.floe.inputs.nixpkgs.url = \"N\"; inputs.floe.url = \"U\"; }",
            "/* inputs.floe.url = \"C\"; */ { # inputs.floe.url = \"C\";\n description = \"}${\"}\"}\"; inputs.floe.url = \"U\"; }",
            "{ description = '' ''${ inputs.floe.url = \"S\"; ''' ''; inputs.floe.url = \"U\"; }",
        ] {
            assert_eq!(url(flake).map(|range| &flake[range]), Some("U"), "{flake}");
        }
        for flake in [
            "",
            "{",
            "\"",
            "{ inputs = {",
            "{ inputs.floe",
            "{ inputs.floe.url = \"",
            "{ inputs.floe.url = ",
            r#"{ inputs.nixpkgs.url = "N"; }"#,
            r#"{ outputs = inputs: let inputs.floe.url = "N"; in { }; }"#,
        ] {
            assert_eq!(url(flake), None, "{flake}");
        }
    }
}
