//! `auth/token/`: tokens that make, show, renew and end tokens. One file for each resource.

mod accessors;
mod create;
mod lookup;
mod renew;
mod revoke;
mod roles;
mod tidy;

pub(crate) use roles::KINDS;

use futures_util::future::BoxFuture;

use crate::{
    engine::Engine,
    error::Result,
    mounts::{Mount, MountClass},
    route::Tables,
    tokens::{Token, params::TokenParams},
    tx::Tx,
};

const ROUTES: Tables = &[
    create::ROUTES,
    lookup::ROUTES,
    renew::ROUTES,
    revoke::ROUTES,
    accessors::ROUTES,
    roles::ROUTES,
    tidy::ROUTES,
];

/// The auth method that is always there.
pub(crate) struct TokenAuth;

impl Engine for TokenAuth {
    fn kind(&self) -> &'static str {
        "token"
    }

    fn class(&self) -> MountClass {
        MountClass::Auth
    }

    fn routes(&self, _mount: &Mount) -> Tables {
        ROUTES
    }

    fn renew<'a>(
        &'a self,
        mount: &'a Mount,
        tx: &'a mut Tx,
        token: &'a Token,
    ) -> BoxFuture<'a, Result<Option<TokenParams>>> {
        Box::pin(roles::at_renewal(mount, tx, token))
    }

    fn is_singleton(&self) -> bool {
        true
    }

    fn summary(&self) -> &'static str {
        "token based credentials"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Operation;

    /// Each endpoint, and a test that asks it (core/tests/tokens.rs).
    const TESTED: &[(&str, Operation, &str)] = &[
        ("create", Operation::Write, "a_plain_child_is_as_asked"),
        ("create-orphan", Operation::Write, "only_what_one_has_is_handed_on"),
        ("create/{role_name}", Operation::Write, "a_role_is_written_read_listed_used_and_deleted"),
        ("lookup", Operation::Read, "a_plain_child_is_as_asked"),
        ("lookup", Operation::Write, "a_plain_child_is_as_asked"),
        ("lookup-self", Operation::Read, "a_plain_child_is_as_asked"),
        ("lookup-self", Operation::Write, "the_root_token_shows_itself"),
        ("lookup-accessor", Operation::Write, "a_plain_child_is_as_asked"),
        ("renew", Operation::Write, "a_token_is_renewed_by_itself_by_its_text_and_by_its_accessor"),
        ("renew-self", Operation::Write, "a_token_is_renewed_by_itself_by_its_text_and_by_its_accessor"),
        ("renew-accessor", Operation::Write, "a_token_is_renewed_by_itself_by_its_text_and_by_its_accessor"),
        ("revoke", Operation::Write, "a_token_is_ended_by_its_text_by_its_accessor_and_by_itself"),
        ("revoke-self", Operation::Write, "a_token_is_ended_by_its_text_by_its_accessor_and_by_itself"),
        ("revoke-accessor", Operation::Write, "a_token_is_ended_by_its_text_by_its_accessor_and_by_itself"),
        ("revoke-orphan", Operation::Write, "a_token_may_be_ended_without_its_children"),
        ("accessors", Operation::List, "accessors_are_listed_to_sudo_only"),
        ("roles", Operation::List, "a_role_is_written_read_listed_used_and_deleted"),
        ("roles/{role_name}", Operation::Read, "a_role_is_written_read_listed_used_and_deleted"),
        ("roles/{role_name}", Operation::Write, "a_role_is_written_read_listed_used_and_deleted"),
        ("roles/{role_name}", Operation::Delete, "a_role_is_written_read_listed_used_and_deleted"),
        ("tidy", Operation::Write, "tidying_is_accepted"),
    ];

    #[test]
    fn each_endpoint_has_a_test() {
        let tests = [
            include_str!("../../../tests/tokens/create.rs"),
            include_str!("../../../tests/tokens/life.rs"),
            include_str!("../../../tests/tokens/revoke.rs"),
            include_str!("../../../tests/tokens/roles.rs"),
            include_str!("../../../tests/tokens/show.rs"),
        ]
        .concat();
        let served: Vec<(&str, Operation)> = ROUTES
            .iter()
            .flat_map(|it| it.iter())
            .flat_map(|route| route.endpoints.iter().map(|it| (route.pattern, it.operation)))
            .collect();
        let listed: Vec<(&str, Operation)> =
            TESTED.iter().map(|(pattern, operation, _)| (*pattern, *operation)).collect();
        assert_eq!(served, listed);
        for (pattern, _, name) in TESTED {
            assert!(tests.contains(&format!("async fn {name}()")), "{pattern} {name}");
        }
    }
}
