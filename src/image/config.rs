//! The config of an image (OCI image-spec, config.md): the project's settings, else the docker archive's, else
//! defaults; and its annotations.
//!
//! An image that runs as root or whose config names a path in a Nix store is refused.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{ImageSpec, layer};
use crate::error::Failure;
use floe_core::model::image::{parse_port, parse_user};
use floe_core::model::{Digest, Platform};
use floe_core::oci::{Empty, Execution, History, ImageConfig, PROGRAMS, RootFs};
use floe_core::units;
use floe_core::untrusted::text;

/// The default user: `nonroot` of distroless images, as a number, because Kubernetes cannot tell whether a name is
/// root.
const DEFAULT_USER: &str = "65532:65532";

/// The default search path.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Paths below it exist on the build machine only.
const STORE: &str = "/nix/store";

/// The prefix of the pre-defined keys.
const PREFIX: &str = "org.opencontainers.image.";

/// The characters of a description that GitHub shows.
const DESCRIPTION_LIMIT: usize = 512;

/// The characters of a licence that GitHub shows.
const LICENSES_LIMIT: usize = 256;

/// The pre-defined keys that labels of the project cannot set, because floe knows their values.
const FACTS: [&str; 4] = ["version", "revision", "created", "ref.name"];

/// The config of a platform's image. `base` comes from its input.
pub fn image_config(
    spec: &ImageSpec,
    (platform, base): (Platform, &Execution),
    labels: &BTreeMap<String, String>,
    diff_ids: Vec<Digest>,
) -> anyhow::Result<ImageConfig> {
    let created = Some(created(spec.source.epoch)?);
    // The history of a docker archive is not kept: it names store paths, which differ between builds.
    let step = |_: &Digest| History {
        created: created.clone(),
        created_by: Some("floe image".to_owned()),
        empty_layer: false,
    };
    let history = diff_ids.iter().map(step).collect();
    let config = ImageConfig {
        architecture: platform.architecture().to_owned(),
        os: platform.os().to_owned(),
        variant: platform.variant().map(str::to_owned),
        config: Some(execution(spec, base, labels)?),
        rootfs: RootFs { kind: "layers".to_owned(), diff_ids },
        history,
        created,
    };
    let mut found = Vec::new();
    store_paths(&serde_json::to_value(&config)?, "", &mut found);
    if found.is_empty() {
        return Ok(config);
    }
    Err(Failure::new(format!("the config of the image names paths below `{STORE}`"))
        .details(found)
        .hint("copy what the image needs to plain paths, and start it by those: `config.Entrypoint = [ \"/bin/…\" ];`")
        .into())
}

/// Starts a binary.
pub fn of_binary(name: &str) -> Execution {
    Execution { entrypoint: Some(vec![format!("/bin/{name}")]), ..Execution::default() }
}

/// Describes, in a sentence each, the settings of a docker archive's config that floe's image does not take over.
pub fn lost(platform: Platform, base: &Execution) -> Vec<String> {
    let has_labels = base.labels.as_ref().is_some_and(|labels| !labels.is_empty());
    let labels =
        has_labels.then_some(("Labels", "; write them as `labels` under [package.metadata.floe.image]"));
    let is_set = |key: &&str| base.others.get(*key).is_some_and(|value| !value.is_null());
    let others = ["Healthcheck", "OnBuild", "Shell"].into_iter().filter(is_set);
    let all = labels.into_iter().chain(others.map(|key| (key, ", which OCI images do not have")));
    all.map(|(key, why)| format!("the image for {platform} lacks `{key}` of its docker archive{why}"))
        .collect()
}

fn execution(
    spec: &ImageSpec,
    base: &Execution,
    labels: &BTreeMap<String, String>,
) -> anyhow::Result<Execution> {
    let (entrypoint, cmd) = match &spec.settings.entrypoint {
        // As in docker: the arguments belonged to the replaced entrypoint.
        Some(entrypoint) => (filled(entrypoint), None),
        None => (base.entrypoint.as_deref().and_then(filled), base.cmd.as_deref().and_then(filled)),
    };
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let user =
        spec.settings.user.clone().or_else(|| text(&base.user)).unwrap_or_else(|| DEFAULT_USER.to_owned());
    let ports = match spec.settings.ports.as_slice() {
        [] => base.exposed_ports.clone().unwrap_or_default(),
        ports => ports.iter().map(|port| (port.clone(), Empty {})).collect(),
    };
    for port in ports.keys() {
        parse_port(port).map_err(|why| Failure::new(format!("the image cannot expose a port: {why}")))?;
    }
    let user =
        parse_user(&user).map_err(|why| Failure::new(format!("the image's user is invalid: {why}")))?;
    Ok(Execution {
        user: Some(user),
        exposed_ports: Some(ports).filter(|ports| !ports.is_empty()),
        env: Some(environment(spec, base)),
        entrypoint,
        cmd,
        volumes: base.volumes.clone().filter(|volumes| !volumes.is_empty()),
        working_dir: text(&base.working_dir),
        labels: Some(labels.clone()),
        stop_signal: text(&base.stop_signal),
        others: BTreeMap::new(),
    })
}

fn filled(list: &[String]) -> Option<Vec<String>> {
    Some(list.to_vec()).filter(|list| !list.is_empty())
}

fn environment(spec: &ImageSpec, base: &Execution) -> Vec<String> {
    let mut environment = base.env.clone().unwrap_or_default();
    if !environment.iter().any(|pair| pair.starts_with("PATH=")) {
        environment.insert(0, format!("PATH={PATH}"));
    }
    if spec.ca_certificates.is_some() {
        environment.retain(|pair| !pair.starts_with("SSL_CERT_FILE="));
        environment.push(format!("SSL_CERT_FILE=/{}", layer::CA_CERTIFICATES));
    }
    environment
}

/// Collects the strings of a document that contain a store path.
fn store_paths(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains(STORE) => {
            found.push(format!("`{place}` is `{}`", text::name(text)));
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                store_paths(value, &format!("{place}[{index}]"), found);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                if key.contains(STORE) {
                    found.push(format!("`{}` is a key", text::name(&place)));
                }
                store_paths(value, &place, found);
            }
        }
        _ => {}
    }
}

/// The annotations of a project's image (OCI image-spec, annotations.md: "Pre-Defined Annotation Keys"). One set serves as the
/// labels of the configs, which docker shows, and the annotations of manifests and index, which GitHub shows.
pub fn annotations(spec: &ImageSpec) -> anyhow::Result<BTreeMap<String, String>> {
    let texts = [
        ("title", Some(spec.title.clone())),
        ("description", spec.about.description.as_deref().map(shortened)),
        ("version", Some(spec.version.to_string())),
        ("revision", spec.source.commit.as_ref().map(ToString::to_string)),
        ("created", Some(created(spec.source.epoch)?)),
        ("source", Some(spec.repository.clone())),
        ("url", spec.about.homepage.clone()),
        ("documentation", spec.documentation.clone()),
        ("licenses", spec.about.license.clone()),
    ];
    let texts = texts.into_iter().map(|(key, text)| (format!("{PREFIX}{key}"), text.unwrap_or_default()));
    let programs = (PROGRAMS.to_owned(), spec.settings.programs.join(" "));
    let mut set: BTreeMap<String, String> =
        texts.chain([programs]).filter(|(_, text)| !text.is_empty()).collect();
    for (key, value) in &spec.settings.labels {
        ensure!(!key.trim().is_empty(), "a label has no name");
        if key == PROGRAMS || key.strip_prefix(PREFIX).is_some_and(|key| FACTS.contains(&key)) {
            return Err(Failure::new(format!("the label `{key}` cannot be set"))
                .hint("remove it from `labels` in `[package.metadata.floe.image]`; floe sets it itself")
                .into());
        }
        set.insert(key.clone(), value.clone());
    }
    let licenses = set.get(&format!("{PREFIX}licenses")).map_or(0, |text| text.chars().count());
    if licenses > LICENSES_LIMIT {
        let why = format!("the licence has {licenses} characters, but an image takes {LICENSES_LIMIT}");
        let hint = "set `license` in Cargo.toml to an SPDX expression, such as `MIT OR Apache-2.0`";
        return Err(Failure::new(why).hint(hint).into());
    }
    Ok(set)
}

/// The time in RFC 3339, as `created` has it in configs and annotations.
fn created(epoch: u64) -> anyhow::Result<String> {
    units::rfc3339(epoch)
        .with_context(|| format!("`{epoch}` is not a time in seconds since 1970 that files can have"))
}

fn shortened(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= DESCRIPTION_LIMIT {
        return text.to_owned();
    }
    text.chars().take(DESCRIPTION_LIMIT - 1).chain(['…']).collect()
}
