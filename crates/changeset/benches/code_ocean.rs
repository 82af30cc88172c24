//! Parse, evaluate and predict, on Code Ocean's real releases (v3.7.0 to v3.8.2, 311 and 318 kB). Prints medians.
//!
//! `cargo bench --package changeset`

use std::path::Path;

use changeset::{Deployed, Mode, predict};
use indexmap::IndexMap;
use template::{
    Evaluation, GivenParameter, Outside, ParameterInputs, Pseudo, ResolvedParameters, Template,
    resolve_parameters,
};

fn main() {
    if Releases::read().is_none() {
        println!("SKIPPED: ../shared is not beside the checkout, so no vendor's release is at hand");
        return;
    }
    divan::main();
}

struct Releases {
    old: Vec<u8>,
    new: Vec<u8>,
    given: IndexMap<String, GivenParameter>,
}

impl Releases {
    fn read() -> Option<Releases> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/templates/code-ocean");
        let parameters: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.join("parameters.json")).ok()?).ok()?;
        let given = parameters.as_object()?.iter().filter_map(|(key, value)| {
            Some((key.clone(), GivenParameter::Value(value.as_str()?.to_owned())))
        });
        Some(Releases {
            old: std::fs::read(folder.join("v3.7.0.yaml")).ok()?,
            new: std::fs::read(folder.join("v3.8.2.yaml")).ok()?,
            given: given.collect(),
        })
    }

    fn resolved(&self, text: &[u8]) -> (Template, ResolvedParameters) {
        let template = Template::parse("release.yaml", text).expect("a sound template");
        let inputs = ParameterInputs { given: &self.given, ..ParameterInputs::default() };
        let parameters = resolve_parameters(&template, &inputs).expect("every parameter has a value");
        (template, parameters)
    }
}

fn pseudo() -> Pseudo {
    Pseudo {
        account_id: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        partition: "aws".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        stack_name: "stack".to_owned(),
        ..Pseudo::default()
    }
}

#[divan::bench]
fn parse(bencher: divan::Bencher<'_, '_>) {
    let releases = Releases::read().expect("checked at the start");
    bencher.bench_local(|| Template::parse("old.yaml", &releases.old).expect("a sound template"));
}

#[divan::bench]
fn evaluate_conditions(bencher: divan::Bencher<'_, '_>) {
    let releases = Releases::read().expect("checked at the start");
    let (template, parameters) = releases.resolved(&releases.old);
    let (pseudo, outside) = (pseudo(), Outside::default());
    bencher.bench_local(|| {
        let evaluation = Evaluation::new(&template, &parameters, &pseudo, &outside).expect("decidable");
        evaluation.active_resources().count()
    });
}

#[divan::bench(args = [Mode::Plain, Mode::Values])]
fn predict_update(bencher: divan::Bencher<'_, '_>, mode: &Mode) {
    let releases = Releases::read().expect("checked at the start");
    let (old, new) = (releases.resolved(&releases.old), releases.resolved(&releases.new));
    let (pseudo, outside, deployed) = (pseudo(), Outside::default(), Deployed::default());
    let before = Evaluation::new(&old.0, &old.1, &pseudo, &outside).expect("decidable");
    let after = Evaluation::new(&new.0, &new.1, &pseudo, &outside).expect("decidable");
    bencher
        .bench_local(|| predict(Some(&before), &after, &deployed, *mode).expect("predictable").changes.len());
}
