//! What a rule's conditions say about a request, and what a redirect makes of it. Pure.
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html>

use changeset::wildcard;
use std::net::IpAddr;

use ipnet::IpNet;

use http::{HeaderMap, Method};
use serde_json::Value;

use crate::Input;

/// What conditions look at.
#[derive(Debug, Clone)]
pub(crate) struct Facts<'a> {
    /// The request's method.
    pub(crate) method: &'a Method,
    /// The `Host` header without its port.
    pub(crate) host: &'a str,
    /// The path, as it came.
    pub(crate) path: &'a str,
    /// The query, as it came, without its question mark.
    pub(crate) query: &'a str,
    /// The headers.
    pub(crate) headers: &'a HeaderMap,
    /// The client.
    pub(crate) source: IpAddr,
}

/// Whether every condition holds; a condition holds when one of its values does.
pub(super) fn all_hold(conditions: &Value, facts: &Facts<'_>) -> bool {
    conditions.as_array().is_some_and(|all| all.iter().all(|condition| holds(Input(condition), facts)))
}

fn holds(condition: Input<'_>, facts: &Facts<'_>) -> bool {
    let values = |config: &str| -> Vec<String> {
        let config = condition.object(config);
        config.into_iter().flat_map(|config| config.strings("Values")).map(str::to_owned).collect()
    };
    let any = |config: &str, fits: &dyn Fn(&str) -> bool| values(config).iter().any(|value| fits(value));
    match condition.string("Field").unwrap_or_default() {
        // The port is no part of it: assumption, since AWS's listeners have the port that the host would name.
        "host-header" => any("HostHeaderConfig", &|value| fits(value, facts.host, true)),
        "path-pattern" => any("PathPatternConfig", &|value| fits(value, facts.path, false)),
        "http-request-method" => any("HttpRequestMethodConfig", &|value| value == facts.method.as_str()),
        "http-header" => {
            let config = condition.object("HttpHeaderConfig");
            let name = config.and_then(|config| config.string("HttpHeaderName")).unwrap_or_default();
            let mut found = facts
                .headers
                .get_all(name.to_ascii_lowercase())
                .iter()
                .filter_map(|value| value.to_str().ok());
            found.any(|found| any("HttpHeaderConfig", &|value| fits(value, found, true)))
        }
        "query-string" => {
            let pairs: Vec<_> = form_urlencoded::parse(facts.query.as_bytes()).collect();
            let config = condition.object("QueryStringConfig");
            let mut wanted = config.into_iter().flat_map(|config| config.objects("Values"));
            wanted.any(|wanted| {
                let value = wanted.string("Value").unwrap_or_default();
                pairs.iter().any(|(key, found)| {
                    wanted.string("Key").is_none_or(|wanted| fits(wanted, key, true))
                        && fits(value, found, true)
                })
            })
        }
        "source-ip" => any("SourceIpConfig", &|value| is_within(facts.source, value)),
        _ => false,
    }
}

/// Whether a whole text fits a pattern.
pub(crate) fn fits(pattern: &str, text: &str, ignore_case: bool) -> bool {
    wildcard::fits(&wildcard::tokens(pattern), text, ignore_case)
}

/// Whether an address is within a block such as `10.0.0.0/8`; without a length the block is one address.
fn is_within(address: IpAddr, block: &str) -> bool {
    let block = block.parse::<IpNet>().or_else(|_| block.parse::<IpAddr>().map(IpNet::from));
    block.is_ok_and(|block| block.contains(&address))
}

/// What a redirect's placeholders stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) protocol: &'a str,
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
}

/// Where a redirect leads: what its configuration leaves out stays as it was asked.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html>
pub(super) fn location(config: Input<'_>, place: Place<'_>) -> String {
    let port = place.port.to_string();
    let filled = |name: &str, usual: &str| {
        let text = config.string(name).filter(|text| !text.is_empty()).unwrap_or(usual);
        let path = place.path.strip_prefix('/').unwrap_or(place.path);
        [
            ("#{protocol}", place.protocol),
            ("#{host}", place.host),
            ("#{port}", &port),
            ("#{path}", path),
            ("#{query}", place.query),
        ]
        .iter()
        .fold(text.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
    };
    let protocol = filled("Protocol", "#{protocol}").to_ascii_lowercase();
    let (host, port) = (filled("Host", "#{host}"), filled("Port", "#{port}"));
    let path = filled("Path", "/#{path}");
    // An empty query in the configuration is one that takes the asked one away.
    let query = match config.string("Query") {
        Some("") => String::new(),
        Some(_) | None => filled("Query", "#{query}"),
    };
    let question = if query.is_empty() { "" } else { "?" };
    // AWS writes the port also where it is the protocol's own.
    format!("{protocol}://{host}:{port}{path}{question}{query}")
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use http::{HeaderMap, Method};
    use serde_json::{Value, json};

    use super::{Facts, Place, all_hold, location};
    use crate::Input;

    fn check(condition: Value, holds: bool) {
        let mut headers = HeaderMap::new();
        headers.append("user-agent", "curl/8.5".parse().expect("value"));
        headers.append("x-role", "reader".parse().expect("value"));
        headers.append("x-role", "Admin".parse().expect("value"));
        let facts = Facts {
            method: &Method::POST,
            host: "App.example.com",
            path: "/api/v1/items",
            query: "version=v1&empty=&na%20me=a%2Bb",
            headers: &headers,
            source: IpAddr::from([127, 0, 0, 1]),
        };
        assert_eq!(all_hold(&json!([condition.clone()]), &facts), holds, "{condition}");
        // Beside one that never holds, nothing does.
        let never = json!({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}});
        assert!(!all_hold(&json!([condition, never]), &facts));
    }

    #[test]
    fn conditions_hold_as_aws_documents_them() {
        for (field, config, values, holds) in [
            ("host-header", "HostHeaderConfig", json!(["app.EXAMPLE.com"]), true),
            ("host-header", "HostHeaderConfig", json!(["*.example.com"]), true),
            ("host-header", "HostHeaderConfig", json!(["example.com"]), false),
            ("host-header", "HostHeaderConfig", json!(["no", "app.example.???"]), true),
            ("path-pattern", "PathPatternConfig", json!(["/api/*"]), true),
            ("path-pattern", "PathPatternConfig", json!(["/API/*"]), false),
            ("path-pattern", "PathPatternConfig", json!(["/api"]), false),
            ("path-pattern", "PathPatternConfig", json!(["/api/v?/items"]), true),
            ("path-pattern", "PathPatternConfig", json!(["*items?version*"]), false),
            ("path-pattern", "PathPatternConfig", json!(["*"]), true),
            ("http-request-method", "HttpRequestMethodConfig", json!(["GET", "POST"]), true),
            ("http-request-method", "HttpRequestMethodConfig", json!(["post"]), false),
            ("source-ip", "SourceIpConfig", json!(["127.0.0.0/8"]), true),
            ("source-ip", "SourceIpConfig", json!(["127.0.0.1/32"]), true),
            ("source-ip", "SourceIpConfig", json!(["0.0.0.0/0"]), true),
            ("source-ip", "SourceIpConfig", json!(["10.0.0.0/8", "::1/128"]), false),
            ("source-ip", "SourceIpConfig", json!(["127.0.0.0/99", "nonsense"]), false),
            ("query-string", "QueryStringConfig", json!([{"Key": "VERSION", "Value": "V1"}]), true),
            ("query-string", "QueryStringConfig", json!([{"Key": "version", "Value": "v2"}]), false),
            ("query-string", "QueryStringConfig", json!([{"Value": "v?"}]), true),
            ("query-string", "QueryStringConfig", json!([{"Key": "na me", "Value": "a+b"}]), true),
            ("query-string", "QueryStringConfig", json!([{"Key": "absent", "Value": "*"}]), false),
            ("no-such-field", "X", json!(["*"]), false),
        ] {
            check(json!({"Field": field, config: {"Values": values}}), holds);
        }
        for (name, values, holds) in [
            ("User-Agent", json!(["CURL/*"]), true),
            ("user-agent", json!(["wget*"]), false),
            ("X-Role", json!(["admin"]), true),
            ("x-absent", json!(["*"]), false),
        ] {
            let config = json!({"HttpHeaderName": name, "Values": values});
            check(json!({"Field": "http-header", "HttpHeaderConfig": config}), holds);
        }
    }

    #[test]
    fn redirects_fill_their_placeholders() {
        let place = Place { protocol: "http", host: "localhost", port: 8080, path: "/a/b", query: "x=1&y=2" };
        for (config, expected) in [
            (json!({}), "http://localhost:8080/a/b?x=1&y=2"),
            (json!({"Protocol": "HTTPS", "Port": "443"}), "https://localhost:443/a/b?x=1&y=2"),
            (
                json!({"Host": "www.#{host}", "Path": "/new/#{path}"}),
                "http://www.localhost:8080/new/a/b?x=1&y=2",
            ),
            (json!({"Query": "from=#{path}&#{query}"}), "http://localhost:8080/a/b?from=a/b&x=1&y=2"),
            (json!({"Path": "/", "Query": ""}), "http://localhost:8080/"),
            (json!({"Path": "/#{protocol}-#{port}"}), "http://localhost:8080/http-8080?x=1&y=2"),
        ] {
            assert_eq!(location(Input(&config), place), expected, "{config}");
        }
    }
}
