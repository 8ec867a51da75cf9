//! `floe image`: static binaries or docker archives become one OCI image layout.
//!
//! It builds nothing and pushes nothing; the digest it prints is the one a registry will show.

use std::path::{Path, PathBuf};

use crate::cli;
use crate::environment::variable_os;
use crate::error::{Failure, invalid};
use crate::image;
use crate::image::ImageSpec;
use crate::package::binary;
use crate::project::cargo::{self, Project};
use crate::project::repository;
use crate::release::names;
use crate::report::Report;
use floe_audit::RuleKind;
use floe_audit::rules::{self, Violation};
use floe_core::model::{About, Image, Repo, Source, Tag, Target};
use floe_core::parallel;
use floe_core::units;

/// Runs `floe image`: one line on stdout, the digest of the image index.
pub fn image(args: cli::ImageArgs, report: &Report) -> anyhow::Result<()> {
    let project = cargo::load(args.project.manifest_path.as_deref(), args.project.package.as_deref())?;
    let source = cargo::source(&project, args.source.commit.as_ref(), args.source.epoch)?;
    let repo = repository::find(Some(&project), args.repo.as_ref(), None)?;
    let spec = ImageSpec { ca_certificates: args.ca_certificates, ..spec(&project, &source, &repo)? };
    let (image, layout, lost) = image::stage(&args.inputs, &spec, &args.out)?;
    judge(&args.inputs, &project, report)?;
    lost.iter().for_each(|line| report.warn(line));
    warn(&image, &spec, report);
    report.refuse_warnings()?;
    layout.reveal()?;
    show(&image, report);
    report.out(image.index.digest.to_string());
    Ok(())
}

/// Judges each binary of an image by the rules of the target whose place it takes. Docker archives were judged when the
/// image was built.
fn judge(inputs: &[PathBuf], project: &Project, report: &Report) -> anyhow::Result<()> {
    let mut broken = Vec::new();
    let audited = parallel::map(inputs.iter().collect(), |path: &PathBuf| binary::facts_if_binary(path));
    for (path, facts) in inputs.iter().zip(audited) {
        let Some(facts) = facts? else { continue };
        let target = Target::all().find(|target| target.platform.is_some() && facts.arches == [target.arch]);
        let violations =
            target.map(|target| target.judge(&facts, &project.config.loosen)).unwrap_or_default();
        let line = |violation: &Violation| format!("`{}`: {violation}", path.display());
        rules::unloosened(&violations, RuleKind::Hygiene).map(line).for_each(|line| report.warn(line));
        broken.extend(rules::unloosened(&violations, RuleKind::Portability).map(line));
    }
    invalid("the binaries do not run in every container").if_any(broken)
}

/// Warns about what programs may miss in an image.
pub fn warn(image: &Image, spec: &ImageSpec, report: &Report) {
    for one in &image.platforms {
        let has = |path: &str| one.files.iter().any(|file| file.path == path);
        let programs = || one.files.iter().filter(|file| file.mode & 0o111 != 0);
        let is_there = |name: &str| programs().any(|file| file.path.rsplit('/').next() == Some(name));
        for name in spec.binaries.iter().filter(|name| !is_there(name)) {
            report.warn(format!("the image for {} lacks the released binary `{name}`", one.platform));
        }
        let is_program = |path: &str| programs().any(|file| path.strip_prefix('/') == Some(&file.path));
        for path in spec.settings.programs.iter().filter(|path| !is_program(path)) {
            report.warn(format!(
                "the image for {} has no executable `{path}`, which `programs` names",
                one.platform
            ));
        }
        if !image::CERTIFICATES.iter().any(|path| has(path)) {
            report.warn(format!(
                "the image for {} has no CA certificates, so a program in it can verify no TLS server; give them with \
                 `--ca-certificates FILE`",
                one.platform
            ));
        }
    }
}

/// The CA certificates of this machine, for an image that is only rehearsed.
pub fn certificates_of_this_machine() -> Option<PathBuf> {
    let given = variable_os("SSL_CERT_FILE").map(PathBuf::from);
    let known = image::CERTIFICATES.iter().map(|path| Path::new("/").join(path));
    given.into_iter().chain(known).find(|path| path.is_file())
}

/// The image's settings and labels, from the project.
pub fn spec(project: &Project, source: &Source, repo: &Repo) -> anyhow::Result<ImageSpec> {
    let settings = project.config.image.clone().ok_or_else(|| {
        Failure::new(format!("`{}` is configured without an image", project.name))
            .hint("take `image = false` out of `[package.metadata.floe]` in Cargo.toml")
    })?;
    let repository = format!("https://github.com/{repo}");
    let page = project.about.homepage.clone().unwrap_or_else(|| repository.clone());
    let tag = Tag::prefixed_or_plain(&project.config.tag_prefix, &project.version);
    Ok(ImageSpec {
        name: settings.name.clone().map_or_else(|| names::image_name(repo, &tag, &project.name), Ok)?,
        title: project.name.clone(),
        version: project.version.clone(),
        about: About { homepage: Some(page), ..project.about.clone() },
        repository,
        documentation: project.documentation.clone(),
        source: source.clone(),
        binaries: project.binaries.clone(),
        settings,
        ca_certificates: None,
    })
}

fn show(image: &Image, report: &Report) {
    for one in &image.platforms {
        let layers: u64 = one.layers.iter().map(|layer| layer.size).sum();
        let (files, size) = (units::files(one.files.len()), units::size(layers));
        report.step("Image", format!("{} {}, {files}, {size}", one.platform, one.manifest.digest.short()));
    }
    report.step("Wrote", format!("{}, {}", image.layout.display(), units::size(image.size())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_the_source_and_the_page_unless_there_is_a_homepage() {
        let repo: Repo = "acme/tool".parse().unwrap();
        let source = Source { commit: None, epoch: 7 };
        let mut project = Project::sample();
        let spec_of = spec(&project, &source, &repo).unwrap();
        assert_eq!(spec_of.repository, "https://github.com/acme/tool");
        assert_eq!((spec_of.about.homepage, spec_of.source), (Some(spec_of.repository), source.clone()));
        project.about.homepage = Some("https://tool.example".to_owned());
        let spec_of = spec(&project, &source, &repo).unwrap();
        assert_eq!(spec_of.about.homepage.as_deref(), Some("https://tool.example"));
        project.config.image = None;
        let error = spec(&project, &source, &repo).unwrap_err();
        assert_eq!(error.to_string(), "`tool` is configured without an image");
    }
}
