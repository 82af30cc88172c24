//! What the wire can send is what the table of rights has.

use std::collections::BTreeSet;

use upgrade::rights::{ASKED_IN_WANT, ASKED_WITHOUT_RIGHT, NOT_FOR_A_DEPLOYMENT, TOPICS};

/// Words in the sources of the wire that begin as operations do and are none.
const NO_OPERATIONS: [&str; 1] = ["TagDescriptions"];

#[test]
fn what_the_wire_can_send_is_in_the_table_and_nothing_else_is() {
    const VERBS: [&str; 24] = [
        "Add",
        "Cancel",
        "Complete",
        "Continue",
        "Create",
        "Delete",
        "Describe",
        "Detect",
        "Disable",
        "Enable",
        "Execute",
        "Get",
        "List",
        "Publish",
        "Put",
        "Register",
        "Remove",
        "Resume",
        "Set",
        "Simulate",
        "Stop",
        "Submit",
        "Suspend",
        "Terminate",
    ];
    let mut sources = String::new();
    read_sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../aws/src"), &mut sources);
    let words: BTreeSet<&str> = sources.split('"').skip(1).step_by(2).collect();
    let actions: BTreeSet<&str> =
        TOPICS.iter().flat_map(|topic| topic.rights).map(|right| right.action).collect();
    let others = [ASKED_WITHOUT_RIGHT, ASKED_IN_WANT, NOT_FOR_A_DEPLOYMENT].concat();
    let known: BTreeSet<&str> = actions
        .iter()
        .copied()
        .chain(others.iter().copied())
        .filter_map(|action| Some(action.split_once(':')?.1))
        .collect();
    let is_operation = |word: &str| {
        let verb = VERBS.iter().chain(&["Tag", "Untag", "Update"]).find_map(|verb| word.strip_prefix(verb));
        verb.is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_uppercase()))
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let unknown: Vec<&&str> = words
        .iter()
        .filter(|word| is_operation(word) && !known.contains(*word) && !NO_OPERATIONS.contains(word))
        .collect();
    assert_eq!(
        unknown,
        Vec::<&&str>::new(),
        "the wire sends them, and upgrade/src/rights/table.rs doesn't have them"
    );
    // What comes with another action has no request of its own.
    let with_another = ["iam:PassRole", "rds:AddTagsToResource"];
    let unsent: Vec<&&str> = actions
        .iter()
        .filter(|action| {
            let operation = action.split_once(':').map_or(**action, |(_, operation)| operation);
            !words.contains(operation) && !words.contains(*action) && !with_another.contains(action)
        })
        .collect();
    assert_eq!(unsent, Vec::<&&str>::new(), "the table has them, and nothing sends them");
    println!("{} actions in the table, {} more that no deployment is asked for", actions.len(), others.len());
}

fn read_sources(folder: &std::path::Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("the sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_sources(&path, text);
        } else if path.file_name().is_some_and(|name| name != "tests.rs") {
            let source = std::fs::read_to_string(&path).expect("text");
            // Comments quote, and what follows is tests.
            let lines = source.lines().take_while(|line| !line.starts_with("#[cfg(test)]\nmod tests"));
            for line in lines.filter(|line| !line.trim_start().starts_with("//")) {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
}
