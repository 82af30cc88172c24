//! What AWS Batch runs for the lab: a system job that takes an inventory of everybody's files, and a pipeline of
//! steps that measures them. Each leaves a document in the data folder, under the job's id.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::session::{list, sessions_folder};

#[derive(Debug, Clone)]
pub struct JobConfig {
    pub kind: Kind,
    pub data: PathBuf,
    /// `AWS_BATCH_JOB_ID`.
    pub job_id: String,
    /// The least time that each step takes, so that a person can watch it.
    pub step: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Name, size and SHA-256 of every file in every session's folder.
    Inventory,
    /// Collect the text files, measure them, sum up.
    Pipeline,
}

#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error("the data folder can't be used: {0}")]
    Data(#[from] std::io::Error),
    /// An id that is no file name.
    #[error("the job's id is letters, digits and hyphens")]
    Id,
}

/// # Errors
/// When the data folder can't be read or written.
pub async fn run(config: JobConfig) -> Result<(), JobError> {
    let good = config.job_id.chars().all(|one| one.is_ascii_alphanumeric() || one == '-');
    if config.job_id.is_empty() || !good {
        return Err(JobError::Id);
    }
    let files = all_files(&sessions_folder(&config.data))?;
    println!("{} files", files.len());
    tokio::time::sleep(config.step).await;
    let document = match config.kind {
        Kind::Inventory => inventory(&files)?,
        Kind::Pipeline => pipeline(&files, config.step).await?,
    };
    let folder = config.data.join("jobs");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{}.json", config.job_id)), format!("{document:#}\n"))?;
    println!("done");
    Ok(())
}

/// Every session's files: their path below the sessions' folder, and where they are.
fn all_files(sessions: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    if !sessions.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for session in std::fs::read_dir(sessions)? {
        let session = session?.path();
        let name = session.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for file in list(&session)? {
            files.push((format!("{name}/{}", file.path), session.join(&file.path)));
        }
    }
    files.sort();
    Ok(files)
}

fn inventory(files: &[(String, PathBuf)]) -> std::io::Result<Value> {
    let entries: Vec<Value> = files
        .iter()
        .map(|(name, path)| {
            let bytes = std::fs::read(path)?;
            let digest = hex::encode(Sha256::digest(&bytes));
            Ok(json!({"path": name, "bytes": bytes.len(), "sha256": digest}))
        })
        .collect::<std::io::Result<_>>()?;
    Ok(json!({"kind": "inventory", "files": entries}))
}

async fn pipeline(files: &[(String, PathBuf)], step: Duration) -> std::io::Result<Value> {
    let mut texts = Vec::new();
    for (name, path) in files {
        if let Ok(text) = String::from_utf8(std::fs::read(path)?) {
            texts.push((name, text));
        }
    }
    println!("collected {} texts", texts.len());
    tokio::time::sleep(step).await;
    let measured: Vec<(usize, usize)> =
        texts.iter().map(|(_, text)| (text.lines().count(), text.split_whitespace().count())).collect();
    println!("measured");
    tokio::time::sleep(step).await;
    let (lines, words) = measured.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    Ok(json!({"kind": "pipeline", "texts": texts.len(), "lines": lines, "words": words}))
}
