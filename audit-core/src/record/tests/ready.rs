//! Logins, refusals, and services.

use crate::entry::{Actor, Entity, Outcome, Severity};
use crate::record::{AuditedService, Auditor};
use crate::testing::Captured;
use crate::{ErrorKind, MASK, assert_audited, assert_nothing_else_audited};

#[test]
fn a_login_is_of_the_account_that_came_in() {
    let log = Captured::new();
    let clerk = Actor::user(1, "clerk");
    log.context("acme")
        .actor(clerk)
        .ip([192, 0, 2, 7])
        .user_agent("curl")
        .scope(|| {
            log.auditor()
                .login(Actor::user(17, "ada"))
                .record()
                .unwrap();
            log.auditor()
                .logout(Actor::service("mailer", ""))
                .record()
                .unwrap();
        });
    let login = assert_audited!(
        log,
        action = "login",
        actor = 17,
        entity_type = "account",
        entity = 17,
        entity_name = "ada",
        outcome = Outcome::Success,
        severity = Severity::Info,
    );
    assert_eq!(login.ip_address, Some([192, 0, 2, 7].into()));
    assert_eq!(login.user_agent.as_deref(), Some("curl"));
    let logout = assert_audited!(log, action = "logout", actor = "mailer", entity = "mailer");
    assert_eq!(logout.entity_name(), None);
    assert_nothing_else_audited!(log);
}

#[test]
fn a_login_needs_a_tenant() {
    let log = Captured::new();
    let error = log.auditor().login_failed("ada").record().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingContext);
    log.auditor()
        .login_failed("ada")
        .tenant("acme")
        .record()
        .unwrap();
    assert_audited!(
        log,
        tenant = "acme",
        actor = "ada",
        outcome = "denied",
        times = 1
    );
}

#[test]
fn what_is_typed_as_a_name_is_masked_where_it_is_known_to_be_a_secret() {
    let token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";
    let url = "https://ada:hunter2@host/";
    let pasted = format!("{}{token}", "a".repeat(1020));
    for (typed, kept) in [
        ("ada", "ada"),
        ("ädá 🦀", "ädá 🦀"),
        (token, MASK),
        (url, "https://ada:********@host/"),
        (pasted.as_str(), MASK),
    ] {
        let log = Captured::new();
        log.context("acme")
            .scope(|| log.auditor().login_failed(typed).record())
            .unwrap();
        let entry = assert_audited!(log, action = "login_failed", times = 1).remove(0);
        assert_eq!(entry.actor.name(), Some(kept));
        assert_eq!(entry.entity_name(), Some(kept));
    }
}

#[test]
fn an_empty_name_is_none() {
    let log = Captured::new();
    log.context("acme")
        .actor(Actor::user(1, "clerk"))
        .scope(|| log.auditor().login_failed("").record())
        .unwrap();
    let entry = assert_audited!(log, entity_type = "account");
    assert_eq!(entry.actor, Actor::anonymous());
    assert_eq!(entry.entity_id(), None);
}

#[test]
fn a_refusal_is_of_the_contexts_actor() {
    let log = Captured::new();
    let auditor = log.auditor();
    log.context("acme").actor(Actor::user(17, "ada")).scope(|| {
        auditor
            .denied("close", ("incident", 7), "closed already")
            .record()
            .unwrap();
        auditor
            .denied("export", "incident", "no")
            .severity(Severity::Critical)
            .record()
            .unwrap();
        auditor
            .denied("read", Entity::new("report").named("2026"), "no")
            .record()
            .unwrap();
    });
    let close = assert_audited!(
        log,
        action = "close",
        entity = 7,
        actor = "ada",
        outcome = "denied",
        severity = "notice"
    );
    assert_eq!(close.error.unwrap().text, "closed already");
    assert_audited!(
        log,
        action = "export",
        entity_type = "incident",
        severity = "critical"
    );
    assert_audited!(log, action = "read", entity_name = "2026");
    assert_nothing_else_audited!(log);
}

struct Reports(Auditor);

impl AuditedService for Reports {
    const ENTITY_TYPE: &'static str = "report";

    fn auditor(&self) -> &Auditor {
        &self.0
    }
}

struct Untyped(Auditor);

impl AuditedService for Untyped {
    fn auditor(&self) -> &Auditor {
        &self.0
    }
}

#[test]
fn a_service_logs_what_it_has_only_the_id_of() {
    let log = Captured::new();
    let reports = Reports(log.auditor().clone());
    log.context("acme").scope(|| {
        reports.log_action_on("export", 7).record().unwrap();
        reports.log_action_on_all("list").record().unwrap();
    });
    assert_audited!(log, action = "export", entity_type = "report", entity = 7);
    assert_eq!(
        assert_audited!(log, action = "list", entity_type = "report").entity_id(),
        None
    );
}

#[test]
fn a_service_that_is_about_nothing_says_how_to_say_it() {
    let log = Captured::new();
    let service = Untyped(log.auditor().clone());
    log.context("acme").scope(|| {
        for draft in [
            service.log_action_on("export", 7),
            service.log_action_on_all("list"),
        ] {
            let error = draft.record().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains("const ENTITY_TYPE"), "{error}");
        }
    });
    assert_audited!(log, times = 0);
}
