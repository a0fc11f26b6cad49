//! What is answered when something does not go well.

use axum::Json;
use axum::body::to_bytes;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::desk::DeskError;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// How long an answer of axum may be; none is.
const MOST: usize = 64 * 1024;

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

/// What axum refuses by itself, such as a body that cannot be read, is answered like everything else.
pub(super) async fn alike(response: Response) -> Response {
    let is_json = response.headers().get(CONTENT_TYPE) == Some(&JSON);
    if is_json || !response.status().is_client_error() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let why = to_bytes(body, MOST).await.unwrap_or_default();
    let why = match str::from_utf8(&why) {
        Ok("") | Err(_) => parts.status.canonical_reason().unwrap_or("refused"),
        Ok(why) => why,
    };
    let why = Json(json!({ "error": why })).into_response();
    // Others stay: `allow` says which methods there are.
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, JSON);
    Response::from_parts(parts, why.into_body())
}

/// The desk's own fault: what went wrong is for its operators.
pub(super) fn in_trouble() -> Response {
    answer(StatusCode::INTERNAL_SERVER_ERROR, "the desk is in trouble")
}

fn answer(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}
