//! The Admin Panel in real browsers, on the demo's lab: Debian's Chromium, driven by Playwright, each page through axe-core; and,
//! for a shorter way, Debian's Firefox over WebDriver BiDi. What is walked stands in `walk/`; here is what it needs.

#[expect(dead_code, reason = "each test uses what it needs")]
#[path = "../demo/program.rs"]
mod program;

use std::path::{Path, PathBuf};
use std::process::Command;

use program::{Running, answers, beside, demo, nowhere, panel_address, wait};

/// A browser, wherever the system has it.
fn browser(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.exists());
    let missing =
        || panic!("{name} is missing: run the tests with tools/test, or install Debian's package {name}");
    found.unwrap_or_else(missing)
}

/// Python with what the walks need.
fn python() -> PathBuf {
    let venv = std::env::var_os("SLACKWATER_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv"), PathBuf::from);
    let program = venv.join("panel/bin/python");
    assert!(program.exists(), "{} is missing: run the tests with tools/test", program.display());
    program
}

/// Where screenshots are kept: beside what cargo builds.
fn screenshots() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
    // A picture of an earlier time proves nothing.
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("ours");
    }
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn people_walk_the_panel() {
    let (chromium, firefox) = (browser("chromium"), browser("firefox-esr"));
    let (python, screenshots) = (python(), screenshots());
    let (_folder, data) = nowhere();
    // Quicker than the demo: what CloudFormation waits for is not what is looked at here.
    let mut lab = demo(&data, &["--stay", "--speed", "480"]);
    lab.says("Ready.");
    let mut served = beside(&data, &["serve", "--listen", "127.0.0.1:0"]);
    // The newest link counts: the demo's own panel has said one before.
    served.says("/setup/");
    let told = served.told();
    let link = told.split_whitespace().find(|word| word.contains("/setup/")).expect("said");

    let mut walk = Command::new(python);
    walk.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/walk"));
    walk.arg("--setup-link").arg(link).arg("--screenshots").arg(&screenshots);
    walk.arg("--browser").arg(chromium).arg("--firefox").arg(firefox);
    walk.arg("--program").arg(env!("CARGO_BIN_EXE_slackwater"));
    let pages: Vec<&str> = panel::page_addresses().map(|(path, _)| path).collect();
    walk.arg("--pages").arg(pages.join(" "));
    let (code, told) = Running::beside(&data, walk).end();
    println!("{told}");
    assert_eq!(code, 0, "screenshots are in {}", screenshots.display());
    // The demo has a panel of its own, which a killed demo doesn't leave behind.
    let own = panel_address(&mut lab);
    assert!(answers(&own), "{own}");
    drop(lab);
    wait("the demo's own panel to be gone", || (!answers(&own)).then_some(()));
}
