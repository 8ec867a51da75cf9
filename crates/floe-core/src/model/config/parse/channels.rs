//! Checks the tables of installers and package managers.

use super::*;
use crate::model::config::channels::{Channels, LinuxPackage};
use crate::model::{ChannelKind, Repo, packages};

impl Problems {
    pub(super) fn installers(&mut self, names: Option<Texts>) -> Vec<ChannelKind> {
        let Some(names) = names else { return Channels::default().installers };
        let installers = self.each("installers", &names, installer);
        self.refuse_twice("installers", &installers);
        installers
    }

    /// Checks the values of the tables that are there, and brings them into the form in which they are used.
    pub(super) fn channels(&mut self, mut channels: Channels, targets: &[Target]) -> Channels {
        if let Some(own) = &mut channels.homebrew {
            self.refine("homebrew.formula", own.formula.as_mut(), formula);
            self.refine("homebrew.caveats", own.caveats.as_mut(), printable);
            self.one("homebrew.tap", Some(own.tap.to_string()), tap);
        }
        if let Some(own) = &mut channels.scoop {
            self.refine("scoop.manifest", own.manifest.as_mut(), file_stem);
        }
        if let Some(own) = &mut channels.winget {
            self.refine("winget.publisher", own.publisher.as_mut(), one_line);
            self.refine("winget.id", Some(&mut own.id), winget_id);
        }
        if let Some(own) = &mut channels.chocolatey {
            self.refine("chocolatey.id", own.id.as_mut(), package_id);
            self.refine("chocolatey.authors", own.authors.as_mut(), one_line);
            self.refine("chocolatey.feed", own.feed.as_mut(), host);
        }
        if let Some(own) = &mut channels.aur {
            self.refine("aur.package", own.package.as_mut(), arch_name);
            self.refine("aur.maintainer", own.maintainer.as_mut(), one_line);
        }
        for kind in channels.tables() {
            if !targets.iter().any(|target| kind.is_for(*target)) {
                let systems = kind.systems();
                self.add(&kind.to_string(), format!("is for {systems}, but no such target is in `targets`"));
            }
        }
        channels
    }

    /// The tables of packages for Linux distributions.
    pub(super) fn packages(
        &mut self,
        tables: [(PackageKind, Option<LinuxPackage>); 2],
        targets: &[Target],
    ) -> BTreeMap<PackageKind, LinuxPackage> {
        let there = tables.into_iter().filter_map(|(kind, table)| Some((kind, table?)));
        let mut read: BTreeMap<_, _> = there.collect();
        for (kind, own) in &mut read {
            self.refine(&format!("{kind}.package"), own.package.as_mut(), linux_name);
            self.refine(&format!("{kind}.maintainer"), own.maintainer.as_mut(), contact);
            if !targets.iter().any(|target| kind.arch(*target).is_some()) {
                self.add(&kind.to_string(), "is made of static programs, but no musl target is in `targets`");
            }
        }
        read
    }

    /// As `one`, for a value that stays where it is.
    fn refine(
        &mut self,
        key: &str,
        text: Option<&mut String>,
        read: impl Fn(&str) -> Result<String, String>,
    ) {
        if let Some(text) = text
            && let Some(refined) = self.one(key, Some(text.clone()), read)
        {
            *text = refined;
        }
    }
}

fn installer(name: &str) -> Result<ChannelKind, String> {
    let known = Channels::INSTALLERS.map(|kind| kind.to_string());
    let found = Channels::INSTALLERS.into_iter().find(|kind| kind.to_string() == name);
    found.ok_or_else(|| {
        let known = known.each_ref().map(String::as_str);
        format!("`{name}` is not an installer{}; there are {}", did_you_mean(name, &known), listed(&known))
    })
}

/// `brew tap owner/x` clones `owner/homebrew-x`.
fn tap(text: &str) -> Result<Repo, String> {
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
    let good = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.len() <= 100 && text.chars().all(good)
}

/// The name of a formula, from which Homebrew makes the name of a Ruby class (Formulary.class_s).
fn formula(text: &str) -> Result<String, String> {
    let is_lower = text.starts_with(|c: char| c.is_ascii_lowercase()) && text == text.to_ascii_lowercase();
    let why = "is not the name of a formula; it begins with a lower-case letter and has letters, digits and `-_.+@`";
    accept(text, is_lower && is_name(text, "-_.+@"), why)
}

fn file_stem(text: &str) -> Result<String, String> {
    accept(text, is_name(text, "-_.+"), "is not a name; it has letters, digits and `-_.+`")
}

/// As winget's schema of manifests: two to eight parts of at most 32 characters, separated by dots. A file's name and a
/// path in a URL are made of it, so other characters than ASCII are refused.
fn winget_id(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('.').collect();
    let good = |c: char| c.is_ascii_alphanumeric() || "-_+".contains(c);
    let is_part = |part: &&str| !part.is_empty() && part.len() <= 32 && part.chars().all(good);
    let is_id = (2..=8).contains(&parts.len()) && parts.iter().all(is_part);
    accept(text, is_id, "is not a package identifier; write it as `Publisher.Package`")
}

/// As NuGet takes it.
fn package_id(text: &str) -> Result<String, String> {
    let why = "is not a package identifier; it has letters, digits and `-_.`";
    accept(text, is_name(text, "-_."), why)
}

/// As makepkg takes it in `pkgname` (PKGBUILD(5)).
fn arch_name(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.+@".contains(c);
    let is_name =
        !text.is_empty() && !text.starts_with(['-', '.']) && text.len() <= 100 && text.chars().all(good);
    accept(text, is_name, "is not the name of a package; it has lower-case letters, digits and `-_.+@`")
}

fn linux_name(text: &str) -> Result<String, String> {
    let why = "is not the name of a package; it has lower-case letters, digits and `+-.`";
    accept(text, packages::is_package_name(text), why)
}

fn contact(text: &str) -> Result<String, String> {
    match packages::is_contact(text) {
        true => Ok(text.to_owned()),
        false => Err("write it as `Name <address@example.org>`".to_owned()),
    }
}

fn host(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    let is_host = text.contains('.') && !text.starts_with(['.', '-']) && text.chars().all(good);
    let why = "is not a host; write it as `push.chocolatey.org`";
    accept(text, is_host, why).map(|host| host.to_ascii_lowercase())
}

fn one_line(text: &str) -> Result<String, String> {
    match text.contains('\n') {
        true => Err(UNPRINTABLE.to_owned()),
        false => printable(text).map(|text| text.trim().to_owned()),
    }
}

const UNPRINTABLE: &str = "it is empty or has a character that cannot be printed";

fn printable(text: &str) -> Result<String, String> {
    match text.trim().is_empty() || text.chars().any(|c| c != '\n' && !text::is_safe(c)) {
        true => Err(UNPRINTABLE.to_owned()),
        false => Ok(text.trim_end().to_owned()),
    }
}
