//! The Admin Panel beside a demo: `slackwater serve` on the demo's settings, as a process of its own, because that is
//! how everybody has it; ended with the demo.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use conductor::DataDirectory;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::settings_file;
use crate::error::CliError;

/// The port it listens on, unless any port will do; `slackwater serve` has it, too.
pub(super) const PANEL_PORT: u16 = 4590;

/// How long it may take to say where it is; then how long until a set-up link must have come, if one comes.
const LISTENS: Duration = Duration::from_secs(30);
const SAYS_MORE: Duration = Duration::from_secs(2);

/// A panel that is served. It ends with the value, or with this process, however that ends.
pub(super) struct ServedPanel {
    _child: Child,
}

impl ServedPanel {
    /// Serve the panel at a loopback port (0: any) and say where it is. `environment`: what a shell sources to reach
    /// the demo's cloud, `export NAME=VALUE` a line.
    ///
    /// # Errors
    /// It could not be started, or ended before it listened; it has said itself why.
    pub(super) async fn beside(
        directory: &DataDirectory,
        environment: &str,
        port: u16,
    ) -> Result<ServedPanel, CliError> {
        let program = std::env::current_exe().map_err(CliError::cannot_start)?;
        let pairs = environment.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
        let mut child = Command::new(program)
            .args(["serve", "--until-stdin-ends", "--listen", &format!("127.0.0.1:{port}"), "--config"])
            .arg(directory.join(settings_file::FILE))
            .arg("--data-dir")
            .arg(directory.path())
            .envs(pairs)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for the demo, which ends it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(CliError::cannot_start)?;
        let ended =
            || CliError::cannot_start(io::Error::other("the Admin Panel has ended before it listened"));
        let mut said = BufReader::new(child.stdout.take().ok_or_else(ended)?).lines();
        let first = tokio::time::timeout(LISTENS, said.next_line()).await.map_err(|_| ended())?;
        println!("\n  {}", first.map_err(CliError::cannot_start)?.ok_or_else(ended)?);
        // The set-up link follows at once, unless somebody can sign in already.
        while let Ok(Ok(Some(line))) = tokio::time::timeout(SAYS_MORE, said.next_line()).await {
            println!("  {line}");
            if line.contains("/setup/") {
                break;
            }
        }
        Ok(ServedPanel { _child: child })
    }
}
