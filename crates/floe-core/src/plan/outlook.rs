//! What is known of a release before anything of it is built: whether its tag can be released, and what it will move.
//!
//! Pure, and no promise: what it will hold is not known yet, so that nothing is compared with it.

use std::fmt;

use super::ladder::is_highest_stable;
use super::{Conflict, conflicts_of_the_tag, image_tags, previous};
use crate::model::notes::Head;
use crate::model::{Home, Target};
use crate::world::World;

/// A release that can be begun, and what is there of it.
#[derive(Debug, Clone)]
pub struct Outlook {
    home: Home,
    notes: String,
    there: String,
    latest: String,
    image: Option<String>,
    targets: Vec<Target>,
}

impl Outlook {
    /// What the world says to a release of these targets, with or without an image.
    ///
    /// # Errors
    /// The tag is not there or points elsewhere, or more than one draft names it.
    pub fn new(
        home: &Home,
        world: &World,
        head: &Head,
        (targets, has_image): (Vec<Target>, bool),
    ) -> Result<Self, Vec<Conflict>> {
        let conflicts = conflicts_of_the_tag(home, world);
        if !conflicts.is_empty() {
            return Err(conflicts);
        }
        let others = world.other_versions(&home.tag);
        let notes = match (head, previous(&home.tag, &others)) {
            (Head::Text(_), _) => "as the project wrote them".to_owned(),
            (Head::Generated, Some(since)) => format!("GitHub's, since {since}"),
            (Head::Generated, None) => "GitHub's, from the beginning".to_owned(),
        };
        let latest = match is_highest_stable(&home.tag, &others, |_| true) {
            true => format!("moves to {}", home.tag),
            false => "stays where it is".to_owned(),
        };
        let image =
            has_image.then(|| format!("{}:{}", home.image, image_tags(&home.tag, &others).join(", ")));
        Ok(Outlook { home: home.clone(), notes, there: there(home, world), latest, image, targets })
    }
}

fn there(home: &Home, world: &World) -> String {
    match (world.published(&home.tag), world.drafts(&home.tag).first()) {
        (Some(published), _) => {
            format!(
                "published already, with {} files; the same again changes nothing",
                published.assets.len()
            )
        }
        (None, Some(draft)) => {
            format!("a draft (release {}) with {} files, which is continued", draft.id, draft.assets.len())
        }
        (None, None) => "none yet".to_owned(),
    }
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Home { tag, repo, commit, .. } = &self.home;
        let targets: Vec<&str> = self.targets.iter().map(|target| target.name()).collect();
        writeln!(f, "Release {tag} of {repo} at {}", commit.short())?;
        for (what, text) in [
            ("release", self.there.as_str()),
            ("targets", &targets.join(", ")),
            ("image", self.image.as_deref().unwrap_or("none")),
            ("notes", &self.notes),
            ("latest", &self.latest),
        ] {
            writeln!(f, "  {what:<8} {text}")?;
        }
        write!(f, "nothing stands in the way; nothing is built yet")
    }
}
