//! How a request ended.

use std::fmt::Display;

use audit_core::{ErrorDetail, Outcome};
use http::StatusCode;

pub(super) enum Ending {
    /// Its response has gone out, as far as this layer can see.
    Answered,
    /// The service failed, or the body of its response did.
    Failed(ErrorDetail),
    /// Dropped half-way: the client has gone away, or a timeout struck.
    Cancelled,
    Panicked,
}

impl Ending {
    pub(super) fn failed<E: Display>(error: &E) -> Self {
        Self::Failed(ErrorDetail::of(error))
    }

    /// How a body ended of which so much was still to come, as far as the response has said.
    pub(super) fn of_body(remaining: Option<u64>) -> Self {
        match remaining {
            None | Some(0) => Self::Answered,
            // The server breaks the connection.
            Some(_) => {
                let text = "the body ended before its length";
                Self::Failed(ErrorDetail::new("IncompleteBody", text))
            }
        }
    }

    pub(super) fn outcome(&self, status: Option<StatusCode>) -> Outcome {
        match self {
            Self::Answered => {
                status.map_or(Outcome::Success, |is| Outcome::of_http_status(is.as_u16()))
            }
            Self::Failed(_) => Outcome::Failure,
            Self::Cancelled => Outcome::Cancelled,
            Self::Panicked => Outcome::Panicked,
        }
    }

    /// What went wrong. A status that is no success is told by its name.
    pub(super) fn error(self, status: Option<StatusCode>) -> Option<ErrorDetail> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Answered => {
                let status = status.filter(|is| is.as_u16() >= 400)?;
                let reason = status.canonical_reason().unwrap_or("unknown status");
                Some(ErrorDetail::new(
                    format!("http_{}", status.as_u16()),
                    reason,
                ))
            }
            Self::Cancelled | Self::Panicked => None,
        }
    }
}
