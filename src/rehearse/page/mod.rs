//! The HTML page of a rehearsal: the release as its visitors would see it, in one self-contained file.
//!
//! The page runs no script and loads nothing. The templates escape every value they show.

mod channels;
mod image;
mod markdown;
mod steps;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use url::Url;

use floe_core::model::notes::NotesSource;
use floe_core::model::{Asset, Digest, Manifest, Release};
use floe_core::plan::Plan;
use floe_core::receipt::Receipt;
use floe_core::units::size;

const STYLE: &str = include_str!("style.css");
/// The page may use its own style sheet and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The content of the page.
pub struct Page<'a> {
    /// The release.
    pub release: &'a Release,
    /// The plan it was published by.
    pub plan: &'a Plan,
    /// The steps of the run and their outcome.
    pub receipt: &'a Receipt,
    /// The release notes, in Markdown.
    pub notes: &'a str,
}

impl Page<'_> {
    /// Renders the whole page as HTML.
    pub fn render(&self) -> String {
        let Manifest { name, version, .. } = &self.release.manifest;
        let sections = self.sections();
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { (name) " " (version) ": rehearsal" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a.skip href="#main" { "Skip to the release" }
                    header { .inner { (self.header()) } }
                    .page {
                        nav aria-label="On this page" { ul {
                            @for (id, title, _) in &sections { li { a href={ "#" (id) } { (title) } } }
                            li { a href="#files" { "Files of this rehearsal" } }
                        } }
                        main #main {
                            @for (id, title, content) in &sections {
                                @let heading = format!("{id}-title");
                                section id=(id) aria-labelledby=(heading) { h2 id=(heading) { (title) } (content) }
                            }
                        }
                    }
                    footer { .inner { (self.footer()) } }
                }
            }
            "\n"
        };
        // HTML forbids control characters, and maud does not escape them.
        let forbidden = |c: char| c.is_control() && c != '\n' && c != '\t';
        page.into_string().replace(forbidden, "\u{fffd}")
    }

    fn header(&self) -> Markup {
        let Release { destination, assets, image, manifest, .. } = self.release;
        let Manifest { name, version, .. } = manifest;
        let repo = || web_link(&destination.page, html! { (destination.repo) });
        let targets: Vec<_> = manifest.artifacts.iter().map(|artifact| artifact.target.name).collect();
        let is_complete = self.receipt.published && self.receipt.left() == 0;
        html! {
            p.kicker { "Rehearsal of a release" }
            h1 { (name) " " span.version { (version) } }
            p.lede {
                "Packed, published and verified on this machine; nothing left it. Visitors of " (repo())
                " will see this release once it is published."
            }
            dl.facts {
                div.state.(if is_complete { "complete" } else { "partial" }) {
                    dt { "State" }
                    dd { strong { (self.receipt.state()) } small { "on the rehearsal’s own servers" } }
                }
                div { dt { "Assets" } dd {
                    (assets.len()) " files, " (size(self.release.asset_bytes()))
                    @if let Some(image) = image { small { "and an image, " (size(image.size())) } }
                } }
                div { dt { "Targets" } dd { (targets.join(", ")) } }
                div { dt { "Tag" } dd { code { (destination.tag.as_str()) } } }
                div { dt { "Repository" } dd { (repo()) } }
                div.wide { dt { "Commit" } dd { code.digest { (destination.commit.as_str()) } } }
            }
        }
    }

    /// The id, the title and the content of each section.
    fn sections(&self) -> Vec<(&'static str, &'static str, Markup)> {
        let Page { release, plan, receipt, notes } = *self;
        let is_generated = release.notes.source == NotesSource::Generated;
        // The rehearsal's servers generate another text, whose links lead to them.
        let notes = if is_generated { &release.notes.footer } else { notes };
        let notes = html! {
            @if is_generated {
                p.about { "GitHub generates the upper part of these notes with the draft; it is not shown here." }
            }
            p.about { "The URLs are those of the real release; they work once it is published." }
            .notes { (markdown::render(notes)) }
        };
        let always = [("notes", "Release notes", notes), ("artifacts", "Artifacts", artifacts(release))];
        let image = release.image.iter().map(|image| ("image", "Image", image::show(release, image, plan)));
        let channels = channels::show(release, plan).map(|files| ("channels", "Package managers", files));
        let steps = [("steps", "Steps", steps::show(receipt))];
        always.into_iter().chain(image).chain(channels).chain(steps).collect()
    }

    fn footer(&self) -> Markup {
        let file =
            |path: &str, about: &str| html! { dt { a href=(path) { code { (path) } } } dd { (about) } };
        html! {
            h2 #files { "Files of this rehearsal" }
            dl.files {
                (file("dist/", "the archives, their records and the image, if this rehearsal built them"))
                (file("release/", "the assets as downloaded anonymously and verified, and the notes"))
                (file("plan.json", "the planned steps"))
                (file("receipt.json", "the steps of this run and their outcome"))
            }
            p.made {
                "Made by floe " (env!("CARGO_PKG_VERSION")) " with " (self.receipt.requests)
                " requests, started " (self.receipt.started) "."
            }
        }
    }
}

/// Every asset. A name needs no encoding: GitHub accepts `[A-Za-z0-9._+-]` only.
fn artifacts(release: &Release) -> Markup {
    let heads = ["Name", "Size", "Digest"];
    let rows = release.assets.iter().map(|Asset { name, size: bytes, digest: of, .. }| {
        let link = html! { a.path href={ "release/assets/" (name) } { (name) } };
        [link, html! { (size(*bytes)) }, digest(of)]
    });
    html! {
        p.about {
            (release.assets.len()) " files, " (size(release.asset_bytes())) " together."
            " A name links to the copy that this rehearsal downloaded anonymously."
        }
        (table("assets", "Artifacts", &heads, html! {
            tbody role="rowgroup" { @for row in rows { tr role="row" { (cells(&heads, row)) } } }
        }))
    }
}

/// One click selects the whole digest.
fn digest(digest: &Digest) -> Markup {
    html! { code.digest { (digest) } }
}

/// One click selects the whole command.
fn command(text: &str) -> Markup {
    html! { pre.command { code { (text) } } }
}

/// A link that leaves the page.
fn web_link(address: &str, content: Markup) -> Markup {
    match web_address(address) {
        Some(address) => html! { a href=(address) rel="noopener noreferrer" { (content) } },
        None => content,
    }
}

/// An address as a link may have it. Only http and https become links: any other scheme could run code.
fn web_address(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

/// A table whose rows become blocks on narrow screens. The roles repeat the tags because some browsers drop table
/// semantics as soon as a table has another `display`.
fn table(class: &str, label: &str, heads: &[&str], bodies: Markup) -> Markup {
    html! {
        table.stack.(class) role="table" aria-label=(label) {
            thead role="rowgroup" { tr role="row" {
                @for head in heads { th scope="col" role="columnheader" { (head) } }
            } }
            (bodies)
        }
    }
}

/// The cells of a row. Each but the first carries its column's name for narrow screens.
fn cells(heads: &[&str], cells: impl IntoIterator<Item = Markup>) -> Markup {
    html! {
        @for (column, (head, cell)) in heads.iter().zip(cells).enumerate() {
            @if column == 0 { th scope="row" role="rowheader" { (cell) } }
            @else { td data-label=(head) role="cell" { (cell) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        let link = web_link("HTTPS://Example.org/ä?a=1&\"", html! { "<" });
        let expected =
            r#"<a href="https://example.org/%C3%A4?a=1&amp;%22" rel="noopener noreferrer">&lt;</a>"#;
        assert_eq!(link.into_string(), expected);
        for wrong in [
            "javascript:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}javascript:alert(1)",
            " data:text/html,x",
            "//example.org",
            "docs/a.md",
            "vbscript:x",
            "https://",
            "ftp://example.org",
            "",
        ] {
            assert_eq!(web_link(wrong, html! { "a" }).into_string(), "a", "{wrong}");
        }
    }
}
