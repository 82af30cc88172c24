//! How a check gathers its result: it begins passed, and every line of evidence may make it graver.

use super::{Check, CheckResult, ParameterFix, Verdict};
use crate::obstacles::{Obstacle, Weight};

/// A result in the making.
pub(super) struct Finding {
    id: &'static str,
    title: &'static str,
    verdict: Verdict,
    evidence: Vec<String>,
    warnings: Vec<String>,
    accepted_singly: bool,
    advice: Vec<String>,
    fixes: Vec<ParameterFix>,
}

impl Finding {
    /// Nothing seen yet.
    pub(super) fn new(check: &Check) -> Finding {
        Finding {
            id: check.id,
            title: check.title,
            verdict: Verdict::Passed,
            evidence: Vec::new(),
            warnings: Vec::new(),
            accepted_singly: check.accepted_singly,
            advice: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// Something seen that is as it should be.
    pub(super) fn note(&mut self, evidence: impl Into<String>) {
        self.evidence.push(evidence.into());
    }

    /// Something that a person must know, and what to do about it.
    pub(super) fn warn(&mut self, evidence: impl Into<String>, advice: impl Into<String>) {
        let evidence = evidence.into();
        self.warnings.push(evidence.clone());
        self.raise(Verdict::Warning, evidence, advice.into());
    }

    /// Something that stops the upgrade, and what to do about it.
    pub(super) fn fail(&mut self, evidence: impl Into<String>, advice: impl Into<String>) {
        self.raise(Verdict::Failed, evidence.into(), advice.into());
    }

    /// What is in the way of the drain.
    pub(super) fn meet(&mut self, obstacles: Vec<Obstacle>) {
        for Obstacle { weight, told, advice } in obstacles {
            let evidence = sentence(&told);
            match weight {
                Weight::Known => self.note(evidence),
                Weight::Hinders | Weight::Settles => self.warn(evidence, advice),
                Weight::Holds => self.fail(evidence, advice),
            }
        }
    }

    /// Whether nothing was seen yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.evidence.is_empty()
    }

    /// A value that would set it right.
    pub(super) fn offer(&mut self, fix: ParameterFix) {
        self.fixes.push(fix);
    }

    /// The result, when nothing can or need be looked at.
    pub(super) fn skipped(mut self, evidence: impl Into<String>) -> CheckResult {
        self.verdict = self.verdict.max(Verdict::Skipped);
        self.evidence.push(evidence.into());
        self.done()
    }

    pub(super) fn done(self) -> CheckResult {
        CheckResult {
            id: self.id.to_owned(),
            title: self.title.to_owned(),
            verdict: self.verdict,
            evidence: self.evidence,
            warnings: self.warnings,
            accepted_singly: self.accepted_singly,
            advice: (!self.advice.is_empty()).then(|| self.advice.join(" ")),
            fixes: self.fixes,
        }
    }

    fn raise(&mut self, verdict: Verdict, evidence: String, advice: String) {
        self.verdict = self.verdict.max(verdict);
        self.evidence.push(evidence);
        if !advice.is_empty() && !self.advice.contains(&advice) {
            self.advice.push(advice);
        }
    }
}

/// With a capital and a full stop.
fn sentence(told: &str) -> String {
    let mut letters = told.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// Names in a sentence: the first few, and how many more there are.
pub(super) fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<&str> = names.into_iter().collect();
    let mut text = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

/// `1 job`, `2 jobs`.
pub(super) fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    }
}
