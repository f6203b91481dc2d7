//! The file as bytes: encodings, line ends, quotes, sizes, hostile input.

use proptest::prelude::*;

use super::*;
use crate::catalog::import::EncodingError;

const HEADER: &str = "Handle,Title,Body (HTML),Variant Price";

#[test]
fn line_ends_and_byte_order_marks_make_no_difference() {
    let plain = format!("{HEADER}\na,A,\"<p>x</p>\",1\n\n\nb,B,,2\nc,C,,bad\n");
    let expected = read(&plain);
    assert_eq!(expected.len(), 3);
    assert_eq!(read(&format!("\u{feff}{plain}")), expected);
    assert_eq!(read(&plain.replace('\n', "\r\n")), expected);
    assert_eq!(read(&format!("\u{feff}{}", plain.replace('\n', "\r\n"))), expected);
    assert_eq!(read(plain.trim_end()), expected);
}

#[test]
fn lines_are_those_an_editor_shows() {
    let text = format!("{HEADER}\n\na,A,\"one\ntwo\nthree\",1\n,,,\nb,B,\"\"\"x\"\"\",bad\nc,C,\"y\nz\",bad");
    for text in [text.clone(), text.replace('\n', "\r\n")] {
        let told: Vec<_> = read(&text)
            .into_iter()
            .map(|parsed| match parsed {
                Parsed::Product { product, .. } => (product.line, product.body_html.lines().count()),
                Parsed::Refused { errors } => (errors[0].line, 0),
            })
            .collect();
        assert_eq!(told, [(3, 3), (7, 0), (8, 0)]);
    }
}

#[test]
fn quoted_cells_hold_commas_quotes_and_line_breaks_as_they_are() {
    let product = product(&format!("{HEADER}\nmug,\"Mug, 12\"\" tall\",\"<p>a,\r\nb</p> \",9.50\n"));
    assert_eq!(product.title, "Mug, 12\" tall");
    assert_eq!(product.body_html, "<p>a,\r\nb</p> ");
}

#[test]
fn a_file_in_another_encoding_is_refused() {
    let windows_1252 = [HEADER.as_bytes(), b"\nmug,Mug,,1\ncafe,Caf\xe9,,2\n"].concat();
    let error = read_bytes(&windows_1252).unwrap_err();
    let (line, offset) = (3, u64::try_from(HEADER.len() + 20).unwrap());
    assert_eq!(error, ImportError::Encoding(EncodingError::NotUtf8 { line, offset, byte: 0xe9 }));
    assert!(error.to_string().contains("looks like Windows-1252. Save it again as UTF-8"), "{error}");

    let utf_16: Vec<u8> = format!("\u{feff}{HEADER}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read_bytes(&utf_16), Err(ImportError::Encoding(EncodingError::Utf16)));
}

#[test]
fn a_file_without_rows_is_empty_and_one_with_a_header_has_no_products() {
    for text in ["", "\n\r\n", "\u{feff}", ",,,\n"] {
        assert_eq!(read_bytes(text.as_bytes()), Err(ImportError::Empty), "{text:?}");
    }
    assert_eq!(read(HEADER), []);
}

#[test]
fn columns_that_are_not_imported_are_listed_once() {
    let text = "Handle,Title,Variant Price,Cost per item,Colour of the day\na,A,1,2,red\nb,B,1,2,blue\n";
    let mut reader = ImportReader::new(text.as_bytes(), Currency::EUR).unwrap();
    assert_eq!(reader.ignored_columns(), ["Cost per item", "Colour of the day"]);
    assert!(reader.all(|parsed| matches!(parsed, Ok(Parsed::Product { warnings, .. }) if warnings.is_empty())));
}

#[test]
fn a_quote_that_is_never_closed_does_not_fill_the_memory() {
    let endless = std::io::Read::chain(
        "Handle,Title,Body (HTML),Variant Price\na,A,,1\nb,\"".as_bytes(),
        std::io::Read::take(std::io::repeat(b'x'), 1 << 40),
    );
    let mut reader = ImportReader::new(endless, Currency::EUR).unwrap();
    let error = reader.find_map(Result::err);
    assert_eq!(error, Some(ImportError::RowTooLong { line: 3 }));
    assert!(reader.next().is_none(), "an error is the last item");
}

#[test]
fn a_source_that_fails_ends_the_import() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let source = std::io::Read::chain("Handle,Title,Variant Price\na,A,1\n".as_bytes(), Broken);
    let mut reader = ImportReader::new(source, Currency::EUR).unwrap();
    assert_eq!(reader.find_map(Result::err), Some(ImportError::Read("the disk is gone".to_owned())));
    assert!(reader.next().is_none(), "an error is the last item");
}

const CELLS: &[&str] =
    &["", "a", "b", "1", "1.999", "-1", "Title", "Default Title", "TRUE", "draft", "A > B", "x, y", "\"", "\n"];

fn some_cell() -> impl Strategy<Value = String> {
    prop_oneof![4 => prop::sample::select(CELLS).prop_map(str::to_owned), 1 => "[^\u{0}]{0,9}"]
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let _ = read_bytes(&bytes);
        let _ = read_bytes(&[HEADER.as_bytes(), b"\n", &bytes].concat());
    }

    #[test]
    fn arbitrary_rows_never_panic_and_never_lose_a_product(
        rows in prop::collection::vec(prop::collection::vec(some_cell(), 33), 0..12),
    ) {
        let header: Vec<&str> = super::super::header::all_names().collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&header).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        for parsed in read(&text) {
            match parsed {
                Parsed::Product { product, .. } => prop_assert!(!product.variants.is_empty()),
                Parsed::Refused { errors } => prop_assert!(!errors.is_empty()),
            }
        }
    }
}
