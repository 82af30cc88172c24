//! Database storage that RDS would refuse to change (RDS user guide, "Increasing DB instance storage
//! capacity").

use crate::predict::property_tree::Tree;

/// The sentence that says so.
pub(super) fn refusal(type_name: &str, before: &Tree<'_>, after: &Tree<'_>) -> Option<String> {
    if type_name != "AWS::RDS::DBInstance" {
        return None;
    }
    let gigabytes = |tree: &Tree<'_>| tree.get("AllocatedStorage")?.text().parse::<u64>().ok();
    let (old, new) = (gigabytes(before)?, gigabytes(after)?);
    if new < old {
        return Some(format!(
            "RDS refuses to shrink storage: AllocatedStorage would go from {old} to {new} GiB."
        ));
    }
    let too_little = new > old && new.saturating_sub(old).saturating_mul(10) < old;
    too_little.then(|| {
        format!("RDS refuses to grow storage by less than 10 %: AllocatedStorage would go from {old} to {new} GiB.")
    })
}
