//! Files that are rendered from a release manifest, one file a channel: the installers and the files of package managers.
//!
//! Pure text to text: the same manifest and settings always give the same bytes, so anyone can render them again.

mod aur;
mod chocolatey;
mod homebrew;
mod installers;
mod license;
pub mod packages;
mod scoop;
mod settings;
mod text;
mod winget;

pub use installers::file_names as installers;
pub use settings::settings;

use floe_core::model::extras::{Completions, command, section};
use floe_core::model::manifest::Artifact;
use floe_core::model::{
    About, Arch, ChannelKind, ChannelPlace, Channels, Digest, Extras, Manifest, ManifestChannel, Marker, Os,
    Rendered, Repo, Target,
};
use semver::Version;

/// The revision of the texts here. A change of the bytes that any of them gives for a manifest needs another number,
/// because a published file is rendered again only by a floe of the same one.
pub const REVISION: u32 = 1;

/// Renders the files of a release, sorted by channel and path. Those of package managers are left out for a pre-release,
/// which they would give to every user, and where [`left_out`] says so.
///
/// # Errors
/// The keys that a channel needs and the package lacks.
pub fn render(manifest: &Manifest, channels: &Channels) -> Result<Vec<Rendered>, Vec<String>> {
    let subject = Subject::new(manifest);
    let mut files = Vec::new();
    for kind in &channels.installers {
        files.extend(match kind {
            ChannelKind::Ps1 => installers::ps1_installer(&subject),
            _ => installers::sh_installer(&subject),
        });
    }
    if manifest.tag.is_prerelease() {
        return Ok(files);
    }
    let lacking = lacking(manifest.package.as_ref(), channels);
    if !lacking.is_empty() {
        return Err(lacking);
    }
    files.extend(channels.homebrew.as_ref().and_then(|settings| homebrew::render(&subject, settings)));
    files.extend(channels.scoop.as_ref().and_then(|settings| scoop::render(&subject, settings)));
    files.extend(channels.winget.iter().flat_map(|settings| winget::render(&subject, settings)));
    files.extend(channels.chocolatey.as_ref().and_then(|settings| chocolatey::render(&subject, settings)));
    files.extend(channels.aur.iter().flat_map(|settings| aur::render(&subject, settings)));
    Ok(files)
}

/// The keys of Cargo.toml that a channel needs and the package lacks, each as a sentence.
pub fn lacking(package: Option<&About>, channels: &Channels) -> Vec<String> {
    let lacks = |value: fn(&About) -> Option<&String>| package.and_then(value).is_none();
    let keys = [
        (lacks(|one| one.description.as_ref()), "`description`"),
        (package.is_some_and(About::has_wrong_page), "`homepage` that begins with `https://`"),
    ];
    let needs = channels.tables().flat_map(|kind| keys.map(|(lacks, key)| (lacks, kind, key)));
    let winget = channels.winget.iter();
    let licensed = winget.map(|_| (lacks(|one| one.license.as_ref()), ChannelKind::Winget, "`license`"));
    let needs = needs.chain(licensed).filter(|(lacks, ..)| *lacks);
    needs.map(|(_, kind, key)| format!("`{kind}` needs a {key} in Cargo.toml")).collect()
}

/// The channels that are configured but for which the release holds no archive, each as a sentence.
pub fn left_out(manifest: &Manifest, channels: &Channels) -> Vec<String> {
    let missing = |kind: ChannelKind| {
        let has = manifest.artifacts.iter().any(|artifact| kind.is_for(artifact.target));
        let systems = kind.systems();
        (!has).then(|| format!("nothing is rendered for `{kind}`: there is no archive for {systems}"))
    };
    channels.tables().filter_map(missing).collect()
}

/// The channels that a stable release of these targets moves, in order.
pub fn places(
    (name, version): (&str, &Version),
    project: Option<&Repo>,
    targets: &[Target],
    channels: &Channels,
) -> Vec<ChannelPlace> {
    let Channels { homebrew, scoop, winget, chocolatey, .. } = channels;
    let homebrew = homebrew.iter().map(|one| homebrew::place(one, name));
    let scoop = scoop.iter().map(|one| scoop::place(one, name));
    let winget = winget.iter().filter_map(|one| winget::place(one, project, version));
    let chocolatey = chocolatey.iter().map(|one| chocolatey::place(one, name, version));
    let has = |place: &ChannelPlace| targets.iter().any(|target| place.kind.is_for(*target));
    homebrew.chain(scoop).chain(winget).chain(chocolatey).filter(has).collect()
}

/// The same for the release of a manifest.
pub fn places_of(manifest: &Manifest, channels: &Channels) -> Vec<ChannelPlace> {
    let targets: Vec<Target> = manifest.artifacts.iter().map(|artifact| artifact.target).collect();
    let project = Repo::from_url(&manifest.repository);
    places((&manifest.name, &manifest.version), project.as_ref(), &targets, channels)
}

/// A release as every channel sees it.
struct Subject<'m> {
    manifest: &'m Manifest,
    /// The address of the repository.
    repository: String,
    /// One sentence, in one line.
    description: String,
    /// The project's page, else its repository.
    homepage: String,
    /// The SPDX expression.
    license: Option<&'m str>,
}

impl<'m> Subject<'m> {
    fn new(manifest: &'m Manifest) -> Self {
        let package = manifest.package.as_ref();
        let description = package.and_then(|package| package.description.as_deref()).unwrap_or_default();
        let homepage = package.and_then(|package| package.homepage.as_deref());
        Subject {
            manifest,
            repository: text::url(&manifest.repository),
            description: text::one_line(description),
            homepage: text::url(homepage.unwrap_or(&manifest.repository)),
            license: package.and_then(|package| package.license.as_deref()),
        }
    }

    /// The archive for a system: on Linux the one that runs with every libc, if there is one.
    fn archive(&self, os: Os, arch: Arch) -> Option<&'m Artifact> {
        let fits = |artifact: &&Artifact| artifact.target.os == os && artifact.target.arch == arch;
        let fitting = self.manifest.artifacts.iter().filter(fits);
        fitting.min_by_key(|artifact| !artifact.target.contract.is_static)
    }

    /// The archives for a system, each with its word for the processor.
    fn archives<W: Copy>(&self, os: Os, processors: &[(W, Arch)]) -> Vec<(W, &'m Artifact)> {
        processors.iter().filter_map(|(word, arch)| Some((*word, self.archive(os, *arch)?))).collect()
    }

    /// The address of the folder of the release's assets.
    fn downloads(&self) -> String {
        format!("{}/releases/download/{}", self.repository, self.manifest.tag)
    }

    /// The address of an archive.
    fn url(&self, artifact: &Artifact) -> String {
        format!("{}/{}", self.downloads(), text::url(&artifact.file))
    }

    /// The line by which the files of floe are recognised.
    fn marker(&self) -> String {
        Marker::text(&self.manifest.name, &self.manifest.version)
    }
}

/// A rendered file, with those of the settings that its text depends on.
fn rendered(
    kind: ChannelKind,
    repository: Option<String>,
    path: String,
    bytes: impl Into<Vec<u8>>,
    settings: &[(&str, &Option<String>)],
) -> Rendered {
    let given = |(key, value): &(&str, &Option<String>)| Some(((*key).to_owned(), (*value).clone()?));
    let settings = settings.iter().filter_map(given).collect();
    let bytes = bytes.into();
    let digest = Digest::of(&bytes);
    let entry = ManifestChannel { kind, repository, path, digest, revision: REVISION, settings };
    Rendered { entry, bytes }
}

/// The same for one of the files of a channel.
fn placed(
    place: &ChannelPlace,
    at: usize,
    bytes: impl Into<Vec<u8>>,
    settings: &[(&str, &Option<String>)],
) -> Rendered {
    rendered(place.kind, Some(place.home.to_string()), place.paths[at].clone(), bytes, settings)
}

/// The completions of an archive for the shells of Unix, each with the path below `share` where its shell looks for it.
fn completions(extras: &Extras) -> impl Iterator<Item = (&String, String)> {
    let Completions { bash, zsh, fish, .. } = &extras.completions;
    let shells = [
        (bash, "bash-completion/completions/", ""),
        (zsh, "zsh/site-functions/_", ""),
        (fish, "fish/vendor_completions.d/", ".fish"),
    ];
    shells.into_iter().flat_map(|(paths, begin, end)| {
        paths.iter().map(move |path| (path, format!("{begin}{}{end}", command(path))))
    })
}

/// The path of a man page below `share`: in the folder of its section, and in that of its language if it is in one here.
fn man_page(path: &str) -> Option<String> {
    let (folders, name) = path.rsplit_once('/')?;
    let section = section(name)?;
    // `de`, `pt_BR`.
    let is_language = |folder: &&str| {
        let base = folder.split(['_', '@', '.']).next().unwrap_or_default();
        *folder != "man"
            && (2..=3).contains(&base.len())
            && base.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    let language = folders.split('/').skip(1).find(is_language).map(|language| format!("{language}/"));
    Some(format!("man/{}man{section}/{name}", language.unwrap_or_default()))
}

/// The binaries of an archive as paths below its top folder, the one named like the project first.
fn binaries<'a>(name: &str, artifact: &'a Artifact) -> Vec<&'a str> {
    let mut binaries: Vec<_> = artifact.binaries.iter().collect();
    binaries.sort_by_key(|binary| binary.name != name);
    binaries.into_iter().map(|binary| below_top(&binary.path)).collect()
}

/// A path in an archive without its top folder.
fn below_top(path: &str) -> &str {
    path.split_once('/').map_or(path, |(_, rest)| rest)
}

#[cfg(test)]
mod tests;
