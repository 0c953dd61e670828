//! What needs a session can't be called without it: it is no method of the other clients.
//!
//! Each name is called on a client as the method of a trait of this file, without arguments. A method of the client's
//! own would come first; it yields a call and no `Absent`, so this file would not compile.

use appsmiles_client::{BackendClient, Client, Credentials, OPERATIONS, UserClient};
use std::collections::BTreeSet;

/// That a client has no method of that name.
#[derive(Debug, PartialEq, Eq)]
struct Absent;

macro_rules! absent {
    ($module:ident: $($clients:ty),+; $($name:ident)+) => {
        mod $module {
            use super::*;

            pub(super) const NAMES: &[&str] = &[$(stringify!($name)),+];

            trait Others {
                $(fn $name(&self) -> Absent { Absent })+
            }

            $(impl Others for $clients {})+

            absent!(@checks $($clients),+; ($($name)+));
        }
    };
    (@checks $($clients:ty),+; $names:tt) => {
        pub(super) fn check(client: &Client, backend: &BackendClient, user: &UserClient) -> usize {
            0 $(+ absent!(@check $clients, client, backend, user, $names))+
        }
    };
    (@check $client:ty, $one:ident, $two:ident, $three:ident, ($($name:ident)+)) => {{
        let held: [&dyn std::any::Any; 3] = [$one, $two, $three];
        let client = held.iter().find_map(|held| held.downcast_ref::<$client>()).expect("it is one of the three");
        $(assert_eq!(client.$name(), Absent);)+
        NAMES.len()
    }};
}

absent! {
    user: Client, BackendClient;
    buy_gift delete_user get_user_program list_bonus_ads list_burns list_earns list_gifts list_news_ads list_special_ads
    logout_user store_action
}

absent! {
    backend: Client, UserClient;
    delete_users get_ranking get_user list_user_changes list_users store_user_action store_users_action
}

absent! {
    none: BackendClient, UserClient;
    check_client_credentials get_program get_token
}

#[test]
fn an_operation_is_a_method_of_the_client_of_its_session_alone() {
    let credentials = Credentials::new("partner", "secret");
    let client = Client::builder().credentials(credentials).build().expect("a client");
    let (backend, user) = (client.backend("token"), client.user("token"));
    let checked = [user::check, backend::check, none::check].map(|check| check(&client, &backend, &user));
    println!("methods that are not there: {checked:?}");
    assert_eq!(checked, [22, 14, 6]);

    // All operations are in one of the lists, by what signs them.
    let lists =
        [("appsmiles_user", user::NAMES), ("appsmiles_backend", backend::NAMES), ("appsmiles_none", none::NAMES)];
    for (scheme, names) in lists {
        let signed = OPERATIONS.iter().filter(|operation| operation.security == [[scheme]]);
        let signed: BTreeSet<&str> = signed.map(|operation| operation.id).collect();
        assert_eq!(signed, names.iter().copied().collect(), "{scheme}");
    }
}
