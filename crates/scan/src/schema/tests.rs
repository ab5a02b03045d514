use super::*;

#[test]
fn fields_that_a_key_opens() {
    let check = |schema: &str, wanted: &[&str]| {
        let opened = Fields::of(schema).0.into_iter().filter(|(_, opened)| *opened);
        let found: Vec<String> = opened.map(|((of, field), _)| format!("{of}.{field}")).collect();
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
    // What stands in arguments ends nothing.
    check("type Query { list(f: F = { a: 1 }): Int posts: Int @aws_api_key }", &["Query.posts"]);
    check("type Query @x(y: {z: 1}) @aws_api_key { a: Int }", &["Query.a"]);
    check("type Query { \"a \\\" } b\" a: Int @aws_api_key }", &["Query.a"]);
    check("type Query { \"\"\"a \\\"\"\" } b\"\"\" a: Int @aws_api_key }", &["Query.a"]);
    check("type Query { \"a } b\n a: Int @aws_api_key }", &["Query.a"]);
}

#[test]
fn fields_that_a_key_does_not_open_where_it_is_the_default() {
    let fields = Fields::of(
        "type Query { a: Int b: Int @aws_iam c: Int @aws_iam @aws_api_key } type M @aws_oidc { d: Int }",
    );
    let opens = |of: &str, field: &str, default| fields.opens(&(of.to_owned(), field.to_owned()), default);
    assert_eq!(["a", "b", "c"].map(|field| opens("Query", field, true)), [true, false, true]);
    assert_eq!(["a", "b", "c"].map(|field| opens("Query", field, false)), [false, false, true]);
    assert!(!opens("M", "d", true) && opens("M", "e", true));
}
