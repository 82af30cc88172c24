//! HTTPS: a named authority is trusted, another one is not.

use std::sync::Arc;

use platform::{Adapter, PlatformConfig, PlatformError};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use upgrade::{PlatformObservation, PlatformQuery, PortErrorKind};

use crate::server::{config, serve};
use crate::stub::Stub;

#[tokio::test]
async fn the_named_certificate_is_trusted_and_no_other() {
    let ours = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(ours.signing_key.serialize_der()).expect("its key");
    let server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![ours.cert.der().clone()], key)
        .expect("a usable certificate");
    let address = serve(Stub::populated().handler(), Some(TlsAcceptor::from(Arc::new(server)))).await;

    let folder = tempfile::tempdir().expect("a folder");
    let adapter = |pem: &str| {
        let path = folder.path().join("authority.pem");
        std::fs::write(&path, pem).expect("the file can be written");
        let url = format!("https://localhost:{}", address.port());
        Adapter::new(PlatformConfig { ca_file: Some(path), ..config(&platform::HTTP, url) })
    };

    let seen = adapter(&ours.cert.pem()).expect("usable").observe(&PlatformQuery::Sessions).await;
    assert!(matches!(seen, Ok(PlatformObservation::Sessions(sessions)) if sessions.len() == 4));

    let error = adapter(&other.cert.pem()).expect("usable").observe(&PlatformQuery::Sessions).await;
    let error = error.expect_err("not trusted");
    assert_eq!(error.kind, PortErrorKind::Refused, "{error}");
    assert!(error.message.contains("certificate is not trusted"), "{error}");

    for pem in ["", "not a certificate", &ours.signing_key.serialize_pem()] {
        assert!(matches!(adapter(pem).err(), Some(PlatformError::Certificates { .. })), "{pem}");
    }
}
