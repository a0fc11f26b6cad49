//! Defaults on an `impl` block.

use audit_core::{Auditor, InContext, Result, Severity, audit_action};

use crate::{audited, entries, entries_of};

struct Desk {
    company: &'static str,
    auditor: Auditor,
}

#[audit_action(entity_type = "incident", severity = "notice", tenant = self.company, auditor = self.auditor, strict)]
impl Desk {
    #[audit_action(entity_id = id)]
    fn close_incident(&self, id: u8) -> Result<u8> {
        Ok(id)
    }

    #[audit_core::audit_action(
        action = "reopen",
        severity = "critical",
        entity_type = "ticket",
        tenant = "other"
    )]
    async fn reopen(&self) -> Result<()> {
        tokio::task::yield_now().await;
        Ok(())
    }

    #[audit_action]
    #[inline]
    fn purge(&mut self) -> Result<&mut Self> {
        Ok(self)
    }

    fn quiet(&self) -> usize {
        self.company.len()
    }
}

#[tokio::test]
async fn methods_take_what_they_leave_out_from_their_block() {
    let (auditor, context) = audited();
    let mut desk = Desk {
        company: "acme",
        auditor: auditor.clone(),
    };
    desk.close_incident(4).unwrap();
    desk.reopen().in_context(context).await.unwrap();
    assert_eq!(desk.purge().unwrap().quiet(), 4);
    let all = entries_of(&auditor, "acme");
    let told: Vec<_> = all
        .iter()
        .map(|entry| (&*entry.action, entry.entity_type(), entry.severity))
        .collect();
    assert_eq!(
        told,
        [
            ("close", Some("incident"), Severity::Notice),
            ("purge", Some("incident"), Severity::Notice)
        ]
    );
    let other = &entries_of(&auditor, "other")[0];
    assert_eq!(
        (&*other.action, other.entity_type(), other.severity),
        ("reopen", Some("ticket"), Severity::Critical)
    );
}

trait Close {
    fn close(&self) -> u8;
}

struct Generic<T>(T);

#[audit_action(entity_type = "generic")]
impl<T: Clone + Into<u8>> Close for Generic<T>
where
    fn() -> u8: Copy,
{
    #[audit_action(entity_id = self.0.clone().into())]
    fn close(&self) -> u8 {
        self.0.clone().into()
    }
}

#[test]
fn the_block_of_a_trait_has_defaults_too() {
    let (auditor, context) = audited();
    assert_eq!(context.scope(|| Generic(3_u8).close()), 3);
    let entry = &entries(&auditor)[0];
    assert_eq!(
        (entry.entity_type(), entry.entity_id().unwrap().as_i64()),
        (Some("generic"), Some(3))
    );
}
