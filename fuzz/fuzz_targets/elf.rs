//! ELF: any bytes behind the magic give an answer, never a panic, a hang or memory beyond their size.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut file = data.to_vec();
    if let Some(magic) = file.get_mut(..6) {
        magic.copy_from_slice(b"\x7fELF\x02\x01");
    }
    let _ = floe_audit::identify(Cursor::new(&file));
    if let Ok(facts) = floe_audit::facts(Cursor::new(&file)) {
        assert_eq!(facts.size, file.len() as u64);
    }
});
