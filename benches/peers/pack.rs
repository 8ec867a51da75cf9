//! The rows of what floe does with no network: packing a binary, checking a dist, starting.
//!
//! The binary is real machine code, for noise says nothing about a compressor: a part of rustc's own library, which is
//! wherever this benchmark is built.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::Bench;
use crate::material::{Dist, FLOE, SOURCE, TAG};
use crate::measure::{self, Spread};
use crate::rounds::{Look, Runner, compare};

/// Runs the rows of packing and of checking.
///
/// # Errors
/// A run fails, or an archive does not unpack to what went into it.
pub fn rows(bench: &Bench) -> anyhow::Result<()> {
    let (_, bytes) = bench.size((1, 60_000_000), (1, 4_000_000));
    let dist = Dist::of_code(&bench.folder.join("code"), &code(bytes)?)?;
    let packed = dist.root.join("dist/tool-x86_64-unknown-linux-musl.tar.gz");
    let dist = &dist;
    let pack = move |program: &Path, look: Look| {
        // The record of an earlier run would be replaced; a user's first run finds none.
        let _ = fs::remove_dir_all(dist.root.join("dist"));
        look.at(dist.program(program, &["package", "native"]).args(SOURCE))
    };
    let tar = dist.root.join("tool.tar");
    let mut runners = Vec::new();
    for (name, program) in bench.builds(["floe package", "the other floe package"]) {
        runners.push(Runner::new(name, move |look| pack(program, look)));
    }
    pack(Path::new(FLOE), Look::Time)?;
    unpack(&packed, &tar)?;
    for (name, program, arguments) in PACKERS {
        if bench.has(program) {
            let tar = &tar;
            runners.push(Runner::new(name, move |look| {
                look.at(bench.program(program).args(arguments).arg(tar))
            }));
        }
    }
    let title = format!("Packing {} MB of machine code", bytes / 1_000_000);
    compare(bench, &title, runners)?;
    sizes(bench, &packed, &tar)?;
    check(bench, dist, &packed)
}

/// Other packers, with the tar file that is in floe's archive as their last argument; they leave it there.
const PACKERS: [(&str, &str, [&str; 3]); 2] =
    [("gzip -9", "gzip", ["-9", "--keep", "--force"]), ("pigz -9", "pigz", ["-9", "--keep", "--force"])];

fn sizes(bench: &Bench, packed: &Path, tar: &Path) -> anyhow::Result<()> {
    let own = fs::metadata(packed)?.len();
    bench.report.out(format!("\nfloe's archive has {own} bytes."));
    for (name, program, arguments) in PACKERS {
        if bench.has(program) {
            measure::run(bench.program(program).args(arguments).arg(tar))?;
            let size = fs::metadata(tar.with_extension("tar.gz"))?.len();
            bench
                .report
                .out(format!("`{name}` makes {size} bytes: floe ÷ it is {:.4}.", own as f64 / size as f64));
        }
    }
    Ok(())
}

/// Checking dists, beside the two programs that do a part of it.
fn check(bench: &Bench, code: &Dist, packed: &Path) -> anyhow::Result<()> {
    let run = |name: &'static str, program: &'static str, arguments: Vec<PathBuf>| {
        Runner::new(name, move |look: Look| look.at(bench.program(program).args(&arguments)))
    };
    let title = "Checking a dist: one archive of machine code";
    let verify = |dist, more: &'static [&str]| {
        bench.builds(["floe verify dist", "the other floe verify dist"]).map(move |(name, program)| {
            let arguments = [&["verify", "dist", "--tag", TAG], more].concat();
            Runner::new(name, move |look| look.at(&mut Dist::program(dist, program, &arguments)))
        })
    };
    let test = run("gzip --test", "gzip", vec!["--test".into(), packed.into()]);
    let sum = run("sha256sum", "sha256sum", vec![packed.into()]);
    compare(bench, title, verify(code, &["--no-image"]).chain([test, sum]).collect())?;

    let (layers, bytes) = bench.size((9, 100_000_000 / 3), (9, 1_000_000));
    let dist = Dist::new(&bench.folder.join("check"), &["x86_64-musl"], 1000)?;
    let dist = dist.with_image(&["x86_64-musl"], layers, bytes)?;
    let image = dist.image()?;
    let layers: Vec<PathBuf> = image.blobs().iter().map(|blob| image.blob_path(&blob.digest)).collect();
    let title =
        format!("Checking a dist: an image of {} MB in {} layers, of noise", 9 * bytes / 1_000_000, 9);
    let sum = run("sha256sum", "sha256sum", layers);
    compare(bench, &title, verify(&dist, &[]).chain([sum]).collect())
}

/// Starting: `--version` of floe and of the others, and a program that does nothing at all.
///
/// # Errors
/// One of them does not start.
pub fn start(bench: &Bench) -> anyhow::Result<()> {
    let floe = || {
        let mut command = Command::new(FLOE);
        command.arg("--version");
        command
    };
    let others = [
        ("true", ""),
        ("skopeo", "--version"),
        ("crane", "version"),
        ("oras", "version"),
        ("gh", "--version"),
    ];
    let others: Vec<_> = others.into_iter().filter(|(program, _)| bench.has(program)).collect();
    let mut took: Vec<Vec<f64>> = vec![Vec::new(); others.len() + 1];
    for _ in 0..if bench.quick { 20 } else { 200 } {
        took[0].push(measure::run(&mut floe())?.time.as_secs_f64());
        for (at, (program, argument)) in (1..).zip(&others) {
            let mut command = bench.program(program);
            command.args(Some(argument).filter(|argument| !argument.is_empty()));
            took[at].push(measure::run(&mut command)?.time.as_secs_f64());
        }
    }
    bench.report.out(format!("\n### Starting ({} rounds)\n", took[0].len()));
    bench.report.out("| | median | lowest | highest |\n|---|--:|--:|--:|");
    let names = std::iter::once("floe --version".to_owned())
        .chain(others.iter().map(|(program, argument)| format!("{program} {argument}").trim().to_owned()));
    for (name, times) in names.zip(&took) {
        let Spread { median, low, high } = Spread::of(times.iter().map(|time| time * 1000.0));
        bench.report.out(format!("| {name} | {median:.1} ms | {low:.1} ms | {high:.1} ms |"));
    }
    Ok(())
}

/// So many bytes of machine code.
fn code(bytes: u64) -> anyhow::Result<Vec<u8>> {
    let output =
        Command::new("rustc").args(["--print", "sysroot"]).output().context("failed to ask rustc")?;
    let library = PathBuf::from(String::from_utf8(output.stdout)?.trim()).join("lib");
    let entries = fs::read_dir(&library)?.collect::<Result<Vec<_>, _>>()?;
    let driver =
        entries.iter().find(|entry| entry.file_name().to_string_lossy().starts_with("librustc_driver-"));
    let driver = driver.with_context(|| format!("no librustc_driver is in `{}`", library.display()))?;
    let mut code = Vec::new();
    fs::File::open(driver.path())?.take(bytes).read_to_end(&mut code)?;
    ensure!(code.len() as u64 == bytes, "`{}` is smaller than {bytes} bytes", driver.path().display());
    Ok(code)
}

/// The tar file in an archive of floe's.
fn unpack(packed: &Path, tar: &Path) -> anyhow::Result<()> {
    let mut content = flate2::read::MultiGzDecoder::new(fs::File::open(packed)?);
    std::io::copy(&mut content, &mut fs::File::create(tar)?).context("an archive cannot be unpacked")?;
    Ok(())
}
