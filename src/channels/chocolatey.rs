//! A package for Chocolatey: a NuGet package, which is a ZIP file in the layout of OPC (ECMA-376, part 2), with a script that
//! downloads the archive and checks its digest.

use semver::Version;

use super::text::{fill, ps1, url, xml};
use super::{Subject, binaries};
use crate::package::archive::small_zip;
use floe_core::model::config::Chocolatey;
use floe_core::model::places::{Feed, Home};
use floe_core::model::{Arch, ChannelKind, ChannelPlace, Manifest, Os, Rendered, Repo};

const TYPES: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension="nuspec" ContentType="application/octet" />
  <Default Extension="ps1" ContentType="application/octet" />
  <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />
  <Default Extension="txt" ContentType="application/octet" />
</Types>
"#;

/// Renders the package; `None` if there is no archive for Windows.
pub(super) fn render(subject: &Subject<'_>, settings: &Chocolatey) -> Option<Rendered> {
    let Manifest { name, version, tag, .. } = subject.manifest;
    let archive = subject.archive(Os::Windows, Arch::X86_64)?;
    let id = id(settings, name);
    let owner = || Repo::from_url(&subject.repository).map(|repo| repo.owner().to_owned());
    let authors = settings.authors.clone().or_else(owner).unwrap_or_else(|| name.clone());
    let notes = format!("{}/releases/tag/{tag}", subject.repository);
    let license = subject.license.map(|license| match license.contains(' ') || license.contains('/') {
        // The file of the only licence is known to be called LICENSE.
        false => format!(
            "\n    <licenseUrl>{}</licenseUrl>",
            xml(&format!("https://spdx.org/licenses/{}", url(license)))
        ),
        true => String::new(),
    });
    let values = [
        ("MARKER", xml(&subject.marker())),
        ("ID", xml(&id)),
        ("VERSION", xml(&version.to_string())),
        ("TITLE", xml(name)),
        ("AUTHORS", xml(&authors)),
        ("HOMEPAGE", xml(&subject.homepage)),
        ("REPOSITORY", xml(&subject.repository)),
        ("LICENSE", license.unwrap_or_default()),
        ("NOTES", xml(&notes)),
        ("DESCRIPTION", xml(&subject.description)),
    ];
    let nuspec = fill(include_str!("chocolatey.nuspec"), &values);
    let programs: Vec<String> = binaries(name, archive).into_iter().map(ps1).collect();
    let values = [
        ("MARKER", subject.marker()),
        ("ID", ps1(&id)),
        ("ADDRESS", ps1(&subject.url(archive))),
        ("DIGEST", ps1(&archive.digest.hex())),
        ("PROGRAMS", programs.join(", ")),
    ];
    let install = fill(include_str!("chocolatey.ps1"), &values);
    let verification = format!(
        "{}\n\nThe package holds no program. Its script downloads\n{}\nand installs it only if its SHA-256 is\n{}\n\n\
         Compare it with the line of `{}` in\n{}/SHA256SUMS\n",
        subject.marker(),
        subject.url(archive),
        archive.digest.hex(),
        archive.file,
        subject.downloads()
    );
    let relations = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\n  \
         <Relationship Type=\"http://schemas.microsoft.com/packaging/2010/07/manifest\" Target=\"/{}.nuspec\" Id=\"R0\" />\n\
         </Relationships>\n",
        xml(&id)
    );
    let nuspec_name = format!("{id}.nuspec");
    let files = [
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", relations.as_bytes()),
        (nuspec_name.as_str(), nuspec.as_bytes()),
        ("tools/VERIFICATION.txt", verification.as_bytes()),
        ("tools/chocolateyInstall.ps1", install.as_bytes()),
    ];
    let authors = settings.authors.iter().map(|authors| ("authors".to_owned(), authors.clone()));
    Some(Rendered {
        kind: ChannelKind::Chocolatey,
        repository: Some(host(settings)),
        path: format!("{id}.{version}.nupkg"),
        bytes: small_zip(&files).expect("memory can be written"),
        settings: authors.collect(),
    })
}

fn id(settings: &Chocolatey, name: &str) -> String {
    settings.id.clone().unwrap_or_else(|| name.to_lowercase())
}

fn host(settings: &Chocolatey) -> String {
    settings.feed.clone().unwrap_or_else(|| Feed::COMMUNITY.0.to_owned())
}

/// The place of a version, before it is built.
pub(super) fn place(settings: &Chocolatey, name: &str, version: &Version) -> ChannelPlace {
    let (host, id, version) = (host(settings), id(settings, name), version.to_string());
    let path = format!("{id}.{version}.nupkg");
    ChannelPlace {
        kind: ChannelKind::Chocolatey,
        home: Home::Feed(Feed { host, id, version }),
        paths: vec![path],
    }
}
