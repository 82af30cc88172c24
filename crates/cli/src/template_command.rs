//! `slackwater template`: what a release is, read off its template.

mod answer;
pub(crate) mod release;
mod source;
mod table;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use template::Pseudo;

use crate::answers;
use crate::arguments::{Document, ShowTemplate};
use crate::configuration::{ConfigurationError, parse_profile};
use crate::error::{CliError, Exit};
use crate::files;
use crate::terminal;

pub(crate) async fn run(arguments: &ShowTemplate) -> Result<ExitCode, CliError> {
    let read = source::read(&arguments.template, &arguments.config).await?;
    let profile = match &arguments.profile {
        None => None,
        Some(name) => Some(match upgrade::Profile::built_in(name) {
            Some(profile) => profile,
            None => {
                let text = files::read_text(Path::new(name))?;
                parse_profile(name, &text).map_err(ConfigurationError::Problems)?
            }
        }),
    };
    let given: BTreeMap<String, String> = arguments.parameters.iter().cloned().collect();
    match arguments.document {
        Document::Text => {
            let release = release::read(&read.template, &given, &pseudo(), profile.as_ref());
            print_styled!("{}", terminal::fit(&table::render(&release, terminal::width())));
        }
        Document::Json => {
            let release = release::read(&read.template, &given, &pseudo(), profile.as_ref());
            let role = release::deployment_role(&read.template);
            answers::print(&answer::answer(&release, &role));
        }
        Document::Policy => {
            let role = release::deployment_role(&read.template);
            println!("{:#}", role.policy_document());
            if !role.unknown_types.is_empty() {
                let types: Vec<&str> = role.unknown_types.iter().map(String::as_str).collect();
                remark!(
                    "not in the policy, for their handlers aren't published: {}. Add what they need by hand.",
                    types.join(", ")
                );
            }
        }
    }
    Ok(Exit::Done.into())
}

/// A template that isn't deployed has no account and no Region; conditions that ask for them see these.
fn pseudo() -> Pseudo {
    Pseudo {
        account_id: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        stack_name: "stack".to_owned(),
        stack_id: "arn:aws:cloudformation:us-east-1:000000000000:stack/stack/0".to_owned(),
        notification_arns: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
