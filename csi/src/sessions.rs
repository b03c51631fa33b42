//! The logins that a node has.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    Error, Trust,
    attributes::Wish,
    server::Servers,
    session::{Session, Whose},
};

// Rule 124
/// At most so many; whoever has not come for longest is forgotten first.
const MOST: usize = 1000;

pub(crate) struct Sessions {
    servers: Servers,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    sessions: HashMap<Whose, (Arc<Session>, u64)>,
    /// Counts who comes.
    clock: u64,
}

impl Sessions {
    pub(crate) fn new(trust: &Trust) -> Result<Self, Error> {
        Ok(Self { servers: Servers::new(trust)?, known: Mutex::default() })
    }

    pub(crate) fn of(&self, wish: &Wish) -> Result<Arc<Session>, Error> {
        let key = Whose {
            server: wish.server.clone(),
            auth_mount: wish.auth_mount.clone(),
            role: wish.role.clone(),
            audience: wish.identity.audience.clone(),
            pod: wish.identity.pod.clone(),
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clock += 1;
        let now = known.clock;
        if let Some((session, last)) = known.sessions.get_mut(&key) {
            *last = now;
            return Ok(session.clone());
        }
        let session = Arc::new(Session::new(key.clone(), self.servers.client(&wish.server)?));
        if known.sessions.len() >= MOST {
            let oldest = known.sessions.iter().min_by_key(|(_, (_, last))| *last).map(|(key, _)| key.clone());
            oldest.map(|it| known.sessions.remove(&it));
        }
        known.sessions.insert(key, (session.clone(), now));
        Ok(session)
    }
}

#[cfg(test)]
mod tests {
    use strongroom_sdk::SecretString;

    use super::*;
    use crate::{
        identity::{Identity, tests::pod},
        server::Overrides,
    };

    fn wish() -> Wish {
        let identity = Identity { pod: pod(), audience: "vault".into(), token: SecretString::new("a.b.c") };
        Wish {
            identity,
            role: "shop".into(),
            auth_mount: "kubernetes".into(),
            server: Overrides::default(),
            objects: Vec::new(),
            mode: None,
            owner: None,
            group: None,
        }
    }

    // Rule 124
    #[test]
    fn nobody_gets_somebody_elses_session() {
        let sessions = Sessions::new(&Trust::new(strongroom_sdk::Config::default())).unwrap();
        let own = sessions.of(&wish()).unwrap();
        assert!(Arc::ptr_eq(&own, &sessions.of(&wish()).unwrap()));
        let others: [&dyn Fn(&mut Wish); 8] = [
            &|it| it.identity.pod.uid = "other".into(),
            &|it| it.identity.pod.namespace = "other".into(),
            &|it| it.identity.pod.service_account = "other".into(),
            &|it| it.identity.pod.name = "other".into(),
            &|it| it.identity.audience = "other".into(),
            &|it| it.role = "other".into(),
            &|it| it.auth_mount = "other".into(),
            &|it| it.server.namespace = Some("other".into()),
        ];
        for change in others {
            let mut other = wish();
            change(&mut other);
            assert!(!Arc::ptr_eq(&own, &sessions.of(&other).unwrap()), "{other:?}");
        }
    }

    // Rule 124
    #[test]
    fn there_are_so_many_and_no_more() {
        let sessions = Sessions::new(&Trust::new(strongroom_sdk::Config::default())).unwrap();
        let of = |number: usize| {
            let mut it = wish();
            it.identity.pod.uid = format!("pod-{number}");
            sessions.of(&it).unwrap()
        };
        let (first, second) = (of(0), of(1));
        for number in 2..MOST {
            of(number);
        }
        assert!(Arc::ptr_eq(&first, &of(0)));
        of(MOST);
        assert_eq!(sessions.known.lock().unwrap().sessions.len(), MOST);
        assert!(Arc::ptr_eq(&first, &of(0)));
        assert!(!Arc::ptr_eq(&second, &of(1)), "who has not come for longest is forgotten");
    }
}
