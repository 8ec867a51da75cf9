//! Enums whose variants have a name that is shown.

/// Declares an enum with the list `ALL` and the `Display` of its variants.
macro_rules! named {
    ($(#[$about:meta])* pub enum $kind:ident { $($variant:ident = $name:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $kind {
            $(#[doc = $name] $variant,)*
        }

        impl $kind {
            /// All of them.
            pub const ALL: &[$kind] = &[$($kind::$variant),*];
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $($kind::$variant => $name,)* })
            }
        }
    };
}

pub(super) use named;
