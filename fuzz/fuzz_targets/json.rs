//! Records, release manifests, receipts and what servers say: any bytes give an answer, never a panic or a hang; what is read well is written as it was.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/hostile/entries.rs"]
#[expect(dead_code, reason = "this target knocks at one door of several")]
mod entries;

fuzz_target!(|data: &[u8]| {
    entries::json(data);
});
