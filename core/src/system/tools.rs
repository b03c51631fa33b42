//! `sys/tools`: random bytes and digests.

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use strongroom_api::params::{Integer, Text};

use crate::{
    crypto::{digest::Algorithm, random},
    dispatch::Cx,
    error::{Error, Result, word},
    response::Response,
    route::{Endpoint, Field, Kind, Route, action, field, in_tx},
    tx::Tx,
};

const RANDOM: &[Field] =
    &[field("bytes", Kind::Integer), field("format", Kind::Text), field("source", Kind::Text)];
const HASH: &[Field] =
    &[field("input", Kind::Secret), field("format", Kind::Text), field("algorithm", Kind::Text)];

const RANDOM_ENDPOINTS: &[Endpoint] = &[action(in_tx!(random_bytes)).fields(RANDOM)];
const HASH_ENDPOINTS: &[Endpoint] = &[action(in_tx!(hash)).fields(HASH)];

pub(crate) const ROUTES: &[Route] = &[
    Route { pattern: "tools/random", summary: "Random bytes, 32 of them.", endpoints: RANDOM_ENDPOINTS },
    Route { pattern: "tools/random/{first}", summary: "So many random bytes.", endpoints: RANDOM_ENDPOINTS },
    Route {
        pattern: "tools/random/{first}/{second}",
        summary: "So many random bytes from a named source, of which there is one.",
        endpoints: RANDOM_ENDPOINTS,
    },
    Route { pattern: "tools/hash", summary: "A digest of the caller's input.", endpoints: HASH_ENDPOINTS },
    Route {
        pattern: "tools/hash/{urlalgorithm}",
        summary: "A digest of the caller's input, by a named algorithm.",
        endpoints: HASH_ENDPOINTS,
    },
];

/// As many as one answer holds.
const MAX_RANDOM: usize = 128 * 1024;

#[derive(Deserialize)]
struct RandomFields {
    bytes: Option<Integer>,
    format: Option<Text>,
}

#[derive(Serialize)]
struct Random {
    random_bytes: String,
}

async fn random_bytes(cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    let fields: RandomFields = cx.fields()?;
    let sources = ["all", "platform", "seal"];
    let in_path = [cx.param("first"), cx.param("second")].into_iter().find(|it| {
        let source = sources.contains(it);
        !it.is_empty() && !source
    });
    let wanted = match in_path {
        Some(text) => text.parse::<i64>().map_err(|_| {
            Error::invalid("error parsing url-set byte count: strconv.Atoi: expected a number")
        })?,
        None => fields.bytes.map_or(32, |it| it.0),
    };
    let len = usize::try_from(wanted).ok().filter(|it| *it > 0);
    let len = len.ok_or_else(|| Error::invalid("'bytes' cannot be less than 1"))?;
    if len > MAX_RANDOM {
        return Err(Error::invalid(format!("'bytes' should be less than {MAX_RANDOM}")));
    }
    let format = fields.format.as_ref().map_or("base64", |it| it.0.as_str());
    let mut bytes = vec![0; len];
    random::fill(&mut bytes)?;
    let random_bytes = match format {
        "base64" | "" => BASE64.encode(&bytes),
        "hex" => HEXLOWER.encode(&bytes),
        other => {
            let other = word(other);
            let message = format!("unsupported encoding format \"{other}\"; must be \"hex\" or \"base64\"");
            return Err(Error::invalid(message));
        }
    };
    Response::data(&Random { random_bytes })
}

#[derive(Deserialize)]
struct HashFields {
    input: Option<Text>,
    format: Option<Text>,
    algorithm: Option<Text>,
}

#[derive(Serialize)]
struct Sum {
    sum: String,
}

async fn hash(cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    let fields: HashFields = cx.fields()?;
    let input = fields.input.unwrap_or_default().0;
    let input = BASE64.decode(input.as_bytes()).map_err(|error| {
        Error::invalid(format!(
            "unable to decode input as base64: illegal base64 data at byte {}",
            error.position
        ))
    })?;
    let name = match (cx.param("urlalgorithm"), &fields.algorithm) {
        ("", Some(name)) if !name.0.is_empty() => name.0.as_str(),
        ("", _) => "sha2-256",
        (name, _) => name,
    };
    let algorithm = Algorithm::parse(name)
        .ok_or_else(|| Error::invalid(format!("unsupported algorithm {}", word(name))))?;
    let digest = algorithm.digest(&input);
    let sum = match fields.format.as_ref().map_or("hex", |it| it.0.as_str()) {
        "hex" | "" => HEXLOWER.encode(&digest),
        "base64" => BASE64.encode(&digest),
        other => {
            let other = word(other);
            let message = format!("unsupported encoding format {other}; must be \"hex\" or \"base64\"");
            return Err(Error::invalid(message));
        }
    };
    Response::data(&Sum { sum })
}
