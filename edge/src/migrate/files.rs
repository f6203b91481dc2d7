//! The files, as part of the program.

use super::Migration;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(Migration { name: $name, sql: include_str!(concat!("../../../migrations/", $name, ".sql")) }),*]
    };
}

/// Every file of `migrations/`, oldest first.
pub const ALL: &[Migration] = files![
    "202611210900_organizations_tables",
    "202611210901_catalog_tables",
    "202611210902_inventory_tables",
    "202611210903_orders_tables",
    "202611211100_identity_accounts",
    "202611211101_identity_api_keys",
    "202611211500_journal_audit_chain",
    "202611211630_catalog_facet_order",
    "202611211650_notifications_mail",
    "202611211710_identity_apps",
    "202611211720_identity_providers",
    "202611211800_identity_one_time_tokens",
    "202611211800_organizations_members",
    "202611211830_identity_addresses",
    "202611211830_organizations_invitations",
    "202611211840_identity_passkeys",
    "202611211900_orders_sealed",
    "202611211900_organizations_settings",
    "202611211910_inventory_no_idle_writes",
    "202611211930_identity_second_factor",
    "202611212120_identity_one_time_tokens_for_changes",
    "202611212130_identity_linked_identities",
    "202611212135_organizations_plan",
    "202611212140_organizations_store_health",
    "202611212150_identity_provider_version",
    "202611220030_identity_accounts_that_come_and_go",
    "202611220130_identity_customers",
    "202611220545_orders_kept_answers",
    "202611220700_catalog_version",
    "202611220730_catalog_source",
    "202611220740_catalog_category_tree",
    "202611220800_media_files",
    "202611220830_catalog_seo",
    "202611220840_catalog_publication",
    "202611220855_catalog_collections",
    "202611220910_catalog_sitemap_status",
    "202611221050_organizations_locales",
    "202611221055_catalog_translations",
    "202611221105_identity_keys_sign_later",
    "202611221120_catalog_names",
    "202611221152_catalog_export",
    "202611221153_catalog_bulk",
    "202611221200_catalog_attributes",
    "202611221220_catalog_prices",
    "202611221425_catalog_price_ranges",
    "202611221435_catalog_rule_count",
    "202611221442_identity_token_voids",
    "202611221501_identity_sessions_over",
    "202611221530_catalog_bulk_lists",
    "202611221535_catalog_attribute_ranges",
    "202611221540_catalog_alternates",
    "202611221545_catalog_channels",
    "202611221606_media_in_use",
    "202611221930_catalog_purge",
    "202611221940_catalog_handles",
    "202611221945_catalog_bulk_dry_run",
    "202611221945_catalog_taxonomy_attributes",
    "202611221945_identity_devices",
    "202611222215_identity_ordered_lists",
    "202611222215_media_removal_order",
    "202611222215_notifications_mail_order",
    "202611230125_catalog_given_translations",
    "202611230140_catalog_bulk_over",
    "202611230150_catalog_purge_order",
    "202611230200_catalog_rule_filling",
    "202611230610_promotions_tables",
    "202611230630_checkout_totals",
    "202611230631_promotions_standing",
    "202611230640_tax_rules",
    "202611230641_shipping_rules",
    "202611230642_catalog_tax_class",
    "202611230650_checkout_taxes",
    "202611230700_pricing_tables",
    "202611230810_pricing_bounds",
    "202611230811_promotions_deleted",
    "202611230820_tax_exemptions",
    "202611230830_checkout_prices_version",
    "202611230830_shipping_deliveries",
    "202611230835_checkout_taxed",
    "202611230840_ledger_accounts",
    "202611230850_checkout_quotes",
    "202611231545_ledger_sums",
    "202611231550_shipping_providers",
    "202611231551_ledger_customers",
    "202611231600_inventory_locations",
    "202611231605_shipping_pickups",
    "202611231606_ledger_books",
    "202611231640_orders_released",
    "202611231641_payments_saga",
    "202611231659_ledger_orders",
    "202611231700_fraud_tables",
    "202611231730_invoices_documents",
    "202611232310_payments_stripe",
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::migrate::split;

    #[test]
    fn the_program_holds_every_file_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
        let mut files: Vec<String> =
            folder.read_dir().unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        assert_eq!(ALL.iter().map(|migration| format!("{}.sql", migration.name)).collect::<Vec<_>>(), files);
    }

    #[test]
    fn names_are_a_moment_a_context_and_a_purpose() {
        for migration in ALL {
            let (moment, rest) = migration.name.split_once('_').unwrap();
            assert!(moment.len() == 12 && moment.bytes().all(|byte| byte.is_ascii_digit()), "{}", migration.name);
            assert!(rest.contains('_') && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        }
    }

    #[test]
    fn every_file_holds_statements() {
        for migration in ALL {
            assert!(!split::statements(migration.sql).unwrap().is_empty(), "{}", migration.name);
        }
    }
}
