//! The arguments of the commands that talk to servers: plan, publish, verify, reproduce.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use floe_core::model::{Digest, ImageName, Repo, Tag, Target};

use super::paths::{self, DIST, DIST_OR_FILE, SPELLING};
use super::{ProjectArgs, SourceArgs};
use crate::attest::Signer;

const CHANNEL_TOKEN: &str =
    "FLOE_CHANNEL_TOKEN      token for taps, buckets and winget's fork; nothing else gets it\n  ";
const CHOCOLATEY_KEY: &str =
    "FLOE_CHOCOLATEY_KEY     API key for the Chocolatey feed; nothing else gets it\n  ";
const ATTEST: &str = "FLOE_ATTEST             required, best-effort or none, as --attest\n  ";

/// The end of a command's help, with the variables that it reads besides those of its options. `more` are those that not
/// every such command reads.
fn with_environment(help: &str, more: &[&str]) -> String {
    format!(
        "{help}\n\nEnvironment (an empty variable counts as unset):\n  \
         GH_TOKEN, GITHUB_TOKEN  token for GitHub's API and ghcr.io\n  \
         FLOE_REGISTRY_USER      user of a registry other than ghcr.io\n  \
         FLOE_REGISTRY_TOKEN     token for that registry; no other server gets it\n  \
         FLOE_REGISTRY_HOST      host of that registry [default: the registry of the project's own image]\n  \
         {}FLOE_TRUSTED_ROOT       trusted roots, as --trusted-root\n  \
         HTTPS_PROXY, NO_PROXY   proxy, and hosts that are reached without it\n  \
         SSL_CERT_FILE           CA certificates (PEM) instead of the system's, on Linux",
        more.concat()
    )
}

/// The release and its destination.
#[derive(Debug, Clone, Args)]
pub struct ReleaseArgs {
    /// Dists: folders of archives and records, one of them with image/
    #[arg(value_name = "DIST", value_parser = paths::folder(DIST))]
    pub dists: Vec<PathBuf>,
    /// A target the release must hold (may be repeated) [default: `targets` in Cargo.toml, else all but the optional ones]
    #[arg(long = "target", value_name = "TARGET")]
    pub targets: Vec<Target>,
    /// The release has no image
    #[arg(long)]
    pub no_image: bool,
    /// The image's name [default: `ghcr.io/OWNER/NAME`; with `tag-prefix`, `ghcr.io/OWNER/NAME/PACKAGE`]
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<ImageName>,
    /// Read the release notes from this file, not from the changelog or GitHub
    #[arg(long, value_name = "FILE", value_parser = paths::file())]
    pub notes_file: Option<PathBuf>,
    /// Publish only if SHA256SUMS has the digest that `floe verify` printed; archives are not unpacked again
    #[arg(long, value_name = "DIGEST", requires = "dists")]
    pub expect: Option<Digest>,
    /// The Sigstore bundle that attests exactly these files; verified before anything is sent
    #[arg(long, value_name = "FILE", requires = "dists", value_parser = paths::file())]
    pub attestation: Option<PathBuf>,
    /// Whether the release must have an attestation
    #[command(flatten)]
    pub attest: AttestArgs,
    /// Who may sign, and by which root
    #[command(flatten)]
    pub trust: TrustArgs,
    /// The package
    #[command(flatten)]
    pub project: ProjectArgs,
    /// The source
    #[command(flatten)]
    pub source: SourceArgs,
    /// The servers
    #[command(flatten)]
    pub remote: RemoteArgs,
}

/// Whether a release must have an attestation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Attest {
    /// The manifest promises it, and nothing is published without it
    Required,
    /// It is published if it is there
    BestEffort,
    /// There is none
    None,
}

/// The promise of an attestation.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct AttestArgs {
    /// Whether the release must have an attestation; this changes SHA256SUMS [default: required with --attestation and for
    /// `floe publish` in GitHub Actions, else none]
    #[arg(long, value_name = "WHEN", env = "FLOE_ATTEST", hide_env = true)]
    pub attest: Option<Attest>,
}

/// Whose signatures count.
#[derive(Debug, Clone, Default, Args)]
pub struct TrustArgs {
    /// The workflow that must have signed [default: floe's release workflow, or one of the project's own repository]
    #[arg(long, value_name = "OWNER/REPO/PATH[@REF]")]
    pub signer: Option<Signer>,
    /// Trusted roots of Sigstore as JSON, instead of the embedded ones
    #[arg(long, value_name = "FILE", env = "FLOE_TRUSTED_ROOT", hide_env = true, value_parser = paths::file())]
    pub trusted_root: Option<PathBuf>,
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
    /// Address of the image's registry [default: https:// and the host of the image's name]
    #[arg(long, value_name = "URL")]
    pub registry_url: Option<String>,
    /// Address of the Chocolatey feed [default: https:// and the feed's host]
    #[arg(long, value_name = "URL")]
    pub feed_url: Option<String>,
    /// Attempts for each request, the first included
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub tries: u32,
    /// The wait before the first retry, in milliseconds; it doubles with each retry [default: 1000]
    #[arg(long, value_name = "MS", hide = true)]
    pub first_wait: Option<u64>,
}

/// Adapts the arguments of a release to `floe assemble`: it sends nothing, so those that only publishing uses are refused.
/// Unlike them, a variable for the trusted roots may be set.
fn for_assembling(arg: clap::Arg) -> clap::Arg {
    match arg.get_id().as_str() {
        "dists" => arg.required(true).value_name("FOLDER").value_parser(paths::folder(SPELLING)).help(
            "Dists, binaries laid out as `<triple>/<binary>`, or folders of outputs, each with dist/ or native/",
        ),
        "expect" => arg.help("Fail unless SHA256SUMS has this digest"),
        "attestation" | "signer" | "registry_url" | "feed_url" | "tries" | "first_wait" => {
            arg.hide(true).conflicts_with("dists")
        }
        "trusted_root" => arg.hide(true),
        _ => arg,
    }
}

/// Arguments of `floe assemble`.
#[derive(Debug, Args)]
#[command(mut_args(for_assembling))]
#[command(after_help = "Examples:\n  \
    floe assemble dist native --out release --tag v1.4.0\n  \
    floe publish release/dist --expect sha256:…    digest printed by `floe assemble`\n\n\
    Writes dist/, whose floe-release.json holds the tag, commit, repository and notes; SHA256SUMS, as it\n\
    will be published; and `subjects`, the list to sign: SHA256SUMS, a line for itself, and one for the\n\
    image. The output of a machine may have a file `runner`, which holds its RUNNER_ENVIRONMENT.")]
pub struct AssembleArgs {
    /// The release
    #[command(flatten)]
    pub release: ReleaseArgs,
    /// Output folder, which must be new or empty
    #[arg(short, long, value_name = "FOLDER", default_value = "release")]
    pub out: PathBuf,
    /// The inputs of the workflow as JSON; the manifest names those that change a build
    #[arg(long, value_name = "JSON")]
    pub inputs: Option<String>,
}

/// Arguments of `floe plan`.
#[derive(Debug, Args)]
#[command(after_help = with_environment("Examples:\n  \
    GITHUB_TOKEN=$(gh auth token) floe plan dist --tag v1.4.0\n  \
    floe plan --tag v1.4.0         without a dist, before anything is built\n\n\
    All failed checks are reported together, each with a fix. The exit code is then 1, or 4 if the\n\
    release conflicts with what the servers hold: the tag, a draft, a release, an image or a channel.\n\
    -v also shows the checks that passed.", &[CHANNEL_TOKEN, CHOCOLATEY_KEY, ATTEST]))]
pub struct PlanArgs {
    /// The release
    #[command(flatten)]
    pub release: ReleaseArgs,
    /// Send only requests that a read-only token allows; drafts and permissions are not checked
    #[arg(long)]
    pub read_only: bool,
    /// Fail unless this workflow run is for the tag and its commit, because signatures name those of the run
    // clap drops what an argument requires if that conflicts with another one, so the others are refused here.
    #[arg(long, conflicts_with_all = ["dists", "json", "expect", "attestation"])]
    pub from_tag: bool,
    /// Print the plan as JSON on stdout
    #[arg(long, requires = "dists")]
    pub json: bool,
}

/// Arguments of `floe publish`.
#[derive(Debug, Args)]
#[command(after_help = with_environment("Examples:\n  \
    GITHUB_TOKEN=$(gh auth token) floe publish dist --tag v1.4.0\n  \
    floe publish dist --tag v1.4.0 --expect sha256:…    digest printed by `floe verify dist`\n  \
    floe publish dist --tag v1.4.0 --attestation bundle.json\n\n\
    Prints two lines to stdout: the image by digest, and the URL of the release.\n\
    After a failure, run the same command again: it checks what is there and does the missing steps.\n\
    Ctrl-C finishes the running steps and stops; a second Ctrl-C stops at once.", &[CHANNEL_TOKEN, CHOCOLATEY_KEY, ATTEST]))]
pub struct PublishArgs {
    /// The release
    #[command(flatten)]
    pub release: ReleaseArgs,
    /// Write the receipt to this file, after every step
    #[arg(long, value_name = "FILE", default_value = floe_core::receipt::FILE)]
    pub receipt: PathBuf,
    /// Print the receipt as JSON on stdout instead of the two lines
    #[arg(long)]
    pub json: bool,
}

/// Adapts the arguments of a release to `floe verify`.
fn for_verifying(arg: clap::Arg) -> clap::Arg {
    match arg.get_id().as_str() {
        "dists" => arg
            .required_unless_present("release")
            .conflicts_with("release")
            .value_parser(paths::existing(None, DIST_OR_FILE))
            .help("Dists to check before publishing, or with --attestation, downloaded files"),
        "targets" => arg.conflicts_with("release").help(
            "A target the dist must hold (may be repeated) [default: `targets` in Cargo.toml, else all but the optional ones]",
        ),
        "no_image" => arg.conflicts_with("release"),
        "image" => arg.help(
            "The image's name, if it is not the default; it changes SHA256SUMS, and a published image must have it",
        ),
        "attestation" => arg
            .conflicts_with_all(["release", "targets", "no_image", "image", "render", "expect"])
            .help("Check, without a network, that this attestation covers the given files"),
        "expect" => arg.help("Fail unless SHA256SUMS has this digest, before any downloaded program is run"),
        "notes_file" => arg.hide(true).conflicts_with_all(["dists", "release"]),
        _ => arg,
    }
}

/// Arguments of `floe verify`.
#[derive(Debug, Args)]
#[command(mut_args(for_verifying))]
#[command(after_help = with_environment("Examples:\n  \
    floe verify dist --tag v1.4.0                  prints the digest for `floe publish --expect`\n  \
    floe verify --release v1.4.0 --repo acme/tool\n  \
    floe verify --release v1.4.0 --run=--version   also runs the downloaded program\n  \
    floe verify tool.tar.gz --attestation SHA256SUMS.sigstore.json --repo acme/tool\n\n\
    The attestation of a release, SHA256SUMS.sigstore.json, is checked offline after the download: who\n\
    signed it, for which repository, tag and commit, and that it covers exactly these files.\n\
    Exit codes: 0 nothing is wrong, 1 something could not be checked, 3 something is wrong.", &[CHANNEL_TOKEN, ATTEST]))]
#[command(override_usage = "floe verify [OPTIONS] <DIST>...\n       \
    floe verify [OPTIONS] --release <TAG>\n       \
    floe verify [OPTIONS] --attestation <FILE> <FILE>...")]
pub struct VerifyArgs {
    /// Write the installers and the files for package managers into the first dist, for review
    #[arg(long, conflicts_with = "release")]
    pub render: bool,
    /// Download and check the published release of this tag, without a token if the repository is public
    #[arg(long, value_name = "TAG", conflicts_with = "tag")]
    pub release: Option<Tag>,
    /// Fail if the release is not signed, or its signature could not be checked
    #[arg(long, conflicts_with = "dists")]
    pub require_attestation: bool,
    /// Keep the downloaded files in this folder, which must be new or empty
    #[arg(long, value_name = "FOLDER", conflicts_with = "dists")]
    pub keep: Option<PathBuf>,
    /// After verifying, run each program for this machine with this argument, such as --run=--version
    #[arg(long, value_name = "ARGUMENT", conflicts_with = "dists", allow_hyphen_values = true)]
    pub run: Option<String>,
    /// Print the result as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// The release
    #[command(flatten)]
    pub common: ReleaseArgs,
}

/// Arguments of `floe reproduce`.
#[derive(Debug, Args)]
#[command(after_help = with_environment("Examples:\n  \
    floe reproduce v1.4.0 --repo acme/tool --rebuilt dist\n  \
    floe reproduce v1.4.0 --repo acme/tool --rebuilt dist --statement tool-1.4.0.intoto.json\n\n\
    Prints a line for each asset and each part of the image: match, differs, missing, not claimed\n\
    (built outside of Nix and not rebuilt), or not covered (added after publishing).\n\
    Exit codes: 0 all that is claimed was reproduced, 3 something differs or is missing, 1 a server\n\
    did not answer or the release is not published.", &[]))]
pub struct ReproduceArgs {
    /// The published release
    pub tag: Tag,
    /// A dist rebuilt from the tag's sources (may be repeated)
    #[arg(long, value_name = "DIST", required = true, value_parser = paths::folder(DIST))]
    pub rebuilt: Vec<PathBuf>,
    /// Write the result as an in-toto statement, ready to be signed
    #[arg(long, value_name = "FILE")]
    pub statement: Option<PathBuf>,
    /// The image's name; needed if the image does not belong to the repository's owner
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<ImageName>,
    /// Print the comparison as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// Who may have signed the published release, and by which root
    #[command(flatten)]
    pub trust: TrustArgs,
    /// The package
    #[command(flatten)]
    pub project: ProjectArgs,
    /// The servers
    #[command(flatten)]
    pub remote: RemoteArgs,
}
