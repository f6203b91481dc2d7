//! What must hold under load and when things die. Figures are printed.

mod books;
mod buyers;
mod database_outage;
mod hanging_up;
mod redis_outage;

use crate::app::{Kind, Stage};

pub struct Proof {
    pub name: &'static str,
    pub kinds: &'static [Kind],
    pub show: fn(&Stage, Kind),
}

pub const PROOFS: &[Proof] = &[
    Proof {
        name: "of_500_buyers_of_50_units_50_buy",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        show: buyers::five_hundred_for_fifty,
    },
    Proof {
        name: "a_buyer_who_hangs_up_holds_nobody_back",
        kinds: &[Kind::Native, Kind::Workers, Kind::Spin],
        show: hanging_up::nobody_is_held_back,
    },
    Proof {
        name: "without_redis_the_catalog_is_served_and_carts_come_back",
        kinds: &[Kind::NativeWithRedis, Kind::Workers, Kind::Spin],
        show: redis_outage::catalog_is_served_and_carts_come_back,
    },
    Proof {
        name: "a_database_killed_in_the_middle_loses_and_halves_no_order",
        kinds: &[Kind::Workers, Kind::Spin],
        show: database_outage::no_order_is_lost_or_halved,
    },
];
