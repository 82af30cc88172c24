//! Mail, by a server of the owner's.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailboxes, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use platform::{NotTaken, read_secret};

use super::message::Message;
use crate::configuration::{EmailSettings, MailSecurity};

/// No mail server's certificates are more.
const LARGEST_FILE_BYTES: u64 = 1024 * 1024;

/// So that nobody's absence is told to a machine (RFC 3834, section 5).
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn never(words: impl std::fmt::Display) -> NotTaken {
    NotTaken { words: words.to_string(), status: None, is_passing: false, retry_after: None }
}

/// Send a message to everybody; gives the server's code.
pub(super) async fn send(
    settings: &EmailSettings,
    directory: &Path,
    message: &Message,
    limit: Duration,
) -> Result<u16, NotTaken> {
    let mail = mail(settings, message)?;
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.server)
        .port(settings.port)
        .tls(tls(settings, directory)?)
        .timeout(Some(limit));
    let mut hidden = None;
    if let (Some(username), Some(source)) = (&settings.username, &settings.password) {
        let password =
            read_secret(&source.from_directory(directory), "the mail server's password").map_err(never)?;
        transport = transport.credentials(Credentials::new(username.clone(), password.expose().to_owned()));
        hidden = Some(password);
    }
    let transport = transport.build();
    let sent = match tokio::time::timeout(limit, transport.send(mail)).await {
        Ok(sent) => sent,
        Err(_) => {
            let words =
                format!("the server {} did not take it within {} s", settings.server, limit.as_secs());
            return Err(NotTaken { is_passing: true, ..never(words) });
        }
    };
    match sent {
        Ok(response) => Ok(u16::from(response.code())),
        Err(error) => {
            let mut words = in_words(&error);
            if let Some(password) = hidden {
                words = words.replace(password.expose(), "***");
            }
            let is_passing = !(error.is_permanent() || error.is_client() || error.is_tls());
            Err(NotTaken { status: error.status().map(u16::from), is_passing, ..never(words) })
        }
    }
}

/// An error with what lies below it, where that says more.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        source = cause.source();
    }
    words.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

/// The mail. All of a run are one conversation, and one that is sent twice is the same mail.
fn mail(settings: &EmailSettings, message: &Message) -> Result<lettre::Message, NotTaken> {
    let id = |name: &str| {
        let name: String =
            name.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '.' }).collect();
        format!("<{name}@{}>", settings.from.email.domain())
    };
    let to: Mailboxes = settings.to.iter().cloned().collect();
    let at = std::time::UNIX_EPOCH + Duration::from_millis(message.at.0);
    let mut text = message.text.clone();
    if let Some(link) = &message.link {
        text.push_str(&format!("\n\n{link}"));
    }
    text.push('\n');
    MessageBuilder::new()
        .from(settings.from.clone())
        .mailbox(lettre::message::header::To::from(to))
        .subject(&message.subject)
        .date(at)
        .message_id(Some(id(&message.id)))
        .references(id(&message.run_id))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|error| never(format!("the mail can't be written: {error}")))
}

fn tls(settings: &EmailSettings, directory: &Path) -> Result<Tls, NotTaken> {
    let parameters = || {
        let mut builder = TlsParameters::builder(settings.server.clone());
        if let Some(path) = &settings.ca_file {
            let certificates = certificates(&directory.join(path))?;
            builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificates);
        }
        builder.build_rustls().map_err(|error| never(format!("TLS can't be set up: {}", in_words(&error))))
    };
    Ok(match settings.security {
        MailSecurity::StartTls => Tls::Required(parameters()?),
        MailSecurity::Tls => Tls::Wrapper(parameters()?),
        MailSecurity::Plain => Tls::None,
    })
}

fn certificates(path: &Path) -> Result<Certificate, NotTaken> {
    let unusable =
        |why: String| never(format!("the certificates in {} can't be used: {why}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| unusable(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE_BYTES).read_to_end(&mut bytes).map_err(|error| unusable(error.to_string()))?;
    if !String::from_utf8_lossy(&bytes).contains("BEGIN CERTIFICATE") {
        return Err(unusable("there is no certificate in it".to_owned()));
    }
    Certificate::from_pem(&bytes).map_err(|error| unusable(error.to_string()))
}
