//! Tokens: they come from the environment only, and nothing ever prints one.

use std::fmt;

use crate::environment::variable;

/// The variables a GitHub token is read from, in this order: for its API, and for GHCR where no other token is given.
pub const GITHUB: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];
/// The variable a registry's own token is read from.
pub const REGISTRY: &str = "FLOE_REGISTRY_TOKEN";
/// The variable that the token for the repositories of channels, taps and buckets, is read from.
pub const CHANNEL: &str = "FLOE_CHANNEL_TOKEN";
/// The variable that the key for a feed of packages is read from. Only the feed gets it.
pub const FEED: &str = "FLOE_CHOCOLATEY_KEY";

/// A secret. Its `Debug` hides it, and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The secret in a variable.
    pub fn from_env(name: &str) -> Option<Self> {
        let token = variable(name)?;
        Some(Token(token.trim().to_owned())).filter(|token| !token.0.is_empty())
    }

    /// The token for GitHub.
    pub fn github() -> Option<Self> {
        GITHUB.into_iter().find_map(Token::from_env)
    }

    /// Whether the job that publishes has the secret of a variable, which this one lacks.
    pub fn follows(name: &str) -> bool {
        variable(&format!("{name}_FOLLOWS")).as_deref() == Some("true")
    }

    /// Whether it is an app's, such as that of a workflow: GitHub does not say what such a token may do.
    pub fn is_of_app(&self) -> bool {
        self.0.starts_with("ghs_")
    }

    /// Whether a token of its kind opens pull requests in the repositories of others. GitHub refuses them to a fine-grained
    /// token and to an app.
    pub fn opens_pulls(&self) -> bool {
        !self.is_of_app() && !self.0.starts_with("github_pat_")
    }

    /// Every secret that floe reads from the environment, so that none of them is ever printed.
    pub fn all_from_env() -> Vec<Self> {
        GITHUB.into_iter().chain([REGISTRY, CHANNEL, FEED]).filter_map(Token::from_env).collect()
    }

    /// The text without this secret. A very short one is a test's, and part of other words.
    pub fn hide_in(&self, text: String) -> String {
        const SHORTEST: usize = 8;
        if self.0.len() < SHORTEST { text } else { text.replace(&self.0, "[secret]") }
    }

    /// The secret itself, for a header.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Token {
    fn from(token: String) -> Self {
        Token(token)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}
