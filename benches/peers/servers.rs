//! The servers that a run sends to, each in a process of its own: Debian's docker-registry, the embedded GitHub and the
//! proxy. They listen on this machine only and end with the value that stands for them.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use floe::rehearse::servers;
use floe::token::Token;
use floe_core::model::notes::NotesSource;
use floe_core::model::{Attestation, Commit, Destination, ImageName, Release, ReleaseParts, Repo, Tag};
use serde_json::{Value, json};

use crate::proxy::{self, Link};
use crate::tls::Certificates;
use crate::{front, material};

/// The token at the embedded GitHub.
pub const TOKEN: &str = "token-of-the-benchmark";
/// The repository that is released to.
pub const REPO: &str = "acme/tool";

/// A process that serves. It is killed with the value.
pub struct Served {
    child: Child,
    /// The folder that goes with it.
    storage: Option<PathBuf>,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself, which somebody will have noticed.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(storage) = &self.storage {
            // The rest is in a folder that goes away at the end anyway.
            let _ = std::fs::remove_dir_all(storage);
        }
    }
}

/// A registry, reached over TLS.
pub struct Registry {
    _process: Served,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Starts Debian's docker-registry with an empty storage in a folder, which goes away with it.
///
/// # Errors
/// It is not there, or does not start.
pub fn registry(storage: &Path, certificates: &Certificates) -> anyhow::Result<Registry> {
    std::fs::create_dir_all(storage)?;
    let configuration = json!({
        "version": 0.1,
        "log": { "level": "info", "formatter": "text", "accesslog": { "disabled": true } },
        "storage": { "filesystem": { "rootdirectory": storage.join("blobs") } },
        "http": {
            "addr": "127.0.0.1:0",
            "tls": { "certificate": certificates.certificate(), "key": certificates.key() },
        },
    });
    // JSON is YAML as well.
    let file = storage.join("registry.yml");
    std::fs::write(&file, configuration.to_string())?;
    let mut child = Command::new("docker-registry")
        .arg("serve")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("failed to start `docker-registry`")?;
    let log = child.stderr.take();
    let process = Served { child, storage: Some(storage.to_owned()) };
    let mut log = BufReader::new(log.context("it has no stderr")?).lines();
    let address = loop {
        let line = log.next().context("`docker-registry` ended at once")??;
        let listening = line.split("listening on ").nth(1).and_then(|rest| rest.split([',', '"']).next());
        if let Some(address) = listening.and_then(|address| address.trim().parse().ok()) {
            break address;
        }
    };
    // It has no other reader, and a full pipe would stop the registry.
    std::thread::spawn(move || log.for_each(drop));
    Ok(Registry { _process: process, address })
}

/// The embedded GitHub.
pub struct Hub {
    _process: Served,
    /// Where it is reached without TLS.
    pub plain: SocketAddr,
    /// Where it is reached with TLS.
    pub secure: SocketAddr,
}

/// Starts the embedded GitHub with an empty storage in a folder, which goes away with it.
///
/// # Errors
/// It does not start.
pub fn hub(storage: &Path, certificates: &Certificates) -> anyhow::Result<Hub> {
    std::fs::create_dir_all(storage)?;
    let arguments = ["--as", "github"].map(std::ffi::OsStr::new);
    let (process, [plain, secure]) = this_program(
        arguments.into_iter().chain([storage.as_os_str(), certificates.folder().as_os_str()]),
        Some(storage),
    )?;
    Ok(Hub { _process: process, plain, secure })
}

/// The proxy in front of a server; without a delay or a limit there is none, and the address is the server's.
pub struct Between {
    _process: Option<Served>,
    /// Where the server is reached through it.
    pub address: SocketAddr,
}

/// Starts a proxy.
///
/// # Errors
/// It does not start.
pub fn between(to: SocketAddr, link: Link) -> anyhow::Result<Between> {
    if link.delay.is_zero() && link.bandwidth.is_none() && link.window.is_none() {
        return Ok(Between { _process: None, address: to });
    }
    let number = |number: Option<u64>| number.unwrap_or_default().to_string();
    let arguments = [
        "--as".to_owned(),
        "proxy".to_owned(),
        to.to_string(),
        link.delay.as_micros().to_string(),
        number(link.bandwidth),
        number(link.window.map(|window| window as u64)),
    ];
    let (process, [address]) = this_program(arguments.iter().map(AsRef::as_ref), None)?;
    Ok(Between { _process: Some(process), address })
}

/// This very program, started again; it says its addresses, one a line.
fn this_program<'a, const N: usize>(
    arguments: impl Iterator<Item = &'a std::ffi::OsStr>,
    storage: Option<&Path>,
) -> anyhow::Result<(Served, [SocketAddr; N])> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to start a server")?;
    let stdout = child.stdout.take();
    let process = Served { child, storage: storage.map(Path::to_owned) };
    let mut lines = BufReader::new(stdout.context("it has no stdout")?).lines();
    let mut addresses = [SocketAddr::from(([127, 0, 0, 1], 0)); N];
    for address in &mut addresses {
        *address = lines.next().context("a server ended at once")??.parse()?;
    }
    Ok((process, addresses))
}

/// The started process for `--as github`.
///
/// # Errors
/// The folder cannot be used or no port can be had.
pub fn serve_github(storage: &Path, certificates: &Path, say: impl Fn(String)) -> anyhow::Result<()> {
    until_stdin_ends(async {
        let release = release(NotesSource::Generated)?;
        let servers = servers::Servers::start(storage, &release, 0, Token::from(TOKEN.to_owned())).await?;
        let tls = Certificates::at(certificates).server()?;
        let secure = front::start(servers.testbed.github.router(), tls).await?;
        say(servers.running[0].addr.to_string());
        say(secure.to_string());
        Ok(servers)
    })
}

/// The started process for `--as proxy`: server, delay in microseconds, bandwidth, window (0: none).
///
/// # Errors
/// The arguments are not that, or no port can be had.
pub fn serve_proxy(arguments: &[String], say: impl Fn(String)) -> anyhow::Result<()> {
    let [to, numbers @ ..] = arguments else { anyhow::bail!("a proxy needs an address") };
    let numbers: Vec<u64> = numbers.iter().map(|number| number.parse()).collect::<Result<_, _>>()?;
    let [delay, bandwidth, window] = numbers[..] else { anyhow::bail!("a proxy needs three numbers") };
    let some = |number: u64| Some(number).filter(|number| *number > 0);
    let window = some(window).map(usize::try_from).transpose()?;
    let link = Link { delay: Duration::from_micros(delay), bandwidth: some(bandwidth), window };
    let to = to.parse()?;
    until_stdin_ends(async {
        say(proxy::start(to, link).await?.to_string());
        Ok(())
    })
}

fn until_stdin_ends<T>(start: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let _served = runtime.block_on(start)?;
    std::io::stdin().lock().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// A release that holds nothing.
///
/// # Errors
/// None that a test of it would not have shown.
pub fn release(notes: NotesSource) -> anyhow::Result<Release> {
    let parse = || {
        let repo: Repo = REPO.parse()?;
        let image: ImageName = format!("ghcr.io/{REPO}").parse()?;
        let page = format!("https://github.com/{REPO}");
        let commit: Commit = material::COMMIT.parse()?;
        Ok(Destination {
            repo,
            page,
            tag: material::TAG.parse::<Tag>()?,
            commit,
            image,
            may_be_latest: true,
            attach: false,
            built_on: None,
        })
    };
    let destination = parse().map_err(|error: String| anyhow::anyhow!(error))?;
    let (archives, files, attestation) = (Vec::new(), Vec::new(), Attestation::default());
    let parts = ReleaseParts { archives, files, image: None, destination, notes, attestation };
    Ok(Release::new(parts, Vec::new(), Vec::new()))
}

/// Sees that GitHub holds one published release with exactly these files, whole.
///
/// # Errors
/// It holds something else, or does not answer.
pub fn check_release(hub: &Hub, files: &[PathBuf], extra: usize) -> anyhow::Result<()> {
    let url = format!("http://{}/repos/{REPO}/releases", hub.plain);
    let answer: Value = serde_json::from_slice(&get(None, &url)?.1)?;
    let releases = answer.as_array().context("GitHub lists no releases")?;
    ensure!(releases.len() == 1, "GitHub has {} releases, not one", releases.len());
    ensure!(releases[0]["draft"] == false, "the release is not published");
    let assets = releases[0]["assets"].as_array().context("the release has no assets")?;
    ensure!(assets.len() == files.len() + extra, "the release has {} assets", assets.len());
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let asset = assets.iter().find(|asset| asset["name"] == *name);
        let asset = asset.with_context(|| format!("the release lacks `{name}`"))?;
        let (digest, size) = material::digest(file)?;
        let whole = asset["state"] == "uploaded" && asset["size"] == size;
        ensure!(whole && asset["digest"] == digest.to_string(), "`{name}` did not arrive whole: {asset}");
    }
    Ok(())
}

/// Sees that a registry gives an image out again: the index by tag and by digest, each manifest, each blob's size.
///
/// # Errors
/// Something is missing or other, or it does not answer.
pub fn check_image(
    registry: &Registry,
    certificates: &Certificates,
    image: &floe_core::model::Image,
) -> anyhow::Result<()> {
    let base = format!("https://{}/v2/{REPO}", registry.address);
    let index = image.index.digest;
    for reference in ["1.4.0".to_owned(), index.to_string()] {
        let (_, body) = get(Some(certificates), &format!("{base}/manifests/{reference}"))?;
        ensure!(floe_core::model::Digest::of(&body) == index, "`{reference}` is another image");
    }
    for manifest in image.manifests() {
        let (_, body) = get(Some(certificates), &format!("{base}/manifests/{}", manifest.digest))?;
        ensure!(
            floe_core::model::Digest::of(&body) == manifest.digest,
            "{} is another manifest",
            manifest.digest
        );
    }
    for blob in image.blobs() {
        let (size, _) = head(certificates, &format!("{base}/blobs/{}", blob.digest))?;
        ensure!(size == blob.size, "{} has {size} bytes in the registry", blob.digest);
    }
    Ok(())
}

type Answer = (u64, Vec<u8>);

fn get(certificates: Option<&Certificates>, url: &str) -> anyhow::Result<Answer> {
    ask(reqwest::Method::GET, certificates, url)
}

fn head(certificates: &Certificates, url: &str) -> anyhow::Result<Answer> {
    ask(reqwest::Method::HEAD, Some(certificates), url)
}

fn ask(method: reqwest::Method, certificates: Option<&Certificates>, url: &str) -> anyhow::Result<Answer> {
    const ACCEPT: &str =
        "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, */*";
    let mut client = reqwest::Client::builder().user_agent("floe-benches");
    if let Some(certificates) = certificates {
        let authority = reqwest::Certificate::from_pem(&std::fs::read(certificates.authority())?)?;
        client = client.tls_certs_only([authority]);
    }
    let request = client.build()?.request(method, url).header("accept", ACCEPT);
    let request = if certificates.is_none() { request.bearer_auth(TOKEN) } else { request };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let response = request.send().await?.error_for_status()?;
        let length =
            response.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
        anyhow::Ok((length.unwrap_or_default(), response.bytes().await?.to_vec()))
    })
}
