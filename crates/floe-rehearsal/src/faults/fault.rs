//! The kinds of fault: description and the requests that they affect.

use floe_core::model::ChannelPlace;
use floe_core::model::places::Home;

use super::named::named;

named! {
    /// One of the servers.
    pub enum Side {
        GitHub = "GitHub",
        Registry = "registry",
        Feed = "feed",
    }
}

/// The requests that a kind of fault can affect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    Anywhere,
    At(Side),
    /// Requests at a server with this method and this part of a path.
    Route(Side, &'static str, &'static str),
}

macro_rules! kinds {
    ($($kind:ident $place:expr, $description:literal;)*) => {
        named! {
            /// A kind of fault.
            pub enum FaultKind { $($kind = $description,)* }
        }

        impl FaultKind {
            /// The requests that it can affect.
            pub fn place(self) -> Where {
                match self { $(FaultKind::$kind => $place,)* }
            }
        }
    };
}

use Side::{Feed, GitHub, Registry};
use Where::{Anywhere, At, Route};

kinds! {
    Refuse Anywhere, "the connection is refused";
    CutRequest Anywhere, "the connection breaks during the request";
    CutAnswer Anywhere, "the request succeeds, but the connection breaks during the response";
    NoAnswer Anywhere, "the request succeeds, but there is no response";
    Late Anywhere, "the response is late";
    Slow Anywhere, "the server reads slowly";
    Error500 Anywhere, "500 Internal Server Error";
    Error502 Anywhere, "502 Bad Gateway, and nothing is done";
    Error503 Anywhere, "503 Service Unavailable";
    Error504 Anywhere, "504 Gateway Timeout, and nothing is done";
    Stored502 Anywhere, "502 Bad Gateway, but the request succeeds";
    TooMany Anywhere, "429 Too Many Requests, for a while";
    Secondary At(GitHub), "a secondary rate limit without Retry-After";
    SecondaryRetryAfter At(GitHub), "a secondary rate limit with Retry-After";
    Primary At(GitHub), "the primary rate limit, with the time of its reset";
    Starter Route(GitHub, "POST", "/assets"), "502 Bad Gateway, and an unfinished asset is left";
    AlreadyExists Route(GitHub, "POST", "/assets"), "422 already_exists, although there is no such asset";
    StoredAlreadyExists Route(GitHub, "POST", "/assets"), "422 already_exists, because the asset was just stored";
    BadSize Route(GitHub, "POST", "/assets"), "400 Bad Size, and nothing is stored";
    Renamed Route(GitHub, "POST", "/assets"), "the asset is stored under another name";
    WrongDigest Route(GitHub, "POST", "/assets"), "the asset is stored with another size and digest";
    ReleaseLag At(GitHub), "new releases are missing from the next listings";
    AssetLag At(GitHub), "new assets are missing from the next listings";
    Expired Anywhere, "the token expires";
    NoPush Anywhere, "the right to push is revoked";
    DuplicateDraft At(GitHub), "another user creates a draft of the tag";
    Immutable At(GitHub), "another user switches immutable releases on";
    TagMoved At(GitHub), "another user moves the tag to another commit";
    TagDeleted At(GitHub), "another user deletes the tag";
    Published At(GitHub), "another user publishes a release of the tag";
    Newer At(GitHub), "another user publishes a higher version";
    BranchMoved Route(GitHub, "PUT", "/contents/"), "409, because the branch moved, and nothing is stored";
    ChannelMoved Route(GitHub, "PUT", "/contents/"), "another run writes the file of a channel for a lower version";
    ChannelProtected Route(GitHub, "PUT", "/contents/"), "a rule protects the branch of a channel";
    ChannelArchived Route(GitHub, "PUT", "/contents/"), "the repository of a channel is archived";
    ChannelOther At(GitHub), "another user writes another file of a channel's repository";
    ChannelByHand At(GitHub), "another user writes the file of a channel by hand";
    ChannelNewer At(GitHub), "another run writes the file of a channel for a higher version";
    ForkStuck Route(GitHub, "POST", "/merge-upstream"), "409, because the fork cannot catch up";
    UpstreamMoved Route(GitHub, "POST", "/git/"), "another user's version is merged into the repository of packages";
    SubmittedByHand Route(GitHub, "POST", "/git/"), "another user writes the files of a version to its branch by hand";
    PullExists Route(GitHub, "POST", "/pulls"), "422, because a pull request exists, although there is none";
    PullMerged Route(GitHub, "GET", "/pulls"), "the pull request is merged";
    PullClosed Route(GitHub, "GET", "/pulls"), "the pull request is closed without a merge";
    PushConflict Route(Feed, "PUT", "/package"), "409, because the version exists, although it does not";
    StoredPushConflict Route(Feed, "PUT", "/package"), "409, because the version was just stored";
    PushedMeanwhile At(Feed), "another user pushes the version with other archives";
    Approved At(Feed), "the package is approved";
    Forgotten At(Registry), "the registry forgets the uploads under way";
    Doubted Route(Registry, "PUT", "/manifests/"), "400 DIGEST_INVALID, and nothing is stored";
    StoredDoubted Route(Registry, "PUT", "/manifests/"), "400 DIGEST_INVALID, but the manifest is stored";
    BlobUnknown Route(Registry, "PUT", "/manifests/"), "404 MANIFEST_BLOB_UNKNOWN, although nothing is missing";
    Kill Anywhere, "the publisher is killed before the request is handled";
    KillAfter Anywhere, "the publisher is killed after the request was handled";
}

impl FaultKind {
    /// Whether it can affect requests at this server.
    pub fn is_at(self, side: Side) -> bool {
        match self.place() {
            Anywhere => true,
            At(only) | Route(only, _, _) => only == side,
        }
    }

    /// Whether it can strike in a release with these channels: some faults are about files in a repository, others about
    /// pull requests.
    pub(super) fn can_strike(self, channels: &[ChannelPlace]) -> bool {
        use FaultKind as Kind;
        let (by_file, by_pull) = match self {
            Kind::ChannelOther | Kind::ChannelNewer => (true, true),
            Kind::BranchMoved | Kind::ChannelMoved | Kind::ChannelByHand => (true, false),
            Kind::ChannelProtected | Kind::ChannelArchived => (true, false),
            Kind::ForkStuck | Kind::UpstreamMoved | Kind::SubmittedByHand => (false, true),
            Kind::PullExists | Kind::PullMerged | Kind::PullClosed => (false, true),
            _ => return true,
        };
        channels.iter().any(|place| match place.home {
            Home::Repo(_) => by_file,
            Home::Upstream(_) => by_pull,
            Home::Feed(_) => false,
        })
    }
}
