//! What a role or user says about the tokens that it makes: the `token_*` fields that all auth methods share.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, Integer, List, Seconds, Text};
use strongroom_policies::PolicyName;

use super::{TokenKind, ttl::Limits};
use crate::{
    error::{Error, Result},
    net::Cidr,
    request::Peer,
    response::Response,
    route::{Field, Kind, field},
};

/// The fields, for a route's table. To be followed by the method's own.
pub const FIELDS: [Field; 10] = [
    field("token_bound_cidrs", Kind::List),
    field("token_explicit_max_ttl", Kind::Duration),
    field("token_max_ttl", Kind::Duration),
    field("token_no_default_policy", Kind::Bool),
    field("token_num_uses", Kind::Integer),
    field("token_period", Kind::Duration),
    field("token_policies", Kind::List),
    field("token_strictly_bind_ip", Kind::Bool),
    field("token_ttl", Kind::Duration),
    field("token_type", Kind::Text),
];

/// As it is stored within a role's or user's record.
#[derive(Clone, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct TokenParams {
    #[n(0)]
    pub bound_cidrs: Vec<String>,
    #[cbor(n(1), with = "crate::codec::seconds")]
    pub explicit_max_ttl: Duration,
    #[cbor(n(2), with = "crate::codec::seconds")]
    pub max_ttl: Duration,
    #[n(3)]
    pub no_default_policy: bool,
    #[n(4)]
    pub num_uses: i64,
    #[cbor(n(5), with = "crate::codec::seconds")]
    pub period: Duration,
    /// In the order in which they were written.
    #[n(6)]
    pub policies: Vec<String>,
    #[n(7)]
    pub strictly_bind_ip: bool,
    #[cbor(n(8), with = "crate::codec::seconds")]
    pub ttl: Duration,
    #[n(9)]
    pub token_type: TokenType,
}

/// Which kind of token is made.
#[derive(
    Clone, Copy, Debug, Default, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode,
)]
#[cbor(index_only)]
pub enum TokenType {
    #[n(0)]
    Batch,
    /// As the mount says.
    #[default]
    #[n(1)]
    Default,
    /// Batch, unless the request says otherwise.
    #[n(2)]
    DefaultBatch,
    /// Service, unless the request says otherwise.
    #[n(3)]
    DefaultService,
    #[n(4)]
    Service,
}

impl TokenType {
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "" | "default" => Self::Default,
            "batch" => Self::Batch,
            "default-batch" => Self::DefaultBatch,
            "default-service" => Self::DefaultService,
            "service" => Self::Service,
            _ => return None,
        })
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Default => "default",
            Self::DefaultBatch => "default-batch",
            Self::DefaultService => "default-service",
            Self::Service => "service",
        }
    }

    /// What is made if `asked` is asked for.
    pub fn choose(self, asked: Option<TokenKind>) -> TokenKind {
        match self {
            Self::Batch => TokenKind::Batch,
            Self::Service => TokenKind::Service,
            Self::DefaultBatch => asked.unwrap_or(TokenKind::Batch),
            Self::Default | Self::DefaultService => asked.unwrap_or(TokenKind::Service),
        }
    }
}

/// The fields as they come, to be read beside a method's own: `cx.fields::<TokenFields>()`. A method that takes
/// older names for some of them fills these in.
#[derive(Debug, Default, Deserialize)]
pub struct TokenFields {
    pub token_bound_cidrs: Option<List>,
    pub token_explicit_max_ttl: Option<Seconds>,
    pub token_max_ttl: Option<Seconds>,
    pub token_no_default_policy: Option<Bool>,
    pub token_num_uses: Option<Integer>,
    pub token_period: Option<Seconds>,
    pub token_policies: Option<List>,
    pub token_strictly_bind_ip: Option<Bool>,
    pub token_ttl: Option<Seconds>,
    pub token_type: Option<Text>,
}

impl TokenParams {
    /// Takes over what `fields` name; the rest stays.
    pub fn update(&mut self, fields: TokenFields) -> Result<()> {
        if let Some(List(cidrs)) = fields.token_bound_cidrs {
            self.bound_cidrs = self::cidrs(cidrs)?;
        }
        if let Some(Seconds(ttl)) = fields.token_explicit_max_ttl {
            self.explicit_max_ttl = ttl;
        }
        if let Some(Seconds(ttl)) = fields.token_max_ttl {
            self.max_ttl = ttl;
        }
        if let Some(Bool(flag)) = fields.token_no_default_policy {
            self.no_default_policy = flag;
        }
        if let Some(Integer(number)) = fields.token_num_uses {
            if number < 0 {
                return Err(Error::invalid("'token_num_uses' cannot be negative"));
            }
            self.num_uses = number;
        }
        if let Some(Seconds(period)) = fields.token_period {
            self.period = period;
        }
        if let Some(List(names)) = fields.token_policies {
            self.policies = assignable(&names)?;
        }
        if let Some(Bool(flag)) = fields.token_strictly_bind_ip {
            self.strictly_bind_ip = flag;
        }
        if let Some(Seconds(ttl)) = fields.token_ttl {
            self.ttl = ttl;
        }
        if let Some(Text(text)) = fields.token_type {
            self.token_type =
                TokenType::parse(&text).ok_or_else(|| Error::invalid("invalid 'token_type' value"))?;
        }
        self.check()
    }

    fn check(&self) -> Result<()> {
        if !self.max_ttl.is_zero() && self.ttl > self.max_ttl {
            return Err(Error::invalid("'token_ttl' cannot be greater than 'token_max_ttl'"));
        }
        if matches!(self.token_type, TokenType::Batch | TokenType::DefaultBatch) {
            if !self.period.is_zero() {
                return Err(Error::invalid(
                    "'token_type' cannot be 'batch' or 'default_batch' when set to generate periodic tokens",
                ));
            }
            if self.num_uses != 0 {
                return Err(Error::invalid(
                    "'token_type' cannot be 'batch' or 'default_batch' when set to generate tokens with limited use count",
                ));
            }
        }
        Ok(())
    }

    /// As a role or user is read back.
    pub fn shown(&self) -> ShownParams<'_> {
        ShownParams {
            token_bound_cidrs: &self.bound_cidrs,
            token_explicit_max_ttl: self.explicit_max_ttl.as_secs(),
            token_max_ttl: self.max_ttl.as_secs(),
            token_no_default_policy: self.no_default_policy,
            token_num_uses: self.num_uses,
            token_period: self.period.as_secs(),
            token_policies: &self.policies,
            token_strictly_bind_ip: self.strictly_bind_ip,
            token_ttl: self.ttl.as_secs(),
            token_type: self.token_type.name(),
        }
    }

    /// How the write of a role is answered: its tokens may live shorter than it says.
    pub(crate) fn written(&self, limits: Limits) -> Response {
        let response = Response::empty();
        match self.max_ttl > limits.max {
            true => response.warn(
                "token_max_ttl is greater than the backend mount's maximum TTL value; issued tokens' max TTL value will be truncated",
            ),
            false => response,
        }
    }

    /// Whether a login from `peer` is within the networks that its token would be bound to.
    pub fn may_login_from(&self, peer: &Peer) -> bool {
        within(&self.bound_cidrs, peer)
    }
}

/// To be flattened into what a method shows of a role or user.
#[derive(Debug, Serialize)]
pub struct ShownParams<'a> {
    token_bound_cidrs: &'a [String],
    token_explicit_max_ttl: u64,
    token_max_ttl: u64,
    token_no_default_policy: bool,
    token_num_uses: i64,
    token_period: u64,
    token_policies: &'a [String],
    token_strictly_bind_ip: bool,
    token_ttl: u64,
    token_type: &'static str,
}

/// Whether `peer` is in one of the networks. No networks: everywhere.
pub(crate) fn within(cidrs: &[String], peer: &Peer) -> bool {
    if cidrs.is_empty() {
        return true;
    }
    let Peer::Address(address) = peer else { return false };
    cidrs.iter().any(|it| it.parse::<Cidr>().is_ok_and(|it| it.contains(address.ip())))
}

/// Policy names in their one form, without repeats, in their order.
pub fn policy_names(raw: &[String]) -> Result<Vec<String>> {
    let mut names = Vec::with_capacity(raw.len());
    for text in raw.iter().filter(|it| !it.is_empty()) {
        let name = PolicyName::new(text).map_err(|error| Error::invalid(error.to_string()))?;
        if !names.iter().any(|it| it == name.as_str()) {
            names.push(name.as_str().to_owned());
        }
    }
    Ok(names)
}

/// As [`policy_names`], for what is kept in a role or user. Rule 38: none of them can carry `root`.
pub fn assignable(raw: &[String]) -> Result<Vec<String>> {
    let names = policy_names(raw)?;
    match names.iter().find(|it| matches!(it.as_str(), "root" | "response-wrapping")) {
        Some(name) => Err(Error::invalid(format!("policy \"{name}\" cannot be assigned by a role or user"))),
        None => Ok(names),
    }
}

/// Networks as they were written, if all of them are networks.
pub fn cidrs(raw: Vec<String>) -> Result<Vec<String>> {
    match raw.iter().all(|it| it.parse::<Cidr>().is_ok()) {
        true => Ok(raw),
        false => Err(Error::invalid("error parsing address: not an address or a network in CIDR notation")),
    }
}
