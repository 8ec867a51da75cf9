//! Renames that Windows may refuse for a moment.
//!
//! A virus scanner or an indexer opens each file that was just written, and while it does, Windows refuses to rename or
//! remove the file and the folders around it. The refusal ends by itself, so the change is tried again for about a second.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

const FIRST_DELAY: Duration = Duration::from_millis(10);
/// Each delay is twice the one before: 1.27 s together.
const RETRIES: u32 = 7;

/// Renames a file or a folder.
///
/// # Errors
/// As [`fs::rename`] does, after retries if another program holds it.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    retry(|| fs::rename(from, to))
}

/// Makes a change again while another program holds what it changes. Other systems than Windows refuse no change for that
/// reason, so there it is made once.
///
/// # Errors
/// The error of the last attempt.
pub fn retry<T>(change: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    retry_while(is_held, thread::sleep, change)
}

/// Windows says "access denied" also for missing permissions, which only the last attempt tells apart.
fn is_held(error: &io::Error) -> bool {
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    cfg!(windows) && matches!(error.raw_os_error(), Some(ACCESS_DENIED | SHARING_VIOLATION))
}

fn retry_while<T>(
    is_held: impl Fn(&io::Error) -> bool,
    mut wait: impl FnMut(Duration),
    mut change: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    for retry in 0..RETRIES {
        match change() {
            Err(error) if is_held(&error) => wait(FIRST_DELAY * 2_u32.pow(retry)),
            done => return done,
        }
    }
    change().map_err(|error| match is_held(&error) {
        true => io::Error::new(
            error.kind(),
            format!("{error}; another program holds it, or its permissions forbid the change"),
        ),
        false => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result of a change that fails with these errors, then succeeds; and the delays before its attempts.
    fn after(errors: &[i32]) -> (Result<(), String>, Vec<Duration>) {
        let (mut errors, mut delays) = (errors.iter(), Vec::new());
        let result = retry_while(
            |error| error.raw_os_error() == Some(5),
            |delay| delays.push(delay),
            || errors.next().map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(*code))),
        );
        (result.map_err(|error| error.to_string()), delays)
    }

    #[test]
    fn a_held_file_is_tried_again_with_growing_delays() {
        assert_eq!(after(&[]), (Ok(()), vec![]));
        assert_eq!(after(&[5, 5, 5]), (Ok(()), [10, 20, 40].map(Duration::from_millis).to_vec()));
        let (result, delays) = after(&[5; RETRIES as usize]);
        assert_eq!((result, delays.len()), (Ok(()), RETRIES as usize));
        assert_eq!(delays.iter().sum::<Duration>(), Duration::from_millis(1270));
    }

    #[test]
    fn a_file_that_stays_held_is_an_error_that_says_so() {
        let (result, delays) = after(&[5; 20]);
        assert!(
            result.unwrap_err().ends_with("; another program holds it, or its permissions forbid the change")
        );
        assert_eq!(delays.len(), RETRIES as usize);
    }

    #[test]
    fn other_errors_are_not_tried_again() {
        let other = |code| Err(io::Error::from_raw_os_error(code).to_string());
        assert_eq!(after(&[2]), (other(2), vec![]));
        assert_eq!(after(&[5, 2, 5]), (other(2), vec![FIRST_DELAY]));
        let folder = tempfile::tempdir().unwrap();
        let error = rename(&folder.path().join("missing"), &folder.path().join("new")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[cfg(windows)]
    #[test]
    fn windows_refuses_to_rename_a_held_file_until_it_is_closed() {
        use std::os::windows::fs::OpenOptionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        fs::write(&from, "text").unwrap();
        let mut holder = Some(fs::OpenOptions::new().read(true).share_mode(0).open(&from).unwrap());
        let mut delays = 0;
        let wait = |_| {
            delays += 1;
            holder = None;
        };
        retry_while(is_held, wait, || fs::rename(&from, &to)).unwrap();
        assert_eq!((delays, from.exists(), to.exists()), (1, false, true));
    }
}
