//! Values of `[package.metadata.floe]` that are accepted, and the messages about those that are not.

use serde_json::json;

use super::*;
use crate::model::ChannelKind;
use crate::model::config::NotesFrom;

fn parse(value: Value) -> Result<Config, Vec<String>> {
    let texts = |texts: [&str; 2]| texts.map(str::to_owned);
    Config::parse(&value, &texts(["tool", "toold"]), &texts(["tls", "vendored"]))
}

#[test]
fn without_a_table_there_is_every_default_target_and_an_image() {
    let config = parse(Value::Null).unwrap();
    assert_eq!(config.targets, Target::defaults().collect::<Vec<_>>());
    assert!(config.image.is_some() && config.binaries.is_none() && config.include.is_empty());
    assert!(parse(json!({})).unwrap().image.is_some());
}

#[test]
fn every_key_is_read() {
    let config = parse(json!({
        "targets": ["x86_64-musl", "aarch64-apple-darwin"],
        "include": [
            "./share/",
            { "from": "../doc/tool.1", "to": "man/tool.1" },
            { "built": "assets/tool.1", "to": "man/tool.1" },
        ],
        "exclude": ["README.*.md"],
        "assets": ["{name}_{version}_amd64.deb", "sbom.cdx.json"],
        "image": {
            "name": "ghcr.io/acme/tool",
            "entrypoint": ["/bin/tool", "serve"],
            "labels": { "org.example.team": "core" },
            "ports": ["8080/tcp", "53/udp", "80"],
            "user": "1000:1000",
            "programs": ["/bin/busybox"],
        },
        "notes": "github",
        "binaries": ["toold"],
        "profile": "dist",
        "features": ["tls", "serde/derive"],
        "default-features": false,
        "tag-prefix": "tool-",
        "latest": true,
    }))
    .unwrap();
    assert_eq!((config.tag_prefix.as_str(), config.profile.as_deref()), ("tool-", Some("dist")));
    assert_eq!((config.features.join(" ").as_str(), config.default_features), ("tls serde/derive", false));
    assert!(config.may_be_latest());
    let targets: Vec<&str> = config.targets.iter().map(|target| target.name).collect();
    assert_eq!(targets, ["x86_64-musl", "aarch64-macos"]);
    let include = |from: &str, to: Option<&str>| Include { from: from.to_owned(), to: to.map(str::to_owned) };
    assert_eq!(config.include, [include("share", None), include("../doc/tool.1", Some("man/tool.1"))]);
    let built = Built { from: "assets/tool.1".to_owned(), to: "man/tool.1".to_owned() };
    assert_eq!(config.built, [built]);
    assert_eq!(config.exclude, ["README.*.md"]);
    assert_eq!(
        config.asset_names("tool", &semver::Version::new(1, 4, 0)),
        ["tool_1.4.0_amd64.deb", "sbom.cdx.json"]
    );
    assert_eq!(config.notes, NotesFrom::Github);
    assert_eq!(config.binaries.as_deref(), Some(&["toold".to_owned()][..]));
    let image = config.image.unwrap();
    assert_eq!(image.name.unwrap().to_string(), "ghcr.io/acme/tool");
    assert_eq!(image.entrypoint.unwrap(), ["/bin/tool", "serve"]);
    assert_eq!(image.labels["org.example.team"], "core");
    assert_eq!(image.ports, ["8080/tcp", "53/udp", "80"]);
    assert_eq!(image.user.as_deref(), Some("1000:1000"));
    assert_eq!(image.programs, ["/bin/busybox"]);
    assert!(parse(json!({ "image": false })).unwrap().image.is_none());
}

#[test]
fn every_table_of_a_package_manager_is_read() {
    let channels = parse(json!({
        "installers": ["sh"],
        "homebrew": { "tap": "acme/homebrew-tap", "formula": "tool@1", "caveats": "Run it.\n", "adopt": true },
        "scoop": { "bucket": "acme/scoop-bucket", "manifest": "tool-acme" },
        "winget": { "id": "Acme.Tool", "publisher": "Acme Inc.", "fork": "acme/winget-pkgs" },
        "chocolatey": { "id": "tool", "authors": "Acme", "feed": "push.example.org" },
        "aur": { "package": "tool-bin", "maintainer": "Acme <acme at example dot org>" },
    }))
    .unwrap()
    .channels;
    assert_eq!(channels.installers, [ChannelKind::Sh]);
    let tables: Vec<String> = channels.tables().map(|kind| kind.to_string()).collect();
    assert_eq!(tables, ["homebrew", "scoop", "winget", "chocolatey", "aur"]);
    let homebrew = channels.homebrew.unwrap();
    assert_eq!((homebrew.tap.name(), homebrew.formula.as_deref()), ("homebrew-tap", Some("tool@1")));
    assert_eq!((homebrew.caveats.as_deref(), homebrew.adopt), (Some("Run it."), true));
    let scoop = channels.scoop.unwrap();
    assert_eq!((scoop.bucket.name(), scoop.manifest.as_deref()), ("scoop-bucket", Some("tool-acme")));
    let winget = channels.winget.unwrap();
    assert_eq!((winget.id.as_str(), winget.publisher.as_deref()), ("Acme.Tool", Some("Acme Inc.")));
    assert_eq!(winget.fork.unwrap().to_string(), "acme/winget-pkgs");
    assert_eq!(channels.chocolatey.unwrap().feed.as_deref(), Some("push.example.org"));
    assert_eq!(channels.aur.unwrap().package.as_deref(), Some("tool-bin"));
    let default = parse(json!({})).unwrap().channels;
    assert_eq!((default.installers.len(), default.tables().count()), (2, 0));
    assert!(parse(json!({ "installers": [] })).unwrap().channels.installers.is_empty());
}

#[test]
fn only_a_package_without_a_prefix_is_latest_by_default() {
    let may = |value| parse(value).unwrap().may_be_latest();
    assert!(may(json!({})) && may(json!({ "tag-prefix": "tool-", "latest": true })));
    assert!(!may(json!({ "tag-prefix": "tool-" })) && !may(json!({ "latest": false })));
}

#[test]
fn all_wrong_values_are_reported_at_once() {
    let problems = parse(json!({
        "notes": "none",
        "include": ["a/../../secret", "/etc/passwd", ".", 7, { "form": "x" }, { "from": "x", "to": "../y" }],
        "exclude": ["../x"],
        "binaries": ["tol"],
        "image": { "user": "root", "port": [], "name": "acme/tool" },
    }))
    .unwrap_err();
    expect_test::expect![[r#"
        `package.metadata.floe.include[0]` is invalid: `a/../../secret` has `..` after the name of a folder; write it relative to the package's folder
        `package.metadata.floe.include[1]` is invalid: `/etc/passwd` is absolute or has a character that not every system allows; write it relative to the package's folder
        `package.metadata.floe.include[2]` is invalid: `.` names no file or folder; write it relative to the package's folder
        `package.metadata.floe.include[3]` has an invalid type: integer `7`, expected a path or a table
        `package.metadata.floe.include[4].form` is not a key (did you mean `from`?); the keys are `from`, `built`, `to`
        `package.metadata.floe.include[5].to` is invalid: `../y` is not a path in the archives; write it as `README.md` or `man/tool.1`
        `package.metadata.floe.exclude[0]` is invalid: `../x` is not a path in the archives; write it as `README.md` or `man/tool.1`
        `package.metadata.floe.image.name` is invalid: `acme/tool` is not an image name: its first part is not a registry's host; write it as ghcr.io/owner/name
        `package.metadata.floe.image.user` is invalid: `root` is not a number; write a numeric uid or uid:gid such as 65532:65532
        `package.metadata.floe.image.port` is not a key (did you mean `ports`?); the keys are `name`, `entrypoint`, `labels`, `ports`, `user`, `programs`, `attach`
        `package.metadata.floe.notes` is invalid: `none` is none of `changelog`, `github` and `auto`
        `package.metadata.floe.binaries[0]` is invalid: the package has no binary `tol` (did you mean `tool`?); it has `tool`, `toold`"#]]
    .assert_eq(&problems.join("\n"));
}

/// The keys that the problems name.
fn keys(value: Value) -> Vec<String> {
    let key = |problem: String| problem.split('`').nth(1).unwrap().replace("package.metadata.floe.", "");
    parse(value).unwrap_err().into_iter().map(key).collect()
}

#[test]
fn an_unknown_key_hides_no_wrong_value() {
    let beside =
        json!({ "binary": [], "targest": [], "notes": "none", "latest": "yes", "binaries": ["tol"] });
    assert_eq!(keys(beside), ["notes", "binaries[0]", "latest", "binary", "targest"]);
    let lists = json!({ "exclude": ["/a", 7, "/b", true], "targets": [1, "x86"], "assets": [{}, "ö"] });
    let expected = [
        "targets[0]",
        "targets[1]",
        "exclude[0]",
        "exclude[1]",
        "exclude[2]",
        "exclude[3]",
        "assets[0]",
        "assets[1]",
    ];
    assert_eq!(keys(lists), expected);
    let tables = json!({
        "image": { "port": [], "labels": { "a": 1, "": "b" }, "ports": [8080, "x"], "user": "root" },
        "loosen": { "rpath": 1, "rpat": "why", "floor": " " },
        "include": [{ "form": "a", "to": "../b" }, { "from": "/c", "too": "d" }],
    });
    let expected = [
        "include[0].to",
        "include[0].form",
        "include[1].from",
        "include[1].too",
        "image.labels.a",
        "image.ports[0]",
        "image.ports[1]",
        "image.user",
        "image.labels",
        "image.port",
        "loosen.rpath",
        "loosen.floor",
        "loosen.rpat",
    ];
    assert_eq!(keys(tables), expected);
}

#[test]
fn values_of_another_kind_are_refused() {
    for (value, part) in [
        (json!("all"), "`package.metadata.floe` has an invalid type: string \"all\", expected a table"),
        (
            json!({ "targets": "x86_64-musl" }),
            "floe.targets` has an invalid type: string \"x86_64-musl\", expected a list",
        ),
        (json!({ "targets": [] }), "is empty"),
        (json!({ "targets": ["x86_64-musl", "x86_64-unknown-linux-musl"] }), "twice"),
        (json!({ "assets": ["{version}.deb", "{version}.deb"] }), "names `{version}.deb` twice"),
        (json!({ "assets": ["töol.deb"] }), "is not the name of an asset"),
        (json!({ "assets": [".deb"] }), "is not the name of an asset"),
        (json!({ "assets": ["{arch}.deb"] }), "is not the name of an asset"),
        (json!({ "assets": ["SHA256SUMS"] }), "floe makes `SHA256SUMS` itself"),
        (json!({ "assets": ["{name}-manifest.json"] }), "floe makes `{name}-manifest.json` itself"),
        (json!({ "assets": ["x-x86_64-pc-windows-msvc.zip"] }), "msvc.zip` itself"),
        (json!({ "targets": ["loongarch64-musl"] }), "the targets are x86_64-gnu"),
        (json!({ "profile": "a b" }), "is not the name of a profile"),
        (json!({ "features": ["a b"] }), "features[0]` is invalid: `a b` is not the name of a feature"),
        (json!({ "features": ["a/b/c"] }), "is not the name of a feature"),
        (
            json!({ "features": ["vendred"] }),
            "no feature `vendred` (did you mean `vendored`?); it has `tls`, `vendored`",
        ),
        (json!({ "include": [{ "to": "a" }] }), "include[0]` is neither a path nor `{ from"),
        (json!({ "include": [{ "built": "a" }] }), "include[0]` is neither a path nor `{ from"),
        (json!({ "include": [{ "built": "a", "from": "b", "to": "man" }] }), "include[0]` is neither a path"),
        (
            json!({ "include": [{ "built": "a/*", "to": "man" }] }),
            "is not a path in the build script's `OUT_DIR`",
        ),
        (
            json!({ "include": [{ "built": "../a", "to": "man" }] }),
            "is not a path in the build script's `OUT_DIR`",
        ),
        (json!({ "include": [{ "built": "a", "to": "manual/a" }] }), "is not in `completions` or `man`"),
        (
            json!({ "include": [{ "built": "a", "to": 7 }] }),
            "include[0].to` has an invalid type: integer `7`",
        ),
        (json!({ "latest": "yes" }), "floe.latest` has an invalid type: string \"yes\", expected a boolean"),
        (json!({ "tag-prefix": "app" }), "end it with `-`, `_` or `/`"),
        (
            json!({ "loosen": { "rpat": "why" } }),
            "loosen.rpat` is not a rule (did you mean `rpath`?); the rules are",
        ),
        (json!({ "loosen": { "rpath": " " } }), "loosen.rpath` is empty; write the reason"),
        (json!({ "loosen": ["rpath"] }), "floe.loosen` has an invalid type: list, expected a table"),
        (
            json!({ "image": true }),
            "floe.image` has an invalid type: boolean `true`, expected `false` or a table",
        ),
        (
            json!({ "image": { "ports": [8080] } }),
            "image.ports[0]` has an invalid type: integer `8080`, expected a string",
        ),
        (json!({ "image": { "ports": ["99999"] } }), "is not a port"),
        (json!({ "image": { "ports": ["80/http"] } }), "is not a port"),
        (json!({ "image": { "user": "0:0" } }), "is root"),
        (json!({ "image": { "user": "+5" } }), "is not a number"),
        (json!({ "image": { "user": "1000:staff" } }), "is not a number"),
        (
            json!({ "image": { "labels": { "a": 1 } } }),
            "image.labels.a` has an invalid type: integer `1`, expected a string",
        ),
        (json!({ "image": { "labels": { "": "b" } } }), "image.labels` has a label without a name"),
        (json!({ "image": { "entrypoint": [] } }), "is empty"),
        (json!({ "installers": ["msi"] }), "`msi` is not an installer; there are `sh`, `ps1`"),
        (json!({ "installers": ["sh", "sh"] }), "names `sh` twice"),
        (json!({ "homebrew": {} }), "floe.homebrew` lacks the key `tap`"),
        (json!({ "homebrew": { "tap": 7 } }), "homebrew.tap` has an invalid type: integer `7`"),
        (json!({ "homebrew": { "tap": "acme/tap" } }), "`homebrew-<something>`, as in `acme/homebrew-tap`"),
        (json!({ "homebrew": { "tap": "acme/homebrew-tap", "formula": "7zip" } }), "name of a formula"),
        (json!({ "homebrew": { "tap": "acme/homebrew-tap", "formula": "../x" } }), "name of a formula"),
        (json!({ "homebrew": { "tap": "acme/homebrew-tap", "caveats": "\u{1b}" } }), "cannot be printed"),
        (json!({ "homebrew": true }), "floe.homebrew` has an invalid type: boolean `true`, expected a table"),
        (json!({ "scoop": { "bucket": "acme" } }), "scoop.bucket` is invalid"),
        (json!({ "scoop": { "bucket": "acme/bucket", "manifest": "a/b" } }), "scoop.manifest` is invalid"),
        (json!({ "winget": { "id": "Acme" } }), "write it as `Publisher.Package`"),
        (json!({ "winget": { "id": "Acme./etc" } }), "write it as `Publisher.Package`"),
        (json!({ "winget": { "id": "Acme.Tool", "fork": "x" } }), "winget.fork` is invalid"),
        (json!({ "chocolatey": { "feed": "https://x" } }), "is not a host"),
        (json!({ "aur": { "package": "Tool" } }), "is not the name of a package"),
        (json!({ "aur": { "maintainer": "a\nb" } }), "aur.maintainer` is invalid: it is empty or has"),
        (json!({ "deb": { "package": "My_Tool" } }), "deb.package` is invalid: `My_Tool` is not the name"),
        (json!({ "rpm": { "maintainer": "Acme" } }), "rpm.maintainer` is invalid: write it as"),
        (json!({ "deb": true }), "floe.deb` has an invalid type"),
        (
            json!({ "targets": ["x86_64-gnu"], "rpm": {} }),
            "floe.rpm` is made of static programs, but no musl target is in `targets`",
        ),
        (
            json!({ "targets": ["x86_64-musl"], "scoop": { "bucket": "acme/bucket" } }),
            "floe.scoop` is for Windows, but no such target is in `targets`",
        ),
        (
            json!({ "targets": ["armv7-musl"], "homebrew": { "tap": "acme/homebrew-tap" } }),
            "floe.homebrew` is for macOS or Linux on x86-64 or ARM64, but no such target is in `targets`",
        ),
        (
            json!({ "targets": ["i686-windows"], "chocolatey": {} }),
            "floe.chocolatey` is for Windows on x86-64, but no such target is in `targets`",
        ),
    ] {
        let problems = parse(value.clone()).unwrap_err();
        assert!(problems.len() == 1 && problems[0].contains(part), "{value}: {problems:?}");
    }
}

#[test]
fn an_unknown_key_gets_a_suggestion_only_if_one_is_close() {
    let problem = |key: &str| parse(json!({ key: 1 })).unwrap_err().concat();
    expect_test::expect![[r#"
        `package.metadata.floe.targes` is not a key (did you mean `targets`?); the keys are `targets`, `include`, `exclude`, `assets`, `sbom`, `image`, `notes`, `binaries`, `profile`, `loosen`, `features`, `default-features`, `tag-prefix`, `latest`, `installers`, `homebrew`, `scoop`, `winget`, `chocolatey`, `aur`, `deb`, `rpm`
        `package.metadata.floe.signing` is not a key; the keys are `targets`, `include`, `exclude`, `assets`, `sbom`, `image`, `notes`, `binaries`, `profile`, `loosen`, `features`, `default-features`, `tag-prefix`, `latest`, `installers`, `homebrew`, `scoop`, `winget`, `chocolatey`, `aur`, `deb`, `rpm`"#]]
    .assert_eq(&[problem("targes"), problem("signing")].join("\n"));
}

#[test]
fn a_key_of_the_package_is_sent_back_to_its_table() {
    for key in ["repository", "license-file", "readme"] {
        let problem = parse(json!({ key: "x" })).unwrap_err().concat();
        let expected = format!(
            "`package.metadata.floe.{key}` is a key of `[package]`; write it above `[package.metadata.floe]`"
        );
        assert_eq!(problem, expected);
    }
    let nested = parse(json!({ "image": { "license": "MIT" } })).unwrap_err().concat();
    assert!(nested.contains("image.license` is not a key"), "{nested}");
}
