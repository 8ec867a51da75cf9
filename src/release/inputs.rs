//! The inputs of a release: arguments, the project and its repository.
//!
//! They are looked up on this machine; nothing is sent anywhere.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, ensure};
use semver::Version;

use crate::channels;
use crate::cli::{Attest, ProjectArgs, ReleaseArgs};
use crate::environment::variable;
use crate::error::{Failure, invalid, usage};
use crate::files::name_of;
use crate::project::cargo::{self, Project};
use crate::project::repository;
use crate::release::trust::Trust;
use crate::release::{assemble, attestation, description, dist, minisign, names, session};
use crate::report::Report;
use floe_core::model::changelog;
use floe_core::model::config::NotesFrom;
use floe_core::model::notes::NotesSource;
use floe_core::model::release::{ATTESTATION, CHECKSUMS, is_covered};
use floe_core::model::{
    About, Assembly, Attestation, BuiltOn, Channels, Commit, Content, Destination, Digest, PromisedFile,
    Release, Subject, Tag, Target,
};
use floe_core::untrusted::files;
use floe_core::verify::{Depth, Expect, Verified};

/// The largest changelog.
const CHANGELOG_LIMIT: u64 = 16 * 1024 * 1024;

/// The inputs of a release besides its dist. Cargo and git run once, and not at all for an assembled dist.
pub struct Inputs {
    args: ReleaseArgs,
    /// The project, if there is one.
    pub project: Option<Project>,
    assembly: Option<Assembly>,
    built_on: Option<BuiltOn>,
    /// The requirements for the dists.
    pub expect: Expect,
}

impl Inputs {
    /// Finds the project, and what its release must be.
    pub fn find(args: &ReleaseArgs) -> anyhow::Result<Self> {
        if let Some(assembly) = description::find(args)? {
            let (args, expect) = (args.clone(), description::expect(&assembly));
            return Ok(Inputs { args, project: None, assembly: Some(assembly), built_on: None, expect });
        }
        Self::of_project(args, None)
    }

    /// The same, but always from the project. The manifest records `built_on`.
    pub fn of_project(args: &ReleaseArgs, built_on: Option<BuiltOn>) -> anyhow::Result<Self> {
        let project = find_project(&args.project)?;
        let expect = expect(project.as_ref(), args);
        Ok(Inputs { args: args.clone(), project, assembly: None, built_on, expect })
    }

    /// How much of the dists must be read: a release that is pinned by its digest was verified before.
    fn depth(&self) -> Depth {
        if self.args.expect.is_some() { Depth::Claims } else { Depth::Whole }
    }

    /// Reads and verifies the dists.
    pub fn verify(&self) -> anyhow::Result<Verified> {
        dist::verify(dist::read(&self.args.dists, self.depth())?, &self.expect)
    }

    /// The release as it is published: its attestation is verified, or reported to be missing.
    pub fn release_to_publish(&self, trust: &Trust, report: &Report) -> anyhow::Result<Release> {
        let release = self.release(self.verify()?, report)?;
        attestation::verify(release, trust, self.args.attest.attest, report)
    }

    /// The release of verified dists. It must be the expected one, if one is expected.
    pub fn release(&self, verified: Verified, report: &Report) -> anyhow::Result<Release> {
        let notes = |version: &Version| self.notes(version, report);
        let release = self.assembled(verified, notes, report)?;
        let files = release.assets.iter().map(|asset| (asset.name.as_str(), asset.content.clone()));
        // If the release is pinned by its digest, all but the signatures of `SHA256SUMS` were verified before.
        let is_new = |name: &str| self.depth() == Depth::Whole || !is_covered(name) || name == CHECKSUMS;
        let about = release.manifest.package.as_ref();
        self.verify_signatures(files.filter(|(name, _)| is_new(name)).collect(), about, report)?;
        match self.args.expect {
            Some(expected) if expected != release.sums() => Err(unexpected(&release, &expected).into()),
            _ => Ok(release),
        }
    }

    /// The release that verified dists would be published as, without its notes.
    pub fn release_without_notes(&self, verified: Verified, report: &Report) -> anyhow::Result<Release> {
        self.assembled(verified, |_| Ok(NotesSource::Generated), report)
    }

    fn assembled(
        &self,
        mut verified: Verified,
        notes: impl FnOnce(&Version) -> anyhow::Result<NotesSource>,
        report: &Report,
    ) -> anyhow::Result<Release> {
        self.warn_of_foreign_tag(&verified.version, report);
        let destination = self.destination((&verified.name, &verified.version), verified.commit.as_ref())?;
        let notes = notes(&verified.version)?;
        let given = self.attestation(&mut verified.files)?;
        assemble::assemble(verified, (destination, notes), given, &self.channels(), report)
    }

    /// The attestation: the given one, or one that the project lists as an asset.
    fn attestation(&self, files: &mut Vec<PromisedFile>) -> anyhow::Result<Attestation> {
        let listed = files.extract_if(.., |file| file.name == ATTESTATION).next();
        let given = self.args.attestation.as_deref();
        let both = || usage(format!("`--attestation` is given, and the dist holds `{ATTESTATION}`"));
        ensure!(given.is_none() || listed.is_none(), both().hint("give one of them"));
        attestation::given(given.or(listed.as_ref().map(|file| &*file.path)), self.args.attest.attest)
    }

    /// The files to render; without a project the default ones.
    pub fn channels(&self) -> Channels {
        if let Some(assembly) = &self.assembly {
            return assembly.channels.clone();
        }
        self.project.as_ref().map(|project| project.config.channels.clone()).unwrap_or_default()
    }

    /// Verifies the signatures in dists, but not those of `SHA256SUMS`, which is made when the release is known.
    pub fn signatures(&self, verified: &Verified, report: &Report) -> anyhow::Result<()> {
        let archives = verified.archives.iter().map(|(record, path)| (&record.archive.file, path));
        let files = verified.files.iter().map(|file| (&file.name, &file.path));
        let all = archives.chain(files).map(|(name, path)| (name.as_str(), Content::File(path.clone())));
        let about = verified.archives.iter().find_map(|(record, _)| record.package.as_ref());
        self.verify_signatures(all.collect(), about, report)
    }

    /// Uses the key of the project, else that of the package as its archives describe it.
    fn verify_signatures(
        &self,
        files: minisign::ReleaseFiles<'_>,
        about: Option<&About>,
        report: &Report,
    ) -> anyhow::Result<()> {
        let key = match &self.project {
            Some(project) => project.about.minisign.as_ref(),
            None => about.and_then(|about| about.minisign.as_ref()),
        };
        minisign::verify(&files, key, report)
    }

    /// The release as far as it is known before its dist is built.
    pub fn outline(&self, report: &Report) -> anyhow::Result<Subject<'static>> {
        let Some(project) = &self.project else {
            return Err(usage("there is neither a dist nor a project to plan")
                .hint("run `floe plan` in the project's folder, or give the dist: `floe plan dist`")
                .into());
        };
        let (Project { name, version, config, .. }, targets) = (project, &self.expect.targets);
        self.warn_of_foreign_tag(version, report);
        cargo::tag(Some(project), self.expect.tag.as_ref(), version)?;
        assemble::check(project)?;
        let mut files = self.expect.files.clone();
        files.extend(channels::installers(name, targets, &config.channels));
        let is_promised = self.args.attest.attest == Some(Attest::Required);
        files.extend(is_promised.then(|| ATTESTATION.to_owned()));
        let destination = self.destination((name, version), None)?;
        Ok(Subject {
            places: channels::places((name, version), Some(&destination.repo), targets, &config.channels),
            name: name.clone(),
            version: version.clone(),
            destination,
            notes: self.notes(version, report)?,
            assets: Subject::asset_names(name, targets, config.sbom, files),
            platforms: self.expect.platforms.clone(),
            release: None,
        })
    }

    fn notes(&self, version: &Version, report: &Report) -> anyhow::Result<NotesSource> {
        match &self.assembly {
            Some(assembly) => Ok(assembly.notes.clone()),
            None => notes(self.project.as_ref(), self.args.notes_file.as_deref(), version, report),
        }
    }

    /// Warns if a workflow runs for a tag that is not one of a release, because it is then not used.
    fn warn_of_foreign_tag(&self, version: &Version, report: &Report) {
        let Some(name) = ref_of_workflow().filter(|_| self.expect.tag.is_none()) else { return };
        let prefix = self.project.as_ref().map_or("", |project| &project.config.tag_prefix);
        let own = Tag::prefixed_or_plain(prefix, version);
        report.warn(format!(
            "this workflow runs for `{name}`, which is not the tag of a release: `{own}` is used instead; run it for \
             that tag, or name it with `--tag {own}`"
        ));
    }

    /// The destination of a version. The commit is that of `--commit`, else of the archives (`built`), else of the project.
    fn destination(
        &self,
        (name, version): (&str, &Version),
        built: Option<&Commit>,
    ) -> anyhow::Result<Destination> {
        let (args, project) = (&self.args, self.project.as_ref());
        if let Some(assembly) = &self.assembly {
            return description::destination(assembly, &args.remote);
        }
        let site = session::known_site(&args.remote);
        let repo = repository::find(project, args.remote.repo.as_ref(), site.as_deref())?;
        let tag = cargo::tag(project, self.expect.tag.as_ref(), version)?;
        let commit = commit(project, args.source.commit.as_ref().or(built), &tag)?;
        let page = session::page(&args.remote, &repo)?;
        let (image, may_be_latest) = names::moving(project, (&repo, &tag, name), args.image.as_ref())?;
        let (attach, built_on) = (project.is_some_and(Project::attaches), self.built_on.clone());
        Ok(Destination { repo, page, tag, commit, image, may_be_latest, attach, built_on })
    }
}

fn unexpected(release: &Release, expected: &Digest) -> Failure {
    let Destination { repo, tag, commit, image, .. } = &release.destination;
    let attested = if release.manifest.attested { " and an attestation (`--attest`)" } else { "" };
    invalid(format!("`SHA256SUMS` would have the digest {}, but {expected} is expected", release.sums()))
        .details([format!(
            "the release is {tag} of `{repo}` at commit {}, with the image `{image}`{attested}",
            commit.short()
        )])
        .state("nothing was sent")
        .hint("if all of that is right, it is another dist; `floe verify` with the same arguments prints its digest")
}

/// The project of this folder, if there is one. A project that is there but wrong is an error.
pub fn find_project(args: &ProjectArgs) -> anyhow::Result<Option<Project>> {
    cargo::find(args.manifest_path.as_deref(), args.package.as_deref())
}

/// The requirements for a release of this project.
fn expect(project: Option<&Project>, args: &ReleaseArgs) -> Expect {
    let targets: Vec<Target> = match (args.targets.as_slice(), project) {
        ([], Some(project)) => project.config.targets.clone(),
        ([], None) => Target::defaults().collect(),
        (given, _) => given.to_vec(),
    };
    let has_image = !args.no_image && project.is_none_or(|project| project.config.image.is_some());
    let platforms = targets.iter().filter_map(|target| target.platform).filter(|_| has_image).collect();
    let mut files = project.map(Project::asset_names).unwrap_or_default();
    files.extend(project.iter().flat_map(|project| project.package_files(&targets)));
    Expect {
        name: project.map(|project| project.name.clone()),
        version: project.map(|project| project.version.clone()),
        tag: args.source.tag.clone().or_else(|| ref_of_workflow()?.parse().ok()),
        commit: args.source.commit.clone(),
        binaries: project.map(|project| project.binaries.clone()),
        targets,
        image: has_image,
        programs: project.and_then(|project| Some(project.config.image.as_ref()?.programs.clone())),
        files,
        sbom: project.map(|project| project.config.sbom),
        tolerate: false,
        platforms,
    }
}

/// The tag that a workflow runs for.
fn ref_of_workflow() -> Option<String> {
    variable("GITHUB_REF_NAME").filter(|_| variable("GITHUB_REF_TYPE").is_some_and(|kind| kind == "tag"))
}

/// The source of the notes: the file, else what `notes` in Cargo.toml says. A changelog that is not used is reported.
pub fn notes(
    project: Option<&Project>,
    file: Option<&Path>,
    version: &Version,
    report: &Report,
) -> anyhow::Result<NotesSource> {
    if let Some(file) = file {
        return Ok(NotesSource::Text(read_text(file)?));
    }
    let Some(project) = project.filter(|project| project.config.notes != NotesFrom::Github) else {
        return Ok(NotesSource::Generated);
    };
    let found = project.changelog()?;
    let file = found.as_ref().map_or_else(|| "CHANGELOG.md".to_owned(), |found| name_of(&found.path));
    let problem = match &found {
        None => format!("the project has no changelog with a section for {version}"),
        Some(found) if !found.is_markdown => {
            format!("`{file}` is not Markdown and is not read for {version}")
        }
        Some(found) => match changelog::section(&read_text(&found.path)?, version, &project.names()) {
            Ok(text) => {
                let file = project.path_in_repository(&found.path)?;
                return Ok(NotesSource::Changelog { text, file });
            }
            Err(why) => format!("`{file}` {why} {version}"),
        },
    };
    let cure = format!("write what changed below a heading `## {version}`");
    if project.config.notes == NotesFrom::Changelog {
        return Err(invalid(format!("the release has no notes: {problem}"))
            .hint(format!("{cure}; `floe plan` and `floe publish` also take `--notes-file`"))
            .file(file)
            .into());
    }
    if found.is_some() {
        report.warn(format!(
            "{problem}, so GitHub generates the notes: {cure}, or set `notes = \"github\"` in [package.metadata.floe]"
        ));
    }
    Ok(NotesSource::Generated)
}

/// The text of a changelog or of notes.
pub fn read_text(path: &Path) -> anyhow::Result<String> {
    let read = || {
        // Notes may come out of a pipe, `--notes-file <(git cliff)`, so their size is limited while reading.
        let bytes = files::read(File::open(path)?, CHANGELOG_LIMIT)?;
        String::from_utf8(bytes).context("it is not UTF-8")
    };
    read().with_context(|| format!("failed to read `{}`", path.display()))
}

/// The commit that is named, else that of the project.
fn commit(project: Option<&Project>, named: Option<&Commit>, tag: &Tag) -> anyhow::Result<Commit> {
    if let Some(commit) = named {
        return Ok(commit.clone());
    }
    let source = project.map(|project| cargo::source(project, None, None)).transpose()?;
    source.and_then(|source| source.commit).ok_or_else(|| {
        usage(format!("the commit of {tag} is unknown: a tracked file is modified, or there is no git"))
            .hint(format!("commit or restore what `git status` names, or give it as `--commit $(git rev-parse {tag}^{{commit}})`"))
            .into()
    })
}
