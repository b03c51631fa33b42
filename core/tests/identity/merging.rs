use super::*;

async fn merge(test: &TestCore, from: &[&str], to: &str) -> Result<Response> {
    test.write("identity/entity/merge", json!({ "from_entity_ids": from, "to_entity_id": to })).await
}

#[tokio::test]
async fn a_merged_entity_lives_on_in_the_other() {
    let test = core().await;
    let auth = login(&test, "up").await;
    let to = make(&test, "entity", json!({ "name": "to", "policies": ["reads"] })).await;
    let group =
        make(&test, "group", json!({ "policies": ["g"], "member_entity_ids": [auth.entity_id] })).await;
    merge(&test, &[&auth.entity_id], &to).await.unwrap();
    let shown = show(&test, "entity", &to).await;
    assert_eq!(shown["merged_entity_ids"], json!([auth.entity_id]));
    assert_eq!(shown["aliases"][0]["merged_from_canonical_ids"], json!([auth.entity_id]));
    assert_eq!(shown["direct_group_ids"], json!([group]));
    assert!(matches!(
        test.read(&format!("identity/entity/id/{}", auth.entity_id)).await,
        Err(Error::NotFound)
    ));
    // Tokens of before are the other's.
    assert!(reads(&test, token(&auth)).await);
    assert_eq!(login(&test, "up").await.entity_id, to);
    // And so on, however often.
    let last = make(&test, "entity", json!({})).await;
    merge(&test, &[&to], &last).await.unwrap();
    assert!(is_good(&test, token(&auth)).await);
    assert!(!reads(&test, token(&auth)).await);
    write(&test, &format!("identity/entity/id/{last}"), json!({ "disabled": true })).await;
    assert!(!is_good(&test, token(&auth)).await);
    test.delete(&format!("identity/entity/id/{last}")).await.unwrap();
    assert!(!is_good(&test, token(&auth)).await);
}

#[tokio::test]
async fn of_two_aliases_of_one_mount_the_caller_says_which_stays() {
    let test = core().await;
    write(&test, "auth/up/users/bob", json!({ "password": "right" })).await;
    let ann = login(&test, "up").await.entity_id;
    let bob = try_login(&test, "up", "bob").await.unwrap().auth.unwrap().entity_id;
    let alias = async |id: &str| text(&show(&test, "entity", id).await["aliases"][0]["id"]);
    let (of_ann, of_bob) = (alias(&ann).await, alias(&bob).await);
    assert!(matches!(merge(&test, &[&ann], &bob).await, Err(Error::Invalid(_))));
    let body = |kept: &[&str]| json!({ "from_entity_ids": [ann], "to_entity_id": bob, "conflicting_alias_ids_to_keep": kept });
    let both = test.write("identity/entity/merge", body(&[&of_ann, &of_bob])).await;
    assert!(matches!(both, Err(Error::Invalid(_))));
    write(&test, "identity/entity/merge", body(&[&of_ann])).await;
    assert_eq!(login(&test, "up").await.entity_id, bob);
    assert_ne!(try_login(&test, "up", "bob").await.unwrap().auth.unwrap().entity_id, bob);
}

#[tokio::test]
async fn what_cannot_be_merged() {
    let test = core().await;
    let one = make(&test, "entity", json!({})).await;
    refused(merge(&test, &["nope"], &one).await, "entity id to merge from is invalid");
    refused(merge(&test, &[&one], "nope").await, "entity id to merge to is invalid");
    refused(merge(&test, &[&one], &one).await, "to_entity_id should not be present in from_entity_ids");
    refused(merge(&test, &[], &one).await, "missing entity ids to merge from");
    refused(merge(&test, &[&one], "").await, "missing entity id to merge to");
}

// Rule 63
#[tokio::test]
async fn merging_needs_rights_on_both_entities() {
    let test = core().await;
    let one = make(&test, "entity", json!({ "policies": ["weak"] })).await;
    let two = make(&test, "entity", json!({ "policies": ["strong"] })).await;
    let body = json!({ "from_entity_ids": [one], "to_entity_id": two });
    let may = async |entities: &[&str]| {
        let mut rules = r#"path "identity/entity/merge" { capabilities = ["update"] }"#.to_owned();
        for id in entities {
            rules.push_str(&format!("\npath \"identity/entity/id/{id}\" {{ capabilities = [\"update\"] }}"));
        }
        let token = test.token_with(&rules).await;
        test.as_token(&token, Operation::Write, "identity/entity/merge", body.clone()).await
    };
    for entities in [&[][..], &[one.as_str()], &[two.as_str()]] {
        assert!(is_denied(&may(entities).await), "{entities:?}");
    }
    may(&[&one, &two]).await.unwrap();
}
