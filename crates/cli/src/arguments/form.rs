//! In which form a command answers.

use super::{BannerCommand, Command, Document, Format, Maintenance, RehearsalOutput, Run};

impl Command {
    /// Whether it was asked for JSON.
    pub(crate) fn speaks_json(&self) -> bool {
        let format = match self {
            Command::Changeset(changeset) => return changeset.document == Document::Json,
            Command::Template(template) => return template.document == Document::Json,
            Command::Rehearse(rehearse) => return rehearse.output == RehearsalOutput::Json,
            Command::Init(init) => init.format,
            Command::Policy(policy) => policy.printed.format,
            Command::Status(status) => status.printed.format,
            Command::Banner(BannerCommand::Set(set)) => set.format,
            Command::Banner(BannerCommand::Clear(clear)) => clear.format,
            Command::Banner(BannerCommand::Show(show)) => show.printed.format,
            Command::Check(check) => check.printed.format,
            Command::Plan(plan) => plan.format,
            Command::Snapshot(snapshot) => snapshot.format,
            Command::Simulate(simulate) => simulate.format,
            Command::Upgrade(upgrade) => upgrade.progress.format,
            Command::Maintenance(Maintenance::Enable(enable)) => enable.progress.format,
            Command::Maintenance(Maintenance::Disable(disable)) => disable.progress.format,
            Command::Maintenance(Maintenance::Status(status)) => status.printed.format,
            Command::Run(Run::List(list)) => list.printed.format,
            Command::Run(Run::Show(show)) => show.printed.format,
            Command::Run(Run::Watch(follow) | Run::Resume(follow)) => follow.progress.format,
            Command::Run(Run::Stop(stop)) => stop.format,
            Command::Run(Run::Answer(answer)) => answer.format,
            Command::Notify(notify) => notify.printed.format,
            Command::Demo(_)
            | Command::Local(_)
            | Command::Serve(_)
            | Command::Schema(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Lab(_) => Format::Text,
        };
        format == Format::Json
    }
}
