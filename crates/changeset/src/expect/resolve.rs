//! What becomes of a replacement that AWS calls conditional, in the words of an expectation. The rules
//! themselves are in [`crate::conditional`].

use template::Resource;

use super::{Because, Expected, Weighed};
use crate::conditional::{self, Outcome};
use crate::facts::RequiresRecreation;
use crate::predict::property_tree::Tree;
use crate::predict::{Scene, text};

/// The outcome and why.
pub(super) fn conditional(
    scene: &Scene<'_, '_>,
    new: &Resource,
    (before, after): (&Tree<'_>, &Tree<'_>),
    weighed: &[Weighed<'_, '_, '_>],
) -> (Expected, Because) {
    let policy = new.update_policy.as_ref().and_then(|node| text(scene.after, node).ok().flatten());
    let (before, after) = (before.entries(), after.entries());
    let resolution = conditional::resolve(&new.type_name, &before, &after, policy.as_ref());
    let expected = match resolution.outcome {
        Outcome::InPlace | Outcome::Interrupted => Expected::UpdatedInPlace,
        Outcome::InstancesReplaced => Expected::InstancesReplaced,
        Outcome::Replaced => Expected::Replaced,
        Outcome::ReplacedUnlessEmpty | Outcome::Open => Expected::MayBeReplaced,
    };
    let word = match resolution.outcome {
        Outcome::Interrupted => Because::Interrupted,
        Outcome::InPlace
        | Outcome::InstancesReplaced
        | Outcome::ReplacedUnlessEmpty
        | Outcome::Replaced
        | Outcome::Open => Because::Resolved,
    };
    let reason = resolution.because.map(word).unwrap_or_else(|| {
        let decisive =
            weighed.iter().find(|one| one.certain && one.word == RequiresRecreation::Conditionally);
        Because::OnlyAwsChecks { path: decisive.map(|one| one.difference.path.clone()) }
    });
    (expected, reason)
}
