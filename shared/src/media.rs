//! Files of a store: which kinds there are, how large each may be, what they are called, where they are kept.
//!
//! Kinds that a browser runs as a program (SVG, HTML, XML) are not among them, and no file is called as one of them.

use std::fmt;

use crate::kernel::id::{OrganizationId, StoreId};

/// What a file is. Everything else is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContentType {
    Jpeg,
    Png,
    Webp,
    Avif,
    Gif,
    Pdf,
    Mp4,
    Webm,
}

named!(ContentType, UnknownContentType,
    "one of image/jpeg, image/png, image/webp, image/avif, image/gif, application/pdf, video/mp4 and video/webm", {
    Jpeg = "image/jpeg",
    Png = "image/png",
    Webp = "image/webp",
    Avif = "image/avif",
    Gif = "image/gif",
    Pdf = "application/pdf",
    Mp4 = "video/mp4",
    Webm = "video/webm",
});

const MIB: i64 = 1_048_576;

impl ContentType {
    /// How many bytes of a file are looked at to tell its kind.
    pub const HEAD: usize = 32;

    /// The size of the largest file of this kind, in bytes.
    pub const fn most_bytes(self) -> i64 {
        match self {
            ContentType::Jpeg | ContentType::Png | ContentType::Webp | ContentType::Avif | ContentType::Gif => {
                MIB.saturating_mul(20)
            }
            ContentType::Pdf => MIB.saturating_mul(50),
            ContentType::Mp4 | ContentType::Webm => MIB.saturating_mul(500),
        }
    }

    pub const fn is_image(self) -> bool {
        match self {
            ContentType::Jpeg | ContentType::Png | ContentType::Webp | ContentType::Avif | ContentType::Gif => true,
            ContentType::Pdf | ContentType::Mp4 | ContentType::Webm => false,
        }
    }

    /// How names of such files end; a name without an ending is given the first one.
    const fn endings(self) -> (&'static str, &'static [&'static str]) {
        match self {
            ContentType::Jpeg => ("jpg", &["jpeg", "jpe", "jfif"]),
            ContentType::Png => ("png", &[]),
            ContentType::Webp => ("webp", &[]),
            ContentType::Avif => ("avif", &[]),
            ContentType::Gif => ("gif", &[]),
            ContentType::Pdf => ("pdf", &[]),
            ContentType::Mp4 => ("mp4", &["m4v"]),
            ContentType::Webm => ("webm", &[]),
        }
    }

    /// The kind of a file that is kept under such a name.
    pub fn of_ending(name: &str) -> Option<ContentType> {
        let (_, ending) = name.rsplit_once('.')?;
        ContentType::ALL.iter().copied().find(|kind| kind.endings().0 == ending)
    }

    /// Whether a file that begins with `head`, its first [`HEAD`](ContentType::HEAD) bytes, can be of this kind.
    /// Sources: the formats' own specifications; the WHATWG standard "MIME Sniffing", section 6.
    pub fn begins(self, head: &[u8]) -> bool {
        let brands = || head.get(8..).unwrap_or_default().chunks(4);
        let is_iso_media = head.get(4..8) == Some(b"ftyp");
        let is_avif = || brands().any(|brand| brand == b"avif" || brand == b"avis");
        match self {
            ContentType::Jpeg => head.starts_with(&[0xff, 0xd8, 0xff]),
            ContentType::Png => head.starts_with(b"\x89PNG\r\n\x1a\n"),
            ContentType::Webp => head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP"),
            ContentType::Avif => is_iso_media && is_avif(),
            ContentType::Gif => head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a"),
            ContentType::Pdf => head.starts_with(b"%PDF-"),
            ContentType::Mp4 => is_iso_media && !is_avif(),
            ContentType::Webm => head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]),
        }
    }
}

/// Whether a file is there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileStatus {
    /// It may be uploaded.
    Pending,
    Ready,
}

named!(FileStatus, UnknownFileStatus, "pending or ready", { Pending = "pending", Ready = "ready", });

/// What a file is called: one part of a path, of at most 200 characters, that ends as its kind does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    stem: String,
    ending: &'static str,
}

/// Why a text is not the name of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFileName {
    #[error("must not be empty")]
    Empty,
    #[error("must have at most 200 characters")]
    TooLong,
    #[error("must not contain line breaks, other control characters or marks that turn the direction of writing")]
    ControlCharacter,
    #[error("ends as another kind of file: one of this content type ends in .{0}")]
    Ending(&'static str),
}

impl FileName {
    const MOST: usize = 200;

    /// The name of a file of this kind: without the folders before it, and with its kind's ending where it has none.
    ///
    /// # Errors
    /// [`InvalidFileName`].
    pub fn of(text: &str, kind: ContentType) -> Result<FileName, InvalidFileName> {
        if FileName::MOST < text.chars().count() {
            return Err(InvalidFileName::TooLong);
        }
        if text.chars().any(|letter| letter.is_control() || turns_direction(letter)) {
            return Err(InvalidFileName::ControlCharacter);
        }
        let own = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let is_margin = |letter: char| letter == '.' || letter.is_whitespace();
        let own = own.trim_matches(is_margin);
        let (usual, others) = kind.endings();
        let (stem, ending) = match own.rsplit_once('.') {
            Some((stem, ending)) if is_ending(ending) => (stem.trim_end_matches(is_margin), Some(ending)),
            _ => (own, None),
        };
        let fits = |ending: &str| {
            let is = |known: &&str| ending.eq_ignore_ascii_case(known);
            is(&usual) || others.iter().any(is)
        };
        match ending {
            Some(ending) if !fits(ending) => Err(InvalidFileName::Ending(usual)),
            _ if stem.is_empty() => Err(InvalidFileName::Empty),
            _ => Ok(FileName { stem: stem.to_owned(), ending: usual }),
        }
    }

    /// The same in letters, digits and dashes of ASCII, which stand in a URL as they are.
    fn for_url(&self) -> String {
        const MOST: usize = 60;
        let mut slug = String::new();
        for letter in self.stem.chars() {
            match letter.to_ascii_lowercase() {
                _ if MOST <= slug.len() => break,
                plain if plain.is_ascii_alphanumeric() => slug.push(plain),
                _ if slug.is_empty() || slug.ends_with('-') => {}
                _ => slug.push('-'),
            }
        }
        let slug = slug.trim_end_matches('-');
        format!("{}.{}", if slug.is_empty() { "file" } else { slug }, self.ending)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.stem, self.ending)
    }
}

/// Some letters and digits, and not digits alone: `v1.2` has no ending.
fn is_ending(text: &str) -> bool {
    (1..=8).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The directional formatting characters of Unicode (UAX #9, section 2): `gpj.exe` looks like `exe.jpg` with one.
pub fn turns_direction(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Where a file is kept in its bucket: below its organization and store, in a folder of its own that nobody guesses
/// (128 random bits). Every character of it stands in a URL as it is.
pub fn object_key(organization: OrganizationId, store: StoreId, random: [u8; 16], name: &FileName) -> String {
    format!("{organization}/{store}/{:032x}/{}", u128::from_be_bytes(random), name.for_url())
}

/// The place of an image that must stay in sight when it is cropped, in thousandths of its width and height from the
/// top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FocalPoint {
    pub x: i64,
    pub y: i64,
}

/// Thousandths of a decimal from 0 to 1 such as `0.375`; `None` of anything else.
pub fn thousandths(decimal: &str) -> Option<i64> {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, "0"));
    let whole = match whole {
        "0" => 0_i64,
        "1" => 1_000,
        _ => return None,
    };
    // Zeros at the end say nothing.
    let fraction = fraction.trim_end_matches('0');
    if 3 < fraction.len() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part: i64 = format!("{fraction:0<3}").parse().ok()?;
    whole.checked_add(part).filter(|sum| *sum <= 1_000)
}

/// The decimal of thousandths from 0 to 1000: `0.375`.
pub fn decimal(thousandths: i64) -> String {
    if 1_000 <= thousandths {
        return "1".to_owned();
    }
    let text = format!("0.{:03}", thousandths.max(0));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str, kind: ContentType) -> Result<String, InvalidFileName> {
        FileName::of(text, kind).map(|name| name.to_string())
    }

    #[test]
    fn names_lose_their_folders_and_end_as_their_kind() {
        use ContentType::{Jpeg, Mp4, Pdf, Png};
        for (text, kind, expected) in [
            ("shirt.png", Png, "shirt.png"),
            (" Red Shirt.PNG ", Png, "Red Shirt.png"),
            ("photo.jpeg", Jpeg, "photo.jpg"),
            ("C:\\fakepath\\photo.JPE", Jpeg, "photo.jpg"),
            ("../../etc/passwd", Pdf, "passwd.pdf"),
            ("..", Pdf, ""),
            ("a/..", Pdf, ""),
            ("...hidden.m4v", Mp4, "hidden.mp4"),
            ("no ending", Png, "no ending.png"),
            ("version 1.2", Png, "version 1.2.png"),
            ("한글 이름.png", Png, "한글 이름.png"),
            ("photo.png.", Png, "photo.png"),
            ("a.svg.png", Png, "a.svg.png"),
        ] {
            let wanted = if expected.is_empty() { Err(InvalidFileName::Empty) } else { Ok(expected.to_owned()) };
            assert_eq!(name(text, kind), wanted, "{text}");
        }
    }

    #[test]
    fn what_ends_as_another_kind_or_looks_as_another_name_is_refused() {
        for text in ["x.svg", "x.SVG", "x.html", "x.svgz", "x.jpg", "x.php", "x.svg.", "x/y.xml", "x.mp4"] {
            assert_eq!(name(text, ContentType::Png), Err(InvalidFileName::Ending("png")), "{text}");
        }
        for text in ["a\nb.png", "a\0.png", "exe.\u{202e}gnp", "a\u{2066}.png", "a\u{85}.png"] {
            assert_eq!(name(text, ContentType::Png), Err(InvalidFileName::ControlCharacter), "{text}");
        }
        assert_eq!(name(&"x".repeat(201), ContentType::Png), Err(InvalidFileName::TooLong));
        for text in ["", " ", ".", " .. ", "/...", "a/"] {
            assert_eq!(name(text, ContentType::Png), Err(InvalidFileName::Empty), "{text:?}");
        }
    }

    #[test]
    fn what_runs_in_a_browser_is_no_kind() {
        for text in ["image/svg+xml", "text/html", "application/xhtml+xml", "text/xml", "image/*", "image/png; q=1", ""]
        {
            assert!(text.parse::<ContentType>().is_err(), "{text}");
        }
        for kind in ContentType::ALL {
            assert_eq!(kind.name().parse(), Ok(*kind));
            assert_eq!(ContentType::of_ending(&format!("a.{}", kind.endings().0)), Some(*kind));
            assert_eq!(kind.is_image(), kind.name().starts_with("image/"));
        }
    }

    #[test]
    fn files_begin_as_their_kind() {
        let heads: [(&[u8], ContentType); 9] = [
            (b"\xff\xd8\xff\xe0\0\x10JFIF", ContentType::Jpeg),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ContentType::Png),
            (b"GIF89a\x01\0", ContentType::Gif),
            (b"RIFF\x24\0\0\0WEBPVP8 ", ContentType::Webp),
            (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", ContentType::Avif),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", ContentType::Avif),
            (b"%PDF-1.7\n", ContentType::Pdf),
            (b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2", ContentType::Mp4),
            (b"\x1a\x45\xdf\xa3\x01\0\0\0", ContentType::Webm),
        ];
        for (head, own) in heads {
            for kind in ContentType::ALL {
                assert_eq!(kind.begins(head), *kind == own, "{kind} {own}");
            }
        }
        for head in [&b""[..], b"<svg", b"<!doctype html>", b"\0\0\0\x18ftyp", b"RIFF\0\0\0\0WAVE", b"\xff\xd8"] {
            let found: Vec<_> = ContentType::ALL.iter().filter(|kind| kind.begins(head)).collect();
            assert!(found.is_empty() || found == [&ContentType::Mp4], "{head:?} {found:?}");
        }
    }

    #[test]
    fn a_key_is_plain_and_below_its_tenant() {
        let (organization, store) = (OrganizationId::from_u128(1), StoreId::from_u128(2));
        let key = |text| object_key(organization, store, [0xab; 16], &FileName::of(text, ContentType::Png).unwrap());
        let folder = format!("{organization}/{store}/{}", "ab".repeat(16));
        assert_eq!(key("Red  Shirt (2).png"), format!("{folder}/red-shirt-2.png"));
        assert_eq!(key("../한글.png"), format!("{folder}/file.png"));
    }

    #[test]
    fn thousandths_are_read_and_written_exactly() {
        for (text, expected) in
            [("0", 0), ("1", 1_000), ("0.5", 500), ("0.375", 375), ("0.001", 1), ("1.0", 1_000), ("0.2500", 250)]
        {
            assert_eq!(thousandths(text), Some(expected), "{text}");
        }
        for text in ["", "2", "-0.5", "0.0001", "1.001", "1e-3", "0,5", ".5", "0.5.5", "00.5", "0.+1"] {
            assert_eq!(thousandths(text), None, "{text}");
        }
        for number in 0..=1_000 {
            assert_eq!(thousandths(&decimal(number)), Some(number));
        }
    }

    proptest! {
        #[test]
        fn a_name_that_is_taken_is_its_own_and_leads_nowhere(text in ".{0,80}") {
            for kind in [ContentType::Png, ContentType::Mp4] {
                if let Ok(name) = FileName::of(&text, kind) {
                    let written = name.to_string();
                    prop_assert!(!written.contains(['/', '\\']) && !written.starts_with('.'));
                    prop_assert_eq!(FileName::of(&written, kind).map(|again| again.to_string()), Ok(written));
                    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
                    prop_assert!(name.for_url().bytes().all(plain));
                }
            }
        }

        #[test]
        fn no_head_breaks_it(head in prop::collection::vec(any::<u8>(), 0..40)) {
            for kind in ContentType::ALL {
                let _ = kind.begins(&head);
            }
        }
    }
}
