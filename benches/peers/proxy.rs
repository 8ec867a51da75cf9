//! A network in between: a TCP proxy that delays what passes by a fixed time each way, as a long cable would.
//!
//! A new connection costs one round trip more, as a handshake does. If asked, all connections share a bandwidth, and each
//! may have only so many bytes under way. The delay is a queue of pieces with the time each may leave, so it caps no
//! throughput. It looks into nothing.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, sleep_until};

/// So much is read at once, in bytes, if there is as much.
const PIECE: usize = 128 << 10;
/// So many bytes are under way in one direction of a connection where nothing else is asked: memory is not endless.
const UNDER_WAY: usize = 64 << 20;

/// By how much a timer may be late without a loss of bandwidth.
const LATE: Duration = Duration::from_millis(10);

/// The network between client and server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Link {
    /// How long a byte is under way, each way.
    pub delay: Duration,
    /// How many bytes a second pass in each direction, all connections together; unlimited if absent.
    pub bandwidth: Option<u64>,
    /// How many bytes a connection may have under way before the other side's word of them is back.
    pub window: Option<usize>,
}

/// Starts to accept connections, each of which is led to `to`. It runs until the process ends.
///
/// # Errors
/// No port can be had.
pub async fn start(to: SocketAddr, link: Link) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let lanes = [Lane::new(link), Lane::new(link)];
    tokio::spawn(async move {
        // A connection that broke before it was accepted is of no interest.
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(connection(client, to, link, lanes.clone()));
        }
    });
    Ok(address)
}

async fn connection(client: TcpStream, to: SocketAddr, link: Link, [up, down]: [Lane; 2]) {
    // The handshake: the client believes that it is connected, but what it says leaves a round trip later.
    let handshake = sleep(2 * link.delay);
    let Ok(server) = TcpStream::connect(to).await else { return };
    // Small messages must not wait for acknowledgements on top of the delay; where that fails it is only slow.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    handshake.await;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(pump(from_client, to_server, link, up), pump(from_server, to_client, link, down));
}

/// A piece and the time at which it may arrive.
type Sent = (Instant, Bytes);

/// Moves bytes one way until they end or one side is gone.
async fn pump<R, W>(mut from: R, mut to: W, link: Link, lane: Lane)
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let window = link.window.unwrap_or(UNDER_WAY);
    let room = Arc::new(Semaphore::new(window));
    let (queue, mut arrivals) = mpsc::unbounded_channel::<Sent>();
    let taken = Arc::clone(&room);
    let writer = tokio::spawn(async move {
        while let Some((at, piece)) = arrivals.recv().await {
            sleep_until(at.into()).await;
            if to.write_all(&piece).await.is_err() {
                break;
            }
            give_back(&taken, piece.len(), link);
        }
        // The other side may be gone already.
        let _ = to.shutdown().await;
        // The reader must not wait for room that nobody gives back any more.
        taken.close();
    });
    let mut buffer = BytesMut::new();
    loop {
        let Ok(first) = room.acquire().await else { break };
        first.forget();
        buffer.reserve(PIECE);
        let most = PIECE.min(room.available_permits() + 1);
        let read = match (&mut from).take(most as u64).read_buf(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        // This task alone takes from it, so the length is still right.
        if let Ok(rest) = room.acquire_many(u32::try_from(read - 1).unwrap_or(u32::MAX)).await {
            rest.forget();
        }
        let left = lane.pass(read).await;
        if queue.send((left + link.delay, buffer.split().freeze())).is_err() {
            break;
        }
    }
    drop(queue);
    // It only fails by panicking, which has been reported by then.
    let _ = writer.await;
}

/// Lets the reader take as many bytes again. Where there is a window, its sender learns of the arrival a delay later.
fn give_back(room: &Arc<Semaphore>, bytes: usize, link: Link) {
    if link.window.is_none() {
        return room.add_permits(bytes);
    }
    let room = Arc::clone(room);
    tokio::spawn(async move {
        sleep(link.delay).await;
        room.add_permits(bytes);
    });
}

/// One direction of the link, which all connections share.
#[derive(Clone)]
struct Lane {
    bandwidth: Option<u64>,
    free: Arc<Mutex<Instant>>,
}

impl Lane {
    fn new(link: Link) -> Self {
        Lane { bandwidth: link.bandwidth, free: Arc::new(Mutex::new(Instant::now())) }
    }

    /// Waits until the lane has taken so many bytes, and tells when that was.
    async fn pass(&self, bytes: usize) -> Instant {
        let Some(bandwidth) = self.bandwidth else { return Instant::now() };
        let takes = Duration::from_secs_f64(bytes as f64 / bandwidth as f64);
        let left = {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            // Timers are late by a millisecond or so; what was lost by that is made up for.
            let earliest = Instant::now().checked_sub(LATE).unwrap_or(*free);
            *free = (*free).max(earliest) + takes;
            *free
        };
        sleep_until(left.into()).await;
        left
    }
}

/// How far the delay may be off before the proxy counts as broken.
const TOLERANCE: Duration = Duration::from_millis(5);

/// Measures the proxy itself against a server that says back what it hears.
///
/// # Errors
/// The delay is not what was asked for. The best of several tries counts, because a busy machine only makes it longer.
pub fn check(bench: &crate::Bench) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let server = echo().await?;
        let delay = Duration::from_millis(25);
        let far = start(server, Link { delay, ..Link::default() }).await?;
        let (mut first, mut second) = (Duration::MAX, Duration::MAX);
        for _ in 0..9 {
            let began = Instant::now();
            let mut stream = TcpStream::connect(far).await?;
            said_back(&mut stream).await?;
            first = first.min(began.elapsed());
            let began = Instant::now();
            said_back(&mut stream).await?;
            second = second.min(began.elapsed());
        }
        for (what, took, wanted) in
            [("a message", second, 2 * delay), ("the first message", first, 4 * delay)]
        {
            bench.report.step(
                "Checked",
                format!("the proxy: {what} and its echo take {took:.1?}, meant are {wanted:?}"),
            );
            let off = took.abs_diff(wanted);
            anyhow::ensure!(
                off <= TOLERANCE,
                "the proxy is off by {off:.1?}; nothing measured through it is true"
            );
        }
        let bytes = if bench.quick { 64 << 20 } else { 512 << 20 };
        let near = start(server, Link::default()).await?;
        let narrow = start(server, Link { bandwidth: Some(100_000_000), ..Link::default() }).await?;
        let rates = [
            ("without it", rate(server, bytes).await?),
            ("through it", rate(near, bytes).await?),
            ("through it with 25 ms each way", rate(far, bytes).await?),
            ("through it with 100 MB/s", rate(narrow, bytes / 8).await?),
        ];
        for (what, rate) in rates {
            bench
                .report
                .step("Checked", format!("one connection {what}: {:.0} MB/s there and back", rate / 1e6));
        }
        anyhow::Ok(())
    })
}

async fn echo() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.set_nodelay(true);
                let (mut from, mut to) = stream.split();
                // It ends with the connection.
                let _ = tokio::io::copy(&mut from, &mut to).await;
                let _ = to.shutdown().await;
            });
        }
    });
    Ok(address)
}

async fn said_back(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"a").await?;
    stream.read_exact(&mut [0]).await?;
    Ok(())
}

/// How many bytes a second pass there and back.
async fn rate(address: SocketAddr, bytes: u64) -> std::io::Result<f64> {
    let began = Instant::now();
    let (mut from, mut to) = TcpStream::connect(address).await?.into_split();
    let sender = tokio::spawn(async move {
        // Bytes that do not get through are missed below.
        let _ = tokio::io::copy(&mut tokio::io::repeat(7).take(bytes), &mut to).await;
        let _ = to.shutdown().await;
    });
    let mut buffer = vec![0; PIECE];
    let mut back = 0;
    loop {
        match from.read(&mut buffer).await? {
            0 => break,
            read => back += read as u64,
        }
    }
    // It has ended, for everything is back.
    let _ = sender.await;
    if back != bytes {
        return Err(std::io::Error::other(format!("{back} of {bytes} bytes came back")));
    }
    Ok(bytes as f64 / began.elapsed().as_secs_f64())
}
