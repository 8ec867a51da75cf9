//! The rows of the release: files uploaded to a GitHub over HTTPS, near and far, and a release with its image.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::material::{self, Dist, TAG};
use crate::proxy::Link;
use crate::rounds::{Look, Runner, Seen, compare};
use crate::servers::{self, REPO};
use crate::{Bench, Way, image};

/// Every target floe knows; a release holds one archive of each.
const TARGETS: [&str; 7] = [
    "x86_64-gnu",
    "x86_64-musl",
    "aarch64-gnu",
    "aarch64-musl",
    "x86_64-macos",
    "aarch64-macos",
    "x86_64-windows",
];
/// The files that floe adds to the archives of a release: its manifest and the checksums.
const MADE_BY_FLOE: usize = 2;

/// Runs the rows of the release alone.
///
/// # Errors
/// A run fails, or the release does not hold what was sent.
pub fn rows(bench: &Bench) -> anyhow::Result<()> {
    let (count, bytes) = bench.size((20, 10_000_000), (20, 500_000));
    let folder = bench.folder.join("files");
    let files = material::files(&folder, count, bytes)?;
    for (link, delay) in [(Link::default(), 0), (bench.far(), 50)] {
        let title = format!(
            "Release over HTTPS, {delay} ms: {count} files, {} MB together",
            count * bytes / 1_000_000
        );
        let floe = Runner::new("floe's publishing, by its library", |look| {
            of_files(bench, look, (&folder, &files), link)
        });
        compare(bench, &title, [vec![floe], peers(bench, &files, link)].into_iter().flatten().collect())?;
    }
    let dist = dist(bench, "release")?;
    let (files, megabytes) = (with_stand_ins(&dist)?, size(&dist)?);
    for (link, delay) in [(Link::default(), 0), (bench.far(), 50)] {
        let title = format!(
            "A dist's release over HTTPS, {delay} ms: {} files, {megabytes} MB together",
            files.len()
        );
        let dist = &dist;
        let floe = |way: Way| Runner::new(way.name(), move |look| of_dist(bench, look, dist, way, link));
        compare(
            bench,
            &title,
            bench.ways().into_iter().map(floe).chain(peers(bench, &files, link)).collect(),
        )?;
    }
    Ok(())
}

/// Runs the row of a release with its image: what floe is for.
///
/// # Errors
/// As [`rows`].
pub fn both(bench: &Bench) -> anyhow::Result<()> {
    let (layers, bytes) = bench.size((5, 30_000_000), (5, 1_000_000));
    let dist = dist(bench, "both")?.with_image(&["x86_64-musl", "aarch64-musl"], layers, bytes)?;
    let (archives, files, held) = (dist.archives()?, with_stand_ins(&dist)?, dist.image()?);
    let on_fresh = |sent: Sent<'_>, run: &dyn Fn(SocketAddr, SocketAddr) -> anyhow::Result<Seen>| {
        let hub = servers::hub(&bench.storage.join("github"), &bench.certificates)?;
        let registry = servers::registry(&bench.storage.join("registry"), &bench.certificates)?;
        let far_hub = servers::between(hub.secure, bench.far())?;
        let far_registry = servers::between(registry.address, bench.far())?;
        let seen = run(far_hub.address, far_registry.address)?;
        servers::check_image(&registry, &bench.certificates, &held)?;
        servers::check_release(&hub, sent.files, sent.others)?;
        anyhow::Ok(seen)
    };
    let publishing = |way: Way| {
        let (on_fresh, archives, dist) = (&on_fresh, &archives, &dist);
        Runner::new(way.name(), move |look| {
            let seen = on_fresh(Sent::by_floe(archives), &|hub, registry| {
                let mut command = publish(bench, dist, way, &[], hub)?;
                command.arg("--registry-url").arg(format!("https://{registry}"));
                look.at(&mut command)
            })?;
            seen.with_receipt(&way.receipt(dist))
        })
    };
    let mut peers: Vec<Runner<'_>> = bench.ways().into_iter().map(publishing).collect();
    if bench.has("skopeo") && bench.has("gh") {
        peers.push(Runner::new("skopeo copy, then gh release create", |look| {
            on_fresh(Sent::by_others(&files), &|hub, registry| {
                let pushed = look.at(&mut image::skopeo(bench, &dist, registry))?;
                Ok(pushed.then(look.at(&mut gh(bench, &files, hub))?))
            })
        }));
    }
    let (files, layers) = (size(&dist)?, held.size() / 1_000_000);
    let title = format!(
        "A release with its image of two platforms, 50 ms: {files} MB of files, {layers} MB of layers"
    );
    compare(bench, &title, peers)
}

/// How large the archives of a dist are together, in MB.
fn size(dist: &Dist) -> anyhow::Result<u64> {
    let sizes = dist
        .archives()?
        .iter()
        .map(|path| Ok(std::fs::metadata(path)?.len()))
        .collect::<std::io::Result<Vec<_>>>()?;
    Ok(sizes.iter().sum::<u64>() / 1_000_000)
}

/// The assets that a release must hold in the end.
#[derive(Clone, Copy)]
struct Sent<'a> {
    files: &'a [PathBuf],
    /// How many more files there are.
    others: usize,
}

impl<'a> Sent<'a> {
    fn by_floe(files: &'a [PathBuf]) -> Self {
        Sent { files, others: MADE_BY_FLOE }
    }

    fn by_others(files: &'a [PathBuf]) -> Self {
        Sent { files, others: 0 }
    }
}

fn dist(bench: &Bench, name: &str) -> anyhow::Result<Dist> {
    let (_, bytes) = bench.size((7, 200_000_000 / 7), (7, 1_000_000));
    Dist::new(&bench.folder.join(name), &TARGETS, bytes)
}

/// One release to a GitHub of its own; then it is looked at.
fn on_fresh_hub(
    bench: &Bench,
    link: Link,
    sent: Sent<'_>,
    run: impl Fn(SocketAddr) -> anyhow::Result<Seen>,
) -> anyhow::Result<Seen> {
    let hub = servers::hub(&bench.storage.join("github"), &bench.certificates)?;
    let between = servers::between(hub.secure, link)?;
    let seen = run(between.address)?;
    servers::check_release(&hub, sent.files, sent.others)?;
    Ok(seen)
}

/// Files of a folder, published by floe's library to a GitHub of its own.
///
/// # Errors
/// The run fails, or the release does not hold what was sent.
pub fn of_files(
    bench: &Bench,
    look: Look,
    (folder, files): (&Path, &[PathBuf]),
    link: Link,
) -> anyhow::Result<Seen> {
    let seen = on_fresh_hub(bench, link, Sent::by_floe(files), |hub| {
        let mut command = bench.this_program("floe-files");
        command.arg(folder).arg(format!("https://{hub}"));
        look.at(bench.with_secrets(&mut command))
    })?;
    seen.with_receipt(&folder.join("floe-receipt.json"))
}

/// A dist without an image, published by floe to a GitHub of its own.
///
/// # Errors
/// As [`of_files`].
pub fn of_dist(bench: &Bench, look: Look, dist: &Dist, way: Way, link: Link) -> anyhow::Result<Seen> {
    let seen = on_fresh_hub(bench, link, Sent::by_floe(&dist.archives()?), |hub| {
        look.at(&mut publish(bench, dist, way, &["--no-image"], hub)?)
    })?;
    seen.with_receipt(&way.receipt(dist))
}

/// GitHub's own client, as it is and kept from HTTP/2.
fn peers<'a>(bench: &'a Bench, files: &'a [PathBuf], link: Link) -> Vec<Runner<'a>> {
    if !bench.has("gh") {
        return Vec::new();
    }
    let run = move |http2: bool| {
        move |look: Look| {
            on_fresh_hub(bench, link, Sent::by_others(files), |hub| {
                let mut command = gh(bench, files, hub);
                if !http2 {
                    command.env("GODEBUG", "http2client=0");
                }
                look.at(&mut command)
            })
        }
    };
    vec![
        Runner::new("gh release create", run(true)),
        Runner::new("gh release create, HTTP/1.1 forced", run(false)),
    ]
}

/// The files of floe's release for somebody else: the archives themselves, and for the two that floe makes while it
/// publishes two of about their size.
fn with_stand_ins(dist: &Dist) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = dist.archives()?;
    for (name, size) in [("SHA256SUMS", 700), ("tool.json", 5000)] {
        let path = dist.root.join("stand-ins").join(name);
        std::fs::create_dir_all(dist.root.join("stand-ins"))?;
        std::fs::write(&path, vec![b'.'; size])?;
        files.push(path);
    }
    Ok(files)
}

/// `floe publish` to a GitHub.
fn publish(bench: &Bench, dist: &Dist, way: Way, more: &[&str], hub: SocketAddr) -> anyhow::Result<Command> {
    let mut command = way.command(bench, dist, more)?;
    command.arg("--api-url").arg(format!("https://{hub}"));
    Ok(command)
}

/// `gh release create`, which makes a draft, uploads five files at once, and publishes.
fn gh(bench: &Bench, files: &[PathBuf], hub: SocketAddr) -> Command {
    let mut command = bench.program("gh");
    command.args(["release", "create", TAG, "--title", TAG, "--notes", "It is measured."]);
    command.args(["--repo", &format!("{hub}/{REPO}")]).args(files);
    command.env("GH_ENTERPRISE_TOKEN", crate::servers::TOKEN);
    command.env("GH_CONFIG_DIR", bench.folder.join("gh")).env("GH_NO_UPDATE_NOTIFIER", "1");
    command.env("GH_PROMPT_DISABLED", "1");
    command
}
