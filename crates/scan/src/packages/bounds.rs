//! What one lock file may name: how long names and versions are, how many dependencies are followed.
//!
//! Invariants: whatever is read of a file costs memory in proportion to its size, also where few bytes of it stand for much (a version that
//! many packages need, a name that stands for all of its versions); what is left out is said. Not here: bounds of single formats.

use super::Lock;
use crate::graph::Unread;
use crate::known::Known;
use crate::source::Place;

/// The longest name, in bytes. npm allows 214, and module paths of Go stay below 300.
const MAX_NAME_BYTES: usize = 512;
/// The longest version, in bytes, as npm has it.
const MAX_VERSION_BYTES: usize = 256;
/// How many dependencies of packages on one another are followed; large files have some ten thousand.
pub(super) const MAX_NEEDS: usize = 1_000_000;

impl Lock {
    /// Takes over what each package needs, in the order of the packages.
    pub(super) fn link<I: IntoIterator<Item = usize>>(&mut self, needs: impl IntoIterator<Item = I>) {
        let mut left = MAX_NEEDS;
        let mut cut = false;
        for (package, needs) in self.packages.iter_mut().zip(needs) {
            let mut needs = needs.into_iter();
            let mut found: Vec<usize> = needs.by_ref().take(left).collect();
            left -= found.len();
            cut |= left == 0 && needs.next().is_some();
            found.sort_unstable();
            found.dedup();
            package.needs = found;
        }
        if cut {
            self.leave_out(format!(
                "its packages have more than {MAX_NEEDS} dependencies: the rest is left out"
            ));
        }
    }

    /// Takes out what no registry could hold.
    pub(super) fn bound(&mut self) {
        for package in &mut self.packages {
            if package.version.value().is_some_and(|version| version.len() > MAX_VERSION_BYTES) {
                package.version = Known::Unknown("it is longer than any version".to_owned());
            }
        }
        let mut kept = 0;
        let places: Vec<Option<usize>> = self
            .packages
            .iter()
            .map(|package| {
                let fits = package.name.len() <= MAX_NAME_BYTES;
                kept += usize::from(fits);
                fits.then(|| kept - 1)
            })
            .collect();
        let gone = self.packages.len() - kept;
        if gone == 0 {
            return;
        }
        self.packages.retain(|package| package.name.len() <= MAX_NAME_BYTES);
        for package in &mut self.packages {
            let moved = package.needs.iter().filter_map(|need| places.get(*need).copied().flatten());
            package.needs = moved.collect();
        }
        self.leave_out(match gone {
            1 => format!("the name of a package is longer than {MAX_NAME_BYTES} bytes: it is left out"),
            _ => format!(
                "the names of {gone} packages are longer than {MAX_NAME_BYTES} bytes: they are left out"
            ),
        });
    }

    fn leave_out(&mut self, why: String) {
        self.unread.push(Unread { place: Place::whole(self.file), why });
    }
}

#[cfg(test)]
mod tests;
