//! `floe audit`: reports what binaries need from their hosts, and whether every host of a target provides it.

mod show;

use anyhow::bail;
use serde::Serialize;

use crate::cli::AuditArgs;
use crate::error::{Wrong, invalid, usage};
use crate::package::audit::{self, Audited};
use crate::release::inputs;
use crate::report::Report;
use floe_audit::rules::{self, Violation};
use floe_audit::{EmbeddedCrate, Facts, RuleKind};
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
    /// The first of `targets`.
    target: Option<Target>,
    /// The targets by whose contracts it was judged: several for a universal binary.
    targets: Vec<Target>,
    /// Whether it breaks no rule of portability that the project has not loosened; `None` if no target is for it.
    portable: Option<bool>,
    facts: Facts,
    /// The list that `cargo auditable` embedded.
    #[serde(skip_serializing_if = "Option::is_none")]
    crates: Option<Vec<EmbeddedCrate>>,
    violations: Vec<Violation>,
}

/// Runs `floe audit`. The exit code is 3 if a binary is not portable, else 1 if a file cannot be read or is not a binary.
pub fn audit(args: AuditArgs, report: &Report) -> anyhow::Result<()> {
    let project = inputs::find_project(&args.project)?;
    let loosened = project.map(|project| project.config.loosen).unwrap_or_default();
    let (mut binaries, mut wrong) = (Vec::new(), Wrong::default());
    for path in &args.paths {
        for one in audit::audit(path) {
            let Some(Audited { place, facts, crates, .. }) = wrong.keep(one) else { continue };
            let targets = args.target.map_or_else(|| targets_of(&facts), |target| vec![target]);
            let mut violations: Vec<Violation> = Vec::new();
            for violation in targets.iter().flat_map(|target| target.judge(&facts, &loosened)) {
                if !violations.contains(&violation) {
                    violations.push(violation);
                }
            }
            let broken = rules::unloosened(&violations, RuleKind::Portability).next().is_some();
            let (target, portable) = (targets.first().copied(), (!targets.is_empty()).then_some(!broken));
            binaries.push(BinaryReport { place, target, targets, portable, facts, crates, violations });
        }
    }
    if binaries.is_empty() {
        wrong.refuse("files cannot be audited")?;
        bail!(
            usage("none of the given files is a binary")
                .hint("name ELF, Mach-O or PE files, or archives or dists that hold them")
        );
    }
    for binary in &binaries {
        if binary.targets.is_empty() {
            let (place, kind) = (&binary.place, show::is(&binary.facts));
            report.warn(format!("`{place}` was not judged: no target of floe is for it ({kind})"));
        }
        lines(binary, RuleKind::Hygiene).for_each(|line| report.warn(line));
    }
    let broken: Vec<String> =
        binaries.iter().flat_map(|binary| lines(binary, RuleKind::Portability)).collect();
    if args.json {
        report.json(&AuditReport { schema: Schema, binaries })?;
    } else {
        let blocks = binaries.iter().map(|binary| show::block(binary, report.is_verbose()));
        report.out(blocks.collect::<Vec<_>>().join("\n\n"));
    }
    let what = if broken.is_empty() { "files cannot be audited" } else { "errors" };
    wrong.keep(invalid("not every binary is portable").if_any(broken));
    wrong.refuse(what)
}

fn lines(binary: &BinaryReport, kind: RuleKind) -> impl Iterator<Item = String> {
    rules::unloosened(&binary.violations, kind).map(|violation| format!("`{}`: {violation}", binary.place))
}

/// The targets that a binary is for, by its format and instruction sets, and on Linux by how it is linked.
fn targets_of(facts: &Facts) -> Vec<Target> {
    let dynamic = facts.elf.as_ref().is_some_and(|elf| match &elf.interpreter {
        // It is linked dynamically by mistake: targets with musl are static.
        Some(loader) => !loader.contains("/ld-musl-"),
        None => !elf.needed.is_empty(),
    });
    let is_for = |target: &Target| {
        let same = target.format == facts.format && facts.arches.contains(&target.arch);
        same && (facts.format != Format::Elf || target.contract.is_static != dynamic)
    };
    Target::all().filter(is_for).collect()
}
