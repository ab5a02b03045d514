//! Compiled images: machine code that this installation made from a component.
//!
//! Invariant: an image is given out only if its MAC, under a key that the root key yields, covers exactly these bytes under
//! exactly this name; anything else would be code of whoever edited the file. Not here: compiling and loading (`sandbox`).

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use casemate_core::{Digest, Fault, Faulty};
use casemate_vault::{MacPurpose, constant_time_eq};

use super::Registry;
use crate::error::StorageError;
use crate::folder::write_whole;
use crate::open::IMAGES;

/// The MAC stands at the end of the file.
const MAC: usize = 32;

/// Why an image was not given out.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Its file was edited, cut or renamed. It was removed; compile anew.
    #[error("the compiled image `{0}` was edited; it was removed and must be compiled anew")]
    Tampered(Digest),
    /// Reading failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Faulty for ImageError {
    fn fault(&self) -> Fault {
        match self {
            Self::Tampered(_) => Fault::Unavailable,
            Self::Storage(error) => error.fault(),
        }
    }
}

impl Registry {
    /// The image of a key (component digest and engine), or `None` when it was never compiled. Blocks for as long as the
    /// disk takes.
    ///
    /// # Errors
    /// [`ImageError::Tampered`], [`ImageError::Storage`].
    pub fn image(&self, key: &Digest) -> Result<Option<Vec<u8>>, ImageError> {
        let path = self.image_path(key);
        let mut bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StorageError::file("read", &path, error).into()),
        };
        // SECURITY: what is checked is what is returned; the file is not read a second time.
        let authentic = bytes.split_last_chunk::<MAC>().is_some_and(|(image, mac)| {
            constant_time_eq(mac, &self.vault.mac(MacPurpose::Image, &[&key.0, image]))
        });
        if !authentic {
            fs::remove_file(&path).map_err(|error| StorageError::file("removed", &path, error))?;
            return Err(ImageError::Tampered(*key));
        }
        bytes.truncate(bytes.len().saturating_sub(MAC));
        Ok(Some(bytes))
    }

    /// Keeps an image. Blocks for as long as the disk takes.
    ///
    /// # Errors
    /// Why it could not be written; then there is none.
    pub fn put_image(&self, key: &Digest, image: &[u8]) -> Result<(), StorageError> {
        let mac = self.vault.mac(MacPurpose::Image, &[&key.0, image]);
        write_whole(&self.image_path(key), &[image, &mac])
    }

    fn image_path(&self, key: &Digest) -> PathBuf {
        self.folder.at(IMAGES).join(key.to_hex())
    }
}
