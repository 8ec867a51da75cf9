//! A package for Chocolatey: a NuGet package, which is a ZIP file in the layout of OPC (ECMA-376, part 2), with a script that
//! downloads the archive and checks its digest.

use semver::Version;

use super::text::{fill, ps1, xml};
use super::{Subject, binaries, license, placed};
use crate::package::archive::small_zip;
use floe_core::model::config::Chocolatey;
use floe_core::model::places::{Feed, Home};
use floe_core::model::{Arch, ChannelKind, ChannelPlace, Manifest, Os, Rendered, Repo};

/// Renders the package; `None` if there is no archive for Windows.
pub(super) fn render(subject: &Subject<'_>, settings: &Chocolatey) -> Option<Rendered> {
    let Manifest { name, version, tag, .. } = subject.manifest;
    let archive = subject.archive(Os::Windows, Arch::X86_64)?;
    let id = id(settings, name);
    let owner = || Repo::from_url(&subject.repository).map(|repo| repo.owner().to_owned());
    let authors = settings.authors.clone().or_else(owner).unwrap_or_else(|| name.clone());
    let notes = format!("{}/releases/tag/{tag}", subject.repository);
    let license = subject.license.and_then(license::page);
    let license = license.map(|page| format!("\n    <licenseUrl>{}</licenseUrl>", xml(&page)));
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
    let relations = fill(include_str!("chocolatey.rels"), &values);
    let types = fill(include_str!("chocolatey.types.xml"), &[]);
    let programs: Vec<String> = binaries(name, archive).into_iter().map(ps1).collect();
    let values = [
        ("MARKER", subject.marker()),
        ("ID", ps1(&id)),
        ("ADDRESS", ps1(&subject.url(archive))),
        ("DIGEST", ps1(&archive.digest.hex())),
        ("PROGRAMS", programs.join(", ")),
    ];
    let install = fill(include_str!("chocolatey.ps1"), &values);
    let values = [
        ("MARKER", subject.marker()),
        ("ADDRESS", subject.url(archive)),
        ("DIGEST", archive.digest.hex()),
        ("FILE", archive.file.clone()),
        ("DOWNLOADS", subject.downloads()),
    ];
    let verification = fill(include_str!("chocolatey.txt"), &values);
    let nuspec_name = format!("{id}.nuspec");
    let files = [
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations.as_bytes()),
        (nuspec_name.as_str(), nuspec.as_bytes()),
        ("tools/VERIFICATION.txt", verification.as_bytes()),
        ("tools/chocolateyInstall.ps1", install.as_bytes()),
    ];
    let bytes = small_zip(&files).expect("memory can be written");
    Some(placed(&place(settings, name, version), 0, bytes, &[("authors", &settings.authors)]))
}

fn id(settings: &Chocolatey, name: &str) -> String {
    settings.id.clone().unwrap_or_else(|| name.to_lowercase())
}

/// The place of a version.
pub(super) fn place(settings: &Chocolatey, name: &str, version: &Version) -> ChannelPlace {
    let host = settings.feed.clone().unwrap_or_else(|| Feed::COMMUNITY.0.to_owned());
    let (id, version) = (id(settings, name), version.to_string());
    let paths = vec![format!("{id}.{version}.nupkg")];
    let home = Home::Feed(Feed { host, id, version });
    ChannelPlace { kind: ChannelKind::Chocolatey, home, paths, adopt: false }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::channels::tests::{all, manifest};
    use crate::channels::{Channels, render};

    #[test]
    fn a_package_for_chocolatey_has_the_same_bytes_every_time() {
        let channels = Channels { chocolatey: all().chocolatey, ..Channels::NONE };
        let [package] = &render(&manifest(|_| ()), &channels).unwrap()[..] else { panic!("one file") };
        assert_eq!(render(&manifest(|_| ()), &channels).unwrap()[0], *package);
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&package.bytes)).unwrap();
        let mut shown = format!("{} {}\n", package.entry.repository.as_deref().unwrap(), package.entry.path);
        for index in 0..zip.len() {
            let mut entry = zip.by_index(index).unwrap();
            shown.push_str(&format!("== {}\n", entry.name().unwrap()));
            std::io::Read::read_to_string(&mut entry, &mut shown).unwrap();
        }
        expect![[r#"
        push.chocolatey.org tool.1.4.0.nupkg
        == [Content_Types].xml
        <?xml version="1.0" encoding="utf-8"?>
        <Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
          <Default Extension="nuspec" ContentType="application/octet" />
          <Default Extension="ps1" ContentType="application/octet" />
          <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />
          <Default Extension="txt" ContentType="application/octet" />
        </Types>
        == _rels/.rels
        <?xml version="1.0" encoding="utf-8"?>
        <Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
          <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/tool.nuspec" Id="R0" />
        </Relationships>
        == tool.nuspec
        <?xml version="1.0" encoding="utf-8"?>
        <!-- Made by floe from the release manifest of tool 1.4.0. -->
        <package xmlns="http://schemas.microsoft.com/packaging/2015/06/nuspec.xsd">
          <metadata>
            <id>tool</id>
            <version>1.4.0</version>
            <title>tool</title>
            <authors>acme</authors>
            <projectUrl>https://github.com/acme/tool</projectUrl>
            <requireLicenseAcceptance>false</requireLicenseAcceptance>
            <projectSourceUrl>https://github.com/acme/tool</projectSourceUrl>
            <packageSourceUrl>https://github.com/acme/tool</packageSourceUrl>
            <bugTrackerUrl>https://github.com/acme/tool/issues</bugTrackerUrl>
            <releaseNotes>https://github.com/acme/tool/releases/tag/v1.4.0</releaseNotes>
            <summary>A tool that turns &quot;this&quot; into that.</summary>
            <description>A tool that turns &quot;this&quot; into that.</description>
            <tags>cli</tags>
          </metadata>
        </package>
        == tools/VERIFICATION.txt
        Made by floe from the release manifest of tool 1.4.0.

        The package holds no program. Its script downloads
        https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-pc-windows-msvc.zip
        and installs it only if its SHA-256 is
        a68b4d748be9dc7e83d12dbc9d56e12d9401b26c65401cb09a77b6af460ab577

        Compare it with the line of `tool-x86_64-pc-windows-msvc.zip` in
        https://github.com/acme/tool/releases/download/v1.4.0/SHA256SUMS
        == tools/chocolateyInstall.ps1
        # Made by floe from the release manifest of tool 1.4.0.
        $ErrorActionPreference = 'Stop'
        $tools = Split-Path -Parent $MyInvocation.MyCommand.Definition
        $arguments = @{
            PackageName    = 'tool'
            UnzipLocation  = $tools
            Url64bit       = 'https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-pc-windows-msvc.zip'
            Checksum64     = 'a68b4d748be9dc7e83d12dbc9d56e12d9401b26c65401cb09a77b6af460ab577'
            ChecksumType64 = 'sha256'
        }
        Install-ChocolateyZipPackage @arguments
        # Chocolatey makes a command of each program below this folder, and of no other with a file `.ignore` beside it.
        $programs = @('tool.exe')
        foreach ($program in Get-ChildItem -LiteralPath $tools -Filter '*.exe' -Recurse) {
            if ($programs -notcontains $program.Name) { Set-Content -LiteralPath "$($program.FullName).ignore" -Value '' }
        }
    "#]].assert_eq(&shown);
    }
}
