//! Errors with a fix: the failure, its causes, the state of the release, and a hint. `report` prints them.

use std::fmt;
use std::path::Path;

use anyhow::Context;
use floe_core::plan::{self, Conflict};

/// The exit code of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Success.
    Done = 0,
    /// Failure: the network, a file, a permission.
    #[default]
    Failed = 1,
    /// Usage error.
    Usage = 2,
    /// The release is invalid, or a rebuild is not the same.
    Problems = 3,
    /// The servers hold something else under the same name.
    Conflicts = 4,
}

/// Why a server does not serve a request, where the status says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Without credentials that allow it, the thing is not there: 401, 403 or 404.
    Denied,
    /// A rate limit.
    Limited,
}

/// An error with a hint. The message is a lower-case fragment that names the thing in backticks.
#[derive(Debug, Default)]
pub struct Failure {
    message: String,
    details: Vec<String>,
    state: Option<String>,
    hint: Option<String>,
    exit: Exit,
    file: Option<String>,
    refusal: Option<Refusal>,
    source: Option<anyhow::Error>,
}

impl Failure {
    /// A failure with exit code 1.
    pub fn new(message: impl Into<String>) -> Self {
        Failure { message: message.into(), ..Failure::default() }
    }

    /// Wraps an error to add a state, a hint or an exit code, without a line of its own.
    pub fn around(error: impl Into<anyhow::Error>) -> Self {
        Failure::new("").because(error)
    }

    /// Lists reasons that each have a way out: that of a single one is the hint, those of several follow their reasons.
    pub fn of_reasons(message: impl Into<String>, reasons: &[(String, String)]) -> Self {
        if let [(found, cure)] = reasons {
            return Failure::new(message).details([found]).hint(cure);
        }
        let mut lines = Vec::new();
        for (at, (found, cure)) in reasons.iter().enumerate() {
            lines.push(found.clone());
            // Reasons that share a way out are grouped above it.
            if reasons.get(at + 1).is_none_or(|(_, next)| next != cure) {
                lines.push(format!("    {cure}"));
            }
        }
        Failure::new(message)
            .details(lines)
            .hint("fix each as described below it, then check again with `floe plan`")
    }

    /// Lists every conflict with its way out; exit code 4.
    pub fn of_conflicts(conflicts: &[Conflict]) -> Self {
        let text = match conflicts.len() {
            1 => "the release conflicts with what the servers hold".to_owned(),
            count => format!("the release conflicts with what the servers hold in {count} ways"),
        };
        Failure::of_reasons(text, &plan::reasons(conflicts)).exit(Exit::Conflicts)
    }

    /// Adds a cause.
    pub fn because(self, source: impl Into<anyhow::Error>) -> Self {
        Failure { source: Some(source.into()), ..self }
    }

    /// Adds lines of detail, one a problem.
    pub fn details(self, details: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        Failure { details: details.into_iter().map(|detail| detail.to_string()).collect(), ..self }
    }

    /// Fails with a line of detail for each problem, if there is one.
    pub fn if_any(self, problems: impl IntoIterator<Item = impl fmt::Display>) -> anyhow::Result<()> {
        let failure = self.details(problems);
        if failure.details.is_empty() { Ok(()) } else { Err(failure.into()) }
    }

    /// Adds the state: what is and what is not public now.
    pub fn state(self, state: impl Into<String>) -> Self {
        Failure { state: Some(state.into()), ..self }
    }

    /// Adds the way out: a sentence with a command that can be pasted.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Failure { hint: Some(hint.into()), ..self }
    }

    /// Sets another exit code than 1.
    pub fn exit(self, exit: Exit) -> Self {
        Failure { exit, ..self }
    }

    /// Names the file of the project to change. A workflow shows the error there.
    pub fn file(self, file: impl Into<String>) -> Self {
        Failure { file: Some(file.into()), ..self }
    }

    /// Says that a server has refused a request.
    pub fn refused(self, refusal: Refusal) -> Self {
        Failure { refusal: Some(refusal), ..self }
    }

    /// The exit code it asks for.
    pub fn exit_code(&self) -> Exit {
        self.exit
    }

    /// The hint, if there is one.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The file of the project to change, if there is one.
    pub fn file_name(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The state, if there is one.
    pub fn state_text(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The detail lines.
    pub fn detail_lines(&self) -> &[String] {
        &self.details
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref())
    }
}

/// Names the file or folder of an error.
pub trait AtPath<T> {
    /// Adds a context such as "failed to read `Cargo.toml`".
    fn at(self, failed: &str, path: &Path) -> anyhow::Result<T>;
}

impl<T, E> AtPath<T> for Result<T, E>
where
    Result<T, E>: Context<T, E>,
{
    fn at(self, failed: &str, path: &Path) -> anyhow::Result<T> {
        self.with_context(|| format!("{failed} `{}`", path.display()))
    }
}

/// The errors of a list's entries, which are reported together.
#[derive(Default)]
pub struct Wrong(Vec<anyhow::Error>);

impl Wrong {
    /// The value; an error is kept.
    pub fn keep<T>(&mut self, result: anyhow::Result<T>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// Fails if an error was kept: a single one as it is, several below their number and `what` they are about.
    pub fn refuse(mut self, what: &str) -> anyhow::Result<()> {
        if self.0.len() < 2 {
            return self.0.pop().map_or(Ok(()), Err);
        }
        let mut lines = Vec::new();
        for (at, error) in self.0.iter().enumerate() {
            lines.push(format!("{error:#}"));
            lines.extend(failures(error).flat_map(Failure::detail_lines).map(|line| format!("  {line}")));
            // Errors that share a way out are grouped above it.
            let hint = hint_of(error).filter(|hint| self.0.get(at + 1).and_then(hint_of) != Some(hint));
            lines.extend(hint.map(|hint| format!("    {hint}")));
        }
        let exit = exit_of(&self.0[0]);
        let is_same = self.0.iter().all(|error| exit_of(error) == exit);
        let failure = Failure::new(format!("{} {what}", self.0.len())).details(lines);
        Err(failure.exit(if is_same { exit } else { Exit::Failed }).into())
    }
}

/// The failures among an error and its causes.
pub fn failures(error: &anyhow::Error) -> impl Iterator<Item = &Failure> {
    error.chain().filter_map(|cause| cause.downcast_ref())
}

/// The exit code that an error asks for.
pub fn exit_of(error: &anyhow::Error) -> Exit {
    failures(error).map(Failure::exit_code).find(|exit| *exit != Exit::Failed).unwrap_or_default()
}

/// The way out that an error names: that of the cause nearest to the trouble, which knows it best.
pub fn hint_of(error: &anyhow::Error) -> Option<&str> {
    failures(error).filter_map(Failure::hint_text).last()
}

/// An error in one line: its causes, its details and its way out.
pub fn in_one_line(error: &anyhow::Error) -> String {
    let details: Vec<&str> =
        failures(error).flat_map(Failure::detail_lines).map(|line| line.trim()).collect();
    let colon = if details.is_empty() { "" } else { ": " };
    let hint = hint_of(error).map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{error:#}{colon}{}{hint}", details.join("; "))
}

/// An error with its causes and details, each cause before its own details.
pub fn with_details(error: &anyhow::Error) -> String {
    let mut words: Vec<String> = Vec::new();
    for cause in error.chain() {
        words.push(cause.to_string());
        let failure = cause.downcast_ref::<Failure>();
        words.extend(failure.into_iter().flat_map(Failure::detail_lines).cloned());
    }
    words.retain(|text| !text.is_empty());
    words.join(": ")
}

/// Why a server did not serve a request, if that is the cause of an error.
pub fn refusal_of(error: &anyhow::Error) -> Option<Refusal> {
    failures(error).find_map(|failure| failure.refusal)
}

/// A failure with exit code 2: wrong usage.
pub fn usage(message: impl Into<String>) -> Failure {
    Failure::new(message).exit(Exit::Usage)
}

/// A failure with exit code 3: something that was checked is wrong.
pub fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(message).exit(Exit::Problems)
}

/// Where errors of floe itself are reported. A floe from before its first publication does not know its address.
pub fn issues(repository: &str) -> String {
    match repository.split('/').any(|part| part == "OWNER") {
        true => "to its maintainers".to_owned(),
        false => format!("at {}/issues", repository.trim_end_matches('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_a_list_are_reported_together() {
        let all = |errors: Vec<Failure>| {
            let mut wrong = Wrong::default();
            for error in errors {
                assert!(wrong.keep::<()>(Err(anyhow::Error::from(error))).is_none());
            }
            assert_eq!(wrong.keep(Ok(1)), Some(1));
            wrong.refuse("files are wrong").err()
        };
        let one = |name: &str, hint: &str| Failure::new(format!("`{name}` is wrong")).hint(hint);
        assert!(all(Vec::new()).is_none());
        assert_eq!(all(vec![one("a", "x")]).unwrap().to_string(), "`a` is wrong");
        let error = all(vec![one("a", "x"), one("b", "x"), one("c", "y").details(["why"])]).unwrap();
        let failure = error.downcast_ref::<Failure>().unwrap();
        assert_eq!((failure.to_string().as_str(), failure.exit_code()), ("3 files are wrong", Exit::Failed));
        let lines = ["`a` is wrong", "`b` is wrong", "    x", "`c` is wrong", "  why", "    y"];
        assert_eq!(failure.detail_lines(), lines);
        let usage = || one("a", "x").exit(Exit::Usage);
        let exit = |errors| all(errors).unwrap().downcast_ref::<Failure>().unwrap().exit_code();
        assert_eq!(exit(vec![usage(), usage()]), Exit::Usage);
        assert_eq!(exit(vec![usage(), one("a", "x")]), Exit::Failed);
    }

    #[test]
    fn a_placeholder_is_no_address() {
        assert_eq!(issues("https://github.com/OWNER/floe"), "to its maintainers");
        assert_eq!(issues("https://github.com/owner/floe/"), "at https://github.com/owner/floe/issues");
    }
}
