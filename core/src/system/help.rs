//! What a path is and takes (`?help=1`, `path-help`), told from the route tables.

use serde::Serialize;
use serde_json::Value;

use crate::{
    error::{Error, Result},
    mounts::Found,
    response::Response,
    route::{Access, Fields, Kind, Route},
};

#[derive(Serialize)]
struct Help {
    help: String,
    see_also: Option<()>,
    openapi: Value,
}

/// The help of what a path leads to: a route, or the mount itself.
pub(crate) fn of(found: &Found<'_>) -> Result<Response> {
    let engine = found.mounted.engine;
    let path = found.mounted.mount.full_path();
    let tables = engine.routes(&found.mounted.mount);
    if found.path.is_empty() {
        let mut help = format!("## DESCRIPTION\n\n{}\n\n## PATHS\n", engine.summary());
        for route in tables.iter().flat_map(|it| it.iter()) {
            help.push_str(&format!("\n    {}\n        {}\n", route.pattern, route.summary));
        }
        let openapi = super::openapi::document(std::iter::once((path.as_str(), tables)));
        return Response::bare(200, &Help { help, see_also: None, openapi });
    }
    let Some((route, _)) = &found.route else { return Err(Error::UnsupportedPath) };
    let openapi = super::openapi::path_item(&path, route);
    Response::bare(200, &Help { help: text(found.path, route), see_also: None, openapi })
}

fn text(path: &str, route: &Route) -> String {
    let mut out = format!(
        "Request:        {path}\nMatching Route: {}\n\n{}\n\n## OPERATIONS\n",
        route.pattern, route.summary
    );
    for endpoint in route.endpoints {
        let access = match endpoint.access {
            Access::Auth => "",
            Access::Sudo => ", needs sudo",
            Access::Unauth => ", asks for no token",
        };
        out.push_str(&format!("\n    {}{access}\n", operation(endpoint.operation)));
        match endpoint.fields {
            Fields::Any => out.push_str("        takes any fields\n"),
            Fields::Known(fields) => {
                for field in fields {
                    out.push_str(&format!("        {} ({})\n", field.name, kind(field.kind)));
                }
            }
        }
    }
    out
}

pub(crate) fn operation(operation: crate::request::Operation) -> &'static str {
    use crate::request::Operation;
    match operation {
        Operation::Delete => "delete",
        Operation::Help => "help",
        Operation::List => "list",
        Operation::Patch => "patch",
        Operation::Read => "read",
        Operation::Scan => "scan",
        Operation::Write => "write",
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "boolean",
        Kind::Duration => "duration",
        Kind::Integer => "integer",
        Kind::List => "list",
        Kind::Map => "map",
        Kind::Secret | Kind::Text => "text",
    }
}
