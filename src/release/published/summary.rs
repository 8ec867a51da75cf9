//! Everything that was checked about a published release, for people.

use super::Checked;
use floe_core::model::manifest::Artifact;
use floe_core::model::release::CHECKSUMS;
use floe_core::units;
use floe_core::verify::published::Download;

impl Checked {
    /// Everything that was checked about a release, for people.
    pub fn summary(&self, download: &Download) -> String {
        let Checked { signature, immutability, minisign } = self;
        let request = &download.request;
        let commit =
            download.commit.as_ref().map(|commit| format!(" at {}", commit.short())).unwrap_or_default();
        let mut text = format!("{} of {}{commit}", request.tag, request.repo);
        let (count, covered) = (download.files.len(), download.covered().len());
        let image = if download.image.is_some() { " and the image" } else { "" };
        let bytes = format!("{count} of {covered} assets{image} match {CHECKSUMS} and the manifest");
        let attached = download.image.as_ref().and_then(|image| image.attached.as_ref()).map(|attached| {
            format!("{} to the image, as the manifest promises", units::files(attached.count))
        });
        for (name, lines) in [
            ("bytes", vec![bytes]),
            ("signed", signature.lines()),
            ("minisign", minisign.iter().cloned().collect()),
            ("immutable", vec![immutability.line()]),
            ("sbom", vec![sboms(download)]),
            ("attached", attached.into_iter().collect()),
        ] {
            text.push_str(&block(name, &lines));
        }
        text
    }
}

/// `7 of 7 archives have one, which names their binaries: 159 to 163 crates`. All of them were checked.
fn sboms(download: &Download) -> String {
    let artifacts = download.manifest.iter().flat_map(|manifest| &manifest.artifacts);
    let count = artifacts.clone().count();
    let crates = |artifact: &Artifact| {
        let file = download.file(&artifact.sbom.as_ref()?.file)?;
        Some(file.sbom.as_ref()?.as_ref().ok()?.components.len())
    };
    let crates: Vec<usize> = artifacts.filter_map(crates).collect();
    let crates_each = match (crates.iter().min(), crates.iter().max()) {
        (Some(least), Some(most)) if least == most => units::counted(*most, "crate"),
        (Some(least), Some(most)) => format!("{least} to {most} crates"),
        _ => return "none: nothing says which crates are in the binaries".to_owned(),
    };
    format!("{} of {count} archives have one, which names their binaries; {crates_each} each", crates.len())
}

/// `  signed     by …` with further lines below the first.
pub fn block(name: &str, lines: &[String]) -> String {
    let first = |at| if at == 0 { name } else { "" };
    lines.iter().enumerate().map(|(at, line)| format!("\n  {:<9}  {line}", first(at))).collect()
}
