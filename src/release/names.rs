//! The names that later releases take over, and who may own them.

use crate::channels;
use crate::error::{in_one_line, usage};
use crate::project::cargo::{self, Project};
use crate::release::assemble;
use floe_core::model::{ChannelPlace, Config, ImageName, Repo, Tag};

/// The default name of the image at GHCR, in the lower case that registries require: that of the repository. Where tags
/// have a prefix the repository releases several packages, and each has an image of its own.
pub fn image_name(repo: &Repo, tag: &Tag, package: &str) -> anyhow::Result<ImageName> {
    let name = match tag.prefix() {
        "" => format!("ghcr.io/{repo}"),
        _ => format!("ghcr.io/{repo}/{package}"),
    };
    name.to_lowercase().parse().map_err(|why: String| {
        usage(why)
            .hint("name the image with `--image`, or with `name` under [package.metadata.floe.image] in Cargo.toml")
            .into()
    })
}

/// The reasons for which no version of this project could be released, before its files and servers are looked at.
pub fn obstacles(project: &Project, repo: Option<&Repo>) -> Vec<String> {
    let names = || {
        let tag = cargo::tag(Some(project), None, &project.version)?;
        let names = repo.map(|repo| moving(Some(project), (repo, &tag, &project.name), None));
        names.transpose().map(drop)
    };
    let failed = [names(), assemble::check(project)].into_iter().filter_map(Result::err);
    failed.map(|error| format!("`floe publish` would fail: {}", in_one_line(&error))).collect()
}

/// The names that later releases take over: the image, and whether the release may become GitHub's latest. No other
/// package of the workspace may own them, or each would move what users of the other one pull.
pub fn moving(
    project: Option<&Project>,
    (repo, tag, package): (&Repo, &Tag, &str),
    image: Option<&ImageName>,
) -> anyhow::Result<(ImageName, bool)> {
    let named = |config: &Config| config.image.as_ref().and_then(|image| image.name.clone());
    let own = project.map(|project| &project.config);
    let image = match image.cloned().or_else(|| named(own?)) {
        Some(image) => image,
        None => image_name(repo, tag, package)?,
    };
    let may_be_latest = own.map_or(tag.prefix().is_empty(), Config::may_be_latest);
    let places = |name: &str, config: &Config| {
        channels::places((name, tag.version()), Some(repo), &config.targets, &config.channels)
    };
    let own_places = own.map(|own| places(package, own)).unwrap_or_default();
    let siblings = project.iter().flat_map(|project| &project.siblings);
    for (sibling, config) in siblings.filter_map(|(name, config)| Some((name, config.as_ref()?))) {
        let refuse = |what: &str, hint: &str| {
            Err(usage(format!("`{package}` and `{sibling}` would both {what}")).hint(hint).into())
        };
        if config.tag_prefix == tag.prefix() {
            let like = Tag::prefixed_or_plain(tag.prefix(), tag.version());
            let setting = format!("`tag-prefix = \"{package}-\"` under [package.metadata.floe]");
            return refuse(
                &format!("release tags like `{like}`"),
                &format!("write {setting} of `{package}`"),
            );
        }
        if may_be_latest && config.may_be_latest() {
            let hint = "write `latest = false` under [package.metadata.floe] of all packages but one";
            return refuse("move GitHub's latest release", hint);
        }
        let is_own = |place: &ChannelPlace| {
            own_places.iter().any(|own| (&own.home, &own.paths) == (&place.home, &place.paths))
        };
        if let Some(place) = places(sibling, config).into_iter().find(is_own) {
            let table = "the table of the channel under [package.metadata.floe]";
            let hint = format!("give `{package}` another name in {table}");
            return refuse(&format!("write `{}` of {}", place.path(), place.home), &hint);
        }
        let tag = Tag::prefixed_or_plain(&config.tag_prefix, tag.version());
        let theirs = named(config).or_else(|| image_name(repo, &tag, sibling).ok());
        let have_images = own.is_some_and(|own| own.image.is_some()) && config.image.is_some();
        if have_images && theirs.as_ref() == Some(&image) {
            let table = "[package.metadata.floe.image]";
            let hint = format!("give `{package}` another `name` under {table}, or leave it out");
            return refuse(&format!("move the tags of the image `{image}`"), &hint);
        }
    }
    Ok((image, may_be_latest))
}
