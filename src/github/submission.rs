//! Pull requests from a fork: the files of a version in one commit of a branch of their own, and a pull request of it.
//!
//! Every part is looked for before it is made, so a run that was cut off is continued.

use anyhow::Context as _;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::contents::escape;
use super::models::{Committed, Compared, FolderEntry, Named, Pull};
use super::{GitHub, mutations::RESERVED};
use crate::error::Failure;
use crate::net::retry::AttemptError;
use floe_core::model::Rendered;
use floe_core::model::places::Submission;
use floe_core::plan::channel::Own;
use floe_core::plan::submission::holds;
use floe_core::preflight::CLASSIC_TOKEN;
use floe_core::untrusted::text;
use floe_core::world::{Access, PullState, RemoteBranch, RemotePull, RemoteSubmission};

const NO_PARENT: &str = "GitHub does not say what the fork is a fork of";

/// A repository of packages, and the fork that pull requests come from.
pub struct Submitter {
    /// The fork.
    pub fork: GitHub,
    /// The repository that it is a fork of.
    pub upstream: GitHub,
    /// The version that is submitted.
    pub to: Submission,
}

impl Submitter {
    /// The versions of the package, its branch and its pull request.
    pub async fn look(&self, paths: &[String]) -> anyhow::Result<RemoteSubmission> {
        let ((versions, merged), branch, pull) =
            tokio::try_join!(self.versions(paths), self.branch(paths), self.pull())?;
        Ok(RemoteSubmission { versions, merged, branch, pull })
    }

    /// The versions that are merged, and the first file of the one in question.
    async fn versions(&self, paths: &[String]) -> anyhow::Result<(Vec<semver::Version>, Option<Vec<u8>>)> {
        let Submission { folder, upstream, version, .. } = &self.to;
        let address = self.upstream.path(&format!("/contents/{}", escape(folder)));
        let what = format!("the folder `{folder}` of `{upstream}`");
        let entries = self.upstream.get::<Vec<FolderEntry>>(&what, &address).await?.unwrap_or_default();
        let is_there = entries.iter().any(|entry| entry.name == *version);
        let merged = match paths.first().filter(|_| is_there) {
            Some(path) => self.upstream.file(path, None).await?.map(|file| file.bytes),
            None => None,
        };
        Ok((entries.iter().filter_map(|entry| entry.name.parse().ok()).collect(), merged))
    }

    async fn branch(&self, paths: &[String]) -> anyhow::Result<Option<RemoteBranch>> {
        let Some(head) = self.head(&self.to.branch()).await? else { return Ok(None) };
        let mut files = std::collections::BTreeMap::new();
        for path in paths {
            let file = self.fork.file(path, Some(&head)).await?;
            files.extend(file.map(|file| (path.clone(), file.bytes)));
        }
        Ok(Some(RemoteBranch { head, files }))
    }

    /// The commit of a branch of the fork.
    async fn head(&self, branch: &str) -> anyhow::Result<Option<String>> {
        let what = format!("the branch `{branch}` of `{}`", self.fork.repo);
        let found = self.fork.commit_of(&what, &format!("heads/{}", escape(branch))).await?;
        Ok(found.map(|commit| commit.to_string()))
    }

    /// The newest pull request from the branch, an open one before the others.
    async fn pull(&self) -> anyhow::Result<Option<RemotePull>> {
        let head = percent_encoding::utf8_percent_encode(&self.to.head(), RESERVED).to_string();
        let address = self.upstream.path(&format!("/pulls?state=all&head={head}"));
        let what = format!("the pull requests of `{}`", self.to.upstream);
        let pulls = self.upstream.get::<Vec<Pull>>(&what, &address).await?.unwrap_or_default();
        let open = pulls.iter().find(|pull| pull.state == "open");
        let pull = open.or(pulls.first()).map(|pull| RemotePull {
            url: text::line(&pull.html_url).into_owned(),
            state: match pull.state.as_str() {
                "open" => PullState::Open,
                _ if pull.merged_at.is_some() => PullState::Merged,
                _ => PullState::Closed,
            },
        });
        Ok(pull)
    }

    /// Tries to submit the files: commits them to the branch and opens the pull request, each only where it is not there yet.
    pub async fn submit(
        &self,
        files: &[&Rendered],
        own: &Own<'_>,
        access: &Access,
        there: RemoteSubmission,
    ) -> Result<(), AttemptError> {
        if !there.branch.as_ref().is_some_and(|branch| holds(branch, own)) {
            self.commit(files, access, there.branch).await?;
        }
        match there.pull {
            Some(pull) if pull.state == PullState::Open => Ok(()),
            _ => self.open(access, there.versions.is_empty()).await,
        }
    }

    /// Commits the files to the branch: on top of it if it is there, else on top of the fork's default branch.
    async fn commit(
        &self,
        files: &[&Rendered],
        access: &Access,
        branch: Option<RemoteBranch>,
    ) -> Result<(), AttemptError> {
        let is_new = branch.is_none();
        let parent = match branch {
            Some(branch) => branch.head,
            None => self.base(access).await?,
        };
        let address = self.fork.path(&format!("/git/commits/{}", escape(&parent)));
        let commit = self.fork.get::<Committed>("a commit of the fork", &address).await?;
        let base = commit.context("the commit of the fork's branch is not there")?.tree.sha;
        let entry = |file: &&Rendered| {
            let content = String::from_utf8_lossy(&file.bytes);
            json!({ "path": file.entry.path, "mode": "100644", "type": "blob", "content": content })
        };
        let entries: Vec<Value> = files.iter().map(entry).collect();
        let tree: Named =
            self.post(&self.fork, "/git/trees", &json!({ "base_tree": base, "tree": entries })).await?;
        let message = self.title(false);
        let commit = json!({ "message": message, "tree": tree.sha, "parents": [parent] });
        let commit: Named = self.post(&self.fork, "/git/commits", &commit).await?;
        let name = self.to.branch();
        if is_new {
            let body = json!({ "ref": format!("refs/heads/{name}"), "sha": commit.sha });
            return self.post::<Value>(&self.fork, "/git/refs", &body).await.map(drop);
        }
        // Without force: a commit that somebody added meanwhile stays.
        let address = self.fork.path(&format!("/git/refs/heads/{}", escape(&name)));
        let body = json!({ "sha": commit.sha, "force": false });
        self.fork
            .write(self.fork.crab.patch::<Value, _, _>(&address, Some(&body)), CLASSIC_TOKEN)
            .await
            .map(drop)
    }

    /// The head of the fork's default branch, which catches up first. A fork that cannot is used as it is: a pull request
    /// shows only what its branch adds.
    async fn base(&self, access: &Access) -> Result<String, AttemptError> {
        let fork = &self.fork;
        let branch = access.branch.as_deref().context("GitHub does not name the fork's default branch")?;
        let (address, body) = (fork.path("/merge-upstream"), json!({ "branch": branch }));
        match fork.change(fork.crab.post::<_, Value>(&address, Some(&body))).await? {
            Ok(_) => {}
            Err(octocrab::Error::GitHub { source, .. })
                if matches!(source.status_code, StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY) =>
            {
                fork.retry().report.warn(format!(
                    "`{}` cannot catch up with the repository that it is a fork of, and is used as it is: {:#}",
                    fork.repo,
                    fork.refusal(&source).error
                ));
            }
            Err(error) => return Err(fork.unwritten(error, CLASSIC_TOKEN)),
        }
        let head = self.head(branch).await?;
        let head = head.with_context(|| format!("`{}` has no branch `{branch}`", fork.repo))?;
        let (parent, (_, theirs)) = (&self.to.upstream, access.parent.as_ref().context(NO_PARENT)?);
        let range = format!("{}:{}...{head}", parent.owner(), escape(theirs));
        let address = fork.path(&format!("/compare/{range}"));
        let compared = fork.get::<Compared>("how the fork differs", &address).await?;
        let ahead = compared.with_context(|| format!("GitHub knows no `{theirs}` of `{parent}`"))?.ahead_by;
        if ahead == 0 {
            return Ok(head);
        }
        let failure = format!(
            "`{branch}` of `{}` has commits that `{parent}` lacks ({ahead}), and they would be in the pull request",
            fork.repo
        );
        let hint = format!("take them away: `gh repo sync {} --branch {branch} --force`", fork.repo);
        Err(AttemptError::fatal(Failure::new(failure).hint(hint)))
    }

    async fn open(&self, access: &Access, is_first: bool) -> Result<(), AttemptError> {
        let base = access.parent.as_ref().map(|(_, branch)| branch.as_str());
        let body = json!({
            "title": self.title(is_first),
            "head": self.to.head(),
            "base": base.context(NO_PARENT)?,
            "maintainer_can_modify": true,
        });
        self.post::<Value>(&self.upstream, "/pulls", &body).await.map(drop)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        github: &GitHub,
        rest: &str,
        body: &Value,
    ) -> Result<T, AttemptError> {
        github.write(github.crab.post(github.path(rest), Some(body)), CLASSIC_TOKEN).await
    }

    /// The title that winget's own tools give.
    fn title(&self, is_first: bool) -> String {
        let what = if is_first { "package" } else { "version" };
        format!("New {what}: {} version {}", self.to.id, self.to.version)
    }
}
