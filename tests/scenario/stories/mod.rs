//! What merchants and shoppers do, told over HTTP alone: a base URL and keys are all a story knows.
//!
//! Stories run beside each other in the same two shops. Each marks what it makes with
//! [`World::mark`](crate::world::World), and asserts on nothing else.

mod api_keys;
mod apps;
mod attributes;
mod audited;
mod browsing;
mod bulk;
mod caching;
mod carts;
mod categories;
pub mod channels;
mod checkouts;
mod collections;
mod completing;
mod customers;
mod discounts;
mod emails;
mod exempt;
mod exports;
pub mod files;
mod fraud;
pub mod gift_cards;
mod import_errors;
mod imports;
mod invoices;
mod keys;
mod listed_prices;
mod locations;
mod orders;
mod own_orders;
pub mod passkeys;
pub mod payments;
pub mod people;
mod pickups;
mod price_lists;
mod prices;
mod products;
mod profiles;
mod promotions;
mod protocol;
mod providers;
pub mod quotes;
mod repeats;
pub mod second_factors;
mod seo;
pub mod sessions;
mod shipped;
mod shipping;
pub mod sign_ups;
mod sparse_fields;
pub mod taxed;
mod taxes;
mod taxonomy_attributes;
mod tenancy;

use std::pin::Pin;

use crate::world::World;

/// What a story needs beyond a base URL and the keys of two shops. A deployment somewhere else may be without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To read what the API has mailed.
    Mailbox,
    /// The accounts of [`STAFF`](crate::app::STAFF) in both shops.
    Staff,
    /// A store of files.
    Files,
    /// That anybody may found an organization.
    SignUp,
    /// Network addresses that nobody else comes from: it fails to log in on purpose, or is slowed.
    Address,
}

impl Need {
    pub const ALL: [Need; 5] = [Need::Mailbox, Need::Staff, Need::Files, Need::SignUp, Need::Address];

    pub const fn name(self) -> &'static str {
        match self {
            Need::Mailbox => "mailbox",
            Need::Staff => "staff",
            Need::Files => "files",
            Need::SignUp => "sign-up",
            Need::Address => "address",
        }
    }
}

#[derive(Clone, Copy)]
pub struct Story {
    /// `carts::a_line_that_is_not_there`.
    pub name: &'static str,
    pub needs: &'static [Need],
    tell: fn(World) -> Pin<Box<dyn Future<Output = ()>>>,
}

impl Story {
    pub const fn new(
        name: &'static str,
        needs: &'static [Need],
        tell: fn(World) -> Pin<Box<dyn Future<Output = ()>>>,
    ) -> Story {
        Story { name, needs, tell }
    }

    /// Tells it to the end, or fails by a panic. It gets no mailbox that it does not say it needs.
    pub async fn tell(self, world: World) {
        let mailbox = world.mailbox.filter(|_| self.needs.contains(&Need::Mailbox));
        (self.tell)(World { mailbox, ..world }).await;
    }
}

/// Stories, each with what it needs in brackets.
macro_rules! stories {
    ($($module:ident::$story:ident $(($($need:ident),*))?),* $(,)?) => {
        &[$($crate::stories::Story::new(
            concat!(stringify!($module), "::", stringify!($story)),
            &[$($($crate::stories::Need::$need),*)?],
            |world| Box::pin($module::$story(world)),
        )),*]
    };
}
pub(crate) use stories;

pub const STORIES: &[Story] = stories![
    api_keys::a_key_is_made_used_listed_and_revoked(Staff),
    api_keys::nobody_makes_a_key_with_more_than_they_have(Staff),
    api_keys::a_rotated_key_and_its_successor_are_both_good_for_the_overlap(Staff),
    api_keys::another_tenants_keys_are_not_there(Staff),
    api_keys::keys_and_apps_are_paged_newest_first(Staff),
    apps::an_app_trades_its_secret_for_tokens(Staff),
    apps::errors_are_those_of_oauth(Staff),
    apps::a_rotated_secret_is_good_for_the_overlap_and_one_rotation_wins(Staff),
    apps::tokens_and_apps_are_revoked(Staff),
    apps::another_tenants_apps_are_not_there(Staff),
    audited::changes_of_a_profile_and_an_address_book_are_told_before_and_after(Mailbox, Staff),
    audited::changes_of_what_opens_an_account_are_told_before_and_after(Mailbox, Staff),
    audited::changes_of_sessions_passwords_and_addresses_are_told_before_and_after(Mailbox, Staff),
    audited::an_address_that_a_magic_link_confirms_is_told(Mailbox, Staff),
    audited::a_token_that_an_app_gives_up_is_told(Mailbox, Staff),
    bulk::products_are_made_and_changed_line_by_line,
    bulk::a_wrong_line_stops_no_other,
    bulk::a_dry_run_says_what_the_same_parts_do(Staff),
    bulk::parts_of_a_dry_run_beside_each_other_agree,
    bulk::reductions_are_looked_up_together_and_prices_told(Staff),
    bulk::parts_that_are_sent_beside_each_other_double_nothing,
    bulk::what_leaves_as_lines_comes_back_without_a_change,
    bulk::jobs_are_listed_the_newest_first,
    bulk::a_job_is_its_stores_own,
    exports::a_product_file_comes_back_without_a_change,
    exports::an_export_goes_on_where_a_slice_ends,
    exports::only_the_staff_exports_and_only_its_own,
    repeats::what_makes_a_secret_is_told_again_to_who_asks_again(Staff),
    repeats::what_is_set_up_once_is_set_up_once(Staff),
    passkeys::a_passkey_is_made_used_named_and_removed(Staff, Address),
    passkeys::the_owner_is_told_of_passkeys_that_come_and_go(Mailbox, Staff),
    passkeys::a_challenge_is_good_once_and_for_who_asked(Staff),
    passkeys::what_an_authenticator_must_not_say_is_refused(Staff, Address),
    passkeys::a_counter_that_goes_back_is_refused(Staff),
    passkeys::only_staff_say_for_whom_passkeys_are_made(Staff),
    sessions::a_person_logs_in_goes_on_and_logs_out(Staff),
    sessions::the_address_is_the_same_in_capitals_and_nothing_else_is(Staff, Address),
    sessions::guessing_gets_slow_and_one_account_slows_no_other(Address),
    sessions::parallel_refreshes_agree_and_an_old_token_ends_the_session(Staff),
    sessions::a_made_up_refresh_token_ends_nobodys_session(Staff),
    sessions::a_token_is_good_for_its_own_tenant_and_scopes(Staff),
    sessions::a_session_is_ended_from_another_one(Staff),
    sessions::tokens_that_nobody_signed_are_refused(Staff),
    people::a_customer_registers_confirms_and_logs_in(Mailbox, Address),
    people::a_taken_address_is_answered_as_a_free_one_and_its_owner_told(Mailbox, Address),
    people::what_counts_is_what_was_chosen_for_the_confirmed_link(Mailbox, Address),
    people::a_strangers_password_opens_no_account_that_somebody_else_confirms(Mailbox, Address),
    people::a_link_that_is_sent_again_sets_no_password(Mailbox, Address),
    people::a_link_is_used_once_also_by_twenty_at_once(Mailbox),
    people::all_wrong_fields_of_a_registration_are_named,
    people::a_changed_password_ends_the_other_sessions(Mailbox, Address),
    people::sessions_are_paged_newest_first(Mailbox),
    people::a_forgotten_password_is_reset_by_mail(Mailbox, Address),
    people::a_magic_link_logs_in_once(Mailbox, Address),
    people::a_magic_link_is_bound_to_the_browser_that_asked(Mailbox),
    people::an_address_is_nobodys_to_flood(Mailbox),
    people::a_stranger_takes_no_mail_from_the_owner(Mailbox, Address),
    people::many_requests_at_once_take_no_mail_from_the_owner(Mailbox, Address),
    people::links_that_only_strangers_can_use_take_none_from_the_owner(Mailbox, Address),
    people::another_tenants_links_are_gone(Mailbox),
    providers::a_provider_is_changed_in_parts_and_its_secret_never_shown(Staff),
    providers::providers_are_listed_in_pages_the_newest_first(Staff),
    providers::a_provider_keeps_making_sense(Staff),
    second_factors::a_second_factor_is_asked_for_and_each_code_is_good_once(Mailbox, Address),
    second_factors::new_recovery_codes_void_the_old_ones(Mailbox, Address),
    second_factors::guessing_codes_gets_slow_and_what_is_no_code_is_named(Mailbox, Address),
    emails::an_address_is_changed_once_the_new_one_is_confirmed(Mailbox, Address),
    emails::a_taken_address_is_not_disclosed_and_its_owner_told(Mailbox),
    emails::what_comes_to_ones_own_address_tells_nothing_of_another_one(Mailbox),
    emails::of_two_who_confirm_one_address_one_has_it(Mailbox),
    emails::a_registration_that_nobody_confirmed_gives_way_to_a_change(Mailbox),
    emails::an_account_without_a_password_shows_a_code_or_a_fresh_login(Mailbox, Address),
    emails::an_account_with_a_second_factor_shows_it_beside_the_password(Mailbox, Address),
    sign_ups::a_merchant_signs_up_confirms_and_runs_the_shop(Mailbox, SignUp, Address),
    sign_ups::an_owner_who_lost_the_link_gets_another_and_a_forgotten_password_is_reset(Mailbox, SignUp, Address),
    sign_ups::a_repeated_sign_up_founds_nothing_more(Mailbox, SignUp, Address),
    sign_ups::one_network_address_founds_five_in_an_hour(SignUp, Address),
    sign_ups::strangers_in_many_places_found_five_for_one_address(SignUp, Address),
    sign_ups::what_was_founded_in_the_name_of_an_address_sends_it_few_mails(Mailbox, SignUp, Address),
    sign_ups::all_wrong_fields_of_a_sign_up_are_named(SignUp, Address),
    customers::customers_are_listed_newest_first_and_found_by_their_address(Mailbox, Staff),
    customers::a_suspended_customer_is_out_until_resumed(Mailbox, Staff, Address),
    own_orders::a_guests_orders_are_the_accounts_once_its_address_is_confirmed(Mailbox, Staff),
    own_orders::orders_placed_while_logged_in_are_ones_own_and_walk_all_pages(Mailbox),
    profiles::a_profile_is_changed_in_parts_and_guarded_by_its_version(Mailbox, Staff),
    profiles::an_address_book_has_one_default_of_each_kind(Mailbox),
    profiles::a_book_holds_fifty_addresses(Mailbox),
    profiles::a_repeated_addition_is_one_address(Mailbox),
    profiles::one_idempotency_key_of_two_customers_is_two_keys(Mailbox),
    profiles::nobody_elses_book_is_there(Mailbox, Staff),
    files::a_file_is_uploaded_straight_to_the_store_and_is_ready_once_completed(Files),
    files::what_is_not_as_announced_is_not_ready(Files),
    files::kinds_names_and_sizes_are_limited(Files),
    files::a_repeated_request_makes_one_file(Files),
    files::a_file_is_described_and_guarded_by_its_version(Files),
    files::a_removed_file_leaves_the_store_as_well(Files),
    files::files_are_the_staffs_of_one_store_newest_first(Files),
    gift_cards::a_card_is_issued_once_and_its_code_told_once,
    gift_cards::what_is_on_a_card_is_corrected_with_a_reason_and_never_below_zero,
    gift_cards::a_disabled_card_pays_for_nothing_until_it_is_enabled(Staff),
    gift_cards::cards_are_listed_newest_first_and_found_by_what_is_known_of_them,
    gift_cards::cards_pay_in_their_order_and_the_rest_is_due,
    gift_cards::an_order_that_cards_pay_needs_no_payment,
    gift_cards::everything_that_cannot_be_used_is_told_at_once,
    gift_cards::a_customer_pays_with_the_own_credit_alone(Mailbox),
    gift_cards::cards_and_credit_are_their_tenants_own(Staff),
    payments::a_provider_is_set_up_and_its_secret_never_shown,
    payments::an_order_is_confirmed_when_its_provider_has_the_money,
    payments::whose_card_is_declined_pays_by_another_one,
    payments::a_buyer_who_has_to_act_comes_back,
    payments::whoever_is_told_first_goes_on_with_it_once,
    payments::a_repeat_finds_what_was_charged_and_charges_nothing,
    payments::what_is_called_off_gives_everything_back,
    payments::what_is_authorized_is_captured_or_let_go,
    payments::money_goes_back_by_lines_and_never_more_than_came,
    payments::the_merchants_own_word_is_captured_and_given_back,
    payments::card_numbers_are_taken_nowhere,
    locations::a_store_has_one_and_makes_more,
    locations::everything_that_is_wrong_with_a_location_is_told_at_once,
    locations::locations_are_their_stores_own,
    price_lists::a_price_list_is_made_replaced_and_deleted,
    price_lists::a_list_whose_channel_and_group_are_gone_is_put_back_as_it_was,
    price_lists::everything_that_is_wrong_with_a_price_list_is_told_at_once,
    price_lists::lists_are_based_on_each_other_and_never_in_a_circle,
    price_lists::rules_are_put_listed_and_deleted,
    price_lists::customers_are_put_into_groups(Mailbox),
    price_lists::rates_are_kept_with_their_history,
    price_lists::endings_of_conversions_are_set,
    price_lists::price_lists_are_their_tenants_own,
    prices::a_cart_is_filled_and_ordered_in_its_currency(Staff),
    prices::a_product_is_sold_in_three_currencies(Staff),
    prices::a_reduction_says_the_lowest_price_before_it(Staff),
    prices::an_import_leaves_a_history_and_the_prices_that_files_do_not_have(Staff),
    prices::lists_are_narrowed_and_ordered_in_the_currency_asked_for(Staff),
    products::a_product_is_made_shown_changed_and_deleted,
    products::variants_keep_their_ids_across_a_patch,
    products::handles_and_skus_are_a_stores_own,
    products::a_change_of_another_version_is_refused_with_the_current_one,
    products::drafts_are_the_staffs_alone,
    products::the_staffs_list_walks_all_statuses_without_loss,
    products::a_repeat_makes_one_product,
    products::a_file_changes_what_it_says_and_nothing_else,
    products::what_was_done_to_a_product_is_told(Staff),
    products::a_product_is_shown_and_sold_within_its_span_of_time,
    files::a_product_shows_files_and_they_stay_as_long_as_it_does(Files),
    files::files_that_attributes_refer_to_are_shown_and_stay(Files),
    files::a_file_is_either_referred_to_or_removed(Files),
    files::a_file_stays_while_a_category_or_collection_shows_it(Files),
    taxonomy_attributes::files_that_categories_and_collections_refer_to_are_shown_and_stay(Files),
    seo::a_former_handle_leads_to_the_present_one,
    seo::search_engines_are_told_prices_and_what_is_left,
    seo::sitemaps_list_what_is_shown_by_its_present_handle,
    seo::sitemaps_list_categories_and_collections_where_they_are,
    imports::both_generations_of_the_header_give_the_same_catalog,
    imports::importing_again_changes_nothing,
    imports::what_was_sold_stays_sold_until_another_count,
    imports::a_changed_product_keeps_its_ids,
    imports::options_images_prices_and_weights_arrive,
    imports::a_byte_order_mark_carriage_returns_and_quoted_newlines_are_read,
    imports::made_up_skus_stay_the_same,
    imports::scripts_in_descriptions_are_not_served,
    imports::a_dry_run_tells_and_changes_nothing,
    imports::only_active_products_are_shown,
    imports::two_imports_at_once_make_no_duplicates,
    imports::twelve_imports_at_once_leave_one_of_them_whole,
    imports::a_made_up_sku_gives_way_to_the_one_that_another_product_names,
    imports::skus_are_swapped_and_moved_between_products,
    import_errors::errors_name_line_and_column_while_good_products_go_in,
    import_errors::a_sku_of_another_product_is_refused,
    import_errors::errors_and_warnings_beyond_a_thousand_are_counted,
    import_errors::what_is_no_product_file_is_refused_with_its_reason,
    sparse_fields::only_the_members_that_are_asked_for_are_shown,
    sparse_fields::members_in_another_order_are_the_same_answer,
    sparse_fields::members_that_no_product_has_are_named_with_those_there_are,
    browsing::every_sort_walks_all_pages_without_loss_or_duplicates,
    browsing::lists_are_narrowed_by_each_filter,
    browsing::a_card_says_price_range_image_and_availability,
    browsing::a_product_is_found_by_id_and_by_handle,
    browsing::categories_form_a_tree,
    browsing::a_cursor_belongs_to_its_sort,
    categories::a_category_is_made_shown_changed_and_deleted,
    categories::what_is_wrong_with_a_category_is_named,
    categories::a_subtree_moves_with_its_products,
    categories::a_former_path_leads_to_the_present_one,
    categories::a_category_has_a_page_in_the_storefront,
    categories::a_tree_ends_at_its_tenth_level,
    categories::a_category_with_something_in_it_is_not_deleted,
    categories::a_product_is_in_several_categories,
    categories::one_level_of_the_tree_is_listed_by_position,
    categories::fifty_moves_at_once_leave_a_tree,
    attributes::products_and_variants_have_what_is_declared,
    attributes::what_is_wrong_with_values_is_named_at_once,
    attributes::an_attribute_in_use_keeps_its_type_and_stays,
    attributes::an_attribute_and_a_product_written_at_once_agree,
    attributes::a_rule_asks_for_an_attribute,
    attributes::lists_and_rules_ask_for_what_is_between_two_values,
    taxonomy_attributes::categories_and_collections_have_what_is_declared,
    taxonomy_attributes::a_list_of_categories_or_collections_is_narrowed_in_its_order,
    taxonomy_attributes::what_is_wrong_with_values_of_a_category_is_named_at_once,
    taxonomy_attributes::an_attribute_of_a_category_or_collection_in_use_keeps_its_type_and_stays,
    taxonomy_attributes::what_was_done_to_the_values_of_a_category_is_told(Staff),
    taxonomy_attributes::an_attribute_and_a_category_written_at_once_agree,
    taxes::a_zone_is_made_replaced_and_deleted,
    taxes::what_is_wrong_with_a_zone_is_named,
    taxes::shipped_rates_are_laid_down_once,
    taxes::a_store_says_how_it_taxes,
    taxes::variants_say_their_tax_class,
    taxed::prices_hold_the_tax_of_a_country(Mailbox, SignUp, Address),
    taxed::tax_comes_on_top_by_state_and_postcode(Mailbox, SignUp, Address),
    taxed::a_changed_rate_is_told_with_both_totals(Mailbox, SignUp, Address),
    taxed::what_is_taxed_as_something_else_by_now_is_told(Mailbox, SignUp, Address),
    taxed::an_address_says_what_its_taxes_depend_on(Mailbox, SignUp, Address),
    taxed::a_rate_ends_by_itself(Mailbox, SignUp, Address),
    taxed::what_crosses_a_border_keeps_its_net_or_its_price(Mailbox, SignUp, Address),
    taxed::tax_is_rounded_for_each_line_or_once(Mailbox, SignUp, Address),
    taxed::no_order_is_taxed_by_a_rate_that_is_gone(Mailbox, SignUp, Address),
    taxed::another_rounding_is_told_where_nothing_is_taxed(Mailbox, SignUp, Address),
    exempt::an_exempt_customer_buys_without_tax_while_the_certificate_holds(Mailbox, SignUp, Address),
    exempt::a_certificate_that_does_not_hold_is_told_with_its_reason(Mailbox, SignUp, Address),
    exempt::what_is_wrong_with_a_certificate_is_named,
    exempt::a_store_sets_and_unsets_a_tax_provider_and_never_sees_its_secret(Mailbox, SignUp, Address),
    shipping::a_zone_is_made_replaced_and_deleted(Mailbox, SignUp, Address),
    shipping::what_is_wrong_with_a_method_is_named,
    shipping::a_storefront_asks_what_shipping_costs(Mailbox, SignUp, Address),
    pickups::what_is_not_shipped_there_can_be_fetched(Mailbox, SignUp, Address),
    pickups::a_place_that_closes_is_told_before_it_is_paid(Mailbox, SignUp, Address),
    pickups::everything_that_is_wrong_with_a_pickup_is_told_at_once(Mailbox, SignUp, Address),
    fraud::an_order_is_placed_looked_at_or_refused(Mailbox, SignUp, Address),
    fraud::attempts_are_counted_by_email_and_by_address(Mailbox, SignUp, Address),
    fraud::of_many_at_once_no_more_get_through_than_may(Mailbox, SignUp, Address),
    fraud::the_staff_decides_once(Mailbox, SignUp, Address),
    fraud::rules_are_replaced_and_tried(Mailbox, SignUp, Address),
    invoices::an_order_is_invoiced_once_and_credited_as_far_as_it_goes(Mailbox, SignUp, Address),
    invoices::numbers_of_a_series_have_no_gaps(Mailbox, SignUp, Address),
    invoices::an_invoice_is_a_page_and_a_file(Mailbox, SignUp, Address),
    invoices::what_is_wrong_with_invoice_settings_is_named(Mailbox, SignUp, Address),
    shipped::a_method_is_chosen_and_paid_for(Mailbox, SignUp, Address),
    shipped::from_a_subtotal_on_it_costs_nothing(Mailbox, SignUp, Address),
    shipped::a_code_ships_for_nothing(Mailbox, SignUp, Address),
    shipped::what_has_changed_since_it_was_chosen_is_told(Mailbox, SignUp, Address),
    shipped::where_nothing_is_to_be_chosen_nothing_is_charged(Mailbox, SignUp, Address),
    shipped::what_cannot_be_shipped_is_not_sold(Mailbox, SignUp, Address),
    shipped::a_promotion_asks_how_it_is_paid(Mailbox, SignUp, Address),
    shipped::no_order_is_shipped_at_a_price_that_is_gone(Mailbox, SignUp, Address),
    channels::a_channel_is_made_renamed_and_deleted(Staff),
    channels::a_storefront_is_shown_its_channel_and_nothing_else(Staff),
    channels::carts_and_orders_keep_to_the_channel(Staff),
    channels::who_logs_in_with_a_key_of_a_channel_is_shown_no_more(Mailbox, Staff),
    channels::products_say_where_they_are_published(Staff),
    channels::a_channel_and_what_names_it_written_at_once_agree(Staff),
    collections::a_collection_is_chosen_and_ordered_by_hand,
    collections::a_former_handle_leads_to_the_present_one,
    collections::products_added_at_once_are_all_there,
    collections::a_rule_finds_products_whenever_they_are_written,
    collections::a_rule_and_products_written_at_once_find_each_other,
    collections::what_is_wrong_with_a_collection_is_named,
    collections::a_category_orders_its_products,
    caching::catalog_answers_have_strong_etags_and_304,
    caching::an_etag_changes_with_what_it_stands_for,
    caching::an_order_takes_back_what_a_rule_says_of_stock,
    caching::catalog_answers_may_be_kept_and_personal_ones_not,
    caching::a_cache_is_told_to_ask_when_something_is_published,
    caching::whoever_has_written_reads_nothing_older,
    caching::round_trips_stay_within_their_budget,
    carts::lines_are_added_set_and_removed,
    carts::two_hundred_parallel_adds_of_one_are_two_hundred,
    carts::a_repeated_add_counts_once,
    carts::a_stale_version_is_refused,
    carts::what_cannot_be_added_is_named,
    carts::a_cart_holds_250_lines,
    carts::a_line_holds_9999_units,
    carts::removed_and_sold_out_variants_stay_and_say_so,
    carts::carts_that_are_not_there_are_404,
    checkouts::all_wrong_fields_are_named_at_once,
    checkouts::a_checkout_agrees_to_todays_prices,
    checkouts::an_empty_cart_cannot_be_checked_out,
    checkouts::every_line_in_the_way_is_listed,
    checkouts::a_repeated_opening_is_the_same_checkout,
    completing::an_order_takes_stock_and_says_its_number,
    completing::a_changed_price_is_told_with_old_and_new,
    completing::short_lines_are_listed_at_once_and_nothing_is_taken,
    completing::a_replay_is_byte_identical,
    completing::an_idempotency_key_is_for_one_request,
    completing::a_completed_checkout_names_its_order,
    completing::only_the_merchant_can_say_paid,
    completing::twenty_requests_with_one_key_are_one_order,
    completing::twenty_requests_with_twenty_keys_are_one_order,
    completing::uncounted_and_backordered_variants_can_always_be_bought,
    completing::an_idempotency_key_is_required,
    discounts::a_code_takes_its_share_off_cart_checkout_and_order,
    discounts::what_is_automatic_applies_to_whoever_meets_it,
    discounts::a_gift_comes_as_one_more_line_and_out_of_stock,
    discounts::a_changed_promotion_is_told_with_both_totals,
    discounts::a_gift_that_is_gone_is_told_before_anybody_pays,
    discounts::what_begins_or_ends_before_the_order_is_told,
    discounts::an_account_is_one_customer_whatever_address_it_orders_with(Mailbox),
    discounts::a_code_for_one_use_is_used_once,
    discounts::a_customer_has_it_as_often_as_a_customer_may,
    discounts::what_another_instant_would_have_cost_is_explained,
    listed_prices::a_group_buys_at_its_list_and_nobody_else_does(Mailbox),
    listed_prices::more_units_cost_less_each,
    listed_prices::a_sale_is_below_the_regular_price_and_an_override_is_it,
    listed_prices::a_list_that_has_changed_is_told_with_both_totals,
    listed_prices::what_was_agreed_to_is_paid_while_the_list_changes,
    listed_prices::a_list_begins_while_a_checkout_is_open,
    listed_prices::what_the_catalog_has_no_price_for_is_sold_by_rate_or_list(Staff),
    quotes::what_was_quoted_is_paid_whatever_it_costs_by_now,
    quotes::a_quote_is_for_the_lines_that_it_was_made_for,
    quotes::what_was_not_signed_here_is_no_quote(Staff),
    quotes::a_quote_becomes_one_order,
    quotes::limits_and_stock_hold_what_was_quoted,
    quotes::a_customers_quote_is_for_that_customer(Mailbox),
    quotes::a_quote_is_made_of_what_can_be_bought,
    quotes::a_quote_has_the_taxes_of_its_destination(Mailbox, SignUp, Address),
    quotes::a_quote_has_its_shipping_and_its_destination(Mailbox, SignUp, Address),
    orders::an_order_is_for_the_merchant_only,
    orders::an_order_never_changes,
    tenancy::another_tenants_ids_are_not_there,
    tenancy::the_same_handles_and_skus_live_apart,
    tenancy::the_same_idempotency_key_is_two_keys,
    keys::every_route_wants_a_good_key,
    keys::a_publishable_key_cannot_do_the_merchants_work,
    keys::a_key_of_one_store_with_the_secret_of_another_is_no_key,
    promotions::a_promotion_is_made_replaced_and_deleted,
    promotions::everything_that_is_wrong_with_a_promotion_is_told_at_once,
    promotions::codes_are_given_or_made,
    promotions::groups_are_written_as_one_and_stay_while_in_use,
    promotions::a_preview_says_what_a_promotion_takes_off_and_why,
    promotions::promotions_are_the_shops_own_and_the_staffs,
    protocol::any_origin_may_ask,
    protocol::unknown_paths_and_wrong_methods_say_so,
    protocol::head_is_get_without_the_body,
    protocol::a_request_keeps_its_plain_id_and_gets_one_otherwise,
    protocol::health_and_description_need_no_key,
];
