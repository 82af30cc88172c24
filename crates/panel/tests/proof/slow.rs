//! Clients that are slow on purpose: each is hung up on in its time, and meanwhile nobody else waits.
//!
//! tokio's clock stands still while anybody is at work, and jumps when everybody waits: ten seconds take no time.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use conductor::Clock;
use panel::access::Role;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::common::plan;
use crate::house::Served;
use crate::runs;

/// A connection from an address of this machine's own network, which has 16 million of them.
async fn from(last: u8, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0)).expect("Linux");
    socket.connect(to).await.expect("it listens")
}

/// What a client says and then goes on saying, a bit every second.
struct Slow {
    name: &'static str,
    begins: &'static str,
    goes_on: &'static str,
    /// Seconds after which it must have been hung up on, and not before.
    patience: std::ops::Range<u64>,
    /// What it is told, if anything.
    told: &'static str,
}

const SLOW: &[Slow] = &[
    Slow { name: "says nothing", begins: "", goes_on: "", patience: 9..12, told: "" },
    Slow { name: "a request line that never ends", begins: "GET /", goes_on: "a", patience: 9..12, told: "" },
    Slow {
        name: "a header that never ends",
        begins: "GET /sign-in HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ",
        goes_on: "a",
        patience: 9..12,
        told: "",
    },
    Slow {
        name: "headers that never end",
        begins: "GET /sign-in HTTP/1.1\r\nhost: 127.0.0.1\r\n",
        goes_on: "x-slow: a\r\n",
        patience: 9..12,
        told: "",
    },
    Slow {
        name: "a body that trickles",
        begins: "POST /sign-in HTTP/1.1\r\nhost: 127.0.0.1\r\norigin: http://127.0.0.1\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: 5000\r\n\r\n",
        goes_on: "a",
        patience: 9..12,
        told: "HTTP/1.1 408",
    },
    Slow {
        name: "chunks that trickle",
        begins: "POST /sign-in HTTP/1.1\r\nhost: 127.0.0.1\r\norigin: http://127.0.0.1\r\n\
                 content-type: application/x-www-form-urlencoded\r\ntransfer-encoding: chunked\r\n\r\n",
        goes_on: "1\r\na\r\n",
        patience: 9..12,
        told: "HTTP/1.1 408",
    },
    Slow {
        name: "asks once and stays",
        begins: "GET /sign-in HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
        goes_on: "",
        patience: 9..12,
        told: "HTTP/1.1 200",
    },
];

/// Say it, go on, until hung up on; gives what was told and after how many seconds.
async fn dawdle(slow: &Slow, address: SocketAddr) -> (String, u64) {
    let clock = Clock::system();
    let began = clock.now();
    let (mut reads, mut writes) = TcpStream::connect(address).await.expect("it listens").into_split();
    writes.write_all(slow.begins.as_bytes()).await.expect("sent");
    let goes_on = slow.goes_on;
    let dripping = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if writes.write_all(goes_on.as_bytes()).await.is_err() {
                return;
            }
        }
    });
    let mut told = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(120), async {
        let mut some = [0; 4096];
        // Reset or closed: hung up on.
        while let Ok(count @ 1..) = reads.read(&mut some).await {
            told.extend_from_slice(&some[..count]);
        }
    });
    assert!(end.await.is_ok(), "{}: nobody hung up", slow.name);
    dripping.abort();
    (String::from_utf8_lossy(&told).into_owned(), clock.now().milliseconds_since(began) / 1000)
}

#[tokio::test(start_paused = true)]
async fn whoever_is_slow_is_hung_up_on() {
    let served = Served::new();
    let address = served.listen(None).await;
    for slow in SLOW {
        let (told, seconds) = dawdle(slow, address).await;
        assert!(slow.patience.contains(&seconds), "{}: after {seconds} s", slow.name);
        assert!(told.starts_with(slow.told), "{}: {told}", slow.name);
        assert_eq!(told.is_empty(), slow.told.is_empty(), "{}: {told}", slow.name);
    }
    println!("attacks: slow clients: {0} of {0} held", SLOW.len());
}

/// Somebody asks for much and reads nothing of it for a while: for a short while they are waited for, for a long one
/// not.
#[tokio::test(start_paused = true)]
async fn whoever_reads_nothing_is_hung_up_on() {
    const PAGES: usize = 60;
    let served = Served::new();
    let token = served.token(Role::Viewer);
    let journal = served.journal();
    runs::begin(&journal, &plan::plan("long"));
    runs::events(&journal, "long", 0, 2000);
    let address = served.listen(None).await;
    let ask = format!("GET /runs/long HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\r\n");
    for (seconds, is_whole) in [(20, true), (45, false)] {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream.write_all(ask.repeat(PAGES).as_bytes()).await.expect("sent");
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let mut told = Vec::new();
        let mut some = vec![0; 1 << 16];
        while let Ok(count @ 1..) = stream.read(&mut some).await {
            told.extend_from_slice(&some[..count]);
        }
        let pages = told.windows(7).filter(|bytes| bytes == b"</html>").count();
        assert_eq!(pages == PAGES, is_whole, "{pages} pages after {seconds} s");
    }
}

/// One address takes all the connections it can get and says nothing on any; another is answered, and doesn't wait until
/// the first is hung up on. In the clock's own time: the standing clock would jump over what must not be waited for.
#[tokio::test]
async fn one_address_starves_no_other() {
    // Both ends of every connection are this process's.
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    let limit = rustix::process::Rlimit { current: most, maximum: most };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).expect("up to the hard limit");
    let served = Served::new();
    let address = served.listen(None).await;
    let mut greedy = Vec::new();
    for _ in 0..1100 {
        greedy.push(from(66, address).await);
    }
    let mut guest = from(1, address).await;
    let ask = b"GET /sign-in HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
    guest.write_all(ask).await.expect("sent");
    let mut told = String::new();
    let answered = tokio::time::timeout(Duration::from_secs(5), guest.read_to_string(&mut told));
    answered.await.expect("long before the others are hung up on").expect("readable");
    assert!(told.starts_with("HTTP/1.1 200"), "{told}");
}
