//! Every parser, with valid samples and mutations of them: the same mutations in
//! every run. `cargo fuzz` continues from the same samples.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::entries;
use crate::audit::hostile::{Random, mutate};

/// Far more than any of these inputs takes, far less than a person waits.
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn every_parser_accepts_its_samples_and_never_panics_or_hangs() {
    for (name, door) in entries::ALL {
        let samples = samples(name);
        // Images are compressed, and a compressor that is not optimised takes its time.
        let rounds = if matches!(name, "docker" | "layout") { 40 } else { 300 };
        let rounds = if cfg!(debug_assertions) { rounds } else { 50 * rounds };
        let (mut taken, mut refused) = (0, 0);
        for (sample, whole) in &samples {
            for seed in 0..=rounds {
                let mut input = whole.clone();
                // The first is the sample as it is.
                if seed > 0 {
                    mutate(&mut input, &mut Random(seed));
                }
                let begin = Instant::now();
                match std::panic::catch_unwind(|| door(&input)) {
                    Ok(true) => taken += 1,
                    Ok(false) => refused += 1,
                    Err(_) => panic!("`{name}` with `{sample}` and seed {seed} made the reader panic"),
                }
                assert!(
                    begin.elapsed() < LIMIT,
                    "`{name}` with `{sample}` and seed {seed} took {:?}",
                    begin.elapsed()
                );
            }
        }
        // Changes that are all taken or all refused would test nothing but the first byte.
        assert!(taken > 1 && refused > 1, "`{name}`: {taken} were taken and {refused} refused");
    }
}

/// The samples of a door by their names; libFuzzer begins with them too.
fn samples(door: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/corpus").join(door);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        (path.file_name().unwrap().display().to_string(), fs::read(&path).unwrap())
    };
    paths.collect::<std::collections::BTreeSet<_>>().into_iter().map(read).collect()
}
