//! A formula for a Homebrew tap, in the form that Homebrew's own style rules accept: `url` and `sha256` below both the
//! system and the processor, or at the top.
//!
//! A system without an archive would leave the formula without a `url`, which breaks the whole tap there. So the first
//! archive is then at the top, and `depends_on` keeps the others from installing it.

use std::collections::BTreeSet;

use super::text::{cut, one_line, ruby};
use super::{Subject, below_top, binaries, license, man_page, placed};
use floe_core::model::config::Homebrew;
use floe_core::model::extras::command;
use floe_core::model::manifest::Artifact;
use floe_core::model::places::Home;
use floe_core::model::{Arch, ChannelKind, ChannelPlace, Extras, Manifest, Os, Rendered, Tag};

/// The longest `desc` (`FormulaAudit/Desc`).
const DESCRIPTION: usize = 80;
/// Words that continue a noun.
const JOINING: [&str; 14] =
    ["and", "as", "at", "by", "for", "from", "in", "like", "of", "on", "to", "using", "with", "without"];
const SYSTEMS: [(Os, &str); 2] = [(Os::Macos, "macos"), (Os::Linux, "linux")];
const PROCESSORS: [(Arch, &str); 2] = [(Arch::Aarch64, "arm"), (Arch::X86_64, "intel")];

/// Renders the formula; `None` if there is no archive for macOS or Linux.
pub(super) fn render(subject: &Subject<'_>, settings: &Homebrew) -> Option<Rendered> {
    let of = |(os, _)| PROCESSORS.into_iter().filter_map(move |(arch, _)| subject.archive(os, arch));
    let archives: Vec<&Artifact> = SYSTEMS.into_iter().flat_map(of).collect();
    let first = *archives.first()?;
    let Manifest { name, version, tag, .. } = subject.manifest;
    let formula = formula(settings, name);
    let is_everywhere = archives.len() == SYSTEMS.len() * PROCESSORS.len();

    let mut body = vec![
        format!("desc {}", ruby(&description(&subject.description, &formula))),
        format!("homepage {}", ruby(&subject.homepage)),
    ];
    if !is_everywhere {
        body.push(format!("url {}", ruby(&subject.url(first))));
    }
    // Homebrew finds 1.4.0 in `…/download/v1.4.0/…`; with a prefix, it finds the `64` of a processor.
    if *tag != Tag::of(version) {
        body.push(format!("version {}", ruby(&version.to_string())));
    }
    if !is_everywhere {
        body.push(format!("sha256 {}", ruby(&first.digest.hex())));
    }
    body.extend(subject.license.and_then(license::ruby).map(|license| format!("license {license}")));
    body.extend(livecheck(subject));
    body.extend(systems(subject, &archives, is_everywhere));
    body.extend(block("def install", install(name, &archives)));
    body.extend(settings.caveats.iter().flat_map(|caveats| block("def caveats", vec![ruby(caveats)])));
    let binaries = binaries(name, first);
    let main = binaries.first()?;
    let program = format!("\"#{{bin}}/{main} --version\"");
    let test = format!("assert_match version.to_s, shell_output({program})");
    body.extend(block("test do", vec![test]));
    let head = format!("# {}\nclass {} < Formula\n", subject.marker(), class(&formula));
    let text = head + &indented(body).join("\n") + "\nend\n";

    Some(placed(&place(settings, name), 0, text, &[("caveats", &settings.caveats)]))
}

/// The place of a project's formula.
pub(super) fn place(settings: &Homebrew, name: &str) -> ChannelPlace {
    let paths = vec![format!("Formula/{}.rb", formula(settings, name))];
    let home = Home::Repo(settings.tap.clone());
    ChannelPlace { kind: ChannelKind::Homebrew, home, paths, adopt: settings.adopt }
}

fn formula(settings: &Homebrew, name: &str) -> String {
    settings.formula.clone().unwrap_or_else(|| name.to_lowercase())
}

/// A block of Ruby with an empty line before it.
fn block(head: &str, lines: Vec<String>) -> Vec<String> {
    [vec![String::new(), head.to_owned()], indented(lines), vec!["end".to_owned()]].concat()
}

fn indented(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| if line.is_empty() { line } else { format!("  {line}") }).collect()
}

/// The name of the formula's class (`Formulary.class_s` of Homebrew).
fn class(formula: &str) -> String {
    let mut class = String::new();
    let mut upper = true;
    let mut letters = formula.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '-' | '_' | '.' => upper = true,
            '+' => class.push('x'),
            // `name@1.2` is NameAT12.
            '@' if letters.peek().is_some_and(char::is_ascii_digit) => class.push_str("AT"),
            _ if upper => class.extend(letter.to_uppercase()),
            _ => class.push(letter),
        }
        upper = upper && ['-', '_', '.'].contains(&letter);
    }
    class
}

/// A description that `FormulaAudit/Desc` accepts: no article and not the formula's name at its beginning, a capital
/// letter, no symbol, no full stop, at most 80 characters.
pub(super) fn description(text: &str, formula: &str) -> String {
    let text = one_line(&text.replace(is_symbol, " "));
    let (mut rest, mut is_named) = (text.as_str(), false);
    let mut text = loop {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        if let Some(tail) = after_name(rest, formula) {
            let then = tail.trim_start_matches([':', ',', '-', '–', '—']);
            let next = then.split_whitespace().next().unwrap_or_default().to_lowercase();
            let continues = then == tail && JOINING.contains(&next.as_str());
            if continues || next.is_empty() || !then.starts_with(' ') {
                // Without the name, `A tool of Acme` would begin with the preposition.
                break format!("Command-line {}{tail}", rest[..rest.len() - tail.len()].to_lowercase());
            }
            (rest, is_named) = (then.trim_start(), true);
            continue;
        }
        let word = word.to_lowercase();
        let is_filler = ["a", "an", "the", "-", "–", "—", ":"].contains(&word.as_str())
            || is_named && ["is", "that", "which"].contains(&word.as_str());
        if after.is_empty() || !is_filler {
            break rest.to_owned();
        }
        rest = after;
    };
    // `command line` and `commandline` are offences, too.
    for offence in [" command line", " commandline"] {
        while let Some(at) = format!(" {}", text.to_ascii_lowercase()).find(offence) {
            text.replace_range(at + "command".len()..at + offence.len() - " line".len(), "-");
        }
    }
    let text = cut(&text, DESCRIPTION).trim_end_matches(['.', ',', ';', ':', ' ']);
    let mut letters = text.chars();
    let named = || format!("Command-line {formula}");
    letters.next().map_or_else(named, |first| first.to_uppercase().chain(letters).collect())
}

/// The text after the formula's name, if it begins with it: in any case, and with a space or hyphen between its letters.
fn after_name<'t>(text: &'t str, formula: &str) -> Option<&'t str> {
    let mut rest = text;
    for (at, letter) in formula.chars().filter(|c| *c != '-').enumerate() {
        rest = rest.strip_prefix([' ', '-']).filter(|_| at > 0).unwrap_or(rest);
        let first = rest.chars().next().filter(|c| c.eq_ignore_ascii_case(&letter))?;
        rest = &rest[first.len_utf8()..];
    }
    (!rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')).then_some(rest)
}

/// Whether a character is an emoji or another symbol of Unicode's category So.
fn is_symbol(c: char) -> bool {
    matches!(c, '¦' | '©' | '®' | '°' | '№' | '™' | '\u{200d}' | '\u{fe0f}' | '\u{2195}'..='\u{2199}'
        | '\u{2300}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

fn livecheck(subject: &Subject<'_>) -> Vec<String> {
    let tag = &subject.manifest.tag;
    if !subject.repository.starts_with("https://github.com/") {
        return Vec::new();
    }
    let find = match tag.prefix() {
        "" => "strategy :github_latest".to_owned(),
        // GitHub's latest release may be another package's.
        prefix => {
            let prefix: String =
                prefix.chars().map(|c| if "./".contains(c) { format!("\\{c}") } else { c.into() }).collect();
            format!("regex(/^{prefix}v?(\\d+(?:\\.\\d+)+)$/i)")
        }
    };
    block("livecheck do", vec!["url :stable".to_owned(), find])
}

fn systems(subject: &Subject<'_>, archives: &[&Artifact], is_everywhere: bool) -> Vec<String> {
    let has = |os: Os| archives.iter().any(|one| one.target.os == os);
    let mut systems = Vec::new();
    for (os, name) in SYSTEMS.into_iter().filter(|(os, _)| has(*os)) {
        if !SYSTEMS.iter().all(|(other, _)| has(*other)) {
            systems.extend([String::new(), format!("depends_on :{name}")]);
        }
        let mut processors = Vec::new();
        for (arch, word) in PROCESSORS {
            let body = match subject.archive(os, arch) {
                Some(first) if !is_everywhere && first.file == archives[0].file => continue,
                Some(archive) => vec![
                    format!("url {}", ruby(&subject.url(archive))),
                    format!("sha256 {}", ruby(&archive.digest.hex())),
                ],
                None if arch == Arch::Aarch64 => vec!["depends_on arch: :x86_64".to_owned()],
                None => vec!["depends_on arch: :arm64".to_owned()],
            };
            // They follow each other without an empty line.
            processors.extend(block(&format!("on_{word} do"), body).into_iter().skip(1));
        }
        if !processors.is_empty() {
            systems.extend(block(&format!("on_{name} do"), processors));
        }
    }
    systems
}

/// Homebrew removes the archive's top folder itself. The files are those that every archive has.
fn install(name: &str, archives: &[&Artifact]) -> Vec<String> {
    let common = |files: fn(&Extras) -> &[String]| -> Vec<&str> {
        let sets = archives.iter().map(|archive| {
            files(&archive.extras).iter().map(|path| below_top(path)).collect::<BTreeSet<_>>()
        });
        sets.reduce(|all, one| &all & &one).into_iter().flatten().collect()
    };
    let programs: Vec<String> =
        archives.iter().take(1).flat_map(|archive| binaries(name, archive)).map(ruby).collect();
    let mut lines = vec![format!("bin.install {}", programs.join(", "))];
    for path in common(|extras| &extras.man) {
        if let Some((folder, _)) = man_page(path).as_deref().and_then(|page| page.rsplit_once('/')) {
            let below = folder.strip_prefix("man/").unwrap_or(folder);
            // Homebrew has no word for the folder of a language.
            let place = if below.contains('/') { format!("(man/{})", ruby(below)) } else { below.to_owned() };
            lines.push(format!("{place}.install {}", ruby(path)));
        }
    }
    // Homebrew installs a file under the name that it is given.
    let shells = [
        ("bash", common(|extras| &extras.completions.bash), "", ""),
        ("fish", common(|extras| &extras.completions.fish), "", ".fish"),
        ("pwsh", common(|extras| &extras.completions.pwsh), "_", ".ps1"),
        ("zsh", common(|extras| &extras.completions.zsh), "_", ""),
    ];
    for (shell, paths, before, after) in shells {
        for path in paths {
            let wanted = format!("{before}{}{after}", command(path));
            let file = path.rsplit('/').next().unwrap_or(path);
            let renamed = if file == wanted { String::new() } else { format!(" => {}", ruby(&wanted)) };
            lines.push(format!("{shell}_completion.install {}{renamed}", ruby(path)));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::Value;

    use super::*;
    use crate::channels::tests::{all, manifest, with_extras};
    use crate::channels::{Channels, render};

    #[test]
    fn a_class_is_named_as_homebrew_names_it() {
        for (formula, expected) in [
            ("tool", "Tool"),
            ("my-tool2", "MyTool2"),
            ("a.b_c", "ABC"),
            ("c++filt", "Cxxfilt"),
            ("tool@1.4", "ToolAT14"),
        ] {
            assert_eq!(class(formula), expected);
        }
    }

    #[test]
    fn a_description_is_one_that_homebrew_accepts() {
        let long = "word ".repeat(30);
        for (text, expected) in [
            ("A tool that turns this into that.", "Turns this into that"),
            ("tool: a fast grep", "Fast grep"),
            ("tool is an http client.", "Http client"),
            (
                "The command line Command Lines and commandline, too",
                "Command-line Command-Lines and command-line, too",
            ),
            ("A tool of Acme.", "Command-line tool of Acme"),
            ("Tool for command line users", "Command-line tool for command-line users"),
            ("The tool to turn this into that", "Command-line tool to turn this into that"),
            ("tool turns this into that", "Turns this into that"),
            ("tool - for cats", "For cats"),
            ("Toolbox for tool", "Toolbox for tool"),
            ("tool", "Command-line tool"),
            ("🚀 …", "…"),
            ("The 🚀.", "Command-line tool"),
            (" . ", "Command-line tool"),
            ("🚀 A fast tool for cats ☕️", "Fast tool for cats"),
            ("JSON → YAML, ≥ 2 times", "JSON → YAML, ≥ 2 times"),
            ("Tool-chain of Acme", "Command-line tool-chain of Acme"),
            ("Tool’s friend", "Command-line tool’s friend"),
            ("The to-ol: a grep", "Grep"),
            ("über", "Über"),
            (&long, "Word word word word word word word word word word word word word word word word"),
        ] {
            assert_eq!(description(text.trim(), "tool"), expected, "{text}");
        }
    }

    #[test]
    fn a_formula_keeps_the_man_pages_of_languages_apart() {
        let of_languages = |value: &mut Value| {
            with_extras(value);
            for artifact in value["artifacts"].as_array_mut().unwrap() {
                let top = format!("tool-{}", artifact["target"].as_str().unwrap());
                let pages = ["de/tool.1", "man8/tool.8", "tool.1", "zh_CN/man1/run.1", "zh_CN/tool.1.gz"];
                artifact["extras"]["man"] = pages.map(|page| format!("{top}/man/{page}")).as_slice().into();
            }
        };
        let formula =
            render(&manifest(of_languages), &Channels { homebrew: all().homebrew, ..Channels::NONE })
                .unwrap()
                .remove(0);
        let text = String::from_utf8(formula.bytes).unwrap();
        let installs = text.lines().map(str::trim).filter(|line| line.contains(".install"));
        let lines = installs.filter(|line| line.contains("man")).collect::<Vec<_>>().join("\n");
        expect![[r#"
            (man/"de/man1").install "man/de/tool.1"
            man8.install "man/man8/tool.8"
            man1.install "man/tool.1"
            (man/"zh_CN/man1").install "man/zh_CN/man1/run.1"
            (man/"zh_CN/man1").install "man/zh_CN/tool.1.gz""#]]
        .assert_eq(&lines);
    }
}
