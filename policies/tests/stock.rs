//! What the policies that we ship allow, and what they do not.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "helpers of a test")]

use std::borrow::Cow;

use strongroom_policies::Operation::{Delete, List, Patch, Read, Scan, Write};
use strongroom_policies::{Acl, Nobody, Operation, PolicyName, Subject, Variable, can, parse, stock};

/// The entity `shop` with the id `e-1`.
struct Shop;

impl Subject for Shop {
    fn resolve(&self, variable: &Variable) -> Option<Cow<'_, str>> {
        match variable {
            Variable::EntityId => Some("e-1".into()),
            Variable::EntityName => Some("shop".into()),
            _ => None,
        }
    }
}

fn acl(name: &str, subject: &dyn Subject) -> Acl {
    let (_, text) = stock().iter().find(|(it, _)| *it == name).unwrap();
    let policy =
        parse(PolicyName::new(name).unwrap(), text).unwrap_or_else(|error| panic!("{name}: {error}"));
    Acl::compile(&[&policy], subject, 0).unwrap()
}

#[track_caller]
fn check(name: &str, allowed: &[(&str, Operation)], refused: &[(&str, Operation)]) {
    let acl = acl(name, &Shop);
    for (path, operation) in allowed {
        assert!(can(&acl, *operation, path), "{name} should allow {} {path}", operation.as_str());
    }
    for (path, operation) in refused {
        assert!(!can(&acl, *operation, path), "{name} should refuse {} {path}", operation.as_str());
    }
}

#[test]
fn application() {
    check(
        "application",
        &[
            ("secret/data/apps/shop", Read),
            ("secret/data/apps/shop/db/password", Read),
            ("secret/metadata/apps/shop", List),
            ("secret/metadata/apps/shop/db", List),
            ("secret/metadata/apps/shop/db", Read),
            ("secret/subkeys/apps/shop/db", Read),
            ("secret/data/shared/smtp", Read),
            ("database/creds/shop", Read),
        ],
        &[
            ("secret/data/apps/shop/db", Write),
            ("secret/data/apps/shop/db", Patch),
            ("secret/data/apps/shop/db", Delete),
            ("secret/data/apps/shopping", Read),
            ("secret/data/apps/other/db", Read),
            ("secret/metadata/apps", List),
            ("secret/metadata/apps/shop/db", Delete),
            ("secret/data/shared/a/b", Read),
            ("secret/destroy/apps/shop/db", Write),
            ("database/creds/other", Read),
            ("sys/mounts", Read),
        ],
    );
}

// Rule 55: without an identity an application has no place of its own.
#[test]
fn an_application_without_identity_gets_only_what_is_shared() {
    let acl = acl("application", &Nobody);
    assert!(!can(&acl, Read, "secret/data/apps/shop") && !can(&acl, Read, "secret/data/apps//x"));
    assert!(can(&acl, Read, "secret/data/shared/smtp"));
}

#[test]
fn auditor() {
    check(
        "auditor",
        &[
            ("sys/audit", Read),
            ("sys/audit/file", Write),
            ("sys/audit-hash/file", Write),
            ("sys/policies/acl", List),
            ("sys/policies/acl/operator", Read),
            ("sys/mounts", Read),
            ("sys/auth", Read),
            ("identity/entity/id", List),
            ("auth/token/accessors", List),
            ("auth/token/lookup-accessor", Write),
            ("sys/leases/lookup/database/creds", List),
            ("sys/leases/holdings/secret/data/apps", Read),
            ("sys/leases/holdings", Read),
            ("sys/leases", Read),
            ("sys/leases/count", Read),
            ("secret/metadata/apps", List),
            ("secret/metadata/apps/shop", Read),
        ],
        &[
            ("secret/data/apps/shop", Read),
            ("secret/subkeys/apps/shop", Read),
            ("secret/metadata/apps/shop", Delete),
            ("sys/policies/acl/auditor", Write),
            ("sys/mounts/x", Write),
            ("sys/leases/revoke", Write),
            ("auth/token/revoke-accessor", Write),
            ("sys/seal", Write),
            ("database/creds/shop", Read),
        ],
    );
}

#[test]
fn default() {
    check(
        "default",
        &[
            ("auth/token/lookup-self", Read),
            ("auth/token/renew-self", Write),
            ("auth/token/revoke-self", Write),
            ("sys/capabilities-self", Write),
            ("sys/internal/ui/resultant-acl", Read),
            ("identity/entity/id/e-1", Read),
            ("identity/entity/name/shop", Read),
            ("sys/leases/renew", Write),
            ("sys/leases/lookup", Write),
            ("sys/renew", Write),
            ("cubbyhole/a/b", Write),
            ("cubbyhole/a", Delete),
            ("cubbyhole", List),
            ("sys/wrapping/wrap", Write),
            ("sys/wrapping/lookup", Write),
            ("sys/wrapping/unwrap", Write),
            ("sys/tools/hash/sha2-256", Write),
            ("identity/oidc/provider/main/authorize", Read),
        ],
        &[
            ("sys/wrapping/rewrap", Write),
            ("auth/token/create", Write),
            ("auth/token/lookup", Write),
            ("sys/capabilities", Write),
            ("identity/entity/id/e-2", Read),
            ("identity/entity/id", List),
            ("secret/data/x", Read),
            ("sys/mounts", Read),
            ("sys/tools/random", Write),
            ("sys/leases/revoke", Write),
            ("sys/leases/holdings/secret", Read),
            ("cubbyhole/a", Scan),
        ],
    );
}

#[test]
fn fixer() {
    check(
        "fixer",
        &[
            ("sys/internal/ui/mounts", Read),
            ("secret/data/shop/web", Read),
            ("secret/data/shop/web", Write),
            ("secret/data/shop/web", Patch),
            ("secret/metadata/shop/web", Read),
            ("secret/data/strongroom-fix/0123", Read),
            ("secret/data/strongroom-fix/0123", Write),
            ("sys/auth", Read),
            ("sys/policies/acl/shop", Read),
            ("sys/policies/acl/shop", Write),
            ("auth/jwt-nomad/role/shop", Write),
            ("auth/kubernetes/role/default.web", Read),
        ],
        &[
            ("secret/data/shop/web", Delete),
            ("secret/metadata/shop/web", Delete),
            ("secret/data/strongroom-fix/0123", Delete),
            ("sys/auth/approle", Write),
            ("sys/policies/acl/shop", Delete),
            ("auth/jwt-nomad/config", Write),
            ("auth/approle/role/shop", Write),
            ("sys/mounts/kv", Write),
        ],
    );
}

#[test]
fn injector() {
    check(
        "injector",
        &[
            ("secret/data/apps/shop", Read),
            ("secret/data/apps/shop/db", Read),
            ("secret/data/apps/shop/a/b/c", Read),
            ("secret/metadata/apps/shop/db", Read),
            ("database/creds/shop", Read),
            ("pki/issue/web", Write),
            ("sys/leases/lookup", Write),
            ("sys/leases/renew", Write),
            ("sys/leases/revoke", Write),
        ],
        &[
            ("secret/data/apps/shop/no-inject/root", Read),
            ("secret/metadata/apps/shop/no-inject/root", Read),
            ("secret/data/apps/shop/db", Write),
            ("secret/data/other", Read),
            ("secret/metadata/apps", List),
            ("database/roles/shop", Read),
            ("pki/root/generate/internal", Write),
            ("sys/leases/revoke-prefix/database", Write),
            ("auth/token/create", Write),
        ],
    );
}

#[test]
fn operator() {
    check(
        "operator",
        &[
            ("sys/mounts", Read),
            ("sys/mounts/kv", Write),
            ("sys/mounts/kv", Delete),
            ("sys/remount", Write),
            ("sys/auth/approle", Write),
            ("sys/policies/acl", List),
            ("sys/policies/acl/application", Write),
            ("sys/policy/application", Delete),
            ("sys/seal", Write),
            ("sys/rotate", Write),
            ("sys/metrics", Read),
            ("sys/leases/revoke-prefix/database", Write),
            ("sys/leases/holdings/secret/data/apps", Read),
            ("sys/leases", Read),
            ("sys/quotas/rate-limit/all", Write),
            ("sys/capabilities", Write),
        ],
        &[
            ("secret/data/apps/shop", Read),
            ("secret/metadata/apps", List),
            ("database/creds/shop", Read),
            ("sys/audit", Read),
            ("sys/audit/file", Delete),
            ("sys/raw/x", Read),
            ("auth/token/create", Write),
            ("identity/entity/id/e-1", Read),
        ],
    );
}

#[test]
fn all_are_listed_in_order_and_explained() {
    let names: Vec<&str> = stock().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["application", "auditor", "default", "fixer", "injector", "operator"]);
    for (name, text) in stock() {
        assert!(text.starts_with("# "), "{name} does not say what it is for");
    }
}
