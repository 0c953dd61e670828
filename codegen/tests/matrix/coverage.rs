//! Which rows hold which feature: a list of what generators of clients are known to get wrong or to leave out.
//!
//! Every entry names the rows that show it; a row that is renamed or removed fails [`every_feature_has_a_row`].

use crate::groups;
use std::collections::BTreeSet;
use std::path::Path;

/// A feature, and the rows that hold it.
type Feature = (&'static str, &'static [&'static str]);

const RESPONSES: &[Feature] = &[
    ("one success with JSON", &["one_json_body"]),
    ("a decode error names the member", &["decode_path"]),
    ("two successes with different bodies", &["two_successes"]),
    ("two successes with one type", &["same_type_twice"]),
    ("a body or nothing, by status", &["body_or_nothing", "only_nothing"]),
    ("a class of successes", &["range_2xx", "exact_before_range"]),
    ("bodies of errors, one for each status", &["error_bodies", "error_ranges"]),
    ("one error with a body beside one without", &["error_without_body_beside_one_with"]),
    ("4XX and 5XX with one body", &["error_ranges"]),
    ("success and errors written in place", &["inline_success_and_error"]),
    ("`default` as the error", &["error_default"]),
    ("`default` as the only response", &["only_default"]),
    ("`default` beside a success without a body", &["default_beside_204"]),
    ("`default` of the type of the success", &["default_same_type"]),
    ("not modified, and redirects", &["not_modified", "undeclared_redirect"]),
    ("headers of responses", &["response_headers", "head"]),
    ("text", &["text_plain", "text_csv"]),
    ("bytes and documents", &["octet_stream", "pdf", "image_png"]),
    ("server-sent events", &["event_stream"]),
    ("lines of JSON", &["ndjson"]),
    ("garbage after JSON", &["garbage_after_json"]),
    ("JSON of a vendor, and with a charset", &["vendor_json", "json_with_charset"]),
    ("problem details", &["problem_json"]),
    ("XML", &["xml_response"]),
    ("a body that may be null", &["nullable_body"]),
    ("a response by reference", &["response_reference"]),
    ("a reference to a response that is not there", &["dangling_response"]),
    ("a content type that was not declared", &["html_instead_of_json", "declared_5xx_but_empty"]),
    ("several content types of one response", &["several_media_types"]),
    ("limits on size and time", &["body_too_large", "call_timeout"]),
    ("JSON without a schema, and with one that is null", &["json_without_schema", "schema_that_is_null"]),
    ("media types that are none", &["media_type_beside_a_right_one", "no_right_media_type"]),
    ("no success is declared", &["no_success_response"]),
    ("a status that was not declared", &["undeclared_status"]),
    ("no responses at all", &["operation_without_responses"]),
];

const REQUESTS: &[Feature] = &[
    ("a JSON body", &["json_body", "body_reference"]),
    ("a body that may be left out", &["optional_body"]),
    ("a form", &["form_body", "form_encoding"]),
    ("parts", &["multipart_body", "multipart_json_part", "multipart_part_type"]),
    ("bytes, text, XML, images", &["octet_stream_body", "text_body", "xml_body", "image_body", "any_image_body"]),
    ("two content types of one body", &["two_request_types"]),
    ("JSON beside parts", &["json_or_multipart"]),
    ("a media type that is none beside one that is", &["media_type_that_is_none"]),
    ("merge patch, and JSON of a vendor", &["merge_patch", "vendor_json_body"]),
    ("a list written in place", &["array_body"]),
    ("a body without a schema", &["body_without_schema"]),
    ("a parameter that is called `body`", &["parameter_named_body"]),
    ("lines of JSON are sent", &["ndjson_body"]),
    ("a POST without a body", &["no_body_on_post"]),
];

const PARAMETERS: &[Feature] = &[
    ("types of path parameters", &["path_text", "path_integer", "path_enum", "path_list", "path_object"]),
    ("styles of path parameters", &["path_label", "path_matrix"]),
    ("path values with `/`, `?`, `#`, blanks and percent signs", &["path_text"]),
    (
        "path values `.`, `..` and empty",
        &["path_text", "values_stay_in_simple", "values_stay_in_label", "values_stay_in_matrix"],
    ),
    ("a template's variable that is not declared, in any order", &["path_undeclared", "path_order"]),
    ("a path parameter that need not be there", &["path_not_required"]),
    ("a path parameter that is not in the template", &["path_parameter_absent"]),
    ("verbs, dots and slashes around variables", &["path_verb_and_dots", "express_path"]),
    ("header parameters", &["header_parameters", "header_list"]),
    ("a value that no header can carry", &["header_value_refused"]),
    ("cookies", &["cookie_parameter"]),
    ("query parameters that must and may be there", &["query_required_and_optional"]),
    ("lists in the query", &["query_list_exploded", "query_list_joined", "query_pipes", "query_pipes_exploded"]),
    ("lists with blanks between", &["query_spaces"]),
    ("objects in the query", &["query_deep_object", "query_object"]),
    ("a parameter that is JSON", &["query_json_content"]),
    ("times, booleans, enums and unions in the query", &["query_date_time", "query_bool_and_enum", "query_one_of"]),
    ("`ids[]` beside `ids`", &["query_bracketed_names"]),
    ("one name in path and query", &["same_name_in_path_and_query"]),
    ("parameters with names of our own", &["awkward_parameter_names"]),
    ("default, deprecated, example of a parameter", &["parameter_default"]),
    ("reserved characters", &["allow_reserved"]),
    ("one parameter twice", &["parameter_twice", "parameter_twice_and_different"]),
    ("parameters of the path and by reference", &["path_level_parameters", "parameter_reference"]),
    ("a reference to a parameter that is not there", &["dangling_parameter"]),
];

const OPERATIONS: &[Feature] = &[
    ("every method", &["head", "options", "trace", "every_other_method"]),
    ("no operationId", &["no_operation_id"]),
    ("one operationId twice, or nearly", &["operation_id_twice", "operation_ids_that_meet"]),
    ("operationIds that are methods of the client", &["operation_ids_of_our_own", "operation_ids_of_hooks"]),
    ("operationIds with blanks, dots, slashes; keywords", &["odd_operation_ids"]),
    ("tags", &["tags"]),
    ("names of resources in extensions of others", &["resource_names", "extensions_of_others"]),
    ("summary, description and links", &["deprecated_operation"]),
    ("deprecated operations, schemas, members", &["deprecated_operation", "texts_of_schemas", "parameter_default"]),
    (
        "schemes of security",
        &["basic", "bearer", "key_in_header", "key_in_query", "key_in_cookie", "both_schemes", "either_scheme"],
    ),
    (
        "security of the document, of none, and without credentials",
        &["security_of_the_document", "no_security", "credentials_missing"],
    ),
    (
        "servers, variables, servers of operations",
        &["servers_and_variables", "own_servers", "no_servers", "api_version"],
    ),
    ("a path that leaves its server", &["path_that_climbs"]),
    ("pages", &["pagination"]),
    ("callbacks, links, webhooks", &["callbacks_and_links", "webhook_of_3_1"]),
    ("a path item by reference", &["path_item_reference", "path_items_of_3_1"]),
    (
        "references to other files",
        &["files_beside", "file_not_there", "file_outside", "place_in_a_file_not_there", "external_reference"],
    ),
    ("references into a schema, `$defs`", &["reference_into_subschema", "defs"]),
    ("a reference to a schema that is not there", &["dangling_schema"]),
    ("references in a circle", &["reference_cycle"]),
    (
        "what stands beside a reference",
        &["reference_with_siblings", "reference_with_description", "reference_narrowed"],
    ),
    ("boolean schemas", &["boolean_schema"]),
    ("bare names in a mapping", &["mapping_bare_names"]),
    ("other versions of OpenAPI", &["swagger_2", "future_version", "type_list_with_null"]),
    ("words that YAML 1.1 takes for booleans", &["yaml_1_2"]),
    ("quoted text that goes on further left", &["quoted_text_goes_on_left"]),
    ("keys that stand twice or are misspelt", &["duplicate_key", "misspelt_key"]),
    ("alias bombs, deep nesting", &["alias_bomb", "deep_nesting"]),
];

const SCHEMAS: &[Feature] = &[
    ("integers of every width", &["integer_without_format", "integer_formats"]),
    ("numbers and booleans", &["number", "boolean"]),
    ("bounds of numbers, lists and texts", &["bounds_are_not_types", "exclusive_bounds"]),
    ("enums of integers", &["integer_enum"]),
    ("enums of texts, values that come later", &["string_enum"]),
    ("enums of symbols and of nothing, values that collide", &["enum_of_symbols"]),
    ("enums of one value, without a type, of several types", &["one_value_enum", "untyped_enum", "mixed_enum"]),
    ("enums that may be null", &["nullable_enum", "type_list_enum"]),
    ("constants", &["constant", "const_tags"]),
    ("default values", &["property_default"]),
    ("absent, null and a value", &["three_states"]),
    ("null where none is declared", &["optional_gets_null"]),
    ("lists and maps of what may be null", &["nullable_items"]),
    ("empty lists and maps are sent", &["optional_gets_null"]),
    ("a type or null", &["type_list_with_null", "one_of_null", "any_of_null"]),
    ("several types", &["type_list", "integer_or_text", "schema_without_type"]),
    ("any of scalars", &["any_of_primitives", "any_of_text_or_enum"]),
    ("any of objects", &["any_of_objects", "any_of_discriminator"]),
    ("one of scalars", &["one_of_primitives"]),
    ("one of objects that overlap", &["one_of_overlapping"]),
    ("tags with and without a mapping", &["one_of_mapping", "discriminator_without_mapping", "inline_tags"]),
    ("a tag that comes later", &["one_of_mapping"]),
    ("a discriminator on a base", &["discriminator_on_base"]),
    ("members beside one of", &["one_of_own_properties"]),
    ("all of", &["all_of_inheritance", "all_of_with_one_of", "all_of_adds_required", "all_of_wrapper"]),
    ("all of one reference that may be null", &["all_of_nullable_reference"]),
    ("maps", &["typed_map", "map_beside_properties", "map_of_anything_beside_properties", "free_form"]),
    ("no other members", &["additional_properties_false", "unevaluated_properties", "unknown_members"]),
    (
        "what no type says",
        &["pattern_properties", "property_names", "not_schema", "prefix_items", "dependent_required", "if_then_else"],
    ),
    ("patterns", &["pattern_of_text", "bad_pattern"]),
    ("types that hold themselves", &["recursive", "mutually_recursive", "list_of_itself"]),
    ("a schema that is called by a number", &["schema_named_400"]),
    ("bytes in JSON", &["byte_format", "binary_property", "content_encoding"]),
    ("times, ids and addresses keep their text", &["dates_keep_their_text", "uuid_and_uri", "other_formats"]),
    ("decimals", &["decimal_format"]),
    ("members that are only read or only written", &["read_only_and_write_only"]),
    ("a member that must be there and is not declared", &["required_undeclared"]),
    ("members called like keywords, or alike", &["keyword_properties", "colliding_properties"]),
    ("schemas called like types of Rust", &["schemas_named_like_prelude"]),
    ("title, example, links, description", &["texts_of_schemas", "examples_of_3_1"]),
    ("lists without items, objects in objects", &["array_without_items", "nested_inline_objects"]),
];

#[test]
fn every_feature_has_a_row() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matrix");
    let rows: BTreeSet<String> = groups(&here).into_iter().flat_map(|group| group.rows).map(|row| row.name).collect();
    let tables = [RESPONSES, REQUESTS, PARAMETERS, OPERATIONS, SCHEMAS];
    let mut named = BTreeSet::new();
    for (feature, ids) in tables.into_iter().flatten() {
        assert!(!ids.is_empty(), "{feature}: no row");
        for id in *ids {
            assert!(rows.contains(*id), "{feature}: there is no row `{id}`");
            named.insert((*id).to_owned());
        }
    }
    let left: Vec<&String> = rows.difference(&named).collect();
    println!("{} features, {} of {} rows; others: {left:?}", tables.concat().len(), named.len(), rows.len());
}
