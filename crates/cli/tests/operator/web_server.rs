//! A web server that answers as it is told, and writes down what it was sent.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(one, _)| one == name);
        found.unwrap_or_else(|| panic!("no {name} in {self:?}")).1.as_str()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub struct WebServer {
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// It takes a connection, and says nothing for as long as the client listens.
pub const NO_ANSWER: u16 = 0;

impl WebServer {
    /// Answers with `status(path, how many of this path came before)`.
    pub fn new(status: impl Fn(&str, usize) -> u16 + Send + Sync + 'static) -> WebServer {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (writes, status) = (Arc::clone(&requests), Arc::new(status));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (writes, status) = (Arc::clone(&writes), Arc::clone(&status));
                // A client that goes away has its reasons.
                thread::spawn(move || serve(stream?, &*status, &writes));
            }
        });
        WebServer { port, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn requests(&self, path: &str) -> Vec<Request> {
        let all = self.requests.lock().expect("whole");
        all.iter().filter(|request| request.path == path).cloned().collect()
    }
}

fn serve(
    stream: TcpStream,
    status: &(dyn Fn(&str, usize) -> u16 + Send + Sync),
    requests: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body).map_err(std::io::Error::other)?;
    let earlier = {
        let mut requests = requests.lock().expect("whole");
        let earlier = requests.iter().filter(|request| request.path == path).count();
        requests.push(Request { method, path: path.clone(), headers, body });
        earlier
    };
    match status(&path, earlier) {
        NO_ANSWER => {
            reader.read_to_end(&mut Vec::new())?;
        }
        status => {
            let answer = format!("HTTP/1.1 {status} said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            reader.get_mut().write_all(answer.as_bytes())?;
        }
    }
    Ok(())
}
