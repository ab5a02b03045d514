//! What Terraform's own shapes mean for data at rest and for networks.

use super::formats::{ROLE, ids, report};

const RDS: &str =
    "engine = \"postgres\"\n  instance_class = \"db.t3.micro\"\n  manage_master_user_password = true";

/// The names of what a rule finds.
fn found(rule: &str, text: &str) -> Vec<String> {
    let report = report(&[("main.tf", &format!("{ROLE}{text}"))]);
    let of = report.apps[0].findings.iter().filter(|found| found.rule.id == rule);
    of.flat_map(|found| found.subjects.clone()).collect()
}

#[test]
fn what_is_made_of_something_else_is_encrypted_as_that_is() {
    let cluster = |encrypted: bool| {
        format!(
            "resource \"aws_rds_cluster\" \"c\" {{\n  {RDS}\n  storage_encrypted = {encrypted}\n}}
resource \"aws_rds_cluster_instance\" \"i\" {{\n  cluster_identifier = aws_rds_cluster.c.id\n  instance_class = \"db.serverless\"\n}}
resource \"aws_db_instance\" \"p\" {{\n  {RDS}\n  storage_encrypted = {encrypted}\n}}
resource \"aws_db_instance\" \"r\" {{\n  replicate_source_db = aws_db_instance.p.identifier\n  instance_class = \"db.t3.micro\"\n}}
resource \"aws_elasticache_replication_group\" \"g\" {{\n  replication_group_id = \"g\"\n  at_rest_encryption_enabled = {encrypted}\n}}
resource \"aws_elasticache_cluster\" \"m\" {{\n  cluster_id = \"m\"\n  replication_group_id = aws_elasticache_replication_group.g.id\n}}
"
        )
    };
    assert_eq!(found("unencrypted-store", &cluster(true)), [""; 0]);
    let mut clear = found("unencrypted-store", &cluster(false));
    clear.sort();
    assert_eq!(clear, ["aws_db_instance.p", "aws_elasticache_replication_group.g", "aws_rds_cluster.c"]);
    let restored = "resource \"aws_db_instance\" \"s\" {\n  snapshot_identifier = \"rds:x\"\n  instance_class = \"db.t3.micro\"\n}\n";
    assert_eq!(found("unencrypted-store", restored), [""; 0]);
    let always = "resource \"aws_redshiftserverless_workgroup\" \"w\" {\n  workgroup_name = \"w\"\n  namespace_name = \"n\"\n}
resource \"aws_elasticache_serverless_cache\" \"c\" {\n  engine = \"valkey\"\n  name = \"c\"\n}
resource \"aws_opensearchserverless_collection\" \"o\" {\n  name = \"o\"\n}
resource \"aws_redshift_cluster\" \"r\" {\n  cluster_identifier = \"r\"\n  node_type = \"ra3.large\"\n}
resource \"aws_elasticache_cluster\" \"m\" {\n  cluster_id = \"m\"\n  engine = \"memcached\"\n}\n";
    assert_eq!(found("unencrypted-store", always), [""; 0]);
    let off = "resource \"aws_redshift_cluster\" \"r\" {\n  cluster_identifier = \"r\"\n  node_type = \"ra3.large\"\n  encrypted = false\n}\n";
    assert_eq!(found("unencrypted-store", off), ["aws_redshift_cluster.r"]);
}

#[test]
fn one_of_two_switches_closes_a_bucket() {
    let bucket = |block: &str| {
        format!(
            "{ROLE}resource \"aws_s3_bucket\" \"b\" {{ bucket = \"my-bucket\" }}
resource \"aws_s3_bucket_public_access_block\" \"b\" {{\n  bucket = aws_s3_bucket.b.id\n  {block}\n}}
resource \"aws_s3_bucket_policy\" \"b\" {{\n  bucket = aws_s3_bucket.b.id\n  policy = jsonencode({{ Statement = [{{ Effect = \"Allow\", Principal = \"*\", Action = [\"s3:PutObject\"], Resource = \"${{aws_s3_bucket.b.arn}}/*\" }}] }})\n}}
"
        )
    };
    let is_open = |block: &str| !ids(&[("main.tf", &bucket(block))], &["open-store"]).is_empty();
    assert!(!is_open("restrict_public_buckets = true"));
    assert!(!is_open("block_public_policy = true"));
    assert!(is_open("block_public_policy = false\n  restrict_public_buckets = false"));
    assert!(is_open("block_public_acls = true\n  ignore_public_acls = true"));
}

#[test]
fn pings_open_no_port_and_ports_that_cannot_be_told_are_unknown() {
    let group = |rule: &str| {
        format!(
            "variable \"port\" {{ type = number }}
resource \"aws_security_group\" \"g\" {{\n  ingress {{\n    {rule}\n    cidr_blocks = [\"0.0.0.0/0\"]\n  }}\n}}
resource \"aws_db_instance\" \"p\" {{\n  {RDS}\n  storage_encrypted = true\n}}\n"
        )
    };
    let ping = "protocol = \"icmp\"\n    from_port = -1\n    to_port = -1";
    assert_eq!(found("open-network", &group(ping)), [""; 0]);
    let all = "protocol = \"-1\"\n    from_port = 0\n    to_port = 0";
    assert_eq!(found("open-network", &group(all)), ["aws_security_group.g"]);
    let untold = group("protocol = \"tcp\"\n    from_port = var.port\n    to_port = var.port");
    assert_eq!(found("open-network", &untold), [""; 0]);
    let report = report(&[("main.tf", &format!("{ROLE}{untold}"))]);
    let told = |note: &crate::report::Note| note.text.contains("which ports it opens cannot be told");
    assert!(report.apps[0].unknowns.iter().any(told), "{:?}", report.apps[0].unknowns);
}
