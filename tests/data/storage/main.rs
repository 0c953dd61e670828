// What somebody writes against two generated crates whose schemes are hand-written: every call is sent twice, as a
// retry does, each attempt a second after the last one.
use parcels_client::types as parcels;
use storage_client::runtime::auth::{Clock, SigningOptions, UnixTime};
use storage_client::runtime::reqwest::{Request, Response};
use storage_client::runtime::reqwest_middleware::{Middleware, Next, Result};
use storage_client::{ClientBuilder, types};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug)]
struct Ticking(AtomicI64);

impl Ticking {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        Ticking(AtomicI64::new(now))
    }
}

impl Clock for Ticking {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

struct Twice;

#[async_trait::async_trait]
impl Middleware for Twice {
    async fn handle(&self, request: Request, extensions: &mut http::Extensions, next: Next<'_>) -> Result<Response> {
        if let Some(first) = request.try_clone() {
            next.clone().run(first, extensions).await?;
        }
        next.run(request, extensions).await
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let client = ClientBuilder::from_env()?.middleware(Twice).clock(Ticking::new()).build()?;
    let items = match client.list_items("a b&é").limit(2).await {
        Ok(items) => items.into_inner(),
        Err(error) => {
            let body: Option<&types::ErrorBody> = error.body();
            println!("{:?}: {}", error.status().map(|status| status.as_u16()), body.map_or("", |body| &body.message));
            return Ok(());
        }
    };
    println!("{}", items[0].name);
    client.put_item("Acme.PutItem", &types::Item::new("Zoë")).await?;
    client.delete_item("a b/é").await?;

    // Another region, where the document leaves it open; the service is not open.
    let options = SigningOptions::new().parameter("region", "us-east-1");
    let elsewhere = ClientBuilder::from_env()?.signing_option("storage", options).build()?;
    println!("{:?}", elsewhere.list_items("x").await.err().and_then(|error| error.status()).map(|status| status.as_u16()));
    let options = SigningOptions::new().parameter("service", "other");
    println!("{}", ClientBuilder::from_env()?.signing_option("storage", options).build().unwrap_err());

    let client = parcels_client::ClientBuilder::from_env()?.middleware(Twice).clock(Ticking::new()).build()?;
    println!("{}", client.list_parcels("Köln & Bonn").await?[0].city);
    client.send_parcel(&parcels::Parcel::new("Zürich")).await?;
    Ok(())
}
