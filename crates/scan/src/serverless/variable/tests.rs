use super::*;

/// As short as it can be written, so that a case is one line.
fn show(template: &[Part]) -> String {
    template.iter().map(show_part).collect()
}

fn show_part(part: &Part) -> String {
    match part {
        Part::Text(text) => text.clone(),
        Part::Variable(variable) => show_variable(variable),
        Part::Provider(name) => format!("<{name}>"),
        Part::Broken(rest) => format!("!{rest}"),
    }
}

fn show_variable(variable: &Variable) -> String {
    let sources: Vec<_> = variable.sources.iter().map(show_source).collect();
    format!("<{}>", sources.join("|"))
}

fn show_source(source: &Source) -> String {
    match source {
        Source::Literal(literal) => format!("{literal:?}"),
        Source::Nested(variable) => show_variable(variable),
        Source::Named(named) => {
            let argument = named.argument.as_ref().map(|argument| format!("({})", show(argument)));
            format!("{}{}:{}", named.kind, argument.unwrap_or_default(), show(&named.address))
        }
    }
}

#[test]
fn variables_are_taken_apart() {
    let cases = [
        ("plain", "plain"),
        ("${self:custom.table}", "<self:custom.table>"),
        ("a-${self:x}-b", "a-<self:x>-b"),
        ("${opt:stage, 'dev'}", r#"<opt:stage|String("dev")>"#),
        ("${opt:stage,self:provider.stage}", "<opt:stage|self:provider.stage>"),
        ("${opt:stage, ${self:provider.stage}}", "<opt:stage|<self:provider.stage>>"),
        ("${opt:a, opt:b, env:C, \"d, e\"}", r#"<opt:a|opt:b|env:C|String("d, e")>"#),
        ("${file(./a.yml):b.c}", "<file(./a.yml):b.c>"),
        ("${file('a.yml')}", "<file(a.yml):>"),
        ("${file(./a.${opt:stage, 'dev'}.yml):b}", r#"<file(./a.<opt:stage|String("dev")>.yml):b>"#),
        ("${self:custom.${opt:stage, 'dev'}.x}", r#"<self:custom.<opt:stage|String("dev")>.x>"#),
        ("${ssm(eu-west-1):/a/b~true}", "<ssm(eu-west-1):/a/b~true>"),
        ("${cf.us-east-1:stack.Output}", "<cf.us-east-1:stack.Output>"),
        ("${param:x, 3}${sls:stage}", r#"<param:x|Number("3")><sls:stage>"#),
        ("${self:a, true}", "<self:a|Bool(true)>"),
        ("${self:a, null}", "<self:a|Null>"),
        ("${self:a, dev}", r#"<self:a|String("dev")>"#),
        ("${self:a,}", r#"<self:a|String("")>"#),
        (
            "${AWS::Region}/${Table.Arn}/${table.Arn}/${aws:region}",
            "${AWS::Region}/${Table.Arn}/${table.Arn}/<aws:region>",
        ),
        ("${strToBool(${self:custom.on})}", "<strToBool(<self:custom.on>):>"),
        ("a:#{AWS::AccountId}:#{b}:#{AWS::", "a:<AWS::AccountId>:#{b}:#{AWS::"),
        (r"\${self:a}", "${self:a}"),
        ("a${self:b", "a!${self:b"),
        ("${self:a ${b}}", "<self:a ${b}>"),
        ("größe-${self:ü}", "größe-<self:ü>"),
    ];
    for (text, expected) in cases {
        assert_eq!(show(&parse(text)), expected, "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("{}x{}", "${self:".repeat(10_000), "}".repeat(10_000));
    assert!(matches!(parse(&deep).as_slice(), [Part::Broken(_)]));
    let unclosed = "${self:a".repeat(200_000);
    assert!(matches!(parse(&unclosed).as_slice(), [Part::Broken(_)]));
}
