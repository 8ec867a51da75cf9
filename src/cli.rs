//! The command line as clap parses it. No default depends on files or servers.

use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::environment;

use floe_core::model::{Commit, Digest, ImageName, Repo, Tag, Target};

/// Turns a git tag into a release: checked before anyone sees it, published all at once.
#[derive(Debug, Parser)]
#[command(name = "floe", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Try it with no account and no network:\n  floe rehearse")]
pub struct Cli {
    /// Say more: requests, retries, what was skipped (-vv for each request)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say nothing but results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// The verb
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// The arguments of this process, and the environment's in their place. An empty variable counts as unset.
    pub fn from_env() -> Result<Self, clap::Error> {
        let mut command = without_empty_variables(Cli::command());
        let matches = command.try_get_matches_from_mut(std::env::args_os())?;
        Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let is_empty = |name: &std::ffi::OsStr| environment::is_empty(&name.to_string_lossy());
        match argument.get_env().is_some_and(is_empty) {
            true => argument.env(Resettable::Reset),
            false => argument,
        }
    });
    command.mut_subcommands(without_empty_variables)
}

/// The environment, as the help of the commands that talk to servers shows it.
macro_rules! environment_help {
    () => {
        "\n\nEnvironment (an empty variable counts as unset):\n  \
         GH_TOKEN, GITHUB_TOKEN    the token for GitHub's API, and for ghcr.io\n  \
         FLOE_REGISTRY_USER        the user at another registry\n  \
         FLOE_REGISTRY_TOKEN       the token for that registry, which no other server gets\n  \
         FLOE_REGISTRY_HOST        that registry's host [default: the registry of this project's image]\n  \
         HTTPS_PROXY, NO_PROXY     the proxy, and the hosts that are reached without it\n  \
         SSL_CERT_FILE             CA certificates (PEM), instead of the system's (Linux only)"
    };
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Pack built binaries into archives, each with its record
    Package(PackageArgs),
    /// Tell what binaries ask of the machines they run on, and whether strangers' machines have it
    Audit(AuditArgs),
    /// Make one multi-platform OCI image layout from static binaries or docker archives
    Image(ImageArgs),
    /// Show what publish would do now and would be refused for, and change nothing
    Plan(PlanArgs),
    /// Publish a release: everything is staged unseen, then revealed at once
    Publish(PublishArgs),
    /// Check a dist before publishing, or a published release as a stranger
    Verify(VerifyArgs),
    /// Compare a rebuild with what is published, and name what differs
    Reproduce(ReproduceArgs),
    /// Do the whole release of this project on this machine, with no account and no network
    Rehearse(RehearseArgs),
    /// Add the flake, the workflow and the other files of a release to this project
    Init(InitArgs),
    /// List the targets floe knows
    Targets(TargetsArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
}

/// Which Cargo package is released.
#[derive(Debug, Clone, Default, Args)]
pub struct ProjectArgs {
    /// The Cargo.toml of the project [default: the one of this folder]
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// The package of the workspace [default: the only one with a binary]
    #[arg(short, long, value_name = "NAME")]
    pub package: Option<String>,
}

/// Where the sources come from.
#[derive(Debug, Clone, Default, Args)]
pub struct SourceArgs {
    /// The tag that is released; its version must be the package's
    #[arg(long, value_name = "TAG")]
    pub tag: Option<Tag>,
    /// The commit the binaries were built from [default: git's HEAD, if nothing is modified]
    #[arg(long, value_name = "COMMIT")]
    pub commit: Option<Commit>,
    /// The time every file carries, in seconds since 1970 [default: the commit's time, else 1980-01-01]
    #[arg(long, value_name = "SECONDS", env = "SOURCE_DATE_EPOCH", hide_env_values = true)]
    pub epoch: Option<u64>,
}

/// Arguments of `floe package`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    floe package --target x86_64-musl --binary target/x86_64-unknown-linux-musl/release/floe\n  \
    floe package native/ --out dist")]
pub struct PackageArgs {
    /// Folders of binaries, laid out as `<triple>/<binary>`
    #[arg(value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// The target of the binaries given by --binary
    #[arg(long, value_name = "TARGET", requires = "binary")]
    pub target: Option<Target>,
    /// A built binary (may be repeated)
    #[arg(long, value_name = "PATH", requires = "target")]
    pub binary: Vec<PathBuf>,
    /// The folder the archives and records go to
    #[arg(short, long, value_name = "DIST", default_value = "dist")]
    pub out: PathBuf,
    /// Which package
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Which source
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
    /// The target whose rules apply [default: read from the binary]
    #[arg(long, value_name = "TARGET")]
    pub target: Option<Target>,
    /// Print the facts and the verdict as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// Which package, for the rules that it loosens
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// Arguments of `floe image`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    floe image target/x86_64-unknown-linux-musl/release/floe target/aarch64-unknown-linux-musl/release/floe\n  \
    floe image result-amd64.tar.gz result-arm64.tar.gz --out dist/image")]
pub struct ImageArgs {
    /// Static binaries, or docker archives (plain or gzip); one a platform, which is read from the file
    #[arg(value_name = "FILE", required = true)]
    pub inputs: Vec<PathBuf>,
    /// A file of CA certificates (PEM) to put at /etc/ssl/certs/ca-certificates.crt
    #[arg(long, value_name = "FILE")]
    pub ca_certificates: Option<PathBuf>,
    /// The folder of the OCI image layout
    #[arg(short, long, value_name = "LAYOUT", default_value = "dist/image")]
    pub out: PathBuf,
    /// Where the image comes from, for its labels: owner/name [default: GITHUB_REPOSITORY, git, Cargo.toml]
    #[arg(long, value_name = "OWNER/NAME")]
    pub repo: Option<Repo>,
    /// Which package
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Which source
    #[command(flatten)]
    pub source: SourceArgs,
}

/// What a release is and where it goes.
#[derive(Debug, Clone, Args)]
pub struct ReleaseArgs {
    /// The dists: folders of archives and records, one of them with image/
    #[arg(value_name = "DIST")]
    pub dists: Vec<PathBuf>,
    /// A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all]
    #[arg(long = "target", value_name = "TARGET")]
    pub targets: Vec<Target>,
    /// The release has no image
    #[arg(long)]
    pub no_image: bool,
    /// The image's name [default: `ghcr.io/OWNER/NAME`]
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<ImageName>,
    /// A file with the text of the release notes, instead of the changelog or GitHub's
    #[arg(long, value_name = "FILE")]
    pub notes_file: Option<PathBuf>,
    /// Take exactly the release whose SHA256SUMS has this digest, as `floe verify` printed it; nothing is unpacked again
    #[arg(long, value_name = "DIGEST", requires = "dists")]
    pub expect: Option<Digest>,
    /// Which package
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Which source
    #[command(flatten)]
    pub source: SourceArgs,
    /// Where to
    #[command(flatten)]
    pub remote: RemoteArgs,
}

/// The servers a release goes to or comes from.
#[derive(Debug, Clone, Default, Args)]
pub struct RemoteArgs {
    /// The repository [default: GITHUB_REPOSITORY, the git remote, `repository` in Cargo.toml]
    #[arg(long, value_name = "OWNER/NAME")]
    pub repo: Option<Repo>,
    /// GitHub's web address [default: `https://github.com`]
    #[arg(long, value_name = "URL", env = "GITHUB_SERVER_URL", hide_env_values = true)]
    pub server_url: Option<String>,
    /// GitHub's API [default: `https://api.github.com`]
    #[arg(long, value_name = "URL", env = "GITHUB_API_URL", hide_env_values = true)]
    pub api_url: Option<String>,
    /// Where the image's registry is reached [default: https:// and the host of the image's name]
    #[arg(long, value_name = "URL")]
    pub registry_url: Option<String>,
    /// How often a request is tried
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub tries: u32,
    /// The first wait between two tries, in milliseconds; each further one is twice as long [default: 1000]
    #[arg(long, value_name = "MS", hide = true)]
    pub first_wait: Option<u64>,
}

/// Arguments of `floe plan`.
#[derive(Debug, Args)]
#[command(after_help = concat!("Examples:\n  \
    GITHUB_TOKEN=$(gh auth token) floe plan dist --tag v1.4.0\n  \
    floe plan --tag v1.4.0         with no dist: what can be known before anything is built\n\n\
    Everything that could be refused later is checked. All failed checks are reported together, each with a fix; the\n\
    exit code is then 1, or 4 if something else is published under the same name. -v shows the passed checks.", environment_help!()))]
pub struct PlanArgs {
    /// What and where
    #[command(flatten)]
    pub release: ReleaseArgs,
    /// Print the plan as JSON on stdout
    #[arg(long, requires = "dists")]
    pub json: bool,
}

/// Arguments of `floe publish`.
#[derive(Debug, Args)]
#[command(after_help = concat!("Examples:\n  \
    GITHUB_TOKEN=$(gh auth token) floe publish dist --tag v1.4.0\n  \
    floe publish dist --tag v1.4.0 --expect sha256:…    as `floe verify dist` printed it\n\n\
    It prints two lines to stdout: the image by digest, and the address of the release.\n\
    If it fails, run it again: it looks at what is there and does what is missing.\n\
    Ctrl-C finishes the steps under way and stops; a second one stops at once.", environment_help!()))]
pub struct PublishArgs {
    /// What and where
    #[command(flatten)]
    pub release: ReleaseArgs,
    /// Where the receipt is written, after every step
    #[arg(long, value_name = "FILE", default_value = "floe-receipt.json")]
    pub receipt: PathBuf,
    /// Print the receipt as JSON on stdout instead of the two lines
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `floe verify`.
#[derive(Debug, Args)]
#[command(after_help = concat!("Examples:\n  \
    floe verify dist --tag v1.4.0                    prints the digest that `floe publish --expect` takes\n  \
    floe verify --release v1.4.0 --repo acme/tool\n  \
    floe verify --release v1.4.0 --run=--version     runs what was downloaded, too", environment_help!()))]
pub struct VerifyArgs {
    /// The dists to check before publishing
    #[arg(value_name = "DIST", required_unless_present = "release", conflicts_with = "release")]
    pub dists: Vec<PathBuf>,
    /// The published release to check as a stranger, with no token where the repository is public
    #[arg(long, value_name = "TAG")]
    pub release: Option<Tag>,
    /// Keep what was downloaded in this folder
    #[arg(long, value_name = "FOLDER", requires = "release")]
    pub keep: Option<PathBuf>,
    /// Run each downloaded program that is for this machine with this argument, such as --run=--version
    #[arg(long, value_name = "ARGUMENT", requires = "release", allow_hyphen_values = true)]
    pub run: Option<String>,
    /// A target the dist must hold (may be repeated) [default: `targets` in Cargo.toml, else all]
    #[arg(long = "target", value_name = "TARGET", conflicts_with = "release")]
    pub targets: Vec<Target>,
    /// The release has no image
    #[arg(long, conflicts_with = "release")]
    pub no_image: bool,
    /// The image's name, if `floe publish` gets one: the digest of SHA256SUMS depends on it
    #[arg(long, value_name = "IMAGE", conflicts_with = "release")]
    pub image: Option<ImageName>,
    /// Print what was found as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// Which package
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Which source
    #[command(flatten)]
    pub source: SourceArgs,
    /// Where from
    #[command(flatten)]
    pub remote: RemoteArgs,
}

/// Arguments of `floe reproduce`.
#[derive(Debug, Args)]
#[command(after_help = concat!("Examples:\n  \
    floe reproduce v1.4.0 --repo acme/tool --rebuilt dist\n  \
    floe reproduce v1.4.0 --repo acme/tool --rebuilt dist --statement tool-1.4.0.intoto.json\n\n\
    On stdout stands a line for each asset and each part of the image: match, differs, missing, or not claimed.\n\
    Exit code 0: all that is claimed was reproduced; 3: something differs or is missing; 1: it could not be told.", environment_help!()))]
pub struct ReproduceArgs {
    /// The published release
    #[arg(value_name = "TAG")]
    pub tag: Tag,
    /// A dist that was built again from the tag's sources (may be repeated)
    #[arg(long, value_name = "DIST", required = true)]
    pub rebuilt: Vec<PathBuf>,
    /// Write the verdict as an in-toto statement, to be signed and published by whoever rebuilt
    #[arg(long, value_name = "FILE")]
    pub statement: Option<PathBuf>,
    /// Print the comparison as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// Which package, for the repository it is released from
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Where from
    #[command(flatten)]
    pub remote: RemoteArgs,
}

/// Arguments of `floe rehearse`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    floe rehearse                  builds, packs, publishes and verifies, all on this machine\n  \
    floe rehearse --with cargo     builds with Cargo for this machine, whatever else is there\n  \
    floe rehearse --exact          the same, optimised as a release is\n  \
    floe rehearse --keep           publishes the same version again: nothing is left to do\n  \
    floe rehearse --faults 7       lets things go wrong, the same ones for the same number\n  \
    floe rehearse --serve          keeps the two servers up, for trying other clients on them")]
pub struct RehearseArgs {
    /// Rehearse with these dists instead of building
    #[arg(value_name = "DIST")]
    pub dists: Vec<PathBuf>,
    /// Who builds [default: nix if it is installed and the flake gives a `dist`, else cargo for this machine]
    #[arg(long, value_name = "BUILDER", conflicts_with = "dists")]
    pub with: Option<Builder>,
    /// Have Cargo build as for a release: the profile as it is, no paths of this machine [default: quickly, without LTO]
    #[arg(long, conflicts_with = "dists")]
    pub exact: bool,
    /// Keep what the servers hold from the last rehearsal
    #[arg(long)]
    pub keep: bool,
    /// Disturb the publishing by the faults that this number draws, and repeat it until it is done
    #[arg(long, value_name = "SEED")]
    pub faults: Option<u64>,
    /// Keep the two servers up until Ctrl-C, and print their addresses
    #[arg(long)]
    pub serve: bool,
    /// The folder everything is left in [default: target/rehearsal]
    #[arg(short, long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Print the summary as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// Which package
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// Who builds the dist of a rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Builder {
    /// Cargo, for the machine at hand
    Cargo,
    /// Nix, `nix build .#dist` of the project's flake
    Nix,
}

/// Arguments of `floe init`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    floe init                      show what would be written, and ask\n  \
    floe init --yes --target x86_64-musl --target aarch64-macos\n  \
    floe init --check              in CI: report drift, and exit with 3 if there is any\n\n\
    The files are flake.nix, .github/workflows/release.yml, CHANGELOG.md if there is no changelog, and\n\
    the table [package.metadata.floe] in Cargo.toml. All of them are written, or none. A second run\n\
    writes what is missing, and moves the version of floe that the files call.")]
pub struct InitArgs {
    /// Write nothing, and report how files have drifted from floe's templates
    #[arg(long, conflicts_with_all = ["yes", "force", "targets", "pin"])]
    pub check: bool,
    /// Write without asking; required if there is no terminal to ask on
    #[arg(short, long)]
    pub yes: bool,
    /// Replace a flake or workflow of other content, if git has committed it
    #[arg(long)]
    pub force: bool,
    /// A target of the release (may be repeated) [default: all]
    #[arg(long = "target", value_name = "TARGET")]
    pub targets: Vec<Target>,
    /// The commit of this version of floe, which the workflow then calls instead of the tag
    #[arg(long, value_name = "COMMIT")]
    pub pin: Option<Commit>,
    /// Which package
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
