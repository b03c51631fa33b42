use super::*;

#[tokio::test]
async fn an_entity_reads_back_what_was_written() {
    let test = core().await;
    let body = json!({ "name": "e", "policies": "p1,P2", "metadata": ["team=blue"], "disabled": "true" });
    let id = make(&test, "entity", body).await;
    let shown = show(&test, "entity", &id).await;
    assert_eq!(shown["policies"], json!(["p1", "p2"]));
    assert_eq!(shown["metadata"], json!({ "team": "blue" }));
    assert_eq!((&shown["disabled"], &shown["name"]), (&json!(true), &json!("e")));
    // What is not given stays.
    assert_eq!(write(&test, "identity/entity", json!({ "name": "e", "disabled": false })).await, Value::Null);
    write(&test, "identity/entity", json!({ "id": id, "metadata": {} })).await;
    let shown = show(&test, "entity", &id).await;
    assert_eq!((&shown["disabled"], &shown["metadata"]), (&json!(false), &json!({})));
    assert_eq!(shown["policies"], json!(["p1", "p2"]));
    let made_up = write(&test, "identity/entity", json!({})).await;
    assert!(text(&made_up["name"]).starts_with("entity_"));
}

// Rule 38
#[tokio::test]
async fn no_entity_and_no_group_is_root() {
    let test = core().await;
    for what in ["entity", "group"] {
        let outcome = test.write(&format!("identity/{what}"), json!({ "policies": ["Root"] })).await;
        refused(outcome, "policies cannot contain root");
    }
}

#[tokio::test]
async fn metadata_is_bounded() {
    let test = core().await;
    let many: serde_json::Map<String, Value> = (0..65).map(|it| (it.to_string(), json!("x"))).collect();
    for metadata in [
        json!(many),
        json!({ "k": "x".repeat(513) }),
        json!({ "k".repeat(129): "x" }),
        json!({ "": "x" }),
        json!({ "k": "a\nb" }),
        json!({ "k": {} }),
        json!("x"),
    ] {
        let outcome = test.write("identity/entity", json!({ "name": "e", "metadata": metadata })).await;
        assert!(matches!(outcome, Err(Error::Invalid(_) | Error::InvalidAll(_))), "{outcome:?}");
    }
    assert!(matches!(test.list("identity/entity/id").await, Err(Error::NotFound)));
}

#[tokio::test]
async fn an_entity_can_be_renamed_to_a_free_name() {
    let test = core().await;
    let (one, _) = (
        make(&test, "entity", json!({ "name": "one" })).await,
        make(&test, "entity", json!({ "name": "two" })).await,
    );
    let path = format!("identity/entity/id/{one}");
    refused(test.write(&path, json!({ "name": "TWO" })).await, "entity name is already in use");
    write(&test, &path, json!({ "name": "three" })).await;
    assert!(matches!(test.read("identity/entity/name/one").await, Err(Error::NotFound)));
    assert_eq!(data(&test.read("identity/entity/name/three").await.unwrap())["id"], json!(one));
    refused(test.write("identity/entity/id/nope", json!({})).await, "entity not found from id");
    refused(test.write("identity/entity", json!({ "id": "nope" })).await, "entity not found from id");
}

// Rule 61
#[tokio::test]
async fn a_name_has_one_spelling() {
    let test = core().await;
    write(&test, "identity/entity/name/Ops/Ann", json!({ "name": "ignored" })).await;
    let shown = data(&test.read("identity/entity/name/ops/ann").await.unwrap());
    assert_eq!(shown["name"], json!("Ops/Ann"));
    assert_eq!(write(&test, "identity/entity/name/ops/ANN", json!({ "policies": ["p"] })).await, Value::Null);
    for bad in [" e", "e ", "e\u{200b}", "e\u{7f}"] {
        let outcome = test.write("identity/entity", json!({ "name": bad })).await;
        refused(outcome, "a name is empty, too long, or has characters that are not seen");
    }
    test.delete("identity/entity/name/OPS/ann").await.unwrap();
    test.delete("identity/entity/name/OPS/ann").await.unwrap();
    assert!(matches!(test.read("identity/entity/name/ops/ann").await, Err(Error::NotFound)));
}

#[tokio::test]
async fn entities_are_listed_by_id_and_name() {
    let test = core().await;
    let id = make(&test, "entity", json!({ "name": "One" })).await;
    login(&test, "up").await;
    let listed = data(&test.list("identity/entity/id").await.unwrap());
    assert_eq!(listed["key_info"][&id], json!({ "name": "One" }));
    assert_eq!(listed["keys"].as_array().unwrap().len(), 2);
    let other =
        listed["key_info"].as_object().unwrap().values().find(|it| it.get("aliases").is_some()).unwrap();
    assert_eq!(other["aliases"][0]["mount_path"], json!("auth/up/"));
    let names = data(&test.list("identity/entity/name").await.unwrap());
    assert_eq!(names["keys"][0], json!("One"));
}

#[tokio::test]
async fn entities_are_deleted_together() {
    let test = core().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(make(&test, "entity", json!({})).await);
    }
    let kept = ids.pop().unwrap();
    ids.push("nope".to_owned());
    write(&test, "identity/entity/batch-delete", json!({ "entity_ids": ids })).await;
    assert_eq!(data(&test.list("identity/entity/id").await.unwrap())["keys"], json!([kept]));
    let outcome = test.write("identity/entity/batch-delete", json!({})).await;
    refused(outcome, "missing entity ids to delete");
}

#[tokio::test]
async fn an_entity_is_found_by_whatever_is_known() {
    let test = core().await;
    let id = login(&test, "up").await.entity_id;
    let shown = show(&test, "entity", &id).await;
    let accessor = accessor(&test, "up").await;
    for known in [
        json!({ "id": id }),
        json!({ "name": shown["name"] }),
        json!({ "alias_id": shown["aliases"][0]["id"] }),
        json!({ "alias_name": "ANN", "alias_mount_accessor": accessor }),
    ] {
        assert_eq!(write(&test, "identity/lookup/entity", known.clone()).await["id"], json!(id), "{known}");
    }
    for unknown in [json!({ "id": "x" }), json!({ "alias_name": "x", "alias_mount_accessor": accessor })] {
        assert_eq!(write(&test, "identity/lookup/entity", unknown).await, Value::Null);
    }
    let ask = async |body| test.write("identity/lookup/entity", body).await;
    refused(ask(json!({})).await, "query parameter not supplied");
    let both = "both 'alias_name' and 'alias_mount_accessor' needs to be set";
    refused(ask(json!({ "alias_name": "ann" })).await, both);
    let conflict = "query parameter conflict; please supply distinct set of query parameters";
    refused(ask(json!({ "id": "x", "name": "y" })).await, conflict);
}
