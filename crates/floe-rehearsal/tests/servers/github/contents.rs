//! Files that are written through the API, branches, forks and pull requests, in the words of the real one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_core::model::Repo;
use http::Method;
use serde_json::{Value, json};

use super::{Answer, GUEST, Hub, OWNER};

const TAP: &str = "/repos/acme/homebrew-tap";
const FILE: &str = "/repos/acme/homebrew-tap/contents/Formula/tool.rb";

fn tap() -> Repo {
    "acme/homebrew-tap".parse().unwrap()
}

fn add(hub: &Hub, repo: &Repo, branch: &str) {
    hub.github.add_repo(repo, branch, None).unwrap();
    hub.github.push_tag(repo, "seed", super::to(1, false)).unwrap();
}

/// A hub with a tap whose default branch is not `main`.
async fn hub() -> Hub {
    let hub = Hub::new().await;
    add(&hub, &tap(), "trunk");
    hub.github.set_push(&format!("{OWNER}-login"), vec![tap(), fork()]);
    hub
}

fn body(text: &str, sha: Option<&str>) -> Value {
    let mut body = json!({ "message": "tool 1.0.0", "content": STANDARD.encode(text) });
    if let Some(sha) = sha {
        body["sha"] = sha.into();
    }
    body
}

async fn put(hub: &Hub, path: &str, token: &str, body: &Value) -> Answer {
    hub.send(hub.request(Method::PUT, path, token).json(body)).await
}

fn said(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_file_is_written_with_the_name_of_the_bytes_that_it_replaces() {
    let hub = hub().await;
    assert_eq!(hub.get(FILE, "").await.status, 404);
    // Without a file any name will do.
    let made = put(&hub, FILE, OWNER, &body("one", Some("0000"))).await;
    assert_eq!(made.status, 201);
    let there = hub.get(FILE, "").await.json();
    let text = STANDARD.decode(there["content"].as_str().unwrap().trim()).unwrap();
    assert_eq!((text, &there["sha"]), (b"one".to_vec(), &made.json()["content"]["sha"]));
    assert_eq!(hub.get("/repos/acme/homebrew-tap/contents/Formula", "").await.json()[0]["name"], "tool.rb");

    let missing = put(&hub, FILE, OWNER, &body("two", None)).await;
    assert_eq!(said(&missing), (422, "Invalid request.\n\n\"sha\" wasn't supplied.".to_owned()));
    let wrong = put(&hub, FILE, OWNER, &body("two", Some("0000"))).await;
    assert_eq!(said(&wrong), (409, "Formula/tool.rb does not match 0000".to_owned()));
    let sha = there["sha"].as_str().unwrap();
    assert_eq!(put(&hub, FILE, OWNER, &body("two", Some(sha))).await.status, 200);
    let mut elsewhere = body("two", Some("0000"));
    elsewhere["branch"] = "main".into();
    assert_eq!(said(&put(&hub, FILE, OWNER, &elsewhere).await), (404, "Branch main not found".to_owned()));
    assert_eq!(hub.github.files(&tap())["Formula/tool.rb"], b"two");
    let other = hub.restarted().await;
    assert_eq!(other.github.files(&tap())["Formula/tool.rb"], b"two");
}

#[tokio::test]
async fn a_write_needs_the_right_and_no_rule_against_it() {
    let hub = hub().await;
    let text = body("one", None);
    assert_eq!(put(&hub, FILE, GUEST, &text).await.status, 403);
    assert_eq!(put(&hub, FILE, "", &text).await.status, 401);
    hub.github.edit(&tap(), |stored| stored.protected = true).unwrap();
    let ruled = said(&put(&hub, FILE, OWNER, &text).await);
    assert!(ruled.0 == 409 && ruled.1.starts_with("Repository rule violations found"), "{ruled:?}");
    hub.github.edit(&tap(), |stored| stored.archived = true).unwrap();
    assert_eq!(hub.get(TAP, OWNER).await.json()["archived"], true);
    let archived = (403, "Repository was archived so is read-only.".to_owned());
    assert_eq!(said(&put(&hub, FILE, OWNER, &text).await), archived);
    assert_eq!(hub.github.files(&tap()).keys().collect::<Vec<_>>(), ["README.md"]);
}

#[tokio::test]
async fn the_first_file_of_an_empty_repository_makes_its_branch() {
    let hub = hub().await;
    let repo: Repo = "acme/homebrew-tap".parse().unwrap();
    let empty = "acme/empty".parse().unwrap();
    hub.github.add_repo(&empty, "main", None).unwrap();
    hub.github.set_push(&format!("{OWNER}-login"), vec![repo, empty]);
    let file = "/repos/acme/empty/contents/a/b.txt";
    assert_eq!(said(&hub.get(file, OWNER).await), (404, "This repository is empty.".to_owned()));
    assert_eq!(put(&hub, file, OWNER, &body("one", None)).await.status, 201);
    assert_eq!(hub.get("/repos/acme/empty/git/ref/heads/main", OWNER).await.status, 200);
    assert_eq!(hub.get("/repos/acme/empty/branches/main", OWNER).await.json()["protected"], false);
    let absent = hub.get("/repos/acme/empty/branches/other", OWNER).await;
    assert_eq!(said(&absent), (404, "Branch not found".to_owned()));
    assert_eq!(hub.get(file, "").await.json()["size"], 3);
}

#[tokio::test]
async fn a_renamed_repository_redirects() {
    let hub = hub().await;
    put(&hub, FILE, OWNER, &body("one", None)).await;
    hub.github.rename(&tap(), &"acme/homebrew-new".parse().unwrap()).unwrap();
    let moved = hub.get(TAP, OWNER).await;
    assert_eq!(moved.status, 301);
    assert_eq!(hub.get(moved.header("location"), OWNER).await.json()["full_name"], "acme/homebrew-new");
    let file = hub.get(FILE, OWNER).await;
    assert_eq!(hub.get(file.header("location"), OWNER).await.json()["path"], "Formula/tool.rb");
    assert_eq!(put(&hub, FILE, OWNER, &body("two", None)).await.status, 307);
}

fn fork() -> Repo {
    "acme/winget-pkgs".parse().unwrap()
}

#[tokio::test]
async fn a_fork_catches_up_and_its_branch_becomes_a_pull_request() {
    let hub = hub().await;
    let upstream: Repo = "microsoft/winget-pkgs".parse().unwrap();
    add(&hub, &upstream, "master");
    hub.github.add_repo(&fork(), "master", Some(&upstream)).unwrap();
    hub.github.write_file(&upstream, "manifests/o/Other.yaml", b"other").unwrap();

    let sync = json!({ "branch": "master" });
    let fork_of = |rest: &str| format!("/repos/acme/winget-pkgs{rest}");
    assert_eq!(hub.post(&format!("{TAP}/merge-upstream"), sync.clone()).await.status, 422);
    assert_eq!(
        hub.post(&fork_of("/merge-upstream"), sync.clone()).await.json()["merge_type"],
        "fast-forward"
    );
    assert_eq!(hub.post(&fork_of("/merge-upstream"), sync).await.json()["merge_type"], "none");
    assert_eq!(hub.github.files(&fork())["manifests/o/Other.yaml"], b"other");

    let head = hub.get(&fork_of("/git/ref/heads/master"), OWNER).await.json()["object"]["sha"].clone();
    let branch = json!({ "ref": "refs/heads/Acme.Tool-1.0.0", "sha": head });
    assert_eq!(hub.post(&fork_of("/git/refs"), branch.clone()).await.status, 201);
    assert_eq!(said(&hub.post(&fork_of("/git/refs"), branch).await).1, "Reference already exists");

    let pulls = "/repos/microsoft/winget-pkgs/pulls";
    let pull = json!({ "title": "Acme.Tool 1.0.0", "head": "acme:Acme.Tool-1.0.0", "base": "master" });
    let early = hub.post(pulls, pull.clone()).await;
    assert!(early.status == 422 && early.json().to_string().contains("No commits between master and"));
    let mut file = body("one", None);
    file["branch"] = "Acme.Tool-1.0.0".into();
    let path = fork_of("/contents/manifests/a/Acme/Tool/1.0.0/Acme.Tool.yaml");
    assert_eq!(put(&hub, &path, OWNER, &file).await.status, 201);
    assert_eq!(hub.post(pulls, pull.clone()).await.status, 201);
    let twice = hub.post(pulls, pull).await.json().to_string();
    assert!(twice.contains("A pull request already exists for acme:Acme.Tool-1.0.0."), "{twice}");
    let listed = format!("{pulls}?head=acme:Acme.Tool-1.0.0&state=all");
    assert_eq!(hub.get(&listed, OWNER).await.json()[0]["state"], "open");
    hub.github.merge_pull(&upstream, 1).unwrap();
    assert_eq!(hub.get(&listed, OWNER).await.json()[0]["state"], "closed");
    assert_eq!(hub.github.files(&upstream)["manifests/a/Acme/Tool/1.0.0/Acme.Tool.yaml"], b"one");
}

#[tokio::test]
async fn a_file_stays_in_its_tree() {
    let hub = hub().await;
    let malformed = (422, "path contains a malformed path component".to_owned());
    let seed = hub.get(&format!("{TAP}/commits/trunk"), "").await.json();
    let base = seed["commit"]["tree"]["sha"].clone();
    for path in ["..%2Fx", "a//b", "a/", ".%2F.."] {
        let wrote = put(&hub, &format!("{TAP}/contents/{path}"), OWNER, &body("one", None)).await;
        assert_eq!(said(&wrote), malformed, "{path}");
        let path = path.replace("%2F", "/");
        let entry = json!({ "path": path, "mode": "100644", "type": "blob", "content": "one" });
        let tree = json!({ "base_tree": base, "tree": [entry] });
        assert_eq!(said(&hub.post(&format!("{TAP}/git/trees"), tree).await), malformed, "{path}");
    }
    assert_eq!(hub.github.files(&tap()).len(), 1);
}

#[tokio::test]
async fn an_older_commit_keeps_its_files() {
    let hub = hub().await;
    let made = put(&hub, FILE, OWNER, &body("one", None)).await.json();
    let (first, name) = (made["commit"]["sha"].as_str().unwrap(), made["content"]["sha"].as_str());
    let second = put(&hub, FILE, OWNER, &body("two", name)).await.json();
    let second = second["commit"]["sha"].as_str().unwrap();
    for (commit, text) in [(first, "one"), (second, "two"), ("trunk", "two"), ("heads/trunk", "two")] {
        let file = hub.get(&format!("{FILE}?ref={commit}"), "").await.json();
        assert_eq!(file["content"], format!("{}\n", STANDARD.encode(text)), "{commit}");
        let archive = hub.get(&format!("{TAP}/zipball/{commit}"), "").await;
        let archive = hub.get(archive.header("location"), "").await.bytes;
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
        let found = (0..zip.len()).map(|at| std::io::read_to_string(zip.by_index(at).unwrap()).unwrap());
        assert!(found.collect::<Vec<_>>()[0] == text, "{commit}");
    }
    assert_eq!(hub.get(&format!("{FILE}?ref=seed"), "").await.status, 404);
    let parent =
        hub.get(&format!("{TAP}/git/commits/{second}"), "").await.json()["parents"][0]["sha"].clone();
    assert_eq!(parent, first);
}

#[tokio::test]
async fn a_fork_with_commits_of_its_own_has_diverged() {
    let hub = hub().await;
    let upstream: Repo = "microsoft/winget-pkgs".parse().unwrap();
    add(&hub, &upstream, "master");
    hub.github.add_repo(&fork(), "master", Some(&upstream)).unwrap();
    let compared = async |range: &str| {
        let answer = hub.get(&format!("/repos/acme/winget-pkgs/compare/{range}"), OWNER).await.json();
        (answer["status"].clone(), answer["ahead_by"].clone(), answer["behind_by"].clone())
    };
    assert_eq!(compared("microsoft:master...master").await, (json!("identical"), json!(0), json!(0)));
    hub.github.write_file(&upstream, "theirs", b"theirs").unwrap();
    assert_eq!(compared("microsoft:master...master").await, (json!("behind"), json!(0), json!(1)));
    hub.github.write_branch(&fork(), "ours", "ours", b"ours").unwrap();
    assert_eq!(compared("microsoft:master...ours").await, (json!("diverged"), json!(1), json!(1)));
    assert_eq!(compared("nobody:master...ours").await.0, "404");

    // A branch moves along its history only, unless it is forced.
    let sha = async |branch: &str| {
        let path = format!("/repos/acme/winget-pkgs/git/ref/heads/{branch}");
        hub.get(&path, OWNER).await.json()["object"]["sha"].clone()
    };
    let (master, ours) = (sha("master").await, sha("ours").await);
    let branch = "/repos/acme/winget-pkgs/git/refs/heads/ours";
    let back = hub.patch(branch, json!({ "sha": master })).await;
    assert_eq!(said(&back), (422, "Update is not a fast forward".to_owned()));
    assert_eq!(hub.patch(branch, json!({ "sha": master, "force": true })).await.status, 200);
    assert_eq!(hub.patch(branch, json!({ "sha": ours })).await.status, 200);
    assert_eq!(sha("ours").await, ours);
    // The default branch is pushed by git only.
    let default = hub.patch(&branch.replace("ours", "master"), json!({ "sha": ours })).await;
    assert_eq!(said(&default), (422, "Reference does not exist".to_owned()));

    hub.github.write_file(&fork(), "own", b"own").unwrap();
    let conflict = hub.post("/repos/acme/winget-pkgs/merge-upstream", json!({ "branch": "master" })).await;
    assert_eq!(said(&conflict), (409, "There are merge conflicts".to_owned()));
}
