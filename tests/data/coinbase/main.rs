// What somebody writes against the generated crate: each call, and what its answer holds.
use coinbase_client::{Client, types};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::from_env()?;
    let accounts = match client.list_accounts().await {
        Ok(accounts) => accounts.into_inner(),
        Err(error) => {
            let body: Option<&types::ErrorBody> = error.body();
            println!("{:?}: {}", error.status().map(|status| status.as_u16()), body.map_or("", |body| &body.message));
            return Ok(());
        }
    };
    println!("{} {}", accounts[0].currency, accounts[0].balance);
    let fills = client.list_fills("BTC-EUR & é").limit(2).await?;
    println!("{} {} {}", fills[0].trade_id, fills[0].side, fills[0].size);
    let order = types::OrderRequest::new("BTC-EUR", types::Side::Buy, "0.01").with_price("1/3 é");
    let order = client.place_order(&order).await?;
    println!("{} {} {}", order.id, order.status, order.settled);
    Ok(())
}
