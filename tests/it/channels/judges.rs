//! The rendered files of hostile and of ordinary releases, read by other people's programs.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use floe::channels::render;
use floe_core::model::config::{Aur, Chocolatey, Homebrew, Scoop, Winget};
use floe_core::model::{Channels, Manifest, Rendered};
use serde_json::{Value, json};

use crate::support::peers::{self, peer};

/// Texts that mean something in one of the languages.
const HOSTILE: [&str; 9] = [
    "plain",
    "quotes \" ' ` ’ “",
    "#{exit 7} #$0 #@x",
    "$(exit 7) `exit 7` ${HOME} $HOME",
    "a\nb: c\n- d\r\n# e",
    "back\\slash \\n \\",
    "<b>&amp;]]> -->",
    "\u{202e}right to left\u{200f} \u{1b}[2J",
    "EOS\nEND\n__NAME__ %PATH% %% {{x}}",
];

fn manifest(change: impl FnOnce(&mut Value)) -> Manifest {
    let mut value: Value = serde_json::from_str(include_str!("../compat/manifest.json")).unwrap();
    value["package"] = json!({ "description": "Turns this into that", "license": "MIT OR Apache-2.0" });
    change(&mut value);
    serde_json::from_value(value).unwrap()
}

/// Every channel, with a text of the project wherever one is taken.
fn channels(text: &str) -> Channels {
    let text = Some(text.to_owned());
    Channels {
        homebrew: Some(Homebrew {
            tap: "acme/homebrew-tap".parse().unwrap(),
            formula: None,
            caveats: text.clone(),
            adopt: false,
        }),
        scoop: Some(Scoop { bucket: "acme/bucket".parse().unwrap(), manifest: None, adopt: false }),
        winget: Some(Winget { id: "Acme.Tool".to_owned(), publisher: text.clone(), fork: None }),
        chocolatey: Some(Chocolatey { id: None, authors: text.clone(), feed: None }),
        aur: Some(Aur { package: None, maintainer: text }),
        ..Channels::default()
    }
}

/// The files for a text, written into a folder, each with its index before its name.
fn written(folder: &Path, text: &str) -> Vec<Rendered> {
    let manifest = manifest(|value| {
        value["package"]["description"] = format!("x {text}").into();
        value["package"]["homepage"] = format!("https://example.org/{text}").into();
        value["package"]["license"] = text.into();
    });
    let files = render(&manifest, &channels(text)).unwrap();
    for file in &files {
        let path = folder.join(&file.entry.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &file.bytes).unwrap();
    }
    files
}

fn run(program: &Path, folder: &Path, arguments: &[&str]) -> String {
    peers::run(program, folder, arguments).unwrap_or_else(|why| panic!("{program:?} {arguments:?}: {why}"))
}

#[test]
fn a_formula_gives_each_system_its_own_archive_and_shows_any_text() {
    let Some(ruby) = peer("ruby") else { return };
    let stub = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/channels/formula.rb");
    for text in HOSTILE {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), text);
        let said = run(&ruby, folder.path(), &["-EUTF-8:UTF-8", "-W:no-deprecated", stub, "Formula/tool.rb"]);
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["caveats"], text, "{text:?}");
        for (system, archive) in [
            ("macos-arm", "tool-aarch64-apple-darwin.tar.gz"),
            ("macos-intel", "tool-x86_64-apple-darwin.tar.gz"),
            ("linux-arm", "tool-aarch64-unknown-linux-musl.tar.gz"),
            ("linux-intel", "tool-x86_64-unknown-linux-musl.tar.gz"),
        ] {
            let expected = manifest(|_| ());
            let artifact = expected.artifacts.iter().find(|artifact| artifact.file == archive).unwrap();
            let address = format!("https://github.com/acme/tool/releases/download/v1.4.0/{archive}");
            assert_eq!(said[system], json!([address, artifact.digest.hex(), null]), "{system}");
        }
    }
}

#[test]
fn a_system_without_an_archive_is_refused_by_the_formula() {
    let Some(ruby) = peer("ruby") else { return };
    let stub = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/channels/formula.rb");
    let only = manifest(|value| {
        let artifacts = value["artifacts"].as_array_mut().unwrap();
        artifacts.retain(|artifact| artifact["file"] == "tool-x86_64-unknown-linux-musl.tar.gz");
    });
    let [formula] =
        &render(&only, &Channels { homebrew: channels("x").homebrew, ..Channels::NONE }).unwrap()[..]
    else {
        panic!("one file")
    };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tool.rb"), &formula.bytes).unwrap();
    let said: Value = serde_json::from_str(&run(&ruby, folder.path(), &[stub, "tool.rb"])).unwrap();
    assert_eq!(said["linux-intel"][2], Value::Null);
    for system in ["macos-arm", "macos-intel", "linux-arm"] {
        assert!(said[system][0].is_string() && said[system][2].is_string(), "{system}: {said}");
    }
}

#[test]
fn files_in_json_and_yaml_hold_any_text() {
    use saphyr::{LoadableYamlNode as _, Yaml};

    for text in HOSTILE {
        let folder = tempfile::tempdir().unwrap();
        for file in written(folder.path(), text) {
            let content = String::from_utf8_lossy(&file.bytes).into_owned();
            if file.entry.path.ends_with(".json") {
                let value: Value = serde_json::from_str(&content).unwrap();
                assert_eq!(value["license"], text);
            }
            if file.entry.path.ends_with(".yaml") {
                let [yaml] = &Yaml::load_from_str(&content).unwrap()[..] else { panic!("{content}") };
                assert_eq!(yaml["PackageIdentifier"].as_str(), Some("Acme.Tool"));
                if file.entry.path.ends_with("en-US.yaml") {
                    assert_eq!(yaml["Publisher"].as_str(), Some(text), "{content}");
                }
            }
        }
    }
}

#[test]
fn a_package_for_chocolatey_is_a_zip_file_whose_nuspec_holds_any_text() {
    let Some(python) = peer("python3") else { return };
    const READ: &str = "import sys, zipfile, xml.etree.ElementTree as tree
package = zipfile.ZipFile(sys.argv[1])
assert package.testzip() is None
root = tree.fromstring(package.read('tool.nuspec'))
print(package.namelist(), root.find('.//{*}id').text, root.find('.//{*}version').text)";
    for text in HOSTILE {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), text);
        let said = run(&python, folder.path(), &["-c", READ, "tool.1.4.0.nupkg"]);
        assert_eq!(
            said.trim(),
            "['[Content_Types].xml', '_rels/.rels', 'tool.nuspec', 'tools/VERIFICATION.txt', 'tools/chocolateyInstall.ps1'] tool 1.4.0"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_build_script_for_arch_shows_any_text_and_runs_none_of_it() {
    let Some(bash) = peer("bash") else { return };
    for text in HOSTILE {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), text);
        let script = ". ./tool-bin/PKGBUILD && printf '%s|%s|%s|%s' \"$pkgname\" \"$pkgver\" \"${source_x86_64[0]}\" \"${sha256sums_aarch64[0]}\"";
        let digest = &manifest(|_| ()).artifacts[2].digest.hex();
        assert_eq!(
            run(&bash, folder.path(), &["-eu", "-c", script]),
            format!(
                "tool-bin|1.4.0|tool-1.4.0-tool-x86_64-unknown-linux-musl.tar.gz::https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-unknown-linux-musl.tar.gz|{digest}"
            ),
            "{text:?}"
        );
        let info = fs::read_to_string(folder.path().join("tool-bin/.SRCINFO")).unwrap();
        assert!(
            info.contains("\npkgbase = tool-bin\n") && info.ends_with("\npkgname = tool-bin\n"),
            "{info}"
        );
        let is_pair = |line: &str| line.is_empty() || line.starts_with('#') || line.contains(" = ");
        assert!(info.lines().all(is_pair), "{info}");
    }
}

/// makepkg writes `.SRCINFO` from the script. It refuses to run as root.
#[cfg(target_os = "linux")]
#[test]
fn makepkg_reads_from_the_build_script_what_is_written_beside_it() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    let (Some(makepkg), Some(_)) = (peer("makepkg"), peer("pacman")) else { return };
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let lines = |text: &str| {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    for text in HOSTILE {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        written(folder.path(), text);
        let script = folder.path().join("tool-bin");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o777)).unwrap();
        let (program, arguments) = match is_root {
            true => {
                (peer("setpriv").unwrap(), vec!["--reuid=65534", "--clear-groups", makepkg.to_str().unwrap()])
            }
            false => (makepkg.clone(), Vec::new()),
        };
        let said = run(&program, &script, &[arguments, vec!["--printsrcinfo"]].concat());
        let own = fs::read_to_string(script.join(".SRCINFO")).unwrap();
        assert_eq!(lines(&said), lines(&own), "{text:?}");
    }
}

#[test]
fn linters_of_shells_accept_the_installer() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = manifest(|_| ());
    let installer = render(&manifest, &Channels::default()).unwrap().remove(0);
    let path = folder.path().join("installer.sh");
    fs::write(&path, &installer.bytes).unwrap();
    let skeleton = concat!(env!("CARGO_MANIFEST_DIR"), "/src/channels/installer.sh");
    for file in [path.to_str().unwrap(), skeleton] {
        if let Some(shellcheck) = peer("shellcheck") {
            run(&shellcheck, folder.path(), &["-s", "sh", file]);
            run(&shellcheck, folder.path(), &["-s", "dash", file]);
        }
        if let Some(checkbashisms) = peer("checkbashisms") {
            run(&checkbashisms, folder.path(), &["-p", file]);
        }
    }
}

/// There is no PowerShell for Debian, so its syntax is read by tree-sitter. The tests in `powershell.rs` run it where it is.
#[test]
fn the_scripts_for_powershell_are_ascii_and_have_no_syntax_error() {
    const READ: &str = "import sys, tree_sitter, tree_sitter_pwsh
parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_pwsh.language()))
for path in sys.argv[1:]:
    assert not parser.parse(open(path, 'rb').read()).root_node.has_error, path
assert parser.parse(b'if (1) { \"').root_node.has_error";
    let folder = tempfile::tempdir().unwrap();
    let files = render(&manifest(|_| ()), &channels("x")).unwrap();
    let installer = files.iter().find(|file| file.entry.path == "tool-installer.ps1").unwrap();
    assert!(installer.bytes.is_ascii());
    let path = folder.path().join("installer.ps1");
    fs::write(&path, &installer.bytes).unwrap();
    let Some(tools) = std::env::var_os("FLOE_TOOLS") else { return };
    let Some(python) = peer("python3") else { return };
    let skeleton = concat!(env!("CARGO_MANIFEST_DIR"), "/src/channels/chocolatey.ps1");
    let mut command = Command::new(python);
    command.env("PYTHONPATH", tools).args(["-c", READ, path.to_str().unwrap(), skeleton]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A stand-in unpacks two programs; a command is made of the one that the release names.
#[test]
fn the_script_for_chocolatey_hides_other_programs_below_any_folder() {
    const CALL: &str = "function Install-ChocolateyZipPackage($PackageName, $UnzipLocation, $Url64bit, $Checksum64, $ChecksumType64) {
    if (Compare-Object @(Get-ChildItem -LiteralPath $UnzipLocation).Name 'install.ps1') { throw $UnzipLocation }
    $top = [IO.Directory]::CreateDirectory([IO.Path]::Combine($UnzipLocation, 'top [1]')).FullName
    foreach ($name in 'tool.exe', 'other.exe') { [IO.File]::WriteAllText([IO.Path]::Combine($top, $name), '') }
    \"$PackageName $ChecksumType64 $($Checksum64.Length) $Url64bit\"
}
& ([IO.Path]::Combine($env:TEST_FOLDER, 'install.ps1'))";
    let package =
        render(&manifest(|_| ()), &Channels { chocolatey: channels("x").chocolatey, ..Channels::NONE });
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(package.unwrap().remove(0).bytes)).unwrap();
    let mut script = String::new();
    zip.by_name("tools/chocolateyInstall.ps1").unwrap().read_to_string(&mut script).unwrap();
    for shell in ["powershell", "pwsh"].iter().filter_map(|name| peers::rare_peer(name)) {
        let folder = tempfile::tempdir().unwrap();
        let tools = folder.path().join("it's [a] folder");
        fs::create_dir(&tools).unwrap();
        fs::write(tools.join("install.ps1"), &script).unwrap();
        let mut command = Command::new(shell);
        command.args(["-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-Command", CALL]);
        let output = command.env("TEST_FOLDER", &tools).env("HOME", folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(
            said.trim(),
            "tool sha256 64 https://github.com/acme/tool/releases/download/v1.4.0/tool-x86_64-pc-windows-msvc.zip"
        );
        let mut names: Vec<_> =
            fs::read_dir(tools.join("top [1]")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["other.exe", "other.exe.ignore", "tool.exe"]);
    }
}

/// The installer uses no syntax that Windows PowerShell 5.1 lacks or reads in another way than PowerShell 7, and nothing that
/// changes the shell of the caller of `iex`.
#[test]
fn the_installer_for_powershell_keeps_to_what_every_powershell_has() {
    let files = render(&manifest(|_| ()), &channels("x")).unwrap();
    let installer = files.iter().find(|file| file.entry.path == "tool-installer.ps1").unwrap();
    let text = std::str::from_utf8(&installer.bytes).unwrap();
    let code: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    // A part of the script is a syntax error, and nothing of it is in the scope of the caller.
    assert_eq!((code[0], code.last()), ("(& {", Some(&"} @args)")));
    let newer = [
        " ?? ",
        "??=",
        "?.",
        "?[",
        " && ",
        " || ",
        " ? ",
        "-AsHashtable",
        "-SkipHttpErrorCheck",
        "-MaximumRetryCount",
    ];
    // `-OutFile` is a pattern in Windows PowerShell, and `exit` closes the window of the user.
    let refused =
        ["-OutFile", "exit", "Move-Item", "Copy-Item", "Test-Path", "Expand-Archive", "Get-FileHash"];
    for line in &code {
        for word in newer.iter().chain(&refused) {
            assert!(!line.contains(word), "{word}: {line}");
        }
        assert!(!line.contains("Remove-Item ") || line.contains("Remove-Item -LiteralPath "), "{line}");
    }
}
