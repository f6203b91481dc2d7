//! Images: which URLs, in which order.

use super::cell;
use super::header::Column;
use super::parsed::ParsedImage;
use super::problems::Problems;
use super::row::Row;

pub(super) const MOST_IMAGES: usize = 250;
const MOST_URL_BYTES: usize = 2_048;
const MOST_ALT_CHARS: usize = 512;

/// The images of one product while its rows are read.
#[derive(Debug, Default)]
pub(super) struct Images {
    /// With the position that the file gives.
    found: Vec<(Option<u32>, ParsedImage)>,
}

impl Images {
    /// Adds the image of `row`, if it has one. A URL that is there already is not added again.
    pub(super) fn add(&mut self, row: Row<'_>, problems: &mut Problems) {
        let Some(url) = url(row, Column::Image, problems) else { return };
        let position = cell::integer(row, Column::ImagePosition, problems);
        let alt = cell::line_text(row, Column::ImageAlt, MOST_ALT_CHARS, problems);
        self.push(position, url, alt);
    }

    /// Adds the image of a variant, after all others where it is not one of them.
    pub(super) fn add_of_variant(&mut self, url: &str) {
        self.push(None, url.to_owned(), String::new());
    }

    fn push(&mut self, position: Option<u32>, url: String, alt: String) {
        if let Some((known_position, image)) = self.found.iter_mut().find(|(_, image)| image.url == url) {
            *known_position = known_position.or(position);
            if image.alt.is_empty() {
                image.alt = alt;
            }
        } else if self.found.len() <= MOST_IMAGES {
            // One more than allowed is enough to know that there are too many.
            self.found.push((position, ParsedImage { url, position: 0, alt }));
        }
    }

    pub(super) fn are_too_many(&self) -> bool {
        MOST_IMAGES < self.found.len()
    }

    /// By position, those without one last, else as they came; numbered from 1.
    pub(super) fn finish(self) -> Vec<ParsedImage> {
        let mut found = self.found;
        found.sort_by_key(|&(position, _)| position.unwrap_or(u32::MAX));
        (1u32..).zip(found).map(|(position, (_, image))| ParsedImage { position, ..image }).collect()
    }
}

/// The absolute `http` or `https` URL of a cell.
pub(super) fn url(row: Row<'_>, column: Column, problems: &mut Problems) -> Option<String> {
    let text = row.text(column);
    if text.is_empty() {
        return None;
    }
    match check_image_url(text) {
        Ok(()) => Some(text.to_owned()),
        Err(reason) => {
            problems.error(row.line, Some(row.header.name(column)), reason);
            None
        }
    }
}

/// Whether an image may be at `text`, or why not.
pub(in crate::catalog) fn check_image_url(text: &str) -> Result<(), &'static str> {
    if MOST_URL_BYTES < text.len() {
        Err("is longer than 2048 bytes")
    } else if !is_web_url(text) {
        Err("is not an absolute http or https URL such as https://example.com/image.jpg")
    } else {
        Ok(())
    }
}

fn is_web_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"))
        && host.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        // No passwords in URLs that everybody gets to see.
        && !host.contains('@')
        && !rest.contains(|c: char| c.is_whitespace() || c.is_control() || "\"<>\\^`{|}".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_web_urls_are_images() {
        for text in [
            "https://images.example.com/a.jpg?v=1&w=2#x",
            "http://example.com",
            "HTTPS://Example.com/größe.png",
            "https://127.0.0.1:9000/a.jpg",
            "https://[::1]/a.jpg",
        ] {
            assert!(is_web_url(text), "{text}");
        }
        for text in [
            "a.jpg",
            "/a.jpg",
            "//example.com/a.jpg",
            "ftp://example.com/a.jpg",
            "javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            "data:image/png;base64,AA",
            "https://",
            "https:///a.jpg",
            "https://?a",
            "https://user:secret@example.com/a.jpg",
            "https://example.com/a b.jpg",
            "https://example.com/a\nb.jpg",
            "https://example.com/\"><script>",
        ] {
            assert!(!is_web_url(text), "{text}");
        }
    }
}
