//! `floe targets`: the one table, for people and as the Actions matrix.

use serde::Serialize;

use crate::cli::TargetsArgs;
use crate::report::Report;
use floe_core::model::{ArchiveKind, Builder, Native, Platform, Schema, Target};

/// The matrix as JSON, schema 1.
#[derive(Serialize)]
struct Matrix {
    schema: Schema<1>,
    include: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    target: Target,
    archive: ArchiveKind,
    builder: Builder,
    image: Option<Platform>,
    runner: Option<&'static str>,
    /// Whether a project releases for it only if the project lists it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
    native: Option<Native>,
}

/// Runs the command.
pub fn targets(args: TargetsArgs, report: &Report) -> anyhow::Result<()> {
    let row = |target: Target| Row {
        name: target.name,
        target,
        archive: target.archive,
        builder: target.builder,
        image: target.platform,
        runner: target.runner,
        optional: target.optional,
        native: target.native.clone(),
    };
    let rows: Vec<Row> = Target::all().map(row).collect();
    if args.json {
        return report.json(&Matrix { schema: Schema, include: rows });
    }
    for row in rows {
        let Row { name, target, archive, builder, image, optional, .. } = row;
        let builder = if builder == Builder::Nix { "nix" } else { "native" };
        let image = image.map(|platform| platform.to_string()).unwrap_or_default();
        let (triple, archive) = (target.triple, archive.to_string());
        let optional = if optional { "optional" } else { "" };
        let line = format!("{name:<15} {triple:<30} {archive:<7} {builder:<7} {image:<13} {optional}");
        report.out(line.trim_end());
    }
    Ok(())
}
