//! `floe init --check`: the state of each file, as text or as JSON, and the way out.

use serde::Serialize;

use super::{paths, unified};
use crate::error::invalid;
use crate::project::init::template::Floe;
use crate::project::init::{Drift, File};
use crate::report::Report;
use floe_core::model::Schema;

/// The argument that says where floe is.
pub(super) const FLOE_URL: &str =
    concat!("`floe init --floe-url github:owner/floe/v", env!("CARGO_PKG_VERSION"), "`");

/// The result as JSON, schema 1.
#[derive(Serialize)]
struct Checked<'f> {
    schema: Schema<1>,
    /// The version whose templates the files are compared with.
    floe: &'static str,
    files: Vec<CheckedFile<'f>>,
    warnings: Vec<String>,
    /// The way out, if a file has drifted.
    hint: Option<String>,
}

#[derive(Serialize)]
struct CheckedFile<'f> {
    path: &'f str,
    state: &'static str,
    /// How it differs.
    drift: Option<String>,
    /// The lines that the user adds.
    add: &'f [String],
}

/// Reports all drift, with the difference where it is only a part of the file.
pub(super) fn check(
    files: &[File],
    mut warnings: Vec<String>,
    (name, floe): (&str, &Floe),
    as_json: bool,
    report: &Report,
) -> anyhow::Result<()> {
    let moved =
        |file: &&File| floe.is_given && file.drift.is_none() && file.new.is_some() && file.calls(floe);
    let moved = paths(files.iter().filter(moved));
    if !moved.is_empty() {
        warnings.push(format!(
            "`--floe-url` names another floe than is called ({moved}): move the calls with {FLOE_URL}"
        ));
    }
    warnings.iter().for_each(|warning| report.warn(warning));
    let drifted: Vec<&File> = files.iter().filter(|file| file.drift.is_some()).collect();
    let hint = (!drifted.is_empty()).then(|| hint(&drifted, name));
    if as_json {
        let file = |file| {
            let File { path, drift, add, .. }: &File = file;
            CheckedFile { path, state: file.state(), drift: drift.as_ref().map(Drift::to_string), add }
        };
        report.json(&Checked {
            schema: Schema,
            floe: env!("CARGO_PKG_VERSION"),
            files: files.iter().map(file).collect(),
            warnings,
            hint: hint.clone(),
        })?;
    } else {
        let is_part = |file: &&&File| matches!(file.drift, Some(Drift::Lacks(_))) && file.new.is_some();
        drifted.iter().filter(is_part).for_each(|file| report.diff(&unified(file)));
    }
    let Some(hint) = hint else {
        report.step("Checked", format!("{}: no drift", paths(files)));
        return Ok(());
    };
    let count = match drifted.len() {
        1 => "1 file differs".to_owned(),
        count => format!("{count} files differ"),
    };
    Err(invalid(format!("{count} from the templates of floe {}", env!("CARGO_PKG_VERSION")))
        .details(drifted.iter().flat_map(|file| lines(file)))
        .state("nothing was written")
        .hint(hint)
        .into())
}

/// How a file has drifted, and the lines to add to it.
pub(super) fn lines(file: &File) -> Vec<String> {
    let add = file.add.iter().map(|line| format!("  {line}"));
    file.drift_line().into_iter().chain(add).collect()
}

/// The ways out of drift.
pub(super) fn hint(drifted: &[&File], name: &str) -> String {
    let (mut fixes, mut ways) = (Vec::new(), Vec::new());
    if drifted.iter().any(|file| !file.add.is_empty()) {
        ways.push("add these lines".to_owned());
    }
    for file in drifted {
        match file.drift {
            Some(Drift::Newer(_)) => fixes.push("check with the version of floe that the workflow calls".to_owned()),
            Some(Drift::Missing) => fixes.push("write missing files with `floe init`".to_owned()),
            Some(Drift::Foreign) if file.path != "flake.nix" => {
                ways.push(format!("delete `{}` if floe replaces it", file.path));
            }
            Some(Drift::Package(_)) => ways.push(format!(
                "release `{name}` without a flake, with `floe package` and `floe publish`, or from a repository of its own"
            )),
            _ => {}
        }
    }
    if drifted.iter().any(|file| file.needs_force() && file.new.is_some()) {
        ways.push("replace what git has committed with `floe init --force`".to_owned());
    }
    fixes.dedup();
    fixes.extend((!ways.is_empty()).then(|| ways.join(", or ")));
    fixes.join("; ")
}
