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
    runner: &'static str,
    native: Option<&'static Native>,
}

/// Runs the command.
pub fn targets(args: TargetsArgs, report: &Report) -> anyhow::Result<()> {
    let row = |target: Target| Row {
        name: target.name(),
        target,
        archive: target.archive(),
        builder: target.builder(),
        image: target.platform(),
        runner: target.runner(),
        native: target.native(),
    };
    let rows: Vec<Row> = Target::all().map(row).collect();
    if args.json {
        return report.json(&Matrix { schema: Schema, include: rows });
    }
    for row in rows {
        let builder = match row.builder {
            Builder::Nix => "nix",
            Builder::Native => "native",
        };
        let image = row.image.map(|platform| platform.to_string()).unwrap_or_default();
        let line = format!(
            "{:<15} {:<27} {:<7} {:<7} {image}",
            row.name,
            row.target.triple(),
            row.archive.to_string(),
            builder
        );
        report.out(line.trim_end());
    }
    Ok(())
}
