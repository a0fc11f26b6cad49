//! What is recorded of which requests.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use audit_core::{Error, ErrorKind, Result, Tenant};
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderName, PROXY_AUTHORIZATION,
};
use http::{Method, StatusCode};

use super::INTERVAL;

/// Which requests are recorded, and what of them: the first rule that matches decides, as in the audit
/// policy of Kubernetes. A request that no rule matches is recorded as [`Rule::metadata`] says.
///
/// ```
/// use audit_tower::{AccessPolicy, Rule};
///
/// let policy = AccessPolicy::new()
///     .rule(Rule::off().path("/health").path("/static/*"))
///     .rule(Rule::metadata().status(400..=599))
///     .rule(Rule::metadata().named("success").sample(20));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AccessPolicy {
    rules: Vec<Rule>,
    interval: Duration,
}

/// Says of the requests that it matches what is recorded.
///
/// Conditions of different kinds must all hold, of those of one kind any. A rule without conditions
/// matches everything.
#[derive(Clone, Debug)]
#[must_use]
pub struct Rule {
    level: Level,
    name: Option<String>,
    paths: Vec<String>,
    methods: Vec<Method>,
    statuses: Vec<Statuses>,
    tenants: Vec<Tenant>,
    one_in: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Off,
    Metadata,
    /// And of the request its type, its length, and these headers.
    Request(Vec<HeaderName>),
}

/// What is recorded of no request.
const SECRET: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

/// What is recorded of every request that is recorded with what it says.
const DESCRIBING: [HeaderName; 2] = [CONTENT_TYPE, CONTENT_LENGTH];

/// What is known of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    /// None where there was no response.
    pub(super) status: Option<StatusCode>,
    pub(super) tenant: Option<&'a Tenant>,
}

impl AccessPolicy {
    /// Records every request, until there are rules.
    pub fn new() -> Self {
        Self {
            rules: Vec::new(),
            interval: INTERVAL,
        }
    }

    /// Adds a rule behind those that are there.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// How long requests may be left out by sampling before it is told; without this a minute.
    pub fn summary_every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// The first rule that matches, and its place.
    pub(super) fn decide(&self, facts: &Facts<'_>) -> Option<(usize, &Rule)> {
        let mut rules = self.rules.iter().enumerate();
        rules.find(|(_, rule)| rule.matches(facts))
    }

    /// Whether nothing is recorded whatever the status and the tenant turn out to be.
    pub(super) fn is_off(&self, method: &Method, path: &str) -> bool {
        let mut rules = self.rules.iter();
        let first = rules.find(|rule| rule.may_match(method, path));
        first.is_some_and(|rule| rule.level == Level::Off && rule.is_decided_early())
    }

    /// Whether any rule leaves requests out.
    pub(super) fn samples(&self) -> bool {
        self.rules.iter().any(|rule| rule.one_in > 1)
    }

    /// Whether a rule asks for this header of a request.
    pub(super) fn wants(&self, header: &HeaderName) -> bool {
        self.rules.iter().any(|rule| match &rule.level {
            Level::Off | Level::Metadata => false,
            Level::Request(chosen) => DESCRIBING.contains(header) || chosen.contains(header),
        })
    }

    /// What a rule is called in the log.
    pub(super) fn name_of(&self, place: usize) -> String {
        let name = self.rules.get(place).and_then(|rule| rule.name.clone());
        name.unwrap_or_else(|| format!("rule {}", place + 1))
    }
}

impl Default for AccessPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl Rule {
    /// Nothing is recorded.
    pub fn off() -> Self {
        Self::of(Level::Off)
    }

    /// Recorded are who, where, method, path template, status, outcome and duration.
    pub fn metadata() -> Self {
        Self::of(Level::Metadata)
    }

    /// Recorded are, besides, content type and length of the request, and these of its headers. Its body,
    /// its cookies and its authorization never are.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for a name that no header can have, and for one that is never recorded.
    pub fn request<H: AsRef<str>>(headers: impl IntoIterator<Item = H>) -> Result<Self> {
        let names = headers.into_iter().enumerate().map(|(at, name)| {
            let name = HeaderName::try_from(name.as_ref()).map_err(|_| {
                let message = format!(
                    "header {} cannot be the name of one; write it like `x-client-version`",
                    at + 1
                );
                Error::new(ErrorKind::Invalid, message)
            })?;
            if SECRET.contains(&name) {
                let message = format!("`{name}` is a secret, and never recorded; leave it out");
                return Err(Error::new(ErrorKind::Invalid, message));
            }
            Ok(name)
        });
        Ok(Self::of(Level::Request(names.collect::<Result<_>>()?)))
    }

    /// Matches this path template; with `*` at the end, all that begin so. Where a path has no
    /// template, the path itself is compared, and still not recorded.
    pub fn path(mut self, pattern: impl Into<String>) -> Self {
        self.paths.push(pattern.into());
        self
    }

    /// Matches this method.
    pub fn method(mut self, method: Method) -> Self {
        self.methods.push(method);
        self
    }

    /// Matches this status, or a range of them: `404`, `500..=599`. A request without a response
    /// (cancelled, panicked) has none.
    pub fn status(mut self, statuses: impl Into<Statuses>) -> Self {
        self.statuses.push(statuses.into());
        self
    }

    /// Matches requests of this tenant.
    pub fn tenant(mut self, tenant: impl Into<Tenant>) -> Self {
        self.tenants.push(tenant.into());
        self
    }

    /// What the rule is called in summaries; without this, after its place: `rule 3`.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Records one in so many requests of each tenant, the first one first. The others are counted, and
    /// told of in one entry per interval, tenant and rule, with the action `access_summary`. 0 and 1
    /// leave nothing out.
    ///
    /// Only what was answered is left out. A request that panicked, was cancelled, or whose service or
    /// body failed is recorded, and not counted. Answers that are errors are left out like others: put a
    /// rule for `400..=599` before this one.
    pub fn sample(mut self, one_in: u32) -> Self {
        self.one_in = one_in.max(1);
        self
    }

    fn of(level: Level) -> Self {
        Self {
            level,
            name: None,
            paths: Vec::new(),
            methods: Vec::new(),
            statuses: Vec::new(),
            tenants: Vec::new(),
            one_in: 1,
        }
    }

    pub(super) fn level(&self) -> &Level {
        &self.level
    }

    pub(super) fn one_in(&self) -> u32 {
        self.one_in
    }

    fn matches(&self, facts: &Facts<'_>) -> bool {
        let status = facts.status;
        self.may_match(facts.method, facts.path)
            && any(&self.statuses, |range| {
                status.is_some_and(|is| range.0.contains(&is.as_u16()))
            })
            && any(&self.tenants, |tenant| facts.tenant == Some(tenant))
    }

    fn may_match(&self, method: &Method, path: &str) -> bool {
        any(&self.methods, |is| is == method) && any(&self.paths, |pattern| fits(pattern, path))
    }

    fn is_decided_early(&self) -> bool {
        self.statuses.is_empty() && self.tenants.is_empty()
    }
}

/// Whether any condition of a kind holds, or there is none.
fn any<T>(conditions: &[T], holds: impl Fn(&T) -> bool) -> bool {
    conditions.is_empty() || conditions.iter().any(holds)
}

fn fits(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => path.starts_with(beginning),
        None => path == pattern,
    }
}

/// A range of statuses, for [`Rule::status`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Statuses(RangeInclusive<u16>);

impl From<u16> for Statuses {
    fn from(status: u16) -> Self {
        Self(status..=status)
    }
}

impl From<StatusCode> for Statuses {
    fn from(status: StatusCode) -> Self {
        Self::from(status.as_u16())
    }
}

impl From<RangeInclusive<u16>> for Statuses {
    fn from(range: RangeInclusive<u16>) -> Self {
        Self(range)
    }
}

impl fmt::Debug for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: &str = "acme";

    fn decide(policy: &AccessPolicy, method: &Method, path: &str, status: u16) -> Option<usize> {
        let facts = Facts {
            method,
            path,
            status: StatusCode::from_u16(status).ok(),
            tenant: Some(&ACME.into()),
        };
        policy.decide(&facts).map(|(place, _)| place)
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let policy = AccessPolicy::new()
            .rule(Rule::off().path("/health"))
            .rule(
                Rule::metadata()
                    .path("/a/*")
                    .method(Method::GET)
                    .method(Method::HEAD),
            )
            .rule(Rule::metadata().status(404).status(500..=599))
            .rule(Rule::off().tenant("umbrella"))
            .rule(Rule::metadata().tenant(ACME).path("/b*"));
        assert_eq!(decide(&policy, &Method::GET, "/health", 500), Some(0));
        assert_eq!(decide(&policy, &Method::GET, "/healthy", 200), None);
        assert_eq!(decide(&policy, &Method::GET, "/a/b", 200), Some(1));
        assert_eq!(decide(&policy, &Method::HEAD, "/a/", 200), Some(1));
        assert_eq!(decide(&policy, &Method::POST, "/a/b", 200), None);
        assert_eq!(decide(&policy, &Method::POST, "/a/b", 503), Some(2));
        assert_eq!(decide(&policy, &Method::POST, "/b", 404), Some(2));
        assert_eq!(decide(&policy, &Method::POST, "/b", 400), Some(4));
        // Without a response there is no status that could match.
        assert_eq!(decide(&policy, &Method::POST, "/c", 0), None);
    }

    #[test]
    fn what_is_off_whatever_comes_is_known_early() {
        let policy = AccessPolicy::new()
            .rule(Rule::metadata().path("/a").status(500..=599))
            .rule(Rule::off().path("/a").path("/b"))
            .rule(Rule::off().tenant(ACME));
        assert!(!policy.is_off(&Method::GET, "/a"));
        assert!(policy.is_off(&Method::GET, "/b"));
        assert!(!policy.is_off(&Method::GET, "/c"));
        assert!(!AccessPolicy::new().is_off(&Method::GET, "/"));
    }

    #[test]
    fn headers_are_taken_where_a_rule_asks_for_them() {
        let rule = Rule::request(["X-Client"]).unwrap();
        let policy = AccessPolicy::new().rule(Rule::metadata()).rule(rule);
        assert!(policy.wants(&HeaderName::from_static("x-client")));
        assert!(policy.wants(&CONTENT_TYPE));
        assert!(!policy.wants(&AUTHORIZATION) && !policy.wants(&COOKIE));
        assert!(
            !AccessPolicy::new()
                .rule(Rule::metadata())
                .wants(&CONTENT_TYPE)
        );
    }

    #[test]
    fn secrets_and_names_of_no_header_are_refused() {
        for (name, told) in [
            ("Authorization", "`authorization` is a secret"),
            ("cookie", "`cookie` is a secret"),
            ("proxy-authorization", "`proxy-authorization` is a secret"),
            ("no header", "header 2 cannot be"),
            ("", "header 2 cannot be"),
        ] {
            let error = Rule::request(["x-client", name]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().starts_with(told), "{error}");
        }
    }
}
