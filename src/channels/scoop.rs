//! A manifest for a Scoop bucket: <https://github.com/ScoopInstaller/Scoop/blob/master/schema.json>.

use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::{Serializer, Value, json};

use super::{Subject, binaries};
use floe_core::model::config::Scoop;
use floe_core::model::manifest::Artifact;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{Arch, ChannelKind, Manifest, Os, Rendered};
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
    architecture: Architecture<Download>,
    bin: Value,
    checkver: Value,
    autoupdate: AutoUpdate,
}

#[derive(Serialize)]
struct Architecture<T> {
    #[serde(rename = "64bit", skip_serializing_if = "Option::is_none")]
    x86_64: Option<T>,
    #[serde(rename = "32bit", skip_serializing_if = "Option::is_none")]
    x86: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arm64: Option<T>,
}

#[derive(Serialize)]
struct Download {
    url: String,
    hash: String,
    extract_dir: String,
}

#[derive(Serialize)]
struct AutoUpdate {
    architecture: Architecture<Value>,
    hash: Value,
}

/// Renders the manifest; `None` if there is no archive for Windows.
pub(super) fn render(subject: &Subject<'_>, settings: &Scoop) -> Option<Rendered> {
    let Manifest { name, version, tag, .. } = subject.manifest;
    let repository = &subject.repository;
    let archives = Architecture {
        x86_64: subject.archive(Os::Windows, Arch::X86_64),
        x86: subject.archive(Os::Windows, Arch::X86),
        arm64: subject.archive(Os::Windows, Arch::Aarch64),
    };
    let first = archives.x86_64.or(archives.x86).or(archives.arm64)?;
    let mut programs: Vec<Value> = binaries(name, first).into_iter().map(Value::from).collect();
    let bin = match programs.len() {
        1 => programs.remove(0),
        _ => Value::Array(programs),
    };
    let checkver = match tag.prefix() {
        "" => json!({ "github": repository }),
        // GitHub's latest release may be another package's.
        prefix => json!({
            "url": format!("{repository}/releases"),
            "regex": format!("/releases/tag/{}v([\\d.]+)\"", prefix.replace('.', "\\.").replace('/', "(?:/|%2F)")),
        }),
    };
    let download = |artifact: &Artifact| Download {
        url: subject.url(artifact),
        hash: artifact.digest.hex(),
        extract_dir: artifact.target.top_folder(name),
    };
    let next = |artifact: &Artifact| {
        // The version is in the tag alone.
        let tag = format!("{}v$version", tag.prefix());
        json!({ "url": format!("{repository}/releases/download/{tag}/{}", artifact.file) })
    };
    let app = App {
        marker: subject.marker(),
        version: version.to_string(),
        description: &subject.description,
        homepage: &subject.homepage,
        license: subject.license,
        architecture: Architecture {
            x86_64: archives.x86_64.map(download),
            x86: archives.x86.map(download),
            arm64: archives.arm64.map(download),
        },
        bin,
        checkver,
        autoupdate: AutoUpdate {
            architecture: Architecture {
                x86_64: archives.x86_64.map(next),
                x86: archives.x86.map(next),
                arm64: archives.arm64.map(next),
            },
            hash: json!({ "url": format!("$baseurl/{CHECKSUMS}") }),
        },
    };
    Some(Rendered {
        kind: ChannelKind::Scoop,
        repository: Some(settings.bucket.to_string()),
        path: path(settings, name),
        bytes: json_of(&app).into_bytes(),
        settings: Default::default(),
    })
}

/// The path of a project's manifest in the bucket.
pub(super) fn path(settings: &Scoop, name: &str) -> String {
    format!("bucket/{}.json", settings.manifest.as_deref().unwrap_or(name))
}

/// Indented as Scoop's own tools do it.
fn json_of(app: &App<'_>) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"    "));
    app.serialize(&mut serializer).expect("a manifest has only string keys");
    let json = String::from_utf8_lossy(&bytes);
    format!("{}\n", text::json(&json))
}
