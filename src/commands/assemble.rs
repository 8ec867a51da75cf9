//! `floe assemble`: dists and binaries of several machines become one dist that describes itself.
//!
//! Binaries are packed, all of it is verified, and only what was verified is copied. Nothing is sent.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::{AssembleArgs, PackageArgs, ReleaseArgs};
use crate::commands::package::{self, Enforcement};
use crate::commands::verify;
use crate::error::{Exit, Failure, usage};
use crate::files::scratch::Scratch;
use crate::project::cargo::{self, Project};
use crate::release::inputs::Inputs;
use crate::release::{assemble, dist, job_summary};
use crate::report::Report;
use floe_audit::Facts;
use floe_core::model::assembly::DESCRIPTION;
use floe_core::model::release::CHECKSUMS;
use floe_core::model::{ArchiveKind, Assembly, Builder, BuiltOn, Content, Release, Schema, Target};
use floe_core::untrusted::files;
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
    let inputs = Inputs::of_project(&args.release)?.with_built_on(built_on);
    let project = inputs.project().ok_or_else(|| {
        usage("there is no project to assemble a release of").hint("run `floe assemble` in its folder")
    })?;
    cargo::check_tag(project, args.release.source.tag.as_ref())?;
    let out = Scratch::inside(&args.out)?;
    let packed = pack(&legs, project, &args.release, &out.path().join("packed"), report)?;
    let dists: Vec<PathBuf> = legs.iter().flat_map(|leg| &leg.dists).chain(&packed).cloned().collect();
    let verified = dist::verify(dist::read(&dists, Depth::Whole)?, inputs.expect())?;
    verify::read_binaries_again(&verified, report)?;
    if signs {
        check_signatures(&verified)?;
    }
    let release = inputs.release(verified, report)?;

    let whole = out.path().join("dist");
    copy(&release, &whole)?;
    assemble::write_rendered(&release, &whole)?;
    let described = describe(&release, &inputs).to_json();
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
    report.step("Assembled", format!("{} {} in {}", release.name, release.version, args.out.display()));
    job_summary::assembled(&release, &written, report);
    report.out(release.sums().to_string());
    Ok(())
}

/// The output of one machine.
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
        if !folder.is_dir() {
            return Err(usage(format!("`{}` is not a folder", folder.display())).into());
        }
        if let Some(leg) = leg(folder)? {
            legs.push(leg);
            continue;
        }
        let before = legs.len();
        for folder in subfolders(folder)? {
            let found = leg(&folder)?.ok_or_else(|| unknown(&folder))?;
            legs.push(found);
        }
        if legs.len() == before {
            return Err(unknown(folder).into());
        }
    }
    Ok(legs)
}

fn unknown(folder: &Path) -> Failure {
    usage(format!("`{}` is neither a dist, nor binaries, nor a leg", folder.display()))
        .hint("a dist holds archives with their records, binaries are laid out as <triple>/<binary>, and a leg holds dist/ or native/")
}

/// The leg that a folder is: one with `dist/` or `native/`, a dist, or folders of binaries.
fn leg(folder: &Path) -> anyhow::Result<Option<Leg>> {
    let failed = || format!("failed to read `{}`", folder.display());
    let below = |name: &str| Some(folder.join(name)).filter(|path| path.is_dir());
    let (mut dists, mut native): (Vec<_>, Vec<_>) =
        (below("dist").into_iter().collect(), below("native").into_iter().collect());
    if dists.is_empty() && native.is_empty() {
        let names = fs::read_dir(folder).with_context(failed)?.map(|entry| Ok(entry?.file_name()));
        let names = names.collect::<std::io::Result<Vec<_>>>().with_context(failed)?;
        let any = |is: fn(&str) -> bool| names.iter().any(|name| is(&name.to_string_lossy()));
        if any(|name| ArchiveKind::of_file(name).is_some() || name == "oci-layout" || name == "image") {
            dists.push(folder.to_owned());
        } else if any(|name| name.parse::<Target>().is_ok()) {
            native.push(folder.to_owned());
        } else {
            return Ok(None);
        }
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Some(Leg { name, dists, native, runner: runner(&folder.join(RUNNER))? }))
}

fn subfolders(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
        let mut paths = paths.collect::<std::io::Result<Vec<_>>>()?;
        paths.retain(|path| path.is_dir());
        paths.sort();
        Ok(paths)
    };
    read().with_context(|| format!("failed to read `{}`", folder.display()))
}

/// The environment of a machine: one word, as GitHub's runners name it.
fn runner(path: &Path) -> anyhow::Result<Option<String>> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let read = || -> anyhow::Result<String> {
        let text = String::from_utf8(files::read(files::open_no_link(path)?, RUNNER_LIMIT)?)?;
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
    let origin = cargo::origin(project, args.source.commit.as_ref(), args.source.epoch)?;
    let (project_args, source) = (args.project.clone(), args.source.clone());
    let args = PackageArgs {
        folders,
        target: None,
        binary: Vec::new(),
        documents: None,
        trees: None,
        out: out.to_owned(),
        project: project_args,
        source,
    };
    let mut builds = package::find(&args, project, report)?;
    package::find_crates(project, &mut builds, None)?;
    package::pack((project, &origin), &builds, out, Enforcement::Deny, report)?;
    Ok(Some(out.to_owned()))
}

/// How it was built: the runner of each leg that names one, and the inputs. Unknown on a machine that is no runner.
fn built_on(legs: &[Leg], inputs: Option<&str>) -> anyhow::Result<Option<BuiltOn>> {
    let mut runners = BTreeMap::new();
    if legs.iter().any(|leg| leg.runner.is_some()) {
        for leg in legs {
            let runner = leg.runner.clone().unwrap_or_else(|| "unknown".to_owned());
            runners.insert(leg_name(leg)?, runner);
        }
    }
    let inputs = match inputs {
        Some(json) => BuiltOn::inputs(json).map_err(|error| {
            usage("`--inputs` is not a JSON object")
                .because(error)
                .hint("in a workflow: `${{ toJSON(inputs) }}`")
        })?,
        None => BTreeMap::new(),
    };
    let built_on = BuiltOn { inputs, runners };
    Ok(Some(built_on).filter(BuiltOn::is_known))
}

/// A leg by what it built: the names of its targets.
fn leg_name(leg: &Leg) -> anyhow::Result<String> {
    let mut targets = Vec::new();
    for folder in &leg.native {
        let of = |path: &PathBuf| path.file_name()?.to_str()?.parse::<Target>().ok();
        targets.extend(subfolders(folder)?.iter().filter_map(of));
    }
    for folder in &leg.dists {
        let names = fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let of = |name: String| {
            Target::all().find(|target| name.ends_with(&format!("-{target}.{}", target.archive())))
        };
        targets.extend(names.filter_map(of));
    }
    targets.sort();
    let names: Vec<&str> = targets.iter().map(|target: &Target| target.name()).collect();
    Ok(if names.is_empty() { leg.name.clone() } else { names.join(", ") })
}

/// Refuses programs without a signature where the workflow was told to sign: the action may do nothing and succeed.
fn check_signatures(verified: &Verified) -> anyhow::Result<()> {
    let records = verified.archives.iter().map(|(record, _)| record);
    let native = records.filter(|record| record.target.builder() == Builder::Native);
    let binaries = native.flat_map(|record| record.binaries.iter().map(move |binary| (record, binary)));
    let unsigned: Vec<String> = binaries
        .filter(|(_, binary)| binary.facts.as_ref().and_then(Facts::signer).is_none())
        .map(|(record, binary)| {
            format!("`{}` for {} has no signature with a certificate", binary.name, record.target.name())
        })
        .collect();
    if unsigned.is_empty() {
        return Ok(());
    }
    Err(Failure::new("the workflow signs, but not every program is signed")
        .details(unsigned)
        .hint("`.github/actions/sign` must sign each program in the folder `path`, or fail")
        .exit(Exit::Problems)
        .into())
}

/// Copies the files of a verified release into a folder: archives with their records, further files, and the image.
fn copy(release: &Release, to: &Path) -> anyhow::Result<()> {
    let copy = |from: &Path, to: &Path| {
        fs::copy(from, to).map(drop).with_context(|| format!("failed to copy `{}`", from.display()))
    };
    fs::create_dir_all(to).context("failed to make the dist")?;
    for asset in &release.assets {
        let Content::File(path) = &asset.content else { continue };
        copy(path, &to.join(&asset.name))?;
        let record = format!("{}.json", asset.name);
        let has_record = release.manifest.artifacts.iter().any(|artifact| artifact.file == asset.name);
        if has_record {
            copy(&path.with_file_name(&record), &to.join(&record))?;
        }
    }
    let Some(image) = &release.image else { return Ok(()) };
    let blobs = "blobs/sha256";
    fs::create_dir_all(to.join("image").join(blobs)).context("failed to make the image's folder")?;
    let stored = image.blobs().into_iter().chain(image.manifests());
    let stored = stored.map(|blob| format!("{blobs}/{}", blob.digest.hex()));
    for name in stored.chain(["oci-layout", "index.json"].map(str::to_owned)) {
        copy(&image.layout.join(&name), &to.join("image").join(&name))?;
    }
    Ok(())
}

fn describe(release: &Release, inputs: &Inputs) -> Assembly {
    let (destination, expect) = (&release.destination, inputs.expect());
    let platforms = release.image.iter().flat_map(|image| &image.platforms).map(|one| one.platform);
    Assembly {
        schema: Schema,
        name: release.name.clone(),
        version: release.version.clone(),
        repository: destination.repo.clone(),
        tag: destination.tag.clone(),
        commit: destination.commit.clone(),
        may_be_latest: destination.may_be_latest,
        binaries: expect.binaries.clone().unwrap_or_default(),
        targets: expect.targets.clone(),
        sbom: expect.sbom.unwrap_or(true),
        files: expect.files.clone(),
        image: destination.image.clone(),
        platforms: platforms.collect(),
        attach: destination.attach,
        programs: expect.programs.clone(),
        notes: release.notes.source.clone(),
        channels: inputs.channels(),
        built_on: destination.built_on.clone(),
    }
}
