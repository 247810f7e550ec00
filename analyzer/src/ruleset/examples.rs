//! The examples of rules, run as tests.
