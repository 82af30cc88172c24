//! Database storage that RDS would refuse to change (RDS user guide, "Increasing DB instance storage
//! capacity").

use super::Refusal;
use crate::predict::property_tree::Tree;

/// Why RDS would refuse.
pub(super) fn refusal(type_name: &str, before: &Tree<'_>, after: &Tree<'_>) -> Option<Refusal> {
    if type_name != "AWS::RDS::DBInstance" {
        return None;
    }
    let gigabytes = |tree: &Tree<'_>| tree.get("AllocatedStorage")?.text().parse::<u64>().ok();
    let (old, new) = (gigabytes(before)?, gigabytes(after)?);
    if new < old {
        return Some(Refusal::StorageShrinks { from: old, to: new });
    }
    let too_little = new > old && new.saturating_sub(old).saturating_mul(10) < old;
    too_little.then_some(Refusal::StorageGrowsTooLittle { from: old, to: new })
}
