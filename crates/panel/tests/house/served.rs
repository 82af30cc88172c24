//! A panel in this process: what tests ask, and how.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use conductor::Clock;
use http::{HeaderMap, Method, Request, StatusCode};
use panel::access::Role;
use panel::{Backend, FileRuns, Origins, Panel, PanelSettings, Proxies, router};
use serde_json::json;
use tower::ServiceExt as _;

use crate::common::house::House;

pub const PASSWORD: &str = "a sentence does well";

/// A panel with its files.
pub struct Served {
    pub router: Router,
    pub panel: Panel,
    pub access: PathBuf,
    pub house: Arc<House>,
    pub folder: tempfile::TempDir,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn cookie(&self) -> String {
        let cookies = self.headers.get_all("set-cookie").iter();
        let pairs = cookies.filter_map(|value| value.to_str().ok()?.split(';').next().map(str::to_owned));
        pairs.collect::<Vec<_>>().join("; ")
    }
    pub fn form_token(&self) -> String {
        let (_, after) = self.text.split_once("name=\"form_token\" value=\"").expect("a form");
        after.split('"').next().unwrap_or_default().to_owned()
    }
    pub fn location(&self) -> &str {
        self.headers.get("location").and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Somebody with a browser.
pub struct Browser {
    pub cookie: String,
    pub form_token: String,
}

impl Served {
    pub fn new() -> Served {
        Served::with(House::default(), false)
    }

    pub fn with(house: House, two_person_approval: bool) -> Served {
        Served::at(Clock::system(), house, two_person_approval)
    }

    /// With this clock: one that starts at a given time goes by tokio's alone.
    pub fn at(clock: Clock, house: House, two_person_approval: bool) -> Served {
        Served::open(clock, house, two_person_approval, false)
    }

    /// Where a plan is approved only after a rehearsal.
    pub fn wanting_rehearsals(house: House) -> Served {
        Served::open(Clock::system(), house, false, true)
    }

    fn open(clock: Clock, house: House, two_person_approval: bool, rehearsal_required: bool) -> Served {
        let house = Arc::new(house);
        let folder = tempfile::tempdir().expect("a folder");
        let access = folder.path().join("panel.sqlite");
        let journal = folder.path().join("journal.sqlite");
        let panel = Panel::open(PanelSettings {
            time_zone: None,
            backend: Arc::clone(&house) as Arc<dyn Backend>,
            runs: Arc::new(FileRuns::open(&journal, clock).expect("it opens")),
            access: &access,
            two_person_approval,
            rehearsal_required,
            clock,
            origins: Origins { secure: false, loopback_only: true },
            proxies: Proxies::none(),
        })
        .expect("it opens");
        Served { router: router(panel.clone()), panel, access, house, folder }
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let mut request = request;
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 9))));
        self.ask_as(request).await
    }

    /// Ask from the address that the request says.
    pub async fn ask_as(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 24).await.expect("a body");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.ask(request(Method::GET, path, cookie, None)).await
    }

    /// Ask the API as our script does.
    pub async fn send(&self, method: Method, path: &str, browser: &Browser, body: &str) -> Answer {
        static KEYS: AtomicU32 = AtomicU32::new(0);
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("host", "127.0.0.1:4590")
            .header("cookie", &browser.cookie)
            .header("origin", "http://127.0.0.1:4590")
            .header("x-form-token", &browser.form_token)
            .header("idempotency-key", format!("sent-{}", KEYS.fetch_add(1, Ordering::Relaxed)))
            .header("content-type", "application/json");
        self.ask(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    pub async fn post(&self, path: &str, browser: &Browser, fields: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields).append_pair("form_token", &browser.form_token);
        self.ask(request(Method::POST, path, &browser.cookie, Some(form.finish()))).await
    }

    /// Set up by the link, as the first admin.
    pub async fn set_up(&self) -> Browser {
        let cookie = self.enter_by_the_link().await;
        self.arrive(cookie).await
    }

    /// The same, in a house that isn't looked at meanwhile.
    pub async fn set_up_unseen(&self) -> Browser {
        let cookie = self.enter_by_the_link().await;
        let form_token = self.get("/account", &cookie).await.form_token();
        Browser { cookie, form_token }
    }

    async fn enter_by_the_link(&self) -> String {
        let path = self.panel.setup_path().expect("written").expect("nobody is here");
        let page = self.get(&path, "").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let stranger = Browser { cookie: page.cookie(), form_token: page.form_token() };
        let entered = self.post(&path, &stranger, &[("name", "ada"), ("password", PASSWORD)]).await;
        assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.text);
        entered.cookie()
    }

    pub async fn arrive(&self, cookie: String) -> Browser {
        let form_token = self.get("/", &cookie).await.form_token();
        Browser { cookie, form_token }
    }

    pub async fn sign_in(&self, name: &str, password: &str) -> Answer {
        let page = self.get("/sign-in", "").await;
        let stranger = Browser { cookie: page.cookie(), form_token: page.form_token() };
        self.post("/sign-in", &stranger, &[("name", name), ("password", password), ("to", "/")]).await
    }

    pub async fn somebody(&self, admin: &Browser, role: Role) -> Browser {
        self.called(admin, &format!("a-{}", role.word()), role).await
    }

    pub async fn called(&self, admin: &Browser, name: &str, role: Role) -> Browser {
        let body =
            json!({"name": name, "password": PASSWORD, "role": role.word(), "current": PASSWORD}).to_string();
        assert_eq!(self.send(Method::POST, "/people", admin, &body).await.status, StatusCode::NO_CONTENT);
        let entered = self.sign_in(name, PASSWORD).await;
        assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.text);
        self.arrive(entered.cookie()).await
    }
}

pub fn request(method: Method, path: &str, cookie: &str, form: Option<String>) -> Request<Body> {
    let builder = Request::builder().method(method).uri(path).header("host", "127.0.0.1:4590");
    let builder = if cookie.is_empty() { builder } else { builder.header("cookie", cookie) };
    match form {
        None => builder.body(Body::empty()),
        Some(form) => builder
            .header("origin", "http://127.0.0.1:4590")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form)),
    }
    .expect("a request")
}
