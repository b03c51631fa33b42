//! Which `vault` provider the values are asked of, and how it comes to its address and its token.
//!
//! One without an address takes VAULT_ADDR, which is the store. Where the folder's own has an address, that is another
//! server, which does not have the values; so a second one comes beside it, in a file of its own: several files of the
//! folder may need it.

use super::folder::{Folder, Vault, gives_alias};
use crate::{Options, Plan, beside::Clash};

const ALIAS: &str = "strongroom";
const BESIDE: &str = "strongroom.tf";
const TOKEN: &str = "strongroom_token";

const HOW_TO_ASK: &str = "`terraform init` once, for the provider hashicorp/vault, which reads VAULT_ADDR and VAULT_TOKEN: `TERRAFORM_VAULT_SKIP_CHILD_TOKEN=true VAULT_TOKEN=$(secret print token) terraform apply`; without that variable, or `skip_child_token = true` in the provider, it makes a token of its own first, and the printed policy does not open auth/token/create";

pub(super) struct Provider {
    /// The folder's own one is for another server.
    other: Option<Vault>,
    is_there: bool,
    is_ephemeral: bool,
}

impl Provider {
    pub(super) fn of(folder: &Folder<'_>) -> Self {
        let (other, is_there) = (folder.vault(), folder.has_alias(ALIAS, BESIDE));
        Self { other, is_there, is_ephemeral: !folder.has_no_ephemeral() }
    }

    /// The line of a block that asks.
    pub(super) fn line(&self) -> String {
        if self.other.is_some() { format!("  provider = vault.{ALIAS}\n\n") } else { String::new() }
    }

    pub(super) fn put_beside(&self, plan: &mut Plan, options: &Options) -> Result<(), Clash> {
        let Some(other) = self.other.filter(|_| !self.is_there) else { return Ok(()) };
        plan.put_beside(BESIDE.to_owned(), options, |text| {
            Ok(match text {
                None => self.written(other),
                Some(text) if gives_alias(text, ALIAS) => text.to_owned(),
                Some(text) => format!("{}\n\n{}", text.trim_end(), self.written(other)),
            })
        })
    }

    /// What a person must know who runs it.
    pub(super) fn how_to_ask(&self) -> String {
        let Some(other) = self.other else { return HOW_TO_ASK.to_owned() };
        let (reads, command) = if other.has_login {
            ("VAULT_ADDR and VAULT_TOKEN", "VAULT_TOKEN".to_owned())
        } else {
            ("VAULT_ADDR alone, since VAULT_TOKEN is the other one's", format!("TF_VAR_{TOKEN}"))
        };
        format!(
            "the folder's own provider \"vault\" has an address, so the values are asked of a second one, vault.{ALIAS}, \
             which reads {reads}: `terraform init` once, then, with VAULT_ADDR being the address of this store, \
             `{command}=$(secret print token) terraform apply`"
        )
    }

    fn written(&self, other: Vault) -> String {
        // A token of one's own for each run is what a policy of mere reading does not allow.
        let mut text =
            format!("provider \"vault\" {{\n  alias            = \"{ALIAS}\"\n  skip_child_token = true\n");
        if other.has_login {
            return text + "}\n";
        }
        text.push_str(&format!("  token            = var.{TOKEN}\n}}\n\n"));
        text + &variable(TOKEN, self.is_ephemeral)
    }
}

/// A variable that comes from outside, and is shown and kept nowhere.
pub(super) fn variable(name: &str, is_ephemeral: bool) -> String {
    let ephemeral = if is_ephemeral { "  ephemeral = true\n" } else { "" };
    format!("variable \"{name}\" {{\n  type      = string\n  sensitive = true\n{ephemeral}}}\n")
}
