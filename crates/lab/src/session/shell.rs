//! A session's shell: `sh`, told what to do through a pipe, in a process group of its own. It sees nothing of this
//! program's environment, where credentials and tokens are.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::Pid;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::sync::{mpsc, watch};

/// How much of the terminal's text is kept.
const MOST_KEPT_BYTES: usize = 256 << 10;

#[derive(Debug, Default)]
struct Transcript {
    text: Vec<u8>,
    /// How many bytes came before `text`.
    dropped: u64,
}

impl Transcript {
    fn push(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
        let excess = self.text.len().saturating_sub(MOST_KEPT_BYTES);
        self.text.drain(..excess);
        self.dropped += excess as u64;
    }

    fn since(&self, from: u64) -> (String, u64) {
        let start = usize::try_from(from.saturating_sub(self.dropped)).unwrap_or(usize::MAX);
        let bytes = self.text.get(start..).unwrap_or_default();
        // A character whose bytes haven't all come is left for the next time.
        let complete = match std::str::from_utf8(bytes) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Ok(_) | Err(_) => bytes.len(),
        };
        let bytes = bytes.get(..complete).unwrap_or_default();
        let begin = self.dropped + start.min(self.text.len()) as u64;
        (String::from_utf8_lossy(bytes).into_owned(), begin + bytes.len() as u64)
    }
}

#[derive(Debug)]
pub struct Shell {
    group: Option<Pid>,
    input: mpsc::UnboundedSender<String>,
    transcript: Arc<Mutex<Transcript>>,
    ended: watch::Receiver<bool>,
}

impl Shell {
    /// Start `sh` in this folder.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn start(folder: &Path) -> io::Result<Shell> {
        let mut child = plain_shell(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let transcript = Arc::default();
        if let Some(output) = child.stdout.take() {
            tokio::spawn(follow(output, Arc::clone(&transcript)));
        }
        if let Some(output) = child.stderr.take() {
            tokio::spawn(follow(output, Arc::clone(&transcript)));
        }
        let (input, mut commands) = mpsc::unbounded_channel::<String>();
        if let Some(mut stdin) = child.stdin.take() {
            tokio::spawn(async move {
                while let Some(command) = commands.recv().await {
                    if stdin.write_all(command.as_bytes()).await.is_err() {
                        break;
                    }
                }
            });
        }
        let (tell, ended) = watch::channel(false);
        let last_words = Arc::clone(&transcript);
        tokio::spawn(async move {
            let status = child.wait().await;
            let words = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            push(
                &last_words,
                format!("[the shell ended: {words}; the next command starts another]\n").as_bytes(),
            );
            let _nobody_listens = tell.send(true);
        });
        Ok(Shell { group, input, transcript, ended })
    }

    /// The group that the shell and what it starts are in.
    #[must_use]
    pub fn process_group(&self) -> Option<Pid> {
        self.group
    }

    /// Whether the shell is over.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Give it a line.
    pub fn say(&self, command: &str) {
        push(&self.transcript, format!("$ {command}\n").as_bytes());
        let _shell_is_over = self.input.send(format!("{command}\n"));
    }

    /// What it said from a place on, and the next place.
    #[must_use]
    pub fn output(&self, from: u64) -> (String, u64) {
        self.transcript.lock().unwrap_or_else(PoisonError::into_inner).since(from)
    }
}

/// `sh` in a folder and a process group of its own, with a clean environment.
#[must_use]
pub fn plain_shell(folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.env_clear().env("HOME", folder).env("LANG", "C.UTF-8").current_dir(folder).process_group(0);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

fn push(transcript: &Mutex<Transcript>, bytes: &[u8]) {
    transcript.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
}

async fn follow(mut output: impl AsyncRead + Unpin, transcript: Arc<Mutex<Transcript>>) {
    let mut buffer = [0u8; 4096];
    while let Ok(count @ 1..) = output.read(&mut buffer).await {
        push(&transcript, buffer.get(..count).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_KEPT_BYTES, Transcript};

    #[test]
    fn a_transcript_is_read_from_a_place_on() {
        let mut transcript = Transcript::default();
        transcript.push(b"one ");
        assert_eq!(transcript.since(0), ("one ".to_owned(), 4));
        transcript.push("é".as_bytes().get(..1).expect("a byte"));
        assert_eq!(transcript.since(4), (String::new(), 4), "half a character waits");
        transcript.push("é".as_bytes().get(1..).expect("a byte"));
        assert_eq!(transcript.since(4), ("é".to_owned(), 6));
        assert_eq!(transcript.since(100), (String::new(), 6), "a place that isn't there yet");
        transcript.push(&vec![b'x'; MOST_KEPT_BYTES]);
        let (text, next) = transcript.since(0);
        assert_eq!((text.len(), next), (MOST_KEPT_BYTES, 6 + MOST_KEPT_BYTES as u64));
    }
}
