//! The physical limit: axum and nothing behind it. Answers the bytes of a file to every request, after
//! reading the request's body.
//!
//! `bare-axum ADDRESS FILE`

use axum::{Router, body::Bytes, http::header, routing::any};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(address), Some(file)) = (args.next(), args.next()) else {
        return Err("usage: bare-axum ADDRESS FILE".into());
    };
    let answer = Bytes::from(std::fs::read(file)?);
    let handler = any(move |_body: Bytes| {
        let answer = answer.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], answer) }
    });
    let app = Router::new().fallback_service(handler);
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, app).await?;
    Ok(())
}
