//! `floe package`: the contents of archives, refusals, and that nothing else makes a difference.

mod archive;
mod built;
mod contents;
mod hostile;
mod line_ends;
mod linux;
mod names;
mod own_sbom;
mod record;
mod sbom;
#[cfg(unix)]
mod stopping;

use std::collections::BTreeMap;
use std::fs;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use expect_test::expect;
use floe::cli::{PackageArgs, SourceArgs};
use floe::commands::package::{Build, Enforcement, find, pack, package};
use floe::error::{Exit, Failure, exit_of, hint_of};
use floe::package::archive::{UnpackBudget, examine};
use floe::project::cargo;
use floe::report::{Report, Verbosity};
use floe_core::model::{ArchiveKind, Entry, Record, Source, Target};
use tempfile::TempDir;

use crate::support::binaries::binary;
use crate::support::sample::{Sample, floe};

const EPOCH: u64 = 1_709_210_096;

/// The files of an archive.
fn list(path: &Path, kind: ArchiveKind) -> Result<Vec<Entry>, String> {
    examine(path, kind, None, &UnpackBudget::default()).unwrap().contents
}

/// A project with a folder of built binaries.
struct Case {
    sample: Sample,
    built: TempDir,
}

impl Case {
    fn new(sample: Sample) -> Self {
        Case { sample, built: tempfile::tempdir().unwrap() }
    }

    /// With a file `<folder>/<name>` among the built ones.
    fn built(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.built.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// With `tool` for a target.
    fn tool(self, target: &str) -> Self {
        let parsed: Target = target.parse().unwrap();
        self.built(&format!("{target}/tool{}", parsed.exe), binary(parsed, b"tool"))
    }

    fn args(&self) -> PackageArgs {
        PackageArgs {
            folders: vec![self.built.path().to_owned()],
            target: None,
            binary: Vec::new(),
            documents: None,
            trees: None,
            out: self.out(),
            project: self.sample.args(),
            source: SourceArgs { epoch: Some(EPOCH), ..SourceArgs::default() },
        }
    }

    fn out(&self) -> PathBuf {
        self.sample.path().join("dist")
    }

    fn pack_args(&self, args: &PackageArgs) -> anyhow::Result<Vec<Record>> {
        let report = Report::new(Verbosity::Quiet);
        let project = self.sample.load()?;
        let source = cargo::source(&project, args.source.commit.as_ref(), args.source.epoch)?;
        pack((&project, &source), &find(args, &project, &report)?, &args.out, Enforcement::Deny, &report)
    }

    fn pack(&self) -> anyhow::Result<Vec<Record>> {
        self.pack_args(&self.args())
    }

    /// The paths in the only archive, without the top folder.
    fn packed(&self) -> Vec<String> {
        let records = self.pack().unwrap();
        let [record] = &records[..] else { panic!("there are {} archives", records.len()) };
        record.contents.iter().map(|entry| entry.path.split_once('/').unwrap().1.to_owned()).collect()
    }

    fn refused(&self) -> String {
        self.show(&self.pack().map(|records| records.len()).unwrap_err())
    }

    /// The messages of the program, without the paths of the temporary folders.
    fn said(&self) -> String {
        let output = floe(self.sample.path())
            .args(["package", self.built.path().to_str().unwrap(), "--epoch", "1709210096"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        // The samples are in no git repository, and Windows knows only from there what is executable.
        let dropped = [
            "the records name no commit",
            "      Packed ",
            "this system has no executable bit, and git's index",
        ];
        let lines = text.lines().filter(|line| !dropped.iter().any(|words| line.contains(words)));
        self.neutral(lines.map(str::trim_start).collect::<Vec<_>>().join("\n"))
    }

    /// An error with its details, without the paths of the temporary folders.
    fn show(&self, error: &anyhow::Error) -> String {
        let mut lines = vec![format!("{error:#}")];
        let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>());
        lines.extend(failure.into_iter().flat_map(|failure| failure.details.to_vec()));
        self.neutral(lines.join("\n"))
    }

    fn neutral(&self, mut text: String) -> String {
        for (path, name) in [(self.built.path(), "native"), (self.sample.path(), "project")] {
            for path in [path.to_owned(), floe::files::resolve(path).unwrap()] {
                text = text.replace(path.to_str().unwrap(), name);
            }
        }
        text.replace(MAIN_SEPARATOR, "/")
    }
}

/// The names and bytes of the files in a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn every_target_gets_an_archive_and_a_record_that_agree() {
    let case = Target::all().fold(Case::new(Sample::tool()), |case, target| case.tool(target.triple));
    let records = case.pack().unwrap();
    assert_eq!(records.iter().map(|record| record.target).collect::<Vec<_>>().len(), 13);
    assert_eq!(files(&case.out()).len(), 26);
    for record in &records {
        let path = case.out().join(&record.archive.file);
        assert_eq!(list(&path, record.target.archive).unwrap(), record.contents);
        assert_eq!(fs::metadata(&path).unwrap().len(), record.archive.size);
        let json = fs::read_to_string(case.out().join(record.file_name())).unwrap();
        assert_eq!(&serde_json::from_str::<Record>(&json).unwrap(), record);
        let [binary] = &record.binaries[..] else { panic!("one binary") };
        let expected = format!("tool-{0}/tool{1}", record.target, record.target.exe);
        assert_eq!((binary.name.as_str(), &binary.path), ("tool", &expected));
        assert_eq!((binary.format, binary.arch), (record.target.format, record.target.arch));
        let modes: Vec<u32> = record.contents.iter().map(|entry| entry.mode).collect();
        assert_eq!(modes, [0o644, 0o644, 0o644, 0o755]);
    }
}

#[test]
fn archives_depend_only_on_their_files() {
    let targets = ["x86_64-musl", "aarch64-apple-darwin", "x86_64-windows"];
    let include = "[package.metadata.floe]\ninclude = [\"share\"]";
    let first = || Sample::tool().file("share/a", "1").file("share/b/c", "2").manifest_lines(include);
    let second = || Sample::tool().file("share/b/c", "2").file("share/a", "1").manifest_lines(include);
    let one = targets.iter().fold(Case::new(first()), |case, target| case.tool(target));
    let two = targets.iter().rev().fold(Case::new(second()), |case, target| {
        // The other name of the same target.
        case.tool(target.parse::<Target>().unwrap().triple)
    });
    change_modes(two.sample.path());
    change_modes(two.built.path());
    one.pack().unwrap();
    two.pack().unwrap();
    assert_eq!(files(&one.out()), files(&two.out()));
    assert_eq!(files(&one.out()).len(), 6);
    // Packing again replaces the files by the same.
    let before = files(&one.out());
    one.pack().unwrap();
    assert_eq!(files(&one.out()), before);
}

/// Gives every file other permissions, as a strict umask does, and another time.
fn change_modes(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            change_modes(&path);
            continue;
        }
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1)).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = if path.extension().is_none() { 0o600 } else { 0o711 };
            file.set_permissions(fs::Permissions::from_mode(mode)).unwrap();
        }
    }
}

#[test]
fn all_problems_of_binaries_are_reported_together() {
    let sample = Sample::tool()
        .file("src/bin/toold.rs", "fn main() {}")
        .file("src/bin/dev.rs", "fn main() {}")
        .manifest_lines("[package.metadata.floe]\nbinaries = [\"tool\", \"toold\"]");
    let mac = "aarch64-macos".parse().unwrap();
    let linux: Target = "x86_64-musl".parse().unwrap();
    let case = Case::new(sample)
        .built("x86_64-musl/tool", binary(mac, b""))
        .built("x86_64-musl/toold", &binary(linux, b"")[..200])
        .built("x86_64-musl/dev", binary(linux, b""))
        .built("x86_64-windows/tool", binary("x86_64-windows".parse().unwrap(), b""))
        .built("x86_64-windows/toold.exe", "#!/bin/sh\n");
    expect![[r#"
        the binaries of `tool` 1.4.0 cannot be packed
        `native/x86_64-windows/tool` is not a released binary: `tool` releases `tool.exe`, `toold.exe` (`binaries` in `[package.metadata.floe]` lists them)
        `native/x86_64-windows/toold.exe` is refused: it is a script, not an executable
        `tool.exe` for x86_64-windows is missing
        `native/x86_64-musl/dev` is not a released binary: `tool` releases `tool`, `toold` (`binaries` in `[package.metadata.floe]` lists them)
        `native/x86_64-musl/tool` is Mach-O for aarch64, but x86_64-musl takes ELF for x86_64
        `native/x86_64-musl/toold` is refused: its ELF program header table is broken or cut off (it ends at 288, the file at 200)"#]].assert_eq(&case.refused());
    let error = case.pack().map(|records| records.len()).unwrap_err();
    assert_eq!(error.downcast_ref::<Failure>().unwrap().exit, Exit::Problems);
    assert!(!case.out().exists(), "something was written");
}

#[test]
fn folders_must_be_laid_out_by_target() {
    let case = Case::new(Sample::tool())
        .tool("x86_64-musl")
        .built("linux/tool", "")
        .built("x86_64-gnu", "a file")
        .built(".DS_Store", "");
    expect![[r#"
        `native` is not laid out as <triple>/<binary>
        `linux` is not a target that floe knows; the targets are x86_64-gnu, x86_64-musl, aarch64-gnu, aarch64-musl, x86_64-macos, aarch64-macos, x86_64-windows, aarch64-windows, i686-windows, armv7-gnu, armv7-musl, riscv64-gnu, riscv64-musl
        `native/x86_64-gnu` is not a folder"#]].assert_eq(&case.refused());
    assert_eq!(exit_of(&case.pack().map(|records| records.len()).unwrap_err()), Exit::Usage);
    let empty = Case::new(Sample::tool()).built(".hidden", "");
    assert!(empty.refused().contains("`native` holds no folder that is named like a target"));
    let twice = Case::new(Sample::tool()).tool("x86_64-musl").tool("x86_64-unknown-linux-musl");
    assert!(twice.refused().contains("binaries for x86_64-musl are given twice"), "{}", twice.refused());
    let mut inside = twice.args();
    inside.folders.iter_mut().for_each(|folder| folder.push("x86_64-musl"));
    let error = twice.pack_args(&inside).unwrap_err();
    let above = format!("give the folder above it: `floe package {}`", twice.args().folders[0].display());
    assert_eq!(hint_of(&error), Some(&*above));
    let nothing = PackageArgs { folders: Vec::new(), ..empty.args() };
    assert!(empty.show(&empty.pack_args(&nothing).unwrap_err()).starts_with("no binaries are given"));
}

#[test]
fn other_files_beside_the_binaries_are_left_out() {
    let case = Case::new(Sample::tool())
        .tool("x86_64-windows")
        .built("x86_64-windows/tool.pdb", "debug")
        .built("x86_64-windows/.cargo-lock", "");
    assert_eq!(case.packed(), ["CHANGELOG.md", "LICENSE-MIT", "README.md", "tool.exe"]);
}

/// Such as debug data that `objcopy` has split off, classes of Java, and texts.
#[test]
fn files_that_begin_as_an_executable_does_are_left_out_with_the_reason() {
    let linux = binary("x86_64-musl".parse().unwrap(), b"");
    let case = Case::new(Sample::tool())
        .tool("x86_64-musl")
        .built("x86_64-musl/Tool.class", b"\xca\xfe\xba\xbe\0\0\0\x3d\0\x10")
        .built("x86_64-musl/notes.txt", "MZ\n")
        .built("x86_64-musl/tool.debug", &linux[..200]);
    let said = case.said();
    expect![[r#"
        warning left out `native/x86_64-musl/Tool.class`, which is neither an executable nor a folder `completions` or `man`
        warning left out a file: `native/x86_64-musl/notes.txt` is refused: its DOS header is broken or cut off (it ends at 64, the file at 3)
        warning left out a file: `native/x86_64-musl/tool.debug` is refused: its ELF program header table is broken or cut off (it ends at 288, the file at 200)"#]]
    .assert_eq(&said);
    assert_eq!(case.packed(), ["CHANGELOG.md", "LICENSE-MIT", "README.md", "tool"]);
}

#[test]
fn a_binary_may_be_given_by_its_path() {
    let case = Case::new(Sample::tool()).built("release/tool", binary("aarch64-gnu".parse().unwrap(), b""));
    let args = PackageArgs {
        folders: Vec::new(),
        target: Some("aarch64-gnu".parse().unwrap()),
        binary: vec![case.built.path().join("release/tool")],
        ..case.args()
    };
    let records = case.pack_args(&args).unwrap();
    assert_eq!(records[0].archive.file, "tool-aarch64-unknown-linux-gnu.tar.gz");
    let twice = PackageArgs { binary: [args.binary.clone(), args.binary.clone()].concat(), ..args };
    assert!(
        case.show(&case.pack_args(&twice).unwrap_err()).contains("`tool` for aarch64-gnu is given twice")
    );
}

#[test]
fn a_tag_of_another_version_is_refused() {
    let case = Case::new(Sample::tool()).tool("x86_64-musl");
    let tag = Some("v1.5.0".parse().unwrap());
    let args = PackageArgs { source: SourceArgs { tag, ..SourceArgs::default() }, ..case.args() };
    let error = package(args, &Report::new(Verbosity::Quiet)).unwrap_err();
    let failure = error.downcast_ref::<Failure>().unwrap();
    assert_eq!(failure.to_string(), "the tag `v1.5.0` does not name the version of `tool`, which is 1.4.0");
    assert_eq!(failure.hint.as_deref(), Some("release it as `v1.4.0`, or change `version` in Cargo.toml"));
    assert_eq!(failure.exit, Exit::Problems);
    assert!(!case.out().exists());
}

#[test]
fn a_failure_leaves_the_older_archive_alone() {
    let sample =
        Sample::tool().file("share/x", "").manifest_lines("[package.metadata.floe]\ninclude = [\"share\"]");
    let case = Case::new(sample).tool("x86_64-musl");
    case.pack().unwrap();
    let before = files(&case.out());
    // Windows makes no file of such a name, so there the folder is missing instead.
    match cfg!(windows) {
        true => fs::remove_dir_all(case.sample.path().join("share")).unwrap(),
        false => fs::write(case.sample.path().join("share/nul"), "").unwrap(),
    }
    case.refused();
    assert_eq!(files(&case.out()), before);
}

#[test]
fn binaries_of_other_builders_are_packed() {
    let case = Case::new(Sample::tool()).tool("x86_64-musl");
    let project = case.sample.load().unwrap();
    let build = Build {
        target: "x86_64-musl".parse().unwrap(),
        binaries: vec![case.built.path().join("x86_64-musl/tool")],
        documents: None,
        crates: None,
    };
    let source = Source { commit: None, epoch: EPOCH };
    let records =
        pack((&project, &source), &[build], &case.out(), Enforcement::Deny, &Report::new(Verbosity::Quiet))
            .unwrap();
    assert_eq!(records, case.pack().unwrap());
}
