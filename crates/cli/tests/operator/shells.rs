//! What shells and readers of manuals are given.

use std::process::{Command, Output};

use cli::Exit;

fn slackwater(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_slackwater")).args(arguments).output().expect("the program starts")
}

fn printed(arguments: &[&str]) -> String {
    let output = slackwater(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The commands that the program's help lists.
fn commands() -> Vec<String> {
    let help = printed(&["--help"]);
    let (_, rest) = help.split_once("Commands:\n").expect("commands");
    let lines =
        rest.lines().take_while(|line| line.starts_with("  ")).filter(|line| !line.starts_with("   "));
    let names: Vec<String> =
        lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    assert!(names.len() > 15, "{names:?}");
    names
}

#[test]
fn every_shell_completes_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = printed(&["completions", shell]);
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
        assert!(script.contains("accept-replacement"), "{shell} completes options");
    }
    let refused = slackwater(&["completions", "csh"]);
    assert_eq!(refused.status.code(), Some(i32::from(Exit::BadInput.code())));
}

#[test]
fn bash_reads_its_script_and_completes_by_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("slackwater.bash");
    std::fs::write(&path, printed(&["completions", "bash"])).expect("written");
    let bash = |script: &str| {
        let output = Command::new("bash").args(["-c", script]).arg("bash").arg(&path).output();
        output.expect("bash is needed: apt-get install bash")
    };
    let read = bash("bash -n \"$1\"");
    assert!(read.status.success(), "{read:?}");
    let completed = bash(
        "source \"$1\"; COMP_WORDS=(slackwater mainten); COMP_CWORD=1; _slackwater slackwater mainten slackwater; \
         echo \"${COMPREPLY[@]}\"",
    );
    assert_eq!(String::from_utf8_lossy(&completed.stdout).trim(), "maintenance", "{completed:?}");
}

#[test]
fn every_command_has_a_manual_page_with_its_options_and_the_exit_statuses() {
    let folder = tempfile::tempdir().expect("a folder");
    let directory = folder.path().join("man/man1");
    let said = printed(&["man", "--directory", directory.to_str().expect("UTF-8")]);
    let pages: Vec<_> =
        std::fs::read_dir(&directory).expect("made").map(|page| page.expect("a page")).collect();
    assert!(said.starts_with(&format!("{} pages are in ", pages.len())), "{said}");
    for page in &pages {
        let text = std::fs::read_to_string(page.path()).expect("UTF-8");
        for part in [".TH ", ".SH NAME", ".SH SYNOPSIS", ".SH \"EXIT STATUS\""] {
            assert!(text.contains(part), "{part} in {page:?}: {text}");
        }
        for exit in Exit::ALL {
            // As roff writes an apostrophe.
            let sentence = exit.sentence().replace('\'', "\\*(Aq");
            assert!(text.contains(&sentence), "{page:?}: {sentence}");
        }
    }
    let names: Vec<String> =
        pages.iter().map(|page| page.file_name().to_string_lossy().into_owned()).collect();
    for command in commands().iter().filter(|name| *name != "help") {
        assert!(names.contains(&format!("slackwater-{command}.1")), "{command} in {names:?}");
    }
    let page = std::fs::read_to_string(directory.join("slackwater-run-answer.1")).expect("a page");
    assert!(page.contains("slackwater run answer") && page.contains("skip\\-all"), "{page}");
    assert!(!names.iter().any(|name| name.contains("lab")), "what is hidden has none: {names:?}");
    assert!(printed(&["man"]).contains(".SH NAME\nslackwater \\- "));
}
