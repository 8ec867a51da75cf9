//! The result of a run, and assertions on it.
//!
//! Nothing is run or changed here.

/// The result of a run.
pub struct Outcome {
    pub(super) code: Option<i32>,
    /// Its stdout.
    pub stdout: String,
    /// Its stderr, with the addresses and folders of the run replaced.
    pub stderr: String,
    pub(super) writes: Vec<String>,
}

impl Outcome {
    /// Asserts the exit code.
    #[track_caller]
    pub fn exit(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The exit code; `None` if it was killed.
    pub fn code(&self) -> Option<i32> {
        self.code
    }

    /// Asserts that it sent no POST, PATCH, PUT or DELETE.
    #[track_caller]
    pub fn no_writes(self) -> Self {
        assert_eq!(self.writes, Vec::<String>::new());
        self
    }

    /// Asserts that it only checked permissions: with generated notes that are not stored, and an upload session that is closed.
    #[track_caller]
    pub fn only_asked(self) -> Self {
        let mut asked: Vec<&str> = self.writes.iter().map(|line| line.rsplit_once('/').unwrap().0).collect();
        asked.sort_unstable();
        let (notes, session) = ("POST /repos/acme/tool/releases", "/v2/acme/tool/blobs/uploads");
        assert_eq!(
            asked,
            [&format!("DELETE {session}"), notes, &format!("POST {session}")],
            "{:?}",
            self.writes
        );
        self
    }

    /// Asserts the number of write requests.
    #[track_caller]
    pub fn writes(self, count: usize) -> Self {
        assert_eq!(self.writes.len(), count, "{:#?}", self.writes);
        self
    }

    /// Asserts the whole stderr.
    #[track_caller]
    pub fn stderr(self, expected: expect_test::Expect) -> Self {
        expected.assert_eq(&self.stderr);
        self
    }

    /// Asserts stderr without warnings.
    #[track_caller]
    pub fn stderr_without_warnings(self, expected: expect_test::Expect) -> Self {
        let lines = self.stderr.lines().filter(|line| !line.trim_start().starts_with("warning "));
        let lines: Vec<String> = lines.map(|line| format!("{line}\n")).collect();
        expected.assert_eq(&lines.concat());
        self
    }

    /// Asserts that stderr contains this.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "`{words}` is not in\n{}", self.stderr);
        self
    }

    /// Whether it was killed by a signal.
    pub fn was_killed(&self) -> bool {
        // Windows gives a killed process an exit code, but it prints no error.
        self.code.is_none() || (cfg!(windows) && self.code == Some(1) && !self.stderr.contains("error: "))
    }
}
