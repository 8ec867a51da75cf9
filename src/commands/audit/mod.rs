//! `floe audit`: reports what binaries need from their hosts, and whether every host of a target provides it.

mod show;

use serde::Serialize;

use crate::cli::AuditArgs;
use crate::error::{Exit, Failure};
use crate::release::inputs;
use crate::report::Report;
use floe_audit::Facts;
use floe_audit::rules::{self, Violation};
use floe_core::model::{Format, Schema, Target};

/// The result as JSON, schema 1.
#[derive(Serialize)]
struct AuditReport {
    schema: Schema<1>,
    binaries: Vec<BinaryReport>,
}

#[derive(Serialize)]
struct BinaryReport {
    place: String,
    /// The target whose contract it was judged by; `None` if it is for none of them.
    target: Option<Target>,
    facts: Facts,
    violations: Vec<Violation>,
}

/// Runs `floe audit`. It fails if a file cannot be read or is not a binary (exit code 1), or breaks a rule (3).
pub fn audit(args: AuditArgs, report: &Report) -> anyhow::Result<()> {
    let project = inputs::find_project(&args.project)?;
    let loosened = project.map(|project| project.config.loosen).unwrap_or_default();
    let mut binaries = Vec::new();
    for path in &args.paths {
        for found in crate::package::audit::audit(path)? {
            let target = args.target.or_else(|| target_of(&found.facts));
            let violations = target.map(|target| target.judge(&found.facts, &loosened)).unwrap_or_default();
            binaries.push(BinaryReport { place: found.place, target, facts: found.facts, violations });
        }
    }
    if binaries.is_empty() {
        return Err(Failure::new("none of the given files is a binary").exit(Exit::Usage).into());
    }
    let broken: Vec<String> = binaries.iter().flat_map(broken).collect();
    if args.json {
        report.json(&AuditReport { schema: Schema, binaries })?;
    } else {
        report.out(binaries.iter().map(show::block).collect::<Vec<_>>().join("\n\n"));
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::new("not every binary would run on a stranger's machine")
        .details(broken)
        .exit(Exit::Problems)
        .into())
}

fn broken(binary: &BinaryReport) -> Vec<String> {
    rules::stopping(&binary.violations).map(|violation| format!("`{}`: {violation}", binary.place)).collect()
}

/// The target that a binary is most probably for, by its format and instruction set, and on Linux by how it is linked.
fn target_of(facts: &Facts) -> Option<Target> {
    let dynamic = facts.elf.as_ref().is_some_and(|elf| elf.interpreter.is_some() || !elf.needed.is_empty());
    Target::all().find(|target| {
        let same = target.format() == facts.format && facts.arches.first() == Some(&target.arch());
        same && (facts.format != Format::Elf || target.contract().is_static != dynamic)
    })
}
