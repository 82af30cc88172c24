//! Conditions of policy statements.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//!
//! Not evaluated: any operator that AWS doesn't document. A statement whose outcome hangs on one is not decided, and the
//! answer names the operator.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::pattern::Pattern;
use crate::Timestamp;

/// What is known of a request: condition keys, which know no case, and their values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// Let a key have these values.
    pub(crate) fn set(&mut self, key: &str, values: Vec<String>) {
        self.0.insert(key.to_ascii_lowercase(), values);
    }

    /// The values of a key.
    pub(crate) fn values(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }
}

/// One line of a `Condition` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    /// Such as `ForAnyValue:StringLikeIfExists`.
    pub(crate) operator: String,
    /// Such as `aws:SourceIp`.
    pub(crate) key: String,
    /// Any of these.
    pub(crate) values: Vec<String>,
}

/// An operator that isn't evaluated here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The condition operator {0} is not evaluated in this local cloud")]
pub(crate) struct NotEvaluated(pub(crate) String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    No,
    All,
    Any,
}

impl Condition {
    /// Whether it holds. A key that the context doesn't know is added to `missing`.
    pub(crate) fn holds(
        &self,
        context: &Context,
        missing: &mut BTreeSet<String>,
    ) -> Result<bool, NotEvaluated> {
        let (set, rest) = match self.operator.split_once(':') {
            Some(("ForAllValues", rest)) => (Set::All, rest),
            Some(("ForAnyValue", rest)) => (Set::Any, rest),
            Some(_) => return Err(NotEvaluated(self.operator.clone())),
            None => (Set::No, self.operator.as_str()),
        };
        let given = context.values(&self.key);
        if rest == "Null" {
            let wants_absent = self.values.iter().any(|value| value.eq_ignore_ascii_case("true"));
            return Ok(given.is_none() == wants_absent);
        }
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (test, is_negated) = test_of(base).ok_or_else(|| NotEvaluated(self.operator.clone()))?;
        let Some(given) = given else {
            missing.insert(self.key.clone());
            // A negated operator holds for a key that isn't there; so does one over all of no values.
            return Ok(if_exists || set == Set::All || (is_negated && set == Set::No));
        };
        let passes =
            |value: &String| self.values.iter().any(|wanted| test(value, wanted, context)) != is_negated;
        Ok(match set {
            Set::All => given.iter().all(passes),
            Set::Any => given.iter().any(passes),
            Set::No if is_negated => given.iter().all(passes),
            Set::No => given.iter().any(passes),
        })
    }
}

/// How a value of the context is compared with one of the policy.
type Test = fn(&str, &str, &Context) -> bool;

/// The comparison behind an operator, and whether it is negated.
fn test_of(operator: &str) -> Option<(Test, bool)> {
    fn literal(given: &str, wanted: &str, context: &Context) -> bool {
        Pattern::literal(wanted, context).is_some_and(|pattern| pattern.matches(given, false))
    }
    fn literal_ignoring_case(given: &str, wanted: &str, context: &Context) -> bool {
        Pattern::literal(wanted, context).is_some_and(|pattern| pattern.matches(given, true))
    }
    fn like(given: &str, wanted: &str, context: &Context) -> bool {
        Pattern::new(wanted, context).is_some_and(|pattern| pattern.matches(given, false))
    }
    // "Each of the six colon-delimited components of the ARN is checked separately."
    fn arn(given: &str, wanted: &str, context: &Context) -> bool {
        let (given, wanted): (Vec<&str>, Vec<&str>) =
            (given.splitn(6, ':').collect(), wanted.splitn(6, ':').collect());
        given.len() == wanted.len() && given.iter().zip(wanted).all(|(a, b)| like(a, b, context))
    }
    fn boolean(given: &str, wanted: &str, _context: &Context) -> bool {
        given.eq_ignore_ascii_case(wanted)
    }
    fn ordering(given: &str, wanted: &str) -> Option<std::cmp::Ordering> {
        given.parse::<f64>().ok()?.partial_cmp(&wanted.parse::<f64>().ok()?)
    }
    // ISO 8601, or seconds since 1970.
    fn moment(text: &str) -> Option<f64> {
        let whole_day = || Timestamp::parse(&format!("{text}T00:00:00Z"));
        let milliseconds = |time: Timestamp| time.0 as f64;
        let seconds = text.parse::<f64>().map(|seconds| seconds * 1000.0);
        Timestamp::parse(text).or_else(whole_day).map(milliseconds).or(seconds.ok())
    }
    fn in_time(given: &str, wanted: &str) -> Option<std::cmp::Ordering> {
        moment(given)?.partial_cmp(&moment(wanted)?)
    }
    fn address(given: &str, wanted: &str, _context: &Context) -> bool {
        in_network(given, wanted).unwrap_or(false)
    }
    Some(match operator {
        "StringEquals" | "BinaryEquals" => (literal as Test, false),
        "StringNotEquals" => (literal, true),
        "StringEqualsIgnoreCase" => (literal_ignoring_case, false),
        "StringNotEqualsIgnoreCase" => (literal_ignoring_case, true),
        "StringLike" => (like, false),
        "StringNotLike" => (like, true),
        "ArnEquals" | "ArnLike" => (arn, false),
        "ArnNotEquals" | "ArnNotLike" => (arn, true),
        "Bool" => (boolean, false),
        "NumericEquals" => (|a, b, _| ordering(a, b).is_some_and(std::cmp::Ordering::is_eq), false),
        "NumericNotEquals" => (|a, b, _| ordering(a, b).is_some_and(std::cmp::Ordering::is_eq), true),
        "NumericLessThan" => (|a, b, _| ordering(a, b).is_some_and(std::cmp::Ordering::is_lt), false),
        "NumericLessThanEquals" => (|a, b, _| ordering(a, b).is_some_and(std::cmp::Ordering::is_le), false),
        "NumericGreaterThan" => (|a, b, _| ordering(a, b).is_some_and(std::cmp::Ordering::is_gt), false),
        "NumericGreaterThanEquals" => {
            (|a, b, _| ordering(a, b).is_some_and(std::cmp::Ordering::is_ge), false)
        }
        "DateEquals" => (|a, b, _| in_time(a, b).is_some_and(std::cmp::Ordering::is_eq), false),
        "DateNotEquals" => (|a, b, _| in_time(a, b).is_some_and(std::cmp::Ordering::is_eq), true),
        "DateLessThan" => (|a, b, _| in_time(a, b).is_some_and(std::cmp::Ordering::is_lt), false),
        "DateLessThanEquals" => (|a, b, _| in_time(a, b).is_some_and(std::cmp::Ordering::is_le), false),
        "DateGreaterThan" => (|a, b, _| in_time(a, b).is_some_and(std::cmp::Ordering::is_gt), false),
        "DateGreaterThanEquals" => (|a, b, _| in_time(a, b).is_some_and(std::cmp::Ordering::is_ge), false),
        "IpAddress" => (address, false),
        "NotIpAddress" => (address, true),
        _ => return None,
    })
}

/// Whether an address lies in a network (`10.0.0.0/8`, or an address alone).
fn in_network(address: &str, network: &str) -> Option<bool> {
    let (base, length) = network.split_once('/').unwrap_or((network, ""));
    let (bits, base, width) = match (address.parse().ok()?, base.parse().ok()?) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(u32::from(a)), u128::from(u32::from(b)), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a), u128::from(b), 128),
        _ => return Some(false),
    };
    let length: u32 = if length.is_empty() { width } else { length.parse().ok()? };
    let shift = width.checked_sub(length)?;
    Some(bits.checked_shr(shift).unwrap_or(0) == base.checked_shr(shift).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Condition, Context, NotEvaluated};

    fn holds(operator: &str, key: &str, values: &[&str]) -> Result<(bool, Vec<String>), NotEvaluated> {
        let mut context = Context::default();
        for (key, values) in [
            ("aws:SourceIp", vec!["10.1.2.3"]),
            ("aws:SecureTransport", vec!["true"]),
            ("aws:TagKeys", vec!["a", "b"]),
            ("aws:CurrentTime", vec!["2026-01-31T08:15:30Z"]),
            ("s3:max-keys", vec!["10"]),
            ("aws:PrincipalArn", vec!["arn:aws:iam::000000000000:role/path/r"]),
        ] {
            context.set(key, values.into_iter().map(str::to_owned).collect());
        }
        let mut missing = BTreeSet::new();
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let condition = Condition { operator: operator.to_owned(), key: key.to_owned(), values };
        let holds = condition.holds(&context, &mut missing)?;
        Ok((holds, missing.into_iter().collect()))
    }

    #[test]
    fn operators_hold_as_documented() {
        for (operator, key, values, expected) in [
            ("IpAddress", "aws:sourceip", &["10.0.0.0/8"][..], true),
            ("IpAddress", "aws:SourceIp", &["10.1.2.3"], true),
            ("IpAddress", "aws:SourceIp", &["0.0.0.0/0"], true),
            ("IpAddress", "aws:SourceIp", &["10.0.0.0/33", "::/0", "x"], false),
            ("NotIpAddress", "aws:SourceIp", &["10.0.0.0/8"], false),
            ("Bool", "aws:SecureTransport", &["TRUE"], true),
            ("StringEquals", "aws:SecureTransport", &["tru*"], false),
            ("StringLike", "aws:SecureTransport", &["x", "tru*"], true),
            ("StringNotLike", "aws:SecureTransport", &["x", "tru*"], false),
            ("StringEqualsIgnoreCase", "aws:SecureTransport", &["True"], true),
            ("NumericLessThanEquals", "s3:max-keys", &["10"], true),
            ("NumericLessThan", "s3:max-keys", &["10"], false),
            ("NumericNotEquals", "s3:max-keys", &["11"], true),
            ("ArnLike", "aws:PrincipalArn", &["arn:aws:iam::*:role/*"], true),
            ("ArnLike", "aws:PrincipalArn", &["arn:aws:iam:*:role/*"], false),
            ("ArnNotEquals", "aws:PrincipalArn", &["arn:aws:iam::*:user/*"], true),
            ("ForAllValues:StringEquals", "aws:TagKeys", &["a", "b", "c"], true),
            ("ForAllValues:StringEquals", "aws:TagKeys", &["a"], false),
            ("ForAnyValue:StringEquals", "aws:TagKeys", &["b"], true),
            ("ForAnyValue:StringEquals", "aws:TagKeys", &["c"], false),
            ("DateLessThan", "aws:CurrentTime", &["2026-02-01T00:00:00Z"], true),
            ("DateGreaterThanEquals", "aws:CurrentTime", &["2026-01-31T08:15:30Z"], true),
            ("DateGreaterThan", "aws:CurrentTime", &["2026-02-01", "x"], false),
            ("DateNotEquals", "aws:CurrentTime", &["1769847330"], false),
            ("Null", "aws:TagKeys", &["false"], true),
            ("Null", "aws:Nothing", &["true"], true),
        ] {
            assert_eq!(
                holds(operator, key, values),
                Ok((expected, Vec::new())),
                "{operator} {key} {values:?}"
            );
        }
    }

    #[test]
    fn a_missing_key_is_named() {
        for (operator, expected) in [
            ("StringEquals", false),
            ("StringEqualsIfExists", true),
            ("StringNotEquals", true),
            ("ForAllValues:StringEquals", true),
            ("ForAnyValue:StringNotEquals", false),
        ] {
            let found = holds(operator, "aws:Nothing", &["x"]);
            assert_eq!(found, Ok((expected, vec!["aws:Nothing".to_owned()])), "{operator}");
        }
        for operator in ["DateLike", "Like", "ForSome:StringLike", ""] {
            assert_eq!(holds(operator, "aws:TagKeys", &["x"]), Err(NotEvaluated(operator.to_owned())));
        }
    }
}
