//! A request that is watched until it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use audit_core::{AuditContext, Draft};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::ending::Ending;
use super::policy::{Facts, Level, Rule};
use super::{ACCESS, ENTITY_TYPE, Shared};
use crate::context::{Template, name_of};
use crate::detached;

/// Marks a request that is watched, for layers inside of the one that watches it.
#[derive(Clone, Default)]
struct Watched {
    is_handed_over: Arc<AtomicBool>,
}

/// A request that will leave its entry: when it has ended, or else when this is dropped.
pub(super) struct Watch {
    shared: Arc<Shared>,
    watched: Watched,
    /// The layer around this one that leaves the request to it, if it takes it up.
    around: Option<Watched>,
    /// None once it has ended. It knows when the request came, and in what context.
    draft: Option<Draft>,
    context: Option<AuditContext>,
    started: Instant,
    method: Method,
    template: Option<Arc<str>>,
    /// What rules are compared with where there is no template; it is never recorded.
    path: Option<Box<str>>,
    /// What rules may ask for of the request.
    headers: Vec<(HeaderName, HeaderValue)>,
    status: Option<StatusCode>,
    /// Still set when dropped: what is watched has panicked.
    is_polling: bool,
}

impl Watch {
    /// None if nothing will be recorded here, whatever comes. What a layer around this one watches already
    /// is left to it, unless this one must not answer without its entry: then that one leaves to this what
    /// this one's policy takes up.
    pub(super) fn begin(shared: &Arc<Shared>, parts: &mut Parts, is_strict: bool) -> Option<Self> {
        shared.tell_left_out(false);
        let template = parts.extensions.get::<Template>();
        let template = template.map(|Template(template)| Arc::clone(template));
        let path = template.as_deref().unwrap_or(parts.uri.path());
        let policy = &shared.policy;
        if policy.is_off(&parts.method, path) {
            return None;
        }
        let around = parts.extensions.get::<Watched>().cloned();
        if around.is_some() && !is_strict {
            return None;
        }
        let watched = Watched::default();
        let headers = parts.headers.iter();
        let headers = headers.filter(|(name, _)| policy.wants(name));
        let headers = headers.map(|(name, value)| (name.clone(), value.clone()));
        let watch = Self {
            shared: Arc::clone(shared),
            watched: watched.clone(),
            around,
            draft: Some(shared.auditor.log(ACCESS)),
            context: AuditContext::current(),
            started: Instant::now(),
            method: parts.method.clone(),
            path: template.is_none().then(|| path.into()),
            template,
            headers: headers.collect(),
            status: None,
            is_polling: false,
        };
        parts.extensions.insert(watched);
        Some(watch)
    }

    /// Runs a piece of what is watched.
    pub(super) fn run<T>(watch: &mut Option<Self>, piece: impl FnOnce() -> T) -> T {
        if let Some(watch) = watch {
            watch.is_polling = true;
        }
        let result = piece();
        if let Some(watch) = watch {
            watch.is_polling = false;
        }
        result
    }

    pub(super) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    pub(super) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// The entry to record, if the policy wants one.
    pub(super) fn end(mut self, ending: Ending) -> Option<Draft> {
        self.take(ending)
    }

    fn take(&mut self, ending: Ending) -> Option<Draft> {
        let draft = self.draft.take()?;
        if self.watched.is_handed_over.load(Ordering::Relaxed) {
            self.take_over();
            return None;
        }
        let tenant = self.context.as_ref().map(AuditContext::tenant);
        let path = self.template.as_deref().or(self.path.as_deref());
        let facts = Facts {
            method: &self.method,
            path: path.unwrap_or_default(),
            status: self.status,
            tenant,
        };
        let mut draft = draft;
        let decided = self.shared.policy.decide(&facts);
        if decided.is_some_and(|(_, rule)| *rule.level() == Level::Off) {
            return None;
        }
        // Also what sampling leaves out: it is counted here.
        self.take_over();
        if let Some((place, rule)) = decided {
            // What broke off has no status that an earlier rule could have matched.
            if let Some(tenant) = tenant
                && rule.one_in() > 1
                && matches!(ending, Ending::Answered)
            {
                let now = self.shared.auditor.now();
                let tally = &self.shared.tally;
                if !tally.picks(tenant, place, rule.one_in(), now) {
                    return None;
                }
                draft = draft.metadata("sampled", rule.one_in());
            }
            draft = self.say_of_request(draft, rule);
        }
        let method = name_of(&self.method);
        let name = match &self.template {
            Some(template) => format!("{method} {template}"),
            None => method.to_owned(),
        };
        draft = draft
            .entity_type(ENTITY_TYPE)
            .entity_name(name)
            .duration(self.started.elapsed())
            .outcome(ending.outcome(self.status));
        if let Some(status) = self.status {
            draft = draft.metadata("status", status.as_u16());
        }
        Some(match ending.error(self.status) {
            Some(error) => draft.error(error),
            None => draft,
        })
    }

    /// The layer around this one ends after it, and then records nothing.
    fn take_over(&self) {
        if let Some(around) = &self.around {
            around.is_handed_over.store(true, Ordering::Relaxed);
        }
    }

    fn say_of_request(&self, draft: Draft, rule: &Rule) -> Draft {
        let Level::Request(wanted) = rule.level() else {
            return draft;
        };
        let mut request = Map::new();
        let mut chosen = Map::new();
        for (name, value) in &self.headers {
            let text = String::from_utf8_lossy(value.as_bytes());
            if *name == CONTENT_TYPE {
                say(&mut request, "content_type", &text);
            } else if *name == CONTENT_LENGTH {
                say(&mut request, "content_length", &text);
            } else if wanted.contains(name) {
                say(&mut chosen, name.as_str(), &text);
            }
        }
        if !chosen.is_empty() {
            request.insert("headers".into(), chosen.into());
        }
        draft.metadata("request", request)
    }
}

/// Headers that are sent in several lines are joined, as HTTP means it.
fn say(names: &mut Map<String, Value>, name: &str, text: &str) {
    let joined = match names.get(name).and_then(Value::as_str) {
        Some(before) => format!("{before}, {text}"),
        None => text.to_owned(),
    };
    names.insert(name.to_owned(), joined.into());
}

impl Drop for Watch {
    fn drop(&mut self) {
        let ending = if self.is_polling {
            Ending::Panicked
        } else {
            Ending::Cancelled
        };
        if let Some(draft) = self.take(ending) {
            detached::record(draft);
        }
    }
}
