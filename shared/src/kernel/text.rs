//! How the kernel's text types travel: serde by `Display` and `FromStr`.

/// Implements `Serialize` through `Display` and `Deserialize` through `FromStr`, so that serde errors carry
/// the sentence of the type's own parse error.
macro_rules! serde_as_text {
    ([$($generics:tt)*] $type:ty, $expecting:literal) => {
        impl<$($generics)*> serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de, $($generics)*> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor<T>(std::marker::PhantomData<T>);

                impl<T> serde::de::Visitor<'_> for Visitor<T>
                where
                    T: std::str::FromStr,
                    T::Err: std::fmt::Display,
                {
                    type Value = T;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        formatter.write_str($expecting)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Visitor(std::marker::PhantomData))
            }
        }
    };
    ($type:ty, $expecting:literal) => {
        serde_as_text!([] $type, $expecting);
    };
}

/// Gives an enumeration its names on the wire and in the database: `ALL`, `name`, `Display`, `FromStr` with an error
/// that lists them, and serde.
macro_rules! named {
    ($type:ident, $unknown:ident, $expecting:literal, { $($variant:ident = $name:literal,)+ }) => {
        impl $type {
            pub const ALL: &'static [$type] = &[$($type::$variant,)+];

            /// The name on the wire and in the database.
            pub const fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $name,)+
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.name())
            }
        }

        #[doc = concat!("The text is not ", $expecting, ".")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
        #[error("expected {}", $expecting)]
        pub struct $unknown;

        impl std::str::FromStr for $type {
            type Err = $unknown;

            fn from_str(text: &str) -> Result<$type, $unknown> {
                match text {
                    $($name => Ok($type::$variant),)+
                    _ => Err($unknown),
                }
            }
        }

        serde_as_text!($type, $expecting);
    };
}
