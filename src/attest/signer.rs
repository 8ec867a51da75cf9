//! The workflow that must have signed: `OWNER/REPO/.github/workflows/FILE[@ref]`.

use std::fmt;
use std::str::FromStr;

use floe_core::model::Repo;

/// The address before the path in the identity of a workflow on github.com.
const SERVER: &str = "https://github.com/";
/// The workflow in floe's repository that other projects call.
const RELEASE_WORKFLOW: &str = ".github/workflows/release.yml";

/// A workflow, at a ref or at any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    repo: Repo,
    path: String,
    git_ref: Option<String>,
}

impl FromStr for Signer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            // With the server, as in a certificate and in the options of cosign.
            let workflow = text.strip_prefix(SERVER).unwrap_or(text);
            let (workflow, git_ref) = match workflow.split_once('@') {
                Some((workflow, git_ref)) => (workflow, Some(git_ref.to_owned())),
                None => (workflow, None),
            };
            let (at, _) = workflow.match_indices('/').nth(1)?;
            let (repo, path) = (workflow[..at].parse().ok()?, workflow[at + 1..].to_owned());
            let is_path = path.starts_with(".github/workflows/") && !path.ends_with('/');
            (is_path && git_ref.as_deref() != Some("")).then_some(Signer { repo, path, git_ref })
        };
        read().ok_or_else(|| {
            format!(
                "`{text}` is not a workflow; write it as OWNER/REPO/.github/workflows/release.yml[@refs/tags/v1.0.0]"
            )
        })
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.repo, self.path)?;
        self.git_ref.iter().try_for_each(|git_ref| write!(f, "@{git_ref}"))
    }
}

impl Signer {
    /// Reads the identity in a certificate, `https://github.com/OWNER/REPO/PATH@ref`.
    pub fn of_identity(identity: &str) -> Option<Self> {
        let signer: Signer = identity.strip_prefix(SERVER)?.parse().ok()?;
        signer.git_ref.is_some().then_some(signer)
    }

    /// floe's own release workflow, at any ref: the one in the repository that this floe was built from.
    pub fn of_floe() -> Option<Self> {
        let repo = Repo::from_url(env!("CARGO_PKG_REPOSITORY"))?;
        Some(Signer { repo, path: RELEASE_WORKFLOW.to_owned(), git_ref: None })
    }

    /// The workflow without a ref.
    pub fn workflow(&self) -> String {
        format!("{}/{}", self.repo, self.path)
    }

    pub(super) fn is_of(&self, repo: &Repo) -> bool {
        self.repo.is(repo)
    }

    /// Whether `found` is this workflow, at this ref if it has one.
    pub(super) fn accepts(&self, found: &Signer) -> bool {
        let has_ref = |git_ref: &String| {
            let mut kinds = ["", "refs/tags/", "refs/heads/"].iter();
            found
                .git_ref
                .as_ref()
                .is_some_and(|found| kinds.any(|kind| found.strip_prefix(kind) == Some(git_ref)))
        };
        found.is_of(&self.repo) && found.path == self.path && self.git_ref.as_ref().is_none_or(has_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(text: &str) -> Signer {
        text.parse().unwrap()
    }

    #[test]
    fn workflows_are_read_and_printed() {
        for text in
            ["acme/tool/.github/workflows/release.yml", "acme/tool/.github/workflows/a/b.yml@refs/tags/v1"]
        {
            assert_eq!(signer(text).to_string(), text);
        }
        for wrong in [
            "acme/tool",
            "acme/tool/x.yml",
            "acme/tool/.github/workflows/x.yml@",
            "/tool/.github/workflows/x.yml",
            "",
        ] {
            assert!(wrong.parse::<Signer>().unwrap_err().contains("is not a workflow"), "{wrong}");
        }
        let identity = "https://github.com/acme/tool/.github/workflows/release.yml@refs/heads/main";
        assert_eq!(signer(identity).to_string(), identity.trim_start_matches(SERVER));
        assert_eq!(
            Signer::of_identity(identity).unwrap().workflow(),
            "acme/tool/.github/workflows/release.yml"
        );
        for wrong in [
            "https://github.com.evil.example/acme/tool/.github/workflows/x.yml@a",
            "https://github.com/acme/tool/.github/workflows/x.yml",
        ] {
            assert_eq!(Signer::of_identity(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_signer_without_a_ref_is_accepted_at_any() {
        let found = signer("acme/tool/.github/workflows/release.yml@refs/tags/v1.0.0");
        let accepts = |text: &str| signer(text).accepts(&found);
        assert!(accepts("acme/tool/.github/workflows/release.yml"));
        assert!(accepts("Acme/Tool/.github/workflows/release.yml@refs/tags/v1.0.0"));
        assert!(accepts("acme/tool/.github/workflows/release.yml@v1.0.0"));
        assert!(!accepts("acme/tool/.github/workflows/release.yml@v1.0"));
        assert!(!accepts("acme/tool/.github/workflows/release.yaml"));
        assert!(!accepts("acme/tools/.github/workflows/release.yml"));
    }
}
