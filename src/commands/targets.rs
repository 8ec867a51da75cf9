//! `floe targets`: the one table, for people and as the Actions matrix.

use serde::Serialize;

use crate::cli::TargetsArgs;
use crate::report::Report;
use floe_core::model::target::Row;
use floe_core::model::{Builder, Schema, Target};

/// The matrix as JSON, schema 1.
#[derive(Serialize)]
struct Matrix {
    schema: Schema<1>,
    include: &'static [Row],
}

/// Runs the command.
pub fn targets(args: TargetsArgs, report: &Report) -> anyhow::Result<()> {
    let rows = Target::rows();
    if args.json {
        return report.json(&Matrix { schema: Schema, include: rows });
    }
    for Row { name, triple, archive, builder, platform, optional, .. } in rows {
        let builder = if *builder == Builder::Nix { "nix" } else { "native" };
        let image = platform.map(|platform| platform.to_string()).unwrap_or_default();
        let archive = archive.to_string();
        let optional = if *optional { "optional" } else { "" };
        let line = format!("{name:<15} {triple:<30} {archive:<7} {builder:<7} {image:<13} {optional}");
        report.out(line.trim_end());
    }
    Ok(())
}
