//! Product files as merchants export them, in both generations of the header.

/// Which names the columns have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// `Handle`, `Variant SKU`, `Variant Inventory Qty`.
    Older,
    /// `URL handle`, `SKU`, `Inventory quantity`.
    Newer,
}

/// The names of each column, older generation first.
const COLUMNS: [(&str, &str); 28] = [
    ("Handle", "URL handle"),
    ("Title", "Title"),
    ("Body (HTML)", "Description"),
    ("Vendor", "Vendor"),
    ("Product Category", "Product category"),
    ("Type", "Type"),
    ("Tags", "Tags"),
    ("Published", "Published on online store"),
    ("Option1 Name", "Option1 name"),
    ("Option1 Value", "Option1 value"),
    ("Option2 Name", "Option2 name"),
    ("Option2 Value", "Option2 value"),
    ("Option3 Name", "Option3 name"),
    ("Option3 Value", "Option3 value"),
    ("Variant SKU", "SKU"),
    ("Variant Barcode", "Barcode"),
    ("Variant Grams", "Weight value (grams)"),
    ("Variant Weight Unit", "Weight unit for display"),
    ("Variant Inventory Tracker", "Inventory tracker"),
    ("Variant Inventory Qty", "Inventory quantity"),
    ("Variant Inventory Policy", "Continue selling when out of stock"),
    ("Variant Price", "Price"),
    ("Variant Compare At Price", "Compare-at price"),
    ("Variant Requires Shipping", "Requires shipping"),
    ("Variant Taxable", "Charge tax"),
    ("Image Src", "Product image URL"),
    ("Image Alt Text", "Image alt text"),
    ("Status", "Status"),
];

/// One variant of a [`Product`].
#[derive(Debug, Clone)]
pub struct Variant {
    options: Vec<String>,
    sku: String,
    price: String,
    compare_at: String,
    /// `None`: not counted.
    stock: Option<String>,
    continue_selling: bool,
    barcode: String,
    grams: String,
    weight_unit: String,
}

impl Variant {
    /// With this SKU and price, and ten units.
    pub fn new(sku: &str, price: &str) -> Variant {
        Variant {
            options: Vec::new(),
            sku: sku.to_owned(),
            price: price.to_owned(),
            compare_at: String::new(),
            stock: Some("10".to_owned()),
            continue_selling: false,
            barcode: String::new(),
            grams: String::new(),
            weight_unit: String::new(),
        }
    }

    pub fn options(mut self, values: &[&str]) -> Variant {
        self.options = values.iter().map(|value| (*value).to_owned()).collect();
        self
    }

    pub fn stock(mut self, units: i64) -> Variant {
        self.stock = Some(units.to_string());
        self
    }

    pub fn uncounted(mut self) -> Variant {
        self.stock = None;
        self
    }

    pub fn continue_selling(mut self) -> Variant {
        self.continue_selling = true;
        self
    }

    pub fn compare_at(mut self, price: &str) -> Variant {
        self.compare_at = price.to_owned();
        self
    }

    pub fn barcode(mut self, barcode: &str) -> Variant {
        self.barcode = barcode.to_owned();
        self
    }

    /// The weight, and the unit to show it in.
    pub fn grams(mut self, grams: &str, unit: &str) -> Variant {
        (self.grams, self.weight_unit) = (grams.to_owned(), unit.to_owned());
        self
    }
}

/// One product of a [`file`].
#[derive(Debug, Clone)]
pub struct Product {
    handle: String,
    title: String,
    body: String,
    vendor: String,
    category: String,
    tags: String,
    status: String,
    option_names: Vec<String>,
    variants: Vec<Variant>,
    images: Vec<(String, String)>,
}

impl Product {
    pub fn new(handle: &str, title: &str) -> Product {
        Product {
            handle: handle.to_owned(),
            title: title.to_owned(),
            body: String::new(),
            vendor: String::new(),
            category: String::new(),
            tags: String::new(),
            status: "active".to_owned(),
            option_names: Vec::new(),
            variants: Vec::new(),
            images: Vec::new(),
        }
    }

    pub fn handle(&self) -> &str {
        &self.handle
    }

    /// With one variant: its SKU is the handle in capitals.
    pub fn simple(handle: &str, price: &str, stock: i64) -> Product {
        Product::new(handle, handle).variant(Variant::new(&handle.to_uppercase(), price).stock(stock))
    }

    pub fn body(mut self, html: &str) -> Product {
        self.body = html.to_owned();
        self
    }

    pub fn vendor(mut self, vendor: &str) -> Product {
        self.vendor = vendor.to_owned();
        self
    }

    /// Names from the root, as `Outdoor > Tents`.
    pub fn category(mut self, category: &str) -> Product {
        self.category = category.to_owned();
        self
    }

    /// With commas between them.
    pub fn tags(mut self, tags: &str) -> Product {
        self.tags = tags.to_owned();
        self
    }

    pub fn status(mut self, status: &str) -> Product {
        self.status = status.to_owned();
        self
    }

    pub fn option_names(mut self, names: &[&str]) -> Product {
        self.option_names = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    pub fn variant(mut self, variant: Variant) -> Product {
        self.variants.push(variant);
        self
    }

    pub fn image(mut self, url: &str, alt: &str) -> Product {
        self.images.push((url.to_owned(), alt.to_owned()));
        self
    }

    /// Row after row: the product with its first variant and image, then what is left of these.
    fn rows(&self, generation: Generation) -> Vec<Vec<String>> {
        let count = self.variants.len().max(self.images.len()).max(1);
        (0..count).map(|at| self.row(at, generation)).collect()
    }

    fn row(&self, at: usize, generation: Generation) -> Vec<String> {
        let first = |text: &str| if at == 0 { text.to_owned() } else { String::new() };
        let variant = self.variants.get(at);
        let of_variant = |get: &dyn Fn(&Variant) -> String| variant.map(get).unwrap_or_default();
        let flag = |is: bool| if is { "true".to_owned() } else { "false".to_owned() };
        let option_name = |index: usize| first(self.option_names.get(index).map_or("", |name| name));
        let option_value = |index: usize| {
            let value = of_variant(&|variant| variant.options.get(index).cloned().unwrap_or_default());
            // A product without options has one variant of this name.
            if index == 0 && self.option_names.is_empty() && at == 0 { "Default Title".to_owned() } else { value }
        };
        let first_name = if self.option_names.is_empty() { first("Title") } else { option_name(0) };
        let policy = of_variant(&|variant| match (generation, variant.continue_selling) {
            (Generation::Older, true) => "continue".to_owned(),
            (Generation::Older, false) => "deny".to_owned(),
            (Generation::Newer, continue_selling) => flag(continue_selling),
        });
        let (image, alt) = self.images.get(at).cloned().unwrap_or_default();
        vec![
            self.handle.clone(),
            first(&self.title),
            first(&self.body),
            first(&self.vendor),
            first(&self.category),
            String::new(),
            first(&self.tags),
            first("true"),
            first_name,
            option_value(0),
            option_name(1),
            option_value(1),
            option_name(2),
            option_value(2),
            of_variant(&|variant| variant.sku.clone()),
            of_variant(&|variant| variant.barcode.clone()),
            of_variant(&|variant| variant.grams.clone()),
            of_variant(&|variant| variant.weight_unit.clone()),
            of_variant(&|variant| variant.stock.as_ref().map_or("", |_| "shopify").to_owned()),
            of_variant(&|variant| variant.stock.clone().unwrap_or_default()),
            policy,
            of_variant(&|variant| variant.price.clone()),
            of_variant(&|variant| variant.compare_at.clone()),
            of_variant(&|_| flag(true)),
            of_variant(&|_| flag(true)),
            image,
            alt,
            first(&self.status),
        ]
    }
}

/// A file of `products`, every cell in quotes.
pub fn file(generation: Generation, products: &[Product]) -> String {
    let header = COLUMNS.iter().map(|(older, newer)| match generation {
        Generation::Older => (*older).to_owned(),
        Generation::Newer => (*newer).to_owned(),
    });
    let rows = products.iter().flat_map(|product| product.rows(generation));
    std::iter::once(header.collect()).chain(rows).map(|cells| line(&cells)).collect()
}

fn line(cells: &[String]) -> String {
    let quoted: Vec<String> = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
    quoted.join(",") + "\n"
}
