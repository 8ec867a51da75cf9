//! A package for winget, three files of YAML in the layout of version 1.12.0:
//! <https://github.com/microsoft/winget-cli/tree/master/schemas/JSON/manifests/v1.12.0>. Every scalar is a JSON string.

use std::collections::BTreeMap;

use semver::Version;

use super::text::{cut, json};
use super::{Subject, below_top};
use floe_core::model::config::Winget;
use floe_core::model::manifest::Artifact;
use floe_core::model::places::Submission;
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
    let archives: Vec<(&str, &Artifact)> = [("x64", Arch::X86_64), ("arm64", Arch::Aarch64)]
        .into_iter()
        .filter_map(|(word, arch)| Some((word, subject.archive(Os::Windows, arch)?)))
        .collect();
    let (Some(license), false) = (subject.license, archives.is_empty()) else { return Vec::new() };
    let id = &settings.id;
    let Some(fork) = fork(settings, Repo::from_url(&subject.repository).as_ref()) else { return Vec::new() };
    let fork = fork.to_string();
    let publisher = settings.publisher.as_deref().or(id.split('.').next()).unwrap_or(id);

    let file = |kind: &str, suffix: &str, body: &[String]| {
        let mut text = format!("# {}\n", subject.marker());
        let schema = format!("https://aka.ms/winget-manifest.{kind}.{LAYOUT}.schema.json");
        text.push_str(&format!("# yaml-language-server: $schema={schema}\n\n"));
        let head = [("PackageIdentifier", id.clone()), ("PackageVersion", version.to_string())];
        head.into_iter().for_each(|(key, value)| text.push_str(&pair(key, &value)));
        body.iter().for_each(|line| text.push_str(line));
        text.push_str(&pair("ManifestType", kind));
        text.push_str(&pair("ManifestVersion", LAYOUT));
        let publisher = settings.publisher.iter().map(|name| ("publisher".to_owned(), name.clone()));
        let fork = [(Submission::FORK.to_owned(), fork.clone())];
        Rendered {
            kind: ChannelKind::Winget,
            repository: Some(REPOSITORY.to_owned()),
            path: path(id, version, suffix),
            bytes: text.into_bytes(),
            settings: if suffix == ".installer" { publisher.chain(fork).collect() } else { BTreeMap::new() },
        }
    };

    let mut installer = vec![
        pair("InstallerType", "zip"),
        pair("NestedInstallerType", "portable"),
        pair("UpgradeBehavior", "uninstallPrevious"),
        "Installers:\n".to_owned(),
    ];
    for (word, archive) in archives {
        installer.push(format!("- {}", pair("Architecture", word)));
        installer.push("  NestedInstallerFiles:\n".to_owned());
        for binary in &archive.binaries {
            let path = format!(
                "{}\\{}",
                archive.target.top_folder(name),
                below_top(&binary.path).replace('/', "\\")
            );
            installer.push(format!("  - {}", pair("RelativeFilePath", &path)));
            // Another alias than the program's name does not exist where links are not allowed.
            installer.push(format!("    {}", pair("PortableCommandAlias", &binary.name)));
        }
        installer.push(format!("  {}", pair("InstallerUrl", &subject.url(archive))));
        installer.push(format!("  {}", pair("InstallerSha256", &archive.digest.hex().to_uppercase())));
    }
    let locale = [
        ("PackageLocale", LOCALE.to_owned()),
        ("Publisher", cut(publisher, DESCRIPTION).to_owned()),
        ("PackageName", name.clone()),
        ("PackageUrl", subject.homepage.clone()),
        ("License", cut(license, DESCRIPTION).to_owned()),
        ("ShortDescription", cut(&subject.description, DESCRIPTION).to_owned()),
        ("ReleaseNotesUrl", format!("{}/releases/tag/{tag}", subject.repository)),
    ];
    let locale: Vec<String> = locale.iter().map(|(key, value)| pair(key, value)).collect();
    vec![
        file("installer", ".installer", &installer),
        file("defaultLocale", &format!(".locale.{LOCALE}"), &locale),
        file("version", "", &[pair("DefaultLocale", LOCALE)]),
    ]
}

/// The path of a file.
fn path(id: &str, version: &Version, suffix: &str) -> String {
    let letter = id.chars().take(1).flat_map(char::to_lowercase).collect::<String>();
    format!("manifests/{letter}/{}/{version}/{id}{suffix}.yaml", id.replace('.', "/"))
}

/// The fork that pull requests come from: the project's owner has one of the same name.
fn fork(settings: &Winget, project: Option<&Repo>) -> Option<Repo> {
    let (_, name) = REPOSITORY.split_once('/')?;
    settings.fork.clone().or_else(|| format!("{}/{name}", project?.owner()).parse().ok())
}

/// The place of a version, before it is built.
pub(super) fn place(settings: &Winget, project: &Repo, version: &Version) -> Option<ChannelPlace> {
    let installer = Rendered {
        kind: ChannelKind::Winget,
        repository: Some(REPOSITORY.to_owned()),
        path: path(&settings.id, version, ".installer"),
        bytes: Vec::new(),
        settings: [(Submission::FORK.to_owned(), fork(settings, Some(project))?.to_string())].into(),
    };
    ChannelPlace::of(&[installer]).into_iter().next()
}

fn pair(key: &str, value: &str) -> String {
    format!("{key}: {}\n", json(value))
}
