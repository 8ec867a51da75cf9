//! The command line as clap parses it. No logic, and no default that depends on files or servers.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use floe_core::model::{Commit, Repo, Tag, Target};

mod release;

pub use release::{PlanArgs, PublishArgs, ReleaseArgs, RemoteArgs, ReproduceArgs, VerifyArgs};

/// Turns a git tag into a release: checked before anyone sees it, published all at once
#[derive(Debug, Parser)]
#[command(name = "floe", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Try it without an account or a network:\n  floe rehearse")]
pub struct Cli {
    /// Show requests, retries and skipped steps (-vv: each request)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Show only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Treat warnings as errors
    #[arg(long, global = true)]
    pub strict: bool,
    /// The subcommand
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Pack built binaries into archives, each with its record
    Package(PackageArgs),
    /// Report what binaries need from their host and whether common hosts provide it
    Audit(AuditArgs),
    /// Build a multi-platform OCI image layout from static binaries or docker archives
    Image(ImageArgs),
    /// Show the steps that publish would take, and check whether they would be refused
    Plan(PlanArgs),
    /// Publish a release: stage everything unseen, then reveal it at once
    Publish(PublishArgs),
    /// Check a dist before publishing, or a published release as its users get it
    Verify(VerifyArgs),
    /// Compare a rebuild with the published release, and name the differences
    Reproduce(ReproduceArgs),
    /// Run the whole release of this project on this machine, without an account or a network
    Rehearse(RehearseArgs),
    /// Add the flake, the workflow and the other release files to this project
    Init(InitArgs),
    /// List the supported targets
    Targets(TargetsArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
}

/// The Cargo package to release.
#[derive(Debug, Clone, Default, Args)]
pub struct ProjectArgs {
    /// Path to the project's Cargo.toml [default: found from the current folder]
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// The workspace's package [default: the only one with a binary]
    // A flake that releases one of several packages sets it for `nix run .#floe`.
    #[arg(short, long, value_name = "NAME", env = "FLOE_PACKAGE", hide_env = true)]
    pub package: Option<String>,
}

/// The commit and the tag.
#[derive(Debug, Clone, Default, Args)]
pub struct SourceArgs {
    /// The tag to release; its version must be the package's
    #[arg(long, value_name = "TAG")]
    pub tag: Option<Tag>,
    /// The commit that the binaries were built from [default: git's HEAD, if nothing is modified]
    #[arg(long, value_name = "COMMIT")]
    pub commit: Option<Commit>,
    /// Modification time of every file, in seconds since 1970 [default: the commit's time, else 1980-01-01]
    #[arg(long, value_name = "SECONDS", env = "SOURCE_DATE_EPOCH")]
    pub epoch: Option<u64>,
}

/// Arguments of `floe package`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    floe package --target x86_64-musl --binary target/x86_64-unknown-linux-musl/release/floe\n  \
    floe package native/ --out dist")]
pub struct PackageArgs {
    /// Folders of binaries with the layout `<triple>/<binary>`
    #[arg(value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// The target of the binaries that --binary names
    #[arg(long, value_name = "TARGET", requires = "binary")]
    pub target: Option<Target>,
    /// A built binary (may be repeated)
    #[arg(long, value_name = "PATH", requires = "target")]
    pub binary: Vec<PathBuf>,
    /// A folder with `completions/` and `man/` that the build made, for the archive
    #[arg(long, value_name = "FOLDER", requires = "target")]
    pub documents: Option<PathBuf>,
    /// Output folder for archives and records
    #[arg(short, long, value_name = "DIST", default_value = "dist")]
    pub out: PathBuf,
    /// The package
    #[command(flatten)]
    pub project: ProjectArgs,
    /// The source
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Arguments of `floe audit`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    floe audit target/release/floe\n  \
    floe audit dist --json")]
pub struct AuditArgs {
    /// Binaries, archives, or dists
    #[arg(value_name = "FILE", required = true)]
    pub paths: Vec<PathBuf>,
    /// Apply the rules of this target [default: read from the binary]
    #[arg(long, value_name = "TARGET")]
    pub target: Option<Target>,
    /// Print the facts and the verdict as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// The package
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// Arguments of `floe image`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    floe image target/x86_64-unknown-linux-musl/release/floe target/aarch64-unknown-linux-musl/release/floe\n  \
    floe image result-amd64.tar.gz result-arm64.tar.gz --out dist/image")]
pub struct ImageArgs {
    /// For each platform, its static binaries or one docker archive (plain or gzip)
    #[arg(value_name = "FILE", required = true)]
    pub inputs: Vec<PathBuf>,
    /// CA certificates (PEM) to place at /etc/ssl/certs/ca-certificates.crt
    #[arg(long, value_name = "FILE")]
    pub ca_certificates: Option<PathBuf>,
    /// Output folder for the OCI image layout
    #[arg(short, long, value_name = "LAYOUT", default_value = "dist/image")]
    pub out: PathBuf,
    /// The repository for the image's labels [default: GITHUB_REPOSITORY, git, Cargo.toml]
    #[arg(long, value_name = "OWNER/NAME")]
    pub repo: Option<Repo>,
    /// The package
    #[command(flatten)]
    pub project: ProjectArgs,
    /// The source
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Arguments of `floe rehearse`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    floe rehearse                  build, pack, publish and verify on this machine\n  \
    floe rehearse --with cargo     build with Cargo for this machine, even if Nix is installed\n  \
    floe rehearse --exact          optimise as for a release\n  \
    floe rehearse --keep           publish the same version again: no step is left\n  \
    floe rehearse --faults 7       inject faults while publishing (seeded, so repeatable)\n  \
    floe rehearse --serve          keep both servers running, to try other clients on them")]
pub struct RehearseArgs {
    /// Publish these dists instead of building
    #[arg(value_name = "DIST")]
    pub dists: Vec<PathBuf>,
    /// The builder [default: nix if it is installed and the flake has a `dist`, else cargo]
    #[arg(long, value_name = "BUILDER", conflicts_with = "dists")]
    pub with: Option<Builder>,
    /// Build with the project's release profile and without paths of this machine [default: quickly, without LTO]
    #[arg(long, conflicts_with = "dists")]
    pub exact: bool,
    /// Keep the servers' state from the last rehearsal
    #[arg(long)]
    pub keep: bool,
    /// Inject the faults that this seed draws, and repeat publishing until it is done
    #[arg(long, value_name = "SEED")]
    pub faults: Option<u64>,
    /// Keep both servers running until Ctrl-C, and print their addresses
    #[arg(long)]
    pub serve: bool,
    /// Output folder [default: target/rehearsal]
    #[arg(short, long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Print the summary as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// The package
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// The builder of a rehearsal's dist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Builder {
    /// Cargo, for this machine
    Cargo,
    /// Nix, with the flake's `dist`
    Nix,
}

/// Arguments of `floe init`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    floe init                      show the changes, and ask\n  \
    floe init --yes --target x86_64-musl --target aarch64-macos\n  \
    floe init --check              for CI: report drift; the exit code is 3 if there is any\n\n\
    The files are flake.nix, .github/workflows/release.yml, CHANGELOG.md if there is no changelog, and\n\
    the table [package.metadata.floe] in Cargo.toml. All of them are written, or none. A second run\n\
    writes missing files and updates the version of floe that the files call.")]
pub struct InitArgs {
    /// Write nothing, and report how files differ from floe's templates
    #[arg(long, conflicts_with_all = ["yes", "force", "targets", "pin"])]
    pub check: bool,
    /// Write without asking; required without a terminal
    #[arg(short, long)]
    pub yes: bool,
    /// Replace a flake or workflow with other content, if it is committed
    #[arg(long)]
    pub force: bool,
    /// A target of the release (may be repeated) [default: all]
    #[arg(long = "target", value_name = "TARGET")]
    pub targets: Vec<Target>,
    /// Pin the workflow to this commit of floe instead of its tag
    #[arg(long, value_name = "COMMIT")]
    pub pin: Option<Commit>,
    /// The package
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// Arguments of `floe targets`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  floe targets --json")]
pub struct TargetsArgs {
    /// Print the Actions matrix as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `floe completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  floe completions bash > ~/.local/share/bash-completion/completions/floe")]
pub struct CompletionsArgs {
    /// The shell to print completions for
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}
