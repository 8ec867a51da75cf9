//! A package for winget, three files of YAML in the layout of version 1.12.0:
//! <https://github.com/microsoft/winget-cli/tree/master/schemas/JSON/manifests/v1.12.0>. Every scalar is a JSON string.

use semver::Version;

use super::text::{cut, json};
use super::{Subject, below_top, placed};
use floe_core::model::config::Winget;
use floe_core::model::places::{Home, Submission};
use floe_core::model::{Arch, ChannelKind, ChannelPlace, Manifest, Os, Rendered, Repo};

/// The repository of all packages.
const REPOSITORY: &str = "microsoft/winget-pkgs";
const LAYOUT: &str = "1.12.0";
const LOCALE: &str = "en-US";
/// The longest `ShortDescription`, and the longest other texts.
const DESCRIPTION: usize = 256;

/// Renders the three files; none if there is no archive for Windows.
pub(super) fn render(subject: &Subject<'_>, settings: &Winget) -> Vec<Rendered> {
    let Manifest { name, version, tag, .. } = subject.manifest;
    let processors = [("x64", Arch::X86_64), ("arm64", Arch::Aarch64), ("x86", Arch::X86)];
    let archives = subject.archives(Os::Windows, &processors);
    let (Some(license), false) = (subject.license, archives.is_empty()) else { return Vec::new() };
    let project = Repo::from_url(&subject.repository);
    let Some(place) = place(settings, project.as_ref(), version) else { return Vec::new() };
    let id = &settings.id;
    let fork = place.writes().map(Repo::to_string);
    let publisher = settings.publisher.as_deref().or(id.split('.').next()).unwrap_or(id);
    // The schema takes no name of one letter.
    let [publisher, title] =
        [publisher, name].map(|text| if text.chars().nth(1).is_some() { text } else { id });

    let file = |at: usize, kind: &str, body: &str| {
        let head = pairs(&[("PackageIdentifier", id), ("PackageVersion", &version.to_string())]);
        let end = pairs(&[("ManifestType", kind), ("ManifestVersion", LAYOUT)]);
        let schema = format!("https://aka.ms/winget-manifest.{kind}.{LAYOUT}.schema.json");
        let marker = subject.marker();
        let text = format!("# {marker}\n# yaml-language-server: $schema={schema}\n\n{head}{body}{end}");
        let settings = [("publisher", &settings.publisher), (Submission::FORK, &fork)];
        placed(&place, at, text, if at == 0 { &settings } else { &[] })
    };

    let kind = [("InstallerType", "zip"), ("NestedInstallerType", "portable")];
    let mut installer = pairs(&kind) + &pairs(&[("UpgradeBehavior", "uninstallPrevious")]) + "Installers:\n";
    for (word, archive) in archives {
        installer += &format!("- {}  NestedInstallerFiles:\n", pairs(&[("Architecture", word)]));
        for binary in &archive.binaries {
            let inside = below_top(&binary.path).replace('/', "\\");
            let path = format!("{}\\{inside}", archive.target.top_folder(name));
            installer += &format!("  - {}", pairs(&[("RelativeFilePath", &path)]));
            // Another alias than the program's name does not exist where links are not allowed.
            installer += &format!("    {}", pairs(&[("PortableCommandAlias", &binary.name)]));
        }
        installer += &format!("  {}", pairs(&[("InstallerUrl", &subject.url(archive))]));
        installer += &format!("  {}", pairs(&[("InstallerSha256", &archive.digest.hex().to_uppercase())]));
    }
    let locale = pairs(&[
        ("PackageLocale", LOCALE),
        ("Publisher", cut(publisher, DESCRIPTION)),
        ("PackageName", title),
        ("PackageUrl", &subject.homepage),
        ("License", cut(license, DESCRIPTION)),
        ("ShortDescription", cut(&subject.description, DESCRIPTION)),
        ("ReleaseNotesUrl", &format!("{}/releases/tag/{tag}", subject.repository)),
    ]);
    vec![
        file(0, "installer", &installer),
        file(1, "defaultLocale", &locale),
        file(2, "version", &pairs(&[("DefaultLocale", LOCALE)])),
    ]
}

/// The place of a version. The fork is the one in the settings, or has the project's owner and upstream's name.
pub(super) fn place(settings: &Winget, project: Option<&Repo>, version: &Version) -> Option<ChannelPlace> {
    let upstream: Repo = REPOSITORY.parse().ok()?;
    let usual = || format!("{}/{}", project?.owner(), upstream.name()).parse().ok();
    let fork = settings.fork.clone().or_else(usual)?;
    let (id, version) = (settings.id.clone(), version.to_string());
    let letter = id.chars().take(1).flat_map(char::to_lowercase).collect::<String>();
    let folder = format!("manifests/{letter}/{}", id.replace('.', "/"));
    let files = [".installer", &format!(".locale.{LOCALE}"), ""];
    let paths = files.map(|file| format!("{folder}/{version}/{id}{file}.yaml")).into();
    let home = Home::Upstream(Submission { upstream, fork, id, folder, version });
    Some(ChannelPlace { kind: ChannelKind::Winget, home, paths, adopt: false })
}

fn pairs(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(key, value)| format!("{key}: {}\n", json(value))).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::Value;

    use crate::channels::tests::{all, check, manifest};
    use crate::channels::{Channels, render};
    use floe_core::model::config::Winget;

    fn winget() -> Channels {
        Channels { winget: all().winget, ..Channels::NONE }
    }

    #[test]
    fn a_package_for_winget_is_three_files() {
        check(
            &manifest(|_| ()),
            &winget(),
            expect![[r#"
        winget microsoft/winget-pkgs manifests/a/Acme/Tool/1.4.0/Acme.Tool.installer.yaml
        # Made by floe from the release manifest of tool 1.4.0.
        # yaml-language-server: $schema=https://aka.ms/winget-manifest.installer.1.12.0.schema.json

        PackageIdentifier: "Acme.Tool"
        PackageVersion: "1.4.0"
        InstallerType: "zip"
        NestedInstallerType: "portable"
        UpgradeBehavior: "uninstallPrevious"
        Installers:
        - Architecture: "x64"
          NestedInstallerFiles:
          - RelativeFilePath: "tool-x86_64-pc-windows-msvc\\tool.exe"
            PortableCommandAlias: "tool"
          InstallerUrl: "https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-pc-windows-msvc.zip"
          InstallerSha256: "A68B4D748BE9DC7E83D12DBC9D56E12D9401B26C65401CB09A77B6AF460AB577"
        ManifestType: "installer"
        ManifestVersion: "1.12.0"
        winget microsoft/winget-pkgs manifests/a/Acme/Tool/1.4.0/Acme.Tool.locale.en-US.yaml
        # Made by floe from the release manifest of tool 1.4.0.
        # yaml-language-server: $schema=https://aka.ms/winget-manifest.defaultLocale.1.12.0.schema.json

        PackageIdentifier: "Acme.Tool"
        PackageVersion: "1.4.0"
        PackageLocale: "en-US"
        Publisher: "Acme"
        PackageName: "tool"
        PackageUrl: "https://github.com/acme/tool"
        License: "MIT OR Apache-2.0"
        ShortDescription: "A tool that turns \"this\" into that."
        ReleaseNotesUrl: "https://github.com/acme/tool/releases/tag/v1.4.0"
        ManifestType: "defaultLocale"
        ManifestVersion: "1.12.0"
        winget microsoft/winget-pkgs manifests/a/Acme/Tool/1.4.0/Acme.Tool.yaml
        # Made by floe from the release manifest of tool 1.4.0.
        # yaml-language-server: $schema=https://aka.ms/winget-manifest.version.1.12.0.schema.json

        PackageIdentifier: "Acme.Tool"
        PackageVersion: "1.4.0"
        DefaultLocale: "en-US"
        ManifestType: "version"
        ManifestVersion: "1.12.0"
    "#]],
        );
        let short = manifest(|value| value["name"] = "r".into());
        let names = |id: &str| {
            let settings = Winget { id: id.to_owned(), publisher: None, fork: None };
            let files = render(&short, &Channels { winget: Some(settings), ..Channels::NONE }).unwrap();
            let text = String::from_utf8_lossy(&files[1].bytes).into_owned();
            let names = text
                .lines()
                .filter(|line| line.starts_with("Publisher:") || line.starts_with("PackageName:"));
            names.map(str::to_owned).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(names("Acme.R"), r#"Publisher: "Acme", PackageName: "Acme.R""#);
        assert_eq!(names("A.R"), r#"Publisher: "A.R", PackageName: "A.R""#);
        let unlicensed = manifest(|value| value["package"]["license"] = Value::Null);
        assert_eq!(render(&unlicensed, &winget()).unwrap_err(), ["`winget` needs a `license` in Cargo.toml"]);
    }
}
