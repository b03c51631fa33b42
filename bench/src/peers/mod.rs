//! Who is measured: the two secrets managers, and what the machine could do at best.

pub mod bare_axum;
pub mod bare_sqlite;
pub mod openbao;
pub mod strongroom;
mod tls;
mod vault;

use serde::{Deserialize, Serialize};

use crate::{Failure, Options, server::Server};

/// One column of the results.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    Strongroom,
    OpenBao,
    /// The HTTP layer alone, answering the same bytes.
    BareAxum,
    /// The storage alone, committing the same rows.
    BareSqlite,
    /// Strongroom again, with the plain form of the same request.
    Plain,
}

impl Peer {
    pub const ALL: [Self; 5] =
        [Self::Strongroom, Self::OpenBao, Self::BareAxum, Self::BareSqlite, Self::Plain];

    pub fn name(self) -> &'static str {
        match self {
            Self::Strongroom => "strongroom",
            Self::OpenBao => "openbao",
            Self::BareAxum => "bare axum",
            Self::BareSqlite => "bare SQLite",
            Self::Plain => "plain read",
        }
    }
}

/// All of them, running.
pub struct Peers {
    pub strongroom: Server,
    pub openbao: Server,
    pub bare_axum: Server,
    pub bare_sqlite: bare_sqlite::BareSqlite,
}

impl Peers {
    pub fn start(options: &Options) -> Result<Self, Failure> {
        let strongroom = strongroom::start(&options.secret)?;
        let openbao = openbao::start(&options.bao)?;
        let bare_axum = bare_axum::start(&options.bare_axum, &strongroom)?;
        let bare_sqlite = bare_sqlite::BareSqlite::new(&options.bare_sqlite)?;
        Ok(Self { strongroom, openbao, bare_axum, bare_sqlite })
    }

    /// The server that a column's requests go to; none for what is no server.
    pub fn server(&self, peer: Peer) -> Option<&Server> {
        match peer {
            Peer::Strongroom | Peer::Plain => Some(&self.strongroom),
            Peer::OpenBao => Some(&self.openbao),
            Peer::BareAxum => Some(&self.bare_axum),
            Peer::BareSqlite => None,
        }
    }
}
