//! `floe plan` with no dist: what can be known, and refused, before anything is built. It asks and changes nothing; the
//! right to push an image can only be asked for with an upload session, which is closed again.

use super::gather;
use crate::cli::ReleaseArgs;
use crate::error::{Exit, Failure, usage};
use crate::project::cargo;
use crate::registry::Credentials;
use crate::release::remote;
use crate::report::Report;
use crate::token::Token;
use floe_core::model::Home;
use floe_core::plan::{self, Outlook};
use floe_core::world::World;

/// Prints the outlook on stdout.
///
/// # Errors
/// There is no project here, the tag is not its version's, there are no notes (3); the tag cannot be released (4); a
/// server cannot be asked, or says that the image may not be pushed (1).
pub async fn outlook(args: &ReleaseArgs, report: &Report) -> anyhow::Result<()> {
    let Some(project) = gather::find_project(&args.project)? else {
        return Err(usage("there is neither a dist nor a project to plan")
            .hint("run `floe plan` in the project's folder, or give the dist: `floe plan dist`")
            .into());
    };
    let tag = args.source.tag.clone().or_else(gather::tag_of_workflow);
    cargo::check_tag(&project, tag.as_ref())?;
    let head = gather::head(Some(&project), args.notes_file.as_deref(), &project.version)?;
    let home = gather::home(Some(&project), args, (&project.version, None))?;
    let expect = gather::expect(Some(&project), &args.targets, args.no_image, &args.source)?;
    let has_image = !expect.platforms.is_empty();

    let world = look(args, &home, has_image, report).await?;
    let outlook = Outlook::new(&home, &world, &head, (expect.targets, has_image)).map_err(|conflicts| {
        let text = format!("`{}` cannot be released as it stands", home.tag);
        Failure::of_reasons(text, &plan::reasons(&conflicts))
            .state("nothing was touched")
            .exit(Exit::Conflicts)
    })?;
    report.out(outlook.to_string());
    Ok(())
}

async fn look(args: &ReleaseArgs, home: &Home, has_image: bool, report: &Report) -> anyhow::Result<World> {
    let retry = remote::retry(&args.remote, report);
    let token = Token::github();
    let has_token = token.is_some();
    let github = remote::github(&args.remote, home.repo.clone(), token, &retry)?;
    let access = github.access().await?;
    if !has_token || access.push == Some(false) {
        report.warn("without a token that may push, drafts are not seen, nor whether an image may be pushed");
    } else if has_image {
        let credentials = Credentials::from_env(&home.image);
        let registry = remote::registry(&args.remote, &home.image, credentials, &retry)?;
        registry.may_push().await?;
        registry.close().await;
    }
    if let Some(expires) = &access.expires {
        report.warn(format!("the token expires at {expires}"));
    }
    let tag = github.tag_commit(&home.tag).await?;
    let mut releases = github.releases().await?;
    for release in releases.iter_mut().filter(|release| release.tag == home.tag.as_str()) {
        release.assets = github.assets(release.id).await?;
    }
    Ok(World { tag, releases, image: None })
}
