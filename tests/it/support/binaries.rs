//! Executables made by hand: the smallest that have what a loader looks at, one for each target.
//!
//! Each ends the process at once. They are for tests that need every target and not a machine of each.

use floe_core::model::{Arch, Format, Os, Target};
use sha2::{Digest as _, Sha256};

/// An executable for a target; another seed gives other bytes.
pub fn binary(target: Target, seed: &[u8]) -> Vec<u8> {
    match (target.format, target.os) {
        (Format::Elf, Os::Linux) => elf(target, seed),
        (Format::Macho, _) => macho(target.arch, seed),
        (Format::Pe, _) => pe(target.arch, seed),
        (Format::Elf, _) => panic!("no target has ELF without Linux"),
    }
}

/// A little-endian file under construction.
#[derive(Default)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    pub fn u16(mut self, values: &[u16]) -> Self {
        self.0.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self
    }

    pub fn u32(mut self, values: &[u32]) -> Self {
        self.0.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self
    }

    pub fn u64(mut self, values: &[u64]) -> Self {
        self.0.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self
    }

    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Addresses or offsets of a file whose words have 32 or 64 bits.
    pub fn words(self, bits: u8, values: &[u64]) -> Self {
        match bits {
            64 => self.u64(values),
            _ => self.u32(&values.iter().map(|value| *value as u32).collect::<Vec<_>>()),
        }
    }

    /// `text` in a field of `size` bytes.
    pub fn text(mut self, text: &str, size: usize) -> Self {
        let end = self.0.len() + size;
        self.0.extend_from_slice(text.as_bytes());
        self.0.resize(end, 0);
        self
    }

    /// Zeros up to an offset.
    pub fn pad(mut self, offset: usize) -> Self {
        assert!(self.0.len() <= offset, "{} is beyond {offset}", self.0.len());
        self.0.resize(offset, 0);
        self
    }
}

/// `exit(0)` as Linux takes it.
fn exit_code(arch: Arch) -> &'static [u8] {
    match arch {
        // xor edi, edi; mov eax, 60; syscall
        Arch::X86_64 => &[0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05],
        // mov x0, #0; mov x8, #93; svc #0
        Arch::Aarch64 => &[0x00, 0x00, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4],
        // mov r0, #0; mov r7, #1; svc #0
        Arch::Arm => &[0x00, 0x00, 0xa0, 0xe3, 0x01, 0x70, 0xa0, 0xe3, 0x00, 0x00, 0x00, 0xef],
        // li a0, 0; li a7, 93; ecall
        Arch::Riscv64 => &[0x13, 0x05, 0x00, 0x00, 0x93, 0x08, 0xd0, 0x05, 0x73, 0x00, 0x00, 0x00],
        Arch::X86 => panic!("no target has ELF for x86"),
    }
}

const INTERPRETER: u64 = 0x1c0;
const CODE: u64 = 0x300;
const SEED: u64 = 0x340;
/// Where the second segment is, far after all that a seed can fill.
const WRITABLE: u64 = 0x1000_0000;

/// glibc: a PIE that needs `libc.so.6`; musl: a static PIE on x86_64, a static executable at a fixed address
/// elsewhere. One segment loads the whole file; a second one loads the dynamic section, where the loader writes.
fn elf(target: Target, seed: &[u8]) -> Vec<u8> {
    let bits = target.arch.bits();
    let word = u64::from(bits / 8);
    // The sizes of the file header, a program header, a section header and a symbol.
    let [header, segment, section, symbol] = if bits == 64 { [64, 56, 64, 24] } else { [52, 32, 40, 16] };
    let interpreter = target.contract.interpreter.as_ref().map(|path| format!("{path}\0"));
    let fixed = interpreter.is_none() && target.arch != Arch::X86_64;
    let base = if fixed { 0x40_0000 } else { 0 };
    // The flags of Arm: EABI 5, hard float; of RISC-V: compressed instructions, double float.
    let (class, machine, flags) = match target.arch {
        Arch::X86_64 => (2, 62, 0),
        Arch::Aarch64 => (2, 183, 0),
        Arch::Arm => (1, 40, 0x0500_0400),
        Arch::Riscv64 => (2, 243, 5),
        Arch::X86 => panic!("no target has ELF for x86"),
    };
    let size = SEED + seed.len() as u64;
    let names = b"\0libc.so.6\0";
    // Tags of the dynamic section: NEEDED, STRTAB, SYMTAB, STRSZ, SYMENT, FLAGS_1 (PIE), NULL.
    let mut dynamic = vec![5, 0x200, 6, 0x220, 10, names.len() as u64, 11, symbol];
    dynamic.extend([0x6fff_fffb, 0x0800_0000, 0, 0]);
    if interpreter.is_some() {
        dynamic.splice(0..0, [1, 1]);
    }
    // type, flags, offset, address, size, alignment
    let mut segments: Vec<(u32, u32, u64, u64, u64, u64)> = vec![(1, 5, 0, base, size, 0x1000)];
    if let Some(path) = &interpreter {
        // The loader learns from PT_PHDR where the kernel put the file.
        segments.insert(0, (3, 4, INTERPRETER, INTERPRETER, path.len() as u64, 1));
        segments.insert(0, (6, 4, header, header, 6 * segment, word));
    }
    if !fixed {
        segments.push((1, 6, 0x240, WRITABLE + 0x240, CODE - 0x240, 0x1000));
        segments.push((2, 6, 0x240, WRITABLE + 0x240, dynamic.len() as u64 * word, word));
    }
    segments.push((0x6474_e551, 6, 0, 0, 0, 16));

    let mut file = Bytes::default()
        .raw(b"\x7fELF")
        .raw(&[class, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        .u16(&[if fixed { 2 } else { 3 }, machine])
        .u32(&[1])
        .words(bits, &[base + CODE, header, 0])
        .u32(&[flags])
        .u16(&[header as u16, segment as u16, segments.len() as u16, section as u16, 0, 0]);
    for (kind, flags, offset, address, size, align) in segments {
        let place = [offset, address, address, size, size];
        file = match bits {
            64 => file.u32(&[kind, flags]).u64(&place).u64(&[align]),
            _ => file.u32(&[kind]).words(bits, &place).u32(&[flags]).words(bits, &[align]),
        };
    }
    if let Some(path) = interpreter {
        file = file.pad(INTERPRETER as usize).raw(path.as_bytes());
    }
    if !fixed {
        // The symbol table at 0x220 holds the one empty symbol that every table begins with.
        file = file.pad(0x200).raw(names).pad(0x240).words(bits, &dynamic);
    }
    file.pad(CODE as usize).raw(exit_code(target.arch)).pad(SEED as usize).raw(seed).0
}

/// A thin 64-bit Mach-O that needs libSystem and macOS 11.0. For Arm it is signed ad hoc, as linkers do.
fn macho(arch: Arch, seed: &[u8]) -> Vec<u8> {
    let (cpu, subtype) = match arch {
        Arch::X86_64 => (0x0100_0007, 3),
        Arch::Aarch64 => (0x0100_000c, 0),
        other => panic!("no target has Mach-O for {other}"),
    };
    let page = 0x4000;
    let is_signed = arch == Arch::Aarch64;
    let end =
        if is_signed { (SEED + seed.len() as u64).next_multiple_of(16) } else { SEED + seed.len() as u64 };
    let signature = if is_signed { SIGNATURE + 32 * end.div_ceil(SIGNED_PAGE) } else { 0 };
    let segment = |name: &str, at: [u64; 4], protection: u32, sections: u32| {
        Bytes::default()
            .u32(&[0x19, 72 + 80 * sections])
            .text(name, 16)
            .u64(&at)
            .u32(&[protection, protection, sections, 0])
            .0
    };
    let base = 0x1_0000_0000;
    let section = Bytes::default()
        .text("__text", 16)
        .text("__TEXT", 16)
        .u64(&[base + CODE, end - CODE])
        .u32(&[CODE as u32, 2, 0, 0, 0x8000_0400, 0, 0, 0])
        .0;
    let commands = [
        segment("__PAGEZERO", [0, base, 0, 0], 0, 0),
        [segment("__TEXT", [base, page, 0, end], 5, 1), section].concat(),
        segment("__LINKEDIT", [base + page, page, end, signature], 1, 0),
        // LC_LOAD_DYLINKER, LC_BUILD_VERSION (macOS 11.0, SDK 14.0), LC_MAIN, LC_LOAD_DYLIB
        Bytes::default().u32(&[0xe, 32, 12]).text("/usr/lib/dyld", 20).0,
        Bytes::default().u32(&[0x32, 24, 1, 11 << 16, 14 << 16, 0]).0,
        Bytes::default().u32(&[0x8000_0028, 24]).u64(&[CODE, 0]).0,
        Bytes::default()
            .u32(&[0xc, 56, 24, 2, 0x051f_0000, 0x0001_0000])
            .text("/usr/lib/libSystem.B.dylib", 32)
            .0,
    ];
    // LC_CODE_SIGNATURE
    let signed = Bytes::default().u32(&[0x1d, 16, end as u32, signature as u32]).0;
    let commands: Vec<Vec<u8>> = commands.into_iter().chain(is_signed.then_some(signed)).collect();
    let size: usize = commands.iter().map(Vec::len).sum();
    let file = Bytes::default()
        // MH_EXECUTE; NOUNDEFS, DYLDLINK, TWOLEVEL, PIE
        .u32(&[0xfeed_facf, cpu, subtype, 2, commands.len() as u32, size as u32, 0x0020_0085, 0])
        .raw(&commands.concat())
        .pad(CODE as usize)
        .raw(match arch {
            // xor eax, eax; ret
            Arch::X86_64 => &[0x31, 0xc0, 0xc3],
            // mov w0, #0; ret
            _ => &[0x00, 0x00, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6],
        })
        .pad(SEED as usize)
        .raw(seed)
        .pad(end as usize);
    if is_signed { sign(file.0) } else { file.0 }
}

/// The size of a signature without the digests of the pages.
const SIGNATURE: u64 = 20 + 44 + 8;
const SIGNED_PAGE: u64 = 4096;

/// A file with an ad hoc signature behind it (Apple's `kern/cs_blobs.h`, whose numbers are big-endian).
fn sign(file: Vec<u8>) -> Vec<u8> {
    let pages: Vec<[u8; 32]> =
        file.chunks(SIGNED_PAGE as usize).map(|page| Sha256::digest(page).into()).collect();
    let size = SIGNATURE as u32 + 32 * pages.len() as u32;
    let numbers =
        |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    // A super blob with one directory, version 0x20001: its flags (ad hoc, linker-signed), the offsets of the digests and the
    // identifier, the numbers of special and of code slots, and the end of the code.
    let blob = numbers(&[0xfade_0cc0, size, 1, 0, 20]);
    let directory =
        [0xfade_0c02, size - 20, 0x2_0001, 0x2_0002, 52, 44, 0, pages.len() as u32, file.len() as u32];
    // The size and the kind of a digest (SHA-256), the platform, and the size of a page as a power of two.
    let end = [&[32, 2, 0, 12, 0, 0, 0, 0][..], b"tool\0\0\0\0"].concat();
    [file, blob, numbers(&directory), end, pages.concat()].concat()
}

/// A PE32+, or a PE32 for x86, for the console that imports nothing.
fn pe(arch: Arch, seed: &[u8]) -> Vec<u8> {
    let bits = arch.bits();
    // The machine, and its characteristics: EXECUTABLE_IMAGE, and LARGE_ADDRESS_AWARE or 32BIT_MACHINE.
    let (machine, characteristics) = match arch {
        Arch::X86_64 => (0x8664, 0x22),
        Arch::Aarch64 => (0xaa64, 0x22),
        Arch::X86 => (0x14c, 0x102),
        other => panic!("no target has PE for {other}"),
    };
    let size = (0x10 + seed.len()).next_multiple_of(0x200) as u32;
    let memory = size.next_multiple_of(0x1000);
    let mut file = Bytes::default()
        .raw(b"MZ")
        .pad(0x3c)
        .u32(&[0x80])
        .pad(0x80)
        .raw(b"PE\0\0")
        .u16(&[machine, 1])
        .u32(&[0, 0, 0])
        .u16(&[if bits == 64 { 240 } else { 224 }, characteristics])
        .u16(&[if bits == 64 { 0x20b } else { 0x10b }, 0x0e])
        .u32(&[size, 0, 0, 0x1000, 0x1000]);
    file = match bits {
        64 => file.u64(&[0x1_4000_0000]),
        // The base of the data, which PE32+ has not, and of the image.
        _ => file.u32(&[0x1000 + memory, 0x40_0000]),
    };
    file.u32(&[0x1000, 0x200])
        // operating system 6.0, image 0.0, subsystem 6.0
        .u16(&[6, 0, 0, 0, 6, 0])
        .u32(&[0, 0x1000 + memory, 0x200, 0])
        // console; HIGH_ENTROPY_VA (64 bits), DYNAMIC_BASE, NX_COMPAT, TERMINAL_SERVER_AWARE
        .u16(&[3, if bits == 64 { 0x8160 } else { 0x8140 }])
        .words(bits, &[0x10_0000, 0x1000, 0x10_0000, 0x1000])
        .u32(&[0, 16])
        .u64(&[0; 16])
        .text(".text", 8)
        .u32(&[size, 0x1000, size, 0x200, 0, 0, 0, 0x6000_0020])
        .pad(0x200)
        // xor eax, eax; ret
        .raw(&[0x31, 0xc0, 0xc3])
        .pad(0x210)
        .raw(seed)
        .pad(0x200 + size as usize)
        .0
}

mod tests {
    use std::io::Cursor;

    use floe_audit::identify;
    use object::Object as _;

    use super::*;

    #[test]
    fn every_target_has_a_binary_that_others_read_too() {
        for target in Target::all() {
            let bytes = binary(target, b"seed");
            let kind = identify(Cursor::new(&bytes)).unwrap();
            assert!(kind.is_for(target.format, target.arch), "{target}: {kind}");
            assert_eq!(kind.interpreter.is_some(), target.name.ends_with("-gnu"), "{target}");
            let file = object::File::parse(&bytes[..]).unwrap();
            assert_eq!(file.is_64(), target.arch.bits() == 64, "{target}");
            assert_ne!(file.entry(), 0, "{target}");
            assert_ne!(bytes, binary(target, b"other"));
        }
    }

    #[test]
    fn no_beginning_and_no_flipped_byte_makes_the_reader_panic() {
        for target in Target::all() {
            let whole = binary(target, b"seed");
            for length in 0..whole.len() {
                assert!(identify(Cursor::new(&whole[..length])).is_err(), "{target} cut to {length}");
            }
            let error = identify(Cursor::new(&whole[..whole.len() - 1])).unwrap_err().to_string();
            let place = format!("it ends at {}, the file at {}", whole.len(), whole.len() - 1);
            assert!(error.contains(&place), "{target}: {error}");
            for at in 0..CODE as usize {
                for value in [0x00, 0x7f, 0xff] {
                    let mut hostile = whole.clone();
                    hostile[at] = value;
                    // Either answer may be right; only a panic is wrong.
                    let _ = identify(Cursor::new(&hostile));
                }
            }
        }
    }

    #[test]
    fn unsupported_files_are_named() {
        let linux = "x86_64-musl".parse().unwrap();
        let change = |at: usize, bytes: &[u8]| {
            let mut file = binary(linux, b"");
            file[at..at + bytes.len()].copy_from_slice(bytes);
            identify(Cursor::new(&file)).unwrap_err().to_string()
        };
        let machine = |bits: u8, number: u16| {
            format!("it is a {bits}-bit ELF file for machine {number}, which no target of floe has")
        };
        // x32, RISC-V of 32 bits, and 64 bits of a machine that has 32.
        assert_eq!(change(4, &[1]), machine(32, 62));
        assert_eq!(change(4, &[1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 243]), machine(32, 243));
        assert_eq!(change(18, &[40, 0]), machine(64, 40));
        assert_eq!(change(5, &[2]), "it is a big-endian ELF file, and no target of floe is big-endian");
        // LoongArch
        assert_eq!(change(18, &[2, 1]), machine(64, 258));
        assert_eq!(change(16, &[1, 0]), "it is an ELF object file, not an executable");
        assert!(change(24, &[0; 8]).contains("a library, not an executable"));
        let mut dll = binary("x86_64-windows".parse().unwrap(), b"");
        dll[0x80 + 4 + 19] |= 0x20;
        assert_eq!(identify(Cursor::new(&dll)).unwrap_err().to_string(), "it is a DLL, not an executable");
        let mut thumb = binary("i686-windows".parse().unwrap(), b"");
        thumb[0x84..0x86].copy_from_slice(&0x1c4_u16.to_le_bytes());
        assert_eq!(
            identify(Cursor::new(&thumb)).unwrap_err().to_string(),
            "it is a 32-bit PE file for machine 0x01c4, which no target of floe has"
        );
    }

    #[test]
    fn a_universal_binary_has_all_its_instruction_sets() {
        let slices = [
            (0x0100_0007_u32, binary("x86_64-macos".parse().unwrap(), b"")),
            (0x0100_000c, binary("aarch64-macos".parse().unwrap(), b"")),
        ];
        let mut file = [0xcafe_babe_u32, 2].map(u32::to_be_bytes).concat();
        for (index, (cpu, slice)) in slices.iter().enumerate() {
            let offset = 0x1000 * (index as u32 + 1);
            file.extend([*cpu, 0, offset, slice.len() as u32, 12].map(u32::to_be_bytes).concat());
        }
        for (index, (_, slice)) in slices.iter().enumerate() {
            file.resize(0x1000 * (index + 1), 0);
            file.extend(slice);
        }
        let kind = identify(Cursor::new(&file)).unwrap();
        assert_eq!(kind.to_string(), "Mach-O for x86_64 and aarch64");
        assert!(!kind.is_for(Format::Macho, Arch::Aarch64));
    }

    #[test]
    fn the_test_itself_is_an_executable() {
        let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        let kind = identify(file).unwrap();
        assert_eq!(kind.arches.iter().map(Arch::to_string).collect::<Vec<_>>(), [std::env::consts::ARCH]);
    }
}
