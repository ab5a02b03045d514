//! What functions need against what they have, folded, one part for each function.

use super::{count, escape, put, spot, words};
use crate::code::Certainty;
use crate::report::AppReport;
use crate::report::need_text::{goes, on, sure};
use crate::report::needs::FunctionNeed;

pub(super) fn write(page: &mut String, app: &AppReport) {
    if app.needs.is_empty() {
        return;
    }
    page.push_str("<h3>Need against grant</h3>\n");
    for need in &app.needs {
        write_function(page, need);
    }
}

fn write_function(page: &mut String, need: &FunctionNeed) {
    let class = if need.missing.is_empty() { "hygiene" } else { "medium" };
    let mut sum = vec![count(need.uses.len(), "permission") + " used"];
    if !need.missing.is_empty() {
        sum.push(format!("{} missing", need.missing.len()));
    }
    if !need.excess.is_empty() {
        sum.push(format!("{} too much", need.excess.len()));
    }
    if !need.gaps.is_empty() {
        sum.push("not known in full".to_owned());
    }
    put(
        page,
        format_args!(
            "<details class=\"finding {class}\">\n<summary><span><code>{}</code></span><span>{}</span><span class=\"where\">{}</span></summary>\n",
            escape(&need.function),
            sum.join(", "),
            spot(&need.at),
        ),
    );
    let uses = need.uses.iter().map(|used| {
        let sure = if used.certainty == Certainty::Possible { "possible" } else { "" };
        (on(&used.action, used.on.as_deref()), sure.to_owned(), spot(&used.at))
    });
    table(page, "Uses", uses.collect());
    let missing = need.missing.iter().map(|lacking| {
        let sure = sure(lacking.confidence, lacking.because.as_deref());
        (on(&lacking.action, lacking.on.as_deref()), sure, spot(&lacking.at))
    });
    table(page, "Missing: will be refused", missing.collect());
    let excess = need.excess.iter().map(|idle| {
        let mut text = on(&idle.action, idle.resource.as_deref());
        if !idle.instead.is_empty() {
            text.push_str(&format!(", of which it needs {}", idle.instead.join(", ")));
        }
        (text, sure(idle.confidence, idle.because.as_deref()), spot(&idle.at))
    });
    table(page, "Too much: nothing uses it", excess.collect());
    let gaps = need.gaps.iter().map(|gap| (gap.text.clone(), String::new(), spot(&gap.at)));
    table(page, "Not known", gaps.collect());
    if let Some(policy) = &need.policy {
        let into = words(goes(policy.framework, policy.role));
        put(page, format_args!("<p><b>Smallest policy</b> <span class=\"quiet\">{into}</span></p>\n"));
        put(page, format_args!("<pre>{}</pre>\n", escape(&policy.text)));
    }
    page.push_str("</details>\n");
}

/// Rows of what, how sure, and where; the last is HTML already.
fn table(page: &mut String, title: &str, rows: Vec<(String, String, String)>) {
    if rows.is_empty() {
        return;
    }
    put(page, format_args!("<div><table>\n<tr><th colspan=\"3\">{title}</th></tr>\n"));
    for (what, sure, at) in rows {
        let (what, sure) = (words(&what), words(&sure));
        put(
            page,
            format_args!(
                "<tr><td>{what}</td><td class=\"quiet\">{sure}</td><td class=\"quiet\">{at}</td></tr>\n"
            ),
        );
    }
    page.push_str("</table></div>\n");
}
