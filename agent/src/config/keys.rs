//! The keys of Vault Agent's and OpenBao Agent's configuration.
//!
//! Source: developer.hashicorp.com/vault/docs/agent-and-proxy/agent, with its pages on auto-auth, sinks, templates,
//! caching and process supervision, and the same of openbao.org. `docker`, `path`, `revoke_on_exit`, `systemd`,
//! `template_config.allow` and `persist.key_file` are ours. A key that is in none of these is an error; one that has no
//! effect here is reported once.

use strongroom_hcl::Known;

pub(super) const TOP: Known = Known {
    used: &[
        "api_proxy",
        "auto_auth",
        "cache",
        "docker",
        "env_template",
        "exec",
        "exit_after_auth",
        "listener",
        "log_format",
        "log_level",
        "path",
        "pid_file",
        "revoke_on_exit",
        "systemd",
        "template",
        "template_config",
        "vault",
    ],
    unused: &[
        "disable_idle_connections",
        "disable_keep_alives",
        "log_file",
        "log_requests_level",
        "log_rotate_bytes",
        "log_rotate_duration",
        "log_rotate_max_files",
        "telemetry",
    ],
};

pub(super) const VAULT: Known = Known {
    used: &[
        "address",
        "ca_cert",
        "ca_path",
        "client_cert",
        "client_key",
        "namespace",
        "retry",
        "tls_server_name",
        "tls_skip_verify",
    ],
    unused: &[],
};

pub(super) const RETRY: Known = Known { used: &["num_retries"], unused: &[] };

pub(super) const AUTO_AUTH: Known =
    Known { used: &["method", "sink", "sinks"], unused: &["enable_reauth_on_new_credentials"] };

pub(super) const METHOD: Known = Known {
    used: &[
        "config",
        "exit_on_err",
        "max_backoff",
        "min_backoff",
        "mount_path",
        "namespace",
        "type",
        "wrap_ttl",
    ],
    unused: &[],
};

pub(super) const APPROLE: Known = Known {
    used: &[
        "remove_secret_id_file_after_reading",
        "role_id_file_path",
        "secret_id_file_path",
        "secret_id_response_wrapping_path",
    ],
    unused: &[],
};

pub(super) const CERT: Known =
    Known { used: &["ca_cert", "client_cert", "client_key", "name", "reload"], unused: &[] };

pub(super) const JWT: Known = Known {
    used: &["path", "remove_jwt_after_reading", "remove_jwt_follows_symlinks", "role"],
    // The file is read whenever a login is due: there is nothing to look for in between.
    unused: &["jwt_read_period"],
};

pub(super) const KUBERNETES: Known = Known { used: &["role", "token_path"], unused: &[] };

pub(super) const TOKEN_FILE: Known = Known { used: &["token_file_path"], unused: &[] };

pub(super) const USERPASS: Known = Known { used: &["password_file_path", "username"], unused: &[] };

pub(super) const SINK: Known = Known { used: &["config", "type", "wrap_ttl"], unused: &[] };

/// Encryption of the token for a program that has its own key: nobody who writes one file needs it.
pub(super) const SINK_REFUSED: &[&str] = &["aad", "aad_env_var", "derive_key", "dh_path", "dh_type"];

pub(super) const SINK_FILE: Known =
    Known { used: &["gid", "group", "mode", "owner", "path", "uid"], unused: &[] };

pub(super) const TEMPLATE: Known = Known {
    used: &[
        "backup",
        "command",
        "command_timeout",
        "contents",
        "create_dest_dirs",
        "destination",
        "error_fatal",
        "error_on_missing_key",
        "exec",
        "function_blacklist",
        "function_denylist",
        "gid",
        "group",
        "left_delimiter",
        "perms",
        "right_delimiter",
        "sandbox_path",
        "source",
        "uid",
        "user",
        "wait",
    ],
    unused: &[],
};

pub(super) const TEMPLATE_EXEC: Known =
    Known { used: &["command", "timeout"], unused: &["enabled", "kill_timeout", "splay"] };

pub(super) const WAIT: Known = Known { used: &["max", "min"], unused: &["enabled"] };

pub(super) const ENV_TEMPLATE: Known = Known {
    used: &[
        "contents",
        "error_fatal",
        "error_on_missing_key",
        "function_denylist",
        "left_delimiter",
        "right_delimiter",
        "source",
    ],
    unused: &[],
};

pub(super) const TEMPLATE_CONFIG: Known = Known {
    used: &["allow", "exit_on_retry_failure", "lease_renewal_threshold", "static_secret_render_interval"],
    unused: &["max_connections_per_host"],
};

pub(super) const EXEC: Known = Known {
    used: &["command", "restart_on_secret_changes", "restart_stop_signal"],
    unused: &["child_process_stdout", "child_process_stderr"],
};

pub(super) const LISTENER_TCP: Known = Known {
    used: &[
        "address",
        "agent_api",
        "require_request_header",
        "role",
        "tls_cert_file",
        "tls_disable",
        "tls_key_file",
    ],
    unused: &["proxy_api", "telemetry"],
};

pub(super) const LISTENER_UNIX: Known = Known {
    used: &[
        "address",
        "agent_api",
        "require_request_header",
        "role",
        "socket_group",
        "socket_mode",
        "socket_user",
        "tls_disable",
    ],
    unused: &["proxy_api", "telemetry"],
};

pub(super) const AGENT_API: Known = Known { used: &["enable_quit"], unused: &[] };

pub(super) const CACHE: Known = Known {
    used: &["persist", "use_auto_auth_token"],
    unused: &["cache_static_secrets", "enforce_consistency", "when_inconsistent"],
};

pub(super) const PERSIST: Known = Known {
    used: &["key_file", "path", "type"],
    unused: &["exit_on_err", "keep_after_import", "service_account_token_file"],
};

pub(super) const API_PROXY: Known = Known {
    used: &["use_auto_auth_token"],
    unused: &["enforce_consistency", "prepend_configured_namespace", "when_inconsistent"],
};

pub(super) const PATH: Known = Known { used: &["hold", "max_stale", "on_revoke"], unused: &[] };

pub(super) const SYSTEMD: Known =
    Known { used: &["credential", "folder", "socket", "socket_mode", "user"], unused: &[] };

pub(super) const CREDENTIAL: Known = Known { used: &["from"], unused: &[] };

pub(super) const DOCKER: Known = Known { used: &["folder", "socket"], unused: &[] };
