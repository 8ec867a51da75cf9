//! A release on its way to the public: the dist, the servers, the plan, its execution and the receipt.

pub mod dist;
pub mod execute;
pub mod preflight;
pub mod receipt;
pub mod remote;
