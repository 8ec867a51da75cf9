//! `floe init`: the files of a release for a project that has none, shown before they are written, all or none.
//!
//! It never writes over what somebody else wrote, unless it is told to and git has it; it sends nothing anywhere.

use crate::cli::InitArgs;
use crate::error::{Exit, Failure, usage};
use crate::files::transaction::{self, Change};
use crate::project::cargo::{self, Project};
use crate::project::git::{self, FileStatus};
use crate::project::init::advice::{self, Advice};
use crate::project::init::diff::unified;
use crate::project::init::template::{self, Filling, Floe};
use crate::project::init::{self, Drift, File};
use crate::project::surroundings::{self, Around};
use crate::report::Report;

/// Runs the verb.
///
/// # Errors
/// Somebody else's files stand there (4), something has drifted (3), or it cannot look or write (1).
pub fn init(args: InitArgs, report: &Report) -> anyhow::Result<()> {
    let project = cargo::load(args.project.manifest_path.as_deref(), args.project.package.as_deref())?;
    if project.is_configured && !args.targets.is_empty() {
        let manifest = project.manifest_path.display();
        return Err(usage(format!("`{manifest}` says its targets itself: change them there")).into());
    }
    let around = surroundings::look(&project)?;
    let filling = filling(&project, &around, &args)?;
    let files = init::files(&around.found, &filling).map_err(|why| {
        Failure::new(format!("failed to put a table into `{}`", project.manifest_path.display())).because(why)
    })?;
    report.step("Project", format!("{} {} in {}", project.name, project.version, around.root.display()));
    if args.check {
        return check(&files, &filling, report);
    }
    refuse_foreign(&files, &filling, args.force)?;
    let changes = changes(&files, &around, args.force)?;
    let changed: Vec<&File> = files.iter().filter(|file| text(file, args.force).is_some()).collect();
    for file in &changed {
        report.diff(&unified(&file.path, file.old.as_deref(), text(file, args.force).unwrap_or_default()));
    }
    if !changes.is_empty() {
        confirm(changes.len(), args.yes, report)?;
        write(&changes, &project, &args)?;
    }
    tell(&files, &changed, report);
    for advice in told(&around, &changed, args.force) {
        report.warn(advice.to_string());
    }
    report.line(closing(&around, &args));
    Ok(())
}

fn filling(project: &Project, around: &Around, args: &InitArgs) -> anyhow::Result<Filling> {
    let targets = if args.targets.is_empty() { project.config.targets.clone() } else { args.targets.clone() };
    let named = &around.surroundings.repository;
    Ok(Filling {
        floe: Floe::own(args.pin.clone())?,
        name: project.name.clone(),
        // A flake takes the root's package by itself.
        package: (project.root != project.workspace_root).then(|| project.name.clone()),
        folder: Some(around.folder.clone()).filter(|folder| !folder.is_empty()),
        repo: if named.is_none() { around.surroundings.origin.clone() } else { None },
        targets,
    })
}

/// What is going to be written into a file.
fn text(file: &File, force: bool) -> Option<&str> {
    let forced = file.forced.as_deref().filter(|_| force);
    forced.or(file.careful.as_deref())
}

/// The failure that names every file that somebody else wrote, and both ways out.
fn refuse_foreign(files: &[File], filling: &Filling, force: bool) -> anyhow::Result<()> {
    let foreign: Vec<&File> = files.iter().filter(|file| file.is_foreign()).collect();
    if force || foreign.is_empty() {
        return Ok(());
    }
    let mut ways = Vec::new();
    for file in &foreign {
        ways.push(match file.path.as_str() {
            "flake.nix" => format!(
                "let your flake call floe too, with the input `floe.url = \"{}\";` and, as its outputs, \
                 `nixpkgs.lib.recursiveUpdate (floe.lib.mkRelease {}) {{ … yours … }}`",
                filling.floe.input(),
                template::arguments(filling)
            ),
            path => format!("rename `{path}` if it does something else, or take it away if floe replaces it"),
        });
    }
    let text = match foreign.len() {
        1 => "a file stands where floe's would go".to_owned(),
        count => format!("{count} files stand where floe's would go"),
    };
    Err(Failure::new(text)
        .details(foreign.iter().flat_map(|file| file.told()))
        .state("nothing was written")
        .hint(format!(
            "{}; or put floe's in place of what git has committed: `floe init --force`",
            ways.join("; ")
        ))
        .exit(Exit::Conflicts)
        .into())
}

/// What is going to be written, and nothing that would be lost by it.
fn changes(files: &[File], around: &Around, force: bool) -> anyhow::Result<Vec<Change>> {
    let mut changes = Vec::new();
    for file in files {
        let Some(new) = text(file, force) else { continue };
        let path = around.root.join(&file.path);
        let is_replaced = force && file.forced.is_some();
        if is_replaced && (!around.surroundings.has_git || git::file_status(&path)? != FileStatus::Committed)
        {
            return Err(Failure::new(format!(
                "`{}` is not committed as it is, so nothing would keep what it says",
                file.path
            ))
            .state("nothing was written")
            .hint(format!("commit it, or move it away: `git add {0} && git commit {0}`", file.path))
            .exit(Exit::Conflicts)
            .into());
        }
        changes.push(Change { path, old: file.old.clone(), new: new.to_owned() });
    }
    Ok(changes)
}

fn confirm(count: usize, yes: bool, report: &Report) -> anyhow::Result<()> {
    let what = if count == 1 { "this file".to_owned() } else { format!("these {count} files") };
    let answer = if yes { Some(true) } else { report.ask(&format!("Write {what}?")) };
    match answer {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new("nothing was written").into()),
        None => Err(Failure::new("nothing was written: there is no terminal to ask on")
            .hint(format!("write {what} with `floe init --yes`"))
            .into()),
    }
}

/// Writes all of it and has Cargo read the result; what Cargo does not understand is taken back.
fn write(changes: &[Change], project: &Project, args: &InitArgs) -> anyhow::Result<()> {
    let written = transaction::write(changes)?;
    let again = cargo::load(args.project.manifest_path.as_deref(), Some(&project.name));
    if let Err(error) = again {
        written.take_back();
        return Err(Failure::around(error)
            .state("with the table in it Cargo.toml could not be read; everything was put back as it was")
            .into());
    }
    Ok(())
}

fn tell(files: &[File], changed: &[&File], report: &Report) {
    for file in changed {
        let verb = if file.old.is_none() { "Wrote" } else { "Changed" };
        report.step(verb, &file.path);
    }
    if changed.is_empty() {
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        report.step("Unchanged", paths.join(", "));
    }
    for file in files.iter().filter(|file| !changed.contains(file)) {
        for line in file.told() {
            report.warn(line);
        }
    }
}

/// The advice, without what the files that were just put in their place answer already.
fn told(around: &Around, changed: &[&File], force: bool) -> Vec<Advice> {
    let replaced =
        |path: &String| force && changed.iter().any(|file| file.path == *path && file.forced.is_some());
    let mut advice = advice::about(&around.surroundings, &around.found);
    advice.retain(|one| !matches!(one, Advice::Rival { path, .. } if replaced(path)));
    advice
}

/// The two commands to try.
fn closing(around: &Around, args: &InitArgs) -> String {
    let mut rehearse = "floe rehearse".to_owned();
    if let Some(path) = &args.project.manifest_path {
        rehearse.push_str(&format!(" --manifest-path {}", path.display()));
    }
    if let Some(package) = &args.project.package {
        rehearse.push_str(&format!(" --package {package}"));
    }
    let tag = advice::next_tag(&around.surroundings);
    let release = format!("git tag {tag} && git push origin {tag}");
    let width = rehearse.len().max(release.len());
    format!(
        "\nTry these two:\n  {rehearse:width$}  the whole release on this machine; nothing leaves it\n  \
         {release:width$}  the release itself, once all this is committed and pushed"
    )
}

/// Says what has drifted, with the difference where one helps.
fn check(files: &[File], filling: &Filling, report: &Report) -> anyhow::Result<()> {
    let drifted: Vec<&File> = files.iter().filter(|file| !file.drift.is_empty()).collect();
    for file in &drifted {
        // Of a file that is missing or wholly another one, all lines differ, which tells nothing.
        let is_all = file.drift.iter().any(|drift| matches!(drift, Drift::Missing | Drift::Foreign));
        let new = file.forced.as_deref().or(file.careful.as_deref()).filter(|_| !is_all);
        if let Some(new) = new {
            report.diff(&unified(&file.path, file.old.as_deref(), new));
        }
    }
    if drifted.is_empty() {
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        report.step("Checked", format!("{}: nothing has drifted", paths.join(", ")));
        return Ok(());
    }
    let what =
        if drifted.len() == 1 { "1 file has".to_owned() } else { format!("{} files have", drifted.len()) };
    Err(Failure::new(format!("{what} drifted from what floe {} would write", filling.floe.version))
        .details(drifted.iter().flat_map(|file| file.told()))
        .state("nothing was written")
        .hint(way_out(&drifted))
        .exit(Exit::Problems)
        .into())
}

/// What to do about all that has drifted.
fn way_out(drifted: &[&File]) -> String {
    let has =
        |is: fn(&File, &Drift) -> bool| drifted.iter().any(|file| file.drift.iter().any(|one| is(file, one)));
    if has(|_, drift| matches!(drift, Drift::Newer { .. })) {
        return "use the newer floe that the files name".to_owned();
    }
    let mut ways = Vec::new();
    if has(|file, _| file.careful.is_some()) {
        ways.push("`floe init` writes what is missing and moves the version of floe that files name");
    }
    if has(|file, drift| matches!(drift, Drift::Older { .. }) && file.careful.is_none()) {
        ways.push(
            "where a commit stands for the version, `floe init --pin <COMMIT>` moves it to this floe's",
        );
    }
    if has(|file, _| file.forced.is_some()) {
        ways.push("`floe init --force` puts floe's own text in place of what git has committed");
    }
    ways.join("; ")
}
