//! The calls that a run makes of a cloud in this process, counted on the way there; one of them meets a failure, ordered
//! through the local cloud's own document of faults for the moment of that call, so that nobody else meets it.

use std::sync::{Arc, Mutex, MutexGuard};

use aws::{AwsCloud, Connection, Transport};
use bytes::Bytes;
use conductor::Clock;
use http::{Request, Response};
use localcloud::{Faults, LocalCloud};
use serde_json::json;

#[derive(Default)]
struct Log {
    /// `service:operation`, as far as the request says it.
    calls: Vec<String>,
    /// The call of this number (from 0) is answered so.
    fault: Option<(usize, &'static str)>,
}

/// What a run calls.
#[derive(Clone, Default)]
pub struct CallLog(Arc<Mutex<Log>>);

impl CallLog {
    /// Count from here; the call of this number is answered so.
    pub fn begin(&self, fault: Option<(usize, &'static str)>) {
        *self.lock() = Log { calls: Vec::new(), fault };
    }

    /// Every call since [`CallLog::begin`].
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// The SDK, whose calls of a cloud in this process are counted.
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
            log.fault.filter(|(at, _)| *at == number).map(|(_, answer)| answer)
        };
        let Some(answer) = answer else { return callee.call(request) };
        let order = json!({"calls": [{"service": service, "operation": "*", "answer": answer}]});
        let order = Faults::from_json(&order).expect("a document of faults");
        callee.set_faults(&order).expect("taken");
        let response = callee.call(request);
        callee.set_faults(&Faults::default()).expect("taken");
        response
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().expect("nothing panics while it holds this")
    }
}

/// The service that a request is signed for: `Credential=KEY/DAY/REGION/SERVICE/aws4_request`.
pub fn service(request: &Request<Bytes>) -> String {
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let scope = header.and_then(|header| header.split("Credential=").nth(1));
    scope.and_then(|scope| scope.split('/').nth(3)).unwrap_or_default().to_owned()
}

/// What is asked: `Action` of a Query service, else the target or the path.
pub fn operation(request: &Request<Bytes>) -> String {
    let body = String::from_utf8_lossy(request.body());
    let action = body.split('&').find_map(|field| field.strip_prefix("Action=")).map(str::to_owned);
    action.unwrap_or_else(|| format!("{} {}", request.method(), request.uri().path()))
}
