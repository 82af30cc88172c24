//! The Rules section: assertions about parameters (user guide, "CloudFormation template Rules syntax").

use crate::evaluation::{Evaluation, NoResources};
use crate::functions::{Functions, Made, Truth};
use crate::location::Location;
use crate::node::Position;

/// A rule that the parameters violate. Says the vendor's description, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{location}: rule {rule} is violated: {description}")]
pub struct RuleViolation {
    /// The assertion.
    pub location: Location,
    /// The rule's name.
    pub rule: String,
    /// The assertion's description, or what went wrong in evaluating it.
    pub description: String,
}

impl RuleViolation {
    /// Where the assertion stands; always known.
    pub fn position(&self) -> Option<Position> {
        Some(self.location.at)
    }
}

impl Evaluation<'_> {
    /// Checks every rule whose condition holds. An assertion that depends on what isn't known here (attributes of
    /// existing things in the account) is left to CloudFormation.
    ///
    /// # Errors
    /// Every violated assertion, in the template's order.
    pub fn check_rules(&self) -> Result<(), Vec<RuleViolation>> {
        let made = Made::default();
        let functions = Functions::new(self, &NoResources, &made);
        let mut violations = Vec::new();
        for rule in self.template.rules.values() {
            let mut violated = |at: Position, description: String| {
                violations.push(RuleViolation {
                    location: self.location(at),
                    rule: rule.name.clone(),
                    description,
                });
            };
            let applies = match &rule.condition {
                None => Ok(Truth::Known(true)),
                Some(node) => functions.truth(node),
            };
            match applies {
                Ok(Truth::Known(true)) => {}
                Ok(Truth::Known(false) | Truth::Unknown(_)) => continue,
                Err(error) => {
                    violated(rule.at, error.to_string());
                    continue;
                }
            }
            for assertion in &rule.assertions {
                match functions.truth(&assertion.assert) {
                    Ok(Truth::Known(true) | Truth::Unknown(_)) => {}
                    Ok(Truth::Known(false)) => violated(
                        assertion.at,
                        assertion
                            .description
                            .clone()
                            .unwrap_or_else(|| "an assertion does not hold".to_owned()),
                    ),
                    Err(error) => violated(assertion.at, error.to_string()),
                }
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }
}
