//! The package of rpm, version 4 of the format: a lead, a header of digests, a header of facts, and the files as cpio in
//! gzip (rpm's manual, "Package format", and its `rpmtag.h`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::ensure;

use super::Described;
use super::tree::{Node, NodeKind, Tree, folders, gzip};
use floe_core::model::Digest;

/// The first of a header's bytes, its version, and four that are zero.
const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0];
/// The tags of the regions that the digests cover.
const SIGNATURES: u32 = 62;
const IMMUTABLE: u32 = 63;
/// `RPMFILE_DOC` and `RPMFILE_LICENSE`.
const DOCUMENT: u32 = 1 << 1;
const LICENSE: u32 = 1 << 7;
/// `RPMSENSE_EQUAL`, and `RPMSENSE_RPMLIB` with "at most".
const EQUAL: u32 = 1 << 3;
const RPMLIB: u32 = 1 << 24 | 1 << 3 | 1 << 1;
/// `PGPHASHALGO_SHA256`.
const SHA256: u32 = 8;

pub(super) fn write(about: &Described<'_>, mut tree: Tree<'_>) -> anyhow::Result<Vec<u8>> {
    let total: u64 = tree.values().map(|node| node.bytes.len() as u64).sum();
    ensure!(total < 1 << 31, "its files have 2 GiB or more, which its header cannot say");
    // A folder that belongs to no other package is a member, too.
    let is_own = |path: &String| {
        let mut parts = path.split('/').skip(2);
        matches!(parts.next(), Some("doc" | "licenses")) && parts.next() == Some(about.package)
    };
    for path in folders(tree.keys()).into_iter().filter(is_own) {
        tree.insert(path, Node { bytes: Cow::Borrowed(&[]), mode: 0o755, nature: NodeKind::Folder });
    }
    let payload = cpio(&tree, about.epoch as u32);
    let packed = gzip(&payload);
    let header = header(about, &tree, (&payload, &packed), total as u32).bytes(IMMUTABLE);
    let mut signature = Header::default();
    signature.text(273, &Digest::of(&header).hex());
    signature.numbers(1000, &[(header.len() + packed.len()) as u32]);
    signature.numbers(1007, &[payload.len() as u32]);
    let mut bytes = lead(about);
    bytes.extend(signature.bytes(SIGNATURES));
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes.extend(header);
    bytes.extend(packed);
    Ok(bytes)
}

/// The folder of a path, with slashes at both ends, and the name in it.
fn split(path: &str) -> (String, &str) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    (format!("/{folder}/"), name)
}

fn mode(node: &Node<'_>) -> u16 {
    let kind = if node.nature == NodeKind::Folder { 0o40_000 } else { 0o100_000 };
    kind | node.mode as u16
}

fn flags(node: &Node<'_>) -> u32 {
    match node.nature {
        NodeKind::Document => DOCUMENT,
        NodeKind::License => LICENSE,
        NodeKind::Plain | NodeKind::Folder => 0,
    }
}

/// The lead: nothing in it counts today but the magic, the version and "binary, signed by a header".
fn lead(about: &Described<'_>) -> Vec<u8> {
    let mut bytes = vec![0xed, 0xab, 0xee, 0xdb, 3, 0, 0, 0, 0, 1];
    let name = format!("{}-{}-1", about.package, about.version);
    bytes.extend(name.bytes().take(65));
    bytes.resize(76, 0);
    bytes.extend([0, 1, 0, 5]);
    bytes.resize(96, 0);
    bytes
}

/// The archive of the files: cpio(5), "New ASCII Format".
fn cpio(tree: &Tree<'_>, epoch: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut member = |(inode, mode, time): (u32, u16, u32), name: &str, content: &[u8]| {
        bytes.extend_from_slice(b"070701");
        let (size, length) = (content.len() as u32, name.len() as u32 + 1);
        for field in [inode, u32::from(mode), 0, 0, 1, time, size, 0, 0, 0, 0, length, 0] {
            bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    };
    for (inode, (path, node)) in (1..).zip(tree) {
        member((inode, mode(node), epoch), &format!("./{path}"), &node.bytes);
    }
    member((0, 0, 0), "TRAILER!!!", &[]);
    bytes
}

fn header(about: &Described<'_>, tree: &Tree<'_>, (payload, packed): (&[u8], &[u8]), total: u32) -> Header {
    let Described { package, version, arch, epoch, .. } = about;
    let time = *epoch as u32;
    let release = format!("{version}-1");
    let count = tree.len();
    let mut folders: Vec<String> = Vec::new();
    let mut index = |path: &String| {
        let (folder, _) = split(path);
        let known = folders.iter().position(|one| *one == folder);
        known.unwrap_or_else(|| {
            folders.push(folder);
            folders.len() - 1
        }) as u32
    };
    let indexes: Vec<u32> = tree.keys().map(&mut index).collect();
    let each = |number: fn(&Node<'_>) -> u32| tree.values().map(number).collect::<Vec<u32>>();
    let digest = |node: &Node<'_>| match node.nature {
        NodeKind::Folder => String::new(),
        _ => Digest::of(&node.bytes).hex(),
    };
    let mut header = Header::default();
    header.texts(100, ["C"]);
    header.text(1000, package);
    header.text(1001, version);
    header.text(1002, "1");
    header.localized(1004, &about.summary);
    header.localized(1005, &about.description.join("\n"));
    header.numbers(1006, &[time]);
    header.text(1007, "localhost");
    header.numbers(1009, &[total]);
    // SPDX has such a name for a license that is not on its list.
    header.text(1014, about.license.as_ref().unwrap_or(&format!("LicenseRef-{package}")));
    header.localized(1016, "Applications/System");
    header.text(1021, "linux");
    header.text(1022, arch);
    header.numbers(1028, &each(|node| node.bytes.len() as u32));
    header.shorts(1030, &tree.values().map(mode).collect::<Vec<_>>());
    header.shorts(1033, &vec![0; count]);
    header.numbers(1034, &vec![time; count]);
    header.texts(1035, tree.values().map(digest));
    header.texts(1036, vec![""; count]);
    header.numbers(1037, &each(flags));
    header.texts(1039, vec!["root"; count]);
    header.texts(1040, vec!["root"; count]);
    // A package without the name of a source package is one itself.
    header.text(1044, &format!("{package}-{release}.src.rpm"));
    header.numbers(1045, &vec![u32::MAX; count]);
    header.texts(1047, [package]);
    header.numbers(1048, &[RPMLIB; 3]);
    let features = ["CompressedFileNames", "FileDigests", "PayloadFilesHavePrefix"];
    header.texts(1049, features.map(|feature| format!("rpmlib({feature})")));
    header.texts(1050, ["3.0.4-1", "4.6.0-1", "4.0-1"]);
    header.numbers(1080, &[time]);
    header.texts(1081, [format!("{} - {release}", about.maintainer.as_deref().unwrap_or(package))]);
    header.texts(1082, [format!("- {}", about.entry())]);
    header.numbers(1095, &vec![1; count]);
    header.numbers(1096, &(1..=count as u32).collect::<Vec<_>>());
    header.texts(1097, vec![""; count]);
    header.numbers(1112, &[EQUAL]);
    header.texts(1113, [&release]);
    header.numbers(1116, &indexes);
    header.texts(1117, tree.keys().map(|path| split(path).1));
    header.texts(1118, &folders);
    header.text(1124, "cpio");
    header.text(1125, "gzip");
    header.text(1126, "9");
    header.numbers(5011, &[SHA256]);
    header.text(5062, "utf-8");
    header.texts(5092, [Digest::of(packed).hex()]);
    header.numbers(5093, &[SHA256]);
    header.texts(5097, [Digest::of(payload).hex()]);
    if let Some(maintainer) = &about.maintainer {
        header.text(1015, maintainer);
    }
    if let Some(homepage) = &about.homepage {
        header.text(1020, homepage);
    }
    header
}

/// A header: its values by tag, each with its type, the number of its items, and their bytes.
#[derive(Default)]
struct Header(BTreeMap<u32, (u32, u32, Vec<u8>)>);

impl Header {
    const SHORT: u32 = 3;
    const NUMBER: u32 = 4;
    const TEXT: u32 = 6;
    const BYTES: u32 = 7;
    const TEXTS: u32 = 8;
    const LOCALIZED: u32 = 9;

    fn add(&mut self, tag: u32, kind: u32, items: impl Iterator<Item: AsRef<[u8]>>) {
        let (mut count, mut bytes) = (0, Vec::new());
        for item in items {
            count += 1;
            bytes.extend_from_slice(item.as_ref());
        }
        self.0.insert(tag, (kind, count, bytes));
    }

    fn shorts(&mut self, tag: u32, values: &[u16]) {
        self.add(tag, Header::SHORT, values.iter().map(|value| value.to_be_bytes()));
    }

    fn numbers(&mut self, tag: u32, values: &[u32]) {
        self.add(tag, Header::NUMBER, values.iter().map(|value| value.to_be_bytes()));
    }

    fn text(&mut self, tag: u32, text: &str) {
        self.add(tag, Header::TEXT, [terminated(text)].iter());
    }

    fn localized(&mut self, tag: u32, text: &str) {
        self.add(tag, Header::LOCALIZED, [terminated(text)].iter());
    }

    fn texts(&mut self, tag: u32, texts: impl IntoIterator<Item: AsRef<str>>) {
        self.add(tag, Header::TEXTS, texts.into_iter().map(|text| terminated(text.as_ref())));
    }

    /// The header as it is written. All of it is one region, whose tag comes first and whose end repeats it.
    fn bytes(&self, region: u32) -> Vec<u8> {
        let mut data = Vec::new();
        let mut index = Vec::new();
        for (tag, (kind, count, bytes)) in &self.0 {
            let width = match *kind {
                Header::SHORT => 2,
                Header::NUMBER => 4,
                _ => 1,
            };
            data.resize(data.len().next_multiple_of(width), 0);
            index.extend([*tag, *kind, data.len() as u32, *count]);
            data.extend_from_slice(bytes);
        }
        let entries = self.0.len() as u32 + 1;
        let first = [region, Header::BYTES, data.len() as u32, 16];
        let last = [region, Header::BYTES, (entries * 16).wrapping_neg(), 16];
        data.extend(last.iter().flat_map(|number| number.to_be_bytes()));
        let mut bytes = MAGIC.to_vec();
        let numbers = [entries, data.len() as u32].into_iter().chain(first).chain(index);
        bytes.extend(numbers.flat_map(u32::to_be_bytes));
        bytes.extend(data);
        bytes
    }
}

fn terminated(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}
