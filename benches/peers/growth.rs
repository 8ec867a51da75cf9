//! Growth: how time and memory follow the number of files, the number of layers and the size of one file.
//!
//! Every point is floe alone, on servers of its own without any delay.

use std::fs;

use anyhow::Context as _;

use crate::image::publish;
use crate::material::{self, Dist, SOURCE};
use crate::measure::Spread;
use crate::proxy::Link;
use crate::rounds::{Look, Seen};
use crate::{Bench, Way, large, release, servers};

/// From this size on a point is measured once, in bytes.
const LARGE: u64 = 500_000_000;

/// The part of the table that one command makes.
struct Series {
    name: &'static str,
    points: Vec<Point>,
}

struct Point {
    at: String,
    seconds: f64,
    /// The most anonymous memory, in bytes.
    memory: u64,
}

/// Measures everything and prints a table.
///
/// # Errors
/// A run fails, or what it sent is not there.
pub fn rows(bench: &Bench) -> anyhow::Result<()> {
    let counts: &[u64] = if bench.quick { &[10, 30] } else { &[10, 100, 1000] };
    let layers: &[u64] = if bench.quick { &[1, 3] } else { &[1, 10, 100] };
    let sizes: &[u64] = if bench.quick {
        &[1_000_000, 3_000_000]
    } else {
        &[10_000_000, 100_000_000, 1_000_000_000, 4_000_000_000]
    };
    let mut all = vec![files(bench, counts)?, of_layers(bench, layers)?];
    all.extend(of_sizes(bench, sizes)?);
    table(bench, &all);
    Ok(())
}

/// A release of more and more files.
fn files(bench: &Bench, counts: &[u64]) -> anyhow::Result<Series> {
    let one = |count: &u64| {
        let folder = bench.folder.join(format!("growth-{count}"));
        // Two more are floe's own, and GitHub takes no more than a thousand.
        let files = material::files(&folder, *count - 2, 100_000)?;
        let point = point(bench, *count, 0, |look| {
            release::of_files(bench, look, (&folder, &files), Link::default())
        })?;
        fs::remove_dir_all(folder)?;
        Ok(point)
    };
    series("publishing files of 100 kB", counts.iter().map(one))
}

/// An image of more and more layers.
fn of_layers(bench: &Bench, counts: &[u64]) -> anyhow::Result<Series> {
    let one = |count: &u64| {
        let root = bench.folder.join("growth-layers");
        let dist =
            Dist::new(&root, &["x86_64-musl"], 1000)?.with_image(&["x86_64-musl"], *count, 3_000_000)?;
        let point = point(bench, *count, 0, |look| published(bench, look, &dist))?;
        fs::remove_dir_all(root)?;
        Ok(point)
    };
    series("publishing layers of 3 MB", counts.iter().map(one))
}

/// One file that gets larger and larger: as a binary that is packed, as a layer, and both published.
fn of_sizes(bench: &Bench, sizes: &[u64]) -> anyhow::Result<Vec<Series>> {
    // GitHub takes no asset of 2 GiB.
    let for_github = sizes.iter().filter(|size| **size < 1 << 31);
    let (mut packing, mut sending) = (Vec::new(), Vec::new());
    for size in for_github {
        let dist = Dist { root: bench.folder.join("growth-binary") };
        large::project(&dist.root, *size)?;
        packing.push(point(bench, *size, *size, |look| {
            // It may not be there yet.
            let _ = fs::remove_dir_all(dist.root.join("dist"));
            look.at(dist.floe(&["package", "native"]).args(SOURCE))
        }));
        sending.push(point(bench, *size, *size, |look| {
            release::of_dist(bench, look, &dist, Way::Verifying, Link::default())
        }));
        fs::remove_dir_all(&dist.root)?;
    }
    let (mut making, mut pushing) = (Vec::new(), Vec::new());
    for size in sizes {
        let dist = Dist::new(&bench.folder.join("growth-layer"), &["x86_64-musl"], 1000)?;
        let archives = dist.docker_archives(&["x86_64-musl"], 1, *size)?;
        making.push(point(bench, *size, *size, |look| {
            let _ = fs::remove_dir_all(dist.root.join("dist/image"));
            look.at(dist.floe(&["image", "--repo", servers::REPO]).args(SOURCE).args(&archives))
        }));
        archives.iter().try_for_each(fs::remove_file)?;
        pushing.push(point(bench, *size, *size, |look| published(bench, look, &dist)));
        fs::remove_dir_all(&dist.root)?;
    }
    Ok(vec![
        series("floe package", packing)?,
        series("floe publish, one archive", sending)?,
        series("floe image", making)?,
        series("floe publish, one layer", pushing)?,
    ])
}

/// `floe publish` of a dist with an image, to servers without delay.
fn published(bench: &Bench, look: Look, dist: &Dist) -> anyhow::Result<Seen> {
    let hub = servers::hub(&bench.storage.join("github"), &bench.certificates)?;
    let registry = servers::registry(&bench.storage.join("registry"), &bench.certificates)?;
    let seen = look.at(&mut publish(bench, dist, Way::Verifying, (&hub, registry.address))?)?;
    servers::check_image(&registry, &bench.certificates, &dist.image()?)?;
    Ok(seen)
}

fn point(
    bench: &Bench,
    at: u64,
    bytes: u64,
    run: impl Fn(Look) -> anyhow::Result<Seen>,
) -> anyhow::Result<Point> {
    bench.report.step("Running", format!("growth: {at}"));
    let memory = run(Look::Memory)?.usage().peak;
    let rounds = if bench.quick || bytes > LARGE { 1 } else { 3 };
    let times = (0..rounds).map(|_| Ok(run(Look::Time)?.took().time.as_secs_f64()));
    let times = times.collect::<anyhow::Result<Vec<f64>>>()?;
    let at = if bytes > 0 { format!("{} MB", bytes / 1_000_000) } else { at.to_string() };
    Ok(Point { at, seconds: Spread::of(times).median, memory })
}

fn series(
    name: &'static str,
    points: impl IntoIterator<Item = anyhow::Result<Point>>,
) -> anyhow::Result<Series> {
    Ok(Series { name, points: points.into_iter().collect::<Result<_, _>>().context(name)? })
}

fn table(bench: &Bench, all: &[Series]) {
    bench.report.out("\n### Growth\n\n| | how much | time | anonymous memory |\n|---|--:|--:|--:|");
    for series in all {
        for Point { at, seconds, memory } in &series.points {
            let memory = *memory as f64 / f64::from(1 << 20);
            bench.report.out(format!("| {} | {at} | {seconds:.2} s | {memory:.1} MiB |", series.name));
        }
    }
}
