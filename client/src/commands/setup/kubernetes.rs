//! `secret setup kubernetes`: service accounts become logins.

use std::path::PathBuf;

use serde_json::json;

use super::{Engine, Manner, Wish, Work, mount_of, read};
use crate::{context::Context, failure::Failure, input};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret setup kubernetes -plan shop/web
  secret setup kubernetes shop/web shop/worker            from a server within the cluster
  secret setup kubernetes -host=https://10.0.0.1:6443 -ca=cluster-ca.pem -reviewer-token=token shop/web
  secret setup kubernetes -check shop/web                 whether all of it is (still) there: exit status 0, or 1

A pod of the service account `web` in the namespace `shop` then logs in to the role `shop.web`, and reads secret/shop/web
and what lies below it.")]
pub(crate) struct Kubernetes {
    /// Address of the API server [default: https://kubernetes.default.svc, or as it is]
    #[arg(long, value_name = "URL")]
    host: Option<String>,
    /// File with the CA certificate that the API server's must come from [default: the server's pod's]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// File with the token with which tokens are reviewed, written if there is none yet [default: the server's pod's]
    #[arg(long, value_name = "FILE")]
    reviewer_token: Option<PathBuf>,
    /// Where the auth method is mounted
    #[arg(long, value_name = "MOUNT", default_value = "kubernetes")]
    path: String,
    /// The audience that tokens must have
    #[arg(long, value_name = "NAME", default_value = "vault")]
    audience: String,
    /// The KV engine with the secrets
    #[arg(long, value_name = "MOUNT", default_value = "secret")]
    kv: String,
    /// How long a token lives
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = input::duration)]
    ttl: String,
    #[command(flatten)]
    manner: Manner,
    /// Service accounts: each gets a role and a policy, both called NAMESPACE.ACCOUNT
    #[arg(value_name = "NAMESPACE/ACCOUNT")]
    accounts: Vec<Account>,
}

/// What a configuration has besides.
const KEPT: &[&str] = &[
    "disable_iss_validation",
    "disable_local_ca_jwt",
    "issuer",
    "kubernetes_ca_cert",
    "kubernetes_host",
    "pem_keys",
    "use_annotations_as_alias_metadata",
];
const HOST: &str = "https://kubernetes.default.svc";

#[derive(Clone, Debug, Eq, PartialEq)]
struct Account {
    namespace: String,
    name: String,
}

impl std::str::FromStr for Account {
    type Err = &'static str;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        let (namespace, name) = typed.split_once('/').ok_or("not NAMESPACE/ACCOUNT")?;
        // Kubernetes' own rules: a namespace is a DNS label, and an account a DNS name.
        let is_label = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
        let is_name = |it: u8| is_label(it) || it == b'.';
        let ends_well = |it: &str| !it.is_empty() && !it.starts_with(['-', '.']) && !it.ends_with(['-', '.']);
        let is_valid = namespace.bytes().all(is_label)
            && name.bytes().all(is_name)
            && ends_well(namespace)
            && ends_well(name);
        // Rule 81
        if !is_valid || name.contains("..") {
            return Err("neither part may be a pattern: a role is for one service account");
        }
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

impl Account {
    /// No namespace has a dot in its name, so that no two accounts share a role.
    fn role(&self) -> String {
        format!("{}.{}", self.namespace, self.name)
    }
}

pub(crate) async fn kubernetes(cx: &Context, args: Kubernetes) -> Result<u8, Failure> {
    let mount = mount_of(&args.path);
    let engine = Engine::find(cx, &args.kv).await?;
    let mut work = Work::new(cx, args.manner);
    work.method(mount, "kubernetes").await?;
    let config = config(cx, &args, mount, &work).await?;
    work.grant(&config).await.map_err(without_cluster)?;
    let ttl = strongroom_api::params::parse_duration(&args.ttl).unwrap_or_default();
    for account in &args.accounts {
        let role = account.role();
        let rules = engine.rules_for(&format!("{}/{}", account.namespace, account.name));
        let text = format!(
            "# Of `secret setup kubernetes`: what this service account reads, and nothing else.\n{rules}"
        );
        work.grant(&Wish::policy(&role, &text)).await?;
        let fields = json!({
            "bound_service_account_names": [account.name],
            "bound_service_account_namespaces": [account.namespace],
            "audience": args.audience,
            "token_policies": [role],
            "token_ttl": ttl.as_secs(),
        });
        work.grant(&Wish::new(format!("auth/{mount}/role/{role}"), fields)).await?;
    }
    let texts: Vec<_> = args
        .accounts
        .first()
        .map(|it| ("For a pod, where the webhook runs", annotations(it, &engine.mount)))
        .into_iter()
        .collect();
    work.tell(&texts)
}

/// What is not said stays as it is, if it is there.
async fn config(cx: &Context, args: &Kubernetes, mount: &str, work: &Work<'_>) -> Result<Wish, Failure> {
    let mut wish = Wish::new(format!("auth/{mount}/config"), json!({}));
    if let Some(host) = &args.host {
        wish.fields.insert("kubernetes_host".to_owned(), json!(host));
    }
    if let Some(file) = &args.ca {
        wish.fields.insert("kubernetes_ca_cert".to_owned(), json!(read(file)?));
    }
    if let Some(file) = &args.reviewer_token {
        wish.hidden.insert("token_reviewer_jwt".to_owned(), json!(read(file)?.trim()));
    }
    let found = if work.had_method() { wish.found(&cx.client).await? } else { None };
    match &found {
        Some(found) => wish.keep(found, KEPT),
        None => {
            wish.fields.entry("kubernetes_host").or_insert_with(|| json!(HOST));
        }
    }
    let is_set = found.as_ref().and_then(|it| it.get("token_reviewer_jwt_set")) == Some(&json!(true));
    if is_set && args.reviewer_token.is_none() && found.is_some_and(|it| wish.differs(&it)) {
        return Err(Failure::new(
            "the configuration is written as a whole, and its reviewer's token is not answered",
        )
        .hint("-reviewer-token gives it again"));
    }
    Ok(wish)
}

/// A server outside of the cluster has no files of a pod.
fn without_cluster(failure: Failure) -> Failure {
    match failure.message().contains("serviceaccount") {
        true => failure
            .hint("the server runs in no pod: -host, -ca and -reviewer-token say what it would find there"),
        false => failure,
    }
}

fn annotations(account: &Account, mount: &str) -> String {
    let (role, Account { namespace, name }) = (account.role(), account);
    format!(
        "serviceAccountName: {name}\nannotations:\n  strongroom.dev/agent-inject: \"true\"\n  strongroom.dev/role: \"{role}\"\n  \
         strongroom.dev/agent-inject-secret-app: \"{mount}/{namespace}/{name}\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 81: a role that this command makes is for one account in one namespace.
    #[test]
    fn an_account_is_one_and_no_pattern() {
        let role = |typed: &str| typed.parse::<Account>().map(|it| it.role());
        assert_eq!(role("shop/web"), Ok("shop.web".to_owned()));
        assert_eq!(role("team-a/web.v2"), Ok("team-a.web.v2".to_owned()));
        for typed in [
            "shop",
            "*/web",
            "shop/*",
            "*/*",
            "/web",
            "shop/",
            "a.b/c",
            "Shop/web",
            "shop/web/x",
            "shop/-x",
            "shop/a..b",
        ] {
            assert!(role(typed).is_err(), "{typed}");
        }
    }
}
