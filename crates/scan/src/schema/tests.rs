use super::*;

#[test]
fn fields_that_a_key_opens() {
    let check = |schema: &str, wanted: &[&str]| {
        let found: Vec<String> =
            opened_by_key(schema).iter().map(|(of, field)| format!("{of}.{field}")).collect();
        assert_eq!(found, wanted, "{schema}");
    };
    check("type Query { a: Int b: Int }", &[]);
    check("type Query { a: Int @aws_api_key b: Int }", &["Query.a"]);
    check("type Query { a(id: ID!, n: Int = 1): [Post!]! @aws_api_key @aws_iam\n b: Int }", &["Query.a"]);
    check("type Query @aws_api_key { a: Int b: Int @aws_iam }", &["Query.a"]);
    check("extend type Query @aws_api_key @aws_iam { a: Int }", &["Query.a"]);
    check(
        "type Query { a: Int @aws_auth(cognito_groups: [\"x\"]) } type Mutation { b(x: In): Int @aws_api_key }",
        &["Mutation.b"],
    );
    check("# @aws_api_key\ntype Query { \"@aws_api_key\" a: Int # @aws_api_key\n b: Int }", &[]);
    check("type Query { \"\"\"of type X {\"\"\" a: Int @aws_api_key }", &["Query.a"]);
    check("input In @aws_api_key { a: Int } type Query { b: Int }", &[]);
    check("type Query @aws_api_key", &[]);
    check("type", &[]);
    check("type Query { a: Int @aws_api_key", &["Query.a"]);
    check("\"ä", &[]);
}
