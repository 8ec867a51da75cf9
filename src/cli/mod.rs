//! The command line as clap parses it. No default depends on files or servers.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::environment;
use floe_core::model::{Commit, Repo, Tag, Target};

mod paths;
mod release;

use paths::{BINARIES, DIST, SPELLING};
pub use release::{
    AssembleArgs, Attest, AttestArgs, PlanArgs, PublishArgs, ReleaseArgs, RemoteArgs, ReproduceArgs,
    TrustArgs, VerifyArgs,
};

/// The heading of the options that every command has.
const GLOBAL: &str = "Global options";

/// Turns a git tag into a release: checked before anyone sees it, published all at once
#[derive(Debug, Parser)]
#[command(name = "floe", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Try it without an account or a network:\n  floe rehearse")]
pub struct Cli {
    /// Show more details, such as the checks that passed (-vv: also each request)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = GLOBAL)]
    pub verbose: u8,
    /// Show only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = GLOBAL)]
    pub quiet: bool,
    /// Treat warnings as errors
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub strict: bool,
    /// The subcommand
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Parses this process's arguments, and the variables of its environment that stand for some of them.
    pub fn from_env() -> Result<Self, clap::Error> {
        let mut command = without_empty_variables(Cli::command());
        let matches = command.try_get_matches_from_mut(std::env::args_os())?;
        Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }
}

/// clap would parse the value of an empty variable.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &OsStr| environment::is_empty(&name.to_string_lossy());
    let command = command.mut_args(|argument| match argument.get_env().is_some_and(is_empty) {
        true => argument.env(Resettable::Reset),
        false => argument,
    });
    command.mut_subcommands(without_empty_variables)
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add the flake, the workflow and the other release files to this project
    Init(InitArgs),
    /// Pack built binaries into archives, each with a record of its content (JSON)
    Package(PackageArgs),
    /// Report what binaries need from their host and whether common hosts provide it
    Audit(AuditArgs),
    /// Build a multi-platform OCI image layout from static binaries or docker archives
    Image(ImageArgs),
    /// Check a dist before publishing, or a published release as users download it
    Verify(VerifyArgs),
    /// Join what several machines built into one dist that is published without the project
    Assemble(AssembleArgs),
    /// Show the steps that publish would take, and check whether a server would refuse them
    Plan(PlanArgs),
    /// Publish a release: stage everything in private, then make it public at once
    Publish(PublishArgs),
    /// Compare a rebuild with the published release, and list the differences
    Reproduce(ReproduceArgs),
    /// Run a whole release of this project on this machine, without an account or a network
    Rehearse(RehearseArgs),
    /// List the supported targets
    Targets(TargetsArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
}

/// The Cargo package to release.
#[derive(Debug, Clone, Default, Args)]
pub struct ProjectArgs {
    /// Path to the project's Cargo.toml [default: found from the current folder]
    #[arg(long, value_name = "PATH", value_parser = paths::file())]
    pub manifest_path: Option<PathBuf>,
    /// The Cargo package to release [default: the only one with a binary]
    // A flake that releases one of several packages sets it for `nix run .#floe`.
    #[arg(short, long, value_name = "NAME", env = "FLOE_PACKAGE", hide_env = true)]
    pub package: Option<String>,
}

/// The commit and the tag.
#[derive(Debug, Clone, Default, Args)]
pub struct SourceArgs {
    /// The tag to release; it must name the version of the package
    #[arg(long, value_name = "TAG")]
    pub tag: Option<Tag>,
    /// The commit that the binaries were built from [default: git's HEAD, if nothing is modified]
    #[arg(long, value_name = "COMMIT")]
    pub commit: Option<Commit>,
    /// Modification time of every file, in seconds since 1970 [default: the commit's time, else 1980-01-01]
    #[arg(long, value_name = "SECONDS", env = "SOURCE_DATE_EPOCH", hide_env_values = true)]
    pub epoch: Option<u64>,
}

/// Arguments of `floe package`.
#[derive(Debug, Default, Args)]
#[command(after_help = "Examples:\n  \
    floe package --target x86_64-musl --binary target/x86_64-unknown-linux-musl/release/floe\n  \
    floe package native/ --out dist")]
pub struct PackageArgs {
    /// Folders with binaries, laid out as `<triple>/<binary>`
    #[arg(value_name = "FOLDER", value_parser = paths::folder(BINARIES))]
    pub folders: Vec<PathBuf>,
    /// The target of the binaries that --binary names
    #[arg(long, value_name = "TARGET", requires = "binary")]
    pub target: Option<Target>,
    /// A built binary (may be repeated)
    #[arg(long, value_name = "PATH", requires = "target", value_parser = paths::file())]
    pub binary: Vec<PathBuf>,
    /// A folder with the `completions/` and `man/` that the build made
    #[arg(long, value_name = "FOLDER", requires = "target", value_parser = paths::folder(SPELLING))]
    pub documents: Option<PathBuf>,
    /// A folder with the output of `cargo tree` for each target, from which SBOMs are made (see docs/verification.md)
    #[arg(long, value_name = "FOLDER", value_parser = paths::folder(SPELLING))]
    pub trees: Option<PathBuf>,
    /// Output folder for archives, SBOMs and records
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
    floe image native/x86_64-unknown-linux-musl/floe native/aarch64-unknown-linux-musl/floe\n  \
    floe image result-amd64.tar.gz result-arm64.tar.gz --out dist/image")]
pub struct ImageArgs {
    /// For each platform, its static binaries or one docker archive (plain or gzip)
    #[arg(value_name = "FILE", required = true, value_parser = paths::file())]
    pub inputs: Vec<PathBuf>,
    /// CA certificates (PEM) to place at /etc/ssl/certs/ca-certificates.crt
    #[arg(long, value_name = "FILE", value_parser = paths::file())]
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
    floe rehearse --with cargo     build with Cargo, even if Nix is installed\n  \
    floe rehearse --exact          build with the profile of releases\n  \
    floe rehearse --keep           publish the same version again: every step is done already\n  \
    floe rehearse --faults 7       inject faults while publishing (seeded, so repeatable)\n  \
    floe rehearse --serve          keep both servers running, for other clients")]
pub struct RehearseArgs {
    /// Publish these dists instead of building
    #[arg(value_name = "DIST", value_parser = paths::folder(DIST))]
    pub dists: Vec<PathBuf>,
    /// The builder [default: nix if it is installed and the flake has a `dist`, else cargo]
    #[arg(long, value_name = "BUILDER", conflicts_with = "dists")]
    pub with: Option<BuildTool>,
    /// Build with the profile of the project's releases [default: `release` without link-time optimisation]
    #[arg(long, conflicts_with = "dists")]
    pub exact: bool,
    /// Publish to the servers of the last rehearsal, with the state that they have
    #[arg(long)]
    pub keep: bool,
    /// Inject faults chosen by this seed while publishing, and publish again until it succeeds or cannot
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
    /// Whether the release is going to have an attestation, which a rehearsal cannot make
    #[command(flatten)]
    pub attest: AttestArgs,
    /// The package
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// The builder of a rehearsal's dist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BuildTool {
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
    floe init --floe-url github:owner/floe/v0.1.0\n  \
    floe init --check              for CI: exits with 3 if a file differs from its template\n\n\
    The files are flake.nix, .github/workflows/release.yml, CHANGELOG.md if there is no changelog, and\n\
    the table [package.metadata.floe] in Cargo.toml. Either all are written or none. A second run writes\n\
    missing files and updates the version of floe in the others. If a flake or workflow does not call\n\
    floe, the lines to add are printed.")]
pub struct InitArgs {
    /// Write nothing; report how files differ from floe's templates
    #[arg(long, conflicts_with_all = ["yes", "force", "targets", "pin"])]
    pub check: bool,
    /// Print the result of `--check` as JSON on stdout
    #[arg(long, requires = "check", conflicts_with_all = ["yes", "force", "targets", "pin"])]
    pub json: bool,
    /// Write without asking; required without a terminal
    #[arg(short, long)]
    pub yes: bool,
    /// Replace a flake or workflow that floe did not write, if it is committed
    #[arg(long)]
    pub force: bool,
    /// A target of the release (may be repeated) [default: all but the optional ones]
    #[arg(long = "target", value_name = "TARGET")]
    pub targets: Vec<Target>,
    /// The flake reference of floe, on GitHub [default: where this floe was published]
    #[arg(long, value_name = "URL")]
    pub floe_url: Option<String>,
    /// The commit of floe that the workflow calls [default: the commit of floe's tag]
    #[arg(long, value_name = "COMMIT")]
    pub pin: Option<Commit>,
    /// The package
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// Arguments of `floe targets`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  floe targets --json\n\n\
    Prints a line for each target: its name, triple, archive format and builder (native: Cargo on that\n\
    system), the image's platform, and `optional` if a project has to list it to release it.")]
pub struct TargetsArgs {
    /// Print the build matrix for GitHub Actions as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `floe completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  floe completions bash > ~/.local/share/bash-completion/completions/floe")]
pub struct CompletionsArgs {
    /// The shell to print completions for
    pub shell: clap_complete::Shell,
}
