//! `lookup`: an entity or a group by whatever is known of it.

use serde::Deserialize;
use strongroom_api::params::Text;

use super::{entities, entity, group, groups};
use crate::{
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Field, Kind, Route, action, field, in_tx},
    tx::Tx,
};

const FIELDS: &[Field] = &[
    field("alias_id", Kind::Text),
    field("alias_mount_accessor", Kind::Text),
    field("alias_name", Kind::Text),
    field("id", Kind::Text),
    field("name", Kind::Text),
];

pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "lookup/entity",
        summary: "Finds an entity by its id, its name or an alias.",
        endpoints: &[action(in_tx!(an_entity)).fields(FIELDS)],
    },
    Route {
        pattern: "lookup/group",
        summary: "Finds a group by its id, its name or its alias.",
        endpoints: &[action(in_tx!(a_group)).fields(FIELDS)],
    },
];

#[derive(Deserialize)]
struct Fields {
    alias_id: Option<Text>,
    alias_mount_accessor: Option<Text>,
    alias_name: Option<Text>,
    id: Option<Text>,
    name: Option<Text>,
}

/// What is known.
enum By {
    Alias { accessor: String, name: String },
    AliasId(String),
    Id(String),
    Name(String),
}

impl Fields {
    fn by(self) -> Result<By> {
        let given = |it: Option<Text>| it.map(|it| it.0).filter(|it| !it.is_empty());
        let (accessor, alias) = (given(self.alias_mount_accessor), given(self.alias_name));
        let mut ways: Vec<By> = [
            given(self.id).map(By::Id),
            given(self.name).map(By::Name),
            given(self.alias_id).map(By::AliasId),
        ]
        .into_iter()
        .flatten()
        .collect();
        match (accessor, alias) {
            (Some(accessor), Some(name)) => ways.push(By::Alias { accessor, name }),
            (None, None) => {}
            _ => return Err(Error::invalid("both 'alias_name' and 'alias_mount_accessor' needs to be set")),
        }
        if ways.len() > 1 {
            let text = "query parameter conflict; please supply distinct set of query parameters";
            return Err(Error::invalid(text));
        }
        ways.pop().ok_or_else(|| Error::invalid("query parameter not supplied"))
    }
}

async fn an_entity(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let found = match cx.fields::<Fields>()?.by()? {
        By::Id(id) => entity::by_id(tx, &id).await?,
        By::Name(name) => entity::named(tx, &name).await?,
        By::AliasId(id) => entity::by_alias_id(tx, &id).await?.map(|it| it.0),
        By::Alias { accessor, name } => entity::by_alias(tx, &accessor, &name).await?.map(|it| it.0),
    };
    match found {
        Some(entity) => entities::answer(cx, &entity).await,
        None => Ok(Response::empty()),
    }
}

async fn a_group(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let found = match cx.fields::<Fields>()?.by()? {
        By::Id(id) => group::by_id(tx, &id).await?,
        By::Name(name) => group::named(tx, &name).await?,
        By::AliasId(id) => group::by_alias_id(tx, &id).await?,
        By::Alias { accessor, name } => group::by_alias(tx, &accessor, &name).await?,
    };
    match found {
        Some(group) => groups::answer(cx, &group).await,
        None => Ok(Response::empty()),
    }
}
