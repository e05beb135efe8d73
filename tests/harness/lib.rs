//! The map comes with the first step.
