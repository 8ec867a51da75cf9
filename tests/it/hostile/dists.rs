//! Folders with special files: links that lead out, pipes that never end.

#[cfg(unix)]
use std::fs;

#[cfg(unix)]
use super::ARCHIVE;
use super::Work;

#[test]
fn an_unchanged_dist_is_verified() {
    Work::dist().verify().with(0, "");
}

#[cfg(unix)]
#[test]
fn links_are_reported_and_not_followed() {
    use std::os::unix::fs::symlink;
    let outside = |work: &Work, name: &str| {
        let inside = work.path("dist").join(name);
        fs::rename(&inside, work.path("outside")).unwrap();
        symlink(work.path("outside"), &inside).unwrap();
    };
    let index = serde_json::from_slice::<serde_json::Value>(
        &fs::read(Work::dist().path("dist/image/index.json")).unwrap(),
    );
    let digest = index.unwrap()["manifests"][0]["digest"].as_str().unwrap().to_owned();
    let blob = format!("image/blobs/{}", digest.replace(':', "/"));
    for (name, words) in [
        (ARCHIVE, "` is a link; a dist holds the files themselves"),
        ("image", "` is a link; a dist holds the files themselves"),
        ("image/index.json", "`index.json` cannot be read: it is a link"),
        ("image/oci-layout", "`oci-layout` cannot be read: it is a link"),
        ("image/blobs", "`blobs` is a link"),
        ("image/blobs/sha256", "`blobs/sha256` is a link"),
        (&blob, "cannot be read: it is a link"),
    ] {
        let work = Work::dist();
        outside(&work, name);
        work.verify().with(3, words);
    }
    let work = Work::dist();
    outside(&work, &format!("{ARCHIVE}.json"));
    work.verify().with(3, ".json` is a link; a dist holds the files themselves");
    let work = Work::dist();
    symlink("/etc/passwd", work.path("dist/passwd")).unwrap();
    work.verify().with(3, "passwd` is a link");
}

/// A pipe without a writer and an endless device, as examples of special files.
#[cfg(unix)]
#[test]
fn pipes_and_devices_do_not_block() {
    let pipe = |work: &Work, name: &str| {
        let _ = fs::remove_file(work.path(name));
        let made = std::process::Command::new("mkfifo").arg(work.path(name)).status().unwrap();
        assert!(made.success());
    };
    for (name, words) in [
        ("dist/image/index.json", "`index.json` cannot be read: it is not a regular file"),
        ("dist/image/oci-layout", "`oci-layout` cannot be read: it is not a regular file"),
        (&format!("dist/{ARCHIVE}"), "` is not part of the release"),
        (&format!("dist/{ARCHIVE}.json"), "has no usable record: it is not a regular file"),
    ] {
        let work = Work::dist();
        pipe(&work, name);
        work.verify().with(3, words);
    }
    let work = Work::new();
    pipe(&work, "pipe.tar.gz");
    work.run(&["audit", "pipe.tar.gz"]).with(1, "it is not a regular file");
    pipe(&work, "pipe");
    work.run(&["audit", "pipe"]).with(1, "it is not a regular file");
    work.run(&["audit", "/dev/zero"]).with(1, "it is not a regular file");
    let project = crate::support::sample::Sample::tool();
    for input in ["/dev/zero", &work.path("pipe").display().to_string()] {
        let arguments = ["image", input, "--repo", "acme/tool", "--epoch", "0"];
        super::run(project.path(), &arguments).with(1, "not a regular file");
        let arguments = ["image", "Cargo.toml", "--repo", "acme/tool", "--ca-certificates", input];
        super::run(project.path(), &arguments).with(1, "it is not a regular file");
    }
    let arguments = ["plan", "dist", "--target", "x86_64-musl", "--repo", "acme/tool"];
    Work::dist()
        .run(&[&arguments[..], &["--notes-file", "/dev/zero"]].concat())
        .with(1, "it is larger than 16.0 MiB");
}
