//! Who needs whom within one lock file, and what follows from that: which packages the app names, which serve development alone.
//!
//! Invariant: a package that both kinds of dependencies reach is no development package. Not here: reading files.

use super::Package;

/// What an app itself names: positions of packages.
#[derive(Debug, Default)]
pub(super) struct Roots {
    /// What it runs with.
    pub(super) production: Vec<usize>,
    /// What it is developed with.
    pub(super) development: Vec<usize>,
}

impl Roots {
    /// Writes down which packages are direct, and which serve development alone. One that nothing reaches keeps what its file says.
    pub(super) fn mark(&self, packages: &mut [Package]) {
        packages.iter_mut().for_each(|package| package.direct = Some(false));
        for root in self.production.iter().chain(&self.development) {
            if let Some(package) = packages.get_mut(*root) {
                package.direct = Some(true);
            }
        }
        let running = reached(packages, &self.production);
        let developing = reached(packages, &self.development);
        for ((package, running), developing) in packages.iter_mut().zip(running).zip(developing) {
            match (running, developing) {
                (true, _) => package.dev = false,
                (false, true) => package.dev = true,
                (false, false) => {}
            }
        }
    }
}

/// Which packages can be reached from some of them, themselves included.
pub(crate) fn reached(packages: &[Package], from: &[usize]) -> Vec<bool> {
    let mut seen = vec![false; packages.len()];
    let mut open = from.to_vec();
    while let Some(at) = open.pop() {
        if let (Some(seen @ false), Some(package)) = (seen.get_mut(at), packages.get(at)) {
            *seen = true;
            open.extend(&package.needs);
        }
    }
    seen
}
