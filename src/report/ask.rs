//! Shows the changes and asks for confirmation. Without a terminal it does not ask.

use std::io::{IsTerminal, Write};

use super::{Report, Verbosity};

impl Report {
    /// A difference as `git diff` shows it; what is added and removed is coloured on a terminal.
    pub fn diff(&self, text: &str) {
        if self.verbosity < Verbosity::Normal {
            return;
        }
        let clean = self.clean(text);
        let paint = |line: &str| match line.as_bytes().first() {
            Some(b'+') => self.paint("32", line),
            Some(b'-') => self.paint("31", line),
            Some(b'@') => self.paint("36", line),
            _ => line.to_owned(),
        };
        self.write(&clean.lines().map(paint).collect::<Vec<_>>().join("\n"));
    }

    /// Asks a question; `None` without a terminal. Every answer but yes is a no.
    pub fn ask(&self, question: &str) -> Option<bool> {
        let has_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if !has_terminal || self.verbosity < Verbosity::Normal {
            return None;
        }
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "{} [y/N] ", self.clean(question));
        let _ = stderr.flush();
        let mut answer = String::new();
        // No input is not a yes.
        let _ = std::io::stdin().read_line(&mut answer);
        Some(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}
