//! Assertions about what was recorded.

mod failure;
#[cfg(test)]
mod tests;
mod wanted;
mod word;

pub use self::wanted::{EntryRef, Wanted};
use crate::testing::Captured;

/// Asserts that an entry with all of these words was recorded, and gives it.
///
/// | word | the entry |
/// |---|---|
/// | `action = "close"` | has this action |
/// | `entity = id`, `entity_type = "incident"`, `entity_name = "scan"` | is about this record |
/// | `actor = 17`, `actor = "ada"` | is of the actor with this id or name |
/// | `tenant = "acme"` | is in this tenant's log |
/// | `outcome = "denied"`, `severity = "notice"` | ended so, asks for so much attention; the enums do as well |
/// | `reason = "typo"`, `error_class = "DeskError"` | says why, or what went wrong |
/// | `changed "status"`, `changed "status" from "open" to "closed"` | changed this path, or one beneath it; with `from` and `to` exactly this one, exactly so |
/// | `unchanged "owner"` | changed nothing at this path or beneath it |
/// | `metadata "source" = "mail"` | has this in its metadata |
/// | `request_id = id`, `caused_by = receipt` | is of this request, or names this entry as its cause |
///
/// Values are anything that serializes, and are compared as they are stored: what was masked is
/// matched by [`MASK`](crate::MASK). Values that are no single token stand in parentheses after a path:
/// `changed (path) from 1 to 2`.
///
/// The entry is claimed: [`assert_nothing_else_audited!`](crate::assert_nothing_else_audited) takes it as
/// expected, and the same assertion again prefers another one. With `times = 3` there have to be exactly
/// three, zero included, and all of them are given as a `Vec`.
///
/// The log is a [`Captured`](crate::testing::Captured), an [`Auditor`](crate::Auditor) or a
/// [`TenantLog`](crate::TenantLog).
///
/// ```
/// use audit_core::testing::Captured;
/// use audit_core::{Audited, Outcome, assert_audited, assert_nothing_else_audited};
///
/// #[derive(Audited)]
/// struct Incident { #[audit(id)] id: u32, status: String, api_token: String }
///
/// # let incident = |status: &str, token: &str| Incident { id: 7, status: status.to_owned(), api_token: token.to_owned() };
/// # let (before, after) = (incident("open", "a"), incident("closed", "b"));
/// let log = Captured::new();
/// let auditor = log.auditor();
/// log.context("acme").scope(|| {
///     auditor.updated(&before, &after).record()?;
///     auditor.log("export").denied("not an analyst").record()
/// })?;
///
/// assert_audited!(log, action = "update", entity = 7, changed "status" from "open" to "closed");
/// assert_audited!(log, entity = 7, changed "api_token" to "********");
/// assert_audited!(log, action = "export", outcome = Outcome::Denied, times = 1);
/// assert_audited!(log, action = "delete", times = 0);
/// assert_nothing_else_audited!(log);
/// # Ok::<(), audit_core::Error>(())
/// ```
///
/// # Panics
///
/// If no entry has all of them. The text names the nearest entry and each word in which it differs.
#[macro_export]
macro_rules! assert_audited {
    ($log:expr $(,)?) => {
        $crate::testing::Wanted::new().assert_in(&$log)
    };
    ($log:expr, $($words:tt)+) => {
        $crate::__assert_audited!(@ [$log] [] [$crate::testing::Wanted::new()] $($words)+)
    };
}

/// Asserts that every entry of a [`Captured`](crate::testing::Captured) log was claimed by an
/// [`assert_audited!`](crate::assert_audited).
///
/// ```should_panic
/// use audit_core::assert_nothing_else_audited;
/// use audit_core::testing::Captured;
///
/// let log = Captured::new();
/// log.context("acme").scope(|| log.auditor().log("export").record())?;
/// assert_nothing_else_audited!(log);
/// # Ok::<(), audit_core::Error>(())
/// ```
///
/// # Panics
///
/// If one was not. The text lists them.
#[macro_export]
macro_rules! assert_nothing_else_audited {
    ($log:expr $(,)?) => {
        $crate::testing::Captured::assert_nothing_else(&$log)
    };
}

/// Turns the words of [`assert_audited!`](crate::assert_audited) into calls, one after another. A word that is not known becomes a call
/// of a method that is not there, for which rustc suggests the nearest.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_audited {
    // An `expr` may not stand before `to`, so the old value is gathered token by token.
    (@from $log:tt $times:tt [$($wanted:tt)*] $path:tt [$($old:tt)+] to $new:expr $(, $($rest:tt)*)?) => {
        $crate::__assert_audited!(@ $log $times
            [$($wanted)*.changed_from($path, $($old)+).changed_to($path, $new)] $($($rest)*)?)
    };
    (@from $log:tt $times:tt [$($wanted:tt)*] $path:tt [$($old:tt)+] $(, $($rest:tt)*)?) => {
        $crate::__assert_audited!(@ $log $times [$($wanted)*.changed_from($path, $($old)+)] $($($rest)*)?)
    };
    (@from $log:tt $times:tt $wanted:tt $path:tt [$($old:tt)*] $next:tt $($rest:tt)*) => {
        $crate::__assert_audited!(@from $log $times $wanted $path [$($old)* $next] $($rest)*)
    };
    (@ [$log:expr] [] [$($wanted:tt)*]) => {
        $($wanted)*.assert_in(&$log)
    };
    (@ [$log:expr] [$times:expr] [$($wanted:tt)*]) => {
        $($wanted)*.assert_times_in(&$log, $times)
    };
    (@ $log:tt $times:tt $wanted:tt ,) => {
        $crate::__assert_audited!(@ $log $times $wanted)
    };
    (@ $log:tt [] $wanted:tt times = $times:expr $(, $($rest:tt)*)?) => {
        $crate::__assert_audited!(@ $log [$times] $wanted $($($rest)*)?)
    };
    // Without its parentheses, which rustc would call unneeded.
    (@ $log:tt $times:tt $wanted:tt changed ($path:expr) $($rest:tt)*) => {
        $crate::__assert_audited!(@ $log $times $wanted changed $path $($rest)*)
    };
    (@ $log:tt $times:tt $wanted:tt unchanged ($path:expr) $($rest:tt)*) => {
        $crate::__assert_audited!(@ $log $times $wanted unchanged $path $($rest)*)
    };
    (@ $log:tt $times:tt $wanted:tt metadata ($name:expr) $($rest:tt)*) => {
        $crate::__assert_audited!(@ $log $times $wanted metadata $name $($rest)*)
    };
    (@ $log:tt $times:tt $wanted:tt changed $path:tt from $($rest:tt)+) => {
        $crate::__assert_audited!(@from $log $times $wanted $path [] $($rest)+)
    };
    (@ $log:tt $times:tt [$($wanted:tt)*] changed $path:tt to $new:expr $(, $($rest:tt)*)?) => {
        $crate::__assert_audited!(@ $log $times [$($wanted)*.changed_to($path, $new)] $($($rest)*)?)
    };
    (@ $log:tt $times:tt [$($wanted:tt)*] changed $path:tt $(, $($rest:tt)*)?) => {
        $crate::__assert_audited!(@ $log $times [$($wanted)*.changed($path)] $($($rest)*)?)
    };
    (@ $log:tt $times:tt [$($wanted:tt)*] unchanged $path:tt $(, $($rest:tt)*)?) => {
        $crate::__assert_audited!(@ $log $times [$($wanted)*.unchanged($path)] $($($rest)*)?)
    };
    (@ $log:tt $times:tt [$($wanted:tt)*] metadata $name:tt = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__assert_audited!(@ $log $times [$($wanted)*.metadata($name, $value)] $($($rest)*)?)
    };
    (@ $log:tt $times:tt [$($wanted:tt)*] $word:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__assert_audited!(@ $log $times [$($wanted)*.$word($value)] $($($rest)*)?)
    };
    (@ $log:tt $times:tt $wanted:tt $($wrong:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "expected `word = value`, `changed \"path\"`, `changed \"path\" from value to value`, `unchanged \"path\"` or ",
            "`metadata \"name\" = value`, found `", ::core::stringify!($($wrong)+), "`",
        ))
    };
}

impl Captured {
    /// What [`assert_nothing_else_audited!`](crate::assert_nothing_else_audited) calls.
    ///
    /// # Panics
    ///
    /// If there is an entry that no assertion has claimed.
    #[track_caller]
    pub fn assert_nothing_else(&self) {
        let unclaimed = failure::read(self.unclaimed());
        if !unclaimed.is_empty() {
            failure::fail(&failure::unclaimed(&unclaimed));
        }
    }
}
