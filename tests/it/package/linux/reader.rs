//! A small reader of packages, which shares nothing with floe but the reader of tar.

use std::collections::BTreeMap;
use std::io::Read as _;

use floe_core::model::Digest;

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut unpacked).unwrap();
    unpacked
}

/// A file of a package: its mode with its type, and its bytes.
pub type Files = BTreeMap<String, (u32, Vec<u8>)>;

/// The control file of a `.deb`, and its files.
pub fn deb(bytes: &[u8]) -> (String, Files) {
    let mut rest = bytes.strip_prefix(b"!<arch>\n").unwrap();
    let mut members = Vec::new();
    while !rest.is_empty() {
        let (header, after) = rest.split_at(60);
        let header = std::str::from_utf8(header).unwrap();
        assert!(header.ends_with("`\n"), "{header:?}");
        let size: usize = header[48..58].trim_end().parse().unwrap();
        members.push((header[..16].trim_end().to_owned(), after[..size].to_vec()));
        rest = &after[size.next_multiple_of(2)..];
    }
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["debian-binary", "control.tar.gz", "data.tar.gz"]);
    assert_eq!(members[0].1, b"2.0\n");
    let control = tar(&members[1].1);
    assert_eq!(control.keys().collect::<Vec<_>>(), ["control"]);
    (String::from_utf8(control["control"].1.clone()).unwrap(), tar(&members[2].1))
}

fn tar(bytes: &[u8]) -> Files {
    let unpacked = gunzip(bytes);
    let mut archive = tar::Archive::new(unpacked.as_slice());
    let mut files = Files::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let header = entry.header();
        let kind = if header.entry_type().is_dir() { 0o40_000 } else { 0o100_000 };
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        if let Some((folder, _)) = path.trim_end_matches('/').rsplit_once('/') {
            assert!(files.contains_key(&format!("{folder}/")), "the folder of `{path}` comes after it");
        }
        assert!(files.insert(path, (kind | header.mode().unwrap(), content)).is_none());
    }
    files
}

/// The values of a header of rpm by tag: numbers in decimal, and texts.
pub type Tags = BTreeMap<u32, Vec<String>>;

/// The facts of an `.rpm`, and its files. Its digests are compared.
pub fn rpm(bytes: &[u8]) -> (Tags, Files) {
    assert_eq!(bytes[..4], [0xed, 0xab, 0xee, 0xdb]);
    let (signature, length) = header(&bytes[96..], 62);
    let start = 96 + length.next_multiple_of(8);
    let (facts, length) = header(&bytes[start..], 63);
    let (whole, packed) = bytes[start..].split_at(length);
    assert_eq!(signature[&273], [Digest::of(whole).hex()]);
    assert_eq!(signature[&1000], [(whole.len() + packed.len()).to_string()]);
    assert_eq!(facts[&5092], [Digest::of(packed).hex()]);
    let payload = gunzip(packed);
    assert_eq!(facts[&5097], [Digest::of(&payload).hex()]);
    assert_eq!(signature[&1007], [payload.len().to_string()]);
    let files = cpio(&payload);
    let folders = &facts[&1118];
    let folder = |index: &String| &folders[index.parse::<usize>().unwrap()];
    let paths: Vec<String> = facts[&1116]
        .iter()
        .zip(&facts[&1117])
        .map(|(index, name)| format!(".{}{name}", folder(index)))
        .collect();
    assert!(paths.is_sorted() && paths.iter().eq(files.keys()));
    for (at, (mode, content)) in files.values().enumerate() {
        let is_file = mode & 0o100_000 != 0;
        assert_eq!(facts[&1030][at], mode.to_string());
        assert_eq!(facts[&1028][at], content.len().to_string());
        assert_eq!(facts[&1035][at], if is_file { Digest::of(content).hex() } else { String::new() });
    }
    for tag in [1028, 1030, 1033, 1034, 1035, 1036, 1037, 1039, 1040, 1045, 1095, 1096, 1097, 1116, 1117] {
        assert_eq!(facts[&tag].len(), files.len(), "{tag}");
    }
    (facts, files)
}

fn header(bytes: &[u8], region: u32) -> (Tags, usize) {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(bytes[..8], [0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0]);
    let (count, size) = (number(8) as usize, number(12) as usize);
    let data = 16 + count * 16;
    let mut tags = Tags::new();
    let mut end = 0;
    for at in (16..data).step_by(16) {
        let [tag, kind, offset, items] = [0, 4, 8, 12].map(|more| number(at + more));
        let (offset, mut place) = (offset as usize, data + offset as usize);
        if at == 16 {
            // The region: its end repeats it, with the way back to the beginning of the index.
            assert_eq!((tag, kind, offset + 16, items), (region, 7, size, 16));
            assert_eq!(
                [0, 4, 8, 12].map(|more| number(place + more)),
                [tag, 7, (count as u32 * 16).wrapping_neg(), 16]
            );
            continue;
        }
        assert!(offset >= end, "the values are in the order of the tags");
        let mut values = Vec::new();
        for _ in 0..items {
            let width = match kind {
                3 => {
                    values.push(u16::from_be_bytes(bytes[place..place + 2].try_into().unwrap()).to_string());
                    2
                }
                4 => {
                    values.push(number(place).to_string());
                    4
                }
                6 | 8 | 9 => {
                    let length = bytes[place..].iter().position(|byte| *byte == 0).unwrap();
                    values.push(String::from_utf8(bytes[place..place + length].to_vec()).unwrap());
                    length + 1
                }
                _ => panic!("{tag} has the type {kind}"),
            };
            place += width;
        }
        end = place - data;
        tags.insert(tag, values);
    }
    assert_eq!(end + 16, size);
    (tags, data + size)
}

fn cpio(mut bytes: &[u8]) -> Files {
    let mut files = Files::new();
    loop {
        let field = |at: usize| {
            let text = std::str::from_utf8(&bytes[6 + at * 8..14 + at * 8]).unwrap();
            u32::from_str_radix(text, 16).unwrap()
        };
        assert_eq!(&bytes[..6], b"070701");
        let (mode, size, length) = (field(1), field(6) as usize, field(11) as usize);
        let name = String::from_utf8(bytes[110..110 + length - 1].to_vec()).unwrap();
        let start = (110 + length).next_multiple_of(4);
        let content = bytes[start..start + size].to_vec();
        bytes = &bytes[(start + size).next_multiple_of(4)..];
        if name == "TRAILER!!!" {
            assert!(bytes.is_empty());
            return files;
        }
        assert!(files.insert(name, (mode, content)).is_none());
    }
}

/// Each file in a line.
pub fn listing(files: &Files) -> String {
    let lines: Vec<String> = files.iter().map(|(path, (mode, _))| format!("{mode:06o} {path}")).collect();
    lines.join("\n")
}
