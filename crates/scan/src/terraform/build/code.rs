//! Where the code of a function is: a folder or file that is packed, an image, or what the handler's name suggests.

use super::Builder;
use crate::graph::{Code, CodeLocation};
use crate::known::Known;
use crate::terraform::expand::Resource;
use crate::terraform::value::Value;

/// What a handler's file may end with.
const ENDINGS: [&str; 6] = ["py", "js", "mjs", "cjs", "ts", "mts"];
/// Folders beside a package in which its code often stands.
const FOLDERS: [&str; 7] = ["", "src", "lambda", "code", "function", "functions", "app"];

impl Builder<'_> {
    pub(super) fn code(&self, resource: &Resource) -> Code {
        let body = &resource.body;
        if let Some(image) = body.get("image_uri") {
            return Code { place: image.place, location: Known::Value(CodeLocation::Image(None)) };
        }
        let packed = body.get("filename").or_else(|| body.get("s3_key"));
        let Some(packed) = packed else {
            return Code { place: resource.place, location: Known::Unknown("no code is named".to_owned()) };
        };
        let place = packed.place;
        let location = self.packed(packed).or_else(|| self.uploaded(packed));
        let location = location.or_else(|| self.beside(packed, body));
        let missing =
            || Known::Unknown(format!("what `{}` is packed from is not in these files", packed.to_text()));
        Code { place, location: location.map_or_else(missing, Known::Value) }
    }

    /// The folder or file from which an archive of these files is made.
    fn packed(&self, package: &Value) -> Option<CodeLocation> {
        let text = package.to_text();
        let archives = ["data.archive_file", "archive_file"];
        let archive = self.referred(&text, &archives).or_else(|| {
            let bare = text.as_literal()?.trim_start_matches("./");
            let spelled = [bare.to_owned(), format!("./{bare}")];
            let known =
                |kind: &&str| spelled.iter().find_map(|path| self.by_written(kind, "output_path", path));
            archives.iter().find_map(known)
        })?;
        let body = &archive.body;
        if let Some(source) = body.literal_of("source_dir").or_else(|| body.literal_of("source_file")) {
            let path = self.evaluator.resolve(&source)?;
            // Modules that pack code take a file where they take a folder. What is not there is named, so that nothing else is taken for it.
            let file = self.tree.find(&path).map(CodeLocation::File);
            return Some(file.unwrap_or(CodeLocation::Folder(path)));
        }
        let content = body.at(&["source", "content"])?;
        // A file that is read as it is has that file's place.
        let whole = self
            .tree
            .file(content.place.file)
            .is_some_and(|file| content.place.start == 0 && content.place.end as usize == file.bytes.len());
        Some(if whole { CodeLocation::File(content.place.file) } else { CodeLocation::Inline(content.place) })
    }

    /// The package of an object that these files put into a bucket.
    fn uploaded(&self, key: &Value) -> Option<CodeLocation> {
        let kinds = ["aws_s3_object", "aws_s3_bucket_object"];
        let text = key.to_text();
        let object = self.referred(&text, &kinds).or_else(|| {
            let literal = text.as_literal()?;
            kinds.iter().find_map(|kind| self.by_written(kind, "key", literal))
        })?;
        self.packed(object.body.get("source")?)
    }

    /// The folder of the file that the handler names, near to where the package is.
    fn beside(&self, package: &Value, body: &Value) -> Option<CodeLocation> {
        let handler = body.literal_of("handler")?;
        let (file, _) = handler.rsplit_once('.')?;
        let package = package.as_literal()?;
        let path = self.evaluator.resolve(&package)?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let stem = name.strip_suffix(".zip").unwrap_or(name);
        let parent = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        let near = FOLDERS.iter().map(|inner| format!("{folder}/{inner}"));
        let named = [
            format!("{folder}/{stem}"),
            format!("{parent}/{stem}"),
            format!("{folder}/src/{stem}"),
            parent.to_owned(),
        ];
        named.into_iter().chain(near).find_map(|folder| {
            let folder = crate::source::normalise(&folder)?;
            let there =
                ENDINGS.iter().any(|ending| self.tree.find(&format!("{folder}/{file}.{ending}")).is_some());
            there.then_some(CodeLocation::Folder(folder))
        })
    }
}
