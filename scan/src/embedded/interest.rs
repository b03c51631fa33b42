//! Which lines are worth a second look: one pass over a whole text.

use std::sync::LazyLock;

use crate::needles::Needles;

/// Words of telling names, programs that take a password by a letter, and the marks of what may hold one.
const NEEDLES: &str = "pass pwd passwd _pw pw= pw: _bind pw\" -pw secret geheim segre token tkn bearer jwt key cle_ auth cred login identified psk pepper \
     salt hmac cookie signature sig= webhook hook pin mnemonic phrase community kennwort contrase senha wachtwoord hasl hasł heslo lösen losenord jelsz salasana adgangs kodeord sifre şifre parol anahtar klucz clave \
     пароль 密码 密碼 パスワード 비밀번호 секрет \
     :// << -----begin $2a$ $2b$ $2y$ $apr1$ {sha} $6$ $5$ @tcp( \
     mysql mariadb mydumper xtrabackup redis-cli valkey-cli curl ldap mongo sqlcmd bcp osql cqlsh mosquitto ipmitool zip 7z rar \
     smbclient rpcclient rabbitmq wpa_ nmcli sqlplus expdp wget lftp nodetool snmp plink pscp swaks openssl useradd usermod keytool \
     x11vnc ncftp http_ networkcredential getconnection basic account_key accountkey connect( sudo vault ngrok snyk rdesktop xfreerdp \
     cypher-shell slappasswd samba-tool ipa- rclone supervisorctl odoo airflow choco setx etcdctl -keystore add-user gitlab-runner unseal keyring \
     acl ]: assword rootpw kinit cryptsetup stdin vncpasswd realm auth_ user_ encrypt license licence securestring insert";

const SPACED: [&str; 12] = [
    "| base64",
    "$arg_",
    "open -u ",
    "net use ",
    "net user ",
    "/rp ",
    "mc alias ",
    "mc admin ",
    "mc config ",
    "az login",
    "on >",
    " -h ",
];

static SEARCH: LazyLock<Needles> =
    LazyLock::new(|| Needles::of_any_case(NEEDLES.split_whitespace().chain(SPACED)));

/// Where telling words begin and end.
pub(super) fn hits(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    SEARCH.all(text).map(|it| (it.start, it.end))
}

/// Whether there is anything to look at.
pub(super) fn any(text: &str) -> bool {
    SEARCH.next(text, 0).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_lines_are_passed_by() {
        assert!(any("export DB_PASSWORD=x") && any("DBPASS") && any("redis://h") && any("mysqldump -px"));
        assert!(!any("for i in 1 2 3; do echo $i; done") && !any("An ordinary line of text."));
    }
}
