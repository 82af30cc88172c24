//! `slackwater notify`: who is told of a deployment's runs, and whether a test arrives.

use std::process::ExitCode;

use conductor::Clock;

use crate::answers::{self, TestOfWay};
use crate::arguments::{Format, Notify};
use crate::configuration::DeploymentSettings;
use crate::error::{CliError, Exit};
use crate::notifications::{Tried, Ways, listed, test};
use crate::site::{configuration, connect};
use crate::words::counted;

/// What to write where nobody is told.
const NOBODY: &str =
    "slack_url_env, teams_url_env, webhook_url_env, sns_topic_arns, command, or tables pagerduty and email";

/// Not everybody took the test.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {} did not take the test", counted(*all, "way"))]
struct NotTaken {
    failed: usize,
    all: usize,
}

pub(crate) async fn run(notify: &Notify) -> Result<ExitCode, CliError> {
    let configuration = configuration(&notify.config)?;
    let settings = configuration.deployment(notify.deployment.as_deref())?;
    let wanted = &settings.notifications;
    // Only a topic needs AWS, and only to be told.
    let cloud = match notify.test && !wanted.sns_topic_arns.is_empty() {
        true => connect(&settings.access, "notify").await.map_err(|error| error.to_string()),
        false => Err("AWS was not asked".to_owned()),
    };
    let panel_url = configuration.panel.url.as_deref();
    let ways = Ways::new(wanted, cloud, configuration.directory(), panel_url);
    if ways.is_empty() {
        let table = format!("[deployments.{}.notifications]", settings.name);
        return Err(CliError::bad_input(format!(
            "{}: nobody is told of runs of {}",
            settings.at, settings.name
        ))
        .hint(format!("write who is under {table}: {NOBODY}; nothing was sent")));
    }
    if !notify.test {
        show(settings, &ways, panel_url, notify.printed.format);
        return Ok(Exit::Done.into());
    }
    let tried = test(&ways, (&settings.name, &settings.stack), panel_url, &Clock::system()).await;
    let failed = tried.iter().filter(|one| one.taken.is_err()).count();
    show_tried(settings, &tried, panel_url, notify.printed.format);
    match failed {
        0 => Ok(Exit::Done.into()),
        _ => Err(CliError::new(Exit::Failed, NotTaken { failed, all: tried.len() })
            .hint("a run would go on, and say so in a remark; `slackwater notify --test` tries again")),
    }
}

fn show(settings: &DeploymentSettings, ways: &Ways, panel_url: Option<&str>, format: Format) {
    let listed = listed(ways);
    match format {
        Format::Json => {
            let way = |(kind, name)| answers::Way { kind, name, test: None };
            print_ways(settings, panel_url, listed.into_iter().map(way).collect());
        }
        Format::Text => {
            println!("Of runs of {} are told:", settings.name);
            for (_, name) in listed {
                println!("  {name}");
            }
            match panel_url {
                Some(url) => println!("Each notice links to the run's page below {url}."),
                None => println!("Notices have no link: write url under [panel], the panel's address."),
            }
            println!("Nothing was sent: --test sends a test to each.");
        }
    }
}

fn print_ways(settings: &DeploymentSettings, panel_url: Option<&str>, ways: Vec<answers::Way>) {
    let (deployment, panel_url) = (settings.name.clone(), panel_url.map(str::to_owned));
    answers::print(&answers::Ways { deployment, panel_url, ways });
}

fn show_tried(settings: &DeploymentSettings, tried: &[Tried], panel_url: Option<&str>, format: Format) {
    match format {
        Format::Json => {
            let way = |Tried { kind, name, taken }: &Tried| answers::Way {
                kind,
                name: name.clone(),
                test: Some(TestOfWay {
                    taken: taken.is_ok(),
                    code: taken.as_ref().ok().copied().flatten(),
                    because: taken.as_ref().err().cloned(),
                }),
            };
            print_ways(settings, panel_url, tried.iter().map(way).collect());
        }
        Format::Text => {
            for Tried { kind: _, name, taken } in tried {
                match taken {
                    Ok(Some(code)) => println!("taken      {name} ({code})"),
                    Ok(None) => println!("taken      {name}"),
                    Err(why) => println!("NOT TAKEN  {name}: {why}"),
                }
            }
        }
    }
}
