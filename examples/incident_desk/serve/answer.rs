//! What is answered when something does not go well.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::desk::DeskError;

/// Refused before the desk was asked.
pub(crate) enum Refused {
    NotLoggedIn,
    BadQuestion(String),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::NotLoggedIn => answer(StatusCode::UNAUTHORIZED, "log in first"),
            Self::BadQuestion(why) => answer(StatusCode::BAD_REQUEST, &why),
        }
    }
}

impl IntoResponse for DeskError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::WrongPassword => StatusCode::UNAUTHORIZED,
            Self::NotAllowed(..) => StatusCode::FORBIDDEN,
            Self::OtherCompany(_) | Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Impossible(..) | Self::AlreadyCritical => StatusCode::CONFLICT,
            Self::Siem(_) => StatusCode::BAD_GATEWAY,
            Self::Storage(_) | Self::Audit(_) => return in_trouble(),
        };
        match self {
            Self::Siem(_) => answer(status, "the SIEM did not take it"),
            told => answer(status, &told.to_string()),
        }
    }
}

/// The desk's own fault: what went wrong is for its operators.
pub(super) fn in_trouble() -> Response {
    answer(StatusCode::INTERNAL_SERVER_ERROR, "the desk is in trouble")
}

fn answer(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}
