//! The lab's command line, which the program that carries it (`slackwater lab`, or `lab` by itself) passes on.
//! Secrets come through the environment or from Secrets Manager, never as arguments, which everybody can read.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::aws_api::{AwsApi, AwsApiError};
use crate::clock::Clock;
use crate::identity::Secret;
use crate::job::{self, JobConfig, JobError, Kind};
use crate::release::Release;
use crate::web::{self, Batch, JobKind, WebConfig, WebError};
use crate::worker::{self, LaunchHook, WorkerConfig, WorkerError};

/// The lab's programs.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// The web service.
    Web(Web),
    /// A worker.
    Worker(Worker),
    /// A job of AWS Batch.
    Job(Job),
}

/// Arguments of the web service.
#[derive(Debug, clap::Args)]
pub struct Web {
    /// The release to be.
    #[arg(long)]
    release: Release,
    /// Where users come in.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Where Slackwater and the workers come in.
    #[arg(long, value_name = "ADDRESS:PORT")]
    admin_listen: SocketAddr,
    /// The folder of everything that lasts.
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// Name or ARN of the secret that holds Slackwater's token [default: the environment's LAB_ADMIN_TOKEN].
    #[arg(long, value_name = "SECRET")]
    admin_token_secret: Option<String>,
    /// Name or ARN of the secret that holds the workers' token [default: the environment's LAB_WORKER_TOKEN].
    #[arg(long, value_name = "SECRET")]
    worker_token_secret: Option<String>,
    /// A kind of Batch job that users may submit; may be repeated.
    #[arg(long = "job", value_name = "KIND=QUEUE=DEFINITION", value_parser = job_kind)]
    jobs: Vec<JobKind>,
    /// Another service without which this one is not ready.
    #[arg(long, value_name = "HOST:PORT")]
    requires: Option<String>,
}

/// Arguments of a worker.
#[derive(Debug, clap::Args)]
pub struct Worker {
    /// The internal address of the web service.
    #[arg(long, value_name = "URL")]
    web: String,
    /// The instance's id.
    #[arg(long)]
    name: String,
    /// Where computations run.
    #[arg(long, value_name = "FOLDER")]
    scratch: PathBuf,
    /// Name or ARN of the secret that holds the workers' token [default: the environment's LAB_WORKER_TOKEN].
    #[arg(long, value_name = "SECRET")]
    token_secret: Option<String>,
    /// A lifecycle hook to complete once the web service has answered.
    #[arg(long, value_name = "NAME")]
    launch_hook: Option<String>,
}

/// Arguments of a job.
#[derive(Debug, clap::Args)]
pub struct Job {
    /// What to do.
    kind: Kind,
    /// The platform's data folder.
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// The least seconds that each step takes.
    #[arg(long, default_value_t = 0)]
    step_seconds: u64,
    /// The job's id.
    #[arg(long, env = "AWS_BATCH_JOB_ID")]
    job_id: String,
}

/// Why a program of the lab ended.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The web service.
    #[error(transparent)]
    Web(#[from] WebError),
    /// A worker.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// A job.
    #[error(transparent)]
    Job(#[from] JobError),
    /// AWS doesn't give what is needed to start.
    #[error(transparent)]
    Aws(#[from] AwsApiError),
    /// There is no token.
    #[error("{0} is not set in the environment, and no secret is named that holds it")]
    NoToken(&'static str),
}

/// Run a program until its end, or until SIGTERM or SIGINT.
///
/// # Errors
/// What ended it, other than a signal.
pub async fn run(command: Command) -> Result<(), LabError> {
    match command {
        Command::Web(arguments) => Ok(web::serve(web_config(arguments).await?).await?),
        Command::Worker(arguments) => Ok(worker::run(worker_config(arguments).await?).await?),
        Command::Job(arguments) => Ok(job::run(JobConfig {
            kind: arguments.kind,
            data: arguments.data,
            job_id: arguments.job_id,
            step: Duration::from_secs(arguments.step_seconds),
        })
        .await?),
    }
}

async fn web_config(arguments: Web) -> Result<WebConfig, LabError> {
    Ok(WebConfig {
        release: arguments.release,
        listen: arguments.listen,
        admin_listen: arguments.admin_listen,
        data: arguments.data,
        admin_token: token("LAB_ADMIN_TOKEN", arguments.admin_token_secret).await?,
        worker_token: token("LAB_WORKER_TOKEN", arguments.worker_token_secret).await?,
        batch: if arguments.jobs.is_empty() {
            None
        } else {
            Some(Batch { api: AwsApi::from_environment(Clock::system())?, kinds: arguments.jobs })
        },
        requires: arguments.requires,
    })
}

async fn worker_config(arguments: Worker) -> Result<WorkerConfig, LabError> {
    let launch_hook = match arguments.launch_hook {
        Some(name) => Some(LaunchHook { api: AwsApi::from_environment(Clock::system())?, name }),
        None => None,
    };
    Ok(WorkerConfig {
        web: arguments.web,
        token: token("LAB_WORKER_TOKEN", arguments.token_secret).await?,
        name: arguments.name,
        scratch: arguments.scratch,
        launch_hook,
    })
}

async fn token(variable: &'static str, secret: Option<String>) -> Result<Secret, LabError> {
    match secret {
        Some(id) => Ok(Secret::new(&AwsApi::from_environment(Clock::system())?.secret(&id).await?)),
        None => match std::env::var(variable) {
            Ok(token) if !token.is_empty() => Ok(Secret::new(&token)),
            Ok(_) | Err(_) => Err(LabError::NoToken(variable)),
        },
    }
}

fn job_kind(text: &str) -> Result<JobKind, String> {
    let mut parts = text.splitn(3, '=').map(str::to_owned);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), Some(queue), Some(definition)) => Ok(JobKind { name, queue, definition }),
        _ => Err("write it as KIND=QUEUE=DEFINITION".to_owned()),
    }
}
