//! What must hold under load and when things die. Figures are printed.

mod addresses;
mod announcements;
mod audit;
mod books;
mod buyers;
mod cold_isolates;
mod database_outage;
mod directory;
mod emptied_redis;
mod expiry;
mod fraud_outage;
mod freshness;
mod gift_cards;
mod grants;
mod hanging_up;
mod identity_providers;
mod invitations;
mod large_products;
mod lists;
mod logins;
mod lost_revocations;
mod mail;
mod members;
mod operator;
mod passkeys;
mod payments;
mod permissions;
mod promotion_limits;
mod provider_logins;
mod purges;
mod quotes;
mod rate_limits;
mod rate_providers;
mod redis_outage;
mod refreshes;
mod replicas;
mod sealed;
mod sitemaps;
mod stores;
mod stripe;
mod tax_provider;
mod token_keys;
mod translations;

pub use identity_providers::SECRET as PROVIDER_SECRET;
pub use permissions::paths;

use crate::app::{Kind, Stage};
use crate::hosts::UNLIMITED;

pub struct Proof {
    pub name: &'static str,
    pub kinds: &'static [Kind],
    /// Whether it measures something under load, or empties what all share, and must have the machine for itself. Others
    /// mostly wait.
    pub alone: bool,
    /// The rate limits, as a host's setting.
    pub limits: &'static str,
    pub show: fn(&Stage, Kind),
}

pub const PROOFS: &[Proof] = &[
    Proof {
        name: "a_code_for_one_use_is_used_once_by_two_hundred",
        kinds: &[Kind::Native, Kind::Workers],
        alone: true,
        limits: UNLIMITED,
        show: promotion_limits::two_hundred_with_a_code_for_one,
    },
    Proof {
        name: "a_promotion_for_a_hundred_is_had_by_a_hundred",
        kinds: &[Kind::Native, Kind::Workers],
        alone: true,
        limits: UNLIMITED,
        show: promotion_limits::two_hundred_with_a_promotion_for_a_hundred,
    },
    Proof {
        name: "a_gift_card_for_one_order_pays_for_one_of_two_hundred",
        kinds: &[Kind::Native, Kind::Workers],
        alone: true,
        limits: UNLIMITED,
        show: gift_cards::two_hundred_with_a_card_for_one,
    },
    Proof {
        name: "the_ledger_adds_up_whatever_is_done_at_once",
        kinds: &[Kind::Native, Kind::Workers],
        alone: true,
        limits: UNLIMITED,
        show: gift_cards::the_ledger_adds_up,
    },
    Proof {
        name: "what_a_write_has_changed_is_taken_back_whoever_dies",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: purges::what_a_write_has_changed_is_taken_back_whoever_dies,
    },
    Proof {
        name: "what_a_request_left_over_is_gone_on_with_by_the_job",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: lists::what_a_request_left_over_is_gone_on_with_by_the_job,
    },
    Proof {
        name: "products_are_told_in_the_locale_that_is_asked_for",
        kinds: &[Kind::Native, Kind::NativeWithRedis, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: translations::products_are_told_in_the_locale_that_is_asked_for,
    },
    Proof {
        name: "large_products_come_in_by_lines_and_by_file",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: large_products::large_products_come_in_by_lines_and_by_file,
    },
    Proof {
        name: "a_file_that_takes_long_goes_on_in_the_next_request",
        kinds: &[Kind::Native],
        alone: false,
        limits: UNLIMITED,
        show: large_products::a_file_that_takes_long_goes_on_in_the_next_request,
    },
    Proof {
        name: "pages_of_long_texts_are_short",
        kinds: &[Kind::Native],
        alone: false,
        limits: UNLIMITED,
        show: large_products::pages_of_long_texts_are_short,
    },
    Proof {
        name: "every_route_answers_every_credential_as_agreed",
        kinds: &Kind::ALL,
        alone: false,
        limits: UNLIMITED,
        show: permissions::every_credential_is_answered_as_agreed,
    },
    Proof {
        name: "no_route_takes_a_body_that_is_none_of_its",
        kinds: &[Kind::Native],
        alone: false,
        limits: UNLIMITED,
        show: permissions::no_route_takes_a_body_that_is_none_of_its,
    },
    Proof {
        name: "every_product_of_a_large_shop_is_in_one_sitemap",
        kinds: &[Kind::Native],
        alone: false,
        limits: UNLIMITED,
        show: sitemaps::every_product_of_a_large_shop_is_in_one_sitemap,
    },
    Proof {
        name: "nothing_of_another_tenant_is_in_any_answer",
        kinds: &Kind::ALL,
        alone: false,
        limits: UNLIMITED,
        show: permissions::nothing_of_another_tenant_is_told,
    },
    Proof {
        name: "a_suspended_organization_is_shut_until_it_is_resumed",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: operator::a_suspended_organization_is_shut,
    },
    Proof {
        name: "no_plan_is_exceeded_by_many_at_once",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: operator::plans_are_kept,
    },
    Proof {
        name: "a_login_outlives_no_change_of_its_account",
        kinds: &[Kind::Native],
        alone: false,
        limits: UNLIMITED,
        show: logins::a_login_ends_with_what_it_was_let_in_for,
    },
    Proof {
        name: "sessions_that_are_long_over_are_forgotten",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: logins::sessions_that_are_long_over_are_forgotten,
    },
    Proof {
        name: "a_login_hashes_the_password_as_is_wanted_now",
        kinds: &[Kind::Native],
        alone: false,
        limits: UNLIMITED,
        show: logins::a_login_hashes_the_password_as_is_wanted_now,
    },
    Proof {
        name: "a_cold_isolate_logs_in_and_reads_within_the_budget",
        kinds: &[Kind::Native, Kind::NativeWithRedis, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: cold_isolates::logins_and_reads_keep_to_their_budget,
    },
    Proof {
        name: "a_login_beyond_the_limits_asks_the_database_for_nothing",
        kinds: &[Kind::Native, Kind::NativeWithRedis, Kind::Workers, Kind::Spin],
        alone: false,
        limits: cold_isolates::OF_LOGINS,
        show: cold_isolates::a_login_beyond_the_limits_asks_the_database_for_nothing,
    },
    Proof {
        name: "a_new_key_of_tokens_is_published_before_it_signs",
        kinds: &[Kind::Native],
        alone: false,
        limits: UNLIMITED,
        show: token_keys::a_new_key_is_known_before_it_signs,
    },
    Proof {
        name: "a_tax_provider_is_taken_at_its_word_where_that_fits",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: tax_provider::is_asked_once_and_taken_at_its_word,
    },
    Proof {
        name: "rate_providers_are_asked_together_and_taken_at_their_word",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: rate_providers::are_asked_together_and_taken_at_their_word,
    },
    Proof {
        name: "a_quote_is_verified_offline_and_outlives_its_key",
        kinds: &[Kind::Native],
        alone: false,
        limits: UNLIMITED,
        show: quotes::a_quote_is_verified_offline_and_outlives_its_key,
    },
    Proof {
        name: "a_password_is_hashed_for_whoever_has_a_good_key",
        kinds: &[Kind::Native],
        alone: false,
        limits: UNLIMITED,
        show: logins::passwords_are_hashed_for_good_keys_only,
    },
    Proof {
        name: "the_last_thing_that_opens_an_account_stays",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: passkeys::the_last_login_method_stays,
    },
    Proof {
        name: "people_come_from_a_real_identity_provider",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: identity_providers::people_come_from_a_real_one,
    },
    Proof {
        name: "a_registration_that_nobody_confirmed_gives_way_to_whose_address_it_is",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: provider_logins::a_registration_gives_way_to_its_owner,
    },
    Proof {
        name: "a_providers_word_is_one_factor_and_a_passkey_is_two",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: provider_logins::a_providers_word_is_one_factor,
    },
    Proof {
        name: "tokens_of_another_issuer_are_taken_for_linked_accounts",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: identity_providers::foreign_tokens_are_taken,
    },
    Proof {
        name: "tokens_of_another_issuer_outlive_a_change_of_membership",
        kinds: &[Kind::Native],
        alone: false,
        limits: UNLIMITED,
        show: identity_providers::foreign_tokens_outlive_a_change_of_membership,
    },
    Proof {
        name: "an_issuer_is_not_missed_while_away_and_not_flooded",
        kinds: &[Kind::Native, Kind::NativeWithRedis, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: identity_providers::an_issuer_is_not_missed_and_not_flooded,
    },
    Proof {
        name: "an_identity_providers_word_is_taken_for_nothing_but_what_it_signed",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: identity_providers::only_good_words_are_taken,
    },
    Proof {
        name: "due_mails_leave_once_by_the_provider_of_the_settings",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: mail::due_mails_leave_once,
    },
    Proof {
        name: "nothing_personal_is_readable_in_the_database",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: sealed::nothing_personal_is_readable,
    },
    Proof {
        name: "the_audit_log_holds_every_change_and_is_shown_to_its_store",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: audit::every_change_is_logged_and_shown_to_its_store,
    },
    Proof {
        name: "others_hear_what_becomes_of_an_organization",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: announcements::others_hear_of_changes,
    },
    Proof {
        name: "members_change_within_a_minute_and_the_last_owner_stays",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: members::members,
    },
    Proof {
        name: "custom_roles_and_grants_narrow_what_a_member_may",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: members::roles_and_grants,
    },
    Proof {
        name: "grants_for_a_channel_or_a_record_open_what_they_say",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: grants::grants,
    },
    Proof {
        name: "an_invitation_is_accepted_once_by_whoever_has_the_mail",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: invitations::invitations,
    },
    Proof {
        name: "settings_and_stores_are_changed_by_one_at_a_time",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: stores::settings_and_stores,
    },
    Proof {
        name: "an_impersonation_is_bounded_and_logged_under_both_names",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: stores::impersonation,
    },
    Proof {
        name: "of_500_buyers_of_50_units_50_buy",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: true,
        limits: UNLIMITED,
        show: buyers::five_hundred_for_fifty,
    },
    Proof {
        name: "a_stolen_refresh_token_ends_the_session_and_its_tokens",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: refreshes::a_theft_ends_the_session,
    },
    Proof {
        name: "of_1000_refreshes_of_one_token_one_wins_and_nobody_is_logged_out",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: true,
        limits: UNLIMITED,
        show: refreshes::one_of_a_thousand_wins,
    },
    Proof {
        name: "a_buyer_who_hangs_up_holds_nobody_back",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: true,
        limits: UNLIMITED,
        show: hanging_up::nobody_is_held_back,
    },
    Proof {
        name: "without_redis_the_catalog_is_served_and_carts_come_back",
        kinds: &[Kind::NativeWithRedis, Kind::Workers, Kind::Spin],
        alone: true,
        limits: UNLIMITED,
        show: redis_outage::catalog_is_served_and_carts_come_back,
    },
    Proof {
        name: "without_redis_an_open_checkout_becomes_an_order",
        kinds: &[Kind::NativeWithRedis, Kind::Workers, Kind::Spin],
        alone: true,
        limits: redis_outage::ASKING_EACH_TIME,
        show: redis_outage::an_open_checkout_becomes_an_order,
    },
    Proof {
        name: "without_redis_orders_are_judged_by_the_stated_default",
        kinds: &[Kind::NativeWithRedis, Kind::Workers, Kind::Spin],
        alone: true,
        limits: UNLIMITED,
        show: fraud_outage::the_stated_default_holds,
    },
    Proof {
        name: "without_redis_tokens_read_on_and_privileged_writes_are_refused",
        kinds: &[Kind::NativeWithRedis, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: redis_outage::tokens_read_on_and_change_nothing_of_the_merchants,
    },
    Proof {
        name: "tokens_that_were_revoked_stay_void_when_redis_is_emptied",
        kinds: &[Kind::Native, Kind::NativeWithRedis, Kind::Workers, Kind::Spin],
        alone: true,
        limits: UNLIMITED,
        show: emptied_redis::revoked_tokens_stay_void,
    },
    Proof {
        name: "what_was_taken_away_is_gone_though_redis_never_heard_of_it",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: lost_revocations::what_was_taken_away_is_gone_all_the_same,
    },
    Proof {
        name: "whoever_logs_in_slowly_after_redis_was_emptied_is_let_in",
        kinds: &[Kind::Native],
        alone: false,
        limits: UNLIMITED,
        show: emptied_redis::a_slow_login_lets_in,
    },
    Proof {
        name: "no_reader_is_shown_less_than_it_asks_for_while_a_writer_writes",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: true,
        limits: UNLIMITED,
        show: freshness::readers_and_a_writer,
    },
    Proof {
        name: "whoever_has_written_reads_it_from_a_replica_that_is_behind",
        kinds: &[Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: replicas::whoever_has_written_reads_it_from_a_replica,
    },
    Proof {
        name: "the_staff_decides_on_what_is_current_beside_a_replica",
        kinds: &[Kind::Native],
        alone: false,
        limits: UNLIMITED,
        show: replicas::the_staff_decides_on_what_is_current,
    },
    Proof {
        name: "what_was_topped_up_pays_near_a_replica",
        kinds: &[Kind::Native],
        alone: false,
        limits: UNLIMITED,
        show: replicas::what_was_topped_up_pays_near_a_replica,
    },
    Proof {
        name: "whoever_has_logged_in_goes_on_at_a_replica_that_is_behind",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: replicas::whoever_has_logged_in_goes_on_at_a_replica,
    },
    Proof {
        name: "what_nobody_goes_on_with_is_decided_by_the_sweeper",
        kinds: &[Kind::Native, Kind::Workers],
        alone: false,
        limits: UNLIMITED,
        show: payments::what_nobody_goes_on_with_is_decided_by_the_sweeper,
    },
    Proof {
        name: "a_hundred_webhooks_decide_each_order_once",
        kinds: &[Kind::Native, Kind::Workers],
        alone: false,
        limits: UNLIMITED,
        show: payments::a_hundred_webhooks_decide_each_order_once,
    },
    Proof {
        name: "what_is_done_at_once_never_gives_back_more_than_came",
        kinds: &[Kind::Native, Kind::Workers],
        alone: false,
        limits: UNLIMITED,
        show: payments::what_is_done_at_once_never_gives_back_more_than_came,
    },
    Proof {
        name: "stripe_takes_gives_back_and_declines",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: stripe::takes_gives_back_and_declines,
    },
    Proof {
        name: "stripe_captures_what_was_authorized",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: stripe::captures_what_was_authorized,
    },
    Proof {
        name: "a_buyer_acts_at_the_bank_and_comes_back_to_stripes_order",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: stripe::a_buyer_acts_at_the_bank_and_comes_back,
    },
    Proof {
        name: "what_stripe_has_done_unheard_is_found_by_the_sweeper",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: stripe::what_is_lost_is_found_by_the_sweeper,
    },
    Proof {
        name: "stripes_webhooks_are_a_reason_to_ask",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: stripe::webhooks_are_a_reason_to_ask,
    },
    Proof {
        name: "an_expired_checkout_sells_nothing",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: expiry::an_expired_checkout_sells_nothing,
    },
    Proof {
        name: "an_expired_carts_opening_is_answered_again",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: false,
        limits: UNLIMITED,
        show: expiry::an_expired_carts_opening_is_answered_again,
    },
    Proof {
        name: "a_database_killed_in_the_middle_loses_and_halves_no_order",
        kinds: &[Kind::Workers, Kind::Spin],
        alone: true,
        limits: UNLIMITED,
        show: database_outage::no_order_is_lost_or_halved,
    },
    Proof {
        name: "an_organization_lives_in_a_database_of_its_own_behind_the_same_api",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: true,
        limits: UNLIMITED,
        show: directory::organizations_live_in_two_databases,
    },
    Proof {
        name: "a_limit_holds_for_one_key_and_organization_and_disturbs_no_other",
        kinds: &[Kind::Native, Kind::NativeWithRedis, Kind::Workers, Kind::Spin],
        alone: true,
        limits: rate_limits::OF_KEYS,
        show: rate_limits::keys_and_organizations_are_limited_apart,
    },
    Proof {
        name: "codes_of_gift_cards_are_guessed_at_the_pace_of_logins",
        kinds: &[Kind::Native, Kind::NativeWithRedis],
        alone: true,
        limits: rate_limits::OF_GUESSES,
        show: rate_limits::codes_of_gift_cards_are_guessed_at_the_pace_of_logins,
    },
    Proof {
        name: "a_limit_holds_for_one_address_whatever_it_says_of_itself",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: true,
        limits: rate_limits::OF_ADDRESSES,
        show: rate_limits::addresses_are_limited_apart,
    },
    Proof {
        name: "without_redis_requests_are_still_limited_and_still_served",
        kinds: &[Kind::NativeWithRedis, Kind::Workers, Kind::Spin],
        alone: true,
        limits: rate_limits::OF_KEYS,
        show: rate_limits::redis_is_not_needed,
    },
    Proof {
        name: "another_tenants_id_takes_as_long_as_one_that_is_not_there",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: true,
        limits: UNLIMITED,
        show: permissions::ids_of_others_take_as_long_as_none,
    },
    Proof {
        name: "an_address_with_an_account_takes_as_long_as_one_without",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        alone: true,
        limits: UNLIMITED,
        show: permissions::accounts_take_as_long_as_none,
    },
];
