//! The volumes of a node: published, refreshed in place, taken away.
//!
//! The life of a volume: its place is checked and written down; its secrets are read; a tmpfs is filled where nobody
//! sees it and mounted when it is whole. From then on whatever fails leaves what is there: kubelet comes again, and so
//! do we. It ends when kubelet says so, and with it all that it held on the server.

mod place;
mod record;

use std::{
    collections::HashMap,
    os::fd::OwnedFd,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use rustix::fs::StatVfs;
use strongroom_inject::{Access, Files, Target, Tmpfs, publish};
use tokio::{sync::OwnedMutexGuard, time::Instant};

use self::{
    place::{Found, Place, Pods},
    record::{Record, Records},
};
use crate::{
    Error, Trust,
    attributes::{self, Unknown, Wish},
    fetch::{File, Manner, fetch},
    keyed::Keyed,
    session::Session,
    sessions::Sessions,
};

/// Kubelet gives up after two minutes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Volumes that are refreshed at once when kubelet does not ask.
const AT_ONCE: usize = 4;

/// How the node keeps its volumes.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// Of a volume's tmpfs. Half of it is for the next generation of files.
    pub size: u64,
    /// A secret is held for so long, from each time that it is read.
    pub hold: Duration,
    /// Volumes that kubelet has not asked about for so long are refreshed all the same.
    pub refresh: Duration,
}

impl Default for Keeping {
    fn default() -> Self {
        Self { size: 16 << 20, hold: Duration::from_secs(15 * 60), refresh: Duration::from_secs(120) }
    }
}

pub(crate) struct Volumes {
    trust: Trust,
    keeping: Keeping,
    driver: String,
    pods: Arc<Pods>,
    records: Records,
    sessions: Sessions,
    keyed: Keyed,
    known: Mutex<HashMap<String, Volume>>,
    /// Which volume a target path belongs to.
    targets: Mutex<HashMap<String, String>>,
}

/// One at a time has it.
type Volume = Arc<tokio::sync::Mutex<State>>;

#[derive(Default)]
struct State {
    record: Option<Record>,
    last: Option<Last>,
    /// It was taken out of the list: whoever waited for it looks again.
    is_gone: bool,
}

/// What kubelet asked for last.
struct Last {
    wish: Wish,
    session: Arc<Session>,
    access: Access,
    /// Of the files that are there.
    version: Option<String>,
    at: Instant,
    is_failing: bool,
}

/// What kubelet asks for.
#[derive(Default)]
pub(crate) struct Publish {
    pub(crate) volume: String,
    pub(crate) target: String,
    /// Of the pod: its fsGroup.
    pub(crate) group: String,
    pub(crate) context: HashMap<String, String>,
    pub(crate) secrets: HashMap<String, String>,
}

impl Volumes {
    /// Those that there were before the driver was started are known again.
    pub(crate) fn open(
        trust: Trust,
        keeping: Keeping,
        driver: &str,
        kubelet: &Path,
        state: &Path,
    ) -> Result<Self, Error> {
        let volumes = Self {
            sessions: Sessions::new(&trust)?,
            pods: Arc::new(Pods::open(kubelet, driver)?),
            records: Records::open(state)?,
            keyed: Keyed::random()?,
            driver: driver.to_owned(),
            known: Mutex::default(),
            targets: Mutex::default(),
            trust,
            keeping,
        };
        volumes.restore()?;
        Ok(volumes)
    }

    fn restore(&self) -> Result<(), Error> {
        let other = |file: &str| tracing::warn!(file, "a file among the records of volumes is none");
        for record in self.records.read_all(&other)? {
            // Rule 120: what was written down is checked like what is asked for.
            let place = self.pods.place(&record.target, &record.pod_uid);
            let is_there =
                place.and_then(|it| self.pods.look(&it)).is_ok_and(|it| !matches!(it, Found::Nothing));
            if !is_there {
                self.records.remove(&record.volume)?;
                continue;
            }
            self.targets().insert(record.target.clone(), record.volume.clone());
            let volume = record.volume.clone();
            let state = State { record: Some(record), ..State::default() };
            self.known().insert(volume, Arc::new(state.into()));
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Volume>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn targets(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for whoever has it.
    async fn volume(&self, id: &str) -> OwnedMutexGuard<State> {
        loop {
            let volume = self.known().entry(id.to_owned()).or_default().clone();
            let state = volume.lock_owned().await;
            if !state.is_gone {
                return state;
            }
        }
    }

    /// What comes of nothing leaves nothing.
    fn forget(&self, id: &str, state: &mut State) {
        if state.record.is_none() {
            state.is_gone = true;
            self.known().remove(id);
        }
    }

    /// Nobody else's target path.
    fn claim(&self, id: &str, target: &str) -> Result<(), Error> {
        match self.targets().get(target) {
            Some(other) if other != id => {
                Err(Error::Volume("not the one that is published at this target path"))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.known().len()
    }

    // Rules 120, 125
    /// Publishes a volume, or refreshes the one that is there.
    pub(crate) async fn publish(&self, asked: Publish) -> Result<(), Error> {
        check_id(&asked.volume)?;
        if asked.target.is_empty() {
            return Err(Error::Missing("target path"));
        }
        if asked.context.get("csi.storage.k8s.io/ephemeral").is_none_or(|it| it != "true") {
            return Err(Error::Volume("no inline volume: only those are served"));
        }
        let wish = attributes::read(&asked.context, &asked.secrets, &self.trust, Unknown::Refuse)?;
        let access = access(&wish, &asked.group)?;
        let place = self.pods.place(&asked.target, &wish.identity.pod.uid)?;
        let mut state = self.volume(&asked.volume).await;
        let record = Record::new(&asked.volume, &asked.target, &wish.identity.pod.uid);
        let done = self.publish_at(&mut state, record, place, wish, access).await;
        self.forget(&asked.volume, &mut state);
        done
    }

    async fn publish_at(
        &self,
        state: &mut State,
        record: Record,
        place: Place,
        wish: Wish,
        access: Access,
    ) -> Result<(), Error> {
        if state.record.as_ref().is_some_and(|it| *it != record) {
            return Err(Error::Volume("published already, for another pod or at another path"));
        }
        self.claim(&record.volume, &record.target)?;
        let is_there = match self.pods.look(&place)? {
            Found::Ours(_) => true,
            Found::Nothing | Found::Folder(_) => false,
            Found::Foreign => return Err(Error::Target("has something else mounted or lying there")),
        };
        let session = self.sessions.of(&wish)?;
        let before = state.last.take();
        if let Some(before) = before.as_ref().filter(|it| !Arc::ptr_eq(&it.session, &session)) {
            before.session.release(&record.volume).await;
        }
        let version = before.filter(|_| is_there).and_then(|it| it.version);
        let mut last = Last { wish, session, access, version, at: Instant::now(), is_failing: false };
        if is_there {
            self.adopt(state, &record)?;
            self.refresh_at(&record, &place, &mut last).await;
            state.last = Some(last);
            return Ok(());
        }
        match self.fill(state, &record, &place, &last).await {
            Ok(version) => {
                last.version = Some(version);
                state.last = Some(last);
                Ok(())
            }
            Err(error) => {
                last.session.release(&record.volume).await;
                Err(error)
            }
        }
    }

    /// For the first time. Answers what tells the files from others.
    async fn fill(
        &self,
        state: &mut State,
        record: &Record,
        place: &Place,
        last: &Last,
    ) -> Result<String, Error> {
        let (files, version) = self.read(&record.volume, last).await?;
        let is_new = state.record.is_none();
        // Before anything is mounted, so that a driver that is killed knows of it afterwards.
        self.adopt(state, record)?;
        let made = self.mount(place, files, last.access).await;
        if made.is_err() && is_new {
            let _ = self.pods.clear(place);
            self.drop_record(state)?;
        }
        made.map(|()| version)
    }

    fn adopt(&self, state: &mut State, record: &Record) -> Result<(), Error> {
        if state.record.is_none() {
            self.records.write(record)?;
            self.targets().insert(record.target.clone(), record.volume.clone());
            state.record = Some(record.clone());
        }
        Ok(())
    }

    fn drop_record(&self, state: &mut State) -> Result<(), Error> {
        if let Some(record) = &state.record {
            self.records.remove(&record.volume)?;
            self.targets().remove(&record.target);
            state.record = None;
        }
        Ok(())
    }

    /// Whatever fails, what is there stays: an outage is no reason to take a pod's secrets away.
    async fn refresh_at(&self, record: &Record, place: &Place, last: &mut Last) {
        last.at = Instant::now();
        match self.exchange(record, place, last).await {
            Ok(()) if last.is_failing => {
                last.is_failing = false;
                tracing::info!(volume = record.volume, "the volume is refreshed again");
            }
            Ok(()) => {}
            Err(error) => {
                last.is_failing = true;
                tracing::warn!(volume = record.volume, pod = record.pod_uid, %error, "the volume keeps what it has");
            }
        }
    }

    async fn exchange(&self, record: &Record, place: &Place, last: &mut Last) -> Result<(), Error> {
        let (files, version) = self.read(&record.volume, last).await?;
        if last.version.as_ref() == Some(&version) {
            return Ok(());
        }
        // Looked at anew: reading took its time.
        let Found::Ours(root) = self.pods.look(place)? else {
            return Err(Error::Volume("not there any more"));
        };
        let access = last.access;
        blocking(move || {
            let target = Target::of(root)?;
            publish(&target, &files_of(files)?, &access, &leftover)?;
            Ok(())
        })
        .await?;
        last.version = Some(version);
        Ok(())
    }

    /// The files, and what tells them from others.
    async fn read(&self, volume: &str, last: &Last) -> Result<(Vec<File>, String), Error> {
        let most = usize::try_from(self.keeping.size / 2).unwrap_or(usize::MAX);
        let manner = Manner { mount: &self.trust.mount, hold: Some(self.keeping.hold), most };
        let reading = fetch(&last.session, &last.wish.identity, &last.wish.objects, manner);
        let fetched = tokio::time::timeout(PATIENCE, reading).await.map_err(|_| Error::Timeout)??;
        last.session.hold(volume, fetched.leases).await;
        let mode = |file: &File| file.mode.unwrap_or_else(|| last.access.mode()).to_be_bytes();
        let parts: Vec<_> =
            fetched.files.iter().map(|it| (it.name.as_str().as_bytes(), mode(it), it)).collect();
        let parts = parts.iter().flat_map(|(name, mode, it)| [*name, mode.as_slice(), it.bytes.as_slice()]);
        let version = self.keyed.version(parts);
        Ok((fetched.files, version))
    }

    async fn mount(&self, place: &Place, files: Vec<File>, access: Access) -> Result<(), Error> {
        let (pods, place, driver, size) =
            (self.pods.clone(), place.clone(), self.driver.clone(), self.keeping.size);
        let files = files_of(files)?;
        blocking(move || {
            let tmpfs = Tmpfs::create(&driver, size)?;
            if tmpfs.may_be_swapped() {
                tracing::warn!("the kernel may write volumes to the machine's swap: it knows no noswap");
            }
            publish(&tmpfs.target()?, &files, &access, &leftover)?;
            tmpfs.open_to_readers(&files, &access)?;
            let over: OwnedFd = pods.make(&place)?;
            pods.attach(&tmpfs, &over)
        })
        .await
    }

    // Rule 125
    /// Takes a volume away. One that is gone already is no error.
    pub(crate) async fn unpublish(&self, id: &str, target: &str) -> Result<(), Error> {
        check_id(id)?;
        if target.is_empty() {
            return Err(Error::Missing("target path"));
        }
        let place = self.pods.any_place(target)?;
        let mut state = self.volume(id).await;
        let done = self.take_away(id, target, place, &mut state).await;
        if let Some(last) = state.last.take_if(|_| done.is_ok()) {
            let id = id.to_owned();
            // Kubelet does not wait for the server.
            tokio::spawn(async move { last.session.release(&id).await });
        }
        self.forget(id, &mut state);
        done
    }

    async fn take_away(&self, id: &str, target: &str, place: Place, state: &mut State) -> Result<(), Error> {
        self.claim(id, target)?;
        if state.record.as_ref().is_some_and(|it| it.target != target) {
            return Err(Error::Volume("published at another path"));
        }
        let pods = self.pods.clone();
        blocking(move || pods.clear(&place)).await?;
        self.drop_record(state)
    }

    /// How full a volume is; nothing if there is none of that id at that path.
    pub(crate) async fn room(&self, id: &str, path: &str) -> Result<Option<StatVfs>, Error> {
        let known = self.known().get(id).cloned();
        let Some(volume) = known else { return Ok(None) };
        let state = volume.lock().await;
        match &state.record {
            Some(record) if record.target == path => {
                self.pods.room(&self.pods.place(&record.target, &record.pod_uid)?)
            }
            _ => Ok(None),
        }
    }

    /// Renews what is held, and refreshes what kubelet has not asked about for a while. Never returns.
    pub(crate) async fn keep(&self) {
        let every = (self.keeping.refresh / 4).max(Duration::from_millis(100));
        loop {
            tokio::time::sleep(every).await;
            let all: Vec<_> = self.known().values().cloned().collect();
            stream::iter(all)
                .for_each_concurrent(AT_ONCE, |it| async move { self.keep_one(&it).await })
                .await;
        }
    }

    async fn keep_one(&self, volume: &Volume) {
        let mut state = volume.lock().await;
        let State { record: Some(record), last: Some(last), .. } = &mut *state else { return };
        if last.at.elapsed() < self.keeping.refresh {
            return;
        }
        if let Ok(place) = self.pods.place(&record.target, &record.pod_uid) {
            self.refresh_at(record, &place, last).await;
        }
    }
}

fn check_id(id: &str) -> Result<(), Error> {
    match id {
        "" => Err(Error::Missing("volume id")),
        id if id.len() > 256 || id.chars().any(char::is_control) => {
            Err(Error::Volume("called something that no volume is called"))
        }
        _ => Ok(()),
    }
}

/// For everybody in the pod, as kubelet's own volumes are; with an fsGroup, for that group.
fn access(wish: &Wish, group: &str) -> Result<Access, Error> {
    let is_number = |it: &str| it.parse::<u32>().is_ok_and(|it| it != u32::MAX);
    let default = if group.is_empty() { 0o644 } else { 0o640 };
    let mode = format!("{:04o}", wish.mode.unwrap_or(default));
    let access = Access::by_number(wish.owner, wish.group, &mode)?;
    match group {
        "" => Ok(access),
        group if is_number(group) => Ok(access.shared_with(group)?),
        _ => Err(Error::Attribute { key: "volume_mount_group", why: "is no number" }),
    }
}

fn files_of(fetched: Vec<File>) -> Result<Files, Error> {
    let mut files = Files::default();
    for File { name, bytes, mode, object } in fetched {
        let mode = mode.map(|it| match Access::by_number(None, None, &format!("{it:04o}")) {
            Ok(_) => Ok(it),
            Err(_) => Err(Error::Object {
                number: object,
                why: "nobody but the owner may write: no mode for files",
            }),
        });
        files.add_bytes(name, bytes, mode.transpose()?)?;
    }
    Ok(files)
}

fn leftover(error: &strongroom_inject::Error) {
    tracing::warn!(%error, "files of an earlier generation are still there");
}

/// Work with the file system, which may wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Timeout))
}
