//! `slackwater schema`: what each command prints with `--output json`, as JSON Schema, made from the types that are printed.

use std::process::ExitCode;

use crate::answers::release::ReleaseTold;
use crate::answers::{
    AlreadyInMaintenance, BannerShown, Changes, Checked, Described, LeftRun, LocalCloudReady, PanelReady,
    PlanDrawn, Problem, ProposedSettings, Remark, RunAsked, RunEnded, RunLine, RunReport, RunRequested, Runs,
    SnapshotTaken, Status, Ways,
};
use crate::arguments::Schema;
use crate::error::{CliError, Exit};
use crate::rehearsal::matrix::Matrix;
use crate::rehearsal::told::Told;
use crate::simulation::evening::Evening;
use crate::simulation::seeds::Seeds;

/// Every answer, and which command gives it.
fn all() -> Vec<(Described, &'static str)> {
    vec![
        (Described::of::<Status>(), "status, maintenance status"),
        (Described::of::<Runs>(), "run list"),
        (Described::of::<RunReport>(), "run show"),
        (Described::of::<RunLine>(), "upgrade, maintenance enable and disable, run watch and resume: a line"),
        (Described::of::<RunEnded>(), "the same: the last line of a run that has ended"),
        (Described::of::<RunAsked>(), "the same: the last line of a run that waits for a decision"),
        (Described::of::<LeftRun>(), "the same: the last line of a run that was interrupted"),
        (Described::of::<AlreadyInMaintenance>(), "maintenance enable: there was nothing to do"),
        (Described::of::<RunRequested>(), "run stop, run answer"),
        (Described::of::<Checked>(), "check"),
        (Described::of::<Changes>(), "changeset"),
        (Described::of::<ReleaseTold>(), "template"),
        (Described::of::<ProposedSettings>(), "init"),
        (Described::of::<SnapshotTaken>(), "snapshot: what is in the file"),
        (Described::of::<Told>(), "rehearse"),
        (Described::of::<Matrix>(), "rehearse --matrix"),
        (Described::of::<Seeds>(), "simulate"),
        (Described::of::<Evening>(), "simulate --seed"),
        (Described::of::<Ways>(), "notify"),
        (Described::of::<BannerShown>(), "banner set, clear and show"),
        (Described::of::<LocalCloudReady>(), "local, when it is ready"),
        (Described::of::<PanelReady>(), "serve, when it is ready"),
        (Described::of::<PlanDrawn>(), "plan, on standard error: the hash of what is printed"),
        (Described::of::<Problem>(), "every command that fails, on standard error"),
        (Described::of::<Remark>(), "every command, on standard error"),
    ]
}

pub(crate) fn run(arguments: &Schema) -> Result<ExitCode, CliError> {
    let all = all();
    let Some(name) = &arguments.name else {
        for (described, commands) in &all {
            println!("{:<36}  {commands}", described.id);
        }
        return Ok(Exit::Done.into());
    };
    let named = |described: &Described| {
        let short = described.id.trim_start_matches("slackwater/");
        described.id == *name || short == name || short.split('/').next() == Some(name)
    };
    let Some((described, _)) = all.iter().find(|(described, _)| named(described)) else {
        let hint = "`slackwater schema` lists them; nothing was touched";
        return Err(CliError::bad_input(format!("there is no schema {name}")).hint(hint));
    };
    println!("{:#}", (described.schema)().as_value());
    Ok(Exit::Done.into())
}
