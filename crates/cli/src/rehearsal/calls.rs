//! The calls that a run makes of a cloud in this process, counted on the way there; one of them meets a failure, ordered
//! through the local cloud's own document of faults for the moment of that call, so that nobody else meets it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws::{AwsCloud, Connection, Transport};
use bytes::Bytes;
use conductor::Clock;
use http::{Request, Response};
use localcloud::{Faults, LocalCloud};
use serde_json::json;

use super::circumstances::Circumstances;

#[derive(Default)]
struct Log {
    calls: Vec<String>,
    /// The call of this number (from 0) is answered so.
    fault: Option<(usize, &'static str)>,
    circumstances: Option<Circumstances>,
}

/// What a run calls. Clones are the same log.
#[derive(Clone, Default)]
pub struct CallLog(Arc<Mutex<Log>>);

impl CallLog {
    /// Count from here; the call of this number is answered so.
    pub fn begin(&self, fault: Option<(usize, &'static str)>) {
        self.go_on(Vec::new(), fault);
    }

    /// Count on after these calls, as [`CallLog::begin`] counts.
    pub fn go_on(&self, calls: Vec<String>, fault: Option<(usize, &'static str)>) {
        *self.lock() = Log { calls, fault, circumstances: None };
    }

    /// From now on calls are throttled as these circumstances have it.
    pub fn live_through(&self, circumstances: Option<Circumstances>) {
        self.lock().circumstances = circumstances;
    }

    /// Every call since [`CallLog::begin`], as `service:operation`, as far as the request says it.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// The program's own client of a cloud in this process, whose calls are counted.
    #[must_use]
    pub fn sdk(&self, local: &LocalCloud, clock: Clock) -> AwsCloud {
        let (callee, keys, log) = (local.clone(), local.keys().clone(), self.clone());
        AwsCloud::new(&Connection {
            region: local.region().to_owned(),
            endpoint_url: "http://localhost".to_owned(),
            access_key_id: keys.access_key_id,
            secret_access_key: keys.secret_access_key,
            transport: Transport::InProcess(Arc::new(move |request| log.call(&callee, request))),
            now: Arc::new(move || clock.system_time()),
        })
    }

    fn call(&self, callee: &LocalCloud, request: Request<Bytes>) -> Response<Bytes> {
        let service = service(&request);
        let answer = {
            let mut log = self.lock();
            let number = log.calls.len();
            log.calls.push(format!("{service}:{}", operation(&request)));
            let throttles = log.circumstances.is_some_and(|circumstances| circumstances.throttles(number));
            let fault = log.fault.filter(|(at, _)| *at == number).map(|(_, answer)| answer);
            fault.or(throttles.then_some("throttled"))
        };
        let Some(answer) = answer else { return callee.call(request) };
        answered(callee, request, answer)
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a cloud answers when this (an answer of the local cloud's document of faults) befalls the request.
pub(crate) fn answered(callee: &LocalCloud, request: Request<Bytes>, answer: &str) -> Response<Bytes> {
    let service = service(&request);
    let order = json!({"calls": [{"service": service, "operation": "*", "answer": answer}]});
    // Faults that were ordered before stand again afterwards. Nothing here can be refused: the service has just been named
    // by a request, and the cloud has no log that could fail.
    let before = callee.inspect(|world| world.faults.clone()).unwrap_or_default();
    if let Ok(order) = Faults::from_json(&order) {
        let _refused = callee.set_faults(&order);
    }
    let response = callee.call(request);
    let _refused = callee.set_faults(&before);
    response
}

/// The service that a request is signed for: `Credential=KEY/DAY/REGION/SERVICE/aws4_request`.
#[must_use]
pub fn service(request: &Request<Bytes>) -> String {
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let scope = header.and_then(|header| header.split("Credential=").nth(1));
    scope.and_then(|scope| scope.split('/').nth(3)).unwrap_or_default().to_owned()
}

/// What is asked: `Action` of a Query service, else the target or the path.
#[must_use]
pub fn operation(request: &Request<Bytes>) -> String {
    let body = String::from_utf8_lossy(request.body());
    let action = body.split('&').find_map(|field| field.strip_prefix("Action=")).map(str::to_owned);
    let target = || {
        let target = request.headers().get("x-amz-target")?.to_str().ok()?;
        Some(target.rsplit('.').next().unwrap_or(target).to_owned())
    };
    action.or_else(target).unwrap_or_else(|| format!("{} {}", request.method(), request.uri().path()))
}
