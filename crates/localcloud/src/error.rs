//! An error as AWS answers it: code, message, HTTP status. Each protocol renders it in its own way.

/// What a request is refused with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AwsError {
    /// AWS's code, such as `ValidationError`.
    pub code: String,
    /// AWS's words.
    pub message: String,
    /// HTTP status; 4xx is the sender's fault, 5xx ours.
    pub status: u16,
}

impl AwsError {
    /// An error with any code and status.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> AwsError {
        AwsError { code: code.into(), message: message.into(), status }
    }

    /// `ValidationError`, 400: what CloudFormation, Auto Scaling and ELB answer to most bad requests.
    pub fn validation(message: impl Into<String>) -> AwsError {
        AwsError::new(400, "ValidationError", message)
    }

    /// `InvalidAction`, 400: no such operation, or none that is simulated here.
    #[must_use]
    pub fn invalid_action(operation: &str) -> AwsError {
        let shown: String = operation.chars().take(100).collect();
        AwsError::new(400, "InvalidAction", format!("Could not find operation {shown}"))
    }
}
