//! The forms that vendors document for their tokens, so that they can be found.
//!
//! What has no mark of its own (Datadog's and Twilio's hex, Nomad's UUIDs) is told by its name alone.

use super::{Body, Form, Found, Is, Set, checks};
use crate::{
    Kind::{self, AccessKeyId, ApiKey, ClientSecret, Password, SigningSecret, Token, WebhookUrl},
    Severity::{self, Critical, High, Low, Medium},
};

const fn run(prefix: &'static str, set: Set, least: usize, kind: Kind, severity: Severity) -> Form {
    Form { prefix, body: Body::Run(set, least, 1024), is: Is::Secret(kind, severity) }
}

const fn exact(prefix: &'static str, set: Set, len: usize, kind: Kind, severity: Severity) -> Form {
    Form { prefix, body: Body::Run(set, len, len), is: Is::Secret(kind, severity) }
}

const fn around(prefix: &'static str, rule: fn(&str, usize) -> Option<Found>) -> Form {
    Form { prefix, body: Body::Around(rule), is: Is::Secret(Token, High) }
}

const fn public(prefix: &'static str, set: Set, least: usize) -> Form {
    Form { prefix, body: Body::Run(set, least, 1024), is: Is::Public }
}

use Set::{Base62, Base64, Dotted, Hex, Upper, Word};

pub(super) static FORMS: [Form; 148] = [
    // Hosts of code and packages.
    around("ghp_", checks::github),
    around("gho_", checks::github),
    around("ghu_", checks::github),
    around("ghs_", checks::github),
    around("ghr_", checks::github),
    run("github_pat_", Word, 50, Token, Critical),
    run("glpat-", Dotted, 20, Token, High),
    run("gldt-", Dotted, 20, Token, High),
    run("glrt-", Dotted, 20, Token, High),
    run("glrtr-", Dotted, 20, Token, High),
    run("glptt-", Word, 20, Token, High),
    run("glft-", Dotted, 20, Token, Medium),
    run("glsoat-", Dotted, 20, Token, High),
    run("glcbt-", Dotted, 20, Token, High),
    run("glimt-", Dotted, 20, Token, Medium),
    run("glagent-", Dotted, 20, Token, High),
    run("gloas-", Dotted, 20, ClientSecret, High),
    run("GR1348941", Word, 20, Token, High),
    run("ATBB", Base62, 28, Token, High),
    run("ATATT3x", Base64, 100, Token, High),
    run("ATCTT3x", Base64, 100, Token, High),
    around("npm_", checks::npm),
    run("pypi-AgE", Word, 50, Token, High),
    exact("rubygems_", Hex, 48, Token, High),
    run("dckr_pat_", Word, 20, Token, High),
    run("dckr_oat_", Word, 20, Token, High),
    run("oy2", Base62, 43, Token, High),
    run("AKCp", Base62, 60, Token, High),
    run("CFPAT-", Word, 40, Token, High),
    run("sqp_", Hex, 40, Token, High),
    exact("hcaik_", Base62, 58, ApiKey, High),
    exact("hcxik_", Base62, 58, ApiKey, High),
    // Seeds of NATS: a user, an account, an operator.
    exact("SUA", Upper, 55, Kind::PrivateKey, Critical),
    exact("SAA", Upper, 55, Kind::PrivateKey, Critical),
    exact("SOA", Upper, 55, Kind::PrivateKey, Critical),
    run("sqa_", Hex, 40, Token, High),
    run("squ_", Hex, 40, Token, High),
    run("CCIPAT_", Word, 40, Token, High),
    run("bkua_", Hex, 40, Token, High),
    run("PMAK-", Word, 40, ApiKey, High),
    // Clouds.
    around("AKIA", aws_key_id),
    around("ASIA", aws_key_id),
    run("ABSK", Base64, 100, ApiKey, High),
    exact("AIza", Word, 35, ApiKey, High),
    run("GOCSPX-", Word, 24, ClientSecret, High),
    run("ya29.", Word, 30, Token, Medium),
    around("8Q~", azure_client_secret),
    around("7Q~", azure_client_secret),
    exact("dop_v1_", Hex, 64, Token, Critical),
    exact("doo_v1_", Hex, 64, Token, High),
    exact("dor_v1_", Hex, 64, Token, High),
    exact("LTAI", Base62, 20, AccessKeyId, Medium),
    run("HRKU-AA", Word, 50, ApiKey, High),
    run("fm2_", Base64, 60, Token, High),
    run("fo1_", Word, 40, Token, High),
    run("rnd_", Base62, 28, ApiKey, High),
    run("nfp_", Base62, 32, Token, High),
    run("vercel_blob_rw_", Word, 30, Token, High),
    run("sbp_", Hex, 40, Token, High),
    run("sb_secret_", Word, 20, ApiKey, High),
    public("sb_publishable_", Word, 20),
    run("pscale_tkn_", Word, 32, Token, High),
    run("pscale_pw_", Word, 32, Password, High),
    run("pscale_oauth_", Word, 32, Token, High),
    run("napi_", Base62, 40, ApiKey, High),
    run("tskey-", Word, 20, Token, High),
    around("dapi", checks::databricks),
    // Secrets managers and orchestrators.
    run("hvs.", Word, 20, Token, Critical),
    run("hvb.", Word, 60, Token, High),
    run("hvr.", Word, 20, Token, High),
    around(".atlasv1.", terraform_cloud),
    run("dp.pt.", Base62, 40, Token, High),
    run("dp.st.", Dotted, 40, Token, High),
    run("dp.ct.", Base62, 40, Token, High),
    run("dp.sa.", Base62, 40, Token, High),
    run("dp.scim.", Base62, 40, Token, High),
    run("dp.audit.", Base62, 40, Token, High),
    exact("pul-", Hex, 40, Token, High),
    run("ops_eyJ", Base64, 200, Token, Critical),
    run("op_eyJ", Base64, 200, Token, High),
    around("K10", cluster_join),
    around("claim-", plex_claim),
    // Watching.
    run("glsa_", Word, 32, Token, High),
    run("glc_eyJ", Base64, 30, Token, High),
    run("eyJrIjoi", Base64, 50, ApiKey, High),
    run("sntrys_", Base64, 40, Token, High),
    run("sntryu_", Hex, 64, Token, High),
    run("NRAK-", Base62, 27, ApiKey, High),
    run("NRII-", Word, 20, ApiKey, High),
    run("NRAA-", Hex, 27, ApiKey, High),
    run("dt0c01.", Dotted, 80, Token, High),
    run("dt0s16.", Dotted, 80, Token, High),
    run("phx_", Base62, 40, ApiKey, High),
    public("phc_", Base62, 40),
    around("hc-ping.com/", ping),
    // Messages.
    run("xoxb-", Word, 20, Token, High),
    run("xoxp-", Word, 20, Token, High),
    run("xoxa-", Word, 20, Token, High),
    run("xoxr-", Word, 20, Token, High),
    run("xoxs-", Word, 20, Token, High),
    run("xoxc-", Word, 20, Token, High),
    run("xoxd-", Word, 20, Token, High),
    run("xoxe-", Word, 20, Token, High),
    run("xoxe.xoxp-", Word, 20, Token, High),
    run("xapp-", Word, 30, Token, High),
    around("hooks.slack.com/services/", |text, at| webhook(text, at, "hooks.slack.com/services/", 24)),
    around("hooks.slack.com/workflows/", |text, at| webhook(text, at, "hooks.slack.com/workflows/", 24)),
    around("hooks.slack.com/triggers/", |text, at| webhook(text, at, "hooks.slack.com/triggers/", 24)),
    around("discord.com/api/webhooks/", |text, at| webhook(text, at, "discord.com/api/webhooks/", 40)),
    around("discordapp.com/api/webhooks/", |text, at| webhook(text, at, "discordapp.com/api/webhooks/", 40)),
    around("webhook.office.com/webhookb2/", |text, at| {
        webhook(text, at, "webhook.office.com/webhookb2/", 60)
    }),
    around("outlook.office.com/webhook/", |text, at| webhook(text, at, "outlook.office.com/webhook/", 60)),
    around("hooks.zapier.com/hooks/catch/", |text, at| webhook(text, at, "hooks.zapier.com/hooks/catch/", 8)),
    around(":AA", telegram),
    around("SG.", sendgrid),
    exact("key-", Hex, 32, ApiKey, High),
    around("-us", mailchimp),
    run("xkeysib-", Word, 64, ApiKey, High),
    run("xsmtpsib-", Word, 64, Password, High),
    run("re_", Word, 32, ApiKey, High),
    public("pubkey-", Hex, 32),
    // Money and shops.
    run("sk_live_", Base62, 16, ApiKey, Critical),
    run("rk_live_", Base62, 16, ApiKey, Critical),
    run("sk_org_", Word, 16, ApiKey, Critical),
    run("sk_test_", Base62, 16, ApiKey, Medium),
    run("rk_test_", Base62, 16, ApiKey, Medium),
    public("pk_live_", Base62, 16),
    public("pk_test_", Base62, 16),
    run("whsec_", Base64, 24, SigningSecret, High),
    run("sq0atp-", Word, 22, Token, Critical),
    run("sq0csp-", Word, 40, ClientSecret, High),
    public("sq0idp-", Word, 20),
    run("shpat_", Hex, 32, Token, High),
    run("shpca_", Hex, 32, Token, High),
    run("shppa_", Hex, 32, Password, High),
    run("shpss_", Hex, 32, ClientSecret, High),
    run("shippo_live_", Hex, 40, Token, High),
    run("EZAK", Base62, 50, ApiKey, High),
    run("FLWSECK-", Word, 30, ApiKey, Critical),
    // Models, maps, tickets, designs.
    run("sk-", Word, 32, ApiKey, High),
    run("hf_", Base62, 30, Token, High),
    exact("r8_", Base62, 37, Token, High),
    run("gsk_", Base62, 40, ApiKey, High),
    run("xai-", Base62, 60, ApiKey, High),
    run("pplx-", Base62, 40, ApiKey, High),
    run("sk.", Dotted, 50, Token, High),
    public("pk.", Dotted, 50),
    run("lin_api_", Base62, 32, ApiKey, High),
];

/// Half of a pair: reported since the other half stands beside it as a rule.
fn aws_key_id(text: &str, start: usize) -> Option<Found> {
    let len = Upper.run(text, start, 20);
    let range = start..start + len;
    let is_one = len == 20 && Word.run_before(text, start, 0) == 0 && !Word.has(next_byte(text, range.end));
    let is_example = text.get(range.clone())?.ends_with("EXAMPLE");
    let is = if is_example { Is::Public } else { Is::Secret(AccessKeyId, Medium) };
    is_one.then_some(Found { range, is })
}

/// A server of Plex's is claimed by twenty characters; words with dashes have not all kinds of them.
fn plex_claim(text: &str, start: usize) -> Option<Found> {
    let range = start..start + "claim-".len() + Word.run(text, start + "claim-".len(), 20);
    let body = text.get(range.clone())?;
    let has = |test: fn(&u8) -> bool| body.bytes().skip("claim-".len()).any(|it| test(&it));
    let is_drawn = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    (range.len() == 26 && is_drawn && Word.run_before(text, start, 0) == 0)
        .then_some(Found { range, is: Is::Secret(Token, High) })
}

/// Three characters, a digit that counts versions, `Q~`, and some thirty more.
fn azure_client_secret(text: &str, start: usize) -> Option<Found> {
    let from = start.checked_sub(3)?;
    let is_part = |it: u8| Dotted.has(it) || it == b'~';
    let bytes = text.as_bytes();
    let len = bytes.get(start + 3..)?.iter().take(64).take_while(|it| is_part(**it)).count();
    let is_one = (31..=36).contains(&len)
        && bytes.get(from..start)?.iter().all(|it| is_part(*it))
        && !from.checked_sub(1).and_then(|it| bytes.get(it)).is_some_and(|it| is_part(*it));
    is_one.then(|| Found { range: from..start + 3 + len, is: Is::Secret(ClientSecret, High) })
}

/// `<14 characters>.atlasv1.<the rest>`.
fn terraform_cloud(text: &str, start: usize) -> Option<Found> {
    let before = Base62.run_before(text, start, 14);
    let len = Word.run(text, start + ".atlasv1.".len(), 256);
    (before == 14 && len >= 40).then(|| Found {
        range: start - before..start + ".atlasv1.".len() + len,
        is: Is::Secret(Token, High),
    })
}

/// A bot's number before, 33 characters behind.
fn telegram(text: &str, start: usize) -> Option<Found> {
    let digits =
        text.as_bytes().get(..start)?.iter().rev().take(16).take_while(|it| it.is_ascii_digit()).count();
    let len = Word.run(text, start + 1, 36);
    ((7..=11).contains(&digits) && (33..=36).contains(&len))
        .then(|| Found { range: start - digits..start + 1 + len, is: Is::Secret(Token, High) })
}

/// Two parts, of an id and of the secret.
fn sendgrid(text: &str, start: usize) -> Option<Found> {
    let len = Dotted.run(text, start, 96);
    let mut parts = text.get(start..start + len)?.split('.').skip(1).map(str::len);
    let is_one = Word.run_before(text, start, 0) == 0
        && matches!((parts.next(), parts.next(), parts.next()), (Some(16..=24), Some(35..=50), None));
    is_one.then_some(Found { range: start..start + len, is: Is::Secret(ApiKey, High) })
}

/// 32 hexadecimal digits, and the data centre behind.
fn mailchimp(text: &str, start: usize) -> Option<Found> {
    let digits =
        text.as_bytes().get(start + 3..)?.iter().take(4).take_while(|it| it.is_ascii_digit()).count();
    let is_one = Word.run_before(text, start, 32) == 32
        && Hex.run_before(text, start, 32) == 32
        && (1..=2).contains(&digits);
    is_one.then(|| Found { range: start - 32..start + 3 + digits, is: Is::Secret(ApiKey, High) })
}

/// The path is the secret; without it the address means nothing.
fn webhook(text: &str, start: usize, prefix: &str, least: usize) -> Option<Found> {
    let from = start + prefix.len();
    let rest = text.as_bytes().get(from..)?;
    let len = rest.iter().take(512).take_while(|it| Dotted.has(**it) || matches!(it, b'/' | b'@')).count();
    let severity = if prefix.starts_with("hooks.slack") { Medium } else { High };
    // Of Teams' addresses only what stands behind this is none of an id.
    let ids =
        text.get(from..from + len)?.find("IncomingWebhook/").map_or(0, |it| it + "IncomingWebhook/".len());
    let is_long = len >= least;
    let (from, len) = (from + ids, len - ids);
    let len = if ids > 0 { Word.run(text, from, 128) } else { len };
    is_long.then(|| Found { range: from..from + len, is: Is::Secret(WebhookUrl, severity) })
}

/// K3s and RKE2: the digest of the authority, then a user and a password.
fn cluster_join(text: &str, start: usize) -> Option<Found> {
    let from = start + 3;
    let digest = Hex.run(text, from, 64);
    let behind = from + digest;
    let rest = text.get(behind..)?.strip_prefix("::")?;
    let len = rest.bytes().take(256).take_while(|it| Dotted.has(*it) || *it == b':').count();
    (digest == 64 && len >= 16 && Word.run_before(text, start, 0) == 0)
        .then(|| Found { range: start..behind + 2 + len, is: Is::Secret(Token, Critical) })
}

/// Who has the address can only pretend that a job ran.
fn ping(text: &str, start: usize) -> Option<Found> {
    let from = start + "hc-ping.com/".len();
    let len = Word.run(text, from, 64);
    (len >= 22).then(|| Found { range: from..from + len, is: Is::Secret(Token, Low) })
}

fn next_byte(text: &str, at: usize) -> u8 {
    text.as_bytes().get(at).copied().unwrap_or(b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::forms::all;

    const RANDOM: &str = "q5vpPABPjfWnhXhVcknwpXhuMZB4ZQelu4ilkdcA2uSTpUXAL7wyz8UfVVqNb3Yt9RkLs6GmDc0WxEo1Hi";

    /// A body that the form takes.
    fn sample(form: &Form) -> Option<String> {
        let Body::Run(set, least, _) = form.body else { return None };
        let random: String = RANDOM.chars().cycle().filter(|it| set.has(*it as u8)).take(least).collect();
        Some(format!("{}{random}", form.prefix))
    }

    #[test]
    fn every_form_is_found_in_text_and_ends_where_it_should() {
        for form in &FORMS {
            let Some(token) = sample(form) else { continue };
            for text in [
                token.clone(),
                format!("x: \"{token}\", y"),
                format!("see {token}. And"),
                format!("u:{token}@h"),
            ] {
                let found = all(&text).next();
                assert_eq!(found.as_ref().map(|it| it.is), Some(form.is), "{text}");
                assert_eq!(found.map(|it| text[it.range].to_owned()), Some(token.clone()), "{text}");
            }
            assert_eq!(all(&format!("x{token}")).next(), None, "within a word: {token}");
        }
    }

    #[test]
    fn masks_and_short_bodies_are_no_tokens() {
        for form in &FORMS {
            let Body::Run(_, least, _) = form.body else { continue };
            for body in ["x".repeat(least), "0".repeat(least)] {
                let mask = format!("{}{body}", form.prefix);
                assert!(all(&mask).all(|it| it.is == Is::Public), "{mask}");
            }
            assert_eq!(all(&format!("{} ", form.prefix)).next(), None);
        }
    }

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, Is)>) {
        let found = all(text).next();
        assert_eq!(found.as_ref().map(|it| (&text[it.range.clone()], it.is)), expected, "{text}");
    }

    #[test]
    fn forms_with_parts_on_both_sides() {
        check("AKIAOM45BGHJRKNZA4IC", Some(("AKIAOM45BGHJRKNZA4IC", Is::Secret(AccessKeyId, Medium))));
        check("AKIAIOSFODNN7EXAMPLE", Some(("AKIAIOSFODNN7EXAMPLE", Is::Public)));
        check(
            "AKIAOM45BGHJRKNZA4IC/20240501/eu-west-1",
            Some(("AKIAOM45BGHJRKNZA4IC", Is::Secret(AccessKeyId, Medium))),
        );
        check("AKIAOM45BGHJRKNZA4ICX", None);
        let secret = concat!("Qk3", "8Q~", "xN4m.aZ7-Lp0_Rt6Yv2Bd9Hs1Jw5Ke8Gc");
        check(&format!("\"{secret}\""), Some((secret, Is::Secret(ClientSecret, High))));
        let telegram = concat!("7123456789", ":AA", "91tnutlfjgs6mjHG6ds4ryScDWOEO6kEl");
        check(
            &format!("https://api.telegram.org/bot{telegram}/x"),
            Some((telegram, Is::Secret(Token, High))),
        );
        let claim = concat!("claim", "-", "Zr8sWm_4QfLx2-TvKd7N");
        check(claim, Some((claim, Is::Secret(Token, High))));
        check("claim-with-words-and-dashes", None);
        let sendgrid =
            concat!("SG", ".", "q5vpPABPjfWnhXhVcknwpX", ".", "huMZB4ZQelu4ilkdcA2uSTpUXAL7wyz8UfVVqNb3Yt9");
        check(sendgrid, Some((sendgrid, Is::Secret(ApiKey, High))));
        let mailchimp = concat!("35fa9ceb6ef5f1dc3a8cf119bb0a646c", "-us", "14");
        check(mailchimp, Some((mailchimp, Is::Secret(ApiKey, High))));
        check("region: en-us2", None);
        let join = format!(
            "K10{}::server:{}",
            "0b7cfee48bd981669db6e482912a258d".repeat(2),
            "6c1d16c1b9856a3c17c6fbef7295d30c"
        );
        check(&join, Some((&join, Is::Secret(Token, Critical))));
    }

    #[test]
    fn of_a_webhook_the_path_is_the_secret() {
        let path = concat!("T0UC4YHI5EZ/", "B0A7SKUJEFY/", "uARDRZT0pLDAHBkihUjtsOl4");
        let hook = format!("https://hooks.slack.com/services/{path}");
        check(&hook, Some((path, Is::Secret(WebhookUrl, Medium))));
        let example = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX";
        assert!(all(example).all(|it| it.is == Is::Public));
        check("https://hooks.slack.com/services/", None);
        let ids = "a1b2c3d4-0000-4000-8000-00000000beef@a1b2c3d4-0000-4000-8000-00000000cafe";
        let secret = "0b7cfee48bd981669db6e482912a258d";
        let teams = format!("https://x.webhook.office.com/webhookb2/{ids}/IncomingWebhook/{secret}/a1b2c3d4");
        check(&teams, Some((secret, Is::Secret(WebhookUrl, High))));
    }
}
