//! The assets of a release. Rebuilt ones are compared byte for byte. `SHA256SUMS` and the manifest depend on all archives:
//! if some were not rebuilt, they are compared as far as they depend on the others, and never called a match.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{ComparisonLine, Verdict, json};
use crate::model::manifest::Artifact;
use crate::model::release::CHECKSUMS;
use crate::model::{Asset, Builder, Digest, Manifest, Release};
use crate::verify::published::{Download, DownloadedAsset, sums};

/// A line an asset, sorted by name.
pub(super) fn compare(download: &Download, published: &Manifest, rebuilt: &Release) -> Vec<ComparisonLine> {
    let derived = Derived::new(download, published, rebuilt);
    let mut lines: Vec<ComparisonLine> = download
        .files
        .iter()
        .map(|file| match (file.name.as_str(), rebuilt.asset(&file.name)) {
            (CHECKSUMS, Some(again)) => derived.line(file, again, derived.checksums(again)),
            (name, Some(again)) if name == Manifest::file_name(&published.name) => {
                derived.line(file, again, derived.manifest())
            }
            (_, Some(again)) => ComparisonLine::of(&file.name, Some(file.digest), Some(again.digest)),
            (_, None) => absent(file, published),
        })
        .collect();
    let extra = rebuilt.assets.iter().filter(|asset| download.file(&asset.name).is_none());
    lines.extend(extra.map(|asset| ComparisonLine::of(&asset.name, None, Some(asset.digest))));
    lines.extend(download.uncovered().into_iter().map(uncovered));
    lines.sort_by(|a, b| a.name.cmp(&b.name));
    lines
}

/// An asset that somebody added to the published release. It is not downloaded.
fn uncovered(name: &str) -> ComparisonLine {
    let findings = vec!["neither `SHA256SUMS` nor the manifest names it".to_owned()];
    ComparisonLine {
        name: name.to_owned(),
        verdict: Verdict::NotCovered,
        published: None,
        rebuilt: None,
        findings,
    }
}

/// An asset that was not rebuilt.
fn absent(file: &DownloadedAsset, published: &Manifest) -> ComparisonLine {
    let mut line = ComparisonLine::of(&file.name, Some(file.digest), None);
    let is_of = |artifact: &&Artifact| {
        let sbom = artifact.sbom.iter().map(|sbom| &sbom.file);
        let packages = artifact.packages.iter().map(|package| &package.file);
        sbom.chain(packages).chain([&artifact.file]).any(|name| *name == file.name)
    };
    let artifact = published.artifacts.iter().find(is_of);
    match artifact.map(|artifact| (artifact.target, artifact.target.builder)) {
        Some((target, Builder::Nix)) => line.add([format!("no rebuilt dist holds {}", target.name)]),
        Some((target, Builder::Native)) => {
            line.verdict = Verdict::NotClaimed;
            line.add([format!("{} is built outside of Nix, and was not rebuilt", target.name)]);
        }
        None => {
            line.verdict = Verdict::NotClaimed;
            let is_rendered = published.channels.iter().any(|entry| entry.path == file.name);
            line.add([match is_rendered {
                true => "it is rendered from all archives, and some were not rebuilt".to_owned(),
                false => "no rebuild makes it".to_owned(),
            }]);
        }
    }
    line
}

/// The files that floe derives from the archives: `SHA256SUMS` and the release manifest.
struct Derived<'a> {
    download: &'a Download,
    published: &'a Manifest,
    rebuilt: &'a Release,
    /// The archives and further files on both sides.
    both: BTreeSet<&'a str>,
    /// Whether that is all of them, and the image is on both sides or on neither.
    whole: bool,
}

impl<'a> Derived<'a> {
    fn new(download: &'a Download, published: &'a Manifest, rebuilt: &'a Release) -> Self {
        let ours: BTreeSet<&str> = rebuilt.manifest.files().collect();
        let both: BTreeSet<&str> = published.files().filter(|file| ours.contains(file)).collect();
        let image = published.image.is_some() == rebuilt.manifest.image.is_some();
        let whole = image && published.files().all(|file| both.contains(file));
        Derived { download, published, rebuilt, both, whole }
    }

    /// The verdict of a derived file, by its differences.
    fn line(&self, file: &DownloadedAsset, again: &Asset, differences: Vec<String>) -> ComparisonLine {
        let mut line = ComparisonLine::of(&file.name, Some(file.digest), Some(again.digest));
        if self.whole {
            if line.verdict == Verdict::Differs && differences.is_empty() {
                line.add([
                    "every field that this floe knows is the same, but it is written differently".to_owned()
                ]);
            }
            line.add(differences);
            return line;
        }
        // A file that is derived from some of the archives is another file, even if these are the same.
        line.rebuilt = None;
        line.verdict = if differences.is_empty() { Verdict::NotClaimed } else { Verdict::Differs };
        if differences.is_empty() {
            let all = self.published.files().count();
            let some = self.both.len();
            line.add([format!(
                "its lines for {some} of {all} files are the same; the other files were not rebuilt"
            )]);
        }
        line.add(differences);
        line
    }

    fn checksums(&self, again: &Asset) -> Vec<String> {
        let ours = String::from_utf8_lossy(again.bytes().unwrap_or_default());
        let ours: BTreeMap<&str, Digest> = sums(&ours).collect();
        let theirs: BTreeMap<&str, Digest> = self.download.sums().collect();
        let names: BTreeSet<&&str> = theirs.keys().chain(ours.keys()).collect();
        let compared = names.into_iter().filter(|name| self.whole || self.both.contains(*name));
        compared
            .filter(|name| theirs.get(*name) != ours.get(*name))
            .map(|name| match (theirs.contains_key(name), ours.contains_key(name)) {
                (true, true) => format!("its line of `{name}` differs, as that file does"),
                (true, false) => format!("only the published one has a line of `{name}`"),
                (false, _) => format!("only the rebuilt one has a line of `{name}`"),
            })
            .collect()
    }

    fn manifest(&self) -> Vec<String> {
        let (theirs, ours) = (self.comparable(self.published), self.comparable(&self.rebuilt.manifest));
        json::differences(&theirs, &ours)
    }

    /// The part that both manifests can know. The key of an archive is its name, so that each is compared with itself.
    fn comparable(&self, manifest: &Manifest) -> Value {
        let mut manifest = manifest.clone();
        if !self.whole {
            manifest.artifacts.retain(|artifact| self.both.contains(&*artifact.file));
            manifest.files.retain(|file| self.both.contains(&*file.file));
            // They are rendered from all archives.
            manifest.channels.clear();
        }
        if self.published.image.is_some() != self.rebuilt.manifest.image.is_some() {
            manifest.image = None;
        }
        let mut value = serde_json::to_value(&manifest).unwrap_or_default();
        let artifacts = value.get_mut("artifacts").map(Value::take).unwrap_or_default();
        let by_name = artifacts
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|artifact| Some((artifact.get("file")?.as_str()?.to_owned(), artifact.clone())));
        value["artifacts"] = Value::Object(by_name.collect());
        value
    }
}
