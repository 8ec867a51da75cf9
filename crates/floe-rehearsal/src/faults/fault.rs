//! Every kind of fault there is, by name, with what it is in words and where it can strike.

use std::fmt;

/// One of the two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// GitHub.
    GitHub,
    /// The registry.
    Registry,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::GitHub => "GitHub",
            Side::Registry => "the registry",
        })
    }
}

/// Which requests a kind of fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// Any request of either server.
    Anywhere,
    /// Any request of this server.
    At(Side),
    /// Requests of this server with this method and this part of a path.
    Route(Side, &'static str, &'static str),
}

macro_rules! kinds {
    ($($kind:ident $name:literal $place:expr, $words:literal;)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FaultKind {
            $(#[doc = $words] $kind,)*
        }

        impl FaultKind {
            /// All of them.
            pub const ALL: &[FaultKind] = &[$(FaultKind::$kind),*];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self { $(FaultKind::$kind => $name,)* }
            }

            /// What happens, in words.
            pub fn words(self) -> &'static str {
                match self { $(FaultKind::$kind => $words,)* }
            }

            /// Which requests it strikes.
            pub fn place(self) -> Where {
                match self { $(FaultKind::$kind => $place,)* }
            }
        }
    };
}

use Side::{GitHub, Registry};
use Where::{Anywhere, At, Route};

kinds! {
    Refuse "refuse" Anywhere, "the connection is refused";
    CutRequest "cut-request" Anywhere, "the connection breaks in the middle of the request";
    CutAnswer "cut-answer" Anywhere, "it is done, but the connection breaks in the middle of the answer";
    NoAnswer "no-answer" Anywhere, "it is done, but no answer comes";
    Late "late" Anywhere, "the answer comes late";
    Slow "slow-reader" Anywhere, "the server reads slowly";
    Error500 "500" Anywhere, "500 Internal Server Error";
    Error502 "502" Anywhere, "502 Bad Gateway, and nothing is done";
    Error503 "503" Anywhere, "503 Service Unavailable";
    Error504 "504" Anywhere, "504 Gateway Timeout, and nothing is done";
    Stored502 "502-but-done" Anywhere, "502 Bad Gateway, but it is done";
    TooMany "429" Anywhere, "429 Too Many Requests, for a while";
    Secondary "secondary-limit" At(GitHub), "a secondary rate limit that does not say how long";
    SecondaryTold "secondary-limit-told" At(GitHub), "a secondary rate limit with Retry-After";
    Primary "primary-limit" At(GitHub), "the hour's requests are used up, with the time of the reset";
    Starter "starter" Route(GitHub, "POST", "/assets"), "502 Bad Gateway, and an unfinished asset is left";
    AlreadyExists "already-exists" Route(GitHub, "POST", "/assets"), "422 already_exists, although it does not";
    StoredAlreadyExists "stored-already-exists" Route(GitHub, "POST", "/assets"), "it is stored, but answered with 422 already_exists";
    Renamed "renamed-asset" Route(GitHub, "POST", "/assets"), "the asset is stored under another name";
    WrongDigest "wrong-digest" Route(GitHub, "POST", "/assets"), "the asset is stored with another size and digest";
    ReleaseLag "release-lag" At(GitHub), "new releases are missing from the next listings";
    AssetLag "asset-lag" At(GitHub), "new assets are missing from the next listings";
    Expired "token-expired" Anywhere, "the token expires";
    NoPush "push-right-missing" Anywhere, "the right to push is taken away";
    DuplicateDraft "duplicate-draft" At(GitHub), "somebody makes another draft of the tag";
    Immutable "immutable-on" At(GitHub), "somebody switches immutable releases on";
    TagMoved "tag-moved" At(GitHub), "somebody moves the tag to another commit";
    TagDeleted "tag-deleted" At(GitHub), "somebody deletes the tag";
    Published "published-meanwhile" At(GitHub), "somebody publishes a release of the tag";
    Newer "newer-meanwhile" At(GitHub), "somebody publishes a higher version";
    Forgotten "uploads-forgotten" At(Registry), "the registry forgets the uploads under way";
    Misreported "misreported-digest" Route(Registry, "PUT", "/v2/"), "it is stored, but another digest is told";
    Kill "kill" Anywhere, "the publisher is killed before it is done";
    KillAfter "kill-after" Anywhere, "it is done, and the publisher is killed";
}

impl FaultKind {
    /// Whether it can strike this server.
    pub fn is_at(self, side: Side) -> bool {
        match self.place() {
            Anywhere => true,
            At(only) | Route(only, _, _) => only == side,
        }
    }

    /// Whether its requests are counted among those that fit, rather than among all.
    pub fn has_route(self) -> bool {
        matches!(self.place(), Route(..))
    }

    /// Whether it can strike a request like this one.
    pub fn fits(self, side: Side, method: &str, path: &str) -> bool {
        match self.place() {
            Route(only, verb, part) => only == side && verb == method && path.contains(part),
            // A request without a body has no middle.
            _ if matches!(self, FaultKind::CutRequest | FaultKind::Slow) => {
                self.is_at(side) && matches!(method, "POST" | "PUT" | "PATCH")
            }
            _ => self.is_at(side),
        }
    }

    /// Whether it is somebody else's deed that a publisher cannot undo: the end may be another one then.
    pub fn is_for_good(self) -> bool {
        matches!(self, FaultKind::Published | FaultKind::Newer)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
