//! The local cloud as something to call: an HTTP request in, an HTTP answer out, no socket. A server or an
//! in-process transport goes around it.
//!
//! The order of things is the promise: verify, decode, write the request to the log, apply, answer. So what
//! was answered is on disk, and what isn't on disk has not happened.

mod core;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{Request, Response, StatusCode, Uri};
use serde_json::Value;

use self::core::Core;
use crate::clock::{Clock, Timestamp};
use crate::cloudformation::durations::Pace;
use crate::error::AwsError;
use crate::faults::{self, Faults};
use crate::gate::{self, Passage};
use crate::identity::Identities;
use crate::input::Input;
use crate::journal::{Header, JournalError, RequestLog};
use crate::machine_room::{self, Report};
use crate::observe::{self, Observed, Observer, Seen};
use crate::services::batch;
use crate::services::iam::needed;
use crate::services::security_token;
use crate::throttle::Buckets;
use crate::wire::error::WireError;
use crate::wire::keys::AccessKeys;
use crate::wire::object_storage::{self, Verified};
use crate::wire::route::{self, Call};
use crate::wire::signature::{self, Payload, SignedRequest};
use crate::wire::{Protocol, Service, answer, cbor, origin};
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

/// What a request's headers say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// The signature holds, for a body that will be as it is stated.
    Verified,
    /// All is as it should be, and whether the signature holds can be told with the body.
    NeedsBody,
}

/// The cloud: one world, its clock, its keys and maybe its log. Clones share them.
#[derive(Clone)]
pub struct LocalCloud {
    inner: Arc<Inner>,
    observer: Option<Observer>,
}

/// A request that was let in.
struct Admitted {
    service: Service,
    /// The host without its port.
    host: String,
    payload: Payload,
    /// The id of the key that signed.
    caller: String,
}

struct Inner {
    clock: Clock,
    keys: AccessKeys,
    region: String,
    seed: u64,
    state: Mutex<Core>,
    /// Told after each request that may have changed the world.
    changed: tokio::sync::Notify,
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
        // The machine's clock may have been set back since the file was written to.
        let clock = clock.going_on_from(world.now);
        let state = Mutex::new(Core {
            world,
            log,
            buckets: Buckets::default(),
            answered: 0,
            on_their_way: Vec::new(),
        });
        let changed = tokio::sync::Notify::new();
        LocalCloud { inner: Arc::new(Inner { clock, keys, region, seed, state, changed }), observer: None }
    }

    /// Another cloud that goes on from where this one is, by another clock. It is forgotten when it is dropped.
    ///
    /// # Errors
    /// When an earlier request ended in a fault of ours.
    pub fn fork(&self, clock: Clock) -> Result<LocalCloud, AwsError> {
        let state = self.inner.state.lock().map_err(broken)?;
        let mut forked = LocalCloud::around(state.world.clone(), None, clock, self.inner.keys.clone());
        forked.observer.clone_from(&self.observer);
        Ok(forked)
    }

    /// When something changes by itself, at the earliest; `None`: never.
    #[must_use]
    pub fn next_change(&self) -> Option<Timestamp> {
        let state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        let held_back = state.on_their_way.iter().map(|(at, _)| *at);
        held_back.chain(state.world.timers.next()).min()
    }

    /// Let things take as long as a rehearsal has it.
    pub fn set_pace(&self, pace: Arc<dyn Pace>) {
        let mut state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.world.pace = Some(Arc::clone(&pace));
        batch::let_end(&mut state.world, &|job_id| pace.job(job_id));
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
        state.arrive(now);
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
        self.apply(&call, &self.inner.keys.access_key_id).map(drop)
    }

    /// The same cloud, whose answered requests are told to an observer.
    #[must_use]
    pub fn observed(mut self, observer: Observer) -> LocalCloud {
        self.observer = Some(observer);
        self
    }

    /// Tell the world what has really happened beside it; logged as a request is, so that a replay knows it too.
    ///
    /// # Errors
    /// When the world doesn't want it (any more), or the log can't be written.
    pub(crate) fn report(&self, report: &Report) -> Result<Value, AwsError> {
        let internal = |error: serde_json::Error| AwsError::new(500, "InternalFailure", error.to_string());
        let input = serde_json::to_value(report).map_err(internal)?;
        let mut state = self.inner.state.lock().map_err(broken)?;
        let at = self.inner.clock.now().max(state.world.now);
        state.arrive(at);
        let answer = state.happen(at, Service::Control, machine_room::REPORT, &input);
        self.inner.changed.notify_one();
        answer
    }

    /// Wait until a request may have changed the world since this was last waited for. One waits at a time.
    pub(crate) async fn changed(&self) {
        self.inner.changed.notified().await;
    }

    /// The cloud's clock.
    pub(crate) fn clock(&self) -> Clock {
        self.inner.clock
    }

    /// Answer one HTTP request. Every failure is an answer, but one: where a fault closes the connection, the
    /// response's extensions hold [`std::io::ErrorKind::ConnectionReset`], and whoever carries it to the client must
    /// end the connection instead (its status, 503 without a body, is for those who can't).
    #[must_use]
    pub fn call(&self, request: Request<Bytes>) -> Response<Bytes> {
        let began = self.inner.clock.now();
        let (parts, body) = request.into_parts();
        let request_id = self.request_id();
        let service = route::service_of(&parts.uri, &parts.headers, &body);
        let protocol = answer::protocol_of(service, &parts.headers);
        let mut seen = Seen::default();
        let mut response = match self.answer(&parts, &body, service, &request_id, &mut seen) {
            Ok(response) => response,
            Err(refusal) => {
                let response = answer::refused(&refusal, service, protocol, &request_id);
                seen.error_code = Some(refusal.code);
                response
            }
        };
        if protocol == Protocol::Cbor {
            answer::set(&mut response, cbor::PROTOCOL_HEADER, cbor::PROTOCOL);
        }
        if parts.method == http::Method::HEAD || response.status() == StatusCode::NOT_MODIFIED {
            *response.body_mut() = Bytes::new();
        }
        let name = match service {
            Some(Service::ObjectStorage) => "x-amz-request-id",
            _ => "x-amzn-requestid",
        };
        answer::set(&mut response, name, &request_id);
        if service == Some(Service::ObjectStorage) {
            // The age of an object is told from this and its Last-Modified, so both have to be of this cloud's time.
            answer::set(&mut response, "date", &began.http_date());
        }
        if let Some(observer) = &self.observer {
            let is_dropped = response.extensions().get::<std::io::ErrorKind>().is_some();
            observer(&Observed {
                at: began,
                service: service.map(|service| service.descriptor().signing_name),
                operation: seen.operation,
                resource: seen.resource,
                status: (!is_dropped).then(|| response.status().as_u16()),
                error_code: seen.error_code,
                milliseconds: self.inner.clock.now().0.saturating_sub(began.0),
                needed: seen.needed,
            });
        }
        response
    }

    /// The answer to a body beyond what may be read, for a server that doesn't read it.
    #[must_use]
    pub fn too_large(&self, parts: &http::request::Parts, limit: usize) -> Response<Bytes> {
        self.refuse(parts, &WireError::TooLarge(limit))
    }

    /// What a request's headers say, before anything of its body is read: how much of that may be, or the answer.
    ///
    /// # Errors
    /// The answer, when the request is refused whatever its body is.
    pub fn look_at_head(&self, parts: &http::request::Parts) -> Result<Head, Box<Response<Bytes>>> {
        let service = route::service_of(&parts.uri, &parts.headers, &[]);
        let admitted = self.admit_head(parts, service);
        admitted.map_err(|error| {
            let response = self.refuse(parts, &error);
            if let Some(observer) = &self.observer {
                observer(&Observed {
                    at: self.inner.clock.now(),
                    service: service.map(|service| service.descriptor().signing_name),
                    operation: None,
                    resource: None,
                    status: Some(response.status().as_u16()),
                    error_code: Some(error.to_aws(answer::protocol_of(service, &parts.headers)).code),
                    milliseconds: 0,
                    needed: Vec::new(),
                });
            }
            Box::new(response)
        })
    }

    fn refuse(&self, parts: &http::request::Parts, error: &WireError) -> Response<Bytes> {
        let service = route::service_of(&parts.uri, &parts.headers, &[]);
        let protocol = answer::protocol_of(service, &parts.headers);
        let mut response = answer::refused(&error.to_aws(protocol), service, protocol, &self.request_id());
        if parts.method == http::Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        response
    }

    fn admit_head(&self, parts: &http::request::Parts, service: Option<Service>) -> Result<Head, WireError> {
        let (authority, _host, service) = self.check_way(parts, service)?;
        let signed = signed(parts, authority.as_deref(), &[]);
        let holds = self.with_keys(&signed, service, signature::verify_head)?.0;
        Ok(if holds { Head::Verified } else { Head::NeedsBody })
    }

    fn answer(
        &self,
        parts: &http::request::Parts,
        body: &Bytes,
        service: Option<Service>,
        request_id: &str,
        seen: &mut Seen,
    ) -> Result<Response<Bytes>, AwsError> {
        let protocol = answer::protocol_of(service, &parts.headers);
        let admitted = self.admit(parts, body, service).map_err(|error| error.to_aws(protocol))?;
        let Admitted { service, host, payload, caller } = admitted;
        if service == Service::ObjectStorage {
            let verified = Verified { parts, body, payload, host: &host, caller: &caller };
            let answered = object_storage::serve(self, verified, seen)?;
            return Ok(answered.unwrap_or_else(answer::no_answer));
        }
        let mut call = route::decode(service, &parts.method, &parts.uri, &parts.headers, body)
            .map_err(|error| error.to_aws(protocol))?;
        seen.operation = Some(call.operation.clone());
        seen.resource = observe::resource(&call.input);
        seen.needed = self.needed(&call);
        if let Some(fields) = call.input.as_object_mut() {
            // No client says who it is.
            fields.shift_remove(security_token::CALLER);
            let is_owner = caller == self.inner.keys.access_key_id;
            if service == Service::SecurityToken || service == Service::CloudFormation && !is_owner {
                fields.insert(security_token::CALLER.to_owned(), Value::String(caller.clone()));
            }
        }
        Ok(match self.apply(&call, &caller)? {
            Some(output) => answer::render(&call, &output, request_id),
            None => answer::no_answer(),
        })
    }

    /// The permissions that a call needs, where somebody observes.
    pub(crate) fn needed(&self, call: &Call) -> Vec<(String, String)> {
        if self.observer.is_none() {
            return Vec::new();
        }
        let state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        let needed = needed::of(&state.world, call).into_iter();
        needed.map(|needed| (needed.action, needed.resource)).collect()
    }

    /// Let in what comes from where it may, isn't too large, and is signed as it should be.
    fn admit(
        &self,
        parts: &http::request::Parts,
        body: &Bytes,
        service: Option<Service>,
    ) -> Result<Admitted, WireError> {
        if body.len() > LARGEST_BODY_BYTES {
            return Err(WireError::TooLarge(LARGEST_BODY_BYTES));
        }
        let (authority, host, service) = self.check_way(parts, service)?;
        let signed = signed(parts, authority.as_deref(), body);
        let (payload, caller) = self.with_keys(&signed, service, signature::verify)?;
        Ok(Admitted { service, host, payload, caller })
    }

    /// From where it comes, and whose it says it is: the authority, the host without its port, the service.
    fn check_way(
        &self,
        parts: &http::request::Parts,
        service: Option<Service>,
    ) -> Result<(Option<String>, String, Service), WireError> {
        let authority = host(&parts.uri, &parts.headers);
        let host = origin::check(authority.as_deref(), &parts.headers)?;
        let claimed = signature::claimed(&parts.headers, parts.uri.query().unwrap_or_default());
        match (service, claimed) {
            (Some(service), _) => Ok((authority, host, service)),
            (None, Some(_)) => Err(WireError::NoService),
            (None, None) => Err(signature::SignatureError::Missing.into()),
        }
    }

    /// Verify a request with the owner's keys, or with those of the session or the user that it claims. Gives the key's id.
    fn with_keys<T>(
        &self,
        signed: &SignedRequest<'_>,
        service: Service,
        verify: impl FnOnce(
            &SignedRequest<'_>,
            &AccessKeys,
            &str,
            &str,
            Timestamp,
        ) -> Result<T, signature::SignatureError>,
    ) -> Result<(T, String), WireError> {
        // A session ends by the cloud's time; a signature is as old as its signer says.
        let (now, signing_now) = (self.inner.clock.now(), self.inner.clock.of_signers());
        let claimed = signature::claimed(signed.headers, signed.query);
        let (session, of_user) = match &claimed {
            None => (None, None),
            Some(claimed) => {
                let state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
                let session = state.world.security_token.session(&claimed.access_key_id).cloned();
                (session, state.world.iam.key(&claimed.access_key_id).map(|key| key.keys.clone()))
            }
        };
        let of_session = session.as_ref().map(|session| &session.keys);
        let keys = of_session.or(of_user.as_ref()).unwrap_or(&self.inner.keys);
        let descriptor = service.descriptor();
        let region = match &claimed {
            Some(claimed) if descriptor.is_global && is_first_region(&claimed.region) => {
                claimed.region.as_str()
            }
            _ => &self.inner.region,
        };
        let verified = verify(signed, keys, region, descriptor.signing_name, signing_now)?;
        if let Some(session) = &session {
            session.check(signed.headers, signed.query, now)?;
        }
        Ok((verified, keys.access_key_id.clone()))
    }

    /// What the world answers to a caller, named by the key that signed; `None` when a fault keeps the answer back.
    fn apply(&self, call: &Call, caller: &str) -> Result<Option<Value>, AwsError> {
        let handle =
            |world: &mut World| world.handle(world.now, call.service, &call.operation, Input(&call.input));
        self.apply_typed(call, caller, || call.input.clone(), handle)
    }

    /// [`Self::apply`] of a request that is more than its parameters: `logged` gives what a replay needs, and `handle`
    /// has the world carry it out, whose time has come to the request's.
    pub(crate) fn apply_typed<T>(
        &self,
        call: &Call,
        caller: &str,
        logged: impl FnOnce() -> Value,
        handle: impl FnOnce(&mut World) -> Result<T, AwsError>,
    ) -> Result<Option<T>, AwsError> {
        let mut state = self.inner.state.lock().map_err(broken)?;
        let state = &mut *state;
        // A clock that was set back doesn't turn time back.
        let at = self.inner.clock.now().max(state.world.now);
        state.arrive(at);
        let (passage, used) = gate::pass(&state.world, &mut state.buckets, call, caller, at);
        if let Some(place) = used {
            state.happen(at, Service::Control, faults::USE, &serde_json::json!({"place": place}))?;
        }
        if call.service.descriptor().changes(&call.operation) {
            self.inner.changed.notify_one();
        }
        match passage {
            Passage::Refused(refusal) => Err(refusal),
            Passage::Dropped => Ok(None),
            Passage::Late(seconds) => {
                let call = Call { input: logged(), ..call.clone() };
                state.on_their_way.push((at.after(Duration::from_secs(seconds)), call));
                Ok(None)
            }
            Passage::Open => state.happen_typed(at, call.service, &call.operation, logged, handle).map(Some),
            Passage::WithoutAnswer => {
                let _lost = state.happen_typed(at, call.service, &call.operation, logged, handle);
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

/// A request as far as its signature is concerned.
fn signed<'a>(
    parts: &'a http::request::Parts,
    authority: Option<&'a str>,
    body: &'a [u8],
) -> SignedRequest<'a> {
    SignedRequest {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        host: authority.unwrap_or_default(),
        headers: &parts.headers,
        body,
    }
}

/// The first Region of each partition, for which requests to a global service are signed.
/// <https://docs.aws.amazon.com/general/latest/gr/iam-service.html>
fn is_first_region(region: &str) -> bool {
    matches!(region, "us-east-1" | "cn-north-1" | "us-gov-west-1")
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
