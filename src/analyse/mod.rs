//! What a graph costs.
