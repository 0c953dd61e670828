//! One account at each provider: what its embedded provider and its clients know of each other.

use crate::clock::Time;
use crate::document::Document;
use crate::provider::Provider;
use crate::verify::Verifier;
use anyhow::Result;

/// Starts the embedded provider of a spec.
///
/// # Errors
/// When the spec can't be read, or there is no free port.
pub async fn serve(provider: &str, verifier: impl Verifier + 'static, time: &Time) -> Result<Provider> {
    Ok(Provider::start(Document::of(provider)?, Box::new(verifier), time.clone()).await?)
}

/// `CleverTap`.
pub mod clevertap {
    use crate::provider::Provider;
    use crate::verify::clevertap::CleverTap;
    use clevertap_client::{Client, ClientBuilder, Credentials};

    /// The account's id.
    pub const ACCOUNT_ID: &str = "ACC-1-2Z";
    /// A passcode with what a header may hold at most.
    pub const PASSCODE: &str = "P:\"a\\ss\" / code; 1=2";

    /// What knows the account.
    pub fn verifier() -> CleverTap {
        CleverTap::new(ACCOUNT_ID, PASSCODE)
    }

    /// A builder, for calls that are tried once by the clock as it is, with the account's credentials and the provider's URL and time.
    pub fn builder(provider: &Provider) -> ClientBuilder {
        let credentials = Credentials::new(ACCOUNT_ID, PASSCODE);
        Client::builder()
            .credentials(credentials)
            .base_url(provider.base_url())
            .no_retry()
            .no_clock_correction()
            .clock(provider.time().ahead(0))
    }
}

/// App's Miles.
pub mod appsmiles {
    use crate::provider::Provider;
    use crate::verify::appsmiles::{AppsMiles, Choices};
    use appsmiles_client::{Client, ClientBuilder, Credentials};

    /// The partner's id.
    pub const PARTNER_ID: &str = "partner/1 é";
    /// The partner's secret.
    pub const SECRET: &str = "not hex, not base64: é\u{1f511}";
    /// The token of the user that is logged in.
    pub const USER_TOKEN: &str = "user/token \"1\" \\ é\u{1f600}";
    /// The token of the partner's back end.
    pub const SERVICE_TOKEN: &str = "service/token 1";

    /// What knows the partner.
    pub fn verifier(choices: Choices) -> AppsMiles {
        AppsMiles {
            partner_id: PARTNER_ID.to_owned(),
            secret: SECRET.to_owned(),
            user_token: USER_TOKEN.to_owned(),
            service_token: SERVICE_TOKEN.to_owned(),
            choices,
        }
    }

    /// A builder, for calls that are tried once by the clock as it is, with the partner's credentials and the provider's URL and time.
    pub fn builder(provider: &Provider) -> ClientBuilder {
        let credentials = Credentials::new(PARTNER_ID, SECRET);
        Client::builder()
            .credentials(credentials)
            .base_url(provider.base_url())
            .no_retry()
            .no_clock_correction()
            .clock(provider.time().ahead(0))
    }
}

/// Powered by Cardlytics.
pub mod cardlytics {
    use crate::provider::Provider;
    use crate::verify::cardlytics::Cardlytics;
    use cardlytics_client::{Client, ClientBuilder, Credentials};

    /// The application's id.
    pub const APPLICATION_ID: &str = "cdlx:dddddddd-dddd-dddd-dddd-dddddddddddd";
    /// The application's secret.
    pub const SECRET: &str = "not hex, not base64: é\u{1f511}";

    /// What knows the application.
    pub fn verifier() -> Cardlytics {
        Cardlytics::new(APPLICATION_ID, SECRET)
    }

    /// A builder, for calls that are tried once by the clock as it is, with the application's credentials and the provider's URL and time.
    pub fn builder(provider: &Provider) -> ClientBuilder {
        let credentials = Credentials::new(APPLICATION_ID, SECRET);
        Client::builder()
            .credentials(credentials)
            .base_url(provider.base_url())
            .no_retry()
            .no_clock_correction()
            .clock(provider.time().ahead(0))
    }
}

/// Clutch.
pub mod clutch {
    use crate::provider::Provider;
    use crate::verify::clutch::{Clutch, IdForm};
    use clutch_client::{Client, ClientBuilder, Credentials};

    /// The brand's application key.
    pub const KEY: &str = "brand-key-1";
    /// Its secret.
    pub const SECRET: &str = "not hex, not base64: é\u{1f511}";

    /// What knows the brand.
    pub fn verifier() -> Clutch {
        Clutch::new(KEY, SECRET, IdForm::UuidV4)
    }

    /// A builder, for calls that are tried once by the clock as it is, with the brand's credentials and the provider's URL and time.
    pub fn builder(provider: &Provider) -> ClientBuilder {
        let credentials = Credentials::new(KEY, SECRET);
        Client::builder()
            .credentials(credentials)
            .base_url(provider.base_url())
            .no_retry()
            .no_clock_correction()
            .clock(provider.time().ahead(0))
    }
}
