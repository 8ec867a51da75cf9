//! The body of a release on GitHub: a head, a marker line, and the part that floe owns below it.
//!
//! The marker holds the digests of both parts as floe wrote them, so that text which a person wrote or changed is
//! recognised and kept. It is an HTML comment, which GitHub does not show.

use super::Digest;
use super::notes::LIMIT;

const BEGIN: &str = "<!-- floe:";
const END: &str = " floe replaces the text below this line; write above it. -->";
/// Why a head cannot be kept that leaves no room for floe's part.
pub const NO_ROOM: &str = "has no room for the table of downloads";
/// In place of the head's digest: a person wrote the head.
const BY_HAND: &str = "by-hand---------";
/// The most characters between two parts.
const MARKER: usize = BEGIN.len() + 2 * (DIGITS + 1) + END.len() + 4;
const DIGITS: usize = 16;

/// The head of a draft's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// floe wrote it, or there is none: floe may write another.
    Own,
    /// A person wrote it.
    ByHand(String),
    /// floe's part cannot be replaced without losing text. The clause says why.
    Unclear(&'static str),
}

/// Joins a head that floe writes with floe's own part.
pub fn own(head: &str, footer: &str) -> String {
    // Text that looks like the marker is shown instead.
    let head = head.trim_end().replace(BEGIN, &BEGIN.replace('<', "&lt;"));
    join(&head, &short(&head), footer)
}

/// Joins a head that a person wrote with floe's own part.
pub fn by_hand(head: &str, footer: &str) -> String {
    join(head, BY_HAND, footer)
}

/// The characters that are left for a head above this footer.
pub fn room(footer: &str) -> usize {
    LIMIT.saturating_sub(footer.chars().count() + MARKER)
}

impl Head {
    /// Finds the head of a draft's body. `footer` is the part that floe would write, if it is known.
    pub fn of(body: &str, footer: Option<&str>) -> Head {
        // GitHub's editor ends lines as browsers do.
        let body = body.replace('\r', "");
        let mut lines = body.match_indices(BEGIN).filter(|(at, _)| body[..*at].ends_with('\n') || *at == 0);
        let (head, is_by_hand) = match (lines.next(), lines.next()) {
            (None, _) => (body.trim_end(), true),
            (Some(_), Some(_)) => return Head::Unclear("has floe's marker twice"),
            (Some((at, _)), None) => {
                let (head, rest) = body.split_at(at);
                let head = head.trim_end();
                let (marker, below) = rest.split_once('\n').unwrap_or((rest, ""));
                let digests = marker.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
                match digests.and_then(|digests| digests.trim_start().split_once(' ')) {
                    Some((_, digest)) if digest != short(below.trim()) => {
                        return Head::Unclear("was edited below floe's marker");
                    }
                    Some((digest, _)) => (head, digest != short(head)),
                    None => return Head::Unclear("has a marker of floe's that was edited"),
                }
            }
        };
        let title = footer.and_then(|footer| footer.lines().next());
        match head {
            _ if !is_by_hand => Head::Own,
            "" if !body.contains(BEGIN) => Head::Own,
            head if title.is_some_and(|title| head.lines().any(|line| line == title)) => {
                Head::Unclear("has a table of downloads above floe's marker, or without one")
            }
            head if footer.is_some_and(|footer| head.chars().count() > room(footer)) => {
                Head::Unclear(NO_ROOM)
            }
            head => Head::ByHand(head.to_owned()),
        }
    }
}

fn join(head: &str, digest: &str, footer: &str) -> String {
    let marker = format!("{BEGIN} {digest} {}{END}", short(footer.trim()));
    let gap = if head.is_empty() { "" } else { "\n\n" };
    format!("{head}{gap}{marker}\n\n{footer}")
}

/// Enough of a digest to see that a text was edited.
fn short(text: &str) -> String {
    Digest::of(text.as_bytes()).hex()[..DIGITS].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOOTER: &str = "## Download tool 1.4.0\n\n| table |\n";

    fn of(body: &str) -> Head {
        Head::of(body, Some(FOOTER))
    }

    fn kept(text: &str) -> Head {
        Head::ByHand(text.to_owned())
    }

    #[test]
    fn a_head_that_floe_wrote_may_be_replaced_and_an_edited_one_is_kept() {
        let body = own("Generated.\n\nNotes.\n", FOOTER);
        assert_eq!(of(&body), Head::Own);
        assert_eq!(of(&body.replace('\n', "\r\n")), Head::Own, "as GitHub's editor stores it");
        assert_eq!(of(&body.replace("Notes.", "Better notes.")), kept("Generated.\n\nBetter notes."));
        assert_eq!(of(&body.replace("Generated.\n\nNotes.\n\n", "")), kept(""), "notes that were deleted");
        assert_eq!(of(&own("", FOOTER)), Head::Own);
    }

    #[test]
    fn text_by_hand_stays_by_hand_after_floe_has_added_its_part() {
        assert_eq!((of(""), of(" \r\n")), (Head::Own, Head::Own));
        assert_eq!(of("By hand.\r\n"), kept("By hand."));
        let body = by_hand("By hand.", FOOTER);
        assert!(body.starts_with("By hand.\n\n<!-- floe: ") && body.ends_with(FOOTER), "{body}");
        assert_eq!(of(&body), kept("By hand."));
        assert_eq!(of(&by_hand("", FOOTER)), kept(""));
    }

    #[test]
    fn text_that_would_be_lost_is_unclear() {
        let body = own("Notes.", FOOTER);
        for (body, why) in [
            (format!("{body}\n{body}"), "has floe's marker twice"),
            (format!("{body}\nPS: thanks"), "was edited below floe's marker"),
            (body.replace(" floe replaces", " floe keeps"), "has a marker of floe's that was edited"),
            (format!("Notes.\n\n{FOOTER}"), "has a table of downloads above floe's marker, or without one"),
            ("x".repeat(LIMIT - FOOTER.len()), NO_ROOM),
        ] {
            assert_eq!(of(&body), Head::Unclear(why), "{body:.80}");
        }
        assert!(matches!(of(&"x".repeat(room(FOOTER))), Head::ByHand(_)));
        assert!(by_hand(&"x".repeat(room(FOOTER)), FOOTER).len() <= LIMIT);
    }

    #[test]
    fn generated_text_cannot_hold_the_marker() {
        let body = own(&format!("A title: {BEGIN} x -->\n{BEGIN} y -->"), FOOTER);
        assert_eq!(of(&body), Head::Own);
        assert!(body.contains("&lt;!-- floe: y"), "{body}");
    }
}
