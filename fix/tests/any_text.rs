//! Whatever a secret is, and whatever stands around it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod interpret;
mod jobs;
mod labels;

use interpret::{Store, interpret};
use jobs::{api, check_same, fixed, job, marked};
use proptest::prelude::*;

/// `text` as it stands in quotes in a job.
fn quoted(text: &str) -> String {
    let quoted = strongroom_hcl::quote(text);
    quoted[1..quoted.len() - 1].to_owned()
}

/// Whether HCL takes the quoted string for this text.
fn means(quoted: &str, text: &str) -> bool {
    let body = strongroom_hcl::parse(&format!("x = {quoted}\n"));
    body.is_ok_and(|it| it.view().attr("x").unwrap().as_str() == Ok(text))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the secret is and whatever stands around it, the task gets what it got.
    #[test]
    fn any_text_arrives(
        place in 0..5_usize,
        before in "[ a:/$%{}'\"#\\\\=<&-]{0,6}",
        secret in "[^«»\\x00-\\x08\\x0e-\\x1f\\x7f]{1,12}|[ a{}$%'\"#\\\\\\n=<&-]{1,8}",
        behind in "[ a:/$%{}'\"#\\\\=<&-]{0,6}",
    ) {
        let value = format!("\"{}«{}»{}\"", quoted(&before), quoted(&secret), quoted(&behind));
        let destination = ["a.conf", "a.yml", "a.json"][secret.len() % 3];
        let lines = match place {
            0 => format!("      env {{\n        A = {value}\n        B = 1\n      }}\n"),
            1 => format!("      config {{\n        args = [{value}]\n      }}\n"),
            2 => format!("      template {{\n        destination = \"{destination}\"\n        data = {value}\n      }}\n"),
            3 => format!("      template {{\n        destination = \"a\"\n        env = true\n        data = \"A={}\n      }}\n", &value[1..]),
            _ => format!("      template {{\n        destination = \"a\"\n        left_delimiter = \"<<\"\n        right_delimiter = \">>\"\n        data = {value}\n      }}\n"),
        };
        let text = job(&lines);
        let plain = text.replace(['«', '»'], "");
        // Parts that are an escape only together, and templates and lines that Nomad refuses.
        prop_assume!(interpret("j", &plain, &Store::new()).is_ok());
        prop_assume!(means(&value.replace(['«', '»'], ""), &format!("{before}{secret}{behind}")));
        let file = marked("j.nomad.hcl", &text);
        let (plan, fixed) = fixed(&file);
        if plan.left.is_empty() {
            check_same("j", &file.text, &plan, &fixed);
        } else {
            prop_assert_eq!(fixed, file.text);
        }
    }

    /// The same in JSON.
    #[test]
    fn any_text_arrives_in_json(
        place in 0..3_usize,
        before in "[ a:/$%{}'\"#\\\\=<&-]{0,6}",
        secret in "[^«»\\x00-\\x08\\x0e-\\x1f\\x7f]{1,12}|[ a{}$%'\"#\\\\\\n=<&-]{1,8}",
        behind in "[ a:/$%{}'\"#\\\\=<&-]{0,6}",
    ) {
        let value = format!("\"{}«{}»{}\"", in_json(&before), in_json(&secret), in_json(&behind));
        let task = match place {
            0 => format!("            \"Env\": {{\"A\": {value}, \"B\": \"b\"}}\n"),
            1 => format!("            \"Config\": {{\"args\": [{value}]}}\n"),
            _ => format!("            \"Templates\": [{{\"DestPath\": \"a\", \"EmbeddedTmpl\": {value}}}]\n"),
        };
        let file = marked("j.json", &api(&task));
        prop_assume!(interpret("j", &file.text, &Store::new()).is_ok());
        let (plan, fixed) = fixed(&file);
        if plan.left.is_empty() {
            check_same("j", &file.text, &plan, &fixed);
        } else {
            prop_assert_eq!(fixed, file.text);
        }
    }
}

fn in_json(text: &str) -> String {
    let quoted = strongroom_hcl::quote_json(text);
    quoted[1..quoted.len() - 1].to_owned()
}
