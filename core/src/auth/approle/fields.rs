//! `role/{name}/…`: single fields of a role, to be read, written and reset.

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};
use strongroom_api::params::{Bool, Integer, List, Seconds};

use super::role::{self, Role};
use crate::{
    auth::one_of,
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Endpoint, Field, Kind, Route, action, delete, field, in_tx, read},
    tokens::params,
    tx::Tx,
};

/// The three things that can be done with a field.
macro_rules! field_route {
    ($pattern:literal, $summary:literal, $fields:expr) => {
        Route {
            pattern: concat!("role/{role_name}/", $pattern),
            summary: $summary,
            endpoints: {
                const FIELDS: &[Field] = &$fields;
                const ENDPOINTS: &[Endpoint] =
                    &[read(in_tx!(show)), action(in_tx!(write)).fields(FIELDS), delete(in_tx!(reset))];
                ENDPOINTS
            },
        }
    };
}

pub(super) const ROUTES: &[Route] = &[
    field_route!(
        "bind-secret-id",
        "Whether a login needs a secret id.",
        [field("bind_secret_id", Kind::Bool)]
    ),
    field_route!(
        "bound-cidr-list",
        "The old name of secret-id-bound-cidrs.",
        [field("bound_cidr_list", Kind::List)]
    ),
    Route {
        pattern: "role/{role_name}/local-secret-ids",
        summary: "Whether its secret ids belong to this cluster alone.",
        endpoints: &[read(in_tx!(show))],
    },
    field_route!(
        "period",
        "How long its tokens live without a renewal, for ever if they are renewed.",
        [field("period", Kind::Duration), field("token_period", Kind::Duration)]
    ),
    field_route!(
        "policies",
        "What its tokens may do.",
        [field("policies", Kind::List), field("token_policies", Kind::List)]
    ),
    field_route!(
        "secret-id-bound-cidrs",
        "The networks that logins may come from.",
        [field("secret_id_bound_cidrs", Kind::List)]
    ),
    field_route!(
        "secret-id-num-uses",
        "How many logins a secret id is good for.",
        [field("secret_id_num_uses", Kind::Integer)]
    ),
    field_route!("secret-id-ttl", "How long a secret id lives.", [field("secret_id_ttl", Kind::Duration)]),
    field_route!(
        "token-bound-cidrs",
        "The networks that its tokens may be used from.",
        [field("token_bound_cidrs", Kind::List)]
    ),
    field_route!(
        "token-max-ttl",
        "How long its tokens live at most.",
        [field("token_max_ttl", Kind::Duration)]
    ),
    field_route!(
        "token-num-uses",
        "How many requests its tokens are good for.",
        [field("token_num_uses", Kind::Integer)]
    ),
    field_route!("token-ttl", "How long its tokens live at first.", [field("token_ttl", Kind::Duration)]),
];

/// Which field a path is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Single {
    BindSecretId,
    BoundCidrList,
    LocalSecretIds,
    Period,
    Policies,
    SecretIdBoundCidrs,
    SecretIdNumUses,
    SecretIdTtl,
    TokenBoundCidrs,
    TokenMaxTtl,
    TokenNumUses,
    TokenTtl,
}

impl Single {
    fn of(cx: &Cx<'_>) -> Result<Self> {
        Ok(match cx.path.trim_end_matches('/').rsplit('/').next() {
            Some("bind-secret-id") => Self::BindSecretId,
            Some("bound-cidr-list") => Self::BoundCidrList,
            Some("local-secret-ids") => Self::LocalSecretIds,
            Some("period") => Self::Period,
            Some("policies") => Self::Policies,
            Some("secret-id-bound-cidrs") => Self::SecretIdBoundCidrs,
            Some("secret-id-num-uses") => Self::SecretIdNumUses,
            Some("secret-id-ttl") => Self::SecretIdTtl,
            Some("token-bound-cidrs") => Self::TokenBoundCidrs,
            Some("token-max-ttl") => Self::TokenMaxTtl,
            Some("token-num-uses") => Self::TokenNumUses,
            Some("token-ttl") => Self::TokenTtl,
            _ => return Err(Error::UnsupportedPath),
        })
    }
}

/// An object with one field.
struct One<T>(&'static str, T);

impl<T: Serialize> Serialize for One<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(1))?;
        map.serialize_entry(self.0, &self.1)?;
        map.end()
    }
}

#[derive(Serialize)]
struct ShownPeriod {
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u64>,
    token_period: u64,
}

#[derive(Serialize)]
struct ShownPolicies<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    policies: Option<&'a [String]>,
    token_policies: &'a [String],
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let role = role::named(cx, tx).await?.ok_or(Error::NotFound)?;
    let params = &role.params;
    let some = |list: &'_ [String]| (!list.is_empty()).then(|| list.to_vec());
    match Single::of(cx)? {
        Single::BindSecretId => Response::data(&One("bind_secret_id", role.bind_secret_id)),
        // What is written here is kept, and shown, under the new name.
        Single::BoundCidrList => Ok(Response::data(&One("bound_cidr_list", ()))?.warn(
            "The \"bound_cidr_list\" field is deprecated and will be removed. Please use \"secret_id_bound_cidrs\" instead.",
        )),
        Single::LocalSecretIds => Response::data(&One("local_secret_ids", role.local_secret_ids())),
        Single::Period => {
            let token_period = params.period.as_secs();
            let period = (role.old_period && token_period != 0).then_some(token_period);
            Response::data(&ShownPeriod { period, token_period })
        }
        Single::Policies => {
            let token_policies = params.policies.as_slice();
            let policies = (role.old_policies && !token_policies.is_empty()).then_some(token_policies);
            Response::data(&ShownPolicies { policies, token_policies })
        }
        Single::SecretIdBoundCidrs => Response::data(&One("secret_id_bound_cidrs", some(role.networks()))),
        Single::SecretIdNumUses => Response::data(&One("secret_id_num_uses", role.secret_id_num_uses)),
        Single::SecretIdTtl => Response::data(&One("secret_id_ttl", role.secret_id_ttl.as_secs())),
        Single::TokenBoundCidrs => Response::data(&One("token_bound_cidrs", some(&params.bound_cidrs))),
        Single::TokenMaxTtl => Response::data(&One("token_max_ttl", params.max_ttl.as_secs())),
        Single::TokenNumUses => Response::data(&One("token_num_uses", params.num_uses)),
        Single::TokenTtl => Response::data(&One("token_ttl", params.ttl.as_secs())),
    }
}

#[derive(Deserialize)]
struct Fields {
    bind_secret_id: Option<Bool>,
    bound_cidr_list: Option<List>,
    period: Option<Seconds>,
    policies: Option<List>,
    secret_id_bound_cidrs: Option<List>,
    secret_id_num_uses: Option<Integer>,
    secret_id_ttl: Option<Seconds>,
    token_bound_cidrs: Option<List>,
    token_max_ttl: Option<Seconds>,
    token_num_uses: Option<Integer>,
    token_period: Option<Seconds>,
    token_policies: Option<List>,
    token_ttl: Option<Seconds>,
}

async fn write(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let mut role = role::named(cx, tx).await?.ok_or(Error::UnsupportedPath)?;
    change(&mut role, Single::of(cx)?, cx.fields()?)?;
    role::put(cx, tx, &role)?;
    Ok(Response::empty())
}

fn change(role: &mut Role, single: Single, fields: Fields) -> Result<()> {
    let params = &mut role.params;
    match single {
        Single::BindSecretId => role.bind_secret_id = given(fields.bind_secret_id, "bind_secret_id")?.0,
        Single::BoundCidrList => set_networks(role, fields.bound_cidr_list)?,
        Single::LocalSecretIds => return Err(Error::UnsupportedOperation),
        Single::Period => {
            let (Seconds(time), was_old) = given(one_of(fields.token_period, fields.period), "period")?;
            params.period = time;
            role.old_period = was_old;
        }
        Single::Policies => {
            let (list, was_old) = given(one_of(fields.token_policies, fields.policies), "token_policies")?;
            params.policies = role::policies(&list, true)?;
            role.old_policies = was_old;
        }
        Single::SecretIdBoundCidrs => set_networks(role, fields.secret_id_bound_cidrs)?,
        Single::SecretIdNumUses => {
            role.secret_id_num_uses =
                role::num_uses(given(fields.secret_id_num_uses, "secret_id_num_uses")?)?;
        }
        Single::SecretIdTtl => role.secret_id_ttl = given(fields.secret_id_ttl, "secret_id_ttl")?.0,
        Single::TokenBoundCidrs => {
            if let Some(List(list)) = fields.token_bound_cidrs {
                params.bound_cidrs = params::cidrs(list)?;
            }
        }
        Single::TokenMaxTtl => {
            let Seconds(time) = given(fields.token_max_ttl, "token_max_ttl")?;
            if !time.is_zero() && time < params.ttl {
                return Err(Error::invalid("token_max_ttl should be greater than or equal to token_ttl"));
            }
            params.max_ttl = time;
        }
        Single::TokenNumUses => {
            let Integer(number) = given(fields.token_num_uses, "token_num_uses")?;
            if number < 0 {
                return Err(Error::invalid("'token_num_uses' cannot be negative"));
            }
            params.num_uses = number;
        }
        Single::TokenTtl => {
            let Seconds(time) = given(fields.token_ttl, "token_ttl")?;
            if !params.max_ttl.is_zero() && time > params.max_ttl {
                return Err(Error::invalid("token_ttl should not be greater than token_max_ttl"));
            }
            params.ttl = time;
        }
    }
    Ok(())
}

fn given<T>(field: Option<T>, name: &'static str) -> Result<T> {
    field.ok_or_else(|| Error::invalid(format!("missing {name}")))
}

fn set_networks(role: &mut Role, list: Option<List>) -> Result<()> {
    if let Some(List(list)) = list {
        role.secret_id_bound_cidrs = Some(role::networks(list)?);
    }
    Ok(())
}

async fn reset(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let Some(mut role) = role::named(cx, tx).await? else { return Ok(Response::empty()) };
    let params = &mut role.params;
    match Single::of(cx)? {
        Single::BindSecretId => role.bind_secret_id = true,
        // Under this name there is nothing to reset: it is kept under the new one.
        Single::BoundCidrList => {}
        Single::LocalSecretIds => return Err(Error::UnsupportedOperation),
        Single::Period => params.period = std::time::Duration::ZERO,
        Single::Policies => params.policies.clear(),
        Single::SecretIdBoundCidrs => role.secret_id_bound_cidrs = None,
        Single::SecretIdNumUses => role.secret_id_num_uses = 0,
        Single::SecretIdTtl => role.secret_id_ttl = std::time::Duration::ZERO,
        Single::TokenBoundCidrs => params.bound_cidrs.clear(),
        Single::TokenMaxTtl => params.max_ttl = std::time::Duration::ZERO,
        Single::TokenNumUses => params.num_uses = 0,
        Single::TokenTtl => params.ttl = std::time::Duration::ZERO,
    }
    role::put(cx, tx, &role)?;
    Ok(Response::empty())
}
