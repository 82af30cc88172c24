//! A policy as a security department reads it: each statement with its reason, what it allows, and on what. Pure.

use std::fmt::Write as _;

use anstyle::Style;
use upgrade::rights::{Condition, Purpose, Statement};

use super::{LeastPolicy, StackOf};
use crate::change_table::wrap;

/// "Customer managed policy size: 6,144 characters", "Role inline policies: 10,240", "User inline policies: 2,048" (IAM and STS
/// quotas; white space isn't counted).
const MANAGED: usize = 6_144;
const INLINE: usize = 10_240;

pub(super) fn render(deployment: &str, policy: &LeastPolicy, width: usize) -> String {
    let LeastPolicy { purpose, principal, statements, stacks, elsewhere, state_bucket } = policy;
    let bold = Style::new().bold();
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{bold}The least rights for {deployment}: {}{bold:#}\n",
        match purpose {
            Purpose::Plan => "to check and to plan",
            Purpose::Maintenance => "to enter and to leave maintenance",
            Purpose::Upgrade => "to upgrade, planning and maintenance included",
            Purpose::Panel => "what the Admin Panel shows",
        }
    );
    let whose = match principal {
        Some(arn) => format!("For {arn}."),
        None => {
            "For no principal in particular: name it with --principal, and what is about itself is narrower."
                .to_owned()
        }
    };
    wrap(&mut text, &whose, width);
    text.push('\n');
    for statement in statements {
        render_statement(&mut text, statement, width);
    }
    let _ = writeln!(text, "{bold}Beside this policy{bold:#}\n");
    for note in notes(*purpose, stacks, elsewhere, state_bucket.as_deref(), policy.size()) {
        wrap(&mut text, &note, width);
        text.push('\n');
    }
    text
}

fn render_statement(text: &mut String, statement: &Statement, width: usize) {
    let Statement { sid, because, actions, resources, conditions } = statement;
    let bold = Style::new().bold();
    let _ = writeln!(text, "{bold}{sid}{bold:#}");
    wrap(text, because, width);
    for action in actions {
        let _ = writeln!(text, "      may  {action}");
    }
    for resource in resources {
        let words = if resource == "*" { "* (for these actions AWS knows no resource)" } else { resource };
        let _ = writeln!(text, "      on   {words}");
    }
    for Condition { operator, key, values } in conditions {
        let _ = writeln!(text, "      if   {key} {} {}", relation(operator), values.join(", "));
    }
    text.push('\n');
}

fn relation(operator: &str) -> &'static str {
    match operator {
        "StringEquals" => "is",
        "StringLike" => "is like",
        _ => "has nothing but",
    }
}

fn notes(
    purpose: Purpose,
    stacks: &[StackOf],
    elsewhere: &[&str],
    state_bucket: Option<&str>,
    size: usize,
) -> Vec<String> {
    let mut notes = Vec::new();
    for StackOf { name, role_arn } in stacks.iter().filter(|_| purpose == Purpose::Upgrade) {
        notes.push(match role_arn {
            Some(role) => format!(
                "CloudFormation works on the stack {name} as {role}: what the resources need is that role's (slackwater template RELEASE --output policy)."
            ),
            None => format!(
                "The stack {name} has no role: CloudFormation works on it with this principal's rights, which therefore needs everything that the stack's resources need as well. `slackwater template RELEASE --output policy` prints that; or give the stack a role with --role-arn, and this principal needs no more than to pass it."
            ),
        });
    }
    if purpose == Purpose::Upgrade || purpose == Purpose::Plan {
        notes.push(
            "A release that lies in S3 is read there: allow s3:GetObject on it. Templates of nested stacks and what AWS::Include brings in, likewise.".to_owned(),
        );
    }
    if let Some(bucket) = state_bucket {
        notes.push(format!(
            "Where the bucket {bucket} is encrypted with a key of your own: kms:Decrypt and kms:GenerateDataKey on that key."
        ));
    }
    if purpose == Purpose::Panel {
        notes.push(
            "What is done in the panel takes the rights of what is done: --for maintenance, --for upgrade."
                .to_owned(),
        );
    }
    for stack in elsewhere {
        notes.push(format!(
            "The {stack} stack is reached with other credentials, and that principal has a policy of its own: --stack {stack}."
        ));
    }
    notes.push("sts:GetCallerIdentity is asked as well; AWS answers it without any permission.".to_owned());
    let fits = if size <= MANAGED {
        "It fits into a managed policy"
    } else if size <= INLINE {
        "It fits into a role's inline policies (10,240), not into a managed policy (6,144): attach it to the role itself, or divide it"
    } else {
        "It is longer than a role's inline policies may be (10,240): divide its statements among managed policies of 6,144"
    };
    notes.push(format!("{fits}: IAM counts {size} characters of it."));
    notes
}
