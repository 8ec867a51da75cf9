//! A check for every scenario: none of its secrets is in any output or written file.
//!
//! It runs when a scenario ends, over the output of its runs and every file of its folder: the servers' state,
//! dists, receipts and downloads.

use std::fs;
use std::path::Path;

use super::{CHANNELS, FEED_KEY, READER, Scenario, TOKEN, WORKFLOW, user};

impl Drop for Scenario {
    fn drop(&mut self) {
        // A test that fails already has its own message.
        if std::thread::panicking() {
            return;
        }
        let secrets = self.secrets();
        let said = std::mem::take(&mut *self.said.lock().unwrap());
        assert_holds_none("the output", &said, &secrets);
        // `[secret]` means that a secret was about to be printed; a signature gives access to the URL that it signs.
        assert_holds_none("the output", &said, &["[secret]".to_owned(), "&sig=".to_owned()]);
        each_file(self.path(), &mut |path, bytes| {
            assert_holds_none(&path.display().to_string(), bytes, &secrets);
        });
    }
}

impl Scenario {
    /// Every secret that a run of this scenario has seen, in every form that is sent.
    fn secrets(&self) -> Vec<String> {
        let mut secrets = self.registry.issued();
        for token in [TOKEN, READER, WORKFLOW] {
            secrets.push(token.to_owned());
            secrets.push(base64(format!("{}:{token}", user(token)).as_bytes()));
        }
        secrets.extend([CHANNELS, FEED_KEY].map(str::to_owned));
        secrets.extend(self.token.map(str::to_owned));
        secrets
    }
}

#[track_caller]
fn assert_holds_none(place: &str, bytes: &[u8], secrets: &[String]) {
    for secret in secrets {
        let found = memchr::memmem::find(bytes, secret.as_bytes());
        assert!(
            found.is_none(),
            "the secret `{secret}` is in {place}:\n{}",
            String::from_utf8_lossy(&bytes[found.unwrap_or(0).saturating_sub(200)..])
                .chars()
                .take(400)
                .collect::<String>()
        );
    }
}

fn each_file(folder: &Path, look: &mut impl FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => each_file(&path, look),
            Ok(kind) if kind.is_file() => look(&path, &fs::read(&path).unwrap_or_default()),
            _ => {}
        }
    }
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for digit in 0..=three.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

#[test]
fn a_written_secret_is_found() {
    assert_eq!(base64(b"tester:token"), "dGVzdGVyOnRva2Vu");
    assert_eq!(base64(b"ab"), "YWI=");
    let scenario = Scenario::empty("1.4.0");
    fs::create_dir(scenario.path().join("deep")).unwrap();
    fs::write(scenario.path().join("deep/file"), format!("x{TOKEN}x")).unwrap();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(scenario)));
    let message = caught.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains(&Path::new("deep").join("file").display().to_string()), "{message}");
}
