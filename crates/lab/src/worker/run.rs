//! One computation: a process in a folder of its own, followed to its end.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::Pid;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Child;
use tokio::sync::watch;

use super::BEAT;
use super::client::{Client, ClientError};
use crate::session::{end_process_group, list, plain_shell};
use crate::web::worker_api::{LARGEST_RESULT_BYTES, Work};

/// What the process printed and the web service hasn't been told yet.
type Log = Arc<Mutex<Vec<u8>>>;

/// How long the web service may be away before a result is given up, in beats.
const PATIENCE_BEATS: u32 = 600;

/// Run the work to its end and tell the web service. What goes wrong is told there, or printed.
pub(super) async fn run(scratch: &Path, client: &Client, work: &Work, ending: watch::Receiver<bool>) {
    let folder = scratch.join(&work.id);
    let (log, ended) = match process(&folder, client, work, ending).await {
        Ok(ran) => ran,
        Err(error) => {
            (String::new(), Ended { exit_code: None, detail: Some(format!("could not be run: {error}")) })
        }
    };
    let outcome = deliver(&folder, client, work, &log, ended).await;
    if let Err(error) = outcome {
        eprintln!("computation {}: its end could not be told: {error}", work.id);
    }
    let _nothing_there = std::fs::remove_dir_all(&folder);
}

struct Ended {
    exit_code: Option<i32>,
    detail: Option<String>,
}

async fn process(
    folder: &Path,
    client: &Client,
    work: &Work,
    mut ending: watch::Receiver<bool>,
) -> std::io::Result<(String, Ended)> {
    std::fs::create_dir_all(folder.join("results"))?;
    let mut child = plain_shell(folder)
        .args(["-c", &work.command, "computation"])
        .args(&work.parameters)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let log = Log::default();
    let output = child.stdout.take().map(|output| tokio::spawn(follow(output, Arc::clone(&log))));
    let errors = child.stderr.take().map(|output| tokio::spawn(follow(output, Arc::clone(&log))));
    let ended = watch_over(&mut child, client, work, &log, &mut ending).await?;
    // A process that outlives the shell may hold the pipes for ever; a beat is enough for what is in them.
    for follower in [output, errors].into_iter().flatten() {
        let _cut_off = tokio::time::timeout(BEAT, follower).await;
    }
    Ok((take(&log), ended))
}

async fn watch_over(
    child: &mut Child,
    client: &Client,
    work: &Work,
    log: &Log,
    ending: &mut watch::Receiver<bool>,
) -> std::io::Result<Ended> {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let detail = loop {
        tokio::select! {
            status = child.wait() => {
                let status = status?;
                // What the shell left behind in its group ends with it.
                end_process_group(group).await;
                let detail = status.code().is_none().then(|| status.to_string());
                return Ok(Ended { exit_code: status.code(), detail });
            }
            _ = ending.wait_for(|ending| *ending) => break "its worker was told to end",
            () = tokio::time::sleep(BEAT) => {
                let text = take(log);
                match client.heartbeat(&work.id, &text).await {
                    Ok(false) => {}
                    Ok(true) => break "stopped",
                    Err(_) => put_back(log, &text),
                }
            }
        }
    };
    let group_ends = end_process_group(group);
    let (_, status) = tokio::join!(group_ends, child.wait());
    status?;
    Ok(Ended { exit_code: None, detail: Some(detail.to_owned()) })
}

async fn deliver(
    folder: &Path,
    client: &Client,
    work: &Work,
    log: &str,
    mut ended: Ended,
) -> Result<(), ClientError> {
    let results = folder.join("results");
    for file in list(&results).unwrap_or_default() {
        let too_large = file.bytes > LARGEST_RESULT_BYTES as u64;
        let read = if too_large { None } else { std::fs::read(results.join(&file.path)).ok() };
        let Some(bytes) = read else {
            ended.detail = Some(format!("result {} was left out: too large, or unreadable", file.path));
            continue;
        };
        patiently(async || client.result(&work.id, &file.path, bytes.clone()).await).await?;
    }
    let Ended { exit_code, detail } = ended;
    patiently(async || client.finish(&work.id, log, exit_code, detail.clone()).await).await
}

/// Ask until there is an answer: the web service may be away for a while.
async fn patiently(ask: impl AsyncFn() -> Result<(), ClientError>) -> Result<(), ClientError> {
    let mut left = PATIENCE_BEATS;
    loop {
        match ask().await {
            Err(error) if error.is_passing() && left > 0 => left -= 1,
            outcome => return outcome,
        }
        tokio::time::sleep(BEAT).await;
    }
}

async fn follow(mut output: impl AsyncRead + Unpin, log: Log) {
    let mut buffer = [0u8; 4096];
    while let Ok(count @ 1..) = output.read(&mut buffer).await {
        let bytes = buffer.get(..count).unwrap_or_default();
        log.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    }
}

fn take(log: &Log) -> String {
    let bytes = std::mem::take(&mut *log.lock().unwrap_or_else(PoisonError::into_inner));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn put_back(log: &Log, text: &str) {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    log.splice(0..0, text.bytes());
}
