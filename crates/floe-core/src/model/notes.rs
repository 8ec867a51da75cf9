//! Release notes: the changelog's section for a version or GitHub's own, then how to download and how to verify.
//!
//! Pure text to text; it never asks GitHub for anything.

use crate::model::config::NotesFrom;
use crate::model::{Destination, ImageName, Manifest, Rule, body};
use crate::units::size;
use crate::untrusted::text;

/// GitHub refuses a longer body (`body is too long (maximum is 125000 characters)`). Counted in characters.
pub const LIMIT: usize = 125_000;

/// The text of a release's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notes {
    /// The upper part.
    pub source: NotesSource,
    /// The lower part: downloads, and the commands that verify them.
    pub footer: String,
}

/// The upper part of release notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotesSource {
    /// This text.
    Text(String),
    /// The notes that GitHub generates between two tags, when the draft is made.
    Generated,
}

impl NotesSource {
    /// Chooses where notes come from; `None` if the project wants its changelog and that has no such section.
    pub fn choose(
        from: NotesFrom,
        changelog: Option<&str>,
        version: &semver::Version,
    ) -> Option<NotesSource> {
        let section = changelog.and_then(|text| changelog_section(text, version));
        match (from, section) {
            (NotesFrom::Changelog | NotesFrom::Auto, Some(text)) => Some(NotesSource::Text(text)),
            (NotesFrom::Changelog, None) => None,
            (NotesFrom::Github, _) | (NotesFrom::Auto, None) => Some(NotesSource::Generated),
        }
    }
}

impl Notes {
    /// The whole body, never longer than [`LIMIT`] characters. A head that does not fit is cut at a line's end and
    /// points to `link`, where the rest is.
    pub fn render(&self, generated: &str, link: &str) -> String {
        let head = match &self.source {
            NotesSource::Text(text) => text.trim_end(),
            NotesSource::Generated => generated.trim_end(),
        };
        body::own(&cut(head, body::room(&self.footer), link), &self.footer)
    }
}

/// The lower part: a table of downloads, and the commands that check them.
pub fn footer(manifest: &Manifest, destination: &Destination) -> String {
    let mut text = format!("## Download {} {}\n\n", manifest.name, manifest.version);
    text.push_str("| file | for | needs | size | sha256 |\n|---|---|---|---:|---|\n");
    for artifact in &manifest.artifacts {
        text.push_str(&format!(
            "| [{file}]({page}/releases/download/{tag}/{file}) | {target} | {needs} | {size} | `{digest}` |\n",
            file = artifact.file,
            page = destination.page,
            tag = destination.tag,
            target = artifact.target.name(),
            needs = artifact.needs(),
            size = size(artifact.size),
            digest = artifact.digest.hex(),
        ));
    }
    text.push_str(&loosened(manifest));
    if let Some(image) = &manifest.image {
        let platforms: Vec<String> = image.platforms.iter().map(|one| one.platform.to_string()).collect();
        text.push_str(&format!(
            "\nImage for {}:\n\n```sh\ndocker pull {}\n```\n",
            platforms.join(" and "),
            image.name.at(&image.digest)
        ));
    }
    let Destination { repo, tag, commit, .. } = destination;
    // `floe verify` expects an image of the repository's owner unless it is given another.
    let other = |name: &&ImageName| !name.owner().eq_ignore_ascii_case(repo.owner());
    let image = manifest.image.as_ref().map(|image| &image.name).filter(other);
    let image = image.map(|image| format!(" --image {image}")).unwrap_or_default();
    text.push_str(&format!(
        "\nBuilt from commit {commit}. To check what you downloaded:\n\n\
         ```sh\nsha256sum --ignore-missing -c SHA256SUMS\nfloe verify --release {tag} --repo {repo}{image}\n```\n"
    ));
    text
}

/// The portability rules that are broken on purpose, so that users know before a program fails.
fn loosened(manifest: &Manifest) -> String {
    let mut lines: Vec<String> = Vec::new();
    for artifact in &manifest.artifacts {
        let line = |(rule, reason): (&Rule, &String)| {
            let reason = text::line(reason);
            format!("- `{}` does not keep the rule `{rule}`: {reason}\n", artifact.file)
        };
        lines.extend(artifact.loosened.iter().map(line));
    }
    if lines.is_empty() { String::new() } else { format!("\n{}", lines.concat()) }
}

/// The section of a changelog for one version: from the heading that names it to the next heading of the same or a
/// higher level. Link definitions that the section uses come with it.
pub fn changelog_section(changelog: &str, version: &semver::Version) -> Option<String> {
    section(changelog, |title| names(title, version))
}

/// The section of what is not released yet: below a heading `Unreleased`, in brackets or not.
pub fn unreleased_section(changelog: &str) -> Option<String> {
    section(changelog, |title| title.trim_matches(['[', ']']).eq_ignore_ascii_case("unreleased"))
}

fn section(changelog: &str, is_wanted: impl Fn(&str) -> bool) -> Option<String> {
    let mut level = 0;
    let mut fence = Fence::default();
    let mut section: Option<Vec<&str>> = None;
    for line in changelog.lines() {
        let heading = if fence.takes(line) { None } else { heading(line) };
        match (&mut section, heading) {
            (None, Some((depth, title))) if is_wanted(title) => {
                level = depth;
                section = Some(Vec::new());
            }
            (Some(_), Some((depth, _))) if depth <= level => break,
            (Some(lines), _) => lines.push(line),
            (None, _) => {}
        }
    }
    let lines = section?;
    let body = lines.iter().filter(|line| definition(line).is_none()).copied().collect::<Vec<_>>().join("\n");
    let body = body.trim();
    if body.is_empty() {
        return None;
    }
    let links: Vec<&str> = changelog
        .lines()
        .filter(|line| definition(line).is_some_and(|label| body.contains(&format!("[{label}]"))))
        .collect();
    if links.is_empty() { Some(body.to_owned()) } else { Some(format!("{body}\n\n{}", links.join("\n"))) }
}

/// Whether lines are inside a fenced code block, where `#` begins no heading.
#[derive(Default)]
struct Fence(Option<&'static str>);

impl Fence {
    /// Looks at the next line; true if it is code or a fence.
    fn takes(&mut self, line: &str) -> bool {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (self.0, mark) {
            (None, Some(mark)) => self.0 = Some(mark),
            (Some(open), Some(mark)) if open == mark => self.0 = None,
            (None, None) => return false,
            (Some(_), _) => {}
        }
        true
    }
}

/// An ATX heading's level and text (CommonMark, section 4.2).
fn heading(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    ((1..=6).contains(&level) && text.starts_with([' ', '\t'])).then(|| (level, text.trim()))
}

/// Whether a heading names this version: `1.4.0`, `v1.4.0`, `[1.4.0] - 2026-01-02`, `floe 1.4.0 (2026-01-02)`.
fn names(title: &str, version: &semver::Version) -> bool {
    let bare = |c: char| "[]()`:,".contains(c);
    title.split_whitespace().take(2).any(|word| {
        let word = word.split("](").next().unwrap_or(word).trim_matches(bare);
        word.strip_prefix('v').unwrap_or(word) == version.to_string()
    })
}

/// The label of a link definition, `[label]: address` (CommonMark, section 4.7).
fn definition(line: &str) -> Option<&str> {
    let (label, rest) = line.strip_prefix('[')?.split_once("]:")?;
    (!rest.trim().is_empty()).then_some(label)
}

fn cut(text: &str, room: usize, link: &str) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let pointer = format!("\n\nCut here because GitHub takes no more; the rest is at {link}");
    let keep = room.saturating_sub(pointer.chars().count());
    let kept: String = text.chars().take(keep).collect();
    let border = kept.rfind('\n').unwrap_or(0);
    format!("{}{pointer}", kept[..border].trim_end())
}

#[cfg(test)]
mod tests {
    use semver::Version;

    use super::*;

    const CHANGELOG: &str = "\
# Changelog

## Unreleased

## [1.4.0] - 2026-09-01

### Added

- Things ([#12]).

```sh
# 1.3.0 is not a heading here
```

## v1.3.0

Old.

[#12]: https://example.org/12
[#13]: https://example.org/13
";

    #[test]
    fn a_section_is_what_stands_below_its_heading_with_the_links_it_uses() {
        let section = changelog_section(CHANGELOG, &Version::new(1, 4, 0)).unwrap();
        assert_eq!(
            section,
            "### Added\n\n- Things ([#12]).\n\n```sh\n# 1.3.0 is not a heading here\n```\n\n[#12]: https://example.org/12"
        );
        assert_eq!(changelog_section(CHANGELOG, &Version::new(1, 3, 0)).as_deref(), Some("Old."));
        assert_eq!(changelog_section(CHANGELOG, &Version::new(1, 4, 1)), None);
    }

    #[test]
    fn a_version_is_not_mistaken_for_one_that_begins_like_it() {
        assert_eq!(changelog_section("## 1.4.0-rc.1\n\nrc\n", &Version::new(1, 4, 0)), None);
        assert_eq!(changelog_section("## 11.4.0\n\nno\n", &Version::new(1, 4, 0)), None);
        assert_eq!(
            changelog_section("## [1.4.0](https://x) (2026)\n\nyes\n", &Version::new(1, 4, 0)).unwrap(),
            "yes"
        );
    }

    #[test]
    fn what_is_not_released_yet_is_found() {
        assert_eq!(unreleased_section("## [Unreleased]\n\nSoon.\n## 1.0.0\n").as_deref(), Some("Soon."));
        assert_eq!(unreleased_section(CHANGELOG), None);
    }

    #[test]
    fn an_empty_section_is_none() {
        assert_eq!(changelog_section("## 1.0.0\n\n## 0.9.0\n\nOld.\n", &Version::new(1, 0, 0)), None);
    }

    #[test]
    fn a_body_is_cut_at_a_line_and_keeps_its_footer() {
        let notes =
            Notes { source: NotesSource::Text("änderung\n".repeat(20_000)), footer: "FOOTER".to_owned() };
        let body = notes.render("", "https://example.org/compare");
        assert!(body.chars().count() <= LIMIT, "{}", body.chars().count());
        assert!(body.contains("the rest is at https://example.org/compare\n\n<!-- floe:"));
        assert!(body.ends_with("-->\n\nFOOTER"));
        assert!(body.contains("änderung\n\nCut here"));
    }

    #[test]
    fn generated_notes_are_the_head() {
        let notes = Notes { source: NotesSource::Generated, footer: "FOOTER".to_owned() };
        assert_eq!(notes.render("What's new\n", ""), body::own("What's new", "FOOTER"));
    }
}
