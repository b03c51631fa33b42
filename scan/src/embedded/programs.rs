//! Which words of which programs are secrets, where no name says so: `-p` is a password, a port, or a path.

use std::{collections::HashMap, sync::LazyLock};

use foldhash::fast::FixedState;

/// What stands behind a flag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Takes {
    Password,
    Token,
    /// What a cluster encrypts its own messages with.
    Key,
    /// `user:password`, split at this character.
    Login(char),
    /// `Name: value`.
    Header,
    /// `pass:x`, `env:X` or `file:x`.
    Source,
}

/// How a flag and its word are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Written {
    Apart,
    /// `-psecret`, and never `-p secret`.
    Glued,
    Both,
}

struct Flag {
    /// Empty: any program.
    programs: &'static str,
    flag: &'static str,
    written: Written,
    takes: Takes,
}

const fn apart(programs: &'static str, flag: &'static str, takes: Takes) -> Flag {
    Flag { programs, flag, written: Written::Apart, takes }
}

const fn glued(programs: &'static str, flag: &'static str, takes: Takes) -> Flag {
    Flag { programs, flag, written: Written::Glued, takes }
}

const fn both(programs: &'static str, flag: &'static str, takes: Takes) -> Flag {
    Flag { programs, flag, written: Written::Both, takes }
}

use Takes::{Header, Key, Login, Password, Source, Token};

const MYSQL: &str = "mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlslap mysqlpump mysqlbinlog mysql_upgrade mariadb \
     mariadb-dump mariadb-admin mariadb-check mariadb-import";
const MYSQL_TOOLS: &str = "mydumper myloader xtrabackup innobackupex mariabackup mycli mytop pt-table-checksum pt-online-schema-change";
const MONGO: &str =
    "mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop mongofiles";
const LDAP: &str =
    "ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami ldappasswd ldapcompare ldapmodrdn ldapexop";
const SAMBA: &str = "smbclient smbmap rpcclient smbget nmblookup smbcacls smbtree samba-tool wmic winexe";

const FLAGS: &[Flag] = &[
    glued(MYSQL, "-p", Password),
    glued(MYSQL_TOOLS, "-p", Password),
    apart("mydumper myloader", "-p", Password),
    both("redis-cli redis-benchmark valkey-cli keydb-cli", "-a", Password),
    both("sshpass", "-p", Password),
    both(LDAP, "-w", Password),
    apart("ldappasswd", "-s", Password),
    apart("ldappasswd", "-a", Password),
    both("curl", "-u", Login(':')),
    both("curl", "-U", Login(':')),
    apart("http https xh", "-a", Login(':')),
    apart("ab", "-A", Login(':')),
    apart("ab", "-P", Login(':')),
    apart("hey", "-a", Login(':')),
    both(MONGO, "-p", Password),
    both("sqlcmd bcp osql tsql", "-P", Password),
    both("cqlsh sstableloader", "-p", Password),
    apart("nodetool", "-pw", Password),
    both("mosquitto_pub mosquitto_sub mosquitto_rr", "-P", Password),
    apart("mqtt", "-pw", Password),
    both("ipmitool", "-P", Password),
    both("zip unzip", "-P", Password),
    glued("7z 7za 7zr 7zz rar unrar", "-p", Password),
    glued("rar unrar", "-hp", Password),
    both("rdesktop", "-p", Password),
    apart("plink pscp psftp putty winscp", "-pw", Password),
    apart("rabbitmqadmin", "-p", Password),
    apart("kcadm.sh kcadm kcreg.sh", "-p", Password),
    apart("kcadm.sh kcadm", "--new-password", Password),
    apart("beeline", "-p", Password),
    both("cypher-shell", "-p", Password),
    both("supervisorctl", "-p", Password),
    apart("influx", "-p", Password),
    apart("odoo odoo-bin", "-w", Password),
    apart("airflow", "-p", Password),
    apart("add-user.sh", "-p", Password),
    apart("choco nuget", "-p", Password),
    apart("slappasswd", "-s", Password),
    apart("caddy", "-p", Password),
    apart("caddy", "--plaintext", Password),
    apart("ipa-client-install", "-w", Password),
    apart("ipa-server-install", "-p", Password),
    apart("ipa-server-install", "-a", Password),
    apart("useradd usermod", "-p", Password),
    apart("keytool jarsigner", "-storepass", Password),
    apart("keytool jarsigner", "-keypass", Password),
    apart("keytool", "-srcstorepass", Password),
    apart("keytool", "-deststorepass", Password),
    apart("keytool", "-destkeypass", Password),
    apart("x11vnc", "-passwd", Password),
    apart("x11vnc", "-storepasswd", Password),
    apart("lftp open", "-u", Login(',')),
    apart("influx", "-t", Token),
    apart("ncftpput ncftpget ncftp ncftpls", "-p", Password),
    apart("swaks", "-ap", Password),
    apart("sendemail sendEmail", "-xp", Password),
    apart("twine", "-p", Password),
    apart("az", "-p", Password),
    apart("docker-login podman-login", "-p", Password),
    apart("etcdctl", "--user", Login(':')),
    apart("skopeo buildah podman ctr crictl", "--creds", Login(':')),
    apart("skopeo", "--src-creds", Login(':')),
    apart("skopeo", "--dest-creds", Login(':')),
    apart("ctr", "-u", Login(':')),
    both(SAMBA, "-U", Login('%')),
    apart("net", "-U", Login('%')),
    apart("smbmap nxc crackmapexec evil-winrm", "-p", Password),
    apart("openssl", "-passin", Source),
    apart("openssl", "-passout", Source),
    apart("openssl", "-pass", Source),
    apart("openssl", "-password", Source),
    apart("openssl", "-k", Password),
    apart("snmpwalk snmpget snmpset snmpbulkwalk snmpgetnext snmptrap", "-A", Password),
    apart("snmpwalk snmpget snmpset snmpbulkwalk snmpgetnext snmptrap", "-X", Password),
    apart("snmpwalk snmpget snmpset snmpbulkwalk snmpgetnext snmptrap", "-c", Password),
    apart("gitlab-runner", "-r", Token),
    apart("consul nomad", "-install", Key),
    apart("saslpasswd2", "-p", Password),
    // Probes of Nagios and those who took them over.
    apart("check_ldap check_ldaps", "-P", Password),
    apart("check_mysql check_mysql_query check_pgsql check_disk_smb check_ups", "-p", Password),
    apart("check_http check_curl", "-a", Login(':')),
    apart("check_snmp", "-C", Password),
    apart("schtasks", "/rp", Password),
    apart("schtasks", "/RP", Password),
    apart("wp", "--prompt", Password),
    // The same in every program that has them.
    apart("", "-H", Header),
    apart("", "--header", Header),
    apart("", "--proxy-header", Header),
    apart("", "--proxy-user", Login(':')),
    apart("", "--basic-auth", Login(':')),
    apart("", "--basicauth", Login(':')),
    apart("", "--http-auth", Login(':')),
    apart("", "--userpass", Login(':')),
    apart("", "--creds", Login(':')),
    apart("", "--credentials", Login(':')),
    apart("", "--auth", Login(':')),
    apart("", "--user", Login(':')),
    apart("", "--http-user", Login(':')),
    apart("", "--oauth2-bearer", Token),
    apart("", "--setup-key", Token),
    apart("", "--requirepass", Password),
    apart("", "--masterauth", Password),
    apart("", "--pass", Password),
    apart("", "--storepass", Password),
    apart("", "--authkey", Token),
    apart("", "--auth-key", Token),
    apart("", "--registration-token", Token),
];

/// What the word behind a flag is.
pub(super) fn behind(program: Option<&str>, flag: &str) -> Option<Takes> {
    rows(program).find(|it| it.flag == flag && it.written != Written::Glued).map(|it| it.takes)
}

/// A flag that has its value behind `=` or none: `mysqldump --password shop` asks for it, and dumps `shop`.
pub(super) fn asks(program: Option<&str>, flag: &str) -> bool {
    matches!(flag, "--password" | "--password1" | "--password2" | "--password3")
        && program.is_some_and(|program| MYSQL.split_whitespace().any(|it| it == program))
}

/// What the rest of a word is that begins with a flag, and where it begins.
pub(super) fn within(program: Option<&str>, word: &str) -> Option<(usize, Takes)> {
    let glued = rows(program).find(|it| {
        it.written != Written::Apart
            && word.len() > it.flag.len()
            && word.starts_with(it.flag)
            && !it.programs.is_empty()
    });
    glued.map(|it| (it.flag.len(), it.takes))
}

/// The flags of each program; those of any program stand under "".
static PROGRAMS: LazyLock<HashMap<&'static str, Vec<&'static Flag>, FixedState>> = LazyLock::new(|| {
    let mut programs: HashMap<_, Vec<_>, FixedState> =
        OTHERS.split_whitespace().map(|it| (it, Vec::new())).collect();
    for flag in FLAGS {
        if flag.programs.is_empty() {
            programs.entry("").or_default().push(flag);
        }
        for name in flag.programs.split_whitespace() {
            programs.entry(name).or_default().push(flag);
        }
    }
    programs
});

fn rows(program: Option<&str>) -> impl Iterator<Item = &'static Flag> {
    let of = |name: &str| PROGRAMS.get(name).into_iter().flatten().copied();
    of(program.unwrap_or("-")).chain(of(""))
}

/// Programs that are known, with or without flags of their own.
pub(super) fn is_known(program: &str) -> bool {
    !program.is_empty() && PROGRAMS.contains_key(program)
}

/// Programs whose other words say something, or whose short flags are no passwords.
const OTHERS: &str = "mc htpasswd rabbitmqctl wpa_passphrase nmcli vault bao bash sh zsh dash ash ksh su ssh scp sftp rsync psql pg_dump \
     pg_restore pg_basebackup pgbench createdb createuser redis-server redis-sentinel docker podman nerdctl helm oras crane oc kubectl argocd \
     wget git npm yarn pip composer aws gcloud terraform nomad consul java gradle mvn ansible ansible-playbook chpasswd passwd smbpasswd sudo \
     gpg cryptsetup kinit restic rclone s3cmd mosquitto_passwd sqlplus sqlldr expdp impdp rman xfreerdp wfreerdp mount mount.cifs influx \
     clickhouse-client ngrok cloudflared tailscale snyk snap occ crudini python python3 node php perl ruby nc ncat socat mkdir cp tar tee cat \
     code-server nginx haproxy caddy mongod sentinel ConvertTo-SecureString net tcp-check d-i proxy_set_header grpc_set_header header_up \
     RequestHeader secure_link_md5 machine enable username \
     poll cache_peer sed find requirepass masterauth acme_dns";

/// Programs that read a password from their standard input, with these words.
pub(super) fn reads_password(words: &[&str]) -> bool {
    let Some(program) =
        words.iter().find(|it| !matches!(**it, "env" | "exec" | "command" | "nohup")).map(|it| base(it))
    else {
        return false;
    };
    let has = |any: &[&str]| words.iter().any(|it| any.contains(it));
    if has(&[
        "--password-stdin",
        "--with-token",
        "--passphrase-fd",
        "-passin",
        "--pass-stdin",
        "--token-stdin",
    ]) {
        return true;
    }
    match program {
        "docker" | "podman" => has(&["secret"]) && has(&["create"]) && has(&["-"]),
        // Without `-S`, what follows is another program that reads.
        "sudo" => {
            words.iter().any(|it| it.starts_with('-') && !it.starts_with("--") && it.contains('S'))
                || has(&["--stdin"])
                || words
                    .iter()
                    .position(|it| base(it) != "sudo" && !it.starts_with('-'))
                    .is_some_and(|at| reads_password(words.get(at..).unwrap_or(&[])))
        }
        "passwd" | "smbpasswd" | "kinit" | "cryptsetup" | "su" | "vncpasswd" | "saslpasswd2" | "pdbedit"
        | "realm" => true,
        "adcli" | "net" => has(&["--stdin-password", "join"]),
        "htpasswd" => words.iter().any(|it| it.starts_with('-') && it.contains('i')),
        "vault" | "bao" => has(&["login"]) && has(&["-"]),
        "elasticsearch-keystore" | "opensearch-keystore" | "kibana-keystore" | "logstash-keystore" => {
            has(&["add"])
        }
        _ => false,
    }
}

/// Programs that write what they read in base64.
pub(super) fn encodes(words: &[&str]) -> bool {
    let has = |any: &[&str]| words.iter().any(|it| any.contains(it));
    match words.first().map(|it| base(it)) {
        Some("base64" | "gbase64") => !has(&["-d", "-D", "-di", "--decode"]),
        Some("openssl") => has(&["base64", "-base64", "-a"]) && !has(&["-d"]),
        _ => false,
    }
}

/// Programs that read `user:password` lines.
pub(super) fn reads_logins(words: &[&str]) -> bool {
    words.iter().take(6).any(|it| matches!(base(it), "chpasswd" | "newusers" | "chgpasswd"))
}

/// The program's name without its folder.
pub(super) fn base(word: &str) -> &str {
    let folder = memchr::memrchr2(b'/', b'\\', word.as_bytes());
    let name = folder.and_then(|it| word.get(it + 1..)).unwrap_or(word);
    name.strip_suffix(".exe").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_means_what_the_program_says() {
        assert_eq!(behind(Some("sshpass"), "-p"), Some(Password));
        assert_eq!(behind(Some("mysql"), "-p"), None, "the name of a database");
        assert_eq!(within(Some("mysql"), "-pSecret"), Some((2, Password)));
        assert_eq!(behind(Some("ssh"), "-p"), None);
        assert_eq!(within(Some("ssh"), "-p22"), None);
        assert_eq!(behind(None, "-H"), Some(Header));
    }

    #[test]
    fn who_reads_a_password() {
        assert!(reads_password(&["sudo", "-S", "true"]));
        assert!(reads_password(&["sudo", "docker", "login", "--password-stdin"]));
        assert!(!reads_password(&["sudo", "tee", "/etc/motd"]));
        assert!(reads_logins(&["sudo", "/usr/sbin/chpasswd"]));
    }
}
