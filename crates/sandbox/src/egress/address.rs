//! Which addresses an outgoing request may reach.
//!
//! Sources: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and its updates). Invariant: an address
//! is public only if it is in no special range, whatever form it is written in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far a request to an address gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The open internet.
    Public,
    /// This machine or a private network: only where the grant says `dangerous_private_address`.
    Private,
    /// Never: metadata services, link-local, multicast, reserved, and forms that hide another address.
    Never,
}

/// Sorts an address.
pub(crate) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [a, b, c, d] = address.octets();
    match (a, b, c, d) {
        // Metadata and host services of clouds that are not link-local: Azure's WireServer (in the open internet by its
        // number), Alibaba Cloud, Oracle Cloud.
        (168, 63, 129, 16) | (100, 100, 100, 200) | (192, 0, 0, _) => Reach::Never,
        (10 | 127, ..) | (172, 16..=31, ..) | (192, 168, ..) | (100, 64..=127, ..) => Reach::Private,
        // "this network", link-local (169.254.169.254 among them), documentation, 6to4 relay, AS112, benchmarking,
        // multicast, reserved, broadcast.
        (0, ..)
        | (169, 254, ..)
        | (192, 0, 2, _)
        | (192, 31, 196, _)
        | (192, 52, 193, _)
        | (192, 88, 99, _)
        | (192, 175, 48, _)
        | (198, 18 | 19, ..)
        | (198, 51, 100, _)
        | (203, 0, 113, _)
        | (224..=255, ..) => Reach::Never,
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if let Some(inner) = address.to_ipv4_mapped() {
        return reach_v4(inner);
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Private,
        // NAT64 (RFC 6052): on IPv6-only networks the open internet looks like this.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            match reach_v4(Ipv4Addr::new(a, b, c, d)) {
                Reach::Public => Reach::Public,
                Reach::Private | Reach::Never => Reach::Never,
            }
        }
        // AWS: IMDS, DNS and time on Nitro instances, in the middle of unique-local space.
        [0xfd00, 0xec2, ..] => Reach::Never,
        // Metadata over IPv6, in the middle of unique-local space too: Google Cloud, Oracle Cloud, Alibaba Cloud, Scaleway,
        // Akamai (Linode).
        [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]
        | [0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe]
        | [0xfd00, 0x100, 0, 0, 0, 0, 0x100, 0x200]
        | [0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42]
        | [0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1] => Reach::Never,
        [0xfc00..=0xfdff, ..] => Reach::Private,
        // IETF protocol assignments (Teredo, ORCHID, benchmarking …), 6to4, documentation.
        [0x2001, 0x0000..=0x01ff, ..]
        | [0x2001, 0x0db8, ..]
        | [0x2002, ..]
        | [0x3fff, 0x0000..=0x0fff, ..] => Reach::Never,
        // AS112, in the middle of global unicast.
        [0x2620, 0x4f, 0x8000, ..] => Reach::Never,
        [0x2000..=0x3fff, ..] => Reach::Public,
        // Link-local, multicast, unspecified, IPv4-compatible, local-use NAT64, discard-only, SRv6, and all that is not
        // assigned.
        _ => Reach::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn special_addresses_are_told_apart_in_every_form() {
        let check = |text: &str, expect: Reach| assert_eq!(reach(text.parse().unwrap()), expect, "{text}");
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "169.253.0.1",
            "168.63.129.15",
            "168.63.129.17",
        ] {
            check(text, Reach::Public);
        }
        for text in ["2606:4700::1111", "2a00:1450::1", "64:ff9b::808:808", "::ffff:8.8.8.8"] {
            check(text, Reach::Public);
        }
        for text in [
            "127.0.0.1",
            "127.255.255.254",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
        ] {
            check(text, Reach::Private);
        }
        for text in ["fd00:42::43", "fd00:c1::a9fe:a9ff", "fd00:a9fe:a9fe::2", "fd00:100::100:201"] {
            check(text, Reach::Private);
        }
        for text in ["::1", "fc00::1", "fd12:3456::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1"]
        {
            check(text, Reach::Private);
        }
        for text in [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "192.0.0.192",
            "0.0.0.0",
            "0.1.2.3",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.88.99.1",
            // Azure's WireServer, also in the clothes of IPv6 and of NAT64.
            "168.63.129.16",
            "::ffff:168.63.129.16",
            "64:ff9b::a83f:8110",
            // AWS: EKS Pod Identity; Tencent Cloud; Scaleway; Kubernetes' node-local DNS.
            "169.254.170.23",
            "169.254.0.23",
            "169.254.42.42",
            "169.254.20.10",
        ] {
            check(text, Reach::Never);
        }
        for text in [
            "fe80::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fd00:ec2::23",
            "fd00:c1::a9fe:a9fe",
            "fd00:100::100:200",
            "fd00:42::42",
            "fd00:a9fe:a9fe::1",
            // OpenStack.
            "fe80::a9fe:a9fe",
            "::",
            "::7f00:1",
            "::ffff:169.254.169.254",
            "ff02::1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::7f00:1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "5f00::1",
            "4000::1",
            "fec0::1",
        ] {
            check(text, Reach::Never);
        }
    }

    proptest! {
        /// Writing an IPv4 address in IPv6 clothes never takes it further.
        #[test]
        fn clothes_do_not_help(bits: u32) {
            let plain = Ipv4Addr::from(bits);
            let [a, b, c, d] = plain.octets();
            let pair = |x: u8, y: u8| u16::from_be_bytes([x, y]);
            let (high, low) = (pair(a, b), pair(c, d));
            if reach(plain.into()) != Reach::Public {
                for clothed in [
                    plain.to_ipv6_mapped(),
                    Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                    Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                    Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
                ] {
                    prop_assert_ne!(reach(clothed.into()), Reach::Public);
                }
            }
        }
    }
}
