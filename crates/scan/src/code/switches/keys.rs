//! Keys that stand in the code: what signs and checks tokens is a secret by its use, whatever it is called.
//!
//! Invariant: what is written down is only where the key stands, never the key. Not here: secrets by their form or name (`crate::secrets`).

use super::SwitchKind;
use crate::code::machine::Machine;
use crate::code::value::{Arguments, Value};
use crate::secrets;
use crate::source::Place;

/// Functions that take a key which both sides share: by which number, and by which name.
const TAKE: [(&str, usize, &str); 8] = [
    ("jsonwebtoken.verify", 1, "secretOrPublicKey"),
    ("jsonwebtoken.sign", 1, "secretOrPrivateKey"),
    ("jwt.encode", 1, "key"),
    ("jwt.decode", 1, "key"),
    ("jose.jwt.encode", 1, "key"),
    ("jose.jwt.decode", 1, "key"),
    ("crypto.createHmac", 1, "key"),
    ("hmac.new", 0, "key"),
];

/// A call that takes such a key.
pub(super) fn called(machine: &mut Machine<'_>, path: &str, arguments: &Arguments) {
    let Some((_, number, name)) = TAKE.iter().find(|(known, ..)| *known == path) else { return };
    let Some(key) = arguments.either(*number, name) else { return };
    let keys: Vec<&str> = key.choices().iter().filter_map(Value::literal).filter(|key| is_key(key)).collect();
    for key in keys {
        let Some(place) = written(machine, key) else { continue };
        let certainty = machine.certainty();
        let message = format!(
            "The key that `{path}` is handed stands in the code: whoever has a copy of it can write tokens that hold."
        );
        machine.switch(SwitchKind::KeyInSource, certainty, place, message);
    }
}

/// Whether it can be a key that is in use: not one for everybody, none that is still to be filled in.
fn is_key(key: &str) -> bool {
    key.len() >= 8 && !key.contains("-----BEGIN") && secrets::of_value("password", key).is_some()
}

/// Where a text stands in the files that were read, in quotation marks.
fn written(machine: &Machine<'_>, key: &str) -> Option<Place> {
    let tree = machine.tree();
    machine.reading.files.iter().find_map(|file| {
        let text = tree.file(*file)?.text()?;
        let at = text.find(key)?;
        let quoted = text.get(..at)?.ends_with(['"', '\'', '`']);
        quoted.then(|| Place::new(*file, at, at + key.len()))
    })
}
