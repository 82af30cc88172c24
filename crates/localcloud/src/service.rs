//! The local cloud as something to call: an HTTP request in, an HTTP answer out, no socket. A server or an
//! in-process transport goes around it.
//!
//! The order of things is the promise: verify, decode, write the request to the log, apply, answer. So what
//! was answered is on disk, and what isn't on disk has not happened.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode, Uri};
use serde_json::Value;

use crate::clock::{Clock, Timestamp};
use crate::error::AwsError;
use crate::faults::{self, Faults};
use crate::gate::{self, Passage};
use crate::identity::Identities;
use crate::input::Input;
use crate::journal::{Header, JournalError, Record, RequestLog};
use crate::services::security_token;
use crate::throttle::Buckets;
use crate::wire::error::WireError;
use crate::wire::keys::AccessKeys;
use crate::wire::route::{self, Call};
use crate::wire::signature::{self, Payload, SignedRequest};
use crate::wire::{Protocol, Service, cbor, error, object_storage, origin, times, xml};
use crate::world::{Config, World};

/// The largest body that is read.
pub const LARGEST_BODY_BYTES: usize = 64 * 1024 * 1024;

/// Why a local cloud can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The request log.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// There is no cloud to reopen.
    #[error("there is no local cloud in {}", .0.display())]
    NoSuchFile(std::path::PathBuf),
    /// No keys were given and none could be made.
    #[error("cannot make access keys: {0}")]
    Keys(std::io::Error),
}

/// The cloud: one world, its clock, its keys and maybe its log. Clones share them.
#[derive(Clone)]
pub struct LocalCloud {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Clock,
    keys: AccessKeys,
    region: String,
    seed: u64,
    state: Mutex<State>,
}

struct State {
    world: World,
    log: Option<RequestLog>,
    buckets: Buckets,
    /// Requests answered, for request ids.
    answered: u64,
}

impl std::fmt::Debug for LocalCloud {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LocalCloud").field("keys", &self.inner.keys).finish_non_exhaustive()
    }
}

impl LocalCloud {
    /// A cloud that is forgotten when it is dropped.
    #[must_use]
    pub fn in_memory(config: Config, clock: Clock, keys: AccessKeys) -> LocalCloud {
        let mut world = World::new(config, clock.now());
        world.security_token.set_salt(&keys.secret_access_key);
        LocalCloud::around(world, None, clock, keys)
    }

    /// A cloud that lives in a data file: what is there is replayed, what comes is added. Without given keys
    /// the file's are used, or fresh ones for a new file; given keys count for this opening, and a new file
    /// keeps them.
    ///
    /// # Errors
    /// When the file is in use, of another configuration, or not a data file.
    pub fn open(
        path: &Path,
        config: Config,
        clock: Clock,
        keys: Option<AccessKeys>,
    ) -> Result<LocalCloud, OpenError> {
        let log = RequestLog::open(path)?;
        let header = match log.header()? {
            Some(stored) => {
                if stored.config != config {
                    return Err(OpenError::Journal(JournalError::OtherConfig {
                        path: path.to_owned(),
                        stored: format!("{:?}", stored.config),
                        given: format!("{config:?}"),
                    }));
                }
                Header { keys: keys.unwrap_or(stored.keys), ..stored }
            }
            None => {
                let keys = match keys {
                    Some(keys) => keys,
                    None => AccessKeys::generate().map_err(OpenError::Keys)?,
                };
                let header = Header { config, start: clock.now(), keys };
                log.begin(&header)?;
                header
            }
        };
        LocalCloud::replayed(log, header, clock)
    }

    /// The cloud of a data file that is there, as it was configured, with its own keys.
    ///
    /// # Errors
    /// When there is no such file, or it is in use or not a data file.
    pub fn reopen(path: &Path, clock: Clock) -> Result<LocalCloud, OpenError> {
        if !path.exists() {
            return Err(OpenError::NoSuchFile(path.to_owned()));
        }
        let log = RequestLog::open(path)?;
        match log.header()? {
            Some(header) => LocalCloud::replayed(log, header, clock),
            None => Err(OpenError::NoSuchFile(path.to_owned())),
        }
    }

    fn replayed(log: RequestLog, header: Header, clock: Clock) -> Result<LocalCloud, OpenError> {
        let mut world = World::new(header.config, header.start);
        world.security_token.set_salt(&header.keys.secret_access_key);
        log.replay(|record| {
            // A refusal is replayed as well: it changes nothing again.
            let _refusal =
                world.handle(record.at, record.service, &record.operation, Input(&record.input)).err();
        })?;
        Ok(LocalCloud::around(world, Some(log), clock, header.keys))
    }

    fn around(world: World, log: Option<RequestLog>, clock: Clock, keys: AccessKeys) -> LocalCloud {
        let (region, seed) = (world.config.region.clone(), world.config.seed);
        let state = Mutex::new(State { world, log, buckets: Buckets::default(), answered: 0 });
        LocalCloud { inner: Arc::new(Inner { clock, keys, region, seed, state }) }
    }

    /// The keys that requests must be signed with.
    #[must_use]
    pub fn keys(&self) -> &AccessKeys {
        &self.inner.keys
    }

    /// The Region that requests must be signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// Look at the world as it is now: what was due has happened.
    ///
    /// # Errors
    /// When an earlier request ended in a fault of ours.
    pub fn inspect<T>(&self, look: impl FnOnce(&World) -> T) -> Result<T, AwsError> {
        let mut state = self.inner.state.lock().map_err(broken)?;
        let now = self.inner.clock.now();
        state.world.advance(now);
        Ok(look(&state.world))
    }

    /// Set the faults, as a signed request to the control endpoint would.
    ///
    /// # Errors
    /// When an earlier request ended in a fault of ours, or the log can't be written.
    pub fn set_faults(&self, faults: &Faults) -> Result<(), AwsError> {
        let internal = |error: serde_json::Error| AwsError::new(500, "InternalFailure", error.to_string());
        let call = Call {
            service: Service::Control,
            operation: "PutFaults".to_owned(),
            input: serde_json::to_value(faults).map_err(internal)?,
            protocol: Protocol::RestJson,
        };
        self.apply(&call).map(drop)
    }

    /// Answer one HTTP request. Every failure is an answer, but one: where a fault closes the connection, the
    /// response's extensions hold [`std::io::ErrorKind::ConnectionReset`], and whoever carries it to the client must
    /// end the connection instead (its status, 503 without a body, is for those who can't).
    #[must_use]
    pub fn call(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let request_id = self.request_id();
        let service = route::service_of(&parts.uri, &parts.headers, &body);
        let protocol = protocol_of(service, &parts.headers);
        let answered = self.receive(&parts, &body, service).and_then(|call| {
            let Some(output) = self.apply(&call)? else { return Ok(no_answer()) };
            let range = parts.headers.get("range").and_then(|range| range.to_str().ok());
            Ok(render(&call, &output, &request_id, range))
        });
        let mut response =
            answered.unwrap_or_else(|refusal| refused(&refusal, service, protocol, &request_id));
        if protocol == Protocol::Cbor {
            set(&mut response, cbor::PROTOCOL_HEADER, cbor::PROTOCOL);
        }
        if parts.method == http::Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        let name = match service {
            Some(Service::ObjectStorage) => "x-amz-request-id",
            _ => "x-amzn-requestid",
        };
        set(&mut response, name, &request_id);
        response
    }

    /// The answer to a body beyond [`LARGEST_BODY_BYTES`], for a server that doesn't read it.
    #[must_use]
    pub fn too_large(&self, parts: &http::request::Parts) -> Response<Bytes> {
        let service = route::service_of(&parts.uri, &parts.headers, &[]);
        let protocol = protocol_of(service, &parts.headers);
        let refusal = WireError::TooLarge(LARGEST_BODY_BYTES).to_aws(protocol);
        refused(&refusal, service, protocol, &self.request_id())
    }

    fn receive(
        &self,
        parts: &http::request::Parts,
        body: &Bytes,
        service: Option<Service>,
    ) -> Result<Call, AwsError> {
        let protocol = protocol_of(service, &parts.headers);
        self.decode(parts, body, service).map_err(|error| error.to_aws(protocol))
    }

    fn decode(
        &self,
        parts: &http::request::Parts,
        body: &Bytes,
        service: Option<Service>,
    ) -> Result<Call, WireError> {
        let authority = host(&parts.uri, &parts.headers);
        let name = origin::check(authority.as_deref(), &parts.headers)?;
        if body.len() > LARGEST_BODY_BYTES {
            return Err(WireError::TooLarge(LARGEST_BODY_BYTES));
        }
        let query = parts.uri.query().unwrap_or_default();
        let claimed = signature::claimed(&parts.headers, query);
        let service = match (service, claimed) {
            (Some(service), _) => service,
            (None, Some(_)) => return Err(WireError::NoService),
            (None, None) => return Err(signature::SignatureError::Missing.into()),
        };
        let signed = SignedRequest {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query,
            host: authority.as_deref().unwrap_or_default(),
            headers: &parts.headers,
            body,
        };
        let (payload, caller) = self.verified(&signed, service)?;
        let mut call =
            route::decode(service, &name, &parts.method, &parts.uri, &parts.headers, body, payload)?;
        if service == Service::SecurityToken
            && let Some(fields) = call.input.as_object_mut()
        {
            fields.insert(security_token::CALLER.to_owned(), Value::String(caller));
        }
        Ok(call)
    }

    /// Verify a request with the owner's keys, or with those of the session that it claims. Gives the key's id.
    fn verified(&self, signed: &SignedRequest<'_>, service: Service) -> Result<(Payload, String), WireError> {
        let now = self.inner.clock.now();
        let claimed = signature::claimed(signed.headers, signed.query);
        let session = claimed.as_ref().and_then(|claimed| {
            let state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.world.security_token.session(&claimed.access_key_id).cloned()
        });
        let keys = session.as_ref().map_or(&self.inner.keys, |session| &session.keys);
        // IAM is one for all Regions, and signed for the first of its partition.
        let region = match &claimed {
            Some(claimed) if service == Service::Iam && is_iam_s(&claimed.region) => claimed.region.as_str(),
            _ => &self.inner.region,
        };
        let payload = signature::verify(signed, keys, region, route::signing_name(service), now)?;
        if let Some(session) = &session {
            session.check(signed.headers, signed.query, now)?;
        }
        Ok((payload, keys.access_key_id.clone()))
    }

    /// What the world answers; `None` when a fault keeps the answer back.
    fn apply(&self, call: &Call) -> Result<Option<Value>, AwsError> {
        let mut state = self.inner.state.lock().map_err(broken)?;
        let state = &mut *state;
        // A clock that was set back doesn't turn time back.
        let at = self.inner.clock.now().max(state.world.now);
        let (passage, used) = gate::pass(&state.world, &mut state.buckets, call, at);
        if let Some(place) = used {
            let input = serde_json::json!({"place": place});
            state.happen(at, Service::Control, faults::USE, &input)?;
        }
        match passage {
            Passage::Refused(refusal) => Err(refusal),
            Passage::Dropped => Ok(None),
            Passage::Open => state.happen(at, call.service, &call.operation, &call.input).map(Some),
            Passage::WithoutAnswer => {
                let _lost = state.happen(at, call.service, &call.operation, &call.input);
                Ok(None)
            }
        }
    }

    /// Ids have a stream of their own: reading must not change what the world gives next.
    fn request_id(&self) -> String {
        let mut state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.answered += 1;
        let Timestamp(at) = self.inner.clock.now();
        Identities::new(self.inner.seed).uuid(&format!("request {at} {}", state.answered))
    }
}

impl State {
    /// Log a request that may change something, and let the world answer it.
    fn happen(
        &mut self,
        at: Timestamp,
        service: Service,
        operation: &str,
        input: &Value,
    ) -> Result<Value, AwsError> {
        if route::mutates(operation)
            && let Some(log) = &self.log
        {
            let record = Record { at, service, operation: operation.to_owned(), input: input.clone() };
            log.append(&record).map_err(|error| AwsError::new(500, "InternalFailure", error.to_string()))?;
        }
        self.world.handle(at, service, operation, Input(input))
    }
}

/// The Regions that requests to IAM are signed for.
/// <https://docs.aws.amazon.com/general/latest/gr/iam-service.html>
fn is_iam_s(region: &str) -> bool {
    matches!(region, "us-east-1" | "cn-north-1" | "us-gov-west-1")
}

/// Stands for a connection that is closed. [`LocalCloud::call`] says how it is known.
fn no_answer() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.extensions_mut().insert(std::io::ErrorKind::ConnectionReset);
    response
}

/// A handler panicked: the world may be half changed, so it answers no more. The log is intact.
fn broken<T>(_poison: PoisonError<T>) -> AwsError {
    AwsError::new(
        500,
        "InternalFailure",
        "An earlier request ended in a fault of the local cloud: restart it from its data file",
    )
}

/// The `Host` header, or for an in-process request the URI's authority as a client would send it.
fn host(uri: &Uri, headers: &http::HeaderMap) -> Option<String> {
    if let Some(host) = headers.get(HOST) {
        return host.to_str().ok().map(str::to_owned);
    }
    let authority = uri.authority()?;
    let usual = match uri.scheme_str() {
        Some("https") => 443,
        _ => 80,
    };
    Some(match authority.port_u16() {
        Some(port) if port != usual => authority.as_str().to_owned(),
        _ => authority.host().to_owned(),
    })
}

/// How an unknown service's clients are answered: as most services would.
fn protocol_of(service: Option<Service>, headers: &http::HeaderMap) -> Protocol {
    service.map_or(Protocol::Query, |service| route::protocol_of(service, headers))
}

fn render(call: &Call, output: &Value, request_id: &str, range: Option<&str>) -> Response<Bytes> {
    let (service, operation) = (call.service, &call.operation);
    let output = &*times::written(output, service, call.protocol);
    match call.protocol {
        Protocol::Query => {
            let mut out = format!("<{operation}Response xmlns=\"{}\">", service.namespace());
            xml::element(&mut out, &format!("{operation}Result"), output, service.items());
            out.push_str("<ResponseMetadata>");
            xml::text_element(&mut out, "RequestId", request_id);
            out.push_str(&format!("</ResponseMetadata></{operation}Response>"));
            with(StatusCode::OK, "text/xml", out.into_bytes())
        }
        Protocol::Ec2Query => {
            let mut out = format!("<{operation}Response xmlns=\"{}\">", service.namespace());
            xml::text_element(&mut out, "requestId", request_id);
            xml::content(&mut out, "", output, service.items());
            out.push_str(&format!("</{operation}Response>"));
            with(StatusCode::OK, "text/xml", out.into_bytes())
        }
        Protocol::RestJson => with(StatusCode::OK, "application/json", output.to_string().into_bytes()),
        Protocol::Cbor => with(StatusCode::OK, "application/cbor", cbor::encode(output, times::is_time)),
        Protocol::TargetJson => with(StatusCode::OK, service.json_type(), output.to_string().into_bytes()),
        Protocol::RestXml => {
            let answer = object_storage::render(&call.operation, &call.input, output, range);
            let mut response = Response::new(Bytes::from(answer.body));
            *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
            for (name, value) in answer.headers {
                set(&mut response, &name, &value);
            }
            response
        }
    }
}

fn refused(
    refusal: &AwsError,
    service: Option<Service>,
    protocol: Protocol,
    request_id: &str,
) -> Response<Bytes> {
    let (body, content_type) = error::render(refusal, service, protocol, request_id);
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = with(status, content_type, body);
    match protocol {
        Protocol::RestJson => set(&mut response, "x-amzn-errortype", &refusal.code),
        // Services that spoke Query before say in a header what the code was there (the trait
        // `awsQueryCompatible`).
        Protocol::TargetJson | Protocol::Cbor if service == Some(Service::CloudWatch) => {
            let fault = if refusal.status < 500 { "Sender" } else { "Receiver" };
            set(&mut response, "x-amzn-query-error", &format!("{};{fault}", refusal.code));
        }
        Protocol::Query | Protocol::Ec2Query | Protocol::RestXml | Protocol::TargetJson | Protocol::Cbor => {}
    }
    response
}

fn with(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A header whose name or value HTTP can't carry is left out.
fn set(response: &mut Response<Bytes>, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}
