//! A mail server that takes one kind of connection, and writes down what it was sent.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the server offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offers {
    Plain,
    StartTls,
    Tls,
}

/// What it was sent.
#[derive(Debug, Default, Clone)]
pub struct Taken {
    /// Each command, and whether TLS was there.
    pub commands: Vec<(bool, String)>,
    /// Headers, an empty line, the text.
    pub mails: Vec<String>,
}

pub struct MailServer {
    pub port: u16,
    /// PEM of what vouches for it.
    pub certificate: String,
    taken: Arc<Mutex<Taken>>,
}

impl MailServer {
    pub fn new(offers: Offers) -> MailServer {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a key that fits");
        let (tls, taken) = (Arc::new(tls), Arc::new(Mutex::new(Taken::default())));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let writes = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (tls, writes) = (Arc::clone(&tls), Arc::clone(&writes));
                // A client that goes away has its reasons.
                thread::spawn(move || serve(stream?, offers, &tls, &writes));
            }
        });
        MailServer { port, certificate: made.cert.pem(), taken }
    }

    pub fn taken(&self) -> Taken {
        self.taken.lock().expect("whole").clone()
    }
}

fn encrypted(
    stream: TcpStream,
    tls: &Arc<ServerConfig>,
) -> std::io::Result<StreamOwned<ServerConnection, TcpStream>> {
    let connection = ServerConnection::new(Arc::clone(tls)).map_err(std::io::Error::other)?;
    Ok(StreamOwned::new(connection, stream))
}

fn serve(
    mut stream: TcpStream,
    offers: Offers,
    tls: &Arc<ServerConfig>,
    taken: &Mutex<Taken>,
) -> std::io::Result<()> {
    if offers == Offers::Tls {
        let mut stream = encrypted(stream, tls)?;
        stream.write_all(b"220 localhost\r\n")?;
        return talk(&mut stream, false, true, taken).map(drop);
    }
    stream.write_all(b"220 localhost\r\n")?;
    if talk(&mut stream, offers == Offers::StartTls, false, taken)? {
        talk(&mut encrypted(stream, tls)?, false, true, taken)?;
    }
    Ok(())
}

/// Speak SMTP (RFC 5321) until the client leaves, or wants TLS: then `true`.
fn talk(
    stream: &mut (impl Read + Write),
    offers_tls: bool,
    is_tls: bool,
    taken: &Mutex<Taken>,
) -> std::io::Result<bool> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let line = line.trim_end().to_owned();
        taken.lock().expect("whole").commands.push((is_tls, line.clone()));
        let command = line.split_whitespace().next().unwrap_or_default().to_uppercase();
        let answer = match command.as_str() {
            "EHLO" if offers_tls => "250-localhost\r\n250-STARTTLS\r\n250 8BITMIME\r\n",
            "EHLO" => "250-localhost\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n",
            "STARTTLS" => {
                stream.get_mut().write_all(b"220 begin\r\n")?;
                return Ok(true);
            }
            "AUTH" => "235 you are known\r\n",
            "MAIL" | "RCPT" | "RSET" => "250 fine\r\n",
            "DATA" => {
                stream.get_mut().write_all(b"354 begin\r\n")?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") && stream.read_line(&mut mail)? > 0 {}
                taken.lock().expect("whole").mails.push(mail);
                "250 taken\r\n"
            }
            "QUIT" => {
                stream.get_mut().write_all(b"221 bye\r\n")?;
                return Ok(false);
            }
            _ => "502 what?\r\n",
        };
        stream.get_mut().write_all(answer.as_bytes())?;
    }
}
