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

impl Exit {
    /// Of a release that cannot be planned. A tag that was not pushed is only missing.
    pub fn of_conflicts(conflicts: &[Conflict]) -> Self {
        let is_missing = |conflict| matches!(conflict, &Conflict::NoTag { .. });
        if conflicts.iter().all(is_missing) { Exit::Failed } else { Exit::Conflicts }
    }
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
#[derive(Debug, Default, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    message: String,
    /// Lines of detail, one a problem.
    pub details: Vec<String>,
    /// The state of the release: how much of it is public now.
    pub state: Option<String>,
    /// The way out.
    pub hint: Option<String>,
    /// The exit code that it asks for.
    pub exit: Exit,
    /// The file of the project to change.
    pub file: Option<String>,
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

    /// An error and its causes in other words, with their details, hint, exit code and refusal.
    pub fn reworded(error: &anyhow::Error, message: impl Into<String>) -> Self {
        Failure {
            details: failures(error).flat_map(|failure| failure.details.clone()).collect(),
            hint: hint_of(error).map(str::to_owned),
            exit: exit_of(error),
            refusal: refusal_of(error),
            ..Failure::new(message)
        }
    }

    /// Lists reasons that each have a way out: that of a single one is the hint, those of several follow their reasons.
    pub fn of_reasons(message: impl Into<String>, reasons: &[(String, String)]) -> Self {
        if let [(found, cure)] = reasons {
            return Failure::new(message).details([found]).hint(cure);
        }
        let reasons = reasons.iter().map(|(found, cure)| (vec![found.clone()], Some(&**cure))).collect();
        Failure::new(message)
            .details(grouped(reasons))
            .hint("fix each as described below it, then check again with `floe plan`")
    }

    /// Lists every conflict with its way out.
    pub fn of_conflicts(conflicts: &[Conflict]) -> Self {
        let text = match conflicts {
            [missing @ Conflict::NoTag { .. }] => {
                return Failure::new(missing.to_string()).hint(missing.way_out());
            }
            [_] => "the release conflicts with what the servers hold".to_owned(),
            all => format!("the release conflicts with what the servers hold in {} ways", all.len()),
        };
        Failure::of_reasons(text, &plan::reasons(conflicts)).exit(Exit::of_conflicts(conflicts))
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
        let lines = |error| {
            let details = failures(error).flat_map(|failure| &failure.details);
            [format!("{error:#}")].into_iter().chain(details.map(|line| format!("  {line}"))).collect()
        };
        let lines = grouped(self.0.iter().map(|error| (lines(error), hint_of(error))).collect());
        let exits: Vec<Exit> = self.0.iter().map(exit_of).collect();
        let exit = match exits[0] {
            // Something that is wrong stays wrong, whatever else could not be checked.
            _ if exits.contains(&Exit::Problems) => Exit::Problems,
            exit if exits.iter().all(|other| *other == exit) => exit,
            _ => Exit::Failed,
        };
        Err(Failure::new(format!("{} {what}", self.0.len())).details(lines).exit(exit).into())
    }
}

/// The lines of reasons. Those that share a way out are grouped above it.
fn grouped(reasons: Vec<(Vec<String>, Option<&str>)>) -> Vec<String> {
    let group = |group: &[(Vec<String>, Option<&str>)]| {
        let cure = group[0].1.map(|cure| format!("    {cure}"));
        group.iter().flat_map(|(lines, _)| lines.clone()).chain(cure).collect::<Vec<_>>()
    };
    reasons.chunk_by(|(_, cure), (_, next)| cure == next).flat_map(group).collect()
}

/// The failures among an error and its causes.
pub fn failures(error: &anyhow::Error) -> impl Iterator<Item = &Failure> {
    error.chain().filter_map(|cause| cause.downcast_ref())
}

/// The exit code that an error asks for.
pub fn exit_of(error: &anyhow::Error) -> Exit {
    failures(error).map(|failure| failure.exit).find(|exit| *exit != Exit::Failed).unwrap_or_default()
}

/// The way out that an error names: that of the cause nearest to the trouble, which knows it best.
pub fn hint_of(error: &anyhow::Error) -> Option<&str> {
    failures(error).filter_map(|failure| failure.hint.as_deref()).last()
}

/// An error in one line: its causes, each with its details, and its way out.
pub fn in_one_line(error: &anyhow::Error) -> String {
    let hint = hint_of(error).map(|hint| format!("; {hint}")).unwrap_or_default();
    with_details(error) + &hint
}

/// The causes of an error in one line, each with its details.
pub fn with_details(error: &anyhow::Error) -> String {
    let mut words: Vec<String> = Vec::new();
    for cause in error.chain() {
        words.push(cause.to_string());
        let failure = cause.downcast_ref::<Failure>();
        let details = failure.iter().flat_map(|failure| &failure.details).map(|line| line.trim());
        words.push(details.collect::<Vec<_>>().join("; "));
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
        assert_eq!((failure.to_string().as_str(), failure.exit), ("3 files are wrong", Exit::Failed));
        let lines = ["`a` is wrong", "`b` is wrong", "    x", "`c` is wrong", "  why", "    y"];
        assert_eq!(failure.details, lines);
        let usage = || one("a", "x").exit(Exit::Usage);
        let exit = |errors| all(errors).unwrap().downcast_ref::<Failure>().unwrap().exit;
        assert_eq!(exit(vec![usage(), usage()]), Exit::Usage);
        assert_eq!(exit(vec![usage(), one("a", "x")]), Exit::Failed);
        assert_eq!(exit(vec![one("a", "x"), invalid("b")]), Exit::Problems);
    }

    #[test]
    fn a_placeholder_is_no_address() {
        assert_eq!(issues("https://github.com/OWNER/floe"), "to its maintainers");
        assert_eq!(issues("https://github.com/owner/floe/"), "at https://github.com/owner/floe/issues");
    }
}
