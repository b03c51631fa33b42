//! Wrapped answers: handed on as a token, and taken once.

use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Answer, Call, Client, Error, Method, SecretString, WrapInfo};

/// See [`Client::wrapping`].
pub struct Wrapping<'c>(pub(crate) &'c Client);

/// What is known of a wrapped answer before it is taken.
#[derive(Clone, Debug, Deserialize)]
pub struct Wrapped {
    /// The path whose answer it is: whoever takes it should check that it is the expected one.
    pub creation_path: String,
    /// RFC 3339.
    pub creation_time: String,
    /// Seconds that it was made for.
    pub creation_ttl: u64,
}

#[derive(Serialize)]
struct ByToken<'a> {
    token: &'a SecretString,
}

impl Wrapping<'_> {
    /// Wraps `data` for whoever gets the token.
    pub async fn wrap<T: Serialize + ?Sized>(&self, data: &T, ttl: Duration) -> Result<WrapInfo, Error> {
        wrapped(self.0.call(Method::Post, "sys/wrapping/wrap").json(data).wrap(ttl)).await
    }

    /// Takes what was wrapped, as `T`. It can be done once: an error of
    /// [`Kind::WrappingTokenUsed`](crate::Kind::WrappingTokenUsed) that nobody can explain is an alarm.
    pub async fn unwrap<T: DeserializeOwned>(&self, token: &SecretString) -> Result<T, Error> {
        self.unwrap_answer(token).await?.data()
    }

    /// As [`Wrapping::unwrap`], for an answer that is not data: a login, a token.
    pub async fn unwrap_answer(&self, token: &SecretString) -> Result<Answer, Error> {
        self.0.call(Method::Post, "sys/wrapping/unwrap").with_token(token.clone()).send().await
    }

    /// When and where it was made. Does not use it up, and needs no other token.
    pub async fn lookup(&self, token: &SecretString) -> Result<Wrapped, Error> {
        let call = self.0.call(Method::Post, "sys/wrapping/lookup").anonymous();
        call.json(&ByToken { token }).send().await?.data()
    }

    /// Wraps it again under a new token; the old one is used up.
    pub async fn rewrap(&self, token: &SecretString) -> Result<WrapInfo, Error> {
        let call = self.0.call(Method::Post, "sys/wrapping/rewrap");
        wrapped(call.json(&ByToken { token })).await
    }
}

pub(crate) async fn wrapped(call: Call<'_>) -> Result<WrapInfo, Error> {
    call.send().await?.envelope()?.wrap_info.ok_or(Error::Malformed("the answer was not wrapped"))
}
