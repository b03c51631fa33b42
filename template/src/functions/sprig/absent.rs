//! What of Sprig is not here, and why.

use super::super::{Function, gone};

const CERTIFICATES: &str = "keys and certificates are made by the server's PKI, not by a template";
const DECIMAL: &str = "it calculates in decimals with a library of its own";
const LIBRARY: &str = "its words are cut by a library whose rules change between versions";
const PASSWORDS: &str = "passwords are hashed by who stores them, not by a template";
const SHELL: &str = "it would expand the environment within a text";
const SHUFFLE: &str = "a result that is different each time makes a file change each time";
const TIME: &str = "it needs time zones and Go's words for durations";
const UNSEEN: &str = "no template that we saw uses it";

pub(in crate::functions) const ALL: &[Function] = &[
    gone("sprig_add1f", DECIMAL),
    gone("sprig_addf", DECIMAL),
    gone("sprig_ago", TIME),
    gone("sprig_bcrypt", PASSWORDS),
    gone("sprig_buildCustomCert", CERTIFICATES),
    gone("sprig_camelcase", LIBRARY),
    gone("sprig_date_modify", TIME),
    gone("sprig_dateModify", TIME),
    gone("sprig_decryptAES", PASSWORDS),
    gone("sprig_derivePassword", PASSWORDS),
    gone("sprig_divf", DECIMAL),
    gone("sprig_duration", TIME),
    gone("sprig_durationRound", TIME),
    gone("sprig_encryptAES", PASSWORDS),
    gone("sprig_expandenv", SHELL),
    gone("sprig_genCA", CERTIFICATES),
    gone("sprig_genCAWithKey", CERTIFICATES),
    gone("sprig_genPrivateKey", CERTIFICATES),
    gone("sprig_genSelfSignedCert", CERTIFICATES),
    gone("sprig_genSelfSignedCertWithKey", CERTIFICATES),
    gone("sprig_genSignedCert", CERTIFICATES),
    gone("sprig_genSignedCertWithKey", CERTIFICATES),
    gone("sprig_htpasswd", PASSWORDS),
    gone("sprig_kebabcase", LIBRARY),
    gone("sprig_mulf", DECIMAL),
    gone("sprig_must_date_modify", TIME),
    gone("sprig_mustDateModify", TIME),
    gone("sprig_mustToDate", TIME),
    gone("sprig_semver", UNSEEN),
    gone("sprig_semverCompare", UNSEEN),
    gone("sprig_shuffle", SHUFFLE),
    gone("sprig_snakecase", LIBRARY),
    gone("sprig_subf", DECIMAL),
    gone("sprig_toDate", TIME),
    gone("sprig_urlJoin", UNSEEN),
    gone("sprig_urlParse", UNSEEN),
    gone("sprig_wrap", UNSEEN),
    gone("sprig_wrapWith", UNSEEN),
];
