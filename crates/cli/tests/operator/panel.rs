//! `slackwater serve` in a process of its own, and a browser before it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::cloud::{Cloud, Ended, end_of};

pub const PASSWORD: &str = "a sentence does well";

/// A panel that is served, and what it said when it started.
pub struct Served {
    pub child: Option<Child>,
    pub address: String,
    said: String,
}

impl Served {
    pub fn start(cloud: &Cloud) -> Served {
        let mut child = cloud
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(cloud.folder().join("serve.err")).expect("a file"))
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let first = lines.next().expect("a line").expect("UTF-8");
        let address = first.rsplit('/').next().expect("an address").to_owned();
        // The set-up link comes at once where nobody can sign in.
        let mut said = String::new();
        if !cloud.folder().join("signed-in").exists() {
            for line in lines.by_ref().take(2) {
                said.push_str(&line.expect("UTF-8"));
            }
        }
        Served { child: Some(child), address, said }
    }

    pub fn child(&self) -> &Child {
        self.child.as_ref().expect("it runs")
    }

    /// Wait for its end; with what it wrote to standard error.
    pub fn end(mut self, cloud: &Cloud) -> Ended {
        let ended = end_of(self.child.take().expect("it runs"));
        Ended { err: errors(cloud), ..ended }
    }

    /// As a browser does: method, path, cookie, further headers, body; gives the answer whole.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("UTF-8");
        answer
    }

    /// Sign in by the set-up link, as its first administrator.
    pub fn set_up(&self, cloud: &Cloud) -> Browser {
        let (_, path) = self.said.split_once("/setup/").expect("a link");
        let path = format!("/setup/{}", path.trim());
        let page = self.ask("GET", &path, &[], "");
        let stranger = Browser::of(&page);
        let form =
            format!("name=ada&password={}&form_token={}", PASSWORD.replace(' ', "+"), stranger.form_token);
        let entered = self.ask(
            "POST",
            &path,
            &[
                ("cookie", &stranger.cookie),
                ("origin", &format!("http://{}", self.address)),
                ("content-type", "application/x-www-form-urlencoded"),
            ],
            &form,
        );
        assert!(entered.starts_with("HTTP/1.1 303"), "{entered}");
        cloud.write("signed-in", "");
        let cookie = cookie(&entered);
        let page = self.ask("GET", "/", &[("cookie", &cookie)], "");
        Browser { cookie, form_token: form_token(&page) }
    }

    /// Press a button: a call of the REST API, as the pages' script makes it.
    pub fn press(&self, browser: &Browser, path: &str, key: &str) -> String {
        self.send(browser, "POST", path, key, "")
    }

    /// The same, with something in it.
    pub fn send(&self, browser: &Browser, method: &str, path: &str, key: &str, body: &str) -> String {
        let origin = format!("http://{}", self.address);
        let headers = [
            ("cookie", browser.cookie.as_str()),
            ("origin", &origin),
            ("x-form-token", &browser.form_token),
            ("idempotency-key", key),
            ("content-type", "application/json"),
        ];
        self.ask(method, &format!("/api/v1{path}"), &headers, body)
    }

    /// Sign in by the form; gives the answer whole.
    pub fn sign_in(&self, name: &str, password: &str) -> String {
        let page = self.ask("GET", "/sign-in", &[], "");
        let stranger = Browser::of(&page);
        let form =
            format!("name={name}&password={}&form_token={}", password.replace(' ', "+"), stranger.form_token);
        let headers = [
            ("cookie", stranger.cookie.as_str()),
            ("origin", &format!("http://{}", self.address)),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.ask("POST", "/sign-in", &headers, &form)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It has ended by itself, at worst.
            let _ended = child.kill();
            let _reaped = child.wait();
        }
    }
}

pub fn errors(cloud: &Cloud) -> String {
    std::fs::read_to_string(cloud.folder().join("serve.err")).expect("a file")
}

/// Somebody with a browser.
pub struct Browser {
    pub cookie: String,
    pub form_token: String,
}

impl Browser {
    fn of(page: &str) -> Browser {
        Browser { cookie: cookie(page), form_token: form_token(page) }
    }
}

fn cookie(answer: &str) -> String {
    let cookies = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
    cookies.collect::<Vec<_>>().join("; ")
}

fn form_token(page: &str) -> String {
    let (_, after) = page.split_once("name=\"form_token\" value=\"").expect("a form");
    after.split('"').next().unwrap_or_default().to_owned()
}
