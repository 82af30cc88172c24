//! Platforms of other vendors, with a gate and without one: each published release is upgraded to the next on the local
//! cloud, its workers and queues drained on the way, and everything put back.
//!
//! What ends otherwise is named with its reason, and counted: `N of M`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cli::configuration::DeploymentSettings;
use cli::demo_settings;

use crate::common::{Rehearsal, shared, virtual_time};
use crate::next_release::{STACK, create, judge, upgrade};

/// A vendor's releases in order, and how its owner has settled the ways in.
struct Vendor {
    folder: &'static str,
    gateless: bool,
    /// How many of its pairs end well; fewer is a fault.
    least: usize,
}

const VENDORS: [Vendor; 3] = [
    Vendor { folder: "buildkite", gateless: true, least: 8 },
    Vendor { folder: "runs-on", gateless: true, least: 5 },
    Vendor { folder: "metaflow", gateless: true, least: 4 },
];

fn releases(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a vendor's folder");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml"))
        .collect();
    found.sort();
    found
}

/// Those of the vendor's parameters that a release takes.
fn parameters(folder: &Path, template: &[u8]) -> BTreeMap<String, String> {
    let text = std::fs::read(folder.join("parameters.json")).expect("parameters");
    let all: BTreeMap<String, String> = serde_json::from_slice(&text).expect("a map of texts");
    let template = template::Template::parse("release", template).expect("a release");
    let mut all = all;
    if folder.ends_with("buildkite") {
        // Without it the image is looked up in a mapping that only a built release has.
        all.insert("ImageId".to_owned(), "ami-0123456789abcdef0".to_owned());
    }
    all.into_iter().filter(|(key, _)| template.parameters.contains_key(key)).collect()
}

/// The Elastic CI Stack's rules refuse a scaler that is older than the release wants: its owner gives the new default.
fn newest_scaler(template: &[u8]) -> Option<(String, String)> {
    const SCALER: &str = "BuildkiteAgentScalerVersion";
    let template = template::Template::parse("release", template).expect("a release");
    Some((SCALER.to_owned(), template.parameters.get(SCALER)?.default.clone()?))
}

fn settings(gateless: bool) -> DeploymentSettings {
    DeploymentSettings { gateless, ..demo_settings("platform").expect("the demo's settings are sound") }
}

#[test]
fn every_release_of_other_vendors_is_upgraded_to_its_next() {
    let Some(shared) = shared() else { return };
    let mut short = Vec::new();
    for vendor in VENDORS {
        let folder = shared.join("templates").join(vendor.folder);
        let paths = releases(&folder);
        let (mut well, pairs) = (0, paths.len() - 1);
        for pair in paths.windows(2) {
            let [from, to] = pair else { continue };
            let read = |path: &PathBuf| std::fs::read(path).expect("a release");
            let (before, after) = (read(from), read(to));
            let (given, new) = (parameters(&folder, &before), parameters(&folder, &after));
            let mut new: BTreeMap<String, String> =
                new.into_iter().filter(|(key, _)| !given.contains_key(key)).collect();
            new.extend(newest_scaler(&after));
            let told = virtual_time().block_on(async {
                let rehearsal = Rehearsal::new(7);
                create(&rehearsal, STACK, &before, &given).await?;
                let (plan, outcome, records) =
                    upgrade(&rehearsal, settings(vendor.gateless), &after, &new).await?;
                judge(&plan, &outcome, &records)
            });
            let name = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match told {
                Ok(()) => well += 1,
                Err(reason) => println!("  {} {} -> {}: {reason}", vendor.folder, name(from), name(to)),
            }
        }
        println!("{well} of {pairs} upgrades of {} ended well", vendor.folder);
        if well < vendor.least {
            short.push(vendor.folder);
        }
    }
    assert!(short.is_empty(), "fewer than before: {short:?}");
}
