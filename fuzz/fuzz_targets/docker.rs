//! Docker archives: any bytes give an answer, never a panic or a hang; what is made of one is a sound layout.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/hostile/entries.rs"]
#[expect(dead_code, reason = "this target knocks at one door of several")]
mod entries;

fuzz_target!(|data: &[u8]| {
    entries::docker(data);
});
