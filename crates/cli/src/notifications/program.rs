//! A program of the owner's.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;

/// What the owner's program finds in its environment, where it is set here. The credentials of whoever runs Slackwater, and
/// the tokens that settings name, are no business of its.
const ENVIRONMENT: [&str; 9] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// Run the owner's program with the notice on its standard input. What it prints would mix with the run, so it is let
/// go.
pub(super) async fn run(
    program: &str,
    arguments: &[String],
    document: &Value,
    limit: Duration,
) -> Result<(), String> {
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| error.to_string())?;
    let ended = async {
        if let Some(mut input) = child.stdin.take() {
            // A program that doesn't read has its reasons; its exit status tells.
            let _unread = input.write_all(format!("{document}\n").as_bytes()).await;
        }
        child.wait().await
    };
    match tokio::time::timeout(limit, ended).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("it ended with {status}")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it had not ended after {} s", limit.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_program_gets_the_notice_on_its_standard_input() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("told");
        let script = |text: &str| vec!["-c".to_owned(), text.to_owned()];
        let write = script(&format!("cat > '{}'", file.display()));
        run("sh", &write, &json!({"event": "began"}), LIMIT).await.expect("told");
        assert_eq!(std::fs::read_to_string(&file).expect("written"), "{\"event\":\"began\"}\n");
        // Whoever runs the tests has more than that: cargo alone sets twenty variables.
        run("sh", &script(&format!("env > '{}'", file.display())), &json!({}), LIMIT).await.expect("told");
        let seen = std::fs::read_to_string(&file).expect("written");
        let names = seen.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
        // A shell sets some itself.
        let strange: Vec<&str> = names
            .filter(|name| !ENVIRONMENT.contains(name) && !["PWD", "OLDPWD", "SHLVL", "_"].contains(name))
            .collect();
        assert!(strange.is_empty() && seen.contains("PATH="), "{strange:?}");
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "there was something to keep back");
        let failed = run("sh", &script("exit 3"), &json!({}), LIMIT).await.expect_err("it says no");
        assert!(failed.contains('3'), "{failed}");
        run("/no/such/program", &[], &json!({}), LIMIT).await.expect_err("there is none");
    }
}
