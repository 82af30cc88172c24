//! Bad clients over TCP: bodies that are announced, begun and not ended, headers without end, keys that nobody has. Nothing of a
//! body is kept before its request's headers have been looked at, and whoever can sign is answered meanwhile.

#[expect(dead_code, reason = "the cloud made here has a configuration of its own")]
mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{START, Signing, keys, query};
use http::Request;
use localcloud::{AccessKeys, Clock, Config, LocalCloud, Speed, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Nobody announces more than this and is believed.
const HUGE: u64 = 60 * 1024 * 1024;

/// How long an honest client waits for its answer at most, in real time.
const PATIENCE: Duration = Duration::from_secs(10);

fn cloud() -> LocalCloud {
    let config = Config { speed: Speed::Instant, throttling: false, ..Config::default() };
    LocalCloud::in_memory(config, Clock::starting_at(START), keys())
}

async fn serving() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(localcloud::server::serve(listener, cloud(), std::future::pending()));
    address
}

/// What a request's headers are on the wire, whatever they say of the body.
fn head(request: &Request<Bytes>, length: &str) -> String {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut head = format!("{} {path} HTTP/1.1\r\nhost: 127.0.0.1:4566\r\n{length}\r\n", request.method());
    for (name, value) in request.headers() {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().expect("text")));
    }
    head + "\r\n"
}

fn announced(bytes: u64) -> String {
    format!("content-length: {bytes}")
}

fn form(signing: Signing) -> Request<Bytes> {
    signing.sign(query("Action=GetCallerIdentity&Version=2011-06-15"))
}

fn object(signing: Signing) -> Request<Bytes> {
    let request = Request::put("http://127.0.0.1:4566/bucket/key").body(Bytes::from("an object"));
    signing.sign(request.expect("a request"))
}

fn with_keys(service: &'static str, id: &str, secret: &str) -> Signing {
    Signing { keys: AccessKeys::new(id, secret), ..Signing::of(service) }
}

/// What the server says, until it closes the connection or says no more for a while.
async fn answer(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let reading = async {
        let mut some = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut some).await {
            said.extend_from_slice(&some[..count]);
            if said.windows(4).any(|four| four == b"\r\n\r\n") {
                break;
            }
        }
    };
    let _in_time = tokio::time::timeout(PATIENCE, reading).await;
    String::from_utf8_lossy(&said).into_owned()
}

/// An honest client is answered.
async fn is_answered(address: std::net::SocketAddr) -> bool {
    let asking = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request = form(Signing::of("sts"));
        let sent = head(&request, &announced(request.body().len() as u64));
        stream.write_all(sent.as_bytes()).await.ok()?;
        stream.write_all(request.body()).await.ok()?;
        Some(answer(&mut stream).await.starts_with("HTTP/1.1 200"))
    };
    tokio::time::timeout(PATIENCE, asking).await.ok().flatten().unwrap_or(false)
}

/// Refused by the headers alone: not one byte of the body is sent, and the answer comes.
#[tokio::test]
async fn who_is_not_known_is_refused_before_a_byte_of_the_body_is_read() {
    let address = serving().await;
    let skewed = |service| Signing { at: Timestamp(START.0 - 600_000), ..Signing::of(service) };
    let elsewhere = |service| Signing { region: "eu-west-1", ..Signing::of(service) };
    let chunked = "transfer-encoding: chunked".to_owned();
    let cases = [
        ("unsigned", query(""), announced(HUGE), "403"),
        ("unsigned, in chunks", query(""), chunked.clone(), "403"),
        ("an unknown key", form(with_keys("sts", "AKIAOTHER", "x")), announced(HUGE), "403"),
        ("an unknown key, in chunks", form(with_keys("sts", "AKIAOTHER", "x")), chunked.clone(), "403"),
        ("signed long ago", form(skewed("sts")), announced(HUGE), "403"),
        ("for another Region", form(elsewhere("sts")), announced(HUGE), "403"),
        ("an object, a wrong secret", object(with_keys("s3", "AKIATEST", "guessed")), announced(HUGE), "403"),
        ("the same, in chunks", object(with_keys("s3", "AKIATEST", "guessed")), chunked, "403"),
        ("an object, an unknown key", object(with_keys("s3", "AKIAOTHER", "x")), announced(HUGE), "403"),
        (
            "a secret that can't be told yet",
            form(with_keys("sts", "AKIATEST", "guessed")),
            announced(HUGE),
            "413",
        ),
        ("right keys, more than is taken", object(Signing::of("s3")), announced(u64::MAX / 2), "413"),
    ];
    let tried = cases.len();
    for (name, request, length, status) in cases {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.write_all(head(&request, &length).as_bytes()).await.expect("sent");
        let said = answer(&mut stream).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{name}: {said}");
        assert!(is_answered(address).await, "{name}");
    }
    println!("attacks: local cloud, refused by headers alone: {tried} of {tried} held");
}

/// Whoever knows the id of a key, which is no secret, begins bodies of a form and ends none; so does whoever opens connections
/// and says nothing.
#[tokio::test]
async fn unfinished_bodies_hold_no_memory_and_keep_nobody_out() {
    let address = serving().await;
    let guessed = form(with_keys("sts", "AKIATEST", "guessed"));
    let before = resident_bytes();
    let mut held = Vec::new();
    let megabyte = vec![b'a'; 1024 * 1024];
    for _ in 0..40 {
        let Ok(mut stream) = TcpStream::connect(address).await else { continue };
        let _refused = stream.write_all(head(&guessed, &announced(4_000_000)).as_bytes()).await;
        for _ in 0..3 {
            let sending = tokio::time::timeout(Duration::from_secs(1), stream.write_all(&megabyte));
            let _sent_away = sending.await;
        }
        held.push(stream);
    }
    let grown = resident_bytes().saturating_sub(before);
    // 120 MB were sent; 32 MB may be kept, and a process keeps some of what it had.
    assert!(grown < 80 * 1024 * 1024, "{grown} bytes");
    assert!(is_answered(address).await, "beside 40 unfinished bodies");
    for number in 0..300 {
        let Ok(mut stream) = TcpStream::connect(address).await else { continue };
        let begun = match number % 3 {
            0 => head(&guessed, &announced(4_000_000)) + "a",
            1 => "POST / HTTP/1.1\r\nhost: 127.0.0.1".to_owned(),
            _ => String::new(),
        };
        let _refused = stream.write_all(begun.as_bytes()).await;
        held.push(stream);
    }
    assert!(is_answered(address).await, "beside 300 unfinished requests");
    println!(
        "{} MB kept of 120 MB sent by 40 connections, answered beside {}",
        grown / 1024 / 1024,
        held.len()
    );
    println!("attacks: local cloud, unfinished requests: {0} of {0} held", held.len());
}

#[tokio::test]
async fn headers_are_limited_in_number_and_size() {
    let address = serving().await;
    let many: String = (0..100).map(|number| format!("x-{number}: y\r\n")).collect();
    let long = format!("x-long: {}\r\n", "y".repeat(200_000));
    let line = format!("GET /{} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", "y".repeat(200_000));
    let cases = [
        ("many", format!("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n{many}\r\n")),
        ("long", format!("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n{long}\r\n")),
        ("a long path", line),
    ];
    let tried = cases.len();
    for (name, sent) in cases {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        let _refused = stream.write_all(sent.as_bytes()).await;
        let said = answer(&mut stream).await;
        let status = said.split(' ').nth(1).unwrap_or_default();
        assert!(matches!(status, "431" | "414" | ""), "{name}: {said}");
        assert!(is_answered(address).await, "{name}");
    }
    println!("attacks: local cloud, headers without end: {tried} of {tried} held");
}

/// In virtual time: who sends half a body, or half its headers, is waited for for half a minute.
#[tokio::test(start_paused = true)]
async fn what_is_begun_and_not_ended_has_a_deadline() {
    let address = serving().await;
    let cases = [
        ("half a body, its headers verified", head(&object(Signing::of("s3")), &announced(1000)) + "an obj"),
        ("half a form", head(&form(Signing::of("sts")), &announced(1000)) + "Action="),
        ("half its headers", "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\n".to_owned()),
    ];
    let tried = cases.len();
    for (name, sent) in cases {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.write_all(sent.as_bytes()).await.expect("sent");
        let mut said = String::new();
        let ended = tokio::time::timeout(Duration::from_secs(120), stream.read_to_string(&mut said)).await;
        assert!(ended.is_ok(), "{name}");
    }
    println!("attacks: local cloud, begun and not ended: {tried} of {tried} held");
}

/// A cloud whose file was written when the machine's clock was a day ahead goes on from there, and takes what is signed now.
#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_back_does_not_freeze_the_cloud() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cloud.sqlite");
    let day_ahead = Timestamp(START.0 + 86_400_000);
    let config = Config::default();
    let ahead =
        LocalCloud::open(&file, config.clone(), Clock::starting_at(day_ahead), Some(keys())).expect("opened");
    let topic = || Signing::of("sns");
    let create = |signing: Signing| signing.sign(query("Action=CreateTopic&Version=2010-03-31&Name=t"));
    let created = ahead.call(create(Signing { at: day_ahead, ..topic() }));
    assert_eq!(created.status(), 200);
    drop(ahead);
    let back = LocalCloud::open(&file, config, Clock::starting_at(START), Some(keys())).expect("opened");
    let now = || back.inspect(|world| world.now).expect("a sound world");
    let first = now();
    assert!(first >= day_ahead, "time doesn't go back");
    tokio::time::advance(Duration::from_secs(90)).await;
    assert_eq!(now().0, first.0 + 90_000, "time goes on");
    let signed_now = create(Signing { at: Timestamp(START.0 + 90_000), ..topic() });
    assert_eq!(back.call(signed_now).status(), 200, "what is signed by the machine's clock is taken");
    println!("attacks: local cloud, a clock set back: 3 of 3 held");
}

/// What this process has in memory.
fn resident_bytes() -> usize {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    told.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or_default() * 4096
}
