//! The labels of boxes.

use super::*;

#[test]
fn no_label_is_wider_than_its_box() {
    let room = WIDTH - 2.0 * PADDING;
    let check = |name: &str, expect: &str| {
        let label = shorten(name, room);
        assert!(label.chars().map(width_of).sum::<f64>() <= room, "{label}");
        let node = Node { column: 0, title: name.into(), kind: "function", class: "function", hot: false };
        let mut svg = String::new();
        draw_box(&mut svg, 0.0, 0.0, &node);
        assert!(svg.contains(&format!("<title>{name}</title>")), "{svg}");
        assert!(svg.contains(&format!("class=\"name\">{label}</text>")), "{svg}");
        assert!(label.starts_with(expect) && label.ends_with(name.chars().last().unwrap()), "{label}");
        assert_eq!(label == name, expect == name, "{label}");
    };
    check("Orders", "Orders");
    check("CognitoUserPoolClientForTheMobileApplication", "CognitoUse");
    check("WWWWWWWWWWWWWWWWWWWWWWWWW", "WWWWWW");
    check("illililliliillillilili", "illililliliillillilili");
    check("注文を受け付けて保存するための関数", "注文");
}
