//! The page in Chromium, where that is installed: it shows everything and fits every width.

use std::path::Path;
use std::process::Command;

use super::sample::Sample;
use crate::support::peers::peer;

/// Opens a file in Chromium without a window, and without requests to its vendor.
fn chromium(program: &Path, profile: &Path, arguments: &[&str], page: &Path) -> String {
    let output = Command::new(program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--hide-scrollbars", "--allow-file-access-from-files"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A page that loads the pages into frames and notes how wide they become at each width. The pages themselves must have
/// no script.
const RULER: &str = r#"<!doctype html><meta charset="utf-8"><body><script>
for (const file of ["report.html", "long.html"]) for (const width of [320, 360, 768, 1100, 1600]) {
  const frame = document.createElement("iframe");
  frame.style = `border:0;height:800px;width:${width}px`;
  frame.onload = () => {
    const page = frame.contentDocument.documentElement;
    const out = [...page.querySelectorAll("body *")].filter(one =>
      one.getBoundingClientRect().right > width + 1 && !one.parentElement.closest("pre, .skip, .notes table")
        && !one.matches("pre, .skip"));
    // A column as narrow as a letter cannot be read.
    const thin = [...page.querySelectorAll(".notes td")].filter(one =>
      one.textContent.length > 2 && one.getBoundingClientRect().width < 32);
    const line = document.createElement("p");
    const beyond = out.map(one => one.outerHTML.slice(0, 80)).join(" ");
    line.textContent = `${file} at ${width}: ${page.scrollWidth}, beyond: ${beyond}, thin: ${thin.length};`;
    document.body.append(line);
  };
  frame.src = file;
  document.body.append(frame);
}
</script>"#;

/// Wider than any narrow screen, without a place to break.
const LONG: &str = "a_tool_whose_name_is_longer_than_any_narrow_screen_is_wide_and_offers_no_place_to_break";

#[test]
fn a_browser_shows_all_of_it_at_every_width() {
    let Some(program) = peer("chromium") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("report.html"), Sample::new().render()).unwrap();
    std::fs::write(path("long.html"), Sample::named(LONG, LONG).render()).unwrap();
    std::fs::write(path("ruler.html"), RULER).unwrap();

    let dom = chromium(&program, &path("profile"), &["--dump-dom"], &path("report.html"));
    for text in [
        "Commit point",
        "docker pull ghcr.io/acme/tool@sha256:",
        "<h3>Download tool 1.4.0</h3>",
        "Made by floe",
    ] {
        assert!(dom.contains(text), "{text}");
    }
    let arguments = ["--dump-dom", "--virtual-time-budget=10000"];
    let widths = chromium(&program, &path("profile"), &arguments, &path("ruler.html"));
    for file in ["report.html", "long.html"] {
        for width in [320, 360, 768, 1100, 1600] {
            let fits = format!("{file} at {width}: {width}, beyond: , thin: 0;");
            assert!(widths.contains(&fits), "{fits} is not in {widths}");
        }
    }
}
