//! No secret that comes in by any way reaches any byte of the log's files.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::path::Path;
use std::time::Duration;

use audit_core::{
    Actor, AuditContext, Audited, Auditor, Change, Changes, Delivery, ErrorDetail, Secret,
    audit_action,
};
use audit_sqlite::SqliteStore;
use serde::Serialize;
use serde_json::json;

/// Only its name, or its place behind one, gives this away.
const PLAIN: &str = "canary-4711-in-plain-sight";
/// Its form gives this away, wherever it stands.
const TOKEN: &str = concat!(
    "eyJhbGciOiJIUzI1NiJ9",
    ".eyJzdWIiOiJjYW5hcnkifQ.",
    "Y2FuYXJ5LXNpZ25hdHVyZQ"
);
const NEEDLES: [&str; 3] = [PLAIN, "Y2FuYXJ5LXNpZ25hdHVyZQ", "4111 1111 1111 1111"];

#[derive(Clone, Audited, Serialize)]
struct Account {
    #[audit(id)]
    id: u32,
    #[audit(name)]
    title: String,
    #[audit(exclude)]
    pincode: String,
    #[audit(redact)]
    note: String,
    /// Masked by name.
    api_key: String,
    /// Masked by its type.
    recovery: Secret<String>,
    /// Masked by its form.
    description: String,
}

fn account(suffix: &str) -> Account {
    let secret = format!("{PLAIN}{suffix}");
    Account {
        id: 1,
        title: format!("card 4111 1111 1111 1111 {suffix}"),
        pincode: secret.clone(),
        note: secret.clone(),
        api_key: secret.clone(),
        recovery: Secret::new(secret),
        description: format!("use {TOKEN} {suffix}"),
    }
}

#[audit_action(action = "login", entity_type = "account", entity_id = id, metadata(password, attempt))]
fn login(id: u32, password: &str, attempt: u32) -> Result<(), String> {
    Err(format!(
        "no such login: password={password}, attempt {attempt} of {id}"
    ))
}

fn record_everything(auditor: &Auditor) {
    let context = AuditContext::new("acme")
        .auditor(auditor)
        .actor(Actor::user(format!("u-{TOKEN}"), format!("ada {TOKEN}")))
        .user_agent(format!("agent {TOKEN}"))
        .request_id(format!("r-{TOKEN}"))
        .request_data(
            "headers",
            json!([["Authorization", PLAIN], {"name": "Cookie", "value": PLAIN}]),
        )
        .request_data("url", format!("https://ada:{PLAIN}@host/?token={PLAIN}"));
    context.scope(|| {
        let (before, after) = (account("before"), account("after"));
        auditor.created(&before).record().unwrap();
        auditor.updated(&before, &after).record().unwrap();
        auditor.deleted(&after).record().unwrap();
        login(1, PLAIN, 3).unwrap_err();
        let mut changes = Changes::new();
        changes.insert(
            "settings.smtp_password",
            Change::replaced(json!(PLAIN), json!([PLAIN])),
        );
        changes.insert("bio", Change::added(json!({"deep": [TOKEN]})));
        auditor
            .log("import")
            .entity("file", TOKEN)
            .entity_name(format!("file of {TOKEN}"))
            .changes(changes)
            .metadata("client_secret", PLAIN)
            .metadata(
                "list",
                json!([{"x": {"otp": PLAIN}}, format!("Bearer {TOKEN}")]),
            )
            .reason(format!("because of {TOKEN}"))
            .error(ErrorDetail::new(
                "E",
                format!("postgres://ada:{PLAIN}@host/db"),
            ))
            .record()
            .unwrap();
    });
}

fn find(folder: &Path) -> Vec<String> {
    let mut hits = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for needle in NEEDLES {
            if bytes
                .windows(needle.len())
                .any(|window| window == needle.as_bytes())
            {
                hits.push(format!(
                    "{needle} in {}",
                    path.file_name().unwrap().display()
                ));
            }
        }
    }
    hits
}

#[test]
fn no_byte_of_the_files_holds_a_secret() {
    for delivery in [Delivery::Durable, Delivery::Buffered] {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("audit.db")).unwrap();
        let auditor = Auditor::builder(store).delivery(delivery).build().unwrap();
        record_everything(&auditor);
        auditor.flush(Duration::from_secs(20)).unwrap();
        let entries = auditor.tenant("acme").entries().page().unwrap().entries;
        assert_eq!(entries.len(), 5);
        let shown = format!("{entries:?} {}", serde_json::to_string(&entries).unwrap());
        for needle in NEEDLES {
            assert!(!shown.contains(needle), "{needle} in {shown}");
        }
        // A copy: reading a live file by other means than SQLite would break its locks.
        let copies = tempfile::tempdir().unwrap();
        drop(auditor);
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let path = file.unwrap().path();
            std::fs::copy(&path, copies.path().join(path.file_name().unwrap())).unwrap();
        }
        assert_eq!(find(copies.path()), Vec::<String>::new());
    }
}

#[test]
fn the_search_finds_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("audit.db")).unwrap();
    let blind = audit_core::Sanitizer::builder()
        .detectors(false)
        .remove("api key")
        .allow("client_secret")
        .build();
    let auditor = Auditor::builder(store).sanitizer(blind).build().unwrap();
    record_everything(&auditor);
    drop(auditor);
    assert_eq!(find(folder.path()).len(), NEEDLES.len());
}
