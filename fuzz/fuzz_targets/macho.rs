//! Mach-O: any bytes behind the magic give an answer, never a panic, a hang or memory beyond their size.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut file = data.to_vec();
    // The lowest bit of the first byte says whether it is thin or universal.
    if let Some(magic) = file.get_mut(..4) {
        let thin = magic[0] & 1 == 0;
        magic.copy_from_slice(if thin { b"\xcf\xfa\xed\xfe" } else { b"\xca\xfe\xba\xbe" });
    }
    let _ = floe_audit::identify(Cursor::new(&file));
    if let Ok(facts) = floe_audit::facts(Cursor::new(&file)) {
        assert_eq!(facts.size, file.len() as u64);
    }
});
