//! Imports at the limits of what a database takes, and files that break off.

use std::io::{self, Read};
use std::sync::Arc;

use headlesspro_edge::app::{App, Ctx, Spent};
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::identity::Caller;
use headlesspro_edge::imports::{How, Report, import};
use headlesspro_edge::organizations::open_store;
use headlesspro_edge::port::entropy::HostEntropy;
use headlesspro_edge::port::kv::memory::MemoryKv;
use headlesspro_edge::port::sql::Sql;
use headlesspro_edge::scripts;
use headlesspro_shared::catalog::import::ImportReader;
use headlesspro_shared::kernel::money::Currency;

use crate::databases::{EmbeddedDatabase, SqldDatabase};
use crate::secrets::secrets;

/// Imports into a new store of a migrated database.
async fn imported(sql: Arc<dyn Sql>, file: impl Read) -> Report {
    let clock = Arc::new(SystemClock);
    let kv = Arc::new(MemoryKv::new(clock.clone(), scripts::ALL));
    let app = Arc::new(App::new(sql, kv, clock, Arc::new(HostEntropy), secrets()));
    let tenant = open_store(&app, "Shop", "Shop", Currency::EUR).await.unwrap().tenant;
    let caller = Arc::new(Caller::operator(tenant, Currency::EUR));
    let ctx = Ctx::new(Arc::clone(&app), caller, Arc::new(Spent::default()), app.clock.now(), "test".into());
    let reader = ImportReader::new(file, Currency::EUR).unwrap();
    import(&ctx, reader, How::default(), |_| {}).await.unwrap()
}

/// sqld takes 10 MiB a request, and answers 10 MB.
#[tokio::test]
async fn four_hundred_products_with_forty_images_each_go_into_a_server() {
    let database = SqldDatabase::migrated().await;
    let mut text = "Handle,Title,Variant Price,Tags,Image Src,Image Alt Text\n".to_owned();
    let (path, alt) = ("p".repeat(200), "\"\"alt\"\" ".repeat(12));
    for product in 0..400 {
        text.push_str(&format!("product-{product},Product,1,\"some,tags\",,\n"));
        for image in 0..40 {
            let url = format!("https://images.example.com/{product}/{image}/{path}.jpg");
            text.push_str(&format!("product-{product},,,,{url},\"{alt}\"\n"));
        }
    }
    let report = imported(Arc::new(database.sql.clone()), text.as_bytes()).await;
    assert_eq!(report.products.created, 400, "{:?}", report.errors);
}

#[tokio::test]
async fn a_product_that_no_commit_can_hold_is_refused_by_its_line() {
    let database = EmbeddedDatabase::migrated().await;
    let names = "Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value";
    let mut text = format!("Handle,Title,Variant Price,{names}\ngood,Good,1,,,,,,\n");
    let value = "v".repeat(240);
    for variant in 0..2_048 {
        let [title, size, colour, cut] = if variant == 0 { ["Huge", "Size", "Colour", "Cut"] } else { [""; 4] };
        text.push_str(&format!("huge,{title},1,{size},{value} {variant},{colour},{value},{cut},{value}\n"));
    }
    let report = imported(Arc::new(database.sql.clone()), text.as_bytes()).await;
    assert_eq!((report.products.created, report.products.failed), (1, 1));
    assert_eq!((report.errors[0].line, report.errors[0].handle.as_deref()), (3, Some("huge")));
}

/// Gives what it has, and breaks.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(io::Error::other("the disk is gone")) } else { self.0.read(into) }
    }
}

#[tokio::test]
async fn a_file_that_breaks_off_says_in_which_line() {
    let database = EmbeddedDatabase::migrated().await;
    let text = "Handle,Title,Variant Price\na,A,1\nb,\"B\nof two lines\",1\nc,C,1\n";
    let report = imported(Arc::new(database.sql.clone()), Broken(text.as_bytes())).await;
    let ending = report.errors.last().unwrap();
    assert!(ending.reason.contains("the disk is gone"), "{ending}");
    // What was read of the last product may go on, so it is not in.
    assert_eq!((report.products.created, ending.line), (2, 6), "{ending}");
}
