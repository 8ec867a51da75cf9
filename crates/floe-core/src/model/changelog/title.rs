//! The versions that the text of a heading names.
//!
//! `Release 1.4.0 (2026-01-02)` and `2026-01-02, tool-v1.4.0` are titles of sections: only usual words, dates and the
//! project's own name come before the version. `Upgrade clap to 4.0.0` is none.

use semver::Version;

/// Words beside a version that say nothing about it.
const USUAL: &str = "version versions release released releases rel ver v r changelog changes change log in for of \
     the new what whats s on and date stable latest final yanked tag st nd rd th jan feb mar apr may jun jul aug sep \
     sept oct nov dec january february march april june july august september october november december monday \
     tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun";
/// The beginnings of a word that may come directly before a version.
const MARKS: [&str; 7] = ["version", "release", "ver", "rel", "v.", "v", "r"];

/// A version in the text of a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) version: Version,
    /// How many of its three numbers are written.
    pub(super) numbers: usize,
    /// The words before it that are neither usual nor the project's name, in lower case.
    pub(super) owner: Option<String>,
    /// Whether no other word comes before it; another name may be a part of its own word.
    pub(super) leads: bool,
    /// Whether only a remark follows it: usual words, or anything after a punctuation mark.
    pub(super) ends: bool,
    /// Whether only usual words follow it.
    pub(super) is_last: bool,
}

impl Mention {
    /// Whether it is this version; `1.4` is 1.4.0.
    pub(super) fn is(&self, version: &Version) -> bool {
        self.version.to_string().eq_ignore_ascii_case(&version.to_string())
    }
}

/// The versions that a heading names. `names` are the names of the project.
pub(super) fn mentions(text: &str, names: &[String]) -> Vec<Mention> {
    let words = words(text);
    let mut mentions = Vec::new();
    let mut unusual: Vec<String> = Vec::new();
    let mut is_announced = false;
    for (at, (offset, word)) in words.iter().enumerate() {
        let known = is_usual(word) || names.iter().any(|name| is_part(name, &words, at));
        let Some((prefix, (version, numbers))) = with_prefix(word, is_announced) else {
            is_announced = MARKS.contains(&word.to_lowercase().as_str());
            if !known {
                unusual.push(word.to_lowercase());
            }
            continue;
        };
        let is_own = is_usual(prefix) || names.iter().any(|name| is_same(name, prefix));
        is_announced = false;
        let leads = unusual.is_empty();
        let owner = match (is_own, leads) {
            (false, _) => Some(prefix.to_lowercase()),
            (true, false) => Some(unusual.join(" ")),
            (true, true) => None,
        };
        let is_last = words[at + 1..].iter().all(|(_, word)| is_usual(word));
        let rest = text[offset + word.len()..].trim_start();
        let ends = is_last || !rest.starts_with(char::is_alphanumeric);
        mentions.push(Mention { version, numbers, owner, leads, ends, is_last });
    }
    mentions
}

/// Whether a heading names the project.
pub(super) fn names_project(text: &str, names: &[String]) -> bool {
    let words = words(text);
    (0..words.len()).any(|at| names.iter().any(|name| is_part(name, &words, at)))
}

/// Whether a heading is that of the changes that are not released yet.
pub(super) fn is_unreleased(text: &str) -> bool {
    words(text).first().is_some_and(|(_, word)| word.eq_ignore_ascii_case("unreleased"))
}

/// The words of a text, each with its offset. Emoji, also as `:rocket:`, and punctuation marks are none.
fn words(text: &str) -> Vec<(usize, &str)> {
    let is_between = |c: char| !c.is_alphanumeric() && !".-_+".contains(c);
    let offset = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let trimmed = text.split(is_between).map(|word| word.trim_matches(['.', '-', '_', '+']));
    let words = trimmed.filter(|word| !word.is_empty()).map(|word| (offset(word), word));
    words
        .filter(|(at, word)| !(text[..*at].ends_with(':') && text[at + word.len()..].starts_with(':')))
        .collect()
}

/// Whether a word is a usual one, a number, a date or an ordinal.
fn is_usual(word: &str) -> bool {
    let letters = word.trim_matches(|c: char| c.is_ascii_digit() || ".-_+".contains(c)).to_lowercase();
    letters.is_empty() || USUAL.split(' ').any(|usual| usual == letters)
}

fn is_same(name: &str, word: &str) -> bool {
    name.replace('_', "-").eq_ignore_ascii_case(&word.replace('_', "-"))
}

/// Whether a word is the name, or one of the words that the name joins and the others are around it.
fn is_part(name: &str, words: &[(usize, &str)], at: usize) -> bool {
    let parts: Vec<&str> = name.split(['-', '_']).collect();
    let begins = |start: usize| {
        let same =
            words[start..].iter().zip(&parts).filter(|((_, word), part)| word.eq_ignore_ascii_case(part));
        same.count() == parts.len()
    };
    is_same(name, words[at].1) || ((at + 1).saturating_sub(parts.len())..=at).any(begins)
}

/// The version of a word, and how many numbers it has. A name may come before it, as in `tool-v1.4.0`.
fn with_prefix(word: &str, is_announced: bool) -> Option<(&str, (Version, usize))> {
    if let Some(found) = marked(word, is_announced) {
        return Some(("", found));
    }
    let separators = word.match_indices(['-', '_']);
    separators
        .map(|(at, _)| word.split_at(at))
        .find_map(|(prefix, rest)| Some((prefix, marked(&rest[1..], false)?)))
}

fn marked(word: &str, is_announced: bool) -> Option<(Version, usize)> {
    let marks = MARKS.iter().filter_map(|mark| {
        let start = word.get(..mark.len())?;
        start.eq_ignore_ascii_case(mark).then(|| &word[mark.len()..])
    });
    match marks.map(|rest| rest.trim_start_matches(['-', '_'])).find_map(|rest| version(rest, true)) {
        Some(found) => Some(found),
        None => version(word, is_announced),
    }
}

/// `1.4.0`, `1.4.0-rc.1`, `1.4.0rc1`, `1.4`, and `1` where a word says that it is a version.
fn version(text: &str, is_announced: bool) -> Option<(Version, usize)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (core, rest) = text.split_at(end);
    let count = core.split('.').count();
    if count > 3 || (count == 1 && !is_announced) {
        return None;
    }
    // A date is no pre-release.
    let is_date = rest.starts_with("-19") || rest.starts_with("-20");
    let rest = match rest {
        _ if is_date && rest.len() >= 8 => String::new(),
        _ if rest.starts_with(char::is_alphabetic) => format!("-{rest}"),
        _ => rest.to_owned(),
    };
    Some((Version::parse(&format!("{core}{}{rest}", ".0".repeat(3 - count))).ok()?, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let names = ["tool".to_owned(), "my-cli".to_owned()];
        let one = |mention: Mention| {
            let full = if mention.numbers == 3 { "" } else { " short" };
            let leads = if mention.leads { "" } else { " inside" };
            let ends = if mention.ends { "" } else { " continued" };
            let owner = mention.owner.map(|owner| format!(" of {owner}")).unwrap_or_default();
            format!("{}{full}{owner}{leads}{ends}", mention.version)
        };
        mentions(text, &names).into_iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn versions_are_found_in_titles_of_any_form() {
        for (text, expected) in [
            ("1.3.0", "1.3.0"),
            ("[v1.3.0] - 2026-01-02", "1.3.0"),
            ("V1.3.0", "1.3.0"),
            ("v.1.3.0", "1.3.0"),
            ("Version 1.3.0 (January 2nd, 2026)", "1.3.0"),
            ("🚀 Release v1.3.0 (2026)", "1.3.0"),
            (":rocket: 1.3.0", "1.3.0"),
            ("2026-03-01, Version 1.3.0", "1.3.0"),
            ("1.3.0/2026-01-01", "1.3.0"),
            ("1.3.0-2026-01-01", "1.3.0"),
            ("2nd March 2026: 1.3.0", "1.3.0"),
            ("tool-v1.3.0", "1.3.0"),
            ("tool/1.3.0", "1.3.0"),
            ("@acme/tool@1.3.0", "1.3.0 of acme inside"),
            ("My CLI 1.3.0", "1.3.0"),
            ("my_cli-1.3.0", "1.3.0"),
            ("CLI 1.3.0", "1.3.0 of cli inside"),
            ("The new my-cli 1.3.0", "1.3.0"),
            ("1.3.0-rc.1", "1.3.0-rc.1"),
            ("1.3.0rc1", "1.3.0-rc1"),
            ("1.3 (released 2nd March 2026)", "1.3.0 short"),
            ("v2", "2.0.0 short"),
            ("Version 2", "2.0.0 short"),
            ("1.3.0 \"The Big One\"", "1.3.0"),
            ("1.3.0 The Big One", "1.3.0 continued"),
            ("1.3.0 and 1.2.9", "1.3.0, 1.2.9"),
            ("other-v1.3.0", "1.3.0 of other"),
            ("Other 1.3.0", "1.3.0 of other inside"),
            ("Upgrade clap to 4.0.0", "4.0.0 of upgrade clap to inside"),
            ("2.0 migration", "2.0.0 short continued"),
            ("2026-01-01", ""),
            ("2026", ""),
            ("1.3.x", ""),
            ("1.3.0.1", ""),
            ("Fixed #12.5 in sha256", "12.5.0 short of fixed inside continued"),
            ("Fixed", ""),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
