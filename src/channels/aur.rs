//! A build script for the Arch User Repository that packs the released archives, and its `.SRCINFO`. Pushing them is the
//! user's: <https://wiki.archlinux.org/title/AUR_submission_guidelines>.

use super::text::{one_line, sh};
use super::{Subject, binaries, installers, rendered};
use floe_core::model::config::Aur;
use floe_core::model::extras::{LICENSES, NOTICES};
use floe_core::model::manifest::Artifact;
use floe_core::model::{Arch, ChannelKind, Manifest, Os, Rendered};

const REPOSITORY: &str = "aur.archlinux.org";
/// The names of the processors in Arch Linux and its ports.
const PROCESSORS: [(&str, Arch); 4] =
    [("x86_64", Arch::X86_64), ("aarch64", Arch::Aarch64), ("armv7h", Arch::Arm), ("riscv64", Arch::Riscv64)];

/// Renders both files; none if there is no archive for Linux.
pub(super) fn render(subject: &Subject<'_>, settings: &Aur) -> Vec<Rendered> {
    let Manifest { name, version, .. } = subject.manifest;
    let archives = subject.archives(Os::Linux, &PROCESSORS);
    let Some((_, first)) = archives.first() else { return Vec::new() };
    let package = settings.package.clone().unwrap_or_else(|| format!("{}-bin", name.to_lowercase()));
    let provided = name.to_lowercase();
    // A static program depends on nothing.
    let needs_glibc = archives.iter().any(|(_, one)| one.requires.contains_key("glibc"));
    let depends: &[&str] = if needs_glibc { &["glibc", "gcc-libs"] } else { &[] };
    // The archives have the same name in every version, and makepkg keeps what it has downloaded by name.
    let source = |archive: &Artifact| format!("{name}-{version}-{}::{}", archive.file, subject.url(archive));

    let mut build = format!("# {}\n", subject.marker());
    if let Some(maintainer) = &settings.maintainer {
        build.push_str(&format!("# Maintainer: {}\n", one_line(maintainer)));
    }
    let (description, license) = (one_line(&subject.description), subject.license.map(one_line));
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
    let mut list = |key: &str, values: &[&str]| {
        if values.is_empty() {
            return;
        }
        let words: Vec<String> = values.iter().map(|value| sh(value)).collect();
        build.push_str(&format!("{key}=({})\n", words.join(" ")));
        values.iter().for_each(|value| info.push_str(&format!("\t{key} = {value}\n")));
    };
    list("arch", &archives.iter().map(|(arch, _)| *arch).collect::<Vec<_>>());
    list("license", &license.iter().map(String::as_str).collect::<Vec<_>>());
    list("depends", depends);
    list("provides", &[&provided]);
    list("conflicts", &[&provided]);
    list("options", &["!strip", "!debug"]);
    for (arch, archive) in &archives {
        list(&format!("source_{arch}"), &[&source(archive)]);
        list(&format!("sha256sums_{arch}"), &[&archive.digest.hex()]);
    }
    build.push_str("\npackage() {\n");
    // makepkg unpacks one archive; its own copy of it is a file.
    build.push_str(&format!("    cd {}-*/\n", sh(name)));
    for program in binaries(name, first) {
        build.push_str(&format!("    install -Dm755 -t \"$pkgdir/usr/bin\" {}\n", sh(program)));
    }
    // Those that every archive has.
    let common = archives.iter().map(|(_, one)| installers::extras(&[one])).reduce(|all, one| &all & &one);
    for (file, place) in common.into_iter().flatten() {
        build.push_str(&format!("    install -Dm644 {} \"$pkgdir/usr/share/\"{}\n", sh(&file), sh(&place)));
    }
    let names = LICENSES.iter().chain(&NOTICES).map(|name| format!("-ipath './{name}*'"));
    build.push_str(&format!(
        "    find . -type f ! -executable \\( {} \\) \\\n        \
         -exec install -Dm644 -t \"$pkgdir/usr/share/licenses/\"{} {{}} \\;\n}}\n",
        names.collect::<Vec<_>>().join(" -o "),
        sh(&package)
    ));
    info.push_str(&format!("\npkgname = {package}\n"));

    let file = |name: &str, text: String, settings: &[(&str, &Option<String>)]| {
        rendered(ChannelKind::Aur, Some(REPOSITORY.to_owned()), format!("{package}/{name}"), text, settings)
    };
    vec![file(".SRCINFO", info, &[]), file("PKGBUILD", build, &[("maintainer", &settings.maintainer)])]
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::channels::tests::{check, manifest, with_extras};
    use crate::channels::{Channels, render};

    #[test]
    fn a_build_script_for_arch_packs_the_static_archives() {
        let aur = Some(Aur { package: None, maintainer: Some("Acme <acme at example dot org>".to_owned()) });
        check(
            &manifest(with_extras),
            &Channels { aur, ..Channels::NONE },
            expect![[r#"
                aur aur.archlinux.org tool-bin/.SRCINFO
                # Made by floe from the release manifest of tool 1.4.0.
                pkgbase = tool-bin
                	pkgdesc = A tool that turns "this" into that.
                	pkgver = 1.4.0
                	pkgrel = 1
                	url = https://github.com/acme/tool
                	arch = x86_64
                	arch = aarch64
                	license = MIT OR Apache-2.0
                	provides = tool
                	conflicts = tool
                	options = !strip
                	options = !debug
                	source_x86_64 = tool-1.4.0-tool-x86_64-unknown-linux-musl.tar.gz::https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-unknown-linux-musl.tar.gz
                	sha256sums_x86_64 = fc2f1b1961d4f0b6dacc700b3a838c4db8273fcdbd844574768802e0b2818dcd
                	source_aarch64 = tool-1.4.0-tool-aarch64-unknown-linux-musl.tar.gz::https://github.com/acme/tool/releases/download/v1.4.0/tool-aarch64-unknown-linux-musl.tar.gz
                	sha256sums_aarch64 = c1a55e2399b3c96803516a8c9c9d04271014d5b9d63899bd0b7e809ebd60fd11

                pkgname = tool-bin
                aur aur.archlinux.org tool-bin/PKGBUILD
                # Made by floe from the release manifest of tool 1.4.0.
                # Maintainer: Acme <acme at example dot org>
                pkgname='tool-bin'
                pkgdesc='A tool that turns "this" into that.'
                pkgver='1.4.0'
                pkgrel='1'
                url='https://github.com/acme/tool'
                arch=('x86_64' 'aarch64')
                license=('MIT OR Apache-2.0')
                provides=('tool')
                conflicts=('tool')
                options=('!strip' '!debug')
                source_x86_64=('tool-1.4.0-tool-x86_64-unknown-linux-musl.tar.gz::https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-unknown-linux-musl.tar.gz')
                sha256sums_x86_64=('fc2f1b1961d4f0b6dacc700b3a838c4db8273fcdbd844574768802e0b2818dcd')
                source_aarch64=('tool-1.4.0-tool-aarch64-unknown-linux-musl.tar.gz::https://github.com/acme/tool/releases/download/v1.4.0/tool-aarch64-unknown-linux-musl.tar.gz')
                sha256sums_aarch64=('c1a55e2399b3c96803516a8c9c9d04271014d5b9d63899bd0b7e809ebd60fd11')

                package() {
                    cd 'tool'-*/
                    install -Dm755 -t "$pkgdir/usr/bin" 'tool'
                    install -Dm644 'completions/_tool' "$pkgdir/usr/share/"'zsh/site-functions/_tool'
                    install -Dm644 'completions/tool.bash' "$pkgdir/usr/share/"'bash-completion/completions/tool'
                    install -Dm644 'completions/tool.fish' "$pkgdir/usr/share/"'fish/vendor_completions.d/tool.fish'
                    install -Dm644 'man/de/tool.5' "$pkgdir/usr/share/"'man/de/man5/tool.5'
                    install -Dm644 'man/tool-run.1' "$pkgdir/usr/share/"'man/man1/tool-run.1'
                    install -Dm644 'man/tool.1' "$pkgdir/usr/share/"'man/man1/tool.1'
                    find . -type f ! -executable \( -ipath './LICENSE*' -o -ipath './LICENCE*' -o -ipath './COPYING*' -o -ipath './UNLICENSE*' -o -ipath './NOTICE*' \) \
                        -exec install -Dm644 -t "$pkgdir/usr/share/licenses/"'tool-bin' {} \;
                }
            "#]],
        );
    }

    #[test]
    fn a_build_script_installs_no_file_that_one_of_the_archives_lacks() {
        let aur = Channels { aur: Some(Aur { package: None, maintainer: None }), ..Channels::NONE };
        let few = manifest(|value| {
            with_extras(value);
            for artifact in value["artifacts"].as_array_mut().unwrap() {
                if artifact["target"] == "aarch64-unknown-linux-musl" {
                    artifact["extras"]["completions"] = serde_json::json!({});
                }
            }
        });
        let script = String::from_utf8(render(&few, &aur).unwrap().remove(1).bytes).unwrap();
        assert!(script.contains("'man/tool.1'") && !script.contains("completions/"), "{script}");
    }
}
