//! The two generations of Shopify's header say the same.

use super::*;

const OLD: &str = r#"Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Fulfillment Service,Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,SEO Description,Variant Image,Variant Weight Unit,Variant Tax Code,Cost per item,Status
tee,Tee,"<p>Soft, ""really""
soft</p>",Tidewater,Apparel > Shirts,Tees,"cotton, summer",TRUE,Size,S,Colour,Red,,,T-S-R,180,shopify,5,deny,manual,19.90,24.90,TRUE,TRUE,4006381333931,https://images.example.com/tee.jpg,1,Tee in front,FALSE,Tee,A tee.,https://images.example.com/red.jpg,g,,7.10,active
tee,,,,,,,,,M,,Blue,,,,180,shopify,0,continue,manual,19.90,,TRUE,TRUE,,,,,,,,,g,,,
tee,,,,,,,,,,,,,,,,,,,,,,,,,https://images.example.com/back.jpg,2,,,,,,,,,
mug,Mug,,Kiln,,Mugs,,FALSE,Title,Default Title,,,,,MUG,350,,,deny,manual,,,FALSE,FALSE,,,,,FALSE,,,,kg,,,active
"#;

const NEW: &str = r#"Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode,Option1 name,Option1 value,Option1 Linked To,Option2 name,Option2 value,Option2 Linked To,Option3 name,Option3 value,Option3 Linked To,Price,Compare-at price,Cost per item,Charge tax,Tax code,Unit price total measure,Inventory tracker,Inventory quantity,Continue selling when out of stock,Weight value (grams),Weight unit for display,Requires shipping,Fulfillment service,Product image URL,Image position,Image alt text,Variant image URL,Gift card,SEO title,SEO description
Tee,tee,"<p>Soft, ""really""
soft</p>",Tidewater,Apparel > Shirts,Tees,"cotton, summer",TRUE,Active,T-S-R,4006381333931,Size,S,,Colour,Red,,,,,19.90,24.90,7.10,TRUE,,,shopify,5,DENY,180,g,TRUE,manual,https://images.example.com/tee.jpg,1,Tee in front,https://images.example.com/red.jpg,FALSE,Tee,A tee.
,tee,,,,,,,,,,,M,,,Blue,,,,,19.90,,,TRUE,,,shopify,0,CONTINUE,180.0,g,TRUE,manual,,,,,,,
,tee,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,https://images.example.com/back.jpg,2,,,,,
Mug,mug,,Kiln,,Mugs,,FALSE,Active,MUG,,Title,Default Title,,,,,,,,,,,FALSE,,,,,FALSE,350,kg,FALSE,manual,,,,,FALSE,,
"#;

#[test]
fn one_catalog_reads_alike_in_both() {
    let old = read(OLD);
    assert_eq!(outcome(OLD), (vec!["tee".to_owned(), "mug".to_owned()], 0));
    assert_eq!(read(NEW), old);
}

#[test]
fn what_neither_keeps_is_named() {
    let ignored = |text: &str| {
        let reader = ImportReader::new(text.as_bytes(), Currency::EUR).unwrap();
        reader.ignored_columns().to_vec()
    };
    assert_eq!(ignored(OLD), ["Variant Fulfillment Service", "Gift Card", "Variant Tax Code", "Cost per item"]);
    assert_eq!(ignored(NEW).len(), 8);
}

#[test]
fn errors_name_the_columns_of_their_own_generation() {
    for (text, column) in [(OLD, "Variant Price"), (NEW, "Price")] {
        let Some(Parsed::Refused { errors }) = read(&text.replace("19.90", "x")).into_iter().next() else {
            panic!("{column} was read");
        };
        assert_eq!(errors[0].column.as_deref(), Some(column));
    }
}
