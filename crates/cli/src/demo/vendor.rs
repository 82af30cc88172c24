//! `slackwater demo --from FILE --to FILE`: a vendor's platform from nothing to its next release. What runs in it is
//! simulated, unless its templates ask for `local/process`.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use aws::{AwsCloud, AwsClouds};
use conductor::{Clock, DataDirectory};
use localcloud::Config;
use upgrade::{Acceptance, UpgradeChoices};

use super::approved;
use super::directory::{self, Notes};
use crate::arguments::{Demo, Format};
use crate::configuration::{Configuration, ConfigurationError, DeploymentSettings, PlatformSettings};
use crate::error::CliError;
use crate::inputs::{Release, refuse_unknown};
use crate::operate::{self, ApprovalError};
use crate::planning::{NewRelease, NoPlan, UpgradeRequest, prepare, run_id};
use crate::ports::Ports;
use crate::seed::{self, Caller, Seed, StackSeed, unwritten};
use crate::signals::until_interrupted;
use crate::site::{self, Site};
use crate::unknown_platform::{is_gateless, usual_workload};
use crate::{local_cloud, plan_text, terminal};

/// The bucket that holds the releases' templates.
const BUCKET: &str = "slackwater-demo-templates";

/// What a demo goes through, whatever carries its requests.
#[derive(Debug, Clone, Copy)]
pub struct Scenario<'a> {
    /// Name of the stack.
    pub stack_name: &'a str,
    /// The release to begin with: file name and template.
    pub from: (&'a str, &'a [u8]),
    /// Parameter values of that release.
    pub parameters: &'a BTreeMap<String, String>,
}

pub(super) async fn run(arguments: Demo, from: &Path, to: &Path) -> Result<ExitCode, CliError> {
    // Everything that can be wrong with the input is found before anything is started.
    let (from, to) = (Release::read(from)?, Release::read(to)?);
    let given: BTreeMap<String, String> = arguments.parameters.iter().cloned().collect();
    refuse_unknown(&given, &[&from, &to])?;
    let parameters = from.parameters(&given)?;
    let mut new_parameters = to.parameters(&given)?;
    // The stack has its secrets from its creation; they stay as they are, and out of the plan.
    new_parameters.retain(|key, _| !(to.is_secret(key) && from.template.parameters.contains_key(key)));
    if !arguments.unattended && !io::stdin().is_terminal() {
        return Err(ApprovalError::NobodyToApprove.into());
    }
    let listener = local_cloud::listen(arguments.port).await?;
    let was_there = arguments.data.path.exists();
    let directory = directory::take(&arguments).await?;

    let scenario = Scenario {
        stack_name: &arguments.stack_name,
        from: (&from.name, &from.bytes),
        parameters: &parameters,
    };
    let config = Config { seed: arguments.seed, speed: arguments.speed, ..Config::default() };
    let outcome =
        demonstrate(&scenario, &to, &new_parameters, listener, &directory, config, arguments.unattended)
            .await;
    let begun = directory.journal().exists();
    if outcome.is_err() && !begun {
        directory::discard(&directory, was_there)?;
    }
    outcome
}

async fn demonstrate(
    scenario: &Scenario<'_>,
    to: &Release,
    new_parameters: &BTreeMap<String, String>,
    listener: tokio::net::TcpListener,
    directory: &DataDirectory,
    config: Config,
    unattended: bool,
) -> Result<ExitCode, CliError> {
    let port = listener.local_addr().map_or(0, |address| address.port());
    let running = local_cloud::start(listener, directory, Some(config), None, false)?;
    running.write_environment(directory)?;
    Notes { port }.write(directory)?;
    println!("Local cloud: {}", running.endpoint_url);
    println!(
        "  to look at it beside this (sets AWS_ENDPOINT_URL and keys): . {} && aws cloudformation describe-stacks",
        directory.join(crate::local_cloud::ENVIRONMENT_FILE).display()
    );

    let clock = Clock::system();
    let cloud = running.sdk(clock);
    let caller = running.caller(clock)?;
    until_interrupted(populate(&cloud, &caller, scenario, &mut |line| println!("{line}"))).await??;

    let mut site = site_of(&running, directory, scenario.stack_name)?;
    site.settings.gateless = is_gateless(&site, scenario.stack_name).await?;
    if site.settings.gateless {
        println!(
            "No load balancer that can be closed: work is stopped, and nobody is kept out (gate = \"none\")."
        );
    }
    let request = UpgradeRequest {
        inherited: upgrade::Before::default(),
        release: NewRelease::of(&to.name, to.bytes.clone(), None)?,
        choices: UpgradeChoices {
            given: new_parameters.clone(),
            accepted: accepted(),
            ..UpgradeChoices::default()
        },
        take_fixes: true,
        run_id: run_id("demo", &clock)?,
    };
    let prepared = prepare(&site, &request).await?;
    let plan = match prepared.plan {
        Ok(plan) => plan,
        Err(undrawn @ NoPlan::Undrawn(_)) => return Err(undrawn.into()),
        Err(blocked @ NoPlan::Blocked(_)) => {
            print_styled!(
                "{}",
                plan_text::checks(&prepared.checks, &prepared.accepted, false, terminal::width())
            );
            return Err(blocked.into());
        }
    };
    let shown = plan.sha256();
    print_styled!("\n{}", plan_text::plan(&plan, terminal::width()));
    if !unattended {
        until_interrupted(approved()).await??;
    }

    println!("\nRun {}", plan.run_id);
    let approved = operate::approved(plan, &shown, &site.clock)?;
    let journal = site.journal(directory.path()).await?;
    let code = operate::start(&site, &approved, &journal, Format::Text).await?;
    println!(
        "\nNothing is running any more. {} keeps the journal and the local cloud: `slackwater run show` tells the report again.",
        directory.path().display()
    );
    Ok(code)
}

/// The demo's deployment within reach: on the local cloud of its own directory.
pub(super) fn site_of(
    running: &local_cloud::Running,
    directory: &DataDirectory,
    stack_name: &str,
) -> Result<Site, CliError> {
    let clock = Clock::system();
    let clouds = AwsClouds::one(running.sdk(clock));
    let ports = Ports { clouds, platform: site::adapter(&PlatformSettings::default(), directory.path())? };
    Site::around(demo_settings(stack_name)?, directory.path(), ports, clock)
}

/// What the demo's owner decided: no API, no notice, a short proof of health.
pub fn demo_settings(stack_name: &str) -> Result<DeploymentSettings, CliError> {
    let text = format!(
        "[deployments.demo]\nstack = \"{stack_name}\"\nregion = \"us-east-1\"\ntemplate_bucket = \"{BUCKET}\"\n\
         [deployments.demo.health]\ntargets = false\nquiet = \"1s\"\n"
    );
    let configuration =
        Configuration::parse("the demo's settings", &text).map_err(ConfigurationError::Problems)?;
    // Its journal is beside its cloud, and can be read when nothing runs any more.
    Ok(DeploymentSettings { state: None, ..configuration.deployment(None)?.clone() })
}

/// A demo has no backup stack, no role and nobody to ask: what checks warn of is accepted, and said.
#[must_use]
pub fn accepted() -> Vec<Acceptance> {
    const WARNINGS: [&str; 21] = [
        "identity",
        "permissions-caller",
        "permissions-role",
        "claim",
        "termination-protection",
        "rollback",
        "drift",
        "version-path",
        "backup-stack",
        "recovery-point",
        "role-stack",
        "parameters",
        "database-storage",
        "capabilities",
        "quotas",
        "custom-names",
        "expected-changes",
        "alarms",
        "workloads",
        "maintenance-policy",
        "health-policy",
    ];
    let why = "a demonstration".to_owned();
    WARNINGS
        .iter()
        .map(|what| Acceptance {
            what: (*what).to_owned(),
            who: "demo".to_owned(),
            why: why.clone(),
            of: Vec::new(),
        })
        .collect()
}

/// Create the stack and give its queues and worker groups something to do, as users would. `caller` reaches the same
/// cloud as `cloud`.
pub async fn populate(
    cloud: &AwsCloud,
    caller: &Caller,
    scenario: &Scenario<'_>,
    tell: &mut impl FnMut(String),
) -> Result<(), CliError> {
    let (file, template) = scenario.from;
    let template_url = cloud.upload_template(BUCKET, "from.yaml", template).await?;
    let parameters = scenario.parameters.iter();
    let parameters = parameters.map(|(key, value)| (key.clone(), unwritten(value.clone()))).collect();
    let stack = StackSeed { parameters, ..StackSeed::of(scenario.stack_name, &template_url) };
    let seed = Seed::of(file, stack.clone());
    let seen = seed::create(caller, &seed, &stack, tell).await?;
    let workload = usual_workload(cloud, scenario.stack_name).await?;
    seed::set_to_work(caller, &seed, &seen, &workload, tell).await?;
    Ok(())
}
