//! Credentials that are renewed where they come from, while a process works with the old ones.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use localcloud::AccessKeys;

use crate::network::listening;

/// What nobody knows any more.
const OVER: (&str, &str) = ("AKIAOVER", "was good yesterday");

const START_URL: &str = "https://example.awsapps.com/start";
/// Where single sign-on keeps the token of that address: its SHA-1.
const TOKEN_FILE: &str = "e8be5486177c5b5392bd9aa76563515b29358e6e.json";

/// A source of credentials: how the profile names it, and what writes keys into it.
struct Source {
    name: &'static str,
    profile: fn(&Path) -> String,
    renew: fn(&Path, &Portal, (&str, &str)),
}

const SOURCES: [Source; 4] = [
    Source {
        name: "the shared credentials file",
        profile: |_| String::new(),
        renew: |folder, _, (id, secret)| {
            let keys = format!("[work]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
            std::fs::write(folder.join("credentials"), keys).expect("written");
        },
    },
    Source {
        name: "the configuration file",
        profile: |_| String::new(),
        renew: |folder, _, (id, secret)| {
            let keys = format!(
                "[profile work]\nregion = us-east-1\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"
            );
            std::fs::write(folder.join("config"), keys).expect("written");
        },
    },
    Source {
        name: "a process",
        profile: |folder| format!("credential_process = cat {}\n", folder.join("process.json").display()),
        renew: |folder, _, (id, secret)| {
            let keys = format!(r#"{{"Version": 1, "AccessKeyId": "{id}", "SecretAccessKey": "{secret}"}}"#);
            std::fs::write(folder.join("process.json"), keys).expect("written");
        },
    },
    Source {
        name: "single sign-on's cache",
        profile: |_| {
            format!(
                "sso_start_url = {START_URL}\nsso_region = us-east-1\nsso_account_id = 000000000000\nsso_role_name = work\n"
            )
        },
        renew: |folder, portal, (id, secret)| {
            // Somebody signs in again: another token, and what it is good for.
            let cache = folder.join(".aws/sso/cache");
            std::fs::create_dir_all(&cache).expect("made");
            portal.grant(id, secret);
            let token = format!(
                r#"{{"startUrl": "{START_URL}", "region": "us-east-1", "accessToken": "token-of-{id}", "expiresAt": "2100-01-01T00:00:00Z"}}"#
            );
            std::fs::write(cache.join(TOKEN_FILE), token).expect("written");
        },
    },
];

/// Single sign-on's portal: gives keys for the token of whoever signed in last.
#[derive(Clone, Default)]
struct Portal(Arc<Mutex<BTreeMap<String, String>>>);

impl Portal {
    fn grant(&self, id: &str, secret: &str) {
        let keys = format!(
            r#"{{"roleCredentials": {{"accessKeyId": "{id}", "secretAccessKey": "{secret}", "expiration": 4102444800000}}}}"#
        );
        *self.0.lock().expect("the grants") = BTreeMap::from([(format!("token-of-{id}"), keys)]);
    }

    /// Answer on a port of this machine, for as long as the tests last.
    fn listen(&self) -> String {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("its address"));
        let portal = self.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let (mut request, mut byte) = (Vec::new(), [0_u8; 1]);
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    request.extend(byte);
                }
                let request = String::from_utf8_lossy(&request).to_lowercase();
                let grants = portal.0.lock().expect("the grants").clone();
                let granted = grants.iter().find(|(token, _)| {
                    request.contains(&format!("x-amz-sso_bearer_token: {}\r\n", token.to_lowercase()))
                });
                let (status, body) = match granted {
                    Some((_, keys)) => ("200 OK", keys.clone()),
                    None => (
                        "401 Unauthorized",
                        r#"{"message": "Session token not found or invalid"}"#.to_owned(),
                    ),
                };
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _gone = stream.write_all(answer.as_bytes());
            }
        });
        address
    }
}

#[test]
fn keys_that_are_renewed_in_any_source_are_read_again_by_the_running_process() {
    let (_local, keys, endpoint) = listening();
    let mut held = 0;
    for Source { name, profile, renew } in SOURCES {
        let folder = tempfile::tempdir().expect("a folder");
        let portal = Portal::default();
        let config = format!("[profile work]\nregion = us-east-1\n{}", profile(folder.path()));
        std::fs::write(folder.path().join("config"), config).expect("written");
        renew(folder.path(), &portal, OVER);
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["connection::in_a_child", "--exact", "--ignored", "--nocapture"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder.path())
            .env("AWS_CONFIG_FILE", folder.path().join("config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", folder.path().join("credentials"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", &endpoint)
            .env("AWS_ENDPOINT_URL_SSO", portal.listen())
            .env("CASE_PROFILE", "work")
            .env("CASE_ASKS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let mut input = child.stdin.take().expect("its input");
        let mut lines =
            BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
        let mut says = |start: &str| {
            let line = lines.find(|line| line.starts_with(start));
            line.unwrap_or_else(|| panic!("{name}: no line begins with {start}"))
        };
        says("connected");
        writeln!(input, "over").expect("written");
        let over = says("over");
        assert_eq!(over.matches("kind: Expired").count(), 2, "{name}: {over}");
        let AccessKeys { access_key_id, secret_access_key, .. } = &keys;
        renew(folder.path(), &portal, (access_key_id, secret_access_key));
        // What gave nothing new isn't asked again for a moment.
        std::thread::sleep(std::time::Duration::from_secs(4));
        writeln!(input, "renewed").expect("written");
        let renewed = says("renewed");
        assert!(renewed.contains("root") && renewed.ends_with("Ok(None)"), "{name}: {renewed}");
        assert!(!renewed.contains(secret_access_key.as_str()), "{name}");
        drop(input);
        assert!(child.wait().expect("its end").success(), "{name}");
        held += 1;
    }
    println!(
        "{held} of {} sources of credentials are read again when their keys were renewed",
        SOURCES.len()
    );
}
