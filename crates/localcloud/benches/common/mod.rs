//! What the benchmarks share: vendors' releases, a cloud on a socket, a client that costs next to nothing, and the
//! writing of figures.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use localcloud::{Clock, LocalCloud};
use serde_json::Value;

#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/common/mod.rs"]
pub mod signing;

use signing::Signing;

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Whether figures are wanted. `cargo test --benches` only wants to know that everything runs.
pub fn measures() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// A release of Code Ocean VPC beside the checkout; `None`, said loudly, where it is absent.
pub fn code_ocean(version: &str) -> Option<String> {
    let path = folder().join(format!("templates/code-ocean/{version}.yaml"));
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) => {
            println!("LEFT OUT: {}: {error}", path.display());
            None
        }
    }
}

/// The parameters without a default of that release.
pub fn code_ocean_parameters() -> Value {
    let text =
        std::fs::read_to_string(folder().join("templates/code-ocean/parameters.json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared")
}

/// Do some work, and take its time.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall clock")]
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = work();
    (done, began.elapsed())
}

/// The middle one.
pub fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort();
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}

/// In milliseconds, for a column.
pub fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// Put a cloud on a free loopback port, served as `slackwater local` does: by one thread. It ends with the process.
pub fn serve(cloud: LocalCloud) -> SocketAddr {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            sender.send(listener.local_addr().expect("an address")).expect("somebody waits");
            localcloud::server::serve(listener, cloud, std::future::pending()).await.expect("served");
        });
    });
    receiver.recv().expect("it listens")
}

/// A connection that is kept.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connect.
    pub fn new(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).expect("connected");
        stream.set_nodelay(true).expect("an option of every socket");
        Client { stream: BufReader::with_capacity(256 * 1024, stream) }
    }

    /// Send a signed request and read its answer: status and body.
    pub fn send(&mut self, request: &[u8]) -> (u16, Vec<u8>) {
        self.stream.get_mut().write_all(request).expect("sent");
        let (mut status, mut length, mut line) = (0, 0, Vec::new());
        loop {
            line.clear();
            self.stream.read_until(b'\n', &mut line).expect("a line");
            let text = String::from_utf8_lossy(&line);
            if text.trim().is_empty() {
                break;
            }
            if let Some(rest) = text.strip_prefix("HTTP/1.1 ") {
                status = rest.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
            } else if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        (status, body)
    }

    /// Send what must be answered with success; gives the body.
    pub fn ok(&mut self, request: &[u8]) -> String {
        let (status, body) = self.send(request);
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!((200..300).contains(&status), "{status}: {body}");
        body
    }
}

/// A Query request, signed now, as it goes over the wire.
pub fn query(service: &'static str, fields: &[(&str, &str)]) -> Vec<u8> {
    let version = match service {
        "cloudformation" => "2010-05-15",
        "autoscaling" => "2011-01-01",
        _ => "2016-11-15",
    };
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .append_pair("Version", version)
        .finish();
    let request =
        Request::post("http://127.0.0.1:4580/").header("content-type", "application/x-www-form-urlencoded");
    signed(service, request.body(Bytes::from(form)).expect("a request"))
}

/// A REST request with a JSON body, signed now.
pub fn json(service: &'static str, path: &str, body: &Value) -> Vec<u8> {
    let request =
        Request::post(format!("http://127.0.0.1:4580{path}")).header("content-type", "application/json");
    signed(service, request.body(Bytes::from(body.to_string())).expect("a request"))
}

/// An object put into S3, signed now.
pub fn put(path: &str, body: &str) -> Vec<u8> {
    let request = Request::put(format!("http://127.0.0.1:4580{path}"));
    signed("s3", request.body(Bytes::from(body.to_owned())).expect("a request"))
}

fn signed(service: &'static str, request: Request<Bytes>) -> Vec<u8> {
    let signing = Signing { at: Clock::system().now(), ..Signing::of(service) };
    let (parts, body) = signing.sign(request).into_parts();
    let mut bytes = format!(
        "{} {} HTTP/1.1\r\nhost: 127.0.0.1:4580\r\ncontent-length: {}\r\n",
        parts.method,
        parts.uri.path_and_query().map_or("/", |path| path.as_str()),
        body.len()
    )
    .into_bytes();
    for (name, value) in &parts.headers {
        bytes.extend_from_slice(format!("{name}: ").as_bytes());
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&body);
    bytes
}
