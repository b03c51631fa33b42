//! What a pod's author writes: the attributes of a volume, or the parameters of a SecretProviderClass.
//!
//! Every attribute has its stock name (`vaultAddress`), OpenBao's (`openbaoAddress`) and perhaps a short one of ours
//! (`address`). What would name a server, a file of the node or a namespace counts only if the node says the same.

use std::collections::HashMap;

use crate::{
    Error, Trust,
    identity::{Identity, Pod, identify},
    objects::{self, Object, is_path},
    server::Overrides,
    simple,
};

/// Of all attributes together, without the tokens.
const LARGEST: usize = 128 << 10;
const MOST: usize = 128;
/// What kubelet adds begins so.
const KUBELET: &str = "csi.storage.k8s.io/";
pub(crate) const TOKENS: &str = "csi.storage.k8s.io/serviceAccount.tokens";

/// Each attribute by its stock name, the short name that it has with us, and what it is for.
pub(crate) const ATTRIBUTES: [(&str, &str, &str); 17] = [
    ("roleName", "role", "the role to log in with"),
    ("", "secrets", "what becomes files: PATH[#FIELD][=NAME], with blanks or line ends between"),
    ("objects", "", "what becomes files, as the stock provider has it: a YAML list"),
    ("", "mode", "of the files, octal"),
    ("", "owner", "of the files: a number"),
    ("", "group", "of the files: a number; a pod's fsGroup comes before it"),
    ("vaultAuthMountPath", "authMount", "where the auth method is mounted"),
    ("vaultKubernetesMountPath", "", "the same"),
    ("audience", "", "which of the pod's tokens is presented; only the node's own, or one that it allows"),
    ("vaultAddress", "address", "the server; only the node's own, or one that it allows"),
    ("vaultNamespace", "namespace", "likewise"),
    ("vaultCACertPath", "", "likewise"),
    ("vaultCADirectory", "", "likewise"),
    ("vaultTLSServerName", "", "likewise"),
    ("vaultTLSClientCertPath", "", "likewise"),
    ("vaultTLSClientKeyPath", "", "likewise"),
    ("vaultSkipTLSVerify", "", "likewise"),
];

/// Who reads them: the stock driver has parameters of its own among them, a pod's author has typing errors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unknown {
    Ignore,
    Refuse,
}

/// A wish that may be granted.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) identity: Identity,
    pub(crate) role: String,
    pub(crate) auth_mount: String,
    pub(crate) server: Overrides,
    pub(crate) objects: Vec<Object>,
    pub(crate) mode: Option<u32>,
    pub(crate) owner: Option<u32>,
    pub(crate) group: Option<u32>,
}

/// Reads a request's attributes; tokens may lie beside them, among its secrets.
pub(crate) fn read(
    given: &HashMap<String, String>,
    secrets: &HashMap<String, String>,
    trust: &Trust,
    unknown: Unknown,
) -> Result<Wish, Error> {
    check_size(given)?;
    let said = Said::read(given, unknown)?;
    let pod = pod(given)?;
    let audience = said.get("audience")?.unwrap_or(&trust.audience);
    if audience != trust.audience && !trust.allowed.has("audience", audience) {
        return Err(Error::NotAllowed("the audience"));
    }
    let server = overrides(&said, trust)?;
    let role = said.get("roleName")?.ok_or(Error::Missing("attribute `role` or `roleName`"))?.to_owned();
    let auth_mount = match (said.get("vaultAuthMountPath")?, said.get("vaultKubernetesMountPath")?) {
        (Some(_), Some(_)) => {
            return Err(Error::Attribute { key: "vaultAuthMountPath", why: "is there under two names" });
        }
        (Some(path), None) | (None, Some(path)) => path,
        (None, None) => &trust.auth_mount,
    };
    let auth_mount = auth_mount.trim_matches('/');
    let auth_mount = auth_mount.strip_prefix("auth/").unwrap_or(auth_mount).to_owned();
    if !is_path(&auth_mount) {
        return Err(Error::Attribute { key: "vaultAuthMountPath", why: "is no path" });
    }
    let mut objects = match said.text("objects")? {
        Some(text) => objects::parse(text)?,
        None => Vec::new(),
    };
    objects.extend(said.text("secrets")?.map_or(Ok(Vec::new()), simple::parse)?);
    if objects.is_empty() {
        return Err(Error::Missing("attribute `secrets` or `objects` with anything in it"));
    }
    let mode = said.get("mode")?.map(|it| u32::from_str_radix(it, 8).ok().filter(|it| *it <= 0o777));
    let mode =
        mode.map(|it| it.ok_or(Error::Attribute { key: "mode", why: "is no octal number" })).transpose()?;
    let (owner, group) = (number(&said, "owner")?, number(&said, "group")?);
    // Last, so that a request that is wrong in itself is told so whoever sent it.
    let tokens = secrets.get(TOKENS).filter(|it| !it.is_empty()).or_else(|| given.get(TOKENS));
    let identity = identify(pod, audience, tokens.map(String::as_str))?;
    Ok(Wish { identity, role, auth_mount, server, objects, mode, owner, group })
}

fn check_size(given: &HashMap<String, String>) -> Result<(), Error> {
    let own = || given.iter().filter(|(key, _)| *key != TOKENS);
    let size: usize = own().map(|(key, value)| key.len() + value.len()).sum();
    match size > LARGEST || given.len() > MOST {
        true => Err(Error::Large("the attributes")),
        false => Ok(()),
    }
}

/// The attributes under their one name each.
struct Said<'a>(HashMap<&'static str, &'a str>);

impl<'a> Said<'a> {
    fn read(given: &'a HashMap<String, String>, unknown: Unknown) -> Result<Self, Error> {
        let mut said = HashMap::new();
        for (key, value) in given.iter().filter(|(key, _)| !key.starts_with(KUBELET)) {
            let Some(name) = name_of(key) else {
                match unknown {
                    Unknown::Ignore => continue,
                    Unknown::Refuse => {
                        return Err(Error::Attribute { key: "of one name", why: "is none that we know" });
                    }
                }
            };
            if said.insert(name, value.as_str()).is_some() {
                return Err(Error::Attribute { key: name, why: "is there under two names" });
            }
        }
        Ok(Self(said))
    }

    /// Of one line, and not empty.
    fn get(&self, key: &'static str) -> Result<Option<&'a str>, Error> {
        let value = self.0.get(key).copied().filter(|it| !it.is_empty());
        match value.is_some_and(|it| it.len() > 1024 || it.chars().any(char::is_control)) {
            true => Err(Error::Attribute { key, why: "is too long or has control characters" }),
            false => Ok(value),
        }
    }

    /// Of many lines.
    fn text(&self, key: &'static str) -> Result<Option<&'a str>, Error> {
        let is_wrong = |it: char| it.is_control() && !matches!(it, '\n' | '\r' | '\t');
        let value = self.0.get(key).copied();
        match value.is_some_and(|it| it.chars().any(is_wrong)) {
            true => Err(Error::Attribute { key, why: "has control characters" }),
            false => Ok(value),
        }
    }
}

/// By the stock name, by OpenBao's or by ours.
pub(crate) fn name_of(key: &str) -> Option<&'static str> {
    let stock = key.strip_prefix("openbao").map(|it| format!("vault{it}"));
    let key = stock.as_deref().unwrap_or(key);
    let known = ATTRIBUTES.iter().find(|(stock, ours, _)| *stock == key || *ours == key);
    known.filter(|_| !key.is_empty()).map(|(stock, ours, _)| if stock.is_empty() { *ours } else { *stock })
}

fn number(said: &Said<'_>, key: &'static str) -> Result<Option<u32>, Error> {
    let value = said.get(key)?.map(|it| it.parse().ok().filter(|it| *it != u32::MAX));
    value.map(|it| it.ok_or(Error::Attribute { key, why: "is no number" })).transpose()
}

fn pod(given: &HashMap<String, String>) -> Result<Pod, Error> {
    let get = |key: &'static str| {
        let value = given.get(key).map(String::as_str).unwrap_or_default();
        let is_name = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.');
        match !value.is_empty() && value.len() <= 253 && !value.starts_with('.') && value.bytes().all(is_name)
        {
            true => Ok(value.to_owned()),
            false if value.is_empty() => Err(Error::Attribute {
                key,
                why: "is missing: the CSIDriver object must have podInfoOnMount",
            }),
            false => Err(Error::Attribute { key, why: "is no name" }),
        }
    };
    Ok(Pod {
        name: get("csi.storage.k8s.io/pod.name")?,
        namespace: get("csi.storage.k8s.io/pod.namespace")?,
        uid: get("csi.storage.k8s.io/pod.uid")?,
        service_account: get("csi.storage.k8s.io/serviceAccount.name")?,
    })
}

// Rule 123
fn overrides(said: &Said<'_>, trust: &Trust) -> Result<Overrides, Error> {
    let mut found = Overrides::default();
    let own = &trust.server;
    let granted = |key: &'static str, same: Option<&str>| match said.get(key)? {
        None => Ok(None),
        // The node's own, said once more.
        Some(value) if same == Some(value) => Ok(None),
        Some(value) if trust.allowed.has(key, value) => Ok(Some(value.to_owned())),
        Some(_) => Err(Error::NotAllowed(key)),
    };
    found.address = granted("vaultAddress", Some(&own.address))?;
    found.namespace = granted("vaultNamespace", own.namespace.as_deref())?;
    found.ca_file = granted("vaultCACertPath", None)?;
    found.ca_directory = granted("vaultCADirectory", None)?;
    found.server_name = granted("vaultTLSServerName", own.tls.server_name.as_deref())?;
    found.client_certificate = granted("vaultTLSClientCertPath", None)?;
    found.client_key = granted("vaultTLSClientKeyPath", None)?;
    // To verify is what is done anyway.
    let verifies = said.get("vaultSkipTLSVerify")?.is_some_and(|it| it == "false");
    found.skips_verification =
        !verifies && granted("vaultSkipTLSVerify", None)?.is_some_and(|it| it == "true");
    Ok(found)
}

/// A mode that a request brings along: JSON, decimal.
pub(crate) fn requested_mode(text: &str) -> Result<u32, Error> {
    let mode = match text.trim() {
        "" | "null" => Some(0o644),
        text => serde_json::from_str(text).ok().filter(|it| *it <= 0o777),
    };
    mode.ok_or(Error::Attribute { key: "permission", why: "is no mode" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        identity::tests::{jwt, pod},
        objects::Pick,
    };

    fn trust() -> Trust {
        let mut trust = Trust::new(strongroom_sdk::Config::default());
        trust.server.address = "https://node:8200".into();
        trust
    }

    fn given(more: &[(&str, &str)]) -> HashMap<String, String> {
        let pod = pod();
        let token = jwt(&json!({
            "aud": ["vault"], "sub": format!("system:serviceaccount:{}:{}", pod.namespace, pod.service_account),
            "kubernetes.io": { "pod": { "uid": pod.uid } },
        }));
        let tokens = json!({ "vault": { "token": token } }).to_string();
        let base = [
            ("csi.storage.k8s.io/pod.name", pod.name.as_str()),
            ("csi.storage.k8s.io/pod.namespace", &pod.namespace),
            ("csi.storage.k8s.io/pod.uid", &pod.uid),
            ("csi.storage.k8s.io/serviceAccount.name", &pod.service_account),
            (TOKENS, &tokens),
        ];
        base.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn with(trust: &Trust, more: &[(&str, &str)]) -> Result<Wish, Error> {
        let mut all = vec![("role", "shop"), ("secrets", "db")];
        all.retain(|(key, _)| more.iter().all(|(it, _)| it != key));
        all.extend(more);
        read(&given(&all), &HashMap::new(), trust, Unknown::Refuse)
    }

    #[track_caller]
    fn refused(wish: Result<Wish, Error>, why: &str) {
        let error = wish.expect_err("it is refused").to_string();
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn attributes_have_stock_names_openbaos_and_ours() {
        let own = with(&trust(), &[("authMount", "k8s"), ("mode", "0400"), ("owner", "1000")]).unwrap();
        assert_eq!((own.role.as_str(), own.auth_mount.as_str()), ("shop", "k8s"));
        assert_eq!((own.mode, own.owner, own.group), (Some(0o400), Some(1000), None));
        let objects = "- {objectName: a, secretPath: p, secretKey: k}";
        for prefix in ["vault", "openbao"] {
            let mount = format!("{prefix}KubernetesMountPath");
            let all = given(&[("roleName", "shop"), ("objects", objects), (&mount, "/auth/k8s/")]);
            let wish = read(&all, &HashMap::new(), &trust(), Unknown::Ignore).unwrap();
            assert_eq!((wish.auth_mount.as_str(), wish.objects.len()), ("k8s", 1));
        }
        let both = with(&trust(), &[("objects", objects)]).unwrap();
        assert_eq!(both.objects.len(), 2);
        assert_eq!(both.objects[1].pick, Pick::Typed("db".into()));
        refused(with(&trust(), &[("roleName", "other")]), "under two names");
        refused(
            with(&trust(), &[("vaultAuthMountPath", "a"), ("vaultKubernetesMountPath", "b")]),
            "under two names",
        );
        refused(with(&trust(), &[("objets", "x")]), "none that we know");
        refused(with(&trust(), &[("", "x")]), "none that we know");
        refused(with(&trust(), &[("role", "")]), "no attribute `role`");
        refused(with(&trust(), &[("secrets", " ")]), "no attribute `secrets`");
        refused(with(&trust(), &[("mode", "9")]), "mode is no octal");
        refused(with(&trust(), &[("owner", "root")]), "owner is no number");
        refused(with(&trust(), &[("authMount", "a/../b")]), "is no path");
    }

    #[test]
    fn every_attribute_and_every_key_of_an_object_is_documented() {
        let page = include_str!("../../docs/kubernetes-csi.md");
        let names = ATTRIBUTES.iter().flat_map(|(stock, ours, _)| [*stock, *ours]).chain(objects::KEYS);
        for name in names.filter(|it| !it.is_empty()) {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
    }

    // Rule 123
    #[test]
    fn a_tenant_names_no_server_no_namespace_and_no_file() {
        let wishes = [
            ("vaultAddress", "https://evil:8200"),
            ("openbaoAddress", "https://evil:8200"),
            ("address", "https://node:8200@evil"),
            ("vaultNamespace", "other"),
            ("namespace", "other"),
            ("vaultCACertPath", "/etc/passwd"),
            ("vaultCADirectory", "/etc"),
            ("vaultTLSServerName", "evil"),
            ("vaultTLSClientCertPath", "/var/lib/kubelet/pki/kubelet.crt"),
            ("vaultTLSClientKeyPath", "/var/lib/kubelet/pki/kubelet.key"),
            ("vaultSkipTLSVerify", "true"),
            ("audience", "https://kubernetes.default.svc"),
        ];
        for (key, value) in wishes {
            refused(with(&trust(), &[(key, value)]), "none that this node allows");
        }
        // The node's own words, and what changes nothing.
        for (key, value) in [
            ("vaultAddress", "https://node:8200"),
            ("vaultSkipTLSVerify", "false"),
            ("audience", "vault"),
            ("vaultNamespace", ""),
        ] {
            assert_eq!(with(&trust(), &[(key, value)]).unwrap().server, Overrides::default(), "{key}");
        }
        let mut trust = trust();
        trust.allowed.add("vaultAddress=https://b:8200").unwrap();
        let wish = with(&trust, &[("address", "https://b:8200")]).unwrap();
        assert_eq!(wish.server.address.as_deref(), Some("https://b:8200"));
    }

    // Rules 121, 125
    #[test]
    fn what_is_malformed_or_oversize_is_refused() {
        for key in ["role", "authMount", "vaultAddress", "audience", "mode"] {
            for value in ["a\nb", "a\0b", "\x1b[2J"] {
                refused(with(&trust(), &[(key, value)]), "control characters");
            }
        }
        refused(with(&trust(), &[("secrets", "a\0b")]), "control characters");
        refused(with(&trust(), &[("role", &"x".repeat(1025))]), "too long");
        refused(with(&trust(), &[("secrets", &"x".repeat(LARGEST))]), "larger than any");
        let many: Vec<String> = (0..MOST).map(|it| format!("csi.storage.k8s.io/{it}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|it| (it.as_str(), "x")).collect();
        refused(with(&trust(), &many), "larger than any");
        for uid in ["../other", "a/b", "", ".", "..", "a\n"] {
            let mut all = given(&[("role", "shop"), ("secrets", "db")]);
            all.insert("csi.storage.k8s.io/pod.uid".into(), uid.into());
            refused(read(&all, &HashMap::new(), &trust(), Unknown::Refuse), "pod.uid is");
        }
    }

    // Rule 122
    #[test]
    fn tokens_come_with_the_attributes_or_beside_them() {
        let mut all = given(&[("role", "shop"), ("secrets", "db")]);
        let tokens = all.remove(TOKENS).unwrap();
        refused(read(&all, &HashMap::new(), &trust(), Unknown::Refuse), "token is missing");
        let beside = HashMap::from([(TOKENS.to_owned(), tokens)]);
        assert!(read(&all, &beside, &trust(), Unknown::Refuse).is_ok());
        // What stands beside them comes first, and is checked like the other.
        all.extend(beside);
        let none = HashMap::from([(TOKENS.to_owned(), r#"{"vault":{"token":"x"}}"#.to_owned())]);
        refused(read(&all, &none, &trust(), Unknown::Refuse), "no JSON Web Token");
    }

    #[test]
    fn a_requests_mode_is_decimal() {
        for (text, mode) in [("420", 0o644), ("", 0o644), ("256", 0o400), ("0", 0)] {
            assert_eq!(requested_mode(text).unwrap(), mode, "{text}");
        }
        for text in ["0644", "-1", "512", "\"420\"", "x"] {
            assert!(requested_mode(text).is_err(), "{text}");
        }
    }
}
