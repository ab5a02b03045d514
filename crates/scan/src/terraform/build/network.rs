//! Security groups and what they let through.

use super::Builder;
use crate::graph::{Network, Opening};
use crate::known::{Known, Name, Text};
use crate::source::Place;
use crate::terraform::expand::Resource;
use crate::terraform::value::Value;

const GROUP: &str = "aws_security_group";

impl Builder<'_> {
    pub(super) fn networks(&mut self) {
        for kind in [GROUP, "aws_default_security_group"] {
            for resource in self.of_kind(kind) {
                let openings = |side: &str| resource.body.blocks(side).iter().flat_map(openings).collect();
                self.app.networks.push(Network {
                    name: resource.name.clone(),
                    place: resource.place,
                    inward: openings("ingress"),
                    outward: openings("egress"),
                });
            }
        }
        for resource in self.of_kind("aws_security_group_rule") {
            let Some(inward) = resource.body.literal_of("type").map(|side| side == "ingress") else {
                continue;
            };
            self.open(resource, inward);
        }
        for (kind, inward) in
            [("aws_vpc_security_group_ingress_rule", true), ("aws_vpc_security_group_egress_rule", false)]
        {
            for resource in self.of_kind(kind) {
                self.open(resource, inward);
            }
        }
    }

    /// A rule that is a resource of its own.
    fn open(&mut self, resource: &Resource, inward: bool) {
        let Some(group) = self.named(resource.body.get("security_group_id"), GROUP, "name") else { return };
        let name: Name = group.name.clone();
        let Some(network) = self.app.networks.iter_mut().find(|network| network.name == name) else { return };
        let side = if inward { &mut network.inward } else { &mut network.outward };
        side.extend(
            openings(&resource.body).into_iter().map(|opening| Opening { place: resource.place, ..opening }),
        );
    }
}

/// One opening for each peer of a rule.
fn openings(rule: &Value) -> Vec<Opening> {
    let keys = [
        "cidr_blocks",
        "ipv6_cidr_blocks",
        "cidr_ipv4",
        "cidr_ipv6",
        "security_groups",
        "prefix_list_ids",
        "prefix_list_id",
        "source_security_group_id",
        "referenced_security_group_id",
    ];
    let mut peers: Vec<(Place, Text)> = Vec::new();
    for key in keys {
        peers.extend(rule.blocks(key).iter().map(|peer| (peer.place, peer.to_text())));
    }
    if !rule.is_map() {
        peers.push((rule.place, Text::unknown(rule.why_not(), rule.place)));
    }
    let port = |key: &str| rule.get(key)?.as_u64().and_then(|port| u16::try_from(port).ok());
    let untold = ["from_port", "to_port"].into_iter().find_map(|key| {
        let value = rule.get(key).filter(|value| value.as_number().is_none() && !value.is_null())?;
        Some(format!("which ports it opens cannot be told: {}", value.why_not()))
    });
    let protocol = rule.get("protocol").or_else(|| rule.get("ip_protocol"));
    let all = protocol.and_then(Value::as_literal).is_some_and(|word| word == "-1" || word == "all");
    let ports = if all { None } else { port("from_port").zip(port("to_port")) };
    if let Some(why) = untold.filter(|_| !all) {
        peers.iter_mut().for_each(|(place, peer)| *peer = Text::unknown(why.clone(), *place));
    }
    let protocol = protocol.map_or_else(
        || Known::Unknown("it names no protocol".to_owned()),
        |value| value.as_literal().map_or_else(|| Known::Unknown(value.why_not()), Known::Value),
    );
    let opening = |(place, peer)| Opening { place, peer, ports, protocol: protocol.clone() };
    peers.into_iter().map(opening).collect()
}
