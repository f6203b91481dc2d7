//! How far two countries are from each other, in whole numbers, so that it is the same everywhere.

use super::centroids::centroid;
use crate::kernel::country::Country;

/// The sine of each whole degree up to 90, in millionths.
#[rustfmt::skip]
const SINES: [i64; 91] = [
    0, 17452, 34899, 52336, 69756, 87156, 104528, 121869, 139173, 156434, 173648, 190809, 207912, 224951, 241922, 258819,
    275637, 292372, 309017, 325568, 342020, 358368, 374607, 390731, 406737, 422618, 438371, 453990, 469472, 484810,
    500000, 515038, 529919, 544639, 559193, 573576, 587785, 601815, 615661, 629320, 642788, 656059, 669131, 681998,
    694658, 707107, 719340, 731354, 743145, 754710, 766044, 777146, 788011, 798636, 809017, 819152, 829038, 838671,
    848048, 857167, 866025, 874620, 882948, 891007, 898794, 906308, 913545, 920505, 927184, 933580, 939693, 945519,
    951057, 956305, 961262, 965926, 970296, 974370, 978148, 981627, 984808, 987688, 990268, 992546, 994522, 996195,
    997564, 998630, 999391, 999848, 1000000,
];

const MILLION: i64 = 1_000_000;

/// Metres in a tenth of a degree of a great circle.
const METRES: i64 = 11_119;

/// Kilometres between the middles of two countries along the surface: 0 within one. None where one has no middle.
///
/// The table is read between its lines as if sines were straight there, which is a hundredth of a percent off at most.
pub fn distance_km(one: Country, other: Country) -> Option<u32> {
    let ((latitude, longitude), (to_latitude, to_longitude)) = centroid(one).zip(centroid(other))?;
    if one == other {
        return Some(0);
    }
    let (rise, turn) = (to_latitude.checked_sub(latitude)?, to_longitude.checked_sub(longitude)?);
    // The haversine of the angle between, in millionths: sin²(rise / 2) + cos(from) cos(to) sin²(turn / 2).
    let square = |sine: i64| sine.checked_mul(sine)?.checked_div(MILLION);
    let cosines = cosine(latitude)?.checked_mul(cosine(to_latitude)?)?.checked_div(MILLION)?;
    let turned = cosines.checked_mul(square(sine_of_half(turn)?)?)?.checked_div(MILLION)?;
    let haversine = square(sine_of_half(rise)?)?.checked_add(turned)?.clamp(0, MILLION);
    let half_angle = arcsine(haversine.checked_mul(MILLION)?.isqrt())?;
    // In hundredths of a degree, twice.
    let metres = half_angle.checked_mul(2)?.checked_mul(METRES)?.checked_div(10)?;
    u32::try_from(metres.checked_div(1_000)?).ok()
}

/// Of tenths of a degree between -90 and 90 degrees.
fn cosine(tenths: i32) -> Option<i64> {
    sine(i64::from(900_i32.checked_sub(tenths.checked_abs()?)?).checked_mul(10)?)
}

/// The sine of half an angle in tenths of a degree, without its sign: of up to 360 degrees.
fn sine_of_half(tenths: i32) -> Option<i64> {
    let half = i64::from(tenths.checked_abs()?).checked_mul(5)?;
    sine(if half <= 9_000 { half } else { 18_000_i64.checked_sub(half)? })
}

/// Of hundredths of a degree between 0 and 90 degrees.
fn sine(hundredths: i64) -> Option<i64> {
    let (degree, rest) = (usize::try_from(hundredths.checked_div(100)?).ok()?, hundredths.checked_rem(100)?);
    let from = *SINES.get(degree)?;
    let to = *SINES.get(degree.checked_add(1)?).unwrap_or(&from);
    from.checked_add(to.checked_sub(from)?.checked_mul(rest)?.checked_div(100)?)
}

/// Hundredths of a degree between 0 and 90 degrees.
fn arcsine(sine: i64) -> Option<i64> {
    let above = SINES.partition_point(|known| *known <= sine);
    let degree = above.checked_sub(1)?;
    let from = *SINES.get(degree)?;
    let part = match SINES.get(above) {
        Some(to) => sine.checked_sub(from)?.checked_mul(100)?.checked_div(to.checked_sub(from)?)?,
        None => 0,
    };
    i64::try_from(degree).ok()?.checked_mul(100)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn km(one: &str, other: &str) -> u32 {
        distance_km(one.parse().unwrap(), other.parse().unwrap()).unwrap()
    }

    #[test]
    fn countries_are_as_far_apart_as_on_a_globe() {
        // Great circles between the same points, by floats elsewhere.
        for (one, other, expected) in
            [("DE", "FR", 758), ("DE", "US", 7_785), ("NZ", "ES", 19_813), ("FJ", "TO", 1_074)]
        {
            let found = km(one, other);
            assert!(found.abs_diff(expected) <= expected / 200 + 12, "{one} {other}: {found}, not {expected}");
        }
        assert_eq!(km("RU", "RU"), 0);
    }

    #[test]
    fn there_and_back_is_as_far_and_nothing_is_beyond_half_the_earth() {
        for one in Country::all() {
            for other in Country::all() {
                let there = distance_km(one, other).unwrap();
                assert_eq!(Some(there), distance_km(other, one), "{one} {other}");
                assert!(there <= 20_020, "{one} {other}: {there}");
            }
        }
    }
}
