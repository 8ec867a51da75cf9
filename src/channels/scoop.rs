//! A manifest for a Scoop bucket: <https://github.com/ScoopInstaller/Scoop/blob/master/schema.json>.

use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::{Serializer, Value, json};

use super::{Subject, binaries, placed};
use floe_core::model::config::Scoop;
use floe_core::model::manifest::Artifact;
use floe_core::model::places::Home;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{Arch, ChannelKind, ChannelPlace, Manifest, Os, Rendered};
use floe_core::untrusted::text;

#[derive(Serialize)]
struct App<'a> {
    #[serde(rename = "##")]
    marker: String,
    version: String,
    description: &'a str,
    homepage: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<&'a str>,
    architecture: Ordered<Ordered<String>>,
    bin: Value,
    checkver: Value,
    autoupdate: AutoUpdate,
}

/// The names of the processors, in the order in which they are written.
const PROCESSORS: [(&str, Arch); 3] =
    [("64bit", Arch::X86_64), ("32bit", Arch::X86), ("arm64", Arch::Aarch64)];

/// An object that keeps the order of its keys.
struct Ordered<T>(Vec<(&'static str, T)>);

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Serialize)]
struct AutoUpdate {
    architecture: Ordered<Value>,
    hash: Value,
}

/// Renders the manifest; `None` if there is no archive for Windows.
pub(super) fn render(subject: &Subject<'_>, settings: &Scoop) -> Option<Rendered> {
    let Manifest { name, version, tag, .. } = subject.manifest;
    let repository = &subject.repository;
    let archives = subject.archives(Os::Windows, &PROCESSORS);
    let (_, first) = archives.first()?;
    let bin = match &binaries(name, first)[..] {
        [only] => json!(only),
        several => json!(several),
    };
    // The version is in the tag alone: `v`, `tool-v` or nothing is before it.
    let before = tag.as_str().strip_suffix(&version.to_string()).unwrap_or_default();
    let checkver = match tag.prefix() {
        "" => json!({ "github": repository }),
        // GitHub's latest release may be another package's.
        _ => json!({
            "url": format!("{repository}/releases"),
            "regex": format!("/releases/tag/{}([\\d.]+)\"", before.replace('.', "\\.").replace('/', "(?:/|%2F)")),
        }),
    };
    let download = |artifact: &Artifact| {
        let folder = artifact.target.top_folder(name);
        Ordered(vec![
            ("url", subject.url(artifact)),
            ("hash", artifact.digest.hex()),
            ("extract_dir", folder),
        ])
    };
    let downloads = format!("{repository}/releases/download/{before}$version");
    let next = |artifact: &Artifact| json!({ "url": format!("{downloads}/{}", artifact.file) });
    let app = App {
        marker: subject.marker(),
        version: version.to_string(),
        description: &subject.description,
        homepage: &subject.homepage,
        license: subject.license,
        architecture: Ordered(archives.iter().map(|(word, one)| (*word, download(one))).collect()),
        bin,
        checkver,
        autoupdate: AutoUpdate {
            architecture: Ordered(archives.iter().map(|(word, one)| (*word, next(one))).collect()),
            hash: json!({ "url": format!("$baseurl/{CHECKSUMS}") }),
        },
    };
    Some(placed(&place(settings, name), 0, json_of(&app), &[]))
}

/// The place of a project's manifest.
pub(super) fn place(settings: &Scoop, name: &str) -> ChannelPlace {
    let paths = vec![format!("bucket/{}.json", settings.manifest.as_deref().unwrap_or(name))];
    let home = Home::Repo(settings.bucket.clone());
    ChannelPlace { kind: ChannelKind::Scoop, home, paths, adopt: settings.adopt }
}

/// Indented as Scoop's own tools do it.
fn json_of(app: &App<'_>) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"    "));
    app.serialize(&mut serializer).expect("a manifest has only string keys");
    let json = String::from_utf8_lossy(&bytes);
    format!("{}\n", text::json(&json))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::channels::tests::{check, check_change, manifest, scoop};

    #[test]
    fn a_scoop_manifest_updates_itself_from_the_checksums() {
        check(
            &manifest(|_| ()),
            &scoop(),
            expect![[r###"
        scoop acme/scoop-bucket bucket/tool.json
        {
            "##": "Made by floe from the release manifest of tool 1.4.0.",
            "version": "1.4.0",
            "description": "A tool that turns \"this\" into that.",
            "homepage": "https://github.com/acme/tool",
            "license": "MIT OR Apache-2.0",
            "architecture": {
                "64bit": {
                    "url": "https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-pc-windows-msvc.zip",
                    "hash": "a68b4d748be9dc7e83d12dbc9d56e12d9401b26c65401cb09a77b6af460ab577",
                    "extract_dir": "tool-x86_64-pc-windows-msvc"
                }
            },
            "bin": "tool.exe",
            "checkver": {
                "github": "https://github.com/acme/tool"
            },
            "autoupdate": {
                "architecture": {
                    "64bit": {
                        "url": "https://github.com/acme/tool/releases/download/v$version/tool-x86_64-pc-windows-msvc.zip"
                    }
                },
                "hash": {
                    "url": "$baseurl/SHA256SUMS"
                }
            }
        }
    "###]],
        );
        check_change(
            |value| value["tag"] = "cli/v1.4.0".into(),
            &scoop(),
            expect![[r#"
        -            "url": "https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-pc-windows-msvc.zip",
        +            "url": "https://github.com/acme/tool/releases/download/cli/v1.4.0/tool-x86_64-pc-windows-msvc.zip",
        -        "github": "https://github.com/acme/tool"
        +        "regex": "/releases/tag/cli(?:/|%2F)v([\\d.]+)\"",
        +        "url": "https://github.com/acme/tool/releases"
        -                "url": "https://github.com/acme/tool/releases/download/v$version/tool-x86_64-pc-windows-msvc.zip"
        +                "url": "https://github.com/acme/tool/releases/download/cli/v$version/tool-x86_64-pc-windows-msvc.zip"
    "#]],
        );
        check_change(
            |value| value["tag"] = "1.4.0".into(),
            &scoop(),
            expect![[r#"
        -            "url": "https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-pc-windows-msvc.zip",
        +            "url": "https://github.com/acme/tool/releases/download/1.4.0/tool-x86_64-pc-windows-msvc.zip",
        -                "url": "https://github.com/acme/tool/releases/download/v$version/tool-x86_64-pc-windows-msvc.zip"
        +                "url": "https://github.com/acme/tool/releases/download/$version/tool-x86_64-pc-windows-msvc.zip"
    "#]],
        );
        check_change(
            |value| value["tag"] = "cli-1.4.0".into(),
            &scoop(),
            expect![[r#"
        -            "url": "https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-pc-windows-msvc.zip",
        +            "url": "https://github.com/acme/tool/releases/download/cli-1.4.0/tool-x86_64-pc-windows-msvc.zip",
        -        "github": "https://github.com/acme/tool"
        +        "regex": "/releases/tag/cli-([\\d.]+)\"",
        +        "url": "https://github.com/acme/tool/releases"
        -                "url": "https://github.com/acme/tool/releases/download/v$version/tool-x86_64-pc-windows-msvc.zip"
        +                "url": "https://github.com/acme/tool/releases/download/cli-$version/tool-x86_64-pc-windows-msvc.zip"
    "#]],
        );
    }
}
