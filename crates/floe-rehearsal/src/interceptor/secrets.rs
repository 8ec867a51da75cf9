//! Secrets in the addresses of requests, which are replaced in the log.

/// `path` without the values of query parameters that hold secrets.
pub(super) fn redacted(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else {
        return path.to_owned();
    };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((key, _)) if is_secret(key) => format!("{key}=REDACTED"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

/// Whether a query parameter of this name holds a credential.
fn is_secret(key: &str) -> bool {
    const PARTS: [&str; 5] = ["token", "password", "secret", "signature", "jwt"];
    let key = key.to_ascii_lowercase();
    key == "sig" || PARTS.iter().any(|part| key.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_query_is_not_logged() {
        assert_eq!(redacted("/a/b?page=2"), "/a/b?page=2");
        assert_eq!(
            redacted("/token?service=x&Access_Token=s3cret"),
            "/token?service=x&Access_Token=REDACTED"
        );
        assert_eq!(redacted("/v2/?password=p&x=1"), "/v2/?password=REDACTED&x=1");
    }
}
