//! A client for the tests: signs as an SDK would, with the `aws-sigv4` crate.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{Request, Response};
use localcloud::{AccessKeys, Clock, Config, LocalCloud, Timestamp};

/// 2026-01-31T08:15:30Z, where every test begins.
pub const START: Timestamp = Timestamp(1_769_847_330_000);

/// Fixed keys.
pub fn keys() -> AccessKeys {
    AccessKeys::new("AKIATEST", "a test's secret")
}

/// A cloud in memory at [`START`].
pub fn cloud() -> LocalCloud {
    LocalCloud::in_memory(Config::default(), Clock::starting_at(START), keys())
}

/// How a request is signed; the default is right.
pub struct Signing {
    pub keys: AccessKeys,
    pub region: &'static str,
    pub service: &'static str,
    pub at: Timestamp,
    pub body: Option<SignableBody<'static>>,
    /// Sign a URL that lives this long, rather than a header.
    pub presigned: Option<Duration>,
}

impl Signing {
    pub fn of(service: &'static str) -> Signing {
        Signing { keys: keys(), region: "us-east-1", service, at: START, body: None, presigned: None }
    }

    /// Sign a request whose headers and body are final.
    pub fn sign(self, mut request: Request<Bytes>) -> Request<Bytes> {
        let identity = Credentials::new(
            self.keys.access_key_id.clone(),
            self.keys.secret_access_key.clone(),
            None,
            None,
            "test",
        )
        .into();
        let mut settings = SigningSettings::default();
        if self.service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        if self.presigned.is_some() {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = self.presigned;
            settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
        }
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(UNIX_EPOCH + Duration::from_millis(self.at.0))
            .settings(settings)
            .build()
            .expect("params")
            .into();
        let body = request.body().clone();
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
            .collect();
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.uri().to_string(),
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            self.body.unwrap_or(SignableBody::Bytes(&body)),
        )
        .expect("signable");
        let (instructions, _signature) = sign(signable, &params).expect("signed").into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request
    }
}

/// An unsigned Query request.
pub fn query(form: &str) -> Request<Bytes> {
    Request::post("http://127.0.0.1:4566/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(form.to_owned()))
        .expect("request")
}

/// The body of an answer.
pub fn text(response: &Response<Bytes>) -> String {
    String::from_utf8_lossy(response.body()).into_owned()
}
