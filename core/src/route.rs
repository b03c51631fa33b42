//! Routes, declared: what paths there are, who may ask, what they take.
//!
//! An engine's and the system's tables are the dispatch: there is no second list that could say something
//! else. From them come the OpenAPI document, the help of a path, the warnings about unknown fields, and the
//! test that each endpoint has an authorisation case.

use futures_util::future::BoxFuture;

use crate::{dispatch::Cx, error::Result, request::Operation, response::Response, tx::Tx};

/// One path, or one shape of paths.
#[derive(Debug)]
pub struct Route {
    /// Relative to the mount: `config`, `role/{name}`, `data/{path...}`, `mounts/{path...}/tune`. `{name}` is
    /// one segment, `{path...}` all that follow and perhaps none; with something behind it, all but that, and
    /// at least one. A trailing `/` in a request is not told from none, except that `{path...}` keeps it.
    pub pattern: &'static str,
    pub summary: &'static str,
    pub endpoints: &'static [Endpoint],
}

/// One operation on it.
#[derive(Debug)]
pub struct Endpoint {
    pub operation: Operation,
    pub access: Access,
    pub writes: Writes,
    /// The fields that it reads from the body or the query; others are answered with a warning.
    pub fields: Fields,
    /// Whoever asks wants to prove who it is: its failures are counted, and limited.
    pub login: bool,
    pub handler: Handler,
    /// What is sent or answered may be larger than memory: no fields, and more time.
    pub streamed: bool,
    /// Also answered while there is no store: the handler sees to it that not everybody is heard.
    pub before_init: bool,
}

/// Who may ask at all. What is not declared does not compile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// A token whose policies allow it.
    Auth,
    /// The same, with the `sudo` capability besides.
    Sudo,
    /// Anybody. The list of these is a snapshot in the tests.
    Unauth,
}

/// What a write on the path is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Writes {
    /// Something is done: needs `update`.
    Action,
    /// Something is kept: `create` if it is new, else `update`. The handler asks
    /// [`Cx::may_write`] within its transaction.
    Stored,
}

#[derive(Clone, Copy, Debug)]
pub enum Fields {
    /// The client's own data (KV): all are taken.
    Any,
    Known(&'static [Field]),
}

/// A field of a request.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
}

/// What a field holds. All but maps may come as strings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Bool,
    /// Seconds, or text such as `1h30m`.
    Duration,
    Integer,
    /// A list, or text with commas.
    List,
    Map,
    /// A credential, as text: it never passes into the audit log, whatever a mount's settings say.
    Secret,
    Text,
}

pub const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind }
}

/// What answers.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Within the request's transaction: stages changes, has no other effect, may run again.
    InTx(InTx),
    /// The same in two steps: what must not be repeated with each attempt (hashing a password) is done once,
    /// changes nothing, and answers what then runs within the transaction.
    Prepared(Prepare),
    /// Outside of any: the operator's work on the seal, the digest and the clock, none of which is a record.
    /// What the seal needs must work while the store is sealed.
    Outside(for<'a> fn(&'a Cx<'a>) -> BoxFuture<'a, Result<Response>>),
}

/// The first step of a [`Handler::Prepared`].
pub type Prepare = for<'a> fn(&'a Cx<'a>) -> BoxFuture<'a, Result<Box<dyn Stage>>>;

/// A handler within the request's transaction.
pub type InTx = for<'a> fn(&'a Cx<'a>, &'a mut Tx) -> BoxFuture<'a, Result<Response>>;

/// What runs within the request's transaction, once for each attempt.
///
/// An error drops what was staged, but for one that [`Tx::stands_with`] made.
pub trait Stage: Send + Sync {
    fn stage<'a>(&'a self, cx: &'a Cx<'a>, tx: &'a mut Tx) -> BoxFuture<'a, Result<Response>>;
}

impl Stage for InTx {
    fn stage<'a>(&'a self, cx: &'a Cx<'a>, tx: &'a mut Tx) -> BoxFuture<'a, Result<Response>> {
        self(cx, tx)
    }
}

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::InTx(_) => "InTx",
            Self::Prepared(_) => "Prepared",
            Self::Outside(_) => "Outside",
        })
    }
}

/// Makes a [`Handler`] of an `async fn(&Cx, &mut Tx) -> Result<Response>`.
macro_rules! in_tx {
    ($handler:path) => {
        $crate::route::Handler::InTx(|cx, tx| Box::pin($handler(cx, tx)))
    };
}

/// Makes a [`Handler`] of an `async fn(&Cx) -> Result<impl Stage>`.
macro_rules! prepared {
    ($prepare:path) => {
        $crate::route::Handler::Prepared(|cx| {
            Box::pin(async move {
                let prepared: Box<dyn $crate::route::Stage> = Box::new($prepare(cx).await?);
                Ok(prepared)
            })
        })
    };
}

/// Makes a [`Handler`] of an `async fn(&Cx) -> Result<Response>`.
macro_rules! outside {
    ($handler:path) => {
        $crate::route::Handler::Outside(|cx| Box::pin($handler(cx)))
    };
}

pub(crate) use {in_tx, outside, prepared};

const fn endpoint(operation: Operation, handler: Handler) -> Endpoint {
    Endpoint {
        operation,
        access: Access::Auth,
        writes: Writes::Action,
        fields: Fields::Known(&[]),
        login: false,
        streamed: false,
        before_init: false,
        handler,
    }
}

pub const fn read(handler: Handler) -> Endpoint {
    endpoint(Operation::Read, handler)
}

pub const fn list(handler: Handler) -> Endpoint {
    endpoint(Operation::List, handler)
}

pub const fn delete(handler: Handler) -> Endpoint {
    endpoint(Operation::Delete, handler)
}

pub const fn patch(handler: Handler) -> Endpoint {
    endpoint(Operation::Patch, handler)
}

/// A write that does something.
pub const fn action(handler: Handler) -> Endpoint {
    endpoint(Operation::Write, handler)
}

/// A write that keeps something.
pub const fn store(handler: Handler) -> Endpoint {
    Endpoint { writes: Writes::Stored, ..endpoint(Operation::Write, handler) }
}

impl Endpoint {
    pub const fn fields(mut self, fields: &'static [Field]) -> Self {
        self.fields = Fields::Known(fields);
        self
    }

    /// Takes whatever comes.
    pub const fn any_fields(mut self) -> Self {
        self.fields = Fields::Any;
        self
    }

    pub const fn sudo(mut self) -> Self {
        self.access = Access::Sudo;
        self
    }

    /// An auth method's way in.
    pub const fn login(mut self) -> Self {
        self.login = true;
        self.unauth()
    }

    pub const fn streamed(mut self) -> Self {
        self.streamed = true;
        self
    }

    pub const fn before_init(mut self) -> Self {
        self.before_init = true;
        self
    }

    pub const fn unauth(mut self) -> Self {
        self.access = Access::Unauth;
        self
    }
}

impl Route {
    /// Whether all who ask are heard without a token.
    pub fn is_unauth(&self) -> bool {
        self.endpoints.iter().all(|it| it.access == Access::Unauth)
    }

    /// Whether the pattern goes on behind its last fixed part.
    pub fn has_folders(&self) -> bool {
        self.pattern.ends_with("...}")
    }

    /// The one spelling of a path that this route fits: parameters called as in `folded` in lower case, and a
    /// slash at the end only where it says what is meant, which the route must have folders for.
    pub(crate) fn spelling(&self, params: &Params<'_>, folded: &[&str], keeps_slash: bool) -> String {
        let mut out = String::new();
        for segment in self.pattern.split('/') {
            let inner = segment.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
            let part = match inner.map(|it| it.strip_suffix("...").unwrap_or(it)) {
                None => segment.to_owned(),
                Some(name) if folded.contains(&name) => params.get(name).to_ascii_lowercase(),
                Some(name) => params.get(name).to_owned(),
            };
            let part = part.trim_end_matches('/');
            if !out.is_empty() && !part.is_empty() {
                out.push('/');
            }
            out.push_str(part);
        }
        if keeps_slash && !out.is_empty() {
            out.push('/');
        }
        out
    }

    /// Whether the pattern has a part called `name`.
    pub fn has_param(&self, name: &str) -> bool {
        self.pattern.split('/').any(|segment| {
            let inner = segment.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
            inner.is_some_and(|it| it.strip_suffix("...").unwrap_or(it) == name)
        })
    }
}

/// What the braces of a pattern matched.
#[derive(Clone, Debug, Default)]
pub struct Params<'p>(Vec<(&'static str, &'p str)>);

impl<'p> Params<'p> {
    /// Empty for a name that the pattern does not have.
    pub fn get(&self, name: &str) -> &'p str {
        self.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}

/// An engine's tables: one for each resource.
pub type Tables = &'static [&'static [Route]];

/// The first route whose pattern fits: tables go from the special to the general.
pub fn find(tables: Tables, path: &str) -> Option<(&'static Route, Params<'_>)> {
    tables
        .iter()
        .flat_map(|it| it.iter())
        .find_map(|route| fit(route.pattern, path).map(|params| (route, params)))
}

/// Whether a request's body, or its answer, is to be passed on as it comes. Only the system has such routes.
pub fn is_streamed(operation: Operation, path: &str) -> bool {
    // Most requests are for other places: no table is gone through for them.
    let Some(path) = path.strip_prefix("sys/").filter(|it| it.starts_with("storage/")) else { return false };
    find(crate::system::ROUTES, path)
        .is_some_and(|(route, _)| route.endpoints.iter().any(|it| it.operation == operation && it.streamed))
}

fn fit<'p>(pattern: &'static str, path: &'p str) -> Option<Params<'p>> {
    let mut params = Params::default();
    let (mut pattern, mut rest) = (pattern, Some(path));
    loop {
        let (segment, more) = match pattern.split_once('/') {
            Some((segment, more)) => (segment, Some(more)),
            None => (pattern, None),
        };
        if let Some(name) = segment.strip_prefix('{').and_then(|it| it.strip_suffix("...}")) {
            let rest = match more {
                None => rest.unwrap_or_default(),
                Some(end) => {
                    let rest = rest?.strip_suffix('/').or(rest)?;
                    rest.strip_suffix(end)?.strip_suffix('/').filter(|it| !it.is_empty())?
                }
            };
            params.0.push((name, rest));
            return Some(params);
        }
        let (part, tail) = match rest?.split_once('/') {
            Some((part, tail)) => (part, Some(tail)),
            None => (rest?, None),
        };
        match segment.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
            Some(_) if part.is_empty() => return None,
            Some(name) => params.0.push((name, part)),
            None if segment == part => {}
            None => return None,
        }
        // A trailing slash leaves an empty tail.
        rest = tail;
        match more {
            Some(more) => pattern = more,
            None => return rest.is_none_or(str::is_empty).then_some(params),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &'static str, path: &str, expected: Option<&[(&str, &str)]>) {
        let found = fit(pattern, path).map(|it| it.0);
        assert_eq!(found.as_deref(), expected, "{pattern} {path}");
    }

    #[test]
    fn a_route_has_one_spelling_of_a_path() {
        #[track_caller]
        fn check(pattern: &'static str, path: &str, keeps_slash: bool, expected: &str) {
            let route = Route { pattern, summary: "", endpoints: &[] };
            let spelling = route.spelling(&fit(pattern, path).unwrap(), &["name"], keeps_slash);
            assert_eq!(spelling, expected, "{pattern} {path}");
            let again = route.spelling(&fit(pattern, &spelling).unwrap(), &["name"], keeps_slash);
            assert_eq!(again, spelling, "{pattern} {path}");
        }
        check("role/{name}/id", "role/Admin/id/", false, "role/admin/id");
        check("role/{other}", "role/Admin/", false, "role/Admin");
        check("acl/{name...}", "acl/Team/A/", false, "acl/team/a");
        check("mounts/{path...}/tune", "mounts/A/b/tune/", false, "mounts/A/b/tune");
        check("data/{path...}", "data/A/b/", true, "data/A/b/");
        check("data/{path...}", "data/", false, "data");
        check("{path...}", "", true, "");
        check("config", "config/", false, "config");
    }

    #[test]
    fn patterns_fit_whole_paths() {
        check("config", "config", Some(&[]));
        check("config", "config/", Some(&[]));
        check("config", "config/x", None);
        check("config", "configs", None);
        check("role/{name}", "role/a", Some(&[("name", "a")]));
        check("role/{name}", "role/", None);
        check("role/{name}", "role", None);
        check("role/{name}/secret-id", "role/a/secret-id", Some(&[("name", "a")]));
        check("role/{name}/secret-id", "role/a/role-id", None);
        check("data/{path...}", "data/a/b/", Some(&[("path", "a/b/")]));
        check("data/{path...}", "data/", Some(&[("path", "")]));
        check("data/{path...}", "data", Some(&[("path", "")]));
        check("{path...}", "a/b", Some(&[("path", "a/b")]));
        check("{path...}", "", Some(&[("path", "")]));
        check("mounts/{path...}/tune", "mounts/a/b/tune", Some(&[("path", "a/b")]));
        check("mounts/{path...}/tune", "mounts/a/tune/", Some(&[("path", "a")]));
        check("mounts/{path...}/tune", "mounts/tune", None);
        check("mounts/{path...}/tune", "mounts/a/b", None);
        check("mounts/{path...}/tune", "mounts/a/fortune", None);
    }
}
