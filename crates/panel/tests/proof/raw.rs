//! Bytes as they come over a socket: what no well-behaved client sends. Nothing of it becomes a header of ours, a
//! file of ours, or more work than it is worth.

use panel::access::Role;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::plan;
use crate::house::Served;
use crate::runs;

/// What would be seen in an answer if a line break got into one of its headers.
const INJECTED: &str = "x-injected";

/// A request, and what must come of it.
struct Case {
    name: &'static str,
    /// The first line without the version.
    line: String,
    /// Further headers, and the body after an empty line.
    rest: String,
    /// The statuses that will do.
    statuses: &'static [u16],
}

fn case(name: &'static str, line: &str, rest: &str, statuses: &'static [u16]) -> Case {
    Case { name, line: line.to_owned(), rest: rest.to_owned(), statuses }
}

fn form(body: &str) -> String {
    format!(
        "origin: http://127.0.0.1\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn tell(address: std::net::SocketAddr, text: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    // Refused half-way, the rest may find nobody.
    let _refused = stream.write_all(text.as_bytes()).await;
    let mut told = Vec::new();
    let mut some = [0; 65536];
    while let Ok(count @ 1..) = stream.read(&mut some).await {
        told.extend_from_slice(&some[..count]);
    }
    let told = String::from_utf8_lossy(&told).into_owned();
    let (headers, body) = told.split_once("\r\n\r\n").unwrap_or((&told, ""));
    let status = headers.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, headers.to_lowercase(), body.to_owned())
}

#[tokio::test]
async fn nothing_strange_gets_into_a_header_or_out_of_a_folder() {
    let served = Served::new();
    let token = served.token(Role::Admin);
    let journal = served.journal();
    runs::begin(&journal, &plan::plan("one"));
    let address = served.listen(None).await;
    let secret_file = "SQLite format 3";
    let long = "a".repeat(100_000);
    let bearer = format!("authorization: Bearer {token}\r\n");
    let signed_in = |rest: &str| format!("{bearer}{rest}");
    let cases = [
        // Line breaks, written in every way that somebody may undo.
        case("a path", "GET /%0d%0aX-Injected:%20yes", "\r\n", &[404]),
        case("a path to be led back to", "GET /runs/%0d%0aX-Injected:%20yes", "\r\n", &[303]),
        case("a query to be led back to", "GET /history?before=%0d%0aX-Injected:%20yes", "\r\n", &[303]),
        case("where to go", "GET /sign-in?to=/%0d%0aX-Injected:%20yes", "\r\n", &[200]),
        case("where to go, twice encoded", "GET /sign-in?to=/%250d%250aX-Injected:%20yes", "\r\n", &[200]),
        case(
            "a form",
            "POST /sign-in",
            &form("name=a%0d%0aX-Injected:+yes&password=x&to=/%0d%0aX-Injected:+y"),
            &[403],
        ),
        case("a set-up link", "GET /setup/%0d%0aX-Injected:%20yes", "\r\n", &[404, 409]),
        case("a run", "GET /runs/%0d%0aX-Injected:%20yes", &signed_in("\r\n"), &[404]),
        case(
            "a deployment",
            "GET /deployments/lab%0d%0aX-Injected:%20yes/banner",
            &signed_in("\r\n"),
            &[404],
        ),
        case(
            "an act",
            "POST /api/v1/runs/%0d%0aX-Injected:%20yes/stop",
            &signed_in("idempotency-key: 1\r\ncontent-length: 0\r\n\r\n"),
            &[404],
        ),
        case(
            "a mark",
            "GET /runs/none/stream?after=%0d%0aX-Injected:%20yes",
            &signed_in("last-event-id: 1%0d%0aX-Injected: yes\r\n\r\n"),
            &[404],
        ),
        case("a folded header", "GET /sign-in", "x-a: 1\r\n X-Injected: yes\r\n\r\n", &[400]),
        case(
            "a bare line feed",
            "GET /sign-in",
            "cookie: slackwater=1\nX-Injected: yes\r\n\r\n",
            &[200, 400],
        ),
        // Ways out of a folder.
        case("up", "GET /assets/../../../../panel.sqlite", "\r\n", &[404]),
        case("up, encoded", "GET /assets/%2e%2e%2f%2e%2e%2fpanel.sqlite", "\r\n", &[404]),
        case("up, twice encoded", "GET /assets/%252e%252e%252fpanel.sqlite", "\r\n", &[404]),
        case("up, backwards", "GET /assets/..%5c..%5cpanel.sqlite", "\r\n", &[404]),
        case("from the root", "GET //etc/passwd", "\r\n", &[404]),
        case("a null", "GET /assets/panel.css%00.sqlite", "\r\n", &[404]),
        // Too much.
        case("a long path", &format!("GET /{long}"), "\r\n", &[404, 414]),
        case("a long header", "GET /sign-in", &format!("x-long: {}\r\n\r\n", long.repeat(8)), &[431]),
        case("many headers", "GET /sign-in", &format!("{}\r\n", "x-many: 1\r\n".repeat(5000)), &[431]),
        case("a large form", "POST /sign-in", &form(&long), &[413]),
        case(
            "a large chunk",
            "POST /sign-in",
            &format!(
                "origin: http://127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n186a0\r\n{long}\r\n0\r\n\r\n"
            ),
            &[413],
        ),
        case(
            "a promise of much",
            "POST /sign-in",
            "origin: http://127.0.0.1\r\ncontent-length: 99999999999\r\n\r\n",
            &[413],
        ),
        // Two lengths: what one of two servers in a row takes for a body, the other takes for a request.
        case("two lengths", "POST /sign-in", "content-length: 0\r\ncontent-length: 5\r\n\r\nGET /", &[400]),
        case(
            "a length and chunks",
            "POST /sign-in",
            "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            &[400, 403],
        ),
        // Not a browser's.
        case("no such method", "BREW /", "\r\n", &[403, 405]),
        case("a method to trace", "TRACE /sign-in", "\r\n", &[403, 405]),
    ];
    for Case { name, line, rest, statuses } in cases {
        let text = format!("{line} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n{rest}");
        let (status, headers, body) = tell(address, &text).await;
        assert!(statuses.contains(&status), "{name}: {status}\n{headers}\n{body}");
        let injected = headers.lines().any(|header| header.trim_start().starts_with(INJECTED));
        assert!(!injected, "{name}:\n{headers}");
        assert!(!body.contains(secret_file) && !body.contains("root:"), "{name}: {body}");
    }
}

/// A host's name that isn't this machine's is somebody's trick (DNS rebinding), whatever it looks like.
#[tokio::test]
async fn it_answers_to_its_own_name_only() {
    let served = Served::new();
    let address = served.listen(None).await;
    let cases = [
        ("127.0.0.1", 200),
        ("localhost:4590", 200),
        ("[::1]:4590", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:4590", 421),
        ("127.0.0.1@evil.example", 421),
        ("", 421),
    ];
    for (host, wanted) in cases {
        let (status, headers, _) =
            tell(address, &format!("GET /sign-in HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"))
                .await;
        assert_eq!(status, wanted, "{host:?}: {headers}");
    }
    let (status, _, _) = tell(address, "GET /sign-in HTTP/1.0\r\n\r\n").await;
    assert_eq!(status, 421, "no name at all");
}
