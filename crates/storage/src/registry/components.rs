//! Components: WebAssembly files by their SHA-256.
//!
//! Invariant: a file stands under a digest only if its bytes have it, from the upload to every read; an upload that is cut
//! short, too long or wrong leaves nothing. Not here: whether it is a component at all (`sandbox`).

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use casemate_core::action::operation::ComponentUpload;
use casemate_core::{Digest, Fault, Faulty};
use casemate_policy::Permit;
use casemate_vault::{Sha256Stream, sha256};

use super::Registry;
use crate::error::StorageError;
use crate::folder::Beside;
use crate::open::COMPONENTS;

/// Why an upload was refused. Nothing of it remains.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The permit does not name a digest.
    #[error("the upload names no SHA-256 digest (64 lower-case hex digits)")]
    NoDigest,
    /// More bytes than allowed.
    #[error("the component has more than {0} bytes")]
    TooLarge(u64),
    /// The bytes are not the announced ones: the upload was cut short, or they were changed on the way.
    #[error("the upload ended after {bytes} bytes with digest `{found}`, but `{announced}` was announced")]
    Digest {
        /// What was announced.
        announced: Digest,
        /// What came.
        found: Digest,
        /// How much came.
        bytes: u64,
    },
    /// Writing failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Faulty for UploadError {
    fn fault(&self) -> Fault {
        match self {
            Self::NoDigest | Self::Digest { .. } => Fault::Caller,
            Self::TooLarge(_) => Fault::Exhausted,
            Self::Storage(error) => error.fault(),
        }
    }

    fn limit(&self) -> Option<&'static str> {
        matches!(self, Self::TooLarge(_)).then_some("component_max_bytes")
    }
}

/// Why a component could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// It was never uploaded.
    #[error("component `{0}` is not here; upload it first")]
    Missing(Digest),
    /// Its file was edited.
    #[error("the file of component `{0}` was edited; upload the component again")]
    Tampered(Digest),
    /// Reading failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Faulty for ComponentError {
    fn fault(&self) -> Fault {
        match self {
            Self::Missing(_) => Fault::Missing,
            Self::Tampered(_) => Fault::Unavailable,
            Self::Storage(error) => error.fault(),
        }
    }
}

/// An upload in progress. Dropping it removes what came so far.
#[derive(Debug)]
pub struct Upload {
    announced: Digest,
    max_bytes: u64,
    bytes: u64,
    hash: Sha256Stream,
    file: Beside,
}

impl Upload {
    /// Takes the next bytes (a copy into the page cache: microseconds).
    ///
    /// # Errors
    /// [`UploadError::TooLarge`], [`UploadError::Storage`]; the upload is then to be dropped.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.bytes > self.max_bytes {
            return Err(UploadError::TooLarge(self.max_bytes));
        }
        self.hash.update(bytes);
        Ok(self.file.write(bytes)?)
    }

    /// Checks the digest, syncs the file and puts it in its place. Blocks for as long as the disk takes.
    ///
    /// # Errors
    /// [`UploadError::Digest`], [`UploadError::Storage`].
    pub fn finish(self) -> Result<Digest, UploadError> {
        let found = self.hash.finish();
        if found != self.announced {
            return Err(UploadError::Digest { announced: self.announced, found, bytes: self.bytes });
        }
        self.file.keep()?;
        Ok(found)
    }
}

impl Registry {
    /// Starts the upload of the component whose digest the permit names (`PlatformPart(Some(digest))`).
    ///
    /// # Errors
    /// [`UploadError::NoDigest`], [`UploadError::Storage`].
    pub fn begin_component(
        &self,
        permit: Permit<ComponentUpload>,
        max_bytes: u64,
    ) -> Result<Upload, UploadError> {
        let named = permit.target().0.as_deref().unwrap_or_default();
        let announced = Digest::parse(named).map_err(|_| UploadError::NoDigest)?;
        let file = Beside::create(&self.component_path(&announced))?;
        Ok(Upload { announced, max_bytes, bytes: 0, hash: Sha256Stream::new(), file })
    }

    /// Whether a component was uploaded.
    #[must_use]
    pub fn has_component(&self, digest: &Digest) -> bool {
        self.component_path(digest).is_file()
    }

    /// The bytes of a component, checked against its digest. Blocks for as long as the disk takes.
    ///
    /// # Errors
    /// [`ComponentError`], by variant.
    pub fn component(&self, digest: &Digest) -> Result<Vec<u8>, ComponentError> {
        let path = self.component_path(digest);
        let mut bytes = Vec::new();
        match File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)) {
            Ok(_) if sha256(&bytes) == *digest => Ok(bytes),
            Ok(_) => Err(ComponentError::Tampered(*digest)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(ComponentError::Missing(*digest))
            }
            Err(error) => Err(StorageError::file("read", &path, error).into()),
        }
    }

    fn component_path(&self, digest: &Digest) -> PathBuf {
        self.folder.at(COMPONENTS).join(digest.to_hex())
    }
}
