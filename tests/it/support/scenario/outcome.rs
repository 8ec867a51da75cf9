//! What came of a run, and what is expected of it.
//!
//! It only looks: nothing is run and nothing is changed here.

/// What came of a run.
pub struct Outcome {
    pub(super) code: Option<i32>,
    /// What it said on stdout.
    pub stdout: String,
    /// What it said on stderr, with the run's own addresses and folders replaced.
    pub stderr: String,
    pub(super) writes: Vec<String>,
}

impl Outcome {
    /// It ended with this exit code.
    #[track_caller]
    pub fn exit(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// It changed nothing anywhere: not one POST, PATCH, PUT or DELETE.
    #[track_caller]
    pub fn no_writes(self) -> Self {
        assert_eq!(self.writes, Vec::<String>::new());
        self
    }

    /// It asked whether it may, and changed nothing: notes that nobody keeps, an upload session that is closed again.
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

    /// It made exactly so many requests that change something.
    #[track_caller]
    pub fn writes(self, count: usize) -> Self {
        assert_eq!(self.writes.len(), count, "{:#?}", self.writes);
        self
    }

    /// What it said on stderr.
    #[track_caller]
    pub fn stderr(self, expected: expect_test::Expect) -> Self {
        expected.assert_eq(&self.stderr);
        self
    }

    /// What it said on stderr besides warnings.
    #[track_caller]
    pub fn stderr_without_warnings(self, expected: expect_test::Expect) -> Self {
        let lines = self.stderr.lines().filter(|line| !line.trim_start().starts_with("warning "));
        let lines: Vec<String> = lines.map(|line| format!("{line}\n")).collect();
        expected.assert_eq(&lines.concat());
        self
    }

    /// What it said on stderr holds this.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "`{words}` is not in\n{}", self.stderr);
        self
    }

    /// Whether it was killed rather than ended.
    pub fn was_killed(&self) -> bool {
        // Windows gives a killed process an exit code, but it prints no error.
        self.code.is_none() || (cfg!(windows) && self.code == Some(1) && !self.stderr.contains("error: "))
    }
}
