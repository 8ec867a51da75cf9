//! The program that a container starts (OCI image-spec, config.md: `Entrypoint`, `Cmd`, `Env`, `WorkingDir`).

use super::config::PATH;
use super::rootfs::FileTree;
use floe_core::model::{Entry, Target};
use floe_core::oci::Execution;
use floe_core::untrusted::text;

/// The keys by which a runtime finds the program.
const KEYS: [&str; 4] = ["Entrypoint", "Cmd", "Env", "WorkingDir"];

/// The file that the entrypoint, or else the command, resolves to. It must exist, and every user must be able to run
/// it. The error is a clause about the image.
pub fn program(execution: &Execution, tree: &FileTree) -> Result<Entry, String> {
    let others = || execution.others.keys();
    if let Some((key, other)) =
        KEYS.iter().find_map(|key| Some((key, others().find(|other| other.eq_ignore_ascii_case(key))?)))
    {
        return Err(format!("its config has `{}`, which some runtimes read as `{key}`", text::name(other)));
    }
    let mut words = execution.entrypoint.iter().chain(&execution.cmd).flatten();
    let word = words.next().ok_or("it has neither an entrypoint nor a command")?;
    let shown = text::name(word);
    if word.contains('/') {
        let above = execution.working_dir.as_deref().filter(|_| !word.starts_with('/')).unwrap_or_default();
        return runnable(tree, &format!("{above}/{word}"))
            .map_err(|why| format!("it starts `{shown}`: {why}"));
    }
    let path = execution.env.iter().flatten().rev().find_map(|pair| pair.strip_prefix("PATH="));
    let path = path.unwrap_or(PATH);
    // Runtimes disagree about a folder that is relative to the working directory.
    let mut folders = path.split(':').filter(|folder| folder.starts_with('/'));
    let found = folders.find_map(|folder| runnable(tree, &format!("{folder}/{word}")).ok());
    found.ok_or_else(|| format!("it starts `{shown}`, which is in no folder of `PATH={}`", text::name(path)))
}

/// The standard loaders of the targets that the image holds.
pub fn loaders(tree: &FileTree) -> Vec<String> {
    let all = Target::all().filter_map(|target| target.contract.interpreter.clone());
    all.filter(|loader| runnable(tree, loader).is_ok()).collect()
}

fn runnable(tree: &FileTree, path: &str) -> Result<Entry, String> {
    let entry = tree.resolve(path)?;
    if entry.mode & 0o001 == 0 {
        let Entry { path, mode, .. } = entry;
        return Err(format!("`/{path}` has the mode {mode:04o}, so not every user can run it"));
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::rootfs::Changeset;
    use floe_core::model::{Digest, Member, Nature};

    type Node = (Nature, u32);

    fn file(mode: u32) -> Node {
        (Nature::File(Digest::of(b"x")), mode)
    }

    fn link(target: &str) -> Node {
        (Nature::Symlink(target.to_owned()), 0o777)
    }

    fn layer(nodes: &[(&str, Node)]) -> Changeset {
        let member = |(path, (nature, mode)): &(&str, Node)| Member {
            path: (*path).to_owned(),
            nature: nature.clone(),
            size: 1,
            mode: *mode,
            time: 0,
        };
        Changeset { members: nodes.iter().map(member).collect(), problems: Vec::new() }
    }

    /// The program that a container starts, in an image of these layers with this config.
    fn starts(layers: &[&[(&str, Node)]], config: &str) -> String {
        let layers: Vec<Changeset> = layers.iter().map(|nodes| layer(nodes)).collect();
        let tree = FileTree::of(&layers).unwrap();
        match program(&serde_json::from_str(config).unwrap(), &tree) {
            Ok(entry) => format!("/{}", entry.path),
            Err(why) => why,
        }
    }

    #[test]
    fn the_first_word_of_entrypoint_and_command_is_the_program() {
        let tool: &[(&str, Node)] = &[("bin/tool", file(0o755)), ("data/run", file(0o555))];
        for (config, expected) in [
            (r#"{"Entrypoint":["/bin/tool","serve"]}"#, "/bin/tool"),
            (r#"{"Entrypoint":["/bin/tool"],"Cmd":["/data/run"]}"#, "/bin/tool"),
            (r#"{"Entrypoint":[],"Cmd":["/data/run"]}"#, "/data/run"),
            (r#"{"Entrypoint":null,"Cmd":["tool"]}"#, "/bin/tool"),
            (r#"{"Entrypoint":["tool"],"Env":["PATH=/data","PATH=/x:/bin"]}"#, "/bin/tool"),
            (r#"{"Entrypoint":["./run"],"WorkingDir":"/data"}"#, "/data/run"),
            (
                r#"{"Entrypoint":["run"],"WorkingDir":"/data","Env":["PATH=:."]}"#,
                "it starts `run`, which is in no folder of `PATH=:.`",
            ),
            (r#"{"Entrypoint":["/../bin/./tool"]}"#, "/bin/tool"),
            ("{}", "it has neither an entrypoint nor a command"),
            (r#"{"Entrypoint":["/bin/nope"]}"#, "it starts `/bin/nope`: `/bin/nope` is not in the image"),
            (
                r#"{"Entrypoint":["/bin/sh","-c","tool"]}"#,
                "it starts `/bin/sh`: `/bin/sh` is not in the image",
            ),
            (
                r#"{"Entrypoint":["tool"],"Env":["PATH=/data"]}"#,
                "it starts `tool`, which is in no folder of `PATH=/data`",
            ),
            (r#"{"Entrypoint":["/bin/tool/"]}"#, "it starts `/bin/tool/`: `/bin/tool` is not a folder"),
            (r#"{"Entrypoint":["/bin"]}"#, "it starts `/bin`: `/bin` is a folder"),
            (
                r#"{"Entrypoint":[""]}"#,
                "it starts ``, which is in no folder of `PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`",
            ),
            (
                r#"{"Cmd":["/bin/tool"],"entryPoint":["/data/run"]}"#,
                "its config has `entryPoint`, which some runtimes read as `Entrypoint`",
            ),
        ] {
            assert_eq!(starts(&[tool], config), expected, "{config}");
        }
    }

    #[test]
    fn links_are_followed_within_the_image() {
        let start = |path: &str| format!(r#"{{"Entrypoint":["{path}"]}}"#);
        let lower: &[(&str, Node)] = &[
            ("opt/1.4/bin/tool", file(0o755)),
            ("opt/current", link("1.4")),
            ("bin/tool", link("../../../opt/current/bin/tool")),
            ("bin/absolute", link("/bin/tool")),
            ("bin/gone", link("/etc/alternatives/gone")),
            ("bin/loop", link("loop")),
            ("closed", (Nature::Folder, 0o750)),
            ("closed/tool", file(0o755)),
            ("bin/owned", file(0o700)),
        ];
        for (path, expected) in [
            ("/bin/tool", "/opt/1.4/bin/tool"),
            ("/bin/absolute", "/opt/1.4/bin/tool"),
            ("/bin/gone", "it starts `/bin/gone`: `/etc` is not in the image"),
            ("/bin/loop", "it starts `/bin/loop`: `/bin/loop` leads through more than 40 links"),
            (
                "/closed/tool",
                "it starts `/closed/tool`: `/closed` has the mode 0750, so not every user may enter it",
            ),
            (
                "/bin/owned",
                "it starts `/bin/owned`: `/bin/owned` has the mode 0700, so not every user can run it",
            ),
        ] {
            assert_eq!(starts(&[lower], &start(path)), expected);
        }
        let upper: &[(&str, Node)] = &[("opt/current", link("2.0")), ("opt/2.0/bin/tool", file(0o644))];
        let why = starts(&[lower, upper], &start("/bin/tool"));
        assert!(
            why.ends_with("`/opt/2.0/bin/tool` has the mode 0644, so not every user can run it"),
            "{why}"
        );
    }

    #[test]
    fn a_file_below_a_link_of_a_lower_layer_is_refused() {
        let layers = [layer(&[("bin", link("usr/bin"))]), layer(&[("bin/tool", file(0o755))])];
        let problems = FileTree::of(&layers).unwrap_err();
        assert_eq!(problems, ["`bin/tool` is below `bin`, which is not a folder in a lower layer"]);
    }
}
