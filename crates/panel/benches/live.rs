//! How long pages take on the server, a long run's and an overview of fifty deployments among them, and how soon what happened is
//! on every page that waits. Prints times, and beside each what is to be reached.
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
use upgrade::{Observation, Plan, What};

const EVENTS: usize = 10_000;
const PAGES: usize = 200;
const DEPLOYMENTS: usize = 50;

/// What is to be reached: the overview, and a change on 95 of 100 pages that wait.
const OVERVIEW_MS: f64 = 150.0;
const CHANGE_MS: f64 = 1000.0;

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
    for path in ["/runs/long", "/runs/long?show=failed&find=resource", "/runs/long/timeline", "/history"] {
        let [median, _, most, first, bytes] = page(&served, &token, path, looks);
        println!(
            "{path}, {EVENTS} events: first {first:.1} ms, then median {median:.1} ms, most {most:.1} ms; {bytes:.0} KiB"
        );
    }
    overview(looks);
    reach(served, &token, told, &EVENT);
    reach_overview(told);
}

/// Every deployment has a run of its own, and has been looked at.
fn overview(looks: usize) {
    let served = many();
    let token = served.token(Role::Operator);
    let [median, p95, most, first, bytes] = page(&served, &token, "/", looks);
    println!(
        "Overview of {DEPLOYMENTS} deployments: first {first:.1} ms, then median {median:.1} ms, p95 {p95:.1} ms, most {most:.1} ms; \
         {bytes:.0} KiB (to be reached: {OVERVIEW_MS:.0} ms at p95: {})",
        reached(p95, OVERVIEW_MS)
    );
}

fn many() -> Served {
    let served = Served::of(DEPLOYMENTS);
    let journal = served.journal();
    for number in 1..=DEPLOYMENTS {
        let deployment = common::house::House::name(number);
        runs::begin(&journal, &Plan { deployment, ..plan::plan(&format!("of-{number}")) });
    }
    served
}

/// Overview, of fifty deployments: a run begins on one of them.
fn reach_overview(told: usize) {
    let served = many();
    let token = served.token(Role::Operator);
    reach(served, &token, told, &OVERVIEW);
}

fn reached(figure: f64, wanted: f64) -> &'static str {
    if figure <= wanted { "it is" } else { "IT IS NOT" }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall clock")]
fn now() -> Instant {
    Instant::now()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A page, as the router gives it: looked up, told, drawn. Median, 95th percentile, most, the first, all in milliseconds; KiB.
fn page(served: &Served, token: &str, path: &str, looks: usize) -> [f64; 5] {
    let router = served.router();
    let runtime = runtime();
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
    let [median, p95, most] = quantiles((0..looks).map(|_| ask().0).collect());
    [ms(median), ms(p95), ms(most), ms(first), bytes as f64 / 1024.0]
}

/// A page that waits, and something that it is to show.
struct Waits {
    name: &'static str,
    stream: fn(usize) -> String,
    /// Let the next thing happen; it is the so manieth.
    happen: fn(&conductor::SqliteJournal, usize),
    /// What a message tells of; what was told last is no news.
    news: fn(&str) -> Option<&str>,
}

/// The page of a run of many events: another event.
const EVENT: Waits = Waits {
    name: "an event on a run's page",
    stream: |records| format!("/runs/long/stream?after={records}-free"),
    happen: |journal, number| {
        let number = EVENTS + number;
        let at = runs::BEGAN + 1000 * number as u64;
        let seen = What::Observed(Observation::StackEvents {
            events: vec![runs::event(number)],
            worker_groups: Vec::new(),
        });
        runs::write(journal, "long", runs::count(journal, "long"), at, seen);
    },
    // The timeline is told by itself, of what the page knows already.
    news: |message| (!message.contains("\"lines\":\"\"")).then_some(message),
};

/// Overview: a run begins.
const OVERVIEW: Waits = Waits {
    name: "a run's beginning on Overview of 50 deployments",
    stream: |_| "/overview/stream?shown=none-0".to_owned(),
    happen: |journal, number| {
        runs::begin(journal, &plan::plan(&format!("begins-{number}")));
    },
    // The cards come anew whenever one of them has changed, with earlier runs among them: the last that began is the news.
    news: |message| {
        let runs = message.split("begins-").skip(1);
        let numbers = runs.filter_map(|run| run.split(|one: char| !one.is_ascii_digit()).next());
        numbers.max_by_key(|number| number.parse::<usize>().ok())
    },
};

/// From before something is written to the journal until it is on each of the open pages.
fn reach(served: Served, token: &str, told: usize, waits: &Waits) {
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

    let (arrived, arrivals) = mpsc::channel::<Instant>();
    let (token, news) = (token.to_owned(), waits.news);
    let stream = (waits.stream)(if waits.name == EVENT.name { runs::count(&journal, "long") } else { 0 });
    std::thread::spawn(move || {
        let runtime = runtime();
        runtime.block_on(async {
            for _ in 0..PAGES {
                tokio::spawn(look_on(address, stream.clone(), token.clone(), news, arrived.clone()));
            }
            std::future::pending::<()>().await;
        });
    });
    // Every page is there when it has been told something.
    (waits.happen)(&journal, 0);
    for _ in 0..PAGES {
        arrivals.recv_timeout(Duration::from_secs(30)).expect("every page is told");
    }

    let mut times = Vec::new();
    for round in 1..=told {
        // Not in step with whoever looks at the journal.
        std::thread::sleep(Duration::from_millis(200 + (round as u64 * 37) % 101));
        let began = now();
        (waits.happen)(&journal, round);
        for _ in 0..PAGES {
            let at = arrivals.recv_timeout(Duration::from_secs(30)).expect("nothing is lost");
            times.push(at.duration_since(began));
        }
        assert!(arrivals.try_recv().is_err(), "and nothing told twice");
    }
    let [median, p95, most] = quantiles(times);
    println!(
        "{} open {PAGES} times, {told} times: median {:.0} ms, p95 {:.0} ms, most {:.0} ms (to be reached: {CHANGE_MS:.0} ms at p95: {})",
        waits.name,
        ms(median),
        ms(p95),
        ms(most),
        reached(ms(p95), CHANGE_MS)
    );
}

/// A browser's part: opens the stream, says when each message with news has come.
async fn look_on(
    address: SocketAddr,
    path: String,
    token: String,
    news: fn(&str) -> Option<&str>,
    arrived: mpsc::Sender<Instant>,
) {
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut lines = BufReader::new(stream).split(b'\n');
    let mut last = String::new();
    while let Some(line) = lines.next_segment().await.expect("readable") {
        let line = String::from_utf8_lossy(&line);
        if let Some(told) = line.strip_prefix("data: ").and_then(news).filter(|told| *told != last) {
            last = told.to_owned();
            arrived.send(now()).expect("awaited");
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
