//! Every annotation that is known. `annotations.toml` says of each what it does and which test shows it; a test holds
//! the two lists against each other.

/// An annotation without its prefix.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// For [`Reach::Each`] what comes before the name, with the dash.
    pub name: &'static str,
    pub reach: Reach,
    pub does: Use,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// The whole pod.
    Whole,
    /// What is named behind the dash: a secret's file, a setting of the login.
    Each,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Use {
    Taken,
    /// It says something about the pod, and asks for nothing.
    Mark,
    /// With a warning that says why.
    Ignored(&'static str),
    /// The pod is refused, because it would not be what was asked for.
    Refused(&'static str),
}

const fn whole(name: &'static str) -> Known {
    Known { name, reach: Reach::Whole, does: Use::Taken }
}

const fn each(name: &'static str) -> Known {
    Known { name, reach: Reach::Each, does: Use::Taken }
}

const fn ignored(name: &'static str, why: &'static str) -> Known {
    Known { name, reach: Reach::Whole, does: Use::Ignored(why) }
}

pub const KNOWN: &[Known] = &[
    whole("agent-inject"),
    Known { name: "agent-inject-status", reach: Reach::Whole, does: Use::Mark },
    Known { name: "agent-request-namespace", reach: Reach::Whole, does: Use::Mark },
    // What is brought.
    each("agent-inject-secret-"),
    each("agent-inject-template-"),
    each("agent-inject-template-file-"),
    each("agent-inject-file-"),
    each("agent-inject-perms-"),
    each("agent-inject-command-"),
    each("error-on-missing-key-"),
    each("secret-volume-path-"),
    whole("secret-volume-path"),
    whole("agent-inject-default-template"),
    whole("agent-inject-containers"),
    whole("agent-inject-token"),
    whole("preserve-secret-case"),
    whole("template-static-secret-render-interval"),
    whole("template-config-exit-on-retry-failure"),
    ignored("template-max-connections-per-host", "the agent asks over one connection"),
    // Which containers.
    whole("agent-pre-populate"),
    whole("agent-pre-populate-only"),
    whole("agent-init-first"),
    whole("agent-native-sidecar"),
    whole("agent-share-process-namespace"),
    whole("agent-image"),
    whole("agent-limits-cpu"),
    whole("agent-limits-mem"),
    whole("agent-limits-ephemeral"),
    whole("agent-requests-cpu"),
    whole("agent-requests-mem"),
    whole("agent-requests-ephemeral"),
    whole("agent-run-as-user"),
    whole("agent-run-as-group"),
    whole("agent-run-as-same-user"),
    whole("agent-set-security-context"),
    whole("agent-json-patch"),
    whole("agent-init-json-patch"),
    whole("agent-copy-volume-mounts"),
    whole("agent-configmap"),
    whole("agent-extra-secret"),
    ignored("go-max-procs", "the agent has one thread"),
    // The agent's life.
    whole("agent-revoke-on-shutdown"),
    ignored("agent-revoke-grace", "the token is revoked before the agent ends"),
    whole("agent-cache-enable"),
    whole("agent-cache-use-auto-auth-token"),
    whole("agent-cache-listener-port"),
    ignored("agent-cache-exit-on-err", "no cache is carried from the init container to the sidecar"),
    whole("agent-enable-quit"),
    whole("agent-auto-auth-exit-on-err"),
    whole("log-level"),
    whole("log-format"),
    Known {
        name: "agent-telemetry-",
        reach: Reach::Each,
        does: Use::Ignored("the agent's figures are at its listener, /agent/v1/metrics"),
    },
    ignored("agent-disable-idle-connections", "the agent decides that itself"),
    ignored("agent-disable-keep-alives", "the agent decides that itself"),
    // Who it is.
    whole("role"),
    whole("auth-type"),
    whole("auth-path"),
    each("auth-config-"),
    whole("auth-min-backoff"),
    whole("auth-max-backoff"),
    whole("agent-service-account-token-volume-name"),
    // Whom it asks.
    whole("service"),
    whole("namespace"),
    whole("tls-secret"),
    whole("ca-cert"),
    ignored("ca-key", "an agent has no use for an authority's key, and it should be nowhere near"),
    whole("client-cert"),
    whole("client-key"),
    whole("tls-server-name"),
    whole("tls-skip-verify"),
    whole("client-max-retries"),
    ignored("client-timeout", "the agent's own deadlines hold"),
    Known {
        name: "proxy-address",
        reach: Reach::Whole,
        does: Use::Refused("the agent speaks to the server itself and knows no proxy"),
    },
];

/// The annotation of that name, and what stands behind its dash. Of two that fit, the longer: a file of a template is
/// not the template called `file-...`.
pub(super) fn find(name: &str) -> Option<(&'static Known, &str)> {
    let whole = KNOWN.iter().find(|it| it.reach == Reach::Whole && it.name == name).map(|it| (it, ""));
    let each = || {
        let fits = KNOWN.iter().filter(|it| it.reach == Reach::Each);
        let fits = fits.filter_map(|it| Some((it, name.strip_prefix(it.name)?)));
        fits.filter(|(_, rest)| !rest.is_empty()).max_by_key(|(it, _)| it.name.len())
    };
    whole.or_else(each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_that_fits_is_meant() {
        for (name, found) in [
            ("agent-inject-template-db", Some(("agent-inject-template-", "db"))),
            ("agent-inject-template-file-db", Some(("agent-inject-template-file-", "db"))),
            ("secret-volume-path", Some(("secret-volume-path", ""))),
            ("secret-volume-path-db", Some(("secret-volume-path-", "db"))),
            ("agent-inject-secret-", None),
            ("agent-injec", None),
        ] {
            assert_eq!(find(name).map(|(it, rest)| (it.name, rest)), found, "{name}");
        }
    }
}
