//! Other people's clients, unmodified, against `slackwater local`: each in an environment of its own, which
//! `tools/test` installs. What each does is a list of steps in a file of its own; what they work on lies beside it.

mod ansible;
mod aws_cli;
mod cdk;
mod local;
mod sam;
mod sceptre;
mod walk;

use walk::Walk;

/// Every client. The first is walked by every run of the tests, all of them with `SLACKWATER_EVERYTHING=1`.
const WALKS: &[Walk] = &[aws_cli::WALK, sam::WALK, cdk::WALK, sceptre::WALK, ansible::WALK];

#[test]
fn unmodified_clients_deploy_to_the_local_cloud() {
    let everything = std::env::var_os("SLACKWATER_EVERYTHING").is_some_and(|value| value == "1");
    // One client alone, while somebody works on it.
    let only = std::env::var("SLACKWATER_CLIENT").ok();
    let chosen = WALKS.iter().enumerate().filter(|(place, walk)| match &only {
        Some(name) => walk.client == name,
        None => everything || *place == 0,
    });
    let rows: Vec<walk::Row> = chosen.flat_map(|(_, walk)| walk.run()).collect();
    assert!(!rows.is_empty(), "no client is called {only:?}");
    println!("{}", walk::table(&rows));
    let failed: Vec<&walk::Row> = rows.iter().filter(|row| row.why_not.is_some()).collect();
    assert!(failed.is_empty(), "{} of {} steps did not work", failed.len(), rows.len());
}
