//! What people have reported of updates on AWS, as cases with the right answer (`shared/bug-reports`), and public platforms whose
//! versions follow each other (`shared/wild`): the scripts beside them ask the program.

use std::path::PathBuf;
use std::process::Command;

use crate::common::shared;

fn score(script: &str) -> Option<(bool, String)> {
    let script: PathBuf = shared()?.join(script);
    let output = Command::new("python3")
        .arg(&script)
        .arg(env!("CARGO_BIN_EXE_slackwater"))
        .output()
        .expect("python3 runs the script");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    Some((output.status.success(), text))
}

#[test]
fn reported_updates_come_out_as_on_aws() {
    let Some((is_well, text)) = score("bug-reports/score") else { return };
    assert!(is_well, "{text}");
}

/// The pairs that are refused are refused by AWS too: a type that changes (2), references to what isn't there (4), a null (1), text that is
/// no JSON or YAML to any reader (5), and guessed parameters that break their pattern (5).
#[test]
fn wild_pairs_are_foretold_but_for_those_that_aws_refuses() {
    if std::env::var_os("SLACKWATER_EVERYTHING").is_none() {
        return;
    }
    let Some((_, text)) = score("wild/pairs") else { return };
    assert!(text.contains("145 of 162 pairs foretold"), "{text}");
}
