//! Listeners, TLS, configuration, HTTP to core and back.
