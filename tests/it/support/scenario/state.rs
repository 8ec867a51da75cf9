//! The state of both servers in words, so that two runs can be compared.

use super::{Scenario, TOKEN};

impl Scenario {
    /// The relevant state of both servers as text: every run must end with the same.
    pub fn state(&self) -> String {
        let mut lines = Vec::new();
        let mut releases = self.github.releases(&self.repo());
        releases.sort_by(|a, b| a.tag_name.cmp(&b.tag_name));
        for release in releases {
            let kind = if release.draft { "draft" } else { "published" };
            lines.push(format!("{kind} {} prerelease={}", release.tag_name, release.prerelease));
            let mut assets: Vec<String> = release
                .assets
                .iter()
                .map(|asset| format!("  {} {} {} {:?}", asset.name, asset.size, asset.state(), asset.digest))
                .collect();
            assets.sort();
            lines.extend(assets);
        }
        lines.push(format!("latest {:?}", self.github.latest(&self.repo())));
        lines.extend(self.image_tags().into_iter().map(|(tag, digest)| format!("image {tag} {digest}")));
        lines.join("\n")
    }

    /// Every tag of the image with the digest it points to, asked over HTTP as an account that may read.
    pub fn image_tags(&self) -> Vec<(String, String)> {
        self.runtime.block_on(async {
            let client = reqwest::Client::new();
            let base = format!("{}/v2/acme/tool", self.registry_server.url());
            let get = async |path: &str| {
                let token = format!("{}/token?scope=repository:acme/tool:pull", self.registry_server.url());
                let token: serde_json::Value = client
                    .get(token)
                    .basic_auth("tester", Some(TOKEN))
                    .send()
                    .await
                    .unwrap()
                    .json()
                    .await
                    .unwrap();
                client
                    .get(format!("{base}/{path}"))
                    .bearer_auth(token["token"].as_str().unwrap())
                    .header("accept", "application/vnd.oci.image.index.v1+json")
                    .send()
                    .await
                    .unwrap()
            };
            let list: serde_json::Value = get("tags/list").await.json().await.unwrap();
            let mut tags = Vec::new();
            for tag in list["tags"].as_array().into_iter().flatten().filter_map(|tag| tag.as_str()) {
                let answer = get(&format!("manifests/{tag}")).await;
                let digest = answer.headers()["docker-content-digest"].to_str().unwrap().to_owned();
                tags.push((tag.to_owned(), digest));
            }
            tags.sort();
            tags
        })
    }
}
