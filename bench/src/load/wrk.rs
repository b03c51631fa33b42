//! The closed loop: each connection sends its next request when it has the answer to the last.

use std::path::Path;

use super::{
    Figures,
    request::{Keys, Request},
    result,
};
use crate::{
    Failure,
    server::{Server, bound},
};

/// One round. Fresh keys that were used are gone for the server's next round.
pub fn measure(
    server: &Server,
    url: &str,
    request: &Request,
    connections: u32,
    seconds: u64,
) -> Result<Figures, Failure> {
    let who = server.peer.name();
    let text = run(url, request, connections, seconds, None)?;
    let figures = result::parse(&text, who)?;
    if let (Keys::Fresh(first), Some(used)) = (request.keys, word(&text, "NEXT ")) {
        server.fresh.set(first.max(used.parse()?));
    }
    Ok(figures)
}

/// Sends the request for each of the keys 0 to `last`, not included, from `first` on, and ends.
pub fn fill(url: &str, request: Request, first: u64, last: u64) -> Result<(), Failure> {
    let text = run(url, &request.over(Keys::Fresh(first)), 32, 24 * 3600, Some(last))?;
    match word(&text, "FILLED ") {
        Some("0") => Ok(()),
        Some(wrong) => Err(format!("{wrong} wrong answers while filling; {text}").into()),
        None => Err(format!("wrk has filled nothing: {text}").into()),
    }
}

fn word<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.lines().find_map(|it| it.strip_prefix(prefix))
}

fn run(
    url: &str,
    request: &Request,
    connections: u32,
    seconds: u64,
    last: Option<u64>,
) -> Result<String, Failure> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("wrk/load.lua");
    let output = bound("wrk")
        // A slow server has the time it needs: what it takes is in the percentiles.
        .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "--timeout", "60s", "-s"])
        .arg(script)
        .arg(url)
        .arg("--")
        .args(words(request, last))
        .output()
        .map_err(|error| format!("wrk: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

/// The script's arguments: `name=value`.
fn words(request: &Request, last: Option<u64>) -> Vec<String> {
    let mut words = vec![
        format!("method={}", request.method),
        format!("path={}", request.path),
        format!("token={}", request.token),
        format!("marker={}", request.marker),
        format!("body={}", request.body),
    ];
    let (draw, keys) = match request.keys {
        Keys::One => ("one", 1),
        Keys::Uniform(keys) => ("uniform", keys),
        Keys::Zipf(keys) => ("zipf", keys),
        Keys::Fresh(first) => ("fresh", first),
    };
    words.push(format!("draw={draw}"));
    words.push(format!("keys={keys}"));
    if let Some((name, value)) = request.header {
        words.push(format!("header={name}"));
        words.push(format!("header_value={value}"));
    }
    words.extend(request.tokens.iter().map(|it| format!("tokens={it}")));
    words.extend(request.bodies.iter().map(|it| format!("bodies={it}")));
    if let Some((share, body, marker)) = &request.writes {
        words.push(format!("writes={share}"));
        words.push(format!("write_body={body}"));
        words.push(format!("write_marker={marker}"));
    }
    words.extend(last.map(|it| format!("last={it}")));
    words
}
