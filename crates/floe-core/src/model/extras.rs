//! The man pages, completions and licenses of an archive, found by the usual names of their files.

use serde::{Deserialize, Serialize};

use super::{Entry, Target};

/// The man pages and completions of an archive, as paths in it, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extras {
    /// The man pages: `man/tool.1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub man: Vec<String>,
    /// The completions.
    #[serde(default, skip_serializing_if = "Completions::is_empty")]
    pub completions: Completions,
}

/// The completions of an archive by shell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completions {
    /// bash: `tool.bash`, `tool.bash-completion`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bash: Vec<String>,
    /// zsh: `_tool`, `tool.zsh`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zsh: Vec<String>,
    /// fish: `tool.fish`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fish: Vec<String>,
    /// PowerShell: `_tool.ps1`, `tool.ps1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pwsh: Vec<String>,
}

impl Completions {
    fn is_empty(&self) -> bool {
        self.paths().next().is_none()
    }

    fn paths(&self) -> impl Iterator<Item = &String> {
        [&self.bash, &self.zsh, &self.fish, &self.pwsh].into_iter().flatten()
    }
}

impl Extras {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.paths().next().is_none()
    }

    /// The paths of all of them.
    pub fn paths(&self) -> impl Iterator<Item = &String> {
        self.man.iter().chain(self.completions.paths())
    }

    /// Those among the files of a target's archive: below `man/` and `completions/` of its top folder.
    pub fn of(project: &str, target: Target, contents: &[Entry]) -> Self {
        let mut extras = Extras::default();
        let top = target.top_folder(project);
        for Entry { path, .. } in contents {
            let inside = path.strip_prefix(&top).and_then(|path| path.strip_prefix('/')).unwrap_or(path);
            let (folder, rest) = inside.split_once('/').unwrap_or(("", inside));
            let files = match folder {
                "man" if section(rest).is_some() => &mut extras.man,
                "completions" => match extras.completions.shell(rest) {
                    Some(files) => files,
                    None => continue,
                },
                _ => continue,
            };
            files.push(path.clone());
        }
        extras
    }
}

impl Completions {
    /// The list that a file below `completions/` belongs to.
    fn shell(&mut self, path: &str) -> Option<&mut Vec<String>> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("bash" | "bash-completion") => Some(&mut self.bash),
            Some("zsh") => Some(&mut self.zsh),
            Some("fish") => Some(&mut self.fish),
            Some("ps1") => Some(&mut self.pwsh),
            None if folder == "bash" => Some(&mut self.bash),
            None if name.starts_with('_') => Some(&mut self.zsh),
            _ => None,
        }
    }
}

/// The section of a man page by its file name: the digit at its end, also before `.gz`.
pub fn section(path: &str) -> Option<char> {
    let name = path.strip_suffix(".gz").unwrap_or(path);
    let (stem, section) = name.rsplit_once('.')?;
    let mut digits = section.chars();
    let digit = digits.next().filter(|digit| ('1'..='9').contains(digit))?;
    (!stem.is_empty() && digits.next().is_none()).then_some(digit)
}

/// The beginnings of the names of the texts of licenses, in any case.
pub const LICENSES: [&str; 4] = ["LICENSE", "LICENCE", "COPYING", "UNLICENSE"];
/// The beginning of the names of the notices that belong to a license.
pub const NOTICES: [&str; 1] = ["NOTICE"];

/// Whether a name begins with one of `names` in any case.
pub fn begins(name: &str, names: &[&str]) -> bool {
    names.iter().any(|begin| name.get(..begin.len()).is_some_and(|it| it.eq_ignore_ascii_case(begin)))
}

/// The command that a completion is for: the file's name without `_` and extension.
pub fn command(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    name.strip_prefix('_').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    #[test]
    fn man_pages_and_completions_are_found_by_their_names() {
        let target = Target::all().next().unwrap();
        let top = target.top_folder("tool");
        let entry = |path: &str| Entry {
            path: format!("{top}/{path}"),
            size: 0,
            mode: 0o644,
            digest: Digest::of(b""),
        };
        let found = [
            "README.md",
            "completions/_tool",
            "completions/_tool.ps1",
            "completions/bash/tool",
            "completions/tool.bash",
            "completions/tool.elv",
            "completions/tool.fish",
            "completions/zsh/tool.zsh",
            "man/de/tool.1",
            "man/man5/tool.conf.5",
            "man/notes.txt",
            "man/tool.1.gz",
            "share/man/tool.1",
        ];
        let extras = Extras::of("tool", target, &found.map(entry));
        let here = |paths: &[&str]| paths.iter().map(|path| format!("{top}/{path}")).collect::<Vec<_>>();
        assert_eq!(extras.man, here(&["man/de/tool.1", "man/man5/tool.conf.5", "man/tool.1.gz"]));
        assert_eq!(extras.completions.bash, here(&["completions/bash/tool", "completions/tool.bash"]));
        assert_eq!(extras.completions.zsh, here(&["completions/_tool", "completions/zsh/tool.zsh"]));
        assert_eq!(extras.completions.fish, here(&["completions/tool.fish"]));
        assert_eq!(extras.completions.pwsh, here(&["completions/_tool.ps1"]));
        assert!(extras.completions.zsh.iter().all(|path| command(path) == "tool"));
        assert_eq!((section("tool.1"), section(".1"), section("tool.10")), (Some('1'), None, None));
    }
}
