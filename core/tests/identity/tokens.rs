use super::*;

#[tokio::test]
async fn an_entitys_policies_are_its_tokens_at_once() {
    let test = core().await;
    let auth = login(&test, "up").await;
    let path = format!("identity/entity/id/{}", auth.entity_id);
    assert!(!reads(&test, token(&auth)).await);
    write(&test, &path, json!({ "policies": ["reads", "default"] })).await;
    assert!(reads(&test, token(&auth)).await);
    let own = test.as_token(token(&auth), Operation::Read, "auth/token/lookup-self", Value::Null).await;
    let own = data(&own.unwrap());
    assert_eq!(own["policies"], json!(["default"]));
    assert_eq!(own["identity_policies"], json!(["default", "reads"]));
    let again = login(&test, "up").await;
    assert_eq!(again.policies, ["default", "reads"]);
    assert_eq!(again.token_policies, ["default"]);
    let renewed = test.as_token(token(&auth), Operation::Write, "auth/token/renew-self", json!({})).await;
    assert_eq!(renewed.unwrap().auth.unwrap().identity_policies, ["default", "reads"]);
    // Also what is asked about it.
    let body = json!({ "token": token(&auth), "path": "kv/a" });
    assert_eq!(write(&test, "sys/capabilities", body).await["kv/a"], json!(["read"]));
    write(&test, &path, json!({ "policies": [] })).await;
    assert!(!reads(&test, token(&auth)).await);
}

// Rules 42 and 46: whatever kind of token it is, and those that it made.
#[tokio::test]
async fn a_disabled_entity_is_shut_out_at_once() {
    let test = core().await;
    let service = login(&test, "up").await;
    write(&test, "auth/up/users/ann", json!({ "token_type": "batch" })).await;
    let batch = login(&test, "up").await;
    policy(&test, "makes", r#"path "auth/token/create" { capabilities = ["update", "sudo"] }"#).await;
    let path = format!("identity/entity/id/{}", service.entity_id);
    write(&test, &path, json!({ "policies": ["makes"] })).await;
    let make = test.as_token(token(&service), Operation::Write, "auth/token/create", json!({})).await;
    let child = make.unwrap().auth.unwrap();
    assert_eq!(child.entity_id, service.entity_id);
    write(&test, &path, json!({ "disabled": true })).await;
    for it in [&service, &batch, &child] {
        assert!(!is_good(&test, token(it)).await, "{}", it.token_type);
    }
    assert!(is_denied(&try_login(&test, "up", "ann").await));
    let asked = test.write("sys/capabilities", json!({ "token": token(&service), "path": "kv/a" })).await;
    refused(asked, "invalid token");
    // Somebody else's alias is not.
    assert!(is_good(&test, token(&login(&test, "other").await)).await);
    write(&test, &path, json!({ "disabled": false })).await;
    for it in [&service, &batch, &child] {
        assert!(is_good(&test, token(it)).await, "{}", it.token_type);
    }
}

#[tokio::test]
async fn a_deleted_entity_ends_its_tokens() {
    let test = core().await;
    let auth = login(&test, "up").await;
    let group = make(&test, "group", json!({ "member_entity_ids": [auth.entity_id] })).await;
    test.delete(&format!("identity/entity/id/{}", auth.entity_id)).await.unwrap();
    assert!(!is_good(&test, token(&auth)).await);
    assert_eq!(show(&test, "group", &group).await["member_entity_ids"], json!([]));
    let again = login(&test, "up").await;
    assert_ne!(again.entity_id, auth.entity_id);
    assert!(!is_good(&test, token(&auth)).await);
}

/// A token whose policy speaks of the alias at `auth/ar/`, of a login whose secret id says `team`.
async fn of_team(test: &TestCore, team: &str) -> String {
    let role_id = text(&data(&test.read("auth/ar/role/r/role-id").await.unwrap())["role_id"]);
    let body = json!({ "metadata": json!({ "team": team }).to_string() });
    let secret = write(test, "auth/ar/role/r/secret-id", body).await;
    let body = json!({ "role_id": role_id, "secret_id": secret["secret_id"] });
    let auth = test.as_token("", Operation::Write, "auth/ar/login", body).await.unwrap().auth.unwrap();
    token(&auth).to_owned()
}

// Rule 62: neither what was typed, nor where.
#[tokio::test]
async fn the_alias_is_what_the_method_vouches_for() {
    let test = core().await;
    let id = try_login(&test, "up", "ANN").await.unwrap().auth.unwrap().entity_id;
    assert_eq!(login(&test, "up").await.entity_id, id);
    assert_eq!(show(&test, "entity", &id).await["aliases"][0]["name"], json!("ann"));
    write(&test, "sys/auth/ar", json!({ "type": "approle" })).await;
    write(&test, "auth/ar/role/r", json!({ "token_policies": [] })).await;
    let red = of_team(&test, "red").await;
    let own =
        data(&test.as_token(&red, Operation::Read, "auth/token/lookup-self", Value::Null).await.unwrap());
    let role_id = data(&test.read("auth/ar/role/r/role-id").await.unwrap())["role_id"].clone();
    let shown = show(&test, "entity", &text(&own["entity_id"])).await;
    assert_eq!(shown["aliases"][0]["name"], role_id);
}

// Rules 56 and 64: two logins share an alias; what was said of one must not become the other's.
#[tokio::test]
async fn templates_go_by_what_was_said_at_the_tokens_own_login() {
    let test = core().await;
    write(&test, "sys/auth/ar", json!({ "type": "approle" })).await;
    write(&test, "auth/ar/role/r", json!({ "token_policies": ["team"] })).await;
    let accessor = accessor(&test, "ar").await;
    let path = format!("kv/{{{{identity.entity.aliases.{accessor}.metadata.team}}}}/*");
    policy(&test, "team", &format!(r#"path "{path}" {{ capabilities = ["create", "read"] }}"#)).await;
    let may = async |token: &str, team: &str| {
        let path = format!("kv/{team}/x");
        test.as_token(token, Operation::Write, &path, json!({ "x": 1 })).await.is_ok()
    };
    let blue = of_team(&test, "blue").await;
    assert!(may(&blue, "blue").await);
    let red = of_team(&test, "red").await;
    assert!(may(&red, "red").await);
    assert!(!may(&blue, "red").await && !may(&red, "blue").await);
    let body = json!({ "path": "kv/blue/y", "token": blue });
    assert_eq!(write(&test, "sys/capabilities", body).await["kv/blue/y"], json!(["create", "read"]));
    // The entity shows what was said last.
    let own =
        data(&test.as_token(&red, Operation::Read, "auth/token/lookup-self", Value::Null).await.unwrap());
    let shown = show(&test, "entity", &text(&own["entity_id"])).await;
    assert_eq!(shown["aliases"][0]["metadata"]["team"], json!("red"));
}

// Rule 55
#[tokio::test]
async fn templates_are_filled_in_live() {
    let test = core().await;
    let auth = login(&test, "up").await;
    let up = accessor(&test, "up").await;
    let rules = [
        "kv/{{identity.entity.id}}/a",
        "kv/{{identity.entity.name}}/b",
        "kv/{{identity.entity.metadata.team}}/c",
        &format!("kv/{{{{identity.entity.aliases.{up}.name}}}}/d"),
        &format!("kv/{{{{identity.entity.aliases.{up}.custom_metadata.k}}}}/e"),
        "kv/{{identity.groups.names.ops.metadata.zone}}/f",
        "kv/{{identity.groups.names.ops.name}}/g",
    ];
    let rule = |path: &&str| format!(r#"path "{path}" {{ capabilities = ["create"] }}"#);
    policy(&test, "mine", &rules.iter().map(rule).collect::<Vec<_>>().join("\n")).await;
    let entity = format!("identity/entity/id/{}", auth.entity_id);
    let body = json!({ "name": "ann", "policies": ["mine"], "metadata": { "team": "blue" } });
    write(&test, &entity, body).await;
    let alias = text(&show(&test, "entity", &auth.entity_id).await["aliases"][0]["id"]);
    let alias = format!("identity/entity-alias/id/{alias}");
    write(&test, &alias, json!({ "custom_metadata": { "k": "v" } })).await;
    let group = json!({ "name": "ops", "metadata": { "zone": "z" }, "member_entity_ids": [auth.entity_id] });
    let group = make(&test, "group", group).await;
    let may = async |path: &str| {
        let body = json!({ "path": path, "token": token(&auth) });
        write(&test, "sys/capabilities", body).await[path] == json!(["create"])
    };
    let of_id = format!("kv/{}/a", auth.entity_id);
    for path in [of_id.as_str(), "kv/ann/b", "kv/blue/c", "kv/ann/d", "kv/v/e", "kv/z/f", "kv/ops/g"] {
        assert!(may(path).await, "{path}");
    }
    write(&test, &entity, json!({ "name": "eve", "metadata": { "team": "../x" } })).await;
    write(&test, &alias, json!({ "custom_metadata": { "k": "*" } })).await;
    write(&test, &format!("identity/group/id/{group}"), json!({ "member_entity_ids": [] })).await;
    for path in ["kv/ann/b", "kv/blue/c", "kv/v/e", "kv/*/e", "kv/z/f", "kv/ops/g"] {
        assert!(!may(path).await, "{path}");
    }
    assert!(may("kv/eve/b").await && may("kv/ann/d").await);
}

// A login of many at once makes one entity.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn first_logins_at_once_make_one_entity() {
    let test = Arc::new(core().await);
    let logins: Vec<_> = (0..8)
        .map(|_| {
            let test = test.clone();
            tokio::spawn(async move { login(&test, "up").await.entity_id })
        })
        .collect();
    let mut ids = Vec::new();
    for it in logins {
        ids.push(it.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(data(&test.list("identity/entity/id").await.unwrap())["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_alias_of_a_mount_that_is_gone_says_nothing() {
    let test = core().await;
    let auth = login(&test, "up").await;
    let other = json!({ "name": "ann", "mount_accessor": accessor(&test, "other").await, "canonical_id": auth.entity_id });
    write(&test, "identity/entity-alias", other).await;
    let auth = login(&test, "other").await;
    let up = accessor(&test, "up").await;
    let path = format!("kv/{{{{identity.entity.aliases.{up}.name}}}}");
    policy(&test, "mine", &format!(r#"path "{path}" {{ capabilities = ["read"] }}"#)).await;
    write(&test, &format!("identity/entity/id/{}", auth.entity_id), json!({ "policies": ["mine"] })).await;
    let may = async || {
        let body = json!({ "path": "kv/ann", "token": token(&auth) });
        write(&test, "sys/capabilities", body).await["kv/ann"] == json!(["read"])
    };
    assert!(may().await);
    test.delete("sys/auth/up").await.unwrap();
    assert!(!may().await);
    assert_eq!(show(&test, "entity", &auth.entity_id).await["aliases"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_token_role_can_say_whose_tokens_are() {
    let test = core().await;
    write(&test, "auth/token/roles/r", json!({ "allowed_entity_aliases": "svc-*,One" })).await;
    let make = async |name: &str| test.write("auth/token/create/r", json!({ "entity_alias": name })).await;
    let first = make("svc-1").await.unwrap().auth.unwrap().entity_id;
    assert_eq!(make("SVC-1").await.unwrap().auth.unwrap().entity_id, first);
    assert_ne!(make("one").await.unwrap().auth.unwrap().entity_id, first);
    assert_eq!(show(&test, "entity", &first).await["aliases"][0]["mount_path"], json!("auth/token/"));
    refused(make("two").await, "invalid 'entity_alias' value");
    let without = test.write("auth/token/create", json!({ "entity_alias": "one" })).await;
    refused(without, "'entity_alias' is only allowed in combination with token role");
}
