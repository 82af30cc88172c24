//! Functions that make or read lists: Select, GetAZs, Cidr, Length.

use super::{Evaluated, Functions, cidr};
use crate::function::Call;
use crate::value::Value;

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
        let region = if region.is_empty() { &self.evaluation.pseudo.region } else { &region };
        let zones = match self.evaluation.outside.availability_zones.get(region) {
            Some(zones) => zones.iter().map(Value::string).collect(),
            None => ["a", "b", "c"].iter().map(|zone| Value::String(format!("{region}{zone}"))).collect(),
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
