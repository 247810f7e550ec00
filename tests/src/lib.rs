//! Integration tests live in `tests/tests`; here stands what fuzzing and they have in common.

pub mod fuzz;
