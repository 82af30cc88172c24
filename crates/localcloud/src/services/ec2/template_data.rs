//! The data of a launch template in its three spellings. Templates write `SecurityGroupIds`, requests
//! `SecurityGroupId.1`, answers `securityGroupIdSet`; here it is kept as templates write it.

use serde_json::{Map, Value};

/// A request's data as a template would write it: a list's name gets its plural.
pub(super) fn from_request(value: &Value) -> Value {
    named(value, false, &|name, is_list, in_interface| match (name, is_list) {
        ("SecurityGroupId", true) if in_interface => "Groups".to_owned(),
        ("Ipv6Address", true) => "Ipv6Addresses".to_owned(),
        (name, true) if !name.ends_with('s') => format!("{name}s"),
        (name, _) => name.to_owned(),
    })
}

/// The data as an answer shows it: small first letters, and lists as sets.
pub(super) fn to_api(value: &Value) -> Value {
    named(value, false, &|name, is_list, _| {
        let lower = lower_camel(name);
        match (name, is_list) {
            ("LicenseSpecifications", true) => "licenseSet".to_owned(),
            ("Ipv6Addresses" | "PrivateIpAddresses", true) => format!("{lower}Set"),
            ("Ipv4Prefixes" | "Ipv6Prefixes", true) => format!("{}Set", lower.trim_end_matches("es")),
            (_, true) => format!("{}Set", lower.trim_end_matches('s')),
            (_, false) => lower,
        }
    })
}

/// The tree with other names. Recursion is as deep as a request or a template may be.
fn named(value: &Value, in_interface: bool, name_of: &dyn Fn(&str, bool, bool) -> String) -> Value {
    match value {
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| named(item, in_interface, name_of)).collect())
        }
        Value::Object(fields) => {
            let renamed = fields.iter().map(|(name, field)| {
                let inside = in_interface || name.starts_with("NetworkInterface");
                (name_of(name, field.is_array(), in_interface), named(field, inside, name_of))
            });
            Value::Object(renamed.collect::<Map<String, Value>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn lower_camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_three_spellings_are_one_thing() {
        for (request, template, answer) in [
            (
                json!({"ImageId": "ami-1", "SecurityGroupId": ["sg-1"]}),
                json!({"ImageId": "ami-1", "SecurityGroupIds": ["sg-1"]}),
                json!({"imageId": "ami-1", "securityGroupIdSet": ["sg-1"]}),
            ),
            (
                json!({"BlockDeviceMapping": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": "9"}}]}),
                json!({"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": "9"}}]}),
                json!({"blockDeviceMappingSet": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": "9"}}]}),
            ),
            (
                json!({"TagSpecification": [{"ResourceType": "instance", "Tag": [{"Key": "k", "Value": "v"}]}]}),
                json!({"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "k", "Value": "v"}]}]}),
                json!({"tagSpecificationSet": [{"resourceType": "instance", "tagSet": [{"key": "k", "value": "v"}]}]}),
            ),
            (
                json!({"NetworkInterface": [{"SecurityGroupId": ["sg-1"], "DeviceIndex": "0"}]}),
                json!({"NetworkInterfaces": [{"Groups": ["sg-1"], "DeviceIndex": "0"}]}),
                json!({"networkInterfaceSet": [{"groupSet": ["sg-1"], "deviceIndex": "0"}]}),
            ),
            (
                json!({"LicenseSpecification": [{"LicenseConfigurationArn": "a"}]}),
                json!({"LicenseSpecifications": [{"LicenseConfigurationArn": "a"}]}),
                json!({"licenseSet": [{"licenseConfigurationArn": "a"}]}),
            ),
        ] {
            assert_eq!(from_request(&request), template);
            assert_eq!(to_api(&template), answer);
        }
    }
}
