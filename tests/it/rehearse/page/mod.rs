//! The page of a rehearsal: rendered from samples, then read as text, as a tree of tags and in a browser.

mod browser;
mod notes;
mod sample;

use std::collections::BTreeSet;

use floe_core::model::notes::NotesSource;
use floe_core::model::{Subject, Target};
use floe_core::plan::{Plan, Step};
use floe_core::receipt::{Receipt, Status};
use floe_core::world::World;
use sample::{Sample, nowhere, record, release};

/// The tags of HTML in order, each with its attributes; closing ones begin with a slash.
fn tags(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut tags = Vec::new();
    let mut rest = html.strip_prefix("<!DOCTYPE html>").unwrap_or(html);
    while let Some((text, after)) = rest.split_once('<') {
        assert!(
            !text.contains('>') || tags.last().is_some_and(|(tag, _)| tag == "style"),
            "a bare `>` in {text:?}"
        );
        let (tag, after) = after.split_once('>').unwrap();
        // Void elements may be written as those of XML.
        let tag = tag.strip_suffix('/').unwrap_or(tag).trim_end();
        let (name, mut values) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        while !values.is_empty() {
            let (attribute, more) = values.split_at(values.find([' ', '=']).unwrap_or(values.len()));
            assert!(attribute.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "in {tag}");
            let (value, more) = match more.strip_prefix("=\"") {
                Some(more) => more.split_once('"').unwrap(),
                None => ("", more),
            };
            attributes.push((attribute.to_owned(), value.to_owned()));
            assert!(more.is_empty() || more.starts_with(' '), "in {tag}");
            values = more.trim_start();
        }
        tags.push((name.to_owned(), attributes));
        rest = after;
    }
    tags
}

/// Every element that is opened is closed, in order.
fn assert_balanced(html: &str) {
    let mut open = Vec::new();
    for (tag, _) in tags(html) {
        match tag.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop().as_deref(), Some(closed)),
            None if ["meta", "br", "hr", "input"].contains(&tag.as_str()) => {}
            None => open.push(tag),
        }
    }
    assert_eq!(open, Vec::<String>::new());
}

fn values(html: &str, attribute: &str) -> Vec<String> {
    let attributes = tags(html).into_iter().flat_map(|(_, attributes)| attributes);
    attributes.filter(|(name, _)| name == attribute).map(|(_, value)| value).collect()
}

#[test]
fn the_page_is_one_well_formed_file_that_loads_nothing() {
    let html = Sample::new().render();
    assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\">"));
    assert_balanced(&html);
    assert!(html.contains(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    ));
    assert!(html.contains("<title>tool 1.4.0: rehearsal</title>"));
    let names: BTreeSet<String> = tags(&html).into_iter().map(|(tag, _)| tag).collect();
    for wrong in ["script", "link", "img", "iframe", "object", "form", "base", "svg", "video"] {
        assert!(!names.contains(wrong), "{wrong}");
    }
    for landmark in ["header", "nav", "main", "footer"] {
        assert_eq!(tags(&html).iter().filter(|(tag, _)| tag == landmark).count(), 1, "{landmark}");
    }
    assert!(!html.contains("url(") && !html.contains("@import"));
    let (own, notes) = html.split_once("<div class=\"notes\">").unwrap();
    let own = own.to_owned() + notes.split_once("</div></section>").unwrap().1;
    assert!(
        tags(&own)
            .iter()
            .filter(|(tag, _)| tag == "th")
            .all(|(_, attributes)| attributes.iter().any(|(name, _)| name == "scope"))
    );
}

#[test]
fn every_link_leads_somewhere() {
    let html = Sample::new().render();
    let ids = values(&html, "id");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id is used twice in {ids:?}");
    let own = ["dist/", "release/", "plan.json", "receipt.json"];
    for link in values(&html, "href") {
        let fine = match link.strip_prefix('#') {
            Some(id) => ids.iter().any(|one| one == id),
            None => {
                link.starts_with("https://github.com/acme/tool")
                    || link.starts_with("release/assets/")
                    || own.contains(&link.as_str())
            }
        };
        assert!(fine, "{link}");
    }
    for label in values(&html, "aria-labelledby") {
        assert!(ids.contains(&label), "{label}");
    }
}

#[test]
fn visitors_find_every_file_with_its_digest_and_the_commands() {
    let sample = Sample::new();
    let html = sample.render();
    let base = "https://github.com/acme/tool/releases/download/v1.4.0";
    for asset in &sample.release.assets {
        assert!(html.contains(&asset.digest.to_string()) && html.contains(&format!(">{}</a>", asset.name)));
    }
    for target in Target::defaults() {
        let file = target.archive_file("tool");
        let row = format!("<a href=\"{base}/{file}\">{file}</a></td><td>{}</td>", target.name);
        assert!(html.contains(&row), "{target}");
    }
    for text in [
        &format!("docker pull ghcr.io/acme/tool@{}", sample.release.image.as_ref().unwrap().index.digest),
        "ghcr.io/acme/tool:1.4.0</code>, <code>ghcr.io/acme/tool:1.4</code>",
        "sha256sum --ignore-missing -c SHA256SUMS",
        "floe verify --release v1.4.0 --repo acme/tool",
        "the release is public and complete",
        "9 files, ",
        "<a href=\"https://github.com/acme/tool/pull/41\">#41</a>",
        "97 requests",
    ] {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn the_commit_point_is_before_publishing() {
    let mut sample = Sample::new();
    let html = sample.render();
    let commit = html.find("nothing is public before this, ").unwrap();
    let publish = html.find(">publish</span>").unwrap();
    assert!(html.rfind(">upload</span>").unwrap() < commit && commit < publish);
    assert!(html[commit..publish].matches("<tr").count() == 1);
    sample.receipt.steps[3].status = Status::Failed;
    sample.receipt.steps.last_mut().unwrap().status = Status::Todo;
    let html = sample.render();
    assert!(
        html.contains("the release is public; 2 of ")
            && html.contains(">failed</span>")
            && html.contains(">todo</span>")
    );
}

#[test]
fn a_run_that_had_nothing_to_do_shows_no_times() {
    let mut sample = Sample::new();
    for line in &mut sample.receipt.steps {
        (line.status, line.millis) = (Status::Was, None);
    }
    let html = sample.render();
    assert_balanced(&html);
    assert!(
        html.contains("Every step was done before this run")
            && html.contains("the release was public before this run")
    );
    assert!(!html.contains(">Took<"));
}

#[test]
fn a_release_of_one_archive_without_image_shows_only_that() {
    let mut sample = Sample::new();
    let target: Target = "aarch64-macos".parse().unwrap();
    let archives = vec![(record("tool", target), nowhere())];
    sample.release = release(archives, None, sample.release.destination, NotesSource::Generated);
    let world = World { tag: Some(sample.release.destination.commit.clone()), ..World::default() };
    sample.plan = Plan::new(&Subject::from(&sample.release), &world).unwrap();
    sample.receipt = Receipt::new(&sample.release, &sample.plan, String::new());
    sample.notes = sample.release.notes.render("**Full Changelog**: http://127.0.0.1:4711/acme/tool", "");
    let html = sample.render();
    assert_balanced(&html);
    assert!(html.contains(">Download tool 1.4.0<") && !html.contains("127.0.0.1"));
    assert!(
        html.contains("0 of 3 assets are uploaded; nothing is public yet") && html.contains("aarch64-macos")
    );
    assert!(!html.contains("docker") && !html.contains("linux") && !html.contains("href=\"#image\""));
    assert!(html.contains("GitHub generates the upper part"));
}

#[test]
fn no_field_becomes_markup() {
    const EVIL: &str = "\"'><script>alert(1)</script>&lt;";
    let mut sample =
        Sample::named(EVIL, &format!("# {EVIL}\n\n- [x]({EVIL}) `{EVIL}`\n\n|{EVIL}|\n|---|\n|{EVIL}|\n"));
    sample.release.destination.page = format!("javascript:{EVIL}");
    for planned in &mut sample.plan.steps {
        if let Step::TagImage { tags, .. } = &mut planned.step {
            tags.push(EVIL.to_owned());
        }
    }
    let clean = tags(&Sample::new().render()).into_iter().map(|(tag, _)| tag).collect::<BTreeSet<_>>();
    let receipt = &mut sample.receipt;
    receipt.started = EVIL.to_owned();
    receipt.url = Some(format!("javascript:{EVIL}"));
    for line in &mut receipt.steps {
        line.object = EVIL.to_owned();
    }
    receipt.steps[0].verb = EVIL.to_owned();

    let html = sample.render();
    assert_balanced(&html);
    let found: BTreeSet<String> = tags(&html).into_iter().map(|(tag, _)| tag).collect();
    assert!(found.is_subset(&clean), "{:?}", found.difference(&clean));
    assert!(html.contains("&quot;'&gt;&lt;script&gt;"));
    assert!(values(&html, "href").iter().all(|link| !link.to_lowercase().starts_with("javascript")));
}

/// The colours of each theme by name, light first.
fn themes(html: &str) -> [Vec<(String, String)>; 2] {
    let theme = |block: &str| {
        let block = block.split_once('}').unwrap().0;
        let pairs = block.split(';').filter_map(|line| line.trim().strip_prefix("--")?.split_once(": "));
        pairs.map(|(name, colour)| (name.to_owned(), colour.to_owned())).collect()
    };
    let mut blocks = html.split(":root {").skip(1);
    [theme(blocks.next().unwrap()), theme(blocks.next().unwrap())]
}

/// WCAG 2.2, "relative luminance".
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn contrast_is_enough_in_both_themes() {
    for theme in themes(&Sample::new().render()) {
        let colour = |name: &str| &theme.iter().find(|(one, _)| one == name).unwrap().1;
        let contrast = |a: &str, b: &str| {
            let (a, b) = (luminance(colour(a)), luminance(colour(b)));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        for text in ["text", "muted", "link", "good", "bad"] {
            for ground in ["ground", "raised"] {
                assert!(contrast(text, ground) >= 4.5, "{text} on {ground}: {}", contrast(text, ground));
            }
        }
    }
}
