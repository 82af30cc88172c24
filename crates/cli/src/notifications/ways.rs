//! The ways in which people are told, as the settings name them. None shows an address or a key.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws::AwsCloud;
use http::HeaderMap;
use platform::{NotTaken, Secret, TokenSource, post, read_secret};
use upgrade::Timestamp;

use super::delivery::Recipient;
use super::message::Message;
use super::{email, pagerduty, program, slack, teams, webhook};
use crate::configuration::{EmailSettings, Notifications, PagerDutySettings, WebhookSettings};

/// How long one attempt may take.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// What is read of each, for errors.
const WEBHOOK_ADDRESS: &str = "the webhook's address";
const SIGNING_SECRET: &str = "the secret that notices are signed with";
const ROUTING_KEY: &str = "the PagerDuty service's integration key";

/// Everybody who is told of a deployment's runs.
#[derive(Clone)]
pub(crate) struct Ways {
    pub(super) all: Vec<Way>,
}

/// One way.
#[derive(Clone)]
pub(crate) enum Way {
    /// With the cloud that reaches it, or why none does.
    Topic(String, Result<AwsCloud, String>),
    Webhook(WebhookSettings, PathBuf),
    Slack(TokenSource),
    Teams(TokenSource),
    PagerDuty {
        routing_key: TokenSource,
        url: String,
        panel_url: Option<String>,
    },
    Email(Box<EmailSettings>, PathBuf),
    Command(Vec<String>),
}

impl Ways {
    /// Those of the settings. `cloud` publishes to topics; files are from `directory`.
    pub(crate) fn new(
        wanted: &Notifications,
        cloud: Result<AwsCloud, String>,
        directory: &Path,
        panel_url: Option<&str>,
    ) -> Ways {
        let Notifications { sns_topic_arns, webhook, slack_url, teams_url, pagerduty, email, command } =
            wanted;
        let topics = sns_topic_arns.iter().map(|topic| Way::Topic(topic.clone(), cloud.clone()));
        let mut all: Vec<Way> = topics.collect();
        all.extend(webhook.clone().map(|webhook| Way::Webhook(webhook, directory.to_owned())));
        all.extend(slack_url.as_ref().map(|url| Way::Slack(url.from_directory(directory))));
        all.extend(teams_url.as_ref().map(|url| Way::Teams(url.from_directory(directory))));
        all.extend(pagerduty.as_ref().map(|PagerDutySettings { routing_key, url }| Way::PagerDuty {
            routing_key: routing_key.from_directory(directory),
            url: url.clone(),
            panel_url: panel_url.map(str::to_owned),
        }));
        all.extend(email.clone().map(|email| Way::Email(Box::new(email), directory.to_owned())));
        if !command.is_empty() {
            all.push(Way::Command(command.clone()));
        }
        Ways { all }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Where a secret is, as a person wrote it.
fn place(source: &TokenSource) -> String {
    match source {
        TokenSource::Environment(name) => name.clone(),
        TokenSource::File(path) => path.display().to_string(),
    }
}

/// As it stands in a remark, before "was not told".
impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Topic(arn, _) => write!(formatter, "topic {arn}"),
            Way::Webhook(WebhookSettings { url, secret: _ }, _) => {
                write!(formatter, "the webhook of {}", place(url))
            }
            Way::Slack(url) => write!(formatter, "Slack ({})", place(url)),
            Way::Teams(url) => write!(formatter, "Teams ({})", place(url)),
            Way::PagerDuty { routing_key, url: _, panel_url: _ } => {
                write!(formatter, "PagerDuty ({})", place(routing_key))
            }
            Way::Email(settings, _) => {
                let to: Vec<&str> = settings.to.iter().map(|to| to.email.as_ref()).collect();
                write!(formatter, "{} by mail", to.join(", "))
            }
            Way::Command(words) => {
                write!(formatter, "the program {}", words.first().map_or("", String::as_str))
            }
        }
    }
}

impl Way {
    /// Its kind, for programs.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Way::Topic(..) => "snsTopic",
            Way::Webhook(..) => "webhook",
            Way::Slack(_) => "slack",
            Way::Teams(_) => "teams",
            Way::PagerDuty { .. } => "pagerduty",
            Way::Email(..) => "email",
            Way::Command(_) => "command",
        }
    }
}

impl Recipient for Way {
    /// Whether a message is for it: that a run goes on matters to whom it holds an alert open.
    fn takes(&self, message: &Message) -> bool {
        match self {
            Way::PagerDuty { .. } => message.event != "began",
            Way::Topic(..)
            | Way::Webhook(..)
            | Way::Slack(_)
            | Way::Teams(_)
            | Way::Email(..)
            | Way::Command(_) => message.event != "goes-on",
        }
    }

    async fn tell(&self, message: &Message, now: Timestamp) -> Result<Option<u16>, NotTaken> {
        match self {
            Way::Topic(topic, cloud) => {
                let cloud = cloud.as_ref().map_err(|why| never(why.clone()))?;
                let text = with_link(message);
                let sent = cloud.publish(topic, &message.subject, &text);
                match tokio::time::timeout(LIMIT, sent).await {
                    Ok(Ok(())) => Ok(None),
                    // One that may have arrived isn't sent again.
                    Ok(Err(error)) => Err(never(error.to_string())),
                    Err(_) => Err(never(format!("no answer within {} s", LIMIT.as_secs()))),
                }
            }
            Way::Webhook(WebhookSettings { url, secret }, directory) => {
                let url = read(&url.from_directory(directory), WEBHOOK_ADDRESS)?;
                let secret = secret
                    .as_ref()
                    .map(|secret| read(&secret.from_directory(directory), SIGNING_SECRET))
                    .transpose()?;
                let headers = webhook::headers(secret.as_ref(), &message.document, now);
                post(&url, headers, &message.document, LIMIT).await.map(Some)
            }
            Way::Slack(url) => {
                let url = read(url, WEBHOOK_ADDRESS)?;
                post(&url, HeaderMap::new(), &slack::body(message), LIMIT).await.map(Some)
            }
            Way::Teams(url) => {
                let url = read(url, WEBHOOK_ADDRESS)?;
                post(&url, HeaderMap::new(), &teams::body(message), LIMIT).await.map(Some)
            }
            Way::PagerDuty { routing_key, url, panel_url } => {
                let (key, url) = (read(routing_key, ROUTING_KEY)?, Secret::new(url.clone()));
                let mut code = None;
                for event in pagerduty::bodies(message, &key, panel_url.as_deref()) {
                    code = Some(post(&url, HeaderMap::new(), &event, LIMIT).await?);
                }
                Ok(code)
            }
            Way::Email(settings, directory) => {
                email::send(settings, directory, message, LIMIT).await.map(Some)
            }
            Way::Command(words) => {
                let (program, arguments) = words.split_first().ok_or_else(|| never("there is none"))?;
                program::run(program, arguments, &message.document, LIMIT).await.map_err(never)?;
                Ok(None)
            }
        }
    }
}

fn with_link(message: &Message) -> String {
    match &message.link {
        Some(link) => format!("{}\n\n{link}", message.text),
        None => message.text.clone(),
    }
}

fn read(source: &TokenSource, what: &'static str) -> Result<Secret, NotTaken> {
    read_secret(source, what).map_err(|error| never(error.to_string()))
}

/// Repeating it will not help. Words of several lines are one: they stand in a remark.
pub(super) fn never(words: impl AsRef<str>) -> NotTaken {
    let words = words.as_ref().lines().map(str::trim).collect::<Vec<_>>().join(" ");
    NotTaken { words, status: None, is_passing: false, retry_after: None }
}
