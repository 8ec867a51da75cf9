//! The package of dpkg (deb(5)): an `ar` archive of a version, the control file and the files.

use std::borrow::Cow;

use anyhow::Context as _;
use chrono::DateTime;

use super::Described;
use super::tree::{Node, NodeKind, Tree, folders, gzip};
use crate::package::archive;

pub(super) fn write(about: &Described<'_>, mut tree: Tree<'_>) -> anyhow::Result<Vec<u8>> {
    let Described { package, version, epoch, .. } = about;
    let maintainer = about.maintainer.as_deref().context("it needs a maintainer")?;
    let time = DateTime::from_timestamp(*epoch as i64, 0).context("its time is none")?.to_rfc2822();
    let document = format!("usr/share/doc/{package}");
    // Of a package without a Debian revision, the changelog is Debian's.
    let changelog = format!(
        "{package} ({version}) unstable; urgency=medium\n\n  * {}.\n\n -- {maintainer}  {time}\n",
        about.entry()
    );
    let overrides = format!("# It runs on every Linux.\n{package}: statically-linked-binary\n");
    let made = [
        (format!("{document}/copyright"), copyright(about, &tree).into_bytes()),
        (format!("{document}/changelog.gz"), gzip(changelog.as_bytes())),
        (format!("usr/share/lintian/overrides/{package}"), overrides.into_bytes()),
    ];
    // Debian has the licenses in `copyright`.
    tree.retain(|_, node| node.nature != NodeKind::License);
    for (path, bytes) in made {
        tree.insert(path, Node { bytes: Cow::Owned(bytes), mode: 0o644, nature: NodeKind::Document });
    }
    let size: usize = tree.values().map(|node| node.bytes.len().div_ceil(1024)).sum();
    let folders = folders(tree.keys());
    let control = control(about, maintainer, size + folders.len());
    let folders = folders.iter().map(|path| (format!("{path}/"), 0o755, &[][..]));
    let files = tree.iter().map(|(path, node)| (path.clone(), node.mode, &*node.bytes));
    let mut data: Vec<(String, u32, &[u8])> = folders.chain(files).collect();
    // A folder comes before what is in it.
    data.sort_by(|a, b| a.0.cmp(&b.0));
    let control = [("control".to_owned(), 0o644, control.as_bytes())];
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, content) in [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", archive::small_tar_gz(&control, *epoch)?),
        ("data.tar.gz", archive::small_tar_gz(&data, *epoch)?),
    ] {
        let header = format!("{name:<16}{epoch:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 100_644, content.len());
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&content);
        if content.len() % 2 == 1 {
            bytes.push(b'\n');
        }
    }
    Ok(bytes)
}

/// The fields of the package (Debian Policy 5.3). `size` is in KiB.
fn control(about: &Described<'_>, maintainer: &str, size: usize) -> String {
    let Described { package, version, arch, summary, .. } = about;
    let homepage = about.homepage.iter().map(|page| format!("Homepage: {page}\n")).collect::<String>();
    let lines = about.description.iter().map(|line| format!(" {line}\n")).collect::<String>();
    format!(
        "Package: {package}\nVersion: {version}\nArchitecture: {arch}\nMaintainer: {maintainer}\n\
         Installed-Size: {size}\nSection: utils\nPriority: optional\n{homepage}Description: {summary}\n{lines} .\n \
         The programs are linked statically and need no other package.\n"
    )
}

/// The texts of licenses that every Debian has, and that a package must not hold again, by how they begin.
const COMMON: [(&str, &str); 6] = [
    ("Apache-2.0", "apache license version 2.0"),
    ("GPL-2", "gnu general public license version 2"),
    ("GPL-3", "gnu general public license version 3"),
    ("LGPL-2.1", "gnu lesser general public license version 2.1"),
    ("LGPL-3", "gnu lesser general public license version 3"),
    ("MPL-2.0", "mozilla public license version 2.0"),
];

/// Where it comes from, and the texts of its licenses.
fn copyright(about: &Described<'_>, tree: &Tree<'_>) -> String {
    let mut text = format!("This is {} {}", about.package, about.version);
    text.extend(about.homepage.iter().map(|page| format!(" from <{page}>")));
    text.push_str(", made from its release.\n");
    text.extend(about.license.iter().map(|license| format!("\nLicense: {license}\n")));
    text.push_str("\nDebian keeps the texts of common licenses in /usr/share/common-licenses/.\n");
    for (path, node) in tree.iter().filter(|(_, node)| node.nature == NodeKind::License) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let license = String::from_utf8_lossy(&node.bytes).replace("\r\n", "\n");
        let begin = license.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let begin = begin.split_whitespace().take(9).collect::<Vec<_>>().join(" ");
        let common = COMMON.iter().find(|(_, head)| begin.starts_with(head));
        match common {
            Some((file, _)) => text.push_str(&format!("\n{name}: see /usr/share/common-licenses/{file}\n")),
            None => text.push_str(&format!("\n{name}:\n\n{}\n", license.trim_end())),
        }
    }
    text
}
