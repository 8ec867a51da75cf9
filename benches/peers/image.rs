//! The rows of the image: one pushed to a registry over TLS, near and far, for the first time and again.
//!
//! floe publishes a whole release: one small archive goes to a GitHub without any delay beside it.

use std::net::SocketAddr;
use std::process::Command;

use floe_core::model::Image;

use crate::material::Dist;
use crate::proxy::Link;
use crate::rounds::{Look, Runner, Seen, compare};
use crate::servers::{self, Hub, REPO, Registry};
use crate::{Bench, Way};

/// Runs the rows.
///
/// # Errors
/// A run fails, or the image cannot be read back.
pub fn rows(bench: &Bench) -> anyhow::Result<()> {
    let (layers, bytes) = bench.size((9, 100_000_000 / 3), (9, 1_000_000));
    let dist = Dist::new(&bench.folder.join("image"), &["x86_64-musl"], 1000)?.with_image(
        &["x86_64-musl"],
        layers,
        bytes,
    )?;
    let image = dist.image()?;
    let total = layers * bytes / 1_000_000;
    let row = Row { bench, dist: &dist, image: &image, link: Link::default(), again: false };
    row.run(&format!("Image push over TLS, 0 ms: {total} MB in {layers} layers"))?;
    let far = Row { link: bench.far(), ..row };
    far.run(&format!("Image push over TLS, 50 ms: {total} MB in {layers} layers"))?;
    Row { again: true, ..far }.run("The same image again with nothing to do, 50 ms")?;
    let limited = Row { link: bench.limited(), ..far };
    limited.run("Image push over TLS, 50 ms, 100 MB/s shared, 4 MiB under way a connection")
}

/// A row under preparation.
#[derive(Clone, Copy)]
struct Row<'a> {
    bench: &'a Bench,
    dist: &'a Dist,
    image: &'a Image,
    link: Link,
    /// Whether what is measured is the second push.
    again: bool,
}

impl Row<'_> {
    fn run(&self, title: &str) -> anyhow::Result<()> {
        let publishing = |way: Way| {
            Runner::new(way.name(), move |look| {
                let hub = servers::hub(&self.bench.storage.join("github"), &self.bench.certificates)?;
                let run = |address| publish(self.bench, self.dist, way, (&hub, address));
                self.on_fresh_registry(look, run, Some(way))
            })
        };
        let mut peers: Vec<Runner<'_>> = self.bench.ways().into_iter().map(publishing).collect();
        for (name, program, command) in CLIENTS {
            let run = move |look| {
                self.on_fresh_registry(look, |address| Ok(command(self.bench, self.dist, address)), None)
            };
            if program.is_none_or(|program| self.bench.has(program)) {
                peers.push(Runner::new(name, run));
            }
        }
        compare(self.bench, title, peers)
    }

    /// One push, or the second one, to a registry of its own; then the image is read back.
    fn on_fresh_registry(
        &self,
        look: Look,
        command: impl Fn(SocketAddr) -> anyhow::Result<Command>,
        way: Option<Way>,
    ) -> anyhow::Result<Seen> {
        let registry: Registry =
            servers::registry(&self.bench.storage.join("registry"), &self.bench.certificates)?;
        let between = servers::between(registry.address, self.link)?;
        if self.again {
            crate::measure::run(&mut command(between.address)?)?;
        }
        let seen = look.at(&mut command(between.address)?)?;
        servers::check_image(&registry, &self.bench.certificates, self.image)?;
        way.map_or(Ok(seen), |way| seen.with_receipt(&way.receipt(self.dist)))
    }
}

/// `floe publish` to a GitHub without delay and to a registry.
///
/// # Errors
/// floe does not accept the dist.
pub fn publish(
    bench: &Bench,
    dist: &Dist,
    way: Way,
    (hub, registry): (&Hub, SocketAddr),
) -> anyhow::Result<Command> {
    let mut command = way.command(bench, dist, &[])?;
    command.arg("--api-url").arg(format!("http://{}", hub.plain));
    command.arg("--registry-url").arg(format!("https://{registry}"));
    Ok(command)
}

/// Makes the command of a client that pushes a dist's image to a registry.
pub type Client = fn(&Bench, &Dist, SocketAddr) -> Command;

/// The clients: name, program if it is somebody else's, command.
pub const CLIENTS: [(&str, Option<&str>, Client); 4] = [
    ("skopeo copy", Some("skopeo"), skopeo),
    ("oras cp", Some("oras"), oras),
    ("crane push", Some("crane"), crane),
    ("oci-client, monolithic, 6 at once", None, oci_client),
];

/// `skopeo copy`, all platforms, bytes as they are.
pub fn skopeo(bench: &Bench, dist: &Dist, registry: SocketAddr) -> Command {
    let mut command = bench.program("skopeo");
    command.args(["--insecure-policy", "copy", "--quiet", "--all", "--preserve-digests"]);
    command.arg(format!("oci:{}", dist.root.join("dist/image").display()));
    command.arg(format!("docker://{registry}/{REPO}:1.4.0"));
    command
}

fn oras(bench: &Bench, dist: &Dist, registry: SocketAddr) -> Command {
    let mut command = bench.program("oras");
    let digest = dist.image().map(|image| image.index.digest.to_string()).unwrap_or_default();
    command.args(["cp", "--no-tty", "--from-oci-layout"]);
    command.arg(format!("{}@{digest}", dist.root.join("dist/image").display()));
    command.arg(format!("{registry}/{REPO}:1.4.0"));
    command
}

fn crane(bench: &Bench, dist: &Dist, registry: SocketAddr) -> Command {
    let mut command = bench.program("crane");
    command.arg("push").arg(dist.root.join("dist/image")).arg(format!("{registry}/{REPO}:1.4.0"));
    command
}

fn oci_client(bench: &Bench, dist: &Dist, registry: SocketAddr) -> Command {
    let mut command = bench.this_program("oci-client");
    command.arg(dist.root.join("dist/image")).arg(format!("{registry}/{REPO}:1.4.0"));
    command
}
