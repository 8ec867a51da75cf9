//! A build script for the Arch User Repository that packs the released archives, and its `.SRCINFO`. Pushing them is the
//! user's: <https://wiki.archlinux.org/title/AUR_submission_guidelines>.

use std::collections::BTreeMap;

use super::text::{one_line, sh};
use super::{Subject, binaries, installers};
use floe_core::model::config::Aur;
use floe_core::model::manifest::Artifact;
use floe_core::model::{Arch, ChannelKind, Manifest, Os, Rendered};

const REPOSITORY: &str = "aur.archlinux.org";

/// Renders both files; none if there is no archive for Linux.
pub(super) fn render(subject: &Subject<'_>, settings: &Aur) -> Vec<Rendered> {
    let Manifest { name, version, .. } = subject.manifest;
    let archives: Vec<(Arch, &Artifact)> = [Arch::X86_64, Arch::Aarch64]
        .into_iter()
        .filter_map(|arch| Some((arch, subject.archive(Os::Linux, arch)?)))
        .collect();
    let Some((_, first)) = archives.first() else { return Vec::new() };
    let package = settings.package.clone().unwrap_or_else(|| format!("{}-bin", name.to_lowercase()));
    let provided = name.to_lowercase();
    // A static program depends on nothing.
    let depends: Vec<&str> = if archives.iter().any(|(_, one)| one.requires.contains_key("glibc")) {
        vec!["glibc", "gcc-libs"]
    } else {
        Vec::new()
    };
    // The archives have the same name in every version, and makepkg keeps what it has downloaded by name.
    let source = |archive: &Artifact| format!("{name}-{version}-{}::{}", archive.file, subject.url(archive));

    let mut build = format!("# {}\n", subject.marker());
    if let Some(maintainer) = &settings.maintainer {
        build.push_str(&format!("# Maintainer: {}\n", one_line(maintainer)));
    }
    let description = one_line(&subject.description);
    let mut info = format!("# {}\npkgbase = {package}\n", subject.marker());
    let mut one = |key: &str, value: &str| {
        build.push_str(&format!("{key}={}\n", sh(value)));
        if key != "pkgname" {
            info.push_str(&format!("\t{key} = {value}\n"));
        }
    };
    one("pkgname", &package);
    one("pkgdesc", &description);
    one("pkgver", &version.to_string());
    one("pkgrel", "1");
    one("url", &subject.homepage);
    let mut list = |key: &str, values: &[String]| {
        if values.is_empty() {
            return;
        }
        let words: Vec<String> = values.iter().map(|value| sh(value)).collect();
        build.push_str(&format!("{key}=({})\n", words.join(" ")));
        values.iter().for_each(|value| info.push_str(&format!("\t{key} = {value}\n")));
    };
    list("arch", &archives.iter().map(|(arch, _)| arch.to_string()).collect::<Vec<_>>());
    list("license", &subject.license.iter().map(|license| one_line(license)).collect::<Vec<_>>());
    list("depends", &depends.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    list("provides", std::slice::from_ref(&provided));
    list("conflicts", std::slice::from_ref(&provided));
    list("options", &["!strip".to_owned(), "!debug".to_owned()]);
    for (arch, archive) in &archives {
        list(&format!("source_{arch}"), &[source(archive)]);
        list(&format!("sha256sums_{arch}"), &[archive.digest.hex()]);
    }
    build.push_str("\npackage() {\n");
    build.push_str(&format!("    cd {}-\"$CARCH\"-*/\n", sh(name)));
    for program in binaries(name, first) {
        build.push_str(&format!("    install -Dm755 -t \"$pkgdir/usr/bin\" {}\n", sh(program)));
    }
    let all: Vec<&Artifact> = archives.iter().map(|(_, archive)| *archive).collect();
    for (file, place) in installers::extras(&all) {
        build.push_str(&format!("    install -Dm644 {} \"$pkgdir/usr/share/\"{}\n", sh(&file), sh(&place)));
    }
    let licenses = format!("\"$pkgdir/usr/share/licenses/\"{}", sh(&package));
    build.push_str(&format!(
        "    for file in LICENSE* LICENCE* COPYING*; do\n        \
         if [[ -f $file ]]; then install -Dm644 -t {licenses} \"$file\"; fi\n    done\n}}\n"
    ));
    info.push_str(&format!("\npkgname = {package}\n"));

    let maintainer = settings.maintainer.iter().map(|name| ("maintainer".to_owned(), name.clone()));
    let file = |name: &str, text: String, settings: BTreeMap<String, String>| Rendered {
        kind: ChannelKind::Aur,
        repository: Some(REPOSITORY.to_owned()),
        path: format!("{package}/{name}"),
        bytes: text.into_bytes(),
        settings,
    };
    vec![file(".SRCINFO", info, BTreeMap::new()), file("PKGBUILD", build, maintainer.collect())]
}
