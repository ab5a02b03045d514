//! How a report is written, as it is asked for or as the file's name says.
//!
//! Not here: the formats themselves (`casemate_scan::report`).

use std::path::Path;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
    Sarif,
    Html,
    Markdown,
    Cyclonedx,
}

impl Format {
    /// The format of a file by its ending; text where that says nothing.
    pub(super) fn of_file(file: &Path) -> Self {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
        match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "json" if name.ends_with(".cdx.json") || name == "bom.json" => Self::Cyclonedx,
            "json" => Self::Json,
            "sarif" => Self::Sarif,
            "html" | "htm" => Self::Html,
            "md" => Self::Markdown,
            _ => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_the_format() {
        for (name, format) in [
            ("report.html", Format::Html),
            ("REPORT.HTM", Format::Html),
            ("out/scan.sarif", Format::Sarif),
            ("scan.json", Format::Json),
            ("sbom.cdx.json", Format::Cyclonedx),
            ("bom.json", Format::Cyclonedx),
            ("notes.md", Format::Markdown),
            ("report.txt", Format::Text),
            ("json", Format::Text),
        ] {
            assert_eq!(Format::of_file(Path::new(name)), format, "{name}");
        }
    }
}
