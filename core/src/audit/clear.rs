//! Which fields a mount may let pass into its lines as they are (`audit_non_hmac_request_keys` and its twin), and
//! which never do: whoever may tune a mount need not be trusted with the credentials that go through it.

use std::{borrow::Cow, collections::BTreeSet, sync::LazyLock};

use crate::{
    catalog,
    mounts::{Mount, MountClass},
    route::{Fields, Kind},
};

/// Credentials in answers. Those in requests are declared with the routes ([`Kind::Secret`]).
const ANSWERED: &[&str] = &[
    "client_token",
    "encoded_root_token",
    "encoded_token",
    "keys_base64",
    "random_bytes",
    "recovery_keys",
    "recovery_keys_base64",
    "root_token",
];

static CREDENTIALS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let mut names: BTreeSet<&str> = ANSWERED.iter().copied().collect();
    for it in catalog::all() {
        for endpoint in it.tables.iter().flat_map(|it| it.iter()).flat_map(|it| it.endpoints) {
            let Fields::Known(fields) = endpoint.fields else { continue };
            names.extend(fields.iter().filter(|it| it.kind == Kind::Secret).map(|it| it.name));
        }
    }
    names
});

/// Of the fields that a mount lists, those that pass. In engines that keep what clients send a name means what its
/// owner says; everywhere else it means what it means to us.
pub(super) fn passing<'l>(mount: &Mount, listed: &'l [String]) -> Cow<'l, [String]> {
    let is_ours = mount.class == MountClass::Auth || matches!(&*mount.kind, "identity" | "system");
    if listed.is_empty() || !is_ours {
        return Cow::Borrowed(listed);
    }
    Cow::Owned(listed.iter().filter(|it| !CREDENTIALS.contains(it.as_str())).cloned().collect())
}
