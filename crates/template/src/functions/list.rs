//! Functions that make or read lists: Select, GetAZs, Cidr, Length.

use super::{Evaluated, Functions, cidr};
use crate::function::Call;
use crate::value::Value;

/// The zones of a Region as a new account sees them, in the order of their names; of a Region that isn't listed: a, b and c.
/// <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html>, and what accounts of after
/// 2020 are given where a Region has closed one (us-west-1, ca-central-1, ap-northeast-1).
pub fn zones_of_region(region: &str) -> impl Iterator<Item = String> {
    let letters = match region {
        "us-east-1" => "abcdef",
        "us-west-2" | "ap-northeast-2" => "abcd",
        "us-west-1" => "ac",
        "ca-central-1" => "abd",
        "ap-northeast-1" => "acd",
        _ => "abc",
    };
    letters.chars().map(move |letter| format!("{region}{letter}"))
}

impl Functions<'_, '_> {
    pub(super) fn select(self, found: Call<'_>) -> Evaluated {
        let Some([index, list]) = found.list() else {
            return Err(self.wrong(found.function, found.argument.at, ""));
        };
        let index = match self.text(found, index)? {
            Ok(text) => match text.trim().parse::<usize>() {
                Ok(index) => index,
                Err(_) => {
                    return Err(self.wrong(found.function, index.at, "the index is no integer"));
                }
            },
            Err(unknown) => return Ok(Some(Value::Unknown(unknown.collapsed()))),
        };
        let elements = match self.some_value(list)? {
            Value::List(elements) => elements,
            Value::Unknown(unknown) => return Ok(Some(Value::Unknown(unknown.collapsed()))),
            other => {
                let got = format!("here is {}", other.kind_name());
                return Err(self.wrong(found.function, list.at, &got));
            }
        };
        let count = elements.len();
        match elements.into_iter().nth(index) {
            Some(Value::Unknown(unknown)) => Ok(Some(Value::Unknown(unknown.collapsed()))),
            Some(value) => Ok(Some(value)),
            None => {
                let got = format!("there is no element {index} in a list of {count}");
                Err(self.wrong(found.function, list.at, &got))
            }
        }
    }

    pub(super) fn availability_zones(self, found: Call<'_>) -> Evaluated {
        let region = match self.text(found, found.argument)? {
            Ok(region) => region,
            Err(unknown) => return Ok(Some(Value::Unknown(unknown.collapsed()))),
        };
        let own = &self.evaluation.pseudo.region;
        // Another Region's zones are no answer of AWS's: the list is empty (recorded there).
        let zones = match self.evaluation.outside.availability_zones.get(own) {
            _ if !region.is_empty() && region != *own => Vec::new(),
            Some(zones) => zones.iter().map(Value::string).collect(),
            None => zones_of_region(own).map(Value::String).collect(),
        };
        Ok(Some(Value::List(zones)))
    }

    pub(super) fn cidr(self, found: Call<'_>) -> Evaluated {
        let arguments = found.argument.as_sequence().unwrap_or_default();
        if !(2..=3).contains(&arguments.len()) {
            return Err(self.wrong(found.function, found.argument.at, ""));
        }
        let mut texts = Vec::with_capacity(3);
        for argument in arguments {
            match self.text(found, argument)? {
                Ok(text) => texts.push(text),
                Err(unknown) => return Ok(Some(Value::Unknown(unknown.collapsed()))),
            }
        }
        let mut texts = texts.iter().map(String::as_str);
        let (block, count, bits) =
            (texts.next().unwrap_or_default(), texts.next().unwrap_or_default(), texts.next());
        match cidr::subnets(block, count, bits) {
            Ok(subnets) => Ok(Some(Value::List(subnets.into_iter().map(Value::String).collect()))),
            Err(reason) => Err(self.wrong(found.function, found.argument.at, reason)),
        }
    }

    pub(super) fn length(self, found: Call<'_>) -> Evaluated {
        match self.some_value(found.argument)? {
            Value::List(elements) => Ok(Some(Value::Number(elements.len().to_string()))),
            Value::Unknown(unknown) => Ok(Some(Value::Unknown(unknown.collapsed()))),
            other => {
                let got = format!("here is {}", other.kind_name());
                Err(self.wrong(found.function, found.argument.at, &got))
            }
        }
    }
}
