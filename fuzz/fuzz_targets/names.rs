//! Tags, repositories, images, digests, commits: any bytes give an answer, never a panic or a hang; what is parsed is written as it was.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/hostile/entries.rs"]
#[expect(dead_code, reason = "this target knocks at one door of several")]
mod entries;

fuzz_target!(|data: &[u8]| {
    entries::names(data);
});
