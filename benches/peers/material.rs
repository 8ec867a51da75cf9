//! The material that is packed and sent: a project with binaries and layers of any size, made from noise of a fixed seed, so that every
//! run handles the same bytes and nothing makes them smaller. floe itself makes the dist out of it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Cursor, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use floe_core::model::{ArchiveKind, Digest, Hasher, Image, Platform, Target};
use serde_json::{Value, json};

use crate::binaries::binary;
use crate::measure;
use crate::servers::REPO;

/// The commit everything claims to be built from.
pub const COMMIT: &str = "3f9ac21c0ffee0000000000000000000000000aa";
/// The floe that is measured.
pub const FLOE: &str = env!("CARGO_BIN_EXE_floe");
/// The tag that is released.
pub const TAG: &str = "v1.4.0";
/// The source that every dist claims.
pub const SOURCE: [&str; 4] = ["--commit", COMMIT, "--epoch", "1700000000"];

/// Settings for a release with the files that releases of 0.1.0 have; it knows neither of the keys.
const ALIKE: &str = "sbom = false\ninstallers = []\n";

/// A project and the dist that floe made of it.
pub struct Dist {
    /// The project's folder; the dist is in `dist/`.
    pub root: PathBuf,
}

impl Dist {
    /// A project for some targets, with a binary of about `bytes` for each, packed.
    ///
    /// # Errors
    /// A file cannot be written, or floe does not take it.
    pub fn new(root: &Path, targets: &[&str], bytes: u64) -> anyhow::Result<Self> {
        let own = Dist::unpacked(root, targets, bytes)?;
        measure::run(own.floe(&["package", "native"]).args(SOURCE))?;
        Ok(own)
    }

    /// The same with nothing packed yet.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn unpacked(root: &Path, targets: &[&str], bytes: u64) -> anyhow::Result<Self> {
        let own = Dist { root: root.to_owned() };
        own.project(targets)?;
        for (seed, name) in (1..).zip(targets) {
            let mut content = Vec::new();
            Noise::new(seed).take(bytes).read_to_end(&mut content)?;
            own.binary(target(name)?, &content)?;
        }
        Ok(own)
    }

    /// A project whose one binary, for x86_64-musl, holds these bytes.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn of_code(root: &Path, code: &[u8]) -> anyhow::Result<Self> {
        let own = Dist { root: root.to_owned() };
        own.project(&["x86_64-musl"])?;
        own.binary(target("x86_64-musl")?, code)?;
        Ok(own)
    }

    fn project(&self, targets: &[&str]) -> anyhow::Result<()> {
        let manifest = format!(
            "[package]\nname = \"tool\"\nversion = \"1.4.0\"\nedition = \"2021\"\nlicense = \"MIT\"\n\
             repository = \"https://github.com/{REPO}\"\n\n[workspace]\n\n\
             [package.metadata.floe]\ntargets = {targets:?}\n{ALIKE}"
        );
        fs::create_dir_all(self.root.join("src"))?;
        fs::write(self.root.join("Cargo.toml"), manifest)?;
        fs::write(self.root.join("src/main.rs"), "fn main() {}\n")?;
        fs::write(self.root.join("LICENSE"), "Do as you please.\n")?;
        fs::write(self.root.join("CHANGELOG.md"), "# Changelog\n\n## 1.4.0\n\nIt is measured.\n")?;
        Ok(())
    }

    fn binary(&self, target: Target, content: &[u8]) -> anyhow::Result<()> {
        let path = self.root.join("native").join(target.triple).join(format!("tool{}", target.exe));
        fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
        fs::write(path, binary(target, content))?;
        Ok(())
    }

    /// Adds an image with so many layers of the given size for each of some targets; the first layer holds the binary too.
    /// floe reads docker archives, which go away.
    ///
    /// # Errors
    /// A file cannot be written, or floe does not take it.
    pub fn with_image(self, targets: &[&str], layers: u64, bytes: u64) -> anyhow::Result<Self> {
        let archives = self.docker_archives(targets, layers, bytes)?;
        let mut command = self.floe(&["image", "--repo", REPO]);
        measure::run(command.args(SOURCE).args(&archives))?;
        archives.iter().try_for_each(fs::remove_file)?;
        Ok(self)
    }

    /// The docker archives of such an image, for floe to make a layout of.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn docker_archives(&self, targets: &[&str], layers: u64, bytes: u64) -> anyhow::Result<Vec<PathBuf>> {
        let one = |name: &&str| {
            let target = target(name)?;
            let archive = self.root.join(format!("{name}.tar"));
            self.docker_archive(&archive, target, (layers, bytes))
                .context("failed to write a docker archive")?;
            Ok(archive)
        };
        targets.iter().map(one).collect()
    }

    fn docker_archive(
        &self,
        archive: &Path,
        target: Target,
        (layers, bytes): (u64, u64),
    ) -> anyhow::Result<()> {
        let platform = target.platform.context("there are no images for the target")?;
        let binary = fs::read(self.root.join("native").join(target.triple).join("tool"))?;
        let mut tar = tar::Builder::new(BufWriter::with_capacity(1 << 20, File::create(archive)?));
        let (mut names, mut digests) = (Vec::new(), Vec::new());
        for number in 0..layers {
            let name = format!("{number}/layer.tar");
            let first = if number == 0 { member("bin/tool", 0o755, &binary)? } else { Vec::new() };
            let head =
                [first.as_slice(), header(&format!("data/{number}"), 0o644, bytes)?.as_bytes()].concat();
            let end = bytes.next_multiple_of(512) - bytes + 1024;
            let size = head.len() as u64 + bytes + end;
            // The platforms share no layer: what is sent is as much as it looks.
            let noise = Noise::new(1000 + number + 1000 * platform as u64);
            let content = Cursor::new(head).chain(noise.take(bytes)).chain(io::repeat(0).take(end));
            let mut hashed = Hashed { content, hasher: Hasher::default() };
            tar.append(&header(&name, 0o644, size)?, &mut hashed)?;
            names.push(name);
            digests.push(hashed.hasher.finish().0);
        }
        let config = config(platform, &digests);
        let manifest = json!([{ "Config": "config.json", "RepoTags": ["tool:1"], "Layers": names }]);
        for (name, document) in [("config.json", config), ("manifest.json", manifest)] {
            let text = document.to_string();
            tar.append(&header(name, 0o644, text.len() as u64)?, text.as_bytes())?;
        }
        tar.into_inner()?.flush()?;
        Ok(())
    }

    /// The image in the dist, as floe reads and checks it.
    ///
    /// # Errors
    /// There is none, or it is not sound.
    pub fn image(&self) -> anyhow::Result<Image> {
        let image = floe::image::check(&self.root.join("dist/image"));
        image.map_err(|problems| anyhow::anyhow!(problems.join("\n")))
    }

    /// The archives in the dist.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn archives(&self) -> anyhow::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(self.root.join("dist"))?.collect::<Result<Vec<_>, _>>()?;
        let mut archives: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
        archives.retain(|path| ArchiveKind::of_file(&path.to_string_lossy()).is_some());
        archives.sort();
        Ok(archives)
    }

    /// The dist as `floe assemble` leaves it, and the digest of the release's `SHA256SUMS`. It is made once.
    ///
    /// # Errors
    /// floe does not accept the dist.
    pub fn assembled(&self, more: &[&str]) -> anyhow::Result<(PathBuf, String)> {
        let folder = self.root.join("release");
        if !folder.exists() {
            let mut command = self.floe(&["assemble", "dist", "--tag", TAG, "--repo", REPO]);
            measure::run(command.arg("--out").arg(&folder).args(SOURCE).args(more))?;
        }
        Ok((folder.join("dist"), digest(&folder.join("SHA256SUMS"))?.0.to_string()))
    }

    /// The same project and binaries, packed by another build of floe; the image is this dist's. It is made once.
    ///
    /// # Errors
    /// That floe does not take them.
    pub fn made_by(&self, program: &Path) -> anyhow::Result<Self> {
        let other = Dist { root: self.root.join("other") };
        if other.root.exists() {
            return Ok(other);
        }
        for folder in ["src", "native"] {
            link(&self.root.join(folder), &other.root.join(folder))?;
        }
        for name in ["LICENSE", "CHANGELOG.md"] {
            fs::hard_link(self.root.join(name), other.root.join(name))?;
        }
        let manifest = fs::read_to_string(self.root.join("Cargo.toml"))?;
        fs::write(other.root.join("Cargo.toml"), manifest.replace(ALIKE, ""))?;
        measure::run(other.program(program, &["package", "native"]).args(SOURCE))?;
        let image = self.root.join("dist/image");
        if image.exists() {
            link(&image, &other.root.join("dist/image"))?;
        }
        Ok(other)
    }

    /// floe in the project's folder, without this process's tokens and settings.
    pub fn floe(&self, arguments: &[&str]) -> Command {
        self.program(Path::new(FLOE), arguments)
    }

    /// A program in the project's folder, without this process's tokens and settings.
    pub fn program(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).args(arguments).env_clear();
        for kept in ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME"] {
            command.envs(std::env::var_os(kept).map(|value| (kept, value)));
        }
        command
    }
}

/// Writes files of noise, as many and as large as wished.
///
/// # Errors
/// A file cannot be written.
pub fn files(folder: &Path, count: u64, bytes: u64) -> anyhow::Result<Vec<PathBuf>> {
    fs::create_dir_all(folder)?;
    let one = |number: u64| {
        let path = folder.join(format!("tool-{number:04}.tar.gz"));
        io::copy(&mut Noise::new(5000 + number).take(bytes), &mut File::create(&path)?)?;
        anyhow::Ok(path)
    };
    (0..count).map(one).collect()
}

fn target(name: &str) -> anyhow::Result<Target> {
    name.parse().map_err(anyhow::Error::msg)
}

/// The same files in another folder, without copying them.
fn link(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link(&entry.path(), &to)?;
        } else {
            fs::hard_link(entry.path(), &to)?;
        }
    }
    Ok(())
}

/// The digest and the size of a file.
///
/// # Errors
/// It cannot be read.
pub fn digest(path: &Path) -> io::Result<(Digest, u64)> {
    let mut hasher = Hasher::default();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finish())
}

fn config(platform: Platform, digests: &[Digest]) -> Value {
    json!({
        "architecture": platform.architecture(), "os": platform.os(), "created": "1970-01-01T00:00:01+00:00",
        "config": { "Entrypoint": ["/bin/tool"] },
        "rootfs": { "type": "layers", "diff_ids": digests },
    })
}

fn header(name: &str, mode: u32, size: u64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name)?;
    header.set_size(size);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1);
    header.set_cksum();
    Ok(header)
}

fn member(name: &str, mode: u32, content: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = [header(name, mode, content.len() as u64)?.as_bytes().as_slice(), content].concat();
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    Ok(bytes)
}

/// A reader whose bytes are hashed as they pass.
struct Hashed<R> {
    content: R,
    hasher: Hasher,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

/// SplitMix64, a generator whose output no compressor makes smaller. It never ends.
struct Noise {
    state: u64,
    left: Vec<u8>,
}

impl Noise {
    fn new(seed: u64) -> Self {
        Noise { state: seed, left: Vec::new() }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

impl Read for Noise {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.left.len().min(buffer.len());
        buffer[..rest].copy_from_slice(&self.left[..rest]);
        self.left.drain(..rest);
        let mut words = buffer[rest..].chunks_exact_mut(8);
        for word in &mut words {
            word.copy_from_slice(&self.next().to_le_bytes());
        }
        let tail = words.into_remainder();
        if !tail.is_empty() {
            let word = self.next().to_le_bytes();
            tail.copy_from_slice(&word[..tail.len()]);
            self.left.extend_from_slice(&word[tail.len()..]);
        }
        Ok(buffer.len())
    }
}
