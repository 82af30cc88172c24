//! What to do about an error, and what it means for users right now.

use conductor::{ConductError, DataDirectoryError, JournalError};
use upgrade::PortError;

use super::CliError;
use crate::configuration::ConfigurationError;

impl CliError {
    /// What to do.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            CliError::Parameters(problems)
                if problems.iter().any(|problem| problem.kind == template::ParameterProblem::Missing) =>
            {
                Some("give a value with --parameter KEY=VALUE; nothing was started")
            }
            CliError::NoSuchLabRelease(_) => Some(
                "it has 1.1.0, 1.2.0-bad and 1.3.0-fails; a template of yours needs --from TEMPLATE beside it; nothing was started",
            ),
            CliError::UnknownParameter(_) => Some("check its spelling; nothing was started"),
            CliError::Configuration(ConfigurationError::NoFile { .. }) => {
                Some("`slackwater init` makes one, or name yours with --config; nothing was touched")
            }
            CliError::Configuration(ConfigurationError::NoDeployment { .. }) => {
                Some("add [deployments.NAME] with stack and region; `slackwater init` proposes one")
            }
            CliError::Configuration(
                ConfigurationError::Problems(_)
                | ConfigurationError::WhichDeployment { .. }
                | ConfigurationError::UnknownDeployment { .. },
            ) => Some("nothing was touched"),
            CliError::PortInUse { .. } => {
                Some("choose another with --port, or --port 0 for any free one; nothing was started")
            }
            CliError::DataDirectory(DataDirectoryError::InUse { .. }) => Some(
                "wait for it to end, or use another --data-dir (and --port 0) to run a second one beside it",
            ),
            CliError::StackExists { unfinished: None, .. } => {
                Some("start over with --fresh, or keep it and use another --data-dir; nothing was started")
            }
            CliError::StackExists { unfinished: Some(_), .. } => Some(
                "finish it with `slackwater run resume`, or discard it with --fresh; nothing was started",
            ),
            CliError::FixedSpeed { .. } => {
                Some("leave --speed out, or use another --data-dir; nothing was started")
            }
            CliError::NoDemo { .. } => Some("begin with `slackwater demo`, or name the right --data-dir"),
            CliError::NoRun { .. } => Some(
                "`slackwater upgrade` and `slackwater maintenance enable` begin one; other deployments' are found with their settings (--config), a machine's own with --data-dir",
            ),
            CliError::OtherState { .. } => Some(
                "go to where that state is: in S3 by `state = \"s3://…\"` in the settings, in a data directory on its machine with `state = \"data-directory\"` and --data-dir; or end that maintenance from here (`slackwater maintenance disable`); nothing was touched",
            ),
            CliError::UnfitState { .. } => Some(
                "name a bucket of S3, or of a store that takes conditional writes in earnest (state = \"s3://BUCKET/PREFIX\"); nothing was touched",
            ),
            CliError::UntriedState { .. } => Some(
                "allow s3:GetObject and s3:PutObject on the prefix, s3:ListBucket limited to it, and kms:GenerateDataKey and kms:Decrypt where it is encrypted (docs/state.md); nothing was touched",
            ),
            CliError::Undrainable(_) => Some("nothing was touched, and users are where they were"),
            CliError::WithoutState { .. } => Some(
                "mend that, or leave all the same with --without-state: what is done is written into the data directory, and looked at once more after five minutes; nothing was touched",
            ),
            CliError::NotCallable { .. } => {
                Some("wait until it is ready, or use another --data-dir; nothing was touched")
            }
            CliError::NobodyToApprove => Some(
                "carry it out without asking with --yes (demo: --unattended), or draw it up with `slackwater plan -o FILE` and approve its hash; nothing was touched",
            ),
            CliError::Conduct(ConductError::Journal(error)) => Some(of_journal(error, true)),
            CliError::Conduct(ConductError::Silenced { .. }) => Some(
                "is the disk full, does another program lock the journal, or does the bucket of the state not answer (docs/state.md)? the run has stopped where it was, and users may be kept out: `slackwater status` tells; mend that, then `slackwater run resume` goes on",
            ),
            CliError::Conduct(ConductError::Illegal { .. }) | CliError::Report(_) => Some(
                "another version of this program wrote it, or the file was changed: use that version, or another --data-dir; users may be kept out: `slackwater status` tells",
            ),
            CliError::Conduct(ConductError::Ended { .. }) => {
                Some("`slackwater run show` tells how; nothing was touched")
            }
            CliError::Journal(error) => Some(of_journal(error, false)),
            CliError::Cloud(error) => Some(of_cloud(error)),
            CliError::Configuration(ConfigurationError::Unreadable { .. }) => Some(
                "name the right file with --config, or let `slackwater init` make one; nothing was touched",
            ),
            CliError::Connect(_)
            | CliError::Unreadable { .. }
            | CliError::Platform(_)
            | CliError::Token(_)
            | CliError::NotLookedAt { .. }
            | CliError::Linked { .. }
            | CliError::Draft(_)
            | CliError::Template(_)
            | CliError::ParametersFile(_)
            | CliError::Malformed { .. } => Some("nothing was touched"),
            CliError::PlanFormat { .. } => {
                Some("draw the plan up again with this program, and read it; nothing was touched")
            }
            CliError::NoTemplateBucket { .. } => Some(
                "write template_bucket = \"…\" into its settings (a bucket of your own), or name a version of the object: s3://BUCKET/KEY?versionId=ID; nothing was touched",
            ),
            CliError::NoRelease => {
                Some("name it with --to FILE|URL, or carry out a kept plan with --plan FILE --approve HASH")
            }
            CliError::Blocked { .. } => Some(
                "mend what failed; accept a warning with --accept CHECK --why TEXT, the loss of a resource with --accept-replacement LOGICAL_ID; take offered values with --fix; nothing was touched",
            ),
            CliError::OtherPlan { .. } | CliError::Approval(_) => {
                Some("draw the plan up again and read it; nothing was touched")
            }
            CliError::When { .. } | CliError::Notice(_) => Some("nothing was touched"),
            CliError::NoBanner { .. } => Some(
                "write [deployments.NAME.platform] with adapter = \"http\" (Slackwater's own contract), url and token_env into slackwater.toml; nothing was touched",
            ),
            CliError::WouldOverwrite { .. } => {
                Some("name another file with --out, or print with --dry-run; nothing was touched")
            }
            CliError::NothingFound { .. } => Some(
                "is this the right account and Region? Else write [deployments.NAME] with stack and region into slackwater.toml yourself; nothing was written",
            ),
            CliError::UnknownAcceptance { .. } => Some("nothing was touched"),
            CliError::NothingAsked { .. } => {
                Some("`slackwater run show` says where it stands; nothing was changed")
            }
            CliError::NothingToStop { .. } => Some("`slackwater run show` tells how; nothing was touched"),
            CliError::NotAnAnswer { .. } => {
                Some("`slackwater run show` says what it asks, and what can be answered")
            }
            CliError::LeftUnseen { .. } => Some(
                "`slackwater status` looks where users are; `slackwater run resume` goes on with it; `slackwater maintenance disable` puts everything back and ends maintenance",
            ),
            CliError::NotLeft => {
                Some("`slackwater run list` names it; `slackwater maintenance disable` tries again")
            }
            CliError::RunConducted { .. } => Some(
                "nothing was touched; `slackwater maintenance disable --stop-run` asks it to stop, waits, and then ends maintenance; `slackwater run watch` follows it",
            ),
            CliError::WhileUpdating { .. } => Some(
                "nothing was touched; wait for its end (`slackwater run resume` follows a run of ours, `slackwater run stop` cancels its update), or end maintenance all the same with --while-updating",
            ),
            CliError::Runtime(_)
            | CliError::Serve(_)
            | CliError::Lab(_)
            | CliError::Unwritable { .. }
            | CliError::Parameters(_)
            | CliError::Evaluate(_)
            | CliError::Predict(_)
            | CliError::Rules(_)
            | CliError::OverLimit { .. }
            | CliError::Listen { .. }
            | CliError::DataDirectory(DataDirectoryError::Unusable { .. })
            | CliError::LocalCloud(_)
            | CliError::Seed(_)
            | CliError::Faults(_)
            | CliError::Demo(_)
            | CliError::Panel(_)
            | CliError::NotApproved
            | CliError::Random(_)
            | CliError::Left(_)
            | CliError::InterruptedBefore
            | CliError::Interrupted => None,
        }
    }
}

/// A refusal of the cloud outside of a run: a command that looks, so nothing was touched.
fn of_cloud(error: &PortError) -> &'static str {
    let says = |words: &str| error.message.contains(words);
    if says("does not exist") && error.operation.starts_with("cloudformation:") {
        "is the stack's name in slackwater.toml right, and its Region and account? nothing was touched"
    } else if says("NoSuchBucket") && error.operation == "s3:PutObject" {
        "template_bucket in slackwater.toml names a bucket that isn't there: make it (aws s3 mb s3://NAME), or name another; nothing was touched"
    } else if says("this machine's clock") {
        "timedatectl shows the clock and sets it; nothing was touched"
    } else if says("have expired") {
        "nothing was touched; a run that was under way goes on with `slackwater run resume`"
    } else if says("no answer") {
        "is the network up, and does the endpoint answer (endpoint_url, AWS_ENDPOINT_URL, proxies)? nothing was touched"
    } else if error.operation.starts_with("platform:") {
        "is the platform's url right, and its token good? behind a closed gate it answers only allow-listed addresses"
    } else {
        "nothing was touched"
    }
}

/// The journal, outside of a run or within.
fn of_journal(error: &JournalError, in_a_run: bool) -> &'static str {
    match error {
        JournalError::RunUnderWay { .. } => {
            "nothing was touched; `slackwater run watch` follows it, `slackwater run resume` goes on with it where nobody carries it out, `slackwater maintenance disable` leaves it and lets users in"
        }
        JournalError::BegunBefore { .. } => {
            "draw up another plan, which looks at everything anew; nothing was touched. `slackwater run show` tells what came of this one"
        }
        JournalError::ClaimHeld { .. } => {
            "this process does nothing more; `slackwater run watch` follows the other one, `slackwater run stop` asks it to stop; should it be gone, it is followed within 90 s of its last sign of life"
        }
        JournalError::Overtaken { .. } => {
            "this process does nothing more; `slackwater run watch` follows whoever goes on with it, `slackwater run resume` goes on where nobody does"
        }
        JournalError::Damaged { .. } => {
            "no other run is concerned, and the next one of its deployment sets it aside; users may be kept out: `slackwater status` tells, `slackwater maintenance disable` puts everything back and ends maintenance"
        }
        JournalError::NotBegun { .. } => {
            "`slackwater upgrade` with the same plan begins it; the next run of its deployment sets it aside"
        }
        JournalError::NoSuchRun { .. } => "`slackwater run list` names them; nothing was touched",
        JournalError::Ended { .. } => "`slackwater run show` tells how; nothing was touched",
        JournalError::OtherFormat { .. } => "nothing was touched",
        JournalError::Store { .. } if in_a_run => {
            "is the disk full, the data directory not yours to write, or the bucket of the state out of reach (docs/state.md)? the run has stopped where it was, and users may be kept out: `slackwater status` tells; mend that, then `slackwater run resume` goes on"
        }
        JournalError::Store { .. } => {
            "is the disk full, the data directory not yours to write, or the bucket of the state out of reach (docs/state.md)? mend that, or name another data directory with --data-dir; nothing was touched"
        }
    }
}
