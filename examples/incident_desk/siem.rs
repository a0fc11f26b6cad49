//! The SIEM that incidents are forwarded to; here it answers what the work file says.

use std::time::Duration;

use crate::desk::{DeskError, Incident, Result};

pub(crate) struct Siem {
    /// What it complains of; without it, it takes what it is sent.
    pub(crate) complaint: Option<String>,
    /// How long it takes to answer.
    pub(crate) delay: Duration,
}

impl Siem {
    pub(crate) async fn push(&self, _incident: &Incident) -> Result<()> {
        tokio::task::yield_now().await; // Here the network would be waited for.
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        match &self.complaint {
            Some(complaint) => Err(DeskError::Siem(complaint.clone())),
            None => Ok(()),
        }
    }
}
