//! The page a rehearsal leaves: the release as its visitors would see it, in one self-contained file.
//!
//! It runs nothing and loads nothing, and whatever it shows is escaped. What it says about equal bytes is computed
//! from digests when the page is made.

mod artifacts;
mod download;
mod html;
mod image;
mod markdown;
mod steps;

use html::Html;

use floe_core::model::notes::Head;
use floe_core::model::{Os, Release};
use floe_core::plan::{Plan, Step};
use floe_core::receipt::{Receipt, Status};
use floe_core::units::size;

const STYLE: &str = include_str!("style.css");
/// The page may use its own style sheet and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// What the page shows.
pub struct Page<'a> {
    /// The release.
    pub release: &'a Release,
    /// The plan it was published by.
    pub plan: &'a Plan,
    /// What was done.
    pub receipt: &'a Receipt,
    /// The release notes, in Markdown.
    pub notes: &'a str,
}

impl Page<'_> {
    /// The whole page as HTML.
    pub fn render(&self) -> String {
        let mut html = Html::document();
        html.element("html", &[("lang", "en")], |html| {
            html.element("head", &[], |html| self.head(html));
            html.element("body", &[], |html| {
                html.leaf("a", &[("class", "skip"), ("href", "#main")], "Skip to the release");
                html.element("header", &[], |html| self.header(html));
                html.element("div", &[("class", "page")], |html| {
                    html.element("nav", &[("aria-label", "On this page")], |html| self.contents(html));
                    html.element("main", &[("id", "main")], |html| self.sections(html));
                });
                html.element("footer", &[], |html| self.footer(html));
            });
        });
        html.finish()
    }

    fn head(&self, html: &mut Html) {
        html.void("meta", &[("charset", "utf-8")]);
        html.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", POLICY)]);
        html.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
        html.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
        html.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
        html.leaf("title", &[], format!("{} {}: rehearsal", self.release.name, self.release.version));
        html.style(STYLE);
    }

    fn header(&self, html: &mut Html) {
        let Release { name, version, home, .. } = self.release;
        html.element("div", &[("class", "inner")], |html| {
            html.leaf("p", &[("class", "kicker")], "Rehearsal of a release");
            html.element("h1", &[], |html| {
                html.text(format!("{name} "));
                html.leaf("span", &[("class", "version")], version.to_string());
            });
            html.element("p", &[("class", "lede")], |html| {
                html.text("Packed, published and verified on this machine; nothing left it. This is what visitors of ");
                html.web_link(&home.page, |html| html.text(home.repo.to_string()));
                html.text(" will get once the release is published in earnest.");
            });
            html.element("dl", &[("class", "facts")], |html| self.facts(html));
        });
    }

    fn facts(&self, html: &mut Html) {
        let (release, home) = (self.release, &self.release.home);
        let (class, state, place) = self.state();
        let mut fact = |name: &str, class: &str, inside: &dyn Fn(&mut Html)| {
            html.element("div", &[("class", class)], |html| {
                html.leaf("dt", &[], name);
                html.element("dd", &[], inside);
            });
        };
        fact("State", class, &|html| {
            html.leaf("strong", &[], &state);
            html.leaf("small", &[], place);
        });
        fact("Assets", "", &|html| {
            html.text(format!("{} files, {}", release.assets.len(), size(release.asset_bytes())));
            if let Some(image) = &release.image {
                html.leaf("small", &[], format!("and an image, {}", size(image.size())));
            }
        });
        fact("Platforms", "", &|html| {
            html.text(systems(release).join(", "));
            if let Some(image) = &release.image {
                let platforms: Vec<String> =
                    image.platforms.iter().map(|one| one.platform.to_string()).collect();
                html.leaf("small", &[], format!("image for {}", platforms.join(", ")));
            }
        });
        fact("Tag", "", &|html| {
            html.code(home.tag.as_str());
            html.leaf("small", &[], self.published_as());
        });
        fact("Repository", "", &|html| html.web_link(&home.page, |html| html.text(home.repo.to_string())));
        fact("Commit", "wide", &|html| html.leaf("code", &[("class", "digest")], home.commit.as_str()));
    }

    /// The class that shows it, the state in words, and where that is so.
    fn state(&self) -> (&'static str, String, &'static str) {
        let there = [Status::Was, Status::Done];
        let left = self.receipt.steps.iter().filter(|line| !there.contains(&line.status)).count();
        let steps = if left == 1 { "step" } else { "steps" };
        match (self.receipt.published, left) {
            (true, 0) => {
                ("state complete", "Public and complete".to_owned(), "on this rehearsal’s own servers")
            }
            (true, _) => {
                ("state partial", format!("Public, {left} {steps} left"), "on this rehearsal’s own servers")
            }
            (false, _) => {
                ("state partial", format!("Not public, {left} {steps} left"), "nobody could see anything")
            }
        }
    }

    fn published_as(&self) -> &'static str {
        let publish = self.plan.steps.iter().find_map(|planned| match planned.step {
            Step::Publish { latest, prerelease } => Some((latest, prerelease)),
            _ => None,
        });
        match publish {
            Some((true, _)) => "published as latest",
            Some((_, true)) => "published as a pre-release",
            _ => "not the latest",
        }
    }

    fn contents(&self, html: &mut Html) {
        let mut links: Vec<(&str, &str)> = vec![("#get", "Get it")];
        links.extend(download::families(self.release).iter().map(|family| (family.anchor, family.name)));
        if self.release.image.is_some() {
            links.push(("#image", "Image"));
        }
        links.extend([("#verify", "Verify"), ("#artifacts", "Artifacts"), ("#notes", "Release notes")]);
        links.extend([("#steps", "Steps"), ("#files", "Files of this rehearsal")]);
        html.element("ul", &[], |html| {
            for (anchor, name) in links {
                let sub = matches!(anchor, "#linux" | "#macos" | "#windows" | "#image" | "#verify");
                html.element("li", &[("class", if sub { "sub" } else { "" })], |html| {
                    html.leaf("a", &[("href", anchor)], name);
                });
            }
        });
    }

    fn sections(&self, html: &mut Html) {
        section(html, "get", "Get it", |html| {
            html.leaf(
                "p",
                &[("class", "about")],
                "The addresses are those of the real release: they answer once it is published.",
            );
            download::archives(html, self.release);
            if let Some(image) = &self.release.image {
                image::show(html, self.release, image, self.plan);
            }
            download::verify(html, self.release);
        });
        section(html, "artifacts", "Artifacts", |html| artifacts::show(html, self.release));
        section(html, "notes", "Release notes", |html| {
            if self.release.notes.head == Head::Generated {
                let from = "GitHub generates the upper part of these notes when the draft is made; it is not shown here.";
                html.leaf("p", &[("class", "about")], from);
            }
            html.element("div", &[("class", "notes")], |html| markdown::render(html, self.notes));
        });
        section(html, "steps", "Steps", |html| steps::show(html, self.receipt));
    }

    fn footer(&self, html: &mut Html) {
        html.element("div", &[("class", "inner")], |html| {
            html.leaf("h2", &[("id", "files")], "Files of this rehearsal");
            html.element("dl", &[("class", "files")], |html| {
                for (path, what) in [
                    ("dist/", "the archives, their records and the image, if this rehearsal built them"),
                    ("release/", "what a stranger downloaded and checked afterwards, and the notes"),
                    ("plan.json", "what was to be done"),
                    ("receipt.json", "what was done, as data"),
                ] {
                    html.element("dt", &[], |html| {
                        html.element("a", &[("href", path)], |html| html.code(path))
                    });
                    html.leaf("dd", &[], what);
                }
            });
            let (version, requests) = (env!("CARGO_PKG_VERSION"), self.receipt.requests);
            let made =
                format!("Made by floe {version} with {requests} requests, begun {}.", self.receipt.started);
            html.leaf("p", &[("class", "made")], made);
        });
    }
}

/// The systems that the release has archives for, in the order people look for them.
fn systems(release: &Release) -> Vec<&'static str> {
    let all = [(Os::Linux, "Linux"), (Os::Macos, "macOS"), (Os::Windows, "Windows")];
    let there = |os: Os| release.manifest.artifacts.iter().any(|artifact| artifact.target.os() == os);
    all.into_iter().filter(|(os, _)| there(*os)).map(|(_, name)| name).collect()
}

fn section(html: &mut Html, id: &'static str, title: &'static str, inside: impl FnOnce(&mut Html)) {
    let heading = format!("{id}-title");
    html.element("section", &[("id", id), ("aria-labelledby", &heading)], |html| {
        html.leaf("h2", &[("id", &heading)], title);
        inside(html);
    });
}
