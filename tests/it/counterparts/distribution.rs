//! Debian's `docker-registry`, the CNCF's distribution: a registry that other people wrote, as a process on this machine.
//!
//! It chooses a free port and logs it when it listens, so no test waits for a port.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::{Value, json};

/// The longest that a request may take to be logged.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running registry. It ends with the value; its storage stays.
pub struct Distribution {
    process: Child,
    url: String,
    access_log: Receiver<String>,
}

impl Distribution {
    /// Starts it with its storage and its configuration in `folder`; `auth` is that section of the configuration.
    pub fn start(program: &Path, folder: &Path, auth: Option<&Value>) -> Self {
        let mut configuration = json!({
            "version": 0.1,
            "log": { "level": "info", "formatter": "text" },
            "storage": { "filesystem": { "rootdirectory": folder.join("storage") } },
            "http": { "addr": "127.0.0.1:0" },
        });
        if let Some(auth) = auth {
            configuration["auth"] = auth.clone();
        }
        // JSON is YAML too.
        let file = folder.join("registry.yml");
        std::fs::write(&file, configuration.to_string()).unwrap();
        let mut process = Command::new(program)
            .arg("serve")
            .arg(file)
            .env_clear()
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let access_log = lines_of(process.stdout.take().unwrap());
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let url = announced(&mut log);
        // A full pipe would stop the registry.
        std::thread::spawn(move || log.for_each(drop));
        Distribution { process, url, access_log }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next `count` requests it logs, as `METHOD path status`.
    pub fn requests(&self, count: usize) -> Vec<String> {
        let next = || self.access_log.recv_timeout(PATIENCE).expect("the registry logged fewer requests");
        (0..count).map(|_| request(&next())).collect()
    }

    /// Further requests that it has logged by now.
    pub fn further_requests(&self) -> Vec<String> {
        self.access_log.try_iter().map(|line| request(&line)).collect()
    }
}

impl Drop for Distribution {
    fn drop(&mut self) {
        // It may have ended by itself, which makes a test fail.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address in `msg="listening on 127.0.0.1:36117"`.
fn announced(log: &mut Lines<BufReader<ChildStderr>>) -> String {
    let mut lines = String::new();
    for line in log.map_while(Result::ok) {
        if let Some((_, rest)) = line.split_once("listening on ") {
            return format!("http://{}", rest.split('"').next().unwrap());
        }
        lines.push_str(&line);
        lines.push('\n');
    }
    panic!("the registry did not start:\n{lines}");
}

fn lines_of(output: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        // It ends when the receiver is dropped.
        lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
    });
    receiver
}

/// `METHOD path status` out of a line in Apache's format: `127.0.0.1 - - [time] "GET /v2/ HTTP/1.1" 200 2 "" "agent"`.
fn request(line: &str) -> String {
    let mut quoted = line.split('"').skip(1);
    let (request, rest) = (quoted.next().unwrap(), quoted.next().unwrap());
    let (method, address) = request.split_once(' ').unwrap();
    let path = address.split([' ', '?']).next().unwrap();
    format!("{method} {path} {}", rest.split_whitespace().next().unwrap())
}
