//! The standing simulation: a few evenings in the suite, as many as one likes with `slackwater simulate`.
//!
//! `SLACKWATER_SEEDS=10000` simulates so many here.

use std::path::Path;

use cli::simulation::evening::simulate;
use cli::simulation::seeds::seeds;
use serde::Deserialize;

/// Seeds of the suite, from 0.
const SAMPLED: usize = 24;

/// Evenings on which a rule was broken before it was mended, and is again where the mend is taken back.
const NAMED: [u64; 5] = [
    // A group whose sizes the update had set lost what it had wanted, when another run left maintenance.
    108,
    // The update was over when somebody else updated the stack; the run said which release it had brought, not which stood.
    205,
    // An alarm that the release removes, and that CloudFormation can't delete, stayed muted and kept our note.
    217,
    // A way back for which AWS made no change set: the new release stood, and the run was told to have gone back.
    224,
    // A group that a release had removed, and that was still there, kept our note when another run left maintenance.
    355,
];

#[test]
fn no_rule_is_broken_on_any_evening() {
    let wanted = std::env::var("SLACKWATER_SEEDS").ok().and_then(|text| text.parse().ok());
    let came = seeds(0, wanted.unwrap_or(SAMPLED), &|_, _| true).unwrap_or_else(|error| panic!("{error}"));
    println!("{}", came.text());
    assert_eq!(came.broken, Vec::new());
    // So few may meet little; but that machines take each other's runs over, and that upgrades end well, happens on any two dozen.
    assert!(came.takeovers > 0 && came.ends.contains_key("an upgrade: upgraded"), "{:?}", came.ends);
}

#[test]
fn evenings_that_broke_a_rule_once_break_none() {
    for seed in NAMED {
        let evening = simulate(seed, false).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(evening.broken, Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn a_seed_gives_the_same_evening_to_the_byte() {
    let evening = || simulate(3, true).unwrap_or_else(|error| panic!("{error}"));
    let (one, other) = (evening(), evening());
    assert!(!one.records.is_empty());
    assert_eq!(one.records, other.records);
    assert_eq!(one.told, other.told);
}

/// `tools/defects/run` puts each into the program and sees that it is found out; here, that each still can be put in.
#[test]
fn every_deliberate_defect_has_its_place() {
    #[derive(Deserialize)]
    struct List {
        defect: Vec<Defect>,
    }
    #[derive(Deserialize)]
    struct Defect {
        name: String,
        file: Option<String>,
        #[serde(default)]
        before: String,
        #[serde(default)]
        also: Vec<String>,
        by: String,
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("tools/defects/list.toml")).expect("the list");
    let list: List = toml::from_str(&text).expect("a list of defects");
    for defect in &list.defect {
        if let Some(file) = &defect.file {
            let text = std::fs::read_to_string(root.join(file)).expect("a file of ours");
            assert_eq!(text.matches(&defect.before).count(), 1, "{}: its text in {file}", defect.name);
        }
        for also in &defect.also {
            assert!(list.defect.iter().any(|one| one.name == *also), "{}: there is no {also:?}", defect.name);
        }
        assert!(defect.file.is_some() || !defect.also.is_empty(), "{} does nothing", defect.name);
    }
    let by_simulation = list.defect.iter().filter(|defect| defect.by == "simulation").count();
    assert!(list.defect.len() >= 16 && by_simulation >= 12, "{} and {by_simulation}", list.defect.len());
}
