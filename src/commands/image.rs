//! `floe image`: static binaries or docker archives become one OCI image layout.
//!
//! It builds nothing and pushes nothing; the digest it prints is the one a registry will show.

use std::path::PathBuf;

use crate::cli;
use crate::error::{Exit, Failure};
use crate::image;
use crate::image::ImageSpec;
use crate::package::binary;
use crate::project::cargo::{self, Origin, Project};
use crate::project::repository;
use crate::report::Report;
use floe_audit::rules;
use floe_core::model::config::ImageConfig;
use floe_core::model::{Image, Repo, Rule, Target};
use floe_core::parallel;
use floe_core::units;

/// Runs `floe image`: one line on stdout, the digest of the image index.
pub fn image(args: cli::ImageArgs, report: &Report) -> anyhow::Result<()> {
    let project = cargo::load(args.project.manifest_path.as_deref(), args.project.package.as_deref())?;
    let origin = cargo::origin(&project, args.source.commit.as_ref(), args.source.epoch)?;
    let repo = repository::find(Some(&project), args.repo.as_ref())?;
    let spec =
        ImageSpec { ca_certificates: args.ca_certificates, ..spec(&project, &origin, &repo, &args.inputs)? };
    gate(&args.inputs, &project)?;
    report.refuse_warnings()?;
    let image = image::build(&args.inputs, &spec, &args.out)?;
    tell(&image, report);
    report.out(image.index.digest.to_string());
    Ok(())
}

/// The portability gate: a static binary must keep the rules of the target whose place it takes in the image. What is
/// no binary is left to `oci::build`.
fn gate(inputs: &[PathBuf], project: &Project) -> anyhow::Result<()> {
    let mut broken = Vec::new();
    let binaries: Vec<&PathBuf> = inputs.iter().filter(|path| binary::identify(path).is_ok()).collect();
    let audited = parallel::map(binaries.clone(), |path| binary::facts(path));
    for (path, facts) in binaries.into_iter().zip(audited) {
        let facts = facts?;
        let target =
            Target::all().find(|target| target.platform().is_some() && facts.arches == [target.arch()]);
        let violations =
            target.map(|target| target.judge(&facts, &project.config.loosen)).unwrap_or_default();
        // A dynamic binary is refused below, with the way out that is its own.
        let told = rules::stopping(&violations).filter(|violation| violation.rule != Rule::Static);
        broken.extend(told.map(|violation| format!("`{}`: {violation}", path.display())));
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::new("the binaries would not do in an image").details(broken).exit(Exit::Problems).into())
}

/// The image's settings and labels, from the project.
pub fn spec(
    project: &Project,
    origin: &Origin,
    repo: &Repo,
    inputs: &[PathBuf],
) -> anyhow::Result<ImageSpec> {
    let config: ImageConfig = project.config.image.clone().ok_or_else(|| {
        Failure::new(format!("`{}` says that it has no image", project.name))
            .hint("take `image = false` out of `[package.metadata.floe]` in Cargo.toml")
    })?;
    let page = format!("https://github.com/{repo}");
    Ok(ImageSpec {
        title: project.name.clone(),
        version: project.version.clone(),
        description: project.description.clone(),
        licenses: project.license.clone(),
        url: Some(project.homepage.clone().unwrap_or_else(|| page.clone())),
        source: Some(page),
        documentation: project.documentation.clone(),
        revision: origin.commit.clone(),
        epoch: origin.epoch,
        binary: binary(project, inputs),
        entrypoint: config.entrypoint,
        labels: config.labels,
        ports: config.ports,
        user: config.user,
        ca_certificates: None,
    })
}

/// What a binary is called in the image: as the files are, if all of them are called like one of the project's
/// binaries, else like the main one.
fn binary(project: &Project, inputs: &[PathBuf]) -> String {
    let called = |name: &&String| inputs.iter().all(|path| path.file_name() == Some(name.as_ref()));
    let name = project.binaries.iter().find(called).or(project.binaries.first());
    name.unwrap_or(&project.name).clone()
}

fn tell(image: &Image, report: &Report) {
    for one in &image.platforms {
        let layers: u64 = one.layers.iter().map(|layer| layer.size).sum();
        let (files, size) = (one.files.len(), units::size(layers));
        report.step(
            "image",
            format!("{} {}, {files} files, {size}", one.platform, one.manifest.digest.short()),
        );
    }
    report.step("wrote", format!("{}, {}", image.layout.display(), units::size(image.size())));
}

#[cfg(test)]
mod tests {
    use semver::Version;

    use super::*;
    use floe_core::model::Config;

    fn project(binaries: &[&str]) -> Project {
        let text = |text: &str| Some(text.to_owned());
        Project {
            name: "tool".to_owned(),
            version: Version::new(1, 4, 0),
            description: text("A tool"),
            license: text("MIT"),
            repository: None,
            homepage: None,
            documentation: text("https://docs.rs/tool"),
            root: "/nowhere".into(),
            workspace_root: "/nowhere".into(),
            manifest_path: "/nowhere/Cargo.toml".into(),
            target_dir: "/nowhere/target".into(),
            binaries: binaries.iter().map(|name| (*name).to_owned()).collect(),
            gated: Vec::new(),
            config: Config::default(),
            is_configured: false,
            siblings: Vec::new(),
        }
    }

    #[test]
    fn a_binary_is_called_as_the_project_calls_it() {
        let name = |inputs: &[&str]| {
            binary(&project(&["tool", "toolctl"]), &inputs.iter().map(PathBuf::from).collect::<Vec<_>>())
        };
        assert_eq!(name(&["a/toolctl", "b/toolctl"]), "toolctl");
        assert_eq!(name(&["a/tool", "b/toolctl"]), "tool");
        assert_eq!(name(&["tool-amd64", "tool-arm64"]), "tool");
    }

    #[test]
    fn the_repository_is_the_source_and_the_page_unless_there_is_a_homepage() {
        let repo: Repo = "acme/tool".parse().unwrap();
        let origin = Origin { commit: None, epoch: 7 };
        let inputs = [PathBuf::from("tool")];
        let mut project = project(&["tool"]);
        let told = spec(&project, &origin, &repo, &inputs).unwrap();
        assert_eq!(told.source.as_deref(), Some("https://github.com/acme/tool"));
        assert_eq!((told.url, told.epoch), (told.source, 7));
        project.homepage = Some("https://tool.example".to_owned());
        let told = spec(&project, &origin, &repo, &inputs).unwrap();
        assert_eq!(told.url.as_deref(), Some("https://tool.example"));
        project.config.image = None;
        let error = spec(&project, &origin, &repo, &inputs).unwrap_err();
        assert_eq!(error.to_string(), "`tool` says that it has no image");
    }
}
