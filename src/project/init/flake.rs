//! Reads a `flake.nix` as far as its text shows, and words the lines that add floe to one that another tool or a person
//! wrote.
//!
//! A flake is one literal set, so its inputs and the arguments of `outputs` are found without evaluating it.

use std::ops::Range;

use rnix::NodeOrToken;
use rnix::Root;
use rnix::ast::{AttrSet, AttrpathValue, Expr, HasEntry as _, Param};
use rowan::ast::AstNode as _;

use super::template::{self, Filling};

/// The outputs of `mkRelease`. Where a flake has one of them, `//` alone would drop floe's.
const SHARED: [&str; 6] = ["packages", "apps", "checks", "devShells", "formatter", "legacyPackages"];

/// The lines that let a flake release the project.
pub(super) fn lines(text: &str, filling: &Filling) -> Vec<String> {
    let present = bindings(root(text));
    let mut lines = Vec::new();
    let has_input = !inputs(text).is_empty();
    let url = filling.floe.input.clone();
    match present.iter().any(|(path, value)| *path == ["inputs"] && matches!(value, Expr::AttrSet(_))) {
        _ if has_input => lines.push("its input `floe` stays; let `outputs` use it:".to_owned()),
        true => lines.extend(["add to `inputs`:".to_owned(), format!("    floe.url = \"{url}\";")]),
        false => {
            lines.extend(["add beside `outputs`:".to_owned(), format!("    inputs.floe.url = \"{url}\";")]);
        }
    }
    let Some((_, outputs)) = present.into_iter().find(|(path, _)| *path == ["outputs"]) else {
        let unseen =
            "the file shows no `outputs`, so where to merge floe's cannot be seen; as its only ones:";
        lines.push(unseen.to_owned());
        let arguments = template::arguments(filling, "self");
        lines.push(format!("    outputs = {{ self, floe, ... }}: floe.lib.mkRelease {arguments};"));
        return lines;
    };
    let (arguments, body) = function(outputs);
    let (head, this, floe) = head(&arguments);
    let release = format!("{floe}.lib.mkRelease {}", template::arguments(filling, &this));
    let words = body.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token);
    let is_merged = words.into_iter().any(|word| SHARED.contains(&word.text()));
    let is_literal = matches!(&body, Expr::AttrSet(set) if set.rec_token().is_none());
    if !is_merged && is_literal && arguments.is_some() {
        lines.push("begin `outputs` with this line, up to the bracket that its set begins with:".to_owned());
        lines.push(format!("    outputs = {head}: {release} // {{"));
        return lines;
    }
    let unseen = "the present value of `outputs`, whose arguments cannot be seen in the file,";
    let (present, place) = match arguments {
        // A function of exact arguments would refuse another one.
        None if !has_input => ("(…) (builtins.removeAttrs inputs [ \"floe\" ])", unseen),
        None => ("(…) inputs", unseen),
        Some(_) => ("…", "everything that follows the arguments of `outputs` now"),
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
pub(super) fn url(text: &str) -> Option<Range<usize>> {
    let url = attribute(text, "url")?;
    let range = url.syntax().text_range();
    let (start, end) = (usize::from(range.start()) + 1, usize::from(range.end()).checked_sub(1)?);
    let url = url.to_string();
    let is_plain = url.starts_with('"') && !url.contains("${") && text.get(start..)?.contains('"');
    (is_plain && start <= end).then_some(start..end)
}

/// Why floe's URL cannot be replaced by another one, with a way out.
pub(super) fn immovable(text: &str, url: &str) -> Option<String> {
    if self::url(text).is_some() {
        return None;
    }
    let (why, fix) = match attribute(text, "follows") {
        Some(other) => (format!("follows `{}`", other.to_string().trim_matches('"')), "give that input"),
        None if inputs(text).is_empty() => ("is not in the file".to_owned(), "add `inputs.floe` with"),
        None => ("has no `url` that is one plain string".to_owned(), "give it"),
    };
    Some(format!(
        "`--floe-url` does not move the input `floe` of `flake.nix`, which {why}: {fix} the URL `{url}`"
    ))
}

/// An attribute of the input `floe`.
fn attribute(text: &str, name: &str) -> Option<Expr> {
    let inputs = inputs(text).into_iter().flat_map(|(path, value)| match value {
        Expr::AttrSet(set) if path.is_empty() => bindings(Some(set)),
        value => vec![(path, value)],
    });
    inputs.into_iter().find(|(path, _)| *path == [name]).map(|(_, value)| value)
}

/// The bindings of the input `floe`: the path below its name, and the value.
fn inputs(text: &str) -> Vec<(Vec<String>, Expr)> {
    let all = bindings(root(text)).into_iter().flat_map(|(mut path, value)| match value {
        _ if path.first().is_none_or(|first| first != "inputs") => Vec::new(),
        Expr::AttrSet(set) if path.len() == 1 => bindings(Some(set)),
        value => vec![(path.split_off(1), value)],
    });
    let own = |(mut path, value): (Vec<String>, Expr)| {
        path.first().is_some_and(|first| first == "floe").then(|| (path.split_off(1), value))
    };
    all.filter_map(own).collect()
}

/// The set that a flake is.
fn root(text: &str) -> Option<AttrSet> {
    AttrSet::try_from(Root::parse(text).tree().expr()?).ok()
}

/// The paths and values of a set. Names of attributes may be quoted.
fn bindings(set: Option<AttrSet>) -> Vec<(Vec<String>, Expr)> {
    let all = set.into_iter().flat_map(|set| set.attrpath_values());
    let binding = |one: AttrpathValue| {
        let path = one.attrpath()?.attrs().map(|name| name.to_string().trim_matches('"').to_owned());
        Some((path.collect(), one.value()?))
    };
    all.filter_map(binding).collect()
}

/// The arguments of a function, if the file writes it out, and its body.
fn function(value: Expr) -> (Option<Param>, Expr) {
    match &value {
        Expr::Lambda(lambda) => lambda.body().map_or((None, value.clone()), |body| (lambda.param(), body)),
        _ => (None, value),
    }
}

/// The arguments with those that floe needs, and the expressions for the flake itself and for floe.
fn head(arguments: &Option<Param>) -> (String, String, String) {
    let by = |name: &str| (name.to_owned(), format!("{name}.self"), format!("{name}.floe"));
    let pattern = match arguments {
        Some(Param::Pattern(pattern)) => pattern,
        // A name with an underscore says that it is not used.
        Some(Param::IdentParam(name)) if !name.to_string().starts_with('_') => return by(&name.to_string()),
        _ => return by("inputs"),
    };
    let alias = pattern.pat_bind().and_then(|bind| bind.ident()).map(|name| name.to_string());
    let is_named = |name: &str| {
        let mut names = pattern.pat_entries().filter_map(|entry| entry.ident());
        names.any(|known| known.to_string() == name)
    };
    let rest = pattern.ellipsis_token().map(|token| token.to_string());
    let mut names: Vec<String> = Vec::new();
    let mut reach = |name: &str| match &alias {
        Some(alias) if rest.is_some() && !is_named(name) => format!("{alias}.{name}"),
        _ => {
            names.extend((!is_named(name)).then(|| name.to_owned()));
            name.to_owned()
        }
    };
    let (this, floe) = (reach("self"), reach("floe"));
    names.extend(pattern.pat_entries().map(|entry| entry.to_string()).chain(rest));
    let alias = alias.map(|alias| format!("@{alias}")).unwrap_or_default();
    (format!("{{ {} }}{alias}", names.join(", ")), this, floe)
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
