//! The same work on Strongroom and on its peers, side by side.
