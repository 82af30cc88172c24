//! `slackwater check`, `plan` and `upgrade`.

use std::path::Path;
use std::process::ExitCode;

use conductor::Clock;
use upgrade::{ApprovedPlan, NotApproved, PLAN_FORMAT, Plan};

use crate::answers::{self, Accepted, Checked, PlanDrawn};
use crate::arguments::{Check, Format, Places, PlanArguments, Upgrade, Wish};
use crate::error::{CliError, Exit};
use crate::files::{self, FileError};
use crate::history::History;
use crate::maintenance_command::refuse_under_way;
use crate::plan_text::{self, decision};
use crate::planning::{Prepared, inherited, prepare};
use crate::rehearsal::kept::Kept;
use crate::site::Site;
use crate::{drift_preview, operate, output, terminal, wish};

pub(crate) async fn check(arguments: &Check) -> Result<ExitCode, CliError> {
    let (site, _, prepared) = prepared(&arguments.wish).await?;
    let drift = match arguments.drift {
        true => Some(drift_preview::look(&site, &prepared).await?),
        false => None,
    };
    match arguments.printed.format {
        Format::Text => {
            show_checks(&prepared, arguments.wish.verbose);
            if let Some(drift) = &drift {
                print_styled!("{}", drift_preview::text(drift, terminal::width()));
            }
            println!("\n{}", terminal::fit(&in_words(&site.written.addresses())));
        }
        Format::Json => answers::print(&Checked {
            deployment: site.settings.name.clone(),
            from_version: prepared.version.clone(),
            checks: prepared.checks.iter().cloned().map(panel::answers::Check::from).collect(),
            accepted: prepared.accepted.iter().map(Accepted::from).collect(),
            in_the_way: prepared.in_the_way(),
            foretold_to_fail: prepared.is_foretold_to_fail(),
            written: site.written.addresses(),
            drift: drift.as_deref().map(drift_preview::answer),
        }),
    }
    let fails = prepared.is_foretold_to_fail();
    prepared.into_plan()?;
    if !fails && arguments.printed.format == Format::Text {
        println!("It may be upgraded: nothing stands in the way.");
    }
    Ok(if fails { Exit::ForetoldToFail } else { Exit::Done }.into())
}

pub(crate) async fn plan(arguments: &PlanArguments) -> Result<ExitCode, CliError> {
    let (site, history, prepared) = prepared(&arguments.wish).await?;
    let written = in_words(&site.written.addresses());
    // Where the plan itself is printed, what is said beside it goes to standard error.
    let say = |words: &str| match arguments.format {
        Format::Text => println!("\n{}", terminal::fit(words)),
        Format::Json => remark!("{words}"),
    };
    if arguments.format == Format::Text {
        show_checks(&prepared, arguments.wish.verbose);
    }
    let fails = prepared.is_foretold_to_fail();
    let plan = prepared.into_plan().inspect_err(|_| say(&written))?;
    let text = serde_json::to_string_pretty(&plan).unwrap_or_default();
    match arguments.format {
        Format::Text => {
            print_styled!("\n{}", plan_text::plan(&plan, terminal::width()));
            say(&expectation(&site, &history));
        }
        Format::Json => println!("{text}"),
    }
    say(&written);
    if arguments.format == Format::Text {
        print_styled!("\n{}", decision::render(&plan, &history, terminal::width()));
    }
    let plan_sha256 = plan.sha256();
    if let Some(path) = &arguments.out {
        // What users run is in it.
        files::write_private(path, text.as_bytes())?;
        if arguments.format == Format::Text {
            let path = path.display();
            // To be copied, so it isn't broken.
            println!(
                "\nKept in {path}. Carry it out with: slackwater upgrade --plan {path} --approve {plan_sha256}"
            );
        }
    }
    if arguments.format == Format::Json {
        let file = arguments.out.as_ref().map(|path| path.display().to_string());
        output::write_err_answer(&PlanDrawn { plan_sha256, file });
    }
    Ok(if fails { Exit::ForetoldToFail } else { Exit::Done }.into())
}

/// What was written on the way, none of it the deployment's: `check` and `plan` promise to change nothing of that.
fn in_words(written: &[String]) -> String {
    if written.is_empty() {
        return "Nothing was changed, and nothing written.".to_owned();
    }
    format!("Nothing of the deployment was changed. Written beside it: {}.", written.join(", "))
}

pub(crate) async fn upgrade(arguments: &Upgrade) -> Result<ExitCode, CliError> {
    let places = &arguments.wish.places;
    let (site, approved) = match (&arguments.plan, &arguments.approve) {
        (Some(path), Some(approved)) => {
            let approved = kept(path, approved, &Clock::system())?;
            let plan = approved.plan();
            let site = Site::reach(places, Some(&plan.deployment), &plan.run_id).await?;
            refuse_another_run(&site, places).await?;
            (site, approved)
        }
        (Some(_) | None, _) => {
            let (site, history, prepared) = prepared_alone(&arguments.wish).await?;
            if arguments.progress.format == Format::Text {
                show_checks(&prepared, arguments.wish.verbose);
            }
            let plan = prepared.into_plan()?;
            let shown = plan.sha256();
            if arguments.progress.format == Format::Text {
                let width = terminal::width();
                print_styled!("\n{}", plan_text::plan(&plan, width));
                println!("\n{}", terminal::fit(&expectation(&site, &history)));
                print_styled!("\n{}", decision::render(&plan, &history, width));
            }
            if !arguments.yes {
                operate::approve("Carry it out?")?;
            }
            let approved = operate::approved(plan, &shown, &site.clock)?;
            (site, approved)
        }
    };
    let journal = site.journal(&places.data.path).await?;
    if arguments.progress.format == Format::Text {
        println!("\nRun {}", approved.plan().run_id);
    }
    operate::start(&site, &approved, &journal, arguments.progress).await
}

/// How long it is likely to take: by earlier upgrades, and by the last rehearsal.
fn expectation(site: &Site, history: &History) -> String {
    let kept = site.data.as_ref().and_then(|data| Kept::read(data, &site.settings.name));
    match kept {
        Some(kept) => format!("{}\n{}", history.expectation(), kept.sentence()),
        None => history.expectation(),
    }
}

async fn prepared(wish: &Wish) -> Result<(Site, History, Prepared), CliError> {
    let site = Site::reach(&wish.places, wish.deployment.as_deref(), "plan").await?;
    prepared_for(site, wish).await
}

/// The same where no run of the deployment goes on: before anything else is looked at, a deployment has one run at a time.
async fn prepared_alone(wish: &Wish) -> Result<(Site, History, Prepared), CliError> {
    let site = Site::reach(&wish.places, wish.deployment.as_deref(), "plan").await?;
    refuse_another_run(&site, &wish.places).await?;
    prepared_for(site, wish).await
}

async fn refuse_another_run(site: &Site, places: &Places) -> Result<(), CliError> {
    let journal = site.journal_if_any(&places.data.path).await?;
    refuse_under_way(journal.as_ref(), &site.settings.name, site.clock.now()).await
}

async fn prepared_for(mut site: Site, wish: &Wish) -> Result<(Site, History, Prepared), CliError> {
    let journal = site.journal_if_any(&wish.places.data.path).await?;
    let history = match &journal {
        Some(journal) => History::of(journal, &site.settings.name, None).await?,
        None => History::default(),
    };
    site.expected_milliseconds = history.kept_out();
    let mut request = wish::request(&site, wish).await?;
    if let Some(journal) = &journal {
        request.inherited = inherited(journal, &site.settings.name).await;
    }
    let prepared = async {
        let prepared = prepare(&site, &request).await?;
        wish::refuse_unknown(wish, &prepared)?;
        Ok(prepared)
    };
    let prepared = prepared.await.inspect_err(|_: &CliError| {
        // Whoever is told that nothing was touched is told of this as well.
        let written = site.written.addresses();
        if !written.is_empty() {
            remark!("{}", in_words(&written));
        }
    })?;
    Ok((site, history, prepared))
}

fn show_checks(prepared: &Prepared, verbose: bool) {
    let width = terminal::width();
    print_styled!("{}", plan_text::checks(&prepared.checks, &prepared.accepted, verbose, width));
    let parameters = plan_text::parameters(&prepared.parameters, width);
    if !parameters.is_empty() {
        print!("\nParameters to look at:\n{parameters}");
    }
}

/// A plan that was kept; it must be the approved one, to the byte of its meaning.
fn kept(path: &Path, approved: &str, clock: &Clock) -> Result<ApprovedPlan, CliError> {
    let text = files::read_text(path)?;
    let malformed = |error: serde_json::Error| FileError::malformed(path, error);
    let value: serde_json::Value = serde_json::from_str(&text).map_err(malformed)?;
    let format = value.get("format").and_then(serde_json::Value::as_u64).unwrap_or(0);
    if format != u64::from(PLAN_FORMAT) {
        return Err(CliError::bad_input(format!(
            "the plan in {} has format {format}, and this program reads {PLAN_FORMAT}",
            path.display()
        ))
        .hint("draw the plan up again with this program, and read it; nothing was touched"));
    }
    let plan: Plan = serde_json::from_value(value).map_err(malformed)?;
    ApprovedPlan::new(plan, approved, &wish::who(), clock.now()).map_err(|error| match error {
        NotApproved::OtherPlan { approved, found } => {
            CliError::bad_input(format!(
                "the plan in {} has the hash {found}, not the approved {approved}: it was edited, or another one was approved",
                path.display()
            ))
            .hint("draw the plan up again and read it; nothing was touched")
        }
        NotApproved::Nobody => error.into(),
    })
}
