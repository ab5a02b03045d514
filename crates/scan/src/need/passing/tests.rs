//! What passes a role, against the table of actions.

use super::*;

#[test]
fn every_pattern_names_an_action_that_the_table_leaves_out() {
    for (service, names) in PASSING {
        for name in names.split(' ') {
            let pattern = format!("{service}:{name}");
            let actions: Vec<String> = facts::actions_matching(&pattern).map(|fact| fact.text()).collect();
            assert!(!actions.is_empty(), "`{pattern}` is no action");
            let left_out = actions.iter().any(|action| !facts::asks_for_pass_role(action));
            assert!(left_out, "`{pattern}` is in the table");
        }
    }
}

#[test]
fn actions() {
    for (action, passes) in [
        ("states:CreateStateMachine", true),
        ("imagebuilder:CreateImage", true),
        ("transfer:CreateServer", true),
        ("osis:CreatePipeline", true),
        ("lambda:CreateFunction", true),
        ("lambda:UpdateFunctionConfiguration", true),
        ("bedrock:CreateModelCustomizationJob", true),
        ("sagemaker:CreateTrainingJob", true),
        ("bedrock:CreateGuardrail", false),
        ("sagemaker:CreateEndpoint", false),
        ("lambda:InvokeFunction", false),
        ("states:StartExecution", false),
        ("nobody:Knows", false),
        ("", false),
    ] {
        assert_eq!(passes_role(action), passes, "{action}");
    }
}
