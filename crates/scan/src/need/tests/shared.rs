//! Roles that functions share, and names of functions in stacks of other names.

use super::*;

#[test]
fn whose_role_it_is_too_is_said() {
    let read = "await db.get({ TableName }).promise();";
    let with = |others: usize, deployed: bool, own: bool| {
        let change = move |app: &mut App| {
            for at in 0..others {
                let mut other =
                    Function { name: format!("Other{at}").as_str().into(), ..app.functions[0].clone() };
                other.deployed = Known::Value(deployed);
                if own {
                    other.role = None;
                }
                app.functions.push(other);
            }
        };
        let policy = compared_in(read, &[], Framework::Serverless, change).policy.expect("a policy");
        policy.kept.into_iter().find(|kept| kept.starts_with("The role is also"))
    };
    let said = |who: &str| Some(format!("The role is also that of {who}: keep there what they need, too."));
    assert_eq!(with(1, true, false), said("`Other0`"));
    assert_eq!(with(9, true, false), said("`Other0`, `Other1`, `Other2`, `Other3`, `Other4` and others"));
    assert_eq!(with(0, true, false), None);
    assert_eq!(with(1, false, false), None);
    assert_eq!(with(1, true, true), None);
}

#[test]
fn a_stack_of_another_name_is_not_part_of_functions_names() {
    let call = "const { Lambda } = require('aws-sdk'); await new Lambda().invoke({ FunctionName: process.env.SELF }).promise();";
    let text = |stack: Option<&'static str>| {
        let change = move |app: &mut App| {
            let place = app.functions[0].place;
            let value = Text::of("Main".into(), Attribute::Name, place);
            app.functions[0].environment.push(Variable { name: "SELF".to_owned(), value });
            app.functions[0].physical = Some(Text::literal("shop-dev-Main", place));
            app.stack = stack.map(|stack| Text::literal(stack, place));
        };
        compared_in(call, &[], Framework::Serverless, change).policy.expect("a policy").text()
    };
    assert!(text(None).contains("function:${AWS::StackName}-Main'"), "{}", text(None));
    assert!(text(Some("mine")).contains("function:shop-dev-Main'"), "{}", text(Some("mine")));
}
