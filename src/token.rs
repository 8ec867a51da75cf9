//! Tokens: they come from the environment only, and nothing ever prints one.

use std::fmt;

/// The variables a GitHub token is read from, in this order.
pub const GITHUB_TOKEN_VARIABLES: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];

/// The variable a registry's own token is read from.
pub const REGISTRY_TOKEN_VARIABLE: &str = "FLOE_REGISTRY_TOKEN";

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

    /// Every secret that floe reads from the environment, so that none of them is ever printed.
    pub fn all_from_env() -> Vec<Self> {
        let variables = GITHUB_TOKEN_VARIABLES.into_iter().chain([REGISTRY_TOKEN_VARIABLE]);
        variables.filter_map(Token::from_env).collect()
    }

    /// The text without this secret. A very short one is kept: it is that of a test, and may be a part of other words.
    pub fn hide_in(&self, text: String) -> String {
        const SHORTEST: usize = 8;
        if self.0.len() < SHORTEST || !text.contains(&self.0) {
            text
        } else {
            text.replace(&self.0, "[secret]")
        }
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
