//! `floe plan`: without a dist, and when a server would refuse the release.

mod preflight;
mod without_dist;
