//! The lab's templates, as their linter sees them. What they become on a cloud is tested with the local cloud.

use std::path::Path;
use std::process::Command;

use crate::support::peer;

#[test]
fn every_template_is_clean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/lab");
    let mut templates: Vec<_> = std::fs::read_dir(&folder)
        .expect("the templates")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    templates.sort();
    assert_eq!(templates.len(), 8, "{templates:?}");
    let output = Command::new(peer("cfn-lint")).args(&templates).output().expect("cfn-lint runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
