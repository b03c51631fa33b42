//! What the words of names mean, one table for all of them.

use std::{collections::HashMap, sync::LazyLock};

use foldhash::fast::FixedState;

/// What a word says of the value that its name was given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    Password,
    /// A password in another language, where what it opens stands behind as a rule.
    Motdepasse,
    /// A password of digits.
    Pin,
    Secret,
    Token,
    Key,
    /// Login, credentials, auth: often a pair, often no secret at all.
    Credential,
    /// Mixed into what is hashed or signed.
    Pepper,
    Cookie,
    /// A password's hash behind a password, otherwise a checksum.
    Hash,
    Webhook,
    /// A list of words that are a key.
    Mnemonic,
    /// The same, behind `seed` or `recovery`.
    Phrase,
    /// A key, where it is all of the name.
    Encrypt,
    /// Says nothing of its own: `old`, `prod`, `value`.
    Noise,
    /// The value is about a secret, and none itself: its file, its age, its name.
    Harmless,
}

/// Whose key it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Owner {
    Access,
    Api,
    /// Also the name of a column, of an object or of a group; only the value can tell.
    Unclear,
    Encryption,
    Master,
    Password,
    Private,
    Secret,
    Signing,
    Storage,
    /// Not a secret, whatever the value looks like.
    Public,
}

const ROLES: [(Role, &str); 16] = [
    (
        Role::Password,
        "password passwords passwd passwds pwd pwds pass passw passwrd pw passphrase passphrases passcode passcodes authtok psk rocommunity rwcommunity",
    ),
    (
        Role::Motdepasse,
        "passwort passwörter passwoerter kennwort kennwörter kennwoerter passe mdp motdepasse parola parole contraseña \
         contraseñas contrasena contrasenas contrasenya pasahitza senha senhas wachtwoord wachtwoorden wagwoord hasło haslo \
         hasła heslo heslá geslo lozinka zaporka lösenord losenord passord adgangskode kodeord lykilorð salasana parool slaptažodis \
         katasandi jelszó jelszo şifre sifre şifresi sifresi parolası parolasi sandi laluan khẩu matkhau nywila cyfrinair pasfhocal \
         пароль пароли пароля паролю парола лозинка κωδικός κωδικος סיסמה סיסמא المرور السر पासवर्ड รหัสผ่าน \
         密码 密碼 口令 パスワード 暗証番号 비밀번호 암호",
    ),
    (Role::Pin, "pin pincode code doorcode gatecode alarmcode tuercode türcode torcode zugangscode"),
    (
        Role::Secret,
        "secret secrets geheim geheimnis sekret hemlighet hemmelighet hemmelighed secreto segredo segreto секрет",
    ),
    (Role::Token, "token tokens tkn bearer jwt jwts pat jeton токен authkey gslt setsteamaccount"),
    (
        Role::Key,
        "key keys cle clé clef clés cles clefs chiave chiavi schlüssel schluessel chave llave klucz nyckel sleutel nøkkel nokkel nøgle avain klíč klic kulcs cheie kljuc ključ anahtar anahtari anahtarı ключ",
    ),
    (
        Role::Credential,
        "auth auths authorization authorisation authentication credential credentials cred creds login logins userpass \
         basicauth identifiants zugangsdaten license licence community signature sig clave keytab",
    ),
    (Role::Pepper, "pepper salt salts hmac hmacencoded"),
    (Role::Cookie, "cookie cookies"),
    (
        Role::Hash,
        "hash hashes hashed sha sha256 sha512 sha2 sha1 md5 digest bcrypt crypt crypted htpasswd verifier",
    ),
    (Role::Webhook, "webhook webhooks hook hooks"),
    (Role::Mnemonic, "mnemonic mnemonics seedphrase"),
    (Role::Phrase, "phrase"),
    (Role::Encrypt, "encrypt"),
    (
        Role::Noise,
        "old new current previous prev next prod production dev development stage staging test tests testing default \
         defaults value values val b64 base64 encoded decoded hex plain plaintext clear cleartext raw confirm confirmation \
         confirmed again override fallback primary secondary env data string str wo base main live sandbox local \
         global text content contents literal v here legacy temp tmp initial root admin db x static ro rw",
    ),
    (
        Role::Harmless,
        "file files filename filepath path paths dir dirs directory folder url urls uri uris endpoint endpoints host \
         hosts hostname port ports address addresses addr server servers domain domains region zone name names id ids kid \
         uid guid uuid username user users owner role roles group groups email emails mail subject issuer audience \
         scope scopes realm tenant account accounts org ttl expiry expires expire expired expiration expiring exp lifetime duration \
         seconds second secs sec minutes minute mins hours hour days day ms millis months years interval timeout period \
         grace leeway skew rotation rotate rotated renew renewal refreshes age date time timestamp at created updated last since until \
         length len size sizes min max minimum maximum limit limits count counts number num total bits bytes rounds iterations \
         cost memory budget usage uses quota price per rate policy policies rule rules complexity strength score algorithm algorithms algo alg algs \
         hasher hashers hashing encoder encoding encryptor format formats type types kind kinds mode modes method methods mechanism mechanisms scheme \
         schemes protocol flow grant header headers prefix prefixes suffix suffixes separator delimiter field fields \
         param params parameter parameters column columns attribute attributes attr property label labels annotation annotations \
         enabled enable disabled disable required require requires allowed allow supported optional prompt hint help \
         placeholder description desc comment message msg title caption tooltip template templates regex regexp pattern patterns symbols \
         chars characters charset alphabet special version versions provider providers backend backends store stores storage \
         manager managers command commands cmd script exec helper plugin plugins engine driver class handler handlers validator \
         validation generator generation resolver loader reader parser factory service services client clients api apis module config \
         configuration settings options reset recovery recover change changed changes forgot forgotten update revoke revoked revocation invalidation \
         cache ref refs reference references arn alias selector mount mounts mountpath var variable variables location source sources origin target \
         index status state metadata meta revision exchange review reviews binding bindings accessor accessors fingerprint thumbprint checksum \
         checksums etag commit public pub cert certificate certificates certs ca crt csr chain curve spec schema table bucket collection queue topic \
         existing tokenizer tokenization scanning scan detection scanner rotator sync operator controller injector  page screen form view button icon \
         link links action actions event events log logs logging audit level retry retries attempts attempt lockout history check checks verify verification \
         present exists missing empty null set unset is has needed mask masked masking richtlinie hinweis hinweise datei pfad länge laenge fichier chemin longueur indice archivo ruta longitud politik politika politikası politikasi politique politica política redact redacted redaction filter filters support compat \
         through thru trip priority nonce nopasswd nopass nopassword mtime ctime cidr cidrs ip ips subnet sock book word words wordlist dictionary list lists mapping map maps sort order entropy dn ou base64url",
    ),
];

const OWNERS: [(Owner, &str); 11] = [
    (Owner::Access, "access"),
    (Owner::Api, "api auth authentication authorization admin consumer developer"),
    (
        Owner::Encryption,
        "encryption encrypt encrypting crypt crypto cipher aes fernet kek dek decryption decrypt gossip",
    ),
    (Owner::Master, "master unseal"),
    (Owner::Password, "preshared psk wpa wpa2 wpa3 wifi wlan wep"),
    (Owner::Private, "private priv privat privée"),
    (Owner::Secret, "secret"),
    (Owner::Signing, "signing sign signature hmac jwt jws"),
    (Owner::Storage, "account storage aws s3 minio r2 b2 spaces wasabi ceph swift oss cos azure"),
    (
        Owner::Public,
        "public pub publishable anon site \
         primary foreign partition partitioning shard range row sort column composite surrogate natural candidate unique \
         lookup index cache object bucket topic group grouping idempotency dedup deduplication \
         tag label labels config configuration setting option param parameter item sub field property attribute \
         translation i18n l10n locale metric log message event trace state lock dict json yaml map feature flag \
         instrumentation shortcut hot arrow any escape tab enter return modifier magic function issue project pair known trusted \
         authorized authorised ca registry reg kms cmk ref recv password passwd pwd existing name verify verification verifying",
    ),
    (
        Owner::Unclear,
        "rsa ecdsa ed25519 dsa ssh deploy identity wireguard wg ssl tls pem host client session cookie csrf xsrf token \
         webhook shared hash root recovery vault barrier serf app application license licence user username email",
    ),
];

static BY_WORD: LazyLock<HashMap<&'static str, Role, FixedState>> = LazyLock::new(|| {
    ROLES.iter().flat_map(|(role, words)| words.split_whitespace().map(|it| (it, *role))).collect()
});

static BY_OWNER: LazyLock<HashMap<&'static str, Owner, FixedState>> = LazyLock::new(|| {
    OWNERS.iter().flat_map(|(owner, words)| words.split_whitespace().map(|it| (it, *owner))).collect()
});

/// The meaning of a word in lower case; a number at its end is none of it.
pub(super) fn role(word: &str) -> Option<Role> {
    let found = BY_WORD.get(word).copied();
    found.or_else(|| {
        let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
        if bare.is_empty() { Some(Role::Noise) } else { BY_WORD.get(bare).copied() }
    })
}

/// Whose key it is, by the word before `key`.
pub(super) fn owner(word: &str) -> Option<Owner> {
    BY_OWNER.get(word).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[track_caller]
    fn check_once(table: impl Iterator<Item = &'static str>) {
        let mut seen = HashSet::new();
        let twice: Vec<_> = table.flat_map(str::split_whitespace).filter(|it| !seen.insert(*it)).collect();
        assert_eq!(twice, [""; 0], "a word has one meaning");
    }

    #[test]
    fn every_word_has_one_meaning() {
        check_once(ROLES.iter().map(|(_, words)| *words));
        check_once(OWNERS.iter().map(|(_, words)| *words));
    }

    #[test]
    fn a_number_behind_a_word_is_none_of_it() {
        assert_eq!(role("password2"), Some(Role::Password));
        assert_eq!(role("sha256"), Some(Role::Hash));
        assert_eq!(role("17"), Some(Role::Noise));
        assert_eq!(role("author"), None);
    }
}
