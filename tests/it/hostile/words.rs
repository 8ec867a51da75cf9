//! File names with control characters, direction marks and workflow commands.

use super::Work;

/// Clears the screen, reverses the direction of text, and begins a line with a workflow command.
#[cfg(unix)]
const NAME: &str = "a\u{1b}[2J\u{9b}1m\u{202e}\n::set-output name=image::evil";

#[cfg(unix)]
#[test]
fn file_names_are_escaped() {
    let work = Work::dist();
    std::fs::write(work.path("dist").join(NAME), "").unwrap();
    let ended = work.verify();
    ended.with(3, r"a\u{1b}[2J\u{9b}1m\u{202e}");
    assert!(ended.stderr.contains("    | ::set-output"), "{}", ended.stderr);
    std::fs::create_dir(work.path("dist").join(format!("{NAME}.d"))).unwrap();
    work.verify().with(3, r"a\u{1b}[2J");
    work.run(&["audit", "--json", NAME]).with(2, r"a\u{1b}[2J");
}

#[test]
fn the_list_of_problems_is_cut() {
    let work = Work::dist();
    for number in 0..700 {
        std::fs::write(work.path("dist").join(format!("stray-{number}")), "").unwrap();
    }
    let ended = work.verify();
    ended.with(3, "the release has 700 problems");
    ended.with(3, "\n  and 200 more\n");
}
