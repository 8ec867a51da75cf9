//! The inputs of a release: arguments, the project and its repository.
//!
//! They are looked up on this machine; nothing is sent anywhere.

use std::fs::File;
use std::path::Path;

use anyhow::Context as _;
use semver::Version;

use crate::channels;
use crate::cli::{Attest, ProjectArgs, ReleaseArgs, SourceArgs};
use crate::environment::variable;
use crate::error::{Exit, Failure, usage};
use crate::project::cargo::{self, Changelog, Project};
use crate::project::repository;
use crate::release::{assemble, attestation, description, names, session, signatures};
use crate::report::Report;
use floe_core::model::changelog;
use floe_core::model::config::NotesFrom;
use floe_core::model::notes::NotesSource;
use floe_core::model::release::{ATTESTATION, CHECKSUMS, is_covered};
use floe_core::model::{
    About, Assembly, Attestation, BuiltOn, Channels, Commit, Content, Destination, Digest, Outline, Platform,
    PromisedFile, Release, Tag, Target,
};
use floe_core::untrusted::files;
use floe_core::verify::{Depth, Expect, Verified};

/// The largest changelog.
const CHANGELOG_LIMIT: u64 = 16 * 1024 * 1024;

/// The inputs of a release besides its dist. Cargo and git run once, and not at all for an assembled dist.
pub struct Inputs {
    args: ReleaseArgs,
    project: Option<Project>,
    assembly: Option<Assembly>,
    built_on: Option<BuiltOn>,
    expect: Expect,
}

impl Inputs {
    /// Finds the project, and what its release must be.
    pub fn find(args: &ReleaseArgs) -> anyhow::Result<Self> {
        if let Some(assembly) = description::find(args)? {
            let (args, expect) = (args.clone(), description::expect(&assembly));
            return Ok(Inputs { args, project: None, assembly: Some(assembly), built_on: None, expect });
        }
        Self::of_project(args)
    }

    /// The same from the project alone.
    pub fn of_project(args: &ReleaseArgs) -> anyhow::Result<Self> {
        let project = find_project(&args.project)?;
        let expect = expect(project.as_ref(), &args.targets, args.no_image, &args.source)?;
        Ok(Inputs { args: args.clone(), project, assembly: None, built_on: None, expect })
    }

    /// The same, with the circumstances of the build for the manifest.
    pub fn with_built_on(self, built_on: Option<BuiltOn>) -> Self {
        Inputs { built_on, ..self }
    }

    /// The project, if there is one.
    pub fn project(&self) -> Option<&Project> {
        self.project.as_ref()
    }

    /// The expectations of the dists.
    pub fn expect(&self) -> &Expect {
        &self.expect
    }

    /// How much of the dists must be read: a release that is pinned by its digest was verified before.
    pub fn depth(&self) -> Depth {
        if self.args.expect.is_some() { Depth::Claims } else { Depth::Whole }
    }

    /// The release of verified dists. It must be the expected one, if one is expected.
    pub fn release(&self, verified: Verified, report: &Report) -> anyhow::Result<Release> {
        let destination = self.destination((&verified.name, &verified.version), verified.commit.as_ref())?;
        let notes = self.notes(&verified.version, report)?;
        let mut verified = verified;
        let given = self.attestation(&mut verified.files)?;
        let release = assemble::assemble(verified, (destination, notes), &self.channels(), report)?;
        let files = release.assets.iter().map(|asset| (asset.name.as_str(), &asset.content));
        // Of a release that is pinned by its digest, only the signatures of `SHA256SUMS` were not verified before.
        let is_new = |name: &str| self.depth() == Depth::Whole || !is_covered(name) || name == CHECKSUMS;
        let about = release.manifest.package.as_ref();
        self.verify_signatures(files.filter(|(name, _)| is_new(name)).collect(), about, report)?;
        let release = release.with_attestation(given);
        match self.args.expect {
            Some(expected) if expected != release.sums() => Err(unexpected(&release, &expected).into()),
            _ => Ok(release),
        }
    }

    /// The release that verified dists would be published as, without its notes.
    pub fn release_without_notes(&self, verified: Verified, report: &Report) -> anyhow::Result<Release> {
        let destination = self.destination((&verified.name, &verified.version), verified.commit.as_ref())?;
        let notes = NotesSource::Generated;
        let mut verified = verified;
        let given = self.attestation(&mut verified.files)?;
        let release = assemble::assemble(verified, (destination, notes), &self.channels(), report)?;
        Ok(release.with_attestation(given))
    }

    /// The attestation: the given one, or one that the project lists as an asset.
    fn attestation(&self, files: &mut Vec<PromisedFile>) -> anyhow::Result<Attestation> {
        let listed = files.extract_if(.., |file| file.name == ATTESTATION).next();
        let given = self.args.attestation.as_deref();
        if given.is_some() && listed.is_some() {
            return Err(usage(format!("`--attestation` is given, and the dist holds `{ATTESTATION}`"))
                .hint("give one of them")
                .into());
        }
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
        let archives = verified.archives.iter().map(|(record, path)| (record.archive.file.as_str(), path));
        let files = verified.files.iter().map(|file| (file.name.as_str(), &file.path));
        let all: Vec<(&str, Content)> =
            archives.chain(files).map(|(name, path)| (name, Content::File(path.clone()))).collect();
        let about = verified.archives.iter().find_map(|(record, _)| record.package.as_ref());
        self.verify_signatures(all.iter().map(|(name, content)| (*name, content)).collect(), about, report)
    }

    /// With the key of the project, or of the package as its archives describe it.
    fn verify_signatures(
        &self,
        files: signatures::Files<'_>,
        about: Option<&About>,
        report: &Report,
    ) -> anyhow::Result<()> {
        let key = match &self.project {
            Some(project) => project.about.minisign.as_ref(),
            None => about.and_then(|about| about.minisign.as_ref()),
        };
        signatures::verify(&files, key, report)
    }

    /// The release as far as it is known before its dist is built.
    pub fn outline(&self, report: &Report) -> anyhow::Result<Outline> {
        let Some(project) = &self.project else {
            return Err(usage("there is neither a dist nor a project to plan")
                .hint("run `floe plan` in the project's folder, or give the dist: `floe plan dist`")
                .into());
        };
        cargo::check_tag(project, self.expect.tag.as_ref())?;
        assemble::check(project)?;
        let is_promised = self.args.attest.attest == Some(Attest::Required);
        let mut files = self.expect.files.clone();
        files.extend(channels::installers(&project.name, &self.expect.targets, &project.config.channels));
        files.extend(is_promised.then(|| ATTESTATION.to_owned()));
        let destination = self.destination((&project.name, &project.version), None)?;
        let (targets, config) = (&self.expect.targets, &project.config.channels);
        let channels =
            channels::places((&project.name, &project.version), &destination.repo, targets, config);
        Ok(Outline {
            name: project.name.clone(),
            version: project.version.clone(),
            destination,
            notes: self.notes(&project.version, report)?,
            targets: self.expect.targets.clone(),
            sbom: project.config.sbom,
            files,
            platforms: self.expect.platforms.clone(),
            channels,
            adopts: project.config.channels.adopts(),
        })
    }

    fn notes(&self, version: &Version, report: &Report) -> anyhow::Result<NotesSource> {
        if let Some(assembly) = &self.assembly {
            return Ok(assembly.notes.clone());
        }
        let chosen = notes(self.project.as_ref(), self.args.notes_file.as_deref(), version)?;
        Ok(chosen.source_with_warning(report))
    }

    /// Where a version of a package goes and what it is called there; the commit is the one that the archives name, if
    /// they do.
    fn destination(
        &self,
        (name, version): (&str, &Version),
        built: Option<&Commit>,
    ) -> anyhow::Result<Destination> {
        let (args, project) = (&self.args, self.project.as_ref());
        if let Some(assembly) = &self.assembly {
            return description::destination(assembly, &args.remote);
        }
        let repo = repository::find(
            project,
            args.remote.repo.as_ref(),
            session::known_site(&args.remote).as_deref(),
        )?;
        let tag = tag(project, self.expect.tag.clone(), version)?;
        let commit = commit(project, &args.source, &tag, built)?;
        let page = session::page(&args.remote, &repo)?;
        let (image, may_be_latest) = names::moving(project, (&repo, &tag, name), args.image.as_ref())?;
        let (attach, built_on) = (project.is_some_and(Project::attaches), self.built_on.clone());
        Ok(Destination { repo, page, tag, commit, image, may_be_latest, attach, built_on })
    }
}

fn unexpected(release: &Release, expected: &Digest) -> Failure {
    let Destination { repo, tag, commit, image, .. } = &release.destination;
    let attested = if release.manifest.attested { " and an attestation (`--attest`)" } else { "" };
    Failure::new(format!("`SHA256SUMS` would have the digest {}, but {expected} is expected", release.sums()))
        .details([format!(
            "the release is {tag} of `{repo}` at commit {}, with images called `{image}`{attested}",
            commit.short()
        )])
        .state("nothing was sent")
        .hint("if all of that is right, the dist is not the one that was verified: `floe verify` prints the digest of a dist, with the same arguments")
        .exit(Exit::Problems)
}

/// The project of this folder, if there is one. A project that is there but wrong is an error.
pub fn find_project(args: &ProjectArgs) -> anyhow::Result<Option<Project>> {
    cargo::find(args.manifest_path.as_deref(), args.package.as_deref())
}

/// The expectations of a release of this project.
fn expect(
    project: Option<&Project>,
    targets: &[Target],
    no_image: bool,
    source: &SourceArgs,
) -> anyhow::Result<Expect> {
    let targets: Vec<Target> = match (targets, project) {
        ([], Some(project)) => project.config.targets.clone(),
        ([], None) => Target::defaults().collect(),
        (given, _) => given.to_vec(),
    };
    let has_image = !no_image && project.is_none_or(|project| project.config.image.is_some());
    let platforms: Vec<Platform> =
        if has_image { targets.iter().filter_map(|target| target.platform()).collect() } else { Vec::new() };
    let mut files = project.map(Project::asset_names).unwrap_or_default();
    files.extend(project.iter().flat_map(|project| project.package_files(&targets)));
    Ok(Expect {
        name: project.map(|project| project.name.clone()),
        version: project.map(|project| project.version.clone()),
        tag: source.tag.clone().or_else(tag_of_workflow),
        commit: source.commit.clone(),
        binaries: project.map(|project| project.binaries.clone()),
        targets,
        image: has_image,
        programs: project.and_then(|project| Some(project.config.image.as_ref()?.programs.clone())),
        files,
        sbom: project.map(|project| project.config.sbom),
        tolerate: false,
        platforms,
    })
}

/// A tag that a workflow runs for is the tag that is released.
pub fn tag_of_workflow() -> Option<Tag> {
    (variable("GITHUB_REF_TYPE")? == "tag").then(|| variable("GITHUB_REF_NAME")?.parse().ok()).flatten()
}

/// The chosen source of the notes.
pub struct ChosenNotes {
    source: NotesSource,
    /// The reason for which a changelog of the project is not it.
    warning: Option<String>,
}

impl ChosenNotes {
    /// The source; a changelog that is not used is reported.
    pub fn source_with_warning(self, report: &Report) -> NotesSource {
        if let Some(warning) = self.warning {
            report.warn(warning);
        }
        self.source
    }
}

/// The source of the notes: the file, else what `notes` in Cargo.toml says.
pub fn notes(
    project: Option<&Project>,
    file: Option<&Path>,
    version: &Version,
) -> anyhow::Result<ChosenNotes> {
    let chosen = |source| Ok(ChosenNotes { source, warning: None });
    if let Some(file) = file {
        return chosen(NotesSource::Text(read_text(file)?));
    }
    let Some(project) = project.filter(|project| project.config.notes != NotesFrom::Github) else {
        return chosen(NotesSource::Generated);
    };
    let found = project.changelog()?;
    let file = found.as_ref().map_or_else(|| "CHANGELOG.md".to_owned(), Changelog::name);
    let problem = match &found {
        None => format!("the project has no changelog with a section for {version}"),
        Some(found) if !found.is_markdown => {
            format!("`{file}` is not Markdown and is not read for {version}")
        }
        Some(found) => match changelog::section(&read_text(&found.path)?, version, &project.names()) {
            Ok(text) => {
                let file = project.path_in_repository(&found.path)?;
                return chosen(NotesSource::Changelog { text, file });
            }
            Err(why) => format!("`{file}` {why} {version}"),
        },
    };
    let cure = format!("write what changed below a heading `## {version}`");
    if project.config.notes == NotesFrom::Changelog {
        return Err(Failure::new(format!("the release has no notes: {problem}"))
            .hint(format!("{cure}, or give `--notes-file`"))
            .file(file)
            .exit(Exit::Problems)
            .into());
    }
    let warning = found.map(|_| {
        format!("{problem}, so GitHub generates the notes: {cure}, or set `notes = \"github\"` in [package.metadata.floe]")
    });
    Ok(ChosenNotes { source: NotesSource::Generated, warning })
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

/// The tag that is released: the one that was given, else the one that the version and `tag-prefix` make.
pub fn tag(project: Option<&Project>, given: Option<Tag>, version: &Version) -> anyhow::Result<Tag> {
    if !version.build.is_empty() {
        let text =
            format!("version {version} cannot be released: it has build metadata, `+{}`", version.build);
        return Err(Failure::new(text)
            .hint("SemVer ignores build metadata when it compares versions, and an image tag cannot contain `+`: take it out of `version` in Cargo.toml, or raise the version")
            .exit(Exit::Problems)
            .into());
    }
    let prefix = project.map_or("", |project| &project.config.tag_prefix);
    let tag = given.unwrap_or_else(|| Tag::prefixed_or_plain(prefix, version));
    project.map_or(Ok(()), |project| cargo::check_prefix(project, &tag, version))?;
    Ok(tag)
}

fn commit(
    project: Option<&Project>,
    source: &SourceArgs,
    tag: &Tag,
    built: Option<&Commit>,
) -> anyhow::Result<Commit> {
    if let Some(commit) = source.commit.as_ref().or(built) {
        return Ok(commit.clone());
    }
    let origin = project.map(|project| cargo::origin(project, None, source.epoch)).transpose()?;
    origin.and_then(|origin| origin.commit).ok_or_else(|| {
        Failure::new(format!("the commit of {tag} is unknown: a tracked file is modified, or there is no git"))
            .hint(format!("commit or restore what `git status` names, or give it as `--commit $(git rev-parse {tag}^{{commit}})`"))
            .exit(Exit::Usage)
            .into()
    })
}
