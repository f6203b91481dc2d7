//! Points on the earth in whole numbers, which compare the same everywhere.

/// Latitude and longitude (WGS 84) in micro-degrees: 52520008 is 52.520008 degrees north. A micro-degree of latitude is
/// 11 cm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coordinates {
    latitude: i32,
    longitude: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be between -{0} and {0} micro-degrees")]
pub struct NotOnEarth(i32);

impl Coordinates {
    const MOST_LATITUDE: i32 = 90_000_000;
    const MOST_LONGITUDE: i32 = 180_000_000;

    /// # Errors
    /// [`NotOnEarth`] beyond the poles.
    pub fn latitude_of(micro_degrees: i64) -> Result<i32, NotOnEarth> {
        within(micro_degrees, Self::MOST_LATITUDE)
    }

    /// # Errors
    /// [`NotOnEarth`] beyond the 180th meridian.
    pub fn longitude_of(micro_degrees: i64) -> Result<i32, NotOnEarth> {
        within(micro_degrees, Self::MOST_LONGITUDE)
    }

    /// # Errors
    /// [`NotOnEarth`] where one of them is out of its range.
    pub fn new(latitude: i64, longitude: i64) -> Result<Coordinates, NotOnEarth> {
        Ok(Coordinates { latitude: Self::latitude_of(latitude)?, longitude: Self::longitude_of(longitude)? })
    }

    pub const fn latitude(self) -> i32 {
        self.latitude
    }

    pub const fn longitude(self) -> i32 {
        self.longitude
    }
}

fn within(micro_degrees: i64, most: i32) -> Result<i32, NotOnEarth> {
    let degrees = i32::try_from(micro_degrees).ok();
    degrees.filter(|degrees| degrees.unsigned_abs() <= most.unsigned_abs()).ok_or(NotOnEarth(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_on_the_earth() {
        let berlin = Coordinates::new(52_520_008, 13_404_954).unwrap();
        assert_eq!((berlin.latitude(), berlin.longitude()), (52_520_008, 13_404_954));
        assert!(Coordinates::new(-90_000_000, 180_000_000).is_ok());
        for (latitude, longitude) in [(90_000_001, 0), (0, -180_000_001), (i64::MIN, 0), (0, i64::MAX)] {
            assert!(Coordinates::new(latitude, longitude).is_err(), "{latitude} {longitude}");
        }
    }
}
