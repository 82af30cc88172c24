//! Where everything meets: the arguments, the rooms behind them, and what a person reads.
//!
//! Nothing knows this crate. It is a library so that its tests can run the demo's own upgrade in process and
//! in virtual time.

// What is printed goes through `output`, whose macros have these names: the standard library's panic when nobody reads.
#![deny(clippy::print_stdout, clippy::print_stderr)]

#[macro_use]
mod looked;
#[macro_use]
mod output;

mod answers;
mod arguments;
mod banner_command;
mod change_table;
mod changeset_command;
mod completions_command;
pub mod configuration;
mod demo;
mod drift_preview;
mod error;
mod files;
mod history;
mod http_client;
pub mod init;
mod init_command;
mod inputs;
mod interruption;
mod journal;
mod lab_command;
mod listed_run;
mod local_cloud;
mod local_command;
mod local_seed;
mod maintenance_command;
mod man_command;
mod notifications;
mod notify_command;
mod operate;
mod plan_text;
pub mod planning;
pub mod policy_command;
pub mod ports;
mod progress;
mod question_text;
pub mod rehearsal;
mod rehearse_command;
mod report;
mod run_lines;
mod runs;
mod schema_command;
pub mod seed;
mod serve_command;
mod signals;
mod simulate_command;
pub mod simulation;
pub mod site;
pub mod snapshot;
mod snapshot_command;
mod status;
mod template_command;
mod terminal;
mod unknown_platform;
mod upgrade_command;
mod wish;
mod words;
mod written_objects;
pub mod zone;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;

pub use arguments::Arguments;
pub use demo::{DemoError, Scenario, accepted, demo_settings, populate};
pub use error::{CliError, Exit};
pub use init_command::propose_for_account;
pub use interruption::LeftRun;
pub use journal::{Journal, SharedJournal};
pub use maintenance_command::{
    Entering, Leaving, LeavingError, LeavingWish, entering, is_left_over, leaving, refuse_under_way,
};
pub use serve_command::look as look_for_panel;
pub use status::{attention, standing};
pub use words::already;

use arguments::{BannerCommand, Command, Maintenance, Run};

/// Run the command of this process's command line; gives the exit code. What went wrong is printed to standard error.
#[must_use]
pub fn main() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => run(arguments),
        Err(found) => output::of_command_line(&found),
    }
}

fn run(arguments: Arguments) -> ExitCode {
    if let Some(zone) = &arguments.time_zone {
        zone::say(zone.clone());
    }
    output::speaks_json(arguments.command.speaks_json());
    output::only_looks(only_looks(&arguments.command));
    let out = out(&arguments.command).map(Path::to_owned);
    if out.is_some() {
        output::keep();
    }
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::cannot_start)
        .and_then(|runtime| runtime.block_on(dispatch(arguments)));
    let kept = out.map_or(Ok(()), |path| output::write_kept(&path));
    match outcome.and_then(|code| Ok(kept.map(|()| code)?)) {
        Ok(code) => code,
        Err(error) => {
            output::print_error(&error);
            error.kind().into()
        }
    }
}

/// The file that what a command prints is for. `plan` and `init` print, and write a file of their own.
fn out(command: &Command) -> Option<&Path> {
    let out = match command {
        Command::Changeset(changeset) => &changeset.out,
        Command::Rehearse(rehearse) => &rehearse.out,
        Command::Simulate(simulate) => &simulate.out,
        Command::Check(check) => &check.printed.out,
        Command::Template(template) => &template.out,
        Command::Status(status) => &status.printed.out,
        Command::Policy(policy) => &policy.printed.out,
        Command::Notify(notify) => &notify.printed.out,
        Command::Maintenance(Maintenance::Status(status)) => &status.printed.out,
        Command::Banner(BannerCommand::Show(show)) => &show.printed.out,
        Command::Run(Run::List(list)) => &list.printed.out,
        Command::Run(Run::Show(show)) => &show.printed.out,
        Command::Maintenance(Maintenance::Enable(_) | Maintenance::Disable(_))
        | Command::Banner(BannerCommand::Set(_) | BannerCommand::Clear(_))
        | Command::Run(Run::Watch(_) | Run::Resume(_) | Run::Stop(_) | Run::Answer(_))
        | Command::Plan(_)
        | Command::Demo(_)
        | Command::Init(_)
        | Command::Snapshot(_)
        | Command::Local(_)
        | Command::Upgrade(_)
        | Command::Serve(_)
        | Command::Schema(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Lab(_) => return None,
    };
    out.path.as_deref()
}

/// Whether a command changes nothing, so that it may end as soon as nobody reads what it says.
fn only_looks(command: &Command) -> bool {
    match command {
        Command::Changeset(_)
        | Command::Rehearse(_)
        | Command::Simulate(_)
        | Command::Check(_)
        | Command::Template(_)
        | Command::Status(_)
        | Command::Policy(_)
        | Command::Schema(_)
        | Command::Completions(_) => true,
        Command::Notify(notify) => !notify.test,
        Command::Man(man) => man.directory.is_none(),
        Command::Plan(plan) => plan.out.is_none(),
        Command::Maintenance(command) => match command {
            Maintenance::Status(_) => true,
            Maintenance::Enable(_) | Maintenance::Disable(_) => false,
        },
        Command::Banner(command) => match command {
            BannerCommand::Show(_) => true,
            BannerCommand::Set(_) | BannerCommand::Clear(_) => false,
        },
        Command::Run(command) => match command {
            Run::List(_) | Run::Show(_) | Run::Watch(_) => true,
            Run::Resume(_) | Run::Stop(_) | Run::Answer(_) => false,
        },
        Command::Init(init) => init.dry_run,
        Command::Serve(serve) => serve.verify_audit || serve.export_audit,
        Command::Demo(_)
        | Command::Snapshot(_)
        | Command::Local(_)
        | Command::Upgrade(_)
        | Command::Lab(_) => false,
    }
}

async fn dispatch(arguments: Arguments) -> Result<ExitCode, CliError> {
    match arguments.command {
        Command::Changeset(changeset) => changeset_command::run(&changeset),
        Command::Rehearse(rehearse) => rehearse_command::run(&rehearse).await,
        Command::Simulate(simulate) => simulate_command::run(&simulate),
        Command::Snapshot(snapshot) => snapshot_command::run(&snapshot).await,
        Command::Demo(demo) => demo::run(demo).await,
        Command::Local(mut local) => match local.command.take() {
            None => local_command::run(local).await,
            Some(arguments::LocalCommand::Seed(seed)) => local_seed::run(seed).await,
        },
        Command::Check(check) => upgrade_command::check(&check).await,
        Command::Plan(plan) => upgrade_command::plan(&plan).await,
        Command::Upgrade(upgrade) => upgrade_command::upgrade(&upgrade).await,
        Command::Maintenance(command) => maintenance_command::run(command).await,
        Command::Template(template) => template_command::run(&template).await,
        Command::Init(init) => init_command::run(&init).await,
        Command::Status(status) => status::run(&status).await,
        Command::Policy(policy) => policy_command::run(&policy).await,
        Command::Banner(command) => banner_command::run(command).await,
        Command::Run(command) => runs::run(command).await,
        Command::Serve(serve) => serve_command::run(serve).await,
        Command::Notify(notify) => notify_command::run(&notify).await,
        Command::Schema(schema) => schema_command::run(&schema),
        Command::Completions(completions) => Ok(completions_command::run(&completions)),
        Command::Man(man) => man_command::run(&man),
        Command::Lab(command) => lab_command::run(command).await,
    }
}
