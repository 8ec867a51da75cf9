//! The config of an image (OCI image-spec, config.md): the project's settings, else the docker archive's, else defaults.
//!
//! An image that runs as root or whose config names a path in a Nix store is refused.

use std::collections::BTreeMap;

use serde_json::Value;

use super::spec::{Empty, Execution, ImageConfig, RootFs};
use super::{ImageSpec, annotations, layer};
use crate::error::Failure;
use floe_core::model::image::{parse_port, parse_user};
use floe_core::model::{Digest, Platform};
use floe_core::untrusted::text;

/// The default user: `nonroot` of distroless images, as a number, because Kubernetes cannot tell whether a name is root.
const DEFAULT_USER: &str = "65532:65532";

/// The default search path.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Paths below it exist on the build machine only.
const STORE: &str = "/nix/store";

/// The config of a platform's image. `base` comes from its input.
pub fn image_config(
    spec: &ImageSpec,
    (platform, base): (Platform, &Execution),
    labels: &BTreeMap<String, String>,
    diff_ids: Vec<Digest>,
) -> anyhow::Result<ImageConfig> {
    let config = ImageConfig {
        created: Some(annotations::created(spec.epoch)?),
        architecture: platform.architecture().to_owned(),
        os: platform.os().to_owned(),
        config: Some(execution(spec, base, labels)?),
        rootfs: RootFs { kind: "layers".to_owned(), diff_ids },
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

fn execution(
    spec: &ImageSpec,
    base: &Execution,
    labels: &BTreeMap<String, String>,
) -> anyhow::Result<Execution> {
    let (entrypoint, cmd) = match &spec.entrypoint {
        // As in docker: the arguments belonged to the replaced entrypoint.
        Some(entrypoint) => (filled(entrypoint), None),
        None => (base.entrypoint.as_deref().and_then(filled), base.cmd.as_deref().and_then(filled)),
    };
    if entrypoint.is_none() && cmd.is_none() {
        return Err(Failure::new("the image has neither an entrypoint nor a command")
            .hint(
                "set `config.Entrypoint` in dockerTools, or `entrypoint` in `[package.metadata.floe.image]`",
            )
            .into());
    }
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let user = spec.user.clone().or_else(|| text(&base.user)).unwrap_or_else(|| DEFAULT_USER.to_owned());
    let ports = match spec.ports.as_slice() {
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
    })
}

fn filled(list: &[String]) -> Option<Vec<String>> {
    Some(list.to_vec()).filter(|list| !list.is_empty())
}

fn environment(spec: &ImageSpec, base: &Execution) -> Vec<String> {
    let mut environment = base.env.clone().unwrap_or_default();
    if !environment.iter().any(|pair| pair.starts_with("PATH=")) {
        environment.insert(0, PATH.to_owned());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::samples::image_spec;

    fn json(spec: &ImageSpec, base: &Execution) -> anyhow::Result<String> {
        let labels = [("a".to_owned(), "b".to_owned())].into();
        let config = image_config(spec, (Platform::LinuxArm64, base), &labels, vec![Digest::of(b"")])?;
        Ok(serde_json::to_string_pretty(&config)?)
    }

    fn refused(spec: &ImageSpec, base: &Execution) -> String {
        let error = json(spec, base).unwrap_err();
        let details = error.downcast_ref::<Failure>().map(|failure| failure.detail_lines().join("; "));
        format!("{error:#}: {}", details.unwrap_or_default())
    }

    #[test]
    fn a_binary_is_started_as_nonroot() {
        let spec = ImageSpec {
            ports: vec!["8080/tcp".to_owned()],
            ca_certificates: Some("certificates.pem".into()),
            ..image_spec()
        };
        expect_test::expect![[r#"
            {
              "created": "2001-09-09T01:46:40Z",
              "architecture": "arm64",
              "os": "linux",
              "config": {
                "User": "65532:65532",
                "ExposedPorts": {
                  "8080/tcp": {}
                },
                "Env": [
                  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                  "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"
                ],
                "Entrypoint": [
                  "/bin/floe"
                ],
                "Labels": {
                  "a": "b"
                }
              },
              "rootfs": {
                "type": "layers",
                "diff_ids": [
                  "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
                ]
              }
            }"#]]
        .assert_eq(&json(&spec, &of_binary("floe")).unwrap());
    }

    #[test]
    fn an_archive_keeps_what_the_project_does_not_override() {
        let base: Execution = serde_json::from_str(
            r#"{"Env": ["PATH=/bin", "A=1"], "Cmd": ["serve"], "Entrypoint": ["/bin/floe"], "WorkingDir": "/data",
                "ExposedPorts": {"53/udp": {}}, "User": "1000", "Labels": {"x": "y"}, "Volumes": null}"#,
        )
        .unwrap();
        let labels = BTreeMap::new();
        let kept = execution(&image_spec(), &base, &labels).unwrap();
        assert_eq!(kept.user.as_deref(), Some("1000"));
        assert_eq!(kept.env.unwrap(), ["PATH=/bin", "A=1"]);
        assert_eq!(
            (kept.entrypoint.unwrap(), kept.cmd.unwrap()),
            (vec!["/bin/floe".into()], vec!["serve".into()])
        );
        assert_eq!(kept.working_dir.as_deref(), Some("/data"));
        assert!(kept.exposed_ports.unwrap().contains_key("53/udp"));
        let spec = ImageSpec {
            entrypoint: Some(vec!["/bin/other".to_owned()]),
            ports: vec!["80".to_owned()],
            user: Some("7:7".to_owned()),
            ..image_spec()
        };
        let over = execution(&spec, &base, &labels).unwrap();
        assert_eq!((over.entrypoint.unwrap(), over.cmd), (vec!["/bin/other".to_owned()], None));
        assert_eq!(over.user.as_deref(), Some("7:7"));
        assert_eq!(over.exposed_ports.unwrap().into_keys().collect::<Vec<_>>(), ["80"]);
    }

    #[test]
    fn root_names_and_wrong_ports_are_refused() {
        for user in ["0", "root"] {
            let spec = ImageSpec { user: Some(user.to_owned()), ..image_spec() };
            assert!(refused(&spec, &of_binary("floe")).contains("the image's user is invalid"), "{user}");
        }
        let root = Execution { user: Some("0".to_owned()), ..of_binary("floe") };
        assert!(refused(&image_spec(), &root).contains("`0` is root"));
        let spec = ImageSpec { ports: vec!["80/icmp".to_owned()], ..image_spec() };
        assert!(refused(&spec, &of_binary("floe")).contains("cannot expose a port: `80/icmp`"));
        let nothing = Execution { cmd: Some(Vec::new()), ..Execution::default() };
        assert!(refused(&image_spec(), &nothing).contains("neither an entrypoint nor a command"));
    }

    #[test]
    fn store_paths_are_reported_with_their_place() {
        let base: Execution = serde_json::from_str(
            r#"{"Env": ["A=1", "LIBS=/nix/store/abc/lib"], "Entrypoint": ["/nix/store/abc/bin/floe"]}"#,
        )
        .unwrap();
        let told = refused(&image_spec(), &base);
        assert!(told.contains("`config.Env[2]` is `LIBS=/nix/store/abc/lib`"), "{told}");
        assert!(told.contains("`config.Entrypoint[0]` is `/nix/store/abc/bin/floe`"), "{told}");
    }
}
