//! `slackwater local seed`: a local cloud is brought to where a described deployment is.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use conductor::{Clock, DataDirectory, DataDirectoryError};
use localcloud::{AccessKeys, Config, LocalCloud, Speed};

use crate::arguments::LocalSeed;
use crate::error::{CliError, Exit};
use crate::files;
use crate::local_cloud::{CLOUD_FILE, LocalCloudError};
use crate::seed::{Caller, Seed, plant};
use crate::signals::until_interrupted;

pub(crate) async fn run(arguments: LocalSeed) -> Result<ExitCode, CliError> {
    let text = files::read_text(&arguments.file)?;
    let given: BTreeMap<String, String> = arguments.set.iter().cloned().collect();
    let seed = Seed::parse(&arguments.file, &text, &given)?;
    let path = &arguments.data.path;
    let clock = Clock::system();
    // As long as the directory is held, no other process can open the cloud.
    let (caller, held) = match DataDirectory::take(path) {
        Ok(directory) => (Caller::in_process(open(&directory, arguments.speed)?, clock), Some(directory)),
        Err(DataDirectoryError::InUse { .. }) => (running(path, clock)?, None),
        Err(error) => return Err(error.into()),
    };
    let mut tell = |line| println!("{line}");
    until_interrupted(plant(&caller, &seed, &mut tell)).await??;
    let what = match held {
        Some(_) => "Nothing is running; `slackwater local` goes on with it.",
        None => "The local cloud that runs there has it.",
    };
    println!("Planted in {}. {what}", path.display());
    Ok(Exit::Done.into())
}

/// The cloud that is there, or a new one.
fn open(directory: &DataDirectory, speed: Option<Speed>) -> Result<LocalCloud, CliError> {
    let path = directory.join(CLOUD_FILE);
    let clock = localcloud::Clock::system();
    if path.exists() {
        if speed.is_some() {
            return Err(LocalCloudError::FixedSpeed { path: directory.path().to_owned() }.into());
        }
        return Ok(LocalCloud::reopen(&path, clock)?);
    }
    let config = Config { speed: speed.unwrap_or(Speed::Times(1.0)), ..Config::default() };
    Ok(LocalCloud::open(&path, config, clock, None)?)
}

/// The cloud that another process runs, as its `aws.env` tells.
fn running(path: &Path, clock: Clock) -> Result<Caller, CliError> {
    let not_callable = |reason: String| {
        let path = path.display();
        CliError::bad_input(format!("{path} is in use, but its aws.env tells of no local cloud: {reason}"))
            .hint("wait until it is ready, or use another --data-dir; nothing was touched")
    };
    let text = std::fs::read_to_string(path.join(crate::local_cloud::ENVIRONMENT_FILE))
        .map_err(|error| not_callable(error.to_string()))?;
    let value = |name: &str| {
        let found =
            text.lines().find_map(|line| line.strip_prefix("export ")?.strip_prefix(name)?.strip_prefix('='));
        found.map(str::to_owned).ok_or_else(|| not_callable(format!("there is no {name} in it")))
    };
    let keys = AccessKeys::new(value("AWS_ACCESS_KEY_ID")?, value("AWS_SECRET_ACCESS_KEY")?);
    let caller = Caller::at(&value("AWS_ENDPOINT_URL")?, keys, &value("AWS_REGION")?, clock);
    Ok(caller.map_err(crate::seed::SeedError::from)?)
}
