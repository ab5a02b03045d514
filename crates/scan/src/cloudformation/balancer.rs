//! Load balancers with functions behind them.
//!
//! Invariant: a listener's rule counts as asked only where one of its actions authenticates. Not here: balancers before anything else.

use super::stack::Resource;
use super::value::{str_at, text, texts};
use super::writer::Writer;
use crate::document::Node;
use crate::graph::{Access, Api, ApiKind, Endpoint, Route};
use crate::known::{Known, Name, Setting};

pub(super) fn declare(writer: &mut Writer<'_, '_>, resource: &Resource) -> bool {
    if resource.kind != "AWS::ElasticLoadBalancingV2::LoadBalancer" || resource.deployed.is(&false) {
        return false;
    }
    let scheme = resource.properties.get("Scheme");
    let endpoint = match scheme.and_then(Node::as_str) {
        Some("internal") => Endpoint::Private,
        _ => Endpoint::Public,
    };
    let place = scheme.map_or(resource.place, |node| node.place);
    writer.add_api(Api {
        endpoint: Setting::new(place, endpoint),
        ..Api::new(resource.name.clone(), resource.place, ApiKind::LoadBalancer)
    });
    writer.note_condition(resource);
    true
}

pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    let (actions, listener) = match resource.kind.as_str() {
        "AWS::ElasticLoadBalancingV2::ListenerRule" => {
            let listener = Writer::text_at(resource, "ListenerArn");
            let own =
                listener.as_ref().and_then(|text| text.references().find_map(|name| writer.resource(name)));
            (properties.get("Actions"), own)
        }
        "AWS::ElasticLoadBalancingV2::Listener" => {
            (properties.get("DefaultActions"), writer.resource(&resource.name))
        }
        _ => return,
    };
    let api = listener.and_then(|listener| Writer::text_at(listener, "LoadBalancerArn")).map_or_else(
        || Known::Unknown("its balancer is not among these files".to_owned()),
        |text| writer.api_of(&text),
    );
    let actions = actions.map(Node::one_or_many).unwrap_or_default();
    let asks = actions
        .iter()
        .find(|action| str_at(action, "Type").is_some_and(|kind| kind.starts_with("authenticate")));
    let access = match asks {
        Some(action) => Setting::new(action.place, Access::Outside("the balancer's own sign-in".to_owned())),
        None => Setting::new(resource.place, Access::Anyone),
    };
    let found: Vec<Name> = actions.iter().flat_map(|action| functions(writer, action)).collect();
    for function in found {
        writer.add_route(Route {
            api: api.clone(),
            place: resource.place,
            method: Known::Value("ANY".to_owned()),
            path: path(properties),
            target: Known::Value(function),
            access: access.clone(),
            api_key: false,
            scopes: Vec::new(),
            acts_as: None,
            does: None,
            rate: None,
        });
    }
}

/// The functions in the target groups of an action.
fn functions(writer: &Writer<'_, '_>, action: &Node) -> Vec<Name> {
    let forwarded = action.at(&["ForwardConfig", "TargetGroups"]).map(Node::one_or_many).unwrap_or_default();
    let groups =
        forwarded.iter().filter_map(|group| group.get("TargetGroupArn")).chain(action.get("TargetGroupArn"));
    let mut found = Vec::new();
    for group in groups {
        let own = text(group).references().find_map(|name| writer.resource(name));
        let targets =
            own.and_then(|own| own.properties.get("Targets")).map(Node::one_or_many).unwrap_or_default();
        for target in targets.iter().filter_map(|target| target.get("Id")) {
            if let Known::Value(name) = writer.function_of(&text(target))
                && !found.contains(&name)
            {
                found.push(name);
            }
        }
    }
    found
}

fn path(properties: &Node) -> Known<String> {
    for condition in properties.get("Conditions").map(Node::one_or_many).unwrap_or_default() {
        if str_at(condition, "Field") == Some("path-pattern") {
            let values = condition.get("Values").or_else(|| condition.at(&["PathPatternConfig", "Values"]));
            let first = values.map(texts).unwrap_or_default().into_iter().next();
            if let Some(first) = first {
                return Known::Value(first.to_string());
            }
        }
    }
    Known::Value("/*".to_owned())
}
