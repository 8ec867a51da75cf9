//! Error messages without the parts that differ from run to run, and a helper to flip a bit.

use std::fs;
use std::path::Path;

/// The error on stderr and all that follows it, without the hint. Digests are numbered in the order in which they
/// come, so that it shows which are the same and no test knows the bytes of an archive by heart.
pub fn error_of(stderr: &str) -> String {
    let at = stderr.find("error: ").unwrap_or_else(|| panic!("there is no error in\n{stderr}"));
    let mut known: Vec<&str> = Vec::new();
    let mut text = String::new();
    let mut rest = &stderr[at..];
    while let Some(start) = rest.find("sha256:") {
        let (before, digest) = rest.split_at(start);
        let length = digest["sha256:".len()..].bytes().take_while(u8::is_ascii_hexdigit).count();
        let (digest, after) = digest.split_at("sha256:".len() + length);
        let number = known.iter().position(|one| *one == digest).unwrap_or_else(|| {
            known.push(digest);
            known.len() - 1
        });
        text.push_str(&format!("{before}sha256:<{number}>"));
        rest = after;
    }
    without_places(text + rest)
}

/// Without where in a JSON file the parser stopped, which moves with every byte of the file.
fn without_places(text: String) -> String {
    let lines = text.split_inclusive('\n').map(|line| match line.split_once(" at line ") {
        Some((before, _)) if line.ends_with('\n') => format!("{before}\n"),
        Some((before, _)) => before.to_owned(),
        None => line.to_owned(),
    });
    lines.collect()
}

/// The reported problems, a line each.
pub fn problems(stderr: &str) -> String {
    let error = error_of(stderr);
    let lines: Vec<&str> = error.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    lines.join("\n")
}

/// Flips one bit near the end of a file: in a gzip file that is in the checksum, so that the error message
/// does not depend on what is packed.
pub fn flip_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let near_the_end = bytes.len() - 6;
    bytes[near_the_end] ^= 1;
    fs::write(path, bytes).unwrap();
}
