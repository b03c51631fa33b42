//! Templates: whatever stands in one, it is read or refused, rendering ends, and no error shows a secret.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_template::{Answer, Host, Options, Refusal, Secret, Template, Text};

/// No input holds this by chance, and no error may.
const CANARY: &str = "c4n4ry0fTemplates";

struct One;

impl Host for One {
    fn secret(&mut self, _: &Text, _: &[(Text, Text)]) -> Result<Answer<Secret>, Refusal> {
        let body = format!(r#"{{"data": {{"a": "{CANARY}", "n": 5432, "l": ["{CANARY}", 1, null], "m": {{"x": true}}}}}}"#);
        Ok(Secret::from_json(body.as_bytes()).map_or(Answer::Pending, Answer::Ready))
    }

    fn secrets(&mut self, _: &Text) -> Result<Answer<Vec<Text>>, Refusal> {
        Ok(Answer::Ready(vec![CANARY.into()]))
    }

    fn now(&mut self) -> (i64, u32) {
        (1_709_212_029, 0)
    }
}

fuzz_target!(|source: &str| {
    let parsed = Template::parse(source, &Options::default());
    let error = match parsed.map(|it| it.render(&mut One).result) {
        Ok(Ok(_)) => return,
        Ok(Err(error)) | Err(error) => error,
    };
    assert!(!error.to_string().contains(CANARY));
});
