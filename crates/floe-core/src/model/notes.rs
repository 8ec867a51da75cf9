//! Release notes: the changelog's section for a version or GitHub's own, then how to download and how to verify.
//!
//! Pure text to text; it never asks GitHub for anything.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::model::changelog::closed;
use crate::model::install::{self, Install};
use crate::model::manifest::Artifact;
use crate::model::release::{ATTESTATION, CHECKSUMS};
use crate::model::{Destination, Digest, ImageName, Manifest, PackageKind, Rule, Target, body};
use crate::units::size;
use crate::untrusted::text;

/// GitHub refuses a longer body (`body is too long (maximum is 125000 characters)`). Counted in characters.
pub const LIMIT: usize = 125_000;

/// The text of a release's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notes {
    /// The upper part.
    pub source: NotesSource,
    /// The address of the whole changelog, if the upper part comes from one.
    pub changelog: Option<String>,
    /// The lower part: downloads, and the commands that verify them.
    pub footer: String,
}

/// The upper part of release notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotesSource {
    /// This text.
    Text(String),
    /// A section of the changelog.
    Changelog {
        /// The section.
        text: String,
        /// The path of the changelog in the repository, with slashes.
        file: String,
    },
    /// The notes that GitHub generates between two tags, when the draft is made.
    Generated,
}

impl NotesSource {
    /// The text, unless GitHub generates it.
    pub fn text(&self) -> Option<&str> {
        match self {
            NotesSource::Text(text) | NotesSource::Changelog { text, .. } => Some(text),
            NotesSource::Generated => None,
        }
    }
}

impl Notes {
    /// The notes from this source of a release that goes to `destination`.
    pub fn new(source: NotesSource, manifest: &Manifest, destination: &Destination) -> Self {
        let changelog = match &source {
            NotesSource::Changelog { file, .. } => {
                let file = utf8_percent_encode(file, PATH);
                Some(format!("{}/blob/{}/{file}", destination.page, destination.tag))
            }
            _ => None,
        };
        Notes { changelog, footer: footer(manifest, destination), source }
    }

    /// The whole body, never longer than [`LIMIT`] characters. An upper part that does not fit is cut at a line's end and
    /// points to the rest: in the changelog, or for generated notes at `compared`.
    pub fn render(&self, generated: &str, compared: &str) -> String {
        let head = closed(self.source.text().unwrap_or(generated).trim_end());
        let rest = match (&self.source, &self.changelog) {
            (_, Some(changelog)) => format!("; the rest is at {changelog}"),
            (NotesSource::Generated, None) => format!("; all changes are at {compared}"),
            (_, None) => String::new(),
        };
        let pointer = format!("\n\nCut here because GitHub accepts no more{rest}");
        body::own(&cut(head, body::room(&self.footer), &pointer), &self.footer)
    }
}

/// The characters that a path in a URL cannot have.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// The lower part: the commands that install it, a table of downloads, and the commands that check them.
pub fn footer(manifest: &Manifest, destination: &Destination) -> String {
    let installs = install::commands(manifest);
    let mut text = String::new();
    if !installs.is_empty() {
        let Manifest { name, version, .. } = manifest;
        text.push_str(&format!("## Install {name} {version}\n\n{}\n", Install::markdown(&installs)));
    }
    text.push_str(&format!("## Download {} {}\n\n", manifest.name, manifest.version));
    text.push_str("| file | for | needs | size | sha256 |\n|---|---|---|---:|---|\n");
    let mut row = |(file, bytes, digest): (&str, u64, &Digest), target: Target, needs: &str| {
        let Destination { page, tag, .. } = destination;
        let (target, size, digest) = (target.name, size(bytes), digest.hex());
        text.push_str(&format!(
            "| [{file}]({page}/releases/download/{tag}/{file}) | {target} | {needs} | {size} | `{digest}` |\n"
        ));
    };
    for artifact in &manifest.artifacts {
        row((&artifact.file, artifact.size, &artifact.digest), artifact.target, &artifact.needs());
    }
    for (artifact, package) in
        manifest.artifacts.iter().flat_map(|one| one.packages.iter().map(move |package| (one, package)))
    {
        if let Some(file) = manifest.files.iter().find(|file| file.file == package.file) {
            let needs = match package.kind {
                PackageKind::Deb => "dpkg, apt",
                PackageKind::Rpm => "rpm, dnf, zypper",
            };
            row((&file.file, file.size, &file.digest), artifact.target, needs);
        }
    }
    text.push_str(&loosened(manifest));
    text.push_str(&code_signatures(manifest));
    if let Some(sbom) = manifest.artifacts.iter().find_map(|artifact| artifact.sbom.as_ref()) {
        let file = &sbom.file;
        text.push_str(&format!(
            "\nEach archive has a CycloneDX SBOM, which lists its crates, such as `{file}`.\n"
        ));
    }
    if let Some(image) = &manifest.image {
        let platforms: Vec<String> = image.platforms.iter().map(|one| one.platform.to_string()).collect();
        text.push_str(&format!(
            "\nImage for {}:\n\n```sh\ndocker pull {}\n```\n",
            platforms.join(" and "),
            image.name.at(&image.digest)
        ));
    }
    let (commit, verify) = (&destination.commit, verify_command(manifest, destination));
    text.push_str(&format!(
        "\nBuilt from commit {commit}. To check what you downloaded:\n\n\
         ```sh\nsha256sum --ignore-missing -c SHA256SUMS\n{verify}\n```\n"
    ));
    text
}

/// The command that verifies a published release.
pub fn verify_command(manifest: &Manifest, destination: &Destination) -> String {
    let Destination { repo, tag, .. } = destination;
    // `floe verify` expects an image of the repository's owner unless it is given another.
    let other = |name: &&ImageName| !name.owner().eq_ignore_ascii_case(repo.owner());
    let image = manifest.image.as_ref().map(|image| &image.name).filter(other);
    let image = image.map(|image| format!(" --image {image}")).unwrap_or_default();
    format!("floe verify --release {tag} --repo {repo}{image}")
}

/// The commands that check who built a file, with a bundle by the workflow of this identity,
/// `https://github.com/OWNER/REPO/PATH@ref`. They need no account.
pub fn signed(manifest: &Manifest, destination: &Destination, identity: &str) -> String {
    let Destination { repo, tag, .. } = destination;
    let file = manifest.artifacts.first().map_or(CHECKSUMS, |artifact| artifact.file.as_str());
    let workflow = identity.split('@').next().unwrap_or_default();
    let workflow = workflow.strip_prefix("https://github.com/").unwrap_or(workflow);
    format!(
        "\nTo check who built a file and from which commit, without an account, with `{ATTESTATION}` of this release beside it:\n\n\
         ```sh\nFILE={file}\n\
         floe verify \"$FILE\" --attestation {ATTESTATION} --repo {repo} --tag {tag}\n\
         gh attestation verify \"$FILE\" --bundle {ATTESTATION} --repo {repo} --signer-workflow {workflow} --source-ref refs/tags/{tag}\n\
         cosign verify-blob-attestation \"$FILE\" --bundle {ATTESTATION} --new-bundle-format --type slsaprovenance1 \
         --certificate-oidc-issuer https://token.actions.githubusercontent.com --certificate-identity {identity}\n```\n"
    )
}

/// The portability rules that are broken on purpose, so that users know before a program fails.
fn loosened(manifest: &Manifest) -> String {
    let all = manifest.artifacts.iter().flat_map(|one| one.loosened.iter().map(move |rule| (one, rule)));
    let line = |(artifact, (rule, reason)): (&Artifact, (&Rule, &String))| {
        format!("- `{}` does not keep the rule `{rule}`: {}\n", artifact.file, text::line(reason))
    };
    let lines: String = all.map(line).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// The archives whose programs the maker signed with a certificate.
fn code_signatures(manifest: &Manifest) -> String {
    let line = |artifact: &Artifact| {
        // The name is from a file that may be hostile.
        let signer = text::line(artifact.signed_by.as_ref()?).replace('`', "'");
        Some(format!("{}`{signer}`\n", begin_of_signature(&artifact.file)))
    };
    let lines: String = manifest.artifacts.iter().filter_map(line).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

fn begin_of_signature(file: &str) -> String {
    format!("- The programs in `{file}` are signed by ")
}

/// Whether the notes of a release say that the programs in an archive are signed.
pub fn names_signer(notes: &str, file: &str) -> bool {
    let begin = begin_of_signature(file);
    notes.lines().any(|line| line.starts_with(&begin))
}

fn cut(text: String, room: usize, pointer: &str) -> String {
    if text.chars().count() <= room {
        return text;
    }
    let mut keep = room.saturating_sub(pointer.chars().count());
    loop {
        let kept: String = text.chars().take(keep).collect();
        let end = kept.rfind('\n').unwrap_or(0);
        let text = format!("{}{pointer}", closed(kept[..end].trim_end()));
        let excess = text.chars().count().saturating_sub(room);
        // Closing what the cut left open takes some characters.
        if excess == 0 || keep == 0 {
            return text;
        }
        keep = keep.saturating_sub(excess);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(source: NotesSource) -> Notes {
        let changelog = matches!(source, NotesSource::Changelog { .. });
        let changelog = changelog.then(|| "https://example.org/CHANGELOG.md".to_owned());
        Notes { source, changelog, footer: "## Download\n".to_owned() }
    }

    fn changelog(text: String) -> NotesSource {
        NotesSource::Changelog { text, file: "CHANGELOG.md".to_owned() }
    }

    #[test]
    fn notes_that_are_cut_point_to_where_the_rest_is() {
        let text = || "änderung\n".repeat(20_000);
        for (source, generated, pointer) in [
            (
                changelog(text()),
                String::new(),
                "accepts no more; the rest is at https://example.org/CHANGELOG.md",
            ),
            (
                NotesSource::Generated,
                text(),
                "accepts no more; all changes are at https://example.org/compare",
            ),
            (NotesSource::Text(text()), String::new(), "accepts no more"),
        ] {
            let body = notes(source).render(&generated, "https://example.org/compare");
            assert!(body.chars().count() <= LIMIT, "{}", body.chars().count());
            let cut = format!("änderung\n\nCut here because GitHub {pointer}\n\n<!-- floe: ");
            assert!(body.contains(&cut) && body.ends_with("-->\n\n## Download\n"), "{pointer}");
        }
    }

    #[test]
    fn open_markup_in_notes_does_not_swallow_the_downloads() {
        for (begin, end) in [
            ("~~~~ sh\n", "\n~~~~\n\nCut here"),
            ("<details>\n\n", "\n\n</details>\n\nCut here"),
            ("- list\n\n  ```\n  a\n", "line\n\nCut here"),
        ] {
            let body = notes(changelog(format!("{begin}{}", "line\n".repeat(30_000)))).render("", "");
            assert!(
                body.chars().count() <= LIMIT && body.contains(end),
                "{begin}: {}",
                &body[body.len() - 200..]
            );
        }
        let open = |text: &str| notes(NotesSource::Text(text.to_owned())).render("", "");
        let own = |head: &str| body::own(head, "## Download\n");
        assert_eq!(open("a\n\n<!-- b\n\nc"), own("a"));
        assert_eq!(open("<pre>\nb"), own(""));
        assert_eq!(open("```\nb"), own("```\nb\n```"));
        let closed =
            "<!-- b -->\n\n```\n## c\n```\n\n<details><summary>d</summary></details>\n\n> e\n\n| f |\n|---|";
        assert_eq!(open(closed), own(closed));
    }

    #[test]
    fn generated_notes_come_first() {
        let body = notes(NotesSource::Generated).render("What's new\n", "");
        assert_eq!(body, body::own("What's new", "## Download\n"));
    }
}
