//! `floe init`: adds the files of a release to a project, after showing them, all or none.
//!
//! It replaces text that floe did not write only with `--force`, and only if git has it. It asks the network one question:
//! which commit the tag names by which a new workflow would call floe.

mod check;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use diffy::DiffOptions;

use super::package::contents;
use crate::cli::{InitArgs, RemoteArgs};
use crate::environment::variable;
use crate::error::{Exit, Failure, failures, in_one_line, usage};
use crate::files;
use crate::files::transaction::{self, Change, read};
use crate::project::cargo::{self, Project};
use crate::project::git::{self, FileStatus};
use crate::project::init::template::Floe;
use crate::project::init::{self, FoundProject, Git, ManagedFile, RELEASE, State, WORKFLOWS, advice};
use crate::project::package::Gated;
use crate::project::repository;
use crate::release::{inputs, names, session};
use crate::report::{Report, Verbosity};

/// Runs the command. Foreign files in the way are a conflict (exit code 4), drift is a problem (3).
pub fn init(args: InitArgs, report: &Report) -> anyhow::Result<()> {
    let mut project = cargo::load(args.project.manifest_path.as_deref(), args.project.package.as_deref())?;
    if !args.targets.is_empty() {
        let manifest = project.manifest_path.display();
        let refused = || usage(format!("`{manifest}` already lists its targets: change them there"));
        ensure!(!project.is_configured, refused());
        project.config.targets.clone_from(&args.targets);
    }
    let git_root = git::root(&project.workspace_root)?;
    let root = &git_root.clone().unwrap_or_else(|| project.workspace_root.clone());
    let mut found = look(project, root, git_root.is_some())?;
    let mut floe = floe(&args, &found)?;
    let mut files = init::files(&found, &floe)?;
    let Project { name, version, .. } = &found.project;
    report.step("Project", format!("{name} {version} in {}", root.display()));
    let mut unpinned = None;
    if !args.check && floe.is_called_by_tag() && writes(&files, &args, &floe.call()) {
        unpinned = pin(&mut floe, report)?;
        files = init::files(&found, &floe)?;
    }
    if args.check {
        let steps = advice::steps(&found).into_iter();
        let steps = steps.map(|(step, why)| format!("to do before a release: `{step}` ({why})"));
        let warnings = steps.chain(obstacles(&found, &floe)).collect();
        return check::check(&files, warnings, &floe, args.json, report);
    }
    refuse_placeholder(&files, &floe)?;
    refuse_foreign(&files, args.force)?;
    let written: Vec<&ManagedFile> = files.iter().filter(|file| is_written(file, &args)).collect();
    let changes = changes(&written, root, found.git.is_some())?;
    found.workflows.retain(|path, _| !written.iter().any(|file| file.path == *path));
    let drifted = files.iter().filter(|file| !written.contains(file)).filter_map(ManagedFile::drift_line);
    let warnings: Vec<String> = drifted.chain(unpinned).chain(obstacles(&found, &floe)).collect();
    let warn = || warnings.iter().for_each(|warning| report.warn(warning));
    if report.is_strict() {
        warn();
        report.refuse_warnings()?;
    }
    for file in &written {
        report.diff(&unified(file));
    }
    if !changes.is_empty() {
        confirm(changes.len(), args.yes, report)?;
        transaction::write(&changes)?;
    }
    for file in &written {
        report.step(if file.old.is_none() { "Wrote" } else { "Changed" }, &file.path);
    }
    if written.is_empty() {
        report.step("Unchanged", paths(&files));
    }
    warn();
    report.line(next_steps(&found, &args));
    Ok(())
}

/// The obstacles to a release, each with a fix.
fn obstacles(found: &FoundProject, floe: &Floe) -> Vec<String> {
    let project = &found.project;
    let origin = || found.git.as_ref()?.origin.as_ref();
    // The addresses that `floe plan` takes where it has no options for them.
    let remote = RemoteArgs {
        server_url: variable("GITHUB_SERVER_URL"),
        api_url: variable("GITHUB_API_URL"),
        ..RemoteArgs::default()
    };
    let site = session::known_site(&remote);
    let elsewhere = repository::outside_cargo(None, &project.root, site.as_deref()).err();
    let of_project = [
        elsewhere.iter().map(|error| format!("`floe plan` would fail: {}", in_one_line(error))).collect(),
        project.gated.iter().map(Gated::line).collect(),
        names::obstacles(project, found.repository.as_ref().or_else(origin)),
        contents::problems(project),
    ];
    let of_floe = newer_floe(floe).into_iter().chain(init::immovable(found, floe));
    let advice = advice::about(found).into_iter().chain(missing_notes(project));
    advice.chain(of_project.into_iter().flatten()).chain(of_floe).collect()
}

/// Reads what decides which files are written and which obstacles a release would meet.
fn look(project: Project, root: &Path, has_git: bool) -> anyhow::Result<FoundProject> {
    let Project { workspace_root: workspace, manifest_path, .. } = &project;
    let lock = workspace.join("Cargo.lock");
    let needed = [&below(root, &lock)?, "flake.nix", "flake.lock", RELEASE];
    let is_tracked = |path: &Path| git::file_status(path).map(|status| status != FileStatus::Untracked);
    let git = || -> anyhow::Result<Git> {
        Ok(Git {
            origin: git::origin(root)?.map(|origin| origin.repo),
            tags: git::tags(root)?,
            is_tracked: is_tracked(manifest_path)? && is_tracked(&lock)?,
            ignored: git::ignored(root, &needed)?,
        })
    };
    let changelog = below(root, &workspace.join("CHANGELOG.md"))?;
    let has_no_changelog = project.changelog()?.is_none();
    Ok(FoundProject {
        folder: below(root, workspace)?,
        manifest: (below(root, manifest_path)?, read(manifest_path)?.unwrap_or_default()),
        has_lock: lock.is_file(),
        repository: project.repository.as_deref().and_then(repository::on_github),
        git: has_git.then(git).transpose()?,
        flake: read(&root.join("flake.nix"))?,
        flake_lock: read(&root.join("flake.lock"))?,
        workflows: workflows(root)?,
        new_changelog: Some(changelog).filter(|_| has_no_changelog),
        project,
    })
}

fn workflows(root: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let (folder, mut workflows) = (root.join(WORKFLOWS), BTreeMap::new());
    let entries = if folder.is_dir() { files::entries(&folder)? } else { Vec::new() };
    let is_workflow =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
    for path in entries.into_iter().filter(is_workflow) {
        let (name, text) = (below(root, &path)?, read(&path));
        // A file has to be readable if it may be written.
        let text = if init::is_release(&name) { text? } else { text.unwrap_or_default() };
        workflows.extend(text.map(|text| (name, text)));
    }
    Ok(workflows)
}

/// A path relative to the root, with slashes.
fn below(root: &Path, path: &Path) -> anyhow::Result<String> {
    let path = path
        .strip_prefix(root)
        .with_context(|| format!("`{}` is not below `{}`", path.display(), root.display()))?;
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    Ok(parts.join("/"))
}

/// The floe to call: by the given commit, else by the one that `flake.lock` pins for its version.
fn floe(args: &InitArgs, found: &FoundProject) -> anyhow::Result<Floe> {
    let floe = match &args.floe_url {
        None => Floe::own()?,
        Some(url) => Floe::at(url)
            .map_err(|text| usage(text).hint(format!("name a version of floe, as in {}", check::FLOE_URL)))?,
    };
    let locked = || floe.locked(found.flake_lock.as_deref()?);
    let commit = args.pin.clone().or_else(locked);
    Ok(Floe { commit, ..floe })
}

fn is_written(file: &ManagedFile, args: &InitArgs) -> bool {
    file.new.is_some() && (args.force || !file.needs_force())
}

/// Whether one of the files that are written has this text.
fn writes(files: &[ManagedFile], args: &InitArgs, text: &str) -> bool {
    let mut written = files.iter().filter(|file| is_written(file, args));
    written.any(|file| file.new.as_ref().is_some_and(|new| new.contains(text)))
}

/// Pins that floe to the commit that its tag names at its remote. If the remote cannot be asked, the warning says that the
/// tag is called instead.
fn pin(floe: &mut Floe, report: &Report) -> anyhow::Result<Option<String>> {
    let (remote, tag) = (floe.remote(), &floe.reference);
    report.step("Asking", format!("{remote} for the commit of {tag}"));
    match git::remote_tag(&remote, tag) {
        Ok(Some(commit)) => {
            floe.commit = Some(commit);
            Ok(None)
        }
        Ok(None) => Err(usage(format!("`{remote}` has no tag `{tag}`"))
            .state("nothing was written")
            .hint("name a tag, a branch or a commit that it has with `floe init --floe-url`")
            .into()),
        Err(error) => {
            let line = failures(&error).flat_map(|failure| &failure.details).next();
            let reason = line.cloned().unwrap_or_else(|| in_one_line(&error));
            Ok(Some(format!(
                "the workflow calls floe by its tag, which can be moved, because git cannot ask `{remote}` for the \
                 commit: {reason}; run `floe init` again after `nix flake lock`, or give `--pin COMMIT`"
            )))
        }
    }
}

/// These templates may ask a newer floe for something else than it has.
fn newer_floe(floe: &Floe) -> Option<String> {
    let (own, named) = (env!("CARGO_PKG_VERSION"), &floe.version);
    let is_newer = own.parse().is_ok_and(|own: semver::Version| *named > own);
    is_newer.then(|| {
        format!("`--floe-url` names floe {named}, but this is floe {own}: run `floe init` of that version")
    })
}

/// A floe without an address writes no file that calls it.
fn refuse_placeholder(files: &[ManagedFile], floe: &Floe) -> anyhow::Result<()> {
    let calls = files.iter().filter(|file| !floe.has_address() && file.calls(floe));
    usage("this floe does not know where it is published")
        .state("nothing was written")
        .hint(format!("say where with {}", check::FLOE_URL))
        .if_any(calls.map(|file| {
            format!("`{}` would call floe at `{}`, which is a placeholder", file.path, floe.repo)
        }))
}

fn refuse_foreign(files: &[ManagedFile], force: bool) -> anyhow::Result<()> {
    let foreign: Vec<&ManagedFile> = files.iter().filter(|file| file.state == State::Foreign).collect();
    if force || foreign.is_empty() {
        return Ok(());
    }
    let text = match foreign.len() {
        1 => "a file is in the way".to_owned(),
        count => format!("{count} files are in the way"),
    };
    Err(Failure::new(text)
        .details(foreign.iter().flat_map(|file| check::lines(file)))
        .state("nothing was written")
        .hint(check::hint(&foreign))
        .exit(Exit::Conflicts)
        .into())
}

/// The files to write, unless that would lose text or write outside of the repository.
fn changes(files: &[&ManagedFile], root: &Path, has_git: bool) -> anyhow::Result<Vec<Change>> {
    let change = |file: &&ManagedFile| {
        let (name, path) = (&file.path, root.join(&file.path));
        let refuse = |why: &str| {
            Failure::new(format!("`{name}` {why}")).state("nothing was written").exit(Exit::Conflicts)
        };
        if file.needs_force() && (!has_git || git::file_status(&path)? != FileStatus::Committed) {
            let hint = format!("commit it, or move it away: `git add :/{name} && git commit :/{name}`");
            bail!(refuse("has content that git has not committed").hint(hint));
        }
        let folder = path.ancestors().skip(1).find(|folder| folder.exists()).unwrap_or(root);
        if !files::is_inside(folder, root)? {
            let why = "leads out of the repository through a symbolic link";
            bail!(refuse(why).hint("replace the link with a folder"));
        }
        Ok(Change { path, old: file.old.clone(), new: file.new.clone().unwrap_or_default() })
    };
    files.iter().map(change).collect()
}

/// The change of a file in the format of `git apply`.
fn unified(file: &ManagedFile) -> String {
    let ManagedFile { path, new, old, .. } = file;
    let (mode, before) = match old {
        None => ("new file mode 100644\n", "/dev/null".to_owned()),
        Some(_) => ("", format!("a/{path}")),
    };
    let (old, new) = (old.as_deref().unwrap_or_default(), new.as_deref().unwrap_or_default());
    let mut options = DiffOptions::new();
    options.set_original_filename(before).set_modified_filename(format!("b/{path}"));
    let patch = options.create_patch(old, new);
    format!("diff --git a/{path} b/{path}\n{mode}{patch}")
}

fn confirm(count: usize, yes: bool, report: &Report) -> anyhow::Result<()> {
    let files = if count == 1 { "this file".to_owned() } else { format!("these {count} files") };
    let answer = if yes { Some(true) } else { report.ask(&format!("Write {files}?")) };
    match answer {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new("nothing was written").into()),
        None => Err(Failure::new("nothing was written, because there is no terminal to ask on")
            .hint(format!("write {files} with `floe init --yes`"))
            .into()),
    }
}

fn paths<'f>(files: impl IntoIterator<Item = &'f ManagedFile>) -> String {
    files.into_iter().map(|file| file.path.as_str()).collect::<Vec<_>>().join(", ")
}

/// A project that takes its notes from its changelog cannot be released without a section for the version.
fn missing_notes(project: &Project) -> Option<String> {
    // Its warning is no obstacle.
    let notes = inputs::notes(Some(project), None, &project.version, &Report::new(Verbosity::Quiet));
    notes.err().map(|error| in_one_line(&error))
}

/// The commands from the written files to a release, without those that the project does not need.
fn next_steps(found: &FoundProject, args: &InitArgs) -> String {
    let mut rehearse = "floe rehearse".to_owned();
    if let Some(path) = &args.project.manifest_path {
        rehearse.push_str(&format!(" --manifest-path {}", path.display()));
    }
    if let Some(package) = &args.project.package {
        rehearse.push_str(&format!(" --package {package}"));
    }
    let tag = advice::next_tag(found);
    let release = format!("git tag {tag} && git push origin {tag}");
    let mut steps = advice::steps(found);
    steps.push((&rehearse, "run the whole release on this machine; nothing is uploaded"));
    steps.push((&release, "release, after these files are committed and pushed"));
    let width = steps.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    let lines = steps.iter().map(|(command, why)| format!("\n  {command:width$}  {why}"));
    format!("\nNext steps:{}", lines.collect::<String>())
}
