//! `floe assemble`: dists and binaries of several machines become one dist that describes itself.
//!
//! Binaries are packed, all of it is verified, and only what was verified is copied. Nothing is sent.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::cli::{AssembleArgs, PackageArgs, ReleaseArgs};
use crate::commands::package::{self, Enforcement};
use crate::commands::verify;
use crate::error::{Failure, invalid, usage};
use crate::files;
use crate::files::scratch::Scratch;
use crate::project::cargo::{self, Project};
use crate::release::inputs::Inputs;
use crate::release::{assemble, dist, job_summary};
use crate::report::Report;
use floe_audit::Facts;
use floe_core::model::assembly::DESCRIPTION;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{
    self, ArchiveKind, Assembly, BinaryFacts, Builder, BuiltOn, Content, Record, Release, Schema, Target,
};
use floe_core::untrusted::files as untrusted;
use floe_core::verify::{Depth, Verified};

/// The file of subjects, beside the dist.
pub const SUBJECTS: &str = "subjects";
/// The file in which a leg names the environment of its machine.
const RUNNER: &str = "runner";
/// The largest such file, in bytes.
const RUNNER_LIMIT: u64 = 64;

/// Runs the command. It prints the digest of `SHA256SUMS` on stdout.
pub fn assemble(args: AssembleArgs, report: &Report) -> anyhow::Result<()> {
    let legs = legs(&args.release.dists)?;
    let built_on = built_on(&legs, args.inputs.as_deref())?;
    let signs =
        built_on.as_ref().and_then(|built_on| built_on.inputs.get("sign")).is_some_and(|sign| sign == "true");
    let inputs = Inputs::of_project(&args.release, built_on)?;
    let project = inputs.project.as_ref().ok_or_else(|| {
        usage("there is no project to assemble a release of").hint("run `floe assemble` in its folder")
    })?;
    cargo::tag(Some(project), args.release.source.tag.as_ref(), &project.version)?;
    let out = Scratch::inside(&args.out)?;
    let packed = pack(&legs, project, &args.release, &out.path().join("packed"), report)?;
    let dists: Vec<PathBuf> = legs.iter().flat_map(|leg| &leg.dists).chain(&packed).cloned().collect();
    let verified = dist::verify(dist::read(&dists, Depth::Whole)?, &inputs.expect)?;
    verify::read_binaries_again(&verified, report)?;
    if signs {
        check_signatures(&verified)?;
    }
    let release = inputs.release(verified, report)?;

    let whole = out.path().join("dist");
    copy(&release, &whole)?;
    assemble::write_rendered(&release, &whole)?;
    let described = model::to_json(&describe(&release, &inputs));
    let written = [
        ("dist/".to_owned() + DESCRIPTION, described),
        (CHECKSUMS.to_owned(), release.checksums()),
        (SUBJECTS.to_owned(), release.subjects()),
    ];
    for (name, text) in &written {
        fs::write(out.path().join(name), text).with_context(|| format!("failed to write `{name}`"))?;
    }
    if let Some(folder) = &packed {
        fs::remove_dir_all(folder).context("failed to remove a temporary folder")?;
    }
    report.refuse_warnings()?;
    out.keep()?;
    report.step(
        "Assembled",
        format!("{} {} in {}", release.manifest.name, release.manifest.version, args.out.display()),
    );
    job_summary::assembled(&release, &written, report);
    report.out(release.sums().to_string());
    Ok(())
}

/// The output of one machine: a leg of the build.
#[derive(Debug, PartialEq, Eq)]
struct Leg {
    name: String,
    dists: Vec<PathBuf>,
    native: Vec<PathBuf>,
    /// The environment of the machine, if it is named.
    runner: Option<String>,
}

/// The legs in the given folders.
fn legs(folders: &[PathBuf]) -> anyhow::Result<Vec<Leg>> {
    let mut legs = Vec::new();
    for folder in folders {
        if let Some(leg) = leg(folder)? {
            legs.push(leg);
            continue;
        }
        let mut below = files::entries(folder)?;
        below.retain(|path| path.is_dir());
        ensure!(!below.is_empty(), unknown(folder));
        for folder in below {
            legs.push(leg(&folder)?.ok_or_else(|| unknown(&folder))?);
        }
    }
    Ok(legs)
}

fn unknown(folder: &Path) -> Failure {
    usage(format!("`{}` is neither a dist, nor binaries, nor the output of a machine", folder.display()))
        .hint("a dist holds archives with their records, binaries are laid out as <triple>/<binary>, and the output of a machine holds dist/ or native/")
}

/// The leg that a folder is: one with `dist/` or `native/`, a dist, or folders of binaries.
fn leg(folder: &Path) -> anyhow::Result<Option<Leg>> {
    let below = |name: &str| Vec::from_iter(Some(folder.join(name)).filter(|path| path.is_dir()));
    let (mut dists, mut native) = (below("dist"), below("native"));
    if dists.is_empty() && native.is_empty() {
        let entries = files::entries(folder)?;
        let any = |is: fn(&str) -> bool| entries.iter().any(|path| is(&files::name_of(path)));
        if any(|name| ArchiveKind::of_file(name).is_some() || name == "oci-layout" || name == "image") {
            dists.push(folder.to_owned());
        } else if any(|name| name.parse::<Target>().is_ok()) {
            native.push(folder.to_owned());
        } else {
            return Ok(None);
        }
    }
    let runner = runner(&folder.join(RUNNER))?;
    Ok(Some(Leg { name: files::name_of(folder), dists, native, runner }))
}

/// The environment of a machine: one word, as GitHub's runners name it.
fn runner(path: &Path) -> anyhow::Result<Option<String>> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let read = || -> anyhow::Result<String> {
        let text = String::from_utf8(untrusted::read(untrusted::open_no_link(path)?, RUNNER_LIMIT)?)?;
        let word = text.trim();
        let is_word = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        anyhow::ensure!(is_word && !word.is_empty(), "it holds no word such as `github-hosted`");
        Ok(word.to_owned())
    };
    read().map(Some).with_context(|| format!("failed to read `{}`", path.display()))
}

/// Packs the binaries of all legs into a dist; `None` if there are none.
fn pack(
    legs: &[Leg],
    project: &Project,
    args: &ReleaseArgs,
    out: &Path,
    report: &Report,
) -> anyhow::Result<Option<PathBuf>> {
    let folders: Vec<PathBuf> = legs.iter().flat_map(|leg| leg.native.clone()).collect();
    if folders.is_empty() {
        return Ok(None);
    }
    let source = cargo::source(project, args.source.commit.as_ref(), args.source.epoch)?;
    let mut builds = package::find(&PackageArgs { folders, ..PackageArgs::default() }, project, report)?;
    package::find_crates(project, &mut builds, None)?;
    package::pack((project, &source), &builds, out, Enforcement::Deny, report)?;
    Ok(Some(out.to_owned()))
}

/// How it was built: the runner of each leg that names one, and the inputs. Unknown on a machine that is no runner.
fn built_on(legs: &[Leg], inputs: Option<&str>) -> anyhow::Result<Option<BuiltOn>> {
    let named = legs.iter().filter(|_| legs.iter().any(|leg| leg.runner.is_some()));
    let runner = |leg| Ok((leg_name(leg)?, leg.runner.clone().unwrap_or_else(|| "unknown".to_owned())));
    let runners = named.map(runner).collect::<anyhow::Result<_>>()?;
    let wrong = usage("`--inputs` is not a JSON object").hint("in a workflow: `${{ toJSON(inputs) }}`");
    let inputs = inputs.map(BuiltOn::inputs).transpose().map_err(|error| wrong.because(error))?;
    let built_on = BuiltOn { inputs: inputs.unwrap_or_default(), runners };
    Ok(Some(built_on).filter(BuiltOn::is_known))
}

/// A leg by what it built: the names of its targets.
fn leg_name(leg: &Leg) -> anyhow::Result<String> {
    // The folder of a target's binaries, or its archive.
    let target = |path: PathBuf| {
        let name = files::name_of(&path);
        let is_archive = |target: &Target| name.ends_with(&format!("-{target}.{}", target.archive));
        name.parse().ok().or_else(|| Target::all().find(is_archive))
    };
    let mut targets: Vec<Target> = Vec::new();
    for folder in leg.native.iter().chain(&leg.dists) {
        targets.extend(files::entries(folder)?.into_iter().filter_map(target));
    }
    targets.sort();
    let names: Vec<&str> = targets.iter().map(|target| target.name).collect();
    Ok(if names.is_empty() { leg.name.clone() } else { names.join(", ") })
}

/// Refuses programs without a signature where the workflow was told to sign: the action may do nothing and succeed.
fn check_signatures(verified: &Verified) -> anyhow::Result<()> {
    let records = verified.archives.iter().map(|(record, _)| record);
    let native = records.filter(|record| record.target.builder == Builder::Native);
    let binaries = native.flat_map(|record| record.binaries.iter().map(move |binary| (record, binary)));
    let unsigned = binaries.filter(|(_, binary)| binary.facts.as_ref().and_then(Facts::signer).is_none());
    let line = |(record, binary): (&Record, &BinaryFacts)| {
        format!("`{}` for {} has no signature with a certificate", binary.name, record.target.name)
    };
    invalid("the workflow signs, but not every program is signed")
        .hint("`.github/actions/sign` must sign each program in the folder `path`, or fail")
        .if_any(unsigned.map(line))
}

/// Copies the files of a verified release into a folder: archives with their records, further files, and the image.
fn copy(release: &Release, to: &Path) -> anyhow::Result<()> {
    let copy = |from: &Path, to: &Path| {
        let failed = || format!("failed to copy `{}` to `{}`", from.display(), to.display());
        fs::copy(from, to).map(drop).with_context(failed)
    };
    fs::create_dir_all(to).context("failed to make the dist")?;
    for asset in &release.assets {
        let Content::File(path) = &asset.content else { continue };
        copy(path, &to.join(&asset.name))?;
        if release.manifest.artifacts.iter().any(|artifact| artifact.file == asset.name) {
            let record = format!("{}.json", asset.name);
            copy(&path.with_file_name(&record), &to.join(&record))?;
        }
    }
    let Some(image) = &release.image else { return Ok(()) };
    let to = to.join("image");
    fs::create_dir_all(to.join("blobs/sha256")).context("failed to make the image's folder")?;
    let stored = image.blobs().into_iter().chain(image.manifests());
    let stored = stored.map(|blob| format!("blobs/sha256/{}", blob.digest.hex()));
    let mut names = stored.chain(["oci-layout", "index.json"].map(str::to_owned));
    names.try_for_each(|name| copy(&image.layout.join(&name), &to.join(&name)))
}

fn describe(release: &Release, inputs: &Inputs) -> Assembly {
    let expect = &inputs.expect;
    let platforms = release.image.iter().flat_map(|image| &image.platforms).map(|one| one.platform);
    Assembly {
        schema: Schema,
        name: release.manifest.name.clone(),
        version: release.manifest.version.clone(),
        destination: release.destination.clone(),
        binaries: expect.binaries.clone().unwrap_or_default(),
        targets: expect.targets.clone(),
        sbom: expect.sbom.unwrap_or(true),
        files: expect.files.clone(),
        platforms: platforms.collect(),
        programs: expect.programs.clone(),
        notes: release.notes.source.clone(),
        channels: inputs.channels(),
    }
}
