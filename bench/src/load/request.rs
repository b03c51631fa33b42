//! What is sent, and what the answer must hold.

/// Which keys a request's `%d` goes over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Keys {
    One,
    /// Each as likely as any other, from 0 to below.
    Uniform(u64),
    /// Key 0 most often, key n in proportion to 1 / (n + 1)^0.99.
    Zipf(u64),
    /// Each once, from here on.
    Fresh(u64),
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub token: String,
    /// Every answer must contain this.
    pub marker: String,
    pub body: String,
    pub header: Option<(&'static str, &'static str)>,
    pub keys: Keys,
    /// A file with a token in each line, of which each request takes one.
    pub tokens: Option<String>,
    /// A file with a body in each line, of which each request takes one.
    pub bodies: Option<String>,
    /// So many of a hundred requests are a POST with this body, whose answer must contain the marker.
    pub writes: Option<(u32, String, &'static str)>,
}

impl Request {
    pub fn new(method: &'static str, path: impl Into<String>, token: &str, marker: &str) -> Self {
        Self {
            method,
            path: path.into(),
            token: token.to_owned(),
            marker: marker.to_owned(),
            body: String::new(),
            header: None,
            keys: Keys::One,
            tokens: None,
            bodies: None,
            writes: None,
        }
    }

    pub fn get(path: impl Into<String>, token: &str, marker: &str) -> Self {
        Self::new("GET", path, token, marker)
    }

    pub fn post(path: impl Into<String>, token: &str, marker: &str, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::new("POST", path, token, marker) }
    }

    pub fn over(self, keys: Keys) -> Self {
        Self { keys, ..self }
    }
}
