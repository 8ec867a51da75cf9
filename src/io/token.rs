//! Tokens: they come from the environment only, and nothing ever prints one.

use std::fmt;

/// The variables a GitHub token is read from, in this order.
pub const GITHUB_TOKEN_VARIABLES: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];

/// A secret. Its `Debug` hides it, and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token out of a variable of the environment; an empty one counts as none.
    pub fn from_env(variable: &str) -> Option<Self> {
        std::env::var(variable)
            .ok()
            .filter(|token| !token.trim().is_empty())
            .map(|token| Token(token.trim().to_owned()))
    }

    /// The token for GitHub's API, and for GHCR where no other is given.
    pub fn github() -> Option<Self> {
        GITHUB_TOKEN_VARIABLES.into_iter().find_map(Token::from_env)
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
