//! Reads the tables of installers and package managers.

use serde::de::DeserializeOwned;

use super::*;
use crate::model::config::channels::{Aur, Channels, Chocolatey, Homebrew, LinuxPackage, Scoop, Winget};
use crate::model::{ChannelKind, Repo, packages};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct HomebrewTable {
    tap: String,
    formula: Option<String>,
    caveats: Option<String>,
    #[serde(default)]
    adopt: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct ScoopTable {
    bucket: String,
    manifest: Option<String>,
    #[serde(default)]
    adopt: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct WingetTable {
    id: String,
    publisher: Option<String>,
    fork: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct ChocolateyTable {
    id: Option<String>,
    authors: Option<String>,
    feed: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct AurTable {
    package: Option<String>,
    maintainer: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct PackageTable {
    package: Option<String>,
    maintainer: Option<String>,
}

/// The keys of the main table.
#[derive(Default)]
pub(super) struct Tables {
    pub installers: Option<Texts>,
    pub homebrew: Option<Value>,
    pub scoop: Option<Value>,
    pub winget: Option<Value>,
    pub chocolatey: Option<Value>,
    pub aur: Option<Value>,
}

impl Problems {
    pub(super) fn channels(&mut self, tables: Tables, targets: &[Target]) -> Channels {
        let installers = match tables.installers {
            Some(names) => self.each("installers", &names, installer),
            None => Channels::default().installers,
        };
        self.refuse_twice("installers", &installers);
        let channels = Channels {
            installers,
            homebrew: self.table("homebrew", tables.homebrew, Problems::homebrew),
            scoop: self.table("scoop", tables.scoop, Problems::scoop),
            winget: self.table("winget", tables.winget, Problems::winget),
            chocolatey: self.table("chocolatey", tables.chocolatey, |problems, table: ChocolateyTable| {
                Some(Chocolatey {
                    id: problems.one("chocolatey.id", table.id, package_id),
                    authors: problems.one("chocolatey.authors", table.authors, one_line),
                    feed: problems.one("chocolatey.feed", table.feed, host),
                })
            }),
            aur: self.table("aur", tables.aur, |problems, table: AurTable| {
                Some(Aur {
                    package: problems.one("aur.package", table.package, arch_name),
                    maintainer: problems.one("aur.maintainer", table.maintainer, one_line),
                })
            }),
        };
        for kind in channels.tables() {
            let (os, systems) = kind.systems();
            if !targets.iter().any(|target| os.contains(&target.os())) {
                self.add(kind.name(), format!("is for {systems}, but no such target is in `targets`"));
            }
        }
        channels
    }

    /// The tables of packages for Linux distributions.
    pub(super) fn packages(
        &mut self,
        tables: [(PackageKind, Option<Value>); 2],
        targets: &[Target],
    ) -> BTreeMap<PackageKind, LinuxPackage> {
        let mut read = BTreeMap::new();
        for (kind, value) in tables {
            let is_there = value.is_some();
            let settings = self.table(kind.name(), value, |problems, table: PackageTable| {
                Some(LinuxPackage {
                    package: problems.one(&format!("{kind}.package"), table.package, linux_name),
                    maintainer: problems.one(&format!("{kind}.maintainer"), table.maintainer, contact),
                })
            });
            read.extend(settings.map(|settings| (kind, settings)));
            if is_there && !targets.iter().any(|target| kind.arch(*target).is_some()) {
                self.add(kind.name(), "is made of static programs, but no musl target is in `targets`");
            }
        }
        read
    }

    fn table<T: DeserializeOwned, C>(
        &mut self,
        key: &str,
        value: Option<Value>,
        read: impl FnOnce(&mut Self, T) -> Option<C>,
    ) -> Option<C> {
        let table = self.shape::<T>(&format!("{ROOT}.{key}"), value?)?;
        read(self, table)
    }

    fn homebrew(&mut self, table: HomebrewTable) -> Option<Homebrew> {
        let formula = self.one("homebrew.formula", table.formula, formula);
        let caveats = self.one("homebrew.caveats", table.caveats, printable);
        let tap = self.one("homebrew.tap", Some(table.tap), tap)?;
        Some(Homebrew { tap, formula, caveats, adopt: table.adopt })
    }

    fn scoop(&mut self, table: ScoopTable) -> Option<Scoop> {
        let manifest = self.one("scoop.manifest", table.manifest, file_stem);
        let bucket = self.one("scoop.bucket", Some(table.bucket), str::parse::<Repo>)?;
        Some(Scoop { bucket, manifest, adopt: table.adopt })
    }

    fn winget(&mut self, table: WingetTable) -> Option<Winget> {
        let publisher = self.one("winget.publisher", table.publisher, one_line);
        let fork = self.one("winget.fork", table.fork, str::parse::<Repo>);
        let id = self.one("winget.id", Some(table.id), winget_id)?;
        Some(Winget { id, publisher, fork })
    }
}

fn installer(name: &str) -> Result<ChannelKind, String> {
    let known: Vec<&str> = Channels::INSTALLERS.iter().map(|kind| kind.name()).collect();
    let found = Channels::INSTALLERS.into_iter().find(|kind| kind.name() == name);
    found.ok_or_else(|| {
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

/// The name of a formula, from which Homebrew makes the name of a Ruby class (Formulary.class_s).
fn formula(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.+@".contains(c);
    match text.starts_with(|c: char| c.is_ascii_lowercase()) && text.len() <= 100 && text.chars().all(good) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "`{text}` is not the name of a formula; it begins with a lower-case letter and has letters, digits and `-_.+@`"
        )),
    }
}

fn file_stem(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    match text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.len() <= 100 && text.chars().all(good)
    {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is not a name; it has letters, digits and `-_.+`")),
    }
}

/// As winget's schema of manifests: two to eight parts of at most 32 characters, separated by dots. A file's name and a
/// path in a URL are made of it, so other characters than ASCII are refused.
fn winget_id(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('.').collect();
    let good = |c: char| c.is_ascii_alphanumeric() || "-_+".contains(c);
    let is_part = |part: &&str| !part.is_empty() && part.len() <= 32 && part.chars().all(good);
    match (2..=8).contains(&parts.len()) && parts.iter().all(is_part) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is not a package identifier; write it as `Publisher.Package`")),
    }
}

/// As NuGet takes it.
fn package_id(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.len() <= 100 && text.chars().all(good)
    {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is not a package identifier; it has letters, digits and `-_.`")),
    }
}

/// As makepkg takes it in `pkgname` (PKGBUILD(5)).
fn arch_name(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.+@".contains(c);
    match !text.is_empty() && !text.starts_with(['-', '.']) && text.len() <= 100 && text.chars().all(good) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "`{text}` is not the name of a package; it has lower-case letters, digits and `-_.+@`"
        )),
    }
}

fn linux_name(text: &str) -> Result<String, String> {
    match packages::is_package_name(text) {
        true => Ok(text.to_owned()),
        false => {
            Err(format!("`{text}` is not the name of a package; it has lower-case letters, digits and `+-.`"))
        }
    }
}

fn contact(text: &str) -> Result<String, String> {
    match packages::is_contact(text) {
        true => Ok(text.to_owned()),
        false => Err("write it as `Name <address@example.org>`".to_owned()),
    }
}

fn host(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    match text.contains('.') && !text.starts_with(['.', '-']) && text.chars().all(good) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err(format!("`{text}` is not a host; write it as `push.chocolatey.org`")),
    }
}

fn one_line(text: &str) -> Result<String, String> {
    match text.trim().is_empty() || text.chars().any(|c| !text::is_safe(c)) {
        true => Err("it is empty or has a character that cannot be printed".to_owned()),
        false => Ok(text.trim().to_owned()),
    }
}

fn printable(text: &str) -> Result<String, String> {
    match text.trim().is_empty() || text.chars().any(|c| c != '\n' && !text::is_safe(c)) {
        true => Err("it is empty or has a character that cannot be printed".to_owned()),
        false => Ok(text.trim_end().to_owned()),
    }
}
