//! The live functions: which request reaches which deployed function.
//!
//! Invariant: a route table is swapped whole, so a request sees one revision of an app and never half of two. Not here:
//! who may call (`policy`), how a function runs (`sandbox`).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use casemate_core::manifest::{Access, Manifest, Route};
use casemate_core::{AppId, FunctionId, FunctionName, Limits, Revision};
use casemate_sandbox::LoadedFunction;

/// One function that can be called now.
#[derive(Debug)]
pub(crate) struct LiveFunction {
    /// Its id.
    pub(crate) id: FunctionId,
    /// The revision that it belongs to.
    pub(crate) revision: Revision,
    /// Whether everyone may call it, so that everyone may know of it.
    pub(crate) public: bool,
    /// Its limits, for the rates that the edge counts.
    pub(crate) limits: Limits,
    /// Its code, ready to be instantiated.
    pub(crate) loaded: Arc<LoadedFunction>,
}

/// One app's revision that is live.
#[derive(Debug)]
pub(crate) struct LiveApp {
    /// The revision.
    pub(crate) revision: Revision,
    /// Its manifest.
    pub(crate) manifest: Arc<Manifest>,
    routes: Vec<(Route, Arc<LiveFunction>)>,
}

impl LiveApp {
    /// Orders an app's routes: the most specific first.
    #[must_use]
    pub(crate) fn new(
        revision: Revision,
        manifest: Arc<Manifest>,
        mut loaded: HashMap<FunctionName, Arc<LoadedFunction>>,
    ) -> Self {
        let mut routes = Vec::new();
        for (name, function) in &manifest.functions {
            let Some(code) = loaded.remove(name) else { continue };
            let live = Arc::new(LiveFunction {
                id: FunctionId { app: manifest.app.clone(), name: name.clone() },
                revision,
                public: function.access == Access::Public,
                limits: function.limits,
                loaded: code,
            });
            routes.extend(function.routes.iter().map(|route| (route.clone(), Arc::clone(&live))));
        }
        routes.sort_by_key(|(route, _)| std::cmp::Reverse(route.weight()));
        Self { revision, manifest, routes }
    }

    fn route(&self, method: &str, path: &str) -> Option<&Arc<LiveFunction>> {
        self.routes.iter().find(|(route, _)| route.matches(method, path)).map(|(_, live)| live)
    }
}

/// Every live app.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    apps: ArcSwap<HashMap<AppId, Arc<LiveApp>>>,
    /// Odd while a revision's policies and routes are being swapped; a reader that saw the same even number before and after has
    /// seen both of one revision.
    swaps: AtomicU64,
}

impl Functions {
    /// The function that a request reaches.
    #[must_use]
    pub(crate) fn route(&self, app: &AppId, method: &str, path: &str) -> Option<Arc<LiveFunction>> {
        self.apps.load().get(app)?.route(method, path).cloned()
    }

    /// An app's live revision.
    #[must_use]
    pub(crate) fn app(&self, app: &AppId) -> Option<Arc<LiveApp>> {
        self.apps.load().get(app).cloned()
    }

    /// All live apps, by name.
    #[must_use]
    pub(crate) fn apps(&self) -> Vec<Arc<LiveApp>> {
        let mut apps: Vec<_> = self.apps.load().values().cloned().collect();
        apps.sort_by(|a, b| a.manifest.app.cmp(&b.manifest.app));
        apps
    }

    /// Swaps a revision's policies and routes so that no request decides by the one and runs the other. Callers take turns.
    ///
    /// # Errors
    /// The policies' error; the routes then stay.
    pub(crate) fn swap<E>(&self, policies: impl FnOnce() -> Result<(), E>, live: LiveApp) -> Result<(), E> {
        self.swaps.fetch_add(1, Ordering::SeqCst);
        let swapped = policies().map(|()| self.install(live));
        self.swaps.fetch_add(1, Ordering::SeqCst);
        swapped
    }

    /// A number that holds still while nothing is swapped; see [`Self::unchanged_since`].
    pub(crate) async fn settled(&self) -> u64 {
        loop {
            let now = self.swaps.load(Ordering::SeqCst);
            if now.is_multiple_of(2) {
                return now;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Whether nothing was swapped since [`Self::settled`] gave this number.
    pub(crate) fn unchanged_since(&self, settled: u64) -> bool {
        self.swaps.load(Ordering::SeqCst) == settled
    }

    /// Puts a revision live. Requests that already run keep theirs.
    pub(crate) fn install(&self, live: LiveApp) {
        let live = Arc::new(live);
        self.apps.rcu(|apps| {
            let mut next = HashMap::clone(apps);
            next.insert(live.manifest.app.clone(), Arc::clone(&live));
            next
        });
    }
}
