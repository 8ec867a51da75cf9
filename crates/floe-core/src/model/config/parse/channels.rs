//! Reads the tables of installers and package managers.

use std::collections::BTreeMap;

use super::reader::{Parsed, Table};
use super::values::{accept, did_you_mean, listed};
use crate::model::config::{Aur, Channels, Chocolatey, Homebrew, LinuxPackage, Scoop, Winget};
use crate::model::{ChannelKind, PackageKind, Repo, Target, packages};
use crate::untrusted::text::{has_only, is_safe};

pub(super) fn channels(table: &mut Table<'_>, targets: &[Target]) -> Channels {
    for kind in Channels::TABLES.into_iter().filter(|kind| table.has(&kind.to_string())) {
        if !targets.iter().any(|target| kind.is_for(*target)) {
            let systems = kind.systems();
            table.add(&kind.to_string(), format!("is for {systems}, but no such target is in `targets`"));
        }
    }
    let installers = table.texts("installers", installer);
    let channels = Channels {
        installers: installers.unwrap_or_else(|| Channels::INSTALLERS.to_vec()),
        homebrew: table.table("homebrew", homebrew).flatten(),
        scoop: table.table("scoop", scoop).flatten(),
        winget: table.table("winget", winget).flatten(),
        chocolatey: table.table("chocolatey", |own| Chocolatey {
            id: own.text("id", package_id),
            authors: own.text("authors", one_line),
            feed: own.text("feed", host),
        }),
        aur: table.table("aur", |own| Aur {
            package: own.text("package", arch_name),
            maintainer: own.text("maintainer", one_line),
        }),
    };
    table.refuse_twice("installers", &channels.installers);
    channels
}

fn homebrew(own: &mut Table<'_>) -> Option<Homebrew> {
    let tap = own.required("tap", tap);
    let (formula, caveats) = (own.text("formula", formula), own.text("caveats", printable));
    let adopt = own.flag("adopt").unwrap_or_default();
    Some(Homebrew { tap: tap?, formula, caveats, adopt })
}

fn scoop(own: &mut Table<'_>) -> Option<Scoop> {
    let (bucket, manifest) = (own.required("bucket", str::parse::<Repo>), own.text("manifest", file_stem));
    let adopt = own.flag("adopt").unwrap_or_default();
    Some(Scoop { bucket: bucket?, manifest, adopt })
}

fn winget(own: &mut Table<'_>) -> Option<Winget> {
    let (id, publisher) = (own.required("id", winget_id), own.text("publisher", one_line));
    let fork = own.text("fork", str::parse::<Repo>);
    Some(Winget { id: id?, publisher, fork })
}

pub(super) fn packages(table: &mut Table<'_>, targets: &[Target]) -> BTreeMap<PackageKind, LinuxPackage> {
    let mut read = BTreeMap::new();
    for (kind, key) in [(PackageKind::Deb, "deb"), (PackageKind::Rpm, "rpm")] {
        if table.has(key) && !targets.iter().any(|target| kind.arch(*target).is_some()) {
            table.add(key, "is made of static programs, but no musl target is in `targets`");
        }
        let package = table.table(key, |own| LinuxPackage {
            package: own.text("package", linux_name),
            maintainer: own.text("maintainer", contact),
        });
        read.extend(package.map(|package| (kind, package)));
    }
    read
}

fn installer(name: &str) -> Parsed<ChannelKind> {
    let known = Channels::INSTALLERS.map(|kind| kind.to_string());
    let found = Channels::INSTALLERS.into_iter().find(|kind| kind.to_string() == name);
    found.ok_or_else(|| {
        let known = known.each_ref().map(String::as_str);
        format!("`{name}` is not an installer{}; there are {}", did_you_mean(name, &known), listed(&known))
    })
}

/// `brew tap owner/x` clones `owner/homebrew-x`.
fn tap(text: &str) -> Parsed<Repo> {
    let repo: Repo = text.parse()?;
    match repo.name().strip_prefix("homebrew-") {
        Some(rest) if !rest.is_empty() => Ok(repo),
        _ => Err(format!(
            "a tap is a repository called `homebrew-<something>`, as in `{}/homebrew-tap`, and not `{text}`",
            repo.owner()
        )),
    }
}

/// Whether a name begins with a letter or digit and has only these and `others`.
fn is_name(text: &str, others: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.len() <= 100 && has_only(text, others)
}

/// The name of a formula, from which Homebrew makes the name of a Ruby class (Formulary.class_s).
fn formula(text: &str) -> Parsed<String> {
    let is_lower = text.starts_with(|c: char| c.is_ascii_lowercase()) && text == text.to_ascii_lowercase();
    let why = "is not the name of a formula; it begins with a lower-case letter and has letters, digits and `-_.+@`";
    accept(text, is_lower && is_name(text, "-_.+@"), why)
}

fn file_stem(text: &str) -> Parsed<String> {
    accept(text, is_name(text, "-_.+"), "is not a name; it has letters, digits and `-_.+`")
}

/// As winget's schema of manifests: two to eight parts of at most 32 characters, separated by dots. A file's name and a
/// path in a URL are made of it, so other characters than ASCII are refused.
fn winget_id(text: &str) -> Parsed<String> {
    let parts: Vec<&str> = text.split('.').collect();
    let is_part = |part: &&str| part.len() <= 32 && has_only(part, "-_+");
    let is_id = (2..=8).contains(&parts.len()) && parts.iter().all(is_part);
    accept(text, is_id, "is not a package identifier; write it as `Publisher.Package`")
}

/// As NuGet takes it.
fn package_id(text: &str) -> Parsed<String> {
    let why = "is not a package identifier; it has letters, digits and `-_.`";
    accept(text, is_name(text, "-_."), why)
}

/// As makepkg takes it in `pkgname` (PKGBUILD(5)).
fn arch_name(text: &str) -> Parsed<String> {
    let is_lower = text == text.to_ascii_lowercase();
    let is_name = is_lower && !text.starts_with(['-', '.']) && text.len() <= 100 && has_only(text, "-_.+@");
    accept(text, is_name, "is not the name of a package; it has lower-case letters, digits and `-_.+@`")
}

fn linux_name(text: &str) -> Parsed<String> {
    let why = "is not the name of a package; it has lower-case letters, digits and `+-.`";
    accept(text, packages::is_package_name(text), why)
}

fn contact(text: &str) -> Parsed<String> {
    match packages::is_contact(text) {
        true => Ok(text.to_owned()),
        false => Err("write it as `Name <address@example.org>`".to_owned()),
    }
}

fn host(text: &str) -> Parsed<String> {
    let is_host = text.contains('.') && !text.starts_with(['.', '-']) && has_only(text, "-.");
    let why = "is not a host; write it as `push.chocolatey.org`";
    accept(text, is_host, why).map(|host| host.to_ascii_lowercase())
}

fn one_line(text: &str) -> Parsed<String> {
    match text.contains('\n') {
        true => Err(UNPRINTABLE.to_owned()),
        false => printable(text).map(|text| text.trim().to_owned()),
    }
}

const UNPRINTABLE: &str = "it is empty or has a character that cannot be printed";

fn printable(text: &str) -> Parsed<String> {
    match text.trim().is_empty() || text.chars().any(|c| c != '\n' && !is_safe(c)) {
        true => Err(UNPRINTABLE.to_owned()),
        false => Ok(text.trim_end().to_owned()),
    }
}
