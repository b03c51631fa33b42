//! When something is asked for again.
//!
//! What has no lease is read each interval. A lease that can be renewed is renewed, and taken anew when it cannot
//! be any more; another one is taken anew when most of it has passed. A certificate or a rotated password says itself
//! how long it is good.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use strongroom_sdk::{Answer, Client, Error, Method};
use zeroize::Zeroizing;

use super::{Ask, Settings, mounts::Mounts};

/// Where one thing that is followed stands.
pub(super) struct Pace {
    /// Reads are leases for so long.
    hold: Option<Duration>,
    lease: Option<Lease>,
    failures: u32,
}

struct Lease {
    id: String,
    /// What it was granted at first, or the last time it was renewed.
    seconds: u64,
    renewable: bool,
}

/// What came of a turn.
pub(super) struct Turn {
    /// If it was read anew.
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
    pub(super) pause: Duration,
    /// How long it is good without being asked for again, where it has a lease.
    pub(super) lasts: Option<Duration>,
}

/// Between two attempts: from here, doubling, to here.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Of a lease that is renewed, part of what is left: two more attempts must fit.
const RENEW_AT: f64 = 2.0 / 3.0;
/// Nothing is asked for more often.
const SHORTEST: Duration = Duration::from_secs(1);

/// A list of nothing.
const EMPTY: &[u8] = br#"{"data":{"keys":[]}}"#;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    lease_id: String,
    lease_duration: u64,
    renewable: bool,
    data: Option<Fields>,
    auth: Option<Auth>,
}

/// A token that was made for a template.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    lease_duration: u64,
}

/// What some answers say of their own time.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    ttl: Option<u64>,
    rotation_period: Option<serde_json::Value>,
    secret_id_ttl: Option<u64>,
    certificate: Option<serde::de::IgnoredAny>,
    /// Seconds since 1970.
    expiration: Option<u64>,
}

impl Pace {
    pub(super) fn new(hold: Option<Duration>) -> Self {
        Self { hold, lease: None, failures: 0 }
    }

    /// Renews or reads, whichever is due.
    pub(super) async fn due(
        &mut self,
        client: &Client,
        mounts: &Mounts,
        ask: &Ask,
        settings: &Settings,
    ) -> Result<Turn, Error> {
        if let Some(lease) = self.lease.take_if(|it| it.renewable) {
            match renew(client, &lease).await {
                // As long as it gets nearly what it had.
                Ok(seconds) if seconds * 2 > lease.seconds => {
                    self.failures = 0;
                    let lasts = Duration::from_secs(seconds);
                    self.lease = Some(Lease { seconds, ..lease });
                    return Ok(Turn { body: None, pause: part(lasts, RENEW_AT), lasts: Some(lasts) });
                }
                Err(error) if error.is_temporary() => {
                    self.lease = Some(lease);
                    return Err(error);
                }
                _ => {}
            }
        }
        let answer = match ask.send(client, mounts, self.hold).await {
            // A folder that is not there is an empty one.
            Err(error) if error.is_not_found() && ask.is_list() => {
                self.failures = 0;
                let body = Some(Zeroizing::new(EMPTY.to_vec()));
                return Ok(Turn { body, pause: part(settings.interval, 1.0).max(SHORTEST), lasts: None });
            }
            asked => asked?,
        };
        let (lease, pause, lasts) = match self.hold {
            // Reading again is what renews such a lease.
            Some(hold) => (None, part(settings.interval.min(hold / 3), 1.0).max(SHORTEST), Some(hold)),
            None => {
                let (lease, pause) = plan(&answer, ask, settings)?;
                let lasts = lease.as_ref().map(|it| Duration::from_secs(it.seconds));
                (lease, pause, lasts)
            }
        };
        (self.failures, self.lease) = (0, lease);
        Ok(Turn { body: Some(Zeroizing::new(answer.bytes().to_vec())), pause, lasts })
    }

    /// How long to wait after a failure.
    pub(super) fn failed(&mut self) -> Duration {
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        part(pause.min(LONGEST_PAUSE), 1.0)
    }
}

async fn renew(client: &Client, lease: &Lease) -> Result<u64, Error> {
    #[derive(serde::Serialize)]
    struct Body<'a> {
        lease_id: &'a str,
        increment: u64,
    }
    let body = Body { lease_id: &lease.id, increment: lease.seconds };
    let answer = client.call(Method::Put, "sys/leases/renew").json(&body).send().await?;
    answer.json::<Envelope>().map(|it| it.lease_duration)
}

fn plan(answer: &Answer, ask: &Ask, settings: &Settings) -> Result<(Option<Lease>, Duration), Error> {
    let envelope: Envelope = answer.json().unwrap_or_default();
    if !envelope.lease_id.is_empty() {
        let at = if envelope.renewable { RENEW_AT } else { settings.renew_at };
        let pause = part(Duration::from_secs(envelope.lease_duration), at);
        let Envelope { lease_id: id, lease_duration: seconds, renewable, .. } = envelope;
        return Ok((Some(Lease { id, seconds, renewable }), pause));
    }
    // Another one is made before it ends: whoever reads the file always finds one that lives.
    if let Some(auth) = envelope.auth.filter(|it| it.lease_duration > 0) {
        let whole = Duration::from_secs(auth.lease_duration);
        return Ok((None, part(whole, RENEW_AT).max(SHORTEST)));
    }
    let fields = envelope.data.unwrap_or_default();
    let own = match &fields {
        // The password changes when its time is over, and not before.
        Fields { rotation_period: Some(_), ttl: Some(0), .. } => {
            return Err(Error::Malformed("a rotated password that has no time left"));
        }
        Fields { rotation_period: Some(_), ttl: Some(ttl), .. } => Some(Duration::from_secs(ttl + 1)),
        Fields { certificate: Some(_), expiration: Some(at), .. } => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            Some(part(Duration::from_secs(at.saturating_sub(now.as_secs())), settings.renew_at))
        }
        Fields { secret_id_ttl: Some(ttl), .. } if *ttl > 0 => {
            Some(part(Duration::from_secs(*ttl), settings.renew_at))
        }
        _ if envelope.lease_duration > 0 && ask.is_write() => {
            Some(part(Duration::from_secs(envelope.lease_duration), settings.renew_at))
        }
        _ => None,
    };
    Ok((None, own.unwrap_or_else(|| part(settings.interval, 1.0)).max(SHORTEST)))
}

/// A part of a time, a tenth of it spread by chance: whoever was started together shall not ask together.
fn part(time: Duration, part: f64) -> Duration {
    let mut byte = [0; 1];
    // Without randomness all come at once, which is only slower.
    let _ = rustix::rand::getrandom(&mut byte, rustix::rand::GetRandomFlags::empty());
    let spread = 1.0 - 0.1 * f64::from(byte.first().copied().unwrap_or_default()) / 255.0;
    time.mul_f64(part * spread)
}

/// Whether two answers say the same: they differ in the request's id, and a lease's time.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow, default)]
        data: Option<&'a RawValue>,
        #[serde(borrow, default)]
        auth: Option<&'a RawValue>,
        #[serde(borrow, default)]
        wrap_info: Option<&'a RawValue>,
        #[serde(default)]
        lease_id: String,
    }
    let read = |it| serde_json::from_slice::<Answer<'_>>(it).ok();
    let (Some(one), Some(other)) = (read(one), read(other)) else { return false };
    let parts = |it: &Answer<'_>| {
        [it.data, it.auth, it.wrap_info].map(|it| it.map(|it| Zeroizing::new(it.get().to_owned())))
    };
    one.lease_id == other.lease_id && parts(&one) == parts(&other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_the_same_secret_are_the_same() {
        let one = br#"{"request_id":"a","lease_id":"","data":{"x":"1"}}"#;
        assert!(is_same(one, br#"{"request_id":"b","lease_id":"","data":{"x":"1"}}"#));
        assert!(!is_same(one, br#"{"request_id":"b","lease_id":"","data":{"x":"2"}}"#));
        assert!(!is_same(one, br#"{"request_id":"b","lease_id":"l","data":{"x":"1"}}"#));
        assert!(!is_same(one, b"not json"));
        assert!(!is_same(br#"{"auth":{"client_token":"a"}}"#, br#"{"auth":{"client_token":"b"}}"#));
        assert!(!is_same(br#"{"wrap_info":{"token":"a"}}"#, br#"{"wrap_info":{"token":"b"}}"#));
    }

    #[test]
    fn attempts_come_ever_more_slowly() {
        let mut pace = Pace::new(None);
        let pauses: Vec<Duration> = (0..20).map(|_| pace.failed()).collect();
        assert!(pauses.first().is_some_and(|it| *it <= FIRST_PAUSE));
        assert!(pauses.last().is_some_and(|it| *it > LONGEST_PAUSE.mul_f64(0.89) && *it <= LONGEST_PAUSE));
    }
}
