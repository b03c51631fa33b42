//! Files that belong beside the fixed one: made, or completed where an earlier fix made them.
//!
//! Two manifests of one application share a SecretProviderClass, and `shop.tf` and `shop.tfvars` a file of variables.
//! What stands in such a file stays, in its order and with its comments; only what is missing comes in.

use crate::{Beside, Finding, Left, Options, Plan, left::Why};

/// A file stands there that cannot be completed.
pub(crate) struct Clash {
    name: String,
    why: Why,
}

pub(crate) const UNREADABLE: Why =
    ("it is no text, or a longer one than is completed", "move it away or rename it, and fix again");

impl Plan {
    /// Puts a file beside. `write` gets what stands there: on the disk, or already in this plan.
    pub(crate) fn put_beside(
        &mut self,
        name: String,
        options: &Options,
        write: impl FnOnce(Option<&str>) -> Result<String, Why>,
    ) -> Result<(), Clash> {
        let clash = |why: Why| Clash { name: name.clone(), why };
        if let Some(planned) = self.beside.iter_mut().find(|it| it.name == name) {
            planned.text = write(Some(&planned.text)).map_err(clash)?;
            return Ok(());
        }
        let before = match options.beside.get(&name) {
            None => None,
            Some(Some(text)) => Some(text.clone()),
            Some(None) => return Err(clash(UNREADABLE)),
        };
        let text = write(before.as_deref()).map_err(clash)?;
        self.beside.push(Beside { name, text, before });
        Ok(())
    }
}

/// Without the file beside, the references would lead nowhere: all stays.
pub(crate) fn left_for(clash: &Clash, findings: &[Finding]) -> Plan {
    let left = |(finding, _)| Left {
        finding,
        reason: format!("{} stands beside it, and {}", clash.name, clash.why.0),
        nearest: clash.why.1.to_owned(),
    };
    Plan { left: findings.iter().enumerate().map(left).collect(), ..Plan::default() }
}
