//! The test's own client of a public address: nothing of the program's on its side, only the standard library.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What an answer was; the same in a row are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// A page of the platform's.
    Platform(String),
    /// 503, the message, the expected end.
    Maintenance,
    /// Anything else.
    Wrong(String),
}

/// Asks until it is stopped.
pub struct Client {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<Sight>>>,
    thread: Option<JoinHandle<()>>,
}

impl Client {
    /// Ask this port all the time; the maintenance page must hold every one of these texts.
    pub fn of(port: u16, page: &'static [&'static str]) -> Client {
        let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::<Sight>::new())));
        let (stopped, written) = (Arc::clone(&stop), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let sight = match get(port) {
                    Ok(answer) => judge(&answer, page),
                    Err(error) => Sight::Wrong(error.to_string()),
                };
                let mut seen = written.lock().expect("unbroken");
                if seen.last() != Some(&sight) {
                    seen.push(sight);
                }
                drop(seen);
                // Its pace, not a wait for anything.
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Client { stop, seen, thread: Some(thread) }
    }

    /// What it has seen so far.
    pub fn seen(&self) -> Vec<Sight> {
        self.seen.lock().expect("unbroken").clone()
    }

    /// Stop; gives everything that it has seen.
    pub fn end(mut self) -> Vec<Sight> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().expect("it runs").join().expect("it ends");
        self.seen()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// The platform's page of this version.
pub fn lab(version: &str) -> Sight {
    Sight::Platform(version.to_owned())
}

fn get(port: u16) -> std::io::Result<String> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn judge(answer: &str, page: &[&str]) -> Sight {
    let version = answer.split_once("<span id=version>").and_then(|(_, rest)| rest.split_once("</span>"));
    match version {
        Some((version, _)) if answer.starts_with("HTTP/1.1 200 ") => lab(version),
        None if answer.starts_with("HTTP/1.1 503 ") && page.iter().all(|text| answer.contains(text)) => {
            Sight::Maintenance
        }
        Some(_) | None => Sight::Wrong(answer.chars().take(200).collect()),
    }
}
