//! `[deployments.NAME.notifications]`: who is told of a run, and how. Addresses that let anybody post, keys and passwords are
//! named, never written.

use ::platform::TokenSource;
use lettre::message::Mailbox;

use super::platform::{self, is_here, secret};
use super::problem::ProblemKind;
use super::reader::Table;

/// Who is told of a run's beginning, its questions, users who are out for longer than expected, and its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notifications {
    /// SNS topics.
    pub sns_topic_arns: Vec<String>,
    /// A webhook of the owner's.
    pub webhook: Option<WebhookSettings>,
    /// Where a Slack channel's incoming webhook is named.
    pub slack_url: Option<TokenSource>,
    /// Where a Teams channel's or chat's workflow is named.
    pub teams_url: Option<TokenSource>,
    /// A service of PagerDuty's.
    pub pagerduty: Option<PagerDutySettings>,
    /// People, by mail.
    pub email: Option<EmailSettings>,
    /// A program and its arguments.
    pub command: Vec<String>,
}

/// A webhook that takes notices as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Where its address is.
    pub url: TokenSource,
    /// Where the secret is that notices are signed with; `None`: they aren't.
    pub secret: Option<TokenSource>,
}

/// A service of PagerDuty's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagerDutySettings {
    /// Where its integration key is.
    pub routing_key: TokenSource,
    /// Where events go: there is one address for accounts in the EU.
    pub url: String,
}

/// People, and the server that takes mail for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailSettings {
    /// The server's name or address.
    pub server: String,
    pub port: u16,
    pub security: MailSecurity,
    /// Who signs in; `None`: nobody.
    pub username: Option<String>,
    /// Where the password is.
    pub password: Option<TokenSource>,
    pub from: Mailbox,
    pub to: Vec<Mailbox>,
    /// A file with the certificates of those who may vouch for it, PEM.
    pub ca_file: Option<String>,
}

/// How mail is kept from other eyes on its way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// TLS after a beginning in the clear; without it nothing is sent (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// Nothing.
    Plain,
}

impl MailSecurity {
    const WORDS: [(&'static str, MailSecurity); 3] =
        [("starttls", MailSecurity::StartTls), ("tls", MailSecurity::Tls), ("plain", MailSecurity::Plain)];

    /// The port that is meant where none is said.
    const fn port(self) -> u16 {
        match self {
            MailSecurity::StartTls => 587,
            MailSecurity::Tls => 465,
            MailSecurity::Plain => 25,
        }
    }
}

/// Where PagerDuty takes events (Events API v2, "Send an Alert Event").
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

pub(super) fn read(table: &Table<'_>) -> Notifications {
    let topics = table.texts("sns_topic_arns");
    for topic in &topics {
        let is_topic = |arn: &str| arn.starts_with("arn:") && arn.contains(":sns:");
        let why = "a topic's ARN is wanted: arn:aws:sns:REGION:ACCOUNT:NAME";
        table.check("sns_topic_arns", Some(topic), is_topic, why);
    }
    Notifications {
        sns_topic_arns: topics.into_iter().map(|word| word.text).collect(),
        webhook: webhook(table),
        slack_url: secret(table, "slack_url_env", "slack_url_file", "the address"),
        teams_url: secret(table, "teams_url_env", "teams_url_file", "the address"),
        pagerduty: table.table("pagerduty", pagerduty).flatten(),
        email: table.table("email", email).flatten(),
        command: table.texts("command").into_iter().map(|word| word.text).collect(),
    }
}

fn webhook(table: &Table<'_>) -> Option<WebhookSettings> {
    let url = secret(table, "webhook_url_env", "webhook_url_file", "the address");
    let key = secret(table, "webhook_secret_env", "webhook_secret_file", "the secret");
    let has_url = table.has("webhook_url_env") || table.has("webhook_url_file");
    if key.is_some() && !has_url {
        let words = "notices to a webhook are signed with this secret: write webhook_url_env or webhook_url_file beside it";
        table.problem(table.at(), ProblemKind::Conflict(words.to_owned()));
    }
    Some(WebhookSettings { url: url?, secret: key })
}

fn pagerduty(table: &Table<'_>) -> Option<PagerDutySettings> {
    let routing_key = secret(table, "routing_key_env", "routing_key_file", "the key");
    if !table.has("routing_key_env") && !table.has("routing_key_file") {
        table.missing("routing_key_env", "the environment variable that holds the service's integration key");
    }
    let url = table.text("url");
    if let Some(word) = &url {
        platform::check_url(table, "url", word);
        if platform::is_in_the_clear(&word.text) {
            table.unfit("url", word, "over plain http the network would see the key: use https");
        }
    }
    let url = url.map_or_else(|| PAGERDUTY.to_owned(), |word| word.text);
    Some(PagerDutySettings { routing_key: routing_key?, url })
}

fn email(table: &Table<'_>) -> Option<EmailSettings> {
    let server = table.needed_text("server", "the mail server's name, such as server = \"smtp.example.com\"");
    let is_host = |host: &str| {
        let is_part = |one: char| one.is_ascii_alphanumeric() || matches!(one, '-' | '.' | ':' | '_');
        !host.is_empty() && host.chars().all(is_part)
    };
    table.check("server", server.as_ref(), is_host, "a server's name or address is wanted, without smtp://");
    let security = table.one_of("security", &MailSecurity::WORDS).unwrap_or(MailSecurity::StartTls);
    let port = table.number("port", 1..65_536).and_then(|port| u16::try_from(port).ok());
    let username = table.text("username");
    let password = secret(table, "password_env", "password_file", "the password");
    let has_password = table.has("password_env") || table.has("password_file");
    match (&username, has_password) {
        (Some(word), false) => {
            let words = format!(
                "{} signs in with a password: write password_env or password_file beside it",
                word.text
            );
            table.problem(word.at.clone(), ProblemKind::Conflict(words));
        }
        (None, true) => table.missing("username", "who signs in with the password"),
        (Some(_), true) | (None, false) => {}
    }
    if let (MailSecurity::Plain, Some(word), Some(server)) = (security, &username, &server)
        && !is_here(&server.text)
    {
        let words = "over a plain connection the network would see the password: write security = \"starttls\" or \"tls\"";
        table.problem(word.at.clone(), ProblemKind::Conflict(words.to_owned()));
    }
    let from = table.needed_text("from", "who the mail is from, such as from = \"slackwater@example.com\"");
    let from = from.and_then(|word| mailbox(table, "from", &word));
    let to = table.texts("to");
    if to.is_empty() {
        table.missing("to", "who is told, such as to = [\"operators@example.com\"]");
    }
    let to: Vec<Mailbox> = to.iter().filter_map(|word| mailbox(table, "to", word)).collect();
    Some(EmailSettings {
        server: server?.text,
        port: port.unwrap_or(security.port()),
        security,
        username: username.map(|word| word.text),
        password,
        from: from?,
        to,
        ca_file: table.text("ca_file").map(|word| word.text),
    })
}

fn mailbox(table: &Table<'_>, key: &str, word: &super::reader::Word) -> Option<Mailbox> {
    let mailbox = word.text.parse().ok();
    if mailbox.is_none() {
        table.unfit(key, word, "an address is wanted: ada@example.com, or Ada Lovelace <ada@example.com>");
    }
    mailbox
}
