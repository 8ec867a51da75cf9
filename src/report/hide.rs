//! Removes passwords and signatures from the URLs in everything that is printed.
//!
//! It is the last line of defence: no message contains a secret in the first place.

/// The replacement.
const HIDDEN: &str = "***";

/// Text whose addresses have no user and password (`https://***@host`), and no query that signs them.
pub fn without_passwords(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, address) = rest.split_at(at + 3);
        safe.push_str(before);
        let ends = |c: char| c.is_whitespace() || "'\"`<>".contains(c);
        let (address, after) = address.split_at(address.find(ends).unwrap_or(address.len()));
        let host = &address[..address.find(['/', '?', '#']).unwrap_or(address.len())];
        let address = match host.rfind('@') {
            Some(at) => format!("{HIDDEN}{}", &address[at..]),
            None => address.to_owned(),
        };
        match address.split_once('?') {
            Some((path, query)) if is_signed(query) => safe.push_str(&format!("{path}?{HIDDEN}")),
            _ => safe.push_str(&address),
        }
        rest = after;
    }
    safe.push_str(rest);
    safe
}

fn is_signed(query: &str) -> bool {
    let query = query.to_ascii_lowercase();
    ["sig=", "signature=", "token=", "credential="].iter().any(|name| query.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_printed_without_passwords_and_signatures() {
        for (text, safe) in [
            ("see https://ghcr.io/a@sha256:1?x=1.", "see https://ghcr.io/a@sha256:1?x=1."),
            ("'https://u:p@ghcr.io/a' is wrong", "'https://***@ghcr.io/a' is wrong"),
            ("https://u:p@w@host and ssh://git@host/x", "https://***@host and ssh://***@host/x"),
            ("https://host/x?se=1&sig=abc", "https://host/x?***"),
            ("https://host/?X-Amz-Signature=abc gone", "https://host/?*** gone"),
            ("nothing://", "nothing://"),
        ] {
            assert_eq!(without_passwords(text), safe);
        }
    }
}
