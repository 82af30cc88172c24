//! How long a page of a long run takes on the server, and how soon an event is on every open page. Prints times.
//!
//! The panel has a thread of its own with one runtime, as in `slackwater serve`; pages and the writer of the journal have
//! another each, as other programs would.
//!
//! `cargo bench --package panel --bench live`

#[path = "../tests/common/mod.rs"]
mod common;
#[expect(dead_code, reason = "tests need more of it")]
#[path = "../tests/proof/house.rs"]
mod house;
#[path = "../tests/proof/runs.rs"]
mod runs;

use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use common::plan;
use house::Served;
use http::{Request, StatusCode};
use panel::access::Role;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tower::ServiceExt as _;
use upgrade::{Observation, What};

const EVENTS: usize = 10_000;
const PAGES: usize = 200;

fn main() {
    // `cargo test --benches` only wants to know that it builds and runs.
    let in_earnest = std::env::args().any(|argument| argument == "--bench");
    let (looks, told) = if in_earnest { (51, 100) } else { (1, 2) };
    println!("profile: {}", if cfg!(debug_assertions) { "dev" } else { "release" });
    let served = Served::new();
    let token = served.token(Role::Operator);
    let journal = served.journal();
    runs::begin(&journal, &plan::plan("long"));
    runs::events(&journal, "long", 0, EVENTS);
    page(&served, &token, looks);
    reach(served, &token, told);
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall clock")]
fn now() -> Instant {
    Instant::now()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A run's page, as the router gives it: looked up, told, drawn.
fn page(served: &Served, token: &str, looks: usize) {
    let router = served.router();
    let runtime = runtime();
    for path in ["/runs/long", "/history", "/"] {
        let ask = || {
            let request = Request::get(path)
                .header("host", "127.0.0.1")
                .header("authorization", format!("Bearer {token}"))
                .body(Body::empty())
                .expect("a request");
            let began = now();
            let bytes = runtime.block_on(async {
                let answer = router.clone().oneshot(request).await.expect("infallible");
                assert_eq!(answer.status(), StatusCode::OK);
                to_bytes(answer.into_body(), 1 << 26).await.expect("a body").len()
            });
            (began.elapsed(), bytes)
        };
        let (first, bytes) = ask();
        let times = (0..looks).map(|_| ask().0).collect();
        let [median, _, most] = quantiles(times);
        println!(
            "{path:<12} {EVENTS} events: first {:.1} ms, then median {:.1} ms, most {:.1} ms; {} KiB",
            ms(first),
            ms(median),
            ms(most),
            bytes / 1024
        );
    }
}

/// From before an event is written to the journal until it is on each of the open pages.
fn reach(served: Served, token: &str, told: usize) {
    let (tell_address, address) = mpsc::channel();
    let path = served.journal.clone();
    std::thread::spawn(move || {
        let runtime = runtime();
        runtime.block_on(async {
            let address = served.listen(None).await;
            tell_address.send(address).expect("awaited");
            std::future::pending::<()>().await;
        });
    });
    let address = address.recv().expect("it listens");
    let journal = conductor::SqliteJournal::open(&path).expect("a journal");
    let mut records = runs::count(&journal, "long");

    // Every arrival: how many records that page knows of, and when.
    let (arrived, arrivals) = mpsc::channel::<(usize, Instant)>();
    let token = token.to_owned();
    let known = records;
    std::thread::spawn(move || {
        let runtime = runtime();
        runtime.block_on(async {
            for _ in 0..PAGES {
                tokio::spawn(look_on(address, token.clone(), known, arrived.clone()));
            }
            std::future::pending::<()>().await;
        });
    });
    // Every page is there when it has been told something.
    let mut number = EVENTS;
    write(&journal, &mut records, &mut number);
    for _ in 0..PAGES {
        arrivals.recv_timeout(Duration::from_secs(30)).expect("every page is told");
    }

    let mut times = Vec::new();
    for round in 0..told {
        // Not in step with whoever looks at the journal.
        std::thread::sleep(Duration::from_millis(200 + (round as u64 * 37) % 101));
        let began = now();
        write(&journal, &mut records, &mut number);
        for _ in 0..PAGES {
            let (told, at) = arrivals.recv_timeout(Duration::from_secs(30)).expect("every page is told");
            assert_eq!(told, records, "nothing is lost and nothing told twice");
            times.push(at.duration_since(began));
        }
    }
    let [median, p95, most] = quantiles(times);
    println!(
        "an event on {PAGES} open pages, {told} times: median {:.0} ms, p95 {:.0} ms, most {:.0} ms",
        ms(median),
        ms(p95),
        ms(most)
    );
}

fn write(journal: &conductor::SqliteJournal, records: &mut usize, number: &mut usize) {
    let at = runs::BEGAN + 1000 * *number as u64;
    let seen = What::Observed(Observation::StackEvents {
        events: vec![runs::event(*number)],
        worker_groups: Vec::new(),
    });
    runs::write(journal, "long", *records, at, seen);
    *number += 1;
    *records += 1;
}

/// A browser's part: opens the stream, says of each message how far it tells.
async fn look_on(address: SocketAddr, token: String, known: usize, arrived: mpsc::Sender<(usize, Instant)>) {
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
    let request = format!(
        "GET /runs/long/stream?after={known}-free HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut lines = BufReader::new(stream).split(b'\n');
    let (mut told, mut last) = (None, known);
    while let Some(line) = lines.next_segment().await.expect("readable") {
        if let Some(id) = line.strip_prefix(b"id: ") {
            told = String::from_utf8_lossy(id).split('-').next().and_then(|told| told.parse().ok());
        }
        // An empty line ends a message.
        if line.is_empty()
            && let Some(told) = told.take()
            // The timeline is told by itself, of what the page knows already.
            && std::mem::replace(&mut last, told) != told
        {
            arrived.send((told, now())).expect("awaited");
        }
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Median, 95th percentile, most.
fn quantiles(mut times: Vec<Duration>) -> [Duration; 3] {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    [at(50), at(95), at(100)]
}
