//! `secret setup nomad`: workload identities become logins.
//!
//! A task's identity is a token that Nomad signs. It names the namespace, the job and the task; the role takes those
//! names into the login's metadata, and the policy has them in its paths. One role and one policy serve all jobs.

use std::path::PathBuf;

use serde_json::json;

use super::{Engine, Manner, Wish, Work, mount_of, read};
use crate::{context::Context, failure::Failure, input};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret setup nomad -plan -jwks-url=https://nomad.example.com:4646/.well-known/jwks.json
  secret setup nomad -jwks-url=https://nomad.example.com:4646/.well-known/jwks.json -jwks-ca=nomad-ca.pem
  secret setup nomad -check                  whether all of it is (still) there: exit status 0, or 1
  secret setup nomad -kv=apps -period=1h     secrets below apps/, tokens that live for an hour

A task of the job JOB in the namespace NS then reads secret/NS/JOB and what lies below it.")]
pub(crate) struct Nomad {
    /// Where Nomad publishes its keys [default: http://127.0.0.1:4646/.well-known/jwks.json, or as it is]
    #[arg(long, value_name = "URL")]
    jwks_url: Option<String>,
    /// File with the CA certificate that Nomad's must come from
    #[arg(long, value_name = "FILE")]
    jwks_ca: Option<PathBuf>,
    /// File with a certificate for Nomad to know the server by, where it asks for one
    #[arg(long, value_name = "FILE", requires = "jwks_client_key")]
    jwks_client_cert: Option<PathBuf>,
    /// File with the key of that certificate
    #[arg(long, value_name = "FILE", requires = "jwks_client_cert")]
    jwks_client_key: Option<PathBuf>,
    /// Where the auth method is mounted
    #[arg(long, value_name = "MOUNT", default_value = "jwt-nomad")]
    path: String,
    /// The role that tasks log in to, and the method's default
    #[arg(long, value_name = "NAME", default_value = "nomad-workloads")]
    role: String,
    /// The policy that their tokens have
    #[arg(long, value_name = "NAME", default_value = "nomad-workloads")]
    policy: String,
    /// The audience that identities must have
    #[arg(long, value_name = "NAME", default_value = "vault.io")]
    audience: String,
    /// The KV engine with the jobs' secrets
    #[arg(long, value_name = "MOUNT", default_value = "secret")]
    kv: String,
    /// How long a token lives if Nomad does not renew it
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = input::duration)]
    period: String,
    #[command(flatten)]
    manner: Manner,
}

const JWKS_URL: &str = "http://127.0.0.1:4646/.well-known/jwks.json";
/// Where a method has its keys from: one of these.
const SOURCES: &[&str] =
    &["jwks_pairs", "jwks_url", "jwt_validation_pubkeys", "oidc_discovery_ca_pem", "oidc_discovery_url"];
const OTHERS: &[&str] = &["bound_issuer", "jwks_ca_pem", "jwks_client_cert"];

pub(crate) async fn nomad(cx: &Context, args: Nomad) -> Result<u8, Failure> {
    let mount = mount_of(&args.path);
    let engine = Engine::find(cx, &args.kv).await?;
    let mut work = Work::new(cx, args.manner);
    let accessor = work.method(mount, "jwt").await?;

    let mut config = Wish::new(
        format!("auth/{mount}/config"),
        json!({ "jwt_supported_algs": ["EdDSA", "RS256"], "default_role": args.role }),
    );
    if let Some(file) = &args.jwks_ca {
        config.fields.insert("jwks_ca_pem".to_owned(), json!(read(file)?));
    }
    if let (Some(cert), Some(key)) = (&args.jwks_client_cert, &args.jwks_client_key) {
        config.fields.insert("jwks_client_cert".to_owned(), json!(read(cert)?));
        config.hidden.insert("jwks_client_key".to_owned(), json!(read(key)?));
    }
    let found = if work.had_method() { config.found(&cx.client).await? } else { None };
    match (&args.jwks_url, &found) {
        (None, Some(found)) => config.keep(found, SOURCES),
        (url, _) => {
            let url = url.as_deref().unwrap_or(JWKS_URL);
            config.fields.insert("jwks_url".to_owned(), json!(url));
        }
    }
    if let Some(found) = &found {
        config.keep(found, OTHERS);
    }
    work.grant(&config).await.map_err(unreachable_keys)?;

    work.grant(&Wish::policy(&args.policy, &policy(&engine, &accessor))).await?;
    let period = strongroom_api::params::parse_duration(&args.period).unwrap_or_default();
    let role = json!({
        "role_type": "jwt",
        "bound_audiences": [args.audience],
        "user_claim": "/nomad_job_id",
        "user_claim_json_pointer": true,
        "claim_mappings": {
            "nomad_namespace": "nomad_namespace",
            "nomad_job_id": "nomad_job_id",
            "nomad_task": "nomad_task",
        },
        "token_type": "service",
        "token_period": period.as_secs(),
        "token_policies": [args.policy],
    });
    work.grant(&Wish::new(format!("auth/{mount}/role/{}", args.role), role)).await?;
    let address = &cx.client.config().address;
    work.tell(&[
        ("For the configuration of Nomad's servers", servers(&args.audience)),
        ("For the configuration of Nomad's clients", clients(address, mount)),
        ("For a task of a job", task(&engine.mount)),
    ])
}

/// The server tries the address before it keeps it.
fn unreachable_keys(failure: Failure) -> Failure {
    match failure.message().contains("error checking jwks URL") {
        true => failure.hint("is Nomad up, and does the server reach it under -jwks-url? -jwks-ca says whose certificate it has"),
        false => failure,
    }
}

fn policy(engine: &Engine, accessor: &str) -> String {
    let name = |name: &str| format!("{{{{identity.entity.aliases.{accessor}.metadata.{name}}}}}");
    let folder = format!("{}/{}", name("nomad_namespace"), name("nomad_job_id"));
    format!(
        "# Of `secret setup nomad`: a task reads the secrets of its own job, and no others.\n{}",
        engine.rules_for(&folder)
    )
}

fn servers(audience: &str) -> String {
    format!(
        "vault {{\n  enabled = true\n\n  default_identity {{\n    aud = [\"{audience}\"]\n    ttl = \"1h\"\n  }}\n}}\n"
    )
}

fn clients(address: &str, mount: &str) -> String {
    format!(
        "vault {{\n  enabled               = true\n  address               = \"{address}\"\n  \
         jwt_auth_backend_path = \"{mount}\"\n  # ca_file = \"/etc/nomad.d/strongroom-ca.pem\"\n}}\n"
    )
}

fn task(mount: &str) -> String {
    format!(
        "vault {{}}\n\ntemplate {{\n  destination = \"${{NOMAD_SECRETS_DIR}}/app.env\"\n  env         = true\n  \
         data        = <<EOT\n{{{{ with secret \"{mount}/NAMESPACE/JOB\" }}}}PASSWORD={{{{ .Data.data.password }}}}{{{{ end }}}}\n\
         EOT\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_of_the_jobs_own_paths() {
        let text = policy(&Engine { mount: "secret".to_owned(), has_versions: true }, "auth_jwt_1");
        let job = "{{identity.entity.aliases.auth_jwt_1.metadata.nomad_namespace}}/\
                   {{identity.entity.aliases.auth_jwt_1.metadata.nomad_job_id}}";
        let paths: Vec<&str> =
            text.lines().filter_map(|it| it.strip_prefix("path \"")?.strip_suffix("\" {")).collect();
        assert_eq!(
            paths,
            [
                format!("secret/data/{job}"),
                format!("secret/data/{job}/*"),
                format!("secret/metadata/{job}/*")
            ]
        );
        strongroom_policies::parse(strongroom_policies::PolicyName::new("nomad-workloads").unwrap(), &text)
            .unwrap();
    }

    #[test]
    fn what_is_printed_can_be_pasted() {
        for text in [servers("vault.io"), clients("https://s:8200", "jwt-nomad"), task("secret")] {
            strongroom_hcl::parse_any(&text).unwrap();
        }
    }
}
