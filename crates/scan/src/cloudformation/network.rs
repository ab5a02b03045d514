//! Security groups.
//!
//! Not here: which functions and databases stand in them (`function`, `rules`).

use super::stack::Resource;
use super::value::{string, text};
use super::writer::Writer;
use crate::document::Node;
use crate::graph::{Network, Opening};
use crate::known::{Known, Text};

pub(super) fn declare(writer: &mut Writer<'_, '_>, resource: &Resource) -> bool {
    if resource.kind != "AWS::EC2::SecurityGroup" {
        return false;
    }
    if resource.deployed.is(&false) {
        writer.other(resource);
        return true;
    }
    let list = |key: &str| {
        let rules = resource.properties.get(key).map(Node::one_or_many).unwrap_or_default();
        rules.iter().flat_map(openings).collect()
    };
    writer.add_network(Network {
        name: resource.name.clone(),
        place: resource.place,
        inward: list("SecurityGroupIngress"),
        outward: list("SecurityGroupEgress"),
    });
    writer.note_condition(resource);
    true
}

pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let inward = match resource.kind.as_str() {
        "AWS::EC2::SecurityGroupIngress" => true,
        "AWS::EC2::SecurityGroupEgress" => false,
        _ => return,
    };
    let made = openings(&resource.properties);
    let groups: Vec<_> =
        Writer::text_at(resource, "GroupId").iter().flat_map(Text::references).cloned().collect();
    for name in groups {
        if let Some(network) = writer.network(&name) {
            let list = if inward { &mut network.inward } else { &mut network.outward };
            list.extend(made.iter().cloned());
        }
    }
}

fn openings(rule: &Node) -> Vec<Opening> {
    let peers = [
        "CidrIp",
        "CidrIpv6",
        "SourceSecurityGroupId",
        "DestinationSecurityGroupId",
        "SourcePrefixListId",
        "DestinationPrefixListId",
        "SourceSecurityGroupName",
    ];
    let port = |key: &str| rule.get(key).and_then(|node| node.as_scalar()).and_then(|port| port.parse().ok());
    let protocol = rule.get("IpProtocol").map_or(Known::Value("-1".to_owned()), |node| string(node).value);
    let ports: Option<(i32, i32)> = port("FromPort").zip(port("ToPort"));
    let ports = match ports {
        // "All" is written as -1, or as the whole range.
        Some((from, to)) if from >= 0 && !protocol.is(&"-1".to_owned()) => {
            Some((u16::try_from(from).unwrap_or(0), u16::try_from(to).unwrap_or(u16::MAX)))
        }
        _ => None,
    };
    let open =
        |node: &Node| Opening { place: rule.place, peer: text(node), ports, protocol: protocol.clone() };
    let found: Vec<Opening> = peers.iter().filter_map(|key| rule.get(key)).map(open).collect();
    match (found.is_empty(), rule.why_open()) {
        (true, Some(why)) => {
            vec![Opening { place: rule.place, peer: Text::unknown(why, rule.place), ports, protocol }]
        }
        _ => found,
    }
}
