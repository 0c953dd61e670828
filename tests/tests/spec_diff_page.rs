//! The page of a review in a real browser: what can be chosen, on which screens, and that text of a spec stays text.
//!
//! Clicks and keys are real ones. Pictures of the page are left in the folder that is printed.

use countersign_tests::browser::Browser;
use countersign_tests::{programs, workspace};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn git(folder: &Path, arguments: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@acme.test", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").current_dir(folder).args(who).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The page of a repository whose specs change from the first of each pair to the second.
fn page(folder: &Path, specs: &[(&str, Value, Value)]) -> (PathBuf, String) {
    let put = |name: &str, document: &Value| {
        let place = folder.join("specs").join(name);
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("openapi.yaml"), serde_json::to_string_pretty(document).unwrap()).unwrap();
    };
    git(folder, &["init", "--quiet", "--initial-branch", "main"]);
    specs.iter().for_each(|(name, old, _)| put(name, old));
    git(folder, &["add", "."]);
    git(folder, &["commit", "--quiet", "-m", "old"]);
    specs.iter().for_each(|(name, _, new)| put(name, new));
    let (file, text) = (folder.join("review.html"), reviewed(folder));
    fs::write(&file, &text).unwrap();
    (file, text)
}

/// The page of the repository as it is.
fn reviewed(folder: &Path) -> String {
    let mut xtask = workspace::xtask();
    for name in ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY"] {
        xtask.env_remove(name);
    }
    let output = xtask.current_dir(folder).args(["spec-diff", "--format", "html"]).output().unwrap();
    // 4 is said of a crate, and wins over 1.
    assert!(matches!(output.status.code(), Some(1 | 4)), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn document(paths: Value, total: &str) -> Value {
    let order = json!({"type": "object", "properties": {"id": {"type": "string"}, "total": {"type": total}}});
    json!({
        "openapi": "3.0.3",
        "info": {"title": "Acme", "version": "1"},
        "servers": [{"url": "https://api.acme.test"}],
        "paths": paths,
        "components": {"schemas": {"Order": order}},
    })
}

fn order() -> Value {
    json!({"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}})
}

/// Two providers with six changes: two fail, one changes behaviour, three need a major version, and one says that the document's own version stays.
fn two_providers() -> Vec<(&'static str, Value, Value)> {
    let list = |limit: u32| {
        let limit = json!({"name": "limit", "in": "query", "schema": {"type": "integer", "default": limit}});
        json!({"operationId": "list", "parameters": [limit], "responses": {"200": {"description": "", "content": order()}}})
    };
    let create = json!({"operationId": "create", "requestBody": {"content": order()}, "responses": {"204": {"description": ""}}});
    let plain = |id: &str| json!({"get": {"operationId": id, "responses": {"204": {"description": ""}}}});
    let old = json!({"/orders": {"get": list(10), "post": create}, "/old": plain("old")});
    let new = json!({"/orders": {"get": list(20), "post": create}, "/new": plain("new")});
    let carts = |id: &str| document(json!({"/carts": plain(id)}), "string");
    vec![
        ("acme", document(old, "string"), document(new, "boolean")),
        ("shop", carts("list_carts"), carts("carts")),
        ("still", carts("a"), carts("a")),
    ]
}

/// One browser for all, as starting one takes longest.
#[test]
fn the_page_in_a_browser() {
    if !programs::available(&["chromium"]) {
        return;
    }
    let mut browser = Browser::start("page");
    filters_hide_what_does_not_fit(&mut browser);
    accepted_changes_are_seen(&mut browser);
    the_keyboard_is_enough(&mut browser);
    every_screen_can_be_read(&mut browser);
    old_and_new_stand_beside_each_other_with_the_changed_words_marked(&mut browser);
    text_of_a_spec_is_not_run(&mut browser);
    thousands_of_findings_stay_a_page(&mut browser);
}

fn shown(browser: &mut Browser) -> (u64, String) {
    let visible = "[...document.querySelectorAll('.item')].filter(item => item.checkVisibility()).length";
    (
        browser.value(visible).as_u64().unwrap(),
        browser.value("document.getElementById('shown').textContent").to_string(),
    )
}

fn accepted_changes_are_seen(browser: &mut Browser) {
    let place = tempfile::tempdir().unwrap();
    let mut specs = two_providers();
    let (_, old, new) = &mut specs[0];
    for document in [old, new] {
        document["info"]["x-crate"] = json!({"name": "acme-client", "version": "0.1.0"});
    }
    let (_, text) = page(place.path(), &specs);
    let fingerprint = |rule: &str| {
        let group = text.split("<details").find(|group| group.contains(&format!(">{rule}</code>"))).unwrap();
        group.split("data-copy=\"").nth(1).unwrap()[..16].to_owned()
    };
    let mut accept = workspace::xtask();
    accept.current_dir(place.path()).args(["spec-diff", "accept", &fingerprint("path-removed")]);
    let entry = ["--who", "jane@acme.test", "--until", "2999-12-31", "--reason", "nobody <b>calls</b> it"];
    assert!(accept.args(entry).output().unwrap().status.success());
    let text = reviewed(place.path());
    let file = place.path().join("review.html");
    fs::write(&file, text).unwrap();
    browser.open(&file);
    browser.click("[data-facet=accepted]");
    assert_eq!(shown(browser).0, 1);
    let shown = browser.value("document.querySelector('.item:not([hidden])').innerText");
    let shown = shown.as_str().unwrap();
    assert!(shown.contains("Accepted by jane@acme.test until 2999-12-31: nobody <b>calls</b> it"), "{shown}");
    assert!(shown.contains("specs/acme/accepted.yaml:"), "{shown}");
    assert_eq!(browser.value("document.querySelector('.item:not([hidden])').dataset.v"), "breaking major accepted");
    let advice = browser.value("document.querySelector('.needs.small').textContent");
    assert_eq!(advice, "acme-client stays 0.1.0 is too small: a major step needs 0.2.0 at least");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

fn assert_shown(browser: &mut Browser, count: u64, text: &str) {
    assert_eq!(shown(browser), (count, format!("\"{text}\"")));
}

fn filters_hide_what_does_not_fit(browser: &mut Browser) {
    let place = tempfile::tempdir().unwrap();
    let (file, _) = page(place.path(), &two_providers());
    browser.resize(1280, 900, false);
    browser.open(&file);
    assert_eq!(browser.value("document.querySelector('h1').textContent"), "2 of 6 changes fail");
    assert_shown(browser, 6, "6 findings");

    browser.click("[data-facet=fails]");
    assert_shown(browser, 2, "2 of 6 findings");
    assert_eq!(browser.value("document.querySelector('[data-facet=fails]').ariaPressed"), "true");
    browser.click("[data-facet=behaviour]");
    assert_shown(browser, 3, "3 of 6 findings");
    browser.click("#reset");
    assert_shown(browser, 6, "6 findings");
    assert_eq!(browser.value("document.activeElement.id"), "search");
    browser.click("[data-facet=major]");
    assert_shown(browser, 3, "3 of 6 findings");
    assert_eq!(browser.value("document.querySelector('[data-facet=major] .n').textContent"), "3");
    browser.click("#reset");

    // A provider, by the keyboard alone: the select stands behind the search.
    browser.press("Tab");
    assert_eq!(browser.value("document.activeElement.id"), "spec");
    browser.press("s");
    assert_shown(browser, 1, "1 of 6 findings");
    assert_eq!(browser.value("document.querySelector('[data-facet=fails] .n').textContent"), "0");
    browser.press("Escape");
    browser.click("#reset");
    let choose = "(() => { const select = document.getElementById('operation'); \
                  select.value = [...select.options].find(option => option.text === 'POST /orders').value; \
                  select.dispatchEvent(new Event('change')); })()";
    browser.value(choose);
    assert_shown(browser, 1, "1 of 6 findings");
    browser.click("#reset");

    browser.write("orders default");
    assert_shown(browser, 1, "1 of 6 findings");
    browser.press("Escape");
    assert_shown(browser, 6, "6 findings");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

fn the_keyboard_is_enough(browser: &mut Browser) {
    let place = tempfile::tempdir().unwrap();
    let (file, _) = page(place.path(), &two_providers());
    browser.resize(1280, 900, false);
    browser.open(&file);
    let focused = "document.activeElement.id || document.activeElement.className || document.activeElement.tagName";
    browser.press("Tab");
    assert_eq!(browser.value(focused), "skip");
    browser.press("/");
    assert_eq!(browser.value(focused), "search");
    browser.write("no such thing");
    assert_shown(browser, 0, "0 of 6 findings");
    assert_eq!(browser.value("document.getElementById('none').checkVisibility()"), true);
    browser.press("Escape");
    assert_shown(browser, 6, "6 findings");

    browser.press("c");
    assert_eq!(shown(browser).0, 0, "groups are shut");
    browser.press("j");
    let first = "document.querySelector('.item').id";
    assert_eq!(browser.value(focused), browser.value(first), "the next finding opens its group");
    assert_eq!(shown(browser).0, 1);
    let seen = "(() => { const box = document.activeElement.getBoundingClientRect(); \
                return box.top >= document.getElementById('filters').getBoundingClientRect().bottom && box.top < innerHeight; })()";
    assert_eq!(browser.value(seen), true, "nothing covers it");
    browser.press("j");
    browser.press("k");
    assert_eq!(browser.value(focused), browser.value(first));
    browser.press("e");
    assert_eq!(shown(browser).0, 6);
    browser.press("?");
    assert_eq!(browser.value("document.getElementById('keys').open"), true);
    browser.press("Escape");
    assert_eq!(browser.value("document.getElementById('keys').open"), false);

    // Each stop of the tabulator can be seen and has a name and a ring.
    browser.value("document.querySelector('.skip').focus()");
    let mut stops = Vec::new();
    for _ in 0..60 {
        browser.press("Tab");
        let stop = browser.value(&format!(
            "(() => {{ const node = document.activeElement, style = getComputedStyle(node); \
             return [{focused}, node.checkVisibility(), node.innerText || node.ariaLabel || node.labels?.[0]?.innerText, \
             style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2]; }})()"
        ));
        if stop[0] == "BODY" || stop[0] == "skip" {
            break;
        }
        assert!(
            stop[1] == true && stop[2].as_str().is_some_and(|name| !name.trim().is_empty()) && stop[3] == true,
            "{stop}"
        );
        stops.push(stop[0].as_str().unwrap().to_owned());
    }
    let at = |name: &str| stops.iter().position(|stop| stop == name).unwrap_or_else(|| panic!("{name} of {stops:?}"));
    assert!(at("search") < at("spec") && at("spec") < at("operation") && at("operation") < at("expand"), "{stops:?}");
    assert!(at("help") < at("SUMMARY"), "{stops:?}");

    // An address with a finding leads to it, also when its group is shut.
    browser.press("c");
    let last = browser.value("[...document.querySelectorAll('.item')].at(-1).id");
    browser.value(&format!("location.hash = {last}"));
    browser.press("Shift");
    assert_eq!(browser.value(focused), last);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// The lowest contrast of any text that can be seen, and which text that is.
const CONTRAST: &str = r"(() => {
  const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [.2126, .7152, .0722][at], 0);
  const over = (node) => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  let worst = [99, ''];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !node.checkVisibility() || node.closest('script, dialog, select, .alone')) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(over(node))].sort((a, b) => b - a);
    const contrast = (a + .05) / (b + .05);
    if (contrast < worst[0]) worst = [contrast, walk.currentNode.data.trim()];
  }
  return worst;
})()";

fn every_screen_can_be_read(browser: &mut Browser) {
    let place = tempfile::tempdir().unwrap();
    let (file, _) = page(place.path(), &two_providers());
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("spec_diff_page");
    fs::create_dir_all(&pictures).unwrap();
    println!("pictures: {}", pictures.display());
    let mut backgrounds = Vec::new();
    for (name, scheme, (width, height), phone) in [
        ("desktop-light", "light", (1280, 1600), false),
        ("desktop-dark", "dark", (1280, 1600), false),
        ("phone", "light", (360, 1600), true),
        ("phone-small", "dark", (320, 1600), true),
    ] {
        browser.scheme(scheme);
        browser.resize(width, height, phone);
        browser.open(&file);
        let overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.value(overflow), 0, "{name} scrolls sideways");
        assert_eq!(browser.value("innerWidth"), width, "{name} is shrunk to fit");
        let wide = format!(
            "[...document.querySelectorAll('body *')].filter(node => node.checkVisibility() && !node.closest('pre, .facets, .skip') \
             && node.getBoundingClientRect().right > {width} + .5).map(node => node.className || node.tagName)"
        );
        assert_eq!(browser.value(&wide), json!([]), "{name}");
        let contrast = browser.value(CONTRAST);
        assert!(contrast[0].as_f64().unwrap() >= 4.5, "{name}: {contrast}");
        println!("{name}: the lowest contrast is {:.1} ({})", contrast[0].as_f64().unwrap(), contrast[1]);
        let sides = "(() => { const [a, b] = document.querySelectorAll('.sides:not(.alone) .side'); \
                     return a.getBoundingClientRect().top === b.getBoundingClientRect().top; })()";
        assert_eq!(browser.value(sides), !phone, "{name}: side by side where there is room");
        backgrounds.push(browser.value("getComputedStyle(document.body).backgroundColor"));
        let picture = browser.picture();
        fs::write(pictures.join(format!("{name}.png")), decoded(&picture)).unwrap();
    }
    assert_eq!(backgrounds[0], backgrounds[2]);
    assert_ne!(backgrounds[0], backgrounds[1], "dark is dark");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

fn decoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn old_and_new_stand_beside_each_other_with_the_changed_words_marked(browser: &mut Browser) {
    let place = tempfile::tempdir().unwrap();
    let (file, text) = page(place.path(), &two_providers());
    browser.resize(1280, 900, false);
    browser.open(&file);
    let marks = "[...document.querySelectorAll('.sides')].map(sides => [...sides.querySelectorAll('.side')]\
                 .map(side => [...side.querySelectorAll('mark')].map(mark => mark.textContent).join(' ')))";
    let marks = browser.value(marks);
    let marks = marks.as_array().unwrap();
    for pair in [json!(["string", "boolean"]), json!(["10", "20"]), json!(["list_carts", "carts"])] {
        assert!(marks.contains(&pair), "{pair} of {marks:?}");
    }
    // The line of the new file is linked, and it is the line that the number beside it says.
    let link = browser.value("[...document.querySelectorAll('.new a.at')].map(link => link.getAttribute('href'))");
    let spec = fs::read_to_string(place.path().join("specs/acme/openapi.yaml")).unwrap();
    let line = spec.lines().position(|line| line.contains("\"boolean\"")).unwrap() + 1;
    assert!(link.as_array().unwrap().contains(&json!(format!("specs/acme/openapi.yaml#L{line}"))), "{link}");
    let here = browser
        .value("[...document.querySelectorAll('.new .here')].map(line => [line.dataset.n, line.textContent.trim()])");
    assert!(here.as_array().unwrap().contains(&json!([line.to_string(), "\"type\": \"boolean\""])), "{here}");
    assert!(!text.contains("http://") && !text.contains("src=") && !text.contains("@import"), "it needs nothing else");
}

fn text_of_a_spec_is_not_run(browser: &mut Browser) {
    let evil =
        "\"'><img src=x onerror=\"window.hit=1\"><script>window.hit=1</script></pre><svg onload=window.hit=1> \u{202e}";
    let hostile = |kind: &str| {
        let parameter = json!({"name": evil, "in": "query", "description": evil, "schema": {"type": kind, "default": evil, "title": evil}});
        let operation = json!({"operationId": evil, "tags": [evil], "parameters": [parameter], "responses": {"200": {"description": kind}}});
        let mut document = document(
            json!({format!("/{evil}"): {"get": operation}, format!("/{kind}{evil}"): {"get": operation}}),
            kind,
        );
        document["components"]["schemas"][evil] = json!({"type": kind, "enum": [evil, kind]});
        document["components"]["securitySchemes"][evil] =
            json!({"type": "apiKey", "in": "header", "name": format!("{kind}{evil}")});
        document["info"]["title"] = json!(format!("{kind}{evil}"));
        document["servers"] = json!([{"url": format!("javascript:window.hit=1//{kind}{evil}")}]);
        document
    };
    let place = tempfile::tempdir().unwrap();
    let name = "<script>window.hit=1<"; // A folder can't have a slash in its name.
    let (file, text) =
        page(place.path(), &[(name, hostile("string"), hostile("integer")), ("b", hostile("a"), hostile("b"))]);
    assert!(text.contains("window.hit") && !text.contains("<img") && !text.contains("\u{202e}"), "{text}");
    browser.resize(1280, 900, false);
    browser.open(&file);
    assert!(shown(browser).0 > 8);
    assert_eq!(browser.value("window.hit ?? 0"), 0);
    let foreign = "document.querySelectorAll('img, iframe, object, embed, link, base, [onerror], [onload], [style], a[href^=\"javascript\" i]').length";
    assert_eq!(browser.value(foreign), 0);
    assert_eq!(browser.value("document.scripts.length"), 1);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    // Were something not escaped, the page's policy would still refuse it.
    browser.value("document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\" onerror=\"window.hit=1\">')");
    let script = "(() => { const script = document.createElement('script'); script.textContent = 'window.hit=2'; document.body.append(script); })()";
    browser.value(script);
    browser.press("Shift");
    assert_eq!(browser.value("window.hit ?? 0"), 0);
    let complaints = browser.complaints();
    assert!(complaints.iter().any(|text| text.contains("Content Security Policy")), "{complaints:?}");
}

fn thousands_of_findings_stay_a_page(browser: &mut Browser) {
    let wide = |kind: &str| {
        let properties: serde_json::Map<_, _> =
            (0..4_000).map(|at| (format!("p{at}"), json!({"type": kind}))).collect();
        let mut document = document(
            json!({"/orders": {"get": {"responses": {"200": {"description": "", "content": order()}}}}}),
            "string",
        );
        document["components"]["schemas"]["Order"]["properties"] = Value::Object(properties);
        document
    };
    let place = tempfile::tempdir().unwrap();
    let (file, text) = page(place.path(), &[("acme", wide("string"), wide("integer"))]);
    println!("{} bytes for 4,000 findings", text.len());
    assert!(text.len() < 2_500_000, "{}", text.len());
    assert_eq!(text.matches("class=\"item ").count(), 4_001, "and one on the version");
    browser.resize(1280, 900, false);
    browser.open(&file);
    browser.press("/");
    browser.write("order.p39");
    // A large page waits for the end of a word.
    browser.value("new Promise(done => setTimeout(() => done(true), 300))");
    assert_shown(browser, 111, "111 of 4001 findings");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
