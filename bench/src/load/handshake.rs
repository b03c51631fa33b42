//! TLS handshakes one after the other, by OpenSSL's own client: each connection asks `sys/health` once, since
//! a ticket of TLS 1.3 comes after the handshake.

use std::{process::Command, time::Instant};

use super::Figures;
use crate::{Failure, server::Server};

pub fn measure(server: &Server, resumed: bool, seconds: u64) -> Result<Figures, Failure> {
    let address =
        server.tls.as_deref().and_then(|it| it.strip_prefix("https://")).ok_or("no TLS listener")?;
    let begin = Instant::now();
    let output = Command::new("openssl")
        .args(["s_time", "-connect", address, if resumed { "-reuse" } else { "-new" }])
        .args(["-www", "/v1/sys/health", "-time", &seconds.to_string()])
        .output()
        .map_err(|error| format!("openssl: {error}"))?;
    let elapsed = begin.elapsed().as_secs_f64();
    let count = parse(&String::from_utf8_lossy(&output.stdout), resumed)
        .map_err(|error| format!("{}: {error}", server.peer.name()))?;
    Ok(Figures { per_second: count / elapsed, ..Figures::default() })
}

/// How many connections were made, all of the kind that was asked for.
fn parse(text: &str, resumed: bool) -> Result<f64, Failure> {
    let line = text.lines().rfind(|it| it.contains("real seconds")).ok_or("openssl s_time has no result")?;
    let count: f64 = line.split(' ').next().unwrap_or_default().parse()?;
    let bytes = line.split(", ").nth(1).and_then(|it| it.split(' ').next()).unwrap_or_default();
    if count < 1.0 || bytes.parse::<u64>()? == 0 {
        return Err("no connection was answered".into());
    }
    // A connection leaves a star, or an r if its session was resumed.
    let marks = |mark: char| {
        text.lines().filter(|it| it.starts_with(mark)).map(|it| it.matches(mark).count()).max().unwrap_or(0)
    };
    let (new, again) = (marks('*'), marks('r'));
    let mixed = if resumed { again == 0 || new > 0 } else { again > 0 };
    if mixed {
        return Err(format!("{new} full handshakes, {again} resumed").into());
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_handshake_is_looked_at() {
        let end = "\n\n4014 connections in 1.17s; 3430.77 connections/user sec, bytes read 1786230\n\
                   4014 connections in 3 real seconds, 445 bytes read per connection\n";
        assert_eq!(parse(&format!("starting\nrrrr{end}"), true).unwrap(), 4014.0);
        assert_eq!(parse(&format!("****{end}"), false).unwrap(), 4014.0);
        assert!(parse(&format!("starting\n****{end}"), true).is_err());
        assert!(parse(&format!("rrrr{end}"), false).is_err());
        assert!(parse(&format!("****{}", end.replace(", 445", ", 0")), false).is_err());
        assert!(parse("connect: refused", false).is_err());
    }
}
