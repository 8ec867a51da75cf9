//! The same for installers, winget, Chocolatey and the AUR.

use super::*;

pub(super) fn winget() -> Channels {
    let winget = Winget { id: "Acme.Tool".to_owned(), publisher: None, fork: None };
    Channels { winget: Some(winget), ..Channels::NONE }
}

#[test]
fn a_package_for_winget_is_three_files() {
    check(&manifest(|_| ()), &winget(), expect![[""]]);
    let unlicensed = manifest(|value| value["package"]["license"] = Value::Null);
    assert_eq!(render(&unlicensed, &winget()).unwrap_err(), ["`winget` needs a `license` in Cargo.toml"]);
}

#[test]
fn a_build_script_for_arch_packs_the_static_archives() {
    let aur = Some(Aur { package: None, maintainer: Some("Acme <acme at example dot org>".to_owned()) });
    check(&manifest(with_extras), &Channels { aur, ..Channels::NONE }, expect![[""]]);
}

#[test]
fn a_package_for_chocolatey_has_the_same_bytes_every_time() {
    let chocolatey = Some(Chocolatey { id: None, authors: None, feed: None });
    let channels = Channels { chocolatey, ..Channels::NONE };
    let [package] = &render(&manifest(|_| ()), &channels).unwrap()[..] else { panic!("one file") };
    assert_eq!(render(&manifest(|_| ()), &channels).unwrap()[0], *package);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&package.bytes)).unwrap();
    let mut shown = format!("{} {}\n", package.repository.as_deref().unwrap(), package.path);
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        shown.push_str(&format!("== {}\n", entry.name().unwrap()));
        std::io::Read::read_to_string(&mut entry, &mut shown).unwrap();
    }
    expect![[""]].assert_eq(&shown);
}

/// The lines in which the values of a release are.
#[test]
fn installers_hold_the_digests_of_their_archives() {
    let files = render(&manifest(with_extras), &Channels::default()).unwrap();
    let mut shown = String::new();
    for file in &files {
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        assert!(!text.contains("__"), "{}", file.path);
        shown.push_str(&format!("== {}\n", file.path));
        let begin = text.find(if file.kind == ChannelKind::Sh { "name=" } else { "$name =" }).unwrap();
        let end = text.find(if file.kind == ChannelKind::Sh { "temp=" } else { "if ($Version)" }).unwrap();
        shown.push_str(&text[begin..end]);
    }
    expect![[""]].assert_eq(&shown);
    // Rosetta runs what is built for Intel, and nothing else is a substitute.
    let few = manifest(|value| {
        without(value, "aarch64");
        without(value, "windows");
    });
    let [installer] = &render(&few, &Channels::default()).unwrap()[..] else { panic!("one file") };
    let text = String::from_utf8(installer.bytes.clone()).unwrap();
    assert!(
        text.contains("\nmacos-aarch64 tool-x86_64-apple-darwin.tar.gz ") && !text.contains("linux-aarch64")
    );
    // With glibc alone, its version is checked.
    let gnu = manifest(|value| {
        without(value, "musl");
        value["artifacts"][1]["requires"] = json!({ "glibc": "2.17" });
    });
    let text = String::from_utf8(render(&gnu, &Channels::default()).unwrap()[0].bytes.clone()).unwrap();
    assert!(
        text.contains("\nlinux-aarch64 tool-aarch64-unknown-linux-gnu.tar.gz ") && text.contains(" 2.17\n")
    );
}
