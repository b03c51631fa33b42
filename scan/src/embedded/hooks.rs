//! Web hooks and the like: URLs whose path is all that one must know.

use std::ops::Range;

use super::candidate::{Role, looks_random, looks_secret, secret};
use crate::{At, Finder, Kind, Severity, Text, judge::Verdict};

/// Web hooks, whose path is all that one must know.
const HOOKS: [(&str, &str); 16] = [
    ("hooks.slack.com", "/services/"),
    ("hooks.slack.com", "/workflows/"),
    ("hooks.slack.com", "/triggers/"),
    ("hooks.slack-gov.com", "/services/"),
    ("discord.com", "/api/webhooks/"),
    ("discordapp.com", "/api/webhooks/"),
    ("webhook.office.com", "/webhookb2/"),
    ("outlook.office.com", "/webhook/"),
    ("outlook.office365.com", "/webhook/"),
    ("hooks.zapier.com", "/hooks/catch/"),
    ("open.feishu.cn", "/open-apis/bot/v2/hook/"),
    ("open.larksuite.com", "/open-apis/bot/v2/hook/"),
    ("events.pagerduty.com", "/integration/"),
    ("maker.ifttt.com", "/trigger/"),
    ("hc-ping.com", "/"),
    ("alert.victorops.com", "/integrations/"),
];

/// What stands before the secret in the paths of anybody's web hooks.
const HOOK_SEGMENTS: [&str; 10] = [
    "cron",
    "hook",
    "hooks",
    "webhook",
    "webhooks",
    "ping",
    "push",
    "incoming",
    "incoming-webhook",
    "trigger",
];

pub(super) fn path<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    mask: &[u8],
    from: usize,
    scheme: &str,
    part: &dyn Fn(Range<usize>) -> Text<'a>,
) {
    let rest = mask.get(from..).unwrap_or(&[]);
    let Some(slash) = rest.iter().position(|it| *it == b'/') else { return };
    let end = rest.iter().position(|it| b"?#,;)]|".contains(it)).unwrap_or(rest.len());
    if slash >= end {
        return;
    }
    let host = part(from..from + slash);
    let text = part(from + slash..from + end);
    let (host, written) = (host.as_str(), text.as_str());
    let hook = HOOKS.iter().find(|(name, prefix)| is_below(host, name) && written.starts_with(prefix));
    if let Some((name, prefix)) = hook {
        let secret = written.get(prefix.len()..).unwrap_or("");
        // Discord's first segment is an id, and what stands behind the key of IFTTT's is all.
        let skip = match *name {
            "discord.com" | "discordapp.com" => secret.find('/').map(|it| it + 1),
            "maker.ifttt.com" => secret.find("/key/").map(|it| it + 5),
            "webhook.office.com" | "outlook.office.com" | "outlook.office365.com" => {
                Some(secret.find("/IncomingWebhook/").map_or(0, |it| it + "/IncomingWebhook/".len()))
            }
            _ => Some(0),
        };
        if let Some(skip) = skip {
            let start = prefix.len() + skip;
            let end = written.trim_end_matches('/').len();
            // Of Teams' path, one segment is the secret.
            let is_segment = secret.contains("/IncomingWebhook/");
            let segment = written.get(start..end).and_then(|it| it.find('/')).filter(|_| is_segment);
            webhook(finder, at, &text, start..segment.map_or(end, |it| start + it));
        }
        return;
    }
    if is_below(host, "api.telegram.org") {
        if let Some(token) = written.strip_prefix("/bot").and_then(|it| it.split('/').next())
            && let Some((id, key)) = token.split_once(':')
        {
            let start = "/bot".len() + id.len() + 1;
            secret(finder, at, Role::Token, &text.slice(start..start + key.len()));
        }
        return;
    }
    let Some(last) = written.trim_end_matches('/').rfind('/').map(|it| it + 1) else { return };
    let last = last..written.trim_end_matches('/').len();
    let word = written.get(last.clone()).unwrap_or("");
    let before = written.get(..last.start).unwrap_or("");
    let is_hook = before.split('/').any(|it| HOOK_SEGMENTS.contains(&it));
    if scheme.starts_with("rtmp") && (looks_random(word) || looks_secret(word)) && before.len() > 1 {
        secret(finder, at, Role::Token, &text.slice(last));
    } else if is_hook && looks_random(word) && !word.contains('.') {
        webhook(finder, at, &text, last);
    }
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|it| it.is_empty() || it.ends_with('.'))
}

/// Unless it is made of placeholders: `T000/B000/XXXX`, `<id>/<token>`.
fn webhook<'a>(finder: &mut Finder<'a>, at: &At<'_>, path: &Text<'a>, part: Range<usize>) {
    let text = path.slice(part.clone());
    let written = text.as_str();
    let longest = written.split('/').max_by_key(|it| it.len()).unwrap_or("");
    let kinds =
        longest.bytes().fold(0_u128, |seen, it| seen | 1_u128.checked_shl(u32::from(it)).unwrap_or(0));
    let is_word = longest.bytes().all(|it| it.is_ascii_lowercase() || b"-_".contains(&it));
    let is_live =
        longest.len() >= 12 && kinds.count_ones() >= 6 && !is_word && !written.contains(['<', '{', '$', '*']);
    if is_live && text.holes().is_empty() {
        let verdict =
            Verdict { part: 0..text.len(), kind: Kind::WebhookUrl, severity: Severity::High, weak: false };
        finder.found(at, &text, &verdict);
    }
}
