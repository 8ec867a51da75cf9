//! Names with terminal escape sequences, bidirectional controls and workflow commands.

use super::Work;

/// Clears the screen, turns what follows around, begins a line of its own that a workflow would obey.
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
    work.run(&["audit", "--json", NAME]).with(1, r"a\u{1b}[2J");
}

#[test]
fn the_list_of_problems_is_limited() {
    let work = Work::dist();
    for number in 0..700 {
        std::fs::write(work.path("dist").join(format!("stray-{number}")), "").unwrap();
    }
    let ended = work.verify();
    ended.with(3, "the release is not well formed: 700 problems");
    ended.with(3, "\n  and 200 more\n");
}
