//! The same for installers, winget, Chocolatey and the AUR.

use super::*;

fn winget() -> Channels {
    Channels { winget: all().winget, ..Channels::NONE }
}

#[test]
fn a_package_for_winget_is_three_files() {
    check(
        &manifest(|_| ()),
        &winget(),
        expect![[r#"
        winget microsoft/winget-pkgs manifests/a/Acme/Tool/1.4.0/Acme.Tool.installer.yaml
        # Made by floe from the release manifest of tool 1.4.0.
        # yaml-language-server: $schema=https://aka.ms/winget-manifest.installer.1.12.0.schema.json

        PackageIdentifier: "Acme.Tool"
        PackageVersion: "1.4.0"
        InstallerType: "zip"
        NestedInstallerType: "portable"
        UpgradeBehavior: "uninstallPrevious"
        Installers:
        - Architecture: "x64"
          NestedInstallerFiles:
          - RelativeFilePath: "tool-x86_64-pc-windows-msvc\\tool.exe"
            PortableCommandAlias: "tool"
          InstallerUrl: "https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-pc-windows-msvc.zip"
          InstallerSha256: "A68B4D748BE9DC7E83D12DBC9D56E12D9401B26C65401CB09A77B6AF460AB577"
        ManifestType: "installer"
        ManifestVersion: "1.12.0"
        winget microsoft/winget-pkgs manifests/a/Acme/Tool/1.4.0/Acme.Tool.locale.en-US.yaml
        # Made by floe from the release manifest of tool 1.4.0.
        # yaml-language-server: $schema=https://aka.ms/winget-manifest.defaultLocale.1.12.0.schema.json

        PackageIdentifier: "Acme.Tool"
        PackageVersion: "1.4.0"
        PackageLocale: "en-US"
        Publisher: "Acme"
        PackageName: "tool"
        PackageUrl: "https://github.com/acme/tool"
        License: "MIT OR Apache-2.0"
        ShortDescription: "A tool that turns \"this\" into that."
        ReleaseNotesUrl: "https://github.com/acme/tool/releases/tag/v1.4.0"
        ManifestType: "defaultLocale"
        ManifestVersion: "1.12.0"
        winget microsoft/winget-pkgs manifests/a/Acme/Tool/1.4.0/Acme.Tool.yaml
        # Made by floe from the release manifest of tool 1.4.0.
        # yaml-language-server: $schema=https://aka.ms/winget-manifest.version.1.12.0.schema.json

        PackageIdentifier: "Acme.Tool"
        PackageVersion: "1.4.0"
        DefaultLocale: "en-US"
        ManifestType: "version"
        ManifestVersion: "1.12.0"
    "#]],
    );
    let unlicensed = manifest(|value| value["package"]["license"] = Value::Null);
    assert_eq!(render(&unlicensed, &winget()).unwrap_err(), ["`winget` needs a `license` in Cargo.toml"]);
}

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
            cd 'tool'-"$CARCH"-*/
            install -Dm755 -t "$pkgdir/usr/bin" 'tool'
            install -Dm644 'completions/_tool' "$pkgdir/usr/share/"'zsh/site-functions/_tool'
            install -Dm644 'completions/tool.bash' "$pkgdir/usr/share/"'bash-completion/completions/tool'
            install -Dm644 'completions/tool.fish' "$pkgdir/usr/share/"'fish/vendor_completions.d/tool.fish'
            install -Dm644 'man/de/tool.5' "$pkgdir/usr/share/"'man/de/man5/tool.5'
            install -Dm644 'man/tool-run.1' "$pkgdir/usr/share/"'man/man1/tool-run.1'
            install -Dm644 'man/tool.1' "$pkgdir/usr/share/"'man/man1/tool.1'
            for file in LICENSE* LICENCE* COPYING*; do
                if [[ -f $file ]]; then install -Dm644 -t "$pkgdir/usr/share/licenses/"'tool-bin' "$file"; fi
            done
        }
    "#]],
    );
}

#[test]
fn a_package_for_chocolatey_has_the_same_bytes_every_time() {
    let channels = Channels { chocolatey: all().chocolatey, ..Channels::NONE };
    let [package] = &render(&manifest(|_| ()), &channels).unwrap()[..] else { panic!("one file") };
    assert_eq!(render(&manifest(|_| ()), &channels).unwrap()[0], *package);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&package.bytes)).unwrap();
    let mut shown = format!("{} {}\n", package.repository.as_deref().unwrap(), package.path);
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        shown.push_str(&format!("== {}\n", entry.name().unwrap()));
        std::io::Read::read_to_string(&mut entry, &mut shown).unwrap();
    }
    expect![[r#"
        push.chocolatey.org tool.1.4.0.nupkg
        == [Content_Types].xml
        <?xml version="1.0" encoding="utf-8"?>
        <Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
          <Default Extension="nuspec" ContentType="application/octet" />
          <Default Extension="ps1" ContentType="application/octet" />
          <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />
          <Default Extension="txt" ContentType="application/octet" />
        </Types>
        == _rels/.rels
        <?xml version="1.0" encoding="utf-8"?>
        <Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
          <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/tool.nuspec" Id="R0" />
        </Relationships>
        == tool.nuspec
        <?xml version="1.0" encoding="utf-8"?>
        <!-- Made by floe from the release manifest of tool 1.4.0. -->
        <package xmlns="http://schemas.microsoft.com/packaging/2015/06/nuspec.xsd">
          <metadata>
            <id>tool</id>
            <version>1.4.0</version>
            <title>tool</title>
            <authors>acme</authors>
            <projectUrl>https://github.com/acme/tool</projectUrl>
            <requireLicenseAcceptance>false</requireLicenseAcceptance>
            <projectSourceUrl>https://github.com/acme/tool</projectSourceUrl>
            <packageSourceUrl>https://github.com/acme/tool</packageSourceUrl>
            <bugTrackerUrl>https://github.com/acme/tool/issues</bugTrackerUrl>
            <releaseNotes>https://github.com/acme/tool/releases/tag/v1.4.0</releaseNotes>
            <summary>A tool that turns &quot;this&quot; into that.</summary>
            <description>A tool that turns &quot;this&quot; into that.</description>
            <tags>cli</tags>
          </metadata>
        </package>
        == tools/VERIFICATION.txt
        Made by floe from the release manifest of tool 1.4.0.

        The package holds no program. Its script downloads
        https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-pc-windows-msvc.zip
        and installs it only if its SHA-256 is
        a68b4d748be9dc7e83d12dbc9d56e12d9401b26c65401cb09a77b6af460ab577

        Compare it with the line of `tool-x86_64-pc-windows-msvc.zip` in
        https://github.com/acme/tool/releases/download/v1.4.0/SHA256SUMS
        == tools/chocolateyInstall.ps1
        # Made by floe from the release manifest of tool 1.4.0.
        $ErrorActionPreference = 'Stop'
        $tools = Split-Path -Parent $MyInvocation.MyCommand.Definition
        $arguments = @{
            PackageName    = 'tool'
            UnzipLocation  = $tools
            Url64bit       = 'https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-pc-windows-msvc.zip'
            Checksum64     = 'a68b4d748be9dc7e83d12dbc9d56e12d9401b26c65401cb09a77b6af460ab577'
            ChecksumType64 = 'sha256'
        }
        Install-ChocolateyZipPackage @arguments
        # Chocolatey makes a command of each program below this folder, and of no other with a file `.ignore` beside it.
        $programs = @('tool.exe')
        foreach ($program in Get-ChildItem -LiteralPath $tools -Filter '*.exe' -Recurse) {
            if ($programs -notcontains $program.Name) { Set-Content -LiteralPath "$($program.FullName).ignore" -Value '' }
        }
    "#]].assert_eq(&shown);
}

/// The lines in which the values of a release are.
#[test]
fn installers_hold_the_digests_of_their_archives() {
    let files = render(&manifest(with_extras), &Channels::default()).unwrap();
    let mut shown = String::new();
    for file in &files {
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        assert!(!text.contains("__"), "{}", file.path);
        shown.push_str(&format!("== {}\n", file.path));
        let begin = text.find(if file.kind == ChannelKind::Sh { "name=" } else { "$name =" }).unwrap();
        let end = text.find(if file.kind == ChannelKind::Sh { "temp=" } else { "if ($args" }).unwrap();
        shown.push_str(&format!("{}\n", text[begin..end].trim_end()));
    }
    expect![[r#"
        == tool-installer.sh
        name='tool'
        version='1.4.0'
        base='https://github.com/acme/tool/releases/download/v1.4.0'
        api='https://api.github.com/repos/acme/tool/releases/tags/v1.4.0'
        # One a line: system-processor, archive, SHA-256, the glibc that it needs.
        archives='linux-x86_64 tool-x86_64-unknown-linux-musl.tar.gz fc2f1b1961d4f0b6dacc700b3a838c4db8273fcdbd844574768802e0b2818dcd -
        linux-aarch64 tool-aarch64-unknown-linux-musl.tar.gz c1a55e2399b3c96803516a8c9c9d04271014d5b9d63899bd0b7e809ebd60fd11 -
        macos-x86_64 tool-x86_64-apple-darwin.tar.gz 8c7259675f74bd4b62200d566a9baf07f42b95918f4a5973727d4752b61fefe4 -
        macos-aarch64 tool-aarch64-apple-darwin.tar.gz 8caa71f0a07e171dc9c2181c6d6c3871c3eeb349ab88393871e2fd12bbb63455 -'
        # The programs, one a line; the first is started to see that it runs here.
        programs='tool'
        # One a line, separated by `|`: a file of the archive, and its path below `share`.
        extras='completions/_tool|zsh/site-functions/_tool
        completions/tool.bash|bash-completion/completions/tool
        completions/tool.fish|fish/vendor_completions.d/tool.fish
        man/de/tool.5|man/de/man5/tool.5
        man/tool-run.1|man/man1/tool-run.1
        man/tool.1|man/man1/tool.1'
        == tool-installer.ps1
        $name = 'tool'
            $release = '1.4.0'
            $base = 'https://github.com/acme/tool/releases/download/v1.4.0'
            $api = 'https://api.github.com/repos/acme/tool/releases/tags/v1.4.0'
            # By processor: the archive, its SHA-256, its top folder.
            $archives = @{ 'x86_64' = @('tool-x86_64-pc-windows-msvc.zip', 'a68b4d748be9dc7e83d12dbc9d56e12d9401b26c65401cb09a77b6af460ab577', 'tool-x86_64-pc-windows-msvc') }
            # The first is started to see that it runs here.
            $programs = @('tool.exe')
    "#]].assert_eq(&shown);
    // Rosetta runs what is built for Intel, and nothing else is a substitute.
    let few = manifest(|value| {
        without(value, "aarch64");
        without(value, "windows");
    });
    let [installer] = &render(&few, &Channels::default()).unwrap()[..] else { panic!("one file") };
    let text = String::from_utf8(installer.bytes.clone()).unwrap();
    assert!(
        text.contains("\nmacos-aarch64 tool-x86_64-apple-darwin.tar.gz ") && !text.contains("linux-aarch64")
    );
    // With glibc alone, its version is checked.
    let gnu = manifest(|value| {
        without(value, "musl");
        value["artifacts"][1]["requires"] = json!({ "glibc": "2.17" });
    });
    let text = String::from_utf8(render(&gnu, &Channels::default()).unwrap()[0].bytes.clone()).unwrap();
    assert!(
        text.contains("\nlinux-aarch64 tool-aarch64-unknown-linux-gnu.tar.gz ") && text.contains(" 2.17\n")
    );
}
