//! The physical limit: axum and nothing behind it. Answers the bytes of a file, chosen by how the path
//! begins, after reading the request's body.
//!
//! `bare-axum ADDRESS (PREFIX FILE)...`; the first pair answers what fits none.

use axum::{
    Router,
    body::Bytes,
    http::{Uri, header},
    routing::any,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().ok_or("usage: bare-axum ADDRESS (PREFIX FILE)...")?;
    let mut answers: Vec<(String, Bytes)> = Vec::new();
    while let (Some(prefix), Some(file)) = (args.next(), args.next()) {
        answers.push((prefix, Bytes::from(std::fs::read(file)?)));
    }
    let default = answers.first().map(|it| it.1.clone()).unwrap_or_default();
    let handler = any(move |uri: Uri, _body: Bytes| {
        let fits = answers.iter().find(|it| uri.path().starts_with(&it.0));
        let answer = fits.map_or(&default, |it| &it.1).clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], answer) }
    });
    let app = Router::new().fallback_service(handler);
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, app).await?;
    Ok(())
}
