//! `floe init --check`: the state of each file, as text or as JSON, and the way out.

use serde::Serialize;

use super::{paths, unified};
use crate::error::invalid;
use crate::project::init::template::Floe;
use crate::project::init::{ManagedFile, State};
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
    files: &'f [ManagedFile],
    warnings: Vec<String>,
    /// The way out, if a file has drifted.
    hint: Option<String>,
}

/// Reports all drift, with the difference where it is only a part of the file.
pub(super) fn check(
    files: &[ManagedFile],
    mut warnings: Vec<String>,
    floe: &Floe,
    as_json: bool,
    report: &Report,
) -> anyhow::Result<()> {
    let moved =
        |file: &&ManagedFile| floe.is_given && file.drift.is_none() && file.new.is_some() && file.calls(floe);
    let moved = paths(files.iter().filter(moved));
    if !moved.is_empty() {
        warnings.push(format!(
            "`--floe-url` names another floe than is called ({moved}): move the calls with {FLOE_URL}"
        ));
    }
    warnings.iter().for_each(|warning| report.warn(warning));
    let drifted: Vec<&ManagedFile> = files.iter().filter(|file| file.drift.is_some()).collect();
    let hint = (!drifted.is_empty()).then(|| hint(&drifted));
    if as_json {
        let (floe, hint) = (env!("CARGO_PKG_VERSION"), hint.clone());
        report.json(&Checked { schema: Schema, floe, files, warnings, hint })?;
    } else {
        let is_part = |file: &&&ManagedFile| file.state == State::Drifted && file.new.is_some();
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
pub(super) fn lines(file: &ManagedFile) -> Vec<String> {
    let add = file.add.iter().map(|line| format!("  {line}"));
    file.drift_line().into_iter().chain(add).collect()
}

/// The ways out of drift. Those of a file that does not call floe are alternatives.
pub(super) fn hint(drifted: &[&ManagedFile]) -> String {
    let (mut fixes, mut ways) = (Vec::new(), Vec::new());
    if drifted.iter().any(|file| !file.add.is_empty()) {
        ways.push("add these lines");
    }
    for file in drifted {
        let list = if file.state == State::Foreign { &mut ways } else { &mut fixes };
        list.extend(file.way_out.as_deref());
    }
    if drifted.iter().any(|file| file.needs_force() && file.new.is_some()) {
        ways.push("replace what git has committed with `floe init --force`");
    }
    fixes.dedup();
    let ways = ways.join(", or ");
    fixes.extend((!ways.is_empty()).then_some(&*ways));
    fixes.join("; ")
}
