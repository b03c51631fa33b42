//! What `secret fix` says of policies and roles, and the rights that it needs itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod fixture;
mod shared;

use std::fs;

use fixture::{JOB, fixture};

// Rule 118: what is printed is pasted, and takes no rule from anybody.
#[test]
fn what_is_printed_keeps_the_policy_and_the_role_that_are_there() {
    let fixture = fixture();
    let (_, out, _) = fixture.fix(&["-dry-run"], "root");
    assert!(out.contains("What shop may read, and nothing else"), "{out}");
    let theirs = "# theirs\npath \"secret/data/theirs\" { capabilities = [\"read\"] }";
    fixture.server.ok_with(&["policy", "write", "shop", "-"], theirs);
    fixture.server.ok(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
    let role = ["role_type=jwt", "bound_audiences=theirs", "user_claim=sub", "token_policies=theirs"];
    fixture.server.ok(&[&["write", "auth/jwt-nomad/role/shop"], &role[..]].concat());
    // Who may see neither is told what is to be there.
    let rules = "path \"secret/*\" { capabilities = [\"create\", \"read\", \"update\"] }";
    fixture.server.ok_with(&["policy", "write", "blind", "-"], rules);
    let blind = fixture.server.ok(&["token", "create", "-policy=blind", "-field=token"]);
    let (_, out, _) = fixture.fix(&["-dry-run"], blind.trim());
    assert!(
        out.contains("and nothing else") && out.contains("secret write auth/jwt-nomad/role/shop"),
        "{out}"
    );

    let (code, out, err) = fixture.fix(&["-yes"], "root");
    assert_eq!(code, 0, "{err}");
    assert!(
        !out.contains("secret write")
            && out.contains("# auth/jwt-nomad/role/shop: is there, and differs in ")
    );
    let (_, pasted) = out.split_once("secret policy write shop - <<'EOF'\n").unwrap();
    fixture.server.ok_with(&["policy", "write", "shop", "-"], pasted.split_once("EOF").unwrap().0);
    let policy = fixture.server.ok(&["policy", "read", "shop"]);
    assert!(policy.contains(theirs) && policy.contains("path \"secret/data/shop/web/puma\""), "{policy}");
    fs::write(&fixture.job, JOB).unwrap();
    let (_, out, _) = fixture.fix(&["-dry-run"], "root");
    assert!(out.contains("# The policy shop is there, and has these rules."), "{out}");
}
