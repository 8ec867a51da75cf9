//! The one integration binary: every test of floe as a whole, a module an idea.
