//! `certs`: which certificates, or authorities, are trusted, and what the tokens of their logins are like.

use std::time::Duration;

use minicbor::bytes::ByteVec;
use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, Integer, List, Seconds, Text};

use super::constraints::Constraints;
use crate::{
    auth::{name::Name, one_of},
    barrier::{Class, Filed, Place, Record, filed},
    crypto::x509::{self, Certificate},
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mount,
    response::Response,
    route::{Field, Kind, Route, delete, field, in_tx, list, read, store},
    store::Store,
    tokens::params::{self, ShownParams, TokenFields, TokenParams},
    tx::Tx,
};

pub(super) const FOLDER: &str = "cert/";

const FIELDS: &[Field] = &[
    field("allowed_common_names", Kind::List),
    field("allowed_dns_sans", Kind::List),
    field("allowed_email_sans", Kind::List),
    field("allowed_metadata_extensions", Kind::List),
    field("allowed_names", Kind::List),
    field("allowed_organizational_units", Kind::List),
    field("allowed_uri_sans", Kind::List),
    field("bound_cidrs", Kind::List),
    field("certificate", Kind::Text),
    field("display_name", Kind::Text),
    field("lease", Kind::Integer),
    field("max_ttl", Kind::Duration),
    field("ocsp_ca_certificates", Kind::Text),
    field("ocsp_enabled", Kind::Bool),
    field("ocsp_fail_open", Kind::Bool),
    field("ocsp_query_all_servers", Kind::Bool),
    field("ocsp_servers_override", Kind::List),
    field("period", Kind::Duration),
    field("policies", Kind::List),
    field("required_extensions", Kind::List),
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
    field("ttl", Kind::Duration),
];

pub(super) const ROUTES: &[Route] = &[
    Route { pattern: "certs", summary: "The names of all entries.", endpoints: &[list(in_tx!(names))] },
    Route {
        pattern: "certs/{name}",
        summary: "A certificate, or authorities, whose holders may log in.",
        endpoints: &[read(in_tx!(show)), store(in_tx!(write)).fields(FIELDS), delete(in_tx!(remove))],
    },
];

/// Certificates of one entry, and their text.
const MAX_CERTIFICATES: usize = 32;
const MAX_TEXT: usize = 64 << 10;

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Entry {
    #[n(0)]
    pub(super) name: String,
    /// PEM, as it was written.
    #[n(1)]
    text: String,
    /// Authorities, or the one certificate that is trusted.
    #[n(2)]
    trusted: Vec<ByteVec>,
    #[n(3)]
    pins: bool,
    #[n(4)]
    pub(super) display_name: String,
    #[n(5)]
    pub(super) constraints: Constraints,
    #[n(6)]
    pub(super) params: TokenParams,
    /// Those that were written under their old names are shown under them too.
    #[n(7)]
    old: OldNames,
}

#[derive(Clone, Copy, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct OldNames {
    #[n(0)]
    bound_cidrs: bool,
    #[n(1)]
    max_ttl: bool,
    #[n(2)]
    period: bool,
    #[n(3)]
    policies: bool,
    #[n(4)]
    ttl: bool,
}

impl Record for Entry {}

pub(super) const KINDS: &[Filed] = &[filed::<Entry>(Class::Config)];

/// Whom an entry trusts.
pub(super) enum Trusted<'a> {
    /// This certificate and no other, whoever issued it.
    Pinned(&'a [u8]),
    Authorities(&'a [ByteVec]),
}

impl Entry {
    fn new(name: &Name) -> Self {
        Self {
            name: name.as_str().to_owned(),
            text: String::new(),
            trusted: Vec::new(),
            pins: false,
            display_name: name.as_str().to_owned(),
            constraints: Constraints::default(),
            params: TokenParams::default(),
            old: OldNames::default(),
        }
    }

    pub(super) fn trusted(&self) -> Trusted<'_> {
        match self.trusted.as_slice() {
            [pinned] if self.pins => Trusted::Pinned(pinned),
            authorities => Trusted::Authorities(authorities),
        }
    }

    /// Rule 73: a certificate is either pinned or an authority's, and none is ever both.
    fn trust(&mut self, text: String) -> Result<()> {
        let bad = || Error::invalid("failed to parse certificate");
        if text.len() > MAX_TEXT {
            return Err(Error::invalid("the certificates of an entry are longer than 64 KiB"));
        }
        let found = x509::certificates(&text).map_err(|_| bad())?;
        if found.len() > MAX_CERTIFICATES {
            return Err(Error::invalid("an entry has at most 32 certificates"));
        }
        let read: Vec<Certificate> =
            found.iter().map(|it| Certificate::read(it)).collect::<Result<_, _>>().map_err(|_| bad())?;
        let Some((first, others)) = read.split_first() else { return Err(bad()) };
        self.pins = !first.is_ca();
        if self.pins && !first.may_be_a_client() {
            return Err(Error::invalid(
                "nonCA certificates should have TLS client authentication set as an extended key usage",
            ));
        }
        if !others.iter().all(Certificate::is_ca) {
            return Err(Error::invalid(match self.pins {
                true => {
                    "an entry trusts one certificate that is no authority's: behind it may stand its authorities"
                }
                false => "an entry that trusts authorities cannot trust a certificate that is no authority's",
            }));
        }
        if !self.pins && !read.iter().all(Certificate::may_issue) {
            return Err(Error::invalid("an authority's key usage does not allow it to sign certificates"));
        }
        // Who issued a pinned certificate is nothing to go by.
        let count = if self.pins { 1 } else { found.len() };
        self.trusted = found.into_iter().take(count).map(ByteVec::from).collect();
        self.text = text;
        Ok(())
    }
}

fn place(store: &Store, mount: &Mount, name: &Name) -> Place {
    store.place(Class::Config, mount.root(), &format!("{FOLDER}{name}"))
}

/// The entry called `name`, as the transaction sees it.
pub(super) async fn load(tx: &mut Tx, mount: &Mount, name: &Name) -> Result<Option<Entry>> {
    let place = place(tx.store(), mount, name);
    tx.get(&place).await
}

fn name(cx: &Cx<'_>) -> Result<Name> {
    Name::new(cx.param("name"))
}

async fn names(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let dir = tx.store().dir(cx.mount()?.root(), FOLDER);
    Response::keys(&tx.names(Class::Config, dir).await?)
}

#[derive(Deserialize)]
struct Fields {
    bound_cidrs: Option<List>,
    certificate: Option<Text>,
    display_name: Option<Text>,
    lease: Option<Integer>,
    max_ttl: Option<Seconds>,
    ocsp_ca_certificates: Option<Text>,
    ocsp_enabled: Option<Bool>,
    ocsp_fail_open: Option<Bool>,
    ocsp_query_all_servers: Option<Bool>,
    ocsp_servers_override: Option<List>,
    period: Option<Seconds>,
    policies: Option<List>,
    token_bound_cidrs: Option<List>,
    token_max_ttl: Option<Seconds>,
    token_period: Option<Seconds>,
    token_policies: Option<List>,
    token_ttl: Option<Seconds>,
    ttl: Option<Seconds>,
}

impl Fields {
    /// Rule 75: what would have to be asked and is not asked is no answer that lets anybody in.
    fn refuse_ocsp(&self) -> Result<()> {
        let is_on = |it: &Option<Bool>| it.as_ref().is_some_and(|it| it.0);
        let is_wanted = is_on(&self.ocsp_enabled)
            || is_on(&self.ocsp_fail_open)
            || is_on(&self.ocsp_query_all_servers)
            || self.ocsp_ca_certificates.as_ref().is_some_and(|it| !it.0.is_empty())
            || self.ocsp_servers_override.as_ref().is_some_and(|it| !it.0.is_empty());
        match is_wanted {
            true => Err(Error::invalid(
                "OCSP is not supported: leave ocsp_* at their defaults, and give revocation lists at crls/NAME",
            )),
            false => Ok(()),
        }
    }
}

async fn write(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (mount, name) = (cx.mount()?, name(cx)?);
    let old = load(tx, mount, &name).await?;
    cx.may_write(old.is_some())?;
    let fields: Fields = cx.fields()?;
    fields.refuse_ocsp()?;
    let mut entry = old.unwrap_or_else(|| Entry::new(&name));
    change(&mut entry, fields)?;
    entry.constraints.update(cx.fields()?)?;
    entry.params.update(cx.fields::<TokenFields>()?)?;
    let place = place(tx.store(), mount, &name);
    tx.put(&place, &entry)?;
    Ok(Response::empty())
}

/// Takes over the method's own fields, and the old names of others.
fn change(entry: &mut Entry, fields: Fields) -> Result<()> {
    match fields.certificate.map(|it| it.0).filter(|it| !it.trim().is_empty()) {
        Some(text) => entry.trust(text)?,
        None if entry.trusted.is_empty() => return Err(Error::invalid("failed to parse certificate")),
        None => {}
    }
    if let Some(Text(name)) = fields.display_name {
        entry.display_name = name;
    }
    let (params, old) = (&mut entry.params, &mut entry.old);
    if let Some((List(list), was_old)) = one_of(fields.token_bound_cidrs, fields.bound_cidrs) {
        params.bound_cidrs = params::cidrs(list)?;
        old.bound_cidrs = was_old;
    }
    if let Some((Seconds(time), was_old)) = one_of(fields.token_max_ttl, fields.max_ttl) {
        params.max_ttl = time;
        old.max_ttl = was_old;
    }
    if let Some((Seconds(time), was_old)) = one_of(fields.token_period, fields.period) {
        params.period = time;
        old.period = was_old;
    }
    if let Some((List(list), was_old)) = one_of(fields.token_policies, fields.policies) {
        params.policies = params::assignable(&list)?;
        if was_old {
            params.policies.sort_unstable();
        }
        old.policies = was_old;
    }
    // The oldest name, in which nothing is what zero says.
    let lease = fields.lease.and_then(|it| u64::try_from(it.0).ok()).filter(|it| *it != 0);
    let ttl = fields.ttl.or(lease.map(|it| Seconds(Duration::from_secs(it))));
    if let Some((Seconds(time), was_old)) = one_of(fields.token_ttl, ttl) {
        params.ttl = time;
        old.ttl = was_old;
    }
    Ok(())
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    bound_cidrs: Option<&'a [String]>,
    certificate: &'a str,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_ttl: Option<u64>,
    ocsp_ca_certificates: &'static str,
    ocsp_enabled: bool,
    ocsp_fail_open: bool,
    ocsp_query_all_servers: bool,
    ocsp_servers_override: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policies: Option<&'a [String]>,
    #[serde(flatten)]
    constraints: &'a Constraints,
    #[serde(flatten)]
    params: ShownParams<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let entry = load(tx, cx.mount()?, &name(cx)?).await?.ok_or(Error::NotFound)?;
    let (params, old) = (&entry.params, entry.old);
    let time = |is_old: bool, time: Duration| (is_old && !time.is_zero()).then_some(time.as_secs());
    let list = |is_old: bool, list: &'_ [String]| is_old && !list.is_empty();
    Response::data(&Shown {
        bound_cidrs: list(old.bound_cidrs, &params.bound_cidrs).then_some(&params.bound_cidrs),
        certificate: &entry.text,
        display_name: &entry.display_name,
        max_ttl: time(old.max_ttl, params.max_ttl),
        ocsp_ca_certificates: "",
        ocsp_enabled: false,
        ocsp_fail_open: false,
        ocsp_query_all_servers: false,
        ocsp_servers_override: None,
        period: time(old.period, params.period),
        policies: list(old.policies, &params.policies).then_some(&params.policies),
        constraints: &entry.constraints,
        params: params.shown(),
        ttl: time(old.ttl, params.ttl),
    })
}

async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let place = place(tx.store(), cx.mount()?, &name(cx)?);
    tx.delete(&place);
    Ok(Response::empty())
}
