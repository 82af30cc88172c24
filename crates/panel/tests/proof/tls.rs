//! The panel over TLS, with a certificate made for the test.

use std::path::PathBuf;
use std::sync::Arc;

use panel::{ListenError, Tls};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::house::Served;

struct Files {
    folder: tempfile::TempDir,
    certificate: rcgen::CertifiedKey<rcgen::KeyPair>,
}

impl Files {
    fn new() -> Files {
        let folder = tempfile::tempdir().expect("a folder");
        let certificate =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        Files { folder, certificate }
    }
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    }
    fn good(&self) -> Tls {
        Tls {
            certificate: self.write("certificate.pem", &self.certificate.cert.pem()),
            key: self.write("key.pem", &self.certificate.signing_key.serialize_pem()),
        }
    }
    /// Whoever trusts this certificate, and no other.
    fn connector(&self) -> TlsConnector {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certificate.cert.der().clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }
}

const ASK: &str = "GET /sign-in HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn over_tls_cookies_are_for_tls_alone() {
    let files = Files::new();
    let served = Served::over_tls();
    let address = served.listen(Some(&files.good())).await;
    let stream = TcpStream::connect(address).await.expect("it listens");
    let name = ServerName::try_from("localhost").expect("a name");
    let mut stream = files.connector().connect(name, stream).await.expect("trusted");
    stream.write_all(ASK.as_bytes()).await.expect("sent");
    let mut told = String::new();
    stream.read_to_string(&mut told).await.expect("answered");
    let told = told.to_lowercase();
    assert!(told.starts_with("http/1.1 200"), "{told}");
    assert!(told.contains("\r\nstrict-transport-security: max-age="), "{told}");
    let cookie = told.lines().find(|line| line.starts_with("set-cookie: ")).expect("a form's cookie");
    for part in ["__host-slackwater-form=", "; secure", "; httponly", "; samesite=strict", "; path=/"] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
}

/// In clear nothing is said at all, not even where to go instead.
#[tokio::test]
async fn in_clear_it_says_nothing() {
    let files = Files::new();
    let served = Served::over_tls();
    let address = served.listen(Some(&files.good())).await;
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(ASK.as_bytes()).await.expect("sent");
    let mut told = Vec::new();
    // Closed or reset.
    let _end = stream.read_to_end(&mut told).await;
    assert!(!String::from_utf8_lossy(&told).contains("HTTP"), "{told:?}");
}

/// A handshake that is never finished costs ten seconds.
#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_never_finished_is_hung_up_on() {
    let files = Files::new();
    let served = Served::over_tls();
    let address = served.listen(Some(&files.good())).await;
    let clock = conductor::Clock::system();
    let began = clock.now();
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    // The head of a handshake's record, and no more.
    stream.write_all(&[0x16, 0x03, 0x01]).await.expect("sent");
    let mut told = Vec::new();
    let _end = stream.read_to_end(&mut told).await;
    let seconds = clock.now().milliseconds_since(began) / 1000;
    assert!((9..12).contains(&seconds), "after {seconds} s");
}

#[tokio::test]
async fn what_is_no_certificate_or_not_its_key_is_refused_by_its_file() {
    let (files, other) = (Files::new(), Files::new());
    let good = files.good();
    let cases = [
        ("no such certificate", files.folder.path().join("none.pem"), good.key.clone(), "none.pem"),
        ("no such key", good.certificate.clone(), files.folder.path().join("none.pem"), "none.pem"),
        ("no certificate", files.write("letter.pem", "Dear Ada"), good.key.clone(), "letter.pem"),
        ("no key", good.certificate.clone(), files.write("letter.pem", "Dear Ada"), "letter.pem"),
        ("another's key", good.certificate.clone(), other.good().key, "certificate.pem"),
    ];
    for (name, certificate, key, file) in cases {
        let anywhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let refused = panel::listen(anywhere, Some(&Tls { certificate, key }), false).await;
        let Err(ListenError::Tls { path, reason }) = refused.map(|listening| listening.address) else {
            panic!("{name}: taken");
        };
        assert!(path.ends_with(file) && !reason.is_empty(), "{name}: {} {reason}", path.display());
        assert!(!reason.contains("PRIVATE KEY"), "{name}: {reason}");
    }
}
