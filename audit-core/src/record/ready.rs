//! Ready calls for what every system has: logins and refusals.

use crate::diff::Audited;
use crate::entry::{Actor, Entity, MAX_ID_BYTES, Outcome, Severity, Tenant, ToEntityId, action};
use crate::record::auditor::Auditor;
use crate::record::draft::Draft;
use crate::sanitize::MASK;

/// What is logged into, unless the draft says otherwise.
const ACCOUNT: &str = "account";

impl Auditor {
    /// Somebody came in: action `login`, done by this actor to the account of the same id and name.
    ///
    /// Address and user agent are those of the context, and so is the tenant, unless
    /// [`Draft::tenant`] says it: before a login there may be none. Accounts that are called otherwise
    /// are named by [`Draft::entity_type`].
    ///
    /// ```
    /// use audit_core::{Actor, Auditor, MemoryStore};
    ///
    /// let auditor = Auditor::new(MemoryStore::new());
    /// auditor.login(Actor::user(17, "ada")).tenant("acme").entity_type("member").record()?;
    /// auditor.logout(Actor::user(17, "ada")).tenant("acme").record()?;
    ///
    /// let log = auditor.tenant("acme");
    /// assert_eq!(log.entries().actor(17).entity("member", 17).action("login").count()?, 1);
    /// assert_eq!(log.entries().actor(17).entity("account", 17).action("logout").count()?, 1);
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    pub fn login(&self, actor: Actor) -> Draft {
        self.by_account(action::LOGIN, actor)
    }

    /// Somebody left: action `logout`, otherwise as [`Auditor::login`].
    pub fn logout(&self, actor: Actor) -> Draft {
        self.by_account(action::LOGOUT, actor)
    }

    /// Somebody tried to come in and could not: action `login_failed`, outcome `denied`, severity
    /// `notice`, done by an anonymous actor with the name that was typed.
    ///
    /// Takes no password. What was typed as a name passes the sanitizer like everything else: a token
    /// that was pasted into the wrong field is masked, and so is all of a text of more than 1,024
    /// bytes, which is no name. A password in that field looks like any other name, and is stored.
    /// Say why with [`Draft::denied`] or [`Draft::reason`].
    ///
    /// ```
    /// use audit_core::{AuditContext, Auditor, MemoryStore, Outcome};
    ///
    /// let auditor = Auditor::new(MemoryStore::new());
    /// AuditContext::new("acme").ip([192, 0, 2, 7]).scope(|| {
    ///     auditor.login_failed("ada").denied("wrong password").record()
    /// })?;
    /// let entry = &auditor.tenant("acme").entries().action("login_failed").page()?.entries[0];
    /// assert_eq!((entry.actor.name(), entry.outcome), (Some("ada"), Outcome::Denied));
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    pub fn login_failed(&self, name: impl AsRef<str>) -> Draft {
        let name = match name.as_ref() {
            // To cut it could leave the half of a secret, which nothing would recognise.
            long if long.len() > MAX_ID_BYTES => MASK,
            name => name,
        };
        self.log(action::LOGIN_FAILED)
            .actor(Actor::anonymous().named(name))
            .entity_type(ACCOUNT)
            .entity_name(name)
            .outcome(Outcome::Denied)
            .severity(Severity::Notice)
    }

    /// Somebody was refused: any action, outcome `denied`, severity `notice`, and why.
    ///
    /// The target is a record, or a type with an id, or a type alone.
    ///
    /// ```
    /// use audit_core::{Actor, AuditContext, Audited, Auditor, MemoryStore, Outcome};
    ///
    /// #[derive(Audited)]
    /// struct Incident { #[audit(id)] id: u32 }
    ///
    /// let auditor = Auditor::new(MemoryStore::new());
    /// AuditContext::new("acme").actor(Actor::user(17, "ada")).scope(|| {
    ///     auditor.denied("delete", &Incident { id: 7 }, "not an analyst").record()?;
    ///     auditor.denied("delete", ("incident", 8), "not an analyst").record()?;
    ///     auditor.denied("export", "incident", "not an analyst").record()
    /// })?;
    /// let log = auditor.tenant("acme");
    /// assert_eq!(log.entries().entity_type("incident").outcome(Outcome::Denied).count()?, 3);
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a pair reads better without a `&`"
    )]
    pub fn denied(
        &self,
        action: impl Into<String>,
        target: impl ToTarget,
        why: impl Into<String>,
    ) -> Draft {
        self.log(action)
            .target(target.entity(), target.tenant())
            .denied(why)
            .severity(Severity::Notice)
    }

    fn by_account(&self, action: &str, actor: Actor) -> Draft {
        let mut account = Entity::new(ACCOUNT);
        account.id = actor.id().cloned();
        account.name = actor.name().map(Into::into);
        self.log(action).target(account, None).actor(actor)
    }
}

/// What an action is done to: a record, its type and id, a type alone, or an [`Entity`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what the action is done to",
    label = "neither a record, nor a type and an id, nor a type",
    note = "give `&record`, where the record is `Audited`, or `(\"incident\", id)`, or `\"incident\"`"
)]
pub trait ToTarget {
    /// The type, and what is known of id and name.
    fn entity(&self) -> Entity;

    /// Whose log it belongs to, if the target says so.
    fn tenant(&self) -> Option<Tenant> {
        None
    }
}

impl<T: Audited + ?Sized> ToTarget for &T {
    fn entity(&self) -> Entity {
        self.audit_entity()
    }

    fn tenant(&self) -> Option<Tenant> {
        self.audit_tenant()
    }
}

impl<I: ToEntityId> ToTarget for (&str, I) {
    fn entity(&self) -> Entity {
        Entity::new(self.0).identified(&self.1)
    }
}

impl ToTarget for &str {
    fn entity(&self) -> Entity {
        Entity::new(*self)
    }
}

impl ToTarget for Entity {
    fn entity(&self) -> Entity {
        self.clone()
    }
}
