//! A run's live stream: whoever comes late, or comes back, is told everything once.

use std::net::SocketAddr;

use conductor::Clock;
use panel::access::{Access, Role};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::common::plan;
use crate::house::Served;
use crate::runs;

/// An open stream.
struct Stream {
    lines: tokio::io::Lines<BufReader<TcpStream>>,
}

/// A message: its id, and what it tells.
struct Message {
    id: String,
    data: serde_json::Value,
}

impl Message {
    /// The numbers of its lines, in the order that they are shown in: newest first.
    fn numbers(&self) -> Vec<usize> {
        let html = self.data["lines"].as_str().expect("lines");
        let after = html.split("data-n=\"").skip(1);
        after.map(|rest| rest.split('"').next().and_then(|n| n.parse().ok()).expect("a number")).collect()
    }
    fn region(&self, name: &str) -> Option<&str> {
        self.data["regions"][name].as_str()
    }
}

impl Stream {
    async fn open(address: SocketAddr, token: &str, after: &str, last: Option<&str>) -> Stream {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let last = last.map_or(String::new(), |last| format!("last-event-id: {last}\r\n"));
        let request = format!(
            "GET /runs/one/stream?after={after} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n{last}\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        Stream { lines: BufReader::new(stream).lines() }
    }

    /// The next message that tells of something that has happened.
    async fn next(&mut self) -> Message {
        loop {
            let message = self.any().await;
            if !message.numbers().is_empty() {
                return message;
            }
        }
    }

    /// Whether it ends, and not another message comes.
    async fn ended(&mut self) -> bool {
        loop {
            match self.lines.next_line().await.expect("readable") {
                None => return true,
                Some(line) if line.starts_with("data: ") => return false,
                // A chunk's length, an empty line, a sign of life.
                Some(_) => {}
            }
        }
    }

    async fn any(&mut self) -> Message {
        let (mut id, mut data) = (None, None);
        while let Some(line) = self.lines.next_line().await.expect("readable") {
            if let Some(text) = line.strip_prefix("id: ") {
                id = Some(text.to_owned());
            }
            if let Some(text) = line.strip_prefix("data: ") {
                data = Some(serde_json::from_str(text).expect("JSON"));
            }
            if let (true, Some(id), Some(data)) = (line.is_empty(), &id, &data) {
                return Message { id: id.clone(), data: serde_json::Value::clone(data) };
            }
        }
        panic!("the stream has ended");
    }
}

#[tokio::test]
async fn whoever_comes_back_is_told_everything_once() {
    let served = Served::new();
    let token = served.token(Role::Operator);
    let journal = served.journal();
    runs::begin(&journal, &plan::plan("one"));
    runs::events(&journal, "one", 0, 5);
    let address = served.listen(None).await;
    // A page that knows nothing; one that knows the first record; one that comes back; one whose proxy made
    // something up.
    let mut fresh = Stream::open(address, &token, "", None).await;
    let mut second = Stream::open(address, &token, "1-free", None).await;
    let told = fresh.next().await;
    assert_eq!((told.numbers(), told.id.as_str()), (vec![5, 4, 3, 2, 1, 0], "2-free"));
    assert_eq!(second.next().await.numbers(), [5, 4, 3, 2, 1]);
    for number in 5..9 {
        runs::events(&journal, "one", number, 1);
        for stream in [&mut fresh, &mut second] {
            let told = stream.next().await;
            assert_eq!(told.numbers(), [number + 1]);
            assert_eq!(told.id, format!("{}-free", number - 2));
        }
    }
    let mut back = Stream::open(address, &token, "1-free", Some("4-free")).await;
    assert_eq!(back.next().await.numbers(), [9, 8], "its last id counts, and not its address");
    let mut nonsense = Stream::open(address, &token, "1-free", Some("4; drop")).await;
    assert_eq!(nonsense.next().await.numbers().len(), 9, "its address counts where its last id is none");
}

/// The timeline follows by itself, and parts that are as they were are not sent again.
#[tokio::test]
async fn parts_are_sent_when_they_change() {
    let served = Served::new();
    let token = served.token(Role::Viewer);
    let journal = served.journal();
    runs::begin(&journal, &plan::plan("one"));
    let address = served.listen(None).await;
    let mut stream = Stream::open(address, &token, "", None).await;
    let first = stream.next().await;
    for name in ["standing", "decide", "steps", "stopped"] {
        assert!(first.region(name).is_some(), "{name}");
    }
    assert!(!first.region("decide").expect("told").contains("<form"), "a viewer decides nothing");
    runs::events(&journal, "one", 0, 3);
    let second = stream.next().await;
    assert_eq!(second.numbers(), [3, 2, 1]);
    assert!(second.region("stopped").is_none() && second.region("decide").is_none(), "{}", second.data);
    let picture = stream.any().await;
    assert!(picture.numbers().is_empty() && picture.id == second.id, "{}", picture.data);
    assert!(picture.region("timeline").is_some_and(|html| html.contains("Resource002")), "{}", picture.data);
}

/// A page that is live shows nothing more to whoever may no longer look, however they were shut out.
#[tokio::test]
async fn whoever_is_shut_out_is_told_nothing_more() {
    type ShutOut = fn(&Access, &str);
    let now = || Clock::system().now();
    let cases: [(&str, ShutOut); 6] = [
        ("shut out", |access, name| access.change_person(name, Role::Operator, true).expect("there")),
        ("another role", |access, name| access.change_person(name, Role::Viewer, false).expect("there")),
        ("a reset", |access, name| {
            access.reset_password(name, "hash", Clock::system().now()).expect("there")
        }),
        ("another password", |access, name| access.change_password(name, "hash").expect("there")),
        ("a revoked token", |access, _| {
            for token in access.tokens().expect("readable") {
                access.revoke_token(token.id).expect("there");
            }
        }),
        ("nothing", |_, _| {}),
    ];
    for (case, shut_out) in cases {
        let served = Served::new();
        let access = Access::open(&served.access).expect("SQLite");
        access.add_person("ada", Role::Admin, "hash", now()).expect("new");
        let token = served.token(Role::Operator);
        let journal = served.journal();
        runs::begin(&journal, &plan::plan("one"));
        let address = served.listen(None).await;
        let mut stream = Stream::open(address, &token, "", None).await;
        stream.next().await;
        // In another process: nobody tells the panel. It looks before it tells anything.
        shut_out(&access, "a-operator");
        runs::events(&journal, "one", 0, 3);
        let more = tokio::time::timeout(std::time::Duration::from_secs(20), stream.ended());
        assert_eq!(more.await.expect("in time"), case != "nothing", "{case}");
    }
    println!("attacks: live pages of whoever is shut out: 5 of 5 held");
}
