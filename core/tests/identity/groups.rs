use super::*;

#[tokio::test]
async fn a_group_reads_back_what_was_written() {
    let test = core().await;
    let entity = make(&test, "entity", json!({})).await;
    let body = json!({ "policies": ["P"], "metadata": { "a": "b" }, "member_entity_ids": [entity, entity] });
    let made = write(&test, "identity/group/name/Ops", body).await;
    let shown = data(&test.read("identity/group/name/ops").await.unwrap());
    assert_eq!(shown, show(&test, "group", &text(&made["id"])).await);
    assert_eq!((&shown["policies"], &shown["metadata"]), (&json!(["p"]), &json!({ "a": "b" })));
    assert_eq!((&shown["member_entity_ids"], &shown["type"]), (&json!([entity]), &json!("internal")));
    assert_eq!((&shown["name"], &shown["alias"]), (&json!("Ops"), &json!({})));
    assert_eq!(write(&test, "identity/group/name/OPS", json!({ "policies": [] })).await, Value::Null);
    assert_eq!(data(&test.read("identity/group/name/ops").await.unwrap())["policies"], json!([]));
}

#[tokio::test]
async fn what_a_group_cannot_be() {
    let test = core().await;
    let entity = make(&test, "entity", json!({})).await;
    make(&test, "group", json!({ "name": "taken" })).await;
    let other = make(&test, "group", json!({ "name": "other" })).await;
    let ask = async |body| test.write("identity/group", body).await;
    refused(ask(json!({ "type": "weird" })).await, "invalid group type: it is internal or external");
    refused(ask(json!({ "name": "taken", "type": "external" })).await, "group type cannot be changed");
    refused(ask(json!({ "id": other, "name": "Taken" })).await, "group name is already in use");
    refused(ask(json!({ "id": "nope" })).await, "invalid group ID");
    refused(ask(json!({ "member_entity_ids": ["nope"] })).await, "invalid entity ID among the members");
    refused(ask(json!({ "member_group_ids": ["nope"] })).await, "invalid member group ID");
    let external = json!({ "type": "external", "member_entity_ids": [entity] });
    refused(ask(external).await, "member entities can't be set manually for external groups");
    let external = json!({ "type": "external", "member_group_ids": [other] });
    refused(ask(external).await, "member groups can't be set for external groups");
}

#[tokio::test]
async fn a_groups_policies_reach_its_members_and_those_of_its_members() {
    let test = core().await;
    let auth = login(&test, "up").await;
    assert!(!reads(&test, token(&auth)).await);
    let inner = make(&test, "group", json!({ "name": "inner", "member_entity_ids": [auth.entity_id] })).await;
    let outer = make(&test, "group", json!({ "member_group_ids": [inner] })).await;
    let outermost = make(&test, "group", json!({ "policies": ["reads"], "member_group_ids": [outer] })).await;
    assert!(reads(&test, token(&auth)).await);
    let shown = show(&test, "entity", &auth.entity_id).await;
    assert_eq!(shown["direct_group_ids"], json!([inner]));
    assert_eq!(shown["inherited_group_ids"], json!([outer, outermost]));
    assert_eq!(login(&test, "up").await.identity_policies, ["reads"]);
    write(&test, &format!("identity/group/id/{inner}"), json!({ "member_entity_ids": [] })).await;
    assert!(!reads(&test, token(&auth)).await);
}

#[tokio::test]
async fn no_group_is_within_itself() {
    let test = core().await;
    let one = make(&test, "group", json!({})).await;
    let two = make(&test, "group", json!({ "member_group_ids": [one] })).await;
    let three = make(&test, "group", json!({ "member_group_ids": [two] })).await;
    let put = async |group: &str, member: &str| {
        test.write(&format!("identity/group/id/{group}"), json!({ "member_group_ids": [member] })).await
    };
    refused(put(&one, &one).await, "a group cannot be a member of itself");
    for around in [&two, &three] {
        refused(put(&one, around).await, "cyclic relationship detected for member group ID");
    }
    put(&three, &one).await.unwrap();
}

// Two changes at once, each of which is right by itself, would make a circle.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_writers_make_no_circle() {
    let test = Arc::new(core().await);
    for _ in 0..20 {
        let one = make(&test, "group", json!({})).await;
        let two = make(&test, "group", json!({})).await;
        let put = |group: String, member: String| {
            let test = test.clone();
            tokio::spawn(async move {
                let body = json!({ "member_group_ids": [member] });
                test.write(&format!("identity/group/id/{group}"), body).await.is_ok()
            })
        };
        let (first, second) = (put(one.clone(), two.clone()), put(two, one));
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        assert!(first != second, "{first} {second}");
    }
}

#[tokio::test]
async fn groups_are_listed_by_id_and_name() {
    let test = core().await;
    assert!(matches!(test.list("identity/group/id").await, Err(Error::NotFound)));
    let entity = make(&test, "entity", json!({})).await;
    let inner = make(&test, "group", json!({ "name": "inner", "member_entity_ids": [entity] })).await;
    make(&test, "group", json!({ "name": "outer", "member_group_ids": [inner] })).await;
    let listed = data(&test.list("identity/group/id").await.unwrap());
    let expected = json!({ "name": "inner", "num_member_entities": 1, "num_parent_groups": 1 });
    assert_eq!(listed["key_info"][&inner], expected);
    assert_eq!(data(&test.list("identity/group/name").await.unwrap())["keys"], json!(["inner", "outer"]));
}

#[tokio::test]
async fn a_deleted_group_is_in_no_other() {
    let test = core().await;
    let inner = make(&test, "group", json!({ "name": "inner" })).await;
    let outer = make(&test, "group", json!({ "name": "outer", "member_group_ids": [inner] })).await;
    test.delete(&format!("identity/group/id/{inner}")).await.unwrap();
    assert_eq!(show(&test, "group", &outer).await["member_group_ids"], json!([]));
    assert!(matches!(test.read("identity/group/name/inner").await, Err(Error::NotFound)));
    for _ in 0..2 {
        test.delete("identity/group/name/Outer").await.unwrap();
    }
    assert!(matches!(test.list("identity/group/id").await, Err(Error::NotFound)));
}

#[tokio::test]
async fn an_external_group_has_an_alias() {
    let test = core().await;
    let accessor = accessor(&test, "up").await;
    let group = make(&test, "group", json!({ "name": "g", "type": "external" })).await;
    let internal = make(&test, "group", json!({})).await;
    let body =
        |name: &str, group: &str| json!({ "name": name, "mount_accessor": accessor, "canonical_id": group });
    let made = write(&test, "identity/group-alias", body("ops", &group)).await;
    let alias = text(&made["id"]);
    assert_eq!(made["canonical_id"], json!(group));
    assert_eq!(show(&test, "group", &group).await["alias"]["name"], json!("ops"));
    assert_eq!(show(&test, "group-alias", &alias).await["mount_path"], json!("auth/up/"));
    assert_eq!(data(&test.list("identity/group-alias/id").await.unwrap())["keys"], json!([alias]));
    let path = format!("identity/group-alias/id/{alias}");
    write(&test, &path, body("others", &group)).await;
    assert_eq!(show(&test, "group-alias", &alias).await["name"], json!("others"));
    // It moves by its id; by its name it is in use.
    let second = make(&test, "group", json!({ "type": "external" })).await;
    let again = test.write("identity/group-alias", body("Others", &second)).await;
    refused(again, "combination of mount and group alias name is already in use");
    write(&test, &path, body("others", &second)).await;
    assert_eq!(show(&test, "group", &group).await["alias"], json!({}));
    assert_eq!(show(&test, "group", &second).await["alias"]["id"], json!(alias));
    let ask = async |body| test.write("identity/group-alias", body).await;
    refused(ask(body("x", &internal)).await, "alias can't be set on an internal group");
    refused(ask(body("x", "nope")).await, "invalid group ID given in 'canonical_id'");
    refused(ask(json!({ "name": "x" })).await, "missing mount_accessor");
    refused(ask(json!({ "name": "x", "mount_accessor": "no" })).await, "invalid mount accessor");
    refused(test.write("identity/group-alias/id/no", body("x", &group)).await, "invalid group alias ID");
    // Without a group, one is made.
    let made =
        write(&test, "identity/group-alias", json!({ "name": "new", "mount_accessor": accessor })).await;
    assert_eq!(show(&test, "group", &text(&made["canonical_id"])).await["type"], json!("external"));
    for _ in 0..2 {
        test.delete(&path).await.unwrap();
    }
    assert!(matches!(test.read(&path).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_group_is_found_by_whatever_is_known() {
    let test = core().await;
    let accessor = accessor(&test, "up").await;
    let made =
        write(&test, "identity/group-alias", json!({ "name": "ops", "mount_accessor": accessor })).await;
    let (id, alias) = (text(&made["canonical_id"]), text(&made["id"]));
    let name = show(&test, "group", &id).await["name"].clone();
    for known in [
        json!({ "id": id }),
        json!({ "name": name }),
        json!({ "alias_id": alias }),
        json!({ "alias_name": "OPS", "alias_mount_accessor": accessor }),
    ] {
        assert_eq!(write(&test, "identity/lookup/group", known.clone()).await["id"], json!(id), "{known}");
    }
    assert_eq!(write(&test, "identity/lookup/group", json!({ "id": "nope" })).await, Value::Null);
    refused(test.write("identity/lookup/group", json!({})).await, "query parameter not supplied");
}
