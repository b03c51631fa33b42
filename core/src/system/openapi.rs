//! `sys/internal/specs/openapi`: the API as an OpenAPI document, made of the route tables.

use serde_json::{Map, Value, json};

use crate::{
    dispatch::Cx,
    error::Result,
    mounts::MountClass,
    request::Operation,
    response::Response,
    route::{Access, Endpoint, Fields, Kind, Route, Tables, in_tx, read},
    tx::Tx,
};

pub(crate) const ROUTES: &[Route] = &[Route {
    pattern: "internal/specs/openapi",
    summary: "The paths that the caller's policies reach, as an OpenAPI document.",
    // Without a token it is an empty document, as clients expect.
    endpoints: &[read(in_tx!(openapi)).unauth()],
}];

async fn openapi(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let open = cx.open()?;
    let table = open.mounts.current(&open.store).await?;
    let acl = super::ui::visitor(cx).await?;
    let mut mounts = Vec::new();
    for class in [MountClass::Secret, MountClass::Auth] {
        for mount in table.all(class) {
            let path = mount.full_path();
            if let Some(mounted) =
                table.at(&path).filter(|_| acl.as_ref().is_some_and(|it| it.any_under(&path)))
            {
                mounts.push((path, mounted.engine.routes(mount)));
            }
        }
    }
    Response::bare(200, &document(mounts.iter().map(|(path, tables)| (path.as_str(), *tables))))
}

/// The document for these mounts. The same routes make the same text.
pub(crate) fn document<'a>(mounts: impl Iterator<Item = (&'a str, Tables)>) -> Value {
    let mut paths = Map::new();
    for (prefix, tables) in mounts {
        for route in tables.iter().flat_map(|it| it.iter()) {
            paths
                .insert(format!("/{prefix}{}", route.pattern.replace("...}", "}")), path_item(prefix, route));
        }
    }
    json!({
        "openapi": "3.0.2",
        "info": {
            "title": "Strongroom API",
            "description": "All paths are relative to `/v1/`.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "paths": paths,
    })
}

/// One route: its parameters, and its operations by HTTP method.
pub(crate) fn path_item(prefix: &str, route: &Route) -> Value {
    let mut item = Map::new();
    item.insert("description".to_owned(), route.summary.into());
    let parameters: Vec<Value> = parameters(prefix)
        .chain(parameters(route.pattern))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    if !parameters.is_empty() {
        item.insert("parameters".to_owned(), parameters.into());
    }
    for endpoint in route.endpoints {
        let method = match endpoint.operation {
            Operation::Read => "get",
            Operation::List => "list",
            Operation::Scan => "scan",
            Operation::Write => "post",
            Operation::Patch => "patch",
            Operation::Delete => "delete",
            Operation::Help => continue,
        };
        match method {
            // Verbs that OpenAPI has no name for are reads with a parameter.
            "list" | "scan" => {
                let get = item.entry("get").or_insert_with(|| operation(endpoint));
                let flag = json!({
                    "name": method, "in": "query", "required": false, "schema": { "type": "string", "enum": ["true"] },
                });
                if let Some(get) = get.as_object_mut() {
                    let flags = get.entry("parameters").or_insert_with(|| json!([]));
                    if let Some(flags) = flags.as_array_mut() {
                        flags.push(flag);
                    }
                    get.insert(format!("x-strongroom-{method}"), true.into());
                }
            }
            method => {
                item.insert(method.to_owned(), operation(endpoint));
            }
        }
    }
    Value::Object(item)
}

fn operation(endpoint: &Endpoint) -> Value {
    let mut out = Map::new();
    match endpoint.access {
        Access::Auth => {}
        Access::Sudo => drop(out.insert("x-vault-sudo".to_owned(), true.into())),
        Access::Unauth => drop(out.insert("x-vault-unauthenticated".to_owned(), true.into())),
    }
    let in_body = matches!(endpoint.operation, Operation::Write | Operation::Patch);
    match endpoint.fields {
        Fields::Known([]) => {}
        Fields::Known(fields) if in_body => {
            let properties: Map<String, Value> =
                fields.iter().map(|it| (it.name.to_owned(), schema(it.kind))).collect();
            let schema = json!({ "type": "object", "properties": properties });
            out.insert(
                "requestBody".to_owned(),
                json!({ "content": { "application/json": { "schema": schema } } }),
            );
        }
        Fields::Known(fields) => {
            let query: Vec<Value> = fields
                .iter()
                .map(|it| json!({ "name": it.name, "in": "query", "required": false, "schema": schema(it.kind) }))
                .collect();
            out.insert("parameters".to_owned(), query.into());
        }
        Fields::Any => {
            let schema = json!({ "type": "object", "additionalProperties": true });
            out.insert(
                "requestBody".to_owned(),
                json!({ "content": { "application/json": { "schema": schema } } }),
            );
        }
    }
    out.insert("responses".to_owned(), json!({ "200": { "description": "OK" } }));
    Value::Object(out)
}

fn schema(kind: Kind) -> Value {
    match kind {
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Duration => json!({ "type": "string", "format": "duration" }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::List => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Map => json!({ "type": "object" }),
        Kind::Text => json!({ "type": "string" }),
    }
}

fn parameters(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        Some(name.strip_suffix("...").unwrap_or(name))
    })
}
