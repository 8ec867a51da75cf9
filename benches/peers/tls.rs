//! Certificates for the servers of a run: an authority of its own, made by `openssl`, and one certificate for this machine.
//!
//! Every client gets the system's certificates and this authority in one file, `SSL_CERT_FILE`, so that each of them
//! loads as many as it would anywhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where systems keep the certificates they trust; the first that is there is taken.
const BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The files of a run's certificates.
#[derive(Clone)]
pub struct Certificates {
    /// The folder they are in.
    folder: PathBuf,
}

impl Certificates {
    /// Makes them in a folder.
    ///
    /// # Errors
    /// There is no `openssl`, or it cannot do it.
    pub fn make(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let own = Certificates { folder: folder.to_owned() };
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
        let authority = ["-x509", "-subj", "/CN=floe benches", "-keyout", "ca.key", "-out", "ca.pem"];
        own.openssl(["req"].iter().chain(&key).chain(&authority))?;
        let request = ["-subj", "/CN=127.0.0.1", "-keyout", "key.pem", "-out", "request.pem"];
        own.openssl(["req"].iter().chain(&key[..5]).chain(&request))?;
        fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n")?;
        let sign =
            ["x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
        own.openssl(sign.iter().chain(&["-days", "2", "-extfile", "names", "-out", "cert.pem"]))?;
        let system = BUNDLES.iter().find_map(|path| fs::read(path).ok()).unwrap_or_default();
        fs::write(own.trusted(), [system, fs::read(own.authority())?].concat())?;
        Ok(own)
    }

    /// Certificates that were made before.
    pub fn at(folder: &Path) -> Self {
        Certificates { folder: folder.to_owned() }
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The roots that a client trusts: the system's authorities and this run's.
    pub fn trusted(&self) -> PathBuf {
        self.folder.join("trusted.pem")
    }

    /// This run's authority alone.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The servers' certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("cert.pem")
    }

    /// The servers' key.
    pub fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    /// A TLS server that speaks HTTP/2 to whoever asks for it, and HTTP/1.1 to everybody else.
    ///
    /// # Errors
    /// The files are not there.
    pub fn server(&self) -> anyhow::Result<Arc<ServerConfig>> {
        let chain = CertificateDer::pem_file_iter(self.certificate())?.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(self.key())?;
        let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn openssl<'a>(&self, arguments: impl Iterator<Item = &'a &'a str>) -> anyhow::Result<()> {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        let output = command.output().context("failed to run `openssl`, which makes the certificates")?;
        ensure!(output.status.success(), "`openssl` failed: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}
