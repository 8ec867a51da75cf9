//! The crates that are compiled into a project's binaries for a target: `cargo tree` says which, Cargo.lock where from.
//!
//! `cargo metadata` is not asked: it unites the features of development dependencies, and lists crates that no binary
//! contains. `nix/trees.nix` makes the same trees in a flake, where the sources of all targets are at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use toml_edit::{DocumentMut, Item};

use crate::error::{AtPath as _, Failure};
use crate::project::cargo::Project;
use crate::project::process;
use floe_core::model::{CrateSource, Dependency, Target};
use floe_core::untrusted::files;

/// The format of a line of a tree, after its depth: package, features, licence. Features hold no tab, and folders and
/// licences hardly do.
pub const FORMAT: &str = "\t{p}\t{f}\t{l}";
/// The edges: no procedural macro and no build or development dependency is in a binary.
pub const EDGES: &str = "normal,no-proc-macro";
/// The largest tree, in bytes.
const TREE_LIMIT: u64 = 64 * 1024 * 1024;

/// The packages of a Cargo.lock, which names neither their licences nor their features.
pub struct Lock(Vec<Dependency>);

impl Lock {
    /// Reads the project's Cargo.lock.
    pub fn read(project: &Project) -> anyhow::Result<Self> {
        let path = project.workspace_root.join("Cargo.lock");
        if !path.is_file() {
            let (name, path) = (&project.name, path.display());
            return Err(Failure::new(format!(
                "the SBOM of `{name}` cannot be made: there is no `{path}`, which names the crates that were built"
            ))
            .hint("commit the Cargo.lock that the binaries were built with, or write `sbom = false` under [package.metadata.floe]")
            .into());
        }
        let text = fs::read_to_string(&path).map_err(anyhow::Error::from);
        text.and_then(|text| Lock::parse(&text)).at("failed to read", &path)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let document: DocumentMut = text.parse()?;
        let tables = document.get("package").and_then(Item::as_array_of_tables);
        let packages = tables.into_iter().flatten().map(|table| {
            let field = |key: &str| table.get(key).and_then(Item::as_str);
            let named = |key: &str| {
                field(key).map(str::to_owned).with_context(|| format!("a package has no `{key}`"))
            };
            let checksum = field("checksum").map(|hex| format!("sha256:{hex}").parse());
            Ok(Dependency {
                name: named("name")?,
                version: named("version")?.parse()?,
                source: CrateSource::of_lock(field("source")).map_err(anyhow::Error::msg)?,
                checksum: checksum.transpose().map_err(anyhow::Error::msg)?,
                license: None,
                features: BTreeSet::new(),
                uses: BTreeSet::new(),
            })
        });
        packages.collect::<anyhow::Result<_>>().map(Lock)
    }

    /// The package that `cargo tree` shows as `name v1.0.0`, with `origin` in parentheses after it unless it is of crates.io.
    fn find(&self, name: &str, version: &str, origin: Option<&str>) -> Option<&Dependency> {
        let is_same = |one: &&Dependency| one.name == name && one.version.to_string() == version;
        let same: Vec<&Dependency> = self.0.iter().filter(is_same).collect();
        let is_origin = |one: &&&Dependency| match (&one.source, origin) {
            (CrateSource::CratesIo, None) => true,
            (CrateSource::Registry(_), Some(origin)) => origin.starts_with("registry "),
            (CrateSource::Git { commit, .. }, Some(origin)) => {
                origin.rsplit_once('#').is_some_and(|(_, short)| commit.starts_with(short))
            }
            (CrateSource::Path, Some(origin)) => !origin.starts_with("registry "),
            _ => false,
        };
        match same[..] {
            [only] => Some(only),
            _ => same.iter().find(is_origin).copied(),
        }
    }
}

/// The crates in the binaries for a target, the released package first. `trees` is a folder with the output of `cargo tree`
/// for each target, where it was made elsewhere.
pub fn of(
    project: &Project,
    lock: &Lock,
    target: Target,
    trees: Option<&Path>,
) -> anyhow::Result<Vec<Dependency>> {
    let tree = match trees {
        Some(folder) => {
            let path = folder.join(target.triple);
            let failed = || format!("failed to read `{}`, the crates for {}", path.display(), target.name);
            let bytes = files::open(&path).and_then(|file| files::read(file, TREE_LIMIT));
            let text = String::from_utf8(bytes.with_context(failed)?).context("it is not UTF-8");
            text.with_context(failed)?
        }
        None => tree(project, target)?,
    };
    let crates = parse(&tree, lock)
        .with_context(|| format!("failed to read the crates of `{}` for {}", project.name, target.name))?;
    match crates.first() {
        Some(first) if first.name == project.name && first.version == project.version => Ok(crates),
        _ => {
            let Project { name, version, .. } = project;
            anyhow::bail!("the crates for {} are not those of `{name}` {version}", target.name)
        }
    }
}

/// The output of `cargo tree`. It needs the sources of the target's crates, but not its standard library.
fn tree(project: &Project, target: Target) -> anyhow::Result<String> {
    let mut command =
        project.cargo(&["tree", "--locked", "--color", "never", "--charset", "ascii", "--edges", EDGES]);
    command
        .args(["--package", &format!("{}@{}", project.name, project.version), "--target", target.triple])
        .args(["--prefix", "depth", "--format", FORMAT]);
    process::run(&mut command).map_err(|error| {
        Failure::new(format!("the SBOM of `{}` for {} cannot be made", project.name, target.name))
            .because(error)
            .hint("make `cargo tree --locked` work here: it needs an up-to-date Cargo.lock and the crates, which `cargo fetch --locked` downloads; or write `sbom = false` under [package.metadata.floe]")
            .into()
    })
}

/// Reads a tree: a line a crate, each deeper than the one that uses it. A subtree that was shown before ends in ` (*)`.
fn parse(tree: &str, lock: &Lock) -> anyhow::Result<Vec<Dependency>> {
    let mut crates: Vec<Dependency> = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    // The crates from the root to the current line.
    let mut above: Vec<usize> = Vec::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let unreadable = || format!("`cargo tree` wrote a line of another format: `{line}`");
        let mut fields = line.strip_suffix(" (*)").unwrap_or(line).split('\t');
        let (Some(depth), Some(package), Some(features), Some(license), None) =
            (fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
        else {
            anyhow::bail!(unreadable());
        };
        let depth: usize = depth.parse().with_context(unreadable)?;
        anyhow::ensure!(depth <= above.len(), unreadable());
        above.truncate(depth);
        let at = match seen.get(package) {
            Some(at) => *at,
            None => {
                let (name, version, origin) = split(package).with_context(unreadable)?;
                let locked = lock.find(name, version, origin).with_context(|| {
                    format!("`{name}` {version} is in the tree of `cargo tree`, but not in Cargo.lock")
                })?;
                seen.insert(package, crates.len());
                let license = Some(license.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
                crates.push(Dependency { license, ..locked.clone() });
                crates.len() - 1
            }
        };
        let features = features.split(',').filter(|feature| !feature.is_empty());
        crates[at].features.extend(features.map(str::to_owned));
        if let Some(user) = above.last() {
            crates[*user].uses.insert(at);
        }
        above.push(at);
    }
    Ok(crates)
}

/// `name v1.0.0 (origin)` in its parts.
fn split(package: &str) -> Option<(&str, &str, Option<&str>)> {
    let (name, rest) = package.split_once(" v")?;
    let (version, origin) = rest.split_once(" (").unzip();
    let origin = origin.map(|origin: &str| origin.strip_suffix(')').unwrap_or(origin));
    Some((name, version.unwrap_or(rest), origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"version = 4
[[package]]
name = "tool"
version = "1.4.0"
[[package]]
name = "a"
version = "0.3.0"
source = "git+https://git.example/a?tag=v1#fbf68778ee822e3d4e98c6ec0705caeb7c4f69c2"
[[package]]
name = "a"
version = "0.3.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "9f7c3e4beb33f85d45ae3e3a1792185706c8e16d043238c593331cc7cd313b50"
[[package]]
name = "a"
version = "0.3.0"
[[package]]
name = "a"
version = "0.3.0"
source = "sparse+https://crates.example/"
checksum = "148590afebada386688f18773da617792bf2ef03ffc1e4cbd2b1d45b023e0ba4"
[[package]]
name = "b"
version = "2.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "0f7c3e4beb33f85d45ae3e3a1792185706c8e16d043238c593331cc7cd313b50"
"#;

    #[test]
    fn a_tree_is_read_with_its_edges_and_the_origin_of_each_crate() {
        let lock = Lock::parse(LOCK).unwrap();
        let tree = "0\ttool v1.4.0 (/my work/(x))\tdefault\tMIT\n\
            1\ta v0.3.0 (https://git.example/a?tag=v1#fbf68778)\t\tMIT/Apache-2.0\n\
            2\ta v0.3.0\tstd\t\n3\tb v2.0.0\t\tMIT\n\
            1\ta v0.3.0 (registry `mine`)\t\tMIT\n\
            1\ta v0.3.0 (/my work/(x)/a)\t\tMIT\n2\ta v0.3.0\tstd\t (*)\n\
            1\tb v2.0.0\textra\tMIT\n";
        let crates = parse(tree, &lock).unwrap();
        let shown: Vec<String> = crates
            .iter()
            .map(|one| {
                let Dependency { name, source, features, uses, .. } = one;
                format!("{name} {source:?} {features:?} {uses:?} {}", one.checksum.is_some())
            })
            .collect();
        let commit = "fbf68778ee822e3d4e98c6ec0705caeb7c4f69c2";
        assert_eq!(
            shown,
            [
                r#"tool Path {"default"} {1, 3, 4, 5} false"#.to_owned(),
                format!(r#"a Git {{ url: "https://git.example/a", commit: "{commit}" }} {{}} {{2}} false"#),
                r#"a CratesIo {"std"} {3} true"#.to_owned(),
                r#"b CratesIo {"extra"} {} true"#.to_owned(),
                r#"a Registry("https://crates.example/") {} {} true"#.to_owned(),
                r#"a Path {} {2} false"#.to_owned(),
            ]
        );
        assert_eq!(crates[1].license.as_deref(), Some("MIT/Apache-2.0"));
        assert_eq!(crates[2].license, None);
    }

    #[test]
    fn lines_of_another_format_are_refused() {
        let lock = Lock::parse(LOCK).unwrap();
        for (tree, why) in [
            ("tool v1.4.0", "of another format"),
            ("0\ttool\t\t", "of another format"),
            ("0\ttool v1.4.0 (/x)\t\t\n2\tb v2.0.0\t\tMIT", "of another format"),
            ("x\ttool v1.4.0\t\t", "of another format"),
            ("0\ttool v1.4.0 (/x)\t\tMIT\tMIT", "of another format"),
            (
                "0\ttool v1.4.1 (/x)\t\tMIT",
                "`tool` 1.4.1 is in the tree of `cargo tree`, but not in Cargo.lock",
            ),
        ] {
            let error = parse(tree, &lock).unwrap_err();
            assert!(error.to_string().contains(why), "{tree}: {error}");
        }
    }
}
