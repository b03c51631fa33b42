use super::*;

/// A token that may write these paths.
async fn writer(test: &TestCore, paths: &[&str]) -> String {
    let rule = |path: &&str| format!(r#"path "{path}" {{ capabilities = ["update"] }}"#);
    test.token_with(&paths.iter().map(rule).collect::<Vec<_>>().join("\n")).await
}

#[tokio::test]
async fn an_alias_ties_a_login_to_an_entity() {
    let test = core().await;
    let id = make(&test, "entity", json!({ "name": "e" })).await;
    let body = json!({ "name": "Ann", "mount_accessor": accessor(&test, "up").await, "canonical_id": id,
        "custom_metadata": { "k": "v" } });
    let alias = text(&write(&test, "identity/entity-alias", body).await["id"]);
    assert_eq!(login(&test, "up").await.entity_id, id);
    assert_ne!(login(&test, "other").await.entity_id, id);
    let shown = show(&test, "entity-alias", &alias).await;
    assert_eq!((&shown["name"], &shown["custom_metadata"]), (&json!("ann"), &json!({ "k": "v" })));
    assert_eq!(shown["mount_type"], json!("userpass"));
}

#[tokio::test]
async fn an_alias_needs_a_mount_and_an_entity() {
    let test = core().await;
    let accessor = accessor(&test, "up").await;
    let ask = async |body| test.write("identity/entity-alias", body).await;
    let incomplete = "'id' or 'mount_accessor' and 'name' must be provided";
    refused(ask(json!({ "name": "x" })).await, incomplete);
    refused(ask(json!({ "mount_accessor": accessor })).await, incomplete);
    refused(ask(json!({ "name": "x", "mount_accessor": "none" })).await, "invalid mount accessor");
    refused(
        ask(json!({ "name": "x", "mount_accessor": accessor, "canonical_id": "no" })).await,
        "invalid canonical ID",
    );
    refused(
        ask(json!({ "id": "no", "name": "x", "mount_accessor": accessor })).await,
        "invalid alias ID provided",
    );
}

// Rule 63: one entity has a name of a mount, and a mount one name of an entity.
#[tokio::test]
async fn an_alias_is_one_entitys() {
    let test = core().await;
    let (up, other) = (accessor(&test, "up").await, accessor(&test, "other").await);
    let one = make(&test, "entity", json!({})).await;
    let two = make(&test, "entity", json!({})).await;
    let alias = |name: &str, mount: &str, entity: &str| json!({ "name": name, "mount_accessor": mount, "canonical_id": entity });
    let first = text(&write(&test, "identity/entity-alias", alias("ann", &up, &one)).await["id"]);
    // The same name moves; it is not had twice.
    let moved = write(&test, "identity/entity-alias", alias("ANN", &up, &two)).await;
    assert_eq!(moved, json!({ "id": first, "canonical_id": two }));
    assert_eq!(show(&test, "entity", &one).await["aliases"], json!([]));
    let ask = async |body| test.write("identity/entity-alias", body).await;
    refused(
        ask(alias("bob", &up, &two)).await,
        "Alias already exists for requested entity and mount accessor",
    );
    write(&test, "identity/entity-alias", alias("bob", &up, &one)).await;
    let second = text(&write(&test, "identity/entity-alias", alias("x", &other, &two)).await["id"]);
    let path = format!("identity/entity-alias/id/{second}");
    refused(
        test.write(&path, json!({ "mount_accessor": up })).await,
        "Alias cannot be updated as the entity already has an alias for the given 'mount_accessor' ",
    );
    let path = format!("identity/entity-alias/id/{first}");
    refused(
        test.write(&path, json!({ "name": "bob" })).await,
        "alias with combination of mount accessor and name already exists",
    );
    refused(
        test.write(&path, json!({ "canonical_id": one })).await,
        "Alias cannot be updated as the given entity already has an alias for this mount ",
    );
}

// Rule 63
#[tokio::test]
async fn moving_an_alias_needs_rights_on_both_entities() {
    let test = core().await;
    let one = login(&test, "up").await.entity_id;
    let two = make(&test, "entity", json!({})).await;
    let alias = text(&show(&test, "entity", &one).await["aliases"][0]["id"]);
    let (path, body) = (format!("identity/entity-alias/id/{alias}"), json!({ "canonical_id": two }));
    let (of_one, of_two) = (format!("identity/entity/id/{one}"), format!("identity/entity/id/{two}"));
    for may in [&[path.as_str(), &of_one][..], &[&path, &of_two], &[&path]] {
        let token = writer(&test, may).await;
        let outcome = test.as_token(&token, Operation::Write, &path, body.clone()).await;
        assert!(is_denied(&outcome), "{may:?} {outcome:?}");
        // Nor by its name.
        let token = writer(&test, &["identity/entity-alias", may[may.len() - 1]]).await;
        let named =
            json!({ "name": "ann", "mount_accessor": accessor(&test, "up").await, "canonical_id": two });
        let outcome = test.as_token(&token, Operation::Write, "identity/entity-alias", named).await;
        assert!(is_denied(&outcome), "{may:?} {outcome:?}");
    }
    let token = writer(&test, &[&path, &of_one, &of_two]).await;
    test.as_token(&token, Operation::Write, &path, body).await.unwrap();
    assert_eq!(login(&test, "up").await.entity_id, two);
}

// Rule 64
#[tokio::test]
async fn a_renamed_alias_forgets_what_was_said_of_the_other_name() {
    let test = core().await;
    write(&test, "sys/auth/ar", json!({ "type": "approle" })).await;
    write(&test, "auth/ar/role/r", json!({})).await;
    let role_id = text(&data(&test.read("auth/ar/role/r/role-id").await.unwrap())["role_id"]);
    let secret = write(&test, "auth/ar/role/r/secret-id", json!({})).await;
    let body = json!({ "role_id": role_id, "secret_id": secret["secret_id"] });
    let auth = test.as_token("", Operation::Write, "auth/ar/login", body).await.unwrap().auth.unwrap();
    let alias = show(&test, "entity", &auth.entity_id).await["aliases"][0].clone();
    assert_eq!(alias["metadata"], json!({ "role_name": "r" }));
    let path = format!("identity/entity-alias/id/{}", text(&alias["id"]));
    write(&test, &path, json!({ "custom_metadata": { "a": "b" } })).await;
    let kept = show(&test, "entity-alias", &text(&alias["id"])).await;
    assert_eq!(kept["metadata"], json!({ "role_name": "r" }));
    write(&test, &path, json!({ "name": "another", "custom_metadata": { "a": "b" } })).await;
    let renamed = show(&test, "entity-alias", &text(&alias["id"])).await;
    assert_eq!((&renamed["name"], &renamed["metadata"]), (&json!("another"), &Value::Null));
    assert_eq!(renamed["custom_metadata"], json!({ "a": "b" }));
}

#[tokio::test]
async fn a_deleted_alias_unties_the_login() {
    let test = core().await;
    let before = login(&test, "up").await.entity_id;
    let alias = text(&show(&test, "entity", &before).await["aliases"][0]["id"]);
    for _ in 0..2 {
        test.delete(&format!("identity/entity-alias/id/{alias}")).await.unwrap();
    }
    assert!(matches!(test.read(&format!("identity/entity-alias/id/{alias}")).await, Err(Error::NotFound)));
    assert_ne!(login(&test, "up").await.entity_id, before);
}

#[tokio::test]
async fn aliases_are_listed() {
    let test = core().await;
    assert!(matches!(test.list("identity/entity-alias/id").await, Err(Error::NotFound)));
    let entity = login(&test, "up").await.entity_id;
    let listed = data(&test.list("identity/entity-alias/id").await.unwrap());
    let key = text(&listed["keys"][0]);
    assert_eq!(listed["key_info"][&key]["canonical_id"], json!(entity));
    assert_eq!(listed["key_info"][&key]["name"], json!("ann"));
}

#[tokio::test]
async fn the_old_spelling_of_aliases_does_the_same() {
    for old in ["alias", "persona"] {
        let test = core().await;
        let body = json!({ "name": "ann", "mount_accessor": accessor(&test, "up").await });
        let made = write(&test, &format!("identity/{old}"), body).await;
        let path = format!("identity/{old}/id/{}", text(&made["id"]));
        write(&test, &path, json!({ "custom_metadata": { "k": "v" } })).await;
        assert_eq!(
            show(&test, old, &text(&made["id"])).await,
            show(&test, "entity-alias", &text(&made["id"])).await
        );
        let listed = data(&test.list(&format!("identity/{old}/id")).await.unwrap());
        assert_eq!(listed["keys"], json!([made["id"]]));
        let two = make(&test, "entity", json!({})).await;
        write(&test, &path, json!({ "entity_id": two })).await;
        assert_eq!(login(&test, "up").await.entity_id, two);
        test.delete(&path).await.unwrap();
        assert!(matches!(test.list(&format!("identity/{old}/id")).await, Err(Error::NotFound)));
    }
}
