//! The number of schedules and requests of each test, in target/faults/ because the output of tests is captured.

use std::path::Path;
use std::time::Duration;

use super::matrix::Tally;

pub fn add(name: &str, tally: &Tally, took: Duration) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("faults");
    std::fs::create_dir_all(&folder).unwrap();
    let Tally { schedules, requests, runs, kills, bad } = tally;
    let line = format!(
        "{name}: {schedules} schedules, {requests} requests, {runs} runs, {kills} kills, {} bad, in {} s\n",
        bad.len(),
        took.as_secs()
    );
    std::fs::write(folder.join(name), line).unwrap();
}
