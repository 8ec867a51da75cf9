//! A server with scripted answers, which may be endless. It implements just enough of HTTP/1.1 and keeps no
//! connection open.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// An answer.
pub enum Answer {
    /// A status, further header lines, a body.
    Whole(u16, String, String),
    /// The same, with the body repeated until the client disconnects.
    Endless(u16, String, &'static str),
}

/// More than any reader may take of an endless answer, in bytes.
const ENOUGH: usize = 3 << 30;

/// A server on this machine.
pub struct Server {
    /// Its address.
    pub url: String,
    /// The heads of the requests it got.
    pub seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request by its method and path; `url` is the server's own address.
    pub fn new(answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let (answer, heads, own) = (Arc::new(answer), Arc::clone(&seen), url.clone());
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, heads, own) = (Arc::clone(&answer), Arc::clone(&heads), own.clone());
                std::thread::spawn(move || {
                    // A client that has read enough disconnects, as it should.
                    let _ = exchange(stream, &heads, |request| answer(request, &own));
                });
            }
        });
        Server { url, seen }
    }

    /// Whether any request carried this.
    pub fn saw(&self, words: &str) -> bool {
        self.seen.lock().unwrap().iter().any(|head| head.contains(words))
    }
}

fn exchange(
    stream: TcpStream,
    heads: &Mutex<Vec<String>>,
    answer: impl Fn(&str) -> Answer,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while reader.read_line(&mut head)? > 2 {}
    let request = head.split(" HTTP/").next().unwrap_or_default().to_owned();
    heads.lock().unwrap().push(head.to_lowercase());
    let mut stream = stream;
    match answer(&request) {
        Answer::Whole(status, headers, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
            )
        }
        Answer::Endless(status, headers, body) => {
            write!(stream, "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}\r\n")?;
            let piece = body.repeat(1 + (64 << 10) / body.len());
            (0..ENOUGH / piece.len()).try_for_each(|_| stream.write_all(piece.as_bytes()))
        }
    }
}
