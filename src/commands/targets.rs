//! `floe targets`: the one table, for people and as the Actions matrix.

use serde::Serialize;

use crate::cli::TargetsArgs;
use crate::report::Report;
use floe_core::model::target::Row;
use floe_core::model::{Builder, Schema, Target};

/// The matrix as JSON, schema 1.
#[derive(Serialize)]
struct Matrix<'t> {
    schema: Schema<1>,
    include: Vec<&'t Row>,
}

/// Runs the command.
pub fn targets(args: TargetsArgs, report: &Report) -> anyhow::Result<()> {
    let targets: Vec<Target> = Target::all().collect();
    if args.json {
        let include = targets.iter().map(|target| &**target).collect();
        return report.json(&Matrix { schema: Schema, include });
    }
    for target in targets {
        let Row { name, triple, archive, builder, platform, optional, .. } = &*target;
        let archive = archive.to_string();
        let builder = if *builder == Builder::Nix { "nix" } else { "native" };
        let image = platform.map(|platform| platform.to_string()).unwrap_or_default();
        let optional = if *optional { "optional" } else { "" };
        let line = format!("{name:<15} {triple:<30} {archive:<7} {builder:<7} {image:<13} {optional}");
        report.out(line.trim_end());
    }
    Ok(())
}
