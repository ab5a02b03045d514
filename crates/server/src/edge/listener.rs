//! The accept loops: one thread, one runtime and one socket for each core.
//!
//! Invariant: nothing that a peer does or leaves undone holds up an accept loop; every connection holds a place and has a task of its
//! own, the TLS handshake included. Plain HTTP is served on loopback only, unless a `dangerous_` setting says otherwise.
//!
//! WHY: runtimes per core beat one shared runtime 37 to 23 thousand requests a second here, since no request changes threads.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::ServerConfig;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{self, LocalOptions, LocalRuntime};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::authority::Hosts;
use super::connection::{self, Peer, Site};
use super::error::ListenError;
use super::limits::ListenerLimits;
use super::places::{Place, Places};
use super::tls::Handshakes;
use super::{EdgeCounters, Handler, Refused};

/// Connections that the kernel holds for us while we are busy.
const BACKLOG: i32 = 1024;

/// How one listener is set up.
#[derive(Debug, Clone)]
pub struct ListenerSettings {
    /// Where it listens. Port 0 lets the system choose.
    pub address: SocketAddr,
    /// The configuration key that holds the address; errors name it.
    pub setting: &'static str,
    /// Threads; 0 means one for each core.
    pub threads: usize,
    /// TLS. Without it, plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// The port is to be taken before the TLS configuration is there; [`Listener::with_tls`] must bring it.
    pub tls_comes_later: bool,
    /// Serve plain HTTP on an address that is not loopback.
    pub dangerous_plain_http: bool,
    /// The hosts that it answers for.
    pub hosts: Hosts,
    /// What its connections may take.
    pub limits: ListenerLimits,
}

impl ListenerSettings {
    /// A listener with defaults: as many threads as cores, plain HTTP, any host.
    #[must_use]
    pub fn new(address: SocketAddr, setting: &'static str) -> Self {
        Self {
            address,
            setting,
            threads: 0,
            tls: None,
            tls_comes_later: false,
            dangerous_plain_http: false,
            hosts: Hosts::Any,
            limits: ListenerLimits::default(),
        }
    }
}

impl ListenerSettings {
    fn check(&self) -> Result<(), ListenError> {
        if self.tls.is_none() && !self.dangerous_plain_http && !self.address.ip().is_loopback() {
            return Err(ListenError::PlainHttp { address: self.address });
        }
        Ok(())
    }
}

/// A listener that holds its port and does not serve yet.
#[derive(Debug)]
pub struct Listener {
    settings: ListenerSettings,
    address: SocketAddr,
    sockets: Vec<StdListener>,
}

impl Listener {
    /// Takes the port.
    ///
    /// # Errors
    /// [`ListenError`], with the setting to change.
    pub fn bind(settings: ListenerSettings) -> Result<Self, ListenError> {
        let wanted = settings.address;
        if !settings.tls_comes_later {
            settings.check()?;
        }
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = if settings.threads == 0 { cores } else { settings.threads };
        let (address, sockets) =
            bind_all(wanted, threads).map_err(|error| ListenError::of(wanted, settings.setting, error))?;
        Ok(Self { settings, address, sockets })
    }

    /// The address that it listens on; with the port that the system chose.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Brings the TLS configuration, or `None` for plain HTTP.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<Arc<ServerConfig>>) -> Self {
        self.settings.tls = tls;
        self
    }

    /// Serves until it is stopped.
    ///
    /// # Errors
    /// [`ListenError::PlainHttp`] when TLS was to come and did not; [`ListenError::Thread`] when a thread cannot start; then
    /// none serves.
    pub fn serve<H: Handler>(
        self,
        handler: Arc<H>,
        counters: Arc<EdgeCounters>,
    ) -> Result<Serving, ListenError> {
        let Self { settings, address, sockets } = self;
        settings.check()?;
        let limits = settings.limits;
        let site = Arc::new(Site { handler, hosts: settings.hosts, limits, counters });
        let places = Places::new(limits.connections, limits.connections_per_address);
        let tls = settings.tls.map(|tls| Handshakes::new(&tls, limits.handshakes, limits.handshake_timeout));
        let (stop, stopped) = watch::channel(false);
        let (cut, was_cut) = watch::channel(false);
        let mut threads = Vec::with_capacity(sockets.len());
        for (number, socket) in sockets.into_iter().enumerate() {
            let door = Door {
                site: Arc::clone(&site),
                places: Arc::clone(&places),
                tls: tls.clone(),
                stop: stopped.clone(),
                cut: was_cut.clone(),
            };
            threads.push(door.open(number, socket).map_err(ListenError::Thread)?);
        }
        Ok(Serving { address, places, stop, cut, threads })
    }
}

/// Binds one socket a thread to the same port.
fn bind_all(wanted: SocketAddr, threads: usize) -> io::Result<(SocketAddr, Vec<StdListener>)> {
    // WHY: with SO_REUSEPORT from the start, a second server would share the port without a word. The first socket is bound without
    // it, so that a port in use is an error, and joins the group afterwards.
    let first = bind_one(wanted, false)?;
    first.set_reuse_port(true)?;
    let address = first.local_addr()?.as_socket().unwrap_or(wanted);
    let mut sockets = vec![first];
    for _ in 1..threads {
        sockets.push(bind_one(address, true)?);
    }
    for socket in &sockets {
        socket.listen(BACKLOG)?;
    }
    Ok((address, sockets.into_iter().map(StdListener::from).collect()))
}

fn bind_one(address: SocketAddr, share: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for the last server's connections to time out.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(share)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// A listener that serves. Dropping it cuts all connections.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    places: Arc<Places>,
    stop: watch::Sender<bool>,
    cut: watch::Sender<bool>,
    threads: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    done: oneshot::Receiver<usize>,
    thread: thread::JoinHandle<()>,
}

impl Serving {
    /// The address that it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Open connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.places.open()
    }

    /// Stops accepting, lets running requests end until the deadline, then cuts what is left; says how many connections
    /// that were.
    pub async fn stop(self, deadline: Duration) -> usize {
        let Self { stop, cut, threads, .. } = self;
        let _nobody_left = stop.send(true);
        let ends = async {
            let mut left = 0;
            let mut joins = Vec::with_capacity(threads.len());
            for Running { done, thread } in threads {
                left += done.await.unwrap_or(0);
                joins.push(thread);
            }
            (left, joins)
        };
        let mut ends = std::pin::pin!(ends);
        let (left, joins) = match timeout(deadline, &mut ends).await {
            Ok(ended) => ended,
            Err(_) => {
                let _nobody_left = cut.send(true);
                ends.await
            }
        };
        // They have nothing to do any more but to drop what was cut.
        let joined =
            tokio::task::spawn_blocking(move || joins.into_iter().for_each(|thread| drop(thread.join())));
        let _joined = timeout(Duration::from_secs(5), joined).await;
        left
    }
}

/// One thread's way in.
struct Door<H> {
    site: Arc<Site<H>>,
    places: Arc<Places>,
    tls: Option<Handshakes>,
    stop: watch::Receiver<bool>,
    cut: watch::Receiver<bool>,
}

impl<H: Handler> Door<H> {
    /// Starts the thread; returns when it accepts, or cannot.
    fn open(self, number: usize, socket: StdListener) -> io::Result<Running> {
        let (done, finished) = oneshot::channel();
        let (ready, started) = std::sync::mpsc::sync_channel(1);
        let run = move || {
            let (runtime, listener) = match start(socket) {
                Ok(pair) => pair,
                Err(error) => {
                    drop(ready.send(Err(error)));
                    return;
                }
            };
            drop(ready.send(Ok(())));
            let left = runtime.block_on(self.serve(listener));
            // Cut connections are dropped with the runtime, after this is known.
            let _told = done.send(left);
        };
        let thread = thread::Builder::new().name(format!("edge-{number}")).spawn(run)?;
        started.recv().unwrap_or_else(|_| Err(io::Error::other("the thread ended")))?;
        Ok(Running { done: finished, thread })
    }

    /// Accepts until it is stopped, then waits for what runs; says how many connections were cut.
    async fn serve(mut self, listener: TcpListener) -> usize {
        let mut tasks = JoinSet::new();
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Some(_) = tasks.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => self.welcome(&mut tasks, stream, peer),
                    // Out of descriptors or memory: what is open must end first.
                    Err(error) if !is_peers(&error) => tokio::time::sleep(Duration::from_millis(50)).await,
                    Err(_) => {}
                },
            }
        }
        drop(listener);
        tokio::select! {
            biased;
            () = async { while tasks.join_next().await.is_some() {} } => 0,
            _ = self.cut.wait_for(|cut| *cut) => tasks.len(),
        }
    }

    fn welcome(&self, tasks: &mut JoinSet<()>, stream: TcpStream, peer: SocketAddr) {
        let source = peer.ip().to_canonical();
        match self.places.take(source) {
            Ok(place) => {
                let (site, tls, stop) = (Arc::clone(&self.site), self.tls.clone(), self.stop.clone());
                tasks.spawn_local(greet(site, tls, stop, stream, source, place));
            }
            Err(refused) => {
                self.site.counters.note(&refused, source);
                if self.tls.is_none() {
                    say(&stream, &refused);
                }
            }
        }
    }
}

fn start(socket: StdListener) -> io::Result<(LocalRuntime, TcpListener)> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let listener = {
        let _inside = runtime.enter();
        TcpListener::from_std(socket)?
    };
    Ok((runtime, listener))
}

/// Serves one connection, from the handshake on.
async fn greet<H: Handler>(
    site: Arc<Site<H>>,
    tls: Option<Handshakes>,
    stop: watch::Receiver<bool>,
    stream: TcpStream,
    source: std::net::IpAddr,
    place: Place,
) {
    let _place = place;
    // Both are best effort: a connection works without.
    let _set = stream.set_nodelay(true);
    let _set =
        SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(Duration::from_secs(60)));
    let Some(tls) = tls else {
        let peer = Peer { source, tls: false, h2: None };
        return connection::serve(site, stream, peer, stop).await;
    };
    match tls.shake(stream).await {
        Ok((stream, h2)) => {
            let peer = Peer { source, tls: true, h2: Some(h2) };
            connection::serve(site, stream, peer, stop).await;
        }
        Err(refused) => site.counters.note(&refused, source),
    }
}

/// Says why a connection gets no place, if that costs no waiting.
fn say(stream: &TcpStream, refused: &Refused) {
    let _written = stream.try_write(&refused.to_bytes());
}

/// Whether an accept error concerns one connection only (accept(2)).
fn is_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
